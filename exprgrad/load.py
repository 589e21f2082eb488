"""The number of a cell, by one grammar everywhere; an array from a file: NumPy's .npy, numbers in a .csv or .tsv."""

from __future__ import annotations

import array as packed
import csv
import io
import math
import os
import re
import stat
import sys
from collections.abc import Iterator
from typing import BinaryIO

from exprgrad.errors import DataError, DeliveryError, shown
from exprgrad.files import reason
from exprgrad.values import Value, array

MAX_BYTES = 4_000_000_000  # of a .npy file
MAX_TEXT = 100_000_000  # of numbers as text, and of what comes through a pipe
_PIECE = 1 << 20  # bytes that are read at once, which takes as much memory however short the file is
_NUMBER = re.compile(r"(?ai)[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|inf|infinity|nan)")
_GRAMMAR = "digits with a decimal point, 1e-3, inf or nan"


class CellError(Exception):
    """What is wrong with a cell."""

    def __init__(self, why: str, hint: str = "") -> None:
        super().__init__(why)
        self.hint = hint


def number(text: str | None) -> float:
    """The number of a cell, correctly rounded; blanks around it do not count.  Raises CellError."""
    word = (text or "").strip(" \t")
    if not word:
        raise CellError("the cell is empty", _GRAMMAR)
    if not _NUMBER.fullmatch(word):
        raise CellError(f"'{shown(word, 30)}' is not a number", _GRAMMAR)
    value = float(word)
    if math.isinf(value) and "inf" not in word.lower():
        raise CellError(f"{shown(word, 30)} is too large for a float64")
    return value


def load(path: str) -> Value:
    """The array in a file, float64; a CSV of one row or one column is a vector, one cell a number.

    Raises DeliveryError if the file cannot be read, DataError with line and column if it is no
    array of numbers.
    """
    ending = os.path.splitext(path)[1].lower()
    if ending not in (".npy", ".csv", ".tsv"):
        raise DataError(
            f"@{shown(path)}: {shown(ending) or 'a name without ending'} is no array file's ending",
            hint="arrays are read from .npy, .csv and .tsv",
        )
    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            if ending == ".npy" and stat.S_ISREG(status.st_mode):
                if status.st_size > MAX_BYTES:
                    raise DataError(f"{shown(path)} is longer than {MAX_BYTES:,} bytes, the limit for an array")
                return _npy(file, path)
            data = _whole(file, path)
    except OSError as error:
        raise DeliveryError(f"cannot read {shown(path)}: {reason(error)}") from None
    if ending == ".npy":
        return _npy(io.BytesIO(data), path)
    return _table(data, path, "," if ending == ".csv" else "\t")


def _whole(file: BinaryIO, path: str) -> bytearray:
    """All bytes of a file, or of a pipe, up to the limit."""
    data = bytearray()
    while piece := file.read(_PIECE):
        data += piece
        if len(data) > MAX_TEXT:
            raise DataError(
                f"{shown(path)} is longer than {MAX_TEXT:,} bytes, the limit for numbers as text or from a pipe",
                hint="save the array as a .npy file",
            )
    return data


def _npy(file: BinaryIO, path: str) -> Value:
    """An array that NumPy saved; never one of Python objects, which would be programs."""
    import numpy as np

    try:
        found = np.load(file, allow_pickle=False)
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001  whatever NumPy makes of a damaged file
        if "Object arrays" in str(error):
            raise DataError(f"{shown(path)} holds Python objects, which are never loaded") from None
        raise DataError(f"{shown(path)} is not an array file of NumPy's, or is damaged") from None
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "biuf":
        kind = "several arrays" if not isinstance(found, np.ndarray) else f"{found.dtype}"
        raise DataError(f"{shown(path)} holds {shown(kind)}, not real numbers")
    value = array(found)
    if found.dtype.kind in "iu" and found.dtype.itemsize == 8 and found.size and np.abs(value).max() > 2.0**53:
        raise DataError(f"{shown(path)} holds whole numbers that are too large for a float64")
    return value


def _table(data: bytearray, path: str, delimiter: str) -> Value:
    """The numbers of a CSV: a row a line."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{shown(path)} is not UTF-8: byte {error.start} is 0x{data[error.start]:02x}") from None
    numbers, width, rows = packed.array("d"), 0, 0
    for row in _rows(text, path, delimiter):
        if not row:
            continue
        rows += 1
        width = width or len(row)
        if len(row) != width:
            raise DataError(
                f"{shown(path)}, row {rows}: {len(row)} cells where the first row has {width}",
                hint="every row of an array has as many elements as the first",
            )
        numbers.extend(row)
    if not rows:
        raise DataError(f"{shown(path)} holds no numbers")
    if len(numbers) == 1:
        return numbers[0]
    return array(numbers, (rows, width) if rows > 1 and width > 1 else (len(numbers),))


def _rows(text: str, path: str, delimiter: str) -> Iterator[list[float]]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            yield [_cell(cell, path, reader.line_num, column) for column, cell in enumerate(cells, 1)]
    except csv.Error as error:
        raise DataError(f"{shown(path)}, line {reader.line_num}: {shown(str(error))}") from None


def _cell(cell: str, path: str, line: int, column: int) -> float:
    """A cell's number; DataError with its place for one that has none."""
    try:
        return number(cell)
    except CellError as error:
        header = line == 1 and cell.strip(" \t")[:1].isalpha()
        hint = "an array file has numbers only, no header" if header else error.hint
        raise DataError(f"{shown(path)}, line {line}, column {column}: {error}", hint=hint) from None
