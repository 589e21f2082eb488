"""The derivative along a direction of the inputs."""

from __future__ import annotations

from exprgrad.arguments import assigned
from exprgrad.calculus.orders import directional, share
from exprgrad.diagnosis.kinks import Note
from exprgrad.diagnosis.notes import notes
from exprgrad.errors import UsageError
from exprgrad.jobs.asked import Asked, Lines, Reply
from exprgrad.run import run
from exprgrad.values import shape, spread
from exprgrad.write.orders import Direction

FORMATS = ("table", "json", "csv", "tsv", "markdown")


def answer(asked: Asked) -> Reply:
    """The derivative, and what each input adds to it."""
    for name, given in (("wrt", asked.wrt), ("upstream", asked.upstream)):
        if given is not None:
            raise UsageError(f"--tangent says itself how the inputs move: leave --{name} out")
    direction = assigned("--tangent", asked.argument)
    value, derivative = directional(asked.circuit, asked.point, direction)
    result = run(asked.circuit, asked.point, list(direction), spread(1.0, shape(value)))
    point = result.inputs
    moved = {name: spread(part, shape(point[name])) for name, part in direction.items()}
    gradient = {} if shape(value) else result.gradient
    shares = {name: share(slope, moved[name]) for name, slope in gradient.items()}
    told = notes(result)
    found = Direction(point, value, moved, gradient, shares, derivative)
    return Reply(_lines(asked, found, told), told)


def _lines(asked: Asked, found: Direction, told: list[Note]) -> Lines:
    from exprgrad.write import orders

    if asked.to == "json":
        return orders.write_tangent(asked.circuit, found, told)
    if asked.to in ("csv", "tsv"):
        return orders.tangent_row(found, "," if asked.to == "csv" else "\t")
    from exprgrad.views import grid
    from exprgrad.views import orders as views

    return grid.write(views.tangent(asked.circuit, found, asked.style), asked.to, asked.to_terminal, asked.style)
