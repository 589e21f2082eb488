"""JSON Lines: an object a line; polars reads the fields that the formula needs, or Python line by line."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl

from exprgrad.errors import DataError, shown
from exprgrad.load import CellError
from exprgrad.rows import reader
from exprgrad.rows.block import Block, Column, Place, beside, stacked
from exprgrad.rows.cells import nested, plain
from exprgrad.rows.reader import Fields
from exprgrad.rows.records import Piece, decoded, occurrences, pieces
from exprgrad.rows.sources import Stream
from exprgrad.values import Value

MAX_DEPTH = 32  # levels of lists and objects in a row; of some hundred Arrow and polars lose their way
_BLANK = " \t\r\n"
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_BRACKET = re.compile(r"[\[\]{}]")
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_MINUS_NOTHING = re.compile(rb"-0(?![.0-9eE])")
_TOO_LARGE = 10**400
ESCAPED_KEY = r'\\u[^"]*"[ \t\r]*:'


class Reader(reader.Reader):
    """The rows of one file of JSON Lines."""

    loose = True

    def __init__(self, stream: Stream) -> None:
        super().__init__(stream)
        self._pieces = pieces(stream, self.cut)
        self._first = next((piece for piece in self._pieces if piece and piece.data.strip(_BLANK.encode())), None)
        first = {} if self._first is None else self._example(self._first)
        self.empty = self._first is None
        self.names = list(first)
        self.lists = {name for name, value in first.items() if isinstance(value, list)}
        self.shapes = {name: _shape(first[name]) for name in self.lists}

    def _example(self, piece: Piece) -> dict[str, Any]:
        """The first row that is one; DataError if no line of the piece is."""
        wrong: list[DataError] = []
        for number, text in enumerate(decoded(piece, self.stream.name).split("\n"), piece.line):
            if text.strip(_BLANK):
                try:
                    return row(text)
                except CellError as error:
                    where = f"{self.stream.name}, line {number}"
                    wrong.append(DataError(f"{where}: {error}", hint='a row is {"x": 1, "y": 2}'))
        raise wrong[0]

    def raw(self) -> Iterator[Piece | None]:
        """The lines."""
        if self._first is not None:
            yield self._first
        yield from self._pieces

    def parse(self, piece: Piece, places: Mapping[str, Place], defaults: Mapping[str, Value]) -> Block:
        """The numbers of some fields; blank lines are no rows."""
        lines = [line.strip(_BLANK) for line in decoded(piece, self.stream.name).split("\n")]
        kept = [number for number, line in enumerate(lines) if line]
        rows = [lines[number] for number in kept]

        def place(row: int) -> str:
            return f"{self.stream.name}, line {piece.line + kept[row]}"

        bad: dict[int, str] = {}
        opened = occurrences(piece.data, b"{") + occurrences(piece.data, b"[")
        deep = opened > len(rows) + MAX_DEPTH - 1 and any(map(_too_deep, rows))
        numbers = None if deep else _at_once(piece.data, places, len(rows))
        if numbers is None:
            numbers, bad = _by_line(rows, places, defaults)
        return Block(
            len(rows),
            numbers,
            bad,
            place,
            lambda: pl.Series(rows, dtype=pl.String),
            lambda: _frame(rows, bad, place),
        )

    def fields(self, block: Block) -> Iterator[Fields]:
        """The objects."""
        for line in block.raw:
            try:
                yield Fields(row(line), line)
            except CellError as error:
                yield Fields({}, line, str(error))


def row(line: str) -> dict[str, Any]:
    """The object of a line.  Raises CellError for anything else, a key that stands twice too."""
    if _too_deep(line):
        raise CellError(f"the row is nested more than {MAX_DEPTH} levels deep, the limit")
    try:
        value = json.loads(
            line, object_pairs_hook=_object, parse_constant=_constant, parse_int=_whole, parse_float=_float
        )
    except ValueError as error:
        why = str(error).partition(":")[0].removesuffix(" at").lower()
        raise CellError(f"it is no JSON: {shown(why)}") from None
    if not isinstance(value, dict):
        raise CellError("it is no JSON object")
    return value


def _too_deep(line: str) -> bool:
    """Whether the lists and objects of a line are within each other beyond the limit."""
    if line.count("{") + line.count("[") <= MAX_DEPTH:
        return False
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub("", line)):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def _is_text(line: str) -> bool:
    """Whether all characters of an object are whole."""
    try:
        json.dumps(json.loads(line, parse_int=_whole), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def is_object(line: str) -> bool:
    """Whether a line is a JSON object."""
    try:
        return not _too_deep(line) and isinstance(json.loads(line, parse_constant=_constant, parse_int=_whole), dict)
    except (CellError, ValueError):
        return False


def has_key(line: str, key: str) -> bool:
    """Whether a line is a JSON object with this key."""
    return is_object(line) and key in json.loads(line, parse_int=_whole)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise CellError(f"the key '{shown(twice, 30)}' stands twice")
    return found


def _constant(name: str) -> float:
    raise CellError(f"{name} is no JSON; null stands for a missing number")


def _whole(digits: str) -> int | float:
    """A whole number; a float if it is beyond what Python reads, or -0."""
    return int(digits) if len(digits) < 4000 and digits != "-0" else _float(digits)


def _float(digits: str) -> int | float:
    """A number; one that is too large for a float64 stays so, for whoever needs it as one to say."""
    number = float(digits)
    return number if number - number == 0 else _TOO_LARGE


def _at_once(data: bytes, places: Mapping[str, Place], rows: int) -> dict[str, Column] | None:
    """The numbers by polars, None if it does not find every one of them exactly once."""
    schema: dict[str, Any] = {}
    for place in places.values():
        for column in place.columns:
            schema[column] = pl.List(pl.Float64) if place.lists else pl.Float64
            key = json.dumps(column, ensure_ascii=False).encode()
            if data.count(key + b":") != rows or any(key + blank in data for blank in (b" ", b"\t", b"\r")):
                return None
    if not schema or (b"\\u" in data and re.search(ESCAPED_KEY.encode(), data)):
        return None
    try:
        frame = pl.read_ndjson(data, schema=schema)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None
    if frame.height != rows or any(column.null_count() for column in frame):
        return None
    if b"-0" in data and _MINUS_NOTHING.search(data):
        return None  # polars reads 0, and float() and CSV -0.0
    found: dict[str, Column] = {}
    for name, place in places.items():
        parts = [_rectangle(frame[column]) if place.lists else frame[column].to_numpy() for column in place.columns]
        if any(part is None for part in parts):
            return None
        found[name] = beside(parts, place.shape)
    return found


def _rectangle(lists: pl.Series) -> Any:
    """Lists of one length as an array, None if they are not."""
    lengths = lists.list.len().to_numpy()
    flat = lists.explode()
    if flat.null_count() or not lengths.any() or np.any(lengths != lengths[0]):
        return None
    return flat.to_numpy().reshape(-1, lengths[0])


def _by_line(
    rows: list[str], places: Mapping[str, Place], defaults: Mapping[str, Any]
) -> tuple[dict[str, Column], dict[int, str]]:
    """The numbers by Python's json, and what is wrong with rows."""
    columns: dict[str, list[Any]] = {name: [] for name in places}
    bad: dict[int, str] = {}
    for number, line in enumerate(rows):
        try:
            fields = row(line)
        except CellError as error:
            bad[number] = str(error)
            fields = {}
        for name, place in places.items():
            try:
                columns[name].append(_value(fields, place, defaults.get(name)))
            except CellError as error:
                columns[name].append(None)
                bad.setdefault(number, str(error))
    return {name: stacked(values) for name, values in columns.items()}, bad


