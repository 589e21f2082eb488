"""Rows that carry a formula of their own, and rows whose results are compared with those they state.

Row by row, but each formula is read once, and the rows of a block that share one are run together.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from exprgrad.alike import meant
from exprgrad.circuit import Circuit
from exprgrad.convention import convention
from exprgrad.errors import DataError, ExprgradError, named, shown
from exprgrad.gates import CONSTANTS
from exprgrad.language.read import read
from exprgrad.load import CellError, number
from exprgrad.rows.bind import place_of
from exprgrad.rows.block import Block, Place, stacked
from exprgrad.rows.cells import nested
from exprgrad.rows.compute import Answer, Formula
from exprgrad.rows.reader import Reader
from exprgrad.values import Value, shape

FIELD = "formula"
_FORMULAS = 10_000  # that are kept ready


class Case(NamedTuple):
    """One row: where it stands, its fields, and its results or what is wrong with it.

    ``raw`` is the row in the words of its own format; ``note`` says what is not finite or not smooth,
    ``strange`` that something is not finite.
    """

    place: str
    raw: str
    fields: Mapping[str, Any]
    formula: str = ""
    value: Value | None = None
    gradient: Mapping[str, Value] = MappingProxyType({})
    bad: ExprgradError | None = None
    note: str = ""
    strange: bool = False
    kink: bool = False

    @property
    def results(self) -> dict[str, Value]:
        """The value and the gradients by the names of their columns; none if something is wrong with the row."""
        if self.value is None:
            return {}
        return {"value": self.value, **{f"grad.{name}": found for name, found in self.gradient.items()}}


class Cases:
    """Computes rows; ``formula`` is every row's, or None where each has its own."""

    def __init__(
        self,
        formula: str | None,
        constants: Mapping[str, Value],
        of: str | None,
        wrt: Collection[str] | None,
        upstream: Value | None,
        engine: str,
        convention: str | None = None,
        *,
        expect: bool = False,
        told: bool = False,
    ) -> None:
        self.formula = formula
        self.constants = constants
        self.unused = [*constants, *(wrt or ())]  # names that no formula has had so far
        self.of = of
        self.wrt = wrt
        self.upstream = upstream
        self.engine = engine
        self.convention = convention
        self.expect = expect
        self.told = told
        self._circuits: dict[Any, Circuit | ExprgradError] = {}
        self._formulas: dict[Any, Formula] = {}

    def __call__(self, reader: Reader, block: Block) -> list[Case]:
        """The rows of a block with their results, in their order."""
        cases: list[Case] = []
        groups: dict[Any, tuple[Circuit, list[tuple[int, dict[str, Value]]]]] = {}
        columns = None if self.formula is None or reader.loose else [name.strip() for name in reader.names]
        for row, (fields, raw, why) in enumerate(reader.fields(block)):
            case = Case(block.place(row), raw, fields)
            if why:
                cases.append(case._replace(bad=DataError(f"{case.place}: {why}")))
                continue
            text = self.formula if self.formula is not None else fields.get(FIELD)
            if not isinstance(text, str) or not text.strip():
                blank = text is None or isinstance(text, str)
                what = f"there is no '{FIELD}' in the row" if blank else f"its '{FIELD}' is not a text"
                cases.append(case._replace(bad=DataError(f"{case.place}: {what}")))
                continue
            case = case._replace(formula=text)
            try:
                key, circuit = self._circuit(text, fields)
                point = self._point(circuit, fields, columns)
            except ExprgradError as error:
                cases.append(case._replace(bad=_placed(error, case.place)))
                continue
            alike = key, tuple((name, shape(found)) for name, found in point.items())
            groups.setdefault(alike, (circuit, []))[1].append((row, point))
            cases.append(case)
        for alike, (circuit, rows) in groups.items():
            self._run(alike, circuit, rows, cases)
        return cases

    def _circuit(self, text: str, fields: Mapping[str, Any]) -> tuple[Any, Circuit]:
        """The circuit of a formula, which is read once."""
        of = self.of or (fields.get("of") if isinstance(fields.get("of"), str) and self.formula is None else None)
        given = tuple(name for name in CONSTANTS if name in fields or name in self.constants)
        key = (text, given, of)
        if len(self._circuits) >= _FORMULAS:
            self._circuits.clear()
            self._formulas.clear()
        if key not in self._circuits:
            try:
                self._circuits[key] = convention(read(text, given, of), self.convention)
            except ExprgradError as error:
                self._circuits[key] = error
        found = self._circuits[key]
        if isinstance(found, ExprgradError):
            raise found
        return key, found

    def _point(self, circuit: Circuit, fields: Mapping[str, Any], columns: list[str] | None) -> dict[str, Value]:
        """The values of a row's variables; an array has all its ``columns``, without these as many as the row."""
        self.unused = [name for name in self.unused if name not in circuit.inputs]
        point = {name: given for name, given in self.constants.items() if name in circuit.inputs}
        for name in circuit.inputs:
            if name in point or (self.expect and name in ("value", "grad")):
                continue
            names = [str(field) for field in fields] if columns is None else columns
            place = Place((name,)) if name in fields else place_of(name, names, names, "the row")
            if place is not None:
                point[name] = _value_at(place, fields)
        missing = [
            name for name, wire in circuit.inputs.items() if name not in point and circuit.gates[wire].value is None
        ]
        if missing:
            hint = meant(missing[0], [str(name) for name in fields], "the field ", named)
            raise DataError(
                f"the row has no {', '.join(map(named, missing[:5]))}", circuit.text,
                circuit.gates[circuit.inputs[missing[0]]].span, hint=hint,
            )  # fmt: skip
        return point

    def _run(self, alike: Any, circuit: Circuit, rows: list[tuple[int, dict[str, Value]]], cases: list[Case]) -> None:
        """Runs the rows that share a formula and the shapes of their values."""
        shapes = dict(alike[1])
        wrt = None if self.wrt is None else [name for name in self.wrt if name in circuit.inputs]
        try:
            if alike not in self._formulas:
                places = {name: Place((name,), lists=bool(extent)) for name, extent in shapes.items()}
                self._formulas[alike] = Formula(
                    circuit, places, {}, wrt, self.upstream, self.engine, shapes=shapes, told=self.told
                )
            formula = self._formulas[alike]
        except ExprgradError as error:
            for row, _ in rows:
                cases[row] = cases[row]._replace(bad=_placed(error, cases[row].place))
            return
        numbers = {name: stacked([point[name] for _, point in rows]) for name in shapes}
        block = Block(len(rows), numbers, {}, str, list, list)  # the cases know where they stand
        answer = formula(block)
        for place, (row, _) in enumerate(rows):
            cases[row] = _answered(cases[row], answer, place)


