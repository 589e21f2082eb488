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


class Grid(NamedTuple):
    """The headers, the rows of cells, and the colour of each column; the first column has the rows' names.

    ``left`` says what is left out.
    """

    headers: list[str]
    rows: list[list[str]]
    colours: list[str]
    left: str = ""

    def flat(self) -> tuple[list[str], list[list[str]]]:
        """The headers and the cells, each of one line, for a table that somebody else draws."""
        headers = [f"`{header}`" if header else "" for header in self.headers]
        return headers, [[" ".join(cell.split("\n")) for cell in row] for row in self.rows]


def write(grid: Grid, to: str, to_terminal: bool, style: Style) -> Iterable[str]:
    """The grid's lines, as a table or as Markdown."""
    if to == "markdown":
        return markdown.write(*grid.flat())
    return draw(Folded(grid, style), to_terminal, style)


class Folded:
    """A grid as it is drawn: as many columns in one table as fit, the others in tables below."""

    def __init__(self, grid: Grid, style: Style) -> None:
        self.grid = grid
        self.style = style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        headers, rows, colours, left = self.grid
        cells = [self.style.cells([shown(row[0], 30), *map(signed, row[1:])]) for row in rows]
        names = self.style.cells([shown(header, 30) for header in headers])
        columns = list(zip(names, *cells, strict=True))
        widths = [max([cell_len(line) for cell in column for line in cell.split("\n")]) for column in columns]
        for group in _groups(widths, options.max_width - 1):
            table = Table(box=ROUNDED, show_lines=any("\n" in cell for at in group for cell in columns[at]))
            for at in group:
                header, style = Text(columns[at][0]), colours[at]
                table.add_column(header, style=style, no_wrap=True, overflow="ignore", width=widths[at])
            for row in zip(*[columns[at][1:] for at in group], strict=True):
                table.add_row(*map(Text, row))
            yield from console.render(Uncut(table), options)
        if left:
            yield Text(left)


def _groups(widths: Sequence[int], room: int) -> list[list[int]]:
    """The columns of each table: the first in all of them, and at least one more."""
    groups: list[list[int]] = []
    left = 0
    for column, width in enumerate(widths[1:], 1):
        if not groups or width + 3 > left:
            groups.append([0])
            left = room - widths[0] - 3
        groups[-1].append(column)
        left -= width + 3
    return groups or [[0]]
