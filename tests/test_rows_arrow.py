"""Rows of Parquet and Arrow: columns with types, lists, damage, and what other formats make of them."""

from __future__ import annotations

import datetime as dt
import errno
import gzip
import io
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from exprgrad.errors import shown
from exprgrad.rows import records, sources
from exprgrad.rows.arrow import Batch, Reader, _Bytes
from rowjob import job, lines, made, refused, table

COLUMNS = {
    "f64": pa.array([1.5, -0.0, 5e-324]), "f32": pa.array([1.5, 0.1, 3], pa.float32()), "f16": pa.array(np.array([1.5, 2, 3], np.float16)),
    "i64": pa.array([1, -2, 2**53]), "u64": pa.array([1, 2, 2**64 - 1], pa.uint64()), "i8": pa.array([1, 2, 3], pa.int8()),
    "dec": pa.array([Decimal("1.10"), Decimal("-2.20"), Decimal("3.30")]), "coded": pa.array([1.5, 2.5, 1.5]).dictionary_encode(),
}  # fmt: skip
PASSING: dict[str, Any] = COLUMNS | {
    "bool": pa.array([True, None, False]), "text": pa.array(["a", None, 'b"\n,']), "large": pa.array(["a", "b", "c"], pa.large_string()),
    "bytes": pa.array([b"\xff", None, b""]), "time": pa.array([dt.datetime(2024, 7, 1)] * 3, pa.timestamp("us", "Europe/Berlin")),  # noqa: DTZ001
    "nanos": pa.array([1, 2, None], pa.timestamp("ns")), "date": pa.array([dt.date(2024, 7, 1)] * 3), "span": pa.array([1, 2, None], pa.duration("s")),
    "hour": pa.array([1, 2, 3], pa.time32("s")), "codes": pa.array(["a", "b", None]).dictionary_encode(), "nothing": pa.nulls(3),
    "wide": pa.array([Decimal("1.1")] * 3, pa.decimal256(40, 5)), "list": pa.array([[1, 2], None, []]), "fixed": pa.array([[1.0, 2.0]] * 3, pa.list_(pa.float64(), 2)),
    "struct": pa.array([{"a": 1, "b": "x"}, None, {"a": 2, "b": None}]), "map": pa.array([[("a", 1)], None, []], pa.map_(pa.string(), pa.int64())),
    "view": pa.array(["a", "b", "c"], pa.string_view()), 'a"\\b': pa.array([[1], [2], [3]]),
}  # fmt: skip


def write(path: Path, columns: dict[str, Any]) -> Any:
    """A file of these columns and an id, and the table in it."""
    content = pa.table({"id": pa.array([1, 2, 3], pa.int16()), **columns}).replace_schema_metadata({b"by": b"me"})
    if path.suffix == ".parquet":
        pq.write_table(content, path)
        return pq.read_table(path)
    opened = pa.ipc.new_file if path.name.startswith("file") else pa.ipc.new_stream
    with opened(path, content.schema) as file:
        file.write_table(content)
    return content


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("file", ["t.parquet", "file.arrow", "stream.arrow"])
def test_every_type_of_number_is_read_as_float64(name: str, file: str, tmp_path: Path) -> None:
    write(tmp_path / file, {"x": COLUMNS[name]})
    found = [row["value"] for row in made("x", tmp_path / file, "--to", "jsonl").objects]
    assert [repr(number) for number in found] == [repr(float(number)) for number in COLUMNS[name].to_pylist()]


@pytest.mark.parametrize("file", ["t.parquet", "file.arrow", "stream.arrow"])
def test_every_other_column_passes_exactly_with_its_type_and_the_metadata(file: str, tmp_path: Path) -> None:
    before = write(tmp_path / file, PASSING)
    out = tmp_path / f"out{Path(file).suffix}"
    made("2*id", tmp_path / file, "--out", out)
    after = table(out)
    assert after.select(before.schema.names).equals(before)
    assert after.select(before.schema.names).schema.equals(before.schema, check_metadata=True)
    assert after.schema.metadata[b"by"] == b"me"
    assert after.schema.names == [*before.schema.names, "value", "grad.id"]
    assert after["value"].to_pylist() == [2.0, 4.0, 6.0]


