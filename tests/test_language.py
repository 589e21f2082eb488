"""The language, as language.md tables it: precedence, products without a sign, statements, names."""

from __future__ import annotations

import math
from typing import Any

import lark
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import ROOT
from exprgrad.errors import FormulaError
from exprgrad.language.parse import Node, outline, parse
from exprgrad.language.read import read
from exprgrad.run import run


def value(text: str, **point: float) -> float:
    found: float = run(read(text, point), point).value
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-3^2", -9), ("2^3^2", 512), ("2^-1", 0.5), ("2^-1^2", 0.5), ("2**3", 8), ("12/3*4", 16), ("12/3/4", 1),
        ("1 < 2 < 3", 1), ("1 < 3 < 2", 0), ("3 > 2 >= 2 != 1", 1), ("-5 % 3", 1), ("5 % -3", -1), ("-5 // 3", -2),
        ("2 + 3*4", 14), ("gamma = 3; gamma*2(1 + 1)", 12), ("(2 + 3)*4", 20), ("not 1 < 2", 0), ("1 or 0 and 0", 1), ("not 0 and 0", 0), ("+-+3", -3),
        ("2(1+2)", 6), ("(1+1)(2+2)", 8), ("(2)(3)(4)", 24), ("2(3)^2", 18), ("2 pi", 2 * math.pi), ("-2(3)", -6),
        ("3²", 9), ("2³²", 2.0**32), ("(1+1)⁻¹", 0.5), ("2²(3)", 12), ("6×2÷3·2−1", 7), ("4 ≤ 4", 1), ("4 ≠ 4", 0),
        ("√(16)", 4), ("σ(0)", 0.5), ("Γ(5)", 24), ("math.exp(0) + np.sin(0) + Max(1, 2)", 3), ("np.linalg.fabs(-2)", 2),
        ("2π", 2 * math.pi), ("2 e", 2 * math.e), ("(2)e", 2 * math.e), ("math.pi + np.e - tau", math.pi + math.e - math.tau), ("1.5e2 + .5 + 5.", 155.5),
        ("(1 +\n2)", 3), ("# nothing\n1 # one\n", 1), ("a = 2; b = a*3\nb + 1", 7), ("max(1, 5, 3, 4)", 5),
        ("log(8, 2)", 3), ("log(1000, 10)", 3), ("ln(e)", 1), ("if(1 < 2, 3, 4)", 3), ("leaky_relu(-1)", -0.01),
        ("leaky_relu(-1, 0.5)", -0.5), ("0.1 + 0.2", 0.1 + 0.2), ("9^9^9^9", math.inf), ("1e308*10", math.inf),
    ],
)  # fmt: skip
def test_value(text: str, expected: float) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("a/b*c", "((a / b) * c)"), ("-x^2", "(-(x ^ 2.0))"), ("2^-x^2", "(2.0 ^ (-(x ^ 2.0)))"),
        ("a*2x", "((a * 2.0) * x)"), ("2x^2", "(2.0 * (x ^ 2.0))"), ("(x+y)z", "((x + y) * z)"),
        ("2x y(1)", None), ("a < b < c", "v1"), ("a - b - c", "((a - b) - c)"), ("-x*y", "((-x) * y)"),
        ("sin(x)cos(y)", "(sin(x) * cos(y))"), ("not a == b", "(not (a == b))"), ("x²y", "((x ^ 2.0) * y)"),
    ],
)  # fmt: skip
def test_precedence(text: str, printed: str | None) -> None:
    """What a formula means, by its printed form, fully parenthesised."""
    from exprgrad.write.formula import write

    if printed is None:
        with pytest.raises(FormulaError):
            read(text)
    elif printed != "v1":
        assert write(read(text)) == printed
    else:
        assert write(read(text)) == "((a < b) and (b < c))"


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("((x)+(y))*(z)", "(x + y)*z"), ("(a/b)*c", "a/b*c"), ("a/(b*c)", "a/(b*c)"), ("a-(b-c)", "a - (b - c)"),
        ("(a-b)-c", "a - b - c"), ("-(x^2)", "-x^2"), ("(-x)^2", "(-x)^2"), ("-(a*b)", "-(a*b)"), ("(-a)*b", "-a*b"),
        ("a*-b", "a*(-b)"), ("a - -b", "a - -b"), ("2^(-x)", "2^-x"), ("2^(3^2)", "2^3^2"), ("(2^3)^2", "(2^3)^2"),
        ("2x", "2*x"), ("(a<b)*x", "(a < b)*x"), ("(a<b)==c", "(a < b) == c"), ("not(a<b)and c", "not a < b and c"),
        ("not(a and b)", "not (a and b)"), ("(a or b) and c", "(a or b) and c"), ("a%b//c", "a % b // c"),
        ("(W@x)[0]", "(W @ x)[0]"), ("(x+y).T", "(x + y).T"), ("W.T @ x", "W.T @ x"), ("(2).T", "(2).T"),
        ("x.sum(axis=0)+1", "sum(x, axis=0) + 1"), ("[1.0,-2.5]*x", "[1, -2.5]*x"), ("pi*x", "pi*x"), ("3.0e0*x", "3*x"),
        ("q = -2*1; q", "q = -2*1"), ("q = -(2)*x; q+q", "q = -2*x\nq + q"), ("q = -(-(2)); x^q", "q = (--2)\nx^q"),
        ("q = 1 - 3; q + x", "q = 1 - 3\nq + x"), ("q = neg(2); q + x", "q = (-2)\nq + x"), ("x = -2; x", "x = -2\nx"),
    ],
)  # fmt: skip
def test_parentheses_that_are_needed(text: str, printed: str) -> None:
    """Those, and no others; a number that gates make is no input's default."""
    from exprgrad.write.formula import write

    circuit = read(text)
    assert write(circuit, full=False) == printed
    again = read(printed)
    assert [(g.op, g.inputs, g.value) for g in again.gates] == [(g.op, g.inputs, g.value) for g in circuit.gates]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1/2x", "(1/2)*x or 1/(2*x)"), ("6/2(1+2)", "(6/2)*(1+2) or 6/(2*(1+2))"), ("2^3x", "(2^3)*x or 2^(3*x)"),
        ("7//2x", "two ways"), ("7%2x", "two ways"), ("a*b^2c", "two ways"), ("-x^2y", "two ways"), ("2^-3x", "two ways"),
        ("x(y+1)", "x*(y+1)"), ("2 3", "2*3"), ("x y", "x*y"), ("(a)2", "(a)*2"), ("sin x", "sin(x)"), ("x 2", "x*2"),
        ("1_000", "1000"), ("0x1F", "31"), ("1e400", "too large"), ("1.2.3", "decimal point"), ("0b101", "5"),
        ("x = 1; x = 2", "twice"), ("x + 1; x = 2; x", "without a name"), ("y = x; x = 2; y", "before it is defined"),
        ("q = q + 1", "before it is defined"), ("g(t) = t*a; g(x)", "not an input of g"), ("g(t,t) = t; g(1,2)", "twice"),
        ("g(t) = g(t); g(1)", "'g' is not a function"), ("g() = 1; g()", "no input"), ("x + 1 = 2", "=="),
        ("f(x+1) = 2", "name"), ("math.foo + 1", "not a constant"), ("np.x = 3", "cannot be defined"),
        ("√x", "sqrt(x)"), ("n!", "factorial"), ("|x|", "abs(x)"), ("x½", "U+00BD"), ("x١", "U+0661"), ("１", "U+FF11"),
        ("logg(x)", "did you mean log"), ("Sinn(x)", "did you mean"), ("sin()", "takes 1 input, not 0"), ("Σ(x)", "U+03A3"), ("2e", "two ways"), ("x" + "⁹" * 400, "too large"), ("sin²(x)", "sin(x)²"),
        ("cos^2(x)", "cos(x)^2"),
        ("log(1,2,3)", "1 or 2 inputs, not 3"), ("where(1)", "where(c, a, b)"), ("foo.bar(x)", "'bar' is not a function"), ("", "empty"),
        ("g(t) = t; g(t) = 2*t; g(1)", "g is defined twice"), ("√(t) = t; √(2)", "cannot be defined"), ("leaky_relu(x, slope=True)", "stands for no value"),
        ("sin((x)=1)", "compare with =="), ("sin(x+1=2)", "compare with =="), ("(x=1)", "compare with =="),
        ("  # only a comment", "empty"), ("and", "left"), ("x.t", "'.'"), ("2^3²x", "two ways"),
        ("x ... y", "... cannot stand behind x"), ("x + ²", "² cannot stand behind +"), ("²", "cannot begin with ²"), ("x not y", "on its left"),
        ("π = 3", "cannot be defined"), ("f(-x) = 2", "a function of names"), ("f(x+y, z) = 2; 1", "a function of names"), ("x½ = 2", "U+00BD"), ("g(x½) = 1; g(1)", "U+00BD"),
    ],
)  # fmt: skip
def test_refused(text: str, reason: str) -> None:
    """What is refused, and that the message says why or what to write."""
    with pytest.raises(FormulaError) as caught:
        read(text)
    assert reason in str(caught.value)


