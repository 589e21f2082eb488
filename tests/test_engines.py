"""Every engine is held to run.py, row by row: values, gradients, and which rows stand on a kink or a step.

NumPy's functions are not the C library's: numbers may be a few units in the last place off, and a
sum may be rounded in another order.  Infinities, NaN and zeros are the same.
"""

from __future__ import annotations

import itertools
import math
import random
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from agree import agree, scale_of
from array_oracle import CASES, Case
from conftest import ROOT, ROWS, call, points
from exprgrad import engines
from exprgrad.circuit import Circuit
from exprgrad.diagnosis.notes import notes
from exprgrad.engines import Rows, kernel, names, numpy, part, run_rows
from exprgrad.engines.numpy.cheaper import vector_tangent
from exprgrad.errors import ExprgradError, FormulaError, UsageError
from exprgrad.gates import Row
from exprgrad.language.read import read
from exprgrad.program import program
from exprgrad.run import run
from exprgrad.tidy import shared
from exprgrad.values import shape
from fuzz.formulas import POINT, drawn
from test_formulas import FORMULAS, relaxed

SAMPLES = sorted((ROOT / "samples").glob("*.txt"))
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.0, 6.0, -3.0, 1e-300, 1e300, math.inf, -math.inf, math.nan]


def test_the_engines_are_the_files_of_their_folder() -> None:
    assert names() == ["numpy", "precise", "reference"]
    with pytest.raises(UsageError, match="did you mean numpy"):
        kernel(program(read("x"), {"x": ()}), "numpi")


@pytest.mark.parametrize("engine", ["numpy", "reference"])
@pytest.mark.parametrize(
    "text",
    [
        "f(t) = abs(t); f(x) + y", "f(t) = abs(t)*2; g(t) = f(t) + 1; where(x > 5, 0, g(x*y))", "f(s, t) = max(s, 2*t); f(x, y)",
        "where((x < 1) == 0, x, y)", "where(not (not (x < 1)), x, y)", "where(not (x < 1), x, y)", "where((x < 1) != 0, x, y)",
        "where(0 == (x < y), x, 2*y)", "where(not x, x, 2*y)", "where(x == 0, x, 2*y)", "where(x < 1, x*2, where(x < 1, 1, 3))*y",
        "relu(x)*abs(y)", "where(abs(x) < 1e-250, 3*y, x*y)", "where(hypot(x, y) < 1e-250, x + 2*y, x) + y", "sum(max([x, y], [y, x]))", "max(x, x) + floor(y)",
    ],
)  # fmt: skip
def test_rows_are_points(text: str, engine: str) -> None:
    """The same bits, and on a kink or a step where the notes of the point say so."""
    circuit = read(text)
    numbers = np.array(list(itertools.product([0.0, 1.0, 2.0, 6.0, -1.0, -0.5], repeat=2))).T
    columns = {name: numbers[k] for k, name in enumerate(circuit.inputs)}
    found = run_rows(circuit, columns, engine=engine, kinks=True)
    assert found.kinks is not None
    for row in range(numbers.shape[1]):
        alone = run(circuit, {name: float(column[row]) for name, column in columns.items()})
        assert found.value[row] == alone.value
        assert {name: column[row] for name, column in found.gradient.items()} == alone.gradient
        assert found.kinks[row] == any(note.edge for note in notes(alone)), columns


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_every_gate(row: Row) -> None:
    """At points of its domain, and with kinks."""
    inputs = list(row.inputs)
    circuit = read(call(row, inputs))
    found = list(points(row, 60))
    columns = {name: np.array(column) for name, column in zip(inputs, zip(*found, strict=True), strict=True)}
    agree(circuit, columns, max(8, 4 * row.ulps), kinks=True)


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
@pytest.mark.rule(21)
def test_every_gate_at_singular_points(row: Row) -> None:
    inputs = list(row.inputs)
    circuit = read(call(row, inputs))
    numbers = SPECIAL if len(inputs) < 3 else SPECIAL[::2]
    grid = list(itertools.product(numbers, repeat=len(inputs)))
    columns = {name: np.array(column) for name, column in zip(inputs, zip(*grid, strict=True), strict=True)}
    agree(circuit, columns, max(8, 4 * row.ulps), kinks=True)


