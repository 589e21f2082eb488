"""Derivatives of any order and along directions: closed forms, mpmath at 50 digits, gradient · direction."""

from __future__ import annotations

import json
import math
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

from exprgrad.calculus import orders
from exprgrad.calculus.orders import derivatives, directional
from exprgrad.cli import main
from exprgrad.errors import FormulaError, UsageError
from exprgrad.language.read import read
from exprgrad.run import jacobian, run
from oracle import evaluate
from test_formulas import FORMULAS, NUMBERS, VARIABLES, Both, relaxed

inf, nan = math.inf, math.nan


def falling(number: float, count: int) -> float:
    return math.prod([number - k for k in range(count)])


@pytest.mark.parametrize(
    ("text", "x", "true"),
    [
        ("exp(2*x)", 0.5, lambda n: 2**n * math.e), ("sin(x)", 0.25, lambda n: math.sin(0.25 + n * math.pi / 2)),
        ("x^5 - 3*x^2", 2, lambda n: falling(5, n) * 2.0 ** (5 - n) - 3 * falling(2, n) * 2.0 ** (2 - n)),
        ("1/(1 - x)", 0.5, lambda n: math.factorial(n) * 2.0 ** (n + 1)), ("log(x)", 2, lambda n: -math.factorial(n - 1) * (-0.5) ** n if n else math.log(2)),
        ("sqrt(x)", 4, lambda n: falling(0.5, n) * 4.0 ** (0.5 - n)), ("cosh(x)", 0, lambda n: 1.0 - n % 2), ("x", 3, lambda n: (3.0, 1.0)[n] if n < 2 else 0.0),
        ("7 + 0*x", 3, lambda n: 0.0 if n else 7.0), ("relu(x)", 2, lambda n: (2.0, 1.0)[n] if n < 2 else 0.0), ("abs(x)", 0, lambda _: 0.0),
        ("where(x > 0, sqrt(x), x^2)", -3, lambda n: falling(2, n) * (-3.0) ** (2 - n)), ("sqrt(relu(x))", -1, lambda _: 0.0),
        ("f(t) = t*exp(t); f(x)", 1, lambda n: (n + 1) * math.e), ("q = x^2; q*q", 1, lambda n: falling(4, n)),
    ],
)  # fmt: skip
def test_closed_forms(text: str, x: float, true: Any) -> None:
    found = derivatives(read(text), {"x": x}, "x", 12)
    assert found == pytest.approx([true(n) for n in range(13)], rel=1e-13, abs=1e-13)


@pytest.mark.parametrize(
    ("text", "x"),
    [("x^x", 2.0), ("tanh(x)", 0.5), ("exp(sin(x))", 0.5), ("sigmoid(x)", 0.25), ("gelu(x)", 0.5), ("atan(x)", 0.25),
     ("mish(x)", 0.125), ("erf(x)", 0.5), ("lgamma(x)", 2.5), ("sin(x)/x", 1.0), ("softplus(x)*x^3", -0.5), ("1/(1 + 25*x^2)", 0.125)],
)  # fmt: skip
def test_ten_orders_are_mpmaths_and_take_seconds(text: str, x: float) -> None:
    """Against Cauchy-free differences at many digits, as far as ten nested rules leave float64's."""
    circuit = read(text)
    started = time.process_time()
    found = derivatives(circuit, {"x": x}, "x", 10)
    assert time.process_time() - started < 5
    with mp.workdps(60):
        true = [mp.diff(lambda t: evaluate(circuit, {"x": t}), mpf(x), n) for n in range(11)]
        scale = mpf(1)
        for n, (got, exact) in enumerate(zip(found, true, strict=True)):
            scale = max(scale * max(n, 1), abs(exact))
            assert abs(got - exact) <= 1e-12 * scale, n


@settings(relaxed, max_examples=60)
@given(FORMULAS, st.fixed_dictionaries(dict.fromkeys(VARIABLES, NUMBERS)))
def test_four_orders_of_drawn_formulas(drawn: Both, everything: dict[str, float]) -> None:
    circuit = read(drawn[0])
    point = {name: everything[name] for name in circuit.inputs}
    assume(point)
    name = next(iter(point))
    values = run(circuit, point).values
    found = derivatives(circuit, point, name, 4)
    assume(all(abs(value) < 1e6 for value in [*values, *found]))
    with mp.workdps(80):

        def of(t: Any) -> Any:
            return evaluate(circuit, {**{key: mpf(value) for key, value in point.items()}, name: t})

        for order, got in enumerate(found):
            true = mp.diff(of, mpf(point[name]), order)
            scale = max(1, *map(abs, values), *map(abs, found))
            assert abs(got - true) <= 1e-9 * scale**2, (drawn[0], point, order)


