"""Kinks and singular points, exactly as language.md tables them."""

from __future__ import annotations

import math

import pytest
from mpmath import mp, mpc, mpf

from conftest import ROWS
from exprgrad.calculus.hessian import hessian
from exprgrad.chain import backward, tangent
from exprgrad.circuit import Circuit
from exprgrad.diagnosis.notes import notes
from exprgrad.gates import Row
from exprgrad.language.read import read
from exprgrad.run import run
from oracle import definition

inf, nan = math.inf, math.nan

TABLE = [
    ("abs(x)", [0], 0, [0]),
    ("relu(x)", [0], 0, [0]),
    ("max(x, y)", [2, 2], 2, [0.5, 0.5]),
    ("min(x, y)", [2, 2], 2, [0.5, 0.5]),
    ("clip(x, 0, 1)", [0], 0, [0]),
    ("clip(x, 0, 1)", [1], 1, [0]),
    ("sqrt(x)", [0], 0, [inf]),
    ("log(x)", [0], -inf, [inf]),
    ("asin(x)", [1], math.pi / 2, [inf]),
    ("log(x)", [-1], nan, [nan]),
    ("sqrt(x)", [-1], nan, [nan]),
    ("x/y", [0, 0], nan, [nan, nan]),
    ("x/x", [0], nan, [nan]),
    ("x - x", [inf], nan, [nan]),
    ("fma(x, x, y)", [1e200, -inf], -inf, [2e200, 1]),
    ("fma(x, y, 1)", [inf, 0], nan, [nan, nan]),
    ("0*x", [inf], nan, [nan]),
    ("max(x, x)", [3], 3, [1]),
    ("x^y", [0, 0], 1, [0, -inf]),
    ("0^y", [2], 0, [0]),
    ("x^y", [0, 0.5], 0, [inf, 0]),
    ("x^y", [0, 2], 0, [0, 0]),
    ("x^y", [0, 0.3], 0, [inf, 0]),
    ("x^y", [inf, 0.3], inf, [0, inf]),
    ("x^y", [inf, -1.3], 0, [0, nan]),
    ("x^0.3", [0], 0, [inf]),
    ("x^-1.3", [-0.0], inf, [-inf]),
    ("x^x", [0], 1, [-inf]),
    ("x^y", [0, -1], inf, [-inf, -inf]),
    ("x^y", [-2, 3], -8, [12, nan]),
    ("x^2", [-1.5], 2.25, [-3]),
    ("x^3", [-1.5], -3.375, [6.75]),
    ("x^2", [0], 0, [0]),
    ("x^0", [0], 1, [0]),
    ("x^(1/3)", [-8], nan, [nan]),
    ("xlogy(x, y)", [0, 0], 0, [-inf, 0]),
    ("xlogy(x, y)", [0, -1], 0, [nan, 0]),
    ("xlogy(x, x)", [0], 0, [-inf]),
    ("xlogy(x, x/y)", [0, 2], 0, [-inf, 0]),
    ("xlog1py(x, y)", [0, -1], 0, [-inf, 0]),
    ("logaddexp(x, y)", [-inf, 1], 1, [0, 1]),
    ("logaddexp(x, y)", [inf, -inf], inf, [1, 0]),
    ("logaddexp(x, y)", [1e308, -1e308], 1e308, [1, 0]),
    ("hypot(x, y)", [0, 0], 0, [0, 0]),
    ("atan2(x, y)", [0, 0], 0, [nan, nan]),
    ("where(x>0, sqrt(x), 0)", [0], 0, [0]),
    ("where(x>0, sqrt(x), 0)", [-1], 0, [0]),
    ("1/(1+exp(-x))", [-1000], 0, [nan]),
    ("sigmoid(x)", [-1000], 0, [0]),
    ("softplus(x)", [25], 25.000000000013888, [0.9999999999861121]),
    ("sqrt(x)^2", [0], 0, [nan]),
    ("floor(x)", [2.5], 2, [0]),
    ("round(x)", [2.5], 2, [0]),
    ("sign(x)", [3], 1, [0]),
    ("heaviside(x, y)", [0, 0.25], 0.25, [0, 1]),
    ("heaviside(x, y)", [2, 0.25], 1, [0, 0]),
    ("x % y", [-5.5, 2], 0.5, [1, 3]),
    ("x % y", [5.5, 2], 1.5, [1, -2]),
    ("leaky_relu(x)", [0], 0, [0.01]),
    ("relu6(x)", [6], 6, [0]),
    ("hardtanh(x)", [1], 1, [0]),
    ("cbrt(x)", [-8], -2, [1 / 12]),
    ("log1p(x)", [-1], -inf, [inf]),
    ("1/x", [0], inf, [-inf]),
    ("1/x", [-0.0], -inf, [-inf]),
    ("acosh(x)", [1], 0, [inf]),
    ("atanh(x)", [1], inf, [inf]),
    ("copysign(x, y)", [0, 1], 0, [0, 0]),
    ("x*log(x)", [0], nan, [nan]),
    ("0*sqrt(x)", [0], 0, [nan]),
    ("max(x, y)", [nan, 1], nan, [nan, nan]),
    ("gamma(x)", [5], 24, [36.14682404236321]),
    ("erf(x)", [0], 0, [1.1283791670955126]),
    ("beta(x, y)", [-0.5, 1], -2, [-4, -4 * math.log(2)]),
    ("beta(x, y)", [1, -0.5], -2, [-4 * math.log(2), -4]),
    ("beta(x, y)", [-0.5, 0.5], 0, [-2 * math.pi, -2 * math.pi]),
    ("beta(x, y)", [1.5, -2.5], 0, [4 * math.pi / 15, 4 * math.pi / 15]),
    ("beta(x, y)", [-0.25, -0.75], 0, [-23.695375670177953, -23.695375670177953]),
    ("1/sinpi(x)", [1], inf, [inf]),
    ("1/sinpi(x)", [-1], -inf, [inf]),
    ("1/cospi(x)", [-1.5], inf, [inf]),
]


