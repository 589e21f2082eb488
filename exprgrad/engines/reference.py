"""The engine to read: run.py for one row after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from exprgrad.diagnosis.kinks import Note, edges
from exprgrad.diagnosis.live import live
from exprgrad.engines import Columns, Kernel, Rows, empty
from exprgrad.program import Program
from exprgrad.run import run

PARALLEL = False


def kernel(program: Program) -> Kernel:
    """The program as calls of run."""
    return by_row(program, run, lambda found: edges(found, live(found.circuit, found.values)))


def by_row(program: Program, at: Callable[..., Any], edges_of: Callable[[Any], Iterable[Note]]) -> Kernel:
    """The program as calls of ``at``, which has the arguments of run; ``edges_of`` are the notes on what that gives."""
    circuit, constants, wrt, upstream = program.source

    def call(columns: Columns, rows: int, out: Rows | None = None) -> Rows:
        found = empty(program, rows) if out is None else out
        for row in range(rows):
            point = {**constants, **{name: columns[name][row] for name in program.inputs}}
            result = at(circuit, point, wrt, upstream)
            found.value[row] = result.value
            for name, gradient in result.gradient.items():
                found.gradient[name][row] = gradient
            if found.kinks is not None:
                found.kinks[row] = any(note.edge for note in edges_of(result))
        return found

    return call
