"""Growth: ten times the formula should take ten times the time, and nest as deep as it likes."""

from __future__ import annotations

import gc
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from exprgrad import notes, read, run
from exprgrad.write import json

from benchmarks.formulas import LONG
from benchmarks.measure import Usage, command, process, usage
from benchmarks.peers import LONG as PROGRAMS
from benchmarks.peers import installed
from benchmarks.report import Row, quantity, ratio

SMALL, LARGE = 10_000, 100_000
SIZES = (100, 1_000, SMALL, LARGE)
ROUNDS = 5
TITLE = f"""2. Growth
Formulas of n terms, and n deep: parentheses, calls, signs.
The command at n = {LARGE:,}; in process, the time at n = {LARGE:,} over that at
n = {SMALL:,}, medians of {ROUNDS} in turn; then the first n of {", ".join(f"{n:,}" for n in SIZES)}
at which a peer fails."""


def rows() -> Iterator[Row]:
    """The command first, as its memory is told from ours only while ours is small."""
    for name, formula in LONG.items():
        used = _command(formula(LARGE))
        if used.status:
            yield Row(f"command, {name}", f"exit status {used.status}")
            continue
        yield quantity(f"command, {name}", used.seconds, " s", 5)
        yield quantity(f"command, {name}", used.megabytes, " MB", 600)
    for name, formula in LONG.items():
        small, large = formula(SMALL), formula(LARGE)
        _laps(small)
        turns = [(_laps(small), _laps(large)) for _ in range(ROUNDS)]
        for stage, what in enumerate(("read", "read, run, JSON")):
            times = [statistics.median(turn[size][stage] for turn in turns) for size in (0, 1)]
            yield ratio(f"{what}, {name}", times[1] / times[0], 12)
    for peer, program in PROGRAMS.items():
        for name, formula in LONG.items():
            if not installed(peer):
                yield Row(peer, "not installed")
                break
            if peer != "micrograd backward" or name.startswith("sum"):
                yield _limit(f"{peer}, {name}", program, [formula(size) for size in SIZES])


def _command(text: str) -> Usage:
    """The command on a formula in a file: it is too long for an argument."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "formula.txt")
        path.write_text(text, encoding="utf-8")
        return usage([*command(), "--file", str(path), "-x", "0.5", "--to", "json"])


def _laps(text: str) -> tuple[float, float]:
    """The seconds until a formula is read, and until its JSON is written."""
    gc.collect()
    start = time.perf_counter()
    circuit = read(text)
    middle = time.perf_counter()
    result = run(circuit, {"x": 0.5})
    "\n".join(json.write(result, notes(result)))
    return middle - start, time.perf_counter() - start


def _limit(what: str, program: str, texts: list[str]) -> Row:
    """The first size at which a peer fails, and how."""
    for size, text in zip(SIZES, texts, strict=True):
        done = process([sys.executable, "-c", program], text)
        if done.status:
            lines = done.errors.strip().splitlines()
            error = lines[-1].partition(":")[0] if done.status > 0 and lines else f"signal {-done.status}"
            return Row(what, f"fails at {size:,}", error)
    return Row(what, f"runs at {SIZES[-1]:,}")