@pytest.mark.parametrize(("text", "at", "value", "gradient"), TABLE, ids=[f"{row[0]} at {row[1]}" for row in TABLE])
@pytest.mark.rule(21)
def test_table(text: str, at: list[float], value: float, gradient: list[float]) -> None:
    point = dict(zip(("x", "y") if "x" in text else ("y",), at, strict=False))
    result = run(read(text), point)
    assert result.value == pytest.approx(value, rel=4e-16, nan_ok=True)
    assert list(result.gradient.values()) == pytest.approx(gradient, rel=4e-16, abs=0, nan_ok=True)


def test_beta_has_second_derivatives_at_its_roots() -> None:
    """Where the quotient of a book is 0 times infinity."""
    for a, b in ((-0.5, 0.5), (1.5, -2.5), (0.3, -0.3)):
        found = hessian(read("beta(a, b)"), {"a": a, "b": b})[1]
        with mp.workdps(40):
            true = [mp.diff(lambda a, b: mp.gamma(a) * mp.gamma(b) * mp.rgamma(a + b), (mpf(a), mpf(b)), orders)
                    for orders in ((2, 0), (1, 1), (0, 2))]  # fmt: skip
        assert [found["a"]["a"], found["a"]["b"], found["b"]["b"]] == pytest.approx(list(map(float, true)), rel=1e-14)


def test_odd_gates_are_odd_at_zero() -> None:
    """Of the two zeros, which only float64 has, each has the other one's value with the other sign."""
    rows = [row for row in ROWS if not row.whole and len(row.inputs) - len(row.defaults) == 1 and row.name != "not"]
    odd = [row.name for row in rows if one(row, -0.3) == -one(row, 0.3) != 0]
    assert {"neg", "reciprocal", "sin", "atan", "acot", "erf", "erfinv"} <= set(odd)
    for name in odd:
        values = [run(read(f"{name}(x)"), {"x": x}).value for x in (0.0, -0.0)]
        assert repr(values[1]) == repr(-values[0]), name


def one(row: Row, x: float) -> float:
    """A gate of one number by its definition; NaN where that is not real."""
    found = definition(row)(mpf(x), *map(mpf, row.defaults))
    return nan if isinstance(found, mpc) else float(found)


