"""The audit: every planted error is caught, nothing right is blamed, kinks and rounding are told from errors."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import array_oracle
from conftest import ROWS, call, points
from exprgrad.arithmetic.forward import function, steps
from exprgrad.arithmetic.special import SPECIAL
from exprgrad.audit.check import Audit, check
from exprgrad.circuit import Circuit
from exprgrad.cli import main
from exprgrad.errors import FormulaError, UsageError
from exprgrad.gates import GATES, Row
from exprgrad.gates import ROWS as EVERY
from exprgrad.language.read import read
from exprgrad.precise.precise import precise
from exprgrad.rules import slopes
from exprgrad.run import run
from exprgrad.style import Style
from exprgrad.values import shape
from exprgrad.write.check import said
from test_arrays import numbers, sample
from test_formulas import FORMULAS, NUMBERS, VARIABLES, Both, relaxed
from test_schema import faults

# rows that take mpmath long with a thousand digits: these have a closer second look at 1e-60, not at 1e-300
SLOW = (
    "gamma", "digamma", "polygamma", "polygamma_drop", "beta", "factorial", "lgamma", "erfinv", "cofactor",
    "cofactor_back",
)  # fmt: skip
CASES = list({case.row: case for case in array_oracle.CASES}.values())  # one of each row

every_gate = pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
every_case = pytest.mark.parametrize("case", CASES, ids=[case.text for case in CASES])


def look_less_closely(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the rows that are slow."""
    if row.name in SLOW:
        monkeypatch.setattr(import_module("exprgrad.audit.check"), "POWERS", (30, 60))


def audit(text: str, **point: Any) -> Audit:
    return check(read(text), point)


def verdicts(text: str, **point: Any) -> dict[str, str]:
    return {one.name: one.verdict for one in audit(text, **point).verdicts}


def planted(circuit: Circuit, row: Row, position: int, way: str) -> Circuit:
    """The circuit with one rule of a row written in another way."""
    gradients = [row.computed(place) for place in range(len(row.gradients or ()))]
    gradients[position] = way.format(gradients[position])
    wrong = replace(row, gradients=tuple(gradients), sharp=())
    gates = tuple([gate._replace(op=wrong) if gate.op is row else gate for gate in circuit.gates])
    return Circuit(gates, circuit.names, circuit.output, circuit.text)


# ---------------------------------------------------------------- what is right, what is wrong


