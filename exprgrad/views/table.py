"""The run as a table, one line per wire: what it is, its value, its gradient, its local gradients.

Numbers are never cut: on a terminal that is too narrow for all columns the local gradients stand
below their gate's piece of the formula, then the pieces are broken, and at last the table is wider
than the terminal.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.box import ROUNDED, SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from exprgrad.errors import shown
from exprgrad.files import on_terminal
from exprgrad.gates import CONST
from exprgrad.run import Run
from exprgrad.style import Style
from exprgrad.values import dims, shape
from exprgrad.views.numbers import cell, signed
from exprgrad.write.pullbacks import Pullbacks

MOST = 400  # wires in one table; of more, the first and the last ones are shown
RULE = 200  # characters of what a whole-array gate does with the gradient
HEADERS = ("wire", "gate", "shape", "formula", "value", "gradient", "local gradients")


class Line(NamedTuple):
    """The cells of one wire; ``locals`` has one text for each local gradient, ``output`` marks the output."""

    wire: str
    gate: str
    shape: str
    formula: str
    value: str
    gradient: str
    locals: list[str]
    output: bool = False


def lines(run: Run, style: Style) -> Iterator[Line]:
    """A line for every wire but constants that are not the output; of too many, one line counts the rest."""
    circuit = run.circuit
    labels = circuit.labels()
    pullbacks = Pullbacks(run, labels)
    wires = [wire for wire, gate in enumerate(circuit.gates) if gate.op is not CONST or wire == circuit.output]
    left_out = len(wires) - MOST
    for position, wire in enumerate(wires):
        if left_out > 0 and position == MOST // 2:
            yield Line("…", "", "", f"{left_out:,} more wires; --to json has all", "", "", [])
        if left_out > 0 and MOST // 2 <= position < MOST // 2 + left_out:
            continue
        gate, value = circuit.gates[wire], run.values[wire]
        yield Line(
            shown(labels[wire], 30),
            gate.op.name,
            dims(shape(value)) if shape(value) else "",
            circuit.piece(wire) or shown(labels[wire]),
            cell(value, style),
            cell(run.gradients[wire], style),
            [*_locals(run, wire, labels, pullbacks, style)],
            wire == circuit.output,
        )


def cells(run: Run, style: Style) -> tuple[list[str], Iterator[list[str]]]:
    """The headers and the cells, each of one line, for a table that somebody else draws."""
    every = list(lines(run, style))
    gone = 2 if not any(line.shape for line in every) else None
    rows = ([*line[:6], ", ".join(line.locals)] for line in every)
    tidy = ([" ".join(cell.split("\n")) for k, cell in enumerate(row) if k != gone] for row in rows)
    return [header for k, header in enumerate(HEADERS) if k != gone], tidy


def _locals(run: Run, wire: int, labels: Sequence[str], pullbacks: Pullbacks, style: Style) -> Iterator[str]:
    """``x 3`` for each local gradient; what a whole-array gate hands on is ``x: d[out]*y``."""
    gate = run.circuit.gates[wire]
    for source, local in zip(gate.inputs, run.locals[wire], strict=False):
        if local is not None:
            yield f"{shown(labels[source], 30)} {style.number(local)}"
    if gate.op.whole:
        yield from [f"{shown(one[0], 30)}: {shown(one[1], RULE)}" for one in pullbacks.of(wire) if one]


def show(run: Run, style: Style) -> RenderableType:
    """The table, to be printed by rich."""
    return _Fitting([_printable(line, style) for line in lines(run, style)], style)


def _printable(line: Line, style: Style) -> Line:
    wire, gate, extent, formula, value, gradient = style.cells(line[:6])
    return Line(wire, gate, extent, formula, value, gradient, style.cells(line.locals), line.output)


def draw(renderable: RenderableType, to_terminal: bool, style: Style) -> list[str]:
    """What rich makes of a renderable: lines for standard output, or plain ones for a file."""
    text = io.StringIO()
    coloured = None if to_terminal else False  # rich looks at FORCE_COLOR and the like
    if to_terminal and on_terminal():
        coloured = True
    columns = os.environ.get("COLUMNS", "")
    strange = columns != "" and not (columns.isascii() and columns.isdigit() and 0 < len(columns.lstrip("0")) < 5)
    console = Console(
        file=text,
        force_terminal=coloured,
        width=80 if strange else None,
        highlight=False,
        emoji=False,
        markup=False,
        _environ={key: value for key, value in os.environ.items() if not (strange and key == "COLUMNS")},
    )
    console.print(renderable, crop=False)
    return [style.text(line.rstrip()) for line in text.getvalue().splitlines()]


class Uncut:
    """A table that is as wide as its columns need, however narrow the terminal is."""

    def __init__(self, table: Table) -> None:
        self.table = table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        needed = Measurement.get(console, options.update(max_width=1_000_000), self.table).minimum
        yield from console.render(self.table, options.update(max_width=max(options.max_width, needed)))


class _Fitting:
    """The table in the layout that fits: all columns, or local gradients below the formula."""

    def __init__(self, rows: list[Line], style: Style) -> None:
        self.rows = rows
        self.style = style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        columns = _columns(self.rows)
        if sum([3 + width for _, width, _ in columns]) < options.max_width:
            yield from console.render(_wide(columns, self.rows, self.style), options)
            return
        yield from console.render(Uncut(_narrow(self.rows, self.style)), options)


def _columns(rows: list[Line]) -> list[tuple[str, int, list[str]]]:
    """The wide table's headers, widths and cells; rich would measure them as slowly as it draws."""
    cells = [(*line[:4], signed(line.value), signed(line.gradient), _joined(line.locals)) for line in rows]
    found = [(header, list(column)) for header, column in zip(HEADERS, zip(*cells, strict=True), strict=True)]
    return [
        (header, _widest([header, *column]), column)
        for header, column in found
        if header != "shape" or any(line.shape for line in rows)
    ]


