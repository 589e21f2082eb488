"""Rows as CSV and TSV."""

from __future__ import annotations

import io
import re
from typing import Any, BinaryIO

import numpy as np
import polars as pl

from exprgrad.errors import DataError, shown
from exprgrad.rows.block import Block, Mask, gaps
from exprgrad.rows.cells import joined
from exprgrad.rows.compute import Answer
from exprgrad.rows.results import Layout, even, flat, inputs, once

_DAYS = 95_000_000  # before 1970 and after it; of some more polars cannot write the date, but panics
_SECONDS = _DAYS * 86_400
_FAR = {
    "date32[day]": _DAYS, "date64[ms]": _SECONDS * 1000,
    "timestamp[s]": _SECONDS, "timestamp[ms]": _SECONDS * 1000, "timestamp[us]": _SECONDS * 1_000_000,
    "duration[s]": _SECONDS, **dict.fromkeys(["duration[ms]", "duration[us]", "duration[ns]"], 2**63 - 1),
}  # fmt: skip


class Writer:
    """Writes rows to a file, separated by commas or tabs.

    ``own`` says that they come in this format, ``text`` that they come in cells of text, which stay as they are.
    """

    def __init__(self, file: BinaryIO, layout: Layout, separator: str, own: bool, text: bool) -> None:
        self.file = file
        self.separator = separator
        self.own = own
        self.text = text
        self.layout = layout.check(layout.flat())
        self.lists = {place.columns[0]: name for name, place in layout.places.items() if place.lists}
        self.names: list[str] | None = list(layout.names) if own else None
        self.begun = False

    def format(self, block: Block, answer: Answer) -> tuple[list[str], memoryview]:
        """The names of the input's columns, and the lines of a block."""
        layout, missing = self.layout, gaps(answer.bad, block.rows)
        columns: list[pl.Series] = []
        names: list[str] = []
        if not layout.only:
            if self.own:
                columns.append(block.raw)
            else:
                names, columns = self._others(block, missing)
        columns += [_digits(pl.Series(number), missing) for number in flat(layout, block, answer)]
        if answer.notes is not None:
            columns.append(
                pl.Series([joined([note], self.separator) if note else None for note in answer.notes], dtype=pl.String)
            )
        frame = pl.DataFrame([column.alias(str(number)) for number, column in enumerate(columns)])
        lines = io.BytesIO()
        frame.write_csv(lines, include_header=False, separator=self.separator, quote_style="never")
        return names, lines.getbuffer()

    def _others(self, block: Block, missing: Mask | None) -> tuple[list[str], list[pl.Series]]:
        """The input's columns from another format, as text ready to be written."""
        frame = block.columns if self.text else polars(self.layout, block)
        names: list[str] = []
        columns: list[pl.Series] = []
        for column in frame:
            variable = self.lists.get(column.name)
            if variable is not None:
                found, shape = block.numbers[variable], self.layout.shapes[variable]
                found = even(found, shape, block, f"'{shown(column.name, 30)}'", block.bad)
                for place in np.ndindex(shape):
                    names.append(f"{column.name}[{','.join(map(str, place))}]")
                    numbers = found[:, *place]
                    empty = None if missing is None else missing & np.isnan(numbers)
                    columns.append(_digits(pl.Series(numbers), empty))
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
            objects = column.alias("0").to_frame().select(pl.struct(pl.all()).struct.json_encode()).to_series()
            text = pl.select(
                pl.when(column.is_not_null()).then(objects.str.slice(len('{"0":')).str.head(-1))
            ).to_series()
        elif column.dtype == pl.Duration:
            text = column.dt.to_string("iso")
        else:
            text = column.cast(pl.String)
        if text.str.contains(f'["\r\n\0{re.escape(self.separator)}]').any():
            text = pl.Series([cell if cell is None else joined([cell], self.separator) for cell in text])
        return text

    def write(self, made: tuple[list[str], memoryview]) -> None:
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
        return _from_arrow(columns)
    missing = gaps(block.bad, block.rows)
    found: list[Any] = []
    for name, number in inputs(layout, block).items():
        flat = isinstance(number, np.ndarray) and number.ndim == 1
        if name in columns.columns and not columns[name].dtype.is_nested() and flat:
            found.append(_gapped(name, number, missing))
        elif name in columns.columns:
            found.append(pl.col(name).cast(_of_numbers(columns[name].dtype)))
    return columns.with_columns(found)