@settings(relaxed, max_examples=100)
@given(FORMULAS, *[st.fixed_dictionaries(dict.fromkeys(VARIABLES, NUMBERS))] * 2)
def test_directional_is_gradient_times_direction(
    drawn: Both, everything: dict[str, float], ways: dict[str, float]
) -> None:
    circuit = read(drawn[0])
    point = {name: everything[name] for name in circuit.inputs}
    direction = {name: ways[name] for name in circuit.inputs}
    result = run(circuit, point)
    assume(all(map(math.isfinite, [*result.values, *result.gradient.values()])))
    value, rate = directional(circuit, point, direction)
    assert value == result.value
    shares = [orders.share(slope, direction[name]) for name, slope in result.gradient.items()]
    size = max([1.0, *[abs(number) for number in result.gradients if number is not None], *map(abs, result.values)])
    assert rate == pytest.approx(sum(shares), rel=1e-9, abs=1e-9 * size)
    some = dict(list(direction.items())[:1])  # what is not named stands still
    rest = dict.fromkeys(list(direction)[1:], 0.0)
    assert repr(directional(circuit, point, some)[1]) == repr(directional(circuit, point, {**some, **rest})[1])


def test_directional_of_arrays_is_the_jacobian_times_it() -> None:
    circuit = read("tanh(W @ x + b)*s")
    rng = np.random.default_rng(1)
    point = {"W": rng.normal(size=(3, 2)), "x": rng.normal(size=2), "b": rng.normal(size=3), "s": 1.5}
    direction: dict[str, Any] = {"W": rng.normal(size=(3, 2)), "x": rng.normal(size=2), "s": -2.0}
    _, blocks = jacobian(circuit, point)
    _, rate = directional(circuit, point, direction)
    true = sum(np.tensordot(blocks[name], part, np.ndim(part)) for name, part in direction.items())
    assert rate == pytest.approx(true, rel=1e-13)
    _, ones = directional(circuit, point, {"x": 1})  # broadcast
    assert ones == pytest.approx(blocks["x"].sum(axis=1), rel=1e-13)
    assert directional(circuit, point, {})[1].tolist() == [0, 0, 0]


def test_zeros_of_a_direction_stand_still() -> None:
    """They are not multiplied by an infinite gradient."""
    assert directional(read("sqrt(x)*y"), {"x": 0, "y": 3}, {"x": 0, "y": 1}) == (0, 0)
    assert directional(read("sum(sqrt(x))"), {"x": [0, 1]}, {"x": [0, 1]}) == (1, 0.5)
    assert directional(read("sqrt(x)"), {"x": 0}, {"x": -1})[1] == -inf
    assert orders.share(np.array([inf, 2.0]), np.array([0.0, 3.0])) == 6
    assert math.isnan(orders.share(np.array([inf, inf]), np.array([1.0, -1.0])))


def test_derivatives_of_what_is_not_finite() -> None:
    assert repr(derivatives(read("log(x)"), {"x": -1}, "x", 3)) == "[nan, nan, nan, nan]"
    assert derivatives(read("sqrt(x)"), {"x": 0}, "x", 2) == [0, inf, -inf]
    assert math.isnan(directional(read("log(x) + y"), {"x": -1, "y": 1}, {"y": 1})[1])


def test_derivatives_by_one_of_several_and_of_arrays() -> None:
    circuit = read("[x^2*y, sin(x), z[0]*z[1]]")
    found = derivatives(circuit, {"x": 0, "y": 3, "z": [4, 5]}, "x", 3)
    assert np.array(found).tolist() == [[0, 0, 20], [0, 1, 0], [6, 0, 0], [0, -1, 0]]
    assert derivatives(read("x*y"), {"x": 2, "y": 3}, "y", 2) == [6, 2, 0]
    assert derivatives(read("y*y"), {"y": 3}, "y", 0) == [9]
    assert derivatives(read("u = x; y"), {"x": 2, "y": 3}, "x", 2) == [3, 0, 0]
    with pytest.raises(UsageError, match="is an array"):
        derivatives(circuit, {"x": 0, "y": 3, "z": [4, 5]}, "z", 1)
    with pytest.raises(UsageError, match="171 is out of reach"):
        derivatives(read("x"), {"x": 0}, "x", 171)


