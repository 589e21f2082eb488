"""Rows of CSV and TSV: what is a cell, what is a row, and that every one of them passes unchanged."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exprgrad.rows import csv as formats_csv
from exprgrad.rows import records as pieces_module
from rowjob import TEXTS, job, records

NUMBERS = st.sampled_from(
    ["1", "2.5", "-0", "nan", "inf", "-Infinity", " 3 ", "5e-324", "0.1", "+7", "1.", ".5", "1E5"]
)
STRANGE = st.sampled_from(["", "x", "1e400", "1_0", "١", '"', "0x10", "5e", "1 2", "\xa01", "--1", "infinit", "1,5"])


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
        assert records(fast.out) == records(slow.out) if to == "csv" else fast == slow
