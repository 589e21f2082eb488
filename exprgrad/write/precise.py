"""The true numbers beside float64's, as the cells of a table, as a sentence, and as JSON."""

from __future__ import annotations

import json as text
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from exprgrad.diagnosis.kinks import Note
from exprgrad.diagnosis.settled import progress
from exprgrad.errors import shown
from exprgrad.gates import CONST
from exprgrad.precise.figures import DIGITS, RIGHT, Figure, worst
from exprgrad.precise.precise import Precise
from exprgrad.run import Run
from exprgrad.style import Style
from exprgrad.values import at
from exprgrad.write import json

HEADERS = ("wire", "formula", "float64", "true", "right", "lost")
MOST = 100  # gates in a table
_MUCH = 3  # lost digits that are worth a mark


def gates(found: Precise, style: Style) -> Iterator[list[str]]:
    """The cells of each gate, that where most is lost marked; of too many gates those where most is lost."""
    circuit = found.run.circuit
    labels = circuit.labels()
    wires = [wire for wire, gate in enumerate(circuit.gates) if gate.op is not CONST or wire == circuit.output]
    lost = {wire: found.lost(wire) for wire in wires}
    left_out = 0 if style.full else max(0, len(wires) - MOST)
    if left_out:
        wires = sorted(sorted(wires, key=lambda wire: -lost[wire])[:MOST])
    most = max(lost.values(), default=0)
    for wire in wires:
        mark = " <--" if lost[wire] == most >= _MUCH else ""
        loses = f"{lost[wire]}{mark}" if lost[wire] > 1 else ""  # 16 digits and 15 are one rounding apart
        name, figure = shown(labels[wire], 30), found.gates[wire]
        yield [name + at(figure.place), circuit.piece(wire) or name, *_numbers(figure, style), loses]
    if left_out:
        yield ["…", f"{left_out:,} more gates lose no more; --to json has all", "", "", "", ""]


def results(found: Precise, style: Style) -> Iterator[list[str]]:
    """The cells of the value and of each gradient; of an array the worst element, or all if it is shown in full."""
    for name, every in (("", found.values), *found.gradients.items()):
        for figure in every if style.full else [worst(every)][: len(every)]:
            yield [_label(name, figure), "", *_numbers(figure, style), ""]


def _label(name: str, figure: Figure) -> str:
    """``d[x]``, ``d[w[0]]``, without a name ``value``."""
    return f"d[{shown(name, 20)}{at(figure.place)}]" if name else f"value{at(figure.place)}"


def _numbers(figure: Figure, style: Style) -> list[str]:
    """float64's number, the true one if it is another, how many digits are right."""
    used = style.number(figure.used)
    if figure.right is None:
        return [used, {0.0: "0?", math.inf: "huge", -math.inf: "-huge"}.get(figure.nearest, "?"), "?"]
    if figure.settled < DIGITS:
        return [used, f"{rounded(figure.true, style)}…", str(figure.right)]
    return [used, "same" if figure.right == RIGHT else rounded(figure.true, style), str(figure.right)]


def rounded(number: str, style: Style) -> str:
    """The text of a number, of whatever size, with as many digits as are asked for."""
    if style.digits is None:
        return number
    if number.startswith("10^"):
        return number
    mantissa, exponent, power = number.partition("e")
    short = style.number(float(mantissa))
    if exponent and abs(float(short)) == 10:
        short, power = short[:-1], f"{int(power) + 1:+d}"
    return short + exponent + power


def sentences(found: Precise, arrays: bool) -> Iterator[str]:
    """With how many digits it settled, or what has not."""
    if found.settled:
        yield f"{DIGITS} digits of each have settled; {found.digits:,} were worked with"
    for name, figures in (("", found.values), *found.gradients.items()):
        open_ = [one for one in figures if one.settled < DIGITS]
        for one in open_[:1]:
            more = f", and {len(open_) - 1:,} more of it not settled" if len(open_) > 1 else ""
            yield f"{_label(name, one)}: {progress(one, found.digits)}{more}"
    if arrays:
        yield "of an array, the element of which float64 has the fewest right digits"


def as_run(found: Precise) -> Run:
    """The run with the float64s nearest to the true numbers."""
    run = found.run
    values, gradients = list(run.values), list(run.gradients)
    values[run.circuit.output] = found.value
    for name, gradient in found.gradient.items():
        gradients[run.circuit.inputs[name]] = gradient
    return replace(run, values=values, gradients=gradients)


def write_json(found: Precise, notes: Sequence[Note]) -> Iterator[str]:
    """One JSON object."""
    run = found.run
    yield from json.head(run.circuit, run.inputs)
    yield f'  "value": {json.number(found.value)},'
    yield f'  "grad": {json.numbers(found.gradient)},'
    yield f'  "digits": {found.digits},'
    yield f'  "settled": {text.dumps(found.settled)},'
    every = [("value", found.values), *[(f"grad.{name}", one) for name, one in found.gradients.items()]]
    numbers = (f'{{"of": {text.dumps(name)}, {_members(one)}}}' for name, figures in every for one in figures)
    yield from json.members("numbers", numbers, ",")
    yield from json.members("gates", _gates(found), ",")
    yield from json.tail(run.circuit, notes)


def _gates(found: Precise) -> Iterator[str]:
    circuit = found.run.circuit
    labels = circuit.labels()
    for wire, gate in enumerate(circuit.gates):
        if gate.op is not CONST or wire == circuit.output:
            expr = circuit.piece(wire, json.PIECE) or labels[wire]
            names = {"id": labels[wire], "gate": gate.op.name, "expr": expr}
            yield f'{text.dumps(names)[:-1]}, {_members(found.gates[wire])}, "lost": {found.lost(wire)}}}'


def _members(figure: Figure) -> str:
    return (
        f'"element": {list(figure.place)}, "float64": {json.number(figure.used)}, '
        f'"nearest": {json.number(figure.nearest)}, "true": {text.dumps(figure.true)}, '
        f'"settled": {figure.settled}, "right": {text.dumps(figure.right)}'
    )