def test_a_gate_that_gives_up_says_where() -> None:
    with pytest.raises(FormulaError, match="in the gradient: the matrix is singular"):
        derivatives(read("det([[x, 2*x], [x, 2*x]])"), {"x": 1}, "x", 4)


def test_derivatives_that_explode_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "MOST_GATES", 200)
    with pytest.raises(UsageError, match="more than 200 gates") as raised:
        derivatives(read("tanh(x)*x"), {"x": 1}, "x", 50)
    reached = int(str(raised.value).split("--order ")[1])
    assert 2 < reached < 20
    assert len(derivatives(read("tanh(x)*x"), {"x": 1}, "x", reached)) == reached + 1
    with pytest.raises(UsageError, match=f"up to order {reached + 1} "):
        derivatives(read("tanh(x)*x"), {"x": 1}, "x", reached + 1)


def test_names_that_might_mean_something_else() -> None:
    point = {"lambda": 2.0, "d_x": 3.0, "v1": 5.0, "σ": 7.0}
    circuit = read("lambda^2*d_x*v1*σ")
    assert derivatives(circuit, point, "lambda", 2) == [420, 420, 210]
    assert directional(circuit, point, {"d_x": 1, "σ": 1})[1] == 2 * 2 * 5 * (7 + 3)


def test_order_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["x^3*y", "-x", "2", "-y", "5", "--wrt", "x", "--order", "4", "--to", "csv"]) == 0
    rows = [line.split(",") for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == ["order", "derivative", "taylor"]
    assert [list(map(float, row)) for row in rows[1:]] == [[0, 40, 40], [1, 60, 60], [2, 60, 30], [3, 30, 5], [4, 0, 0]]
    assert main(["x^1.5", "-x", "0", "--order", "2", "--to", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["value"], data["wrt"], data["derivatives"], data["taylor"]) == (0, "x", [0, 0, None], [0, 0, None])
    assert data["notes"][0]["numbers"] == {"derivatives.2": "inf"}


def test_the_taylor_series_is_the_function(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exp(sin(x))", "-x", "0.5", "--order", "20", "--to", "json"]) == 0
    taylor = json.loads(capsys.readouterr().out)["taylor"]
    assert sum(one * 0.25**n for n, one in enumerate(taylor)) == pytest.approx(math.exp(math.sin(0.75)), rel=1e-13)


def test_coefficients_of_high_order(capsys: pytest.CaptureFixture[str]) -> None:
    """The factorials are float64's, of arrays too."""
    assert main(["[exp(x), cosh(x)]", "-x", "0", "--order", "170", "--to", "json"]) == 0
    taylor = json.loads(capsys.readouterr().out)["taylor"]
    assert taylor[170] == pytest.approx([1 / math.factorial(170)] * 2, rel=1e-15)
    assert taylor[169] == pytest.approx([1 / math.factorial(169), 0], rel=1e-15)


def test_tangent_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["x[0]*x[1]*y", "-x", "[2, 3]", "-y", "5", "--tangent", "x=[1, -1/2], y=max(0,1)"]
    assert main([*command, "--to", "csv"]) == 0
    header, row = capsys.readouterr().out.splitlines()
    assert header == "x[0],x[1],y,direction.x[0],direction.x[1],direction.y,value,derivative"
    assert list(map(float, row.split(","))) == [2, 3, 5, 1, -0.5, 1, 30, 16]
    assert main([*command, "--to", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["derivative"], data["direction"], data["grad"]) == (
        16,
        {"x": [1, -0.5], "y": 1},
        {"x": [15, 10], "y": 6},
    )
    assert main(["x*[1, 2]", "-x", "3", "--tangent", "x=2", "--to", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["derivative"] == [2, 4]
    assert "grad" not in data
    assert main(["x*[1, 2]", "-x", "3", "--tangent", "x=2"]) == 0  # so there are no shares in it
    lines = [line.split("│")[1:-1] for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    assert [[cell.strip() for cell in line] for line in lines] == [
        ["", "value", "direction", "derivative"], ["x", "3", "2", ""], ["x*[1, 2]", "[3, 6]", "", "[2, 4]"],
    ]  # fmt: skip


def test_kinks_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    for question in (["--hessian"], ["--order", "2"], ["--tangent", "x=1"]):
        assert main(["abs(x)", "-x", "0", *question]) == 0
        assert "has a kink here" in capsys.readouterr().err
        assert main(["abs(x)", "-x", "0", *question, "--strict"]) == 5
        capsys.readouterr()
