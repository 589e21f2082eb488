"""Our answers and a peer's at the points of columns, as columns of numbers."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from differential.elements import labels
from differential.peers import Answers, peer
from drawn import Formula
from exprgrad.engines import run_rows
from exprgrad.language.read import read
from exprgrad.run import run

POINTS = 2  # at which a formula is compared

Columns = Mapping[str, NDArray[np.float64]]


def our_answers(written: str, columns: Columns, *, by_rows: bool) -> Answers:
    """Our answers, point by point or as the rows of a table."""
    circuit = read(written)
    if by_rows and columns:
        found = run_rows(circuit, columns)
        return Answers(found.value, found.gradient)
    runs = [run(circuit, point) for point in _points(columns)]
    gradient = {name: np.array([one.gradient[name] for one in runs]) for name in columns}
    return Answers(np.array([one.value for one in runs]), gradient)


def their_answers(formula: Formula, columns: Columns, name: str) -> Answers:
    """A peer's answers, of scalars all at once."""
    them = peer(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if all(column.ndim == 1 for column in columns.values()):
            alone: Answers = them.answers(formula, columns)
            return alone
        found = [them.answers(formula, point) for point in _points(columns)]
    return Answers(
        np.array([one.value for one in found]), {key: np.array([one.gradient[key] for one in found]) for key in columns}
    )


def _points(columns: Columns) -> list[dict[str, Any]]:
    """The rows of columns: numbers and arrays by name."""
    plain = {key: column.tolist() if column.ndim == 1 else column for key, column in columns.items()}
    return [{key: column[row] for key, column in plain.items()} for row in range(POINTS)]


def elements(columns: Columns) -> Columns:
    """The columns of the elements, by name and place."""
    found = {}
    for name, column in columns.items():
        if column.ndim == 1:
            found[name] = column
        else:
            found |= zip(labels(name).ravel(), column.reshape(POINTS, -1).T, strict=True)
    return found


def numbers(answers: Answers) -> Columns:
    """The columns of the value and of the gradients by each element."""
    return {"value": np.broadcast_to(answers.value, POINTS), **elements(answers.gradient)}
