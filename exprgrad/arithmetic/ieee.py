"""The primitive gates on float64, after IEEE 754: inf and nan where Python's math raises.

PRIMITIVES holds those that differ from Python's ``math``; every other primitive is ``math.name``
made ``total`` (forward.py).  The special functions are in special.py.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable

inf, nan = math.inf, math.nan
Function = Callable[..., float]


def total(function: Function) -> Function:
    """A function of math without its exceptions: outside the domain nan, too large inf."""

    def call(*values: float) -> float:
        try:
            return function(*values)
        except ValueError:
            return nan
        except OverflowError:
            return inf

    return call


# ---------------------------------------------------------------- arithmetic


def div(a: float, b: float) -> float:
    """a / b; dividing by a signed zero gives a signed infinity, 0/0 nan."""
    try:
        return a / b
    except ZeroDivisionError:
        return nan if a == 0 or a != a else math.copysign(inf, a) * math.copysign(1.0, b)


def floor_divide(a: float, b: float) -> float:
    """Floored a / b; a whole number as a float."""
    return a // b if b else div(a, b)


def mod(a: float, b: float) -> float:
    """a - b*floor(a/b), with the sign of b."""
    return a % b if b else nan


def power(a: float, b: float) -> float:
    """C's pow, its special cases included (IEEE 754-2019, 9.2.1)."""
    try:
        return math.pow(a, b)
    except ValueError:  # 0 to a negative power, or a negative number to a fractional one
        if a != 0:
            return nan
        return math.copysign(inf, a) if b % 2 == 1 else inf
    except OverflowError:
        return -inf if a < 0 and b % 2 == 1 else inf


def fma(a: float, b: float, c: float) -> float:
    """a*b + c rounded once, by way of exact fractions (Python has no fma before 3.13)."""
    if not (math.isfinite(a) and math.isfinite(b)):
        return a * b + c
    if not math.isfinite(c):
        return c  # a*b is finite before it is rounded
    from fractions import Fraction

    exact = Fraction(a) * Fraction(b) + Fraction(c)
    if exact == 0:
        return a * b + c
    try:
        return float(exact)
    except OverflowError:
        return inf if exact > 0 else -inf


def fmod(a: float, b: float) -> float:
    """a - b*trunc(a/b), with the sign of a."""
    return math.fmod(a, b) if b and abs(a) != inf else nan


def maximum(a: float, b: float) -> float:
    """The larger one; nan if either is nan."""
    return a if a >= b or a != a else b


def minimum(a: float, b: float) -> float:
    """The smaller one; nan if either is nan."""
    return a if a <= b or a != a else b


def where(c: float, a: float, b: float) -> float:
    """a if c is not 0, else b."""
    return a if c else b


# ---------------------------------------------------------------- exponentials and logarithms


def cbrt(x: float) -> float:
    """The real cube root: the library's, corrected once by Newton with the exact residual."""
    if 0 < abs(x) < 1e-90:  # the residual would not be exact
        return cbrt(x * 2.0**600) / 2.0**200
    root = math.cbrt(x)
    if not 0 < abs(x) < 1e300:
        return root
    square, error = _product(root, root)
    cube, rest = _product(square, root)
    return root - ((cube - x) + rest + error * root) / (3 * square)


def exp10(x: float) -> float:
    """10 to the power x."""
    return power(10.0, x)


def sinh(x: float) -> float:
    """The hyperbolic sine, -inf far below 0."""
    try:
        return math.sinh(x)
    except OverflowError:
        return math.copysign(inf, x)


def _logarithm(logarithm: Function, pole: float) -> Function:
    """A logarithm that is -inf at its pole and nan below."""

    def call(x: float) -> float:
        try:
            return logarithm(x)
        except ValueError:
            return -inf if x == pole else nan

    return call


_log, _log2, _log10, _log1p = (
    _logarithm(math.log, 0),
    _logarithm(math.log2, 0),
    _logarithm(math.log10, 0),
    _logarithm(math.log1p, -1),
)


def log_base(x: float, base: float) -> float:
    """The logarithm to a base, exact for whole powers of 2 and 10."""
    if base == 2:
        return _log2(x)
    return _log10(x) if base == 10 else div(_log(x), _log(base))


def logaddexp(a: float, b: float) -> float:
    """log(exp(a) + exp(b))."""
    if a == b:
        return a + math.log(2)
    return maximum(a, b) + math.log1p(math.exp(-abs(a - b))) if a == a and b == b else nan


def xlogy(x: float, y: float) -> float:
    """x*log(y), and 0 where x is 0 and y is a number."""
    return x * _log(y) if x or y != y else 0.0


def xlog1py(x: float, y: float) -> float:
    """x*log1p(y), and 0 where x is 0 and y is a number."""
    return x * _log1p(y) if x or y != y else 0.0


def gaussian(x: float) -> float:
    """exp(-x^2)."""
    return _exp_of_square(x, -1.0)


def norm_pdf(x: float) -> float:
    """exp(-x^2/2)/sqrt(2*pi)."""
    return 0.3989422804014327 * _exp_of_square(x, -0.5)


