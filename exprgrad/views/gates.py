"""The catalogue for people: a section each, a gate on the left, what there is to say on the right."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from exprgrad.write import catalogue


def show() -> Group:
    """The catalogue, to be printed by rich."""
    parts: list[Text | Table] = []
    for title, headers, lines in catalogue.sections():
        table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
        table.add_column("gate", style="bold", min_width=16, no_wrap=True)
        table.add_column(f"what it is, its {headers[3]}, what it needs", overflow="fold")
        for gate, aliases, what, gradients, needs in lines:
            said = [what, f"{headers[3]} {gradients}" if gradients else "", needs and f"needs {needs}"]
            said.append(aliases and f"also {aliases}")
            table.add_row(Text(gate), Text("\n".join(filter(None, said))))
        parts += [Text(f"{title}\n", style="underline"), table, Text()]
    return Group(*parts)
