"""Generated code is run, in every target, and gives what exprgrad gives."""

from __future__ import annotations

import itertools
import math
import random
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import pytest

from array_oracle import CASES
from conftest import ROOT, ROWS, call, exprgrad, points
from exprgrad.arithmetic.forward import forward
from exprgrad.circuit import Circuit
from exprgrad.cli import main
from exprgrad.errors import UsageError
from exprgrad.gates import CONST, Row
from exprgrad.language.lower import body
from exprgrad.language.read import read
from exprgrad.run import Run, run
from exprgrad.shapes import infer
from exprgrad.values import shape
from exprgrad.write.code import TARGETS
from exprgrad.write.code.form import Form
from exprgrad.write.code.targets import jax, js, sql
from targets import RUN, Job, Point, checked, code, load, table, tool

ARRAYS = ("numpy", "jax", "torch")
SCALARS = [target for target in TARGETS if target not in ("jax", "torch")]
# whose values outside of their domains are mpmath's
OUTSIDE = ("polygamma", "polygamma_drop", "beta")


def near(found: float, true: float, off: float, slack: float) -> bool:
    """Whether two numbers agree, relatively or up to ``slack``; infinities and NaN exactly."""
    if not math.isfinite(true) or not math.isfinite(found):
        return found == true or (found != found and true != true)
    return abs(found - true) <= off * abs(true) + slack + 1e-307


def agree(target: str, jobs: Sequence[Job], folder: Path, off: float = 1e-12) -> None:
    """A target's answers, which are the runs'.

    In SQL a number that is not finite is NULL, and so is what is computed of it: there NULL may stand where a
    number on the way is not finite.
    """
    for job, answers in zip(jobs, RUN[target](jobs, folder), strict=True):
        assert len(answers) == len(job.points)
        for point, (value, gradient) in zip(job.points, answers, strict=True):
            true = run(job.circuit, point, job.wrt)
            wanted = [true.value, *true.gradient.values()]
            assert len(wanted) == 1 + len(gradient)
            for number, right in zip((value, *gradient), wanted, strict=True):
                if target == "sql" and number != number and not everywhere_finite(true):
                    continue
                assert near(number, right, off, job.slack), (job.circuit.text, point, number, right)


def everywhere_finite(true: Run) -> bool:
    """Whether no number is infinite, NaN, or so large that a function of it is, inside of composite gates too."""
    back = true.backward
    inputs = {wire: true.values[wire] for wire in true.circuit.inputs.values()}
    return _finite(back.circuit, forward(back.circuit.gates, {**inputs, back.seed: 1.0}))


def _finite(circuit: Circuit, values: Sequence[float]) -> bool:
    for gate, value in zip(circuit.gates, values, strict=True):
        if gate.op is not CONST and not abs(value) < 700:
            return False
        inside = body(gate.op)
        if inside is not None:
            inputs = [values[source] for source in gate.inputs]
            if not _finite(inside, forward(inside.gates, dict(zip(inside.inputs.values(), inputs, strict=True)))):
                return False
    return True


def of_row(row: Any, circuit: Circuit, count: int) -> list[Point]:
    found = [dict(zip(row.inputs, point, strict=True)) for point in points(row, count)]
    return [{name: point[name] for name in circuit.inputs} for point in found]


@pytest.mark.parametrize("target", TARGETS)
def test_every_gate(target: str, tmp_path: Path) -> None:
    """At points of its domain.  In SQL the remainder next to a whole quotient may be a whole divisor off."""
    jobs = []
    for row in ROWS:
        if target == "jax" and row.name not in jax.TARGET.forms:  # it compiles each, and their text is NumPy's
            continue
        if target == "sql" and row.name in ("mod", "fmod"):
            continue
        circuit = read(call(row, list(row.inputs)))
        slack = 4e-15 if row.name in ("lgamma", "digamma") else 0.0  # next to their zeros
        found = of_row(row, circuit, 12 if target in ARRAYS else 40)
        if target == "jax":  # its hypot squares
            found = [point for point in found if all(abs(number) < 1e150 for number in point.values())]
        jobs.append(Job(circuit, found, slack=slack))
    agree(target, jobs, tmp_path)


