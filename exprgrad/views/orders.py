"""The Jacobian, the Hessian, derivatives of any order and those along a direction, as cells of tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from exprgrad.calculus.orders import taylor
from exprgrad.circuit import Circuit
from exprgrad.errors import shown
from exprgrad.style import Style
from exprgrad.values import Value, dims, shape
from exprgrad.views.grid import Grid
from exprgrad.views.numbers import cell
from exprgrad.write.flat import matrix
from exprgrad.write.orders import Direction

MOST = 40  # rows and columns of a Hessian


def jacobian(circuit: Circuit, found: Mapping[str, Value], style: Style) -> Grid:
    """A row for each input: the derivative's shape, and the derivative."""
    name = shown(circuit.gates[circuit.output].name or circuit.piece(circuit.output, 30), 30)
    rows = [[one, dims(shape(by)) if shape(by) else "", cell(by, style)] for one, by in found.items()]
    return Grid([f"d[{name}]/d[…]", "shape", "derivative"], rows, ["bold", "", style.gradient])


def hessian(found: Mapping[str, Mapping[str, Value]], style: Style, whole: bool) -> Grid:
    """A row and a column for each number of the inputs; of too many the first ones, unless it is the ``whole`` one."""
    names, every = matrix(found)
    most = len(names) if whole or style.full else MOST
    rows = [
        [name, *map(style.number, list(row.values())[:most])] for name, row in zip(names[:most], every, strict=False)
    ]
    left = f"{len(names) - most:,} more rows and columns; --full shows all" if len(names) > most else ""
    return Grid(["", *names[:most]], rows, ["bold", *[style.gradient] * len(rows)], left)


def order(name: str, found: Sequence[Value], style: Style) -> Grid:
    """A row for each derivative, with its coefficient in the Taylor series."""
    rows = [[str(number), cell(one, style), cell(taylor(one, number), style)] for number, one in enumerate(found)]
    colours = ["bold", style.gradient, style.local]
    return Grid(["order", f"derivative by {name}", "Taylor coefficient"], rows, colours)


def tangent(circuit: Circuit, found: Direction, style: Style) -> Grid:
    """A row for each input that moves, with its share in the derivative, and one for the output."""
    headers, colours = ["", "value", "direction", "derivative"], ["bold", style.value, "", style.gradient]
    rows = [[name, cell(found.inputs[name], style), cell(part, style)] for name, part in found.direction.items()]
    if found.gradient:
        headers[3:], colours[3:] = ["gradient", "gradient·direction"], [style.gradient, style.gradient]
        for row, (name, share) in zip(rows, found.shares.items(), strict=True):
            row += [cell(found.gradient[name], style), style.number(share)]
    name = circuit.gates[circuit.output].name or circuit.piece(circuit.output, 30)
    last = [shown(name, 30), cell(found.value, style), *[""] * (len(headers) - 3), cell(found.derivative, style)]
    rows = [row + [""] * (len(headers) - len(row)) for row in rows]
    return Grid(headers, [*rows, last], colours)