@pytest.mark.parametrize("name", PASSING)
@pytest.mark.parametrize("to", ["csv", "jsonl"])
def test_every_type_has_a_text_or_is_refused(name: str, to: str, tmp_path: Path) -> None:
    write(tmp_path / "t.parquet", {name: PASSING[name]})
    command = ("2*id", tmp_path / "t.parquet", "--to", to)
    if name in ("bytes", "wide"):
        assert "which CSV and JSON have no way to write\n  = --to parquet" in refused(*command)
        return
    done = made(*command)
    cells = [row[1] for row in done.rows[1:]] if to == "csv" else [row[name] for row in done.objects]
    assert [cell in ("", None) for cell in cells] == PASSING[name].is_null().to_pylist()
    if name == "nanos":
        return
    for cell, value in zip(cells, PASSING[name].to_pylist(), strict=True):
        if isinstance(value, str):
            assert cell == value
        elif isinstance(value, float):
            assert float(cell) == value or np.float32(cell) == value
    if name == 'a"\\b':
        assert cells == (["[1]", "[2]", "[3]"] if to == "csv" else [[1], [2], [3]])


@pytest.mark.parametrize("name", ["bool", "bytes", "time", "date", "span", "hour", "struct", "map"])
def test_a_column_of_another_type_is_refused_with_its_type(name: str, tmp_path: Path) -> None:
    write(tmp_path / "t.parquet", {"x": PASSING[name]})
    said = refused("2*x", tmp_path / "t.parquet")
    assert "t.parquet: column 'x' holds " in said
    assert "not numbers\n  = convert it to float64 first" in said


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
)
def test_texts_of_numbers_are_numbers_by_the_grammar_of_every_format(kind: Any, tmp_path: Path) -> None:
    """So what came from CSV can be read again."""
    write(
        tmp_path / "t.parquet",
        {
            "id": pa.array(range(6)),
            "x": pa.array(["1.50", "n/a", None, " 1e-3", "nan", "1e400"], pa.string()).cast(kind),
        },
    )
    done = job("2*x", tmp_path / "t.parquet", "--bad", "keep", "--to", "csv", "--only")
    assert done.out.decode().splitlines()[1:] == [
        "3.0,2.0,", ",,column 'x': 'n/a' is not a number", ",,column 'x': the cell is empty", "0.002,2.0,", "nan,nan,x is given as nan",
        ",,column 'x': 1e400 is too large for a float64",
    ]  # fmt: skip


def test_nulls_are_cells_without_a_number(tmp_path: Path) -> None:
    for column in (
        pa.array([1, None, 3]),
        pa.array([None, 2.5, None]),
        pa.nulls(3),
        pa.array([1.5, None, 2.0]).dictionary_encode(),
    ):
        write(tmp_path / "t.parquet", {"x": column})
        done = job("2*x", tmp_path / "t.parquet", "--bad", "keep", "--out", tmp_path / "out.parquet")
        values = [None if value is None else 2 * value for value in column.to_pylist()]
        first = values.index(None) + 1
        assert done.err.endswith(f"t.parquet, row {first}: column 'x': the cell is empty\n")
        after = table(tmp_path / "out.parquet")
        assert after["value"].to_pylist() == values
        assert after["x"].to_pylist() == column.to_pylist()
        assert f"row {first}: column 'x': the cell is empty" in refused("2*x", tmp_path / "t.parquet")


