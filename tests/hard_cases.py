"""Formulas that lose their digits, overflow or underflow as they are written, each said twice.

Once as text, once as a function of a library of functions, ``m``: mpmath makes the true numbers of it, with
as many digits as it takes, JAX and PyTorch run it as written.  The names are Herbie's (``bench/hamming`` of
its sources), which has them from R. W. Hamming's "Numerical Methods for Scientists and Engineers".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Case(NamedTuple):
    """A formula, the same as a function, and the points to run it at, in the order of the function's inputs."""

    name: str
    text: str
    of: Callable[..., Any]
    points: tuple[tuple[float, ...], ...]


def _quadratic(sign: int) -> Callable[..., Any]:
    return lambda m, a, b, c: (-b + sign * m.sqrt(b**2 - 4 * a * c)) / (2 * a)


def _half_quadratic(sign: int) -> Callable[..., Any]:
    return lambda m, a, b, c: (-b + sign * m.sqrt(b**2 - a * c)) / a


def _area(m: Any, a: Any, b: Any, c: Any) -> Any:
    s = (a + b + c) / 2
    return m.sqrt(s * (s - a) * (s - b) * (s - c))


def _rump(_: Any, a: Any, b: Any) -> Any:
    return 333.75 * b**6 + a**2 * (11 * a**2 * b**2 - b**6 - 121 * b**4 - 2) + 5.5 * b**8 + a / (2 * b)


