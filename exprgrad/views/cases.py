"""Rows with formulas of their own for people: the formula, its value, its gradients."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import ROUNDED
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from exprgrad.errors import shown
from exprgrad.rows.each import Case
from exprgrad.style import Style
from exprgrad.views.table import Uncut

_ROOM = 24  # characters, for a number


def show(cases: Sequence[Case], most: int, style: Style) -> RenderableType:
    """The table, to be printed by rich; of many rows the first ones."""
    table = Table(box=ROUNDED)
    table.add_column("formula", overflow="fold")
    values = ["" if case.value is None else style.number(case.value) for case in cases[:most]]
    room = min(_ROOM, max(map(len, values), default=0))
    table.add_column("value", style=style.value, overflow="fold", min_width=room)
    table.add_column("gradients", style=style.gradient, overflow="fold", min_width=_ROOM)
    for case, value in zip(cases, values, strict=False):
        if case.bad is not None:
            line = [shown(case.formula, 60), "", shown(case.bad.report.message, 120)]
            table.add_row(*map(Text, style.cells(line)))
            continue
        gradient = [f"{shown(name, 30)} {style.number(value)}" for name, value in case.gradient.items()]
        line = [shown(" ".join(case.formula.split("\n")), 60), value, ", ".join(gradient)]
        table.add_row(*map(Text, style.cells(line)))
    left = len(cases) - most
    return Group(Uncut(table), *[Text(f"{left:,} more rows; --to jsonl has all")] if left > 0 else [])
