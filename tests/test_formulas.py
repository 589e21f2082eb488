"""Whole formulas, drawn by hypothesis: gradients against SymPy's exact derivatives at 50 digits."""

from __future__ import annotations

import math
from typing import Any

import sympy
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from mpmath import mp

from exprgrad.arithmetic.forward import forward
from exprgrad.chain import backward, tangent
from exprgrad.circuit import Circuit
from exprgrad.gates import CONST
from exprgrad.language.parse import parse
from exprgrad.language.read import read
from exprgrad.run import run
from exprgrad.write.formula import write

VARIABLES = ("x", "y", "z")
FUNCTIONS: dict[str, Any] = {
    "exp": sympy.exp,
    "sin": sympy.sin,
    "cos": sympy.cos,
    "tanh": sympy.tanh,
    "atan": sympy.atan,
    "sinh": sympy.sinh,
    "erf": sympy.erf,
    "asinh": sympy.asinh,
    "sigmoid": lambda a: 1 / (1 + sympy.exp(-a)),
    "softplus": lambda a: sympy.log(1 + sympy.exp(a)),
    "square": lambda a: a**2,
}
OPERATORS: dict[str, Any] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}

Both = tuple[str, Any]  # our text, and the same in SymPy


def _grow(inner: st.SearchStrategy[Both]) -> st.SearchStrategy[Both]:
    return st.one_of(
        st.tuples(st.sampled_from(list(OPERATORS)), inner, inner).map(
            lambda drawn: (f"({drawn[1][0]} {drawn[0]} {drawn[2][0]})", OPERATORS[drawn[0]](drawn[1][1], drawn[2][1]))
        ),
        st.tuples(st.sampled_from(list(FUNCTIONS)), inner).map(
            lambda drawn: (f"{drawn[0]}({drawn[1][0]})", FUNCTIONS[drawn[0]](drawn[1][1]))
        ),
        st.tuples(inner, st.integers(0, 4)).map(lambda drawn: (f"({drawn[0][0]})^{drawn[1]}", drawn[0][1] ** drawn[1])),
        inner.map(lambda drawn: (f"(-{drawn[0]})", -drawn[1])),
    )


LEAVES: st.SearchStrategy[Both] = st.one_of(
    st.sampled_from(VARIABLES).map(lambda name: (name, sympy.Symbol(name))),
    st.integers(1, 9).map(lambda number: (str(number), sympy.Integer(number))),
    st.sampled_from([0.5, 0.25, 1.5]).map(lambda number: (repr(number), sympy.Rational(number))),
)
FORMULAS = st.recursive(LEAVES, _grow, max_leaves=10)
NUMBERS = st.integers(-12, 12).map(lambda k: k / 4)

relaxed = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def exact(expression: Any, point: dict[str, float]) -> Any:
    """SymPy's value at 50 digits, None where there is none."""
    number = expression.evalf(50, subs={name: sympy.Rational(value) for name, value in point.items()}, maxn=400)
    return mp.mpf(number) if number.is_Float or number.is_Integer or number.is_Rational else None


def conditioned(circuit: Circuit, point: dict[str, float], gradient: dict[str, float]) -> float:
    """How far the gradient may be off: by its own sensitivity to a rounding of any gate in it."""
    back = backward(circuit)
    outputs = [back.gradient[wire] for wire in circuit.inputs.values()]
    worst = 0.0
    for output in outputs:
        if output is None:
            continue
        once = Circuit(back.circuit.gates, back.circuit.names, output)
        result = run(once, point, list(point))
        terms = [
            abs(value * slope)
            for value, slope, gate in zip(result.values, result.gradients, once.gates, strict=True)
            if slope is not None and gate.op is not CONST
        ]
        worst = max(worst, sum(terms), *[abs(value) for value in gradient.values()])
    return worst


@relaxed
@given(FORMULAS, st.fixed_dictionaries(dict.fromkeys(VARIABLES, NUMBERS)))
def test_gradient_is_sympys(drawn: Both, everything: dict[str, float]) -> None:
    """Value and gradient agree with exact arithmetic to 1e-12 of what the conditioning leaves."""
    text, expression = drawn
    circuit = read(text)
    point = {name: everything[name] for name in circuit.inputs}
    result = run(circuit, point)
    assume(all(abs(value) < 1e8 for value in result.values))
    with mp.workdps(50):
        value = exact(expression, point)
        assume(value is not None)
        assert math.isclose(result.value, float(value), rel_tol=1e-12, abs_tol=1e-12 * max(map(abs, result.values)))
        allowed = 1e-12 * max(conditioned(circuit, point, result.gradient), 1e-300)
        assume(math.isfinite(allowed))
        for name in circuit.inputs:
            slope = exact(sympy.diff(expression, sympy.Symbol(name)), point)
            assume(slope is not None)
            assert abs(mp.mpf(result.gradient[name]) - slope) <= max(1e-12 * abs(slope), allowed), (text, point, name)


@relaxed
@given(FORMULAS, st.fixed_dictionaries(dict.fromkeys(VARIABLES, NUMBERS)))
def test_forward_mode_agrees(drawn: Both, everything: dict[str, float]) -> None:
    """The tangent along each input is that input's gradient."""
    circuit = read(drawn[0])
    point = {name: everything[name] for name in circuit.inputs}
    result = run(circuit, point)
    assume(all(map(math.isfinite, result.gradient.values())))
    for name in circuit.inputs:
        ahead = tangent(circuit, name)
        rate = forward(ahead.gates, {circuit.inputs[key]: value for key, value in point.items()})[ahead.output]
        assert math.isclose(rate, result.gradient[name], rel_tol=1e-9, abs_tol=1e-9 * max(1, *map(abs, result.values)))


@relaxed
@given(FORMULAS)
def test_print_then_read(drawn: Both) -> None:
    """What is printed reads back to the same circuit, and prints the same again, with all parentheses or without."""
    circuit = read(drawn[0])
    for full in (True, False):
        printed = write(circuit, full=full)
        again = read(printed)
        assert [(g.op, g.inputs, g.value) for g in again.gates] == [(g.op, g.inputs, g.value) for g in circuit.gates]
        assert write(again, full=full) == printed


@relaxed
@given(FORMULAS, st.fixed_dictionaries(dict.fromkeys(VARIABLES, NUMBERS)))
def test_a_printed_backward_pass_computes_the_same(drawn: Both, everything: dict[str, float]) -> None:
    """The backward circuit too can be printed and read, and gives the same numbers."""
    circuit = read(drawn[0])
    point = {name: everything[name] for name in circuit.inputs}
    result = run(circuit, point)
    back = backward(circuit)
    for name, wire in circuit.inputs.items():
        gradient = back.gradient[wire]
        if gradient is None:
            continue
        again = read(write(Circuit(back.circuit.gates, back.circuit.names, gradient)))
        value = run(again, {key: value for key, value in point.items() if key in again.inputs}).value
        if math.isnan(result.value):
            continue
        assert repr(value) == repr(result.gradient[name])


@relaxed
@given(st.text(alphabet="xyz0123456789.+-*/^%()<>=!,; \n#eπ²√abcdsin", max_size=40))
def test_any_text_is_a_formula_or_an_error(text: str) -> None:
    """Nothing but a circuit or a FormulaError comes of a text; and an error has its place in it."""
    from exprgrad.errors import FormulaError

    try:
        circuit = read(text)
    except FormulaError as error:
        assert error.report.span is None or 0 <= error.report.span[0] <= len(text)
        assert len(str(error).splitlines()) <= 25
    else:
        circuit.check()
        assert parse(text)
