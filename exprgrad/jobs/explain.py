"""The worked chain rule with the numbers of a run."""

from __future__ import annotations

from exprgrad.diagnosis.notes import notes
from exprgrad.diagnosis.working import Working, working
from exprgrad.jobs.asked import Asked, Lines, Reply
from exprgrad.run import run

FORMATS = ("table", "markdown", "latex")


def answer(asked: Asked) -> Reply:
    """The working behind the run at the point."""
    result = run(asked.circuit, asked.point, asked.wrt, asked.upstream)
    found = notes(result)
    return Reply(_lines(asked, working(result, found)), found)


def _lines(asked: Asked, found: Working) -> Lines:
    """The working in the format that is asked for."""
    if asked.to == "table":
        from exprgrad.views import table
        from exprgrad.views.working import Worked

        return table.draw(Worked(found, asked.style), asked.to_terminal, asked.style)
    from exprgrad.write import working as write

    return write.markdown(found, asked.style) if asked.to == "markdown" else write.latex(found, asked.style)