@pytest.mark.parametrize("target", ["python", "c", "js", "numpy"])
@pytest.mark.rule(21)
def test_every_gate_at_singular_points(target: str, tmp_path: Path) -> None:
    numbers = [math.inf, -math.inf, math.nan, 0.0, -0.0, 1.0, -1.0, 0.5, 3.0, -2.5, 800.0, -800.0, 1e300, -1e300]
    jobs = []
    for row in ROWS:
        if row.name not in OUTSIDE:
            circuit = read(call(row, list(row.inputs)))
            grid = itertools.product(numbers if len(row.inputs) < 3 else numbers[:7], repeat=len(row.inputs))
            jobs.append(Job(circuit, [dict(zip(circuit.inputs, point, strict=True)) for point in grid]))
    agree(target, jobs, tmp_path)


def test_sql_never_has_a_wrong_number(tmp_path: Path) -> None:
    """Where a number is not finite, or not computed by finite ones, it is NULL: of finite inputs."""
    numbers = [0.0, 1.0, -1.0, 0.5, 3.0, -2.5, 800.0, -800.0]
    jobs = []
    for row in ROWS:
        if row.name not in OUTSIDE:
            circuit = read(call(row, list(row.inputs)))
            grid = itertools.product(numbers, repeat=len(row.inputs))
            jobs.append(Job(circuit, [dict(zip(circuit.inputs, point, strict=True)) for point in grid]))
    agree("sql", jobs, tmp_path)


FORMULAS = [
    "(x+y)*z", "x", "2", "x + 0*y", "-x^2", "x^2 - 2*x*y + y^y", "where(x > 0, sqrt(x), 0)", "max(x, y, z) - min(x, -y)",
    "q = x*y; f = q^2 + sin(q - 6) + q", "s(t) = 1/(1+exp(-t)); s(w*x) + s(b)", "g(a, b) = a*sin(b); h(t) = g(t, t)^2; h(x) - h(y)",
    "gelu_tanh(x)*sigmoid(y)", "not (x < y and y < z) + (x == y or 1 < z)", "(x > 0) - (y > 0)*z", "x < y < z", "--x - -y", "-(x - (y - z))",
    "x/(y/z)/(x*y)", "x - (-2) + (-3)*y^-2", "2^x^y", "(x^2)^3", "-(-x)^3", "f = x*f0; f", "x == nan", "x*inf", "abs(x)*copysign(y, x)",
    "where(x, y, z)", "where(x > y, x > 0, z)", "x*x*x + x*x", "(x + y)*(x + y)", "(not x) + (not not y)", "exp(where(x > 0 and y > 0, x, y))",
    "unused = exp(x); y*2", "x = 3; x^2 + y", "sin(x)*cos(x)*sin(x)", "+x + +y", "hypot(x, y)*logaddexp(x, z)", "1/(1+exp(-x))",
    "erf(x) + erfc(y) + gamma(z) + digamma(x) + erfinv(tanh(y))", "clip(x, y, z)^2*relu6(x*9)", "floor(x) + round(y) + x // y + x % z + fmod(x, y)",
]  # fmt: skip
NUMBERS = [2.5, -1.5, 0.75, 3.0, -0.25, 0.0, 1.0]


def jobs_of(texts: Sequence[str], seed: int = 0, count: int = 12) -> list[Job]:
    """Formulas at random points."""
    rng = random.Random(seed)
    circuits = [read(text) for text in texts]
    return [
        Job(one, [{name: rng.choice(NUMBERS) for name in one.inputs} for _ in range(count)], slack=1e-14)
        for one in circuits
    ]


@pytest.mark.parametrize("target", TARGETS)
def test_formulas(target: str, tmp_path: Path) -> None:
    """Composite gates, forks, defaults, constants as output, an input as output, unused inputs, conditions as numbers."""
    agree(target, jobs_of(FORMULAS), tmp_path, 1e-11)


