"""A run as one row of a table: the inputs, ``value``, and ``grad.x`` for each input x.

An array has a column for each element, ``w[0]``, ``W[0,1]``, ``grad.w[0]``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Iterator, Mapping

from exprgrad.errors import UsageError
from exprgrad.run import Run
from exprgrad.values import Place, Value, at, elements, shape, spread


def write(run: Run, delimiter: str) -> Iterator[str]:
    """The header and the row, separated by commas or tabs; floats with all their digits."""
    apart(run.inputs, "value")
    row = columns({**run.inputs, "value": run.value} | {f"grad.{name}": g for name, g in run.gradient.items()})
    for cells in (row.keys(), map(repr, row.values())):
        yield line(cells, delimiter)


def write_jacobian(run: Run, found: Mapping[str, Value], delimiter: str) -> Iterator[str]:
    """A row for each element of the output: its place, its value and its gradient by each input."""
    for number, (place, value) in enumerate(elements(run.value)):
        row = columns({"value": value} | {f"grad.{name}": _part(by, place) for name, by in found.items()})
        if not number:
            yield line(["element", *row], delimiter)
        yield line([at(place), *map(repr, row.values())], delimiter)


def _part(by: Value, place: Place) -> Value:
    """The derivative of one element."""
    part = by[place] if place else by
    return part if shape(part) else float(part)


def apart(names: Collection[str], *results: str) -> None:
    """Raises UsageError for a variable that is called like the column of a result."""
    for name in results:
        if name in names:
            raise UsageError(
                f"the variable '{name}' would share its column with the result", hint="rename it, or use --to json"
            )


def line(cells: Iterable[str], delimiter: str) -> str:
    """Cells in one line, in quotes where they need it."""
    made = io.StringIO()
    csv.writer(made, delimiter=delimiter, lineterminator="").writerow(cells)
    return made.getvalue()


def columns(values: Mapping[str, Value]) -> dict[str, float]:
    """A number for each column: scalars under their names, the elements of arrays under theirs."""
    found: dict[str, float] = {}
    for name, value in values.items():
        if isinstance(value, float):
            found[name] = value
        else:
            for place, number in elements(value):
                found[name + at(place)] = number
    return found


def matrix(blocks: Mapping[str, Mapping[str, Value]]) -> tuple[list[str], Iterator[dict[str, float]]]:
    """A Hessian's rows and what they are called: the names of the inputs, or of their elements."""
    places: list[tuple[str, Place]] = []
    for name, row in blocks.items():
        extent = shape(row[name])
        places += [(name, place) for place, _ in elements(spread(0.0, extent[: len(extent) // 2]))]
    rows = (columns({other: _part(by, place) for other, by in blocks[name].items()}) for name, place in places)
    return [name + at(place) for name, place in places], rows
