"""A short sweep of faults.py, and that it sees what it looks for."""

from __future__ import annotations

from pathlib import Path

import pytest

import faults
from faults import JOBS, Done, Fault, broken

needs_strace = pytest.mark.skipif(bool(faults.usable()), reason=faults.usable())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "job"
    found.mkdir()
    faults.furnish(found, rows=50)
    return found


@pytest.mark.rule(4)
@needs_strace
def test_each_kind_of_call_fails_once(folder: Path) -> None:
    """The last one of each kind that touches a job's files."""
    last = dict(faults.places(JOBS["csv"], folder))
    assert set(last) == {"openat", "read", "fchmod", "write", "fsync", "close", "rename"}
    some = [Fault(call, number, faults.ERRORS[call][0]) for call, number in last.items()]
    ends = [(done.status, wrong) for _, done, wrong in faults.swept(JOBS["csv"], folder, some)]
    assert ends == [(6, "")] * len(some)


@pytest.mark.rule(4)
@pytest.mark.rule(6)
@needs_strace
@pytest.mark.parametrize("name", ["jsonl", "parquet", "point", "csv to standard output"])
@pytest.mark.parametrize("fault", [Fault("write", 1, "ENOSPC"), Fault("fsync", 1, "KILL")], ids=str)
def test_a_write_fails_and_a_kill_comes_before_all_is_there(name: str, fault: Fault, folder: Path) -> None:
    ((_, done, wrong),) = faults.swept(JOBS[name], folder, [fault])
    assert not wrong
    assert done.status == (6 if fault.call == "write" else -9)


@pytest.mark.rule(4, 7)
@needs_strace
def test_a_signal_comes_while_an_error_is_being_cleaned_up(folder: Path) -> None:
    """At every close, among them that of the file beside the target, which is then to be removed."""
    job = JOBS["bad row"]
    closes = [Fault(call, number, "TERM") for call, number in faults.places(job, folder) if call == "close"]
    assert len(closes) >= 2  # of the file beside the target, and of the rows
    assert [(done.status, wrong) for _, done, wrong in faults.swept(job, folder, closes)] == [(-15, "")] * len(closes)


@pytest.mark.rule(7)
@needs_strace
def test_a_signal_comes_before_there_is_anything_to_do(folder: Path) -> None:
    """Right behind the handlers, where the pipe is made that wakes the one who watches."""
    ((_, done, wrong),) = faults.swept(JOBS["point to standard output"], folder, [Fault("pipe2", 1, "TERM")])
    assert (done.status, done.out, done.err, wrong) == (-15, b"", "", "")


CLEAN = Done(0, b"", "", {"in.csv": b"", "out.csv": b"x\n1\n2\n"})
FULL = Fault("write", 1, "ENOSPC")


@pytest.mark.parametrize(
    ("done", "wrong"),
    [
        (Done(6, b"", "error: cannot write out.csv", {"in.csv": b"", "out.csv": b"before\n"}), ""),
        (Done(6, b"", "error: cannot write out.csv", {"in.csv": b"", "out.csv": b"x\n1\n"}), "neither as before nor whole"),
        (Done(6, b"", "error: cannot write out.csv", {"in.csv": b""}), "neither as before nor whole"),
        (Done(0, b"", "", {"in.csv": b"", "out.csv": b"before\n"}), "status 0"),
        (Done(1, b"", "error: this", {"in.csv": b"", "out.csv": b"before\n"}), "status 1"),
        (Done(6, b"", "Traceback (most", {"in.csv": b"", "out.csv": b"before\n"}), "says"),
        (Done(6, b"", "error: cannot", {"in.csv": b"", "out.csv": b"before\n", ".out.csv.1.tmp": b""}), "left .out.csv.1.tmp"),
    ],
)  # fmt: skip
def test_what_must_not_be_is_seen(done: Done, wrong: str) -> None:
    found = broken(JOBS["csv"], FULL, CLEAN, done)
    assert wrong in found
    assert bool(found) == bool(wrong)


def test_a_row_cut_off_on_standard_output_is_seen() -> None:
    job, clean = JOBS["csv to standard output"], Done(0, b"x\n1\n2\n", "", {})
    for out, right in ((b"x\n1\n", True), (b"", True), (b"x\n1\n2", False), (b"x\n2\n", False)):
        assert bool(broken(job, FULL, clean, Done(6, out, "error: no space", {}))) != right