def _widest(cells: list[str]) -> int:
    """The columns of the terminal that the longest line of some cells takes."""
    return max([cell_len(line) for cell in cells for line in cell.split("\n")])


def _wide(columns: list[tuple[str, int, list[str]]], rows: list[Line], style: Style) -> Table:
    """Every wire in one line."""
    table = Table(box=ROUNDED, show_lines=any("\n" in line.value for line in rows))
    styles = {"wire": "bold", "value": style.value, "gradient": style.gradient, "local gradients": style.local}
    for header, width, _ in columns:
        table.add_column(header, style=styles.get(header, ""), no_wrap=True, overflow="ignore", width=width)
    for line, *cells in zip(rows, *[column for _, _, column in columns], strict=True):
        table.add_row(*map(Text, cells), style="bold" if line.output else "")
    return table


def _narrow(rows: list[Line], style: Style) -> Table:
    """Local gradients below the formula; only the formula's text may be broken."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1), show_edge=False, pad_edge=False)
    shaped = any(line.shape for line in rows)
    locals_ = [f"↳ {local}" for line in rows for local in line.locals if ": " not in local]
    names = [f"{line.wire}\n{line.shape}" if line.shape else line.wire for line in rows]
    values, gradients = [signed(line.value) for line in rows], [signed(line.gradient) for line in rows]

    table.add_column("wire\nshape" if shaped else "wire", style="bold", no_wrap=True, overflow="ignore")
    room = max([len("↳ local gradients"), *map(len, locals_)])
    table.add_column("formula\n↳ local gradients", overflow="fold", min_width=room)
    table.add_column("value", style=style.value, no_wrap=True, overflow="ignore")
    table.add_column("gradient", style=style.gradient, no_wrap=True, overflow="ignore")
    for line, name, value, gradient in zip(rows, names, values, gradients, strict=True):
        piece = "\n".join([line.formula, *[f"↳ {local}" for local in line.locals]])
        table.add_row(*map(Text, (name, piece, value, gradient)), style="bold" if line.output else "")
    return table


def _joined(locals_: list[str]) -> str:
    """Local gradients in one line, rules each in one of their own."""
    return ("\n" if any(": " in local for local in locals_) else ", ").join(locals_)
