"""CSV and TSV: a header, then rows.

Three ways of reading, each for what the one before leaves: columns of numbers read at once, columns of
text whose cells are looked at, and Python's csv module record by record.  They agree wherever the
faster one does not decline.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl

from exprgrad.errors import DataError, shown
from exprgrad.load import CellError, number
from exprgrad.rows import reader
from exprgrad.rows.block import Block, Place, beside
from exprgrad.rows.cells import joined, numbers
from exprgrad.rows.reader import Fields
from exprgrad.rows.records import MAX_RECORD, Layout, Piece, breaks, cut_records, decoded, layout, occurrences, pieces
from exprgrad.rows.sources import Stream
from exprgrad.values import Value

_MAX_COLUMNS = 100_000
_WRONG = {  # what Python's csv module says, and what we do
    "new-line": (
        "a carriage return stands alone in it",
        "save the file with \\n or \\r\\n line ends, or put the cell in quotes",
    ),
    "expected after": ("a cell goes on behind its closing quote", 'a quote inside a cell in quotes is doubled: ""'),
    "field limit": (f"a cell is longer than {MAX_RECORD:,} bytes", "is a quote left open?"),
}
_LINE = "\x01"  # a separator that no line has: the whole line is one cell
# polars would unpack what begins like packed data, and leave a BOM out: a cell may well begin with x^2
_PACKED = (b"x\x01", b"x^", b"x\x9c", b"x\xda", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xef\xbb\xbf")


class Reader(reader.Reader):
    """The rows of one CSV file.

    Raises DataError for a file without a header, and for whatever is no CSV.
    """

    def __init__(self, stream: Stream, separator: str = ",") -> None:
        super().__init__(stream, cut_records(separator.encode()))
        self.separator = separator
        self._pieces = pieces(stream, self.cut)
        first = next(filter(None, self._pieces), None)
        if first is None:
            raise DataError(f"{stream.name} is empty", hint="its first line is to name the columns")
        data = first.data.lstrip(b"\r\n")
        line = first.line + first.data[: len(first.data) - len(data)].count(b"\n")
        where = f"{stream.name}, line {line}"
        self._check(Piece(data, line, 0))
        places = layout(data, separator.encode())
        end = int(places.ends[0]) + 1 if len(places.ends) else len(data)
        if not len(places.ends):
            raise DataError(f"{where}: a quote is never closed")
        self.header = data[:end].rstrip(b"\r\n").decode()
        if "\r" in self.header:
            raise DataError(
                f"{where}: lines end in a carriage return alone", hint="save it with \\n or \\r\\n line ends"
            )
        self.names = _cells(self.header, separator, where)
        if len(self.names) > _MAX_COLUMNS:
            raise DataError(f"{where}: {len(self.names):,} columns are more than {_MAX_COLUMNS:,}, the limit")
        self._first = Piece(data[end:], line + breaks(data[:end]), breaks(data[end:]))

    def raw(self) -> Iterator[Piece | None]:
        """The records behind the header."""
        if self._first.data:
            yield self._first
        yield from self._pieces

    def parse(self, piece: Piece, places: Mapping[str, Place], defaults: Mapping[str, Value]) -> Block:  # noqa: ARG002  every row has every cell
        """The numbers of some columns."""
        self._check(piece)
        data = piece.data
        returns = b"\r" in data and b'"' not in data
        if returns:
            data = data.replace(b"\r\n", b"\n")
            returns = b"\r" in data
        elif b"\r" in data:
            returns = data.count(b"\r") != data.count(b"\r\n")
        wanted = sorted({self.names.index(column) for place in places.values() for column in place.columns})
        packed = data.startswith(_PACKED)
        columns = None if packed else self._at_once(data, piece.lines, wanted)
        if columns is not None:
            return self._block(piece, data, piece.lines, columns, {}, places)
        found = layout(data, self.separator.encode())
        if found.open:
            start = int(found.ends[-1]) + 1 if len(found.ends) else 0
            raise DataError(f"{self._place(piece.line, data, start)}: a quote is never closed")
        if packed or returns or not found.regular or not self._rectangular(found):
            return self._by_record(piece, data, found, wanted, places)
        columns, bad = self._numbers(data, wanted)
        return self._block(piece, data, len(found.ends), columns, bad, places)

    def _block(
        self,
        piece: Piece,
        data: bytes,
        rows: int,
        columns: Mapping[int, Any],
        bad: dict[int, str],
        places: Mapping[str, Place],
    ) -> Block:
        """The block of a piece whose records have as many cells as the header."""

        def place(row: int) -> str:
            start = int(layout(data, self.separator.encode()).ends[row - 1]) + 1 if row else 0
            return self._place(piece.line, data, start)

        return Block(
            rows,
            self._gathered(columns, places),
            bad,
            place,
            lambda: _records(data, self.separator.encode(), rows, piece.lines),
            lambda: self._named(self._texts(data, list(range(len(self.names))))),
        )

    def _place(self, line: int, data: bytes, start: int) -> str:
        """The file and the line at a place of a piece that begins with this line."""
        return f"{self.stream.name}, line {line + breaks(data[:start])}"

    def fields(self, block: Block) -> Iterator[Fields]:
        """The cells that are not empty."""
        for row, (cells, line) in enumerate(zip(block.columns.iter_rows(named=True), block.raw, strict=True)):
            yield Fields({name.strip(): cell for name, cell in cells.items() if cell}, line, block.bad.get(row, ""))

    def _check(self, piece: Piece) -> None:
        """Raises DataError for bytes that no text has."""
        data = piece.data
        place = data.find(b"\0")
        if place >= 0:
            raise DataError(f"{self._place(piece.line, data, place)} has a NUL byte", hint="save the file as UTF-8")
        if not data.isascii():
            decoded(piece, self.stream.name)

    def _at_once(self, data: bytes, rows: int, wanted: list[int]) -> dict[int, Any] | None:
        """The numbers of a piece in which every cell is one; None for any other.

        polars refuses records that are too long; if there are as many separators as there should
        be, none is too short.
        """
        if len(wanted) < len(self.names) or b'"' in data or not rows:
            return None
        if occurrences(data, self.separator.encode()) != rows * (len(self.names) - 1):
            return None
        found, bad = self._numbers(data, wanted, texts=False)
        return found if not bad and all(len(column) == rows for column in found.values()) else None

    def _rectangular(self, found: Layout) -> bool:
        """Whether every record has as many cells as the header."""
        inner, ends = len(self.names) - 1, found.ends
        if len(found.separators) != inner * len(ends):
            return False
        if not inner:
            return True
        first, last = found.separators[::inner], found.separators[inner - 1 :: inner]
        return bool(np.all(last < ends) and np.all(first[1:] > ends[:-1]))

    def _read(self, data: bytes, types: list[Any], wanted: list[int]) -> pl.DataFrame:
        """These columns of a piece, by polars."""
        return pl.read_csv(
            data, has_header=False, schema={str(k): kind for k, kind in enumerate(types)},
            new_columns=None, columns=wanted, separator=self.separator, glob=False,
        )  # fmt: skip

    def _texts(self, data: bytes, wanted: list[int]) -> pl.DataFrame:
        return self._read(data, [pl.String] * len(self.names), wanted)

    def _numbers(self, data: bytes, wanted: list[int], texts: bool = True) -> tuple[dict[int, Any], dict[int, str]]:
        """The numbers of these columns, and what is wrong with rows; without ``texts`` none if there is a doubt."""
        if not wanted:
            return {}, {}
        types = [pl.Float64 if k in wanted else pl.String for k in range(len(self.names))]
        try:
            frame = self._read(data, types, wanted)
        except pl.exceptions.PolarsError:
            pass
        else:
            if not any(column.null_count() for column in frame):
                found = {k: column.to_numpy() for k, column in zip(wanted, frame, strict=True)}
                if not any(np.isinf(column).any() for column in found.values()):
                    return found, {}
        columns: dict[int, Any] = {}
        bad: dict[int, str] = {}
        if not texts:
            return columns, {0: ""}
        for k, column in zip(wanted, self._texts(data, wanted), strict=True):
            columns[k], wrong = numbers(column)
            for row, why in wrong.items():
                bad.setdefault(row, f"column '{shown(self.names[k], 30)}': {why}")
        return columns, bad

    def _gathered(self, columns: Mapping[int, Any], places: Mapping[str, Place]) -> dict[str, Any]:
        """The columns by variable; those of the elements of an array side by side."""
        found = {}
        for name, place in places.items():
            parts = [columns[self.names.index(column)] for column in place.columns]
            found[name] = beside(parts, place.shape)
        return found

    def _by_record(
        self, piece: Piece, data: bytes, found: Layout, wanted: list[int], places: Mapping[str, Place]
    ) -> Block:
        """Record by record: rows of another length, blank lines, quotes inside cells."""
        lines: list[int] = []
        rows: list[list[str]] = []
        texts: list[str] = []
        bad: dict[int, str] = {}
        columns: dict[int, list[float]] = {k: [] for k in wanted}
        start = 0
        for end in found.ends.tolist():
            line = piece.line + data.count(b"\n", 0, start)
            record = data[start:end].decode().removesuffix("\r")
            start = end + 1
            if not record and len(self.names) > 1:
                continue
            cells = _cells(record, self.separator, f"{self.stream.name}, line {line}")
            row, given = len(rows), len(cells)
            if given != len(self.names):
                over = [f"'{shown(cell, 15)}'" for cell in cells[len(self.names) :]]
                more = f"; left over: {', '.join(over[:3])}{' …' * (len(over) > 3)}" if over else ""
                bad[row] = f"{given} cell{'s' if given != 1 else ''} where the header has {len(self.names)}{more}"
                cells = [*cells, *[""] * len(self.names)][: len(self.names)]
                record = joined(cells, self.separator)
            for k in wanted:
                try:
                    columns[k].append(number(cells[k]))
                except CellError as error:
                    columns[k].append(np.nan)
                    bad.setdefault(row, f"column '{shown(self.names[k], 30)}': {error}")
            lines.append(line)
            rows.append(cells)
            texts.append(record)
        arrays = {k: np.array(column) for k, column in columns.items()}
        return Block(
            len(rows),
            self._gathered(arrays, places),
            bad,
            lambda row: f"{self.stream.name}, line {lines[row]}",
            lambda: pl.Series(texts, dtype=pl.String),
            lambda: self._named(
                pl.DataFrame(rows, schema=[(str(k), pl.String) for k in range(len(self.names))], orient="row")
            ),
        )

    def _named(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The columns under their names, for another format; an empty cell, in quotes or not, is null."""
        twice = next((name for name in self.names if self.names.count(name) > 1), None)
        if twice is not None:
            raise DataError(
                f"{self.stream.name} has the column '{shown(twice, 30)}' twice, which only CSV can have",
                hint="rename one of them",
            )
        return frame.select(pl.all().replace("", None)).rename(dict(zip(frame.columns, self.names, strict=True)))


def _cells(record: str, separator: str, where: str) -> list[str]:
    """The cells of one record, as strictly as RFC 4180."""
    csv.field_size_limit(MAX_RECORD)
    try:
        return next(csv.reader([record], delimiter=separator, strict=True)) or [""]
    except csv.Error as error:
        why, hint = next(
            (told for part, told in _WRONG.items() if part in str(error)), ("it is no CSV", "is a quote out of place?")
        )
        raise DataError(f"{where}: {why}", hint=hint) from None


def _records(data: bytes, separator: bytes, rows: int, lines: int) -> pl.Series:
    """The records as they stand in the file, without their line breaks."""
    if rows == lines:
        try:
            frame = pl.read_csv(data, has_header=False, schema={"line": pl.String}, separator=_LINE, quote_char=None)
        except pl.exceptions.PolarsError:  # a line has that separator
            frame = pl.DataFrame()
        if frame.height == rows:
            return frame.to_series().fill_null("")
    ends = layout(data, separator).ends
    starts = [0, *(ends[:-1] + 1).tolist()]
    text = [data[a:b].decode().removesuffix("\r") for a, b in zip(starts, ends.tolist(), strict=True)]
    return pl.Series(text, dtype=pl.String)
