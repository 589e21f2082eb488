"""Simplification keeps its promise, rule by rule and on random formulas, and is as short as SymPy's."""

from __future__ import annotations

import itertools
import math
import random
from importlib import import_module
from typing import Any

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp

import oracle
from exprgrad.arithmetic.forward import forward
from exprgrad.calculus.symbolic import symbolic
from exprgrad.circuit import Circuit
from exprgrad.language.read import read
from exprgrad.simplify import shorten, simplify
from exprgrad.simplify.forms import Form
from exprgrad.simplify.maker import Maker
from exprgrad.write.formula import expression, write
from test_formulas import relaxed

SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 3.0, math.inf, -math.inf, math.nan)


def simple(text: str) -> str:
    """The simplified formula, written out."""
    circuit = simplify(read(text))
    return expression(circuit, circuit.output, {wire: name for name, wire in circuit.inputs.items()}, full=False)


def size(circuit: Circuit) -> float:
    """How many gates its formula has, written out."""
    sizes: list[float] = []
    for gate in circuit.gates:
        sizes.append(sum([sizes[source] for source in gate.inputs], float(bool(gate.inputs))))
    return sizes[circuit.output]


def values(circuit: Circuit, point: dict[str, float]) -> list[float]:
    return forward(circuit.gates, {wire: point[name] for name, wire in circuit.inputs.items()})


def strays(found: list[float]) -> bool:
    """Whether a number is so large or so small that the next one may overflow, underflow or be rounding alone."""
    return any(abs(value) > 1e100 or 0 < abs(value) < 1e-13 for value in found if math.isfinite(value))


def kept(text: str, count: int = 200) -> None:
    """The promise of exprgrad/simplify at special points, in float64, and at others with 50 digits."""
    before = read(text)
    after = simplify(before)
    names = list(before.inputs)
    assert list(after.inputs) == names
    rng = random.Random(text)
    corners = list(itertools.product(SPECIAL, repeat=len(names)))
    for corner in corners if len(corners) <= count else rng.sample(corners, count):
        point = dict(zip(names, corner, strict=True))
        old, new = values(before, point), values(after, point)
        first, second = old[before.output], new[after.output]
        if strays(old + new):
            continue
        assert math.isfinite(first) == math.isfinite(second), (text, point, first, second)
        if math.isfinite(first):
            scale = max([1.0, *[abs(value) for value in old if math.isfinite(value)]])
            assert math.isclose(first, second, rel_tol=1e-9, abs_tol=1e-9 * scale), (text, point, first, second)
    for _ in range(5):
        point = {name: rng.choice((-1, 1)) * math.exp(rng.uniform(-2, 1)) for name in names}
        with mp.workdps(50):
            first, second = (_exact(circuit, point) for circuit in (before, after))
            if first is not None and second is not None:
                assert mp.almosteq(first, second, 1e-40, 1e-40), (text, point, first, second)


def _exact(circuit: Circuit, point: dict[str, float]) -> Any:
    """The value at 50 digits, None where it is no real number."""
    try:
        value = oracle.evaluate(circuit, {name: mp.mpf(number) for name, number in point.items()})
    except (ZeroDivisionError, ValueError, TypeError):
        return None
    return value if isinstance(value, mp.mpf) and mp.isfinite(value) else None


# ---------------------------------------------------------------- what changes, and what stays

