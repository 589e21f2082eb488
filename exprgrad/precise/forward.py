"""A circuit run forward with as many digits as are wanted, by mpmath: what rounding to float64 is measured by.

Values are mpmath's numbers of one context, and NumPy's arrays of them.  mpmath knows no signed zeros,
and its numbers have no limits; here they have the exponents of a float128: of what is beyond 10^±4932
nothing is left but infinity or 0.  So a formula of powers of powers comes to an end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any, Protocol

from exprgrad.arithmetic.forward import function
from exprgrad.circuit import Circuit, Composite, Gate
from exprgrad.errors import GateError
from exprgrad.gates import CONST, INPUT, Row
from exprgrad.language.lower import body
from exprgrad.precise.definitions import DEFINITIONS
from exprgrad.values import Value, array

_RANGE = 16384  # powers of two
_NOTHING = Circuit((), {}, 0)


class Touch(Protocol):
    """What is made of values on their way, such as rounding."""

    def fired(self, wire: int, gate: Gate, value: Value) -> Value:
        """Of what a gate computes."""

    def read(self, value: Value) -> Value:
        """Of what a gate reads whose elements meet."""

    def inside(self) -> Touch:
        """Of the values inside a composite gate."""


@cache
def context(digits: int) -> Any:
    """An mpmath context of our own with so many digits."""
    import mpmath

    found = mpmath.mp.clone()
    found.dps = digits
    return found


def forward(
    mp: Any, gates: Sequence[Gate], inputs: Mapping[int, Value], known: Sequence[Value] = (), touch: Touch | None = None
) -> list[Value]:
    """The value of every wire, each gate evaluated once; see arithmetic/forward.py's ``forward``.

    ``inputs`` may be floats and arrays of them.  Raises GateError for a singular matrix.
    """
    values = list(known)
    for wire in range(len(values), len(gates)):
        gate = gates[wire]
        if gate.op is CONST or gate.op is INPUT:
            values.append(exact(mp, inputs.get(wire, gate.value)))
            continue
        arguments = [values[source] for source in gate.inputs]
        if isinstance(gate.op, Composite):
            inner = body(gate.op) or _NOTHING
            found = forward(mp, inner.gates, {}, arguments, touch and touch.inside())[inner.output]
        elif gate.op.whole:
            found = _whole(mp, wire, gate, [one if touch is None else touch.read(one) for one in arguments])
        elif any([_is_array(one) for one in arguments]):
            found = _elementwise(mp, gate.op, arguments)
        else:
            found = _scalar(mp, gate.op)(*arguments)
        values.append(found if touch is None else touch.fired(wire, gate, found))
    return values


def exact(mp: Any, value: Any) -> Value:
    """A float, or an array of them, as a number of the context, or an array of those."""
    if isinstance(value, (float, int)) or hasattr(value, "_mpf_"):
        return mp.mpf(value)
    given = value if _is_array(value) else array(value)
    return _array(mp, given) if _is_array(given) else mp.mpf(given)


def nearest(mp: Any, value: Value) -> Value:
    """The nearest float64, or an array of them."""
    with mp.workprec(53):
        if not _is_array(value):
            return float(+value)
        return array([float(+one) for one in value.flat], value.shape)


def _is_array(value: Any) -> bool:
    return hasattr(value, "ndim") and value.ndim > 0


def _array(mp: Any, value: Any) -> Value:
    """An array whose elements are numbers of the context."""
    import numpy as np

    found = np.empty(np.shape(value), dtype=object)
    found.ravel()[:] = [mp.mpf(one) for one in np.ravel(value).tolist()]
    return found


def _whole(mp: Any, wire: int, gate: Gate, arguments: Sequence[Value]) -> Value:
    import numpy as np

    from exprgrad.precise.arrays import whole

    try:
        with np.errstate(all="ignore"):
            found = whole(mp, gate.op.name, arguments, dict(zip(gate.op.params, gate.params, strict=True)))
    except (np.linalg.LinAlgError, IndexError) as error:
        raise GateError(wire, f"{gate.op.name} does not fit: {error}", "") from None
    return _array(mp, found) if _is_array(found) else mp.mpf(found.item() if isinstance(found, np.ndarray) else found)


def _elementwise(mp: Any, op: Row, arguments: Sequence[Value]) -> Value:
    """A gate on arrays: its body, or the function on numbers on each element."""
    inside = body(op)
    if inside is not None:
        return forward(mp, inside.gates, _meant(mp, inside), arguments)[inside.output]
    import numpy as np

    with np.errstate(all="ignore"):
        return np.frompyfunc(_scalar(mp, op), len(arguments), 1)(*arguments)


def _meant(mp: Any, inside: Circuit) -> dict[int, Any]:
    """The constants of a row that stand for pi; what a user writes is the float64."""
    return {wire: +mp.pi for wire, gate in enumerate(inside.gates) if gate.op is CONST and gate.value == math.pi}


@cache
def _scalar(mp: Any, op: Row) -> Callable[..., Any]:
    """The function of a gate on numbers of a context."""
    inside = body(op)
    if inside is not None:
        gates, output, meant = inside.gates, inside.output, _meant(mp, inside)
        return lambda *values: forward(mp, gates, meant, values)[output]
    if op.name == "where":
        return lambda c, a, b: a if c != 0 else b
    define, rounded, number = DEFINITIONS[op.name], function(op), mp.mpf

    def call(*values: Any) -> Any:
        found = None
        if all([_is_finite(one) for one in values]):
            with suppress(ValueError, ZeroDivisionError, OverflowError, mp.NoConvergence):
                found = define(mp, *values)
            if isinstance(found, mp.mpc):
                found = found.real if found.imag == 0 else mp.nan
        if found is None:  # at a pole, or infinite: as it is on float64
            return number(rounded(*map(float, values)))
        _, mantissa, exponent, bits = found._mpf_
        if mantissa and not -_RANGE < exponent + bits < _RANGE:
            return mp.zero if exponent + bits < 0 else mp.sign(found) * mp.inf
        return found

    return call


def _is_finite(number: Any) -> bool:
    """Whether it is; mpmath's own function asks more than there is to know."""
    _, mantissa, exponent, _ = number._mpf_
    return bool(mantissa) or not exponent
