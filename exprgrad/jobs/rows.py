"""One job: rows from files through a formula into a file, a stream or a summary."""

from __future__ import annotations

import sys
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from typing import Any, BinaryIO, NamedTuple

from exprgrad.alike import pair
from exprgrad.arguments import value
from exprgrad.circuit import Circuit
from exprgrad.convention import STRICT, convention
from exprgrad.engines import cores
from exprgrad.errors import DataError, Report, UsageError, named, shown
from exprgrad.files import not_for_terminals, on_terminal, writing
from exprgrad.gates import CONSTANTS
from exprgrad.language.read import read
from exprgrad.rows.bind import bind
from exprgrad.rows.block import Block, Place
from exprgrad.rows.compute import Formula
from exprgrad.rows.formats import BINARY, FORMATS, SUMMARIES, by_ending
from exprgrad.rows.inputs import Files
from exprgrad.rows.reader import Reader
from exprgrad.rows.results import Layout
from exprgrad.rows.stream import Policy, Sink, Tally, run
from exprgrad.run import value_of, wires
from exprgrad.style import Style
from exprgrad.values import Value


class Options(NamedTuple):
    """What the command line says about rows.

    ``formula`` is None where each row has its own; ``source`` is the file that it comes from.
    """

    formula: str | None
    files: tuple[str, ...]
    values: Mapping[str, str]
    of: str | None = None
    wrt: list[str] | None = None
    upstream: str | None = None
    engine: str = "numpy"
    from_: str | None = None
    to: str | None = None
    out: str | None = None
    only: bool = False
    notes: bool = False
    prefix: str = ""
    bad: str = "stop"
    strict: bool = False
    convention: str | None = None
    quiet: bool = False
    expect: bool = False
    source: str | None = None
    style: Style = Style()


def output_format(options: Options, format_: str) -> str:
    """The format to write; UsageError if that has all digits, and numbers are to be rounded."""
    to = _chosen(options, format_)
    if to not in SUMMARIES:
        options.style.exact(to)
    return to


def _chosen(options: Options, format_: str) -> str:
    """The format that is asked for, that the file's ending says, a table on a terminal, or as the rows came."""
    if options.to is not None:
        return options.to
    if options.out is not None:
        ending, found = by_ending(options.out)
        if ending and found not in (*FORMATS, *SUMMARIES):
            raise UsageError(
                f"--out {shown(options.out)}: its ending is that of no format for rows",
                hint=f"add --to {'|'.join(FORMATS)}",
            )
        return found or format_
    return "table" if on_terminal() else format_


def perform(options: Options, say: Callable[[str], None]) -> None:
    """Does the job; ``say`` tells what there is to tell beside the result."""
    with closing(Files(options.files, options.from_)) as files:
        if options.formula is None or options.expect:
            _each(options, files, say)
        else:
            _all(options, files, say)


def _all(options: Options, files: Files, say: Callable[[str], None]) -> None:
    """Rows through one formula."""
    first = files.example
    circuit, places, constants, defaults = _bound(options, first)
    to = output_format(options, files.formats[0])
    formula = Formula(
        circuit, places, constants, options.wrt,
        None if options.upstream is None else value("--upstream", options.upstream), options.engine,
        shapes=first.shapes,
        kinks=options.strict or options.convention == STRICT or to in SUMMARIES,
        told=options.notes or options.bad == "keep",
    )  # fmt: skip
    names = list(first.names)
    layout = Layout(
        names, first.header, places, formula.shapes, formula.value, formula.gradient, options.only, formula.told,
        options.prefix,
    )  # fmt: skip
    _overridden(options, names, say)
    _shadowed(options, places, say)
    alike = None if options.quiet else pair(circuit.names)
    if alike is not None:
        say(alike.render("note"))
    policy = Policy(options.bad, options.strict, options.convention == STRICT)

    def parse(item: tuple[Reader, Any]) -> Block:
        rows, raw = item
        return rows.parse(raw, places, defaults)

    if to in SUMMARIES:
        tally = _summarised(options, to, layout, files, parse, formula, policy)
    else:
        if to in BINARY:
            not_for_terminals(to, options.out is None)
        passed = to not in BINARY
        with (
            writing(options.out, read_from(options, files), passed=passed) as file,
            _progress(options, files, file, passing=True) as told,
        ):
            sink = _sink(
                to,
                file,
                layout,
                files.formats,
                first.schema if all(one in BINARY for one in files.formats) else None,
            )
            tally = run(files.raw(formula.rows), parse, formula, sink, policy, told, cores())
            sink.end()
    _tell(tally, options, say)


def _each(options: Options, files: Files, say: Callable[[str], None]) -> None:
    """Rows with formulas of their own, or with results to compare with."""
    from exprgrad.jobs import cases
    from exprgrad.rows.each import FIELD, Cases

    for name in ("to", "out", "only", "notes", "prefix") if options.expect else ():
        if getattr(options, name):
            raise UsageError(f"--expect writes what differs, and nothing else: leave --{name} out")
    if options.expect and options.bad != "stop":
        raise UsageError(f"--expect lists bad rows with those that differ: leave --bad {options.bad} out")
    example = files.example
    known = example.empty or (example.loose and options.bad != "stop")  # each row says it of itself
    if options.formula is None and not known and FIELD not in [name.strip() for name in example.names]:
        raise DataError(
            f"{example.stream.name} has no column '{FIELD}'",
            hint="each row has its own formula there; or write one formula before the file",
        )
    _overridden(options, example.names, say)
    constants = {name: value(name, text) for name, text in options.values.items()}
    upstream = None if options.upstream is None else value("--upstream", options.upstream)
    told = options.notes or options.strict or options.convention == STRICT or options.bad == "keep"
    found = Cases(
        options.formula, constants, options.of, options.wrt, upstream, options.engine, options.convention,
        expect=options.expect, told=told,
    )  # fmt: skip
    to = "" if options.expect else output_format(options, files.formats[0])
    with _progress(options, files, passing=to == "jsonl") as bar:
        tally = cases.perform(options, files, to, found, bar) if to else cases.compare(options, files, found, bar)
    if to:
        _tell(tally, options, say)
    elif not options.quiet:
        told_of = "1 row, as it states" if tally.rows == 1 else f"{tally.rows:,} rows, each as it states"
        say(Report(told_of).render("note"))


