"""--why: what it names is really the first, every rewrite is right at its hard points, and every zero has its cause."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf
from rich.cells import cell_len

from conftest import exprgrad
from exprgrad.arithmetic.forward import forward
from exprgrad.cli import main
from exprgrad.diagnosis.margins import margin
from exprgrad.diagnosis.rewrites import DEEP, REWRITES, Rewrite
from exprgrad.diagnosis.rewriting import applied, better, matches, pattern
from exprgrad.diagnosis.why import Why, why
from exprgrad.errors import ExprgradError, UsageError
from exprgrad.gates import CONST
from exprgrad.language.read import read
from exprgrad.run import Run, run
from exprgrad.style import Style
from exprgrad.tidy import expanded
from exprgrad.values import pick
from exprgrad.views.table import draw
from exprgrad.views.why import show
from exprgrad.write.formula import write
from exprgrad.write.why import cells, rewritten
from test_formulas import FORMULAS, VARIABLES, Both, relaxed

inf, nan = math.inf, math.nan
HUGE = 1e200

# for the patterns over numbers: points where they overflow or cancel, or where the two sides could differ
HARD: dict[str, list[tuple[float, float]]] = {
    "default": [(0.3, 0.7), (2.5, 1.25), (1e-9, 3.0), (30.0, 31.0), (700.0, 690.0)],
    "exp": [(-1000.0, 2.0), (1000.0, 2.0), (800.0, 801.0), (-40.0, 1.0), (1e-20, 1.0)],
    "sqrt": [(HUGE, HUGE), (1e-200, 3e-200), (HUGE, 1.0), (1e-170, 1.0)],
    "cos": [(1e-9, 1.0), (1e-100, 1.0), (-1e-5, 1.0), (3.0, 1.0)],
    "log": [(HUGE, 1e-200), (1e-200, HUGE), (1e-20, 1e-20), (0.5, 1e300)],
    "y^2": [(1.0, 1e8), (1.0, -1e8), (2.0, -9.0), (0.5, -1e4), (1e-9, -3.0)],
    "^": [(-8.0, 2.0), (HUGE, 3.0), (-1e-100, 2.0)],
}  # fmt: skip
NUMBERS = [rewrite for rewrite in REWRITES if "axis" not in rewrite.pattern and "ndim" not in rewrite.when]
ARRAYS = [rewrite for rewrite in REWRITES if rewrite not in NUMBERS]


def exact(text: str, *point: Any) -> Any:
    """One side of a rewrite over numbers, by mpmath; the real cube root where that is meant."""
    names = {
        "exp": mp.exp,
        "log": mp.log,
        "sqrt": mp.sqrt,
        "cos": mp.cos,
        "sin": mp.sin,
        "tan": mp.tan,
        "atan": mp.atan,
        "log1p": lambda a: mp.log(1 + a),
    }
    names |= {"sigmoid": lambda a: 1 / (1 + mp.exp(-a))}
    values: list[Any] = []
    circuit = pattern(text)
    for wire, gate in enumerate(circuit.gates):
        if wire < 3:
            values.append(point[wire])
            continue
        if gate.op is CONST:
            values.append(mpf(gate.value))
            continue
        reads = [values[source] for source in gate.inputs]
        if gate.op.name == "pow":
            a, b = reads
            cube = abs(b - mpf(1) / 3) < 1e-15
            values.append(mp.sign(a) * mp.power(abs(a), mpf(1) / 3) if cube else mp.power(a, b))
        elif gate.op.name in names:
            values.append(names[gate.op.name](reads[0]))
        else:
            a, b = (*reads, None)[:2]
            of = {"add": "__add__", "sub": "__sub__", "mul": "__mul__", "div": "__truediv__"}
            values.append(-a if gate.op.name == "neg" else getattr(a, of[gate.op.name])(b))
    return values[circuit.output]


def hard(rewrite: Rewrite) -> list[tuple[float, float]]:
    return [point for key, points in HARD.items() if key == "default" or key in rewrite.pattern for point in points]


@pytest.mark.parametrize("rewrite", NUMBERS, ids=[rewrite.pattern for rewrite in NUMBERS])
def test_a_rewrite_is_right_at_its_hard_points(rewrite: Rewrite) -> None:
    """Where the better formula is finite it is the formula's true value, and so are its gradients."""
    circuit = read(rewrite.formula)
    right = 0
    with mp.workdps(900):
        for point in hard(rewrite):
            try:
                true = exact(rewrite.pattern, *map(mpf, point), mpf(2))
            except ZeroDivisionError:
                continue
            if not mp.isfinite(true) or mp.im(true) != 0:
                continue
            numbers = dict(zip("xyz", (*point, 2.0), strict=True))
            result = run(circuit, {name: numbers[name] for name in circuit.inputs})
            if not math.isfinite(result.value) or not _holds(rewrite, numbers):
                continue
            assert _close(result.value, true, max(map(abs, result.values))), (point, result.value, mp.nstr(true, 20))
            for name, slope in result.gradient.items():
                place = "xyz".index(name)

                def along(t: Any, place: int = place, point: tuple[float, ...] = (*point, 2.0)) -> Any:
                    return exact(rewrite.pattern, *[t if k == place else mpf(at) for k, at in enumerate(point)])

                here = mpf((*point, 2.0)[place])
                step = abs(here) * mpf(10) ** -100
                steep = (along(here + step) - along(here - step)) / (2 * step)
                if math.isfinite(slope):
                    assert _close(slope, steep, _terms(result)), (point, name, slope, mp.nstr(steep, 20))
            right += 1
    assert right >= 3


