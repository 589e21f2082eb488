"""A value as the lines of a cell: a number, a small array whole, of a large one a summary."""

from __future__ import annotations

from typing import Any

from exprgrad.values import Value, digits

SMALL = 12  # elements up to which an array is shown whole
_ROW = 24  # characters of a row of an array in one line


def cell(value: Value | None, full: bool) -> str:
    """The lines of a cell; ``full`` shows large arrays whole too."""
    if value is None:
        return ""
    if isinstance(value, float):
        return digits(value)
    if value.size > SMALL and not full:
        from exprgrad.whole import summary

        return "\n".join(f"{name:4} {number:.6g}" for name, number in summary(value).items())
    return "\n".join(_lines(value.tolist()))


def _lines(value: Any) -> list[str]:
    """``[1, 2]`` in one line if it is short, else an element a line; a matrix has its rows below each other."""
    if not isinstance(value, list):
        return [digits(value)]
    if not value:
        return ["[]"]
    parts = [_lines(part) for part in value]
    inner = ", ".join(part[0] for part in parts)
    if not any(isinstance(part, list) for part in value) and len(inner) <= _ROW:
        return [f"[{inner}]"]
    lines = [line for part in parts[:-1] for line in (*part[:-1], f"{part[-1]},")] + parts[-1]
    lines = [("[" if number == 0 else " ") + line for number, line in enumerate(lines)]
    return [*lines[:-1], f"{lines[-1]}]"]
