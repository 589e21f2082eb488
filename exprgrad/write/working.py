"""The worked chain rule as a document: Markdown and LaTeX."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from exprgrad.diagnosis.notes import notes
from exprgrad.diagnosis.working import Working, working
from exprgrad.run import Run
from exprgrad.style import PLAIN, Style
from exprgrad.write.document import document, equation, section, sentence
from exprgrad.write.equations import BACKWARD, FORWARD, KINDS, RESULT, Equations, Line, left_out
from exprgrad.write.latex import Latex
from exprgrad.write.markdown import code
from exprgrad.write.notation import Math, Sentence
from exprgrad.write.plain import Plain


def explain(run: Run, style: Style = PLAIN) -> str:
    """The worked chain rule of a run, as Markdown."""
    return "\n".join(markdown(working(run, notes(run)), style))


def markdown(found: Working, style: Style) -> Iterator[str]:
    """Lists of equations, and a table of the backward pass; formulas are code."""
    return map(style.text, _markdown(found, style))


def _markdown(found: Working, style: Style) -> Iterator[str]:
    made = Equations(found, Plain(), style)
    yield from (f"## {FORWARD}", "")
    yield from _list(made.forward())
    kinds = list(made.kinds())
    if kinds:
        yield from _section(KINDS)
        yield from [f"- {_words([gate])} {_words(does)}" for gate, does in kinds]
        yield from _section(BACKWARD)
    seed = made.seed()
    if seed is not None:
        yield from _list([seed])
    if kinds:
        yield from ("", "| gate | local gradient | gradient | |", "|---|---|---|---|")
        yield from _table(made)
    result = list(made.result())
    if result:
        yield from _section(RESULT)
        yield from _list(result)


def _table(made: Equations) -> Iterator[str]:
    """A line for each input of each gate, and one for each fork."""
    for step in made.backward():
        if isinstance(step, int):
            yield f"| {left_out(step)} | | | |"
            continue
        gate, remark = code(str(step.gate)), _words(step.remark)
        for local, line in step.rows:
            about = ", ".join(filter(None, [remark, _words(line.remark)]))
            yield f"| {gate} | {code(str(local)) if local else ''} | {code(str(line.equation))} | {about} |"
            gate = remark = ""
        for line in step.sums:
            yield f"| | | {code(str(line.equation))} | {_words(line.remark)} |"


def _section(title: str) -> Iterator[str]:
    yield from ("", f"## {title}", "")


def _list(lines: Iterable[Line | int]) -> Iterator[str]:
    for line in lines:
        yield (
            f"- {left_out(line)}"
            if isinstance(line, int)
            else f"- {code(str(line.equation))} {_words(line.remark)}".rstrip()
        )


def _words(said: Sentence) -> str:
    """A remark, expressions as code."""
    return "".join([code(piece) if isinstance(piece, Math) else piece for piece in said])


def latex(found: Working, style: Style) -> Iterator[str]:
    """A document that compiles as it stands."""
    made = Equations(found, Latex.of_run(found.run), style)
    return document(_body(made))


def _body(made: Equations) -> Iterator[str]:
    yield section(FORWARD)
    yield from _equations(made.forward())
    kinds = list(made.kinds())
    if kinds:
        yield section(KINDS)
        yield from [sentence([gate, r": ", *does]) for gate, does in kinds]
        yield section(BACKWARD)
    seed = made.seed()
    if seed is not None:
        yield from _equations([seed])
    for step in made.backward():
        if isinstance(step, int):
            yield sentence([left_out(step)])
            continue
        yield r"\medskip"
        yield equation(str(step.gate), step.remark)
        for local, line in step.rows:
            if local is not None:
                yield equation(str(local), [], indent=True)
            yield equation(str(line.equation), line.remark, indent=True)
        for line in step.sums:
            yield equation(str(line.equation), line.remark, indent=True)
    result = list(made.result())
    if result:
        yield section(RESULT)
        yield from _equations(result)


def _equations(lines: Iterable[Line | int]) -> Iterator[str]:
    for line in lines:
        yield sentence([left_out(line)]) if isinstance(line, int) else equation(str(line.equation), line.remark)
