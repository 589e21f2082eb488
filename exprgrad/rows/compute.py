"""The formula at the rows of a block: values, gradients, and what is worth saying about a row."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from math import prod
from typing import Any, NamedTuple

import numpy as np

from exprgrad.circuit import Circuit
from exprgrad.diagnosis.kinks import Note
from exprgrad.engines import Kernel, Rows, at_once, kernel, said
from exprgrad.errors import FormulaError, Report, UsageError, shown
from exprgrad.program import Program, program
from exprgrad.rows.block import Block, Column, Mask, Place, gaps
from exprgrad.values import Value

_NOTE = 300  # characters of a row's note
_RESULTS = 2_000_000  # numbers that are computed at a time
_TOLD = 5_000  # rows at a time that each may have a note, which takes up to a millisecond


class Answer(NamedTuple):
    """The results of a block's rows.

    ``value`` and ``gradient`` are columns, NaN where ``bad`` says why there is none; ``strange`` are
    the rows with a result that is not finite, ``kinks`` those that stand on a kink or a step, None
    if nobody asked; ``notes`` has a text for each row, None if nobody asked.
    """

    value: Column
    gradient: dict[str, Column]
    bad: dict[int, str]
    strange: Mask
    kinks: Mask | None
    notes: list[str] | None


class Formula:
    """A circuit made ready for rows; safe to call from several threads.

    ``constants`` are the same for every row, ``places`` the variables that columns hold, ``shapes``
    those of the columns of lists, as far as they are known.
    Raises FormulaError if shapes do not fit, UsageError as ``run`` does.
    """

    def __init__(
        self,
        circuit: Circuit,
        places: Mapping[str, Place],
        constants: Mapping[str, Value],
        wrt: Collection[str] | None = None,
        upstream: Value | None = None,
        engine: str = "numpy",
        *,
        shapes: Mapping[str, tuple[int, ...]] | None = None,
        kinks: bool = False,
        told: bool = False,
    ) -> None:
        self.circuit = circuit
        self.places = places
        self.constants = constants
        self.wrt = wrt
        self.upstream = upstream
        self.engine = engine
        self.kinks = kinks or told
        self.told = told
        self._kernels: dict[tuple[tuple[int, ...], ...], Kernel] = {}
        self._lock = threading.Lock()
        shapes = shapes or {}
        self.shapes = {
            name: shapes.get(place.columns[0], ()) if place.lists else place.shape for name, place in places.items()
        }
        made = self._program(tuple(self.shapes.values()))
        self.value: tuple[int, ...] = made.shapes[made.value]
        self.gradient = {name: made.shapes[wire] for name, wire in made.gradient.items()}
        results = sum(map(prod, (self.value, *self.gradient.values())))
        self.rows = min(max(1, _RESULTS // max(1, results)), at_once(engine), _TOLD if told else _RESULTS)  # at a time

    def _program(self, shapes: tuple[tuple[int, ...], ...]) -> Program:
        return program(
            self.circuit, dict(zip(self.places, shapes, strict=True)), self.constants, self.wrt, self.upstream,
            kinks=self.kinks,
        )  # fmt: skip

    def _kernel(self, shapes: tuple[tuple[int, ...], ...]) -> Kernel:
        """The kernel for these shapes of the columns' values."""
        with self._lock:
            found = self._kernels.get(shapes)
            if found is None:
                found = self._kernels[shapes] = kernel(self._program(shapes), self.engine)
            return found

    def __call__(self, block: Block) -> Answer:
        """The results of a block's rows."""
        bad = dict(block.bad)
        if any(isinstance(column, list) for column in block.numbers.values()):
            value, gradient, kinks = self._grouped(block, bad)
        else:
            found = self._computed(block.numbers, block.rows, bad)
            value, gradient, kinks = found
        strange = ~_finite(value, block.rows)
        for column in gradient.values():
            strange |= ~_finite(column, block.rows)
        wrong = gaps(bad, block.rows)
        if wrong is not None:
            strange &= ~wrong
            kinks = None if kinks is None else kinks & ~wrong
        told = self._notes(block, bad, strange if kinks is None else strange | kinks) if self.told else None
        return Answer(value, gradient, bad, strange, kinks, told)

    def _computed(
        self, numbers: Mapping[str, Column], rows: int, bad: dict[int, str]
    ) -> tuple[Column, dict[str, Column], Mask | None]:
        """The results of rows of the same shapes; what a gate cannot do with a row is noted in ``bad``."""
        call = self._kernel(tuple(np.shape(numbers[name])[1:] for name in self.places))
        try:
            return call(numbers, rows)
        except FormulaError as error:
            if rows == 1:
                bad[0] = bad.get(0, error.report.message)
                nothing = np.full(1, np.nan)
                return Rows(nothing, dict.fromkeys(self.gradient, nothing), np.zeros(1, bool) if self.kinks else None)
        parts: list[Any] = []
        for row in range(rows):
            wrong: dict[int, str] = {}
            parts.append(self._computed({name: column[row : row + 1] for name, column in numbers.items()}, 1, wrong))
            if wrong:
                bad.setdefault(row, wrong[0])
        return _together(parts, list(range(rows)))

    def _grouped(self, block: Block, bad: dict[int, str]) -> tuple[Column, dict[str, Column], Mask | None]:
        """The results of rows whose lists differ in length: those of the same shapes at a time."""
        groups: dict[tuple[tuple[int, ...], ...], list[int]] = {}
        for row in range(block.rows):
            if row not in bad:
                shapes = tuple(np.shape(block.numbers[name][row]) for name in self.places)
                groups.setdefault(shapes, []).append(row)
        parts: list[Any] = []
        order: list[int] = []
        for shapes, rows in groups.items():
            numbers = {name: np.array([block.numbers[name][row] for row in rows]) for name in self.places}
            wrong: dict[int, str] = {}
            try:
                self._kernel(shapes)
            except (FormulaError, UsageError) as error:  # these shapes do not fit, or their result is no number
                bad.update(dict.fromkeys(rows, error.report.message))
                continue
            part = self._computed(numbers, len(rows), wrong)
            bad.update({rows[row]: why for row, why in wrong.items()})
            parts.append(part)
            order += rows
        missing = [row for row in range(block.rows) if row not in set(order)]
        nothing = np.full(1, np.nan)
        gap = Rows(nothing, dict.fromkeys(self.gradient, nothing), np.zeros(1, bool) if self.kinks else None)
        parts += [gap] * len(missing)
        return _together(parts, order + missing)

    def point(self, block: Block, row: int) -> dict[str, Value]:
        """The values of all variables at a row."""
        found = dict(self.constants)
        for name in self.places:
            value = block.numbers[name][row]
            found[name] = float(value) if np.ndim(value) == 0 else np.asarray(value)
        return found

    def report(self, block: Block, row: int, *, edges: bool = False) -> Report | None:
        """What there is to say about a row first, or of its ``edges`` only."""
        return next((note.report for note in self._said(block, row) if note.edge or not edges), None)

    def _said(self, block: Block, row: int) -> list[Note]:
        """The notes on a row."""
        return said(self.engine, self.circuit, self.point(block, row), self.wrt, self.upstream)

    def _notes(self, block: Block, bad: Mapping[int, str], flagged: Mask) -> list[str]:
        """A text for each row: why there is no result, or what is not finite or not smooth."""
        found = [""] * block.rows
        for row, why in bad.items():
            found[row] = why
        for row in np.flatnonzero(flagged).tolist():
            texts = [note.report.message for note in self._said(block, row) if note.strict]
            found[row] = shown("; ".join(texts), _NOTE)
        return found


def _finite(column: Column, rows: int) -> Mask:
    """The rows whose numbers are all finite."""
    if isinstance(column, list):
        return np.array([bool(np.all(np.isfinite(value))) for value in column], bool)
    finite = np.isfinite(column)
    return np.asarray(finite if finite.ndim == 1 else finite.reshape(rows, -1).all(axis=1))


def _together(parts: list[Any], order: list[int]) -> tuple[Column, dict[str, Column], Mask | None]:
    """The results of groups of rows in the rows' order."""
    back = np.argsort(np.array(order, np.intp)).tolist()

    def one(columns: list[Any]) -> Column:
        flat = [value for column in columns for value in column]
        values = [flat[place] for place in back]
        same = len({np.shape(value) for value in values}) <= 1
        return np.array(values, np.float64) if same else values

    names, kinks = parts[0][1], None
    if parts[0][2] is not None:
        kinks = np.concatenate([part[2] for part in parts])[back]
    return one([part[0] for part in parts]), {name: one([part[1][name] for part in parts]) for name in names}, kinks
