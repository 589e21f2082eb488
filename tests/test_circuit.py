"""Circuits: their rules, their printed forms, and what the chain rule makes of them."""

from __future__ import annotations

import gc
import json
import math
import re
import shutil
from collections import Counter
from itertools import product
from pathlib import Path

import pytest

from conftest import ROOT
from conftest import ROWS as EVERY
from exprgrad.arithmetic.forward import forward, function
from exprgrad.chain import backward, tangent
from exprgrad.circuit import Builder, Circuit, Gate, uncollected
from exprgrad.diagnosis.notes import notes
from exprgrad.errors import CircuitError, FormulaError, UsageError
from exprgrad.gates import CONST, INPUT, ROWS, Row
from exprgrad.language import tables
from exprgrad.language.lower import formula
from exprgrad.language.read import read
from exprgrad.run import _backward, run
from exprgrad.shapes import shaped
from exprgrad.tidy import derive
from exprgrad.write.formula import write

X = Gate(INPUT, name="x")
ADD = ROWS["add"]


@pytest.mark.parametrize(
    ("gates", "names", "output", "reason"),
    [
        ((X, Gate(ADD, (0, 1))), {}, 1, "reads wire 1, which has not fired"),
        ((X, Gate(ADD, (0,))), {}, 1, "reads 1 wires"),
        ((X, Gate(ADD, (0, -1))), {}, 1, "reads wire -1"),
        ((X, Gate(ROWS["sum"], (0,), params=(0,))), {}, 1, "has 1 settings"),
        ((Gate(INPUT),), {}, 0, "without its name"),
        ((Gate(CONST, name="c"),), {}, 0, "without its value"),
        ((X,), {}, 1, "no wire 1"),
        ((X,), {"y": 7}, 0, "no wire 7"),
    ],
)
def test_check(gates: tuple[Gate, ...], names: dict[str, int], output: int, reason: str) -> None:
    with pytest.raises(CircuitError, match=re.escape(reason)):
        Circuit(gates, names, output).check()


def test_what_no_gradient_can_be_made_of() -> None:
    """An input that is none, a gate that says nothing of its gradient, and one that does not fit."""
    circuit = read("q = 2*x; q + 1")
    for derived in (backward, lambda circuit, shapes: tangent(circuit, "x", shapes)):
        with pytest.raises(UsageError, match="'q' is no input of the circuit"):
            derived(circuit, shapes={"q": ()})
    builder = Builder()
    silent = builder.circuit(builder.add(Row("silent", ("x",)), (builder.input("x"),)))
    with pytest.raises(CircuitError, match="silent has neither local gradients nor a body"):
        backward(silent)
    builder = Builder()
    apart = builder.circuit(builder.add(ADD, (builder.input("x"), builder.input("y"))))
    with pytest.raises(FormulaError, match=re.escape("x (2) + y (3)")) as caught:
        backward(apart, shapes={"x": (2,), "y": (3,)})
    assert caught.value.report.span is None


def test_the_settings_of_a_row_stand_in_its_formulas_by_name() -> None:
    assert str(formula("x*ddof", ["x"], ["ddof"])).splitlines()[-2:] == ["v1 = mul(x, ddof)  # x*ddof", "output v1"]


def test_inputs_are_collected_once_however_often_they_are_asked_for() -> None:
    """Some ask once for each input, of which there may be as many as gates."""
    circuit = read("x*y + z")
    assert circuit.inputs is circuit.inputs
    assert list(circuit.inputs) == ["x", "y", "z"]


def test_an_array_is_let_go_when_nothing_needs_it_any_more() -> None:
    """All of what is shown is computed and kept."""
    circuit = read("sum(sin(tanh(W @ x))^2)")
    back, plan = _backward(circuit, None, True, (("W", (2, 3)), ("x", (3,))))
    assert plan is not None
    forward = set(range(len(circuit.gates)))
    shown = {wire for wires in (back.gradient, *back.local) for wire in wires if wire is not None}
    computed, gone = {wire for wire, _ in plan}, {wire for _, done in plan for wire in done}
    assert computed > shown - forward
    assert gone == computed - shown


