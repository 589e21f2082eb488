"""Cells: their numbers in every format, what is wrong with those that have none, and a record of them as text."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exprgrad.errors import DataError, shown
from exprgrad.load import CellError, number
from exprgrad.shapes import MAX_AXES


def numbers(texts: Any) -> tuple[NDArray[np.float64], dict[int, str]]:
    """The numbers of a polars column of texts, and what is wrong with those that have none, which are NaN."""
    import polars as pl

    values = texts.str.strip_chars(" \t").cast(pl.Float64, strict=False)
    found = values.to_numpy(writable=True)  # NaN for null
    doubtful = np.isinf(found)
    if values.null_count():
        doubtful |= values.is_null().to_numpy()
    wrong: dict[int, str] = {}
    for row in np.flatnonzero(doubtful).tolist():
        try:
            found[row] = number(texts[row])
        except CellError as error:
            wrong[row] = str(error)
    return found, wrong


def plain(value: Any) -> float:
    """The number of a value of JSON or Arrow, or of a text of such; a whole number as float64.  Raises CellError."""
    if isinstance(value, str):
        return number(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise CellError(_strange(value))
    try:
        return float(value)
    except OverflowError:
        raise CellError("the number is too large for a float64") from None


def nested(value: Any) -> Any:
    """A number, or lists of numbers as an array.  Raises CellError."""
    if not isinstance(value, (list, tuple)):
        return plain(value)
    flat, extent = list(value), [len(value)]
    while flat and isinstance(flat[0], (list, tuple)):  # level by level: nothing recurses
        if any(not isinstance(part, (list, tuple)) or len(part) != len(flat[0]) for part in flat):
            raise CellError("the lists in it differ in length")
        extent.append(len(flat[0]))
        if len(extent) > MAX_AXES:
            raise CellError(f"an array has at most {MAX_AXES} axes")
        flat = [inner for part in flat for inner in part]
    return np.array([plain(part) for part in flat], np.float64).reshape(extent)


def _strange(value: Any) -> str:
    """What a value is that is no number."""
    if value is None:
        return "the cell is empty"
    if isinstance(value, bool):
        return f"{str(value).lower()} is not a number"
    return f"{'a list' if isinstance(value, (list, tuple)) else 'an object'} is not a number"


def joined(cells: list[str], separator: str) -> str:
    """Cells as one record of CSV, in quotes where they need it.  Raises DataError for what no CSV can hold."""
    line = io.StringIO()
    csv.writer(line, delimiter=separator).writerow(cells)
    record = line.getvalue()[:-2]
    if "\0" in record:
        cell = next(cell for cell in cells if "\0" in cell)
        raise DataError(f"'{shown(cell, 30)}' has a NUL, which CSV cannot hold", hint="--to jsonl keeps it")
    return record
