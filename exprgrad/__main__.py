"""The process: signals, closed descriptors, and the last word on what went wrong."""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import NoReturn


class Stopped(BaseException):
    """A signal asked the process to end; cleaning up happens on the way out."""

    def __init__(self, number: int) -> None:
        self.number = number


def main() -> NoReturn:
    """The ``exprgrad`` command: sys.argv in, the exit status out."""
    gc.set_threshold(100_000, 50, 50)  # imports make a lot of objects and no garbage
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup and & leave some ignored
            signal.signal(number, _stop)
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # the reader has gone: end without a word
    _fill_descriptors()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        from exprgrad.cli import main as run_command

        # the arguments are UTF-8 whatever the locale is, and so is what we print
        status = run_command([os.fsencode(argument).decode("utf-8", "surrogateescape") for argument in sys.argv[1:]])
    except (Stopped, KeyboardInterrupt) as stopped:  # the latter is how polars says it
        ended = stopped.number if isinstance(stopped, Stopped) else signal.SIGINT
        signal.signal(ended, signal.SIG_DFL)
        os.kill(os.getpid(), ended)
        status = 128 + ended
    except MemoryError:
        os.write(2, b"error: there is not enough memory for this formula\n")
        os._exit(3)  # whatever Python wants to do now, there is no memory for it
    except BaseException:  # noqa: BLE001  whatever it is, a panic of a library's too, nobody should see a traceback
        status = 1
        with suppress(OSError):
            os.write(2, b"error: this is a bug of exprgrad; please report it with the formula and the values\n")
    # everything is written and flushed: Python would take its objects apart for a tenth of a run,
    # and print a traceback if a signal came meanwhile
    os._exit(status)


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    raise Stopped(number)


def _fill_descriptors() -> None:
    """Opens /dev/null for standard descriptors that are closed, or the next file would take their place."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one


if __name__ == "__main__":
    main()
