"""Derivatives as formulas: they read back and evaluate to the gradient, and stay small."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import assume, given
from hypothesis import strategies as st
from mpmath import mp

import array_oracle
import oracle
from conftest import ROWS, bookish, call, exprgrad, points
from exprgrad import symbolic as public
from exprgrad.arithmetic.forward import forward
from exprgrad.calculus.symbolic import MOST, symbolic
from exprgrad.cli import main
from exprgrad.errors import FormulaError, UsageError
from exprgrad.gates import Row
from exprgrad.language.read import read
from exprgrad.run import run
from exprgrad.shapes import is_scalar
from exprgrad.write.derivative import to_statements
from test_formulas import FORMULAS, NUMBERS, VARIABLES, Both, conditioned, exact, relaxed


def evaluated(statements: str, name: str, point: dict[str, Any]) -> Any:
    """The value of the wire of this name, from the statements as they are printed."""
    circuit = read(statements, point, of=name)
    inputs = {wire: point[key] for key, wire in circuit.inputs.items() if key in point}  # d_y = 1 is one with a default
    arrays = any(map(np.ndim, point.values())) or not is_scalar(circuit.gates)
    return forward(circuit.gates, inputs, arrays=arrays)[circuit.output]


# ---------------------------------------------------------------- what is printed

PRINTED = {
    "(x+y)*z": "v1 = x + y\nd_x = z\nd_y = z\nd_z = v1",
    "q = x*y; f = q^2 + sin(q)": "q = x*y\nd_q = cos(q) + 2*q\nd_x = d_q*y\nd_y = d_q*x",
    "sigmoid(w*x + b)": (
        "v2 = w*x + b\nv3 = sigmoid(v2)\nd_v2 = v3*sigmoid(-v2)\nd_w = d_v2*x\nd_x = d_v2*w\nd_b = d_v2"
    ),
    "g(t) = t^2; g(x)*y": "g(t) = t^2\nv1 = g(x)\nd_x = y*(2*x)\nd_y = v1",
    "x = 2; k = 3; x*y": "x = 2\nd_x = y\nd_k = 0\nd_y = x",
    "x^-2": "v1 = (-2)\nd_x = v1*x^(v1 - 1)",
    "x": "d_x = 1",
    "x > 1": "d_x = 0",
    "where(x > 0, x, 0)": "v1 = x > 0\nd_x = v1",
    "g(a, b) = logaddexp(a, b); 2*g(x, y)": "d_x = 2*sigmoid(x - y)\nd_y = 2*sigmoid(y - x)",  # as a book has it
}  # fmt: skip


@pytest.mark.parametrize("text", PRINTED)
def test_printed(text: str) -> None:
    assert to_statements(symbolic(read(text))) == PRINTED[text]


def test_only_what_is_asked_for() -> None:
    circuit = read("(x+y)*z")
    assert to_statements(symbolic(circuit, ["z"])) == "v1 = x + y\nd_z = v1"
    assert to_statements(symbolic(circuit, ["x"], upstream=2.0)) == "d_x = 2*z"
    assert public(circuit).names == {"x": 0, "y": 1, "z": 3, "v1": 2, "d[x]": 3, "d[y]": 3, "d[z]": 2}


def test_names_that_clash_get_another_one() -> None:
    """d_x, v1 and the rest may be variables, wires or composite gates of the user's."""
    assert to_statements(symbolic(read("d_x*x"))) == "d_d_x = x\nd_x_ = d_x"
    for formula in (
        "d_x*x", "d_d_x*d_x*x", "v1*v2 + sin(v1*v2)", "d_v1 = x*y; d_v1^2 + d_v1", "σ*é + lambda", "d_x(t) = t^2; d_x(x)*d_x(y)",
        "d = x*y; e2 = d^2; e2*d", "x_ = 2*x; d_x_ = x_*x; d_x_*y", "v2 = x*x; (v2 + y)*(v2 + y)",
    ):  # fmt: skip
        circuit = read(formula)
        for full in (False, True):
            statements = to_statements(symbolic(circuit, full=full))
            names = list(circuit.inputs)
            point = {name: 1.25 + place for place, name in enumerate(names)}
            wanted = run(circuit, point).gradient
            printed = [line.partition(" = ")[0] for line in statements.splitlines()]
            assert len(set(printed)) == len(printed)
            last = printed[-len(names) :]
            for name in names:
                own = next(one for one in reversed(printed) if one.rstrip("_") == f"d_{name}".rstrip("_"))
                assert own in last
                assert math.isclose(evaluated(statements, own, point), wanted[name], rel_tol=1e-12), (formula, name)


