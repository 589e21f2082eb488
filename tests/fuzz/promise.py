"""The promise, and how it is kept watch over: what a command may do, and the time and memory it may take."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import tempfile
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from exprgrad import shapes
from rowjob import Done, job

SIZE = 4096  # bytes of an input
SECONDS = 40.0  # of processor time that it may take, a fourth of that without the fuzzer's own work
MEMORY = 2_000_000_000  # bytes of addresses that it may take beyond those taken before
ELEMENTS = 5_000_000  # the limit of a formula's arrays meanwhile, which else is 20 times as much

STATUSES = (0, 2, 3, 4, 5, 6)  # 1 is a bug
_BINARY = (b"\x89PNG", b"PAR1", b"\xff\xff\xff\xff")


class SlowError(BaseException):
    """An input took more than SECONDS; no Exception, as damaged files are told by catching those."""


@contextmanager
def bounded() -> Iterator[None]:
    """Ends with SlowError or MemoryError whatever takes too long or too much; a warning is an error."""
    usual = shapes.MAX_ELEMENTS
    before, most = resource.getrlimit(resource.RLIMIT_AS)
    here = threading.current_thread() is threading.main_thread()
    if os.path.exists("/proc/self/statm"):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        bound = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (bound if most < 0 else min(bound, most), most))
    if here:
        old = signal.signal(signal.SIGVTALRM, _slow)
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            shapes.MAX_ELEMENTS = ELEMENTS
            yield
    finally:
        shapes.MAX_ELEMENTS = usual
        if here:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.signal(signal.SIGVTALRM, old)
        resource.setrlimit(resource.RLIMIT_AS, (before, most))


def _slow(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SlowError(f"more than {SECONDS} seconds")


@contextmanager
def folder(files: Mapping[str, bytes]) -> Iterator[Path]:
    """A new current folder that holds these files, gone afterwards."""
    where = Path(tempfile.mkdtemp())
    try:
        for name, data in files.items():
            (where / name).write_bytes(data)
        with chdir(where):
            yield where
    finally:
        shutil.rmtree(where)


def command(arguments: Sequence[str], files: Mapping[str, bytes], data: bytes = b"", *, passed: bool = False) -> Done:
    """Runs the command beside these files, with ``data`` on standard input; AssertionError where it breaks the promise.

    With ``passed`` what it writes may be cells that it passes on, whatever they are.
    """
    typed = "\n".join(arguments) + "".join(text.decode("utf-8", "replace") for text in (*files.values(), data))
    with folder(files) as where:
        done = job(*arguments, data=data, typed=typed)
        left = {path.name: path.read_bytes() for path in where.iterdir()}
    assert done.status in STATUSES, done
    assert done.status == 0 or "error: " in done.err, done
    assert printable(done.err), done.err
    if done.status not in (0, 5):
        assert left == files, "a failure leaves files as they were"
        rows = any(name in "\n".join(arguments) for name in files) or "-" in arguments
        assert not done.out or (rows and done.out.endswith(b"\n")), "a failure writes nothing, or whole rows"
    assert not any(name.endswith(".tmp") for name in left), left.keys()
    if not passed and not done.out.startswith(_BINARY):
        text = done.out.decode("utf-8")
        assert printable("".join(set(text) - set(typed if files else ""))), text
    return done


def printable(text: str) -> bool:
    """Whether nothing in a text is for a terminal and not for people: no escapes, controls or marks of direction."""
    return text.replace("\n", "").replace("\t", "").replace("\r", "").isprintable()