LISTS = {
    "list": pa.array([[1.0, 2.0], [3.0, 4.0], [5.0, -0.0]]), "large": pa.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], pa.large_list(pa.float64())),
    "fixed": pa.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], pa.list_(pa.float64(), 2)), "whole": pa.array([[1, 2], [3, 4], [5, 6]]),
    "matrices": pa.array([[[1.0, 2.0], [3.0, 4.0]]] * 3), "blocks": pa.array([[[1.0, 2.0], [3.0, 4.0]]] * 3, pa.list_(pa.list_(pa.float64(), 2), 2)),
    "ragged": pa.array([[1.0, 2.0], [], [3.0]]), "holes": pa.array([[1.0, 2.0], None, [3.0, None]]), "holes of two": pa.array([[1.0, 2.0], None, [5.0, 6.0]], pa.list_(pa.float64(), 2)),
    "texts": pa.array([["1"], ["a"], []]),
}  # fmt: skip


def squares(value: Any) -> float | None:
    """The sum of the squares of all numbers in lists, None if something else is in them."""
    try:
        return float(np.sum(np.square(np.array(value, float)))) if value is not None else None
    except ValueError:
        return None


def fits_parquet(column: Any) -> bool:
    """Whether pyarrow can write a column: before 26 it cannot where a list of fixed length is missing."""
    try:
        pq.write_table(pa.table({"x": column}), io.BytesIO())
    except pa.ArrowNotImplementedError:
        return False
    return True


def test_what_parquet_has_no_way_to_write_is_refused(tmp_path: Path) -> None:
    spans = pa.array([(1, 2, 3)] * 3, pa.month_day_nano_interval())
    write(tmp_path / "t.arrow", {"x": pa.array([1.0, 2.0, 3.0]), "span": spans})
    done = job("x^2", tmp_path / "t.arrow", "--out", tmp_path / "out.parquet")
    assert done.status == 4
    assert "what Parquet has no way to write" in done.err
    assert "\n  = --to arrow keeps all types" in done.err
    assert job("x^2", tmp_path / "t.arrow", "--out", tmp_path / "out.arrow").status == 0


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("to", ["parquet", "arrow", "jsonl", "csv"])
def test_lists_go_in_and_their_gradients_out_the_same_way(name: str, to: str, tmp_path: Path) -> None:
    write(tmp_path / "t.arrow", {"x": LISTS[name]})
    given = LISTS[name].to_pylist()
    values = [None if number != number else number for number in map(squares, given)]
    gradients = [
        None if value is None else (2 * np.array(lists, float)).tolist()
        for lists, value in zip(given, values, strict=True)
    ]
    done = job("sum(x^2)", tmp_path / "t.arrow", "--bad", "keep", "--out", tmp_path / f"out.{to}")
    if to == "parquet" and not fits_parquet(LISTS[name]):
        assert done.status == 4
        assert "what Parquet has no way to write" in done.err
        return
    if to == "csv" and name in ("ragged", "texts"):
        assert done.status == 4
        assert "--to jsonl writes lists of any length" in done.err
        return
    assert done.status == 0, done.err
    if to == "csv":
        done = job("sum(x^2)", tmp_path / "out.csv", "--bad", "keep", "--prefix", "b.", "--to", "jsonl")
        assert [row["b.value"] for row in done.objects] == values
        assert [row["b.grad"]["x"] for row in done.objects] == gradients
        return
    found = (
        table(tmp_path / f"out.{to}").to_pylist()
        if to != "jsonl"
        else made("0", tmp_path / "out.jsonl", "--prefix", "b.").objects
    )
    assert [row["x"] for row in found] == given
    assert [row["value"] for row in found] == values
    assert [(row["grad"]["x"] if to == "jsonl" else row["grad.x"]) for row in found] == gradients


