"""One point of a formula: options → one run → one reading, and the notes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from exprgrad.arguments import value
from exprgrad.chain import backward
from exprgrad.diagnose import notes
from exprgrad.errors import UnmetError, UsageError
from exprgrad.files import deliver
from exprgrad.kinks import Note
from exprgrad.parse import outline, parse
from exprgrad.read import read
from exprgrad.run import Run, jacobian, run, wires
from exprgrad.values import Value, shape

FORMATS = ("table", "json", "jsonl", "csv", "tsv", "markdown")
_LINES, _BYTES = 24, 4000  # of notes on standard error


class Point(NamedTuple):
    """What the command line says about a point.

    ``source`` is the file that the formula comes from, ``values`` are as typed.
    """

    text: str
    values: Mapping[str, str]
    of: str | None
    wrt: list[str] | None
    to: str
    out: str | None
    source: str | None
    upstream: str | None = None
    jacobian: bool = False
    full: bool = False
    strict: bool = False
    quiet: bool = False


def perform(point: Point, say: Callable[[str], None]) -> None:
    """Runs the formula at a point and delivers the reading; ``say`` tells the notes."""
    if point.to not in FORMATS:
        raise UsageError(f"--to {point.to} is for rows", hint=f"one point is written as {', '.join(FORMATS)}")
    circuit = read(point.text, point.values, point.of)
    wires(circuit, point.values, point.wrt)
    numbers = {name: value(name, text) for name, text in point.values.items()}
    lines: Iterable[str] | None = None
    if point.jacobian:
        if point.upstream:
            raise UsageError("--jacobian is of each element by itself: leave --upstream out")
        result, derivative = jacobian(circuit, numbers, point.wrt)
        lines = _jacobian(point.to, result, derivative, point.full, point.out)
    else:
        arriving = None if point.upstream is None else value("--upstream", point.upstream)
        result = run(circuit, numbers, point.wrt, arriving)
    found = notes(result)
    if point.strict and any(note.strict for note in found):
        first = next(note for note in found if note.strict)
        raise UnmetError(f"--strict: {first.report.message}", *first.report[1:])
    deliver(lines or _reading(point.to, result, found, point.out, point.full), point.out, point.source)
    told = _told(found, point.quiet)
    if told:
        say(told)


def stage(name: str, point: Point) -> Iterator[str]:
    """One stage of the work as people read it; it needs no values, but those of arrays say their shapes."""
    circuit = read(point.text, point.values, point.of)
    wires(circuit, [*circuit.inputs, *point.values], point.wrt)
    if name == "tree":
        return outline(point.text, parse(point.text))
    if name == "circuit":
        return circuit.lines()
    shapes = {variable: shape(value(variable, text)) for variable, text in point.values.items()}
    return backward(circuit, point.wrt, shapes=shapes).circuit.lines()


def _jacobian(to: str, result: Run, found: Mapping[str, Value], full: bool, out: str | None) -> Iterable[str]:
    """The lines of a Jacobian, as JSON, a row for each element of the output, or a table."""
    from exprgrad.write import flat, json

    if to == "json":
        return json.write_jacobian(result, found)
    if to in ("csv", "tsv"):
        return flat.write_jacobian(result, found, "," if to == "csv" else "\t")
    if to != "table":
        raise UsageError(f"--jacobian is a table, json, csv or tsv, not {to}")
    from exprgrad.views import table

    return table.draw(table.show_jacobian(result, found, full), out is None)


def _reading(to: str, result: Run, found: list[Note], out: str | None, full: bool) -> Iterable[str]:
    """The lines of a reading."""
    if to in ("json", "jsonl"):
        from exprgrad.write import json

        return json.write(result, found) if to == "json" else json.write_row(result)
    if to in ("csv", "tsv"):
        from exprgrad.write import flat

        return flat.write(result, "," if to == "csv" else "\t")
    from exprgrad.views import table

    if to == "markdown":
        from exprgrad.write import markdown

        return markdown.write(*table.cells(result, full))
    return table.draw(table.show(result, full), out is None)


def _told(found: list[Note], quiet: bool) -> str:
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
