"""Simplifications that never change a value, not even inf, nan or the sign of a zero.

``x*1`` and ``x^1`` are x for every float64; ``x/x``, ``0*x``, ``x - x`` and ``x + 0`` are not
constants or x for all of them, and stay.
"""

from __future__ import annotations

from exprgrad.circuit import Builder
from exprgrad.forward import function
from exprgrad.gates import ROWS, Row, Static
from exprgrad.shapes import shape_of


def derive(builder: Builder, op: Row, inputs: tuple[int, ...], params: tuple[Static, ...] = ()) -> int:
    """The wire of a gate that the formula does not show: folded and simplified where it can be."""
    wire = _simpler(builder, op, inputs)
    if wire is None:
        return builder.add(op, inputs, None, params)
    shapes = builder.shapes
    if shapes is None or op.name in ("and", "or"):  # a condition that is the same everywhere may be one number
        return wire
    if shapes[wire] != shape_of(op, [shapes[source] for source in inputs], params):
        return builder.add(op, inputs, None, params)
    return wire


def _simpler(builder: Builder, op: Row, inputs: tuple[int, ...]) -> int | None:
    """A wire that has the gate's value, None if there is none without the gate."""
    name = op.name
    if op.whole:
        if name == "ndim" and builder.shapes is not None:
            return builder.const(float(len(builder.shapes[inputs[0]])))
        return None
    known = [builder.constants.get(wire) for wire in inputs]
    numbers = [value for value in known if isinstance(value, float)]
    if not numbers:
        return None
    if len(numbers) == len(inputs):
        return builder.const(function(op)(*numbers))
    if name == "where" and isinstance(known[0], float):  # where(1, a, b) -> a
        return inputs[1] if known[0] else inputs[2]
    if name == "where" and known[1:] == [1.0, 0.0] and _is_condition(builder, inputs[0]):  # where(c, 1, 0) -> c
        return inputs[0]
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
    return None


def _is_condition(builder: Builder, wire: int) -> bool:
    """Whether a wire is 1 or 0: it is a comparison's, or of and, or, not."""
    op = builder.gates[wire].op
    return op.symbol is not None and op.gradients is not None and not any(op.gradients)
