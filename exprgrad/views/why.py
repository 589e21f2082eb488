"""Why a gradient is what it is, for people: the cause, the gates on the way, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterable

from rich.box import ROUNDED
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from exprgrad.diagnosis.margins import Margin
from exprgrad.diagnosis.why import Why
from exprgrad.style import Style
from exprgrad.views.table import Uncut
from exprgrad.write.why import HEADERS, cells, head, instead, nearest, subject


def show(why: Why, margin: Margin | None, style: Style) -> RenderableType:
    """The whole story, to be printed by rich."""
    parts: list[RenderableType] = [_text(head(why, style))]
    lines = list(cells(why, style))
    if lines:
        table = Table(box=ROUNDED)
        looks = ("", "bold", style.gradient, style.local)
        for header, look in zip(HEADERS, looks, strict=True):
            table.add_column(header, style=look, no_wrap=header in HEADERS[::2], overflow="fold")
        for line in lines:
            table.add_row(*map(Text, line))
        parts += [Text(), Uncut(table)]
    if why.better is not None:
        parts += [Text(), _text(instead(why.better, subject(why), style))]
    if margin is not None:
        parts += [Text(), _text([nearest(why, margin, style)])]
    return Group(*parts)


def _text(lines: Iterable[str]) -> Text:
    """Lines that are not broken, so that they can be pasted."""
    return Text("\n".join(lines), no_wrap=True, overflow="ignore")
