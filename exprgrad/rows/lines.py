"""Rows as JSON Lines."""

from __future__ import annotations

import io
import json
from typing import Any, BinaryIO

import numpy as np
import polars as pl

from exprgrad.errors import DataError, named
from exprgrad.rows.block import Block, Column, gaps
from exprgrad.rows.compute import Answer
from exprgrad.rows.delimited import polars
from exprgrad.rows.jsonl import ESCAPED_KEY, has_key, is_object
from exprgrad.rows.results import Layout

_JSON_NUMBER = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$"


class Writer:
    """Writes rows to a file, an object a line; ``own`` says that they come in this format."""

    def __init__(self, file: BinaryIO, layout: Layout, own: bool) -> None:
        self.file = file
        self.own = own
        prefix = layout.prefix
        self.value, self.grad, self.note = prefix + "value", prefix + "grad", prefix + "note"
        self.layout = layout.check([self.value, self.grad, *[self.note] * layout.noted])

    def format(self, block: Block, answer: Answer) -> bytes:
        """The lines of a block."""
        if not block.rows:
            return b""
        missing = gaps(answer.bad, block.rows)
        made = self._results(answer, missing)
        if self.layout.only:
            return _written(made)
        if self.own:
            self._check(block)
            strange = [row for row in block.bad if not is_object(block.raw[row])]
            rows = block.raw.clone().scatter(strange, "{}")  # what is no object cannot be kept as one
        else:
            frame = polars(self.layout, block)
            self.layout._replace(names=frame.columns).check([self.value, self.grad, *[self.note] * self.layout.noted])
            rows = _lines(frame) if self.layout.header is None else _from_cells(frame)
        return _written(_merged(rows, made))

    def _results(self, answer: Answer, missing: Any) -> pl.Series:
        """The results as objects."""
        noted = answer.notes is not None
        notes = [note or None for note in answer.notes or ()]
        if any(map(_uneven, (answer.value, *answer.gradient.values()))):
            uneven = [
                json.dumps(
                    {
                        self.value: _plain(answer.value, row, missing),
                        self.grad: {name: _plain(column, row, missing) for name, column in answer.gradient.items()},
                        **({self.note: notes[row]} if noted else {}),
                    },
                    ensure_ascii=False,
                    separators=(",", ":"),
                )
                for row in range(len(answer.value))
            ]
            return pl.Series(uneven)
        results = [_numbers(answer.value, missing).alias(self.value)]
        gradient = [_numbers(answer.gradient[name], missing).alias(name) for name in self.layout.gradient]
        if gradient:
            results.append(pl.DataFrame(gradient).to_struct(self.grad))
        if noted:
            results.append(pl.Series(self.note, notes, dtype=pl.String))
        made = _lines(pl.DataFrame(results))
        if not gradient:
            made = made.str.head(-1) + f",{json.dumps(self.grad)}:{{}}}}"
        return made

    def _check(self, block: Block) -> None:
        """Raises DataError if a row has a field already that is to hold a result."""
        names = [self.value, self.grad, *[self.note] * self.layout.noted]
        doubtful = block.raw.str.contains_any([json.dumps(name, ensure_ascii=False) for name in names])
        if block.raw.str.contains("\\u", literal=True).any():
            doubtful |= block.raw.str.contains(ESCAPED_KEY)
        for row in doubtful.arg_true().to_list():
            for name in names:
                if has_key(block.raw[row], name):
                    raise DataError(
                        f"{block.place(row)}: the field {named(name)} is there already, and would hold the result too",
                        hint="--prefix TEXT puts TEXT before the results' names; --only leaves out the input's fields",
                    )

    def write(self, lines: bytes) -> None:
        """Writes what ``format`` made."""
        self.file.write(lines)

    def end(self) -> None:
        """Nothing: a file without rows has no lines."""


def _from_cells(frame: pl.DataFrame) -> pl.Series:
    """Cells of CSV as objects: one that JSON reads as a number is that number, with its digits as they are."""
    parts: list[Any] = []
    for column in frame:
        encoded = column.alias("0").to_frame().select(pl.struct(pl.all()).struct.json_encode()).to_series()
        text = encoded.str.slice(len('{"0":')).str.head(-1)
        if column.dtype == pl.String:
            finite = column.cast(pl.Float64, strict=False).is_finite()
            text = pl.select(
                pl.when(column.str.contains(_JSON_NUMBER) & finite).then(column).otherwise(text)
            ).to_series()
        parts.append(f"{json.dumps(column.name, ensure_ascii=False)}:" + text)
    made = pl.select(pl.concat_str(parts, separator=",")).to_series()
    return "{" + made + "}"


def _merged(rows: pl.Series, results: pl.Series) -> pl.Series:
    """Two objects as one line: the fields of the one, then those of the other."""
    head = rows.str.head(-1).str.strip_chars_end()
    comma = pl.select(pl.when(head == "{").then(pl.lit("")).otherwise(pl.lit(", "))).to_series()
    return head + comma + results.str.slice(1)


def _written(lines: pl.Series) -> bytes:
    """Lines as they stand in a file."""
    found = io.BytesIO()
    lines.to_frame().write_csv(found, include_header=False, quote_style="never")
    return found.getvalue()


def _lines(frame: pl.DataFrame) -> pl.Series:
    """A frame's rows as objects; null for what is not finite."""
    return pl.Series(frame.write_ndjson().split("\n")[:-1], dtype=pl.String)


def _uneven(column: Column) -> bool:
    """Whether arrays of different ranks stand in a column, which make no Series."""
    return isinstance(column, list) and len({np.ndim(value) for value in column}) > 1


def _plain(column: Column, row: int, missing: Any) -> Any:
    """A value as JSON has it: null for what is not finite, and in bad rows."""
    if missing is not None and missing[row]:
        return None
    value = np.asarray(column[row])
    found = value.astype(object)
    found[~np.isfinite(value)] = None
    return found.tolist()


def _numbers(column: Column, missing: Any) -> pl.Series:
    """A column of numbers or of lists of them, null in bad rows."""
    if isinstance(column, list):
        values = [
            None if missing is not None and missing[row] else np.asarray(value).tolist()
            for row, value in enumerate(column)
        ]
        return pl.Series(values, strict=False)
    series = pl.Series(np.ascontiguousarray(column))
    if missing is not None:
        series = pl.select(pl.when(pl.Series(missing)).then(None).otherwise(pl.lit(series))).to_series()
    return series
