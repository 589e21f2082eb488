"""How far an input is from the nearest kink or switch, to first order."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from exprgrad.arithmetic.forward import forward
from exprgrad.circuit import Builder, Circuit, Gate
from exprgrad.diagnosis.live import live
from exprgrad.gates import ROWS
from exprgrad.language.lower import formula
from exprgrad.rules import copies
from exprgrad.run import Run, run

_WORK = 200_000  # gates that are run in all
_SUB, _EQUAL, _AND = ROWS["sub"], ROWS["equal"], ROWS["and"]


class Margin(NamedTuple):
    """A gate with a kink or a switch where an input is ``at``, if the wires that meet there move in straight lines."""

    wire: int
    at: float
    distance: float


def margin(run_: Run, name: str) -> Margin | None:
    """The nearest kink or switch for one input; None if there is none, for arrays, and where it takes too long.

    A row says that it has a kink where a == b: the distance is ``|a - b|`` over its derivative by the input.
    """
    here = run_.inputs[name]
    if run_.arrays or not isinstance(here, float):
        return None
    found: list[Margin] = []
    left = _WORK
    for wire, difference in _differences(run_):
        left -= len(difference.gates)
        if left < 0:
            return None
        between = run(difference, run_.inputs, [name])
        slope = between.gradient[name]
        if slope and math.isfinite(between.value) and math.isfinite(slope):
            step = between.value / slope
            found.append(Margin(wire, here - step, abs(step)))
    return min(found, key=lambda one: one.distance, default=None)


def _differences(run_: Run) -> Iterator[tuple[int, Circuit]]:
    """The gates that have a kink or a switch, each with the circuit of the difference that is 0 there."""
    circuit = run_.circuit
    alive = live(circuit, run_.values)
    for wire, gate in enumerate(circuit.gates):
        if not alive[wire] or gate.op.whole:
            continue
        switches = gate.op.steps if gate.op.gradients == (None, None) else ()
        for text in [*[kink.at for kink in gate.op.kinks], *[step.at for step in switches]]:
            reads = [run_.values[source] for source in gate.inputs]
            sides = _sides(text, gate, reads)
            if sides is not None:
                builder = Builder(circuit.gates, circuit.names)
                wires = copies(builder, sides[0], (*gate.inputs, wire), sides[1])
                output = builder.add(_SUB, tuple([wires[side] for side in sides[1]]))
                yield wire, builder.circuit(output, circuit.text)


def _sides(text: str, gate: Gate, reads: list[float]) -> tuple[Circuit, tuple[int, ...]] | None:
    """Of ``a == b and …`` the circuit and its wires a and b, if the rest holds and neither is the gate's value."""
    names = (*gate.op.inputs, "out")
    rule = formula(text, names)
    values = forward(rule.gates, dict(enumerate([*reads, math.nan])))
    last = rule.gates[rule.output]
    if last.op is _AND and values[last.inputs[1]]:
        last = rule.gates[last.inputs[0]]
    known = last.op is _EQUAL and all([values[side] == values[side] for side in last.inputs])
    return (rule, last.inputs) if known else None