def test_backward_leaves_the_forward_gates_as_they_are() -> None:
    circuit = read("q = x*y; f = q*sin(q) + max(x, q)")
    back = backward(circuit)
    assert back.circuit.gates[: len(circuit.gates)] == circuit.gates
    assert back.circuit.output == circuit.output
    assert back.circuit.gates[back.seed].value == 1
    assert {name for name in back.circuit.names if name.startswith("d[")} >= {"d[f]", "d[q]", "d[x]", "d[y]"}


def test_gradients_add_up_at_forks_in_one_gate_each() -> None:
    """x feeds three gates: three pushes and two sums, and nothing is evaluated twice."""
    circuit = read("x*2 + sin(x) + x")
    back = backward(circuit)
    assert run(circuit, {"x": 0.5}).gradient["x"] == pytest.approx(3 + math.cos(0.5))
    counts = Counter(gate.op.name for gate in back.circuit.gates[len(circuit.gates) :] if gate.op is not CONST)
    assert counts == {"input": 1, "add": 2, "mul": 2, "cos": 1}


def test_each_gate_is_evaluated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[float] = []
    counted = Row("counted", ("x",), ("1",))

    def call(x: float) -> float:
        calls.append(x)
        return x

    monkeypatch.setattr("exprgrad.arithmetic.forward.function", lambda row: call if row is counted else function(row))
    builder = Builder()
    once = builder.add(counted, (builder.input("x"),))
    circuit = builder.circuit(builder.add(ADD, (once, once)))
    assert run(circuit, {"x": 3}).gradient == {"x": 2}
    assert calls == [3]


def test_constants_and_inputs_left_out_carry_no_gradient() -> None:
    result = run(read("2*x + y*3"), {"x": 1, "y": 2}, wrt=["x"])
    assert result.gradient == {"x": 2}
    for gate, gradient in zip(result.circuit.gates, result.gradients, strict=True):
        if gate.op is CONST or gate.name == "y":
            assert gradient is None


def test_nothing_computes_a_logarithm_for_a_constant_exponent() -> None:
    for text in ("x^2", "p(a, b) = a^b; p(x, 2) + 0"):
        names = {gate.op.name for gate in backward(read(text)).circuit.gates}
        assert not names & {"log", "xlogy"}, text
        assert run(read(text), {"x": -1.5}).gradient == {"x": -3}


def test_a_gradient_that_cannot_arrive_is_zero() -> None:
    result = run(read("x = 2; y = 3; q = x*y; 2*y"), {})
    assert result.gradient == {"x": 0, "y": 2}
    assert run(read("x > 1"), {"x": 2}).gradient == {"x": 0}
    assert tangent(read("x > 1"), "x").gates[-1].value == 0
    for text in ("(x > 1)*x", "x*(x > 1)"):
        assert run(tangent(read(text), "x"), {"x": 2}).value == 1
        assert run(read(text), {"x": 2}).gradient == {"x": 1}
    for text in ("where(0, x, 3)*x", "x*where(0, x, 3)", "g(t) = where(0, t, 3); g(x)*x", "where(0, x, 3) + 3*x"):
        assert run(tangent(read(text), "x"), {"x": 2}).value == 3
        assert run(read(text), {"x": 2}).gradient == {"x": 3}


def test_upstream() -> None:
    """The gradient that arrives at the output multiplies all others."""
    assert run(read("x^2"), {"x": 3}, upstream=10).gradient == {"x": 60}


def test_missing_and_unknown_variables() -> None:
    with pytest.raises(UsageError, match="no value for 'x', 'y'"):
        run(read("x + y"), {})
    with pytest.raises(UsageError, match="'z' is no variable"):
        run(read("x + y"), {"x": 1, "y": 2, "z": 3})
    with pytest.raises(UsageError, match="names no such wire"):
        read("q = x; q + 1", of="p")
    with pytest.raises(UsageError, match="it has no variables"):
        run(read("1 + 2"), {"x": 1})
    for count, more in ((5, ""), (6, " …")):
        with pytest.raises(UsageError) as caught:
            run(read("+".join(f"v{k}" for k in range(count))), {})
        assert caught.value.report.message == f"no value for 'v0', 'v1', 'v2', 'v3', 'v4'{more}"
        assert caught.value.report.hint == "add -v0 VALUE -v1 VALUE -v2 VALUE -v3 VALUE -v4 VALUE"
    for count, more in ((8, ""), (9, " …")):
        with pytest.raises(UsageError, match=f"its variables are ('v[0-9]'(, )?){{8}}{more}$"):
            run(read("+".join(f"v{k}" for k in range(count))), {"unlike": 1})


