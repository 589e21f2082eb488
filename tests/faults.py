"""The n-th system call fails, for every n: ``python tests/faults.py``.

strace lets a call fail that touches the files of a job, one call in each run.  Whatever happens, the target is as
it was before or whole, nothing is left beside it, and the status and the message say which.  Calls that touch
nothing of the job, such as those that read Python's modules, are left alone.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from conftest import python_path
from rowjob import INTERNAL

FORMULA = "x*sin(y) + exp(-x^2)"
ERRORS = {
    "openat": ("EACCES", "EMFILE", "EIO"), "read": ("EIO", "EINTR"), "write": ("ENOSPC", "EIO", "EINTR"),
    "fsync": ("EIO", "ENOSPC"), "rename": ("EACCES", "EIO", "ENOSPC"), "close": ("EIO",), "fchmod": ("EPERM",),
}  # fmt: skip
SIGNALS = ("KILL", "TERM")
_ENDS = {"KILL": (-signal.SIGKILL,), "TERM": (-signal.SIGTERM, 128 + signal.SIGTERM)}
_OURS = re.compile(r'"job |"(in|bad|batch|formula|x)\.')
_BEFORE = b"before\n"


class Job(NamedTuple):
    """A run of the command in a folder that has rows in every format; without a target it writes to standard output."""

    arguments: tuple[str, ...]
    target: str = ""


class Fault(NamedTuple):
    """What happens to the n-th call of this kind: an error or a signal; or to writes beyond n bytes."""

    call: str
    number: int
    what: str

    @property
    def injected(self) -> str:
        """As strace wants it."""
        kind = "signal" if self.what in SIGNALS else "error"
        return f"inject={self.call}:{kind}={self.what}:when={self.number}"


class Done(NamedTuple):
    """How a run ended, what it wrote to standard output, what it said, what is in the folder."""

    status: int
    out: bytes
    err: str
    files: dict[str, bytes]


def _rows(ending: str) -> Job:
    return Job((FORMULA, f"in.{ending}", "--out", f"out.{ending}"), f"out.{ending}")


_POINT = (FORMULA, "-x", "0.5", "-y", "2")
JOBS = {
    "csv": _rows("csv"),
    "jsonl": _rows("jsonl"),
    "parquet": _rows("parquet"),
    "arrow": _rows("arrow"),
    "packed": _rows("csv.gz"),
    "bad row": Job((FORMULA, "bad.csv", "--out", "out.csv"), "out.csv"),
    "csv to standard output": Job((FORMULA, "in.csv")),
    "jsonl to standard output": Job((FORMULA, "in.jsonl")),
    "parquet to standard output": Job((FORMULA, "in.parquet")),
    "arrow to standard output": Job((FORMULA, "in.arrow")),
    "summary": Job((FORMULA, "in.csv", "--out", "out.txt"), "out.txt"),
    "batch": Job(("batch.jsonl", "--prefix", "new.", "--out", "out.jsonl"), "out.jsonl"),
    "batch to standard output": Job(("batch.jsonl", "--prefix", "new.")),
    "expect": Job(("batch.jsonl", "--expect")),
    "point": Job((*_POINT, "--out", "out.json"), "out.json"),
    "point of files": Job(("--file", "formula.txt", "-x", "@x.csv", "-y", "2", "--out", "out.json"), "out.json"),
    "point to standard output": Job((*_POINT, "--to", "json")),
    "table to standard output": Job(_POINT),
    "svg": Job((*_POINT, "--out", "out.svg"), "out.svg"),
    "svg to standard output": Job((*_POINT, "--to", "svg")),
    "png": Job((*_POINT, "--out", "out.png"), "out.png"),
    "png to standard output": Job((*_POINT, "--to", "png")),
}


def furnish(folder: Path, rows: int = 60_000) -> None:
    """Files of rows in every format, a formula and an array; CSV of this length is read and written in pieces."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    numbers = range(rows)
    cells = {"id": [f"row {k}" for k in numbers], "x": [k / 7 for k in numbers], "y": [1 / (k + 1) for k in numbers]}
    table = pa.table(cells)
    pa.csv.write_csv(table, folder / "in.csv")
    (folder / "bad.csv").write_bytes((folder / "in.csv").read_bytes() + b"last,none,1\n")
    pa.csv.write_csv(table, pa.CompressedOutputStream(folder / "in.csv.gz", "gzip"))
    pa.parquet.write_table(table, folder / "in.parquet", row_group_size=max(rows // 2, 1), write_page_checksum=True)
    with pa.OSFile(str(folder / "in.arrow"), "wb") as file, pa.ipc.new_stream(file, table.schema) as to:
        to.write_table(table)
    (folder / "in.jsonl").write_text("".join([json.dumps(row) + "\n" for row in table.to_pylist()]))
    cases = [{"formula": f"x*y + {k % 20}", "x": k / 7, "y": 2, "value": 2 * k / 7} for k in range(min(rows, 500))]
    (folder / "batch.jsonl").write_text("".join([json.dumps(case) + "\n" for case in cases]))
    (folder / "formula.txt").write_text(f"sum({FORMULA})")
    (folder / "x.csv").write_text("1,2,3\n")


def usable() -> str:
    """Why strace cannot be used here, empty if it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    done = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False)
    return f"strace may not trace: {done.stderr.strip()[:200]}" if done.returncode else ""


def ran(job: Job, folder: Path, *under: str, limit: int | None = None) -> Done:
    """A run in a folder, under a tracer, where no file may become longer than a limit; the target is there before."""
    if job.target:
        (folder / job.target).write_bytes(_BEFORE)
    room = [] if limit is None else ["prlimit", f"--fsize={limit}"]
    streams = [folder.parent / name for name in ("standard-output", "standard-error")]
    with open(streams[0], "wb") as out, open(streams[1], "wb") as err:
        done = subprocess.run(
            [*room, *under, sys.executable, "-m", "exprgrad", *job.arguments], cwd=folder, stdout=out, stderr=err, timeout=120, check=False,
            stdin=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": python_path(), "PYTHONHASHSEED": "0", "PYTHONUNBUFFERED": ""},
        )  # fmt: skip
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    for name in files:
        if name == job.target or name.endswith(".tmp"):
            (folder / name).unlink()
    return Done(done.returncode, streams[0].read_bytes(), streams[1].read_text(errors="replace"), files)


def places(job: Job, folder: Path) -> list[tuple[str, int]]:
    """The calls of the main thread that touch the job's files: of which kind, and which of these.

    They are all there are: RuntimeError if another thread touches one, as strace counts the calls of each by itself.
    """
    trace = folder.parent / "trace"
    ran(job, folder, "strace", "-f", "-y", "-o", str(trace), "-e", f"trace={','.join(ERRORS)}")
    lines = [line.split(maxsplit=1) for line in trace.read_text(errors="replace").splitlines()]
    made: Counter[str] = Counter()
    found: list[tuple[str, int]] = []
    for thread, line in lines:
        call = line.partition("(")[0]
        made[call] += thread == lines[0][0]
        arguments = line.replace(f"AT_FDCWD<{folder}>", "").replace(f"{folder.parent}/", '"job ')
        if _OURS.search(arguments) and "O_DIRECTORY" not in line:  # which is Python looking for modules
            if thread != lines[0][0]:
                if call == "close" and line.rpartition(")")[0].endswith(f"<{folder}>"):  # and so is this
                    continue
                raise RuntimeError(f"a thread touches a file of the job: {line}")
            found.append((call, made[call]))
    return found


def broken(job: Job, fault: Fault, clean: Done, done: Done) -> str:
    """What a run did that it must not, empty if it did nothing."""
    left = {name for name in done.files if name not in clean.files}
    if fault.what == "KILL":  # nobody can clean up
        left = {name for name in left if not name.endswith(".tmp")}
    if left:
        return f"left {', '.join(sorted(left))} behind"
    if job.target:
        target = done.files.get(job.target, b"")
        whole = target == clean.files[job.target]
        if not whole and target != _BEFORE:
            return "the target is neither as before nor whole"
    else:
        whole = done.out == clean.out
        apart = not clean.out.endswith(b"\n") or fault.what == "EFBIG"  # no lines, or as much as the disk has taken
        if not (apart or done.out.endswith(b"\n") or not done.out) or not clean.out.startswith(done.out):
            return "standard output has something else than whole rows"
    if done.status == clean.status and not whole:
        return f"status {done.status} without the whole result"
    if done.status not in (clean.status, 6, *_ENDS.get(fault.what, ())):
        return f"status {done.status}"
    if done.status == 6 and not done.err.startswith("error: ") and fault.call != "write":
        return "status 6 without an error"  # but for the write that was to say so
    stopped = fault.what in SIGNALS and not clean.err.startswith(done.err)
    if INTERNAL.search(done.err) or len(done.err.splitlines()) > 3 or stopped:
        return "says what it should not"
    return ""


def swept(job: Job, folder: Path, faults: Iterable[Fault]) -> Iterator[tuple[Fault, Done, str]]:
    """Each fault, how the run ended, and what was wrong with that."""
    clean = ran(job, folder)
    for fault in faults:
        done = ran(job, folder, "strace", "-o", "/dev/null", "-e", f"trace={fault.call}", "-e", fault.injected)
        wrong = broken(job, fault, clean, done)
        if not wrong and fault.what == "KILL" and ran(job, folder) != clean:
            wrong = "run again it gives something else"
        yield fault, done, wrong


def short(job: Job, folder: Path) -> Iterator[tuple[Fault, Done, str]]:
    """The same where the disk has room for so many bytes: a write is a short one, and the next one fails."""
    clean = ran(job, folder)
    size = len(clean.files[job.target] if job.target else clean.out)
    for limit in sorted({0, 1, size - 1, *range(0, size, max(1, size // 7))}):
        fault = Fault("write", limit, "EFBIG")
        done = ran(job, folder, limit=limit)
        yield fault, done, broken(job, fault, clean, done)


def main() -> None:
    """Prints for each job how many faults there were and how the runs ended; ends with 1 if one was not as it must be."""
    parser = argparse.ArgumentParser(description="The n-th system call that touches a job's files fails, for every n.")
    parser.add_argument(
        "jobs", nargs="*", default=list(JOBS), metavar="JOB", help=f"of {', '.join(JOBS)} (default: all)"
    )
    asked = parser.parse_args()
    if unknown := [name for name in asked.jobs if name not in JOBS]:
        parser.error(f"there is no job {unknown[0]}")
    if why := usable():
        sys.exit(why)
    total = bad = 0
    for name in asked.jobs:
        job, started = JOBS[name], time.monotonic()
        ends: Counter[int] = Counter()
        with TemporaryDirectory() as outer:
            folder = Path(os.path.realpath(outer)) / "job"
            folder.mkdir()
            furnish(folder)
            calls = places(job, folder)
            faults = [Fault(call, number, what) for call, number in calls for what in (*ERRORS[call], *SIGNALS)]
            for fault, done, wrong in chain(swept(job, folder, faults), short(job, folder)):
                ends[done.status] += 1
                if wrong:
                    bad += 1
                    print(f"{name}, {fault}: {wrong}\n  status {done.status}, {done.err.strip()[:300]}", flush=True)
        total += ends.total()
        statuses = ", ".join(f"{count} ended with {status}" for status, count in sorted(ends.items()))
        print(f"{name}: {ends.total()} faults, {statuses}, {time.monotonic() - started:.0f} s", flush=True)
    print(f"{total} faults, {bad} not as they must be")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
