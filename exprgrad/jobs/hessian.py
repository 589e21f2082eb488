"""The second derivatives by each two of the inputs, or of those that are named."""

from __future__ import annotations

from exprgrad.arguments import listed
from exprgrad.calculus.hessian import hessian
from exprgrad.diagnosis.beyond import beyond
from exprgrad.diagnosis.kinks import Note
from exprgrad.diagnosis.notes import notes
from exprgrad.errors import UsageError
from exprgrad.jobs.asked import Asked, Lines, Reply
from exprgrad.run import Run, wires
from exprgrad.values import Value

FORMATS = ("table", "json", "csv", "tsv", "markdown")


def answer(asked: Asked) -> Reply:
    """A row and a column for each input."""
    wrt = listed(asked.argument) or asked.wrt
    if asked.wrt and wrt is not asked.wrt:
        raise UsageError("--hessian and --wrt both name inputs", hint="leave one of them out")
    if not asked.circuit.inputs:
        raise UsageError("--hessian is by variables, and there is none")
    wires(asked.circuit, asked.point, wrt, "--hessian")
    result, found = hessian(asked.circuit, asked.point, wrt, asked.upstream)
    names = list(found)
    numbers = {f"hessian.{one}.{other}": found[one][other] for at, one in enumerate(names) for other in names[at:]}
    told = [*notes(result), *beyond(result, numbers, 2)]
    return Reply(_lines(asked, result, found, told), told)


def _lines(asked: Asked, result: Run, found: dict[str, dict[str, Value]], told: list[Note]) -> Lines:
    from exprgrad.write import orders

    if asked.to == "json":
        return orders.write_hessian(result, found, told)
    if asked.to in ("csv", "tsv"):
        return orders.hessian_rows(found, "," if asked.to == "csv" else "\t")
    from exprgrad.views import grid
    from exprgrad.views import orders as views

    shown = views.hessian(found, asked.style, asked.to == "markdown")
    return grid.write(shown, asked.to, asked.to_terminal, asked.style)
