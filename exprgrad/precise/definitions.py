"""What the primitive gates are on numbers of any precision: a definition a gate, over an mpmath context.

They say what is meant, not how to compute it: cancellation is met by more digits.  They share no code
with the functions on float64, and hold for finite numbers; where one fails, at a pole or outside of the
reals, forward.py has the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Definition = Callable[..., Any]  # of the context, then the gate's inputs

_FAR = 1e6  # beyond, erf, the normal distribution and 1/gamma have left the range of float64 for good


def _trunc(mp: Any, x: Any) -> Any:
    return mp.floor(x) if x >= 0 else mp.ceil(x)


def _sinc(mp: Any, x: Any) -> Any:
    return mp.sinpi(x) / (mp.pi * x) if x else mp.one


def _dsinc(mp: Any, x: Any) -> Any:
    return (mp.cospi(x) - _sinc(mp, x)) / x if x else mp.zero


def _gamma(mp: Any, x: Any) -> Any:
    if x > _FAR:
        return mp.inf
    return mp.gamma(x) if x > -_FAR or x == mp.floor(x) else mp.zero


def _tail(mp: Any, x: Any, of: Callable[[Any], Any], low: float, high: float) -> Any:
    """A function that is constant far out, on both sides."""
    return of(x) if abs(x) < _FAR else mp.mpf(high if x > 0 else low)


def _polygamma(mp: Any, n: Any, x: Any) -> Any:
    return mp.psi(int(n), x) if n == mp.floor(n) and 0 <= n <= 1000 else mp.nan


def _named(name: str) -> Definition:
    """The function of this name of the context."""
    return lambda mp, *values: getattr(mp, name)(*values)


DEFINITIONS: Mapping[str, Definition] = {
    **{
        name: _named(name)
        for name in (
            "sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinpi",
            "cospi", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "sign", "floor", "ceil", "erfinv", "digamma",
            "beta",
        )
    },
    "add": lambda _, a, b: a + b,
    "sub": lambda _, a, b: a - b,
    "mul": lambda _, a, b: a * b,
    "div": lambda _, a, b: a / b,
    "neg": lambda _, a: -a,
    "pos": lambda _, a: a,
    "fma": lambda _, a, b, c: a * b + c,
    "pow": lambda mp, a, b: mp.power(a, b),
    "hypot": lambda mp, a, b: mp.sqrt(a * a + b * b),
    "floor_divide": lambda mp, a, b: mp.floor(a / b),
    "mod": lambda mp, a, b: a - b * mp.floor(a / b),
    "fmod": lambda mp, a, b: a - b * _trunc(mp, a / b),
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
    "exp2": lambda mp, x: mp.power(2, x),
    "exp10": lambda mp, x: mp.power(10, x),
    "log2": lambda mp, x: mp.log(x) / mp.log(2),
    "log10": lambda mp, x: mp.log(x) / mp.log(10),
    "log_base": lambda mp, x, base: mp.log(x) / mp.log(base),
    "logaddexp": lambda mp, a, b: max(a, b) + mp.log1p(mp.exp(-abs(a - b))),
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
    "erf": lambda mp, x: _tail(mp, x, mp.erf, -1, 1),
    "erfc": lambda mp, x: _tail(mp, x, mp.erfc, 2, 0),
    "gaussian": lambda mp, x: mp.exp(-x * x),
    "norm_pdf": lambda mp, x: mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi),
    "norm_cdf": lambda mp, x: _tail(mp, x, lambda y: mp.erfc(-y / mp.sqrt(2)) / 2, 0, 1),
    "gamma": _gamma,
    "factorial": lambda mp, x: _gamma(mp, x + 1),
    "lgamma": lambda mp, x: mp.re(mp.loggamma(x)),
    "polygamma": _polygamma,
    "polygamma_drop": lambda mp, n, x, h: _polygamma(mp, n, x) - _polygamma(mp, n, x + h),
}  # fmt: skip