@pytest.mark.parametrize("target", SCALARS)
def test_random_formulas(target: str, tmp_path: Path) -> None:
    """Operators in every order: the parentheses are where they have to be."""
    rng = random.Random(7)
    operators = ["{} + {}", "{} - {}", "{} * {}", "{} / {}", "-{}", "{} ^ 2", "{} < {}", "not {}", "{} and {}", "{} or {}",
                 "where({}, {}, {})", "max({}, {})", "abs({})", "{} == {}", "tanh({})"]  # fmt: skip
    texts = []
    for _ in range(150):
        terms = ["x", "y", "z", "2", "0.5", "-3"]
        for _ in range(rng.randint(2, 12)):
            template = rng.choice(operators)
            terms.append(f"({template.format(*rng.choices(terms, k=template.count('{}')))})")
        texts.append(terms[-1])
    agree(target, jobs_of(texts, count=6), tmp_path, 1e-9)


@pytest.mark.parametrize("target", SCALARS)
def test_wrt_names_the_gradients(target: str, tmp_path: Path) -> None:
    jobs = [Job(read("x*y*z"), [{"x": 2.0, "y": 3.0, "z": 5.0}], wrt) for wrt in (["y"], ["z", "x"], [])]
    agree(target, jobs, tmp_path)


# ---------------------------------------------------------------- arrays


@pytest.mark.parametrize("target", ARRAYS)
def test_the_numbers_of_a_range_are_float64s(target: str, tmp_path: Path) -> None:
    pytest.importorskip(target)
    circuit = read("(arange(3) + arange(1, 6, 2)) @ x + sum(arange(3, 0, -1))")
    result = run(circuit, {"x": [1.0, 10.0, 100.0]})
    assert result.value == 1 + 40 + 700 + 6
    assert checked(target, code(target, circuit, result), tmp_path)


@pytest.mark.parametrize("target", ARRAYS)
def test_every_whole_array_gate(target: str, tmp_path: Path) -> None:
    """With a gradient arriving at each element of the output; of JAX, which compiles each, a case of each gate."""
    pytest.importorskip(target)
    done: set[str] = set()
    for number, case in enumerate(CASES):
        if target == "jax" and case.row in done:
            continue
        done.add(case.row)
        rng = np.random.default_rng(number)
        circuit = read(case.text)
        drawn = {
            name: rng.normal(size=one) if one else rng.normal() for name, one in zip("xyz", case.shapes, strict=False)
        }
        point = {name: drawn[name] for name in circuit.inputs}
        extent = infer(circuit, {circuit.inputs[name]: np.shape(value) for name, value in point.items()})[
            circuit.output
        ]
        result = run(circuit, point, upstream=rng.normal(size=extent) if extent else 1.5)
        same_arrays(target, circuit, result, tmp_path / f"{target}{number}.py")


@pytest.mark.parametrize("target", ARRAYS)
@pytest.mark.parametrize("path", sorted((ROOT / "samples").glob("*.txt")), ids=lambda path: path.stem)
def test_every_sample(target: str, path: Path, tmp_path: Path) -> None:
    pytest.importorskip(target)
    circuit = read(path.read_text(encoding="utf-8"))
    try:
        result = run(circuit, {})
    except UsageError:
        result = run(circuit, {}, upstream=1.0)
    same_arrays(target, circuit, result, tmp_path / f"{path.stem}.py".replace("-", "_"))


def same_arrays(target: str, circuit: Circuit, true: Run, path: Path) -> None:
    """The value and the gradients of the code, which are the run's."""
    path.write_text(code(target, circuit, true), encoding="utf-8")
    value, gradient = load(path).f(*true.inputs.values())
    assert set(gradient) == set(true.gradient)
    for found, wanted in [(value, true.value), *[(gradient[name], one) for name, one in true.gradient.items()]]:
        assert np.shape(found) == shape(wanted), circuit.text
        size = np.max(np.abs(wanted), initial=1.0)
        assert np.max(np.abs(np.asarray(found) - wanted), initial=0.0) <= 1e-12 * size, circuit.text


