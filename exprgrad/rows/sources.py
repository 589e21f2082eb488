"""Where rows come from: files, globs and standard input, unpacked, in the format that they are in."""

from __future__ import annotations

import glob
import os
import select
import stat
import sys
from collections.abc import Sequence
from typing import IO, Any, BinaryIO

from exprgrad.errors import DataError, DeliveryError, UsageError, shown
from exprgrad.files import reason
from exprgrad.rows.formats import BINARY, is_data, of_rows

_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_FORMAT_MAGIC = {b"PAR1": "parquet", b"ARROW1": "arrow", b"\xff\xff\xff\xff": "arrow"}
_LOOK = 4096  # bytes, for telling tabs from commas
_SPOOL = 16_000_000  # bytes of a pipe that are kept in memory before they go to a temporary file


def paths(words: Sequence[str]) -> list[str]:
    """The files that words stand for: globs in the order of their names, ``-`` for standard input, once.

    Raises DeliveryError for a glob without a file, UsageError for a word that is no file, and for standard
    input that stands twice.
    """
    found: list[str] = []
    for word in words:
        if word == "-" or os.path.exists(word) or (is_data(word) and not glob.has_magic(word)):
            found.append(word)
            continue
        if not glob.has_magic(word):
            raise UsageError(
                f"there is nothing to do with {shown(word)}",
                hint="one formula, in quotes, and files of rows behind it; a variable is -NAME VALUE",
            )
        matches = sorted(glob.glob(word))
        if not matches:
            raise DeliveryError(f"no file matches {shown(word)}")
        found += matches
    if found.count("-") > 1:
        raise UsageError("standard input stands twice among the files", hint="it can be read only once")
    return found


class Stream:
    """The bytes of a file or a pipe, unpacked, as soon as they are there.

    ``size`` is a regular file's in bytes, and ``taken`` how many of them have been read.
    """

    def __init__(self, path: str) -> None:
        self.name = "standard input" if path == "-" else shown(path)
        self.size: int | None = None
        self.taken = 0
        self._packed: Any = None
        self._spool: IO[bytes] | None = None
        try:
            if path == "-":
                if sys.stdin is None:
                    raise DeliveryError("standard input is closed")
                self.file: BinaryIO = open(0, "rb", buffering=0, closefd=False)  # noqa: SIM115  closed by close()
            else:
                self.file = open(path, "rb", buffering=0)  # noqa: SIM115  closed by close()
        except OSError as error:
            raise DeliveryError(f"cannot read {self.name}: {reason(error)}") from None
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def _begin(self) -> None:
        """Finds out what kind of file this is."""
        status = os.fstat(self.file.fileno())
        self.regular = stat.S_ISREG(status.st_mode)
        if self.regular:
            self.size = status.st_size
        self.first = self._look()
        self.packing = next((name for magic, name in _MAGIC.items() if self.first.startswith(magic)), "")
        if self.packing:
            self._unpack()

    def _look(self) -> bytes:
        """The first bytes, as many as tell what this is."""
        found = b""
        magics = (*_MAGIC, *_FORMAT_MAGIC)
        while any(magic != found and magic.startswith(found) for magic in magics):
            more = self._raw(_LOOK)
            found += more
            if not more:
                break
        return found

    def _unpack(self) -> None:
        import pyarrow as pa

        self._packed = pa.CompressedInputStream(pa.PythonFile(_Reader(self), mode="r"), self.packing)
        self.first = self._unpacked(_LOOK)

    def _raw(self, size: int) -> bytes:
        """Bytes as they are in the file; none at its end."""
        try:
            while (data := self.file.read(size)) is None:  # somebody who shares the pipe made it non-blocking
                select.select([self.file], [], [])
        except OSError as error:
            raise DeliveryError(f"cannot read {self.name}: {reason(error)}") from None
        self.taken += len(data)
        return data

    def _unpacked(self, size: int) -> bytes:
        try:
            data: bytes = self._packed.read(size)
        except OSError as error:
            what = "is cut off" if "runcated" in str(error) else "is damaged"
            raise DataError(f"{self.name} {what}: its {self.packing} data cannot be unpacked") from None
        return data

    def read(self, size: int) -> bytes:
        """Some bytes, at most so many, waiting only if there are none yet; none at the end."""
        if self.first:
            data, self.first = self.first[:size], self.first[size:]
            return data
        return self._unpacked(size) if self._packed is not None else self._raw(size)

    def ready(self) -> bool:
        """Whether ``read`` would not have to wait."""
        if self.regular or self.first:
            return True
        return self._packed is None and bool(select.select([self.file], [], [], 0)[0])

    def seekable(self) -> IO[bytes]:
        """The bytes as a file to read in any order; what comes from a pipe is kept in a temporary one."""
        if self.regular and not self.packing:
            return self.file
        import tempfile

        self._spool = spool = tempfile.SpooledTemporaryFile(max_size=_SPOOL)  # noqa: SIM115  closed by close()
        try:
            while data := self.read(1 << 20):
                spool.write(data)
        except OSError as error:
            raise DeliveryError(f"cannot keep {self.name} in a temporary file: {reason(error)}") from None
        spool.seek(0)
        return spool

    def close(self) -> None:
        """Closes the file."""
        self._packed = None  # it has us, where Python does not see that nobody else has
        self.file.close()
        if self._spool is not None:
            self._spool.close()


class _Reader:
    """The packed bytes of a stream, for pyarrow."""

    closed = False

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.begin = stream.first

    def read(self, size: int = -1) -> bytes:
        if self.begin:
            data, self.begin = self.begin, b""
            return data
        return self.stream._raw(size)  # noqa: SLF001  two halves of one thing

    def close(self) -> None:
        """Nothing: the stream closes its file."""


def format_of(stream: Stream, path: str, wanted: str | None) -> str:
    """A stream's format: the one wanted, or that of the file's ending, or what its first bytes look like.

    Raises DataError where the first bytes belie it.
    """
    start = stream.first
    by_bytes = next((name for magic, name in _FORMAT_MAGIC.items() if start.startswith(magic)), "")
    by_name = wanted or of_rows(path)
    if by_bytes in BINARY or by_name in BINARY:
        if by_name in ("", by_bytes):
            return by_bytes
        if start:
            what = by_bytes.capitalize() if by_bytes else f"no {by_name.capitalize()} file"
            hint = "--from says what it is in"
            if by_bytes:
                hint = f"its first bytes are those of {what}: add --from {by_bytes}"
            raise DataError(
                f"{stream.name} is {what}, whatever its name says" if by_bytes else f"{stream.name} is {what}",
                hint=hint,
            )
        raise DataError(f"{stream.name} is empty, which no {by_name.capitalize()} file is")
    if start[:2] in (b"\xff\xfe", b"\xfe\xff") or start[:2].count(0) == start[2:4].count(0) == 1:
        raise DataError(f"{stream.name} is UTF-16, not UTF-8", hint="save it as UTF-8")
    if by_name:
        return by_name
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"{"):
        return "jsonl"
    head = text.partition(b"\n")[0]
    return "tsv" if b"\t" in head and b"," not in head else "csv"