def second(text: str, name: str, **point: float) -> float:
    """The second derivative by one input."""
    circuit = read(text)
    first = backward(circuit)
    wire = first.gradient[circuit.inputs[name]]
    assert wire is not None
    found: float = run(Circuit(first.circuit.gates, first.circuit.names, wire), point, [name]).gradient[name]
    return found


@pytest.mark.parametrize(
    ("text", "x", "expected"),
    [
        ("where(x>0, sqrt(x), 0)", 0, 0), ("where(x>0, sqrt(x), 0)", -1, 0), ("where(x>0, log(x), x^2)", -3, 2),
        ("max(sqrt(x), 1)", 0, 0), ("min(sqrt(x), -1)", 0, 0), ("clip(sqrt(x), 1, 2)", 0, 0), ("relu(sqrt(x) - 1)", 0, 0),
        ("relu6(sqrt(x) - 1)", 0, 0), ("where(x>0, where(x>0, 1/x, 0), 0)", 0, 0), ("x^3", 0, 0), ("x^2", 0, 2),
        ("x^3", -2, -12), ("x*abs(x)", -3, -2), ("exp(x)*x", 0, 2),
    ],
)  # fmt: skip
def test_unselected_branches_are_structural_zeros_in_the_second_order_too(text: str, x: float, expected: float) -> None:
    assert second(text, "x", x=x) == expected


@pytest.mark.parametrize(
    "text", ["max(sqrt(x), 1)", "min(1/x, 1)", "clip(sqrt(x), 1, 2)", "relu(-sqrt(x)-1)", "where(x > 1, log(x), 2)",
             "elu(1, sqrt(x))", "leaky_relu(1, sqrt(x))"],
)  # fmt: skip
def test_unselected_branches_are_structural_zeros(text: str) -> None:
    """An infinite local gradient below an unselected branch does no harm, and is not reported."""
    result = run(read(text), {"x": 0})
    assert result.gradient == {"x": 0}
    assert not [note for note in notes(result) if not note.finite]


@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("g(t) = relu(t); g(sqrt(x)) + 0", 0), ("g(c, t) = where(c > 0, t, 0); g(x, sqrt(x)) + 0", 0),
        ("g(c, t) = where(c > 0, t, 0); g(x, log(x)) + 0", -1), ("g(t) = max(t, 1); h(t) = g(sqrt(t)); h(x) + 0", 0),
        ("g(t) = clip(t, 1, 2); g(g(sqrt(x))) + 0", 0),
    ],
)  # fmt: skip
def test_structural_zeros_pass_through_composite_gates(text: str, x: float) -> None:
    """A composite gate whose body selects a branch hands its guard on, in both modes and orders."""
    circuit = read(text)
    assert run(circuit, {"x": x}).gradient == {"x": 0}
    assert run(tangent(circuit, "x"), {"x": x}).value == 0
    assert second(text, "x", x=x) == 0


@pytest.mark.parametrize(
    "text", ["sqrt(relu(x))", "where(x > 0, x, 0)^0.5", "log(max(x, 0) + relu(x)^2)", "sum(sqrt(relu([x, 2x])[:1]))",
             "sqrt(relu([x, x]) + 0*[1, 2])[1]"],
)  # fmt: skip
def test_an_infinite_gradient_above_an_unselected_branch_does_no_harm(text: str) -> None:
    """Around -1 the formula is a constant, in both modes and orders."""
    circuit = read(text)
    assert run(circuit, {"x": -1}).gradient == {"x": 0}
    assert run(tangent(circuit, "x"), {"x": -1}).value == 0
    assert second(text, "x", x=-1) == 0


@pytest.mark.parametrize(
    "text", ["g(a, b) = a*b; sum(where(M > 0, g(asin(v), M), 0))", "sum(where(M > 0, asin(v)*M, 0))"]
)
def test_an_unselected_branch_is_one_for_what_was_broadcast_into_it(text: str) -> None:
    """asin has an infinite gradient at 1, whose column is not selected."""
    found = run(read(text), {"M": [[1, -1], [2, -1]], "v": [0.6, 1]}).gradient["v"]
    assert found == pytest.approx([3 / 0.8, 0], rel=1e-15)


