"""Rows of CSV and TSV: what is a cell, what is a row, and that every one of them passes unchanged."""

from __future__ import annotations

import csv
import io
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exprgrad.rows import csv as formats_csv
from exprgrad.rows import records as pieces_module
from exprgrad.rows.records import _spans, cut_lines, pieces
from rowjob import TEXTS, job, made, records, refused

NUMBERS = st.sampled_from(
    ["1", "2.5", "-0", "nan", "inf", "-Infinity", " 3 ", "5e-324", "0.1", "+7", "1.", ".5", "1E5", "-nan", "+NaN"]
)
STRANGE = st.sampled_from(
    ["", "x", "1e400", "1_0", "١", '"', "0x10", "5e", "1 2", "\xa01", "--1", "infinit", "1,5", "ınf"]
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]], bytes]:
    """A header, rows, and both as CSV of some dialect; the first column is for numbers."""
    header = ["x", *[f"t{k}" for k in range(draw(st.integers(0, 3)))]]
    cells = NUMBERS | STRANGE if draw(st.booleans()) else NUMBERS
    rows = draw(st.lists(st.tuples(cells, *[TEXTS] * (len(header) - 1)).map(list), max_size=8))
    text = io.StringIO()
    writer = csv.writer(
        text,
        lineterminator=draw(st.sampled_from(["\n", "\r\n"])),
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
    )
    writer.writerow(header)
    writer.writerows(rows)
    data = text.getvalue().encode()
    if draw(st.booleans()) and rows and rows[-1][-1]:
        data = data.rstrip(b"\r\n") if rows[-1][-1][-1] not in "\r\n" else data
    return header, rows, (b"\xef\xbb\xbf" if draw(st.booleans()) else b"") + data


def number(cell: str) -> float | None:
    """What the cell should be read as."""
    word = cell.strip(" \t")
    try:
        value = float(word) if word.isascii() and "_" not in word else None
    except ValueError:
        return None
    return None if value in (float("inf"), float("-inf")) and "inf" not in word.lower() else value


@settings(deadline=None, derandomize=True)
@given(tables())
@pytest.mark.rule("cells", 25)
def test_every_table_passes_unchanged_whatever_is_in_its_cells(made: tuple[list[str], list[list[str]], bytes]) -> None:
    """Python's csv module reads the same cells on both sides, and float() the numbers; piece by piece too."""
    header, rows, data = made
    done = job("x*2", "-", "--from", "csv", "--bad", "keep", data=data)
    assert done.status == 0
    assert [row[: len(header)] for row in done.rows] == [header, *rows]
    for row, out in zip(rows, done.rows[1:], strict=True):
        value = number(row[0])
        assert out[len(header)] == ("" if value is None else repr(2 * value))
        assert bool(out[-1]) == (value is None or value - value != 0)
    for size in (7, 64, 1000):
        with pytest.MonkeyPatch.context() as patch:
            _set_piece(patch, size)
            assert job("x*2", "-", "--from", "csv", "--bad", "keep", data=data) == done


def _set_piece(patch: pytest.MonkeyPatch, size: int) -> None:
    patch.setattr(pieces_module.pieces, "__defaults__", (size,))


