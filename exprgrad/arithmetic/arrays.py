"""What a gate computes on arrays, by NumPy, always float64.

Whole-array gates have a function in whole.py.  A gate that works element by element is its body, or the
ufunc that NumPy has under the gate's name or one of its aliases, or, where NumPy has none, the
function on float64 for each element.  Only runs with arrays import this module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from exprgrad.arithmetic.ieee import Function
from exprgrad.arithmetic.whole import WHOLE
from exprgrad.circuit import KEPT, Composite, Gate, Plan
from exprgrad.errors import GateError
from exprgrad.gates import CONST, INPUT, Row, Static
from exprgrad.language.lower import body
from exprgrad.values import Value, array

REFUSED = (np.linalg.LinAlgError, IndexError)  # what NumPy raises where a whole-array gate has no value

# The C library gives the memory of each freed array back to the system and asks for it again, page by
# page, in the next gate: up to half the time of a network.  glibc stops that for arrays up to the size of the
# largest block it has seen freed, and looks at blocks below 32 MiB only; this one is never touched.
np.empty(2**22 - 2**14)


def forward(
    gates: Sequence[Gate],
    inputs: Mapping[int, Value],
    scalar: Callable[[Row], Function],
    known: Sequence[Value] = (),
    plan: Plan | None = None,
) -> list[Value]:
    """forward.py's ``forward`` with arrays; raises GateError."""
    with np.errstate(all="ignore"):
        return _values(gates, inputs, scalar, known, plan or [(wire, ()) for wire in range(len(known), len(gates))])


def _values(
    gates: Sequence[Gate],
    inputs: Mapping[int, Value],
    scalar: Callable[[Row], Function],
    known: Sequence[Value],
    plan: Plan,
) -> list[Value]:
    values = [*known, *[None] * (len(gates) - len(known))]
    for wire, done in plan:
        op, sources, _, _, value, params = gates[wire]
        if op is CONST:
            values[wire] = value if isinstance(value, float) else array(value)
            continue
        if op is INPUT:
            values[wire] = inputs[wire] if wire in inputs else array(value)
            continue
        arguments = [values[source] for source in sources]
        if op.whole and not isinstance(op, Composite):
            found = _whole(wire, op, arguments, params)
        elif op.whole or any([isinstance(argument, np.ndarray) for argument in arguments]):
            found = elementwise(op, scalar)(*arguments)
        else:
            found = scalar(op)(*arguments)
        values[wire] = found if isinstance(found, np.ndarray) and found.ndim else float(found)
        for source in done:
            values[source] = None
    return values


def _whole(wire: int, op: Row, arguments: Sequence[Value], params: Sequence[Static]) -> Value:
    try:
        return WHOLE[op.name](*arguments, **dict(zip(op.params, params, strict=True)))
    except REFUSED as error:
        raise refusal(wire, error) from None


def refusal(wire: int, error: Exception) -> GateError:
    """Why a whole-array gate has no value."""
    if isinstance(error, IndexError):
        return GateError(
            wire, f"the index does not fit: {error}", "an index counts from 0, and from the end if negative"
        )
    return GateError(wire, "the matrix is singular", "it has no inverse; its determinant is 0")


# ---------------------------------------------------------------- element by element


@lru_cache(maxsize=KEPT)
def elementwise(row: Row, scalar: Callable[[Row], Function]) -> Callable[..., Value]:
    """The function of an elementwise gate on floats and arrays; ``scalar`` finds the one on floats."""
    inside = body(row)
    if inside is not None:
        gates, output, count = inside.gates, inside.output, len(inside.inputs)
        plan = [(wire, ()) for wire in range(count, len(gates))]
        return lambda *values: _values(gates, {}, scalar, values, plan)[output]
    if row.name in _ELEMENTWISE:
        return _ELEMENTWISE[row.name]
    for name in (row.name, *row.aliases):
        function = getattr(np, name, None)
        if isinstance(function, np.ufunc):
            return function
    return np.vectorize(scalar(row), otypes=[np.float64])


def _truth(compare: Callable[..., Any]) -> Callable[..., Value]:
    """A comparison with 1 for true and 0 for false."""
    return lambda *values: compare(*values).astype(np.float64)


def _where(c: Value, a: Value, b: Value) -> Value:
    """a where c is not 0, else b; for b = 0 the bits of a and those of a mask, which has no branches."""
    chosen = np.not_equal(c, 0)
    if isinstance(b, float) and b == 0 and np.copysign(1, b) > 0 and isinstance(a, np.ndarray) and np.ndim(c):
        bytes_ = chosen.view(np.int8)
        mask = np.negative(bytes_, out=bytes_).astype(np.int64)  # all ones where chosen
        return np.bitwise_and(a.view(np.int64), mask, out=mask if mask.shape == a.shape else None).view(np.float64)
    return np.where(chosen, a, b)


def _log_base(x: Value, base: Value) -> Value:
    """As ieee's: exact for whole powers of 2 and 10."""
    if isinstance(base, float) and base in (2, 10):
        return np.log2(x) if base == 2 else np.log10(x)
    return np.where(np.equal(base, 2), np.log2(x), np.where(np.equal(base, 10), np.log10(x), np.log(x) / np.log(base)))


_ELEMENTWISE: Mapping[str, Callable[..., Value]] = {
    **{
        name: _truth(getattr(np, name))
        for name in ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")
    },
    "and": _truth(lambda a, b: np.not_equal(a, 0) & np.not_equal(b, 0)),
    "or": _truth(lambda a, b: np.not_equal(a, 0) | np.not_equal(b, 0)),
    "not": _truth(lambda a: np.equal(a, 0)),
    "where": _where,
    "exp10": lambda x: np.power(10.0, x),
    "log_base": _log_base,
    "sign": lambda x: np.copysign(np.sign(x), x),
    "floor_divide": lambda a, b: np.where(np.equal(b, 0), np.divide(a, b), np.floor_divide(a, b)),
}
