"""The Hessian, derivatives of any order and those along a direction, as JSON and as rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from exprgrad.calculus.orders import taylor
from exprgrad.circuit import Circuit
from exprgrad.diagnosis.kinks import Note
from exprgrad.run import Run
from exprgrad.values import Value
from exprgrad.write.flat import apart, columns, line, matrix
from exprgrad.write.json import head, number, numbers, tail


class Direction(NamedTuple):
    """What there is along a direction.

    ``gradient`` and ``shares``, what each input adds to the derivative, are empty if the output is an array.
    """

    inputs: Mapping[str, Value]
    value: Value
    direction: Mapping[str, Value]
    gradient: Mapping[str, Value]
    shares: Mapping[str, float]
    derivative: Value


def write_hessian(run: Run, found: Mapping[str, Mapping[str, Value]], notes: Sequence[Note]) -> Iterator[str]:
    """The object with the second derivatives, a row a line."""
    yield from head(run.circuit, run.inputs)
    yield f'  "value": {number(run.value)},'
    yield f'  "grad": {numbers(run.gradient)},'
    yield '  "hessian": {'
    rows = [f"    {json.dumps(name)}: {numbers(row)}" for name, row in found.items()]
    yield from [row + "," for row in rows[:-1]] + rows[-1:]
    yield "  },"
    yield from tail(run.circuit, notes)


def hessian_rows(found: Mapping[str, Mapping[str, Value]], delimiter: str) -> Iterator[str]:
    """A row and a column for each number of the inputs."""
    apart(found, "hessian")
    names, rows = matrix(found)
    yield line(["hessian", *names], delimiter)
    for name, row in zip(names, rows, strict=True):
        yield line([name, *map(repr, row.values())], delimiter)


def write_order(
    circuit: Circuit, inputs: Mapping[str, Value], name: str, found: Sequence[Value], notes: Sequence[Note]
) -> Iterator[str]:
    """The object with the derivatives by one variable, the value first."""
    yield from head(circuit, inputs)
    yield f'  "value": {number(found[0])},'
    yield f'  "wrt": {json.dumps(name)},'
    yield f'  "derivatives": [{", ".join(map(number, found))}],'
    yield f'  "taylor": [{", ".join([number(taylor(one, order)) for order, one in enumerate(found)])}],'
    yield from tail(circuit, notes)


def order_rows(found: Sequence[Value], delimiter: str) -> Iterator[str]:
    """A row for each derivative."""
    for order, one in enumerate(found):
        row = columns({"derivative": one, "taylor": taylor(one, order)})
        if not order:
            yield line(["order", *row], delimiter)
        yield line([str(order), *map(repr, row.values())], delimiter)


def write_tangent(circuit: Circuit, found: Direction, notes: Sequence[Note]) -> Iterator[str]:
    """The object with the derivative along a direction."""
    yield from head(circuit, found.inputs)
    yield f'  "value": {number(found.value)},'
    yield f'  "direction": {numbers(found.direction)},'
    if found.gradient:
        yield f'  "grad": {numbers(found.gradient)},'
    yield f'  "derivative": {number(found.derivative)},'
    yield from tail(circuit, notes)


def tangent_row(found: Direction, delimiter: str) -> Iterator[str]:
    """The header and the row: the inputs, the direction, the value, the derivative."""
    apart(found.inputs, "value", "derivative")
    moved = {f"direction.{name}": part for name, part in found.direction.items()}
    row = columns({**found.inputs, **moved, "value": found.value, "derivative": found.derivative})
    for cells in (row.keys(), map(repr, row.values())):
        yield line(cells, delimiter)