def test_numpy_takes_arrays_of_another_length(tmp_path: Path) -> None:
    """Ranks are those of the run, lengths are the arrays'."""
    circuit = read("mean((X @ w - y)^2) + norm(w) + std(y)")
    rng = np.random.default_rng(0)

    def point(rows: int) -> dict[str, Any]:
        return {"X": rng.normal(size=(rows, 3)), "w": rng.normal(size=3), "y": rng.normal(size=rows)}

    path = tmp_path / "lengths.py"
    path.write_text(code("numpy", circuit, run(circuit, point(5))), encoding="utf-8")
    longer = {name: point(50)[name] for name in circuit.inputs}
    value, gradient = load(path).f(*longer.values())
    true = run(circuit, longer)
    assert value == pytest.approx(true.value, rel=1e-13)
    assert gradient["w"] == pytest.approx(true.gradient["w"], rel=1e-12)


@pytest.mark.parametrize("target", ["python", "c", "js", "sql"])
def test_arrays_are_for_those_that_have_them(target: str) -> None:
    with pytest.raises(UsageError, match=f"--to {target} writes formulas of numbers"):
        code(target, read("sum(x)"))


def test_a_gate_that_nobody_has_is_named() -> None:
    with pytest.raises(UsageError, match="--to js has no zeta"):
        js.TARGET.definition(Row("zeta", ("x",), ("1",)), [None])


# ---------------------------------------------------------------- the assertion at the end


POINTS = [
    ("(x+y)*z", {"x": -2.0, "y": 5.0, "z": -4.0}), ("x/y", {"x": 0.0, "y": 0.0}), ("1/x + 0*y", {"x": 0.0, "y": -0.0}),
    ("log(x)", {"x": math.inf}), ("x*1e-300", {"x": 1e-20}), ("2", {}), ("exp(x) - exp(y)", {"x": 1.0, "y": 1.0 + 2**-40}),
    ("1/(1+exp(-x))", {"x": -1000.0}), ("x*nan", {"x": math.nan}), ("digamma(x)", {"x": 1.4616321449683622}),
    ("lgamma(x)", {"x": 2.0}), ("(x - 0.1)^2 + sin(pi*x*10)", {"x": 0.1}), ("σ*ω", {"σ": -0.0, "ω": 3.0}),
]  # fmt: skip


@pytest.mark.parametrize("target", TARGETS)
def test_this_runs_point_and_answer_are_asserted(target: str, tmp_path: Path) -> None:
    """Infinities, NaN, zeros, and numbers of which rounding leaves few digits."""
    some = POINTS if target in SCALARS else POINTS[:2]
    for number, (text, point) in enumerate(some):
        circuit = read(text)
        folder = tmp_path / str(number)
        folder.mkdir()
        assert checked(target, code(target, circuit, run(circuit, point)), folder), text


@pytest.mark.parametrize("target", SCALARS)
@pytest.mark.parametrize(("stated", "false"), [("-12", "-12.0000001"), ("-4", "NAN"), ("3", "2.9999999")])
def test_a_wrong_answer_fails(target: str, stated: str, false: str, tmp_path: Path) -> None:
    text = code(target, read("(x+y)*z"), run(read("(x+y)*z"), {"x": -2.0, "y": 5.0, "z": -4.0}))
    words = {"c": "NAN", "js": "NaN", "sql": "(3e0/7e0)"}
    spoilt = false.replace("NAN", words.get(target, "math.nan"))
    answers = {
        "sql": rf"(?<=\n)(    WHEN .*ABS\(\S+ - \(?){re.escape(stated)}e0",
        "c": rf"(agrees\(.*, ){re.escape(stated)}\.0(?=, \d)",
    }
    found = re.sub(
        answers.get(target, rf"(\n *[\[(]\S+, [^,]+, ){re.escape(stated)}(?:\.0)?(?=, \d)"),
        rf"\g<1>{spoilt}",
        text,
        count=1,
    )
    assert found != text
    assert checked(target, text, tmp_path)
    assert not checked(target, found, tmp_path)


