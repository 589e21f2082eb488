"""The run as a table, one line per wire: what it is, its value, its gradient, its local gradients.

Numbers are never cut: on a terminal that is too narrow for all columns the local gradients stand
below their gate's piece of the formula, then the pieces are broken, and at last the table is wider
than the terminal.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from typing import NamedTuple

from rich.box import ROUNDED, SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from exprgrad.errors import shown
from exprgrad.gates import CONST
from exprgrad.live import digits
from exprgrad.run import Run

MOST = 400  # wires in one table; of more, the first and the last ones are shown
VALUE, GRADIENT = "green", "red"  # the colours of the lecture notes' circuit diagrams
HEADERS = ("wire", "gate", "formula", "value", "gradient", "local gradients")


class Line(NamedTuple):
    """The cells of one wire; ``locals`` has one text for each local gradient, ``output`` marks the output."""

    wire: str
    gate: str
    formula: str
    value: str
    gradient: str
    locals: list[str]
    output: bool = False


def lines(run: Run) -> Iterator[Line]:
    """A line for every wire but constants that are not the output; of too many, one line counts the rest."""
    circuit = run.circuit
    labels = circuit.labels()
    wires = [wire for wire, gate in enumerate(circuit.gates) if gate.op is not CONST or wire == circuit.output]
    left_out = len(wires) - MOST
    for position, wire in enumerate(wires):
        if left_out > 0 and position == MOST // 2:
            yield Line("…", "", f"{left_out:,} more wires; --to json has all", "", "", [])
        if left_out > 0 and MOST // 2 <= position < MOST // 2 + left_out:
            continue
        gate, gradient = circuit.gates[wire], run.gradients[wire]
        yield Line(
            shown(labels[wire], 30),
            gate.op.name,
            circuit.piece(wire) or shown(labels[wire]),
            digits(run.values[wire]),
            "" if gradient is None else digits(gradient),
            [
                f"{shown(labels[source], 30)} {digits(local)}"
                for source, local in zip(gate.inputs, run.locals[wire], strict=False)
                if local is not None
            ],
            wire == circuit.output,
        )


def show(run: Run) -> RenderableType:
    """The table, to be printed by rich."""
    return _Fitting(list(lines(run)))


def draw(renderable: RenderableType, to_terminal: bool) -> list[str]:
    """What rich makes of a renderable: lines for standard output, or plain ones for a file."""
    text = io.StringIO()
    coloured = None if to_terminal else False  # rich looks at FORCE_COLOR and the like
    if to_terminal and sys.stdout is not None and sys.stdout.isatty():
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
    return [line.rstrip() for line in text.getvalue().splitlines()]


class _Fitting:
    """The table in the layout that fits: all columns, or local gradients below the formula."""

    def __init__(self, rows: list[Line]) -> None:
        self.rows = rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        unbounded = options.update(max_width=1_000_000)
        table = _wide(self.rows)
        if Measurement.get(console, unbounded, table).maximum > options.max_width:
            table = _narrow(self.rows)
            needed = Measurement.get(console, unbounded, table).minimum
            options = options.update(max_width=max(options.max_width, needed))
        yield from console.render(table, options)


def _wide(rows: list[Line]) -> Table:
    """Every wire in one line."""
    table = Table(box=ROUNDED)
    for header, style in zip(HEADERS, ("bold", "", "", VALUE, GRADIENT, ""), strict=True):
        table.add_column(header, style=style, no_wrap=True, overflow="ignore")
    for line in rows:
        cells = (
            line.wire,
            line.gate,
            line.formula,
            _signed(line.value),
            _signed(line.gradient),
            ", ".join(line.locals),
        )
        table.add_row(*map(Text, cells), style="bold" if line.output else "")
    return table


def _narrow(rows: list[Line]) -> Table:
    """Local gradients below the formula; only the formula's text may be broken."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1), show_edge=False, pad_edge=False)
    locals_ = [f"↳ {local}" for line in rows for local in line.locals]
    table.add_column(HEADERS[0], style="bold", no_wrap=True, overflow="ignore")
    room = max([len("↳ local gradients"), *map(len, locals_)])
    table.add_column("formula\n↳ local gradients", overflow="fold", min_width=room)
    table.add_column(HEADERS[3], style=VALUE, no_wrap=True, overflow="ignore")
    table.add_column(HEADERS[4], style=GRADIENT, no_wrap=True, overflow="ignore")
    for line in rows:
        piece = "\n".join([line.formula, *[f"↳ {local}" for local in line.locals]])
        cells = (line.wire, piece, _signed(line.value), _signed(line.gradient))
        table.add_row(*map(Text, cells), style="bold" if line.output else "")
    return table


def _signed(number: str) -> str:
    """A number with a blank where others have a minus, so that digits stand below each other."""
    return f" {number}" if number and number[0] != "-" else number