@pytest.mark.parametrize("size", [9, 2_000_000])
def test_rows_of_json_become_columns_of_one_type_each(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fields that some rows lack, whole numbers and others, whatever arrives together."""
    monkeypatch.setattr(records.pieces, "__defaults__", (size,))
    text = b'{"x":1,"t":null,"n":1}\n{"x":2.5,"t":"a","n":0.5}\n{"x":3,"u":4,"n":3}\n'
    for to in ("parquet", "arrow"):
        made("2*x", "-", "--from", "jsonl", "--out", tmp_path / f"o.{to}", data=text)
        found = table(tmp_path / f"o.{to}")
        assert found.schema.names == ["x", "t", "n", "u", "value", "grad.x"]
        assert found["n"].to_pylist() == [1, 0.5, 3]
        assert found["t"].to_pylist() == [None, "a", None]
        assert found["u"].to_pylist() == [None, None, 4]
        made("sum(x)", "-", "--from", "jsonl", "--out", tmp_path / f"o.{to}", data=b'{"x":[1,2]}\n{"x":[0.5]}\n')
        assert table(tmp_path / f"o.{to}")["x"].to_pylist() == [[1.0, 2.0], [0.5]]
        assert "--to jsonl keeps" in refused(
            "sum(x)", "-", "--from", "jsonl", "--to", to, "--only", data=b'{"x":[1,2]}\n{"x":5}\n'
        )


def test_texts_are_kept_once_in_parquet_and_numbers_as_they_are(tmp_path: Path) -> None:
    made("2*x", "-", "--from", "csv", "--out", tmp_path / "t.parquet", data=b"x,t\n" + b"1.5,text\n" * 9)
    group = pq.ParquetFile(tmp_path / "t.parquet").metadata.row_group(0)
    columns = map(group.column, range(group.num_columns))
    kept = {column.path_in_schema: column.has_dictionary_page for column in columns}
    assert kept == {"x": False, "t": True, "value": False, "grad.x": False}
    made("sum(v)", "-", "--from", "jsonl", "--out", tmp_path / "t.parquet", data=lines({"v": [1, 2]}, {"v": [1, 2]}))
    group = pq.ParquetFile(tmp_path / "t.parquet").metadata.row_group(0)
    assert [group.column(number).has_dictionary_page for number in range(group.num_columns)] == [False] * 3


def test_a_text_with_a_nul_has_no_cell(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": [1.0], "s": ["a"], "t": ["b\0"]}), tmp_path / "t.parquet")
    said = refused("2*x", tmp_path / "t.parquet", "--to", "csv")
    assert "'b\\x00' has a NUL, which CSV cannot hold\n  = --to jsonl keeps it" in said


def test_columns_of_elements_are_numbers_in_parquet(tmp_path: Path) -> None:
    made("sum(v)", "-", "--from", "csv", "--out", tmp_path / "t.parquet", data=b"v[0],v[1],t\n1,2,a\n")
    kinds = [str(kind) for kind in table(tmp_path / "t.parquet").schema.types]
    assert kinds == ["double", "double", "large_string", "double", "double", "double"]


def test_numbers_beside_a_bad_cell_are_kept_in_parquet(tmp_path: Path) -> None:
    """What is no number is a gap; NaN is one."""
    data = b"x,y\n1,q\nnan,2\nr,3\n"
    done = job("x*y", "-", "--from", "csv", "--bad", "keep", "--out", tmp_path / "t.parquet", data=data)
    assert done.status == 0
    found = table(tmp_path / "t.parquet")
    assert repr(found["x"].to_pylist()) == "[1.0, nan, None]"
    assert repr(found["y"].to_pylist()) == "[None, 2.0, 3.0]"


@pytest.mark.parametrize("to", ["parquet", "arrow"])
def test_lists_of_any_rank_come_back_as_they_were(to: str, tmp_path: Path) -> None:
    cube = np.arange(24.0).reshape(2, 2, 3, 2)
    made(
        "sum(x^2)",
        "-",
        "--from",
        "jsonl",
        "--out",
        tmp_path / f"t.{to}",
        data=lines({"x": cube[0].tolist()}, {"x": cube[1].tolist()}),
    )
    assert table(tmp_path / f"t.{to}")["grad.x"].to_pylist() == (2 * cube).tolist()


def test_a_block_of_lists_without_a_result_has_their_type(tmp_path: Path) -> None:
    rows = lines({"x": [1, 2], "y": "a"}, {"x": [1], "y": "b"})
    done = job("sum(x)*y", "-", "--from", "jsonl", "--bad", "skip", "--out", tmp_path / "t.parquet", data=rows)
    assert done.status == 0
    found = table(tmp_path / "t.parquet")
    assert (found.num_rows, str(found.schema.field("value").type)) == (0, "double")


@pytest.mark.usefixtures("small")
def test_rows_of_another_type_than_the_first_are_refused() -> None:
    rows = b'{"x":1,"t":1}\n{"x":2,"t":"a"}\n'
    said = refused("2*x", "-", "--from", "jsonl", "--to", "parquet", data=rows)
    assert said.startswith("error: the rows have other types than the first ones: ")


@pytest.mark.rule("checksums")
def test_a_flipped_byte_in_a_file_of_ours_is_told_by_its_checksum(tmp_path: Path) -> None:
    """Any one of them: the numbers are the same, or there are none."""
    rows = "".join(f"{number!r}\n" for number in np.random.default_rng(1).normal(size=300).tolist())
    made("x^2", "-", "--from", "csv", "--out", tmp_path / "t.parquet", data=f"x\n{rows}".encode())
    whole = (tmp_path / "t.parquet").read_bytes()
    expected = made("value*x", tmp_path / "t.parquet", "--to", "csv", "--only").out
    checked = 0
    for place in range(4, len(whole), 37):
        damaged = bytearray(whole)
        damaged[place] ^= 4
        (tmp_path / "t.parquet").write_bytes(damaged)
        done = job("value*x", tmp_path / "t.parquet", "--to", "csv", "--only")
        assert (done.status, done.out) in ((4, b""), (0, expected)), place
        checked += "fails its checksum" in done.err
    assert checked > 50


@pytest.mark.parametrize("file", ["t.parquet", "file.arrow"])
def test_a_cut_or_strange_file_is_refused(file: str, tmp_path: Path) -> None:
    write(tmp_path / file, {"x": COLUMNS["f64"]})
    whole = (tmp_path / file).read_bytes()
    for size in (0, 1, 4, 8, len(whole) // 2, len(whole) - 1):
        (tmp_path / file).write_bytes(whole[:size])
        assert file in refused("x", tmp_path / file)
    (tmp_path / file).write_text("x\n1\n")
    assert "is no " in refused("x", tmp_path / file)
    (tmp_path / "t.csv").write_bytes(whole)
    assert "add --from" in refused("x", tmp_path / "t.csv")
    assert made("x", "-", "--to", "csv", "--only", data=whole).out.startswith(b"value,grad.x\n1.5,1.0\n")


def test_arrow_with_names_that_are_no_text_is_damaged(tmp_path: Path) -> None:
    write(tmp_path / "stream.arrow", {"columnname": COLUMNS["f64"]})
    data = (tmp_path / "stream.arrow").read_bytes().replace(b"columnname", b"columnnam\xf2")
    (tmp_path / "stream.arrow").write_bytes(data)
    assert "is damaged" in refused("id", tmp_path / "stream.arrow")


def test_arrow_with_text_that_is_none_is_damaged(tmp_path: Path) -> None:
    """Texts that end where they should, of bytes that no text has."""
    text = pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"a\xff")])
    table = pa.table({"x": [1.0], "t": text})
    with pa.ipc.new_stream(tmp_path / "t.arrow", table.schema) as out:
        out.write_table(table)
    for to in ("jsonl", "csv", "parquet"):
        assert "t.arrow is damaged" in refused("x", tmp_path / "t.arrow", "--to", to, "--out", tmp_path / "o")
    assert not (tmp_path / "o").exists()


def test_files_without_rows_and_columns_that_stand_twice(tmp_path: Path) -> None:
    empty = pa.table({"x": pa.array([], pa.float64()), "w": pa.array([], pa.list_(pa.float64()))})
    pq.write_table(empty, tmp_path / "t.parquet")
    made("x*2", tmp_path / "t.parquet", "--out", tmp_path / "o.parquet")
    assert table(tmp_path / "o.parquet").schema.names == ["x", "w", "value", "grad.x"]
    assert made("x*2", tmp_path / "t.parquet", "--to", "csv").out == b"x,w,value,grad.x\n"
    twice = pa.Table.from_arrays([pa.array([1.0]), pa.array([2.0])], names=["x", "x"])
    pq.write_table(twice, tmp_path / "t.parquet")
    assert "2 columns 'x'" in refused("x*2", tmp_path / "t.parquet")


@pytest.mark.parametrize("file", ["t.parquet", "t.arrow"])
def test_a_column_without_a_name_has_none_in_text_either(file: str, tmp_path: Path) -> None:
    """As pandas writes its index."""
    rows = b",x\n0,1.0\n"
    made("2*x", "-", "--out", tmp_path / file, data=rows)
    assert made("2*x", tmp_path / file, "--prefix", "p", "--to", "csv").out.startswith(b",x,value,grad.x,pvalue,")
    assert list(made("2*x", tmp_path / file, "--prefix", "p", "--to", "jsonl").objects[0])[:2] == ["", "x"]


@pytest.mark.parametrize("name", ["value", "grad.id", "note"])
def test_a_column_with_the_name_of_a_result_is_refused(name: str, tmp_path: Path) -> None:
    write(tmp_path / "t.parquet", {name: COLUMNS["f64"]})
    said = refused("id", tmp_path / "t.parquet", "--notes", "--out", tmp_path / "o.parquet", status=2)
    assert f"the column '{name}' is there already" in said
    made("id", tmp_path / "t.parquet", "--notes", "--out", tmp_path / "o.parquet", "--prefix", "b.")
    assert table(tmp_path / "o.parquet")[name].equals(table(tmp_path / "t.parquet")[name])


FAR = pa.array([2**31 - 1, 0, 1], pa.int32()).view(pa.date32())  # which is how PostgreSQL writes an infinite date

TENSORS = pa.ExtensionArray.from_storage(
    pa.fixed_shape_tensor(pa.date32(), [1]), pa.FixedSizeListArray.from_arrays(FAR, 1)
)


@pytest.mark.parametrize(
    ("column", "why"),
    [
        (FAR, "'c' has a time that is too far away for CSV and JSON\n  = --to parquet or --to arrow"),
        (pa.StructArray.from_arrays([FAR], ["d"]), "'c' has a time that is too far away"),
        (pa.array([[1], [2**31 - 1], None], pa.list_(pa.int32())).cast(pa.list_(pa.date32())), "'c' has a time that"),
        (pa.MapArray.from_arrays([0, 1, 2, 3], pa.array(["a", "b", "c"]), FAR), "'c' has a time that is too far away"),
        (pa.MapArray.from_arrays([0, 1, 2, 3], FAR, pa.array(["a", "b", "c"])), "'c' has a time that is too far away"),
        (pa.ListArray.from_arrays([0, 1, 2, 3], TENSORS), "'c' has a time that is too far away"),
        (FAR.dictionary_encode(), "'c' has a time that is too far away"),
        (pa.array([0, 1, -(2**63)], pa.int64()).view(pa.timestamp("us", "UTC")), "'c' has a time that is too far"),
        (pa.array([0, 1, 2**62], pa.int64()).view(pa.timestamp("s")), "'c' has a time that is too far"),
        (pa.array([0, 1, -(2**63)], pa.int64()).view(pa.duration("ms")), "'c' has a time that is too far"),
        (pa.array([0, 1, 2**62], pa.int64()).view(pa.duration("s")), "'c' has a time that is too far"),
        (
            pa.array([1, 2, 3], pa.timestamp("us", "Mars/Base")),
            "a column holds what CSV and JSON have no way to write\n  = --to parquet",
        ),
        (pa.array([b"a"] * 3, pa.binary_view()), "'c' holds binary_view, which CSV and JSON have no way to write"),
        (
            pa.array([b"0" * 16] * 3, pa.uuid()),
            "'c' holds extension<arrow.uuid>, which CSV and JSON have no way to write\n  = --to parquet or --to arrow",
        ),
    ],
    ids=[
        "date",
        "struct",
        "list",
        "map",
        "keys",
        "tensors",
        "category",
        "timestamp",
        "seconds",
        "duration",
        "long",
        "zone",
        "view",
        "uuid",
    ],
)
def test_what_polars_would_panic_at_is_refused_as_text_and_kept_elsewhere(
    column: Any, why: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = write(tmp_path / "t.arrow", {"c": column})
    for to in ("csv", "jsonl"):
        assert why in refused("2*id", tmp_path / "t.arrow", "--to", to)
    assert capfd.readouterr() == ("", "")
    made("2*id", tmp_path / "t.arrow", "--out", tmp_path / "out.arrow")
    assert table(tmp_path / "out.arrow")["c"].equals(before["c"])


def test_types_of_others_are_written_as_what_they_are_stored_in(tmp_path: Path) -> None:
    """Which polars has no text for."""
    pairs = pa.FixedSizeListArray.from_arrays(pa.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), 2)
    columns = {"c": pa.ExtensionArray.from_storage(pa.fixed_shape_tensor(pa.float64(), [2]), pairs), "id": [1, 2, 3]}
    with pa.ipc.new_stream(tmp_path / "t.arrow", pa.table(columns).schema) as out:
        out.write_table(pa.table(columns))
    cells = [row[0] for row in made("2*id", tmp_path / "t.arrow", "--to", "csv").rows[1:]]
    assert cells == ["[1.0,2.0]", "[3.0,4.0]", "[5.0,6.0]"]
    rows = made("2*id", tmp_path / "t.arrow", "--to", "jsonl").objects
    assert [row["c"] for row in rows] == [[1, 2], [3, 4], [5, 6]]


def test_seconds_without_milliseconds_are_kept_in_arrow_only(tmp_path: Path) -> None:
    """Parquet has no seconds."""
    write(tmp_path / "t.arrow", {"c": pa.array([0, 1, 2**62], pa.int64()).view(pa.timestamp("s"))})
    said = refused("2*id", tmp_path / "t.arrow", "--out", tmp_path / "o.parquet")
    assert "a column holds what Parquet has no way to write" in said
    assert said.endswith("\n  = --to arrow keeps all types\n")


def test_times_within_reach_are_written_in_full(tmp_path: Path) -> None:
    days = [-95_000_000, 95_000_000, None]
    columns = {
        "d": pa.array(days, pa.int32()).view(pa.date32()),
        "t": pa.array([day and day * 86_400_000 for day in days], pa.int64()).view(pa.timestamp("ms")),
    }
    write(tmp_path / "t.arrow", columns)
    cells = [row[1:3] for row in made("2*id", tmp_path / "t.arrow", "--to", "csv").rows[1:]]
    assert [[cell[:13] for cell in row] for row in cells] == [["-258132-11-01"] * 2, ["+262071-03-02"] * 2, ["", ""]]


def test_rows_with_formulas_of_their_own_keep_times_of_any_kind(tmp_path: Path) -> None:
    """Python's own have no nanoseconds, and end in the year 9999."""
    nanos = pa.array([1, None, 3], pa.timestamp("ns"))
    content = {"formula": ["id^2"] * 3, "d": FAR, "n": nanos, "span": pa.array([5, 6, 7], pa.duration("ns"))}
    write(tmp_path / "t.arrow", content)
    first, second, _ = made(tmp_path / "t.arrow", "--to", "jsonl").objects
    assert (first["n"], first["span"], first["value"]) == ("1970-01-01 00:00:00.000000001", "5", 1)
    assert (second["d"], "n" in second, second["value"]) == ("1970-01-01", False, 4)
    write(tmp_path / "in.arrow", {"formula": ["id"] * 3, "s": pa.StructArray.from_arrays([nanos], ["n"])})
    said = refused(tmp_path / "in.arrow", "--to", "csv")
    assert (
        "there is a time within a list or an object that is too fine or too far away\n  = leave that column out" in said
    )


def test_what_cannot_be_read_any_further_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(io.FileIO):
        def read(self, _: int | None = -1) -> bytes:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    write(tmp_path / "t.parquet", {})
    with Failing(tmp_path / "t.parquet") as file:
        monkeypatch.setattr(sources.Stream, "seekable", lambda _: file)
        said = refused("id", tmp_path / "t.parquet", status=6)
    assert said == f"error: cannot read {shown(str(tmp_path / 't.parquet'))}: input/output error\n"


def test_packed_arrow_that_is_cut_off_is_told_as_such(tmp_path: Path) -> None:
    write(tmp_path / "stream.arrow", {"x": [1, 2, 3]})
    packed = gzip.compress((tmp_path / "stream.arrow").read_bytes() + b"\0" * 9000)
    (tmp_path / "t.arrow.gz").write_bytes(packed[: len(packed) // 2])
    assert "is cut off: its gzip data cannot be unpacked" in refused("x", tmp_path / "t.arrow.gz")


def test_a_batch_that_is_not_there_yet_is_a_pause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that what is under way is handed on before the wait for it."""
    content = pa.table({"x": pa.array([1.0, 2.0, 3.0])})
    with pa.ipc.new_stream(tmp_path / "stream.arrow", content.schema) as file:
        file.write_table(content, max_chunksize=1)
    monkeypatch.setattr(sources.Stream, "ready", lambda _: False)
    stream = sources.Stream(str(tmp_path / "stream.arrow"))
    found = list(Reader(stream, "arrow").raw())
    stream.close()
    assert [piece and piece.first for piece in found] == [None, 1, None, 2, None, 3, None]


def test_a_stream_is_read_to_the_last_byte_asked_for() -> None:
    left = [b"ab", b"c", b"d"]

    class Pieces:
        def read(self, size: int) -> bytes:
            assert size >= len(left[0])
            return left.pop(0)

    stream: Any = Pieces()
    assert _Bytes(stream).read(3) == b"abc"


def test_parts_of_a_batch_know_their_first_row(tmp_path: Path) -> None:
    content = pa.table({"x": pa.array([1.0, 2.0, 3.0, 4.0, 5.0])})
    pq.write_table(content, tmp_path / "t.parquet")
    stream = sources.Stream(str(tmp_path / "t.parquet"))
    parts = list(Reader(stream, "parquet").parted(Batch(content, 7), 2))
    stream.close()
    assert [(part.first, part.table["x"].to_pylist()) for part in parts] == [(7, [1, 2]), (9, [3, 4]), (11, [5])]


def test_a_file_without_rows_keeps_the_types_of_its_columns(tmp_path: Path) -> None:
    before = pa.table({"x": pa.array([], pa.float64()), "n": pa.array([], pa.int16())})
    pq.write_table(before, tmp_path / "t.parquet")
    made("x^2", tmp_path / "t.parquet", "--out", tmp_path / "o.parquet")
    assert [(field.name, field.type) for field in table(tmp_path / "o.parquet").schema] == [
        ("x", pa.float64()), ("n", pa.int16()), ("value", pa.float64()), ("grad.x", pa.float64()),
    ]  # fmt: skip
