"""Tables as Markdown: a run's wires, and the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence


def write(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a Markdown table; cells are code, so nothing in them is markup."""
    yield f"| {' | '.join(headers)} |"
    yield f"|{'---|' * len(headers)}"
    for row in rows:
        yield f"| {' | '.join(map(code, row))} |"


def code(cell: str) -> str:
    """A cell as code: fenced by more backticks than it contains, its bars escaped."""
    if not cell:
        return ""
    fence = "`"
    while fence in cell:
        fence += "`"
    space = " " if cell.startswith("`") or cell.endswith("`") else ""
    return f"{fence}{space}{cell.replace('|', chr(92) + '|')}{space}{fence}"