def _holds(rewrite: Rewrite, numbers: dict[str, float]) -> bool:
    """Whether both sides are the same at a point, as the table says."""
    condition = read(rewrite.when or "1")
    return bool(run(condition, {name: numbers[name] for name in condition.inputs}).value == 1)


def _close(found: float, true: Any, terms: float) -> bool:
    """To 1e-12, or to a rounding of the terms that may cancel."""
    true = mp.re(true)
    return bool(abs(mpf(found) - true) <= mpf("1e-12") * abs(true) + mpf("1e-15") * mpf(terms) + mpf(5e-324))


def _terms(result: Run) -> float:
    """The largest of the gradients that add up."""
    return max([abs(float(slope)) for slope in result.gradients if slope is not None])


@pytest.mark.parametrize("rewrite", ARRAYS, ids=[rewrite.pattern for rewrite in ARRAYS])
@pytest.mark.parametrize("shape", [(3,), (2, 3)])
def test_a_rewrite_of_arrays_is_the_same_formula(rewrite: Rewrite, shape: tuple[int, ...]) -> None:
    """With an axis and without, for vectors and matrices, where both sides are ordinary numbers."""
    x = np.random.default_rng(3).uniform(0.5, 2.0, shape)
    for axis, keepdims in [(None, 0), (0, 1), (-1, 1), (0, 0)]:
        if "keepdims" not in rewrite.pattern and (axis is None) == ("axis" in rewrite.pattern):
            continue
        if ("@" in rewrite.pattern or "dot" in rewrite.pattern) and (axis is not None or len(shape) > 1):
            continue
        wanted = f", axis={axis}" + f", keepdims={keepdims}" * ("keepdims" in rewrite.pattern)
        text = rewrite.pattern.replace(", keepdims", "").replace(", axis", "" if axis is None else wanted)
        if axis == 0 and not keepdims and "/sum" in rewrite.pattern and len(shape) == 1:
            continue
        circuit = read(f"sum(({text})*2)")
        result = run(circuit, {"x": x})
        found = [
            match for match in matches(circuit, result.values, range(len(circuit.gates))) if match.rewrite is rewrite
        ]
        assert len(found) == 1, text
        after = run(applied(circuit, found[0]), {"x": x})
        assert after.value == pytest.approx(result.value, rel=1e-13)
        assert after.gradient["x"] == pytest.approx(result.gradient["x"], rel=1e-12)
        assert np.sum(2 * better(found[0], result.values)) == pytest.approx(result.value, rel=1e-13)


def test_no_pattern_is_deeper_than_one_looks() -> None:
    for rewrite in REWRITES:
        circuit, deep = pattern(rewrite.pattern), list[int]()
        for gate in circuit.gates:
            deep.append(1 + max([deep[source] for source in gate.inputs], default=-1))
        assert deep[circuit.output] < DEEP


def test_a_product_of_matrices_is_no_norm() -> None:
    circuit = read("sum(sqrt(X @ X))")
    values = run(circuit, {"X": [[1, 2], [3, 4]]}).values
    assert list(matches(circuit, values, range(4))) == []


