"""The derivative of each element of the output by each of the inputs."""

from __future__ import annotations

from exprgrad.diagnosis.notes import notes
from exprgrad.errors import UsageError
from exprgrad.jobs.asked import Asked, Lines, Reply
from exprgrad.run import Run, jacobian
from exprgrad.values import Value

FORMATS = ("table", "json", "csv", "tsv", "markdown")


def answer(asked: Asked) -> Reply:
    """A table, JSON, or a row for each element of the output."""
    if asked.upstream is not None:
        raise UsageError("--jacobian is of each element by itself: leave --upstream out")
    result, found = jacobian(asked.circuit, asked.point, asked.wrt)
    return Reply(_lines(asked, result, found), notes(result))


def _lines(asked: Asked, result: Run, found: dict[str, Value]) -> Lines:
    from exprgrad.write import flat, json

    if asked.to == "json":
        return json.write_jacobian(result, found)
    if asked.to in ("csv", "tsv"):
        return flat.write_jacobian(result, found, "," if asked.to == "csv" else "\t")
    from exprgrad.views import grid, orders

    return grid.write(orders.jacobian(result.circuit, found, asked.style), asked.to, asked.to_terminal, asked.style)
