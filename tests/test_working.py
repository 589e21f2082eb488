"""The worked chain rule: what is printed is read again by Python's parser and computed anew with mpmath."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpc, mpf

from conftest import ROOT, call, exprgrad, points
from conftest import ROWS as ROWS_
from exprgrad.diagnosis.working import working
from exprgrad.gates import ROWS, Row
from exprgrad.language.read import read
from exprgrad.run import Run, run
from exprgrad.style import Style
from exprgrad.write.equations import Equations, Line, Step
from exprgrad.write.figures import Equation
from exprgrad.write.plain import Plain
from exprgrad.write.working import markdown
from oracle import definition
from test_formulas import FORMULAS, NUMBERS, VARIABLES, Both

EXACT = Style(digits=17, full=True)
relaxed = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
SAMPLES = [
    ("1/(1 + exp(-(w0*x0 + w1*x1 + w2)))", {"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3}),
    ("(x + y)*max(z, w)", {"x": 1, "y": 2, "z": -1, "w": 4}),
    ("(x + y)*max(z, w)", {"x": 1, "y": 2, "z": 4, "w": 4}),
    ("q = x*y\nf = q^2 + sin(q - 6) + q", {"x": 2, "y": 3}),
    ("where(x > 0, log(x), sqrt(-x)) + x*x + min(x, y)", {"x": -1, "y": 3}),
    ("relu(x)*relu(-x) + abs(x) + clip(x, 0, y)", {"x": -0.5, "y": 1}),
    ("h = tanh(a*x + b)\nloss = (sigmoid(c*h) - t)^2", {"a": 0.5, "x": 2, "b": -0.25, "c": 3, "t": 1}),
    ("x^y + x^3 + 2^x + x^-1", {"x": 1.5, "y": 0.25}),
    ("g(t) = t*sin(t)\ng(x)*g(y) + mish(x) + gelu_tanh(y)", {"x": 1, "y": -2}),
    ("leaky_relu(x) + elu(x) + hypot(x, y) + atan2(y, x) + log(x, 2) + x % y", {"x": 2.5, "y": 2}),
    ("σ = x; sigmoid(σ)*v1 + lambda*d_x", {"x": 1, "v1": 2, "lambda": 3, "d_x": -1}),
]  # fmt: skip


class Paper:
    """Somebody who computes a sheet of equations again, knowing only what stands on it."""

    def __init__(self) -> None:
        self.known: dict[str, Any] = {}

    def side(self, text: str) -> Any:
        """The value of one side; what has no value yet is None."""
        text = re.sub(r"d\[(\w+)\]", r"grad__\1", text)
        text = re.sub(r"∂(\w+)/∂(\w+)(?: by (\w+))?", r"slope__\1__\2__\3", text)
        text = re.sub(r"\b(lambda|in|is|if)\b", r"\1_", text)
        tree = ast.parse(text.replace("·", "*").replace("^", "**"), mode="eval")
        return self.compute(tree.body)

    def compute(self, node: ast.AST) -> Any:
        """The value of a piece of it."""
        match node:
            case ast.Constant(value=number):
                return mpf(number)
            case ast.Name(id="inf" | "nan" | "pi" as name):
                return {"inf": mp.inf, "nan": mp.nan, "pi": mpf(math.pi)}[name]
            case ast.Name(id=name):
                return self.known.get("lambda" if name == "lambda_" else name)
            case ast.UnaryOp(op=op, operand=operand):
                inside = self.compute(operand)
                return mpf(inside == 0) if isinstance(op, ast.Not) else inside if isinstance(op, ast.UAdd) else -inside
            case ast.BinOp(op=op, left=left, right=right):
                one, other = self.compute(left), self.compute(right)
                if isinstance(op, ast.Div) and other == 0:
                    return mp.inf * one if one else mp.nan
                return definition(ROWS[_NAMES[type(op)]])(one, other)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return definition(ROWS[_NAMES[type(op)]])(self.compute(left), self.compute(right))
            case ast.BoolOp(op=op, values=values):
                every = [bool(self.compute(value)) for value in values]
                return mpf(all(every) if isinstance(op, ast.And) else any(every))
            case ast.Call(func=ast.Name(id="g"), args=[argument]):
                inside = self.compute(argument)
                return inside * mp.sin(inside)
            case ast.Call(func=ast.Name(id=name), args=arguments):
                row = ROWS[name]
                defaults = row.defaults[len(row.defaults) - len(row.inputs) + len(arguments) :]
                found = definition(row)(*map(self.compute, arguments), *map(mpf, defaults))
                return mp.nan if isinstance(found, mpc) else found
        raise AssertionError(ast.dump(node))

    def check(self, equation: Equation, allowed: float) -> Any:
        """That all sides of an equation are the same; its value is remembered."""
        sides = re.split(r" [=≈] | \+= ", str(equation))
        left, *rest = sides
        value = self.side(rest[-1])
        for side in rest[:-1]:
            found = self.side(side.strip())
            assert _same(found, value, allowed), f"{equation}: {side} is {found}"
        if "+=" not in str(equation):
            name = re.sub(r"d\[(\w+)\]", r"grad__\1", left)
            name = re.sub(r"∂(\w+)/∂(\w+)(?: by (\w+))?", r"slope__\1__\2__\3", name)
            self.known[name] = value
        return value


_NAMES: Mapping[type, str] = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.Pow: "pow", ast.Mod: "mod", ast.FloorDiv: "floor_divide",
    ast.Lt: "less", ast.LtE: "less_equal", ast.Gt: "greater", ast.GtE: "greater_equal", ast.Eq: "equal", ast.NotEq: "not_equal",
}  # fmt: skip


def _same(found: Any, value: Any, allowed: float) -> bool:
    if mp.isnan(found) or mp.isnan(value):
        return bool(mp.isnan(found) and mp.isnan(value))
    return bool(found == value or abs(found - value) <= allowed * max(abs(value), mpf(1e-300)))


def made(result: Run, style: Style = EXACT) -> Equations:
    return Equations(working(result), Plain(), style)


def computed_again(result: Run, allowed: float) -> Paper:
    """The whole working computed again; gradients are the sums of what was handed on."""
    sheet, paper = made(result), Paper()
    parts: dict[str, Any] = {}
    with mp.workdps(40):
        for line in sheet.forward():
            assert isinstance(line, Line)
            paper.check(line.equation, allowed)
        seed = sheet.seed()
        if seed is not None:
            paper.check(seed.equation, 0)
        for step in sheet.backward():
            assert isinstance(step, Step)
            assert _same(paper.side(step.gate.sides[1]), paper.side(step.gate.sides[0]), allowed)
            for local, line in step.rows:
                if local is not None:
                    paper.check(local, allowed)
                name, value = line.equation.sides[0], paper.check(line.equation, allowed)
                parts[name] = parts.get(name, 0.0) + float(value)
            for line in step.sums:
                total = paper.check(line.equation, allowed)
                assert repr(float(total)) == repr(float(parts[line.equation.sides[0]]))
        for line in sheet.result():
            assert isinstance(line, Line)
            paper.check(line.equation, 0)
    return paper


@pytest.mark.parametrize(("text", "point"), SAMPLES, ids=range(len(SAMPLES)))
def test_every_equation_holds(text: str, point: dict[str, float]) -> None:
    """Both sides are the same, terms add up, and the numbers and names are those of the run."""
    result = run(read(text), point)
    paper = computed_again(result, 1e-13)
    labels = result.circuit.labels()
    for wire, (label, gate) in enumerate(zip(labels, result.circuit.gates, strict=True)):
        if gate.op.name != "const":
            assert repr(float(paper.known[label])) == repr(result.values[wire])
    for name, gradient in result.gradient.items():
        assert float(paper.known[f"grad__{name}"]) == gradient


@relaxed
@given(FORMULAS, st.fixed_dictionaries(dict.fromkeys(VARIABLES, NUMBERS)))
def test_every_equation_of_any_formula_holds(drawn: Both, everything: dict[str, float]) -> None:
    """So it is for formulas that nobody chose; what cancels inside a local gradient is allowed for."""
    circuit = read(drawn[0])
    result = run(circuit, {name: everything[name] for name in circuit.inputs})
    every = [number for number in [*result.values, *result.gradients] if number is not None]
    assume(all(map(math.isfinite, every)) and all(abs(number) < 1e8 for number in every))
    paper = computed_again(result, 1e-9)
    for name, gradient in result.gradient.items():
        assert float(paper.known[f"grad__{name}"]) == gradient


@pytest.mark.parametrize(("text", "point"), SAMPLES, ids=range(len(SAMPLES)))
def test_rounded_numbers_are_near_and_say_so(text: str, point: dict[str, float]) -> None:
    """With six digits an equation holds to about as many, and = stands only between exact numbers."""
    sheet, exact = made(run(read(text), point), Style()), made(run(read(text), point))
    for rounded, full in zip(_equations(sheet), _equations(exact), strict=True):
        for side, other in zip(rounded.sides, full.sides, strict=False):
            for near, number in zip(_numbers(side), _numbers(other), strict=False):
                assert math.isclose(near, number, rel_tol=5.1e-6) or math.isnan(number)
        for relation, side, other in zip(rounded.relations, rounded.sides[1:], full.sides[1:], strict=False):
            if relation == "=":
                assert _numbers(side) == _numbers(other) or rounded.sides[1:2] == [side]


@pytest.mark.parametrize("row", ROWS_, ids=[row.name for row in ROWS_])
def test_every_gates_local_gradient_is_stated_and_holds(row: Row) -> None:
    """The formula that is printed beside its number has this number, for each gate of the catalogue."""
    text, checked = call(row, list(row.inputs)), 0
    for point in points(row, 60):
        if checked == 5 or any(not 0.01 <= abs(number) <= 8 for number in point):  # nothing cancels in a definition
            continue
        result = run(read(text, row.inputs), dict(zip(row.inputs, point, strict=True)))
        if math.isfinite(result.value):
            computed_again(result, max(1e-9, 4e-16 * row.ulps))
            checked += 1
    assert checked


@pytest.mark.parametrize(
    ("text", "said"),
    [("max(x, 1)", "slope 0 on the left, 1 on the right"), ("floor(x)", "the jump itself has no gradient")],
)
def test_kinks_and_steps_are_said_where_the_run_stands_on_one(text: str, said: str) -> None:
    assert said in printed(text, "-x", "1")
    assert said not in printed(text, "-x", "1.5")


def _equations(sheet: Equations) -> list[Equation]:
    steps = [step for step in sheet.backward() if isinstance(step, Step)]
    rows = [equation for step in steps for local, line in step.rows for equation in (local, line.equation) if equation]
    return [line.equation for line in sheet.forward() if isinstance(line, Line)] + rows


def _numbers(side: str) -> list[float]:
    return [float(number) for number in re.findall(r"(?<![\w.])\d[\d.]*(?:e[-+]?\d+)?(?![\w.])", side)]


def printed(*arguments: str) -> str:
    """What the command prints on a terminal of 80 columns, without its spaces."""
    done = exprgrad(*arguments, "--explain", env={"COLUMNS": "80"})
    assert done.returncode == 0, done.stderr
    assert all(len(line) <= 80 for line in done.stdout.splitlines()), done.stdout
    return done.stdout


def test_a_fork_is_a_sum_with_one_term_for_each_use() -> None:
    text = printed("--file", str(ROOT / "samples" / "fork-named.txt"))
    assert "∂v1/∂q = 2*q = 2*6 = 12" in text
    assert "d[q] = 1 + 1 + 12 = 14" in text
    assert "1 through f (+), 1 through v2 (-), 12 through v1 (^)" in " ".join(text.split())


def test_gates_say_what_they_do_with_a_gradient() -> None:
    words = " ".join(printed("(x + y)*z + max(x, z)", "-x", "-2", "-y", "5", "-z", "-4").split())
    assert "a*b swaps: each input gets it times the other input" in words
    assert "a + b hands it on to both inputs as it is" in words
    assert "max(a, b) routes it to the larger input" in words
    assert "z is not selected: a structural zero" in words
    words = " ".join(printed("relu6(x)", "-x", "1").split())
    assert "relu6(x) multiplies it by 1 if not (x <= 0 or x >= 6), else a structural zero" in words


def test_a_side_that_is_longer_than_a_line_goes_on_below() -> None:
    point = f"[{', '.join(f'1/{k}' for k in range(3, 20))}]"
    lines = printed("sum(x*2)", "-x", point, "--full").splitlines()
    assert max(map(len, lines)) <= 80
    start = next(number for number, line in enumerate(lines) if line.startswith("  v2 = sum(v1)"))
    text = " ".join(" ".join(lines[start:]).partition("What")[0].split())
    digits = ", ".join(f"{2 / k:.6g}" for k in range(3, 20))
    assert text == f"v2 = sum(v1) ≈ sum([{digits}]) ≈ {sum(2 / k for k in range(3, 20)):.6g}"


def test_a_tie_is_shared_and_constants_have_no_part() -> None:
    words = " ".join(printed("max(x, y) + 3*x", "-x", "1", "-y", "1").split())
    assert "∂v1/∂x = 0.5" in words
    assert "∂v1/∂y = 0.5" in words
    assert "constants carry no gradient" in words


def test_nothing_is_said_of_a_branch_that_is_not_selected() -> None:
    """The gradient below it is 0 and not 0 times the infinity or the NaN that is there."""
    words = " ".join(printed("where(x > 0, log(x), x)", "-x", "0").split())
    assert "d[v2] = 0 v2 is not selected: a structural zero" in words
    assert "v2 = log(x) is on no selected branch: structural zeros d[x] += 0" in words
    assert "1/0" not in words
    words = " ".join(printed("f(t) = where(t > 1, t, 3); f(x)*(1/y)", "-x", "0", "-y", "0").split())
    assert "v1 = f(x) d[x] = 0 x is not selected: a structural zero" in words  # inside of f, where inf arrives


@pytest.mark.parametrize(
    ("text", "value", "line"),
    [("log(x)", "-1", "d[x] = nan"), ("log(x)", "0", "∂v1/∂x = 1/x = 1/0 = inf"), ("0*x", "inf", "v1 = 0*x = 0*inf = nan"),
     ("sqrt(x)", "0", "∂v1/∂x = 1/(2*v1) = 1/(2*0) = inf"), ("-x", "0", "v1 = -x = -0")],
)  # fmt: skip
def test_infinities_nans_and_signed_zeros_are_shown_as_such(text: str, value: str, line: str) -> None:
    assert line in printed(text, "-x", value)


@pytest.mark.parametrize(
    "text", ["x", "3", "x > 1", "y = 2; y", "floor(x)", "f = x; g = f", "[x, 2][1]", "lambda = 2; lambda*x"]
)
@pytest.mark.parametrize("to", ["table", "markdown", "latex"])
def test_the_smallest_circuits_have_a_working(text: str, to: str) -> None:
    values = ["-x", "2"] if "x" in read(text).inputs else []
    done = exprgrad(text, *values, "--explain", "--to", to)
    assert done.returncode == 0, done.stderr
    assert ("gradient" in done.stdout) == bool(read(text).inputs)


def test_an_input_that_is_not_read_gets_nothing() -> None:
    words = " ".join(printed("q = x*y; f = x^2", "-x", "3", "-y", "1").split())
    assert "d[y] = 0 no gradient arrives there" in words
    assert "q =" not in words


def test_many_gates_are_folded_and_full_shows_all() -> None:
    long = "+".join(f"x^{k}" for k in range(2, 300))
    text, every = printed(long, "-x", "1"), printed(long, "-x", "1", "--full")
    assert len(text.splitlines()) < 400
    assert text.count("more; --full shows all") == 2
    assert "more; --full" not in every
    assert every.count("d[x] +=") == 298
    assert "d[x] = 299 + 298 + 297 + 296 + 295 + … + 2 = 44849" in text
    sixty = "+".join(f"sin(x{k})*{k}" for k in range(1, 21))
    assert "more; --full" not in printed(sixty, *[part for k in range(1, 21) for part in (f"-x{k}", "1")])


def test_a_row_of_100_000_gates_is_explained_in_time() -> None:
    result = run(read("+".join(["x"] * 100_000)), {"x": 0.5})
    lines = list(markdown(working(result), Style()))
    assert len(lines) < 300
    assert "- `d[x] = 100000`" in lines


FUNCTIONS: Mapping[str, Any] = {
    "sum": np.sum,
    "tanh": np.tanh,
    "cosh": np.cosh,
    "exp": np.exp,
    "sin": np.sin,
    "cos": np.cos,
}


@pytest.mark.parametrize(
    ("text", "point", "upstream"),
    [
        ("W @ X", {"W": [[1.0, 2.0], [3.0, 4.0]], "X": [[5.0, 6.0], [7.0, 8.0]]}, [[1.0, 0.0], [0.0, 1.0]]),
        ("tanh(W @ X + b)", {"W": [[0.1, 0.2], [0.3, 0.4]], "X": [[0.5], [0.7]], "b": [[0.25]]}, [[1.0], [-2.0]]),
        ("sum(x*y + sin(x))", {"x": [1.0, 2.0, 3.0], "y": 0.5}, None),
        ("mean(x)*sum(x)", {"x": [1.0, 2.0, 6.0]}, None),
        ("x*x - x/y", {"x": [[1.0, 2.0], [4.0, 8.0]], "y": [3.0, 5.0]}, 1.0),
    ],
)  # fmt: skip
def test_equations_of_arrays_hold(text: str, point: dict[str, Any], upstream: Any) -> None:
    """Every side that is numbers alone is computed again by NumPy, from what is printed."""
    result = run(read(text), point, None, upstream)
    checked = 0
    for equation in _equations(made(result)):
        for side in equation.sides[:-1]:
            found = None if " by " in side else _by_numpy(side)
            if found is None:
                continue
            wanted = np.asarray(_by_numpy(equation.sides[-1]))
            found = np.asarray(found)
            if side.startswith("sum of "):
                extra = tuple(range(found.ndim - wanted.ndim))
                found = found.sum(axis=extra)
                ones = tuple(k for k, n in enumerate(wanted.shape) if n == 1 != found.shape[k])
                found = found.sum(axis=ones, keepdims=True)
            elif side.startswith("spread("):
                found = np.broadcast_to(found, wanted.shape)
            np.testing.assert_allclose(found, wanted, rtol=1e-13)
            checked += 1
    assert checked >= 3
    last = [line.equation for line in made(result).result() if isinstance(line, Line)]
    for equation, gradient in zip(last, result.gradient.values(), strict=True):
        np.testing.assert_array_equal(_by_numpy(equation.sides[-1]), gradient)


def _by_numpy(side: str) -> Any:
    """The value of numbers, lists and NumPy's operators; None where there are names."""
    text = side.removeprefix("sum of ").removeprefix("spread").replace("·", "*").replace("^", "**").replace("∂", "")
    return _Array().visit(ast.parse(text, mode="eval").body)


