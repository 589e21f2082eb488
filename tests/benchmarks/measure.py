"""Stopwatches: jobs in this process in turn, and whole processes with their peak memory."""

from __future__ import annotations

import gc
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

# As a user has it: compiled modules are kept, and no module is picked up from the current folder.
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("PYTHON") or name == "PYTHONPATH"},
    "PYTHONSAFEPATH": "1",
}


def interleave(jobs: Mapping[str, Callable[[], object]], rounds: int, least: float = 0.0) -> dict[str, float]:
    """The median seconds of each job.

    Each round runs every job in turn, so that a machine that slows down slows all of them down.  A
    job is called often enough in a row to take ``least`` seconds; the calls that find out how
    often are the warm-up, and do not count.
    """
    calls = {name: _calls(job, least) for name, job in jobs.items()}
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            times[name].append(_seconds(job, calls[name]))
    return {name: statistics.median(found) for name, found in times.items()}


def _calls(job: Callable[[], object], least: float) -> int:
    """How many calls of a job in a row take so many seconds."""
    calls = 1
    while _seconds(job, calls) * calls < least:
        calls *= 2
    return calls


def _seconds(job: Callable[[], object], calls: int) -> float:
    """The seconds of one call, the mean of some in a row; nobody pays for another's garbage."""
    gc.collect()
    start = time.perf_counter()
    for _ in range(calls):
        job()
    return (time.perf_counter() - start) / calls


class Process(NamedTuple):
    """What a process printed and how it ended: 0, an exit status, or a signal's number below 0."""

    status: int
    output: str
    errors: str


def process(command: Sequence[str], text: str = "") -> Process:
    """Runs a command with a text on its standard input."""
    done = subprocess.run(command, input=text, capture_output=True, encoding="utf-8", env=ENVIRONMENT, check=False)
    return Process(done.returncode, done.stdout, done.stderr)


def job(command: Sequence[str], output: int = subprocess.DEVNULL) -> Callable[[], object]:
    """A command as a job, what it prints thrown away or read; it raises CalledProcessError if the command fails."""
    null = subprocess.DEVNULL
    return lambda: subprocess.run(command, stdin=null, stdout=output, stderr=null, env=ENVIRONMENT, check=True)


class Usage(NamedTuple):
    """The CPU time and the peak memory that a process took, and how it ended."""

    seconds: float
    megabytes: float
    status: int


def usage(command: Sequence[str]) -> Usage:
    """Runs a command for what it takes.

    The time is the CPU's, which is the clock's on an idle machine and means something on a busy one.
    Linux never reports less memory than the parent had, so a bare interpreter stands between.
    """
    seconds, peak, status = json.loads(process([sys.executable, "-c", _PARENT, *command]).output)
    return Usage(seconds, peak * (1 if sys.platform == "darwin" else 1024) / 1e6, os.waitstatus_to_exitcode(status))


_PARENT = """
import os, sys
null = os.open(os.devnull, os.O_RDWR)
same = [(os.POSIX_SPAWN_DUP2, null, standard) for standard in (0, 1, 2)]
_, status, used = os.wait4(os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=same), 0)
print([used.ru_utime + used.ru_stime, used.ru_maxrss, status])
"""


def command() -> list[str]:
    """The command that a user of this interpreter types; without one, the package run as a module."""
    script = shutil.which("exprgrad", path=str(Path(sys.executable).parent))
    return [script] if script else [sys.executable, "-m", "exprgrad"]
