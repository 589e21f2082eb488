"""Rows of every format: the same numbers, all rows, and a word for those that have none."""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import random
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import exprgrad
from conftest import ROOT
from exprgrad.cli import main
from exprgrad.rows import compute
from exprgrad.rows.block import Block
from exprgrad.rows.compute import Answer, Formula
from rowjob import job, made, records, refused, table

FORMATS = ("csv", "tsv", "jsonl", "parquet", "arrow")


def doubles(count: int, seed: int) -> list[float]:
    """Doubles of all bits, finite, and the special ones among them."""
    rng = random.Random(seed)
    found = [
        0.0,
        -0.0,
        5e-324,
        -2.2250738585072011e-308,
        1.7976931348623157e308,
        0.1,
        1e22,
        9007199254740993.0,
        1e16,
        123456789012345678.0,
    ]
    while len(found) < count:
        number = struct.unpack("<d", struct.pack("<Q", rng.getrandbits(64)))[0]
        found += [number] if math.isfinite(number) else []
    return found


def write(path: Path, columns: Mapping[str, Any]) -> Path:
    """Columns as a file in the format of its ending, by none of our code."""
    if path.suffix in (".csv", ".tsv"):
        text = io.StringIO()
        writer = csv.writer(text, delimiter="," if path.suffix == ".csv" else "\t")
        writer.writerow(columns)
        writer.writerows(
            [repr(cell) if isinstance(cell, float) else cell for cell in row]
            for row in zip(*columns.values(), strict=True)
        )
        path.write_text(text.getvalue(), newline="")
    elif path.suffix == ".jsonl":
        path.write_text(
            "".join(
                json.dumps(dict(zip(columns, row, strict=True))) + "\n" for row in zip(*columns.values(), strict=True)
            )
        )
    elif path.suffix == ".parquet":
        pq.write_table(pa.table(columns), path)
    else:
        content = pa.table(columns)
        with pa.ipc.new_stream(path, content.schema) as file:
            file.write_table(content)
    return path


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a file as dictionaries of numbers and texts, by none of our code; gradients by ``grad.x``."""
    if path.suffix in (".csv", ".tsv"):
        header, *rows = records(path.read_bytes(), "," if path.suffix == ".csv" else "\t")
        return [
            {name: cell if name == "t" else float(cell) for name, cell in zip(header, row, strict=True)} for row in rows
        ]
    if path.suffix == ".jsonl":
        found = [json.loads(line) for line in path.read_text().splitlines()]
        return [
            {**row, **{f"grad.{name}": slope for name, slope in gradient.items()}}
            for row in found
            for gradient in [row.pop("grad")]
        ]
    return list(table(path).to_pylist())


@pytest.mark.parametrize("to", FORMATS)
@pytest.mark.parametrize("from_", FORMATS)
def test_every_format_gives_the_same_numbers_to_the_last_bit(from_: str, to: str, tmp_path: Path) -> None:
    """As a point has them; texts pass, columns keep their order."""
    x, y = doubles(300, 1), doubles(300, 2)
    random.Random(3).shuffle(x)
    texts = ['a,"b"\n', "", "\t x", "é", "007", "[1]", "null", "nan"] * 38
    source = write(tmp_path / f"in.{from_}", {"x": x, "t": texts[:300], "y": y})
    job("x*y", source, "--out", tmp_path / f"out.{to}")
    for row, a, b, text in zip(read(tmp_path / f"out.{to}"), x, y, texts, strict=False):
        assert list(row) == ["x", "t", "y", "value", "grad.x", "grad.y"]
        expected = exprgrad.run(exprgrad.read("x*y"), {"x": a, "y": b})
        value = expected.value if math.isfinite(expected.value) or to != "jsonl" else None
        numbers = (row["x"], row["y"], row["value"], row["grad.x"], row["grad.y"])
        assert repr(numbers) == repr((a, b, value, b, a))
        assert (row["t"] or "") == text


@pytest.mark.parametrize("ending", ["csv.gz", "csv.zst", "jsonl.gz", "tsv.zst", "parquet", "arrow"])
def test_packed_files_and_pipes_are_recognised(ending: str, tmp_path: Path) -> None:
    plain = write(tmp_path / "p.csv", {"x": [0.5, 2.0], "t": ["a", "b"]})
    made("x^2", plain, "--out", tmp_path / f"q.{ending}", "--prefix", "b.")
    data = (tmp_path / f"q.{ending}").read_bytes()
    for done in (made("x", tmp_path / f"q.{ending}", "--to", "jsonl"), made("x", "-", "--to", "jsonl", data=data)):
        assert [(row["x"] if "jsonl" in ending else float(row["x"]), row["value"]) for row in done.objects] == [
            (0.5, 0.5),
            (2, 2),
        ]
        assert [row.get("b.value") or float(row["b.value"]) for row in done.objects] in ([0.25, 4], ["0.25", "4.0"])
    if ending.endswith("gz"):
        assert gzip.decompress(data).count(b"\n") >= 2
    if ending.endswith(("gz", "zst")):
        (tmp_path / f"q.{ending}").write_bytes(data[:-6])
        assert "is cut off" in refused("x", tmp_path / f"q.{ending}")
        (tmp_path / f"q.{ending}").write_bytes(data[:12] + bytes([data[12] ^ 255]) + data[13:])
        job("x", tmp_path / f"q.{ending}")
        (tmp_path / f"q.{ending}").write_bytes(gzip.decompress(data) if ending.endswith("gz") else plain.read_bytes())
        if ending == "csv.gz":
            made("x", tmp_path / f"q.{ending}")


def test_the_first_bytes_and_options_choose_the_format(tmp_path: Path) -> None:
    for data, format_ in (
        (b"x,y\n1,2\n", "csv"),
        (b"x\ty\n1\t2\n", "tsv"),
        (b' \n{"x":1,"y":2}\n', "jsonl"),
        (b"\xef\xbb\xbfx\n1\n", "csv"),
    ):
        assert made("x", "-", data=data) == made("x", "-", "--from", format_, data=data)
        (tmp_path / "noending").write_bytes(data)
        assert made("x", tmp_path / "noending").out == made("x", "-", data=data).out
    assert (
        made("x", "-", "--from", "tsv", "--to", "csv", data=b"x\tt\n1\ta,b\n").out
        == b'x,t,value,grad.x\n1,"a,b",1.0,1.0\n'
    )
    (tmp_path / "odd.csv").write_bytes(b'{"x":1}\n')
    assert made("x", tmp_path / "odd.csv", "--from", "jsonl").objects[0]["value"] == 1
    for name, status in (("o.xyz", 2), ("o.html", 2), ("o.json", 2)):
        refused("x", "-", "--out", tmp_path / name, data=b"x\n1\n", status=status)
    made("x", "-", "--out", tmp_path / "o", data=b"x\n1\n")
    assert (tmp_path / "o").read_bytes() == b"x,value,grad.x\n1,1.0,1.0\n"
    refused("x", "-", "--to", "json", data=b"x\n1\n", status=2)
    assert "csv has all digits" in refused("x", "-", "--digits", "3", data=b"x\n1\n", status=2)
    assert "0.33" in made("1/x", "-", "--digits", "2", "--to", "table", data=b"x\n3\n").out.decode()


def test_several_files_and_globs_are_one_table(tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / f"f{number}.csv", {"x": [float(number), 0.5], "t": ["a", "b"]})
    done = made("x", *[tmp_path / f"f{number}.csv" for number in (2, 0, 1)])
    assert [row[0] for row in done.rows] == ["x", "2.0", "0.5", "0.0", "0.5", "1.0", "0.5"]
    assert [row[0] for row in made("x", tmp_path / "f*.csv").rows[1::2]] == ["0.0", "1.0", "2.0"]
    for columns, why in (
        ({"x": [1.0]}, "has no column 't'"), ({"t": [1], "x": [1.0]}, "in another order"), ({"x": [1.0], "t": [1], "u": [1]}, "has a column 'u' more"),
    ):  # fmt: skip
        said = refused("x", tmp_path / "f0.csv", write(tmp_path / "g.csv", columns))
        assert why in said
        assert said.endswith("\n  = files of one run have the same columns\n")
    for ending in FORMATS[1:]:
        other = write(tmp_path / f"g.{ending}", {"x": [7.0], "t": ["c"]})
        for order in ((tmp_path / "f0.csv", other), (other, tmp_path / "f0.csv")):
            rows = made("x", *order, "--to", "csv").rows
            assert sorted(float(row[rows[0].index("value")]) for row in rows[1:]) == [0, 0.5, 7]
        assert "no column" in refused("x", tmp_path / "f0.csv", write(tmp_path / f"g.{ending}", {"x": [7.0]}))
    lists = write(tmp_path / "g.jsonl", {"x": [[1, 2]], "t": ["c"]})
    for pair, (theirs, mine) in (
        ((tmp_path / "f0.csv", lists), ("a list", "no list")),
        ((lists, tmp_path / "f0.csv"), ("no list", "a list")),
    ):
        head, hint = refused("sum(x)", *pair).splitlines()
        assert hint == "  = files of one run have the same columns"
        assert f" has {theirs} in each cell of 'x', and " in head
        assert head.endswith(f"{pair[0].name} {mine}")


def test_arrays_stand_in_columns_of_their_elements(tmp_path: Path) -> None:
    """In any order, from 0, and the gradients go out the same way in every format."""
    columns = {
        "W[1,0]": [3.0, 1.0],
        "W[0,1]": [2.0, 0.0],
        "W[0,0]": [1.0, 1.0],
        "W[1,1]": [4.0, 2.0],
        "v[0]": [5.0, 1.0],
        "v[1]": [6.0, 0.5],
    }
    weights = np.array([[[1.0, 2], [3, 4]], [[1, 0], [1, 2]]])
    v = np.array([[5.0, 6], [1, 0.5]])
    for from_ in FORMATS:
        source = write(tmp_path / f"in.{from_}", columns)
        for to in ("csv", "parquet", "jsonl"):
            made("sum((W@v)^2)", source, "--out", tmp_path / f"out.{to}")
            for number, row in enumerate(read(tmp_path / f"out.{to}")):
                run = exprgrad.run(exprgrad.read("sum((W@v)^2)"), {"W": weights[number], "v": v[number]})
                if to == "jsonl":
                    assert (row["value"], row["grad.W"], row["grad.v"]) == (
                        run.value,
                        run.gradient["W"].tolist(),
                        run.gradient["v"].tolist(),
                    )
                    continue
                assert list(row)[6:] == [
                    "value",
                    "grad.W[0,0]",
                    "grad.W[0,1]",
                    "grad.W[1,0]",
                    "grad.W[1,1]",
                    "grad.v[0]",
                    "grad.v[1]",
                ]
                assert list(row.values())[6:] == [run.value, *np.ravel(run.gradient["W"]), *np.ravel(run.gradient["v"])]
    assert "no column 'v[0]'\n  = an array needs all its elements" in refused("sum(v)", "-", data=b"v[1]\n1\n")
    assert "has the column 'v[0]' twice\n  = rename one of them" in refused("sum(v)", "-", data=b"v[0],v[0]\n1,1\n")
    assert "different numbers of indexes" in refused("sum(v)", "-", data=b'v[0],"v[0,1]"\n1,1\n')
    assert "no column 'v[1]'" in refused("sum(v)", "-", data=b"v[0],v[99999999999]\n1,1\n")
    odd = b'{"v[0]":[1,2],"v[1]":[3,4]}\n'
    assert "line 1: field 'v[0]': a list is not a number" in refused("sum(v)", "-", "--from", "jsonl", data=odd)
    for ending in ("parquet", "arrow"):
        lists = write(tmp_path / f"lists.{ending}", {"v[0]": [1.0], "v[1]": [[3.0, 4.0]]})
        assert "column 'v[1]' holds list<" in refused("sum(v)", lists)
    assert made("sum(v)", "-", "--to", "csv", "--from", "jsonl", data=b'{"v":[[1,2]]}\n').rows[0] == [
        "v[0,0]",
        "v[0,1]",
        "value",
        "grad.v[0,0]",
        "grad.v[0,1]",
    ]


def test_values_of_the_command_line_hold_for_every_row() -> None:
    done = made("w@x + b", "-", "-w", "[1, 2]", "-b", "pi", "--wrt", "x,b", data=b"x[0],x[1]\n1,1\n3,0\n")
    assert done.rows == [
        ["x[0]", "x[1]", "value", "grad.x[0]", "grad.x[1]", "grad.b"], ["1", "1", repr(3 + math.pi), "1.0", "2.0", "1.0"], ["3", "0", repr(3 + math.pi), "1.0", "2.0", "1.0"],
    ]  # fmt: skip
    done = job("x*y", "-", "-x", "5", data=b"x,y\nabc,2\n")
    assert (done.status, done.rows[1][2:]) == (0, ["10.0", "2.0", "5.0"])
    assert done.err == "note: 'x' is 5 in every row: the column of that name is not read\n"
    assert job("x*y", "-", "-x", "5", "--quiet", data=b"x,y\nabc,2\n").err == ""
    assert made("2 + 3", "-", data=b"t\na\n").out == b"t,value\na,5.0\n"
    assert made("k = 3; k*x", "-", data=b"x\n2\n").rows[1] == ["2", "6.0", "2.0", "3.0"]
    assert "'y' is no variable of the formula" in refused("x", "-", "-y", "5", data=b"x\n1\n", status=2)
    assert made("w*x", "-", "--upstream", "[1, 10]", "-w", "[1, 2]", "--wrt", "x", data=b"x\n3\n").rows[1] == [
        "3",
        "3.0",
        "6.0",
        "21.0",
    ]


@pytest.mark.parametrize(
    ("header", "hint"),
    [
        ("xx", "did you mean the column 'xx'?"), ("X", "did you mean the column 'X'?"), ("a,b", "its columns are 'a', 'b'"), ("х", "'х' (U+0445)"),
        ("x;y", "did you mean the column 'x;y'?"), (",".join(f"c{k}" for k in range(50)), "'c7' …"),
        (",".join(f"c{k}" for k in range(8)), "'c7'\n"),
    ],
)  # fmt: skip
def test_a_variable_without_a_column_is_refused_before_anything_is_written(header: str, hint: str) -> None:
    said = refused("x + 1", "-", data=f"{header}\n{header}\n".encode())
    assert "has no column 'x'" in said
    assert hint in said
    assert "-x VALUE" in said


@pytest.mark.rule(15)
def test_a_column_that_stands_twice_matters_only_if_it_is_used() -> None:
    assert "2 columns 'x'\n  = rename all but one of them" in refused("x", "-", data=b"x,x\n1,2\n")
    assert "2 columns 'x'" in refused("x", "-", data=b"x, x\n1,2\n")
    assert made("x", "-", data=b"t,x,t\n1,2,3\n").out == b"t,x,t,value,grad.x\n1,2,3,2.0,1.0\n"
    said = refused("x", "-", "--to", "jsonl", data=b"t,x,t\n1,2,3\n")
    assert "has the column 't' twice, which only CSV can have\n  = rename one of them" in said


@pytest.mark.parametrize("name", ["value", "grad.x", "note"])
def test_the_name_of_a_result_is_refused_as_a_column(name: str) -> None:
    data = f"x,{name}\n1,2\n".encode()
    assert f"the column '{name}' is there already" in refused("x", "-", "--notes", data=data, status=2)
    assert made("x", "-", "--notes", "--prefix", "my ", data=data).rows[0] == [
        "x",
        name,
        "my value",
        "my grad.x",
        "my note",
    ]
    assert made("x", "-", "--notes", "--only", data=data).rows == [["value", "grad.x", "note"], ["1.0", "1.0", ""]]


@pytest.mark.rule(22)
def test_what_is_not_finite_is_a_result_with_one_warning(tmp_path: Path) -> None:
    data = b"x\n1\n0\n-0\nnan\n"
    done = job("1/x", "-", data=data)
    assert [row[1:] for row in done.rows[1:]] == [["1.0", "-1.0"], ["inf", "-inf"], ["-inf", "-inf"], ["nan", "nan"]]
    assert done.err.startswith("warning: 3 of 4 rows not finite; standard input, line 3: 1/x is inf")
    assert [row["value"] for row in job("1/x", "-", "--to", "jsonl", data=data).objects] == [1, None, None, None]
    strict = job("1/x", "-", "--strict", data=data)
    assert (strict.status, len(strict.rows)) == (5, 2)
    assert strict.err.startswith("error: --strict: standard input, line 3: 1/x is inf")
    assert job("abs(x)", "-", "--strict", data=b"x\n1\n0\n").status == 5
    assert job("abs(x)", "-", "--strict", "--out", tmp_path / "o.csv", data=b"x\n1\n0\n").status == 5
    assert list(tmp_path.iterdir()) == []


def test_notes_say_what_is_not_finite_and_where_a_kink_is() -> None:
    done = job("abs(x) + 1/y", "-", "--notes", data=b"x,y\n1,1\n0,1\n1,0\n")
    assert [row[-1] for row in done.rows] == ["note", "", "abs(x) has a kink here", "1/y is inf"]
    done = job("abs(x)", "-", "--bad", "keep", "--notes", data=b'x,t\n"a\nb",1\n0,2\n')
    assert [row[-1] for row in done.rows] == ["note", r"column 'x': 'a\x0ab' is not a number", "abs(x) has a kink here"]


def test_a_summary_has_the_moments_that_numpy_finds(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    x, y = rng.normal(3, 2, 5000), rng.normal(-1, 0.5, 5000)
    write(tmp_path / "p.parquet", {"x": x, "y": y})
    done = made("x^2*y", tmp_path / "p.parquet", "--to", "markdown")
    lines = {
        line.split("|")[1].strip(" `"): [cell.strip(" `") for cell in line.split("|")[2:6]]
        for line in done.out.decode().splitlines()
        if line.count("|") > 5
    }
    for name, found in {"value": x**2 * y, "grad.x": 2 * x * y, "grad.y": x**2}.items():
        assert lines[name] == [f"{number:.4g}" for number in (found.mean(), found.std(), found.min(), found.max())]
    shares = np.array([np.abs(2 * x * y).mean() * x.std(), np.abs(x**2).mean() * y.std()])
    text = done.out.decode()
    assert f"{shares[0] / shares.sum():.0%}" in text
    assert "5,000 rows, 0 on a kink or a step, 0 not finite, 0 bad" in text
    for columns in ("1", "40", "80"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("COLUMNS", columns)
            assert lines["value"][0] in made("x^2*y", tmp_path / "p.parquet", "--to", "table").out.decode()
    cases = "".join(f'{{"formula": "x/3", "x": {number}}}\n' for number in range(1, 4)).encode()
    for columns in ("1", "30"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("COLUMNS", columns)
            assert repr(2 / 3) in made("-", "--from", "jsonl", "--to", "table", data=cases).out.decode()
    done = job("abs(x) + 1/y", "-", "--to", "table", "--bad", "skip", data=b"x,y\n0,1\n1,0\na,1\n2,2\n")
    assert "4 rows, 1 on a kink or a step, 1 not finite, 1 bad" in done.out.decode()
    assert made("x", "-", "--to", "table", data=b"x\n").out


def test_rows_with_formulas_of_their_own(tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = [
        {"formula": "x^2", "x": 3}, {"formula": "w@w", "w": [1, 2], "id": "a"}, {"formula": "q = x*y; q + 1", "of": "q", "x": 2, "y": 5}, {"formula": "k = 4; k"},
    ]  # fmt: skip
    data = "".join(json.dumps(line) + "\n" for line in lines).encode()
    done = made("-", "--from", "jsonl", data=data)
    assert [(row["value"], row["grad"]) for row in done.objects] == [
        (9, {"x": 6}),
        (5, {"w": [2, 4]}),
        (10, {"x": 5, "y": 2}),
        (4, {"k": 1}),
    ]
    assert [{name: row[name] for name in line} for row, line in zip(done.objects, lines, strict=True)] == lines
    rows = made("-", "--from", "jsonl", "--to", "csv", data=data).rows
    assert rows[0] == [
        "formula",
        "x",
        "w",
        "id",
        "of",
        "y",
        "value",
        "grad.x",
        "grad.w[0]",
        "grad.w[1]",
        "grad.y",
        "grad.k",
    ]
    assert rows[2] == ["w@w", "", "[1, 2]", "a", "", "", "5.0", "", "2.0", "4.0", "", ""]
    done = made("-", "--from", "csv", data=b'formula,x[0],x[1],y\n"max(x,y)[0]",1,2,3\nsum(x),1,,\n')
    assert [row[4] for row in done.rows[1:]] == ["3.0", "1.0"]
    (tmp_path / "cases.jsonl").write_bytes(data)
    assert made(tmp_path / "cases.jsonl").objects == made("-", "--from", "jsonl", data=data).objects
    bad = b'{"formula":"x^","x":1}\n{"x":1}\n{"formula":"y","x":1}\n{"formula":"sum(x","x":1}\n{"formula":7}\n{"formula":"x","x":"a"}\n{"formula":"x","x":2}\n'
    assert job("-", "--from", "jsonl", data=bad).status == 3
    warned = job("-", "--from", "jsonl", data=b'{"formula":"log(x)","x":-1}\n')
    assert warned.err == "warning: 1 of 1 row not finite; standard input, line 1: value is nan, grad.x is nan\n"
    kept = job("-", "--from", "jsonl", "--bad", "keep", data=bad)
    assert [row["value"] for row in kept.objects] == [None] * 6 + [2]
    assert all(row["note"] for row in kept.objects[:6])
    assert [row["value"] for row in job("-", "--from", "jsonl", "--bad", "skip", data=bad).objects] == [2]
    assert "no column 'formula'" in refused("-", "--from", "csv", data=b"x\n1\n")
    done = job("-", "--from", "jsonl", "-x", "5", data=b'{"formula":"x","x":1}\n')
    assert (done.objects[0]["value"], done.err[:9]) == (5, "note: 'x'")


def test_expectations_hold_to_twelve_digits_or_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(ROOT / "samples" / "cases.jsonl"), "--expect", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    lines = [
        ('{"formula":"x^2","x":3,"value":9.000000000000001,"grad":{"x":6}}', ""), ('{"formula":"x^2","x":3,"value":9.0000001}', "value is 9.0, and 9.0000001 is stated"),
        ('{"formula":"x","x":3}', "it states no value and no gradient"), ('{"formula":"x","x":3,"grad":{"y":1}}', "grad.y is stated, and there is no such result"),
        ('{"formula":"1/x","x":0,"value":null}', ""), ('{"formula":"x","x":3,"value":null}', "value is 3.0, and null is stated"),
        ('{"formula":"w@w","w":[1,2],"grad":{"w":[2,4]},"grad.w[1]":4}', ""), ('{"formula":"w@w","w":[1,2],"grad":{"w":[2]}}', "grad.w is [2.0, 4.0], and [2.0] is stated"),
        ('{"formula":"sum(sqrt(w))","w":[0,1],"grad":{"w":[null,0.5]}}', ""), ('{"formula":"w@w","w":[1,2],"grad":{"w":[2,null]}}', "grad.w is [2.0, 4.0], and [2.0, nan] is stated"),
        ('{"formula":"x","x":3,"value":3,"grad":1}', "'grad' is no object of gradients by name"), ('{"formula":"x","x":3,"value":3,"grad":null}', ""),
        ('{"formula":"x","x":3,"value":"a"}', "value: 'a' is not a number"), ('{"formula":"x^","x":3,"value":1}', "^ needs a number"), ('{"formula":"x","x":0,"value":-0.0}', ""),
    ]  # fmt: skip
    done = job("-", "--from", "jsonl", "--expect", data="\n".join(line for line, _ in lines).encode())
    said = [(number, why) for number, (_, why) in enumerate(lines, 1) if why]
    assert done.status == 5
    assert done.err == f"error: --expect: {len(said)} of {len(lines)} rows differ from what they state\n"
    for line, (number, why) in zip(done.out.decode().splitlines(), said, strict=True):
        assert line.startswith(f"standard input, line {number}: {why}")
    own = made("sum(x)*y", "-", data=b"x[0],x[1],y\n1,2,0.1\n3,4,1e300\n").out
    assert job("sum(x)*y", "-", "--expect", data=own).err == "note: 2 rows, each as it states\n"
    assert (
        "line 2: grad.x[1] is 0.1, and 0.2 is stated"
        in job("sum(x)*y", "-", "--expect", data=own.replace(b"0.1,3.0", b"0.2,3.0")).out.decode()
    )
    assert (
        job("sum(x)*y", "-", "--expect", data=own.replace(b"3,4,", b"3,,")).out
        == b"standard input, line 3: field 'x[1]': the cell is empty\n"
    )
    own = job("sum(1/x)", "-", "--to", "jsonl", data=b"x[0],x[1]\n0,1\n").out
    assert job("sum(1/x)", "-", "--expect", data=own).err == "note: 1 row, as it states\n"
    for option in (("--out", "o.csv"), ("--only",), ("--notes",), ("--prefix", "p"), ("--bad", "skip")):
        assert f"leave {option[0]}" in refused("x", "-", "--expect", *option, data=b"x,value\n1,1\n", status=2)


def test_a_summary_of_large_numbers_has_a_spread_and_no_share_that_is_none() -> None:
    done = made("x^2", "-", "--to", "markdown", data=b"x\n" + b"1e153\n-1e153\n" * 3 + b"5e152\n").out.decode()
    value = next(line.replace("`", "").split(" | ") for line in done.splitlines() if "value" in line)
    numbers = np.array([1e306] * 6 + [2.5e305]) / 1e306
    assert value[1:3] == [f"{numbers.mean() * 1e306:.4g}", f"{numbers.std() * 1e306:.4g}"]
    assert "nan" not in done
    assert "nan" not in made("x", "-", "--to", "markdown", data=b"x\n1.7e308\n-1.7e308\n1.7e308\n").out.decode()


def test_a_column_named_as_a_constant_is_the_variable_and_is_told() -> None:
    done = job("e*x", "-", "--from", "csv", data=b"e,x\n2,3\n")
    assert done.out == b"e,x,value,grad.e,grad.x\n2,3,6.0,3.0,2.0\n"
    assert done.err == "note: 'e' is the column of that name, not the constant 2.718281828459045\n"
    assert made("e*x", "-", "--from", "csv", "--quiet", data=b"e,x\n2,3\n").out == done.out


def test_single_precision_goes_into_text_with_the_digits_of_the_float64_that_it_is(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": pa.array([0.1], pa.float32())}), tmp_path / "t.parquet")
    assert (
        job("x", tmp_path / "t.parquet", "--to", "csv").out
        == b"x,value,grad.x\n0.10000000149011612,0.10000000149011612,1.0\n"
    )


@pytest.mark.parametrize("ending", FORMATS)
def test_rows_with_many_results_are_computed_a_few_at_a_time(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same comes out, and memory does not grow with the numbers that a row gives."""
    source, path = tmp_path / "source.csv", tmp_path / f"rows.{ending}"
    source.write_text("x,text\n" + "".join(f'{k},"a\n{"b" * (k % 7)},""c"\n' for k in range(50)), encoding="utf-8")
    made("x*1", source, "--out", path, "--prefix", "first.")
    job_ = ("x*[1, 2, 3]", path, "--upstream", "1", "--to", "jsonl")
    whole = made(*job_)
    taken: list[int] = []
    usual = Formula.__call__

    def counted(self: Formula, block: Block) -> Answer:
        taken.append(block.rows)
        return usual(self, block)

    monkeypatch.setattr(Formula, "__call__", counted)
    monkeypatch.setattr(compute, "_RESULTS", 12)
    assert made(*job_) == whole
    assert len(taken) > 10
    assert sum(taken) == 50


def test_a_summary_of_many_gradients_counts_what_it_leaves_out() -> None:
    """Of 45 gradients and the value, 40 lines."""
    names = [f"x{number}" for number in range(45)]
    table = f"{','.join(names)}\n{','.join(['1'] * 45)}\n{','.join(['2'] * 45)}\n"
    done = job("+".join(names), "-", "--from", "csv", "--to", "markdown", data=table.encode())
    lines = [line for line in done.out.decode().splitlines() if line.startswith("| ")]
    assert (len(lines), lines[1].split()[1], lines[40].split()[1]) == (42, "`value`", "`grad.x38`")
    assert [cell.strip() for cell in lines[41].split("|")[1:-1]] == ["`…`", *[""] * 5, "`6 more`"]
