"""The command: options → one function → one view."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import click

from exprgrad import __version__
from exprgrad.arguments import value
from exprgrad.chain import backward
from exprgrad.command import Choice, Command
from exprgrad.diagnose import notes
from exprgrad.errors import ExprgradError, Report, UnmetError, UsageError, shown
from exprgrad.files import deliver, read_formula, standard_output
from exprgrad.kinks import Note
from exprgrad.parse import outline, parse
from exprgrad.read import read
from exprgrad.run import Run, jacobian, run, wires
from exprgrad.values import Value, shape

FORMATS = ("table", "json", "jsonl", "csv", "tsv", "markdown")
_ENDINGS = {".json": "json", ".jsonl": "jsonl", ".csv": "csv", ".tsv": "tsv", ".md": "markdown", ".txt": "table"}
_LINES, _BYTES = 24, 4000  # of notes on standard error


@click.command(
    cls=Command,
    context_settings={"help_option_names": ["--help"], "max_content_width": 100},
    epilog="""Examples:

\b
  exprgrad "(x+y)*z" -x -2 -y 5 -z -4
  exprgrad "sigmoid(w*x + b)" -w 2 -x pi/4 -b -1e-3 --to json
  exprgrad --file neuron.txt --of q""",
)
@click.argument("formula", required=False)
@click.argument("files", nargs=-1)
@click.option("--file", "path", metavar="PATH", help="Read the formula, a file of statements, from PATH.")
@click.option("--to", "to", type=Choice(FORMATS), help="What to write; a table by default.")
@click.option("--out", metavar="PATH", help="Write to PATH, whole or not at all.")
@click.option("--of", metavar="NAME", help="Take the wire NAME as the output.")
@click.option("--wrt", metavar="NAME,NAME", help="Gradients with respect to these inputs only.")
@click.option("--upstream", metavar="VALUE", help="The gradient that arrives at the output; 1 by default.")
@click.option("--jacobian", is_flag=True, help="The derivative of each element of the output by each of the inputs.")
@click.option("--full", is_flag=True, help="Show large arrays whole, not their summary.")
@click.option("--strict", is_flag=True, help="Exit with 5 if anything is not finite, or a kink.")
@click.option("--quiet", is_flag=True, help="No notes about kinks and steps.")
@click.option(
    "--emit",
    type=Choice(["tree", "circuit", "backward"]),
    help="Write a stage of the work instead of the result.",
)
@click.option("--gates", is_flag=True, help="List the gates.")
@click.version_option(__version__, message="exprgrad %(version)s")
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:
    """The value of FORMULA, of every gate in it, and all their gradients.

    Each variable of the formula is an option with one dash, of any length; its VALUE may itself be
    a formula of numbers, such as 1/3 or pi/4, an array such as [1, 2], or @ and a .npy, .csv or .tsv
    file. FORMULA may be - for standard input.
    """
    words = [options["formula"], *options["files"]]
    if options["gates"]:
        if any(words) or ctx.meta["values"] or any(options[key] for key in ("path", "emit", "of", "wrt", "strict")):
            raise UsageError("--gates lists the catalogue and takes no formula")
        deliver(_catalogue(options["to"] or _by_ending(options["out"]), options["out"] is None), options["out"])
        return
    text = _formula(options["formula"], options["files"], options["path"])
    to = options["to"] or ("table" if options["emit"] else _by_ending(options["out"]))
    source = "-" if options["formula"] == "-" else options["path"]
    wrt = None if options["wrt"] is None else list(filter(None, map(str.strip, options["wrt"].split(","))))
    if options["emit"]:
        for name in ("to", "strict", "quiet", "upstream", "jacobian", "full"):
            if options[name]:
                raise UsageError(f"--emit writes a stage, not the result: leave --{name} out")
        deliver(_stage(options["emit"], text, ctx.meta["values"], options["of"], wrt), options["out"], source)
        return
    circuit = read(text, ctx.meta["values"], options["of"])
    wires(circuit, ctx.meta["values"], wrt)
    point = {name: value(name, text) for name, text in ctx.meta["values"].items()}
    if options["jacobian"]:
        if options["upstream"]:
            raise UsageError("--jacobian is of each element by itself: leave --upstream out")
        result, derivative = jacobian(circuit, point, wrt)
        lines = _jacobian(to, result, derivative, options["full"], options["out"])
        _finish(result, lines, options, source)
        return
    arriving = None if options["upstream"] is None else value("--upstream", options["upstream"])
    result = run(circuit, point, wrt, arriving)
    _finish(result, None, options, source)


def _finish(result: Run, lines: Iterable[str] | None, options: Mapping[str, Any], source: str | None) -> None:
    """Delivers a result, or these lines of it, and tells the notes."""
    found = notes(result)
    if options["strict"] and any(note.strict for note in found):
        first = next(note for note in found if note.strict)
        raise UnmetError(f"--strict: {first.report.message}", *first.report[1:])
    to = options["to"] or _by_ending(options["out"])
    deliver(lines or _reading(to, result, found, options["out"], options["full"]), options["out"], source)
    _tell(found, options["quiet"])


def main(arguments: list[str]) -> int:
    """Runs the command; the exit status.  Errors are printed to standard error."""
    try:
        if {"--help", "--version"} & set(arguments) or "_EXPRGRAD_COMPLETE" in os.environ:
            with standard_output():  # click prints these by itself
                return _run(arguments)
        return _run(arguments)
    except ExprgradError as error:
        say(str(error))
        return error.code
    except click.ClickException as error:
        say(Report(error.format_message().rstrip(".")).render("error"))
        return UsageError.code


def say(message: str) -> None:
    """Prints to standard error; if nobody can be told, there is nobody to tell that."""
    try:
        if sys.stderr is not None:
            print(message, file=sys.stderr, flush=True)
    except OSError:
        sys.stderr = None


def _run(arguments: list[str]) -> int:
    """Runs the command by click; the exit status."""
    try:
        command.main(arguments, prog_name="exprgrad", standalone_mode=False)
    except click.exceptions.Exit as end:
        return end.exit_code
    return 0


def _formula(formula: str | None, files: tuple[str, ...], path: str | None) -> str:
    """The text of the formula, from wherever it was to come."""
    if path is not None:
        stray = [formula, *files] if formula is not None else []
        if stray:
            raise UsageError(
                f"there is nothing to do with {shown(str(stray[0]))}", hint="the formula comes from --file"
            )
        return read_formula(path)
    if files:
        raise UsageError(
            f"there is nothing to do with {shown(files[0])}", hint="one formula, in quotes; a variable is -NAME VALUE"
        )
    if formula is None:
        raise UsageError("there is no formula", hint='for example: exprgrad "(x+y)*z" -x -2 -y 5 -z -4')
    return read_formula("-") if formula == "-" else formula


def _by_ending(out: str | None) -> str:
    """The format that a file's name asks for; UsageError for an ending that stands for none."""
    ending = os.path.splitext(out or "")[1].lower()
    if ending and ending not in _ENDINGS:
        raise UsageError(
            f"--out {shown(str(out))}: {shown(ending)} is the ending of no format", hint=f"add --to {'|'.join(FORMATS)}"
        )
    return _ENDINGS.get(ending, "table")