CHANGES = {
    # IEEE 754 itself: signs, like factors, like terms of one sign
    "x + x": "2*x", "x*x": "x^2", "x^2*x^3": "x^5", "-(-x)": "x", "x*-1": "-x", "x*1": "x", "x^1": "x",
    "x + (-y)": "x - y", "x - (-y)": "x + y", "(-x)*(-y)": "x*y", "1/(1/x)": "x", "(x^2)^3": "x^6", "(x^-1)^-2": "x^2",
    "x/y/z": "x/(y*z)", "x/(y/z)": "x*z/y", "(x/y)*(z/y)": "x*z/y^2", "2*x/4": "x/2", "x/3*6": "2*x", "x/3/x": "x/(3*x)",
    "0.1*x*3": "3*0.1*x", "x/3*0.1": "0.1*x/3", "y/(0.1*x)": "y/(0.1*x)", "1 + x + 2": "3 + x", "x + 1 + x": "2*x + 1", "square(x)*x": "x^3", "reciprocal(x)/y": "1/(x*y)",
    "x*5e-324": "5e-324*x", "1/(x - (y + x*y))": "1/(x - (y + x*y))",
    "exp(x + x)": "exp(2*x)", "+x": "x", "max(x*x, x + x)": "max(x^2, 2*x)", "x^2*y^2": "(x*y)^2", "(2*x)^3": "8*x^3",
    # algebra, where nobody can tell NaN from an infinity
    "3*x - x": "2*x", "x - 3*x": "-2*x", "x + 1 - 1": "x", "-(x - y)": "y - x", "x*exp(x) + exp(x)": "(x + 1)*exp(x)",
    "2*x + 2*y": "2*(x + y)", "x*y + x*z": "x*(y + z)", "1/(1+x^2) - 2*x^2/(1+x^2)^2": "(1 - x^2)/(1 + x^2)^2",
    "log(x) + x/x": "log(x) + 1", "sin(x)*x/x^2": "sin(x)/x", "x - sin(y) + sin(y) + y": "x + y", "x + 0": "x", "1 - 1": "0",
    # sine and cosine
    "cos(x)^2 - sin(x)^2": "cos(2*x)", "2*sin(x)*cos(x)": "sin(2*x)", "sin(x)/cos(x)": "tan(x)", "1 - sin(x)^2": "cos(x)^2",
    "x + sin(x)^2 + cos(x)^2": "x + 1", "cosh(x)^2 + sinh(x)^2": "cosh(2*x)", "sinh(y)*cosh(y)*2": "sinh(2*y)",
}  # fmt: skip

STAYS = [
    "x/x", "0*x", "x - x", "sqrt(x)^2", "log(x) + log(y)", "(x^2)^0.5", "sin(x)^2 + cos(x)^2", "cosh(x)^2 - sinh(x)^2",
    "sinh(x)/cosh(x)", "exp(log(x))", "log(exp(x))", "x*y/x", "x^3/x", "x^0", "abs(x)^2", "atan(3*x - x)", "exp(x - 3*x)",
    "1/(x - 3*x)", "(x/3)^20", "(1e200*x)^2", "0.1*x + y/3", "where(x - 3*x > 0, x, y)", "tanh(x*y + x*z)", "x^0.5*x^1.5", "exp(x)*exp(y)",
    "0.1 + 0.2", "x/(x + y)", "cos(x)/sin(x)", "(1 + y/y)/x",
    "(1 - (x - 1)/(x + 1))/(x + 1)", "(1 - 2*x^2/(x^2 + y^2))/(x^2 + y^2)",
]  # fmt: skip


@pytest.mark.parametrize("text", CHANGES)
def test_what_changes_has_the_same_value(text: str) -> None:
    assert simple(text) == CHANGES[text]
    kept(text)


@pytest.mark.parametrize("text", STAYS)
@pytest.mark.rule(21)
def test_what_would_gain_or_lose_a_point_stays(text: str) -> None:
    again = read(simple(text))
    assert sorted(gate.op.name for gate in again.gates) == sorted(gate.op.name for gate in read(text).gates)
    kept(text)


# ---------------------------------------------------------------- random formulas

OPERATORS = ("+", "-", "*", "/", "+", "-", "*")
FUNCTIONS = ("sin", "cos", "exp", "log", "sqrt", "tanh", "atan", "abs", "sigmoid", "cosh", "sinh", "tan", "reciprocal")
LEAVES = st.sampled_from(["x", "y", "x", "y", "0", "1", "2", "0.5", "3"])


def _grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(OPERATORS), inner),
        st.builds("{}({})".format, st.sampled_from(FUNCTIONS), inner),
        st.builds("({})^{}".format, inner, st.sampled_from(["2", "3", "-1", "-2", "0.5", "y"])),
        st.builds("(-{})".format, inner),
        st.builds("where({} > 0, {}, {})".format, inner, inner, inner),
    )


@relaxed
@given(st.recursive(LEAVES, _grow, max_leaves=12))
def test_random_formulas_keep_their_values(text: str) -> None:
    kept(text, 40)


@relaxed
@given(st.recursive(LEAVES, _grow, max_leaves=6))
def test_random_derivatives_keep_their_values(text: str) -> None:
    """Derivatives are what is simplified most: sums of products with much in common."""
    circuit = read(text)
    if not circuit.inputs:
        return
    for name in circuit.inputs:
        plain = symbolic(circuit, [name])
        kept(write(Circuit(plain.gates, plain.names, plain.names[f"d[{name}]"])), 40)