def _overridden(options: Options, names: Container[str], say: Callable[[str], None]) -> None:
    """Says which columns are not read, because the command line has a value for all rows."""
    for name in [name for name in options.values if name in names and not options.quiet]:
        message = f"{named(name)} is {shown(options.values[name])} in every row: the column of that name is not read"
        say(Report(message).render("note"))


def _shadowed(options: Options, places: Container[str], say: Callable[[str], None]) -> None:
    """Says which constants are columns here."""
    for name in [name for name in CONSTANTS if name in places and not options.quiet]:
        say(Report(f"{named(name)} is the column of that name, not the constant {CONSTANTS[name]!r}").render("note"))


def _bound(options: Options, first: Reader) -> tuple[Circuit, dict[str, Place], dict[str, Value], dict[str, Value]]:
    """The circuit, where its variables stand, and the values of those that do not vary or may be missing."""
    names = {name.strip() for name in first.names}
    circuit = convention(read(options.formula or "", {*options.values, *names}, options.of), options.convention)
    wires(circuit, {*circuit.inputs, *options.values}, options.wrt)
    constants = {name: value(name, text) for name, text in options.values.items()}
    if first.empty:
        return circuit, {}, {**dict.fromkeys(circuit.inputs, 0.0), **constants}, {}
    places = bind(circuit, first.names, constants, first.stream.name, first.lists)
    defaults: dict[str, Value] = {}
    for name, wire in circuit.inputs.items():
        default = circuit.gates[wire].value
        if first.loose and name not in constants and default is not None:
            defaults[name] = value_of(name, default)
            places.setdefault(name, Place((name,)))
    return circuit, places, constants, defaults


def read_from(options: Options, files: Files) -> list[str]:
    """All files that are read, which must not be the one that is written."""
    return [*files.words, *([] if options.source is None else [options.source])]


def _sink(to: str, file: BinaryIO, layout: Layout, formats: list[str], schema: Any) -> Sink:
    """What writes a format; the rows come in these."""
    own, text = all(one == to for one in formats), all(one in ("csv", "tsv") for one in formats)
    if to in ("csv", "tsv"):
        from exprgrad.rows import delimited

        return delimited.Writer(file, layout, "," if to == "csv" else "\t", own, text)
    if to == "jsonl":
        from exprgrad.rows import lines

        return lines.Writer(file, layout, own)
    from exprgrad.rows import binary

    return binary.Writer(file, layout, to, schema)


def _summarised(
    options: Options,
    to: str,
    layout: Layout,
    files: Files,
    parse: Callable[[Any], Any],
    formula: Formula,
    policy: Policy,
) -> Tally:
    """The summary for people, delivered."""
    from exprgrad.files import deliver
    from exprgrad.rows.summary import Summary
    from exprgrad.views import summary as view
    from exprgrad.views import table

    found = Summary(layout)
    with _progress(options, files) as told:
        tally = run(files.raw(formula.rows), parse, formula, found, policy, told, cores())
    if to == "markdown":
        from exprgrad.write import markdown

        written = [*markdown.write(list(view.HEADERS), view.cells(found, options.style)), "", *view.said(found, tally)]
        deliver(written, options.out, *read_from(options, files))
    else:
        drawn = table.draw(view.show(found, tally, options.style), options.out is None, options.style)
        deliver(drawn, options.out, *read_from(options, files))
    return tally


@contextmanager
def _progress(
    options: Options, files: Files, file: BinaryIO | None = None, *, passing: bool = False
) -> Iterator[Callable[[int], None]]:
    """What is told the rows so far: it shows a bar at a terminal, and lets what is written go.

    Rows that are ``passing`` by on the terminal themselves are enough.
    """
    watched = not options.quiet and sys.stderr is not None and sys.stderr.isatty()
    if watched and passing and options.out is None and on_terminal():
        watched = False
    shows: Any = nullcontext(lambda _: None)
    if watched:
        from exprgrad.views import progress

        shows = progress.bar(files.total, lambda: files.taken)
    with shows as bar:

        def told(rows: int) -> None:
            if file is not None:
                file.flush()
            bar(rows)

        yield told


def _tell(tally: Tally, options: Options, say: Callable[[str], None]) -> None:
    """The counts, and where the first bad row and the first one that is not finite are."""
    rows = f"{tally.rows:,} row{'s' if tally.rows != 1 else ''}"
    if tally.strange.rows:
        first = tally.strange.first
        what = "not finite or not known" if options.engine == "precise" else "not finite"
        message = f"{tally.strange.rows:,} of {rows} {what}; {first.message}"
        say(first._replace(message=message).render("warning"))
    if options.bad != "stop" and not options.quiet:
        done = "left out" if options.bad == "skip" else "without a result"
        hint = f"the first: {tally.bad.first.message}" if tally.bad.rows else ""
        say(Report(f"{tally.bad.rows:,} of {rows} {done}", hint=hint).render("note"))
