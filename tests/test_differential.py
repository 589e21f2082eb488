"""A short run of tests/differential with each peer that is installed, and that it sees what it looks for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from conftest import ROOT
from differential import judge
from differential import session as sessions
from differential.compare import Answer, wrong
from differential.peers import installed
from differential.session import session
from differential.shrink import shrunk
from differential.truth import Beyond, truth
from drawn import Call, Formula, text
from exprgrad.gates import ROWS as ROWS_BY_NAME
from exprgrad.language.read import read
from exprgrad.run import run

COUNTS = {"mpmath": 30, "torch": 100, "jax": 3, "sympy": 3}


def formula(*steps: str | float | tuple[str, int]) -> Formula:
    """A formula of these steps, a gate by its name and its operands."""
    return tuple(Call(ROWS_BY_NAME[step[0]], step[1]) if isinstance(step, tuple) else step for step in steps)


@pytest.mark.parametrize("name", ["mpmath", *installed()])
def test_formulas_are_the_same_as_a_peers(name: str) -> None:
    tally = session(name, 7, COUNTS[name])
    assert not tally.found
    assert len(set(tally.formulas.tolist())) > COUNTS[name] / 2
    assert tally.points["the same"] + tally.points["right, by the truth"] > tally.points.total() / 4


def test_an_error_is_found_and_shrunk_to_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gradient of tanh that is off by 1e-9 is found, and shown by the shortest formula there is."""

    def off(written: str, _: Any, points: list[Mapping[str, float]], *, by_rows: bool) -> list[Answer]:  # noqa: ARG001
        found = [run(read(written), point) for point in points]
        slack = 1 + 1e-9 * ("tanh(" in written)
        return [Answer(one.value, {name: slope * slack for name, slope in one.gradient.items()}) for one in found]

    monkeypatch.setattr(judge, "_ours", off)
    monkeypatch.setattr(sessions, "ROWS", [ROWS_BY_NAME[name] for name in ("add", "mul", "sin", "tanh")])
    tally = session("mpmath", 3, 20)
    assert tally.points["not the same, for no reason known"] > 1
    (found,) = tally.found
    command, answers = found.splitlines()
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


def test_an_error_in_a_formula_names_the_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any, **__: Any) -> list[Answer]:
        raise RecursionError

    monkeypatch.setattr(judge, "_ours", fails)
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
