"""Which columns hold the formula's variables: by name, or ``w[0]``, ``w[1]`` … for an array."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from exprgrad.alike import meant
from exprgrad.circuit import Circuit
from exprgrad.errors import DataError, Span, named, shown
from exprgrad.rows.block import Place

_ELEMENT = re.compile(r"(.+)\[([0-9]+(?:,[0-9]+)*)\]", re.DOTALL)
_SHOWN = 8  # names in a message


def bind(
    circuit: Circuit, names: Sequence[str], given: Collection[str], source: str, lists: Collection[str] = ()
) -> dict[str, Place]:
    """Where each variable stands that has no value on the command line.

    ``lists`` are the columns whose cells are arrays.  Blanks around a column's name do not count.
    Raises DataError for a variable that has neither a column nor a value, for a column that stands
    twice, and for an array's element that is missing.
    """
    found: dict[str, Place] = {}
    stripped = [name.strip() for name in names]
    for name, wire in circuit.inputs.items():
        if name in given:
            continue
        place = place_of(name, names, stripped, source)
        if place is not None:
            found[name] = place._replace(lists=not place.shape and place.columns[0] in lists)
        elif circuit.gates[wire].value is None:
            raise _missing(circuit.text, circuit.gates[wire].span, name, names, source)
    return found


def place_of(name: str, names: Sequence[str], stripped: list[str], source: str) -> Place | None:
    """Where one variable stands."""
    count = stripped.count(name)
    if count > 1:
        raise DataError(f"{source} has {count} columns '{shown(name, 30)}'", hint="rename all but one of them")
    if count:
        return Place((names[stripped.index(name)],))
    elements: dict[tuple[int, ...], str] = {}
    for column, bare in zip(names, stripped, strict=True):
        match = _ELEMENT.fullmatch(bare)
        if match and match[1] == name:
            at = tuple(map(int, match[2].split(",")))
            if at in elements:
                raise DataError(f"{source} has the column '{shown(bare, 30)}' twice", hint="rename one of them")
            elements[at] = column
    if not elements:
        return None
    ranks = {len(at) for at in elements}
    if len(ranks) > 1:
        raise DataError(f"{source}: the columns of '{shown(name, 30)}' have different numbers of indexes")
    shape = tuple(max(at[axis] for at in elements) + 1 for axis in range(ranks.pop()))
    order = list(_indexes(shape, len(elements)))
    missing = next((at for at in order if at not in elements), None)
    if missing is not None:
        column = f"{name}[{','.join(map(str, missing))}]"
        raise DataError(
            f"{source} has no column '{shown(column, 40)}'",
            hint="an array needs all its elements, each in a column, counted from 0",
        )
    return Place(tuple(elements[at] for at in order), shape)


def _indexes(shape: tuple[int, ...], most: int) -> Any:
    """The places of an array's elements in rows' order, at most one more than there are columns."""
    at = [0] * len(shape)
    for _ in range(most + 1):
        yield tuple(at)
        for axis in range(len(shape) - 1, -1, -1):
            at[axis] += 1
            if at[axis] < shape[axis]:
                break
            at[axis] = 0
        else:
            return


def _missing(text: str, span: Span | None, name: str, names: Sequence[str], source: str) -> DataError:
    """The error for a variable without a column or a value."""
    bare = [column.strip() for column in names]
    begin = [
        column for column in bare if column.lower().startswith(name.lower()) or name.lower().startswith(column.lower())
    ]
    like = meant(name, bare, "the column ", named)
    if not like and len(begin) == 1:
        like = f"did you mean the column {named(begin[0])}?"
    some = ", ".join(named(column) for column in names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
    first = like or (f"its columns are {some}" if names else "it has none")
    return DataError(
        f"{source} has no column {named(name)}", text, span,
        hint=f"{first}\nor give one value for every row: -{shown(name, 30)} VALUE",
    )  # fmt: skip