def test_the_library_writes_code_too() -> None:
    """Of any circuit, such as a derivative along a direction, whose inputs have brackets in their names."""
    from exprgrad import tangent, to_code

    ours: dict[str, Any] = {}
    exec(to_code(tangent(read("x^2*y"), ("x", "y")), "python"), ours)  # noqa: S102  what the program wrote
    value, gradient = ours["f"](x=2.0, y=3.0, tx=0.5, ty=-1.0)
    assert value == 2 * 2 * 3 * 0.5 + 2**2 * -1
    assert gradient == {"x": 2 * 3 * 0.5 + 2 * 2 * -1, "y": 2 * 2 * 0.5, "t[x]": 2 * 2 * 3, "t[y]": 4}
    with pytest.raises(UsageError) as failed:
        to_code(read("x"), "pyhton")
    assert (failed.value.report.message, failed.value.report.hint) == (
        "there is no target 'pyhton'", "did you mean python?",
    )  # fmt: skip
    with pytest.raises(UsageError) as failed:
        to_code(read("x"), "fortran")
    assert failed.value.report.hint == f"the targets are {', '.join(TARGETS)}"


def test_without_values_there_is_no_assertion() -> None:
    for target in TARGETS:
        text = code(target, read("x*y"))
        assert "stated" not in text
        assert "agrees" not in text
        assert "__main__" not in text


def test_an_upstream_gradient_arrives(tmp_path: Path) -> None:
    circuit = read("x*y")
    result = run(circuit, {"x": 2.0, "y": 3.0}, upstream=-0.5)
    for target in ("python", "js", "c", "sql"):
        assert checked(target, code(target, circuit, result), tmp_path)
    assert "-0.5" in code("python", circuit, result)


def test_an_upstream_gradient_that_is_no_number_arrives(tmp_path: Path) -> None:
    for text, upstream in (("x*y", math.nan), ("x*y", -math.inf), ("0*x/y", math.nan), ("0*x/(y - 3)", 2.0)):
        result = run(read(text), {"x": 2.0, "y": 3.0}, upstream=upstream)
        for target in ("python", "numpy", "js", "c", "sql"):
            assert checked(target, code(target, result.circuit, result), tmp_path), (text, upstream)


# ---------------------------------------------------------------- names and texts of the user's


NAMES = [
    "lambda",
    "int",
    "double",
    "select",
    "from",
    "where",
    "function",
    "f",
    "grad",
    "value",
    "math",
    "np",
    "inf",
    "t1",
    "v1",
    "dx",
    "dv1",
    "d_x",
    "exp",
    "sin",
    "log",
    "gamma",
    "beta",
    "max",
    "div",
    "power",
    "total",
    "main",
    "NAN",
    "None",
    "True",
    "this",
    "eval",
    "arguments",
    "undefined",
    "__proto__",
    "constructor",
    "order",
    "group",
    "σ",
    "é",
    "日本",
    "x_",
    "X",
    "x",
    "ﬁ",
    "e",
    "pi",
    "order_",
    "step1",
    "inputs",
    "source",
    "points",
    "answer",
    "table",
    "found",
    "stated",
    "off",
    "float",
    "abs",
    "jnp",
    "tensor",
    "torch",
    "put",
    "others",
    "linux",
    "EOF",
    "_Bool",
    "_Generic",
    "_Pragma",
    "__class__",
]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.rule(20)
def test_every_name_is_a_name(target: str, tmp_path: Path) -> None:
    """Keywords, names of functions and of our own helpers, letters: each is a variable like another."""
    if target in ARRAYS[1:]:
        pytest.importorskip(target)
    names = [name for name in NAMES if target != "sql" or name not in ("value", "X", "None", "True", "NAN", "EOF")]
    jobs = []
    for start in range(0, len(names), 24):
        some = names[start : start + 24]
        given = dict.fromkeys(some, 1.5)
        text = " + ".join([f"{name}*{number}*sigmoid({name})" for number, name in enumerate(some, 2)])
        circuit = read(f"exp(max({some[0]}, 0)/3) + {text}", given)
        jobs.append(Job(circuit, [{name: 0.25 * number - 1 for number, name in enumerate(circuit.inputs, 1)}]))
    agree(target, jobs, tmp_path)