@settings(deadline=None, derandomize=True)
@given(tables())
def test_reading_at_once_agrees_with_reading_record_by_record(made: tuple[list[str], list[list[str]], bytes]) -> None:
    def never(*_: Any) -> Any:
        return None

    for to in ("csv", "jsonl"):
        command = ("x*2", "-", "--from", "csv", "--bad", "keep", "--to", to)
        fast = job(*command, data=made[2])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(formats_csv.Reader, "_at_once", never)
            patch.setattr(formats_csv.Reader, "_rectangular", never)
            slow = job(*command, data=made[2])
        assert (fast.status, fast.err) == (slow.status, slow.err) == (0, fast.err)
        assert fast.out == slow.out


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("", "the cell is empty"), ("  \t", "the cell is empty"), ("abc", "'abc' is not a number"), ("1_000", "'1_000' is not a number"),
        ("١", "'١' is not a number"), ("１", "'１' is not a number"), ("1e400", "1e400 is too large for a float64"), ("-1e999", "-1e999 is too large"),
        ("9" * 400, "too large for a float64"), ("0x1F", "'0x1F' is not a number"), ("1e", "'1e' is not a number"), ("1,5", "'1,5' is not a number"),
        ("1d5", "'1d5' is not a number"), ("\xa01", "is not a number"), ("1\x0b", "'1\\x0b' is not a number"), ("\x1b[31m1", "'\\x1b[31m1' is not a number"), ("true", "'true' is not a number"),
        ("infinit", "'infinit' is not a number"), ("ınf", "'ınf' is not a number"), ("nan(1)", "'nan(1)' is not a number"), ("1\n2", "'1\\x0a2' is not a number"), ("x" * 5000, "…"), ("1 2", "'1 2' is not a number"),
        ("=1+1", "'=1+1' is not a number"), ('"1"', "is not a number"), ("1.2.3", "'1.2.3' is not a number"), (".", "'.' is not a number"), ("+", "'+' is not a number"),
    ],
)  # fmt: skip
@pytest.mark.rule(12, 14)
def test_a_cell_that_is_no_number_stops_is_skipped_or_is_kept(cell: str, why: str) -> None:
    """With its line, its column and its text; and no row is lost."""
    text = io.StringIO()
    csv.writer(text).writerows([["t", "x"], ["a\nb", "1"], ["c", cell], ["d", "2"]])
    command, data = ("x*2", "-", "--from", "csv"), text.getvalue().encode()
    stop = job(*command, data=data)
    assert (stop.status, [row[2] for row in stop.rows]) == (4, ["value", "2.0"])
    assert stop.err.startswith("error: standard input, line 4: column 'x': ")
    assert why in stop.err
    assert stop.err.endswith("\n  = --bad skip leaves such rows out, --bad keep keeps them\n")
    skip = job(*command, "--bad", "skip", data=data)
    assert (skip.status, [row[2] for row in skip.rows]) == (0, ["value", "2.0", "4.0"])
    assert skip.err.startswith("note: 1 of 3 rows left out\n  = the first: standard input, line 4: column 'x': ")
    assert job(*command, "--bad", "skip", "--quiet", data=data) == skip._replace(err="")
    keep = job(*command, "--bad", "keep", data=data)
    assert [row[:4] for row in keep.rows] == [
        ["t", "x", "value", "grad.x"],
        ["a\nb", "1", "2.0", "2.0"],
        ["c", cell, "", ""],
        ["d", "2", "4.0", "2.0"],
    ]
    assert why in keep.rows[2][4]
    assert made("t2", "-", "--from", "csv", "-t2", "1", data=data).rows[2][:2] == ["c", cell]  # nobody needs it
    assert job(*command, "--bad", "keep", "--to", "jsonl", data=data).out.count(b"\n") >= 3
    assert [row[:2] for row in records(job(*command, "--bad", "keep", "--to", "tsv", data=data).out, "\t")] == [
        row[:2] for row in keep.rows
    ]


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b"x,t\n1,a", 1), (b"x,t\r\n1,a\r\n", 1), (b"\xef\xbb\xbfx,t\n1,a\n\n\n", 1), (b"\n\r\nx,t\n\n1,a\n\r\n2,b\n\n", 2), (b'"x",t\n"1","a"\n', 1),
        (b" x ,t\n 1\t,a\n", 1), (b"x,t\n1,\r\n2,b\r\n", 2), (b'x,t\n1,"\r"\n2,"a\r\n"\r\n3,\n', 3), (b'x,t\n1,a"b\n2,"""c"""\n3,""\n', 3), (b'x,t\n1,"a,\n"\n2,a"b\n3,"c\nd"\n4,""\n', 4), (b'x,t\n1,a"b\n2,"c""d,e\nf"\n3,"""g,\n"\n', 3), (b"x\n1\n2\n", 2),
        (b"x\n", 0), (b"x", 0), (b'x,"t\nu"\n1,a\n', 1), (b"x,t\n1,\x01\n2,\xe2\x80\xa8\n", 2), (b",x,t\n0,1,\n", 1), ("х,x\n0,1\n".encode(), 1), (b'x,t\n1,"' + b"a,\n" * 9999 + b'"\n', 1),
    ],
)  # fmt: skip
@pytest.mark.rule(15)
def test_what_is_a_row_is_as_python_reads_it(data: bytes, rows: int) -> None:
    done = made("x", "-", "--from", "csv", data=data)
    expected = records(data)
    assert [row[: len(expected[0])] for row in done.rows] == expected
    assert len(done.rows) == rows + 1
    assert made("x", "-", "--from", "csv", "--to", "jsonl", data=data.replace(b",t", b",t2")).out.count(b"\n") == rows
    with pytest.MonkeyPatch.context() as patch:
        for size in (7, 64):
            _set_piece(patch, size)
            assert made("x", "-", "--from", "csv", data=data) == done


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty\n  = its first line is to name the columns"), (b"\n\r\n", "is empty"), (b"\xef\xbb\xbf", "is empty"), (b'x,t\n1,"abc\n2,d\n', "line 2: a quote is never closed"),
        (b'"x\n1\n', "line 1: a quote is never closed"), (b'x,t\n1,a\n2,"abc"d\n', "line 3: a cell goes on behind its closing quote\n  = a quote inside"), (b"x\r1\r", "line 1: lines end in a carriage return alone\n  = save it with \\n or"),
        (b"x,t\n1,a\rb\n", "line 2: a carriage return stands alone"), (b'x,t\n1,a\rb\n2,"c"\n', "line 2: a carriage return stands alone"), (b'x,t\n1,a\n2,"b"\rc\n', "line 3: a carriage return stands alone"),
        (b"x,t\n1,a\0b\n", "line 2 has a NUL byte\n  = save the file as UTF-8"), (b"\0\0\0\0", "line 1 has a NUL byte"), (b"x,t\n1,\xff\n", "line 2 is not UTF-8: byte 0xff\n  = save the file as UTF-8"), ("x,t\n1,é\n".encode("latin-1"), "line 2 is not UTF-8: byte 0xe9"),
        ("x\n1\n".encode("utf-16"), "is UTF-16, not UTF-8\n  = save it as UTF-8"), ("x\n1\n".encode("utf-16-be"), "is UTF-16"), (b"x,t\n1\n", "line 2: 1 cell where the header has 2"),
        (b"x,t\n1,2,3,\n", "line 2: 4 cells where the header has 2; left over: '3', ''"), (b"x\n1,\n", "line 2: 2 cells where the header has 1; left over: ''"), (b"x," * 100_001 + b"\n", "line 1: 100,002 columns are more than 100,000"),
        (b"x,t,u\n1,2,3\n4,5,6,7\n8,9\n", "line 3: 4 cells where the header has 3"), (b"x,t,u\n1,2,3\n4,5\n6,7,8,9\n", "line 3: 2 cells where the header has 3"),
        (b'x,t\n1,"' + b"a" * 70_000_000 + b'"\n', "line 2: the row is longer than 64,000,000 bytes\n  = is a quote left open?"),
    ],
)  # fmt: skip
@pytest.mark.rule(15)
def test_what_is_no_csv_is_refused_with_its_line(data: bytes, why: str) -> None:
    for to in ("csv", "jsonl") if len(data) < 1_000_000 else ("csv",):
        assert why in refused("x", "-", "--from", "csv", "--to", to, data=data)
    with pytest.MonkeyPatch.context() as patch:
        _set_piece(patch, 9)
        assert len(data) > 1000 or why in refused("x", "-", "--from", "csv", data=data)


