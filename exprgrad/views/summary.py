"""The summary of many rows for people: a line for the value and one for each gradient."""

from __future__ import annotations

from collections.abc import Iterator

from rich.box import ROUNDED
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from exprgrad.errors import shown
from exprgrad.rows.stream import Tally
from exprgrad.rows.summary import Line, Summary
from exprgrad.style import Style
from exprgrad.views.table import Uncut

HEADERS = ("", "mean", "spread", "min", "max", "distribution", "share")
_ROUGH = 4  # digits
_MOST = 40  # lines


def cells(summary: Summary, style: Style) -> Iterator[list[str]]:
    """The cells of each line; numbers rounded."""
    lines = summary.lines()
    for line in lines[:_MOST]:
        found = line.moments
        numbers = (found.mean, found.spread, found.least, found.most) if found.number else ()
        yield [
            shown(line.name, 30),
            *([f"{number:.{style.digits or _ROUGH}g}" for number in numbers] or [""] * 4),
            _bars(line, style),
            "" if line.share is None else f"{line.share:.0%}",
        ]
    if len(lines) > _MOST:
        yield ["…", *[""] * 5, f"{len(lines) - _MOST} more"]


def said(summary: Summary, tally: Tally) -> list[str]:
    """What there is to say about all rows."""
    gradients = [line for line in summary.lines() if line.share is not None]
    rows = f"{tally.rows:,} row{'s' if tally.rows != 1 else ''}"
    parts = [
        rows,
        f"{tally.kinks:,} on a kink or a step",
        f"{tally.strange.rows:,} not finite",
        f"{tally.bad.rows:,} bad",
    ]
    found = [", ".join(parts)]
    if gradients and gradients[0].share:
        name = shown(gradients[0].name.removeprefix("grad."), 30)
        found.append(
            f"{name} matters most: share is the mean size of a gradient times the spread of its input, as a part of all"
        )
    return found


def show(summary: Summary, tally: Tally, style: Style) -> RenderableType:
    """The summary, to be printed by rich."""
    table = Table(box=ROUNDED)
    for header in HEADERS:
        left = header in ("", "distribution")
        table.add_column(header, justify="left" if left else "right", no_wrap=True)
    for line in cells(summary, style):
        table.add_row(*map(Text, style.cells(line)))
    return Group(Uncut(table), *[Text(line) for line in said(summary, tally)])


def _bars(line: Line, style: Style) -> str:
    """The distribution, a bar for each twelfth of the range; an empty one is a point."""
    most = max(line.histogram, default=0)
    empty, bars = style.bars[0], style.bars[1:]
    return "".join(
        [bars[round(count / most * (len(bars) - 1))] if count else empty for count in line.histogram] if most else []
    )