@pytest.mark.parametrize("target", ["python", "js", "c", "sql"])
def test_a_wire_may_be_called_anything_too(target: str, tmp_path: Path) -> None:
    names = [name for name in NAMES[:40] if name not in ("x", "value")]
    text = "; ".join(f"{name} = x*{number}" for number, name in enumerate(names))
    agree(target, [Job(read(f"{text}; int + select*dx"), [{"x": 1.5}])], tmp_path)


def test_sql_has_columns_and_not_two_of_one_name() -> None:
    with pytest.raises(UsageError, match="'X' would share its column with 'x'"):
        code("sql", read("x*X"))
    with pytest.raises(UsageError, match="'value' would share its column"):
        code("sql", read("value*2"))


def test_the_words_that_duckdb_reserves_are_quoted() -> None:
    duckdb = pytest.importorskip("duckdb")
    found = duckdb.connect().execute("SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category = 'reserved'")
    words = {word for (word,) in found.fetchall()}
    assert len(words) > 50
    assert [word for word in words if sql.TARGET.column(word) == word] == []


HOSTILE = [
    "# */ system('x')",
    "# \\",
    "# ??/",
    "# --> <script>",
    "# '; DROP TABLE points; --",
    '# """ x',
    "# \u2028 y(); \u202e",
]


@pytest.mark.parametrize("target", ["python", "c", "js", "sql"])
@pytest.mark.rule(2)
def test_a_comment_is_left_by_nothing_in_it(target: str, tmp_path: Path) -> None:
    for text in HOSTILE:
        circuit = read(f"q = x + 1 {text}\nr = q*(x {text}\n + 2)\nr*2")
        result = run(circuit, {"x": 2.0})
        written = code(target, circuit, result)
        assert checked(target, written, tmp_path), text
        assert "\u2028" not in written
        assert "\u202e" not in written


# ---------------------------------------------------------------- texts


def test_it_says_of_what_the_value_is() -> None:
    assert code("python", read("x*y")).startswith("# The value of a formula and its gradients:\n#   x*y\n")
    assert code("c", read("q = x*y; q + x", of="q")).startswith("// The value of q and its gradients:\n")
    long = "\n".join(f"a{number} = {number}*x" for number in range(24)) + "\na1*a2"
    remarks = code("python", read(long)).splitlines()[:22]
    assert remarks[20:] == ["#   a19 = 19*x", "#   and 5 lines more"]


def test_each_line_says_what_it_is() -> None:
    text = code("python", read("(x+y)*z"))
    assert "    v1 = x + y  # x+y\n" in text
    assert "    dv1 = dv2 * z  # gradient of v1 = x+y, and of y, x\n" in text
    assert "    dz = dv2 * v1  # gradient of z\n" in text
    body = code("c", read("q = sin(x*y); where(q > 0, q^2, tanh(q)) + gelu_tanh(q)")).split("double f(")[1]
    lines = [line for line in body.splitlines() if " = " in line and "grad[" not in line]
    assert all("  // " in line for line in lines)


def test_an_operand_that_is_written_twice_is_found_at_every_place() -> None:
    assert Form("{5}.shape[0], {1}, {5}, {15}").repeats == {5}


def test_shared_gates_are_there_once() -> None:
    for target in TARGETS:
        lines = code(target, read("sin(x*y)^2 + 3*sin(x*y)")).splitlines()
        assert sum(bool(re.search(r"\b(sin|SIN)\(v\d", line)) for line in lines) == 1


@pytest.mark.parametrize("target", ["python", "numpy", "c", "sql"])
def test_large_formulas(target: str) -> None:
    """In linear time; Python compiles a chain of 10,000 gates."""
    times = []
    for count in (1_000, 10_000) if target == "python" else (500, 2_000):
        circuit = read("sin(" * count + "x" + ")" * count)
        result = run(circuit, {"x": 0.5})
        before = perf_counter()
        text = code(target, circuit, result)
        times.append(perf_counter() - before)
    assert times[1] < 30 * times[0] + 1
    assert len(text) < 6_000_000
    if target == "python":
        compile(text, "large.py", "exec")


