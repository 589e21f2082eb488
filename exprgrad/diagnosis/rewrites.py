"""Formulas that overflow, cancel or have no gradient somewhere, and the same ones that do better there.

Both sides are written in the language, over x, y and z; ``axis`` and ``keepdims`` are the settings of an array's gate.
A line more is a rewrite more: ``why.py`` runs what comes of it before it is offered.
"""

from __future__ import annotations

from typing import NamedTuple


class Rewrite(NamedTuple):
    """A formula and a better one; ``when`` is where the two are the same, if not everywhere they have a value."""

    pattern: str
    formula: str
    when: str = ""


NAMES, SETTINGS = ("x", "y", "z"), ("axis", "keepdims")
DEEP = 7  # more gates than any formula below has on top of each other

# sums and products are found in either order; longer formulas stand before those they contain
REWRITES = (
    Rewrite("(exp(x) - exp(-x))/(exp(x) + exp(-x))", "tanh(x)"),
    Rewrite("(exp(2*x) - 1)/(exp(2*x) + 1)", "tanh(x)"),
    Rewrite("(exp(x) - exp(-x))/2", "sinh(x)"),
    Rewrite("(exp(x) + exp(-x))/2", "cosh(x)"),
    Rewrite("(-y + sqrt(y^2 - 4*x*z))/(2*x)", "-2*z/(y + sqrt(y^2 - 4*x*z))", "y > 0"),
    Rewrite("(-y - sqrt(y^2 - 4*x*z))/(2*x)", "2*z/(-y + sqrt(y^2 - 4*x*z))", "y < 0"),
    Rewrite("log(1/(1 + exp(-x)))", "logsigmoid(x)"),
    Rewrite("1/(1 + exp(-x))", "sigmoid(x)"),
    Rewrite("1/(1 + exp(-x*z))", "sigmoid(x*z)"),
    Rewrite("1/(1 + exp(-x/z))", "sigmoid(x/z)"),
    Rewrite("1/(1 + exp(x))", "sigmoid(-x)"),
    Rewrite("exp(x)/(1 + exp(x))", "sigmoid(x)"),
    Rewrite("exp(x)/(exp(x) + exp(y))", "sigmoid(x - y)"),
    Rewrite("y/(1 + exp(-x))", "y*sigmoid(x)"),
    Rewrite("y/(1 + exp(-x*z))", "y*sigmoid(x*z)"),
    Rewrite("y/(1 + exp(-x/z))", "y*sigmoid(x/z)"),
    Rewrite("y/(1 + exp(x))", "y*sigmoid(-x)"),
    Rewrite("log(1 - sigmoid(x))", "logsigmoid(-x)"),
    Rewrite("log(sigmoid(x))", "logsigmoid(x)"),
    Rewrite("1 - sigmoid(x)", "sigmoid(-x)"),
    Rewrite("log(1 + exp(x))", "softplus(x)"),
    Rewrite("log(exp(x) + exp(y))", "logaddexp(x, y)"),
    Rewrite("log(sum(exp(x), axis, keepdims))", "logsumexp(x, axis, keepdims)"),
    Rewrite("log(softmax(x, axis))", "log_softmax(x, axis)"),
    Rewrite("exp(x)/sum(exp(x), axis, keepdims)", "exp(x - logsumexp(x, axis, keepdims))"),
    Rewrite("log(prod(x, axis, keepdims))", "sum(log(x), axis, keepdims)"),
    Rewrite("log(exp(x))", "x"),
    Rewrite("log(exp(x) - 1)", "x + log(-expm1(-x))"),
    Rewrite("exp(x)/exp(y)", "exp(x - y)"),
    Rewrite("exp(x)*exp(y)", "exp(x + y)"),
    Rewrite("sqrt(sum(x^2, axis, keepdims))", "norm(x, axis, keepdims)"),
    Rewrite("sqrt(sum(x*x, axis, keepdims))", "norm(x, axis, keepdims)"),
    Rewrite("sqrt(x @ x)", "norm(x)", "ndim(x) == 1"),
    Rewrite("sqrt(dot(x, x))", "norm(x)", "ndim(x) == 1"),
    Rewrite("sqrt(x^2 + y^2)", "hypot(x, y)"),
    Rewrite("sqrt(x*x + y*y)", "hypot(x, y)"),
    Rewrite("sqrt(1 + x^2)", "hypot(1, x)"),
    Rewrite("sqrt(1 + x*x)", "hypot(1, x)"),
    Rewrite("sqrt(x^2)", "abs(x)"),
    Rewrite("sqrt(x*x)", "abs(x)"),
    Rewrite("sqrt(x)^2", "x", "x >= 0"),
    Rewrite("sqrt(x)*sqrt(x)", "x", "x >= 0"),
    Rewrite("(1 - cos(x))/x^2", "sinc(x/(2*pi))^2/2"),
    Rewrite("(1 - cos(x))/(x*x)", "sinc(x/(2*pi))^2/2"),
    Rewrite("1 - cos(x)", "2*sin(x/2)^2"),
    Rewrite("cos(x) - 1", "-2*sin(x/2)^2"),
    Rewrite("cos(x) - cos(y)", "-2*sin((x + y)/2)*sin((x - y)/2)"),
    Rewrite("sin(x) - sin(y)", "2*cos((x + y)/2)*sin((x - y)/2)"),
    Rewrite("tan(x) - tan(y)", "sin(x - y)/(cos(x)*cos(y))"),
    Rewrite("atan(x) - atan(y)", "atan2(x - y, 1 + x*y)", "1 + x*y > 0"),
    Rewrite("sin(x)/x", "sinc(x/pi)"),
    Rewrite("x*log(y)", "xlogy(x, y)"),
    Rewrite("x*log1p(y)", "xlog1py(x, y)"),
    Rewrite("exp(x) - 1", "expm1(x)"),
    Rewrite("exp(x) - 2 + exp(-x)", "4*sinh(x/2)^2"),
    Rewrite("exp(x) - exp(-x)", "2*sinh(x)"),
    Rewrite("exp(x) - exp(y)", "exp(y)*expm1(x - y)"),
    Rewrite("log(x) - log(y)", "log1p((x - y)/y)", "y > 0 and 2*x > y"),
    Rewrite("sqrt(x) - sqrt(y)", "(x - y)/(sqrt(x) + sqrt(y))"),
    Rewrite("1/x - 1/y", "(y - x)/(x*y)"),
    Rewrite("log(1 + x)", "log1p(x)"),
    Rewrite("log(1 - x)", "log1p(-x)"),
    Rewrite("log(x/y)", "log(x) - log(y)"),
    Rewrite("log(x*y)", "log(x) + log(y)"),
    Rewrite("log(x^y)", "y*log(x)"),
    Rewrite("x^(1/3)", "cbrt(x)"),
    Rewrite("x^0.3333333333333333", "cbrt(x)"),
    Rewrite("x^2 - y^2", "(x - y)*(x + y)"),
)