CASES: list[tuple[str, dict[str, Any], str, str, float, float]] = [
    ("1/(1+exp(-x))", {"x": -1000}, "x", "sigmoid(x)", 0, 0),
    ("1/(1+exp(-x))", {"x": -740}, "x", "sigmoid(x)", math.exp(-740), math.exp(-740)),
    ("3/(exp(-(a*b)) + 1)", {"a": -100, "b": 9}, "b", "3*sigmoid(a*b)", 0, 0),
    ("L/(1+exp(-k*(x-c)))", {"L": 2, "k": 9, "x": -90, "c": 10}, "x", "L*sigmoid(k*(x - c))", 0, 0),
    ("1/(1+exp(-x/T))", {"T": 0.5, "x": -400}, "T", "sigmoid(x/T)", 0, 0),
    ("y/(1 + exp(x*z))", {"x": 800, "z": 2, "y": 1}, "x", "y*sigmoid(-(x*z))", 0, 0),
    ("log(1+exp(x))", {"x": 1000}, "x", "softplus(x)", 1000, 1),
    ("log(exp(2*x) + 1) - log(1 + exp(y))", {"x": 1000, "y": 900}, "x", "softplus(2*x) - softplus(y)", 1100, 2),
    ("log(sum(exp(v)))", {"v": [1000, 1]}, "v[0]", "logsumexp(v)", 1000, 1),
    ("sum(log(sum(exp(V), axis=1)))", {"V": [[1000, 1], [1, 2]]}, "V[0,0]", "sum(logsumexp(V, axis=1))", 1002.3132616875182, 1),
    ("sum(exp(v)/sum(exp(v))*w)", {"v": [1000, 1000], "w": [1, 3]}, "v", "sum(exp(v - logsumexp(v))*w)", 2, -0.5),
    ("sqrt(x^2+y^2)", {"x": 0, "y": 0}, "x", "hypot(x, y)", 0, 0),
    ("sqrt(x^2+y^2)", {"x": 3e200, "y": 4e200}, "x", "hypot(x, y)", 5e200, 0.6),
    ("sqrt(x*x+y*y)", {"x": 3e-200, "y": 4e-200}, "x", "hypot(x, y)", 5e-200, 0.6),
    ("(1-cos(x))/x^2", {"x": 0}, "x", "sinc(x/tau)^2/2", 0.5, 0),
    ("sin(x)/x", {"x": 0}, "x", "sinc(x/pi)", 1, 0),
    ("x*log(y)", {"x": 0, "y": 0}, "value", "xlogy(x, y)", 0, nan),
    ("log(exp(x)-1)", {"x": 1e-20}, "x", "", -46.051701859880914, 1e20),
    ("log(1 - sigmoid(x))", {"x": 800}, "x", "logsigmoid(-x)", -800, -1),
    ("log(1/(1+exp(-x)))", {"x": -800}, "x", "logsigmoid(x)", -800, 1),
    ("x^(1/3)", {"x": -8}, "x", "cbrt(x)", -2, 1 / 12),
    ("log(exp(a)+exp(b))", {"a": 800, "b": 800}, "a", "logaddexp(a, b)", 800 + math.log(2), 0.5),
    ("exp(x)/exp(y)", {"x": 800, "y": 799}, "x", "exp(x - y)", math.e, math.e),
    ("log(x*y)", {"x": 1e200, "y": 1e200}, "x", "log(x) + log(y)", 921.0340371976183, 1e-200),
    ("sqrt(x)^2", {"x": 0}, "x", "x", 0, 1),
    ("f(t) = 1/(1+exp(-t)); f(x)*2", {"x": -1000}, "x", "sigmoid(x)*2", 0, 0),
    ("g(t) = exp(t); f(t) = log(1 + g(t)); f(x) + f(y)", {"x": 1000, "y": 3}, "x", "", 1003.0485873515737, 1),
    ("σ = 1/(1+exp(-ξ)); σ*lambda", {"ξ": -1000, "lambda": 3}, "ξ", "σ = sigmoid(ξ)\nσ*lambda", 0, 0),
    ("x = -1000; q = 1/(1+exp(-x)); q^2 + q", {}, "x", "x = -1000\nq = sigmoid(x)\nq^2 + q", 0, 0),
    ("q = exp(x); log(1 + q)", {"x": 800}, "x", "softplus(x)", 800, 1),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "point", "name", "formula", "value", "gradient"), CASES, ids=[f"{c[0]} at {c[1]}" for c in CASES]
)
def test_a_better_formula_is_offered_and_gives_the_true_numbers(
    text: str, point: dict[str, Any], name: str, formula: str, value: float, gradient: float
) -> None:
    found = why(read(text, point), point, name)
    assert found.better is not None
    printed = rewritten(found.better)
    assert printed == formula or not formula
    again = run(read(printed, point), point)
    assert again.value == found.better.value == pytest.approx(value, rel=1e-14)
    if name != "value":
        slope = again.gradient[name.partition("[")[0]]
        assert pick(slope, found.place) == found.better.gradient == pytest.approx(gradient, rel=1e-14)


@pytest.mark.parametrize(
    ("text", "point"),
    [("log(x)", {"x": -1}), ("1/x", {"x": 0}), ("sqrt(x)", {"x": 0}), ("x/x", {"x": 0}), ("x*log(y)", {"x": 0, "y": 0}),
     ("1/(1+exp(-x)) + log(y)", {"x": -1000, "y": -1}), ("sqrt(x)^2", {"x": -1}), ("log(x*y)", {"x": -1e200, "y": -1e200}),
     ("log(1 + exp(x*y))", {"x": inf, "y": 1})],
)  # fmt: skip
def test_nothing_is_offered_that_does_not_help(text: str, point: dict[str, float]) -> None:
    assert why(read(text), point, "x").better is None


def test_a_wire_that_no_better_formula_has_keeps_its_own() -> None:
    """The better formula has no q any more, so it is none for q; one beside which it stays is."""
    found = why(read("q = exp(x); log(1 + q)"), {"x": 800}, "q")
    assert (found.number, found.better) == (inf, None)
    found = why(read("q = exp(x); log(1 + exp(y)) + q"), {"x": 1, "y": 800}, "value")
    assert found.better is not None
    assert rewritten(found.better) == "q = exp(x)\nsoftplus(y) + q"


def test_as_many_changes_are_tried_as_are_worth_the_while() -> None:
    for places, some in ((20, True), (30, False)):
        text = " + ".join(f"log(1 + exp(x + {place}))" for place in range(places))
        better_ = why(read(text), {"x": 800}, "x").better
        assert (better_ is not None) == some
        if better_ is not None:
            assert (len(better_.changes), better_.gradient) == (places, places)