def test_many_inputs_take_linear_time() -> None:
    times = []
    for count in (500, 4_000):
        circuit = read("+".join(f"x{number}" for number in range(count)))
        result = run(circuit, dict.fromkeys(circuit.inputs, 0.5))
        before = process_time()
        code("python", circuit, result)
        times.append(process_time() - before)
    assert times[1] < 24 * times[0] + 0.1


def test_large_sums_run(tmp_path: Path) -> None:
    agree("python", [Job(read("+".join(f"x^{k % 7}" for k in range(3_000))), [{"x": 0.5}])], tmp_path, 1e-9)
    tool("node")
    agree("js", [Job(read("+".join(f"x^{k % 7}" for k in range(3_000))), [{"x": 0.5}])], tmp_path, 1e-9)


def test_sql_is_one_select_that_keeps_the_inputs() -> None:
    """Of columns of whole numbers too, and a further column where it is named."""
    duckdb = pytest.importorskip("duckdb")
    text = code("sql", read("x/y"))
    assert len(duckdb.extract_statements(text)) == 1
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE points AS SELECT * FROM (VALUES (1, 2, 7), (3, 0, 8), (NULL, 1, 9)) AS t(x, y, id)"
    )
    answer = connection.execute(text)
    assert [column[0] for column in answer.description] == ["x", "y", "value", "grad.x", "grad.y"]
    assert answer.fetchall() == [
        (1.0, 2.0, 0.5, 0.5, -0.25),
        (3.0, 0.0, None, None, None),
        (None, 1.0, None, None, None),
    ]
    keyed = text.replace("    SELECT\n", "    SELECT id,\n", 1).replace(")\nSELECT\n", ")\nSELECT id,\n")
    assert [row[0] for row in connection.execute(keyed).fetchall()] == [7, 8, 9]


def test_sql_does_not_mind_strange_columns() -> None:
    duckdb = pytest.importorskip("duckdb")
    connection = duckdb.connect()
    table(connection, ["select", "σ", "W"], [[2.0, 3.0, 5.0]])
    circuit = read("select*σ + W")
    assert connection.execute(code("sql", circuit)).fetchall() == [(2.0, 3.0, 5.0, 11.0, 3.0, 2.0, 1.0)]


# ---------------------------------------------------------------- the command


def test_the_command_writes_all_targets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for target in TARGETS:
        assert main(["(x+y)*z", "-x", "-2", "-y", "5", "-z", "-4", "--to", target]) == 0
        written = code(target, read("(x+y)*z"), run(read("(x+y)*z"), {"x": -2, "y": 5, "z": -4}))
        assert capsys.readouterr() == (written, "")
    assert exprgrad("x^2", "--to", "python").stdout == code("python", read("x^2"))
    for ending, target in (("py", "python"), ("c", "c"), ("mjs", "js"), ("sql", "sql")):
        path = tmp_path / f"f.{ending}"
        assert main(["x^2", "-x", "3", "--out", str(path)]) == 0
        assert path.read_text(encoding="utf-8") == code(target, read("x^2"), run(read("x^2"), {"x": 3}))


def test_c_is_warning_free_at_every_level(tmp_path: Path) -> None:
    if shutil.which("gcc") is None:
        pytest.skip("there is no gcc")
    circuit = read("erf(x)*max(x, y) + where(x > y, gamma(x), floor(y) % 3)")
    path = tmp_path / "f.c"
    path.write_text(code("c", circuit, run(circuit, {"x": 2.0, "y": 1.5})), encoding="utf-8")
    for flags in (["-std=c99", "-pedantic", "-O2", "-Wshadow"], ["-std=gnu17", "-O0"], ["-x", "c++", "-std=c++17"]):
        subprocess.run(["gcc", *flags, "-Wall", "-Wextra", "-Werror", "-o", tmp_path / "f", path, "-lm"], check=True)
        assert subprocess.run([tmp_path / "f"], check=False).returncode == 0
