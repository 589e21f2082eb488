"""The way that the inputs took along the gradient, for people: a line a step, the output's course, the end."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.box import ROUNDED
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from exprgrad.calculus.moves import Step
from exprgrad.errors import shown
from exprgrad.style import Style
from exprgrad.views.numbers import cell
from exprgrad.views.table import Uncut
from exprgrad.write.moves import HEADERS, cells, rough

_WIDE = 40  # bars
_MOST = 40  # inputs


def show(way: Sequence[Step], style: Style) -> RenderableType:
    """The steps, a sparkline of the output and the inputs at the start and at the end, to be printed by rich."""
    table = Table(box=ROUNDED)
    lines = [style.cells(line) for line in cells(way, style)]
    headers = HEADERS if any(line[-1] for line in lines) else HEADERS[:-1]
    for header in headers:
        number = header in ("step", "output", "predicted", "actual")
        look = style.value if header == "output" else ""
        table.add_column(header, justify="right" if number else "left", no_wrap=number, overflow="fold", style=look)
    for line in lines:
        table.add_row(*map(Text, line[: len(headers)]))
    values = [step.value for step in way]
    course = f"output {sparkline(values, style)} from {rough(values[0], style)} to {rough(values[-1], style)}"
    return Group(Uncut(table), Text(course), Text(), Uncut(_inputs(way, style)))


def sparkline(values: Sequence[float], style: Style) -> str:
    """A bar for each value, or for as many of them as there is room; what is not finite has none."""
    if len(values) > _WIDE:
        values = [values[place * (len(values) - 1) // (_WIDE - 1)] for place in range(_WIDE)]
    finite = [value for value in values if math.isfinite(value)]
    least, most = min(finite, default=0.0), max(finite, default=0.0)
    empty, bars = style.bars[0], style.bars[1:]
    height = (most / 2 - least / 2) or 1.0  # halves do not overflow
    return "".join(
        [
            bars[round((value / 2 - least / 2) / height * (len(bars) - 1))] if math.isfinite(value) else empty
            for value in values
        ]
    )


def _inputs(way: Sequence[Step], style: Style) -> Table:
    """The inputs at the start and at the end."""
    table = Table(box=ROUNDED)
    for header, look in (("input", "bold"), ("start", ""), ("end", style.value)):
        table.add_column(header, style=look, no_wrap=True, overflow="ignore")
    names = list(way[0].inputs)
    for name in names[:_MOST]:
        ends = [cell(step.inputs[name], style) for step in (way[0], way[-1])]
        table.add_row(*map(Text, style.cells([shown(name, 30), *ends])))
    if len(names) > _MOST:
        table.add_row(Text("…"), Text(f"{len(names) - _MOST:,} more"))
    return table