def test_settings_of_one_name_are_the_same_in_a_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    both = Rewrite("sum(x, axis, keepdims) - sum(y, axis, keepdims)", "sum(x - y, axis, keepdims)")
    monkeypatch.setattr("exprgrad.diagnosis.rewriting._by_gate", lambda: {"sub": [both]})
    for other, count in ((0, 1), (1, 0)):
        circuit = read(f"sum(sum(a, axis=0) - sum(b, axis={other}))")
        values = run(circuit, {"a": np.ones((2, 2)), "b": np.ones((2, 2))}).values
        assert len(list(matches(circuit, values, range(len(circuit.gates))))) == count


LOST: list[tuple[str, dict[str, Any], str, str | None, Callable[..., Any] | None]] = [
    ("(1-cos(x))/x^2", {"x": 1e-9}, "x", "sinc(x/tau)^2/2", lambda x: (1 - mp.cos(x)) / x**2),
    ("(1-cos(x))/x^2", {"x": 1e-5}, "value", "sinc(x/tau)^2/2", lambda x: (1 - mp.cos(x)) / x**2),
    ("exp(x)-1", {"x": 1e-12}, "value", "expm1(x)", lambda x: mp.exp(x) - 1),
    ("log(1+x)*3", {"x": 1e-20}, "value", "log1p(x)*3", lambda x: 3 * mp.log(1 + x)),
    ("exp(x)-2+exp(-x)", {"x": 1e-7}, "value", "4*sinh(x/2)^2", lambda x: mp.exp(x) - 2 + mp.exp(-x)),
    ("sqrt(x+1)-sqrt(x)", {"x": 1e15}, "value", "", lambda x: mp.sqrt(x + 1) - mp.sqrt(x)),
    ("1/(x+1)-1/x", {"x": 1e12}, "value", "v1 = x + 1\n(x - v1)/(v1*x)", lambda x: 1 / (x + 1) - 1 / x),
    ("tan(x+y)-tan(x)", {"x": 1, "y": 1e-12}, "value", None, lambda x, y: mp.tan(x + y) - mp.tan(x)),
    ("(-b+sqrt(b^2-4*a*c))/(2*a)", {"a": 1, "b": 1e9, "c": 1}, "value", "-2*c/(b + sqrt(b^2 - 4*a*c))",
     lambda a, b, c: (-b + mp.sqrt(b**2 - 4 * a * c)) / (2 * a)),
    ("(-b-sqrt(b^2-4*a*c))/(2*a)", {"a": 1, "b": -1e9, "c": 1}, "value", "2*c/(-b + sqrt(b^2 - 4*a*c))",
     lambda a, b, c: (-b - mp.sqrt(b**2 - 4 * a * c)) / (2 * a)),
    ("f(t) = 1 - cos(t); f(x)/x", {"x": 1e-8}, "x", "2*sin(x/2)^2/x", lambda x: (1 - mp.cos(x)) / x),
    ("sum((1-cos(v))/v^2)", {"v": [1e-9, 1.0]}, "v[0]", "sum(sinc(v/tau)^2/2)", None),
    ("sqrt(x+1)-sqrt(x)", {"x": 1e15}, "x", None, lambda x: mp.sqrt(x + 1) - mp.sqrt(x)),
    ("x^2+1/x", {"x": 0.793700525984}, "x", None, lambda x: x**2 + 1 / x),  # lost on the way back
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "point", "name", "formula", "true"), LOST, ids=[f"{c[2]} of {c[0]} at {c[1]}" for c in LOST]
)
def test_a_number_that_was_rounded_away_is_told_with_the_true_one(
    text: str, point: dict[str, Any], name: str, formula: str | None, true: Callable[..., Any] | None
) -> None:
    """``formula`` is None where no rewrite helps, "" where any will do; the oracle is mpmath's own derivative."""
    found = why(read(text, point), point, name)
    assert found.kind == "rounded"
    assert found.rounded is not None
    assert (found.better is None) == (formula is None)
    if found.better is not None and formula:
        assert rewritten(found.better) == formula
    with mp.workdps(200):
        if true is None:
            number = mp.diff(lambda x: (1 - mp.cos(x)) / x**2, mpf(1e-9))
        elif name == "value":
            number = true(*map(mpf, point.values()))
        else:
            number = mp.diff(true, mpf(point[name]))
        assert abs(mpf(found.rounded.figure.true) / number - 1) < mpf("1e-16")
        if found.better is not None:
            better = found.better.value if name == "value" else found.better.gradient
            assert better is not None
            assert abs(mpf(cast("float", better)) / number - 1) < 1e-9


def test_rounding_is_told_only_where_it_is_known() -> None:
    assert why(read("x + 1"), {"x": 2}, "x").rounded is None
    assert why(read("sin(x)^2 + cos(x)^2 - 1"), {"x": 0.7}, "value").rounded is None  # 0, as far as one can tell
    assert why(read("q = exp(x); q - 1"), {"x": 1e-9}, "q").rounded is None  # a named wire's gradient
    long = "+".join(f"sin({k}*x)" for k in range(3000)) + " + exp(y) - 1"
    assert why(read(long), {"x": 0, "y": 1e-12}, "value").rounded is None
    found = why(read("y*(exp(x) - 1)"), {"x": 1e-12, "y": 0}, "y")  # the gradient of x is 0, that of y rounded
    assert found.kind == "rounded"
    assert why(read("y*(exp(x) - 1)"), {"x": 1e-12, "y": 0}, "x").rounded is None