CASES = (
    Case("sigmoid", "1/(1 + exp(-x))", lambda m, x: 1 / (1 + m.exp(-x)), ((1000.0,), (-1000.0,), (-1e5,), (-720.0,))),
    Case("softplus", "log(1 + exp(x))", lambda m, x: m.log(1 + m.exp(x)), ((800.0,), (20000.0,), (-40.0,), (-700.0,))),
    Case("logaddexp", "log(exp(a) + exp(b))", lambda m, a, b: m.log(m.exp(a) + m.exp(b)), ((800.0, 801.0), (-800.0, -801.0), (1000.0, -1000.0))),
    Case("hypot", "sqrt(x^2 + y^2)", lambda m, x, y: m.sqrt(x**2 + y**2), ((3e200, 4e200), (3e-200, 4e-200), (1e-170, 1e-180))),
    Case("quadp", "(-b + sqrt(b^2 - 4*a*c))/(2*a)", _quadratic(1), ((1.0, 1e9, 1.0), (1.0, 1e160, 1.0), (0.001, 1e8, 2.0))),
    Case("quadm", "(-b - sqrt(b^2 - 4*a*c))/(2*a)", _quadratic(-1), ((1.0, -1e9, 1.0), (1.0, -1e160, 1.0), (0.1, -3e7, 0.7))),
    Case("quad2p", "(-b + sqrt(b^2 - a*c))/a", _half_quadratic(1), ((2.0, 1e9, 3.0), (2.0, 3e155, 5.0))),
    Case("quad2m", "(-b - sqrt(b^2 - a*c))/a", _half_quadratic(-1), ((2.0, -1e9, 3.0), (2.0, -3e155, 5.0))),
    Case("cos2", "(1 - cos(x))/x^2", lambda m, x: (1 - m.cos(x)) / x**2, ((1e-6,), (1e-9,), (3e-170,))),
    Case("expm1", "exp(x) - 1", lambda m, x: m.exp(x) - 1, ((1e-12,), (-3e-17,))),
    Case("log1p", "log(1 + x)", lambda m, x: m.log(1 + x), ((1e-12,), (-3e-17,))),
    Case("2sqrt", "sqrt(x + 1) - sqrt(x)", lambda m, x: m.sqrt(x + 1) - m.sqrt(x), ((1e15,), (1e30,))),
    Case("2isqrt", "1/sqrt(x) - 1/sqrt(x + 1)", lambda m, x: 1 / m.sqrt(x) - 1 / m.sqrt(x + 1), ((1e15,), (1e30,))),
    Case("2frac", "1/(x + 1) - 1/x", lambda _, x: 1 / (x + 1) - 1 / x, ((1e10,), (1e17,))),
    Case("3frac", "1/(x + 1) - 2/x + 1/(x - 1)", lambda _, x: 1 / (x + 1) - 2 / x + 1 / (x - 1), ((1e7,), (1e18,))),
    Case("2cbrt", "cbrt(x + 1) - cbrt(x)", lambda m, x: m.cbrt(x + 1) - m.cbrt(x), ((1e15,), (1e18,))),
    Case("2log", "log(n + 1) - log(n)", lambda m, n: m.log(n + 1) - m.log(n), ((1e14,), (1e18,))),
    Case("exp2", "exp(x) - 2 + exp(-x)", lambda m, x: m.exp(x) - 2 + m.exp(-x), ((1e-7,), (1e-12,))),
    Case("logs", "(n + 1)*log(n + 1) - n*log(n) - 1", lambda m, n: (n + 1) * m.log(n + 1) - n * m.log(n) - 1, ((1e15,), (1e17,))),
    Case("invcot", "1/x - 1/tan(x)", lambda m, x: 1 / x - 1 / m.tan(x), ((1e-6,), (-1e-11,))),
    Case("qlog", "log(1 - x)/log(1 + x)", lambda m, x: m.log(1 - x) / m.log(1 + x), ((1e-10,), (1e-17,))),
    Case("expq3", "eps*(exp((a + b)*eps) - 1)/((exp(a*eps) - 1)*(exp(b*eps) - 1))",
         lambda m, a, b, eps: eps * (m.exp((a + b) * eps) - 1) / ((m.exp(a * eps) - 1) * (m.exp(b * eps) - 1)), ((1.5, 2.0, 1e-10),)),
    Case("logq", "log((1 - eps)/(1 + eps))", lambda m, eps: m.log((1 - eps) / (1 + eps)), ((1e-12,), (1e-18,))),
    Case("sqrtexp", "sqrt((exp(2*x) - 1)/(exp(x) - 1))", lambda m, x: m.sqrt((m.exp(2 * x) - 1) / (m.exp(x) - 1)), ((1e-10,), (1e-17,), (500.0,))),
    Case("2nthrt", "(x + 1)^(1/n) - x^(1/n)", lambda _, x, n: (x + 1) ** (1 / n) - x ** (1 / n), ((1e14, 3.0), (1e18, 7.0))),
    Case("2sin", "sin(x + eps) - sin(x)", lambda m, x, eps: m.sin(x + eps) - m.sin(x), ((1.0, 1e-11), (3.0, 1e-17))),
    Case("2cos", "cos(x + eps) - cos(x)", lambda m, x, eps: m.cos(x + eps) - m.cos(x), ((1.0, 1e-11), (3.0, 1e-17))),
    Case("2tan", "tan(x + eps) - tan(x)", lambda m, x, eps: m.tan(x + eps) - m.tan(x), ((1.0, 1e-11), (3.0, 1e-17))),
    Case("tanhf", "(1 - cos(x))/sin(x)", lambda m, x: (1 - m.cos(x)) / m.sin(x), ((1e-7,), (1e-10,))),
    Case("2atan", "atan(n + 1) - atan(n)", lambda m, n: m.atan(n + 1) - m.atan(n), ((1e7,), (1e17,))),
    Case("sintan", "(x - sin(x))/(x - tan(x))", lambda m, x: (x - m.sin(x)) / (x - m.tan(x)), ((1e-5,), (1e-9,))),
    Case("expq2", "exp(x)/(exp(x) - 1)", lambda m, x: m.exp(x) / (m.exp(x) - 1), ((800.0,), (1e-10,))),
    Case("Kahan's area", "s = (a + b + c)/2; sqrt(s*(s - a)*(s - b)*(s - c))", _area, ((100000.0, 99999.99979, 0.00029), (5.0, 3.0000000000000004, 2.0))),
    Case("Kahan's quotient", "(exp(x) - 1)/x", lambda m, x: (m.exp(x) - 1) / x, ((1e-9,), (1e-16,))),
    Case("tanh", "(exp(x) - exp(-x))/(exp(x) + exp(-x))", lambda m, x: (m.exp(x) - m.exp(-x)) / (m.exp(x) + m.exp(-x)), ((800.0,), (1e-12,))),
    Case("softmax", "exp(x)/(exp(x) + exp(y))", lambda m, x, y: m.exp(x) / (m.exp(x) + m.exp(y)), ((1000.0, 999.0), (-1000.0, -999.0))),
    Case("log of exp", "log(exp(x))", lambda m, x: m.log(m.exp(x)), ((1000.0,), (-1000.0,))),
    Case("square root of a square", "sqrt(x^2)", lambda m, x: m.sqrt(x**2), ((1e200,), (-1e-200,))),
    Case("variance", "(x^2 + y^2)/2 - ((x + y)/2)^2", lambda _, x, y: (x**2 + y**2) / 2 - ((x + y) / 2) ** 2, ((1e9 + 1, 1e9), (1e160, 2e160))),
    Case("erfc", "1 - erf(x)", lambda m, x: 1 - m.erf(x), ((6.5,), (20.0,))),
    Case("1 - tanh", "1 - tanh(x)", lambda m, x: 1 - m.tanh(x), ((20.5,), (400.0,))),
    Case("absorbed", "(1e200 + x) - 1e200", lambda _, x: (1e200 + x) - 1e200, ((0.5,),)),
    Case("Rump", "333.75*b^6 + a^2*(11*a^2*b^2 - b^6 - 121*b^4 - 2) + 5.5*b^8 + a/(2*b)", _rump, ((77617.0, 33096.0),)),
)  # fmt: skip
