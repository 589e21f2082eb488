"""Which wires may trade one value that is no number for another: those whose readers cannot tell.

NaN and the infinities are not numbers.  sin makes NaN of each of them, and x*y is no number wherever x is
none, whatever y is; but 1/x makes 0 of an infinity, and exp of one of the two.
"""

from __future__ import annotations

from collections.abc import Sequence

from exprgrad.circuit import Gate

# gates that work by elements and give no number where any of their inputs is none
_ALL = {
    "add", "sub", "neg", "pos", "mul", "square", "fma", "hypot", "sqrt", "cbrt", "log", "log2", "log10", "log1p",
    "sin", "cos", "tan", "asin", "acos", "sinpi", "cospi", "sinh", "cosh", "asinh", "acosh", "atanh",
    "abs", "floor", "ceil", "round", "trunc", "deg", "rad",
}  # fmt: skip
_CHOOSING = {"amax", "amin"}  # the largest of 1 and -inf is a number


def through(gates: Sequence[Gate], gate: Gate) -> tuple[int, ...]:
    """The inputs of a gate that works by elements without which it is no number, whatever the others are."""
    if gate.op.name == "div":
        return gate.inputs[:1]
    if gate.op.name == "pow":
        return gate.inputs[:1] if is_count(gates[gate.inputs[1]].value) else ()
    return gate.inputs if gate.op.name in _ALL else ()


def is_count(exponent: object) -> bool:
    """Whether this is a whole number above 0."""
    return isinstance(exponent, float) and exponent > 0 and exponent.is_integer()


def indifferent(gates: Sequence[Gate]) -> list[bool]:
    """For each wire whether nobody who reads it can tell NaN and the infinities from each other.

    Of a wire that nobody reads it is only asked whether it is a number, and which.
    """
    cannot_tell = [True] * len(gates)
    for wire in range(len(gates) - 1, -1, -1):
        gate = gates[wire]
        passed = _passed(gates, gate) if cannot_tell[wire] else ()
        for source in gate.inputs:
            if gate.inputs.count(source) > passed.count(source):
                cannot_tell[source] = False
    return cannot_tell


def _passed(gates: Sequence[Gate], gate: Gate) -> tuple[int, ...]:
    """The inputs of a gate of any kind whose elements are no numbers in its output either, if they are in it."""
    op = gate.op
    if op.name == "where":
        return gate.inputs[1:]
    if op.name in ("sum", "mean"):
        return gate.inputs
    if op.moves and op.name not in _CHOOSING:  # x, or a of spread(a, x)
        return gate.inputs if len(op.inputs) == 1 else gate.inputs[:1]
    return through(gates, gate)
