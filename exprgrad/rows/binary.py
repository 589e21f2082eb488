"""Rows as Parquet, its pages with checksums, and as Arrow's stream."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from exprgrad.errors import DataError, shown
from exprgrad.files import Kept
from exprgrad.rows.block import Block, Column, Mask, gaps
from exprgrad.rows.compute import Answer
from exprgrad.rows.results import Layout, flat, once

_GROUP = 1 << 16  # rows that are collected from a slow source before they are written


class Writer:
    """Writes rows to a file as Parquet or as Arrow."""

    def __init__(self, file: BinaryIO, layout: Layout, format_: str, schema: Any) -> None:
        self.file = file
        self.format_ = format_
        self.schema = schema  # of the input, if it is one of these formats
        self.layout = layout
        self.writer: Any = None
        self.waiting: list[Any] = []
        self.results: list[str] = []  # their names

    def format(self, block: Block, answer: Answer) -> Any:
        """A block as an Arrow table."""
        layout, missing = self.layout, gaps(answer.bad, block.rows)
        columns: dict[str, Any] = {}
        metadata = None
        if not layout.only:
            table = block.columns if self.schema is not None else _from_text(layout, block)
            metadata = table.schema.metadata
            once(table.schema.names)
            columns = {name: table.column(number) for number, name in enumerate(table.schema.names)}
        results = self._results(block, answer, missing)
        self.results = list(results)
        layout._replace(names=list(columns)).check(self.results)
        fields = [] if layout.only else list(table.schema)
        columns |= results
        schema = pa.schema([*fields, *[pa.field(name, column.type) for name, column in results.items()]], metadata)
        return pa.Table.from_arrays(list(columns.values()), schema=schema)

    def _results(self, block: Block, answer: Answer, missing: Mask | None) -> dict[str, Any]:
        """The results: a column of numbers, or of lists for what came in lists."""
        layout, prefix = self.layout, self.layout.prefix
        found: dict[str, Any] = {}
        if any(place.shape for place in layout.places.values()):  # elements in columns of their own
            for name, column in zip(layout.flat(), flat(layout, block, answer), strict=False):
                found[name] = _numbers(column, missing)
        else:
            found[prefix + "value"] = _lists(answer.value, missing)
            for name in layout.gradient:
                found[f"{prefix}grad.{name}"] = _lists(answer.gradient[name], missing)
        if answer.notes is not None:
            found[prefix + "note"] = pa.array([note or None for note in answer.notes], pa.string())
        return found

    def write(self, table: Any) -> None:
        """Writes what ``format`` made, enough rows at a time."""
        self.waiting.append(table)
        if sum(one.num_rows for one in self.waiting) >= _GROUP:
            self._flush()

    def _flush(self) -> None:
        if not self.waiting:
            return
        schema = _together([table.schema for table in self.waiting])
        schema = pa.schema(sorted(schema, key=lambda field: field.name in self.results), schema.metadata)
        try:
            if self.writer is None:
                self._begin(schema)
            table = pa.concat_tables([self._cast(table) for table in self.waiting])
            self.waiting = []
            if self.format_ == "parquet":
                _check_seconds(table)
            self.writer.write_table(table)
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:  # the latter for seconds without milliseconds
            raise DataError(
                f"a column holds what {self.format_.capitalize()} has no way to write: {shown(str(error))}",
                hint="--to arrow keeps all types" if self.format_ == "parquet" else "--to jsonl",
            ) from None

    def _begin(self, schema: Any) -> None:
        self.begun = schema
        if self.format_ == "arrow":
            self.writer = pa.ipc.new_stream(pa.PythonFile(Kept(self.file), mode="w"), schema)
            return
        import pyarrow.parquet as pq

        texts = [
            field.name for field in schema if not (pa.types.is_floating(field.type) or pa.types.is_nested(field.type))
        ]
        self.writer = pq.ParquetWriter(  # zstd takes twice as long, for gradients a twentieth smaller
            pa.PythonFile(Kept(self.file), mode="w"), schema, compression="snappy", use_dictionary=texts,
            write_page_checksum=True,
        )  # fmt: skip

    def _cast(self, table: Any) -> Any:
        """A later table in the types of the first."""
        if table.schema.equals(self.begun):
            return table
        strange = next((name for name in table.schema.names if name not in self.begun.names), None)
        if strange is not None:
            raise DataError(
                f"a row has a field '{shown(strange, 30)}' that the first rows have not",
                hint="--to jsonl keeps rows as they are",
            )
        for field in self.begun:
            if field.name not in table.schema.names:
                table = table.append_column(field, pa.nulls(table.num_rows, field.type))
        table = table.select(self.begun.names)
        try:
            return table.cast(self.begun)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise DataError(
                f"the rows have other types than the first ones: {shown(str(error))}",
                hint="--to jsonl keeps rows as they are",
            ) from None

    def end(self) -> None:
        """The end of the file, with an empty table if there was no row."""
        self._flush()
        if self.writer is None:
            self._begin(self._empty())
        self.writer.close()

    def _empty(self) -> Any:
        layout = self.layout
        fields = [] if layout.only else list(self.schema or [pa.field(name, pa.string()) for name in layout.names])
        note = layout.prefix + "note"
        results = [pa.field(name, pa.string() if name == note else pa.float64()) for name in layout.flat()]
        return pa.schema([*fields, *results])


def _check_seconds(table: Any) -> None:
    """Raises ArrowInvalid for seconds that are no milliseconds, which Parquet has instead: pyarrow 21 wraps them."""
    for column in table.columns:
        if pa.types.is_timestamp(column.type) and column.type.unit == "s":
            column.cast(pa.timestamp("ms", column.type.tz))


def _together(schemas: list[Any]) -> Any:
    """The schema of tables of which some lack columns, or have narrower types in them."""
    if all(schema.equals(schemas[0]) for schema in schemas):
        return schemas[0]
    try:
        return pa.unify_schemas(schemas, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return schemas[0]  # the table that does not fit is told of with its types


def _from_text(layout: Layout, block: Block) -> Any:
    """The columns of a text format as an Arrow table."""
    from exprgrad.rows.delimited import polars  # not imported from Parquet to Parquet

    frame = polars(layout, block)
    try:
        return frame.to_arrow()
    except pa.ArrowInvalid:
        raise DataError(
            f"{block.place(0)} or one behind it holds a whole number that is too large for Parquet and Arrow",
            hint="--to jsonl keeps it",
        ) from None


def _numbers(column: NDArray[np.float64], missing: Mask | None) -> Any:
    """A column of float64, with gaps in some rows."""
    numbers = np.ascontiguousarray(column)
    if missing is not None:
        return pa.array(numbers, mask=missing)
    # pa.array would import numpy.ma first, to see that this is none of its arrays: 3 % of a run
    return pa.Array.from_buffers(pa.float64(), len(numbers), [None, pa.py_buffer(numbers)])


def _lists(column: Column, missing: Mask | None) -> Any:
    """A column of numbers, or of lists of them."""
    if isinstance(column, list):
        values = [
            None if missing is not None and missing[row] else np.asarray(value).tolist()
            for row, value in enumerate(column)
        ]
        rank = max([np.ndim(value) for value in column], default=0)
        kind: Any = pa.float64()
        for _ in range(rank):
            kind = pa.list_(kind)
        if any(np.ndim(value) != rank for value in values if value is not None):
            raise DataError("rows of lists and of numbers make no column", hint="--to jsonl keeps them as they are")
        return pa.array(values, kind)
    if column.ndim == 1:
        return _numbers(column, missing)
    rows = column if missing is None else column[~missing]  # Parquet has no gap with elements in it
    found: Any = _numbers(rows.ravel(), None)
    for axis in range(rows.ndim - 1, 1, -1):
        count = int(np.prod(rows.shape[:axis]))
        found = pa.ListArray.from_arrays(pa.array(np.arange(count + 1) * rows.shape[axis]), found)
    ends = np.cumsum(np.full(len(column), column.shape[1]) if missing is None else ~missing * column.shape[1])
    offsets = pa.array(np.concatenate([[0], ends]), pa.int32())
    return pa.ListArray.from_arrays(offsets, found, mask=None if missing is None else pa.array(missing))