# ---------------------------------------------------------------- it is the gradient

POINTS = st.fixed_dictionaries(dict.fromkeys(VARIABLES, NUMBERS))


@relaxed
@given(FORMULAS, POINTS)
def test_the_statements_compute_the_gradient_to_the_last_bit(drawn: Both, everything: dict[str, float]) -> None:
    circuit = read(drawn[0])
    assume(circuit.inputs)
    point = {name: everything[name] for name in circuit.inputs}
    result = run(circuit, point)
    assume(not math.isnan(result.value))
    statements = to_statements(symbolic(circuit))
    for name, gradient in result.gradient.items():
        assert repr(evaluated(statements, f"d_{name}", point)) == repr(gradient)


@relaxed
@given(FORMULAS, POINTS)
def test_written_out_it_is_sympys_derivative(drawn: Both, everything: dict[str, float]) -> None:
    """At 50 digits, but for the constants of rules such as 2/sqrt(pi), which are float64s."""
    text, expression = drawn
    circuit = read(text)
    assume(circuit.inputs)
    point = {name: everything[name] for name in circuit.inputs}
    result = run(circuit, point)
    assume(all(abs(value) < 1e8 for value in result.values))
    assume(all(map(math.isfinite, result.gradient.values())))
    statements = to_statements(symbolic(circuit, full=True))
    assert len(statements.splitlines()) == len(circuit.inputs)
    assert statements.count("d_") == len(circuit.inputs)  # none in terms of another
    with mp.workdps(50):
        allowed = 1e-12 * max(conditioned(circuit, point, result.gradient), 1e-300)
        assume(math.isfinite(allowed))
        for name in circuit.inputs:
            slope = exact(sympy.diff(expression, sympy.Symbol(name)), point)
            assume(slope is not None)
            again = read(statements, of=f"d_{name}")
            numbers = {key: again.gates[wire].value for key, wire in again.inputs.items()} | point
            try:
                ours = oracle.evaluate(again, {key: mp.mpf(one) for key, one in numbers.items() if one is not None})
            except ZeroDivisionError:  # in the branch of a where that is not taken
                assume("where" in statements)
                return
            assert abs(ours - slope) <= max(1e-12 * abs(slope), allowed), (text, statements, point, name)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_gate(row: Row) -> None:
    """Of each gate both readings read back, and are its gradient as in a book wherever that is a number."""
    names = [f"x{place}" for place in range(len(row.inputs))]
    circuit = read(f"q = {call(row, names)}; q*q")
    plain, full = (to_statements(symbolic(circuit, full=full)) for full in (False, True))
    for place in points(row, 12):
        point = dict(zip(names, place, strict=True))
        result = run(bookish(circuit), point)
        for name, gradient in result.gradient.items():
            if math.isfinite(gradient) and math.isfinite(result.value):
                assert repr(evaluated(plain, f"d_{name}", point)) == repr(gradient), (point, plain)
                other = evaluated(full, f"d_{name}", point)
                if math.isfinite(other) and 1e-100 < abs(gradient) < 1e100:
                    assert math.isclose(other, gradient, rel_tol=1e-6, abs_tol=1e-6), (point, full)