@pytest.mark.parametrize("case", CASES, ids=[case.text for case in CASES])
def test_every_whole_array_gate(case: Case) -> None:
    """Of arrays in every row, and of arrays of which one is the same in all rows."""
    rng = np.random.default_rng(0)
    circuit = read(case.text)
    columns = {name: rng.normal(size=(7, *extent)) for name, extent in zip("xyz", case.shapes, strict=False)}
    for count in range(len(columns)):
        constants = {name: columns[name][0] for name in list(columns)[:count]}
        varying = {name: column for name, column in columns.items() if name not in constants}
        agree(circuit, varying, 64, 64.0, constants=constants, upstream=1.0, kinks=True)


@pytest.mark.parametrize("path", SAMPLES, ids=[path.stem for path in SAMPLES])
def test_every_sample(path: Any) -> None:
    """With its numbers changed a little in every row."""
    circuit = read(path.read_text(encoding="utf-8"))
    rng = np.random.default_rng(1)
    start = run(circuit, {}, upstream=1.0).inputs
    columns = {name: np.asarray(value) + rng.normal(size=(9, *shape(value))) / 4 for name, value in start.items()}
    for column in columns.values():
        column[3:5] = np.round(column[3:5])
    agree(
        circuit,
        {name: abs(column) if name == "sigma" else column for name, column in columns.items()},
        256,
        8.0,
        upstream=1.0,
    )


# ---------------------------------------------------------------- random formulas


GATES = [
    "max({a}, {b})", "min({a}, {b})", "abs({a})", "relu({a})", "where({a} > {b}, {a}, 1)", "{a}^2", "{a}^-1", "{a}^3",
    "({a} + {b})", "({a} - {b})", "{a}*{b}", "{a}/({b} + 4)", "(-{a})", "sin({a})", "cos({a})", "exp(min({a}, 3))",
    "sqrt({a}^2 + 1)", "log(abs({a}) + 1)", "tanh({a})", "sigmoid({a})", "floor({a})", "({a} < {b})", "clip({a}, -1, {b})",
    "(abs({a}) + 1)^{b}", "sqrt({a})", "where({a} == {b}, 2, {b})", "hypot({a}, {b})", "tan({a})", "softplus({a})", "copysign({a}, {b})",
]  # fmt: skip


@relaxed
@given(st.randoms(use_true_random=False))
def test_random_formulas(rng: random.Random) -> None:
    """Of gates with and without kinks, with numbers that meet, some of them NaN or infinite."""
    terms = ["x", "y", "z", "x", "y", "2", "0.5", "-1"]
    for _ in range(rng.randint(1, 14)):
        terms.append(rng.choice(GATES).format(a=rng.choice(terms), b=rng.choice(terms)))
        if len(terms[-1]) > 300:
            break
    circuit = read(terms[-1])
    numbers = [k / 2 for k in range(-6, 7)] * 2 + [math.nan, math.inf, -math.inf, -0.0, 1e-3, 1e200]
    columns = {name: np.array([rng.choice(numbers) for _ in range(12)]) for name in circuit.inputs}
    if columns:
        agree(circuit, columns, 4096, scale_of(circuit, columns), kinks=True)


@relaxed
@given(FORMULAS, st.randoms(use_true_random=False))
def test_smooth_formulas(drawn_: tuple[str, Any], rng: random.Random) -> None:
    circuit = read(drawn_[0])
    columns = {name: np.array([rng.randint(-12, 12) / 4 for _ in range(5)]) for name in circuit.inputs}
    if columns:
        agree(circuit, columns, 4096, scale_of(circuit, columns))


