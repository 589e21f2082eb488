"""The engine of true numbers: each row with as many digits as it takes, slowly; NaN where that is not enough."""

from __future__ import annotations

from typing import Any

from exprgrad.diagnosis.kinks import Note
from exprgrad.diagnosis.settled import settled, true_edges
from exprgrad.engines import Kernel
from exprgrad.engines.reference import by_row
from exprgrad.precise.precise import on_float64
from exprgrad.program import Program

PARALLEL = False


def kernel(program: Program) -> Kernel:
    """The program as calls of precise."""
    return by_row(program, on_float64, true_edges)


def notes(*arguments: Any) -> list[Note]:
    """The notes on one row's true numbers."""
    return list(settled(on_float64(*arguments)))
