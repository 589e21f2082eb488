"""What rounding has made of an ordinary number: what it truly is, and the gate that lost most of it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from math import prod
from typing import Any, NamedTuple

from exprgrad.diagnosis.kinks import Note
from exprgrad.diagnosis.live import facts, piece
from exprgrad.errors import Report, UsageError
from exprgrad.precise.figures import DIGITS, RIGHT, Figure
from exprgrad.precise.precise import Precise, precise
from exprgrad.run import Run
from exprgrad.values import Place, Value, at, digits, elements, shape

_HALF = RIGHT // 2  # digits; of a number that has more of them right, there is nothing to say
_MOST = 5_000  # gates, elements counted, that take a second or two
_CLOSE = 1e-9  # of a number, that a better one may be off


class Rounded(NamedTuple):
    """The true number in the place of one that float64 has lost, and of the output; what did it, if one gate did."""

    figure: Figure
    output: list[Figure]
    cause: Note | None

    def near(self, number: float, value: Value) -> bool:
        """Whether another formula's number and value are the true ones."""
        pairs = zip(self.output, elements(value), strict=False)
        return _near(self.figure, number) and all([_near(figure, found) for figure, (_, found) in pairs])


def rounded(result: Run, point: Mapping[str, Any], upstream: Any, name: str | None, place: Place) -> Rounded | None:
    """What float64 has lost of the gradient of an input, or of the output's value if there is no ``name``.

    None if more than half of its digits are right, and if the circuit is too large to know or they do not settle.
    """
    true: Precise | None = None
    if sum([prod(shape(one)) for one in result.values]) <= _MOST:
        with suppress(UsageError):
            true = precise(result.circuit, point, None, upstream)
    every = [] if true is None else true.values if name is None else true.gradients.get(name, [])
    figure = next((one for one in every if one.place == place), None)
    if true is None or figure is None or figure.settled < DIGITS or (figure.right or 0) > _HALF:
        return None
    return Rounded(figure, true.values, _cause(true))


def _cause(true: Precise) -> Note | None:
    """The gate that lost most; there is none if that happened on the way back."""
    circuit = true.run.circuit
    wire = max(range(len(circuit.gates)), key=true.lost)
    figure = true.gates[wire]
    if true.lost(wire) < RIGHT - _HALF:
        return None
    name = piece(circuit, wire) + at(figure.place)
    report = Report(
        f"{name} is {digits(figure.used)}, what rounding left of {figure.true}", circuit.text, circuit.gates[wire].span,
        facts(circuit, true.run.values, wire),
    )  # fmt: skip
    return Note("rounded", wire, report, {"true": figure.nearest})


def _near(figure: Figure, number: float) -> bool:
    return abs(number - figure.nearest) <= _CLOSE * abs(figure.nearest)
