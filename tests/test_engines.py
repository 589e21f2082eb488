"""Every engine is held to run.py, row by row: values, gradients, and which rows stand on a kink or a step.

NumPy's functions are not the C library's: numbers may be a few units in the last place off, and a
sum may be rounded in another order.  Infinities, NaN and zeros are the same.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from array_oracle import CASES, Case
from conftest import ROOT, ROWS, call, points
from exprgrad.circuit import Circuit
from exprgrad.engines import Rows, kernel, names, run_rows
from exprgrad.errors import UsageError
from exprgrad.gates import Row
from exprgrad.program import program
from exprgrad.read import read
from exprgrad.run import run
from exprgrad.values import shape

SAMPLES = sorted((ROOT / "samples").glob("*.txt"))
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.0, 6.0, -3.0, 1e-300, 1e300, math.inf, -math.inf, math.nan]


def same(found: NDArray[Any], true: NDArray[Any], ulps: float, scale: float = 0.0) -> bool:
    """Whether numbers agree: what is not finite or zero exactly, others to units of the last place.

    ``scale`` is what was added up: its rounding errors are allowed too.
    """
    found, true = np.broadcast_arrays(np.asarray(found, dtype=float), np.asarray(true, dtype=float))
    odd = ~np.isfinite(true)
    if not np.array_equal(found[odd], true[odd], equal_nan=True):
        return False
    allowed = ulps * 2.0**-52 * np.maximum(np.abs(true[~odd]), scale) + (5e-324 if scale or ulps > 1 else 0)
    return bool(np.all(np.abs(found[~odd] - true[~odd]) <= allowed))


def agree(circuit: Circuit, columns: Mapping[str, Any], ulps: float, scale: float = 0.0, **settings: Any) -> Rows:
    """The numpy engine's rows, which are the reference's."""
    fast = run_rows(circuit, columns, **settings)
    true = run_rows(circuit, columns, engine="reference", **settings)
    assert list(fast.gradient) == list(true.gradient)
    pairs = [(fast.value, true.value), *[(fast.gradient[name], true.gradient[name]) for name in true.gradient]]
    for found, wanted in pairs:
        assert found.shape == wanted.shape
        for row, (one, other) in enumerate(zip(found, wanted, strict=True)):
            point = {name: column[row] for name, column in columns.items()}
            assert same(one, other, ulps, scale), (circuit.text, point, one, other)
    if true.kinks is not None and fast.kinks is not None:
        differ = np.flatnonzero(fast.kinks != true.kinks)
        assert not differ.size, (circuit.text, {name: column[differ[0]] for name, column in columns.items()})
    return fast


def test_the_engines_are_the_files_of_their_folder() -> None:
    assert names() == ["numpy", "reference"]
    with pytest.raises(UsageError, match="did you mean numpy"):
        kernel(program(read("x"), {"x": ()}), "numpi")


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_every_gate(row: Row) -> None:
    """At points of its domain, and with kinks."""
    inputs = list(row.inputs)
    circuit = read(call(row, inputs))
    found = list(points(row, 60))
    columns = {name: np.array(column) for name, column in zip(inputs, zip(*found, strict=True), strict=True)}
    agree(circuit, columns, max(8, 4 * row.ulps), kinks=True)


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_every_gate_at_singular_points(row: Row) -> None:
    inputs = list(row.inputs)
    circuit = read(call(row, inputs))
    numbers = SPECIAL if len(inputs) < 3 else SPECIAL[::2]
    grid = list(itertools.product(numbers, repeat=len(inputs)))
    columns = {name: np.array(column) for name, column in zip(inputs, zip(*grid, strict=True), strict=True)}
    agree(circuit, columns, max(8, 4 * row.ulps), kinks=True)


@pytest.mark.parametrize("case", CASES, ids=[case.text for case in CASES])
def test_every_whole_array_gate(case: Case) -> None:
    """Of arrays in every row, and of arrays of which one is the same in all rows."""
    rng = np.random.default_rng(0)
    circuit = read(case.text)
    columns = {name: rng.normal(size=(7, *extent)) for name, extent in zip("xyz", case.shapes, strict=False)}
    for count in range(len(columns)):
        constants = {name: columns[name][0] for name in list(columns)[:count]}
        varying = {name: column for name, column in columns.items() if name not in constants}
        agree(circuit, varying, 64, 64.0, constants=constants, upstream=1.0, kinks=True)


@pytest.mark.parametrize("path", SAMPLES, ids=[path.stem for path in SAMPLES])
def test_every_sample(path: Any) -> None:
    """With its numbers changed a little in every row."""
    circuit = read(path.read_text(encoding="utf-8"))
    rng = np.random.default_rng(1)
    start = run(circuit, {}, upstream=1.0).inputs
    columns = {name: np.asarray(value) + rng.normal(size=(9, *shape(value))) / 4 for name, value in start.items()}
    for column in columns.values():
        column[3:5] = np.round(column[3:5])
    agree(
        circuit,
        {name: abs(column) if name == "sigma" else column for name, column in columns.items()},
        256,
        8.0,
        upstream=1.0,
    )
