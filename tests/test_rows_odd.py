"""Rows of files that are seldom met: blocks that differ, rows that have no result, pipes, cells that hold anything."""

from __future__ import annotations

import errno
import gzip
import io
import os
import select
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from exprgrad.errors import DataError
from exprgrad.jobs.rows import _progress
from exprgrad.rows import arrow, binary, csv, jsonl, records, summary
from exprgrad.rows.formats import by_ending
from exprgrad.rows.inputs import Files
from exprgrad.rows.sources import Stream
from exprgrad.rows.stream import _large, _report, in_order
from exprgrad.views import progress
from rowjob import counted, job, lines, made, refused, table


def piped(path: Path, data: bytes) -> Path:
    """A pipe that somebody writes these bytes to."""

    def write() -> None:
        with open(path, "wb") as file:
            file.write(data)

    os.mkfifo(path)
    threading.Thread(target=write, daemon=True).start()
    return path


@pytest.mark.parametrize(
    ("formula", "data", "plain"),
    [
        ("x*é", '{"x":1,"é":2}\n{"é": 3, "t": ["x"], "x": 4e5}\n', True), ("sum(x)", '{"x":[1,2]}\n{"x":[3,4]}\n', True),
        ("x", '{"x":-0.5}\n', True), ("x*y", '{"x":1,"y":2}\n{"x":1,"y":"2"}\n', False), ("x", '{"x":-0}\n', False), ("x", '{"x" :1}\n', False), ("x", '{"\\u0078":1}\n', False),
        ("sum(x)", '{"x":[1,2]}\n{"x":[3]}\n', False), ("x", '{"x":1e400}\n', False), ("2", '{"x":1}\n', False),
        ("x*y", "x,y\n1,2\n3,4e5\n", True), ("x", "t,x\na,2\n,4e5\n", True), ("x", 't,x\n"a,""b\n",2\n,4e5\n', True), ("x", "x,t\r\n1,a\r\n", True),
        ("x*y", "x,y\n1,0x2\n", False), ("x", "x,y\n1,1\n2\n", False), ("x", 't,x\na"b,2\n', False),
    ],
)  # fmt: skip
def test_plain_rows_are_read_at_once(formula: str, data: str, plain: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others one by one, which takes many times as long."""
    ways: list[tuple[Any, str]] = [(jsonl, "_by_line"), (csv, "numbers"), (csv.Reader, "_by_record")]
    slow = [counted(module, name, monkeypatch) for module, name in ways]
    job(formula, "-", "--from", "jsonl" if data[0] == "{" else "csv", "--only", "--bad", "keep", data=data.encode())
    assert any(slow) != plain


def test_tables_of_numbers_are_not_even_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """But for their header."""
    looks = counted(csv, "layout", monkeypatch)
    made("x*y", "-", "--from", "csv", "--only", data=b"x,y\n1,2\n3,4\n")
    assert len(looks) == 1
    made("x", "-", "--from", "csv", "--only", data=b"x,t\n1,a\n")
    assert len(looks) > 2


def test_results_of_any_number_of_axes_stand_in_one_field() -> None:
    rows = lines({"x": 3}, {"x": [1, 2]}, {"x": [[0]]}, {"x": "a"})
    done = job("sum(1/x)", "-", "--from", "jsonl", "--only", "--bad", "keep", data=rows).objects
    assert [row["value"] for row in done] == [1 / 3, 1.5, None, None]
    assert [row["grad"]["x"] for row in done] == [-1 / 9, [-1, -0.25], [[None]], None]
    assert "'a' is not a number" in done[3]["note"]
    done = made("sum(x)", "-", "--from", "jsonl", data=lines({"x": 3}, {"x": [1, 2]})).objects
    assert [(row["x"], row["value"], row["grad"]) for row in done] == [(3, 3, {"x": 1}), ([1, 2], 3, {"x": [1, 1]})]


def test_a_column_of_no_lists_has_no_number(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": pa.array([None, None], pa.list_(pa.float64()))}), tmp_path / "t.parquet")
    done = job("sum(x)", tmp_path / "t.parquet", "--bad", "keep", "--to", "jsonl").objects
    assert [(row["value"], row["note"]) for row in done] == [(None, "column 'x': the cell is empty")] * 2


def test_lists_that_do_not_fit_are_the_trouble_of_their_rows_only() -> None:
    rows = lines(*[{"x": [1] * a, "y": [2] * b} for a, b in ((2, 2), (2, 3), (1, 1), (3, 2), (2, 2))])
    done = job("x @ y", "-", "--from", "jsonl", "--bad", "keep", data=rows).objects
    assert [row["value"] for row in done] == [4, None, 2, None, 4]
    assert [row["grad"]["x"] for row in done] == [[2, 2], None, [2], None, [2, 2]]
    assert ["x (2) @ y (3)" in (row["note"] or "") for row in done] == [False, True, False, False, False]
    assert job("x @ y", "-", "--from", "jsonl", "--bad", "skip", "--to", "jsonl", data=rows).err.startswith(
        "note: 2 of 5"
    )


def test_a_matrix_of_any_size_that_is_singular_is_the_trouble_of_its_row_only() -> None:
    matrices = ([[2, 0], [0, 1]], [[0]], [[1, 2], [2, 4]], [[4]])
    rows = lines(*[{"A": matrix, "b": [1] * len(matrix)} for matrix in matrices])
    done = job("sum(solve(A, b))", "-", "--from", "jsonl", "--bad", "keep", data=rows).objects
    assert [row["value"] for row in done] == [1.5, None, None, 0.25]
    assert [bool(row["note"]) for row in done] == [False, True, True, False]
    assert done[1]["note"] == done[2]["note"] == "solve(A, b): the matrix is singular"


@pytest.mark.usefixtures("small")
def test_rows_of_json_may_come_after_lines_of_blanks() -> None:
    assert [
        row["value"] for row in made("x^2", "-", "--from", "jsonl", data=b" \t \n" * 9 + b'{"x": 3}\n').objects
    ] == [9]


def test_an_empty_file_is_no_parquet_and_no_arrow(tmp_path: Path) -> None:
    for name, format_ in (("t.parquet", "Parquet"), ("t.arrow", "Arrow")):
        (tmp_path / name).touch()
        assert f"{name} is empty, which no {format_} file is" in refused("x", tmp_path / name)
        (tmp_path / name).write_bytes(b"x\n1\n")
        assert f"{name} is no {format_} file\n  = --from says what it is in" in refused("x", tmp_path / name)


def test_a_blank_line_of_a_single_column_is_an_empty_cell_whatever_stands_below() -> None:
    for below, why in ((b"2", ""), (b'2"', "not a number")):
        done = job("x", "-", "--from", "csv", "--bad", "keep", data=b"x\n1\n\n" + below + b"\n")
        header, first, empty, last, end = done.out.decode().split("\n")
        assert (header, first, end) == ("x,value,grad.x,note", "1,1.0,1.0,", "")
        assert empty == ",,,column 'x': the cell is empty"
        assert why in last


def test_a_blank_first_row_has_its_own_line() -> None:
    assert "standard input, line 2: column 'x': the cell is empty" in refused("x", "-", data=b"x\n\n1\n")
    assert "standard input, line 3: column 'x': the cell is empty" in refused("x", "-", data=b"x\n1\n\n2\n")


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("sample", [2, 39, 40, 5000])
def test_a_summary_adds_up_over_blocks(sample: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "_SAMPLE", sample)
    told = counted(summary.Summary, "lines", monkeypatch)
    x = np.random.default_rng(1).normal(3, 2, 40).round(3)
    x[7] = np.inf
    data = "x,y\n" + "".join(f"{number},{'' if k % 5 else 'b'}\n" for k, number in enumerate(x.tolist()))
    done = job("2*x", "-", "--to", "markdown", data=data.encode()).out.decode()
    cells = next(line.replace("`", "").strip("| ").split(" | ") for line in done.splitlines() if "value" in line)
    fine = 2 * x[np.isfinite(x)]
    assert cells[1:3] == [f"{fine.mean():.4g}", f"{fine.std():.4g}"]
    (found,) = told[0]
    kept = np.concatenate(found.samples["value"])
    assert kept.tolist() == (2 * x[:: found.stride]).tolist()
    counts = found.lines()[0].histogram
    finite = kept[np.isfinite(kept)]
    edges = np.linspace(fine.min(), fine.max(), 13)  # of all, also of those that are not in the sample
    assert counts == [int(np.sum((finite >= a) & ((finite < b) | (b == edges[12])))) for a, b in pairwise(edges)]
    assert (len(kept) <= sample, found.stride == 1) == (True, sample >= 40)


def test_moments_of_parts_make_those_of_the_whole() -> None:
    numbers = np.random.default_rng(2).normal(-1, 2, 50)
    whole = summary.moments(numbers)
    assert whole.size == pytest.approx(np.abs(numbers).mean())
    assert whole.spread == pytest.approx(numbers.std())
    for cut in (0, 1, 20, 50):
        parts = [summary.moments(part) for part in (numbers[:cut], numbers[cut:])]
        assert parts[0].merged(parts[1]) == pytest.approx(whole, rel=1e-13)
    assert summary.Moments().merged(summary.Moments()) == summary.Moments()
    for listed in ([3.0, 5.0], [1e300, -1e308], [-1e308, -1.0], [1e308, 1.0]):
        some = summary.moments(np.array(listed))
        assert some.spread == pytest.approx(max(listed) / 2 - min(listed) / 2)
        assert some.merged(summary.Moments()) == summary.Moments().merged(some) == some
    assert np.isnan(summary.Moments().spread)


def test_a_summary_of_lists_of_any_length_and_of_rows_without_a_result() -> None:
    rows = lines({"x": [1, 2], "y": 1}, {"x": [3], "y": 4})
    done = job("sum(x)*y", "-", "--from", "jsonl", "--wrt", "y", "--to", "markdown", data=rows)
    assert [line.split(" | ")[1] for line in done.out.decode().splitlines()[2:4]] == ["`7.5`", "`3`"]
    done = job("log(x)", "-", "--to", "markdown", data=b"x\n0\n")
    assert [line.split("|")[2:-1] for line in done.out.decode().splitlines()[2:4]] == [["  "] * 6] * 2


@pytest.mark.usefixtures("small")
def test_fields_that_only_some_rows_have() -> None:
    """In CSV the first rows say what columns there are."""
    rows = lines({"x": 1, "a": "p"}, {"x": 2}, {"x": 3, "a": "q"})
    done = made("x", "-", "--from", "jsonl", "--to", "csv", data=rows)
    assert [row[:2] for row in done.rows] == [["x", "a"], ["1.0", "p"], ["2.0", ""], ["3.0", "q"]]
    more = rows + lines({"x": 4, "b": 1})
    assert "has a field 'b' the first rows lack" in refused("x", "-", "--from", "jsonl", "--to", "csv", data=more)
    done = made("k = 2; k*x", "-", "--from", "jsonl", "--to", "csv", data=lines({"x": 1, "k": 3}, {"x": 1}))
    assert [row[2] for row in done.rows[1:]] == ["3.0", "2.0"]


def test_lists_of_rows_without_a_result_are_gaps_in_columns() -> None:
    data = lines({"x": [1, 2]}, {"x": "a"}, {"x": [3, 4]})
    done = job("sum(x)", "-", "--from", "jsonl", "--to", "csv", "--bad", "keep", data=data)
    assert done.status == 0
    assert [row[-4:-1] for row in done.rows] == [
        ["value", "grad.x[0]", "grad.x[1]"],
        ["3.0", "1.0", "1.0"],
        ["", "", ""],
        ["7.0", "1.0", "1.0"],
    ]


def test_lists_of_two_lengths_of_which_only_one_has_results() -> None:
    data = lines({"x": [1, 2], "y": 1}, {"x": [1, 2, 3], "y": "a"})
    (row,) = job("sum(x)*y", "-", "--from", "jsonl", "--bad", "skip", data=data).objects
    assert (row["value"], row["grad"]) == (3, {"x": [1, 1], "y": 3})


@pytest.mark.usefixtures("small")
def test_groups_of_rows_in_parquet_have_the_columns_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binary, "_GROUP", 1)
    to = tmp_path / "o.parquet"
    made("x^2", "-", "--from", "jsonl", "--out", to, data=lines({"x": 1, "a": 1}, {"x": 2, "a": 2}, {"x": 3, "a": 3}))
    assert table(to)["value"].to_pylist() == [1, 4, 9]
    assert pq.ParquetFile(to).num_row_groups == 3
    said = refused("x^2", "-", "--from", "jsonl", "--out", to, data=lines({"x": 1, "a": 1}, {"x": 2, "b": 2}))
    assert "a row has a field 'b' that the first rows have not\n  = --to jsonl keeps rows as they are" in said


def test_rows_before_the_one_that_ends_a_run_keep_what_is_wrong_with_them() -> None:
    rows = b"x\n4\nq\n9\nr\n16\n-1\n25\n"
    done = job("sqrt(x)", "-", "--bad", "keep", "--strict", "--to", "jsonl", data=rows)
    assert (done.status, "line 7: sqrt(x) is nan" in done.err) == (5, True)
    assert [row["x"] for row in done.objects] == [4, None, 9, None, 16]
    assert [row["note"] for row in done.objects[1::2]] == [f"column 'x': '{cell}' is not a number" for cell in "qr"]


def test_elements_of_a_result_may_share_the_name_of_an_element_of_the_input() -> None:
    """Which the names of the columns alone do not tell."""
    rows = lines({"value": [1, 2]})
    arguments = ("2*value", "-", "--from", "jsonl", "--upstream", "[1,1]")
    assert "the column 'value[0]' is there already" in refused(*arguments, "--to", "csv", data=rows, status=2)
    (row,) = made(*arguments, "--only", data=rows).objects
    assert row == {"value": [2, 4], "grad": {"value": [2, 2]}}


@pytest.mark.usefixtures("small")
def test_only_the_mark_at_the_start_of_a_file_is_none_of_its_text() -> None:
    mark = "\ufeff"
    rows = f"{mark}t,x\n{mark}a,1\n{mark}b,2\n".encode()
    assert [row[0] for row in made("x", "-", data=rows).rows] == ["t", f"{mark}a", f"{mark}b"]


def test_files_of_one_run_have_columns_of_the_same_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first, other = Path("a.csv"), Path("b.csv")
    first.write_bytes(b"speed,t\n1,a\n")
    other.write_bytes(b"sped,t\n1,a\n")
    no = "b.csv has no column 'speed', which a.csv has"
    assert f"{no}\n  = did you mean its 'sped'?" in refused("speed", first, other)
    other.write_bytes(b"speed,t\n1,a\n")
    with closing(Files((str(first), str(other)), None)) as files:
        other.write_bytes(b"t\na\n")  # by somebody else, meanwhile
        with pytest.raises(DataError) as refusal:
            list(files.raw())
    assert refusal.value.report.message == no


def test_the_ending_of_a_packed_file_is_the_one_before_that_of_the_packing() -> None:
    names = ("a.CSV.gz", "b.parquet", "c.d.jsonl.zst", "d.gz", "e.csv.f", "csv")
    assert [by_ending(name) for name in names] == [
        (".csv", "csv"), (".parquet", "parquet"), (".jsonl", "jsonl"), ("", ""), (".f", ""), ("", ""),
    ]  # fmt: skip


def test_columns_that_stand_twice_are_written_to_no_table(tmp_path: Path) -> None:
    twice = pa.Table.from_arrays([pa.array([1.0])] * 3, names=["x", "a", "a"])
    with pa.ipc.new_stream(tmp_path / "t.arrow", twice.schema) as out:
        out.write_table(twice)
    for to in ("parquet", "csv", "jsonl"):
        assert "two columns have the same name\n  = rename one of them" in refused(
            "x", tmp_path / "t.arrow", "--out", tmp_path / f"o.{to}"
        )
    made("x", tmp_path / "t.arrow", "--out", tmp_path / "o.parquet", "--only")


@pytest.mark.parametrize("to", ["parquet", "arrow", "csv", "jsonl"])
def test_rows_of_tables_are_skipped_with_what_they_hold(to: str, tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"x": [1.0, None, 3.0], "t": ["a", "b", "c"], "w": [[1.0, 2.0], [1.0, 1.0], [None, 1.0]]}),
        tmp_path / "t.parquet",
    )
    for formula, kept in (("x^2", ["a", "c"]), ("x*sum(w)", ["a"])):
        done = job(
            formula,
            tmp_path / "t.parquet",
            "--bad",
            "skip",
            "--out",
            tmp_path / f"o.{to}",
            *["--notes"] * (to == "jsonl"),
        )
        assert done.status == 0, done.err
        text = (tmp_path / f"o.{to}").read_bytes()
        if to in ("parquet", "arrow"):
            assert table(tmp_path / f"o.{to}")["t"].to_pylist() == kept
        else:
            assert [name for name in "abc" if (f'"{name}"' if to == "jsonl" else f",{name},").encode() in text] == kept


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


def test_each_row_of_several_row_groups_comes_once(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1.0, 2.0, 3.0, 4.0, 5.0]}), tmp_path / "t.parquet", row_group_size=2)
    rows = made("2*x", tmp_path / "t.parquet", "--to", "csv", "--only").rows
    assert [row[0] for row in rows] == ["value", "2.0", "4.0", "6.0", "8.0", "10.0"]


def test_types_that_text_has_no_way_to_write_are_refused(tmp_path: Path) -> None:
    union = pa.UnionArray.from_dense(pa.array([0], pa.int8()), pa.array([0], pa.int32()), [pa.array([1])])
    content = pa.table({"x": [1.0], "u": union})
    with pa.ipc.new_stream(tmp_path / "t.arrow", content.schema) as out:
        out.write_table(content)
    for to in ("csv", "jsonl"):
        assert "the column 'u' holds" in refused("x", tmp_path / "t.arrow", "--to", to)


def test_where_a_system_cannot_interrupt_a_wait_rows_are_read_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(signal, "siginterrupt")
    assert made("x", "-", "--only", data=b"x\n1\n").out == b"value,grad.x\n1.0,1.0\n"


def test_lists_in_a_cell_have_as_many_axes_as_an_array() -> None:
    for axes, note in ((32, ""), (33, "an array has at most 32 axes")):
        data = f"formula,x\nsum(x),{'[' * axes}2{']' * axes}\n".encode()
        (row,) = job("-", "--from", "csv", "--to", "jsonl", "--bad", "keep", data=data).objects
        assert row["value"] == (None if note else 2)
        assert note in (row["note"] or "")


def test_a_line_of_other_blanks_is_no_row_of_json() -> None:
    assert [row["value"] for row in made("x", "-", data=b'\n \t\r\n{"x":1}\n \n').objects] == [1]
    said = refused("x", "-", "--from", "jsonl", data="\u2003\n".encode())
    assert said == 'error: standard input, line 1: it is no JSON: expecting value\n  = a row is {"x": 1, "y": 2}\n'
    assert "line 2: it is no JSON" in refused("x", "-", "--from", "jsonl", data='{"x":1}\n\u2003\n'.encode())


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


def test_a_summary_begins_with_the_input_that_matters_most_and_draws_no_constant() -> None:
    done = made("x + 100*y + 0*z", "-", "--to", "markdown", data=b"x,y,z\n1,2,3\n2,3,3\n4,1,3\n").out.decode()
    lines = [[cell.strip(" `") for cell in line.split("|")[1:-1]] for line in done.splitlines()[2:6]]
    assert [line[0] for line in lines] == ["value", "grad.y", "grad.x", "grad.z"]
    assert [bool(line[5]) for line in lines] == [True, False, False, False]
    assert [line[6] for line in lines] == ["", "98%", "2%", "0%"]


def test_a_matrix_without_a_result_is_a_gap_as_a_whole(tmp_path: Path) -> None:
    matrices = [[[1, 2], [3, 4]], None, [[0, 0], [1, 0]]]
    for to in ("arrow", "parquet"):
        rows = lines(*[{"x": matrix} for matrix in matrices])
        job("sum(x^2)", "-", "--from", "jsonl", "--bad", "keep", "--out", tmp_path / f"o.{to}", data=rows)
        found = table(tmp_path / f"o.{to}").to_pylist()
        assert [row["value"] for row in found] == [30, None, 1]
        assert [row["grad.x"] for row in found] == [m and [[2 * n for n in row] for row in m] for m in matrices]


def test_whole_numbers_in_lists_are_the_nearest_float64s(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [[2**53 + 1], [2**53 + 3]]}), tmp_path / "t.parquet")
    found = [row["value"] for row in made("sum(x)", tmp_path / "t.parquet", "--to", "jsonl").objects]
    assert found == [float(2**53 + 1), float(2**53 + 3)]


def test_files_of_several_formats_have_one_table_in_whatever_order(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"x,y\n1,2\n")
    (tmp_path / "b.jsonl").write_bytes(b'{"y":4,"x":3}\n')
    for names in ("ab", "ba"):
        files = [tmp_path / f"{name}.{'csv' if name == 'a' else 'jsonl'}" for name in names]
        found = {row["value"] for row in made("x*y", *files, "--to", "jsonl").objects}
        assert found == {2, 12}


def test_columns_behind_a_list_stay_behind_its_elements() -> None:
    rows = lines({"x": [1, 2], "t": "a"}, {"x": [3, 4], "t": "b"})
    assert made("sum(x)", "-", "--from", "jsonl", "--to", "csv", data=rows).rows == [
        ["x[0]", "x[1]", "t", "value", "grad.x[0]", "grad.x[1]"],
        ["1.0", "2.0", "a", "3.0", "1.0", "1.0"],
        ["3.0", "4.0", "b", "7.0", "1.0", "1.0"],
    ]


def test_files_of_json_may_have_fields_of_their_own(tmp_path: Path) -> None:
    for name, row in (("a", {"x": 1, "a": 2}), ("b", {"b": 3, "x": 4})):
        (tmp_path / f"{name}.jsonl").write_bytes(lines(row))
    found = made("x^2", tmp_path / "a.jsonl", tmp_path / "b.jsonl").objects
    assert [(row["value"], "a" in row, "b" in row) for row in found] == [(1, True, False), (16, False, True)]


def test_what_has_been_read_of_files_is_all_of_them_in_the_end(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.csv").write_bytes(b"x\n" + b"1\n" * 5000)
    with closing(Files((str(tmp_path / "*.csv"),), None)) as files:
        taken = [files.taken for _ in files.raw(1000)]
        assert (files.total, files.taken) == (20_004, 20_004)
        assert taken == sorted(taken)
        assert 0 < taken[0] <= 10_002
        assert all(stream.file.closed for stream in files.streams)  # each as it ends


def test_parquet_has_been_read_as_far_as_its_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its bytes are read in any order."""
    monkeypatch.setattr(arrow, "BATCH", 4)
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"x": np.arange(10.0)}), path)
    with closing(Files((str(path),), None)) as files:
        size = path.stat().st_size
        assert [files.taken for piece in files.raw() if piece] == [size * rows // 10 for rows in (4, 8, 10)]


def test_a_row_is_not_finite_though_by_itself_it_would_be() -> None:
    """As NumPy's functions are not Python's to the last digit, which at the end of the range is one of the two."""
    block = SimpleNamespace(place="line {}".format)
    formula = SimpleNamespace(report=lambda *_, **__: None)
    assert _report(formula, block, 3).message == "line 3: a result is not finite"  # type: ignore[arg-type]


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


def test_a_line_that_is_no_utf_8_is_counted_from_the_pieces_first_byte() -> None:
    with pytest.raises(DataError, match="t, line 6 is not UTF-8: byte 0xff"):
        records.decoded(records.Piece(b"\n\xff", 5, 2), "t")


def test_a_packed_file_is_unpacked_before_it_is_read_in_any_order(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1.0, 2.0]}), tmp_path / "t.parquet")
    (tmp_path / "t.parquet.gz").write_bytes(gzip.compress((tmp_path / "t.parquet").read_bytes()))
    assert made("2*x", tmp_path / "t.parquet.gz", "--to", "csv", "--only").out == b"value,grad.x\n2.0,2.0\n4.0,2.0\n"


