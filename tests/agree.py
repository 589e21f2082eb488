"""The numpy engine held to the reference, row by row, with the tolerance that rounding in another order needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exprgrad.circuit import Circuit
from exprgrad.engines import Rows, run_rows
from exprgrad.run import run
from exprgrad.values import product


def same(found: NDArray[Any], true: NDArray[Any], ulps: float, scale: float = 0.0) -> bool:
    """Whether numbers agree: what is not finite or zero exactly, others to units of the last place.

    ``scale`` is what was added up: its rounding errors are allowed too.
    """
    found, true = np.broadcast_arrays(np.asarray(found, dtype=float), np.asarray(true, dtype=float))
    odd = ~np.isfinite(true)
    if not np.array_equal(found[odd], true[odd], equal_nan=True):
        return False
    allowed = ulps * 2.0**-52 * np.maximum(np.abs(true[~odd]), scale) + (5e-324 if scale or ulps > 1 else 0)
    return bool(np.all(np.abs(found[~odd] - true[~odd]) <= allowed))


def agree(circuit: Circuit, columns: Mapping[str, Any], ulps: float, scale: float = 0.0, **settings: Any) -> Rows:
    """The numpy engine's rows, which are the reference's."""
    fast = run_rows(circuit, columns, **settings)
    true = run_rows(circuit, columns, engine="reference", **settings)
    assert list(fast.gradient) == list(true.gradient)
    pairs = [(fast.value, true.value), *[(fast.gradient[name], true.gradient[name]) for name in true.gradient]]
    for found, wanted in pairs:
        assert found.shape == wanted.shape
        for row, (one, other) in enumerate(zip(found, wanted, strict=True)):
            point = {name: column[row] for name, column in columns.items()}
            assert same(one, other, ulps, scale), (circuit.text, point, one, other)
    if true.kinks is not None and fast.kinks is not None:
        differ = np.flatnonzero(fast.kinks != true.kinks)
        assert not differ.size, (circuit.text, {name: column[differ[0]] for name, column in columns.items()})
    return fast


def scale_of(circuit: Circuit, columns: Mapping[str, Any], **settings: Any) -> float:
    """The largest number that occurs in any row's run, also as a value times its gradient: what errors are to be measured by."""
    largest = 1.0
    for row in range(len(next(iter(columns.values())))):
        result = run(circuit, {name: column[row] for name, column in columns.items()}, **settings)
        for value, gradient in zip(result.values, result.gradients, strict=True):
            for number in (value, gradient, None if gradient is None else product(value, gradient)):
                sizes = np.abs(np.ravel(0.0 if number is None else number))
                largest = max(largest, *sizes[np.isfinite(sizes)], 1.0)
    return largest
