"""A circuit as a tree from its output to its inputs, for the terminal.

A wire that forks has its branch where it is read first, and an arrow leads there from its other uses.  What
is too deep for a line goes on below, at the margin.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from exprgrad.style import Style
from exprgrad.views.numbers import signed
from exprgrad.views.table import Uncut
from exprgrad.write.drawing import Drawing, Edge

MOST = 400  # lines of one tree
_DEEP = 10  # branches beside each other
_LEAST = 30  # columns of the terminal for the tree itself


class _Step(NamedTuple):
    """A node still to be shown: the edge that led to it, the lines beside its own, whether it is the last branch."""

    node: int
    edge: Edge | None = None
    beside: str = ""
    depth: int = 0
    last: bool = True

    @property
    def branch(self) -> str:
        """What stands before the node."""
        return self.beside + ("└─ " if self.last else "├─ ") if self.depth else ""

    def steps(self, edges: list[Edge]) -> list[_Step]:
        """The nodes behind it, the last one first."""
        beside = self.beside + ("   " if self.last else "│  ") if self.depth else ""
        found = [_Step(edge.source, edge, beside, self.depth + 1, edge is edges[-1]) for edge in edges]
        return found[::-1]


class Line(NamedTuple):
    """The cells of a node: the tree's lines, the wire, its value and gradient, and what stands at this use of it."""

    branch: str
    wire: str
    value: str = ""
    gradient: str = ""
    local: str = ""
    share: str = ""


def lines(drawing: Drawing) -> list[Line]:
    """A line for each use of each wire; of too many, the last line counts the wires that are left."""
    nodes, reads = drawing.nodes, drawing.reads()
    wires = {number for number, node in enumerate(nodes) if node.kind != "constant" or number == drawing.output}
    read = {edge.source for edge in drawing.edges}
    waiting, below = [_Step(drawing.output)], deque(sorted(wires - read - {drawing.output}))
    found: list[Line] = []
    done: set[int] = set()
    while waiting or below:
        step = waiting.pop() if waiting else _Step(below.popleft())
        if len(found) == MOST:
            left = len(wires) - len(done)
            return [*found, Line("", f"… {left:,} more wires; --to json has all")]
        node = nodes[step.node]
        edges = [edge for edge in reads.get(step.node, []) if edge.source in wires]
        cells = (step.edge.local, step.edge.share) if step.edge else ("", "")
        if step.node in done:
            found.append(Line(step.branch, f"{node.label} ↑", "", "", *cells))
        elif edges and step.depth > _DEEP:
            found.append(Line(step.branch, f"{node.label} ↓", "", "", *cells))
            below.append(step.node)
        else:
            done.add(step.node)
            wire = f"{node.label} = {node.rule}" if node.rule else node.label
            found.append(Line(step.branch, wire, node.value, node.gradient, *cells))
            waiting += step.steps(edges)
    return found


def show(drawing: Drawing, style: Style) -> RenderableType:
    """The tree, to be printed by rich."""
    return _Tree(lines(drawing), style)


class _Tree:
    """The lines in columns; what is too long for the terminal is cut, but numbers never."""

    def __init__(self, found: list[Line], style: Style) -> None:
        self.lines = found
        self.style = style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
        look = {"value": self.style.value, "gradient": self.style.gradient, "local": self.style.local or "dim"}
        columns = [
            (header, [header, *map(signed, cells)])
            for header, cells in zip(Line._fields, zip(*self.lines, strict=True), strict=True)
            if header not in ("branch", "wire") and any(cells)
        ]
        room = _room(columns, options.max_width)
        if room < _LEAST:  # the table has them too
            columns = [column for column in columns if column[0] in ("value", "gradient")]
            room = _room(columns, options.max_width)
        table.add_column("wire", no_wrap=True)
        for header, _ in columns:
            table.add_column(header, style=look.get(header, self.style.gradient), no_wrap=True, overflow="ignore")
        for place, line in enumerate(self.lines):
            wire = Text.assemble((line.branch, "dim"), self.style.text(line.wire))
            wire.truncate(max(room, _LEAST), overflow="ellipsis")
            table.add_row(wire, *[Text(cells[place + 1]) for _, cells in columns])
        yield from console.render(Uncut(table), options)


def _room(columns: list[tuple[str, list[str]]], width: int) -> int:
    """What the columns leave of a terminal's width."""
    return width - sum([3 + max(map(cell_len, cells)) for _, cells in columns])
