"""One point of a formula: options → one question → its answer, and the notes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple

from exprgrad.alike import pair
from exprgrad.arguments import value
from exprgrad.chain import backward
from exprgrad.circuit import uncollected
from exprgrad.convention import STRICT, convention
from exprgrad.diagnosis.kinks import Note
from exprgrad.errors import UnmetError, UsageError
from exprgrad.files import deliver
from exprgrad.jobs.asked import PICTURES, Asked, Reply
from exprgrad.language.parse import outline, parse
from exprgrad.language.read import read
from exprgrad.run import wires
from exprgrad.style import Style
from exprgrad.values import shape

# what can be asked, each a module beside this one, with the options that go with it
QUESTIONS: Mapping[str, tuple[str, ...]] = {
    "gradient": (),
    "explain": (),
    "symbolic": (),
    "why": (),
    "check": (),
    "precise": (),
    "jacobian": (),
    "hessian": (),
    "order": (),
    "tangent": (),
    "ascend": ("steps", "fix"),
    "descend": ("steps", "fix"),
}
PEOPLE = ("table", "markdown", "latex", *PICTURES)  # formats whose numbers are for people: --digits rounds them
_LINES, _BYTES = 24, 4000  # of notes on standard error


class Point(NamedTuple):
    """What the command line says about a point.

    ``source`` is the file that the formula comes from, ``values`` are as typed, as are ``argument``,
    which stands behind the question's option, and ``more``, by the names of the options that go with it.
    """

    text: str
    values: Mapping[str, str]
    of: str | None
    wrt: list[str] | None
    to: str
    out: str | None
    source: str | None
    upstream: str | None
    strict: bool
    convention: str | None
    quiet: bool
    style: Style
    question: str
    argument: str
    more: Mapping[str, str]


@uncollected()
def perform(point: Point, say: Callable[[str], None]) -> None:
    """Answers the question about a formula at a point; ``say`` tells the notes."""
    room: Any = import_module(f"exprgrad.jobs.{point.question}")
    to = point.to or room.FORMATS[0]
    if to not in room.FORMATS:
        what = f"--{point.question}" if point.question != "gradient" else "one point"
        raise UsageError(f"{what} is not written as {to}", hint=f"--to takes {', '.join(room.FORMATS)}")
    if to not in PEOPLE:
        point.style.exact(to)
    asked = _asked(point, to, to in getattr(room, "BARE", ()))
    reply: Reply = room.answer(asked)
    for option, unmet in (
        ("--strict", [note for note in reply.notes if note.strict and point.strict]),
        ("--convention strict", [note for note in reply.notes if note.edge and point.convention == STRICT]),
    ):
        if unmet:
            raise UnmetError(f"{option}: {unmet[0].report.message}", *unmet[0].report[1:])
    lines = reply.lines
    if to == "markdown" and not isinstance(lines, bytes):  # tables see to it themselves
        lines = map(point.style.text, lines)
    deliver(lines, point.out, point.source)
    alike = None if point.quiet else pair(asked.circuit.names)
    if alike is not None:
        say(alike.render("note"))
    told = _told(reply.notes, point.quiet)
    if told:
        say(told)
    if reply.error is not None:
        raise reply.error


def _asked(point: Point, to: str, bare: bool) -> Asked:
    """The question, its circuit read and its values evaluated; a ``bare`` one does without any."""
    circuit = convention(read(point.text, point.values, point.of), point.convention)
    none = not point.values and any(circuit.gates[wire].value is None for wire in circuit.inputs.values())
    wires(circuit, circuit.inputs if none and bare else point.values, point.wrt)
    return Asked(
        circuit,
        None if none and bare else {name: value(name, text) for name, text in point.values.items()},
        point.wrt,
        None if point.upstream is None else value("--upstream", point.upstream),
        to,
        point.style,
        point.out is None,
        point.argument,
        point.more,
    )


def stage(name: str, point: Point) -> Iterator[str]:
    """One stage of the work as people read it; it needs no values, but those of arrays say their shapes."""
    circuit = convention(read(point.text, point.values, point.of), point.convention)
    wires(circuit, [*circuit.inputs, *point.values], point.wrt)
    if name == "tree":
        return outline(point.text, parse(point.text))
    if name == "circuit":
        return circuit.lines()
    shapes = {variable: shape(value(variable, text)) for variable, text in point.values.items()}
    return backward(circuit, point.wrt, shapes=shapes).circuit.lines()


def _told(found: Sequence[Note], quiet: bool) -> str:
    """The notes for standard error: everything that is not finite, and kinks as long as there is room."""
    lines: list[str] = []
    shown_notes = [note for note in found if not (quiet and note.finite)]
    for position, note in enumerate(shown_notes):
        text = note.report.render("note" if note.finite else "warning").split("\n")
        if position and (len(lines) + len(text) > _LINES or len("\n".join(lines + text).encode()) > _BYTES):
            left = len(shown_notes) - position
            lines.append(f"note: {left} more note{'s' if left > 1 else ''}; --to json has all")
            break
        lines += text
    return "\n".join(lines)
