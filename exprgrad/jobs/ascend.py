"""What a gradient is for: the inputs moved along it, and the output seen to rise."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from exprgrad.arguments import listed, value
from exprgrad.calculus.moves import Step, ascend, gentler
from exprgrad.diagnosis.kinks import Note
from exprgrad.diagnosis.notes import notes
from exprgrad.errors import Report, UsageError, shown
from exprgrad.jobs.asked import Asked, Lines, Reply
from exprgrad.run import run

FORMATS = ("table", "json", "jsonl", "csv", "tsv", "markdown")
_STEPS, _MOST = 10, 10_000


def answer(asked: Asked) -> Reply:
    """The way up."""
    return walk(asked, "--ascend", 1.0)


def walk(asked: Asked, option: str, direction: float) -> Reply:
    """The way in a direction: 1 is up, -1 down."""
    size = value(option, asked.argument)
    if not isinstance(size, float) or not 0 < size < float("inf"):
        raise UsageError(
            f"{option} {shown(asked.argument, 30)} is no rate",
            hint="a rate is a number above 0, such as 0.1: x moves by the rate times its gradient",
        )
    rate = direction * size
    fixed = listed(asked.more.get("fix", ""))
    way = ascend(asked.circuit, asked.point, rate, _steps(asked.more.get("steps")), fixed, asked.wrt, asked.upstream)
    end = run(asked.circuit, way[-1].inputs, asked.wrt, asked.upstream)
    return Reply(_lines(asked, way, rate), [*_said(asked, way, rate, option), *notes(end)])


def _steps(text: str | None) -> int:
    """How many."""
    if text is None:
        return _STEPS
    if not re.fullmatch("[0-9]{1,9}", text) or not 1 <= int(text) <= _MOST:
        raise UsageError(f"--steps {shown(text, 30)} is no number of steps", hint=f"a whole number from 1 to {_MOST:,}")
    return int(text)


def _said(asked: Asked, way: Sequence[Step], rate: float, option: str) -> Iterator[Note]:
    """Notes on steps that went too far, and on an end that came early."""
    circuit, last = asked.circuit, way[-1]
    far = [step for step in way if step.kind]
    if far:
        first = far[0]
        slower = abs(gentler(rate, first))
        numbers = ", ".join([str(step.number) for step in far[:6]]) + (" …" if len(far) > 6 else "")
        turned = any(step.kind == "wrong way" for step in far)
        what = "the output turned back" if turned else "less than half of the predicted change came"
        yield Note(
            "overshoot",
            circuit.output,
            Report(
                f"step{'s' if len(far) > 1 else ''} {numbers} went too far: {what}",
                hint=f"a smaller rate, such as {option} {slower:.2g}",
            ),
            {},
        )
    if last.end in ("flat", "stuck"):
        why = {
            "flat": "the gradient is 0 there, and leads nowhere",
            "stuck": "the next step is too small to change a float64",
        }[last.end]
        hint = "start somewhere else" if last.end == "flat" else f"a larger rate than {option} {abs(rate):g}"
        yield Note("flat", circuit.output, Report(f"the way ends at step {last.number}: {why}", hint=hint), {})


def _lines(asked: Asked, way: Sequence[Step], rate: float) -> Lines:
    from exprgrad.write import markdown, moves

    if asked.to == "json":
        return moves.write(asked.circuit, way, rate)
    if asked.to == "jsonl":
        return moves.write_rows(way)
    if asked.to in ("csv", "tsv"):
        return moves.write_flat(way, "," if asked.to == "csv" else "\t")
    if asked.to == "markdown":
        return markdown.write(moves.HEADERS, moves.cells(way, asked.style))
    from exprgrad.views import moves as view
    from exprgrad.views import table

    return table.draw(view.show(way, asked.style), asked.to_terminal, asked.style)