@pytest.mark.parametrize("seed", range(12))
def test_random_array_formulas(seed: int) -> None:
    """The same numbers, or an error in both engines."""
    rng = random.Random(seed)
    for _ in range(60):
        text = drawn(rng, rng.randint(1, 3))
        try:
            circuit = read(text)
            point = {name: np.asarray(POINT[name], dtype=float) for name in circuit.inputs}
            run(circuit, point, upstream=1.0)
        except ExprgradError:
            continue
        columns = {
            name: np.stack([value, value * 0.5 - 1, value]) for name, value in point.items() if rng.random() < 0.8
        }
        constants = {name: value for name, value in point.items() if name not in columns}
        settings: dict[str, Any] = {"constants": constants, "upstream": 1.0}
        if not columns:
            continue
        try:
            run_rows(circuit, columns, engine="reference", **settings)
        except FormulaError:
            with pytest.raises(FormulaError):
                run_rows(circuit, columns, **settings)
            continue
        every = {**columns, **{name: np.stack([value] * 3) for name, value in constants.items()}}
        agree(circuit, columns, 4096, scale_of(circuit, every, upstream=1.0), kinks=True, **settings)


# ---------------------------------------------------------------- what a call may ask for

LONG = read("max(exp(-(x - y)^2), y)*sin(x) + log(x)*where(x > 0, sqrt(x), 0) + (1 + x^2)^y + abs(y)")


