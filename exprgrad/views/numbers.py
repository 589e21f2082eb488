"""A value as the lines of a cell: a number, a small array whole, of a large one a summary."""

from __future__ import annotations

from typing import Any

from exprgrad.style import Style
from exprgrad.values import Value

SMALL = 12  # elements up to which an array is shown whole
_ROUGH = 6  # digits of a summary
_ROW = 24  # characters of a row of an array in one line


def cell(value: Value | None, style: Style) -> str:
    """The lines of a cell."""
    if value is None:
        return ""
    if isinstance(value, float):
        return style.number(value)
    if value.size > SMALL and not style.full:
        from exprgrad.arithmetic.whole import summary

        return "\n".join(f"{name:4} {number:.{style.digits or _ROUGH}g}" for name, number in summary(value).items())
    return "\n".join(_lines(value.tolist(), style))


def signed(number: str) -> str:
    """A number with a blank where others have a minus, so that digits stand below each other."""
    return f" {number}" if number and number[0] not in "-[(" and "\n" not in number else number


def _lines(value: Any, style: Style) -> list[str]:
    """``[1, 2]`` in one line if it is short, else an element a line; a matrix has its rows below each other."""
    if not isinstance(value, list):
        return [style.number(value)]
    if not value:
        return ["[]"]
    parts = [_lines(part, style) for part in value]
    inner = ", ".join(part[0] for part in parts)
    if not any(isinstance(part, list) for part in value) and len(inner) <= _ROW:
        return [f"[{inner}]"]
    lines = [line for part in parts[:-1] for line in (*part[:-1], f"{part[-1]},")] + parts[-1]
    lines = [("[" if number == 0 else " ") + line for number, line in enumerate(lines)]
    return [*lines[:-1], f"{lines[-1]}]"]
