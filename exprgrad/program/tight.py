"""Rewritings that take fewer operations on arrays and never change a value, for circuits that nobody reads.

``x + -y`` is x - y for every float64, and a minus that meets another one goes.  Like tidy.py's, they
hold for inf, nan and zeros of either sign, but what comes out is no longer the formula as written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import frexp, prod

from exprgrad.arithmetic.forward import forward
from exprgrad.circuit import Gate
from exprgrad.gates import ROWS, Row, Static
from exprgrad.shapes import shape_of
from exprgrad.tidy import Sharing, derive, is_condition

_OPPOSITE = {ROWS["equal"]: ROWS["not_equal"], ROWS["not_equal"]: ROWS["equal"]}
_ADD, _SUB, _MUL, _DIV, _NEG, _NOT, _WHERE = (
    ROWS[name] for name in ("add", "sub", "mul", "div", "neg", "not", "where")
)


def tight(builder: Sharing, op: Row, inputs: tuple[int, ...], params: tuple[Static, ...] = ()) -> int:
    """The wire of a gate's value, by the fewest operations known here; raises GateError."""
    rewrite = _REWRITES.get(op.name)
    wire = _folded(builder, op, inputs, params)
    if wire is None and rewrite is not None:
        wire = rewrite(builder, *inputs)
    if wire is None:
        wire = derive(builder, op, inputs, params)
    shapes = builder.shapes
    if shapes is None or shapes[wire] == shape_of(op, [shapes[source] for source in inputs], params):
        return wire
    return builder.add(op, inputs, None, params)


def _folded(builder: Sharing, op: Row, inputs: tuple[int, ...], params: tuple[Static, ...]) -> int | None:
    """The constant that a gate of an array circuit is: its inputs are, or it asks for their shape only."""
    shapes = builder.shapes
    if shapes is None:
        return None
    if op.name == "size":
        return builder.const(float(prod(shapes[inputs[0]])))
    if not all([source in builder.constants for source in inputs]):
        return None
    gates = [*[builder.gates[source] for source in inputs], Gate(op, tuple(range(len(inputs))), params=params)]
    return builder.const(forward(gates, {}, arrays=True)[-1])


def _of(builder: Sharing, wire: int, op: Row) -> tuple[int, ...] | None:
    """What a wire's gate reads if it is this operation."""
    gate = builder.gates[wire]
    return gate.inputs if gate.op is op else None


def _number(builder: Sharing, wire: int) -> float | None:
    value = builder.constants.get(wire)
    return value if isinstance(value, float) else None


def _add(builder: Sharing, a: int, b: int) -> int | None:
    for one, other in ((a, b), (b, a)):
        minus = _of(builder, other, _NEG)
        if minus:
            return builder.add(_SUB, (one, *minus))
    return None


def _sub(builder: Sharing, a: int, b: int) -> int | None:
    minus = _of(builder, b, _NEG)
    return builder.add(_ADD, (a, *minus)) if minus else None


def _product(op: Row) -> Callable[[Sharing, int, int], int | None]:
    """Of a product or a quotient: the minus of an input goes to the other one's number, or behind the gate."""

    def rewrite(builder: Sharing, a: int, b: int) -> int | None:
        for place, wire in enumerate((a, b)):
            minus = _of(builder, wire, _NEG)
            if minus:
                other = (a, b)[1 - place]
                number = _number(builder, other)
                pair = [minus[0], minus[0]]
                pair[1 - place] = other if number is None else builder.const(-number)
                found = tight(builder, op, (pair[0], pair[1]))
                return tight(builder, _NEG, (found,)) if number is None else found
        number = _number(builder, b)
        if op is _DIV and number is not None and abs(frexp(number)[0]) == 0.5 and 1e-300 < abs(number) < 1e300:
            return tight(builder, _MUL, (a, builder.const(1 / number)))  # by a power of two
        return None

    return rewrite


def _neg(builder: Sharing, a: int) -> int | None:
    minus = _of(builder, a, _NEG)
    return minus[0] if minus else None


def _against_zero(builder: Sharing, a: int, b: int) -> int | None:
    """The condition that is compared with the constant 0, if this is such a comparison."""
    for one, other in ((a, b), (b, a)):
        if is_condition(builder, one) and _number(builder, other) == 0:
            return one
    return None


def _equal(builder: Sharing, a: int, b: int) -> int | None:
    condition = _against_zero(builder, a, b)
    return None if condition is None else tight(builder, _NOT, (condition,))


def _not(builder: Sharing, a: int) -> int | None:
    gate = builder.gates[a]
    if gate.op is _NOT and is_condition(builder, gate.inputs[0]):
        return gate.inputs[0]
    return builder.add(_OPPOSITE[gate.op], gate.inputs) if gate.op in _OPPOSITE else None


def _both(neutral: bool) -> Callable[[Sharing, int, int], int | None]:
    """Of ``and``, ``or``: c and c -> c, c and 1 -> c, c or 0 -> c."""

    def rewrite(builder: Sharing, a: int, b: int) -> int | None:
        for one, other in ((a, b), (b, a)):
            number = _number(builder, other)
            if is_condition(builder, one) and (one == other or (number is not None and bool(number) is neutral)):
                return one
        return None

    return rewrite


def _where(builder: Sharing, c: int, a: int, b: int) -> int | None:
    known = _number(builder, c)
    if known is not None:
        return a if known else b
    if a == b:
        return a
    opposite = _of(builder, c, _NOT)
    if opposite:
        return tight(builder, _WHERE, (*opposite, b, a))
    chosen = _under(builder, c, a, 1), _under(builder, c, b, 2)
    return derive(builder, _WHERE, (c, *chosen)) if chosen != (a, b) else None


def _under(builder: Sharing, c: int, wire: int, branch: int) -> int:
    """What a wire is where a condition has this outcome: another choice by it, here or one gate on, is made."""
    gate = builder.gates[wire]
    if gate.op is _WHERE and gate.inputs[0] == c:
        return gate.inputs[branch]
    if gate.op.whole or not gate.inputs:
        return wire
    reads = [_of(builder, source, _WHERE) for source in gate.inputs]
    made = [one[branch] if one and one[0] == c else source for one, source in zip(reads, gate.inputs, strict=True)]
    if tuple(made) == gate.inputs:
        return wire
    found = derive(builder, gate.op, tuple(made), gate.params)
    return found if builder.shapes is None or builder.shapes[found] == builder.shapes[wire] else wire


def _even(op: Row) -> Callable[[Sharing, int], int | None]:
    """Of abs and cos: the sign of the input does not matter."""

    def rewrite(builder: Sharing, a: int) -> int | None:
        minus = _of(builder, a, _NEG)
        return builder.add(op, minus) if minus else None

    return rewrite


def _swapped(op: Row) -> Callable[[Sharing, int, int], int | None]:
    """Of a > b: b < a."""
    return lambda builder, a, b: builder.add(op, (b, a))


_REWRITES: Mapping[str, Callable[..., int | None]] = {
    "add": _add,
    "sub": _sub,
    "mul": _product(_MUL),
    "div": _product(_DIV),
    "neg": _neg,
    "pos": lambda _, a: a,
    "abs": _even(ROWS["abs"]),
    "cos": _even(ROWS["cos"]),
    "greater": _swapped(ROWS["less"]),
    "greater_equal": _swapped(ROWS["less_equal"]),
    "equal": _equal,
    "not_equal": _against_zero,
    "not": _not,
    "and": _both(neutral=True),
    "or": _both(neutral=False),
    "max": lambda _, a, b: a if a == b else None,
    "min": lambda _, a, b: a if a == b else None,
    "where": _where,
}
