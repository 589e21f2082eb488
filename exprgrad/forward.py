"""What a gate computes: the value of one gate, and of every gate of a circuit, on float64."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache

from exprgrad.circuit import Circuit, Gate
from exprgrad.gates import CONST, INPUT, Row
from exprgrad.ieee import PRIMITIVES, Function, total
from exprgrad.lower import body, formula
from exprgrad.special import SPECIAL


@cache
def function(row: Row) -> Function:
    """The function of a gate: its body's for a composite gate, else ieee's, special's or math's."""
    inside = body(row)
    if inside is not None:
        return _composite(inside)
    if row.name in PRIMITIVES:
        return PRIMITIVES[row.name]
    if row.name in SPECIAL:
        return SPECIAL[row.name]
    return total(vars(math)[row.name])


def forward(gates: Sequence[Gate], inputs: Mapping[int, float], known: Sequence[float] = ()) -> list[float]:
    """The value of every wire, each gate evaluated once.

    ``inputs`` gives values by the input's wire; an input without one there has its default.
    ``known`` are the values of the first wires, from an earlier call.
    """
    values = list(known)
    append = values.append
    for wire in range(len(values), len(gates)):
        op, sources, _, _, value = gates[wire]
        if op is CONST and value is not None:
            append(value)
        elif op is INPUT:
            append(inputs[wire] if value is None or wire in inputs else value)
        else:
            append(function(op)(*[values[source] for source in sources]))
    return values


@cache
def rule(text: str, row: Row) -> Function:
    """A fact of a row (a condition, a slope) as a function of the gate's inputs and its value."""
    return _composite(formula(text, (*row.inputs, "out")))


def _composite(inside: Circuit) -> Function:
    """The function that a circuit computes, over its inputs in their order."""
    wires = list(inside.inputs.values())

    def call(*values: float) -> float:
        return forward(inside.gates, dict(zip(wires, values, strict=True)))[inside.output]

    return call
