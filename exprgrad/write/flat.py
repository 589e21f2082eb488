"""A run as one row of a table: the inputs, ``value``, and ``grad.x`` for each input x."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from exprgrad.errors import UsageError
from exprgrad.run import Run


def write(run: Run, delimiter: str) -> Iterator[str]:
    """The header and the row, separated by commas or tabs; floats with all their digits."""
    if "value" in run.inputs:
        raise UsageError(
            "the variable 'value' would share its column with the result", hint="rename it, or use --to json"
        )
    row = {**run.inputs, "value": run.value} | {f"grad.{name}": number for name, number in run.gradient.items()}
    for cells in (row.keys(), map(repr, row.values())):
        line = io.StringIO()
        csv.writer(line, delimiter=delimiter, lineterminator="").writerow(cells)
        yield line.getvalue()
