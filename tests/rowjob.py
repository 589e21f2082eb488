"""The command over rows, run in this process: files in a folder, what it wrote and what it said."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import strategies as st

from exprgrad.cli import main

INTERNAL = re.compile(
    r"Traceback|\w(Error|Exception|Warning)\b|[Pp]olars|[Pp]yarrow|numpy\.|\.py\b|\bNone\b|bug of exprgrad"
)


class Done(NamedTuple):
    """How a job ended: its status, what it wrote to standard output, what it said on standard error."""

    status: int
    out: bytes
    err: str

    @property
    def rows(self) -> list[list[str]]:
        """The records of CSV as Python's csv module reads them."""
        return records(self.out)

    @property
    def objects(self) -> list[dict[str, Any]]:
        """The rows of JSON Lines; NaN is no JSON, and a key that stands twice is none of ours."""
        return [json.loads(line, parse_constant=_refused, object_pairs_hook=_once) for line in self.out.splitlines()]


def _refused(name: str) -> None:
    raise AssertionError(name)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len(dict(pairs)) == len(pairs), pairs
    return dict(pairs)


def records(data: bytes, separator: str = ",") -> list[list[str]]:
    """What Python's csv module reads, without blank lines."""
    text = data.decode("utf-8-sig")
    return [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True) if row]


def job(*arguments: str | Path, data: bytes | None = None, typed: str = "") -> Done:
    """Runs the command; ``data`` is what stands on standard input.

    Whatever happens, what it says is short and names nothing of the program's inside, unless somebody ``typed`` it.
    """
    kept, saved = (sys.stdin, sys.stdout, sys.stderr), None
    out, err = io.BytesIO(), io.StringIO()
    sys.stdout, sys.stderr = text, _ = io.TextIOWrapper(out, encoding="utf-8"), err
    try:
        if data is not None:
            with tempfile.TemporaryFile() as file:
                file.write(data)
                file.seek(0)
                saved = os.dup(0)
                os.dup2(file.fileno(), 0)
            sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  closed with the process
        status = main([str(argument) for argument in arguments])
        text.flush()
    finally:
        sys.stdin, sys.stdout, sys.stderr = kept
        if saved is not None:
            os.dup2(saved, 0)
            os.close(saved)
    said = err.getvalue()
    clear(said, typed)
    return Done(status, out.getvalue(), said)


def clear(said: str, typed: str = "") -> None:
    """What is said is short, and names nothing of the program's inside that nobody ``typed``."""
    assert all(found[0] in typed for found in INTERNAL.finditer(said)), said
    assert len(said.splitlines()) <= 25, said
    assert len(said.encode()) <= 4096, said


def refused(*arguments: str | Path, data: bytes | None = None, status: int = 4) -> str:
    """What the command says as it refuses."""
    done = job(*arguments, data=data)
    assert done.status == status, (done.status, done.err)
    assert done.err.startswith("error: ")
    return done.err


def made(*arguments: str | Path, data: bytes | None = None) -> Done:
    """A job that goes well and says nothing."""
    done = job(*arguments, data=data)
    assert (done.status, done.err) == (0, "")
    return done


def lines(*rows: Any) -> bytes:
    """Rows as JSON Lines."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def counted(module: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The arguments of each call from now on of what a module has by this name."""
    calls: list[Any] = []
    what = getattr(module, name)

    def called(*arguments: Any, **options: Any) -> Any:
        calls.append(arguments)
        return what(*arguments, **options)

    monkeypatch.setattr(module, name, called)
    return calls


def table(path: Path) -> Any:
    """The Arrow table that a file holds."""
    if path.suffix == ".parquet":
        return pq.read_table(path, page_checksum_verification=True)
    with pa.OSFile(str(path)) as file:
        return pa.ipc.open_stream(file).read_all()


# cells of any text: what a reader of CSV might stumble over, more often than chance has it
TEXTS = st.lists(
    st.sampled_from(['"', '""', "\n", "\r\n", ",", "\t", " ", "é", "日", "\u2028", "\x0b", "\x1c", "\x85", "1", "nan", "\\",
                     "'", "=", "#", "null", "\x01", "[x]", "a", "b"]),
    max_size=5,
).map("".join)  # fmt: skip