def test_printed_forms() -> None:
    text = "g(t, k) = k*t^2\nv1 = 2\nq = g(x, 3) + v1\nq*q + sin(x)*sin(x)"
    circuit = read(text)
    assert str(circuit).splitlines() == [
        "v1 = input 2.0",
        "x = input",
        "v2 = g(x, 3.0)  # g(x, 3)",
        "q = add(v2, v1)  # g(x, 3) + v1",
        "v3 = mul(q, q)  # q*q",
        "v4 = sin(x)  # sin(x)",
        "v5 = sin(x)  # sin(x)",
        "v6 = mul(v4, v5)  # sin(x)*sin(x)",
        "v7 = add(v3, v6)  # q*q + sin(x)*sin(x)",
        "output v7",
    ]
    printed = write(circuit)
    assert printed.splitlines() == [
        "g(t, k) = k*t^2",
        "v1 = 2.0",
        "q = (g(x, 3.0) + v1)",
        "((q * q) + (sin(x) * sin(x)))",
    ]
    again = read(printed)
    assert [(g.op.name, g.inputs, g.value) for g in again.gates] == [
        (g.op.name, g.inputs, g.value) for g in circuit.gates
    ]


def test_a_constant_has_its_digits_for_a_label_whatever_its_name() -> None:
    """It is one wire with every other constant of this value."""
    circuit = read("k = 1 + 1; h = pi; h*x + pi*k")
    assert str(circuit).splitlines()[-4:-1] == [
        "v1 = mul(3.141592653589793, x)  # h*x",
        "v2 = mul(3.141592653589793, k)  # pi*k",
        "v3 = add(v1, v2)  # h*x + pi*k",
    ]
    assert circuit.gates[circuit.names["h"]].name is None


def test_a_wire_that_forks_is_printed_once() -> None:
    """A chain of comparisons reads its middle twice, and computes it once."""
    circuit = read("0 < sin(x) < 1")
    assert write(circuit).splitlines() == ["v1 = sin(x)", "((0.0 < v1) and (v1 < 1.0))"]
    assert len(read(write(circuit)).gates) == len(circuit.gates)


def test_composite_gates_print_with_what_they_use() -> None:
    """However often one uses another, its definition is printed once and as it was written."""
    lines = ["g0(t) = t*t"] + [f"g{k}(t) = g{k - 1}(t + 1) - g{k - 1}(t)" for k in range(1, 9)]
    circuit = read("\n".join([*lines, "unused(t) = t", "g8(x)*g0(x)"]))
    assert write(circuit).splitlines() == [*lines, "(g8(x) * g0(x))"]
    assert run(read(write(circuit)), {"x": 3}).gradient == run(circuit, {"x": 3}).gradient


@pytest.mark.parametrize(
    "text",
    ["x", "_1 + 2", "x⁻¹", "q = x; q", "f = 2*x", "x = 1; y = 2*x; x", "q = x + 1; q", "q = x + 1; r = q*2; q", "3"],
)
def test_output_of_every_kind_prints_and_reads_back(text: str) -> None:
    circuit = read(text)
    again = read(write(circuit))
    point = dict.fromkeys(circuit.inputs, 4.0)
    assert run(again, point).value == run(circuit, point).value