@pytest.mark.parametrize("case", array_oracle.CASES, ids=lambda case: case.text)
def test_arrays(case: array_oracle.Case) -> None:
    """Pullbacks are gates of the language: they are printed, read back and are the gradient."""
    rng = np.random.default_rng(5)
    names = ["x", "y", "z"][: len(case.shapes)]
    point = {name: rng.uniform(0.5, 2, shape) for name, shape in zip(names, case.shapes, strict=True)}
    circuit = read(f"sum(cos({case.text}))")
    given_ = {name: point[name] for name in circuit.inputs}
    shapes = {name: np.shape(value) for name, value in given_.items()}
    wanted = run(circuit, given_).gradient
    for full in (False, True):
        statements = to_statements(symbolic(circuit, full=full, shapes=shapes))
        for name, gradient in wanted.items():
            found = evaluated(statements, f"d_{name}", given_)
            assert np.shape(found) == np.shape(gradient), statements
            assert np.allclose(found, gradient, rtol=1e-9, atol=1e-9), statements


def test_broadcasting_reads_back() -> None:
    """Forks of arrays of several shapes, unread arrays and constants too."""
    rng = np.random.default_rng(3)
    for text, shapes in (
        ("sum(W*x + b)", {"W": (2, 3), "x": (3,), "b": ()}), ("sum((X @ w - y)^2)", {"X": (4, 2), "w": (2,), "y": (4,)}),
        ("q = x*W; sum(q^2 + sin(q)) + mean(x)*mean(x)", {"x": (3,), "W": (2, 3)}), ("sum(x) + 0*sum(y > 1)", {"x": (2,), "y": (3,)}),
        ("x[0]*x[1] + x[0]^2 + sum([1, 2]*x)", {"x": (2,)}), ("sum(x*[1, 2] - x*[1, 2] + sin(x))", {"x": ()}),
    ):  # fmt: skip
        circuit = read(text)
        point = {name: rng.uniform(0.5, 2, shape) if shape else 0.75 for name, shape in shapes.items()}
        wanted = run(circuit, point).gradient
        for full in (False, True):
            statements = to_statements(symbolic(circuit, full=full, shapes=shapes))
            for name, gradient in wanted.items():
                assert np.allclose(evaluated(statements, f"d_{name}", point), gradient), (text, statements)


# ---------------------------------------------------------------- it stays small

