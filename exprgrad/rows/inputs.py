"""The files of a job: each with what reads its format, all of them as one."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from typing import Any

from exprgrad.alike import meant
from exprgrad.errors import DataError, named
from exprgrad.rows.reader import Reader
from exprgrad.rows.sources import Stream, format_of, paths


def reader(stream: Stream, format_: str) -> Reader:
    """What reads a stream's rows; only its format's libraries are imported."""
    if format_ in ("csv", "tsv"):
        from exprgrad.rows import csv

        _let_signals_in()
        return csv.Reader(stream, "," if format_ == "csv" else "\t")
    if format_ == "jsonl":
        from exprgrad.rows import jsonl

        _let_signals_in()
        return jsonl.Reader(stream)
    from exprgrad.rows import arrow

    return arrow.Reader(stream, format_)


class Files:
    """The files of a job, one after the other; all have the columns of ``example``, the first that has a row."""

    def __init__(self, words: tuple[str, ...], from_: str | None) -> None:
        self.words = paths(words)
        self.from_ = from_
        self.taken = 0  # bytes that the pieces so far are of
        self.total: int | None = 0
        self.formats: list[str] = []
        self.opened: dict[int, Reader] = {}
        self.streams: list[Stream] = []
        self.example: Reader
        try:
            self._look()
        except BaseException:
            self.close()
            raise

    def _look(self) -> None:
        """A first look at every file, before any of them is read."""
        for number, path in enumerate(self.words):
            stream, format_ = self._stream(path)
            self.formats.append(format_)
            found = reader(stream, format_)
            self.total = None if self.total is None or stream.size is None else self.total + stream.size
            if not number:
                self.example = self.opened[0] = found
                continue
            if self.example.empty:
                self.example = found
            _same_columns(self.example, found)
            if stream.regular and path != "-":
                stream.close()
            else:  # a pipe can be read only once
                self.opened[number] = found

    def raw(self, most: int = sys.maxsize) -> Iterator[Any]:
        """Pieces of all files, of about so many rows at most, each with its reader; None before a wait."""
        _let_signals_in()
        for number, path in enumerate(self.words):
            rows = self.opened.pop(number, None) or reader(*self._stream(path))
            _same_columns(self.example, rows)
            before, begun = self.taken, self.taken
            for piece in rows.raw():
                if piece is None:
                    yield None
                    continue
                parts = [*rows.parted(piece, most)]
                size = begun + rows.stream.taken - before
                for count, part in enumerate(parts, 1):
                    self.taken = before + size * count // len(parts)
                    yield rows, part
                before = self.taken
            self.taken = begun + rows.stream.taken
            rows.stream.close()

    def _stream(self, path: str) -> tuple[Stream, str]:
        """A file, which is closed with the others at the latest, and its format."""
        stream = Stream(path)
        self.streams.append(stream)
        return stream, format_of(stream, path, self.from_)

    def close(self) -> None:
        """Closes all files."""
        for stream in self.streams:
            stream.close()


def _let_signals_in() -> None:
    """Has SIGINT end a wait for rows, for a thread or for a reader.

    polars takes the signal when it is imported, hands it on, and has the system take the wait up again.
    """
    if "polars" in sys.modules and hasattr(signal, "siginterrupt"):
        signal.siginterrupt(signal.SIGINT, True)


def _same_columns(first: Reader, other: Reader) -> None:
    """Raises DataError for a file whose columns are not those of the first one."""
    if other.empty or (first.loose and other.loose):
        return
    mine, theirs = list(first.names), list(other.names)
    if first.loose or other.loose:
        mine.sort()
        theirs.sort()
    if mine == theirs:
        odd = next((name for name in mine if (name in first.lists) != (name in other.lists)), None)
        if odd is None:
            return
        kinds = ("a list", "no list") if odd in other.lists else ("no list", "a list")
        raise DataError(
            f"{other.stream.name} has {kinds[0]} in each cell of {named(odd)}, and {first.stream.name} {kinds[1]}",
            hint="files of one run have the same columns",
        )
    missing = next((name for name in mine if name not in theirs), None)
    more = next((name for name in theirs if name not in mine), None)
    if missing is not None:
        what = f"has no column {named(missing)}, which {first.stream.name} has"
        raise DataError(
            f"{other.stream.name} {what}",
            hint=meant(missing, theirs, "its ", named) or "files of one run have the same columns",
        )
    what = (
        f"has a column {named(more)} more than {first.stream.name}"
        if more
        else f"has the columns of {first.stream.name} in another order"
    )
    raise DataError(f"{other.stream.name} {what}", hint="files of one run have the same columns")
