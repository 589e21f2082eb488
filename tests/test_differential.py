"""A short run of tests/differential with each peer that is installed, and that it sees what it looks for."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from conftest import ROOT
from differential import judge
from differential import session as sessions
from differential.answers import POINTS, Columns, our_answers
from differential.compare import Answer, wrong
from differential.elements import KEYS, WHOLE, Element, fit, unrolled
from differential.judge import compare
from differential.peers import Answers, installed
from differential.session import session
from differential.shrink import shrunk
from differential.truth import Beyond, truth
from drawn import Call, Formula, text
from exprgrad.gates import ROWS as ROWS_BY_NAME
from exprgrad.language.read import read

COUNTS = {"mpmath": 30, "torch": 100, "jax": 3, "sympy": 3}


def formula(*steps: Any) -> Formula:
    """A formula of these steps, a gate by its name, its operands and its settings."""
    return tuple(Call(ROWS_BY_NAME[step[0]], *step[1:]) if isinstance(step, tuple) else step for step in steps)


@pytest.mark.parametrize("name", ["mpmath", *installed()])
def test_formulas_are_the_same_as_a_peers(name: str) -> None:
    tally = session(name, 7, COUNTS[name])
    assert not tally.found
    assert len(set(tally.formulas.tolist())) > COUNTS[name] / 2
    assert tally.points["the same"] + tally.points["right, by the truth"] > tally.points.total() / 4


def test_an_error_is_found_and_shrunk_to_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gradient of tanh that is off by 1e-9 is found, and shown by the shortest formula there is."""

    def off(written: str, columns: Columns, *, by_rows: bool) -> Answers:
        value, gradient = our_answers(written, columns, by_rows=by_rows)
        return Answers(value, {name: slope * (1 + 1e-9 * ("tanh(" in written)) for name, slope in gradient.items()})

    monkeypatch.setattr(judge, "our_answers", off)
    monkeypatch.setattr(sessions, "ROWS", [ROWS_BY_NAME[name] for name in ("add", "mul", "sin", "tanh")])
    tally = session("mpmath", 3, 20)
    assert tally.points["not the same, for no reason known"] > 1
    (found,) = tally.found
    command, answers, *_ = found.splitlines()
    assert command in [f"exprgrad 'tanh({name})' -{name} 1.0 --to json" for name in "xyz"]
    assert "exprgrad 0.41997434203" in answers
    assert "should be 0.41997434161" in answers


@pytest.mark.parametrize(
    ("steps", "written"),
    [
        (("x", "y", ("add", 2), "z", ("mul", 2)), "(x + y) * z"),
        (("x", ("neg", 1), 2.0, ("pow", 2)), "(-x) ^ 2"),
        (("x", 2.0, ("pow", 2), ("neg", 1)), "-x ^ 2"),
        (("x", 2.0, "y", ("pow", 2), ("pow", 2)), "x ^ 2 ^ y"),
        (("x", "y", "z", ("sub", 2), ("sub", 2)), "x - (y - z)"),
        (("x", "y", ("less", 2), "z", ("less", 2), ("not", 1)), "not (x < y) < z"),
        (("x", ("leaky_relu", 1), "y", ("leaky_relu", 2)), "leaky_relu(leaky_relu(x), y)"),
    ],
)  # fmt: skip
def test_text(steps: Any, written: str) -> None:
    """By hand, and as the machine takes it: the circuit has the steps' gates in their order."""
    assert text(formula(*steps)) == written
    gates = [gate.op.name for gate in read(written).gates if gate.op.inputs]
    assert gates == [step[0] for step in steps if isinstance(step, tuple)]


def test_the_truth_is_that_of_a_textbook() -> None:
    """By hand: a product, a fork, a kink, a branch not taken, a point of no return."""
    found = truth(formula("x", "y", ("mul", 2), "x", ("sin", 1), ("add", 2)), {"x": 0.0, "y": 3.0})
    assert (found.value, found.gradient) == (0, {"x": pytest.approx(4, rel=1e-30), "y": 0})
    assert truth(formula("x", ("abs", 1)), {"x": 0.0}).gradient == {"x": 0}
    assert truth(formula("x", "x", ("max", 2)), {"x": 2.0}).gradient == {"x": 1}
    assert truth(formula(0.0, "x", ("sqrt", 1), 1.0, ("where", 3)), {"x": 0.0}).gradient == {"x": 0}
    for singular in (formula("x", ("sqrt", 1)), formula("x", ("log", 1)), formula("x", -1.0, ("add", 2), ("sqrt", 1))):
        with pytest.raises(Beyond):
            truth(singular, {"x": 0.0})


