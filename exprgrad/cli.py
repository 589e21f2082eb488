"""The command: options → one function → one view."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from functools import partial
from typing import Any

import click

from exprgrad import __version__
from exprgrad.arguments import listed
from exprgrad.command import Choice, Command, Option
from exprgrad.convention import CONVENTIONS
from exprgrad.errors import ExprgradError, Report, UsageError, named, shown
from exprgrad.files import deliver, destination, read_formula, standard_output
from exprgrad.jobs import gradient, point
from exprgrad.rows.formats import FORMATS as ROWS
from exprgrad.rows.formats import SUMMARIES, by_ending, is_data
from exprgrad.style import Style, style

FORMATS = tuple(dict.fromkeys((*gradient.FORMATS, *ROWS)))
_FOR_ROWS = ("from_", "only", "notes", "prefix", "bad", "engine", "expect")
_MORE = tuple(name for names in point.QUESTIONS.values() for name in names)
_FOR_A_POINT = ("emit", "full", *point.QUESTIONS, *_MORE)

_asks = partial(click.option, cls=Option, heading="Questions about a point")
_looks = partial(click.option, cls=Option, heading="For people")
_rows = partial(click.option, cls=Option, heading="Rows of files")


@click.command(
    cls=Command,
    context_settings={"help_option_names": ["--help"], "max_content_width": 100},
    epilog="""Examples:

\b
  exprgrad "(x+y)*z" -x -2 -y 5 -z -4
  exprgrad "sigmoid(w*x + b)" -w 2 -x pi/4 -b -1e-3 --to json
  exprgrad --file neuron.txt --of q
  exprgrad "sigmoid(w*x + b)" -w 2 -b 0.1 points.csv > gradients.csv
  exprgrad cases.jsonl --expect""",
)
@click.argument("formula", required=False)
@click.argument("files", nargs=-1)
@click.option("--file", "path", metavar="PATH", help="Read the formula, a file of statements, from PATH.")
@click.option(
    "--to",
    type=Choice(FORMATS),
    metavar="FORMAT",
    help=f"{', '.join(FORMATS)}; by default a table, and rows as they came, but summed up at a terminal.",
)
@click.option("--out", metavar="PATH", help="Write to PATH, whole or not at all; - is standard output.")
@click.option("--of", metavar="NAME", help="Take the wire NAME as the output.")
@click.option("--wrt", metavar="NAME,NAME", help="Gradients with respect to these inputs only.")
@click.option("--upstream", metavar="VALUE", help="The gradient that arrives at the output; 1 by default.")
@click.option("--strict", is_flag=True, help="Exit with 5 if anything is not finite, or a kink.")
@click.option(
    "--convention", type=Choice(CONVENTIONS), help="At kinks, the gradients of JAX or PyTorch; strict exits with 5."
)
@click.option("--quiet", is_flag=True, help="No notes about kinks and steps, no counts, no progress.")
@click.option(
    "--emit",
    type=Choice(["tree", "circuit", "backward"]),
    help="Write a stage of the work instead of the result.",
)
@click.option("--gates", is_flag=True, help="List the gates.")
@_asks("--explain", is_flag=True, help="The worked chain rule with the numbers of this run.")
@_asks(
    "--symbolic", optional=True, metavar="[full]", help="The derivatives as formulas; full: written out, simplified."
)
@_asks(
    "--why",
    metavar="NAME",
    help="Where the gradient of NAME began to be infinite, NaN, 0 or wrong, and what to write instead.",
)
@_asks("--check", is_flag=True, help="Audit every gradient by witnesses; exit with 5 if one differs.")
@_asks("--precise", is_flag=True, help="The true numbers, with as many digits as it takes; for rows too, slowly.")
@_asks("--jacobian", is_flag=True, help="The derivative of each element of the output by each of the inputs.")
@_asks(
    "--hessian", optional=True, metavar="[NAME,NAME]", help="The second derivatives by each two inputs, or by these."
)
@_asks("--order", metavar="N", help="The derivatives up to the N-th by one variable, and its Taylor series.")
@_asks("--tangent", metavar="NAME=VALUE,…", help="The derivative along a direction of the inputs: x=1,y=0.")
@_asks("--ascend", metavar="RATE", help="Move the inputs along the gradient, RATE times it, step by step.")
@_asks("--descend", metavar="RATE", help="Move the inputs against the gradient.")
@_asks("--steps", metavar="N", help="How many steps --ascend and --descend take; 10 by default.")
@_asks("--fix", metavar="NAME,NAME", help="Inputs that --ascend and --descend hold still.")
@_looks("--full", is_flag=True, help="Show large arrays and long workings whole.")
@_looks("--digits", metavar="N", help="Round numbers to N significant digits.")
@_looks("--colors", metavar="PART=COLOR,…", help="The colours of value, gradient and local: value=blue.")
@_looks("--ascii", "ascii_", is_flag=True, help="Print nothing but ASCII.")
@_rows("--rows", metavar="FILE", help="Rows of values, the same as FILE behind the formula.")
@_rows("--from", "from_", type=Choice(ROWS), help="What they are in; else their file's ending says it.")
@_rows("--only", is_flag=True, help="Leave out the input's columns.")
@_rows("--notes", is_flag=True, help="A column more, with what is not finite, or a kink.")
@_rows("--prefix", metavar="TEXT", help="Put TEXT before the names of the results.")
@_rows("--bad", type=Choice(["stop", "skip", "keep"]), help="Rows without numbers: stop (by default), skip or keep.")
@_rows("--expect", is_flag=True, help="Compare with the results they hold; exit with 5 if any differ.")
@_rows("--engine", metavar="NAME", help="What computes them, numpy by default.")
@click.version_option(__version__, message="exprgrad %(version)s")
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:
    """The value of FORMULA, of every gate in it, and all their gradients.

    Each variable of the formula is an option with one dash, of any length; its VALUE may itself be
    a formula of numbers, such as 1/3 or pi/4, an array such as [1, 2], or @ and a .npy, .csv or .tsv
    file. FORMULA may be - for standard input.

    FILES are rows of values, .csv, .tsv, .jsonl, .parquet or .arrow, - for standard input: the same rows
    come out with the value and the gradients. Without FORMULA each row has its own, in its field formula.
    """
    look = style(options["full"], options["digits"], options["ascii_"], options["colors"])
    options["out"] = destination(options["out"])
    if options["gates"]:
        if (
            any(ctx.params[key] for key in ("formula", "files", "path", "emit", "of", "wrt", "strict"))
            or ctx.meta["values"]
        ):
            raise UsageError("--gates lists the catalogue and takes no formula")
        to = options["to"] or _by_ending(options["out"]) or "table"
        deliver(_catalogue(to, options["out"] is None, look), options["out"])
        return
    text, source, files = _formula(options)
    wrt = None if options["wrt"] is None else listed(options["wrt"])
    if files:
        _over_rows(options, text, source, files, ctx.meta["values"], wrt, look)
        return
    for name in _FOR_ROWS:
        if options[name]:
            raise UsageError(
                f"--{name.rstrip('_')} is for rows, and there are none", hint="a file of rows stands behind the formula"
            )
    question, argument = _question(options)
    if options["emit"]:
        for name in ("to", "strict", "quiet", "upstream", "full", "digits", question):
            if _given(options, name):
                raise UsageError(f"--emit writes a stage, not the result: leave --{name} out")
        if _by_ending(options["out"]):
            raise UsageError(f"--emit writes text, and --out {shown(options['out'])} asks for another format")
    asked = point.Point(
        str(text), ctx.meta["values"], options["of"], wrt, options["to"] or _by_ending(options["out"]), options["out"],
        source, options["upstream"], options["strict"], options["convention"], options["quiet"], look, question,
        argument,
        {name: options[name] for name in point.QUESTIONS[question] if options[name]},
    )  # fmt: skip
    if options["emit"]:
        deliver(map(look.text, point.stage(options["emit"], asked)), options["out"], source)
    else:
        point.perform(asked, partial(say, look=look))


def _question(options: dict[str, Any]) -> tuple[str, str]:
    """What is asked about a point, and what stands behind its option.  Raises UsageError for two questions."""
    asked = [name for name in point.QUESTIONS if _given(options, name)]
    if len(asked) > 1:
        raise UsageError(f"--{asked[0]} and --{asked[1]} are two questions", hint="ask them one after the other")
    question = asked[0] if asked else "gradient"
    for name in _MORE:
        owners = [other for other, names in point.QUESTIONS.items() if name in names]
        if _given(options, name) and question not in owners:
            raise UsageError(f"--{name} goes with --{' or --'.join(owners)}")
    argument = options.get(question)
    return question, argument if isinstance(argument, str) else ""


def _given(options: dict[str, Any], name: str) -> bool:
    """Whether an option stands on the command line, be it with an empty value."""
    return options.get(name) not in (None, False)


def _over_rows(
    options: dict[str, Any],
    text: str | None,
    source: str | None,
    files: tuple[str, ...],
    values: dict[str, str],
    wrt: list[str] | None,
    look: Style,
) -> None:
    """The rows of files through a formula, or through their own."""
    # NumPy's library for matrices keeps threads of its own busy waiting; ours have the cores
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from exprgrad.jobs import rows

    if options["precise"] and options["engine"] not in (None, "precise"):
        raise UsageError(f"--precise is an engine of its own: leave --engine {shown(options['engine'])} out")
    for name in _FOR_A_POINT:
        if _given(options, name) and name != "precise":
            raise UsageError(
                f"--{name} is for one point, not for rows", hint=f"leave the file {named(files[0])} out, or the option"
            )
    if options["to"] and options["to"] not in (*ROWS, *SUMMARIES):
        those = "jsonl, an object a line" if options["to"] == "json" else ", ".join((*ROWS, *SUMMARIES))
        raise UsageError(f"--to {options['to']} is for one point", hint=f"rows are written as {those}")
    if not (options["prefix"] or "").isprintable():
        raise UsageError(f"--prefix {named(options['prefix'])} has a character that cannot be printed")
    given = {
        name: options[name]
        for name in ("of", "upstream", "from_", "to", "out", "only", "notes", "strict", "convention", "quiet")
    }
    given |= {
        "prefix": options["prefix"] or "",
        "bad": options["bad"] or "stop",
        "engine": "precise" if options["precise"] else options["engine"] or "numpy",
    }
    asked = rows.Options(text, files, values, wrt=wrt, expect=options["expect"], source=source, style=look, **given)
    rows.perform(asked, partial(say, look=look))


def main(arguments: list[str]) -> int:
    """Runs the command; the exit status.  Errors are printed to standard error."""
    look = Style(ascii="--ascii" in arguments)
    try:
        if {"--help", "--version"} & set(arguments) or "_EXPRGRAD_COMPLETE" in os.environ:
            with standard_output():  # click prints these by itself
                return _run(arguments)
        return _run(arguments)
    except ExprgradError as error:
        say(str(error), look)
        return error.code
    except click.ClickException as error:
        say(Report(error.format_message().rstrip(".")).render("error"), look)
        return UsageError.code


def say(message: str, look: Style) -> None:
    """Prints to standard error; if nobody can be told, there is nobody to tell that."""
    try:
        if sys.stderr is not None:
            print(look.text(message), file=sys.stderr, flush=True)
    except OSError:
        sys.stderr = None


def _run(arguments: list[str]) -> int:
    """Runs the command by click; the exit status."""
    return command.main(arguments, prog_name="exprgrad", standalone_mode=False) or 0


def _formula(options: dict[str, Any]) -> tuple[str | None, str | None, tuple[str, ...]]:
    """The text of the formula, None where each row has its own, the file it comes from, and the files of rows."""
    words = [word for word in (options["formula"], *options["files"]) if word is not None]
    rows = [options["rows"]] if options["rows"] is not None else []
    if options["path"] is not None:
        return read_formula(options["path"]), options["path"], (*words, *rows)
    if not words and not rows:
        raise UsageError("there is no formula", hint='for example: exprgrad "(x+y)*z" -x -2 -y 5 -z -4')
    if not words or (not rows and (is_data(words[0]) or (words[0] == "-" and options["from_"]))):
        return None, None, (*words, *rows)
    formula, files = words[0], (*words[1:], *rows)
    if formula != "-":
        return formula, None, files
    if "-" in files:
        raise UsageError(
            "the formula and the rows cannot both come from standard input", hint="put one of them into a file"
        )
    return read_formula("-"), "-", files


def _by_ending(out: str | None) -> str:
    """The format that a file's name asks for; UsageError for an ending that stands for none.

    Empty if it asks for none, and for text, which is what everything is written as that people read.
    """
    ending, format_ = by_ending(out or "")
    if ending and not format_:
        raise UsageError(
            f"--out {shown(str(out))}: {shown(ending)} is the ending of no format", hint=f"add --to {'|'.join(FORMATS)}"
        )
    return "" if format_ == "table" else format_


def _catalogue(to: str, to_terminal: bool, look: Style) -> Iterable[str]:
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

    return table.draw(gates.show(), to_terminal, look)