def test_simplifications_never_change_a_value() -> None:
    """x*1, x/1 and x^1 are x, -1*x is -x, a decided choice is its branch, c != 0 is c; 0*x and x - x stay."""
    builder = Builder()
    x, one, zero, minus = builder.input("x"), builder.const(1.0), builder.const(0.0), builder.const(-1.0)
    for name in ("mul", "div", "pow"):
        assert derive(builder, ROWS[name], (x, one)) == x
    assert derive(builder, ROWS["mul"], (one, x)) == x
    assert builder.gates[derive(builder, ROWS["mul"], (minus, x))].op is ROWS["neg"]
    assert derive(builder, ROWS["where"], (one, x, zero)) == x
    assert derive(builder, ROWS["where"], (zero, x, one)) == one
    condition = builder.add(ROWS["less"], (x, one))
    assert derive(builder, ROWS["where"], (condition, one, zero)) == condition
    for choice in ((x, one, zero), (condition, zero, one), (condition, one, x)):  # where(x, 1, 0) of 5 is 1
        assert builder.gates[derive(builder, ROWS["where"], choice)].op is ROWS["where"]
    assert derive(builder, ROWS["and"], (x, zero)) == zero
    assert derive(builder, ROWS["or"], (one, x)) == one
    assert derive(builder, ROWS["not_equal"], (condition, zero)) == condition
    assert builder.gates[derive(builder, ROWS["equal"], (condition, zero))].op is ROWS["not"]
    for name, other in (("and", condition), ("or", condition), ("and", one), ("or", zero)):
        assert derive(builder, ROWS[name], (condition, other)) == condition
        assert builder.gates[derive(builder, ROWS[name], (x, x if other == condition else other))].op is ROWS[name]
    assert builder.constants[derive(builder, ROWS["add"], (one, one))] == 2
    for name, inputs in (("mul", (zero, x)), ("sub", (x, x)), ("div", (x, x)), ("add", (x, zero))):
        assert builder.gates[derive(builder, ROWS[name], inputs)].op is ROWS[name]


def test_conditions_over_constants_are_decided() -> None:
    """The formula's -1 and 1/3 are gates.  A default is no constant, and whole arrays are not computed ahead."""
    for text in ("-1", "1/3", "-sin(2)^(1/3)", "k = 1; k", "-x", "sum([1, 2])"):
        circuit = read(text)
        builder = Builder(circuit.gates, circuit.names)
        found = derive(builder, ROWS["equal"], (circuit.output, builder.const(0.0)))
        assert (builder.constants.get(found) == 0) is (text in ("-1", "1/3", "-sin(2)^(1/3)")), text


@pytest.mark.parametrize(
    ("text", "gates"),
    [("x^2", "mul mul"), ("x^3", "pow mul mul"), ("x^-1", "sub pow mul mul"), ("x^-(1/2)", "sub pow mul mul")],
)
def test_a_branch_that_constants_decide_against_is_not_built(text: str, gates: str) -> None:
    """The backward pass of a power has no gate for the other ways to its gradient."""
    circuit = read(text)
    behind = backward(circuit).circuit.gates[len(circuit.gates) :]
    assert " ".join([gate.op.name for gate in behind if gate.inputs]) == gates


NUMBERS = (0.0, -0.0, 1.0, -1.0, 2.0, 0.5, math.inf, -math.inf, math.nan)


@pytest.mark.parametrize("row", [row for row in EVERY if len(row.inputs) == 2], ids=lambda row: row.name)
def test_a_gate_with_a_constant_keeps_its_value(row: Row) -> None:
    """To the bit, whatever the other input is: a number, or a condition."""
    for known, first in product(NUMBERS, (True, False)):
        builder = Builder()
        x = builder.input("x")
        condition = builder.add(ROWS["less"], (x, builder.const(0.75)))
        for wire in (x, condition):
            inputs = (builder.const(known), wire) if first else (wire, builder.const(known))
            found = derive(builder, row, inputs)
            for number in NUMBERS:
                values = forward(builder.gates, {x: number})
                assert repr(values[found]) == repr(function(row)(*[values[source] for source in inputs])), (
                    known,
                    number,
                )


@pytest.mark.parametrize("known", list(product((None, 0.0, 1.0, -1.0, math.nan), repeat=3)))
def test_a_choice_with_constants_keeps_its_value(known: tuple[float | None, ...]) -> None:
    for condition in (True, False):
        builder = Builder()
        x, y = builder.input("x"), builder.input("y")
        free = (builder.add(ROWS["less"], (x, y)) if condition else x, x, y)
        inputs = tuple([free[k] if number is None else builder.const(number) for k, number in enumerate(known)])
        found = derive(builder, ROWS["where"], inputs)
        for point in product(NUMBERS, repeat=2):
            values = forward(builder.gates, dict(enumerate(point)))
            assert repr(values[found]) == repr(values[inputs[1] if values[inputs[0]] != 0 else inputs[2]]), point


