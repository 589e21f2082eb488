"""The derivatives by one variable, up to some order."""

from __future__ import annotations

import re

from exprgrad.calculus.orders import HIGHEST, derivatives
from exprgrad.diagnosis.beyond import beyond
from exprgrad.diagnosis.kinks import Note
from exprgrad.diagnosis.notes import notes
from exprgrad.errors import UsageError, named, shown
from exprgrad.jobs.asked import Asked, Lines, Reply
from exprgrad.run import run, wires
from exprgrad.values import Value, shape, spread

FORMATS = ("table", "json", "csv", "tsv", "markdown")


def answer(asked: Asked) -> Reply:
    """A row for each derivative, the value first."""
    if asked.upstream is not None:
        raise UsageError("--order is of the formula itself: leave --upstream out")
    if not re.fullmatch("[0-9]{1,3}", asked.argument) or not 1 <= int(asked.argument) <= HIGHEST:
        raise UsageError(f"--order {shown(asked.argument)} is no order", hint=f"a whole number from 1 to {HIGHEST}")
    name = _variable(asked)
    found = derivatives(asked.circuit, asked.point, name, int(asked.argument))
    result = run(asked.circuit, asked.point, [name], spread(1.0, shape(found[0])))
    numbers = {f"derivatives.{order}": one for order, one in enumerate(found)}
    told = [*notes(result), *beyond(result, numbers, len(found) - 1)]
    return Reply(_lines(asked, name, result.inputs, found, told), told)


def _variable(asked: Asked) -> str:
    """The one variable that the derivatives are by."""
    names = list(asked.circuit.inputs) if asked.wrt is None else asked.wrt
    wires(asked.circuit, asked.point, names)
    if len(names) != 1:
        which = ", ".join(map(named, names[:5])) + (" …" if len(names) > 5 else "")
        raise UsageError(
            f"--order is by one variable, and there are {len(names)}: {which}"
            if names
            else "--order is by one variable, and there is none",
            hint="name one: --wrt " + shown(names[0], 30) if names else "",
        )
    return names[0]


def _lines(asked: Asked, name: str, inputs: dict[str, Value], found: list[Value], told: list[Note]) -> Lines:
    from exprgrad.write import orders

    if asked.to == "json":
        return orders.write_order(asked.circuit, inputs, name, found, told)
    if asked.to in ("csv", "tsv"):
        return orders.order_rows(found, "," if asked.to == "csv" else "\t")
    from exprgrad.views import grid
    from exprgrad.views import orders as views

    return grid.write(views.order(name, found, asked.style), asked.to, asked.to_terminal, asked.style)
