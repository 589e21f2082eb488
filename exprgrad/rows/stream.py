"""Rows from front to end: read, compute, write, on all cores and in order, with memory that does not grow."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np

from exprgrad.errors import DataError, Report, UnmetError
from exprgrad.rows.block import Block, Mask, gaps, picked, renumbered
from exprgrad.rows.compute import Answer, Formula

T = TypeVar("T")
R = TypeVar("R")

_LARGE = 200_000  # bytes; what takes a thread longer than to begin


class Sink(Protocol):
    """What becomes of rows: ``format`` runs in workers, ``write`` in order."""

    def format(self, block: Block, answer: Answer) -> Any:
        """A block's rows, ready to be written."""

    def write(self, made: Any) -> None:
        """Writes them."""

    def end(self) -> None:
        """What stands behind the last row."""


class Strange(NamedTuple):
    """Rows worth a word: how many, and what there is to say about the first one, where it is included."""

    rows: int = 0
    first: Report = Report("")


class Tally(NamedTuple):
    """What came of all rows."""

    rows: int = 0
    bad: Strange = Strange()
    strange: Strange = Strange()
    kinks: int = 0


class Policy(NamedTuple):
    """``bad`` rows stop the run, are skipped or kept; so do infinities and kinks if ``strict``, kinks if ``smooth``."""

    bad: str = "stop"
    strict: bool = False
    smooth: bool = False


def in_order(
    items: Iterator[T | None], work: Callable[[T], R], large: Callable[[T], bool], workers: int
) -> Iterator[R]:
    """``work`` on each item, in the items' order; large ones on several threads.

    No more than a few items are under way.  None among the items is a pause: there will be a wait for
    the next one, so all that is under way is handed on first, as it is before an error that ends them.
    """
    waiting: deque[Future[R]] = deque()
    pool: ThreadPoolExecutor | None = None
    ending: Exception | None = None
    try:
        while True:
            try:
                item = next(items)
            except StopIteration:
                break
            except DataError as error:
                ending = error
                break
            if item is not None and pool is None and workers > 1 and large(item):
                pool = ThreadPoolExecutor(workers)
            if item is not None and pool is not None:
                waiting.append(pool.submit(work, item))
            while waiting and (item is None or len(waiting) > workers + 1 or waiting[0].done()):
                yield waiting.popleft().result()
            if item is not None and pool is None:
                yield work(item)
        while waiting:
            yield waiting.popleft().result()
        if ending is not None:
            raise ending
    finally:
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)


def run(
    raw: Iterator[Any],
    parse: Callable[[Any], Block],
    formula: Formula,
    sink: Sink,
    policy: Policy,
    progress: Callable[[int], None],
    workers: int,
) -> Tally:
    """Every row through the formula into the sink.

    Raises DataError for a bad row if the policy is to stop, with the rows before it written, and
    UnmetError for a row that is not finite or not smooth if the policy is strict.
    """

    def work(item: Any) -> tuple[Tally, Any, Exception | None]:
        return _block(parse(item), formula, sink, policy)

    total = Tally()
    for tally, made, error in in_order(raw, work, _large, workers):
        sink.write(made)
        if error is not None:
            raise error
        total = _added(total, tally)
        progress(total.rows)
    return total


def _large(item: tuple[Any, Any]) -> bool:
    """Whether a piece or a batch is worth a thread."""
    _, piece = item
    data = getattr(piece, "data", None)
    return bool(piece.table.num_rows > _LARGE // 16) if data is None else len(data) > _LARGE


def _block(block: Block, formula: Formula, sink: Sink, policy: Policy) -> tuple[Tally, Any, Exception | None]:
    """A block's rows ready to be written, and the error that ends the run behind them."""
    answer = formula(block)
    error: Exception | None = None
    stop = block.rows
    if answer.bad and policy.bad == "stop":
        stop = min(answer.bad)
        error = DataError(
            f"{block.place(stop)}: {answer.bad[stop]}", hint="--bad skip leaves such rows out, --bad keep keeps them"
        )
    kinks = np.zeros(block.rows, bool) if answer.kinks is None else answer.kinks
    for option, unmet in (
        ("--strict", (answer.strange | kinks) & policy.strict),
        ("--convention strict", kinks & policy.smooth),
    ):
        if unmet[:stop].any():
            stop = int(np.argmax(unmet[:stop]))
            report = _report(formula, block, stop, edges=option != "--strict")
            error = UnmetError(f"{option}: {report.message}", *report[1:])
    if stop < block.rows:
        gone = np.arange(block.rows) >= stop
        block, answer = block.without(gone), _without(answer, gone)
    bad = Strange()
    if answer.bad:
        first = min(answer.bad)
        bad = Strange(len(answer.bad), Report(f"{block.place(first)}: {answer.bad[first]}"))
    strange = Strange()
    if answer.strange.any():
        first = int(np.argmax(answer.strange))
        strange = Strange(int(answer.strange.sum()), _report(formula, block, first))
    tally = Tally(block.rows, bad, strange, 0 if answer.kinks is None else int(answer.kinks.sum()))
    skipped = gaps(answer.bad, block.rows) if policy.bad == "skip" else None
    if skipped is not None:
        block, answer = block.without(skipped), _without(answer, skipped)
    return tally, sink.format(block, answer), error


def _report(formula: Formula, block: Block, row: int, *, edges: bool = False) -> Report:
    """What there is to say about a row, or about the kink it stands on, and where it is."""
    found = formula.report(block, row, edges=edges) or Report("a result is not finite")
    return found._replace(message=f"{block.place(row)}: {found.message}")


def _without(answer: Answer, gone: Mask) -> Answer:
    """The answer without these rows."""
    kept = ~gone
    return Answer(
        picked(answer.value, kept),
        {name: picked(column, kept) for name, column in answer.gradient.items()},
        renumbered(answer.bad, kept),
        answer.strange[kept],
        None if answer.kinks is None else answer.kinks[kept],
        None if answer.notes is None else [note for note, one in zip(answer.notes, kept.tolist(), strict=True) if one],
    )


def _added(total: Tally, tally: Tally) -> Tally:
    return Tally(
        total.rows + tally.rows,
        _more(total.bad, tally.bad),
        _more(total.strange, tally.strange),
        total.kinks + tally.kinks,
    )


def _more(total: Strange, more: Strange) -> Strange:
    return total._replace(rows=total.rows + more.rows) if total.rows else more
