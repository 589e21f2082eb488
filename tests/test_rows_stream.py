"""How rows come in: through pipes and packed files, a piece at a time, in order whoever computes them."""

from __future__ import annotations

import errno
import gc
import gzip
import io
import os
import select
import signal
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import closing, nullcontext, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from exprgrad.errors import DataError
from exprgrad.jobs.rows import _progress
from exprgrad.rows import arrow, records
from exprgrad.rows.formats import by_ending
from exprgrad.rows.inputs import Files
from exprgrad.rows.sources import Stream
from exprgrad.rows.stream import _large, in_order
from exprgrad.views import progress
from rowjob import counted, job, lines, made, refused


def piped(path: Path, data: bytes) -> Path:
    """A pipe that somebody writes these bytes to."""

    def write() -> None:
        with open(path, "wb") as file:
            file.write(data)

    os.mkfifo(path)
    threading.Thread(target=write, daemon=True).start()
    return path


def test_the_ending_of_a_packed_file_is_the_one_before_that_of_the_packing() -> None:
    names = ("a.CSV.gz", "b.parquet", "c.d.jsonl.zst", "d.gz", "e.csv.f", "csv")
    assert [by_ending(name) for name in names] == [
        (".csv", "csv"), (".parquet", "parquet"), (".jsonl", "jsonl"), ("", ""), (".f", ""), ("", ""),
    ]  # fmt: skip


@pytest.mark.parametrize("format_", ["parquet", "file.arrow", "stream.arrow", "csv", "jsonl.gz"])
def test_every_format_comes_through_a_named_pipe(format_: str, tmp_path: Path) -> None:
    import gzip

    content, sink = pa.table({"x": [1.0, 2.0]}), pa.BufferOutputStream()
    if format_ == "parquet":
        pq.write_table(content, sink)
    elif format_.endswith("arrow"):
        with (pa.ipc.new_file if format_[0] == "f" else pa.ipc.new_stream)(sink, content.schema) as out:
            out.write_table(content)
    data = {"csv": b"x\n1\n2\n", "jsonl.gz": gzip.compress(lines({"x": 1}, {"x": 2}))}.get(
        format_
    ) or sink.getvalue().to_pybytes()
    found = made("x^2", piped(tmp_path / f"t.{format_}", data), "--to", "csv", "--only").rows
    assert found == [["value", "grad.x"], ["1.0", "2.0"], ["4.0", "4.0"]]
    if format_ == "stream.arrow":
        assert "is damaged" in refused("x^2", piped(tmp_path / "cut.arrow", data[: len(data) // 2]), "--to", "csv")


def test_where_a_system_cannot_interrupt_a_wait_rows_are_read_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(signal, "siginterrupt")
    assert made("x", "-", "--only", data=b"x\n1\n").out == b"value,grad.x\n1.0,1.0\n"


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 100])
def test_parts_of_a_piece_are_whole_records_with_their_lines(rows: int) -> None:
    """However much longer one record is than the others."""
    data = b'1,a\n2,"' + b"x\n" * 50 + b'"\n\n3,c\n4,d\n'
    piece = records.Piece(data, 7, records.breaks(data))
    parts = list(records.parted(piece, records.cut_records(b","), rows))
    assert b"".join(part.data for part in parts) == data
    assert sum(part.lines for part in parts) == piece.lines
    line = 7
    for part in parts:
        assert (part.line, part.lines) == (line, part.data.count(b"\n"))
        assert part.data.count(b'"') % 2 == 0
        line += part.lines
    assert len(parts) == (1 if rows == 100 else len(parts))
    assert rows > 2 or len(parts) > 1


def test_a_pipe_that_others_have_made_not_block_is_waited_for_from_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = counted(select, "select", monkeypatch)
    ours, theirs = os.pipe()
    os.set_blocking(ours, False)
    saved = os.dup(0)
    os.dup2(ours, 0)

    def write() -> None:
        os.write(theirs, b"x\n1\n2\n")
        os.close(theirs)

    late = threading.Timer(0.2, write)
    late.start()
    try:
        assert made("x^2", "-", "--only").rows == [["value", "grad.x"], ["1.0", "2.0"], ["4.0", "4.0"]]
        assert 1 <= len([one for one in waits if len(one) == 3]) <= 3  # without an end to the wait
    finally:
        late.join()
        os.dup2(saved, 0)
        os.close(saved)
        os.close(ours)


def test_no_room_for_what_a_pipe_holds_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        def write(self, _: Any) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"x": [1.0]}), sink)
    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", lambda **_: Full())
    said = refused("x", piped(tmp_path / "t.parquet", sink.getvalue().to_pybytes()), "--to", "csv", status=6)
    assert "t.parquet in a temporary file: no space left on device" in said


