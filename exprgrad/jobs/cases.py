"""A batch file from front to end: its rows computed, and written as JSON Lines, CSV or a table."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from exprgrad.convention import STRICT
from exprgrad.errors import DataError, Report, UnmetError, UsageError, named, shown
from exprgrad.files import deliver, writing
from exprgrad.rows.cells import joined
from exprgrad.rows.each import Case, Cases
from exprgrad.rows.expect import differences
from exprgrad.rows.stream import Strange, Tally
from exprgrad.values import at, digits, elements

FORMATS = ("jsonl", "csv", "tsv", "table")
_SHOWN = 200  # rows in a table
_AT_ONCE = 200  # rows, each of which may have a formula to be read


def perform(options: Any, files: Any, to: str, cases: Cases, told: Callable[[int], None]) -> Tally:
    """Computes every row and delivers the results; what came of them.  ``told`` is told the rows so far."""
    if to not in FORMATS:
        raise UsageError(f"--to {to}: rows with formulas of their own are written as {', '.join(FORMATS)}")
    found = _Computed(options, files, cases, told)
    if to == "jsonl":
        with writing(options.out, files.words, passed=True) as file:
            for case in found:
                if case is not None:
                    file.write(_line(case, options).encode() + b"\n")
                else:
                    file.flush()
    elif to == "table":
        from exprgrad.views import cases as view
        from exprgrad.views import table

        shown_cases = view.show(found.all(), _SHOWN, options.style)
        deliver(table.draw(shown_cases, options.out is None, options.style), options.out, *files.words)
    else:
        lines = list(_delimited(found.all(), files, options, "," if to == "csv" else "\t"))
        with writing(options.out, files.words, passed=True) as file:
            file.write("".join([f"{line}\n" for line in lines]).encode())
    return found.tally


def compare(options: Any, files: Any, cases: Cases, told: Callable[[int], None]) -> Tally:
    """Delivers the list of rows that differ from what they state; UnmetError if there is one."""
    found = _Computed(options, files, cases, told)
    wrong: list[str] = []
    rows = 0
    for case in found:
        said = list(differences(case)) if case is not None else []
        wrong += said
        rows += bool(said)
    if wrong:
        deliver(wrong, None, *files.words)
        raise UnmetError(f"--expect: {rows:,} of {found.tally.rows:,} rows differ from what they state")
    return found.tally


class _Computed:
    """The rows that are to be written; None before a wait.

    ``tally`` is what came of those so far.  Raises the error of a bad row if that is to stop.
    """

    def __init__(self, options: Any, files: Any, cases: Cases, told: Callable[[int], None]) -> None:
        self.options = options
        self.files = files
        self.cases = cases
        self.told = told
        self.tally = Tally()

    def __iter__(self) -> Iterator[Case | None]:
        bad = "keep" if self.options.expect else self.options.bad
        for item in self.files.raw(_AT_ONCE):
            if item is None:
                yield None
                continue
            reader, piece = item
            for case in self.cases(reader, reader.parse(piece, {}, {})):
                if case.bad is not None and bad == "stop":
                    raise case.bad
                if self.options.strict and (case.strange or case.kink):
                    raise UnmetError(f"--strict: {case.place}: {case.note or 'a result is not finite'}")
                if self.options.convention == STRICT and case.kink:
                    raise UnmetError(f"--convention strict: {case.place}: {case.note}")
                self._count(case)
                if case.bad is None or bad == "keep":
                    yield case
            self.told(self.tally.rows)
        if self.cases.unused and self.tally.rows:
            raise UsageError(
                f"no formula has a variable {named(self.cases.unused[0])}",
                hint="leave it out, or look for a name that is misspelt",
            )

    def all(self) -> list[Case]:
        """All of them, for what has to know the last before it writes the first."""
        return [case for case in self if case is not None]

    def _count(self, case: Case) -> None:
        rows, bad, strange, _ = self.tally
        if case.bad is not None:
            bad = Strange(bad.rows + 1, bad.first if bad.rows else case.bad.report)
        if case.strange:
            strange = Strange(strange.rows + 1, strange.first if strange.rows else _report(case))
        self.tally = Tally(rows + 1, bad, strange)


def _report(case: Case) -> Report:
    """What is not finite of a row, and where it is."""
    texts = {name: digits(value) for name, value in case.results.items()}
    said = [f"{shown(name, 30)} is {text}" for name, text in texts.items() if "nan" in text or "inf" in text]
    return Report(f"{case.place}: {', '.join(said) or 'an element is not finite'}")


def results(case: Case, options: Any) -> dict[str, Any]:
    """A row's results as JSON has them."""
    prefix = options.prefix
    if case.bad is not None:
        found: dict[str, Any] = {"value": None, "grad": None, "note": case.bad.report.message}
    else:
        gradient = {name: _finite(value) for name, value in case.gradient.items()}
        found = {"value": _finite(case.value), "grad": gradient}
        if options.notes or options.bad == "keep":
            found["note"] = case.note or None
    return {prefix + name: value for name, value in found.items()}


def _line(case: Case, options: Any) -> str:
    """A row with its results as one object."""
    new = results(case, options)
    text = json.dumps(new, allow_nan=False)
    if options.only:
        return text
    taken = next((name for name in new if name in case.fields), None)
    if taken is not None:
        raise DataError(
            f"{case.place}: the field {named(taken)} is there already, and would hold the result too",
            hint="--expect compares with it; --prefix TEXT puts TEXT before the results' names",
        )
    if case.raw.startswith("{") and case.fields:
        return f"{case.raw[:-1].rstrip()}, {text[1:]}"
    fields = json.dumps(dict(case.fields), default=str)
    return text if fields == "{}" else f"{fields[:-1]}, {text[1:]}"


def _finite(value: Any) -> Any:
    """A value for JSON: null for what is not finite."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    return json.loads(re.sub("-?inf|nan", "null", str(value.tolist())))


def _delimited(cases: list[Case], files: Any, options: Any, separator: str) -> Iterator[str]:
    """A header, and a line for each row; a gradient's column for every variable of any formula."""
    names = list(dict.fromkeys(name for case in cases for name in _flat(case)))
    names = sorted(names, key=lambda name: not name.startswith("value"))
    heads = [options.prefix + name for name in names] + [options.prefix + "note"] * (
        options.notes or options.bad == "keep"
    )
    own = list(files.example.names)
    keys = dict.fromkeys(name for case in cases for name in case.fields)
    columns = [] if options.only else own if files.formats[0] != "jsonl" else list(keys)
    taken = next((name for name in heads if name in columns), None)
    if taken is not None:
        raise UsageError(
            f"the column {named(taken)} is there already, and would hold the result too",
            hint="--expect compares with it; --prefix TEXT puts TEXT before the results' names",
        )
    yield joined([*columns, *heads], separator)
    for case in cases:
        flat = _flat(case)
        note = [case.bad.report.message if case.bad is not None else case.note] if len(heads) > len(names) else []
        cells = [_cell(case.fields.get(column.strip(), "")) for column in columns]
        yield joined([*cells, *[repr(flat[name]) if name in flat else "" for name in names], *note], separator)


def _flat(case: Case) -> dict[str, float]:
    """The results, a number for each column."""
    return {name + at(place): number for name, value in case.results.items() for place, number in elements(value)}


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
