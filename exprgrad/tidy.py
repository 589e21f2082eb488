"""Simplifications that never change a value, not even inf, nan or the sign of a zero.

``x*1`` and ``x^1`` are x for every float64; ``x/x``, ``0*x``, ``x - x`` and ``x + 0`` are not
constants or x for all of them, and stay.
"""

from __future__ import annotations

from exprgrad.circuit import Builder
from exprgrad.forward import function
from exprgrad.gates import ROWS, Row


def derive(builder: Builder, op: Row, inputs: tuple[int, ...]) -> int:
    """The wire of a gate that the formula does not show: folded and simplified where it can be."""
    known = [builder.constants.get(wire) for wire in inputs]
    numbers = [value for value in known if value is not None]
    if numbers:
        if len(numbers) == len(inputs):
            return builder.const(function(op)(*numbers))
        name = op.name
        if name == "where" and known[0] is not None:  # where(1, a, b) -> a
            return inputs[1] if known[0] else inputs[2]
        if name == "mul" and 1 in known:  # x*1 -> x
            return inputs[known.index(1) ^ 1]
        if name in ("div", "pow") and known[1] == 1:  # x/1 -> x, x^1 -> x
            return inputs[0]
        if name == "mul" and -1 in known:  # x*-1 -> -x
            return derive(builder, ROWS["neg"], (inputs[known.index(-1) ^ 1],))
        if name == "and" and 0 in known:  # c and 0 -> 0
            return builder.const(0.0)
        if name == "or" and any(numbers):  # c or 1 -> 1
            return builder.const(1.0)
    return builder.add(op, inputs)