def test_limits_have_a_word_and_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, limit, text, reason, span in (
        ("read", "MAX_CHARACTERS", "x + 1234567", "longer than 10 characters", None),
        ("lower", "MAX_GATES", "x*2 + x*3 + x*4 + x*5 + sin(x)", "more than 10 gates", (0, 21)),
        ("lower", "MAX_INSIDE", "g(t) = t + t*t*t; g(x) + g(x) + g(x)", "more than 10 gates inside", (32, 36)),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(f"exprgrad.language.{module}.{limit}", 10)
            with pytest.raises(FormulaError, match=reason) as caught:
                read(text)
        assert caught.value.report.span == span


@pytest.mark.parametrize(
    "name", ["gamma", "beta", "E", "S", "N", "lambda", "class", "print", "__import__", "sin", "π_r"]
)
@pytest.mark.rule(20)
def test_names_are_free(name: str) -> None:
    """Function names, Python's words and computer algebra's constants are ordinary variables."""
    if name == "π_r":  # π is a number, so this is a product
        assert set(read("2π_r").inputs) == {"_r"}
        return
    assert run(read(f"{name}*{name} + 1"), {name: 3}).gradient == {name: 6}


def test_a_constant_with_a_value_is_a_variable() -> None:
    assert value("e*2") == 2 * math.e
    assert run(read("e*pi", {"e", "pi"}), {"e": 2, "pi": 3}).gradient == {"e": 3, "pi": 2}
    assert value("e = 5; e*2") == 10
    assert value("2*e", e=3) == 6


def test_a_name_of_a_gate_without_parentheses_is_a_variable() -> None:
    assert value("sin²x + cos", sin=3, x=2, cos=1) == 19
    assert value("sin^2*(x)", sin=3, x=2) == 18


@pytest.mark.parametrize(
    ("text", "default"), [("2", 2), ("-2", -2), ("--2", 2), ("---2", -2), ("-+-+-2", -2), ("+2", 2)]
)
def test_a_number_with_signs_is_a_default(text: str, default: float) -> None:
    circuit = read(f"x = {text}; x")
    assert [gate.value for gate in circuit.gates] == [default]


def test_statements() -> None:
    """Defaults are overridden by values, intermediates have wires, the last statement is the output."""
    text = "x = -2\ny = 5; z = -4\nq = x + y\nf = q*z"
    result = run(read(text), {})
    assert (result.value, result.gradient) == (-12, {"x": -4, "y": -4, "z": 3})
    assert run(read(text), {"z": 1}).value == 3
    assert run(read(text, of="q"), {}).gradient == {"x": 1, "y": 1, "z": 0}
    assert result.values[result.circuit.names["q"]] == 3


def test_a_definition_as_the_last_statement_names_the_output_and_its_inputs() -> None:
    circuit = read("f(x,y,z) = (x+y)z")
    assert list(circuit.inputs) == ["x", "y", "z"]
    assert circuit.names["f"] == circuit.output
    assert run(read("f(x) = a*x + b"), {"a": 2, "x": 3, "b": 1}).value == 7


def test_composite_gates_are_one_gate_and_see_only_their_inputs() -> None:
    circuit = read("s(t) = 1/(1+exp(-t)); r(t, k) = s(k*t)\nr(x, 2) + s(y)")
    assert [gate.op.name for gate in circuit.gates if gate.inputs] == ["r", "s", "add"]
    result, plain = run(circuit, {"x": 0.3, "y": -1}), run(read("sigmoid(2*x) + sigmoid(y)"), {"x": 0.3, "y": -1})
    assert result.gradient == pytest.approx(plain.gradient, rel=1e-15)


def test_a_definition_may_take_the_name_of_a_gate() -> None:
    assert value("log(x) = 2*x; log(3)") == 6
    assert value("f(x) = x^2; f(x) + 1", x=3) == 10


class _Trees:
    """lark's own parser on the same grammar."""

    parser: Any = lark.Lark(
        (ROOT / "grammar" / "formula.lark").read_text(encoding="utf-8"), parser="lalr", lexer="basic"
    )

    @classmethod
    def postorder(cls, text: str) -> list[tuple[str, int]]:
        tree = cls.parser.parse(text)
        return [(node.data, sum(isinstance(c, lark.Tree) for c in node.children)) for node in _postorder(tree)][:-1]


def _postorder(tree: Any) -> list[Any]:
    found, waiting = [], [tree]
    while waiting:
        node = waiting.pop()
        found.append(node)
        waiting += [child for child in node.children if isinstance(child, lark.Tree)]
    return found[::-1]


PIECES = st.lists(
    st.sampled_from(
        [
            "x", "y", "2", "1.5", "(", ")", "sin(", "+", "-", "*", "/", "^", "²", "<", "==", ",", ";", " and ", "not ", "=", "π",
            "[", "]", "[", "]", ":", "...", "@", ".T", ".mT", ".sum(", "'ij'", "x[",
        ]
    ),
    min_size=1,
    max_size=14,
).map("".join)  # fmt: skip


@settings(max_examples=3000, deadline=None, derandomize=True)
@given(PIECES)
def test_our_driver_makes_the_tree_that_lark_makes(text: str) -> None:
    """The tree is lark's own, and what lark refuses is refused."""
    try:
        expected = _Trees.postorder(text)
    except lark.exceptions.UnexpectedInput:
        with pytest.raises(FormulaError):
            parse(text)
    else:
        assert [(node.kind, node.children) for node in parse(text)] == expected


def test_spans_and_outline() -> None:
    """Every node knows its piece of the text; the outline shows them."""
    text = "(x + 1) * sin(y)"
    pieces = [(node.kind, text[node.start : node.stop]) for node in parse(text)]
    assert ("add", "x + 1") in pieces
    assert ("group", "(x + 1)") in pieces
    assert pieces[-1] == ("output", text)
    assert list(outline(text, parse(text))) == [
        "output", "  mul", "    group", "      add", "        name x", "        number 1", "    call", "      name y",
    ]  # fmt: skip
    assert isinstance(parse("1")[0], Node)
    for text in ("(x < 1) + y", "y - (0 < x < 1)*sin(x)"):
        circuit = read(text)
        assert circuit.piece(circuit.output) == text
    text = "-" * 33 + "x"
    assert [line.removeprefix("  " * 28) for line in outline(text, parse(text))][29:] == [
        "  neg", "    neg", "    [31] neg", "    [32] neg", "    [33] neg", "    [34] name x",
    ]  # fmt: skip
