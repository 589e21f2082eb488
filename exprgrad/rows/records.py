"""Bytes → pieces of whole records, wherever a read happened to stop, and where cells and records end in them.

A record of CSV may have line breaks within quotes (RFC 4180); one of JSON Lines never has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from exprgrad.errors import DataError
from exprgrad.rows.sources import Stream

PIECE = 2_000_000  # bytes that are parsed at a time
MAX_RECORD = 64_000_000  # bytes of one record

_QUOTE, _NEWLINE, _RETURN = b'"\n\r'

Cut = Callable[[bytes], int]


class Piece(NamedTuple):
    """Some whole records, the last one with a line break too, the number of the first line, and how many there are."""

    data: bytes
    line: int
    lines: int


def pieces(stream: Stream, cut: Cut, size: int = PIECE) -> Iterator[Piece | None]:
    """The records of a stream, a BOM and blank lines at the end read over.

    ``cut`` says where the last whole record ends, 0 for none.  What has arrived is handed on before
    there is a wait for more, and None before each wait.
    Raises DataError for a record without end.
    """
    rest, line, wanted = b"", 1, size
    begun = False
    while True:
        parts, length = [rest], len(rest)
        ended = False
        while length < wanted and (length == len(rest) or stream.ready()):
            if not stream.ready():
                yield None
            data = stream.read(wanted - length)
            if not data:
                ended = True
                break
            parts.append(data)
            length += len(data)
        rest = b"".join(parts)
        if not begun and rest:
            begun, rest = True, rest.removeprefix(b"\xef\xbb\xbf")
        if ended:
            rest = rest.rstrip(b"\r\n") + b"\n" if rest.strip(b"\r\n") else b""
            end = len(rest)
        else:
            end = _without_blank_lines(rest, cut(rest))
        if end:
            data, rest, wanted = rest[:end], rest[end:], size
            piece = Piece(data, line, breaks(data))
            yield piece
            line += piece.lines
        elif len(rest) > MAX_RECORD:
            raise DataError(
                f"{stream.name}, line {line}: the row is longer than {MAX_RECORD:,} bytes",
                hint="is a quote left open?",
            )
        else:
            wanted = max(wanted, min(2 * len(rest), MAX_RECORD + 1))
        if ended:
            return


def parted(piece: Piece, cut: Cut, rows: int) -> Iterator[Piece]:
    """A piece in parts of about so many records, each at least one."""
    data, line, start = piece.data, piece.line, 0
    size = len(data) // max(piece.lines, 1) * rows
    while start + size < len(data):
        part = data[start : start + size]
        end = _without_blank_lines(part, cut(part))
        if end:
            yield Piece(part[:end], line, breaks(part[:end]))
            start, line = start + end, line + breaks(part[:end])
        else:
            size = 2 * size + 1
    yield Piece(data[start:], line, piece.line + piece.lines - line) if start else piece


def decoded(piece: Piece, name: str) -> str:
    """The text of a piece of the file of this name; DataError if it is not UTF-8."""
    try:
        return piece.data.decode()
    except UnicodeDecodeError as error:
        line = piece.line + piece.data.count(b"\n", 0, error.start)
        raise DataError(
            f"{name}, line {line} is not UTF-8: byte 0x{piece.data[error.start]:02x}", hint="save the file as UTF-8"
        ) from None


def breaks(data: bytes) -> int:
    """How many line breaks there are."""
    return occurrences(data, b"\n")


def occurrences(data: bytes, byte: bytes) -> int:
    """How often a byte occurs; bytes.count is slow on what is frequent."""
    return int(np.count_nonzero(np.frombuffer(data, np.uint8) == byte[0]))


def _without_blank_lines(data: bytes, end: int) -> int:
    """The end of the last line with something in it: blank lines behind it may be the file's last."""
    some = len(data[:end].rstrip(b"\r\n"))
    return data.find(b"\n", some, end) + 1 if some else 0


def cut_lines(data: bytes) -> int:
    """Behind the last line break."""
    return data.rfind(b"\n") + 1


def cut_records(separator: bytes) -> Cut:
    """Behind the last line break of CSV that is not within quotes."""

    def cut(data: bytes) -> int:
        if b'"' not in data:
            return data.rfind(b"\n") + 1
        ends = layout(data, separator).ends
        return int(ends[-1]) + 1 if len(ends) else 0

    return cut


class Layout(NamedTuple):
    """The places of the separators and of the line breaks that are not within quotes.

    ``regular`` says that quotes stand around whole cells, or doubled inside such, ``open`` that the
    last one is never closed.
    """

    separators: NDArray[np.intp]
    ends: NDArray[np.intp]
    regular: bool = True
    open: bool = False


def layout(data: bytes, separator: bytes) -> Layout:
    """Where cells and records end."""
    found = np.frombuffer(data, np.uint8)
    separators, ends = np.flatnonzero(found == separator[0]), np.flatnonzero(found == _NEWLINE)
    if b'"' not in data:
        return Layout(separators, ends)
    quotes = np.flatnonzero(found == _QUOTE)
    regular = _regular(found, quotes, separator[0])
    spans = quotes if regular else _spans(data, quotes, separator)
    outside = [places[np.searchsorted(spans, places) % 2 == 0] for places in (separators, ends)]
    return Layout(outside[0], outside[1], regular, len(spans) % 2 == 1)


def _regular(found: NDArray[np.uint8], quotes: NDArray[np.intp], separator: int) -> bool:
    """Whether every other quote opens a cell, or doubles the one before it, and those between close one."""
    opening, closing = quotes[::2], quotes[1::2]
    before = np.where(opening > 0, found[opening - 1], _NEWLINE)
    behind = np.where(closing + 1 < len(found), found[np.minimum(closing + 1, len(found) - 1)], _NEWLINE)
    starts = (before == separator) | (before == _NEWLINE) | (before == _QUOTE)
    stops = (behind == separator) | (behind == _NEWLINE) | (behind == _QUOTE) | (behind == _RETURN)
    # a doubled quote within a cell: "" is a closing one and an opening one next to each other
    doubled = np.zeros(len(opening), bool)
    doubled[1:] = opening[1:] == closing[: len(opening) - 1] + 1
    return bool(np.all(starts & ((before != _QUOTE) | doubled)) and np.all(stops))


def _spans(data: bytes, quotes: NDArray[np.intp], separator: bytes) -> NDArray[np.intp]:
    """The quotes that open and close cells, one by one: only one at the start of a cell opens it."""
    spans: list[int] = []
    inside = False
    skip = -1
    for place in quotes.tolist():
        if inside:
            if place == skip:
                continue
            if data[place + 1 : place + 2] == b'"':  # doubled
                skip = place + 1
                continue
            spans.append(place)
            inside = False
        elif place == 0 or data[place - 1] in separator + b"\n":
            spans.append(place)
            inside = True
    return np.array(spans, np.intp)
