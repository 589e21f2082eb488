"""The catalogue as a table: what each gate is called, what it is, its local gradients."""

from __future__ import annotations

from collections.abc import Iterator

from exprgrad.gates import CATALOGUE, Row

HEADERS = ("gate", "also", "is", "local gradients", "needs")


def rows() -> Iterator[tuple[str, list[tuple[str, ...]]]]:
    """Each section of the catalogue with a line for each of its gates."""
    for section, gates in CATALOGUE.items():
        yield section, [_line(row) for row in gates]


def _line(row: Row) -> tuple[str, ...]:
    aliases = ", ".join(row.aliases)
    if row.gradients is None:
        gradients = "by the chain rule"
    else:
        live = row.live or (None,) * len(row.inputs)
        gradients = ", ".join(
            f"{name}: {text}" + (f" if {condition}" if condition else "")
            for name, text, condition in zip(row.inputs, row.gradients, live, strict=True)
            if text is not None
        )
    return _call(row), aliases, row.value or row.doc, gradients, row.domain or ""


def _call(row: Row) -> str:
    """``leaky_relu(x, slope=0.01)``: the call with its defaults."""
    if not row.defaults:
        return row.call
    plain = len(row.inputs) - len(row.defaults)
    defaults = [f"{name}={value:g}" for name, value in zip(row.inputs[plain:], row.defaults, strict=True)]
    return f"{row.name}({', '.join([*row.inputs[:plain], *defaults])})"