def _value_at(place: Place, fields: Mapping[str, Any]) -> Value:
    """The value that stands in one field or, its elements one by one, in several.  Raises DataError."""
    values: list[Value] = []
    for name in place.columns:
        try:
            values.append(value_of_field(fields.get(name)))
        except CellError as error:
            raise DataError(f"field '{shown(name, 30)}': {error}") from None
    if not place.shape:
        return values[0]
    if any(map(np.ndim, values)):
        raise DataError(f"the fields '{shown(place.columns[0], 30)}' … hold arrays, not numbers")
    return np.array(values, np.float64).reshape(place.shape)


def value_of_field(field: Any) -> Value:
    """A variable's value: a number, lists of them, or the text of one in a CSV.  Raises CellError."""
    if not isinstance(field, str):
        return nested(field)
    if field.lstrip().startswith("["):
        try:
            return nested(json.loads(field))
        except (ValueError, RecursionError):
            raise CellError(f"'{shown(field, 30)}' is no array of numbers") from None
    return number(field)


def _placed(error: ExprgradError, place: str) -> ExprgradError:
    """The error with the place of its row."""
    report = error.report
    return type(error)(f"{place}: {report.message}", *report[1:])


def _answered(case: Case, answer: Answer, row: int) -> Case:
    """A row with its results."""
    if row in answer.bad:
        return case._replace(bad=DataError(f"{case.place}: {answer.bad[row]}"))
    return case._replace(
        value=_one(answer.value[row]),
        gradient={name: _one(column[row]) for name, column in answer.gradient.items()},
        note=answer.notes[row] if answer.notes is not None else "",
        strange=bool(answer.strange[row]),
        kink=bool(answer.kinks is not None and answer.kinks[row]),
    )


def _one(value: Any) -> Value:
    return float(value) if np.ndim(value) == 0 else np.asarray(value)
