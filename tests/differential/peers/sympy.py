"""SymPy: exact derivatives, evaluated by mpmath at 50 digits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy
from mpmath import mp, mpc, mpf

from differential.peers import Answers, Functions, answered
from differential.truth import Beyond, only_value
from drawn import Formula

GATES: Functions = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b, "div": lambda a, b: a / b,
    "pow": lambda a, b: a**b, "neg": lambda a: -a, "pos": lambda a: a, "square": lambda a: a**2, "reciprocal": lambda a: 1 / a,
    "hypot": lambda a, b: sympy.sqrt(a**2 + b**2), "fma": lambda a, b, c: a * b + c,
    "sqrt": sympy.sqrt, "exp": sympy.exp, "exp2": lambda x: 2**x, "exp10": lambda x: 10**x, "expm1": lambda x: sympy.exp(x) - 1, "log": sympy.log,
    "log2": lambda x: sympy.log(x, 2), "log10": lambda x: sympy.log(x, 10), "log1p": lambda x: sympy.log(1 + x), "log_base": sympy.log,
    "logaddexp": lambda a, b: sympy.log(sympy.exp(a) + sympy.exp(b)), "xlogy": lambda x, y: x * sympy.log(y), "xlog1py": lambda x, y: x * sympy.log(1 + y),
    "logit": lambda x: sympy.log(x / (1 - x)),
    "sin": sympy.sin, "cos": sympy.cos, "tan": sympy.tan, "sec": sympy.sec, "csc": sympy.csc, "cot": sympy.cot, "asin": sympy.asin, "acos": sympy.acos,
    "atan": sympy.atan, "asec": sympy.asec, "acsc": sympy.acsc, "acot": sympy.acot, "atan2": sympy.atan2, "deg": lambda x: x * 180 / sympy.pi,
    "rad": lambda x: x * sympy.pi / 180, "sinpi": lambda x: sympy.sin(sympy.pi * x), "cospi": lambda x: sympy.cos(sympy.pi * x),
    "sinc": lambda x: sympy.sin(sympy.pi * x) / (sympy.pi * x),
    "sinh": sympy.sinh, "cosh": sympy.cosh, "tanh": sympy.tanh, "sech": sympy.sech, "csch": sympy.csch, "coth": sympy.coth, "asinh": sympy.asinh,
    "acosh": sympy.acosh, "atanh": sympy.atanh, "asech": sympy.asech, "acsch": sympy.acsch, "acoth": sympy.acoth,
    "abs": sympy.Abs, "max": sympy.Max, "min": sympy.Min, "relu": lambda x: sympy.Max(x, 0), "clip": lambda x, lo, hi: sympy.Min(sympy.Max(x, lo), hi),
    "sigmoid": lambda x: 1 / (1 + sympy.exp(-x)), "logsigmoid": lambda x: -sympy.log(1 + sympy.exp(-x)), "softplus": lambda x: sympy.log(1 + sympy.exp(x)),
    "silu": lambda x: x / (1 + sympy.exp(-x)), "mish": lambda x: x * sympy.tanh(sympy.log(1 + sympy.exp(x))),
    "gelu": lambda x: x * (1 + sympy.erf(x / sympy.sqrt(2))) / 2, "softsign": lambda x: x / (1 + sympy.Abs(x)),
    "erf": sympy.erf, "erfc": sympy.erfc, "erfinv": sympy.erfinv, "gaussian": lambda x: sympy.exp(-(x**2)),
    "norm_pdf": lambda x: sympy.exp(-(x**2) / 2) / sympy.sqrt(2 * sympy.pi), "norm_cdf": lambda x: sympy.erfc(-x / sympy.sqrt(2)) / 2,
    "gamma": sympy.gamma, "lgamma": sympy.loggamma, "digamma": sympy.digamma, "beta": sympy.beta, "factorial": lambda x: sympy.gamma(x + 1),
}  # fmt: skip


def number(value: float) -> Any:
    """A number as SymPy has it, exactly."""
    return sympy.Rational(value)


def expression(formula: Formula) -> Any:
    """The formula in SymPy, its numbers exact; its variables are real."""
    names = {name: sympy.Symbol(name, real=True) for name in formula if isinstance(name, str)}
    return answered(formula, names, GATES, number)


def answers(formula: Formula, point: Mapping[str, Any]) -> Answers:
    """The value and gradients at each row of columns; NaN where SymPy or mpmath has no real number."""
    rows = list(zip(*point.values(), strict=True)) if point else [()]
    ranged = [_ranged(formula, dict(zip(point, row, strict=True))) for row in rows]
    of = _function(formula, list(point)) if any(ranged) else None
    with mp.workdps(50):
        found = [_row(of if fine else None, row, 1 + len(point)) for row, fine in zip(rows, ranged, strict=True)]
    columns = np.array(found, np.float64).T
    return Answers(columns[0], dict(zip(point, columns[1:], strict=True)))


def _ranged(formula: Formula, point: Mapping[str, float]) -> bool:
    """Whether no gate leaves the range of float64: of a tower of powers all digits would be computed."""
    try:
        only_value(formula, point)
    except Beyond:
        return False
    return True


def _function(formula: Formula, names: Sequence[str]) -> Any:
    """The value and the gradients as a function of mpmath numbers; None where there is none."""
    symbols = [sympy.Symbol(name, real=True) for name in names]
    try:
        found = expression(formula)
        return sympy.lambdify(symbols, [found, *[sympy.diff(found, one) for one in symbols]], "mpmath", cse=True)
    except (KeyError, ValueError):  # complex infinity, which it does not print; a maximum of what is not real
        return None


def _row(of: Any, point: tuple[float, ...], count: int) -> list[float]:
    if of is None:
        return [math.nan] * count
    try:
        return [_real(part) for part in of(*map(mpf, point))]
    except (ArithmeticError, AttributeError, NameError, TypeError, ValueError):
        return [math.nan] * count


def _real(number: Any) -> float:
    number = mp.mpmathify(number)
    if isinstance(number, mpc):
        number = number.real if abs(number.imag) < mpf("1e-40") * (1 + abs(number.real)) else mp.nan
    return float(number)