def long_columns(rows: int, seed: int = 0) -> dict[str, NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    columns = {name: np.round(rng.normal(size=rows), rng.integers(1, 17)) for name in LONG.inputs}
    return {name: np.where(rng.random(rows) < 0.01, 0.0, column) for name, column in columns.items()}


def test_where_the_value_is_nan_so_is_the_gradient() -> None:
    found = run_rows(read("x + log(y) + where(z > 0, z, 0)"), {"x": [1, 2], "y": [-1, 1], "z": [-1, 3]})
    np.testing.assert_equal(found.gradient, {"x": [math.nan, 1], "y": [math.nan, 1], "z": [0, 1]})


@pytest.mark.parametrize(
    "text",
    [
        "floor(exp(x)) + exp(x)",
        "1/max(x, 0)",
        "1/max(0, x)",
        "1/min(x, y)",
        "1/max(max(x, y), -1)",
        "1/clip(x, -0.0, 1)",
    ],
)
def test_zeros_and_infinities_are_the_references(text: str) -> None:
    """What 0*inf is, and the sign of a zero that is one of two."""
    columns = {"x": np.array([0.0, -0.0, -0.0, 1e3, 0.0, -2.0]), "y": np.array([-0.0, 0.0, -0.0, 1.0, 0.0, 0.0])}
    circuit = read(text)
    agree(circuit, {name: column for name, column in columns.items() if name in circuit.inputs}, 4)


def test_constants_defaults_wrt_and_upstream() -> None:
    circuit = read("a = 3; [a*x, x*y] * 2")
    columns = {"x": [1.0, 2.0]}
    found = agree(circuit, columns, 0, constants={"y": 5}, upstream=[1.0, 10.0])
    np.testing.assert_array_equal(found.gradient["y"], [20, 40])
    np.testing.assert_array_equal(found.gradient["a"], [2, 4])
    assert list(agree(circuit, columns, 0, constants={"y": 5}, upstream=1.0, wrt=["y"]).gradient) == ["y"]
    assert agree(circuit, columns, 0, constants={"y": 5}, upstream=1.0, wrt=[]).gradient == {}
    with pytest.raises(UsageError, match="is an array"):
        run_rows(circuit, columns, constants={"y": 5})
    with pytest.raises(UsageError, match="no value for 'y'"):
        run_rows(circuit, columns)
    with pytest.raises(UsageError, match="no variable"):
        run_rows(circuit, {**columns, "why": [1.0, 2.0]}, constants={"y": 5})


def test_unreached_inputs_have_the_gradient_0() -> None:
    found = run_rows(read("x = [1, 2]; unused = x*w; floor(y) + 0*z"), {"x": [[1, 2]], "y": [1.5], "z": [1], "w": [2]})
    np.testing.assert_equal(found.gradient, {"x": [[0, 0]], "w": [0], "y": [0], "z": [0]})


def test_columns_are_numbers_of_any_kind() -> None:
    circuit = read("x*y + z + b")
    columns = {
        "x": [1, 2], "y": np.array([3, 4], dtype=np.float32), "z": np.array([5, 6])[::-1], "b": np.array([True, False]),
    }  # fmt: skip
    np.testing.assert_array_equal(run_rows(circuit, columns).value, [10, 13])
    with pytest.raises(UsageError, match="'x' has 2 rows and 'y' 3"):
        run_rows(read("x*y"), {"x": [1, 2], "y": [1, 2, 3]})
    with pytest.raises(UsageError, match="is one number"):
        run_rows(read("x*y"), {"x": 1, "y": [1, 2, 3]})
    with pytest.raises(UsageError, match="is no array of real numbers") as caught:
        run_rows(read("x"), {"x": ["a"]})
    assert caught.value.report.hint == "every row has as many numbers as the first"
    with pytest.raises(UsageError, match="there is no engine 'nump'"):
        run_rows(read("x"), {"x": [1.0]}, engine="nump")


def test_a_gate_that_fails_is_told_as_run_tells_it() -> None:
    columns = {"W": np.stack([np.eye(2), np.ones((2, 2))])}
    messages = []
    for engine in names():
        with pytest.raises(FormulaError, match="singular") as error:
            run_rows(read("sum(inv(W))"), columns, engine=engine)
        messages.append(str(error.value))
    assert len(set(messages)) == 1
    with pytest.raises(FormulaError, match="singular"):
        run_rows(read("x*sum(inv(W))"), {"x": [1.0]}, constants={"W": np.ones((2, 2))})


@pytest.mark.parametrize(
    "text", ["y < nan < s", "(y >= nan >= s) * 2", "empty.dot(x)", "2/(-1).dot(x)", "sum(empty) + s"]
)
def test_odd_shapes(text: str) -> None:
    """Conditions that fold keep the shape of an array, and arrays may have no elements."""
    circuit = read(text)
    columns = {
        "y": np.ones((3, 2)), "s": np.zeros(3), "x": np.array([[1.0, 0, -0.0]] * 3), "empty": np.zeros((3, 0, 3)),
    }  # fmt: skip
    agree(circuit, {name: columns[name] for name in circuit.inputs}, 0, upstream=1.0, kinks=True)


# ---------------------------------------------------------------- blocks and threads


def bits(rows: Rows) -> list[bytes]:
    """Everything, to the last bit; NaN is NaN, whatever the processor writes into it."""
    numbers = [np.where(np.isnan(column), np.nan, column) for column in (rows.value, *rows.gradient.values())]
    return [column.tobytes() for column in (*numbers, np.asarray(rows.kinks))]


@pytest.mark.parametrize("rows", [0, 1, 2, 15, 17, numpy.MOST - 1, numpy.MOST, numpy.MOST + 1, 3 * numpy.MOST + 7])
def test_results_do_not_depend_on_blocks(rows: int) -> None:
    columns = long_columns(3 * numpy.MOST + 7)
    whole = run_rows(LONG, columns, kinks=True)
    found = run_rows(LONG, {name: column[:rows] for name, column in columns.items()}, kinks=True)
    assert bits(found) == bits(part(whole, 0, rows))
    assert bits(found) == bits(run_rows(LONG, {name: column[:rows] for name, column in columns.items()}, kinks=True))


@pytest.mark.parametrize("block", [256, 1024])
def test_results_do_not_depend_on_the_length_of_blocks(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    columns = long_columns(5_003)
    whole = run_rows(LONG, columns, kinks=True)
    monkeypatch.setattr(numpy, "MOST", block)
    assert bits(run_rows(LONG, columns, kinks=True)) == bits(whole)


def test_determinants_are_the_references() -> None:
    """To the last bit, of singular matrices and of those that are not finite too."""
    rng = np.random.default_rng(0)
    matrices = rng.integers(-2, 3, (400, 3, 3)).astype(float) * 10.0 ** rng.integers(-150, 150, (400, 1, 1))
    matrices[::50, 1, 1] = [math.inf, math.nan, 0, -math.inf, 1, math.nan, 0, 0]
    agree(read("det(W)"), {"W": matrices}, 0, wrt=[])
    agree(read("det(W) + 1"), {"W": rng.normal(size=(60, 4, 4))}, 64, 4.0)


def test_the_first_rows_are_the_references() -> None:
    columns = {name: column[:500] for name, column in long_columns(500).items()}
    agree(LONG, columns, 64, 100.0, kinks=True)


@pytest.mark.parametrize(
    "text", ["sum(softmax(W @ x)*x)", "log(x) @ W @ tanh(x)", "(W @ x).max() + norm(x) + (x @ W.T).std()"]
)
def test_blocks_of_arrays(text: str) -> None:
    """Products of matrices are rounded alike, however many rows go together."""
    rng = np.random.default_rng(0)
    columns, constants = {"x": rng.normal(size=(257, 5)) ** 2}, {"W": rng.normal(size=(5, 5))}
    whole = run_rows(read(text), columns, constants)
    for start, stop in [(0, 0), (0, 1), (3, 20), (16, 257), (100, 133)]:
        assert bits(run_rows(read(text), {"x": columns["x"][start:stop]}, constants)) == bits(part(whole, start, stop))


def test_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = long_columns(200_003)
    monkeypatch.setattr(engines, "_WORTH", 0.0)
    monkeypatch.setattr(engines, "_PART", 1e-4)
    monkeypatch.setattr(engines, "cores", lambda: 3)
    engines._pool.cache_clear()  # noqa: SLF001
    several = run_rows(LONG, columns, kinks=True)
    monkeypatch.setattr(engines, "cores", lambda: 1)
    assert bits(several) == bits(run_rows(LONG, columns, kinks=True))
    engines._pool.cache_clear()  # noqa: SLF001


def test_an_error_in_a_thread_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_WORTH", 0.0)
    monkeypatch.setattr(engines, "_PART", 1e-4)
    columns = {"W": np.stack([np.eye(2)] * 60_000)}
    columns["W"][-1] = 1.0
    with pytest.raises(FormulaError, match="singular"):
        run_rows(read("sum(inv(W))"), columns)


# ---------------------------------------------------------------- sharing


@relaxed
@given(st.randoms(use_true_random=False))
def test_sharing_changes_no_value(rng: random.Random) -> None:
    terms = ["x", "y", "-0.0", "0.0", "2"]
    for _ in range(rng.randint(1, 14)):
        terms.append(rng.choice(GATES).format(a=rng.choice(terms), b=rng.choice(terms)))
        if len(terms[-1]) > 300:
            break
    circuit = read(terms[-1])
    lean = shared(circuit)
    point = {name: rng.choice([0.0, -0.0, 1.5, -2.0, math.inf, math.nan]) for name in circuit.inputs}
    assert repr(run(lean, point).value) == repr(run(circuit, point).value)
    assert len(lean.gates) <= len(circuit.gates)
    assert str(lean.check())


def test_equal_gates_are_one() -> None:
    circuit = shared(read("sin(x*y) + sin(y*x) + cos(0.0) + cos(-0.0)"))
    assert [gate.op.name for gate in circuit.gates].count("sin") == 1
    assert [gate.op.name for gate in circuit.gates].count("cos") == 2
    assert len(shared(read("[1,2][0] + x[0:1][0] + x[(0):1][0]")).gates) < 9


def test_gates_that_nobody_reads_go() -> None:
    circuit = read("unused = exp(x)*y; q = x + 1; q*2")
    lean = shared(Circuit(circuit.gates, {}, circuit.output, circuit.text))
    assert [gate.op.name for gate in lean.gates if gate.inputs] == ["add", "mul"]
    assert list(lean.inputs) == ["x", "y"]


@pytest.mark.parametrize("exponent", [-8, -3, -2.5, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3, 5, 7.5, 8, 9, 0.25])
def test_powers(exponent: float) -> None:
    """Those that are computed by products and roots, and others, at every magnitude."""
    rng = np.random.default_rng(0)
    numbers = [*SPECIAL, *(rng.choice([-1, 1], 400) * 10 ** rng.uniform(-308, 308, 400)), *(rng.normal(size=200))]
    agree(read(f"x^({exponent})"), {"x": np.array(numbers)}, 8)
    agree(read(f"1/x^({exponent})"), {"x": np.array([0.0, -0.0])}, 0, wrt=[])


@pytest.mark.parametrize("text", ["1 + where(x > 0, cos(x), y)", "1 + where(x > 0, y, cos(x))", "where(x > 0, x, y)"])
@pytest.mark.parametrize("held", [0, 1, 3, 4, 32, 60, 61, 63, 64])
def test_a_choice_is_the_same_wherever_it_is_written_and_however_often_it_holds(text: str, held: int) -> None:
    columns = {"x": np.linspace(0.5, 1.5, 64) * np.where(np.arange(64) < held, 1, -1), "y": np.linspace(-3, -2, 64)}
    agree(read(text), columns, 1, wrt=[])
    agree(read(text), columns, 1)


def test_norms_and_spreads_of_numbers_whose_squares_are_none() -> None:
    """Rows of all sizes in one block."""
    columns = {"x": np.array([[3.0, 4, 0]]) * 10.0 ** np.array([[0], [200], [-200], [-320], [150], [-150], [1], [307]])}
    for text in ("norm(x)", "std(x)", "sum(norm(x, keepdims=1))", "norm(x, axis=0)*2"):
        agree(read(text), columns, 4, wrt=[])
    assert run_rows(read("norm(x)"), columns).value[:3] == pytest.approx([5.0, 5e200, 5e-200], rel=1e-15)


def test_where_numpy_does_not_tell_what_is_vectorised_nothing_is_taken_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    told = iter([{"tan": {"d": {"current": "AVX512_SKX"}}}, {"tan": {"d": {"current": "baseline(X86_V2)"}}}, {}])
    monkeypatch.setattr("numpy.lib.introspect.opt_func_info", lambda **_: next(told))
    assert [vector_tangent.__wrapped__() for _ in range(3)] == [True, False, False]
    monkeypatch.setitem(sys.modules, "numpy.lib.introspect", None)
    assert not vector_tangent.__wrapped__()


def test_a_fork_of_a_process_with_threads_has_threads_of_its_own() -> None:
    script = """
import os
import numpy as np
from exprgrad import engines, read
engines._WORTH, engines._PART, engines.cores = 0.0, 1e-4, lambda: 3
columns = {"x": np.linspace(0, 1, 200_003)}
before = engines.run_rows(read("sin(x)*x"), columns).value
child = os.fork()
if not child:
    os._exit(not np.array_equal(engines.run_rows(read("sin(x)*x"), columns).value, before))
print(os.waitpid(child, 0)[1])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_waves() -> None:
    """Sines and cosines at every magnitude, next to their zeros and among the smallest numbers."""
    rng = np.random.default_rng(0)
    near = math.pi / 2 * rng.integers(-8, 9, 400) + rng.choice([-1, 1], 400) * 2.0 ** -rng.integers(3, 54, 400)
    wide = rng.choice([-1, 1], 600) * 10 ** rng.uniform(-323, 308, 600)
    numbers = [*SPECIAL, *near, *wide, 5e-324, -5e-324, *(math.pi / 2 * np.arange(-20, 20))]
    agree(read("sin(x) + 0*x"), {"x": np.array(numbers)}, 4)
    agree(read("cos(x)"), {"x": np.array(numbers)}, 4)


@pytest.mark.parametrize(
    "text", ["-log_softmax(x)[k]", "A[k, j]*2", "A[k]", "A[:, k] + 0", "A[0, k]", "x[[k, 0]]", "A[None, k]"]
)
def test_indices_that_differ_by_row(text: str) -> None:
    rng = np.random.default_rng(0)
    columns = {
        "x": rng.normal(size=(9, 3)),
        "A": rng.normal(size=(9, 3, 3)),
        "k": rng.integers(-3, 3, 9),
        "j": rng.integers(0, 3, 9),
    }
    circuit = read(text)
    given_ = {name: column for name, column in columns.items() if name in circuit.inputs}
    agree(circuit, given_, 8, 1.0, upstream=1.0)
    with pytest.raises(FormulaError, match="the index does not fit"):
        run_rows(circuit, {**given_, "k": [0.5] * 9}, upstream=1.0)
    with pytest.raises(FormulaError, match="the index does not fit"):
        run_rows(circuit, {**given_, "k": [3] * 9}, upstream=1.0)
