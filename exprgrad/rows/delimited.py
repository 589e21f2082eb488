"""Rows as CSV and TSV."""

from __future__ import annotations

import io
import re
from typing import Any, BinaryIO

import numpy as np
import polars as pl

from exprgrad.errors import DataError, shown
from exprgrad.rows.block import Block
from exprgrad.rows.compute import Answer
from exprgrad.rows.csv import joined
from exprgrad.rows.results import Layout, flat, gaps, inputs


class Writer:
    """Writes rows to a file, separated by commas or tabs; ``own`` says that they come in this format."""

    def __init__(self, file: BinaryIO, layout: Layout, separator: str, own: bool) -> None:
        self.file = file
        self.separator = separator
        self.own = own
        self.layout = layout.check(layout.flat())
        self.lists = {place.columns[0]: name for name, place in layout.places.items() if place.lists}
        self.names: list[str] | None = list(layout.names) if own else None
        self.begun = False

    def format(self, block: Block, answer: Answer) -> tuple[list[str], bytes]:
        """The names of the input's columns, and the lines of a block."""
        layout, missing = self.layout, gaps(answer.bad, block.rows)
        columns: list[pl.Series] = []
        names: list[str] = []
        if not layout.only:
            if self.own:
                columns.append(block.raw)
            else:
                names, columns = self._others(block)
        columns += [_digits(pl.Series(number), missing) for number in flat(layout, block, answer)]
        if answer.notes is not None and layout.noted:
            columns.append(
                pl.Series([joined([note], self.separator) if note else None for note in answer.notes], dtype=pl.String)
            )
        frame = pl.DataFrame([column.alias(str(number)) for number, column in enumerate(columns)])
        lines = io.BytesIO()
        frame.write_csv(lines, include_header=False, separator=self.separator, quote_style="never")
        return names, lines.getvalue()

    def _others(self, block: Block) -> tuple[list[str], list[pl.Series]]:
        """The input's columns from another format, as text ready to be written."""
        frame = polars(self.layout, block)
        names: list[str] = []
        columns: list[pl.Series] = []
        for column in frame:
            variable = self.lists.get(column.name)
            shape = (
                () if variable is None else self.layout.gradient.get(variable, np.shape(block.numbers[variable])[1:])
            )
            if variable is not None and not isinstance(block.numbers[variable], list):
                for place in np.ndindex(shape):
                    names.append(f"{column.name}[{','.join(map(str, place))}]")
                    columns.append(_digits(pl.Series(block.numbers[variable][:, *place]), None))
                continue
            names.append(column.name)
            columns.append(self._text(column))
        if self.names is not None and names != self.names:
            strange = next((name for name in names if name not in self.names), None)
            if strange is not None:
                raise DataError(
                    f"{block.place(0)} or one behind it has a field '{shown(strange, 30)}' the first rows lack",
                    hint="--to jsonl keeps it",
                )
            by_name = dict(zip(names, columns, strict=True))
            nothing = pl.Series([None] * block.rows, dtype=pl.String)
            names, columns = self.names, [by_name.get(name, nothing) for name in self.names]
        return names, columns

    def _text(self, column: pl.Series) -> pl.Series:
        """A column's cells as they are written, in quotes where they need it."""
        if column.dtype.is_float():
            return _digits(column, None)
        if column.dtype.is_nested():
            name = len(f'{{"{column.name}":')
            column = (
                column.to_frame()
                .select(pl.struct(pl.all()).struct.json_encode())
                .to_series()
                .str.slice(name)
                .str.head(-1)
            )
        elif column.dtype == pl.Binary:
            raise DataError(
                f"the column '{shown(column.name, 30)}' holds bytes, which CSV has no way to write", hint="--to parquet"
            )
        text = column.cast(pl.String)
        if text.str.contains(f'["\r\n{re.escape(self.separator)}]').any():
            text = pl.Series(
                [cell if cell is None else joined([cell], self.separator) for cell in text], dtype=pl.String
            )
        return text

    def write(self, made: tuple[list[str], bytes]) -> None:
        """Writes what ``format`` made, behind the header."""
        names, lines = made
        if not self.begun:
            self.begin(names)
        self.file.write(lines)

    def begin(self, names: list[str]) -> None:
        """The header."""
        layout = self.layout
        self.begun = True
        if not self.own:
            self.names = names
            layout._replace(names=names).check(layout.flat())
        own = (
            []
            if layout.only
            else [layout.header if self.own and layout.header else joined(list(names or layout.names), self.separator)]
        )
        results = joined(layout.flat(), self.separator)
        self.file.write(self.separator.join([*own, results] if any(own) else [results]).encode() + b"\n")

    def end(self) -> None:
        """The header, if there was no row."""
        if not self.begun:
            self.begin(list(self.layout.names))


def polars(layout: Layout, block: Block) -> pl.DataFrame:
    """A block's columns as polars has them; text that the formula reads as numbers has become numbers."""
    columns = block.columns
    if not isinstance(columns, pl.DataFrame):
        frame: Any = pl.from_arrow(columns)
        return frame  # type: ignore[no-any-return]
    missing = gaps(block.bad, block.rows)
    read = {name: number for name, number in inputs(layout, block).items() if not isinstance(number, list)}
    return columns.with_columns(
        [_gapped(name, number, missing) for name, number in read.items() if name in columns.columns]
    )


def _gapped(name: str, number: Any, missing: Any) -> pl.Series:
    """Numbers, and gaps in bad rows where they are NaN."""
    series = pl.Series(name, np.ascontiguousarray(number))
    if missing is None or not missing.any():
        return series
    nothing = pl.Series(missing & np.isnan(number))
    return series.to_frame().select(pl.when(nothing).then(None).otherwise(pl.col(name)).alias(name)).to_series()


def _digits(column: pl.Series, missing: Any) -> pl.Series:
    """A column of float64, as text where some of it has to be written as ``nan`` or as nothing."""
    if missing is not None:
        column = pl.select(pl.when(pl.Series(missing)).then(None).otherwise(pl.lit(column))).to_series()
    if column.is_nan().any():
        column = column.cast(pl.String).replace("NaN", "nan")
    return column
