"""The columns that results are: their names, and each as numbers with gaps where a row has none."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from exprgrad.errors import DataError, UsageError, shown
from exprgrad.rows.block import Block, Column, Place
from exprgrad.rows.compute import Answer
from exprgrad.values import at


class Layout(NamedTuple):
    """How the rows that are written look, known before the first of them.

    ``names`` are the input's columns, ``header`` the line they come from if it is CSV; ``places``
    the columns that variables are read from and ``shapes`` those of their values in the first row;
    ``value`` is the shape of one row's result and ``gradient`` those of its gradients; ``only``
    leaves the input's columns out, ``noted`` adds a note, ``prefix`` stands before the names of the
    results.
    """

    names: Sequence[str]
    header: str | None
    places: dict[str, Place]
    shapes: dict[str, tuple[int, ...]]
    value: tuple[int, ...]
    gradient: dict[str, tuple[int, ...]]
    only: bool
    noted: bool
    prefix: str

    def check(self, taken: Sequence[str]) -> Layout:
        """This layout, or a UsageError if a result would share its name with a column of the input."""
        kept = () if self.only else self.names
        for name in taken:
            if name in kept:
                raise UsageError(
                    f"the column '{shown(name, 30)}' is there already, and would hold the result too",
                    hint="--prefix TEXT puts TEXT before the results' names; --only leaves out the input's columns",
                )
        return self

    def flat(self) -> list[str]:
        """The names of the results where every column holds one number."""
        names = [self.prefix + "value" + at(place) for place in _places(self.value)]
        for name, shape in self.gradient.items():
            names += [f"{self.prefix}grad.{name}{at(place)}" for place in _places(shape)]
        return [*names, *[self.prefix + "note"] * self.noted]


def once(names: Sequence[str]) -> None:
    """Raises DataError for a name that stands twice, which only CSV can have."""
    if len(set(names)) < len(names):
        raise DataError("two columns have the same name", hint="rename one of them")


def _places(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    return np.ndindex(shape) if shape else iter([()])


def flat(layout: Layout, block: Block, answer: Answer) -> Iterator[NDArray[np.float64]]:
    """The results as columns of one number each."""
    yield from _flat(answer.value, layout.value, block, "the value", answer.bad)
    for name, shape in layout.gradient.items():
        yield from _flat(answer.gradient[name], shape, block, f"'{shown(name, 30)}'", answer.bad)


def _flat(
    column: Column, shape: tuple[int, ...], block: Block, what: str, bad: Collection[int]
) -> Iterator[NDArray[np.float64]]:
    column = even(column, shape, block, what, bad)
    if not shape:
        yield column
    else:
        for place in np.ndindex(shape):
            yield column[:, *place]


def even(column: Column, shape: tuple[int, ...], block: Block, what: str, bad: Collection[int]) -> NDArray[np.float64]:
    """Values that must have one shape; NaN for those of bad rows."""
    if not isinstance(column, list) and column.shape[1:] == shape:
        return np.asarray(column)
    found = np.full((block.rows, *shape), np.nan)
    for row, value in enumerate(column):
        if np.shape(value) == shape:
            found[row] = value  # None as NaN
        elif row not in bad:
            size = int(np.size(value))
            raise DataError(
                f"{block.place(row)}: {what} has {size} element{'s' if size != 1 else ''}, and the header has columns "
                f"for {_sized(shape)}",
                hint="--to jsonl writes lists of any length",
            )
    return found


def _sized(shape: tuple[int, ...]) -> str:
    """A shape in words."""
    return "×".join(map(str, shape)) if shape else "one number"


def inputs(layout: Layout, block: Block) -> dict[str, Any]:
    """The numbers of the input's columns by the column's name, as far as the formula reads them."""
    found: dict[str, Any] = {}
    for name, place in layout.places.items():
        column = block.numbers[name]
        if not place.shape:
            found[place.columns[0]] = column
        else:
            for one, spot in zip(place.columns, np.ndindex(place.shape), strict=True):
                found[one] = column[:, *spot]
    return found
