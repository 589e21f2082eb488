"""The catalogue as tables, a section each."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from exprgrad.write import catalogue


def show() -> Group:
    """The catalogue, to be printed by rich."""
    parts: list[Text | Table] = []
    for section, rows in catalogue.rows():
        table = Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
        for header, style in zip(catalogue.HEADERS, ("bold", "", "", "", ""), strict=True):
            table.add_column(header, style=style, overflow="fold")
        for row in rows:
            table.add_row(*map(Text, row))
        parts += [Text(section, style="bold underline"), table]
    return Group(*parts)
