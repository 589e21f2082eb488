"""Numbers in rows and columns that have names: a table that is folded where the terminal is too narrow for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.box import ROUNDED
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from exprgrad.errors import shown
from exprgrad.style import Style
from exprgrad.views.numbers import signed
from exprgrad.views.table import Uncut, draw
from exprgrad.write import markdown

MOST = 60  # rows and columns of one table


class Grid(NamedTuple):
    """The headers, the rows of cells, and the colour of each column; the first column has the rows' names."""

    headers: list[str]
    rows: list[list[str]]
    colours: list[str]

    def flat(self) -> tuple[list[str], list[list[str]]]:
        """The headers and the cells, each of one line, for a table that somebody else draws."""
        headers = [f"`{header}`" if header else "" for header in self.headers]
        return headers, [[" ".join(cell.split("\n")) for cell in row] for row in self.rows]


def write(grid: Grid, to: str, to_terminal: bool, style: Style) -> Iterable[str]:
    """The grid's lines, as a table or as Markdown."""
    if to == "markdown":
        return markdown.write(*grid.flat())
    return draw(Folded(grid, style.full), to_terminal, style)


class Folded:
    """A grid as it is drawn: as many columns in one table as fit, the others in tables below."""

    def __init__(self, grid: Grid, full: bool) -> None:
        self.grid = grid
        self.most = max(len(grid.rows), len(grid.headers)) if full else MOST

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        headers, rows, colours = self.grid
        cells = [[shown(row[0], 30), *map(signed, row[1:])] for row in rows[: self.most]]
        columns = list(zip([shown(header, 30) for header in headers], *cells, strict=True))[: self.most + 1]
        widths = [3 + max([cell_len(line) for cell in column for line in cell.split("\n")]) for column in columns]
        for group in _groups(widths, options.max_width - 1):
            table = _table([columns[at] for at in group], [colours[at] for at in group])
            yield from console.render(Uncut(table), options)
        left = max(len(rows), len(headers) - 1) - self.most
        if left > 0:
            yield Text(f"{left:,} more; --full shows all, --to json has all")


def _groups(widths: Sequence[int], room: int) -> list[list[int]]:
    """The columns of each table: the first in all of them, and at least one more."""
    groups: list[list[int]] = []
    left = 0
    for column, width in enumerate(widths[1:], 1):
        if not groups or width > left:
            groups.append([0])
            left = room - widths[0]
        groups[-1].append(column)
        left -= width
    return groups or [[0]]


def _table(columns: Sequence[Sequence[str]], colours: Sequence[str]) -> Table:
    """One table, as wide as its cells are."""
    table = Table(box=ROUNDED, show_lines=any("\n" in cell for column in columns for cell in column))
    for (header, *cells), colour in zip(columns, colours, strict=True):
        width = max([cell_len(line) for cell in (header, *cells) for line in cell.split("\n")])
        table.add_column(Text(header), style=colour, no_wrap=True, overflow="ignore", width=width)
    for row in zip(*[cells for _, *cells in columns], strict=True):
        table.add_row(*map(Text, row))
    return table
