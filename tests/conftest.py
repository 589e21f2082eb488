"""What all tests share: the catalogue as a list, points to try a gate at, and the command."""

from __future__ import annotations

import math
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from exprgrad.arithmetic.forward import rule
from exprgrad.circuit import Circuit
from exprgrad.gates import CATALOGUE, Row

ROOT = Path(__file__).parent.parent
ROWS = [row for rows in CATALOGUE.values() for row in rows if not row.whole]

for _ignored in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(_ignored) is signal.SIG_IGN:  # nohup and & leave them so, and so would what tests start
        signal.signal(_ignored, lambda *_: None)  # those have the system's own instead


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tells coverage, where it watches, which test starts a process; of this one --cov-context=test tells it."""
    watching = os.environ.get("COVERAGE_PROCESS_CONFIG")
    if watching is not None:
        from coverage.config import CoverageConfig

        config = CoverageConfig.deserialize(watching)
        config.context = f"{item.nodeid}|process"
        os.environ["COVERAGE_PROCESS_CONFIG"] = config.serialize()


def python_path() -> str:
    """Where a Python that a test starts finds the program, and what tests/mutation has changed of it."""
    return os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))


def points(row: Row, count: int = 100) -> Iterator[tuple[float, ...]]:
    """Inputs from a gate's whole domain: of every magnitude, whole numbers, and next to the corners."""
    rng = random.Random(row.name)
    found = tried = 0
    while found < count and tried < 400 * count:
        tried += 1
        point = tuple(_number(rng, row) for _ in row.inputs)
        if row.domain is None or rule(row.domain, row)(*point, math.nan):
            found += 1
            yield point


def _number(rng: random.Random, row: Row) -> float:
    """A number from the row's sample range."""
    low, high = row.sample
    least = -3.0 if row.steps else -290.0  # steps closer together than this are nothing but steps
    corners = [0.0, 0.25, 0.5, 1.0, 2.0, 3.0, 6.0, math.pi / 2, math.pi, 10.0, 100.0]
    while True:
        choice = rng.random()
        if choice < 0.35:
            number = rng.uniform(-4, 4)
        elif choice < 0.7:
            smallest = max(least, -30.0) if rng.random() < 0.7 else least
            number = rng.choice((-1, 1)) * 10 ** rng.uniform(smallest, math.log10(max(high, 10)))
        elif choice < 0.8:
            number = float(rng.randint(-20, 60))
        else:  # next to a corner
            corner = rng.choice((-1, 1)) * rng.choice(corners)
            number = corner + rng.choice((-1, 1)) * 2.0 ** -rng.randint(3, 52) * (corner or 1.0)
        if low <= number <= high:
            return number


def bookish(circuit: Circuit) -> Circuit:
    """The circuit with the local gradients that are printed where others are computed."""
    gates = tuple([gate._replace(op=replace(gate.op, sharp=())) if gate.op.sharp else gate for gate in circuit.gates])
    return Circuit(gates, circuit.names, circuit.output, circuit.text)


def call(row: Row, names: list[str]) -> str:
    """A formula that is this one gate over variables of these names."""
    if row.symbol is None:
        return f"{row.name}({', '.join(names)})"
    return f"{row.symbol} {names[0]}" if len(names) == 1 else f" {row.symbol} ".join(names)


def exprgrad(
    *arguments: str, stdin: str | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs the command as a user does, without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "exprgrad", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
        env={**os.environ, **(env or {})},
    )


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a row or two."""
    from exprgrad.rows import records

    monkeypatch.setattr(records.pieces, "__defaults__", (9,))
