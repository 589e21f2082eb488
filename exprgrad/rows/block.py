"""A block of rows: the numbers that the formula reads, what is wrong with which row, and the rows as they came."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

# a column of numbers: (rows, *shape of one); for lists that differ in length, an array or a float a row
Column = Any
Mask = NDArray[np.bool_]


class Place(NamedTuple):
    """Where numbers of one variable stand: one column, or one for each element of an array of this shape.

    ``lists`` says that the cells of the column are arrays themselves.
    """

    columns: tuple[str, ...]
    shape: tuple[int, ...] = ()
    lists: bool = False


@dataclass
class Block:
    """Rows that one worker has read.

    ``numbers`` are by variable, NaN where ``bad`` says what is wrong with the row; ``place`` says
    where a row stands, ``text`` gives the rows in the words of their own format, ``frame`` their
    columns.  ``keep`` are the rows of these that this block still has.
    """

    rows: int
    numbers: Mapping[str, Column]
    bad: dict[int, str]
    place: Callable[[int], str]
    text: Callable[[], Any]
    frame: Callable[[], Any]
    keep: Mask | None = field(default=None)

    def without(self, gone: Mask) -> Block:
        """The block without these rows."""
        kept = ~gone
        left = np.flatnonzero(kept)
        before = np.arange(self.rows) if self.keep is None else np.flatnonzero(self.keep)
        whole = np.zeros(self.rows if self.keep is None else len(self.keep), bool)
        whole[before[left]] = True
        place = self.place
        return Block(
            len(left),
            {name: picked(column, kept) for name, column in self.numbers.items()},
            renumbered(self.bad, kept),
            lambda row: place(int(left[row])),
            self.text,
            self.frame,
            whole,
        )

    @cached_property
    def raw(self) -> Any:
        """The kept rows in the words of their own format, a polars Series."""
        series = self.text()
        return series if self.keep is None else series.filter(_mask(self.keep))

    @cached_property
    def columns(self) -> Any:
        """The kept rows' columns, a polars DataFrame or an Arrow table."""
        frame = self.frame()
        if self.keep is None:
            return frame
        return frame.filter(_mask(self.keep) if hasattr(frame, "get_columns") else self.keep)


def picked(column: Column, kept: Mask) -> Column:
    """The rows of a column for which this holds."""
    if isinstance(column, list):
        return [value for value, one in zip(column, kept.tolist(), strict=True) if one]
    return column[kept]


def renumbered(bad: Mapping[int, str], kept: Mask) -> dict[int, str]:
    """What is wrong with which of the rows for which this holds, by their numbers among them."""
    left = np.cumsum(kept) - 1
    return {int(left[row]): why for row, why in bad.items() if kept[row]}


def gaps(bad: Collection[int], rows: int) -> Mask | None:
    """The bad ones of so many rows, None if there are none."""
    if not bad:
        return None
    found = np.zeros(rows, bool)
    found[list(bad)] = True
    return found


def beside(columns: Sequence[Column], shape: tuple[int, ...]) -> Column:
    """A column of arrays of a shape out of those of their elements; of one number as it is."""
    return np.stack(columns, axis=1).reshape(len(columns[0]), *shape) if shape else columns[0]


def stacked(values: list[Any]) -> Column:
    """Values of one shape as an array, NaN where there is none; others as they are."""
    shapes = {np.shape(value) for value in values if value is not None}
    if len(shapes) > 1:
        return values
    nothing = np.full(shapes.pop() if shapes else (), np.nan)
    return np.array([nothing if value is None else value for value in values], np.float64).reshape(
        len(values), *nothing.shape
    )


def _mask(kept: Mask) -> Any:
    import polars as pl

    return pl.Series(kept)
