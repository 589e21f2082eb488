"""Rows of files that are seldom met: blocks that differ, columns that only some rows have, cells that hold anything."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from exprgrad.errors import DataError
from exprgrad.rows import binary, csv, jsonl, records
from exprgrad.rows.inputs import Files
from exprgrad.rows.stream import _report
from rowjob import counted, job, lines, made, refused, table


@pytest.mark.parametrize(
    ("formula", "data", "plain"),
    [
        ("x*é", '{"x":1,"é":2}\n{"é": 3, "t": ["x"], "x": 4e5}\n', True), ("sum(x)", '{"x":[1,2]}\n{"x":[3,4]}\n', True),
        ("x", '{"x":-0.5}\n', True), ("x", '{"x":1,"t":"\\u00e9"}\n', True), ("x*y", '{"x":1,"y":2}\n{"x":1,"y":"2"}\n', False), ("x", '{"x":-0}\n', False), ("x", '{"x" :1}\n', False), ("x", '{"\\u0078":1}\n', False),
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
def test_fields_that_only_some_rows_have() -> None:
    """In CSV the first rows say what columns there are."""
    rows = lines({"x": 1, "a": "p"}, {"x": 2}, {"x": 3, "a": "q"})
    done = made("x", "-", "--from", "jsonl", "--to", "csv", data=rows)
    assert [row[:2] for row in done.rows] == [["x", "a"], ["1.0", "p"], ["2.0", ""], ["3.0", "q"]]
    more = rows + lines({"x": 4, "b": 1})
    assert "has a field 'b' the first rows lack\n  = --to jsonl keeps it" in refused(
        "x", "-", "--from", "jsonl", "--to", "csv", data=more
    )
    done = made("k = 2; k*x", "-", "--from", "jsonl", "--to", "csv", data=lines({"x": 1, "k": 3}, {"x": 1}))
    assert [row[2] for row in done.rows[1:]] == ["3.0", "2.0"]


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
    for columns, meant in (("sped,speed_of_light", "sped"), ("t,speed_of_light", "speed_of_light")):
        said = refused("speed", "-", "--from", "csv", data=f"{columns}\n1,2\n".encode())
        assert f"did you mean the column '{meant}'?" in said
    other.write_bytes(b"speed,t\n1,a\n")
    with closing(Files((str(first), str(other)), None)) as files:
        other.write_bytes(b"t\na\n")  # by somebody else, meanwhile
        with pytest.raises(DataError) as refusal:
            list(files.raw())
    assert refusal.value.report.message == no


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


def test_a_line_of_other_blanks_is_no_row_of_json() -> None:
    assert [row["value"] for row in made("x", "-", data=b'\n \t\r\n{"x":1}\n \n').objects] == [1]
    said = refused("x", "-", "--from", "jsonl", data="\u2003\n".encode())
    assert said == 'error: standard input, line 1: it is no JSON: expecting value\n  = a row is {"x": 1, "y": 2}\n'
    assert "line 2: it is no JSON" in refused("x", "-", "--from", "jsonl", data='{"x":1}\n\u2003\n'.encode())


def test_files_of_several_formats_have_one_table_in_whatever_order(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"x,y\n1,2\n")
    (tmp_path / "b.jsonl").write_bytes(b'{"y":4,"x":3}\n')
    for names in ("ab", "ba"):
        files = [tmp_path / f"{name}.{'csv' if name == 'a' else 'jsonl'}" for name in names]
        found = {row["value"] for row in made("x*y", *files, "--to", "jsonl").objects}
        assert found == {2, 12}


def test_files_of_json_may_have_fields_of_their_own(tmp_path: Path) -> None:
    for name, row in (("a", {"x": 1, "a": 2}), ("b", {"b": 3, "x": 4})):
        (tmp_path / f"{name}.jsonl").write_bytes(lines(row))
    found = made("x^2", tmp_path / "a.jsonl", tmp_path / "b.jsonl").objects
    assert [(row["value"], "a" in row, "b" in row) for row in found] == [(1, True, False), (16, False, True)]


def test_a_blank_beside_a_name_is_none_of_it() -> None:
    assert made("sum(v)", "-", "--only", "--from", "csv", data=b"v[0], v[1] ,t\n1,2,a\n").rows[1] == [
        "3.0",
        "1.0",
        "1.0",
    ]


@pytest.mark.parametrize(
    ("text", "separators", "regular", "open_"),
    [
        (b'"a\nb",c"d', [5], False, False),
        (b'"a"x', [], False, False),
        (b'"a""b,c"x,d', [9], False, False),
        (b'"a,b', [], True, True),
    ],
)
def test_quotes_within_cells_open_none_and_those_at_the_start_do(
    text: bytes, separators: list[int], regular: bool, open_: bool
) -> None:
    """The first and the last quote of what is looked at, whatever stands there."""
    found = records.layout(text, b",")
    assert (found.separators.tolist(), found.ends.tolist()) == (separators, [])
    assert (found.regular, found.open) == (regular, open_)


def test_blank_lines_before_the_header_are_lines() -> None:
    assert "line 4: column 'x': 'q' is not a number" in refused("x", "-", "--from", "csv", data=b"\n\r\nx\nq\n")


def test_a_long_cell_is_one_beside_rows_of_another_length_too() -> None:
    cell = b"a" * 200_000  # Python's csv module stops at 131,072 unless it is told
    done = job("x", "-", "--bad", "skip", data=b"t,x\n" + cell + b",1\nb\n")
    assert (done.status, done.rows[1]) == (0, [cell.decode(), "1", "1.0", "1.0"])


def test_rows_are_not_finite_one_by_one() -> None:
    """Where only a gradient, or only an element of it, is not."""
    for formula, rows in (("sqrt(x)", ({"x": 1}, {"x": 0})), ("sum(sqrt(x))", ({"x": [1, 2]}, {"x": [0, 1]}))):
        done = job(formula, "-", "--from", "jsonl", data=lines(*rows))
        assert done.err.startswith("warning: 1 of 2 rows not finite; standard input, line 2: ")


@pytest.mark.usefixtures("small")
def test_the_first_bad_row_is_told_of_all() -> None:
    data = b"x\n1\nq\n2\nr\n0\n0\n"
    done = job("1/x", "-", "--bad", "skip", data=data)
    assert "note: 2 of 6 rows left out\n  = the first: standard input, line 3: column 'x'" in done.err
    assert "2 of 6 rows not finite; standard input, line 6: " in done.err


def test_a_strict_convention_tells_the_kink_of_a_row_that_is_not_finite_too() -> None:
    done = job("1/x + abs(y)", "-", "--convention", "strict", data=b"x,y\n0,0\n")
    assert done.status == 5
    assert done.err.startswith("error: --convention strict: standard input, line 2: abs(y) has a kink here\n")


def test_a_row_is_not_finite_though_by_itself_it_would_be() -> None:
    """As NumPy's functions are not Python's to the last digit, which at the end of the range is one of the two."""
    block = SimpleNamespace(place="line {}".format)
    formula = SimpleNamespace(report=lambda *_, **__: None)
    assert _report(formula, block, 3).message == "line 3: a result is not finite"  # type: ignore[arg-type]


def test_a_line_that_is_no_utf_8_is_counted_from_the_pieces_first_byte() -> None:
    with pytest.raises(DataError, match="t, line 6 is not UTF-8: byte 0xff"):
        records.decoded(records.Piece(b"\n\xff", 5, 2), "t")


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
    said = refused("x^2", tmp_path / "a.csv", tmp_path / "b.jsonl", "--to", "parquet", status=2)
    assert "the column 'value' is there already" in said


def test_a_binary_format_is_not_written_to_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exprgrad.files.on_terminal", lambda: True)
    for to in ("parquet", "arrow"):
        said = refused("x", "-", "--from", "csv", "--to", to, data=b"x\n1\n", status=2)
        assert f"{to} is nothing for a terminal" in said


@pytest.mark.parametrize(("stated", "status"), [("1.0000000000001", 0), ("1.0000000001", 5)])
def test_a_stated_result_has_twelve_digits_to_agree_in(stated: str, status: int) -> None:
    data = f'{{"formula": "x", "x": 1, "value": {stated}}}\n'.encode()
    assert job("-", "--from", "jsonl", "--expect", "--quiet", data=data).status == status