@pytest.mark.parametrize("rule", shorten.RULES, ids=lambda rule: rule.__name__)
def test_each_rule_by_itself(rule: shorten.Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a rule gives is taken, longer or not, and the promise holds of it alone."""
    taken: list[bool] = []

    def first(maker: Maker, form: Form, *_: object) -> Form:
        found = next((one for one in rule(maker, form) if one), None)
        taken.append(found is not None)
        return found or form

    for module in ("exprgrad.simplify", "exprgrad.simplify.shorten"):
        monkeypatch.setattr(import_module(module), "shorter", first)
    for text in (*CHANGES, *STAYS, *EXTRA):
        kept(text, 60)
    assert any(taken)


EXTRA = [
    "sin(x)^3*cos(x) + cos(x)^2*y", "x*log(x)*y/x + x^2/x", "cos(x)^4 - cos(x)^2*sin(x)^2", "x/(1+x) - x^2/(1+x)^3 + x",
    "sinh(x)^2*y + y^2*cosh(x)^2", "sin(x)*cos(y)/cos(x)^2", "log(x)/x - 1/x^2 + x/x^3", "exp(x)/(1+exp(x)) - exp(x)^2/(1+exp(x))^2",
]  # fmt: skip


# ---------------------------------------------------------------- as short as SymPy's

# formulas whose derivative by x is as short as what SymPy makes of it
TABLE = [
    "x^3", "x^2*y", "exp(-x^2)", "sin(x)*cos(x)", "log(x)/x", "tanh(x)", "sqrt(1 - x^2)", "(x + 1)^10", "x*exp(x)",
    "a*x^2 + b*x + c", "x/(1 + x^2)", "sqrt(x^2 + y^2)", "log(1 + exp(x))", "x*log(x)", "x^2*log(x)", "sin(x)^2",
    "sin(x)/x", "tan(x)", "log(cos(x))", "atan(x)", "sqrt(x)", "1/x", "exp(x)*sin(x)", "x^2*exp(x)", "log(1 + x^2)",
    "cos(x^2)", "x^3*y^2 + x*y", "1/(x^2 + 1)", "exp(sin(x))", "x^4/4 - x^2/2", "sin(3*x + 1)", "exp(x)/(1 + exp(x))",
    "(x^2 + 1)^3", "x*sin(x) + cos(x)", "exp(a*x)*sin(b*x)", "1/(1 - x)", "log(log(x))", "sinh(x)*cosh(x)", "2^x",
    "(x + y)^2/2", "exp(x)*(x^2 - 2*x + 2)", "x*tanh(x)", "log(x)^2", "sin(x)^3*cos(x)", "1/log(x)", "(a*x + b)/(c*x + 1)",
]  # fmt: skip

# those where SymPy's is shorter, as it is a number where the derivative is none, or the other way round: such a point
LONGER = {
    "1/(1 + exp(-x))": {"x": -math.inf}, "(x - 1)/(x + 1)": {"x": math.inf}, "atan(y/x)": {"x": 0.0, "y": 1.0},
    "sqrt(x)*x": {"x": 0.0}, "cosh(x)/sinh(x)": {"x": math.inf},
    "log(x + sqrt(1 + x^2))": {"x": math.inf},
}  # fmt: skip


def sympys(text: str) -> Circuit:
    """What SymPy makes of the derivative by x."""
    names = {name: sympy.Symbol(name) for name in "xyabc"}
    expression = sympy.sympify(text.replace("^", "**"), locals=names)
    return read(str(sympy.simplify(sympy.diff(expression, names["x"]))))


def ours(text: str) -> Circuit:
    """What we make of it, printed and read back."""
    circuit = symbolic(read(text), ["x"], full=True)
    wire = circuit.names["d[x]"]
    return read(expression(circuit, wire, {wire: name for name, wire in circuit.inputs.items()}, full=False))


@pytest.mark.parametrize("text", TABLE)
def test_derivatives_are_as_short_as_sympys(text: str) -> None:
    """In gates of the formula, written out and read by us: theirs and ours alike."""
    assert size(ours(text)) <= size(sympys(text))


@pytest.mark.parametrize("text", LONGER)
def test_where_sympys_are_shorter_they_have_another_domain(text: str) -> None:
    point = LONGER[text]
    here, there = ours(text), sympys(text)
    assert size(here) > size(there)
    first = values(here, point)[here.output]
    second = values(there, {name: point[name] for name in there.inputs})[there.output]
    assert math.isfinite(first) != math.isfinite(second), (first, second)