def test_what_cancels_may_be_off_by_its_conditioning_and_no_more() -> None:
    cancels = formula("x", ("exp", 1), 1.0, ("sub", 2))
    assert wrong(cancels, {"x": 1e-9}, Answer(1e-9 + 1e-16, {"x": 1 + 1e-9})) is None
    assert wrong(cancels, {"x": 1e-9}, Answer(1e-9 + 1e-13, {"x": 1 + 1e-9})) is not None
    assert wrong(cancels, {"x": 1e-9}, Answer(1e-9 + 5e-19, {"x": 1 + 1e-9 + 1e-13})) is not None


@pytest.mark.parametrize("name", ["mpmath", *set(installed()) & {"torch"}])
def test_formulas_over_arrays_are_the_same_as_a_peers(name: str) -> None:
    tally = session(name, 7, 2 * COUNTS[name], arrays=True)
    assert not tally.found
    assert tally.points["the same"] + tally.points["right, by the truth"] > tally.points.total() / 4


X, A, B = np.array([[1.5, -2.0, 0.25], [3.0, 0.5, 7.0]]), np.array([[2.0, 1.0], [-3.0, 0.5]]), np.array([1.0, 4.0])


REDUCTIONS: dict[str, Callable[..., Any]] = {
    "sum": np.sum, "prod": np.prod, "mean": np.mean, "amax": np.max, "amin": np.min,
    "norm": lambda x, **by: np.sqrt(np.sum(x * x, **by)), "logsumexp": lambda x, **by: np.log(np.sum(np.exp(x), **by)),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "operands", "settings", "expected"),
    [
        *[
            (name, (X,), settings, of(X, **settings))
            for name, of in REDUCTIONS.items()
            for settings in ({}, {"axis": -1}, {"axis": 0, "keepdims": True})
        ],
        ("softmax", (X,), {}, np.exp(X) / np.sum(np.exp(X), axis=1, keepdims=True)),
        ("log_softmax", (X,), {"axis": 0}, X - np.log(np.sum(np.exp(X), axis=0))),
        ("cumsum", (X,), {"axis": 0}, np.cumsum(X, axis=0)), ("flip", (X,), {}, np.flip(X)), ("transpose", (X,), {}, X.T),
        ("matmul", (A, X), {}, A @ X), ("matmul", (A, B), {}, A @ B), ("outer", (B, X[0]), {}, np.outer(B, X[0])),
        ("cross", (X, X[0]), {}, np.cross(X, X[0])), ("trace", (A,), {}, np.trace(A)), ("det", (A,), {}, np.linalg.det(A)),
        ("det", (X.T @ X + np.eye(3),), {}, np.linalg.det(X.T @ X + np.eye(3))), ("det", (A[:1, :1],), {}, 2.0),
        ("stack", (B, B + 1), {"axis": -1}, np.stack([B, B + 1], -1)),
        ("concatenate", (X, X), {"axis": 0}, np.concatenate([X, X])), *[("index", (X,), {"key": key}, X[of]) for key, of in KEYS.items()],
    ],
)  # fmt: skip
def test_gates_on_arrays_are_what_numpy_says_of_their_elements(
    name: str, operands: tuple[Any, ...], settings: dict[str, Any], expected: Any
) -> None:
    elements = np.frompyfunc(lambda number: Element((float(number),)), 1, 1)
    found = np.asarray(WHOLE[name](*[elements(operand) for operand in operands], **settings), object)
    assert found.shape == np.shape(expected)
    values = [float(truth(element.steps, {}).value) for element in found.flat]
    assert values == pytest.approx(np.ravel(expected).tolist(), rel=1e-12)


def test_a_formula_over_arrays_is_one_over_their_elements() -> None:
    """The sum of all elements of y*z: by hand."""
    assert text(unrolled(formula("y", "z", ("mul", 2), ("sum", 1)))).startswith("y[0] * z[0,0] + y[1] * z[0,1] + ")
    assert fit(Call(ROWS_BY_NAME["matmul"], 2), [(2, 3), (3,)]) == (2,)
    assert fit(Call(ROWS_BY_NAME["matmul"], 2), [(3,), (2, 3)]) is None
    assert fit(Call(ROWS_BY_NAME["trace"], 1), [(2, 3)]) is None


