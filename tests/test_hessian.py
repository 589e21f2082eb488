"""The Hessian: SymPy's on formulas drawn by hypothesis, closed forms, kinks, and the command that asks for it."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mpmath import mp

from exprgrad.arithmetic.forward import forward
from exprgrad.calculus.hessian import MOST, Second, hessian, second
from exprgrad.circuit import Circuit
from exprgrad.cli import main
from exprgrad.diagnosis.beyond import beyond
from exprgrad.diagnosis.notes import notes
from exprgrad.errors import UsageError
from exprgrad.gates import CONST
from exprgrad.language.read import read
from exprgrad.run import run
from test_formulas import FORMULAS, NUMBERS, VARIABLES, Both, exact, relaxed

inf, nan = math.inf, math.nan


def rows(found: Second, point: dict[str, float]) -> dict[str, dict[str, float]]:
    """The rows as the circuit computes them, each by itself."""
    inputs = {found.circuit.inputs[name]: value for name, value in point.items()}
    computed = {}
    for name, mark in found.select.items():
        values = forward(found.circuit.gates, {**dict.fromkeys(found.select.values(), 0.0), **inputs, mark: 1.0})
        computed[name] = {other: values[wire] for other, wire in found.row.items()}
    return computed


def allowed(found: Second, first: str, second_: str, point: dict[str, float]) -> float:
    """How far an entry may be off: by its own sensitivity to a rounding of any gate in its circuit."""
    if first not in found.select or second_ not in found.row:
        return 0.0
    circuit = Circuit(found.circuit.gates, found.circuit.names, found.row[second_])
    marks = {f"s[{name}]": float(name == first) for name in found.select}
    result = run(circuit, {**point, **marks}, list(point))
    pairs = zip(result.values, result.gradients, circuit.gates, strict=True)
    terms = [abs(value * slope) for value, slope, gate in pairs if slope is not None and gate.op is not CONST]
    return 1e-12 * max(float(sum(terms)), 1e-300)


@settings(relaxed, max_examples=100)
@given(FORMULAS, st.fixed_dictionaries(dict.fromkeys(VARIABLES, NUMBERS)))
def test_hessian_is_sympys(drawn: Both, everything: dict[str, float]) -> None:
    """Every entry agrees with exact arithmetic as far as the conditioning allows, and with the one across."""
    text, expression = drawn
    circuit = read(text)
    point = {name: everything[name] for name in circuit.inputs}
    result, found = hessian(circuit, point)
    every = [*result.values, *[number for row in found.values() for number in row.values()]]
    assume(all(abs(value) < 1e8 for value in every))
    circuits = second(circuit, None, tuple([(name, ()) for name in point]))
    alone = rows(circuits, point)
    for one in point:
        slope = sympy.diff(expression, sympy.Symbol(one))
        for other in point:
            with mp.workdps(50):
                true = exact(sympy.diff(slope, sympy.Symbol(other)), point)
                assume(true is not None)
                off = max(allowed(circuits, one, other, point), allowed(circuits, other, one, point))
                assume(math.isfinite(off))
                tolerance = max(1e-12 * abs(true), off)
                assert abs(mp.mpf(found[one][other]) - true) <= tolerance, (text, point, one, other)
                assert abs(alone.get(one, {}).get(other, 0.0) - true) <= tolerance, (text, point, one, other)
            assert found[one][other] == found[other][one]


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 5), st.randoms(use_true_random=False))
def test_hessian_of_a_quadratic_form(size: int, random: Any) -> None:
    a = np.array([[float(random.randint(-9, 9)) for _ in range(size)] for _ in range(size)])
    x = [float(random.randint(-9, 9)) for _ in range(size)]
    _, found = hessian(read("x @ A @ x"), {"x": x, "A": a})
    assert np.array_equal(found["x"]["x"], a + a.T)
    assert not found["A"]["A"].any()
    assert found["x"]["A"].shape == (size, size, size)
    for i, j, k in np.ndindex(size, size, size):  # d²/dx[i] dA[j,k] of the sum over x[j]*A[j,k]*x[k]
        assert found["x"]["A"][i, j, k] == (i == j) * x[k] + (i == k) * x[j]
        assert found["A"]["x"][j, k, i] == found["x"]["A"][i, j, k]


def test_hessian_of_fifty_variables() -> None:
    """Of a chain of products it is zero but for three diagonals."""
    point = {f"x{k}": k / 50 for k in range(50)}
    _, found = hessian(read(" + ".join(f"exp(x{k}*x{k + 1})" for k in range(49))), point)
    values = list(point.values())
    for i, row in enumerate(found.values()):
        for j, number in enumerate(row.values()):
            around = [k for k in (i - 1, i + 1) if 0 <= k < 50]
            a, b = values[i], values[j]
            true = 0.0
            if i == j:
                true = sum(values[k] ** 2 * math.exp(a * values[k]) for k in around)
            elif j in around:
                true = (1 + a * b) * math.exp(a * b)
            assert number == pytest.approx(true, rel=1e-14, abs=0)


def test_a_circuit_of_ten_thousand_gates() -> None:
    """sin of sin of …: by the recurrence that its derivatives obey."""
    value, first, further = 0.5, 1.0, 0.0
    for _ in range(10_000):
        further = -math.sin(value) * first**2 + math.cos(value) * further
        first *= math.cos(value)
        value = math.sin(value)
    result, found = hessian(read("sin(" * 10_000 + "x" + ")" * 10_000), {"x": 0.5})
    assert result.value == value
    assert found["x"]["x"] == pytest.approx(further, rel=1e-9)


SINGULAR: list[tuple[str, list[float], list[list[float]]]] = [
    ("relu(x)", [0], [[0]]), ("abs(x)", [0], [[0]]), ("max(x, y)", [1, 1], [[0, 0], [0, 0]]), ("x*abs(x)", [-2], [[-2]]),
    ("sqrt(x)", [0], [[-inf]]), ("sqrt(x)*y", [0, 1], [[-inf, inf], [inf, 0]]), ("x^1.5", [0], [[inf]]), ("log(x)", [-1], [[nan]]),
    ("where(x > 0, sqrt(x), 0)", [-1], [[0]]), ("where(x > 0, sqrt(x), 0)*y", [0, 3], [[0, 0], [0, 0]]), ("sqrt(relu(x))", [-1], [[0]]),
    ("where(x > 0, x^2, x^3)*y", [-2, 1], [[-12, 12], [12, 0]]), ("hypot(x, y)", [0, 0], [[0, 0], [0, 0]]), ("x^2", [-1.5], [[2]]),
    ("x^3", [0], [[0]]), ("floor(x)*x", [2.5], [[0]]), ("x + log(y)", [1, -1], [[nan, nan], [nan, nan]]), ("x^y", [0, 2], [[2, 0], [0, 0]]),
    ("sqrt(x) + y^2", [0, 3], [[-inf, 0], [0, 2]]), ("x*y", [inf, 1], [[0, 1], [1, 0]]), ("1/x", [0], [[inf]]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "at", "expected"), SINGULAR, ids=[f"{row[0]} at {row[1]}" for row in SINGULAR])
def test_kinks_and_singular_points(text: str, at: list[float], expected: list[list[float]]) -> None:
    _, found = hessian(read(text), dict(zip(("x", "y"), at, strict=False)))
    numbers = np.array([list(row.values()) for row in found.values()])
    np.testing.assert_allclose(numbers, expected, rtol=1e-15)


@pytest.mark.parametrize(
    ("text", "point", "expected"),
    [
        ("3", {}, {}), ("x", {"x": 2}, {"x": {"x": 0}}), ("x > 1", {"x": 2}, {"x": {"x": 0}}), ("u = x; y*y", {"x": 1, "y": 2}, {"x": {"x": 0, "y": 0}, "y": {"x": 0, "y": 2}}),
        ("f(t) = t^3; f(x)*f(2)", {"x": 1}, {"x": {"x": 48}}), ("x = 3; q = x*y; q^2", {"y": 2}, {"x": {"x": 8, "y": 24}, "y": {"x": 24, "y": 18}}),
        ("σ^2*β", {"σ": 1, "β": 2}, {"σ": {"σ": 4, "β": 2}, "β": {"σ": 2, "β": 0}}),
        ("lambda^2*v1*d_x", {"lambda": 1, "v1": 1, "d_x": 1}, {"lambda": {"lambda": 2, "v1": 2, "d_x": 2}, "v1": {"lambda": 2, "v1": 0, "d_x": 1}, "d_x": {"lambda": 2, "v1": 1, "d_x": 0}}),
    ],
)  # fmt: skip
def test_formulas_of_all_kinds(text: str, point: dict[str, float], expected: dict[str, dict[str, float]]) -> None:
    """Constants, unused inputs, composite gates, defaults, names that might mean something else."""
    assert hessian(read(text), point)[1] == expected


def test_inputs_may_be_named() -> None:
    circuit, point = read("x^2*y*z^3"), {"x": 1, "y": 2, "z": 3}
    everything = hessian(circuit, point)[1]
    for names in (["x"], ["z", "y"], ["x", "y", "z"]):
        found = hessian(circuit, point, names)[1]
        assert set(found) == set(names)
        assert all(found[one][other] == everything[one][other] for one in names for other in names)
    with pytest.raises(UsageError, match="'q' is no variable"):
        hessian(circuit, point, ["q"])


def test_an_array_output_needs_an_upstream_gradient() -> None:
    circuit = read("[x^2, x^3, y*x]")
    with pytest.raises(UsageError, match="is an array"):
        hessian(circuit, {"x": 2, "y": 1})
    _, found = hessian(circuit, {"x": 2, "y": 1}, upstream=[1, 10, 100])
    assert found == {"x": {"x": 122, "y": 100}, "y": {"x": 100, "y": 0}}


def test_derivatives_of_a_nan_gradient_are_nan() -> None:
    """Its row and its column, and everything where the output is."""
    _, found = hessian(read("sum(sqrt(x))"), {"x": [1.0, -1.0, 4.0]})
    assert np.isnan(found["x"]["x"]).all()
    _, found = hessian(read("sum(sqrt(x)^2)"), {"x": [1.0, 0.0, 4.0]})
    assert np.array_equal(np.isnan(found["x"]["x"]), [[0, 1, 0], [1, 1, 1], [0, 1, 0]])


def test_too_many_numbers_are_refused() -> None:
    with pytest.raises(UsageError, match=r"5,001 numbers"):
        hessian(read("sum(x)"), {"x": np.zeros(MOST + 1)})
    assert hessian(read("sum(x)"), {"x": np.zeros(0)})[1]["x"]["x"].shape == (0, 0)


@pytest.mark.parametrize(
    ("text", "point", "message"),
    [
        ("x^1.5*y", {"x": 0, "y": 2}, "the derivative of order 2 of x^1.5 with respect to x is inf"),
        ("y + (x - 1)^1.5", {"x": 1, "y": 2}, "the derivative of order 2 of (x - 1)^1.5 with respect to x - 1 is inf"),
        ("[y, 1] @ [x^1.5, 2]", {"x": 0, "y": 2}, "the derivative of order 2 of x^1.5 with respect to x is inf"),
        (
            "where(x > 0, sqrt(x), x^1.5)*y",
            {"x": 0, "y": 2},
            "the derivative of order 2 of x^1.5 with respect to x is inf",
        ),
        ("exp(500*x)*exp(200*y)", {"x": 1, "y": 1}, "the derivatives that meet here are not finite"),
    ],
)
def test_what_is_not_finite_is_told_with_its_place(text: str, point: dict[str, float], message: str) -> None:
    result, found = hessian(read(text), point)
    assert not [note for note in notes(result) if not note.finite]
    flat = {f"hessian.{one}.{other}": number for one, row in found.items() for other, number in row.items()}
    (note,) = beyond(result, flat, 2)
    assert note.report.message == message
    assert note.kind == "inf"
    assert beyond(result, {"hessian.x.x": 1.0}, 2) == []


def test_there_is_one_warning_if_the_gradient_says_it_already() -> None:
    result, found = hessian(read("sqrt(x)"), {"x": 0})
    assert beyond(result, found["x"], 2) == []


FORMS = [
    ["x^2*y*z", "-x", "1", "-y", "2", "-z", "3", "--hessian", "x,y"],
    ["x^2*y*z", "-x", "1", "-y", "2", "-z", "3", "--hessian=x,y"],
    ["x^2*y*z", "--hessian", "x, y", "-x", "1", "-y", "2", "-z", "3"],
    ["--hessian", "x,y", "x^2*y*z", "-x", "1", "-y", "2", "-z", "3"],
    ["--hessian=y,x", "x^2*y*z", "-x", "1", "-y", "2", "-z", "3"],
    ["--hessian", "x^2*y*z", "-x", "1", "-y", "2", "-z", "3", "--wrt", "x,y"],
    ["x^2*y*z", "-x", "1", "-y", "2", "-z", "3", "--hessian", "--wrt", "x,y"],
]


@pytest.mark.parametrize("arguments", FORMS)
def test_the_forms_of_the_option(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments, "--to", "csv"]) == 0
    assert capsys.readouterr().out.splitlines() == ["hessian,x,y", "x,12.0,6.0", "y,6.0,0.0"]


def test_without_names_it_is_of_all_inputs(capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    (tmp_path / "f.txt").write_text("w = [1, 2]\nsum(w)^2*x")
    assert main(["--file", str(tmp_path / "f.txt"), "-x", "3", "--hessian", "--to", "csv"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "hessian,w[0],w[1],x", "w[0],6.0,6.0,6.0", "w[1],6.0,6.0,6.0", "x,6.0,6.0,0.0",
    ]  # fmt: skip
    assert main(["--file", str(tmp_path / "f.txt"), "-x", "3", "--hessian", "x", "--to", "csv"]) == 0
    assert capsys.readouterr().out.splitlines() == ["hessian,x", "x,0.0"]


def test_json_has_all_digits_and_null_for_what_is_not_finite(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["x^1.5*sin(y)", "-x", "0", "-y", "1", "--hessian", "--to", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["hessian"] == {"x": {"x": None, "y": 0}, "y": {"x": 0, "y": 0}}
    assert data["notes"][0]["numbers"] == {"hessian.x.x": "inf"}


def test_the_table_is_folded_where_it_is_too_wide(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    command = ["norm(x)*exp(y)", "-x", "[1,2,3,4,5]", "-y", "1", "--hessian"]
    assert main(command) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    text = "".join(lines)
    _, found = hessian(read("norm(x)*exp(y)"), {"x": [1, 2, 3, 4, 5], "y": 1})
    assert all(repr(number) in text for number in found["x"]["x"].ravel().tolist())
    assert [line.split("│")[1].strip() for line in lines if "│" in line].count("x[4]") == 2
    monkeypatch.setenv("COLUMNS", "20")
    assert main([*command, "--digits", "3"]) == 0
    assert "…" not in capsys.readouterr().out


def test_of_many_inputs_the_table_shows_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["sum(x^2)", "-x", "arange(100)", "--hessian"]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "x[39]" in out
    assert "x[40]" not in out
    assert out.splitlines()[-1].startswith("60 more")
    assert main([*command, "--full"]) == 0
    assert "x[99]" in capsys.readouterr().out
