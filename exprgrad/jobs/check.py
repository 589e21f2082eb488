"""An audit of every gradient by witnesses; exit status 5 if one does not stand."""

from __future__ import annotations

from exprgrad.audit.check import Audit, check
from exprgrad.diagnosis.notes import notes
from exprgrad.errors import UnmetError, UsageError
from exprgrad.jobs.asked import Asked, Lines, Reply

FORMATS = ("table", "json", "markdown")


def answer(asked: Asked) -> Reply:
    """The audit, and an error if a gradient is not what the witnesses say."""
    if not asked.circuit.inputs:
        raise UsageError("--check is of gradients by variables, and there is none")
    audit = check(asked.circuit, asked.point, asked.wrt, asked.upstream)
    return Reply(_lines(asked, audit), notes(audit.run), _error(asked, audit))


def _error(asked: Asked, audit: Audit) -> UnmetError | None:
    from exprgrad.write.check import said, where

    wrong = [verdict for verdict in audit.verdicts if not verdict.holds]
    if not wrong:
        return None
    first, circuit = wrong[0], asked.circuit
    more = f", and {len(wrong) - 1:,} more do not hold" if len(wrong) > 1 else ""
    kinks = any(note.kind in ("kink", "step") for note in notes(audit.run))
    hint = (
        "at kinks the gradient is a choice for each gate, and these choices do not add up to a derivative here"
        if kinks
        else "a rule of the catalogue or a function is wrong: please report it with the formula and the values"
    )
    span = circuit.gates[circuit.inputs[first.name]].span
    return UnmetError(f"--check: {where(first)}: {said(first, asked.style)}{more}", circuit.text, span, hint=hint)


def _lines(asked: Asked, audit: Audit) -> Lines:
    from exprgrad.write import check as writer
    from exprgrad.write import markdown

    if asked.to == "json":
        return writer.write(audit)
    if asked.to == "markdown":
        return markdown.write(writer.HEADERS, writer.cells(audit, asked.style))
    from exprgrad.views import check as view
    from exprgrad.views import table

    return table.draw(view.show(audit, asked.style), asked.to_terminal, asked.style)