def test_what_has_been_read_of_files_is_all_of_them_in_the_end(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.csv").write_bytes(b"x\n" + b"1\n" * 5000)
    with closing(Files((str(tmp_path / "*.csv"),), None)) as files:
        taken = [files.taken for _ in files.raw(1000)]
        assert (files.total, files.taken) == (20_004, 20_004)
        assert taken == sorted(taken)
        assert 0 < taken[0] <= 10_002
        assert all(stream.file.closed for stream in files.streams)  # each as it ends


@pytest.mark.parametrize("data", [gzip.compress(b"x\n1\n"), b"\x1f\x8bno"], ids=["whole", "damaged"])
def test_a_packed_file_is_let_go_when_it_is_closed(
    data: bytes, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """pyarrow's part of it holds ours, where Python sees no circle; of many files each would keep a megabyte."""
    (tmp_path / "t.csv.gz").write_bytes(data)
    made = list[weakref.ref[Stream]]()

    class Told(Stream):
        def __init__(self, path: str) -> None:
            made.append(weakref.ref(self))
            super().__init__(path)

    with suppress(DataError), closing(Told(str(tmp_path / "t.csv.gz"))) as stream:
        stream.read(1)
    stream = None  # type: ignore[assignment]
    gc.collect()
    assert [one() for one in made] == [None]
    assert capfd.readouterr() == ("", "")


def test_standard_input_stays_open() -> None:
    """It is not ours, and the next file opened would take its place."""
    Stream("-").close()
    os.fstat(0)


@pytest.mark.parametrize(("size", "status"), [(9, 4), (10, 0)])
def test_a_row_may_be_as_long_as_the_limit(size: int, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records.pieces, "__defaults__", (5,))
    monkeypatch.setattr(records, "MAX_RECORD", size)
    assert job("x", "-", data=b"x\n" + b"0" * 10 + b"\n1\n").status == status


def test_how_much_there_is_to_read_is_known_of_files_only(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"x\n1\n")
    for number, names in enumerate((("p0", "t.csv"), ("t.csv", "p1"), ("t.csv", "t.csv"))):
        pipe = tmp_path / f"p{number}"
        if pipe.name in names:
            piped(pipe, b"x\n2\n")
        with closing(Files(tuple(str(tmp_path / name) for name in names), None)) as files:
            assert files.total == (8 if number == 2 else None)
            assert sum(1 for piece in files.raw() if piece) == 2


def test_parquet_and_arrow_have_been_read_as_far_as_its_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its bytes are read in any order."""
    monkeypatch.setattr(arrow, "BATCH", 4)
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"x": np.arange(10.0)}), path)
    with closing(Files((str(path),), None)) as files:
        size = path.stat().st_size
        assert [files.taken for piece in files.raw() if piece] == [size * rows // 10 for rows in (4, 8, 10)]
    path = tmp_path / "t.arrow"
    content = pa.table({"x": np.arange(10.0)})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, content.schema) as writer:
        writer.write_table(content, max_chunksize=3)
    with closing(Files((str(path),), None)) as files:
        size = path.stat().st_size
        assert [files.taken for piece in files.raw() if piece] == [size * batch // 4 for batch in (1, 2, 3, 4)]


@pytest.mark.parametrize(("data", "rows"), [(b"x\n1\n" + b"\n" * 50, 1), (b"x\n", 0)])
def test_what_is_no_row_has_been_read_too(data: bytes, rows: int, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(data)
    with closing(Files((str(tmp_path / "t.csv"),), None)) as files:
        assert len([piece for piece in files.raw() if piece]) == rows
        assert files.taken == files.total == len(data)


@pytest.mark.parametrize("room", [9, 10])
def test_what_a_pipe_holds_is_kept_on_disk_if_it_is_much_and_let_go(
    room: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exprgrad.rows.sources._SPOOL", room)
    stream = Stream(str(piped(tmp_path / "p", b"some bytes")))
    file = stream.seekable()
    assert file.read() == b"some bytes"
    assert (file.name is None) == (room == 10)
    stream.close()
    assert file.closed
    assert stream.file.closed


def test_results_come_in_order_and_before_a_wait_whoever_computes_them() -> None:
    """Small work is done at once, large work by threads; an error comes behind what stood before it."""
    threads = set[int]()
    gate = threading.Event()

    def work(number: int) -> int:
        threads.add(threading.get_ident())
        if number == 100:
            gate.wait(0.5)
        return -number

    def items(*numbers: int | None) -> Iterator[int | None]:
        for number in numbers:
            if number == 102:
                gate.set()
            yield number

    me = {threading.get_ident()}
    assert list(in_order(items(1, None, 2, 3), work, lambda number: number >= 100, 2)) == [-1, -2, -3]
    assert list(in_order(items(100, 101, 102), work, lambda number: number >= 100, 1)) == [-100, -101, -102]
    assert threads == me
    gate.clear()
    assert list(in_order(items(1, 100, 101, None, 102, 2), work, lambda number: number >= 100, 2)) == [
        -1, -100, -101, -102, -2,
    ]  # fmt: skip
    assert len(threads) > 1

    def failing() -> Iterator[int | None]:
        yield from (100, 101)
        raise DataError("the end")

    found: list[int] = []
    with pytest.raises(DataError, match="the end"):
        found.extend(in_order(failing(), work, lambda _: True, 2))
    assert found == [-100, -101]
    for size, large in ((200_000, False), (200_001, True)):
        assert _large((None, records.Piece(b"x" * size, 1, 1))) == large
    for rows, large in ((12_500, False), (12_501, True)):
        assert _large((None, arrow.Batch(pa.table({"x": pa.nulls(rows)}), 1))) == large


def test_results_come_out_before_a_wait_and_as_soon_as_they_are_there() -> None:
    found, out = list[int](), list[int]()
    done = threading.Event()

    def work(number: int) -> int:
        if number == 3:
            done.set()
        return number

    def items() -> Iterator[int | None]:
        yield from (1, 2, None)
        out.append(len(found))  # both, however long this waits
        yield 3
        done.wait(60)
        time.sleep(0.2)  # which is when a thread says so
        yield 4
        out.append(len(found))

    for number in in_order(items(), work, lambda _: True, 2):
        found.append(number)
    assert (found, out[0], out[1] >= 3) == ([1, 2, 3, 4], 2, True)


def test_no_more_than_a_few_pieces_are_under_way() -> None:
    """So that memory does not grow with the rows; others are computed beside a slow one."""
    begun = 0
    ahead = threading.Event()

    def items() -> Iterator[int]:
        nonlocal begun
        for number in range(50):
            begun += 1
            if number == 2:
                ahead.set()
            yield number

    def work(number: int) -> int:
        if number == 0:
            ahead.wait(5)
        return number

    for done, result in enumerate(in_order(items(), work, lambda _: True, 2)):
        assert result == done
        assert ahead.is_set()
        assert begun - done <= 5


def test_a_pipe_is_ready_while_it_holds_something() -> None:
    there, here = os.pipe()
    os.write(here, b"x\n1\n2\n")
    stream = Stream(f"/dev/fd/{there}")
    assert stream.read(2) == b"x\n"
    assert stream.ready()  # the rest of what was looked at
    while stream.first:
        stream.read(9)
    assert not stream.ready()
    os.write(here, b"3\n")
    assert stream.ready()
    os.close(here)
    assert (stream.read(9), stream.read(9)) == (b"3\n", b"")
    stream.close()
    os.close(there)


def test_a_packed_file_is_unpacked_before_it_is_read_in_any_order(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1.0, 2.0]}), tmp_path / "t.parquet")
    (tmp_path / "t.parquet.gz").write_bytes(gzip.compress((tmp_path / "t.parquet").read_bytes()))
    assert made("2*x", tmp_path / "t.parquet.gz", "--to", "csv", "--only").out == b"value,grad.x\n2.0,2.0\n4.0,2.0\n"


@pytest.mark.parametrize(
    ("passing", "out", "on", "quiet", "watched", "shown"),
    [
        (True, None, True, False, True, False), (True, None, False, False, True, True), (True, "t.csv", True, False, True, True),
        (False, None, True, False, True, True), (False, None, True, True, True, False), (False, None, True, False, False, False),
        (False, None, True, False, None, False),
    ],
)  # fmt: skip
def test_rows_that_pass_by_on_the_terminal_need_no_bar_and_nobody_who_cannot_see_one(
    passing: bool, out: str | None, on: bool, quiet: bool, watched: bool | None, shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    told_rows: list[int] = []
    monkeypatch.setattr(progress, "bar", lambda *_: nullcontext(told_rows.append))
    monkeypatch.setattr(sys, "stderr", None if watched is None else SimpleNamespace(isatty=lambda: watched))
    monkeypatch.setattr("exprgrad.jobs.rows.on_terminal", lambda: on)
    options: Any = SimpleNamespace(quiet=quiet, out=out)
    files: Any = SimpleNamespace(total=None, taken=0)
    with _progress(options, files, passing=passing) as told:
        told(7)
    assert told_rows == [7] * shown


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the open files of a process are Linux's to tell")
def test_a_file_that_cannot_be_unpacked_is_closed(tmp_path: Path) -> None:
    (tmp_path / "t.csv.gz").write_bytes(b"\x1f\x8b\x08\xff" + b"no gzip" * 9)
    before = sorted(os.listdir("/proc/self/fd"))
    with pytest.raises(DataError) as caught:
        Stream(str(tmp_path / "t.csv.gz")).read(9)
    assert "cannot be unpacked" in str(caught.value)
    assert sorted(os.listdir("/proc/self/fd")) == before