@pytest.mark.parametrize(
    ("text", "point", "name", "kind", "place"),
    [
        ("x*1e308 + x*1e308", {"x": 1}, "x", "sum", "x"), ("(x*1e200)*1e200", {"x": 1e-300}, "x", "overflow", "x*1e200"),
        ("(a @ b)*1e200", {"a": [1e-200, 0], "b": [1e200, 1e200]}, "a[0]", "local", "a @ b"),
        ("sqrt(x)*y", {"x": 0, "y": 1}, "x", "local", "sqrt(x)"), ("y*exp(x)", {"x": 1000, "y": 1}, "x", "value", "exp(x)"),
    ],
)  # fmt: skip
def test_every_infinity_has_its_cause(text: str, point: dict[str, Any], name: str, kind: str, place: str) -> None:
    found = why(read(text), point, name)
    (cause,) = found.causes
    assert (found.number, cause.kind, found.run.circuit.piece(cause.wire)) == (inf, kind, place)
    checked(found)


ZEROS: list[tuple[str, dict[str, Any], str, list[str], list[str]]] = [
    ("relu(x)", {"x": -1}, "x", ["unselected"], ["relu(x)"]),
    ("relu(x)", {"x": 0}, "x", ["unselected"], ["relu(x)"]),
    ("y*relu(3*x)", {"x": -1, "y": 2}, "x", ["unselected"], ["relu(3*x)"]),
    ("sigmoid(x)", {"x": -800}, "x", ["saturated"], ["sigmoid(x)"]),
    ("sigmoid(x)", {"x": 800}, "x", ["saturated"], ["sigmoid(x)"]),
    ("2*tanh(x) + erf(x)", {"x": 400}, "x", ["saturated", "saturated"], ["tanh(x)", "erf(x)"]),
    ("exp(x)", {"x": -800}, "x", ["saturated"], ["exp(x)"]),
    ("floor(x)", {"x": 1.5}, "x", ["flat"], ["floor(x)"]),
    ("round(x)*sign(x)", {"x": 1.2}, "x", ["flat", "flat"], ["round(x)", "sign(x)"]),
    ("where(x > 0, 2, 3)", {"x": 1}, "x", ["condition"], ["x > 0"]),
    ("where(y > 0, x, 3)", {"x": 1, "y": -1}, "x", ["unselected"], ["where(y > 0, x, 3)"]),
    ("where(0, x, 3)", {"x": 1}, "x", ["unselected"], ["where(0, x, 3)"]),
    ("max(x, y)", {"x": 1, "y": 2}, "x", ["unselected"], ["max(x, y)"]),
    ("min(x, y)", {"x": 3, "y": 2}, "x", ["unselected"], ["min(x, y)"]),
    ("clip(x, 0, 1)", {"x": 3}, "x", ["unselected"], ["clip(x, 0, 1)"]),
    ("x = 1; y = 2; x", {}, "y", ["unused"], ["y"]),
    ("x*y", {"x": 1, "y": 0}, "x", ["factor"], ["x*y"]),
    ("x/y", {"x": 0, "y": 2}, "y", ["factor"], ["x/y"]),
    ("x/y", {"x": 1, "y": inf}, "x", ["value"], ["y"]),
    ("y/(1 + exp(x))", {"x": 800, "y": 1}, "y", ["value"], ["exp(x)"]),
    ("x^y", {"x": 3, "y": 0}, "x", ["factor"], ["x^y"]),
    ("cos(x)", {"x": 0}, "x", ["level"], ["cos(x)"]),
    ("(x - 1)^2", {"x": 1}, "x", ["level"], ["(x - 1)^2"]),
    ("abs(x)", {"x": 0}, "x", ["level"], ["abs(x)"]),
    ("x - x", {"x": 1}, "x", ["cancel"], ["x"]),
    ("x*y - y*x", {"x": 1, "y": 2}, "y", ["cancel"], ["y"]),
    ("1e-200*(1e-200*x)", {"x": 1}, "x", ["underflow"], ["1e-200*x"]),
    ("v[0]*v[1]", {"v": [1, 2, 3]}, "v[2]", ["unselected", "unselected"], ["v[1]", "v[0]"]),
    ("max(v)", {"v": [1, 5, 2]}, "v[0]", ["unselected"], ["max(v)"]),
    ("sum(relu(v))", {"v": [1, -5, 2]}, "v[1]", ["unselected"], ["relu(v)"]),
    ("sum(v*w)", {"v": [1, 2], "w": [3, 0]}, "v", ["factor"], ["v*w"]),
    ("q = x > 0; q*y", {"x": 1, "y": 2}, "q", ["condition"], ["x > 0"]),
    ("f(t) = relu(t)*2; f(x)", {"x": -1}, "x", ["unselected"], ["relu(t)"]),
    ("gelu_tanh(x)", {"x": -100}, "x", ["saturated"], ["gelu_tanh(x)"]),
    ("floor(x + 2*x)", {"x": 1.3}, "x", ["flat"], ["floor(x + 2*x)"]),  # on two ways to one gate
    ("x//x", {"x": 2}, "x", ["flat"], ["x//x"]),  # twice into one gate
    ("prod([x, y, z])", {"x": 1, "y": 0, "z": 0}, "x", ["level"], ["prod([x, y, z])"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "point", "name", "kinds", "pieces"), ZEROS, ids=[f"{c[0]} at {c[1]}" for c in ZEROS])
def test_every_zero_has_its_cause(
    text: str, point: dict[str, Any], name: str, kinds: list[str], pieces: list[str]
) -> None:
    found = why(read(text), point, name)
    assert found.kind == "zero"
    assert [cause.kind for cause in found.causes] == kinds
    assert sorted(found.run.circuit.piece(cause.wire) for cause in found.causes) == sorted(pieces)
    checked(found)


def test_an_upstream_gradient_may_be_the_cause() -> None:
    assert [one.kind for one in why(read("2*x"), {"x": 1}, "x", 0).causes] == ["upstream"]
    assert [one.kind for one in why(read("2*x"), {"x": 1}, "x", inf).causes] == ["upstream"]
    assert why(read("2*x"), {"x": [1, 2]}, "x", [1, 0]).place == (1,)


def checked(found: Why) -> None:
    """What is claimed holds in the run: the first one is the first, and each link hands on what it says."""
    result = found.run
    gates = result.circuit.gates
    if found.kind in ("nan", "inf"):
        [cause] = found.causes
        if cause.kind == "value":
            first = found.ahead[0]
            assert first.wire == cause.wire
            assert not math.isfinite(first.value)
            reads = [pick(result.values[source], first.place) for source in gates[first.wire].inputs]
            assert all(map(math.isfinite, _chosen(result, first.wire, reads)))
        for link in found.ahead:
            assert not math.isfinite(link.value)
    if found.kind == "ordinary":
        assert found.causes == []
    for before, link in zip(found.back, found.back[1:], strict=False):
        assert (before.source, before.spot) == (link.wire, link.place)
        assert _same(before.hands, link.arrives) or len(_readers(result, link.wire)) > 1 or result.arrays
    if found.back and found.causes[:1] and found.causes[0].kind not in ("cancel", "unused", "sum"):
        assert found.back[-1].source == found.wire
    for link in found.back:
        if link.local is not None and not result.arrays:
            assert _same(link.hands, link.arrives * link.local) or (
                link.hands == 0 and math.isnan(link.arrives * link.local)
            )


def _chosen(result: Run, wire: int, reads: list[float]) -> list[float]:
    """What a gate reads, without the branch of a where that is not taken."""
    gate = result.circuit.gates[wire]
    return [reads[1] if reads[0] else reads[2]] if gate.op.name == "where" else reads


def _readers(result: Run, wire: int) -> list[int]:
    return [reader for reader, gate in enumerate(result.circuit.gates) for source in gate.inputs if source == wire]


def _same(a: float, b: float) -> bool:
    return a == b or (a != a and b != b)


WILD = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 1000.0, -1000.0, 1e200, -1e200, 1e-200, inf, -inf, nan]),
    st.integers(-12, 12).map(lambda k: k / 4),
)
KINKED: st.SearchStrategy[Callable[[str], str]] = st.sampled_from(
    ["{}", "relu({})", "log({})", "sqrt({})", "max({}, x)", "where({} > 0, y, {})", "floor({})", "1/(1 + exp(-({})))",
     "f(t) = log(1 + exp(t)); f({}) + 1", "abs({})*clip(y, 0, 1)", "({})^0.5", "({})/({})", "exp({}) - exp(y)"]
).map(lambda text: lambda inner: text.replace("{}", inner))  # fmt: skip


