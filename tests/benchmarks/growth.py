"""Growth: ten times the formula should take ten times the time, and nest as deep as it likes."""

from __future__ import annotations

import gc
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.formulas import LONG
from benchmarks.measure import Usage, command, process, usage
from benchmarks.peers import LIMITS, installed
from benchmarks.report import Row, quantity, ratio
from exprgrad import notes, read, run
from exprgrad.write import json

SMALL, LARGE = 10_000, 100_000
SIZES = (100, 1_000, SMALL, LARGE)
ROUNDS = 3
TITLE = f"""2. Growth
Formulas of n terms, and n deep.  In process: the time at n = {LARGE:,} over that
at n = {SMALL:,}.  The command: a process at n = {LARGE:,}.  All are CPU times.
Peers: the first n of {", ".join(f"{size:,}" for size in SIZES)} at which they fail, and how."""


def rows() -> Iterator[Row]:
    """By the way of growing: exprgrad's times and memory, then how far the peers get."""
    for name, formula in LONG.items():
        yield Row(name, "")
        stages = _growth(formula(SMALL), formula(LARGE))
        yield ratio("  exprgrad: read", stages[0], 12)
        yield ratio("  exprgrad: read, run, JSON", stages[1], 12)
        used = _command(formula(LARGE))
        if used.status:
            yield Row("  exprgrad, the command", f"exit status {used.status}")
        else:
            yield quantity("  exprgrad, the command: time", used.seconds, " s", 5)
            yield quantity("  exprgrad, the command: peak memory", used.megabytes, " MB", 600)
        for peer, program in LIMITS.items():
            if not peer.startswith("micrograd") or "+" in name:  # it has no parser, sin or parentheses
                yield _limit(peer, program, [formula(size) for size in SIZES])


def _command(text: str) -> Usage:
    """The command on a formula in a file: it is too long for an argument."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "formula.txt")
        path.write_text(text, encoding="utf-8")
        return usage([*command(), "--file", str(path), "-x", "0.5", "--to", "json"])


def _growth(small: str, large: str) -> tuple[float, float]:
    """How many times longer the large formula takes, until it is read and until its JSON is written.

    In each round the small one runs as often as makes up the large one, half of that before it and
    half behind, so that whatever else the machine does falls on both.
    """
    half = LARGE // SMALL // 2
    _laps(small)
    found = []
    for _ in range(ROUNDS):
        before = [_laps(small) for _ in range(half)]
        times = _laps(large)
        behind = [_laps(small) for _ in range(half)]
        means = map(statistics.mean, zip(*before, *behind, strict=True))
        found.append([time / mean for time, mean in zip(times, means, strict=True)])
    read_ratio, whole_ratio = (statistics.median(stage) for stage in zip(*found, strict=True))
    return read_ratio, whole_ratio


def _laps(text: str) -> tuple[float, float]:
    """The seconds until a formula is read, and until its JSON is written."""
    gc.collect()
    start = time.process_time()
    circuit = read(text)
    middle = time.process_time()
    result = run(circuit, {"x": 0.5})
    "\n".join(json.write(result, notes(result)))
    return middle - start, time.process_time() - start


def _limit(peer: str, program: str, texts: list[str]) -> Row:
    """The first size at which a peer fails, and how."""
    if not installed(peer):
        return Row(f"  {peer}", "not installed")
    for size, text in zip(SIZES, texts, strict=True):
        done = process([sys.executable, "-c", program], text)
        if done.status:
            lines = done.errors.strip().splitlines()
            error = lines[-1].partition(":")[0] if done.status > 0 and lines else f"signal {-done.status}"
            return Row(f"  {peer}", f"fails at {size:,}", error)
    return Row(f"  {peer}", f"runs at {SIZES[-1]:,}")
