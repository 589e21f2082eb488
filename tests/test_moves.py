"""Steps along the gradient: by hand, by SymPy's gradient, on parabolas whose overshoot is known, and as data."""

from __future__ import annotations

import csv
import io
import json
import math
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import assume, given
from hypothesis import strategies as st

from conftest import exprgrad
from exprgrad.calculus.moves import Step, ascend, gentler
from exprgrad.cli import main
from exprgrad.errors import UsageError
from exprgrad.language.read import read
from exprgrad.style import Style
from exprgrad.views.moves import sparkline
from test_formulas import FORMULAS, NUMBERS, VARIABLES, Both, relaxed
from test_schema import faults


def test_a_step_by_hand() -> None:
    """(x+y)*z at -2, 5, -4: the gradient is -4, -4, 3, its square 41."""
    start, first = ascend(read("(x+y)*z"), {"x": -2, "y": 5, "z": -4}, 0.5, 1)
    assert start == Step(0, {"x": -2.0, "y": 5.0, "z": -4.0}, -12.0)
    assert first.inputs == {"x": -4.0, "y": 3.0, "z": -2.5}
    assert (first.value, first.predicted, first.actual) == (2.5, 20.5, 14.5)
    assert first.shares == {"x": 16 / 41, "y": 16 / 41, "z": 9 / 41}
    assert (first.kind, first.end) == ("", "")


def test_descent_goes_the_other_way() -> None:
    _, first = ascend(read("3*x + y"), {"x": 1, "y": 1}, -0.5, 1)
    assert first.inputs == {"x": -0.5, "y": 0.5}
    assert (first.predicted, first.actual) == (-5.0, -5.0)


@relaxed
@given(
    FORMULAS,
    st.fixed_dictionaries(dict.fromkeys(VARIABLES, NUMBERS)),
    st.sampled_from([0.125, -0.25, 0.01]),
    st.sets(st.sampled_from(VARIABLES)),
)
def test_the_way_is_that_of_sympys_gradient(
    drawn: Both, numbers: dict[str, float], rate: float, still: set[str]
) -> None:
    """A loop of its own, over SymPy's derivatives, comes to the same places."""
    text, expression = drawn
    circuit = read(text)
    point = {name: numbers[name] for name in circuit.inputs}
    moving = [name for name in point if name not in still]
    assume(moving)
    way = ascend(circuit, point, rate, 3, [name for name in point if name in still])
    slopes = {name: sympy.diff(expression, name) for name in moving}
    here = dict(point)
    for before, step in pairwise(way):
        assume(all(abs(x) < 1e3 for x in here.values()))
        gradient = {name: _number(slope, here) for name, slope in slopes.items()}
        assume(all(math.isfinite(slope) and abs(slope) < 1e3 for slope in gradient.values()))
        here |= {name: here[name] + rate * slope for name, slope in gradient.items()}
        assert step.inputs == pytest.approx(here, rel=1e-7, abs=1e-7)
        here = dict(step.inputs)
        displacement = {name: step.inputs[name] - before.inputs[name] for name in moving}
        predicted = sum(gradient[name] * displacement[name] for name in moving)
        assert step.predicted == pytest.approx(predicted, rel=1e-6, abs=1e-9)
        assert step.actual == step.value - before.value or not math.isfinite(step.value)
        assert sum(step.shares.values()) == pytest.approx(1)
        assert all(step.inputs[name] == point[name] for name in point if name in still)


def _number(slope: Any, point: dict[str, float]) -> float:
    number = slope.evalf(30, subs={name: sympy.Rational(value) for name, value in point.items()})
    return float(number) if number.is_real else math.nan


@pytest.mark.parametrize("steepness", [0.5, 1, 8])
@pytest.mark.parametrize("reach", ["1/8", "1/2", "15/16", "17/16", "3/2", "31/16", "33/16", "4"])
def test_on_a_parabola_overshoot_is_exactly_known(steepness: float, reach: str) -> None:
    """L/2 x²: a rate beyond 1/L goes past the bottom, one beyond 2/L comes out higher; 1/L is the gentle one."""
    rate = float(Fraction(reach)) / steepness
    for text, sign in ((f"{steepness / 2}*x^2", -1), (f"-{steepness / 2}*x^2 + 1", 1)):
        _, first = ascend(read(text), {"x": 3}, sign * rate, 1)
        assert first.kind == ("wrong way" if Fraction(reach) > 2 else "overshoot" if Fraction(reach) > 1 else "")
        assert gentler(sign * rate, first) == pytest.approx(sign / steepness)