@every_gate
def test_no_right_row_is_blamed(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the whole domain, next to corners, and at kinks, steps and singular points."""
    look_less_closely(row, monkeypatch)
    names = [f"x{position}" for position in range(len(row.inputs))]
    circuit = read(call(row, names))
    singular = [tuple(at for _ in names) for at in (0.0, 1.0, -1.0, 3.0, 6.0)]
    agreed = 0
    for point in [*points(row, 2 if row.name in SLOW else 6), *singular]:
        found = check(circuit, dict(zip(names, point, strict=True)))
        assert found.holds, (point, found.verdicts)
        agreed += all(one.verdict == "agrees" for one in found.verdicts)
    assert agreed or row.name.startswith("polygamma")


@every_gate
def test_every_planted_error_is_caught(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule off by a thousandth, with the other sign, or without a value, for each input of each row."""
    look_less_closely(row, monkeypatch)
    names = [f"x{position}" for position in range(len(row.inputs))]
    circuit = read(call(row, names))
    for position, text in enumerate(row.gradients or ()):
        if text in (None, "0", "nan"):
            continue
        for point in points(row, 60):
            values = dict(zip(names, point, strict=True))
            used = run(circuit, values).gradient[names[position]]
            if 1e-100 < abs(used) < 1e100 and all(1e-3 < abs(x) < 1e3 for x in point):
                break
        else:
            assert row.name in ("heaviside", "where"), "no gradient flows to it but where the first input is 0"
            continue
        for way in ("({})*1.001", "-({})", "({}) + nan", "({0}) + 1e-9*({0})"):
            found = check(planted(circuit, row, position, way), values, [names[position]])
            assert [one.verdict for one in found.verdicts] == ["differs"], (position, way, point)


@every_case
def test_whole_array_rows(case: array_oracle.Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row as it is stands, with a planted error it does not."""
    circuit, point, row = read(case.text), sample(case), EVERY[case.row]
    look_less_closely(row, monkeypatch)
    upstream = numbers(random.Random(1), shape(run(circuit, point, upstream=1.0).value))
    found = check(circuit, point, upstream=upstream)
    assert {one.verdict for one in found.verdicts} <= {"agrees"}
    for position, text in enumerate(row.gradients or ()):
        if text is not None:
            assert not check(planted(circuit, row, position, "({})/0.999"), point, upstream=upstream).holds


@relaxed
@given(FORMULAS, st.fixed_dictionaries(dict.fromkeys(VARIABLES, NUMBERS)))
def test_no_formula_is_blamed(drawn: Both, everything: dict[str, float]) -> None:
    circuit = read(drawn[0])
    point = {name: everything[name] for name in circuit.inputs}
    assume(len(circuit.gates) < 40)
    found = check(circuit, point)
    assert found.holds, found.verdicts


def test_one_wrong_gate_among_many_is_found() -> None:
    """Of 200 inputs, looked at together, the one whose gate is wrong is told, and no other."""
    text = " + ".join(f"tanh(x{number})" for number in range(200))
    circuit = read(text)
    point = {f"x{number}": 0.5 + number / 300 for number in range(200)}
    right = check(circuit, point)
    assert right.holds
    assert right.lines < right.elements == 200
    tanh = EVERY["tanh"]
    wrong = replace(tanh, gradients=("1.01/cosh(x)^2",))
    target = circuit.inputs["x137"]
    gates = tuple(
        [gate._replace(op=wrong) if gate.op is tanh and gate.inputs == (target,) else gate for gate in circuit.gates]
    )
    found = check(Circuit(gates, circuit.names, circuit.output, circuit.text), point)
    assert [one.name for one in found.verdicts if not one.holds] == ["x137"]


def test_a_wrong_function_is_told_from_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rules are right, but what float64 computes is not."""
    good = SPECIAL["norm_cdf"]
    monkeypatch.setitem(SPECIAL, "norm_cdf", lambda x: good(x) * (1 + 1e-6))
    ready = (function, steps, slopes)
    for one in ready:
        one.cache_clear()
    try:
        found = audit("gelu(x)", x=0.7).verdicts[0]
        assert found.verdict == "off"
        assert said(found, Style(digits=4)) == (
            "float64 has 0.9766, its own rules in high precision 0.9766: more than rounding explains"
        )
    finally:
        for one in ready:
            one.cache_clear()


def test_a_forward_mode_that_says_something_else_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rules and the differences agree, and a tangent of another formula does not."""
    witness = import_module("exprgrad.audit.witness")
    right = witness.tangent
    monkeypatch.setattr(witness, "tangent", lambda _, *rest, **more: right(read("x*3"), *rest, **more))
    found = audit("x^2 - 7", x=5).verdicts[0]
    assert (found.verdict, found.holds, found.rules, found.forward) == ("differs", False, 10, 3)
    assert said(found, Style()) == "the gradient is 10, forward mode says 3, the difference is 10"


# ---------------------------------------------------------------- kinks, steps, infinities, rounding


@pytest.mark.parametrize(
    ("text", "x", "left", "right"),
    [
        ("abs(x)", 0, -1, 1), ("relu(x)", 0, 0, 1), ("max(x, 2*x)", 0, 1, 2), ("clip(x, -1, 1)", 1, 1, 0),
        ("3*relu(2*x - 4)", 2, 0, 6), ("-abs(x)", 0, 1, -1), ("leaky_relu(x)", 0, 0.01, 1), ("norm([x, 0])", 0, -1, 1),
        ("std([x, 0])", 0, -0.5, 0.5), ("x*sign(x)", 0, -1, 1), ("min(x, x^3)", 1, 3, 1), ("hypot(x, 0)", 0, -1, 1),
        ("amax([x, 1, 1 - x])", 0, -1, 0),
    ],
)  # fmt: skip
def test_kinks(text: str, x: float, left: float, right: float) -> None:
    one = audit(text, x=x).verdicts[0]
    assert (one.verdict, one.holds) == ("kink", True)
    assert (one.left, one.right) == pytest.approx((left, right))


@pytest.mark.parametrize(
    ("text", "x", "verdict"),
    [
        ("floor(x)", 2, "step"), ("sign(x) + x", 0, "step"), ("x % 2", 4, "step"), ("heaviside(x)", 0, "step"), ("round(x)", 2.5, "step"),
        ("sqrt(x)", 0, "not finite"), ("log(x)", 0, "not finite"), ("log(x)", -1, "not finite"), ("x/x", 0, "not finite"),
        ("sqrt(x)^2", 0, "not finite"), ("1/(1 + exp(-x))", -1000, "not finite"), ("asin(x)", 1, "not finite"),
        ("acos(x)", 1, "not finite"), ("x^x", 0, "not finite"), ("cbrt(x)", 0, "not finite"), ("exp(x)", 1000, "not finite"),
        ("x", math.inf, "not finite"), ("x", math.nan, "not finite"), ("sqrt(x^4)", 0, "not finite"),
        ("sin(1e16*x)", 0.3, "rounded"), ("(1 - cos(x))/x^2", 1e-6, "rounded"), ("(x + 1e20)^2 - 1e40 - 2e20*x", 1, "rounded"),
        ("where(x + 0.2 == 0.30000000000000004, x, 3*x)", 0.1, "rounded"),
        ("sin(x)^2 + cos(x)^2", 0.3, "agrees"), ("x - x", 5, "agrees"), ("abs(x)^2", 0, "agrees"), ("x^1.1", 0, "agrees"),
        ("max(x, 1e-300)", 0, "agrees"), ("relu(x)", 5e-324, "agrees"), ("where(x > 0, sqrt(x), 0)", 0, "kink"), ("0*x + 3", 1, "agrees"),
        ("max(x, x)", 2, "agrees"), ("x^x", 1e-300, "agrees"), ("acosh(x)", 1 + 2**-52, "agrees"), ("1e-200*x", 1, "agrees"),
        ("sigmoid(x)", -1000, "agrees"), ("sin(x)", 1e300, "agrees"), ("3", 1, None), ("relu(3*x - 0.3)", 0.1, "agrees"),
    ],
)  # fmt: skip
def test_singular_points(text: str, x: float, verdict: str | None) -> None:
    found = audit(text, x=x) if "x" in text else audit(text)
    assert [one.verdict for one in found.verdicts] == [verdict] * (verdict is not None)
    assert found.holds


def test_choices_at_kinks_that_are_no_derivative_are_told() -> None:
    """relu(x) - relu(-x) is x, but the chain rule makes 0 - 0 of it at 0."""
    one = audit("relu(x) - relu(-x)", x=0).verdicts[0]
    assert (one.verdict, one.gradient, one.difference) == ("differs", 0, 1)


def test_a_kink_where_three_meet() -> None:
    """clip(0, 0, 0) is smooth in its bound alone, but not in all three: half of each piece is a choice."""
    found = {one.name: one for one in audit("clip(x, lo, hi)", x=0, lo=0, hi=0).verdicts}
    assert {name: one.verdict for name, one in found.items()} == {"x": "agrees", "lo": "kink", "hi": "kink"}
    assert said(found["lo"], Style()) == "a kink, though not along this input alone: the difference is 0, 0.5 used"
    assert said(found["hi"], Style()) == "a kink: 1 on the left, 0 on the right, 0.5 used"
    assert said(found["x"], Style()) == ""


def test_a_step_is_told_with_what_is_used() -> None:
    assert said(audit("x + floor(x)", x=2).verdicts[0], Style()) == "a step: the jump has no gradient, 1 is used"


def test_the_order_of_the_remainder() -> None:
    """2 where there is curvature, 3 where there is none but a third derivative, none on a line, 1 if wrong."""
    orders = {text: audit(text, x=2).verdicts[0].order for text in ("x^3", "(x - 2)^3", "5*x + 1")}
    assert orders == {"x^3": pytest.approx(2), "(x - 2)^3": pytest.approx(3), "5*x + 1": math.inf}
    circuit = read("tanh(x)")
    wrong = check(planted(circuit, EVERY["tanh"], 0, "({})*1.1"), {"x": 0.5}).verdicts[0]
    assert wrong.order == pytest.approx(1)
    assert wrong.gradient == pytest.approx(1.1 / math.cosh(0.5) ** 2)
    assert wrong.difference == pytest.approx(1 / math.cosh(0.5) ** 2)


def test_the_upstream_gradient_weighs_the_output() -> None:
    found = check(read("[x*y, sin(x)]"), {"x": 0.5, "y": 2}, upstream=[3, -1])
    assert [one.difference for one in found.verdicts] == pytest.approx([6 - math.cos(0.5), 1.5])
    assert found.holds


def test_gates_that_stand_for_formulas_on_arrays() -> None:
    found = audit("sum(softplus(x))", x=[0.0, 3.0]).verdicts[0]
    assert (found.verdict, found.place) == ("agrees", (0,))
    assert found.difference == pytest.approx(0.5, rel=1e-12)


def test_gates_of_ones_own_and_strange_names() -> None:
    assert set(
        verdicts(
            "g(t) = t^2 + abs(t); y = g(σ)*g(lambda); y - d_x*v1", **{"σ": 1.5, "lambda": 2, "d_x": 1, "v1": 3}
        ).values()
    ) == {"agrees"}
    assert verdicts("g(t) = 1 - cos(t); g(x)/x^2", x=1e-7) == {"x": "rounded"}
    assert verdicts("x = 3; y = 2; x") == {"x": "agrees", "y": "agrees"}


def test_large_ones_take_bounded_work() -> None:
    found = audit("sum(tanh(W @ x)^2)", W=np.arange(1200).reshape(30, 40) / 1200, x=np.arange(40) / 40 - 0.5)
    assert found.holds
    assert found.lines < 100 < found.elements == 1240
    found = audit("+".join(["sin(x)*y"] * 3000), x=0.5, y=2)
    assert (found.holds, found.lines) == (True, 2)
    with pytest.raises(UsageError, match="at most 200,000 gates"):
        audit("sum(x)", x=np.zeros(200_001))


@pytest.mark.parametrize("of", [audit, lambda text, **point: precise(read(text), point)])
def test_what_only_rounding_makes_regular_is_refused_where_it_is(of: Callable[..., Any]) -> None:
    """fl(1/49)*49 is below 1, so float64 finds an inverse; 1e16 + 1 - 1e16 is 0 to it, and truly an index too many."""
    assert math.isfinite(run(read("sum(inv(a))"), {"a": [[1, 1], [49, 49]]}).value)
    with pytest.raises(FormulaError) as failed:
        of("sum(inv(a))", a=[[1, 1], [49, 49]])
    told = failed.value.report
    assert (told.message, told.span, told.hint) == (
        "inv(a): the matrix is singular", (4, 10), "it has no inverse; its determinant is 0",
    )  # fmt: skip
    assert run(read("x[floor(y + 1 - y)]"), {"x": [7], "y": 1e16}).value == 7
    with pytest.raises(FormulaError, match="the index does not fit: index 1 is out of bounds"):
        of("x[floor(y + 1 - y)]", x=[7], y=1e16)


# ---------------------------------------------------------------- the command


def test_the_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted error is delivered, then exit status 5."""
    job = ["y*tanh(x)", "-x", "0.5", "-y", "2", "--check"]
    assert main(job) == 0
    assert "differs" not in capsys.readouterr().out
    monkeypatch.setitem(GATES, "tanh", (replace(EVERY["tanh"], gradients=("2/cosh(x)^2",)),))
    assert main(job) == 5
    told = capsys.readouterr()
    assert "differs" in told.out
    assert told.err.startswith("error: --check: x: the gradient is 3.1457")
    assert main([*job, "--to", "json"]) == 5
    data = json.loads(capsys.readouterr().out)
    assert data["holds"] is False
    assert {one["input"]: one["verdict"] for one in data["verdicts"]} == {"y": "agrees", "x": "differs"}


def test_formats(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    job = [
        "abs(x) + log(y) + sin(1e16*z)*w[0]",
        "-x",
        "0",
        "-y",
        "0",
        "-z",
        "0.3",
        "-w",
        "[1/3, 2]",
        "--check",
        "--quiet",
    ]
    for more in ([], ["--ascii", "--digits", "3"]):
        assert main([*job, *more]) == 0
        assert max(map(len, capsys.readouterr().out.splitlines())) <= 80
    assert main([*job, "--to", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert faults(data) == []
    assert {one["input"]: one["message"][:6] for one in data["verdicts"]} == {
        "x": "the gr",
        "y": "the gr",
        "z": "the gr",
        "w": "the gr",
    }
    assert main([*job, "--to", "markdown"]) == 0
    assert (
        capsys.readouterr().out.splitlines()[0] == "| input | gradient | forward | difference | remainder | verdict |"
    )


def test_an_array_has_a_line_for_the_element_that_says_most(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sum(abs(x)) + y", "-x", "[3, 0, 4]", "-y", "1", "--check", "--quiet"]) == 0
    printed = capsys.readouterr().out
    assert [line.split()[1] for line in printed.splitlines() if line.startswith("│ ")] == ["input", "x[1]", "y"]
    assert printed.splitlines()[-1] == "of an array, the element that has most to say"


def test_what_a_table_leaves_out_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """Of 70 inputs those that hold stand behind; 200 elements are looked at together."""
    names = [f"x{number}" for number in range(70)]
    assert main(["+".join(names), *[word for name in names for word in (f"-{name}", "1")], "--check", "--quiet"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("│ x") for line in lines) == 60
    assert lines[63].split("│")[1:3] == [" …     ", " 10 more hold "]
    job = ["sum(tanh(x)^2)", "-x", "arange(200)/200", "--check", "--quiet"]
    assert main(job) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert main([*job, "--to", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["lines"] < data["elements"] == 200
    assert last == f"200 elements, looked at along {data['lines']} lines"
