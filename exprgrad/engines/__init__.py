"""Engines: ways to run a program over many rows, a file each, all held to run.py."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from threading import Lock
from time import perf_counter
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from exprgrad.alike import meant
from exprgrad.circuit import Circuit
from exprgrad.diagnosis.kinks import Note
from exprgrad.diagnosis.notes import notes
from exprgrad.errors import UsageError, named
from exprgrad.program import Program, program
from exprgrad.run import run, value_of
from exprgrad.values import Value

Columns = Mapping[str, NDArray[np.float64]]

_FIRST = 1 << 14  # rows that are timed on one thread
_WORTH = 2e-3  # seconds of work that are worth a second thread
_PART = 5e-3  # seconds of work that a thread takes at a time
_ONE_BY_ONE = 200  # rows of an engine that takes milliseconds for each


class Rows(NamedTuple):
    """The value and the gradients in every row: arrays of the shape (rows, *shape of one row).

    ``kinks`` says which rows stand on a kink or a step, None if nobody asked.
    """

    value: NDArray[np.float64]
    gradient: dict[str, NDArray[np.float64]]
    kinks: NDArray[np.bool_] | None


class Kernel(Protocol):
    """A program that is ready to run, by several threads at once."""

    def __call__(self, columns: Columns, rows: int, out: Rows | None = None) -> Rows:
        """The value and the gradients of so many rows, in ``out`` if that is given, else in arrays of their own.

        Raises FormulaError for what a gate cannot do with a row's values.
        """


def names() -> list[str]:
    """The engines there are: the modules in this folder."""
    return sorted(module.name for module in iter_modules(__path__))


def kernel(program: Program, engine: str = "numpy") -> Kernel:
    """The program made ready by an engine; UsageError for an engine that is not there."""
    made: Kernel = _module(engine).kernel(program)
    return made


def at_once(engine: str) -> int:
    """How many rows an engine should have at a time, so that the first are not long in coming."""
    return sys.maxsize if _module(engine).PARALLEL else _ONE_BY_ONE


def said(
    engine: str, circuit: Circuit, point: Mapping[str, Value], wrt: Collection[str] | None, upstream: Value | None
) -> list[Note]:
    """The notes on one row: those of a run, unless the engine's numbers are others."""
    own: Callable[..., list[Note]] | None = getattr(_module(engine), "notes", None)
    return own(circuit, point, wrt, upstream) if own else notes(run(circuit, point, wrt, upstream))


def _module(engine: str) -> Any:
    """An engine's module: a function ``kernel``, and ``PARALLEL``, whether several threads are faster than one.

    A function ``notes`` is there if its numbers are not run's.
    """
    if engine not in names():
        hint = meant(engine, names()) or f"the engines are {', '.join(names())}"
        raise UsageError(f"there is no engine {named(engine)}", hint=hint)
    return import_module(f"{__name__}.{engine}")


def empty(program: Program, rows: int) -> Rows:
    """Arrays for the results of so many rows."""
    gradient = {name: np.empty((rows, *program.shapes[wire])) for name, wire in program.gradient.items()}
    kinks = None if program.kinks is None else np.empty(rows, dtype=np.bool_)
    return Rows(np.empty((rows, *program.shapes[program.value])), gradient, kinks)


def part(rows: Rows, start: int, stop: int) -> Rows:
    """Some of the rows, as views."""
    gradient = {name: column[start:stop] for name, column in rows.gradient.items()}
    return Rows(rows.value[start:stop], gradient, None if rows.kinks is None else rows.kinks[start:stop])


def run_rows(
    circuit: Circuit,
    columns: Mapping[str, Any],
    constants: Mapping[str, Any] | None = None,
    wrt: Collection[str] | None = None,
    upstream: Any = None,
    engine: str = "numpy",
    kinks: bool = False,
) -> Rows:
    """The circuit's value and gradients in every row of these columns, which are in memory.

    ``columns`` has for each input that varies its numbers, one of each row, or an array of each
    row; ``constants`` are the inputs that are the same in every row.  ``wrt`` and ``upstream`` are
    run's; with ``kinks`` it also says which rows stand on a kink or a step.
    Raises UsageError for columns of different lengths, and what ``run`` raises.
    """
    given = {name: _column(name, column) for name, column in columns.items()}
    lengths = {name: len(column) for name, column in given.items()}
    first = next(iter(lengths), "")
    for name, length in lengths.items():
        if length != lengths[first]:
            raise UsageError(
                f"{named(first)} has {lengths[first]:,} rows and {named(name)} {length:,}",
                hint="columns are of one length",
            )
    made = program(circuit, {name: column.shape[1:] for name, column in given.items()}, constants, wrt, upstream, kinks)
    call = kernel(made, engine)
    return on_all_cores(call, made, given, lengths.get(first, 1), _module(engine).PARALLEL)


def on_all_cores(call: Kernel, made: Program, columns: Columns, rows: int, parallel: bool = True) -> Rows:
    """The results of a kernel, by several threads where what is left after a first part is worth it."""
    found = empty(made, rows)

    def some(start: int, stop: int) -> None:
        call({name: column[start:stop] for name, column in columns.items()}, stop - start, part(found, start, stop))

    first = min(rows, _FIRST)
    before = perf_counter()
    some(0, first)
    each = (perf_counter() - before) / max(first, 1)
    if not parallel or cores() < 2 or each * (rows - first) < _WORTH:
        some(first, rows)
        return found
    step = max(_FIRST, int(_PART / each) // _FIRST * _FIRST)
    starts = iter(range(first, rows, step))
    lock = Lock()

    def work() -> None:
        while True:
            with lock:
                start = next(starts, rows)
            if start >= rows:
                return
            some(start, min(start + step, rows))

    helpers = [_pool(os.getpid()).submit(work) for _ in range(cores() - 1)]
    try:
        work()
    finally:
        with lock:
            starts = iter(())  # after an error nobody begins another part
        wait(helpers)
    for helper in helpers:
        helper.result()
    return found


def cores() -> int:
    """How many threads may run at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _pool(_: int) -> ThreadPoolExecutor:
    """The threads that help a process, kept for the next time; a fork of it has none of them."""
    return ThreadPoolExecutor(max(1, cores() - 1), "exprgrad")


def _column(name: str, column: Any) -> NDArray[np.float64]:
    """Numbers as a contiguous array of float64."""
    found = value_of(name, column)
    if isinstance(found, float):
        raise UsageError(
            f"{named(name)} is one number", hint="a column has a number for each row; one for all is a constant"
        )
    return np.ascontiguousarray(found)