@relaxed
@given(FORMULAS, KINKED, st.fixed_dictionaries(dict.fromkeys(VARIABLES, WILD)))
def test_whatever_the_formula_what_is_claimed_holds(
    drawn: Both, around: Callable[[str], str], numbers: dict[str, float]
) -> None:
    circuit = read(around(drawn[0]))
    point = {name: numbers[name] for name in circuit.inputs}
    for name in [*point, "value"]:
        found = why(circuit, point, name)
        before = run(expanded(circuit), point)
        assert _same(found.number, before.value if found.of_value and name == "value" else found.number)
        if not found.of_value:
            assert _same(found.number, before.gradient[name])
        checked(found)
        for line in cells(found, Style()):
            assert len(line) == 4
        if found.better is not None:
            printed = rewritten(found.better)
            again = run(read(printed), point)
            assert math.isfinite(again.value)
            if not found.of_value:
                assert math.isfinite(again.gradient[name])


@relaxed
@given(FORMULAS, KINKED, st.fixed_dictionaries(dict.fromkeys(VARIABLES, WILD)))
def test_expanding_composite_gates_changes_nothing(
    drawn: Both, around: Callable[[str], str], numbers: dict[str, float]
) -> None:
    circuit = read(f"h(t) = t*t + 1; {around(drawn[0])} + h(x)" if "f(t)" not in around("") else around(drawn[0]))
    point = {name: numbers[name] for name in circuit.inputs}
    before, after = run(circuit, point), run(expanded(circuit), point)
    assert _same(before.value, after.value)
    assert all(_same(before.gradient[name], after.gradient[name]) or _tiny(before, after, name) for name in point)