def test_zeros_of_a_direction_may_be_structural() -> None:
    """With ``one``, 0 in a direction is standing still, in front of an infinite local gradient too."""
    for text, one, rate in (
        ("sum(sqrt(x))", True, 0.5), ("sum(sqrt(x))", False, nan), ("sqrt(x)[::-1][0]", True, 0.5),
        ("norm(sqrt(x))", False, nan), ("sum(2*sqrt(x) - x)", True, 0.0), ("sum(sqrt(x*[1, 1] - [0, 0]))", True, 0.5),
    ):  # fmt: skip
        ahead = tangent(read(text), ["x"], {"x": (2,)}, one=one)
        assert repr(run(ahead, {"x": [0, 1], "t[x]": [0, 1]}).value) == repr(rate), text


@pytest.mark.parametrize(
    ("text", "point", "gradient"),
    [
        ("clip(y, x, x)", {"y": 0.1, "x": 0.2}, {"y": 0, "x": 1}), ("clip(x, x, 5)", {"x": 2}, {"x": 1}),
        ("clip(y, x, x)", {"y": 0.3, "x": 0.2}, {"y": 0, "x": 1}), ("clip(1, a, b)", {"a": 3, "b": 2}, {"a": 0, "b": 1}),
        ("clip(y, a, b)", {"y": 1, "a": 1, "b": 2}, {"y": 0, "a": 1, "b": 0}), ("clip(y, -1, x)", {"y": 3, "x": 2}, {"y": 0, "x": 1}),
    ],
)  # fmt: skip
def test_the_bounds_of_clip_have_gradients(text: str, point: dict[str, float], gradient: dict[str, float]) -> None:
    """What is not the input's is the bound's, and they add up to 1."""
    assert run(read(text), point).gradient == gradient


def test_a_wire_used_inside_and_outside_a_branch_is_not_guarded() -> None:
    result = run(read("q = sqrt(x); where(x > 1, q, 2) + q"), {"x": 0})
    assert result.gradient == {"x": inf}


@pytest.mark.parametrize("text", ["where(c > 0, q, 1) + where(c < 0, q, 2)", "where(c < 0, q, 2) + where(c > 0, q, 1)"])
def test_a_wire_in_two_branches_is_a_structural_zero_only_where_both_are(text: str) -> None:
    circuit = read(f"q = sqrt(x); {text}")
    assert run(circuit, {"x": 0, "c": 1}).gradient["x"] == inf
    assert run(circuit, {"x": 0, "c": 0}).gradient["x"] == 0


@pytest.mark.parametrize(("a", "b", "expected"), [(1, 1, inf), (1, -1, 0), (-1, 1, 0), (-1, -1, 0)])
def test_nested_branches_are_selected_only_together(a: float, b: float, expected: float) -> None:
    circuit = read("where(a > 0, where(b > 0, sqrt(x), 1), 2)")
    assert run(circuit, {"a": a, "b": b, "x": 0}).gradient["x"] == expected


def test_where_a_value_is_nan_so_are_its_local_gradients() -> None:
    result = run(read("log(x) + y"), {"x": -1, "y": 1})
    assert result.locals[1] == pytest.approx((nan,), nan_ok=True)
    assert result.gradient == pytest.approx({"x": nan, "y": nan}, nan_ok=True)


def test_the_hessian_of_a_power_at_a_zero_base_is_zero() -> None:
    circuit = read("x^y")
    first = backward(circuit)
    for name in ("x", "y"):
        wire = first.gradient[circuit.inputs[name]]
        assert wire is not None
        once = Circuit(first.circuit.gates, first.circuit.names, wire)
        assert run(once, {"x": 0, "y": 3}, ["x", "y"]).gradient == {"x": 0, "y": 0}


def kinds(text: str, **point: float) -> list[str]:
    return [note.kind for note in notes(run(read(text, point), point))]