@pytest.mark.parametrize("more", [[], [("note", "string")]])
def test_a_header_without_rows_is_a_parquet_file_of_texts_and_results(more: list[Any], tmp_path: Path) -> None:
    keep = ["--bad", "keep"] if more else []
    assert job("x", "-", "--from", "csv", "--out", tmp_path / "t.parquet", *keep, data=b"x,y\n").status == 0
    found = table(tmp_path / "t.parquet").schema
    assert [(field.name, str(field.type)) for field in found] == [
        ("x", "string"), ("y", "string"), ("value", "double"), ("grad.x", "double"), *more,
    ]  # fmt: skip


def test_fields_that_only_later_rows_have_are_no_results(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"x\n1\n")
    (tmp_path / "b.jsonl").write_bytes(lines({"x": 2}, {"x": 3, "value": 5}))
    done = job("x^2", tmp_path / "a.csv", tmp_path / "b.jsonl", "--to", "jsonl")
    assert (done.status, [row["value"] for row in done.objects]) == (2, [1])
    assert "the column 'value' is there already" in done.err


@pytest.mark.parametrize(
    ("passing", "out", "on", "shown"),
    [
        (True, None, True, False),
        (True, None, False, True),
        (True, "t.csv", True, True),
        (False, None, True, True),
    ],
)
def test_rows_that_pass_by_on_the_terminal_need_no_bar(
    passing: bool, out: str | None, on: bool, shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    bars = counted(progress, "bar", monkeypatch)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr("exprgrad.jobs.rows.on_terminal", lambda: on)
    options: Any = SimpleNamespace(quiet=False, out=out)
    files: Any = SimpleNamespace(total=None, taken=0)
    with _progress(options, files, passing=passing) as told:
        told(1)
    assert len(bars) == shown


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"x": [1]}, "'x' has 1 element, and the header has columns for 2"),
        ({"x": [1, 2, 3]}, "'x' has 3 elements, and the header has columns for 2"),
    ],
)
def test_a_list_of_another_length_has_no_columns(data: dict[str, list[int]], why: str) -> None:
    said = refused("sum(x)", "-", "--from", "jsonl", "--to", "csv", "--only", data=lines({"x": [1, 2]}, data))
    assert f"line 2: {why}" in said