def _of_numbers(kind: Any) -> Any:
    """A type of lists of whole numbers as that of lists of float64, any other as it is."""
    if isinstance(kind, pl.List):
        return pl.List(_of_numbers(kind.inner))
    return pl.Float64 if kind.is_numeric() else kind


def _from_arrow(table: Any) -> pl.DataFrame:
    """An Arrow table as polars has it; DataError for a type that text has no way to write, and for a name twice."""
    once(table.schema.names)
    columns = []
    for field, column in zip(table.schema, table.columns, strict=True):
        if not _has_text(field.type):
            raise DataError(
                f"the column '{shown(field.name, 30)}' holds {shown(str(field.type))}, which CSV and JSON have no way "
                "to write",
                hint="--to parquet or --to arrow",
            )
        if any(map(_is_far, getattr(column, "chunks", [column]))):
            raise DataError(
                f"the column '{shown(field.name, 30)}' has a time that is too far away for CSV and JSON",
                hint="--to parquet or --to arrow",
            )
        extended = hasattr(field.type, "storage_type")  # polars has no text for what it has no type for
        columns.append(column.cast(field.type.storage_type) if extended else column)
    try:
        found: Any = pl.from_arrow(type(table).from_arrays(columns, table.schema.names))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        raise DataError("a column holds what CSV and JSON have no way to write", hint="--to parquet") from None
    found.columns = table.schema.names  # polars has a name of its own for a column without one
    # the shortest digits of a float32 are another float64's
    short = [name for name, kind in found.schema.items() if kind in (pl.Float32, getattr(pl, "Float16", pl.Float32))]
    frame: pl.DataFrame = found.with_columns(pl.col(short).cast(pl.Float64))
    return frame


def _is_far(array: Any) -> bool:
    """Whether an Arrow array, or its lists and objects, have a time that polars has no text for."""
    import pyarrow as pa

    kind = array.type
    if isinstance(array, pa.ExtensionArray):
        return _is_far(array.storage)
    if pa.types.is_dictionary(kind):
        return _is_far(array.dictionary)
    if pa.types.is_map(kind):
        return _is_far(array.keys) or _is_far(array.items)
    if pa.types.is_struct(kind):
        return any(map(_is_far, array.flatten()))
    if kind.num_fields:
        return _is_far(array.flatten())
    most = _FAR.get(str(kind).partition(",")[0].removesuffix("]") + "]")  # without a time zone
    if most is None:
        return False
    import pyarrow.compute as pc  # takes a moment

    ends = pc.min_max(array.cast(pa.int32() if pa.types.is_date32(kind) else pa.int64()))
    return any(abs(end) > most for end in ends.as_py().values() if end is not None)


def _has_text(kind: Any) -> bool:
    """Whether polars knows an Arrow type, and can write it as text."""
    import pyarrow.types as is_

    kind = getattr(kind, "storage_type", kind)  # of an extension such as a UUID
    parts = [kind.field(number).type for number in range(kind.num_fields)]
    if is_.is_dictionary(kind):
        parts = [kind.value_type]
    elif not parts:
        return (
            not any(
                test(kind)
                for test in (
                    is_.is_decimal256,
                    is_.is_binary,
                    is_.is_large_binary,
                    is_.is_fixed_size_binary,
                    is_.is_interval,
                )
            )
            and str(kind) != "binary_view"
        )
    elif not (
        is_.is_list(kind)
        or is_.is_large_list(kind)
        or is_.is_fixed_size_list(kind)
        or is_.is_struct(kind)
        or is_.is_map(kind)
    ):
        return False
    return all(map(_has_text, parts))


def _gapped(name: str, number: Any, missing: Any) -> pl.Series:
    """Numbers, and gaps in bad rows where they are NaN."""
    series = pl.Series(name, np.ascontiguousarray(number))
    if missing is None:
        return series
    nothing = pl.Series(missing & np.isnan(number))
    return series.to_frame().select(pl.when(nothing).then(None).otherwise(pl.col(name)).alias(name)).to_series()


def _digits(column: pl.Series, missing: Any) -> pl.Series:
    """A column of float64, as text where some of it has to be written as ``nan`` or as nothing."""
    if missing is not None:
        column = pl.select(pl.when(pl.Series(missing)).then(None).otherwise(pl.lit(column))).to_series()
    if np.isnan(column.to_numpy()).any():  # polars would make a query of it
        column = column.cast(pl.String).replace("NaN", "nan")
    return column