def _stage(stage: str, text: str, values: Mapping[str, str], of: str | None, wrt: list[str] | None) -> Iterator[str]:
    """One stage of the work as people read it; it needs no values, but those of arrays say their shapes."""
    circuit = read(text, values, of)
    wires(circuit, [*circuit.inputs, *values], wrt)
    if stage == "tree":
        return outline(text, parse(text))
    if stage == "circuit":
        return circuit.lines()
    point = {name: value(name, text) for name, text in values.items()}
    return backward(circuit, wrt, shapes={name: shape(number) for name, number in point.items()}).circuit.lines()


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


def _catalogue(to: str, to_terminal: bool) -> Iterable[str]:
    """The catalogue's tables."""
    from exprgrad.write import catalogue, markdown

    if to == "markdown":
        return (
            line
            for title, headers, lines in catalogue.sections()
            for line in (f"**{title}**", "", *markdown.write(headers, lines), "")
        )
    if to != "table":
        raise UsageError(f"--gates is a table or markdown, not {to}")
    from exprgrad.views import gates, table

    return table.draw(gates.show(), to_terminal)


def _tell(found: list[Note], quiet: bool) -> None:
    """The notes on standard error: everything that is not finite, and kinks as long as there is room."""
    lines: list[str] = []
    shown_notes = [note for note in found if not (quiet and note.finite)]
    for position, note in enumerate(shown_notes):
        text = note.report.render("note" if note.finite else "warning").split("\n")
        if position and (len(lines) + len(text) > _LINES or len("\n".join(lines + text).encode()) > _BYTES):
            left = len(shown_notes) - position
            lines.append(f"note: {left} more note{'s' if left > 1 else ''}; --to json has all")
            break
        lines += text
    if lines:
        say("\n".join(lines))
