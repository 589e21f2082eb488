"""The special functions on float64, each the true value rounded once.

mpmath computes them with 95 bits (of 100 and more its float() would cut, not round, the rest), with
more where numbers cancel, as next to a root, and is imported when one of them is first used.  Poles and
infinities follow C's tgamma and lgamma and IEEE 754: a pole with a sign is that infinity, one without
is nan.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from threading import local
from typing import Any

inf, nan = math.inf, math.nan

_ROOT = 160  # bits where a root may be near: 53 cancel where it is next to a float64
_threads = local()


def context() -> Any:
    """An mpmath context of this thread's own, so that nobody else touches its precision."""
    if not hasattr(_threads, "mp"):
        import mpmath

        _threads.mp = mpmath.mp.clone()
        _threads.mp.prec = 95
    return _threads.mp


def gamma(x: float) -> float:
    """The gamma function; inf past 171.6."""
    if x != x or x == -inf or (x < 0 and x == math.floor(x)):
        return nan
    if x == 0 or x > 172:
        return math.copysign(inf, x)
    if x < -190:  # below the smallest float64
        return -0.0 if math.floor(x) % 2 else 0.0
    return float(context().gamma(x))


def lgamma(x: float) -> float:
    """log(abs(gamma(x)))."""
    if x != x:
        return x
    if abs(x) == inf or (x <= 0 and x == math.floor(x)):
        return inf
    mp = context()
    with mp.workprec(_ROOT):
        found = mp.loggamma(x).real
    return float(+found)


def digamma(x: float) -> float:
    """The derivative of lgamma."""
    return polygamma(0.0, x)


def polygamma(n: float, x: float) -> float:
    """The n-th derivative of digamma, n a whole number up to 1000."""
    if x != x or x == -inf or not _is_order(n):
        return nan
    if x == inf:
        return 0.0 if n else inf
    if x <= 0 and x == math.floor(x):
        if n % 2:
            return inf
        return -math.copysign(inf, x) if x == 0 else nan
    with context().workprec(_ROOT):
        found = _psi(int(n), context().mpf(x))
    return float(+found)


def _psi(n: int, x: Any) -> Any:
    """polygamma of an mpmath number, of which nothing is known but that it is finite."""
    return context().psi(n, x) if x > 0 or n == 0 else _below_0(n, x)


def _below_0(n: int, x: Any) -> Any:
    """polygamma below 0, where mpmath would take a step for each whole number on the way.

    It is a sum over x, x + 1 and so on; here over the fractions before and behind the whole numbers.
    """
    mp = context()
    first, last = x - mp.floor(x), mp.ceil(x) - x
    return mp.psi(n, first) - (-1) ** n * (mp.psi(n, last) - mp.psi(n, 1 - x))


def polygamma_drop(n: float, x: float, h: float) -> float:
    """polygamma(n, x) - polygamma(n, x + h), with the digits that the difference loses put on top."""
    if not (_is_order(n) and max(abs(x), abs(h)) < inf and h):
        return polygamma(n, x) - polygamma(n, x + h)
    mp, lost = context(), 2 * max(0, math.frexp(x)[1] - math.frexp(h)[1])
    try:
        with mp.workprec(95 + lost):
            difference = _psi(int(n), mp.mpf(x)) - _psi(int(n), mp.mpf(x) + h)
    except (ValueError, ZeroDivisionError):  # a pole
        return polygamma(n, x) - polygamma(n, x + h)
    return float(+difference)


def beta(a: float, b: float) -> float:
    """gamma(a)*gamma(b)/gamma(a + b)."""
    if a != a or b != b:
        return nan
    mp = context()
    larger = max(0, math.frexp(a)[1], math.frexp(b)[1])
    with mp.workprec(111 + larger):  # the logarithms of gamma that cancel are that much larger
        found = mp.beta(a, b).real
    return float(+found)


def factorial(x: float) -> float:
    """gamma(x + 1), without rounding x + 1."""
    if x != x or x == -inf or (x < 0 and x == math.floor(x)):
        return nan
    if x > 171:
        return inf
    return float(context().factorial(x)) if x > -190 else gamma(x + 1)


def erfinv(x: float) -> float:
    """The inverse of erf; infinite at -1 and 1."""
    if not abs(x) < 1:
        return math.copysign(inf, x) if abs(x) == 1 else nan
    return float(context().erfinv(x)) if x else x  # mpmath has one zero only


def norm_cdf(x: float) -> float:
    """The standard normal distribution function."""
    if not abs(x) < 40:
        return nan if x != x else float(x > 0)
    return float(context().ncdf(x))


def _is_order(n: float) -> bool:
    """Whether there is an n-th derivative that can be computed in a moment."""
    return 0 <= n <= 1000 and n == math.floor(n)


SPECIAL: dict[str, Callable[..., float]] = {
    "gamma": gamma,
    "lgamma": lgamma,
    "digamma": digamma,
    "polygamma": polygamma,
    "polygamma_drop": polygamma_drop,
    "beta": beta,
    "factorial": factorial,
    "erfinv": erfinv,
    "norm_cdf": norm_cdf,
}