GROWING: dict[str, Callable[[int], str]] = {
    "terms": lambda n: "+".join(f"sin(x{k % 50})" for k in range(n)),
    "factors": lambda n: "*".join(f"x{k % 50}" for k in range(n)),
    "deep": lambda n: "sin(" * n + "x" + ")" * n,
    "forks": lambda n: "q0 = x\n" + "".join(f"q{k} = q{k - 1}*sin(q{k - 1})\n" for k in range(1, n // 2)),
    "quotients": lambda n: "x" + "/(1+x)" * (n // 2),
    "powers": lambda n: "+".join(f"y*x^{k}" for k in range(n // 3)),
}


@pytest.mark.parametrize("kind", GROWING)
@pytest.mark.parametrize("full", [False, True])
def test_ten_times_the_gates_are_ten_times_the_text(kind: str, full: bool) -> None:
    lengths = []
    for count in (1_000, 10_000):
        circuit = read(GROWING[kind](count))
        started = time.monotonic()
        lengths.append(len(to_statements(symbolic(circuit, full=full))))
        assert time.monotonic() - started < 60
    assert lengths[1] < 20 * lengths[0] + 1000
    assert lengths[1] < 150 * 10_000


def test_a_derivative_that_would_explode_keeps_names() -> None:
    """Sixty forks are 2^60 gates written out: what forks has a line, and the result is the same."""
    circuit = read("q0 = x\n" + "".join(f"q{k} = sin(q{k - 1})*cos(q{k - 1} + 1)\n" for k in range(1, 61)))
    statements = to_statements(symbolic(circuit, full=True))
    assert 60 < len(statements.splitlines()) < 1000
    wanted = run(circuit, {"x": 0.7}).gradient["x"]
    assert math.isclose(evaluated(statements, "d_x", {"x": 0.7}), wanted, rel_tol=1e-9)
    few = read("q0 = x\n" + "".join(f"q{k} = sin(q{k - 1})*cos(q{k - 1} + 1)\n" for k in range(1, 4)))
    assert len(to_statements(symbolic(few, full=True)).splitlines()) == 1


# ---------------------------------------------------------------- the command


def test_the_output_is_a_file_of_statements(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "derivative.txt"
    for option in ("--symbolic", "--symbolic=full"):
        assert main(["sigmoid(w*x + b)*x", option, "-w", "2", "-x", "0.25", "-b", "-1", "--out", str(path)]) == 0
        gradient = run(read("sigmoid(w*x + b)*x"), {"w": 2, "x": 0.25, "b": -1}).gradient
        for name, value in gradient.items():
            assert (
                main(["--file", str(path), "--of", f"d_{name}", "-w", "2", "-x", "0.25", "-b", "-1", "--to", "json"])
                == 0
            )
            assert math.isclose(json.loads(capsys.readouterr().out)["value"], value, rel_tol=1e-14)
        assert f"# = {gradient['b']!r}" in path.read_text(encoding="utf-8")


def test_values_are_not_needed_and_stand_behind_if_there_are_any(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["(x+y)*z", "--symbolic"]) == 0
    assert capsys.readouterr().out == PRINTED["(x+y)*z"] + "\n"
    assert main(["(x+y)*z", "--symbolic", "-x", "-2", "-y", "5", "-z", "-4"]) == 0
    assert capsys.readouterr().out == "v1 = x + y  # = 3\nd_x = z  # = -4\nd_y = z  # = -4\nd_z = v1  # = 3\n"
    assert main(["x = 2; k = 3; x*k*y", "--symbolic=full", "-y", "5", "-k", "4"]) == 0
    lines = ["x = 2", "k = 3  # = 4", "d_x = k*y  # = 20", "d_k = x*y  # = 10", "d_y = k*x  # = 8"]
    assert capsys.readouterr().out.splitlines() == lines
    assert main(["sum(W @ x)", "--symbolic", "-W", "[[1, 2]]", "-x", "[3, 4]"]) == 0
    assert "# = [[3, 4]]" in capsys.readouterr().out


def test_latex(capsys: pytest.CaptureFixture[str]) -> None:
    """Each line an equation; what is differentiated is f unless something else is called so."""
    assert main(["(x+y)*z", "--symbolic", "--to", "latex"]) == 0
    equations = [line for line in capsys.readouterr().out.splitlines() if line.startswith("\\eq{")]
    slopes = [(r"v_{1}", "x + y")] + [
        (rf"\frac{{\partial f}}{{\partial {name}}}", text) for name, text in (("x", "z"), ("y", "z"), ("z", "v_{1}"))
    ]
    assert equations == [rf"\eq{{{name} = {text}}}\par" for name, text in slopes]
    assert main(["x = 2; f*x", "--symbolic=full", "--to", "latex", "--wrt", "f"]) == 0
    assert r"\eq{\frac{\partial g}{\partial f} = x}\par" in capsys.readouterr().out


def test_what_explodes_says_so(tmp_path: Path) -> None:
    path = tmp_path / "formula.txt"
    path.write_text("q0 = x\n" + "".join(f"q{k} = sin(q{k - 1})*q{k - 1}\n" for k in range(1, 40)), encoding="utf-8")
    done = exprgrad("--file", str(path), "--symbolic=full")
    assert done.returncode == 0
    assert done.stdout.startswith(f"# written out, this would be more than {MOST:,} gates")


def test_no_variables_and_no_shapes_are_errors() -> None:
    with pytest.raises(UsageError, match="no variable to differentiate"):
        symbolic(read("1 + 2"))
    with pytest.raises(UsageError, match="a gradient needs one number"):
        symbolic(read("x = [1, 2]; 2*x"))
    with pytest.raises(FormulaError, match="shapes do not fit"):
        symbolic(read("W @ x"))
