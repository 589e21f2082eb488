"""Parquet and Arrow files: columns with types, a batch of rows at a time; every other column passes as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from exprgrad.errors import DataError, DeliveryError, shown
from exprgrad.files import reason
from exprgrad.load import CellError
from exprgrad.rows import reader
from exprgrad.rows.block import Block, Column, Place, beside, stacked
from exprgrad.rows.cells import nested, numbers
from exprgrad.rows.reader import Fields
from exprgrad.rows.sources import Stream
from exprgrad.values import Value

BATCH = 1 << 16  # rows
_PIECE = 1 << 20  # bytes that are asked for at once: a damaged file may speak of more than there is memory for


class Batch(NamedTuple):
    """A batch of rows and the number of its first one, counted from 1."""

    table: Any
    first: int


class Reader(reader.Reader):
    """The rows of one Parquet or Arrow file."""

    def __init__(self, stream: Stream, format_: str) -> None:
        super().__init__(stream)
        self.format = format_
        self._parts = 0  # rows of a Parquet file, batches of an Arrow file: their bytes are read in any order
        with self._told():
            self.schema = self._open()
            self.names = list(self.schema.names)
        self.lists = {field.name for field in self.schema if _is_list(field.type) and not _is_time(field.type)}
        shapes: dict[str, tuple[int, ...]] = {}
        self._ahead: list[Any] = []
        if self.lists:
            with self._told():
                first = next((batch for batch in self._batches if batch.num_rows), None)
            if first is not None:
                self._ahead.append(first)
                for name in self.lists:
                    shapes[name] = _shape(first.column(self.names.index(name))[0])
        self.shapes = shapes

    def _open(self) -> Any:
        """The schema; the batches are read later."""
        if self.format == "parquet":
            import pyarrow.parquet as pq

            file = pq.ParquetFile(self.stream.seekable(), page_checksum_verification=True, pre_buffer=False)
            self._batches, self._parts = _parquet(file), file.metadata.num_rows
            return file.schema_arrow
        if self.stream.first.startswith(b"ARROW1"):
            whole = pa.ipc.open_file(self.stream.seekable())
            self._parts = whole.num_record_batches
            self._batches = (whole.get_batch(number) for number in range(self._parts))
            return whole.schema
        reader = pa.ipc.open_stream(pa.PythonFile(_Bytes(self.stream), mode="r"))
        self._batches = iter(reader)
        return reader.schema

    def raw(self) -> Iterator[Batch | None]:
        """The batches, none of them large."""
        row, parts = 1, 0
        while True:
            if not self.stream.ready():
                yield None
            with self._told():
                batch = self._ahead.pop() if self._ahead else next(self._batches, None)
                if batch is None:
                    return
                if self.format == "arrow":
                    batch.validate(full=True)
            if self._parts and self.stream.size is not None:
                parts += batch.num_rows if self.format == "parquet" else 1
                self.stream.taken = self.stream.size * parts // self._parts
            yield from self.parted(Batch(batch, row), BATCH)
            row += batch.num_rows

    def parted(self, piece: Batch, rows: int) -> Iterator[Batch]:
        """Parts of a batch."""
        for start in range(0, piece.table.num_rows, rows):
            yield Batch(piece.table.slice(start, rows), piece.first + start)

    def parse(self, piece: Batch, places: Mapping[str, Place], defaults: Mapping[str, Value]) -> Block:  # noqa: ARG002  every row has every cell
        """The numbers of some columns."""
        table, bad, found = piece.table, dict[int, str](), dict[str, Column]()
        for name, place in places.items():
            parts = [self._numbers(table, column, place.lists, bad) for column in place.columns]
            found[name] = beside(parts, place.shape)
        return Block(
            table.num_rows, found, bad, lambda row: f"{self.stream.name}, row {piece.first + row}", list, lambda: table
        )

    def fields(self, block: Block) -> Iterator[Fields]:
        """The values that are not null."""
        table = block.columns
        for number, field in enumerate(table.schema):
            if _is_time(field.type) and not _is_list(field.type):  # Python's own end sooner, without nanoseconds
                table = table.set_column(number, field.name, table.column(number).cast(pa.string()))
        try:
            rows = table.to_pylist()
        except (ValueError, OverflowError):
            raise DataError(
                f"{self.stream.name}: there is a time within a list or an object that is too fine or too far away",
                hint="leave that column out",
            ) from None
        for row in rows:
            yield Fields({name: value for name, value in row.items() if value is not None}, "")

    def _numbers(self, table: Any, name: str, lists: bool, bad: dict[int, str]) -> Column:
        """The numbers of a column, or its lists of them; what has none is noted in ``bad``."""
        column = table.column(self.names.index(name))
        kind = column.type
        if pa.types.is_dictionary(kind):
            column, kind = column.dictionary_decode(), kind.value_type
        if lists:
            return _lists(column, name, bad)
        if str(kind) in ("string", "large_string", "string_view"):  # of numbers, if they come from CSV
            import polars as pl

            found, wrong = numbers(pl.Series(pl.from_arrow(column)))
            for place, why in wrong.items():
                bad.setdefault(place, f"column '{shown(name, 30)}': {why}")
            return found
        if not (
            pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind) or kind == pa.null()
        ):
            raise DataError(
                f"{self.stream.name}: column '{shown(name, 30)}' holds {shown(str(kind))}, not numbers",
                hint="convert it to float64 first",
            )
        if pa.types.is_decimal(kind):
            column = column.cast(pa.string())  # as a decimal, 3.30 would become 3.3000000000000003
        if column.type != pa.float64():
            column = column.cast(pa.float64(), safe=False)
        if column.null_count:
            for row in np.flatnonzero(column.is_null()):
                bad.setdefault(int(row), f"column '{shown(name, 30)}': the cell is empty")
            column = column.fill_null(np.nan)
        return column.to_numpy()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What pyarrow cannot read is told as a DataError."""
        try:
            yield
        except (pa.ArrowException, OSError, ValueError, EOFError) as error:
            if isinstance(error, OSError) and error.errno is not None:  # the system's, not pyarrow's own
                raise DeliveryError(f"cannot read {self.stream.name}: {reason(error)}") from None
            what = "fails its checksum" if "CRC" in str(error) else "is damaged"
            raise DataError(f"{self.stream.name} {what}, or is no {self.format.capitalize()} file") from None