@pytest.mark.parametrize(
    ("text", "point", "expected"),
    [
        ("abs(x)", {"x": 0}, ["kink"]), ("abs(x)", {"x": 1}, []), ("floor(x)", {"x": 2}, ["step"]),
        ("floor(x)", {"x": 2.5}, ["flat"]), ("max(x, y)", {"x": 1, "y": 1}, ["kink"]), ("max(x, x)", {"x": 1}, []), ("hypot(x, x)", {"x": 0}, ["kink"]), ("exp(-inf)*x", {"x": 1}, []),
        ("log(x)", {"x": -1}, ["nan"]), ("exp(x)", {"x": 1000}, ["inf"]), ("sqrt(x)", {"x": 0}, ["inf"]),
        ("sqrt(x)^2", {"x": 0}, ["nan"]), ("where(x > 0, x, 2)", {"x": 0}, ["step"]), ("max(x, -inf)", {"x": 1}, []),
        ("where(x > 0, log(x), 2)", {"x": -1}, []), ("g(t) = abs(t); g(x) + 1", {"x": 0}, ["kink"]),
        ("g(t) = log(t); g(x) + 1", {"x": -1}, ["nan"]), ("abs(2) + x", {"x": 0}, []), ("abs(0) + x", {"x": 0}, []),
        ("where(1 > 0, x, abs(x))", {"x": 0}, []), ("x", {"x": inf}, ["inf"]), ("copysign(x, y)", {"x": 0, "y": 1}, ["kink"]),
        ("1/(1+exp(-x))", {"x": -1000}, ["inf"]), ("atan(1/x)", {"x": 0}, ["inf"]), ("x*y", {"x": 1e200, "y": 1e200}, ["inf"]),
    ],
)  # fmt: skip
def test_notes(text: str, point: dict[str, float], expected: list[str]) -> None:
    assert kinds(text, **point) == expected


def test_notes_point_at_the_place_and_name_the_remedy() -> None:
    result = run(read("y * log(x - 3)"), {"x": 2, "y": 1})
    text = notes(result)[0].report.render("warning")
    assert text.startswith("warning: log(x - 3) is nan\n")
    assert "    ^^^^^^^^^^ x - 3 is -1 here" in text
    assert "it needs x - 3 > 0" in text
    assert "grad.y is nan" in text
    overflow = notes(run(read("2/(1 + exp(-x)) + 1/(1 + exp(-x))"), {"x": -1000}))[0]
    assert overflow.report.span == (7, 14)
    sigmoid = notes(run(read("1/(1 + exp(-x))"), {"x": -1000}))[0].report.hint
    assert "sigmoid(x) is 1/(1 + exp(-x)) without that" in sigmoid
    assert "it needs a != 0" in notes(run(read("b/a"), {"a": 0, "b": 1}))[0].report.hint
    assert "division by 0" in notes(run(read("x^-1"), {"x": 0}))[0].report.hint
    assert "cbrt" in notes(run(read("x^(1/3)"), {"x": -8}))[0].report.hint


@pytest.mark.parametrize(
    ("text", "point", "left", "right", "jax", "torch"),
    [
        ("abs(x)", {"x": 0}, -1, 1, 1, 0), ("relu(x)", {"x": 0}, 0, 1, 0, 0), ("hypot(x, y)", {"x": 0, "y": 0}, -1, 1, 0.5, nan),
        ("max(x, y)", {"x": 1, "y": 1}, 0, 1, 0.5, 0.5), ("clip(x, 0, 1)", {"x": 1}, 1, 0, 0.5, 0),
        ("hardtanh(x)", {"x": -1}, 0, 1, 1, 0),
    ],
)  # fmt: skip
def test_kinks_say_what_others_print(
    text: str, point: dict[str, float], left: float, right: float, jax: float, torch: float
) -> None:
    facts = notes(run(read(text), point))[0].facts
    found = [facts[key] for key in ("left", "right", "jax", "torch")]
    assert found == pytest.approx([left, right, jax, torch], nan_ok=True)


