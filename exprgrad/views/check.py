"""An audit of gradients for people: a line an input, and a sentence for each that has more to it."""

from __future__ import annotations

from rich.box import ROUNDED
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from exprgrad.audit.check import Audit
from exprgrad.style import Style
from exprgrad.views.table import Uncut
from exprgrad.write.check import HEADERS, MOST, cells, said, where

_LOOKS = {"input": "bold", "verdict": "bold"}


def show(audit: Audit, style: Style) -> RenderableType:
    """The table, to be printed by rich."""
    table = Table(box=ROUNDED)
    looks = _LOOKS | {"gradient": style.gradient}
    lines = [style.cells(line) for line in cells(audit, style)]
    for header, *column in zip(HEADERS, *lines, strict=True):
        width = max(map(cell_len, [header, *column]))
        table.add_column(header, style=looks.get(header, ""), no_wrap=True, overflow="ignore", min_width=width)
    for line in lines:
        table.add_row(*map(Text, line))
    told = [(where(one), said(one, style)) for one in sorted(audit.verdicts, key=lambda one: one.holds)[:MOST]]
    parts: list[RenderableType] = [Uncut(table), *[Text(f"{name}: {sentence}") for name, sentence in told if sentence]]
    if any(one.place for one in audit.verdicts):
        parts.append(Text("of an array, the element that has most to say"))
    if audit.lines < audit.elements:
        parts.append(Text(f"{audit.elements:,} elements, looked at along {audit.lines:,} lines"))
    return Group(*parts)