def _tiny(before: Run, after: Run, name: str) -> bool:
    return math.isclose(before.gradient[name], after.gradient[name], rel_tol=1e-12)


def test_arrays_are_followed_element_by_element() -> None:
    found = why(read("log(sum(exp(W @ x + b)))"), {"W": [[1, 2], [300, 400]], "x": [1, 2], "b": [0, 0]}, "x")
    assert (found.kind, found.place) == ("nan", (0,))
    assert found.ahead[0].place == (1,)
    assert found.run.circuit.gates[found.ahead[0].wire].op.name == "exp"
    assert rewritten(found.better) == "logsumexp(W @ x + b)" if found.better else None
    spread = why(read("sum(exp(v)*s)"), {"v": [1, 1000, 2], "s": 2}, "s")
    assert (spread.kind, spread.ahead[0].place) == ("inf", (1,))


def test_the_way_of_an_ordinary_gradient_is_the_one_that_most_comes_by() -> None:
    found = why(read("x*2 + x*100 + sin(x)"), {"x": 1}, "x")
    assert found.kind == "ordinary"
    assert [found.run.circuit.piece(link.wire) for link in found.back][-1] == "x*100"


def test_long_formulas_take_no_longer_than_they_must() -> None:
    text = "+".join(f"sin({k}*x)" for k in range(10_000)) + " + 1/(1 + exp(-x*1000))"
    circuit = read(text)
    start = time.perf_counter()
    found = why(circuit, {"x": -1}, "x")
    assert found.better is not None
    assert time.perf_counter() - start < 30
    deep = read(
        "q = x" + "".join(f"; q{k} = {'q' if not k else f'q{k - 1}'}*1.0001" for k in range(5000)) + "; exp(q4999*2000)"
    )
    found = why(deep, {"x": 1}, "x")
    assert len(found.back) > 5000
    assert len(list(cells(found, Style()))) == 25


@pytest.mark.parametrize(
    ("text", "point", "name", "at"),
    [("max(x, y)", {"x": 1, "y": 4}, "x", 4), ("max(x, y)", {"x": 1, "y": 4}, "y", 1), ("abs(2*x - 3)", {"x": 0}, "x", 1.5),
     ("clip(x, 0, 1) + relu(x - 5)", {"x": 3}, "x", 1), ("where(3*x > 6, x, 1)", {"x": 1}, "x", 2), ("relu(x)", {"x": 0}, "x", 0),
     ("f(t) = abs(t - 1); f(2*x)", {"x": 2}, "x", 0.5), ("leaky_relu(x, 1) + elu(x - 1, 2)", {"x": 0.25}, "x", 1)],
)  # fmt: skip
def test_the_nearest_kink_of_straight_lines_is_where_it_is_said_to_be(
    text: str, point: dict[str, float], name: str, at: float
) -> None:
    found = margin(why(read(text), point, name).run, name)
    assert found is not None
    assert (found.at, found.distance) == (at, abs(at - point[name]))
    there = why(read(text), {**point, name: at}, name).run
    onto = margin(there, name)
    assert onto is not None
    assert onto.distance == 0


def test_the_nearest_kink_is_found_to_first_order() -> None:
    for x in (2.01, 1.999, -2.001):
        found = margin(run(read("where(x^2 > 4, x, 1)"), {"x": x}), "x")
        assert found is not None
        assert found.at == pytest.approx(math.copysign(2, x), abs=(abs(x) - 2) ** 2)


def test_of_too_many_kinks_none_is_called_the_nearest() -> None:
    """Each is a run of the whole formula: 10 are few, 300 of 900 gates are too many."""
    for kinks in (10, 300):
        text = " + ".join(f"abs(x - {kink})" for kink in range(1, kinks + 1))
        found = margin(run(read(text), {"x": 0.25}), "x")
        assert found is None if kinks == 300 else found and found.at == 1


@pytest.mark.parametrize("text", ["x", "floor(x)", "hypot(x, y)", "max(y, 2)*x", "x*where(1 > 2, x, 1)"])
def test_there_may_be_no_kink_at_all(text: str) -> None:
    assert margin(run(read(text), dict.fromkeys(read(text).inputs, 0.5)), "x") is None


def test_other_names_are_refused() -> None:
    for name, message in [
        ("y", "is no variable"),
        ("x[0]", "has no element"),
        ("q[1]", "has no element"),
        ("", "is no variable"),
    ]:
        with pytest.raises(UsageError, match=message):
            why(read("q = 2*x"), {"x": 1}, name)
    with pytest.raises(UsageError, match="has no elements"):
        why(read("sum(x)"), {"x": np.zeros((0, 2))}, "x")


def test_a_wire_called_value_is_that_wire() -> None:
    assert why(read("value = 2*x; value + 1"), {"x": 1}, "value").number == 1
    assert why(read("value*x"), {"x": 1, "value": inf}, "value").of_value


def test_the_command_answers_in_eighty_columns() -> None:
    done = exprgrad("1/(1 + exp(-x))", "-x", "-1000", "--why", "x", env={"COLUMNS": "80"})
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.startswith("the gradient of x is nan\n\ncause: exp(-x) is inf\n")
    assert "-0 × inf = nan" in done.stdout
    assert "\n  sigmoid(x)\n" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize("columns", ["80", "100"])
