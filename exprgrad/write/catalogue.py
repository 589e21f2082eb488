"""The catalogue as a table: what each gate is called, what it is, its local gradients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from exprgrad.gates import CATALOGUE, Row


class Section(NamedTuple):
    """A section of the catalogue: its title, its headers, and a line for each of its gates."""

    title: str
    headers: tuple[str, ...]
    lines: list[tuple[str, ...]]


def sections() -> Iterator[Section]:
    """The catalogue, section by section."""
    for title, gates in CATALOGUE.items():
        rule = "pullbacks" if gates[0].whole else "local gradients"
        headers = ("gate", "also", "is", rule, "needs")
        yield Section(f"{title[0].upper()}{title[1:]}", headers, [_line(row) for row in gates])


def _line(row: Row) -> tuple[str, ...]:
    aliases = ", ".join(row.aliases)
    live = row.live or (None,) * len(row.inputs)
    gradients = ", ".join(
        f"{name}: {text}" + (f" if {condition}" if condition else "")
        for name, text, condition in zip(row.inputs, row.gradients or (), live, strict=True)
        if text is not None
    )
    return _call(row), aliases, row.value or row.doc, gradients, row.domain or ""


def _call(row: Row) -> str:
    """``leaky_relu(x, slope=0.01)``: the call with its defaults and settings."""
    if not row.defaults and not row.params:
        return row.call
    plain = len(row.inputs) - len(row.defaults)
    defaults = [f"{name}={value:g}" for name, value in zip(row.inputs[plain:], row.defaults, strict=True)]
    stated = zip(row.params, row.settings, strict=True)
    settings = [f"*{name}" if row.rest else f"{name}={value}" for name, value in stated]
    return f"{row.name}({', '.join([*row.inputs[:plain], *defaults, *settings])})"
