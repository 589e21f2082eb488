"""What the gates are, said a second time and by somebody else: mpmath, at 50 digits and more.

Every primitive and every composite gate of the catalogue has a definition here that shares no code
with it.  ``derivative`` differentiates these definitions, not our rules.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import mpmath
from mpmath import mp, mpf

from exprgrad.circuit import Circuit
from exprgrad.gates import CONST, INPUT, Row
from exprgrad.language.lower import body

Function = Callable[..., Any]


def _log1p(x: Any) -> Any:
    return mp.log1p(x) if x > -1 else mp.log(1 + x)


def _round(x: Any) -> Any:
    return mp.nint(x)


def _trunc(x: Any) -> Any:
    return mp.floor(x) if x >= 0 else mp.ceil(x)


def _clip(x: Any, lo: Any, hi: Any) -> Any:
    return min(max(x, lo), hi)


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x))


def _softplus(x: Any) -> Any:
    return _log1p(mp.exp(x)) if x < 0 else x + _log1p(mp.exp(-x))


def _real(x: Any) -> Any:
    """nan for what has left the real line."""
    return mp.nan if isinstance(x, mpmath.mpc) and x.imag != 0 else mp.mpf(mp.re(x))


def _polygamma(n: Any, x: Any) -> Any:
    """For x below 0, where mpmath adds a term for each whole number, by reflection."""
    if n != int(n):
        return mp.nan
    n, x = int(n), mpf(x)
    if n == 0 or x > -20:
        return mp.psi(n, x)
    return (-1) ** n * mp.psi(n, 1 - x) - mp.pi ** (n + 1) * _cotangent_slope(n, mp.cot(mp.pi * x))


def _cotangent_slope(n: int, c: Any) -> Any:
    """The n-th derivative of cot where it is c: a polynomial of c, as cot' is -(1 + cot^2)."""
    powers = [mpf(0), mpf(1)]
    for _ in range(n):
        slope = [mpf(0)] * (len(powers) + 1)
        for k, factor in enumerate(powers):
            if k:
                slope[k - 1] -= k * factor
                slope[k + 1] -= k * factor
        powers = slope
    return mp.polyval(powers[::-1], c)


def _ncdf(x: Any) -> Any:
    """mpmath's, but for numbers so far out that it cannot count their digits."""
    return mp.ncdf(x) if abs(x) < 1e100 else mpf(x > 0)