VERDICTS = [
    ("mpmath", (2.0, "z", ("tanh", 1), ("log_base", 2), "x", ("max", 2)), {"z": 24, "x": 1}, "next to a point without a truth"),
    ("mpmath", ("x", "y", ("hardsigmoid", 1), ("mod", 2)), {"x": 1.23225223948855e82, "y": 1}, "right, by the truth"),
    ("mpmath", ("y", "x", ("atan2", 2), ("log", 1), "x", ("log2", 1), ("add", 2)), {"y": 1, "x": 1.7e243}, "out of range"),
    ("mpmath", ("x", "y", ("xlogy", 2)), {"x": 0, "y": 0}, "singular"),
    ("mpmath", ("y", "y", "y", ("sqrt", 1), ("cumsum", 1), ("where", 3), ("sum", 1)), {"y": [1, -1, 1]}, "right, by the truth"),
    ("mpmath", ("y", "y", "y", ("sqrt", 1), ("softmax", 1), ("where", 3), ("sum", 1)), {"y": [1, -1, 1]},
     "NaN where an element not selected meets others"),
    ("mpmath", ("y", "y", "x", ("mul", 2), ("cross", 2), ("square", 1), ("sum", 1)),
     {"y": [-0.00041151028990910244, 3354.5835825025515, 349.6299747561273], "x": -0.001084599433320351}, "right, by the truth"),
    ("mpmath", ("y", "y", ("sum", 1), ("add", 2), ("sum", 1)), {"y": [0, -2e-290, 1]}, "right, by the truth"),
    ("mpmath", ("y", ("softmax", 1), ("log", 1), ("softmax", 1), ("sum", 1)), {"y": [5, -3.8955112312215885, -5.4e-155]}, "right, by the truth"),
    ("mpmath", (2.0, "y", ("beta", 2)), {"y": -0.5}, "right, by the truth"),
    ("mpmath", ("y", "y", ("beta", 2)), {"y": -0.5}, "singular"),
    ("sympy", ("x", ("cospi", 1), ("log1p", 1)), {"x": 1 + 2.0**-52}, "next to a point without a truth"),
    ("sympy", (2.0, ("sqrt", 1)), {}, "the same"),
    ("sympy", ("x", 1.0, "y", ("clip", 3)), {"x": 1, "y": 1}, "a gradient known to differ"),
    ("torch", (1.0, ("logit", 1), "x", ("asech", 1), ("add", 2)), {"x": 1 - 2.0**-53}, "a gradient known to differ"),
    ("torch", (1.0, ("logit", 1), "z", ("expm1", 1), ("sin", 1), ("add", 2)), {"z": 49}, "as near as rounding lets them be"),
    ("torch", ("z", "y", "y", ("cross", 2), ("div", 2), ("tanh", 1), ("softmax", 1, (("axis", -1),)), ("amin", 1)),
     {"z": [[0.25, -2.5, 1], [4, -2, -2]], "y": [10, -2.1870677660418956, 3.473234873070229]}, "as near as rounding lets them be"),
    ("torch", ("x", "x", ("elu", 1), ("atan2", 2), "x", ("add", 2)), {"x": -8.524623304689974e-220}, "a gradient known to differ"),
    ("torch", ("z", 10.0, ("log_base", 2), ("asec", 1)), {"z": 0.1}, "a value known to differ"),
    ("torch", ("z", ("expm1", 1), ("sec", 1), "x", "x", ("logit", 1), ("clip", 3), "x", ("sqrt", 1), ("add", 2)), {"z": 49, "x": 1},
     "as near as rounding lets them be"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "steps", "point", "verdict"), [one for one in VERDICTS if one[0] in ("mpmath", *installed())]
)
def test_what_is_no_disagreement(name: str, steps: Any, point: dict[str, Any], verdict: str) -> None:
    """Rounding, what is beyond the range of float64, and what is known of a peer."""
    points = Counter[str]()
    compare(
        formula(*steps),
        {key: np.array([value] * POINTS, float) for key, value in point.items()},
        name,
        points,
        by_rows=False,
    )
    assert points[verdict] == points.total() == POINTS


def test_an_error_in_a_formula_names_the_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any, **__: Any) -> Answers:
        raise RecursionError

    monkeypatch.setattr(judge, "our_answers", fails)
    with pytest.raises(RecursionError) as raised:
        session("mpmath", 3, 1)
    assert raised.value.__notes__[0].startswith("of exprgrad '")


def test_bytes_are_shrunk_to_the_fewest_and_smallest() -> None:
    assert shrunk(bytes(range(40)), lambda data: {7, 31} <= set(data)) == bytes([7, 31])
    assert shrunk(bytes(range(40)), lambda data: len(data) > 2, fixed=5) == bytes(5)


def test_the_command() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tests" / "differential", "--peer", "mpmath", "--count", "5", "--jobs", "2"],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("mpmath: 5 formulas, ")