@pytest.mark.parametrize(
    ("text", "x", "expected"),
    [
        ("max(x)", [2, 2, 1], [0, 1, 0.5, 0.5]), ("min(x)", [1, 2, 1], [1, 0, 0.5, 0.5]), ("norm(x)", [0, 0], [-1, 1, nan, 0]),
        ("std(x)", [2, 2], [-0.5, 0.5, nan, 0]), ("max(x)", [2, 1], []), ("min(x)", [2, 1, 2], []), ("norm(x)", [1, 0], []),
        ("std(x)", [2, 1], []), ("std(x)", [2], []), ("std(x, ddof=1)", [2, 2], [-math.sqrt(0.5), math.sqrt(0.5), nan, 0]),
    ],
)  # fmt: skip
def test_kinks_of_whole_arrays(text: str, x: list[float], expected: list[float]) -> None:
    """What one element more or less gives, left and right, and what JAX and PyTorch print."""
    found = notes(run(read(text), {"x": x}))
    assert [note.kind for note in found] == ["kink"] * bool(expected)
    for note in found:
        facts = [note.facts[key] for key in ("left", "right", "jax", "torch")]
        assert facts == pytest.approx(expected, rel=1e-15, nan_ok=True)


def test_a_switch_says_what_either_outcome_would_give() -> None:
    facts = notes(run(read("where(x>0, sqrt(x), 0)"), {"x": 0}))[0].facts
    assert facts["false"] == {"x": 0}
    assert facts["true"] == {"x": inf}
    assert facts["jax"] == pytest.approx({"x": nan}, nan_ok=True)


def test_a_switch_under_a_nan_says_nan() -> None:
    facts = notes(run(read("where(x > 0, y, -y) + log(x - 1)"), {"x": 0, "y": 1}))[-1].facts
    assert facts["true"] == pytest.approx({"x": nan, "y": nan}, nan_ok=True)


def test_notes_look_into_composite_gates() -> None:
    """What begins inside of one is told as what happens there: the rewrite, the digits lost, the local gradient."""
    (hidden,) = notes(run(read("g(t) = 1/(1 + exp(-t)); g(x)*y"), {"x": -1000, "y": 2}))
    assert hidden.report.message == "exp(-t) is inf, in g(x)"
    assert "sigmoid(x) is 1/(1 + exp(-t)) without that" in hidden.report.hint
    assert hidden.report.text[slice(*hidden.report.span or ())] == "exp(-t)"
    circuit = read("g(t) = 1/(1 + exp(-t)); g(x)*y")
    assert circuit.piece(hidden.wire, 30) == "g(x)"  # a wire of the circuit that was run
    (cancelled,) = notes(run(read("g(t) = (1 - cos(t))/t^2; g(x)"), {"x": 1e-6}))
    assert cancelled.report.message.startswith("the rounding of cos(t) costs")
    (slope,) = notes(run(read("g(v) = sum(sqrt(v)); g(x)*y"), {"x": [0, 1], "y": 1}))
    assert slope.report.message == "the local gradient of sqrt(v) with respect to x is inf, in g(x)"
    (given,) = notes(run(read("g(t) = t; g(x)*y"), {"x": inf, "y": 1}))
    assert given.report.message == "x is given as inf"
    (valued,) = notes(run(read("g(t) = log(t); g(x)"), {"x": -1}, []))
    assert valued.report.message == "log(t) is nan, in g(x)"
    assert [note.report.message for note in notes(run(read("g(t) = abs(t); h(t) = g(t)/t; h(x)"), {"x": 0}))] == [
        "g(t)/t is nan, in h(x)", "g(t) has a kink here",
    ]  # fmt: skip


def test_notes_look_into_no_composite_gate_that_is_another_one_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where its gates give finite numbers and itself not, or take too much room, or are too many for nothing."""
    (slope,) = notes(run(read("g(t) = t*1e200*1e200; g(x)*1e-200"), {"x": 1e-100}))
    assert slope.report.message == "the local gradient of g(x) with respect to x is inf"
    many = run(read(f"g(t) = (1 - cos(t))/t^2{' + 0*t' * 100}; g(x)"), {"x": 1e-6})
    assert notes(many) == []
    large = run(read("g(v) = sum(sqrt(v + v + v)); g(x)"), {"x": [0.0] * 9})
    monkeypatch.setattr("exprgrad.shapes.MAX_ELEMENTS", 20)
    (note,) = notes(large)
    assert note.report.message == "the gradient on x is inf"