class _Array(ast.NodeVisitor):
    """NumPy's value of a parsed expression."""

    def generic_visit(self, node: ast.AST) -> Any:
        match node:
            case ast.Constant(value=number):
                return float(str(number))
            case ast.List():
                return np.array(ast.literal_eval(node), dtype=float)
            case ast.UnaryOp(operand=operand):
                inside = self.visit(operand)
                return None if inside is None else -inside
            case ast.Attribute(value=value, attr="mT" | "T"):
                inside = self.visit(value)
                return None if inside is None else np.swapaxes(inside, -1, -2)
            case ast.Call(func=ast.Name(id=name), args=[argument]) if name in FUNCTIONS:
                inside = self.visit(argument)
                return None if inside is None else FUNCTIONS[name](inside)
            case ast.BinOp(op=op, left=left, right=right):
                one, other = self.visit(left), self.visit(right)
                if one is None or other is None:
                    return None
                return _OPERATORS[type(op)](one, other)
        return None


_OPERATORS: Mapping[type, Any] = {
    ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide, ast.Pow: np.power, ast.MatMult: np.matmul,
}  # fmt: skip


def test_large_arrays_are_told_by_their_shapes() -> None:
    text = printed("sum(W @ x)", "-W", "arange(60).reshape(3, 20)", "-x", "arange(20)")
    assert "v1 = W @ x = (3×20) @ (20) = [2470, 6270, 10070]" in text


def test_text_of_the_user_is_shown_and_never_markup() -> None:
    """Bidi letters, bars and backticks: a table of Markdown stays a table."""
    result = run(read("א*x + (x > 1 or x)"), {"א": 2.0, "x": 3.0})
    lines = list(markdown(working(result), Style()))
    table = [line for line in lines if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {5}


def test_digits_and_ascii_are_respected() -> None:
    text = printed("exp(x)/y", "-x", "1", "-y", "3", "--digits", "3", "--ascii")
    assert "dv2/dv1 = 1/y = 1/3 ~ 0.333" in text
    assert text.isascii()


def test_the_library_explains_too() -> None:
    import exprgrad as library

    result = library.run(library.read("x*y"), {"x": 2, "y": 3})
    assert (
        "| `v1 = x*y` | `∂v1/∂x = y = 3` | `d[x] = d[v1]·∂v1/∂x = 1·3 = 3` |  |" in library.explain(result).splitlines()
    )
    assert r"\eq{f = x \cdot y}\par" in library.to_latex(result.circuit).splitlines()
    assert r"\eq{\frac{\partial f}{\partial x} = 3}\par" in library.to_latex(result.circuit, result).splitlines()
