"""Files in and out: read within a limit, written whole or not at all."""

from __future__ import annotations

import errno
import io
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, cast

from exprgrad.errors import DeliveryError, ExprgradError, FormulaError, UsageError, harmless, shown

MAX_BYTES = 32_000_000  # of a formula
UNFINISHED: set[str] = set()  # files beside their targets, which whoever ends the process removes
PACKINGS = {".gz": "gzip", ".zst": "zstd"}
_DESCRIPTOR = r"/dev/std(?:out|err)|/(?:dev|proc/self)/fd/([0-9]{1,6})"


def destination(out: str | None) -> str | None:
    """The file to write, None for standard output under whatever name."""
    return None if out == "-" or (out is not None and _descriptor(out) == 1) else out


def _descriptor(out: str) -> int | None:
    """The number of the open file that a path stands for, None for any other path."""
    found = re.fullmatch(_DESCRIPTOR, out)  # not compiled at each start
    return None if found is None else int(found[1] or 1 + out.endswith("err"))


def read_formula(path: str) -> str:
    """The text of a formula file, or of standard input for ``-``: UTF-8, a BOM read over.

    Raises DeliveryError if it cannot be read, FormulaError if it is too long or not UTF-8.
    """
    name = "standard input" if path == "-" else shown(path)
    try:
        if path == "-":
            if sys.stdin is None:
                raise DeliveryError("standard input is closed")
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with open(path, "rb") as file:
                data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise DeliveryError(f"cannot read {name}: {reason(error)}") from None
    if len(data) > MAX_BYTES:
        raise FormulaError(f"{name} is longer than {MAX_BYTES:,} bytes, the limit for a formula")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormulaError(
            f"{name} is not UTF-8: byte {error.start} is 0x{data[error.start]:02x}",
            hint="save the file as UTF-8",
        ) from None


def deliver(lines: Iterable[str] | bytes, out: str | None, *sources: str | None) -> None:
    """Writes lines as UTF-8, or bytes, to a file, or to standard output without one; whole or an error.

    ``sources`` are the files that were read, which must not be the one that is written.  All lines are made
    before the first is written, so that an error on the way leaves standard output empty.
    """
    pieces = (
        [lines] if isinstance(lines, bytes) else [line.encode("utf-8", "backslashreplace") + b"\n" for line in lines]
    )
    with writing(out, [source for source in sources if source is not None]) as file:
        file.writelines(pieces)


def not_for_terminals(what: str, to_terminal: bool) -> None:
    """Raises UsageError if bytes that nobody can read would go to a terminal."""
    if to_terminal and on_terminal():
        raise UsageError(f"{what} is nothing for a terminal", hint="write it to a file with --out PATH")


def on_terminal() -> bool:
    """Whether people read standard output as it is written."""
    return sys.stdout is not None and sys.stdout.isatty()


@contextmanager
def writing(out: str | None, sources: Iterable[str], *, passed: bool = False) -> Iterator[BinaryIO]:
    """A file that takes the target's place once all of it is written, or standard output without one.

    A name that ends in .gz or .zst is packed.  ``sources`` are the files that are read, which must
    not be the one that is written; with ``passed`` what is written is text that was read there.
    A closed pipe ends the process (__main__.py leaves that to the operating system).  Raises
    DeliveryError for whatever is not written whole, UsageError for a source.
    """
    if out is None:
        if any(_same(source, 1) for source in sources):
            raise UsageError("standard output is a file that is read", hint="write to another file, and rename it")
        with standard_output() as file:
            yield cast("BinaryIO", _Harmless(file)) if passed and on_terminal() else file
            _settle(file)
        return
    try:
        for source in sources:
            if _same(source, out):
                raise UsageError(
                    f"--out {shown(out)} is a file that is read", hint="write to another file, and rename it"
                )
        with _replacing(out) as file, _packed(file, out) as packed:
            yield packed
    except OSError as error:
        raise DeliveryError(f"cannot write {shown(out)}: {reason(error)}") from None


class _Harmless:
    """A terminal for whole lines that others wrote: nothing in them steers the terminal."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def write(self, data: bytes | memoryview) -> int:
        """Writes lines."""
        return self.file.write(harmless(bytes(data)))

    def flush(self) -> None:
        """Hands on what was written."""
        self.file.flush()


@contextmanager
def _packed(file: BinaryIO, out: str) -> Iterator[BinaryIO]:
    """The file, or what packs into it, then all of it on the disk."""
    packing = PACKINGS.get(os.path.splitext(out.lower())[1])
    if packing is None:
        yield file
    else:
        import pyarrow as pa

        with pa.CompressedOutputStream(pa.PythonFile(Kept(file), mode="w"), packing) as packed:
            yield packed
    _settle(file)


class Kept:
    """A file that stays open when pyarrow is done with it; a writer that was given up may end behind its close."""

    closed = False

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def write(self, data: bytes) -> int:
        """Writes bytes."""
        return len(data) if self.file.closed else self.file.write(data)

    def close(self) -> None:
        """Only says so."""
        self.closed = True


@contextmanager
def standard_output() -> Iterator[BinaryIO]:
    """Standard output for bytes; a DeliveryError if it is closed or does not take all of them."""
    if sys.stdout is None:
        raise DeliveryError("standard output is closed")
    try:
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.flush()
    except ExprgradError:
        with suppress(OSError):
            sys.stdout.flush()  # the rows before a bad one, whatever the buffer
        raise
    except OSError as error:
        sys.stdout = None  # or Python would try, and complain, again at exit
        raise DeliveryError(f"cannot write to standard output: {reason(error)}") from None


def _settle(file: BinaryIO) -> None:
    """Everything that was written goes as far as the disk if there is one."""
    file.flush()
    with suppress(io.UnsupportedOperation):  # a stream of somebody who calls us has no descriptor
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            os.fsync(file.fileno())


@contextmanager
def _replacing(out: str) -> Iterator[BinaryIO]:
    """A new file beside the target that takes its place once it is written; what is open, devices and pipes get it."""
    number = _descriptor(out)
    if number is not None:
        with open(os.dup(number), "wb") as shared:
            yield shared
        return
    if os.path.exists(out) and not os.path.isfile(out):
        with open(out, "wb") as device:
            yield device
        return
    if out.endswith(os.sep):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    target = os.path.realpath(out)
    folder, name = os.path.split(target)
    temporary = os.path.join(folder, f".{name[:40]}.{os.urandom(4).hex()}.tmp")  # numbers of processes come again
    mode = stat.S_IMODE(os.stat(target).st_mode) if os.path.exists(target) else None
    UNFINISHED.add(temporary)
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        with open(descriptor, "wb") as file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            yield file
        os.replace(temporary, target)
    except BaseException:
        _remove(temporary)
        raise
    UNFINISHED.discard(temporary)
    parent = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)


def remove_unfinished() -> None:
    """Removes what no failure has: a signal may come on the way to that too."""
    for path in tuple(UNFINISHED):
        _remove(path)


def _remove(path: str) -> None:
    with suppress(OSError):  # it was never there, or a signal came right behind the replacement
        os.unlink(path)
    UNFINISHED.discard(path)


def _same(source: str, out: str | int) -> bool:
    """Whether the file that was read, ``-`` for standard input, is a file and the one to be written."""
    try:
        read = os.fstat(0) if source == "-" else os.stat(source)
        return stat.S_ISREG(read.st_mode) and os.path.samestat(read, os.stat(out))
    except OSError:
        return False


def reason(error: OSError) -> str:
    """What the operating system says, as a phrase."""
    return (error.strerror or str(error)).lower()