def _exp_of_square(x: float, scale: float) -> float:
    """exp(scale*x^2) for a power of two as scale.

    The rounding error of x^2 is put back; without it the result would be off by x^2 ulps.
    """
    if not abs(x) < 60:
        return nan if x != x else 0.0
    square, error = _product(x, x)
    power = math.exp(scale * square)
    return power + power * (scale * error)


def _product(a: float, b: float) -> tuple[float, float]:
    """a*b and its rounding error, exactly (T. J. Dekker, 1971, with Veltkamp's splitting)."""
    product = a * b
    big_a, big_b = 134217729.0 * a, 134217729.0 * b
    high_a, high_b = big_a - (big_a - a), big_b - (big_b - b)
    low_a, low_b = a - high_a, b - high_b
    return product, low_a * low_b - ((product - high_a * high_b) - low_a * high_b - high_a * low_b)


# ---------------------------------------------------------------- trigonometry


def atanh(x: float) -> float:
    """The inverse hyperbolic tangent, infinite at -1 and 1."""
    return math.atanh(x) if -1 < x < 1 else math.copysign(inf, x) if abs(x) == 1 else nan


def sinpi(x: float) -> float:
    """sin(pi*x) with an exact reduction of x."""
    return _sine_of_turns(x, 0)


def cospi(x: float) -> float:
    """cos(pi*x) with an exact reduction of x."""
    return _sine_of_turns(x, 1)


def _sine_of_turns(x: float, quarters: int) -> float:
    """sin(pi*x + quarters*pi/2): the nearest quarter turn is taken off exactly."""
    if not math.isfinite(x):
        return nan
    angle = math.fmod(x, 2)
    nearest = round(2 * angle)
    rest, quarter = math.pi * (angle - nearest / 2), (nearest + quarters) % 4
    value = math.cos(rest) if quarter % 2 else math.sin(rest)
    if value == 0:  # as IEEE 754 has it: sinPi's zeros have the sign of x, cosPi's none
        return 0.0 if quarters else math.copysign(0.0, x)
    return -value if quarter > 1 else value


def sinc(x: float) -> float:
    """sin(pi*x)/(pi*x), NumPy's; 1 at 0."""
    return sinpi(x) / (math.pi * x) if math.pi * x else 1.0


def dsinc(x: float) -> float:
    """The derivative of sinc: its Taylor series near 0, where the quotient would cancel."""
    if abs(x) >= 0.5:
        return (cospi(x) - sinc(x)) / x
    square = (math.pi * x) ** 2
    total = 0.0
    for n in range(12, 0, -1):  # sum of (-1)^n 2n t^(2n-1)/(2n+1)! with t = pi*x, from the small end
        total = (2 * n / math.factorial(2 * n + 1)) * (1 if n % 2 == 0 else -1) + square * total
    return total * math.pi * math.pi * x


# ---------------------------------------------------------------- gates with kinks and steps


def sign(x: float) -> float:
    """-1, 0 or 1, and nan for nan; the sign of a zero is kept."""
    return math.copysign(1.0, x) if x < 0 or x > 0 else x


def _whole(rounded: Callable[[float], int]) -> Function:
    """A rounding to a whole number as a float; large, infinite and nan inputs are their own."""

    def call(x: float) -> float:
        return math.copysign(float(rounded(x)), x) if abs(x) < 4503599627370496.0 else x

    return call


def heaviside(x: float, at: float) -> float:
    """0 below 0, 1 above, ``at`` at 0."""
    return 0.0 if x < 0 else 1.0 if x > 0 else at if x == 0 else x


PRIMITIVES: dict[str, Function] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": div,
    "floor_divide": floor_divide,
    "mod": mod,
    "pow": power,
    "neg": operator.neg,
    "pos": operator.pos,
    "fmod": fmod,
    "fma": fma,
    "less": lambda a, b: float(a < b),
    "less_equal": lambda a, b: float(a <= b),
    "greater": lambda a, b: float(a > b),
    "greater_equal": lambda a, b: float(a >= b),
    "equal": lambda a, b: float(a == b),
    "not_equal": lambda a, b: float(a != b),
    "and": lambda a, b: float(bool(a) and bool(b)),
    "or": lambda a, b: float(bool(a) or bool(b)),
    "not": lambda a: float(not a),
    "where": where,
    "cbrt": cbrt,
    "exp10": exp10,
    "log": _log,
    "log1p": _log1p,
    "log2": _log2,
    "log10": _log10,
    "log_base": log_base,
    "logaddexp": logaddexp,
    "xlogy": xlogy,
    "xlog1py": xlog1py,
    "gaussian": gaussian,
    "norm_pdf": norm_pdf,
    "sinpi": sinpi,
    "cospi": cospi,
    "sinc": sinc,
    "dsinc": dsinc,
    "deg": math.degrees,
    "rad": math.radians,
    "sinh": sinh,
    "atanh": atanh,
    "abs": abs,
    "sign": sign,
    "floor": _whole(math.floor),
    "ceil": _whole(math.ceil),
    "trunc": _whole(math.trunc),
    "round": _whole(round),
    "max": maximum,
    "min": minimum,
    "heaviside": heaviside,
}
