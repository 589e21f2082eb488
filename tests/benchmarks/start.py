"""Start: how long a whole process takes for one small formula."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

from benchmarks.measure import command, interleave, job, process
from benchmarks.peers import ANSWER, ONCE, installed
from benchmarks.report import Row, ratio

ROUNDS = 21
TITLE = f"""1. Start
A whole process for the value and the gradients of (x+y)*z.
Ratio to a bare interpreter, python -c pass; medians of {ROUNDS} runs in turn."""


def rows() -> Iterator[Row]:
    """exprgrad's two commonest readings, then the peers."""
    table = [*command(), "(x+y)*z", "-x", "-2", "-y", "5", "-z", "-4"]
    ours = {"exprgrad --to json": [*table, "--to", "json"], "exprgrad, table": table}
    peers = {name: [sys.executable, "-c", program] for name, program in ONCE.items() if installed(name)}
    wrong = [name for name, command in peers.items() if _answer(command) != ANSWER]
    commands = {**ours, **{name: command for name, command in peers.items() if name not in wrong}}
    times = interleave({"": job([sys.executable, "-c", "pass"]), **{n: job(c) for n, c in commands.items()}}, ROUNDS)
    targets = dict(zip(ours, (8, 10), strict=True))
    for name in commands:
        yield ratio(name, times[name] / times[""], targets.get(name))
    for name in ONCE:
        if name in wrong or name not in peers:
            yield Row(name, "wrong answer" if name in wrong else "not installed")


def _answer(command: list[str]) -> object:
    """What a program prints, None if it fails."""
    done = process(command)
    return json.loads(done.output) if done.status == 0 else None