DEFINITIONS: dict[str, Function] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "floor_divide": lambda a, b: mp.floor(a / b),
    "mod": lambda a, b: a - b * mp.floor(a / b),
    "pow": lambda a, b: _real(mp.power(a, b)),
    "neg": lambda a: -a,
    "pos": lambda a: a,
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
    "hypot": lambda a, b: mp.sqrt(a * a + b * b),
    "fmod": lambda a, b: a - b * _trunc(a / b),
    "fma": lambda a, b, c: a * b + c,
    "less": lambda a, b: mpf(a < b),
    "less_equal": lambda a, b: mpf(a <= b),
    "greater": lambda a, b: mpf(a > b),
    "greater_equal": lambda a, b: mpf(a >= b),
    "equal": lambda a, b: mpf(a == b),
    "not_equal": lambda a, b: mpf(a != b),
    "and": lambda a, b: mpf(a != 0 and b != 0),
    "or": lambda a, b: mpf(a != 0 or b != 0),
    "not": lambda a: mpf(a == 0),
    "where": lambda c, a, b: a if c != 0 else b,
    "sqrt": mp.sqrt,
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "exp": mp.exp,
    "exp2": lambda x: mp.power(2, x),
    "exp10": lambda x: mp.power(10, x),
    "expm1": lambda x: mp.exp(x) - 1,
    "log": mp.log,
    "log2": lambda x: mp.log(x) / mp.log(2),
    "log10": lambda x: mp.log(x) / mp.log(10),
    "log1p": _log1p,
    "log_base": lambda x, base: mp.log(x) / mp.log(base),
    "logaddexp": lambda a, b: max(a, b) + _log1p(mp.exp(-abs(a - b))),
    "xlogy": lambda x, y: x * mp.log(y) if x else mpf(0),
    "xlog1py": lambda x, y: x * _log1p(y) if x else mpf(0),
    "logit": lambda x: mp.log(x / (1 - x)),
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "sec": mp.sec,
    "csc": mp.csc,
    "cot": mp.cot,
    "asin": mp.asin,
    "acos": mp.acos,
    "atan": mp.atan,
    "asec": lambda x: mp.acos(1 / x),
    "acsc": lambda x: mp.asin(1 / x),
    "acot": lambda x: mp.atan(1 / x) if x else mp.pi / 2,
    "atan2": mp.atan2,
    "sinpi": mp.sinpi,
    "cospi": mp.cospi,
    "sinc": lambda x: mp.sinpi(x) / (mp.pi * x) if x else mpf(1),
    "dsinc": lambda x: (mp.cospi(x) - mp.sinpi(x) / (mp.pi * x)) / x if x else mpf(0),
    "deg": lambda x: x * 180 / mp.pi,
    "rad": lambda x: x * mp.pi / 180,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "tanh": mp.tanh,
    "sech": mp.sech,
    "csch": mp.csch,
    "coth": mp.coth,
    "asinh": mp.asinh,
    "acosh": mp.acosh,
    "atanh": mp.atanh,
    "asech": lambda x: mp.acosh(1 / x),
    "acsch": lambda x: mp.asinh(1 / x),
    "acoth": lambda x: mp.atanh(1 / x),
    "abs": abs,
    "sign": mp.sign,
    "floor": mp.floor,
    "ceil": mp.ceil,
    "round": _round,
    "trunc": _trunc,
    "max": max,
    "min": min,
    "clip": _clip,
    "relu": lambda x: max(x, mpf(0)),
    "leaky_relu": lambda x, slope: x if x > 0 else slope * x,
    "elu": lambda x, alpha: x if x > 0 else alpha * (mp.exp(x) - 1),
    "selu": lambda x: (
        mpf("1.0507009873554804934193349852946")
        * (x if x > 0 else mpf("1.6732632423543772848170429916717") * (mp.exp(x) - 1))
    ),
    "relu6": lambda x: _clip(x, mpf(0), mpf(6)),
    "hardtanh": lambda x: _clip(x, mpf(-1), mpf(1)),
    "hardsigmoid": lambda x: _clip(x + 3, mpf(0), mpf(6)) / 6,
    "heaviside": lambda x, at: mpf(x > 0) if x else at,
    "copysign": lambda a, b: abs(a) if b >= 0 else -abs(a),
    "sigmoid": _sigmoid,
    "sigmoid_sub": lambda a, b: _sigmoid(a - b),
    "logsigmoid": lambda x: -_softplus(-x),
    "softplus": _softplus,
    "silu": lambda x: x * _sigmoid(x),
    "mish": lambda x: x * mp.tanh(_softplus(x)),
    "gelu": lambda x: x * _ncdf(x),
    "gelu_tanh": lambda x: (
        x * _sigmoid(2 * mp.sqrt(2 / mp.pi) * (x + mpf(0.044715) * x**3)) if abs(x) < 1e6 else max(x, mpf(0))
    ),
    "softsign": lambda x: x / (1 + abs(x)),
    "erf": lambda x: mp.erf(x) if abs(x) < 1e100 else mp.sign(x),
    "erfc": lambda x: mp.erfc(x) if abs(x) < 1e100 else mpf(2 * (x < 0)),
    "erfinv": mp.erfinv,
    "gaussian": lambda x: mp.exp(-x * x),
    "norm_pdf": mp.npdf,
    "norm_cdf": _ncdf,
    "gamma": mp.gamma,
    "lgamma": lambda x: mp.log(abs(mp.gamma(x))) if abs(x) < 1e5 else mp.re(mp.loggamma(x)),
    "digamma": mp.digamma,
    "polygamma": _polygamma,
    "polygamma_drop": lambda n, x, h: _polygamma(n, x) - _polygamma(n, x + h),
    "beta": mp.beta,
    "factorial": mp.factorial,
}


def _slope_of_gamma(x: Any) -> Any:
    return mp.gamma(x) * mp.digamma(x)


def _slope_of_beta(a: Any, b: Any) -> Any:
    return mp.beta(a, b) * (mp.digamma(a) - mp.digamma(a + b))


def _power(a: Any, b: Any) -> Any:
    return _real(mp.power(a, b)) if a or b >= 0 else mp.inf


def _slope_of_gelu_tanh(x: Any) -> Any:
    scale, cubic = 2 * mp.sqrt(2 / mp.pi), mpf(0.044715)
    if abs(x) > 1e6:
        return mpf(x > 0)
    z = scale * (x + cubic * x**3)
    return _sigmoid(z) + x * _sigmoid(z) * _sigmoid(-z) * scale * (1 + 3 * cubic * x**2)


def _inverse(x: Any, y: Any) -> Any:
    return x / (x * x + y * y) if x or y else mp.nan


def _exp_of_square(x: Any) -> Any:
    return mp.exp(-x * x)


