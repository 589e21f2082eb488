"""The true value and gradients beside float64's, and where float64 loses its digits."""

from __future__ import annotations

from exprgrad.diagnosis.kinks import Note
from exprgrad.diagnosis.settled import settled
from exprgrad.jobs.asked import Asked, Lines, Reply
from exprgrad.precise.precise import Precise, precise

FORMATS = ("table", "json", "jsonl", "csv", "tsv", "markdown")


def answer(asked: Asked) -> Reply:
    """The true numbers; as one row of data they are the float64s nearest to them."""
    found = precise(asked.circuit, asked.point, asked.wrt, asked.upstream)
    notes = list(settled(found))
    return Reply(_lines(asked, found, notes), notes)


def _lines(asked: Asked, found: Precise, notes: list[Note]) -> Lines:
    from exprgrad.write import precise as write

    to, style = asked.to, asked.style
    if to == "json":
        return write.write_json(found, notes)
    if to == "jsonl":
        from exprgrad.write import json

        return json.write_row(write.as_run(found))
    if to in ("csv", "tsv"):
        from exprgrad.write import flat

        return flat.write(write.as_run(found), "," if to == "csv" else "\t")
    if to == "markdown":
        from exprgrad.write import markdown

        lines = markdown.write(write.HEADERS, [*write.gates(found, style), *write.results(found, style)])
        return [*lines, "", *write.sentences(found, found.run.arrays and not style.full)]
    from exprgrad.views import precise as view
    from exprgrad.views import table

    return table.draw(view.show(found, style), asked.to_terminal, style)
