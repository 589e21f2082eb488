"""Rows × laws: what holds for every gate of the catalogue, tested by walking it.

A new row is tested by being there.  The oracle is mpmath at 50 digits (oracle.py).
"""

from __future__ import annotations

import math

import pytest
from conftest import ROWS, points
from mpmath import mp, mpf
from oracle import definition, derivative

from exprgrad.forward import function, rule
from exprgrad.gates import Row
from exprgrad.run import run
from exprgrad.read import read

TINY = 2.3e-308  # below the smallest normal number an answer may be flushed to 0

NAMED = {"ids": [row.name for row in ROWS]}


def ulps(got: float, true: object, near: float = 0.0) -> float:
    """How far a float64 is from the truth, in units in the last place of the truth."""
    if not mp.isfinite(true):
        return 0.0 if math.isnan(got) or math.isinf(got) else math.inf
    if abs(mpf(true)) > mpf(1.7976931348623157e308):
        return 0.0 if math.isinf(got) and (got > 0) == (true > 0) else math.inf
    if math.isnan(got) or math.isinf(got):
        return 0.0 if abs(mpf(true)) > mpf(1.79769313486e308) else math.inf
    error = abs(mpf(got) - true)
    if error <= mpf(TINY):
        return 0.0
    return float(error / mpf(math.ulp(max(abs(float(true)), near))))


def locals_at(row: Row, point: tuple[float, ...]) -> list[float | None]:
    """The gate's local gradients as a run gives them, through the whole machinery."""
    names = [f"x{k}" for k in range(len(row.inputs))]
    call = row.name if row.symbol is None else None
    if call:
        text = f"{call}({', '.join(names)})"
    elif len(names) == 1:
        text = f"{row.symbol} {names[0]}"
    else:
        text = f"{names[0]} {row.symbol} {names[1]}"
    result = run(read(text), dict(zip(names, point, strict=True)))
    return [result.gradient.get(name) for name in names]
