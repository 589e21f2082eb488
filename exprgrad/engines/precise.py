"""The engine of true numbers: each row with as many digits as it takes, slowly; NaN where that is not enough."""

from __future__ import annotations

from exprgrad.diagnosis.kinks import edges
from exprgrad.diagnosis.live import live
from exprgrad.engines import Columns, Kernel, Rows, empty
from exprgrad.precise.precise import on_float64
from exprgrad.program import Program

PARALLEL = False


def kernel(program: Program) -> Kernel:
    """The program as calls of precise."""
    circuit, constants, wrt, upstream = program.source

    def call(columns: Columns, rows: int, out: Rows | None = None) -> Rows:
        found = empty(program, rows) if out is None else out
        for row in range(rows):
            point = {**constants, **{name: columns[name][row] for name in program.inputs}}
            result = on_float64(circuit, point, wrt, upstream)
            found.value[row] = result.value
            for name, gradient in result.gradient.items():
                found.gradient[name][row] = gradient
            if found.kinks is not None:
                notes = edges(result.run, live(result.run.circuit, result.run.values))
                found.kinks[row] = any(note.edge for note in notes)
        return found

    return call
