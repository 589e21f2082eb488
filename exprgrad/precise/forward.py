"""A circuit run forward with as many digits as are wanted, by mpmath: what rounding to float64 is measured by.

Values are mpmath's numbers of one context, and NumPy's arrays of them.  mpmath knows no signed zeros,
and its numbers have no limits; here they have a reach, so that a formula of powers of powers comes to an
end.  It is that of a float128: of what is beyond 10^±4932 nothing is left but infinity or 0.  In a ``far``
context it is 10^±10^76, and what functions have beyond is any number there,
another one each time; ``strays`` counts them.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache, lru_cache
from typing import Any, Protocol

from exprgrad.arithmetic.forward import function
from exprgrad.circuit import KEPT, Circuit, Composite, Gate
from exprgrad.gates import CONST, INPUT, Row
from exprgrad.language.lower import body
from exprgrad.precise.definitions import DEFINITIONS, UnknownError
from exprgrad.values import Value, array

_RANGE, _FAR = 1 << 14, 1 << 256  # powers of two
_GROW = (
    "exp", "expm1", "exp2", "exp10", "sinh", "cosh", "erfc", "gaussian", "norm_pdf", "norm_cdf", "gamma", "factorial",
    "beta", "pow", "polygamma",
)  # fmt: skip
_SIGNED = ("atan2", "copysign")  # gates to which the sign of a zero matters, but at a pole
_MOST, _LEAST = 1.7976931348623157e308, 5e-324  # of float64
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
def context(digits: int, far: bool = False) -> Any:
    """An mpmath context of our own with so many digits."""
    import mpmath

    found = mpmath.mp.clone()
    found.dps = digits
    found.reach = _FAR if far else _RANGE
    found.rng = None
    if far:
        begin(found)
    return found


def begin(mp: Any) -> None:
    """Lets a far context begin anew."""
    mp.rng = random.Random(0)  # noqa: S311  the same each time
    mp.strays = 0


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
            found = whole(mp, wire, gate, [one if touch is None else touch.read(one) for one in arguments])
        elif any([is_array(one) for one in arguments]):
            found = _elementwise(mp, gate.op, arguments)
        else:
            found = scalar(mp, gate.op)(*arguments)
        values.append(found if touch is None else touch.fired(wire, gate, found))
    return values


def exact(mp: Any, value: Any) -> Value:
    """A float, or an array of them, as a number of the context, or an array of those."""
    if isinstance(value, (float, int)) or hasattr(value, "_mpf_"):
        return mp.mpf(value)
    given = value if is_array(value) else array(value)
    return _array(mp, given) if is_array(given) else mp.mpf(given)


def nearest(value: Value) -> Value:
    """The nearest float64, or an array of them."""
    if not is_array(value):
        return _nearest(value)
    return array([_nearest(one) for one in value.flat], value.shape)


def _nearest(number: Any) -> float:
    """The nearest float64, which is rounded once, if it has fewer bits as well."""
    negative, mantissa, exponent, bits = number._mpf_
    sign = -1.0 if negative else 1.0
    if not mantissa:
        return float(number)
    if not -1100 < exponent + bits < 1100:
        return sign * (math.inf if exponent + bits > 0 else 0.0)
    try:
        return sign * float(int(mantissa) << exponent if exponent > 0 else int(mantissa) / (1 << -exponent))
    except OverflowError:
        return sign * math.inf


def is_array(value: Any) -> bool:
    """Whether a value has axes."""
    return hasattr(value, "ndim") and value.ndim > 0


def _array(mp: Any, value: Any) -> Value:
    """An array whose elements are numbers of the context."""
    import numpy as np

    found = np.empty(np.shape(value), dtype=object)
    found.ravel()[:] = [mp.mpf(one) for one in np.ravel(value).tolist()]
    return found


def whole(mp: Any, wire: int, gate: Gate, arguments: Sequence[Value]) -> Value:
    """What a gate computes whose elements meet."""
    import numpy as np

    from exprgrad.arithmetic.arrays import REFUSED, refusal
    from exprgrad.precise import arrays

    try:
        with np.errstate(all="ignore"):
            found = arrays.whole(mp, gate.op.name, arguments, dict(zip(gate.op.params, gate.params, strict=True)))
    except REFUSED as error:
        raise refusal(wire, error) from None
    return _array(mp, found) if is_array(found) else mp.mpf(found.item() if isinstance(found, np.ndarray) else found)


def _elementwise(mp: Any, op: Row, arguments: Sequence[Value]) -> Value:
    """A gate on arrays: its body, or the function on numbers on each element."""
    inside = body(op, plain=True)
    if inside is not None:
        return forward(mp, inside.gates, meant(mp, inside.gates), arguments)[inside.output]
    import numpy as np

    with np.errstate(all="ignore"):
        return np.frompyfunc(scalar(mp, op), len(arguments), 1)(*arguments)


def meant(mp: Any, gates: Sequence[Gate]) -> dict[int, Any]:
    """The constants of a row that stand for pi; what a user writes is the float64."""
    return {wire: +mp.pi for wire, gate in enumerate(gates) if gate.op is CONST and gate.value == math.pi}


@lru_cache(maxsize=KEPT)
def scalar(mp: Any, op: Row) -> Callable[..., Any]:
    """The function of a gate on numbers of a context; with ``signs``, floats, of which a zero's sign is taken."""
    inside = body(op, plain=True)
    if inside is not None:
        gates, output, constants = inside.gates, inside.output, meant(mp, inside.gates)
        return lambda *values, **_: forward(mp, gates, constants, values)[output]
    if op.name == "where":
        return lambda c, a, b, **_: a if c != 0 else b
    define, rounded, number = DEFINITIONS[op.name], function(op), mp.mpf

    def call(*values: Any, signs: Sequence[float] = ()) -> Any:
        found = None
        if all([_is_finite(one) for one in values]):
            if op.name in _SIGNED and signs:
                below = mp.ldexp(-1, -mp.reach)
                values = tuple([below if _is_minus(*pair) else pair[0] for pair in zip(values, signs, strict=True)])
            with suppress(ValueError, ZeroDivisionError, OverflowError, MemoryError, mp.NoConvergence):
                try:
                    found = define(mp, *values)
                except UnknownError:
                    return _any(mp, mp.zero, 0)
            if isinstance(found, mp.mpc):
                found = found.real if found.imag == 0 else mp.nan
        if found is None:  # at a pole, or infinite: as it is on float64
            return number(rounded(*map(_float, values, signs or [0.0] * len(values))))
        _, mantissa, exponent, bits = found._mpf_
        reach = mp.reach if mp.rng is None or op.name in _GROW else mp.reach**4
        if mantissa and not -reach < exponent + bits < reach:
            return _any(mp, mp.sign(found), exponent + bits)
        return found

    return call


def _any(mp: Any, sign: Any, power: int) -> Any:
    """What is left of a number of this sign beyond the context's reach; without a power it is unknown."""
    if mp.rng is None:
        return mp.nan if not power else sign * mp.inf if power > 0 else mp.zero
    mp.strays += 1
    if not power:
        return mp.mpf(mp.rng.uniform(-1, 1))
    further = mp.reach * mp.rng.randint(1000, 2000) // 1000
    return mp.ldexp(sign, further if power > 0 else -further)


def _float(number: Any, signed: float) -> float:
    """A number as a float64 that is finite, and 0, only if it is; a zero with this sign."""
    found = _nearest(number)
    if not found and not number:
        return signed if signed == 0 else 0.0
    if not found:
        return math.copysign(_LEAST, number)
    return found if math.isfinite(found) or not _is_finite(number) else math.copysign(_MOST, found)


def _is_minus(number: Any, signed: float) -> bool:
    """Whether it is 0, and -0 as a float."""
    return not number and signed == 0 and math.copysign(1, signed) < 0


def _is_finite(number: Any) -> bool:
    """Whether it is; mpmath's own function asks more than there is to know."""
    _, mantissa, exponent, _ = number._mpf_
    return bool(mantissa) or not exponent
