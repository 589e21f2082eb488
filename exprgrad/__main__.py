"""The process: signals, closed descriptors, and the last word on what went wrong."""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from types import FrameType
from typing import NoReturn

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PATIENCE = 1  # seconds that a signal waits for Python to act upon it


class Stopped(BaseException):
    """A signal asked the process to end; cleaning up happens on the way out."""

    def __init__(self, number: int) -> None:
        self.number = number


def main() -> NoReturn:
    """The ``exprgrad`` command: sys.argv in, the exit status out."""
    try:
        # everything is written and flushed: Python would take its objects apart for a tenth of a run,
        # and print a traceback if a signal came meanwhile
        os._exit(_status())
    except (Stopped, KeyboardInterrupt) as stopped:  # the latter is how polars says it
        ended = stopped.number if isinstance(stopped, Stopped) else signal.SIGINT
        _clean_up()
        signal.signal(ended, signal.SIG_DFL)
        os.kill(os.getpid(), ended)
        os._exit(128 + ended)


def _status() -> int:
    """Runs the command; the exit status.  Raises Stopped for a signal, whenever it comes."""
    gc.set_threshold(100_000, 50, 50)  # imports make a lot of objects and no garbage
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup and & leave some ignored
            signal.signal(number, _stop)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # the reader has gone: end without a word
    _fill_descriptors()
    _watch_signals()
    if isinstance(sys.stdout, io.TextIOWrapper) and isinstance(sys.stdout.buffer, io.RawIOBase):
        # with PYTHONUNBUFFERED nobody would write the rest of what the system has taken a part of
        buffered = io.TextIOWrapper(io.BufferedWriter(sys.stdout.detach()))
        sys.stdout = buffered
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        from exprgrad.cli import main as run_command

        # the arguments are UTF-8 whatever the locale is, and so is what we print
        return run_command([os.fsencode(argument).decode("utf-8", "surrogateescape") for argument in sys.argv[1:]])
    except (Stopped, KeyboardInterrupt):
        raise
    except MemoryError:
        os.write(2, b"error: there is not enough memory for this formula\n")
        os._exit(3)  # whatever Python wants to do now, there is no memory for it
    except (OSError, ImportError) as error:  # of a module; files of the user's are seen to where they are read
        why = error.strerror if isinstance(error, OSError) else None
        with suppress(OSError):
            os.write(2, f"error: a part of exprgrad cannot be read: {why or 'it is not there'}\n".lower().encode())
        return 6
    except BaseException:  # noqa: BLE001  whatever it is, a panic of a library's too, nobody should see a traceback
        with suppress(OSError):
            os.write(2, b"error: this is a bug of exprgrad; please report it with the formula and the values\n")
        return 1


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    for other in _SIGNALS:  # one is enough, and cleaning up takes a moment
        signal.signal(other, signal.SIG_IGN)
    raise Stopped(number)


def _clean_up() -> None:
    """Removes what was written beside a target."""
    files = sys.modules.get("exprgrad.files")
    if files:
        files.remove_unfinished()


def _watch_signals() -> None:
    """Has a thread end the process where a library is busy for long, and Python acts upon no signal meanwhile."""
    heard, told = os.pipe()
    os.set_blocking(told, False)
    signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    threading.Thread(target=_end, args=(heard,), daemon=True).start()


def _end(heard: int) -> None:
    """Waits for a signal, and then for Python to end the process; cleans up and ends it otherwise."""
    number = os.read(heard, 1)[0]
    time.sleep(_PATIENCE)
    _clean_up()
    os._exit(128 + number)


def _fill_descriptors() -> None:
    """Opens /dev/null for standard descriptors that are closed, or the next file would take their place."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one


if __name__ == "__main__":
    main()