def _parquet(file: Any) -> Iterator[Any]:
    """The batches of a Parquet file, a row group at a time; its own threads would wait for ours."""
    for group in range(file.num_row_groups):
        yield from file.iter_batches(batch_size=BATCH, row_groups=[group], use_threads=False)


def _is_time(kind: Any) -> bool:
    """Whether a type is of times, or of lists of them."""
    while _is_list(kind):
        kind = getattr(kind.value_type, "storage_type", kind.value_type)  # of an extension
    return bool(pa.types.is_temporal(kind) and not pa.types.is_interval(kind))


def _is_list(kind: Any) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _lists(column: Any, name: str, bad: dict[int, str]) -> Column:
    """A column of lists as an array if they have one length, a value a row if not."""
    flat = column.flatten()
    lengths = set(column.value_lengths().unique().to_pylist()) if len(column) else set()
    if len(lengths) == 1 and not column.null_count and not flat.null_count and _is_number(flat.type):
        return flat.cast(pa.float64(), safe=False).to_numpy().reshape(len(column), -1)
    values: list[Any] = []
    for row, value in enumerate(column.to_pylist()):
        try:
            values.append(nested(value))
        except CellError as error:
            values.append(None)
            bad.setdefault(row, f"column '{shown(name, 30)}': {error}")
    return stacked(values)


def _is_number(kind: Any) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _shape(value: Any) -> tuple[int, ...]:
    try:
        return tuple(np.shape(nested(value.as_py())))
    except CellError:
        return ()


class _Bytes:
    """A stream as a file that pyarrow reads from front to end."""

    closed = False

    def __init__(self, stream: Stream) -> None:
        self.stream = stream

    def read(self, size: int = -1) -> bytes:
        parts: list[bytes] = []
        while size > 0:
            data = self.stream.read(min(size, _PIECE))
            if not data:
                break
            parts.append(data)
            size -= len(data)
        return b"".join(parts)
