"""A bar for long work on standard error: how far it is, rows, rows a second, time left."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_PATIENCE = 0.7  # seconds before a bar appears


@contextmanager
def bar(total: int | None, taken: Callable[[], int]) -> Iterator[Callable[[int], None]]:
    """A function to be told the rows so far; ``total`` and ``taken`` are bytes.

    Nothing appears before the work turns out to be long; the bar is gone when it is done.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = [TextColumn("{task.fields[rows]:,} rows"), TextColumn("{task.fields[rate]:,.0f} a second")]
    if total:
        columns = [BarColumn(), TextColumn("{task.percentage:>3.0f} %"), *columns, TimeRemainingColumn()]  # type: ignore[list-item]
    progress = Progress(*columns, console=Console(file=sys.stderr), transient=True)
    task = progress.add_task("", total=total, rows=0, rate=0.0)
    begun = time.monotonic()
    started = False

    def told(rows: int) -> None:
        nonlocal started
        passed = time.monotonic() - begun
        if not started and passed > _PATIENCE:
            progress.start()
            started = True
        if started:
            progress.update(task, completed=taken(), rows=rows, rate=rows / passed)

    try:
        yield told
    finally:
        if started:
            progress.stop()
