"""The true numbers beside float64's, for people: a line a gate, then the value and the gradients."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import ROUNDED
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from exprgrad.precise.precise import Precise
from exprgrad.style import Style
from exprgrad.views.numbers import signed
from exprgrad.views.table import Uncut
from exprgrad.write.precise import HEADERS, gates, results, sentences

_NUMBERS = slice(2, 4)


def show(found: Precise, style: Style) -> RenderableType:
    """The table and a sentence, to be printed by rich."""
    every, last = ([style.cells(row) for row in rows] for rows in (gates(found, style), results(found, style)))
    lines = sentences(found, found.run.arrays and not style.full)
    return Group(_Fitting(every, last, style), *map(Text, lines))


class _Fitting:
    """The table in the layout that fits: the true number beside float64's, or below it."""

    def __init__(self, gates: list[list[str]], results: list[list[str]], style: Style) -> None:
        self.gates = gates
        self.results = results
        self.style = style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        headers: Sequence[str] = HEADERS
        parts = [[_signed(row) for row in rows] for rows in (self.gates, self.results)]
        if sum([3 + width for width in _widths(headers, parts)]) >= options.max_width:
            headers = [*HEADERS[:2], "float64\ntrue", *HEADERS[4:]]
            parts = [[_stacked(row) for row in rows] for rows in parts]
        table = Table(box=ROUNDED)
        looks = {"wire": "bold", "float64": self.style.gradient, "true": self.style.value}
        for header, width in zip(headers, _widths(headers, parts), strict=True):
            folds = header == "formula" and len(headers) < len(HEADERS)
            table.add_column(
                header, style=looks.get(header, ""), no_wrap=not folds, overflow="fold" if folds else "ignore",
                min_width=min(width, 12) if folds else width,
            )  # fmt: skip
        for rows in parts:
            for number, row in enumerate(rows, 1):
                marked = "bold" if row[-1].endswith("--") else ""
                table.add_row(*map(Text, row), style=marked, end_section=number == len(rows))
        yield from console.render(Uncut(table), options)


def _signed(row: list[str]) -> list[str]:
    return [*row[:2], *map(signed, row[_NUMBERS]), *row[4:]]


def _stacked(row: list[str]) -> list[str]:
    """The true number below float64's, unless it is the same."""
    used, true = row[_NUMBERS]
    return [*row[:2], used if true.strip() in ("", "same") else f"{used}\n{true}", *row[4:]]


def _widths(headers: Sequence[str], parts: Sequence[list[list[str]]]) -> list[int]:
    rows = [list(headers), *[row for rows in parts for row in rows]]
    return [max([cell_len(line) for cell in column for line in cell.split("\n")]) for column in zip(*rows, strict=True)]
