"""What the primitive gates are on numbers of any precision: a definition a gate, over an mpmath context.

They say what is meant, not how to compute it: cancellation is met by more digits.  They share no code
with the functions on float64, and hold for finite numbers; where one fails, at a pole or outside of the
reals, forward.py has the rest.  No argument is so large that a function would take for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Definition = Callable[..., Any]  # of the context, then the gate's inputs

_LARGE = 264  # powers of two of an argument beyond which exp and its kin have left every range
_TURNS = 20_000  # powers of two of an angle whose place on the circle is looked for


class UnknownError(Exception):
    """A value that would take too many digits."""


def _near(mp: Any, x: Any) -> Any:
    """The argument, or one so large that it makes no difference."""
    return x if mp.mag(x) < _LARGE else mp.ldexp(mp.sign(x), _LARGE)


def _turned(x: Any) -> Any:
    """An angle.  Raises UnknownError for one that is too large."""
    _, _, exponent, bits = x._mpf_
    if exponent + bits > _TURNS:
        raise UnknownError
    return x


def _quotient(mp: Any, a: Any, b: Any, whole: Callable[[Any, Any], Any]) -> tuple[Any, Any]:
    """The whole number in a/b, and what is left.  Raises UnknownError where it has too many digits."""
    digits = max(0, mp.mag(_turned(a / b)) if a else 0)
    with mp.workprec(2 * mp.prec + digits):
        times = whole(mp, a / b)
        left = a - b * times
    return +times, +left


def _power(mp: Any, a: Any, b: Any) -> Any:
    """a^b, whose exponent is taken for a whole number only if that is not too long."""
    if a < 0 and b != mp.floor(b):
        return mp.nan
    if mp.mag(b) < _LARGE or not a:
        return mp.power(a, b)
    with mp.workprec(mp.prec + _LARGE):
        logarithm = b * mp.log(abs(a))  # an exponent that large is even
    return mp.exp(_near(mp, logarithm))


def _beta(mp: Any, a: Any, b: Any) -> Any:
    """gamma(a)*gamma(b)/gamma(a + b), whose logarithms are larger than what is left of them."""
    with mp.workprec(mp.prec + max(0, *[mp.mag(_turned(x)) for x in (a, b)])):
        found = mp.beta(a, b)
    return +found


def _trunc(mp: Any, x: Any) -> Any:
    return mp.floor(x) if x >= 0 else mp.ceil(x)


def _sinc(mp: Any, x: Any) -> Any:
    return mp.sinpi(_turned(x)) / (mp.pi * x) if x else mp.one


def _dsinc(mp: Any, x: Any) -> Any:
    return (mp.cospi(_turned(x)) - _sinc(mp, x)) / x if x else mp.zero


def _polygamma(mp: Any, n: Any, x: Any) -> Any:
    """Below 0, where mpmath takes a step for each whole number, from the sums over those before and behind it."""
    if n != mp.floor(n) or not 0 <= n <= 1000:
        return mp.nan
    n, first, last = int(n), x - mp.floor(x), mp.ceil(x) - x
    if x >= 0 or not first:
        return mp.psi(n, max(x, mp.zero))
    return mp.psi(n, first) - (-1) ** n * (mp.psi(n, last) - mp.psi(n, 1 - x))


def _named(name: str) -> Definition:
    """The function of this name of the context."""
    return lambda mp, *values: getattr(mp, name)(*values)


def _near_named(name: str) -> Definition:
    """The same of one that grows, or comes near to a number, as fast as exp."""
    return lambda mp, x: getattr(mp, name)(_near(mp, x))


def _turned_named(name: str) -> Definition:
    """The same of one that goes round."""
    return lambda mp, x: getattr(mp, name)(_turned(x))


DEFINITIONS: Mapping[str, Definition] = {
    **{
        name: _named(name)
        for name in (
            "sqrt", "log", "log1p", "asin", "acos", "atan", "atan2", "asinh", "acosh", "atanh", "sign", "floor", "ceil",
            "erfinv", "digamma",
        )
    },
    **{name: _near_named(name) for name in ("exp", "expm1", "sinh", "cosh", "tanh", "erf", "erfc", "gamma")},
    **{name: _turned_named(name) for name in ("sin", "cos", "tan", "sinpi", "cospi")},
    "add": lambda _, a, b: a + b,
    "sub": lambda _, a, b: a - b,
    "mul": lambda _, a, b: a * b,
    "div": lambda _, a, b: a / b,
    "neg": lambda _, a: -a,
    "pos": lambda _, a: a,
    "fma": lambda _, a, b, c: a * b + c,
    "pow": _power,
    "hypot": lambda mp, a, b: mp.sqrt(a * a + b * b),
    "floor_divide": lambda mp, a, b: _quotient(mp, a, b, lambda mp, x: mp.floor(x))[0],
    "mod": lambda mp, a, b: _quotient(mp, a, b, lambda mp, x: mp.floor(x))[1],
    "fmod": lambda mp, a, b: _quotient(mp, a, b, _trunc)[1],
    "less": lambda mp, a, b: mp.mpf(a < b),
    "less_equal": lambda mp, a, b: mp.mpf(a <= b),
    "greater": lambda mp, a, b: mp.mpf(a > b),
    "greater_equal": lambda mp, a, b: mp.mpf(a >= b),
    "equal": lambda mp, a, b: mp.mpf(a == b),
    "not_equal": lambda mp, a, b: mp.mpf(a != b),
    "and": lambda mp, a, b: mp.mpf(a != 0 and b != 0),
    "or": lambda mp, a, b: mp.mpf(a != 0 or b != 0),
    "not": lambda mp, a: mp.mpf(a == 0),
    "cbrt": lambda mp, x: mp.sign(x) * mp.cbrt(abs(x)),
    "exp2": lambda mp, x: mp.power(2, _near(mp, x)),
    "exp10": lambda mp, x: mp.power(10, _near(mp, x)),
    "log2": lambda mp, x: mp.log(x) / mp.log(2),
    "log10": lambda mp, x: mp.log(x) / mp.log(10),
    "log_base": lambda mp, x, base: mp.log(x) / mp.log(base),
    "logaddexp": lambda mp, a, b: max(a, b) + mp.log1p(mp.exp(_near(mp, -abs(a - b)))),
    "xlogy": lambda mp, x, y: x * mp.log(y) if x else mp.zero,
    "xlog1py": lambda mp, x, y: x * mp.log1p(y) if x else mp.zero,
    "sinc": _sinc,
    "dsinc": _dsinc,
    "deg": lambda mp, x: x * 180 / mp.pi,
    "rad": lambda mp, x: x * mp.pi / 180,
    "abs": lambda _, x: abs(x),
    "round": lambda mp, x: mp.nint(x),
    "trunc": _trunc,
    "max": lambda _, a, b: max(a, b),
    "min": lambda _, a, b: min(a, b),
    "heaviside": lambda mp, x, at: mp.mpf(x > 0) if x else at,
    "copysign": lambda _, a, b: -abs(a) if b < 0 else abs(a),
    "gaussian": lambda mp, x: mp.exp(_near(mp, -x * x)),
    "norm_pdf": lambda mp, x: mp.exp(_near(mp, -x * x / 2)) / mp.sqrt(2 * mp.pi),
    "norm_cdf": lambda mp, x: mp.erfc(_near(mp, -x / mp.sqrt(2))) / 2,
    "factorial": lambda mp, x: mp.gamma(_near(mp, x + 1)),
    "lgamma": lambda mp, x: mp.re(mp.loggamma(x)),
    "polygamma": _polygamma,
    "beta": _beta,
    "polygamma_drop": lambda mp, n, x, h: _polygamma(mp, n, x) - _polygamma(mp, n, x + h),
}  # fmt: skip