def test_a_step_below_the_rounding_of_the_output_is_no_overshoot() -> None:
    way = ascend(read("1e6 + (x - 1)^2"), {"x": 1 + 1e-9}, -0.4, 20)
    assert {step.kind for step in way} == {""}


@pytest.mark.parametrize(
    ("text", "x", "rate", "steps", "end"),
    [
        ("relu(x)", -3.0, 1.0, 0, "flat"), ("abs(x)", 0.0, 1.0, 0, "flat"), ("relu(x)", 1.0, -2.0, 1, "flat"),
        ("x^2", 0.0, 1.0, 0, "flat"), ("log(x)", 0.0, 1.0, 0, "not finite"), ("exp(x)", 1.0, 1.0, 3, "not finite"),
        ("sqrt(x)", 1.0, -4.0, 1, "not finite"), ("1e-200*x", 1.0, 1.0, 0, "stuck"), ("1e200*x", 1.0, 1.0, 0, "not finite"),
        ("x", 1e300, 1.0, 0, "stuck"), ("floor(x)", 1.5, 1.0, 0, "flat"), ("x", 1.0, 1.0, 5, ""),
    ],
)  # fmt: skip
def test_where_a_way_ends(text: str, x: float, rate: float, steps: int, end: str) -> None:
    way = ascend(read(text), {"x": x}, rate, 5)
    assert (len(way) - 1, way[-1].end) == (steps, end)
    assert not any(step.end for step in way[:-1])


def test_arrays_move_element_by_element() -> None:
    """Gradients of sum((W @ x)²) by hand: 2 (W x) xᵀ and 2 Wᵀ (W x)."""
    w, x = np.array([[1.0, -2.0], [0.5, 3.0]]), np.array([2.0, 1.0])
    way = ascend(read("sum((W @ x)^2)"), {"W": w, "x": x}, -0.01, 6)
    for before, step in pairwise(way):
        image = w @ x
        by_w, by_x = 2 * np.outer(image, x), 2 * w.T @ image
        total = float(np.sum(by_w**2) + np.sum(by_x**2))
        w, x = w - 0.01 * by_w, x - 0.01 * by_x
        assert step.inputs["W"] == pytest.approx(w)
        assert step.inputs["x"] == pytest.approx(x)
        assert step.predicted == pytest.approx(-0.01 * total)
        assert step.shares["W"] == pytest.approx(float(np.sum(by_w**2)) / total)
        assert step.actual == pytest.approx(float(np.sum((w @ x) ** 2)) - before.value)


def test_an_array_as_output_is_weighed_by_the_upstream_gradient() -> None:
    """[x, y]*y with weights 2 and -1 is 2xy - y²: the gradient is 2y, 2x - 2y."""
    start, first = ascend(read("[x, y]*y"), {"x": 3, "y": 1}, 0.5, 1, upstream=[2, -1])
    assert start.value == 5
    assert first.inputs == {"x": 4.0, "y": 3.0}
    assert (first.predicted, first.value) == (0.5 * (4 + 16), 24 - 9)


def test_what_moves() -> None:
    still = {"x": 2.0, "y": 3.0, "z": 5.0}
    circuit = read("x*y*z")
    for moved, given_ in (
        ("xyz", {}), ("z", {"fixed": ["x", "y"]}), ("xy", {"wrt": ["x", "y"]}), ("y", {"wrt": ["x", "y"], "fixed": ["x"]}),
    ):  # fmt: skip
        end = ascend(circuit, still, 0.1, 2, **given_)[-1].inputs
        assert {name for name in still if end[name] != still[name]} == set(moved)
    with pytest.raises(UsageError, match="nothing to move: the formula has no inputs"):
        ascend(read("2 + 3"), {}, 0.1)


def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main([*arguments]) == 0
    return capsys.readouterr().out


JOB = ("x^2 + 10*sum(y^2)", "-x", "3", "-y", "[1, 1/2]", "--descend", "1/20", "--steps", "4")


