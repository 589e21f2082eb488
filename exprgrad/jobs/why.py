"""Why the gradient of an input or a named wire is what it is."""

from __future__ import annotations

from exprgrad.diagnosis.margins import Margin, margin
from exprgrad.diagnosis.notes import notes
from exprgrad.diagnosis.why import Why, why
from exprgrad.errors import UnmetError, UsageError
from exprgrad.jobs.asked import Asked, Lines, Reply

FORMATS = ("table", "json", "markdown", "formula")


def answer(asked: Asked) -> Reply:
    """The way to the cause, and a better formula if there is one; ``--to formula`` is that alone."""
    if asked.wrt is not None:
        raise UsageError("--why says itself which gradient it is about: leave --wrt out")
    found = why(asked.circuit, asked.point, asked.argument, asked.upstream)
    near = margin(found.run, found.name) if found.name in found.run.circuit.inputs else None
    edges = [note for note in notes(found.run) if note.edge]  # what is not finite is what is answered
    return Reply(_lines(asked, found, near), edges)


def _lines(asked: Asked, found: Why, near: Margin | None) -> Lines:
    from exprgrad.write import why as write

    if asked.to == "json":
        return write.write_json(found, near)
    if asked.to == "markdown":
        return write.write_markdown(found, near, asked.style)
    if asked.to == "formula":
        if found.better is None:
            raise UnmetError("--why: there is no better formula to write", hint="leave --to out, and see why")
        return [write.rewritten(found.better)]
    from exprgrad.views import table
    from exprgrad.views import why as view

    return table.draw(view.show(found, near, asked.style), asked.to_terminal, asked.style)