def test_lists_beside_a_bad_row_keep_their_numbers() -> None:
    data = lines({"x": [1, 2]}, {"x": [5]}, {"x": [3, 4]})
    job_ = ("x[0]*x[1]", "-", "--from", "jsonl", "--to", "csv", "--only", "--bad", "keep")
    assert job(*job_, data=data).out.split(b"\n")[1:4:2] == [b"2.0,2.0,1.0,", b"12.0,4.0,3.0,"]


def test_a_binary_format_is_not_written_to_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exprgrad.files.on_terminal", lambda: True)
    for to in ("parquet", "arrow"):
        said = refused("x", "-", "--from", "csv", "--to", to, data=b"x\n1\n", status=2)
        assert f"{to} is nothing for a terminal" in said


def test_a_summary_has_colours_where_they_are_forced_but_in_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    summary_ = ("x", "-", "--from", "csv", "--to", "table")
    assert b"\x1b[" in made(*summary_, data=b"x\n1\n").out
    made(*summary_, "--out", tmp_path / "t.txt", data=b"x\n1\n")
    assert b"\x1b" not in (tmp_path / "t.txt").read_bytes()


@pytest.mark.parametrize(("stated", "status"), [("1.0000000000001", 0), ("1.0000000001", 5)])
def test_a_stated_result_has_twelve_digits_to_agree_in(stated: str, status: int) -> None:
    data = f'{{"formula": "x", "x": 1, "value": {stated}}}\n'.encode()
    assert job("-", "--from", "jsonl", "--expect", "--quiet", data=data).status == status


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the open files of a process are Linux's to tell")
def test_a_file_that_cannot_be_unpacked_is_closed(tmp_path: Path) -> None:
    (tmp_path / "t.csv.gz").write_bytes(b"\x1f\x8b\x08\xff" + b"no gzip" * 9)
    before = sorted(os.listdir("/proc/self/fd"))
    with pytest.raises(DataError) as caught:
        Stream(str(tmp_path / "t.csv.gz")).read(9)
    assert "cannot be unpacked" in str(caught.value)
    assert sorted(os.listdir("/proc/self/fd")) == before
