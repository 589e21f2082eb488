"""The process: signals, closed descriptors, and the last word on what went wrong."""

from __future__ import annotations

import gc
import os
import signal
import sys
from types import FrameType
from typing import NoReturn


class Stopped(BaseException):
    """A signal asked the process to end; cleaning up happens on the way out."""

    def __init__(self, number: int) -> None:
        self.number = number


def main() -> NoReturn:
    """The ``exprgrad`` command: sys.argv in, the exit status out."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup and & leave some ignored
            signal.signal(number, _stop)
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # the reader has gone: end without a word
    _fill_descriptors()
    gc.disable()  # nothing here makes cycles worth collecting, and a large circuit is all tuples
    try:
        from exprgrad.cli import main as run_command

        status = run_command(sys.argv[1:])
    except Stopped as stopped:
        signal.signal(stopped.number, signal.SIG_DFL)
        os.kill(os.getpid(), stopped.number)
        status = 128 + stopped.number
    except MemoryError:
        status = _last_word("there is not enough memory for this formula")
    except Exception as error:  # noqa: BLE001  whatever it is, it is ours, and nobody should see a traceback
        status = _last_word(
            f"this is a bug of exprgrad: {type(error).__name__}. Please report it with the formula and the values"
        )
    sys.exit(status)


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    raise Stopped(number)


def _fill_descriptors() -> None:
    """Opens /dev/null for standard descriptors that are closed, or the next file would take their place."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one


def _last_word(message: str) -> int:
    if sys.stderr is not None:
        print(f"error: {message}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    main()