# derivatives that differences find slowly, or not at all where steps are closer than any difference
DERIVATIVES: dict[str, dict[int, Function]] = {
    "pow": {0: lambda a, b: b * _power(a, b - 1) if b else mpf(0), 1: lambda a, b: _real(_power(a, b) * mp.log(a))},
    "logaddexp": {0: lambda a, b: _sigmoid(a - b), 1: lambda a, b: _sigmoid(b - a)},
    "gelu_tanh": {0: _slope_of_gelu_tanh},
    "cbrt": {0: lambda x: 1 / (3 * mp.cbrt(abs(x)) ** 2) if x else mp.inf},
    "atan2": {0: lambda y, x: _inverse(x, y), 1: lambda y, x: -_inverse(y, x)},
    "floor_divide": {0: lambda *_: mpf(0), 1: lambda *_: mpf(0)},
    "mod": {0: lambda *_: mpf(1), 1: lambda a, b: -mp.floor(a / b)},
    "fmod": {0: lambda *_: mpf(1), 1: lambda a, b: -_trunc(a / b)},
    "erf": {0: lambda x: 2 / mp.sqrt(mp.pi) * _exp_of_square(x)},
    "erfc": {0: lambda x: -2 / mp.sqrt(mp.pi) * _exp_of_square(x)},
    "gaussian": {0: lambda x: -2 * x * _exp_of_square(x)},
    "norm_pdf": {0: lambda x: -x * mp.npdf(x)},
    "norm_cdf": {0: mp.npdf},
    "gelu": {0: lambda x: _ncdf(x) + x * mp.npdf(x)},
    "gamma": {0: _slope_of_gamma},
    "lgamma": {0: mp.digamma},
    "digamma": {0: lambda x: _polygamma(1, x)},
    "polygamma": {1: lambda n, x: _polygamma(n + 1, x)},
    "polygamma_drop": {
        1: lambda n, x, h: _polygamma(n + 1, x) - _polygamma(n + 1, x + h),
        2: lambda n, x, h: -_polygamma(n + 1, x + h),
    },
    "beta": {0: _slope_of_beta, 1: lambda a, b: _slope_of_beta(b, a)},
    "factorial": {0: lambda x: _slope_of_gamma(x + 1)},
}


def definition(row: Row) -> Function:
    """The gate over mpmath numbers; a composite gate nobody has defined here is its own formula."""
    if row.name in DEFINITIONS:
        return DEFINITIONS[row.name]
    inside = body(row)
    if inside is None:
        raise LookupError(f"{row.name} is a primitive: give it a definition in tests/oracle.py")
    return lambda *values: evaluate(inside, dict(zip(inside.inputs, values, strict=True)))


def evaluate(circuit: Circuit, point: dict[str, Any]) -> Any:
    """The output of a circuit over mpmath numbers."""
    values: list[Any] = []
    for op, inputs, _, name, value, _ in circuit.gates:
        if op is INPUT:
            values.append(point[str(name)])
        elif op is CONST:
            values.append(mpf(value))
        else:
            values.append(definition(op)(*[values[source] for source in inputs]))
    return values[circuit.output]


def extra_digits(point: tuple[float, ...]) -> int:
    """The digits that inputs far from 1 cost: 1 + 1e-100 needs a hundred more."""
    return 2 * int(max([0.0, *[abs(math.log10(abs(x))) for x in point if x]]))


def derivative(function: Function, point: tuple[float, ...], position: int) -> Any:
    """The partial derivative at a point, by central differences with as many digits as it takes."""
    for digits in (200, 500, 1200, 3000):
        with mp.workdps(digits + extra_digits(point)):
            values = [mpf(value) for value in point]
            step = (min(abs(values[position]), mpf(1)) or mpf(1)) * mpf(10) ** -70
            left, right = list(values), list(values)
            left[position] -= step
            right[position] += step
            below, above = function(*left), function(*right)
            difference = above - below
            if isinstance(difference, mpmath.mpc) or not mp.isfinite(difference):
                return mp.nan
            if difference == 0 and above == 0:
                return mpf(0)
            if abs(difference) > abs(above) * mpf(10) ** -(digits - 60):
                return +(difference / (2 * step))
    return mpf(0)


def slope(row: Row, point: tuple[float, ...], position: int) -> Any:
    """A gate's partial derivative at a point."""
    known = DERIVATIVES.get(row.name, {}).get(position)
    if known is None:
        return derivative(definition(row), point, position)
    with mp.workdps(60 + extra_digits(point)):
        return known(*map(mpf, point))


LARGEST, OVERFLOW = mpf(sys.float_info.max), mpf(2) ** 1024


def ulps(got: float, true: Any, near: float = 0.0) -> float:
    """How far a float64 is from the truth, in units in the last place of the truth.

    An infinity stands for all that is beyond the range, from 2^1024 on; where the truth is not a
    real number, neither may the answer be.  Below ``near`` the units do not shrink any more.
    """
    if not mp.isfinite(true):
        return math.inf if math.isfinite(got) else 0.0
    if math.isnan(got):
        return math.inf
    found = mpf(got) if math.isfinite(got) else OVERFLOW * mp.sign(got)
    with mp.workdps(60):
        error = abs(found - max(-OVERFLOW, min(OVERFLOW, true)))
        return float(error / mpf(math.ulp(max(float(min(abs(true), LARGEST)), near))))