def _value(fields: Mapping[str, Any], place: Place, default: Any) -> Any:
    """A variable's value in a row, or its default.  Raises CellError."""
    values = []
    for column in place.columns:
        if column not in fields:
            if default is not None:
                return default
            raise CellError(f"there is no '{shown(column, 30)}'")
        try:
            values.append(plain(fields[column]) if place.shape else nested(fields[column]))
        except CellError as error:
            raise CellError(f"field '{shown(column, 30)}': {error}") from None
    return np.array(values).reshape(place.shape) if place.shape else values[0]


def _shape(value: Any) -> tuple[int, ...]:
    try:
        return tuple(np.shape(nested(value)))
    except CellError:
        return ()


def _frame(rows: list[str], bad: Collection[int], place: Callable[[int], str]) -> pl.DataFrame:
    """The fields as columns, for another format; what is no object has none."""
    if any(not is_object(rows[row]) for row in bad):
        rows = [line if row not in bad or is_object(line) else "{}" for row, line in enumerate(rows)]
    for row, line in enumerate(rows):
        if "\\u" in line:
            half = _HALF.search(line) and not _is_text(line)
            if half or _NUL.search(line):
                what = "half a character, \\ud800 to \\udfff, stands alone in it" if half else "it has a NUL, \\u0000"
                raise DataError(f"{place(row)}: {what}", hint="--to jsonl keeps it")
    try:
        return pl.read_ndjson("\n".join(rows).encode(), infer_schema_length=None)
    except pl.exceptions.PolarsError:
        raise DataError(
            f"{place(0)} and those behind it have fields that make no columns", hint="--to jsonl keeps them as they are"
        ) from None