def test_blank_lines_that_arrive_one_by_one_at_the_end_are_no_rows() -> None:
    """Whether the end is known by then is a matter of time."""

    class Slow:
        name = "slow"

        def __init__(self, *arriving: bytes) -> None:
            self.arriving = list(arriving)

        def ready(self) -> bool:
            return False

        def read(self, size: int) -> bytes:
            assert size
            return self.arriving.pop(0) if self.arriving else b""

    for arriving in (
        [b"x\n1\n2", b"\n3\n", b"\n"],
        [b"x\n1\n2\n3\n", b"\r\n", b"\n", b"\n"],
        [b"x\n1\n\n", b"2\n3"],
        [b"x\n1\n2\n3\n", b"\n\r\n"],
    ):
        stream: Any = Slow(*arriving)
        found = [piece for piece in pieces(stream, cut_lines) if piece is not None]
        assert b"".join(piece.data for piece in found).split() == [b"x", b"1", b"2", b"3"]
        assert found[-1].data.endswith(b"3\n")


def test_blank_lines_without_end_are_a_row_too_long_and_take_no_time() -> None:
    """They may be the file's last, so they are held back; looking at them one by one took a minute."""
    begun = time.process_time()
    said = refused("x", "-", "--from", "csv", data=b"x\n1\n" + b"\n" * 80_000_000 + b"2\n")
    assert "the row is longer than 64,000,000 bytes" in said
    assert time.process_time() - begun < 5


def test_an_empty_quoted_cell_is_closed_by_the_quote_behind_it() -> None:
    """Also at the very start, where the quotes of other rows are those of no table."""
    data = b'""x,1\n"a""b",2\n'
    quotes = np.flatnonzero(np.frombuffer(data, np.uint8) == ord('"'))
    assert _spans(data, quotes, b",").tolist() == [0, 1, 6, 11]


@pytest.mark.parametrize(("most", "status"), [(2, 4), (3, 0)])
def test_there_may_be_as_many_columns_as_the_limit(most: int, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats_csv, "_MAX_COLUMNS", most)
    assert job("x", "-", "--from", "csv", data=b"x,y,z\n1,2,3\n").status == status