def test_a_simplification_does_not_change_a_shape() -> None:
    """A decided choice is its branch only if that has the shape of the choice."""
    builder = shaped(read("x + y"), {"x": (), "y": (2,)})
    one = builder.const(1.0)
    assert derive(builder, ROWS["where"], (one, 1, 0)) == 1
    kept = derive(builder, ROWS["where"], (one, 0, 1))
    assert builder.gates[kept].op is ROWS["where"]
    assert builder.shapes is not None
    assert builder.shapes[kept] == (2,)


def test_signed_zeros_are_two_constants() -> None:
    builder = Builder()
    assert builder.const(0.0) != builder.const(-0.0)
    assert builder.const(math.nan) == builder.const(math.nan)


def test_the_tables_are_the_grammars_and_are_built_when_they_are_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An edited grammar is read at once: what the file holds is for another text."""
    grammar = (ROOT / "grammar" / "formula.lark").read_text(encoding="utf-8")
    built = tables.build(grammar)
    loaded = tables.load()
    assert {type(symbol) for state in built["actions"] for symbol in state} == {str}  # lark's own are slow
    assert built == json.loads(json.dumps(built))
    assert loaded.actions == built["actions"]
    assert loaded.token.pattern == built["token"]
    monkeypatch.setattr(json, "load", lambda _: {"grammar": "another one"})
    tables.load.cache_clear()
    assert tables.load() == loaded
    shutil.copy(ROOT / "grammar" / "formula.lark", tmp_path)  # a checkout in which nothing is built yet
    monkeypatch.setattr(tables, "_folder", lambda: str(tmp_path))
    tables.load.cache_clear()
    assert tables.load() == loaded


def test_where_gradients_overflow_or_do_not_add_up() -> None:
    """Every way in which a gradient alone fails has its message."""
    overflow = notes(run(read("1e200*(1e200*x)"), {"x": 1e-300}))[0].report
    assert overflow.message == "the gradient on x overflows"
    local = notes(run(read("sqrt(x) + 1"), {"x": 0}))[0].report
    assert local.message == "the local gradient of sqrt(x) with respect to x is inf"
    total = notes(run(read("(1e200*x)*1e108 + (1e200*x)*1e108"), {"x": 1e-300}))[0].report
    assert total.message == "the gradients that add up here are not finite"
    fine = notes(run(read("exp(-1/x) + 1/(1/x)"), {"x": 0}))[0].report
    assert fine.message == "-1/x is -inf"


def test_the_collector_is_as_it_was_when_a_run_is_over() -> None:
    try:
        for before in (True, False):
            (gc.enable if before else gc.disable)()
            with uncollected():
                assert not gc.isenabled()
            assert gc.isenabled() == before
    finally:
        gc.enable()


def test_forward_takes_up_where_it_stopped() -> None:
    gates = read("x + 1").gates
    assert forward(gates, {0: 2.0}, [2.0, 1.0]) == [2, 1, 3]


def test_what_nothing_reads_is_not_printed() -> None:
    """Of the gates of a guard that nothing is under."""
    circuit = backward(read("x^2 + max(x, 1)")).circuit
    lines = [line.partition("  #")[0] for line in str(circuit).splitlines()]
    read_ = set(re.findall(r"[\w\[\]]+", " ".join(line.partition(" = ")[2] or line for line in lines)))
    unread = [label for label in (line.partition(" = ")[0] for line in lines[:-1]) if label not in read_]
    assert unread == ["d[x]"]
    assert len(lines) - 1 < sum(gate.op is not CONST for gate in circuit.gates)


def test_an_output_without_a_text_is_called_the_output() -> None:
    circuit = read("2*x")
    with pytest.raises(UsageError, match=r"the output is an array \(2\), and a gradient needs one number"):
        run(Circuit(circuit.gates, circuit.names, circuit.output), {"x": [1, 2]})