@pytest.mark.parametrize(
    ("formula", "point", "name"),
    [
        ("clip(x*1.7e-200,-1.1e100,2e99)*max(y*1.23e-100,z*3.21e-200)", {"x": 1.23456789e-66, "y": 1.1e-7, "z": 2.2222222e-7}, "y"),
        ("gamma(a*1.23456 + b/7.7777)^1.25*a", {"a": 1.111111, "b": 2.22222e1}, "a"), ("exp(-1.2345678e-5*x)^1.5", {"x": -1.2345678e5}, "x"),
        ("(w*1.2345678e150 - x*1.2345678e150)^2*exp(w)", {"w": -1.23456789, "x": 1.7654321}, "w"),
        ("logaddexp(a_long_name_of_a_variable*3, log1p(y))^1.2", {"a_long_name_of_a_variable": 1.234567e-7, "y": 9.0}, "a_long_name_of_a_variable"),
        ("日本語の変数*sin(日本語の変数*1.23456e-7)", {"日本語の変数": 1.23456e-9}, "日本語の変数"), ("x*y", {"x": 1.0, "y": 2.0}, "x"),
    ],
)  # fmt: skip
def test_its_table_fits_and_its_numbers_stay_whole(
    formula: str, point: dict[str, float], name: str, columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    found = why(read(formula), point, name)
    drawn = draw(show(found, None, Style()), False, Style())
    lines = [line for line in drawn if line.startswith(("╭", "│", "├", "╰"))]
    assert len(lines) > 4
    assert max(map(cell_len, lines)) <= int(columns)
    said = " ".join([line.split("│")[3].strip() for line in lines if line.startswith("│")])
    for _, _, happens, _ in cells(found, Style()):
        assert happens in said


def test_the_better_formula_alone_can_be_piped_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["log(1+exp(x))*y", "-x", "1000", "-y", "2", "--why", "x", "--to", "formula"]) == 0
    formula = capsys.readouterr().out
    assert main([formula, "-x", "1000", "-y", "2", "--to", "jsonl"]) == 0
    assert json.loads(capsys.readouterr().out) == {"x": 1000, "y": 2, "value": 2000, "grad": {"x": 2, "y": 1000}}


def test_the_warning_points_to_the_question(capsys: pytest.CaptureFixture[str]) -> None:
    main(["log(sum(exp(v)))", "-v", "[1, 1000]", "--to", "csv"])
    assert capsys.readouterr().err.endswith("\n  = exprgrad --why v shows what follows from it\n")
    main(["1/0 + x", "-x", "1", "--wrt", "x", "--to", "csv"])
    assert capsys.readouterr().err.endswith("\n  = exprgrad --why value shows what follows from it\n")
    for finite in (["relu(x)", "-x", "-1"], ["atan(1/x) + y", "-x", "0", "-y", "1", "--wrt", "y"]):
        main([*finite, "--to", "csv"])
        assert "--why" not in capsys.readouterr().err


def test_text_of_the_user_is_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    main(["[x, y][0]*log(0*x) # [red]", "-x", "1", "-y", "2", "--why", "x"])
    assert "[x, y][0]" in capsys.readouterr().out
    main(["log(x)", "-x", "0", "--why", "x", "--to", "markdown"])
    assert "| `backward` | `log(x)` |" in capsys.readouterr().out
    main(["log(1 + exp(x))", "-x", "800", "--why", "x", "--to", "markdown"])
    assert "\n```\ninstead: softplus(x) for log(1 + exp(x))\n" in capsys.readouterr().out
    main(["3*x", "-x", "2", "--why", "value", "--to", "markdown"])  # no gate has a part in it, so there is no table
    assert capsys.readouterr().out == "the value is 6, an ordinary number\n"


def test_nothing_makes_it_fail_but_what_fails_the_run() -> None:
    """The samples of the fuzzers: names, constants as output, an input as output, one gate."""
    given_: list[tuple[str, dict[str, Any], str]] = [("3", {}, "value"), ("x", {"x": 1}, "x"), ("x = 5", {}, "x"), ("x*nan", {"x": 1}, "x"),
                              ("lambda + v1 + d_x", {"lambda": 1, "v1": 2, "d_x": nan}, "d_x"), ("inf*x - inf", {"x": 1}, "x"),
                              ("x % 0", {"x": 1}, "x"), ("[x, 1/0]@[1, 0]", {"x": 1}, "x"), ("gamma(x)", {"x": -1}, "x")]  # fmt: skip
    for text, point, name in given_:
        checked(why(read(text), point, name))
    with pytest.raises(ExprgradError, match="a gradient needs one number"):
        why(read("[x, 1]"), {"x": 1}, "x")


def test_patterns_are_found_whatever_stands_for_their_inputs() -> None:
    circuit = read("a = p*q; log(exp(a + 1) + exp(r^2)) + exp(a*1)/(exp(a*1) + 1)")
    values = forward(circuit.gates, dict.fromkeys(circuit.inputs.values(), 1.5))
    found = {match.rewrite.formula for match in matches(circuit, values, range(len(circuit.gates)))}
    assert {"logaddexp(x, y)", "sigmoid(x)"} <= found
    assert "exp(a + 1)" in write(circuit, full=False)