def test_every_format_has_the_same_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON, JSON Lines, CSV and TSV read back to the library's steps, bit by bit."""
    way = ascend(read(JOB[0]), {"x": 3, "y": [1, 0.5]}, -0.05, 4)
    data = json.loads(command(capsys, *JOB, "--to", "json"))
    assert faults(data) == []
    assert data["rate"] == -0.05
    lines = [json.loads(line) for line in command(capsys, *JOB, "--to", "jsonl").splitlines()]
    assert data["steps"] == lines
    for to, delimiter in (("csv", ","), ("tsv", "\t")):
        rows = list(csv.DictReader(io.StringIO(command(capsys, *JOB, "--to", to)), delimiter=delimiter))
        assert len(rows) == len(lines) == len(way) == 5
        for step, row, line in zip(way, rows, lines, strict=True):
            assert int(row["step"]) == line["step"] == step.number
            assert float(row["value"]) == line["value"] == step.value
            assert (float(row["predicted"]) if row["predicted"] else None) == line["predicted"] == step.predicted
            assert (float(row["actual"]) if row["actual"] else None) == line["actual"] == step.actual
            assert float(row["x"]) == line["inputs"]["x"] == step.inputs["x"]
            assert [float(row["y[0]"]), float(row["y[1]"])] == line["inputs"]["y"] == step.inputs["y"].tolist()
            assert line["shares"] == step.shares
            assert row["kind"] == line["kind"] == step.kind
            assert row["end"] == line["end"] == step.end


def test_the_table_fits_80_columns_and_folds(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    many = [f"x{k}" for k in range(100)]
    text = command(capsys, "+".join(f"{name}^2" for name in many), *[word for name in many for word in (f"-{name}", "1/3")],
                   "--descend", "1/7", "--steps", "200")  # fmt: skip
    assert max(map(len, text.splitlines())) <= 80
    assert "161 more" in text
    assert "98 more" in text
    assert "60 more" in text
    assert len(text.splitlines()) < 100


def test_it_says_what_goes_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["x^2", "-x", "3", "--descend", "1.5", "--steps", "2"]) == 0
    told = capsys.readouterr()
    assert told.out.count("wrong way") == 2
    assert (
        told.err == "note: steps 1, 2 went too far: the output turned back\n  = a smaller rate, such as --descend 0.5\n"
    )
    assert main(["x^2", "-x", "3", "--descend", "1e200"]) == 0  # of a step to infinity no parabola is known
    told = capsys.readouterr()
    assert "wrong way, not finite" in told.out
    assert "\n  = a smaller rate, such as --descend 1e+199\n" in told.err
    assert main(["relu(x)", "-x", "0", "--ascend", "0.1"]) == 0
    told = capsys.readouterr()
    assert "the way ends at step 0: the gradient is 0 there" in told.err
    assert "relu(x) has a kink here" in told.err
    assert main(["exp(x)", "-x", "1", "--ascend", "1"]) == 0
    told = capsys.readouterr()
    assert "not finite" in told.out
    assert "warning: exp(x) is inf" in told.err
    assert main(["x^2", "-x", "3", "--descend", "1.5", "--strict"]) == 0  # neither a kink nor infinite


def test_ascii_and_markdown() -> None:
    done = exprgrad(*JOB, "--ascii")
    assert done.returncode == 0
    assert done.stdout.isascii()
    assert "output 8" in done.stdout
    done = exprgrad(*JOB, "--to", "markdown", "--digits", "3")
    assert done.stdout.splitlines()[:2] == [
        "| step | output | predicted | actual | shares | note |", "|---|---|---|---|---|---|",
    ]  # fmt: skip
    assert len(done.stdout.splitlines()) == 7


def test_sparklines() -> None:
    style = Style(ascii=True)
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], style) == "12345678"
    assert sparkline([5, 5], style) == "11"
    assert sparkline([0, math.inf, math.nan, 1], style) == "1..8"
    assert sparkline([-1.7e308, 1.7e308], style) == "18"
    assert sparkline([math.nan], style) == "."
    long = sparkline(list(range(1001)), style)
    assert len(long) == 40
    assert (long[0], long[-1]) == ("1", "8")
    assert list(long) == sorted(long)


def test_less_than_no_step_is_none() -> None:
    (start,) = ascend(read("x^2"), {"x": 3}, 0.1, steps=-1)
    assert (start.number, start.value) == (0, 9)
