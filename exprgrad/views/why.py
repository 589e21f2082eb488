"""Why a gradient is what it is, for people: the cause, the gates on the way, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable

from rich.box import ROUNDED
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from exprgrad.diagnosis.margins import Margin
from exprgrad.diagnosis.why import Why
from exprgrad.style import Style
from exprgrad.views.table import Uncut
from exprgrad.write.why import HEADERS, cells, head, instead, nearest, subject

_LINES = 13  # columns of a terminal that the lines between four cells take, and the blanks beside them
_LEAST = 12  # columns for a formula, and for a local gradient


def show(why: Why, margin: Margin | None, style: Style) -> RenderableType:
    """The whole story, to be printed by rich."""
    parts: list[RenderableType] = [_text(head(why, style))]
    lines = [style.cells(line) for line in cells(why, style)]
    if lines:
        parts += [Text(), _Way(lines, style)]
    if why.better is not None:
        parts += [Text(), _text(instead(why.better, subject(why), style))]
    if margin is not None:
        parts += [Text(), Text(nearest(why, margin, style))]
    return Group(*parts)


class _Way:
    """The table of the gates on the way: numbers stay whole, formulas and local gradients share what they leave."""

    def __init__(self, lines: list[list[str]], style: Style) -> None:
        self.lines = lines
        self.style = style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = self.lines
        first, formula, number, local = _widths(lines)
        room = options.max_width - 1 - _LINES - first - number
        if room < min(formula + local, 2 * _LEAST):
            lines = [[*line[:2], line[2].replace(" = ", "\n= "), line[3]] for line in lines]
            number = _widths(lines)[2]
            room = options.max_width - 1 - _LINES - first - number
        folded = formula + local > room
        if folded:
            local = max(min(local, room // 2), room - formula, _LEAST)
            formula = max(min(formula, room - local), _LEAST)
        table = Table(box=ROUNDED, show_lines=folded)
        looks = ("", "bold", self.style.gradient, self.style.local)
        for header, look, width in zip(HEADERS, looks, (first, formula, number, local), strict=True):
            table.add_column(header, style=look, width=width, overflow="fold")
        for line in lines:
            table.add_row(*map(Text, line))
        yield from console.render(Uncut(table), options)


def _widths(lines: list[list[str]]) -> list[int]:
    """The columns of a terminal that the longest line of each column's cells takes."""
    return [
        max([cell_len(part) for cell in column for part in cell.split("\n")])
        for column in zip(HEADERS, *lines, strict=True)
    ]


def _text(lines: Iterable[str]) -> Text:
    """Lines that are not broken, so that they can be pasted."""
    return Text("\n".join(lines), no_wrap=True, overflow="ignore")
