"""Rows that carry formulas of their own, and rows that state their results."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from exprgrad.rows import each
from rowjob import counted, job, lines, made, refused


def test_an_index_that_is_out_of_range_is_one_rows_trouble() -> None:
    data, given = b"i\n0\n7\n2\n", ("x[i]*i", "-", "-x", "[2, 3, 5]", "--wrt", "i", "--from", "csv")
    assert "line 3: x[i]: the index does not fit: index 7" in refused(*given, data=data)
    kept = job(*given, "--bad", "keep", "--to", "jsonl", data=data).objects
    assert [(row["value"], row["grad"]["i"] if row["grad"] else None) for row in kept] == [
        (0, 2),
        (None, None),
        (10, 5),
    ]
    assert [row[1] for row in job(*given, "--bad", "skip", data=data).rows] == ["value", "0.0", "10.0"]
    cases = lines(*[{"formula": "x[i]", "x": [2, 3], "i": i} for i in (1, 2)])
    kept = job("-", "--from", "jsonl", "--bad", "keep", data=cases).objects
    assert [row["value"] for row in kept] == [3, None]
    assert "index 2" in kept[1]["note"]


def test_rows_that_are_no_rows_have_a_note_where_each_has_a_formula() -> None:
    bad = b'junk\n{"formula": "x + y", "x": [1, 2], "y": [1, 2, 3]}\n{"formula": "sum(x)", "x[0]": [1], "x[1]": 2}\n'
    assert "line 1" in refused("-", "--from", "jsonl", data=b"junk\n[]\n")
    kept = job("-", "--from", "jsonl", "--bad", "keep", data=lines({"formula": "x", "x": 1}) + bad).objects
    assert [row["value"] for row in kept] == [1, None, None, None]
    for row, why in zip(kept[1:], ("line 2: ", "line 3: the shapes do not fit", "'x[0]' … hold arrays"), strict=True):
        assert why in row["note"]
    cells = b'formula,x\nsum(x),"[1, 2]"\nsum(x),"[1, 2"\nsum(x),"[[1], [2, 3]]"\n'
    done = job("-", "--from", "csv", "--to", "csv", "--bad", "keep", data=cells)
    assert [row[2] for row in done.rows] == ["value", "3.0", "", ""]
    assert ["no array of numbers" in row[-1] for row in done.rows[1:]] == [False, True, False]
    assert "differ in length" in done.rows[3][-1]


@pytest.mark.usefixtures("small")
def test_more_formulas_than_are_kept_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(each, "_FORMULAS", 2)
    read, ready = counted(each, "read", monkeypatch), counted(each, "Formula", monkeypatch)
    rows = [{"formula": f"x^{k % 4}", "x": 2} for k in range(9)]
    assert [row["value"] for row in made("-", "--from", "jsonl", data=lines(*rows)).objects] == [
        2.0 ** (k % 4) for k in range(9)
    ]
    assert len(read) == len(ready) == 9  # none was there any more


def test_rows_with_formulas_of_their_own_say_what_is_not_finite_and_where_a_kink_is() -> None:
    rows = lines({"formula": "1/x", "x": 0}, {"formula": "abs(x)", "x": 0}, {"formula": "log(x)", "x": 0})
    said = "warning: 2 of 3 rows not finite; standard input, line 1: value is inf, grad.x is -inf\n"
    for options, keys in (([], ["value", "grad"]), (["--notes"], ["value", "grad", "note"])):
        done = job("-", "--from", "jsonl", *options, data=rows)
        assert (done.status, done.err) == (0, said)
        assert [[key for key in row if key not in ("formula", "x")] for row in done.objects] == [keys] * 3
    assert [row["note"] for row in done.objects] == ["1/x is inf", "abs(x) has a kink here", "log(x) is -inf"]
    assert job("-", "--from", "jsonl", "--strict", data=rows).err.startswith(
        "error: --strict: standard input, line 1: 1/x"
    )
    done = job("-", "--from", "jsonl", "--convention", "strict", data=rows)
    assert (done.status, len(done.objects)) == (5, 1)
    assert done.err == "error: --convention strict: standard input, line 2: abs(x) has a kink here\n"


def test_a_gradient_may_arrive_at_every_formula() -> None:
    rows = lines({"formula": "2*x", "x": [1, 2]}, {"formula": "x^2", "x": [3, 4]})
    done = made("-", "--from", "jsonl", "--upstream", "[1, 10]", data=rows).objects
    assert [row["grad"] for row in done] == [{"x": [2, 20]}, {"x": [6, 80]}]
    said = refused("-", "--from", "jsonl", "--upstream", "q", data=rows, status=2)
    assert said.startswith("error: the value of '--upstream' ")


def test_a_wire_may_be_the_output_of_every_formula() -> None:
    rows = lines({"formula": "q = x*y; q + 1", "x": 2, "y": 3}, {"formula": "q = y^2; 7", "y": 3, "of": "q"})
    assert [row["value"] for row in made("-", "--from", "jsonl", "--of", "q", data=rows).objects] == [6, 9]


def test_gradients_that_are_not_finite_are_null_in_lists_too_and_no_note_is_null() -> None:
    rows = lines({"formula": "sum(1/x)", "x": [0, 1]}, {"formula": "x", "x": 1})
    first, second = job("-", "--from", "jsonl", "--notes", data=rows).objects
    assert (first["value"], first["grad"]) == (None, {"x": [None, -1]})
    assert (first["note"] is None, second["note"]) == (False, None)
    found = job("-", "--from", "jsonl", "--notes", "--to", "csv", data=rows).rows
    assert (found[0][-1], found[1][-1] == first["note"], found[2][-1]) == ("note", True, "")
    assert job("-", "--from", "jsonl", "--to", "csv", data=rows).rows[0][-1] != "note"


@pytest.mark.parametrize(("options", "noted"), [(["--bad", "keep"], True), (["--convention", "jax"], False)])
def test_kinks_of_formulas_are_noted_where_there_are_notes(options: list[str], noted: bool) -> None:
    done = job("-", "--from", "jsonl", *options, data=lines({"formula": "abs(x)", "x": 0})).objects
    assert [row.get("note") for row in done] == ["abs(x) has a kink here" if noted else None]


def test_a_kink_of_a_formula_is_not_strict() -> None:
    done = job("-", "--from", "jsonl", "--strict", data=lines({"formula": "abs(x)", "x": 0}))
    assert done.err.startswith("error: --strict: standard input, line 1: abs(x) has a kink here")


def test_a_table_of_formulas_has_colours_where_they_are_forced_but_in_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    rows = lines({"formula": "x", "x": 1})
    assert b"\x1b[" in made("-", "--from", "jsonl", "--to", "table", data=rows).out
    made("-", "--from", "jsonl", "--to", "table", "--out", tmp_path / "t.txt", data=rows)
    assert b"\x1b" not in (tmp_path / "t.txt").read_bytes()


def test_what_is_stated_is_no_number_only_where_the_result_is_none() -> None:
    for stated, value, status in (("nan", 0, 5), ("inf", 0, 0), ("nan", -1, 5)):
        data = f"formula,x,value\n1/x,{value},{stated}\n".encode()
        assert job("-", "--from", "csv", "--expect", data=data).status == status
    rows = lines({"formula": "2*x", "x": 1, "value": 2, "grad": {"x": 2}, "meta": {"y": 1}})
    assert job("-", "--from", "jsonl", "--expect", data=rows).status == 0


def test_each_formula_has_the_gradients_asked_for_of_what_it_reads() -> None:
    rows = lines({"formula": "x*y", "x": 2, "y": 3}, {"formula": "y^2", "y": 3})
    for wrt, gradients in (("x", [{"x": 3}, {}]), ("y", [{"y": 2}, {"y": 6}])):
        done = made("-", "--from", "jsonl", "--wrt", wrt, data=rows)
        assert [row["grad"] for row in done.objects] == gradients


def test_what_text_has_no_cell_for_stands_in_one_as_python_writes_it(tmp_path: Path) -> None:
    date = pa.array([0], pa.date32())
    content = pa.table({"formula": ["2*x"], "x": [3.0], "d": pa.StructArray.from_arrays([date], ["on"])})
    pq.write_table(content, tmp_path / "t.parquet")
    header, row = made(tmp_path / "t.parquet", "--to", "csv").rows
    assert dict(zip(header, row, strict=True))["d"] == '{"on": "1970-01-01"}'


@pytest.mark.parametrize("file", ["t.parquet", "t.arrow"])
def test_formulas_stand_in_columns_of_any_format(file: str, tmp_path: Path) -> None:
    content = pa.table(
        {"formula": ["x^2", "y", "w @ w"], "x": [3.0, None, None], "y": [None, 5, None], "w": [None, None, [1, 2]]}
    )
    if file == "t.parquet":
        pq.write_table(content, tmp_path / file)
    else:
        with pa.ipc.new_file(tmp_path / file, content.schema) as out:
            out.write_table(content)
    found = made(tmp_path / file, "--to", "jsonl").objects
    assert [(row["value"], row["grad"]) for row in found] == [(9, {"x": 6}), (5, {"y": 1}), (5, {"w": [2, 4]})]


@pytest.mark.usefixtures("small")
def test_a_formula_of_many_rows_is_made_ready_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ready = counted(each, "Formula", monkeypatch)
    rows = [{"formula": "x^2", "x": k} for k in range(5)]
    assert [row["value"] for row in made("-", "--from", "jsonl", data=lines(*rows)).objects] == [0, 1, 4, 9, 16]
    assert len(ready) == 1


def test_rows_with_formulas_of_their_own_have_names_of_their_own_too() -> None:
    """They are refused in a field that is to hold a result, with a word on what to do."""
    rows, hint = lines({"formula": "x", "x": 1, "value": 2}), "\n  = --expect compares with it; --prefix TEXT puts TEXT"
    assert f"line 1: the field 'value' is there already, and would hold the result too{hint}" in refused(
        "-", "--from", "jsonl", data=rows
    )
    said = refused("-", "--from", "jsonl", "--to", "csv", data=rows, status=2)
    assert f"the column 'value' is there already, and would hold the result too{hint}" in said
    (row,) = made("-", "--from", "jsonl", "--prefix", "my.", data=rows).objects
    assert (row["value"], row["my.value"], row["my.grad"]) == (2, 1, {"x": 1})
    cells = made("-", "--from", "jsonl", "--to", "csv", "--prefix", "my.", data=rows).rows
    assert cells == [["formula", "x", "value", "my.value", "my.grad.x"], ["x", "1", "2", "1.0", "1.0"]]


def test_constants_are_what_a_row_or_the_command_line_says_or_else_themselves() -> None:
    rows = lines({"formula": "pi*x", "x": 2}, {"formula": "pi*x", "x": 2, "pi": 3}, {"formula": "e + 0*tau", "tau": 1})
    found = [(row["value"], sorted(row["grad"])) for row in made("-", "--from", "jsonl", data=rows).objects]
    assert found == [(2 * np.pi, ["x"]), (6, ["pi", "x"]), (np.e, ["tau"])]
    given = made("-", "--from", "jsonl", "-e", "7", data=rows).objects
    assert [row["value"] for row in given] == [2 * np.pi, 6, 7]


def test_a_row_chooses_its_output_where_it_has_a_formula_and_by_a_text_only() -> None:
    rows = lines({"formula": "q = x; q + 1", "x": 1, "of": "q"}, {"formula": "q = x; q + 1", "x": 1, "of": 7})
    assert [row["value"] for row in made("-", "--from", "jsonl", data=rows).objects] == [1, 2]
    done = job("q = x; q + 1", "-", "--from", "jsonl", "--expect", data=lines({"x": 1, "of": "q", "value": 2}))
    assert (done.status, done.err) == (0, "note: 1 row, as it states\n")


def test_formulas_of_their_own_leave_out_what_came_in_if_asked() -> None:
    rows = lines({"formula": "x^2", "x": 3, "id": 7})
    assert made("-", "--from", "jsonl", "--only", data=rows).objects == [{"value": 9, "grad": {"x": 6}}]
    assert made("-", "--from", "jsonl", "--only", "--to", "csv", data=rows).rows == [
        ["value", "grad.x"],
        ["9.0", "6.0"],
    ]


def test_no_number_is_any_number_and_only_itself_agrees_with_it() -> None:
    data = b"formula,x,value\n0/x,0,3\n0/x,0,nan\nx,1,nan\n1/x,0,inf\n1/x,0,-inf\n"
    done = job("-", "--from", "csv", "--expect", data=data)
    assert [line.split(": ")[0][-1] for line in done.out.decode().splitlines()] == ["2", "4", "6"]
    assert done.err == "error: --expect: 3 of 5 rows differ from what they state\n"


def test_the_first_row_has_a_formula_unless_rows_without_one_may_be() -> None:
    rows = lines({"x": 1}, {"x": 2, "formula": "x^2"})
    no = "has no column 'formula'\n  = each row has its own formula there"
    assert no in refused("-", "--from", "jsonl", data=rows)
    assert [row["value"] for row in job("-", "--from", "jsonl", "--bad", "skip", data=rows).objects] == [4]
    for policy in ("stop", "skip", "keep"):
        assert no in refused("-", "--from", "csv", "--bad", policy, data=b"x\n1\n")
    assert made("-", "--from", "jsonl", "--strict", data=rows.splitlines(keepends=True)[1]).objects[0]["value"] == 4
    said = job("-", "--from", "jsonl", "-q", "1", data=rows.splitlines(keepends=True)[1])
    assert said.status == 2
    assert said.err == "error: no formula has a variable 'q'\n  = leave it out, or look for a name that is misspelt\n"
    assert job("-", "--from", "jsonl", "--wrt", "q", data=rows.splitlines(keepends=True)[1]).err == said.err
    assert made("-", "--from", "jsonl", "-q", "1", data=b"").out == b""  # a formula to come might have it
    said = job("-", "--from", "jsonl", "--bad", "skip", data=rows + lines({"x": 3}))
    assert said.err.startswith(
        "note: 2 of 3 rows left out\n  = the first: standard input, line 1: there is no 'formula' in"
    )


def test_names_are_looked_for_where_there_is_no_row_too() -> None:
    assert "--wrt: 'q' is no variable" in refused("x", "-", "--from", "jsonl", "--wrt", "q", data=b"", status=2)
    assert "'q' is no variable of the formula" in refused("x", "-", "--from", "jsonl", "-q", "1", data=b"", status=2)


def test_what_a_row_has_no_value_for_is_named_with_what_is_like_it() -> None:
    said = refused("-", "--from", "jsonl", data=lines({"formula": "alpha*y", "alpha_": 1}))
    assert said.endswith(
        "line 1: the row has no 'alpha', 'y'\n  │\n1 │ alpha*y\n  │ ^^^^^\n  = did you mean the field 'alpha_'?\n"
    )


def test_a_row_without_fields_is_kept_with_its_note() -> None:
    (kept,) = job("-", "--from", "jsonl", "--bad", "keep", data=b"{}\n").objects
    assert kept == {"value": None, "grad": None, "note": "standard input, line 1: there is no 'formula' in the row"}


def test_all_that_a_row_states_is_looked_at() -> None:
    data = lines({"formula": "x", "x": 1, "value": "one", "grad": {"x": 3}})
    assert job("-", "--from", "jsonl", "--expect", data=data).out.decode().splitlines() == [
        "standard input, line 1: value: 'one' is not a number  (x)",
        "standard input, line 1: grad.x is 1.0, and 3.0 is stated  (x)",
    ]


def test_a_field_that_comes_late_has_a_column() -> None:
    rows = lines(*[{"x": 1}] * 150, {"x": 2, "t": "a"})
    assert made("x", "-", "--from", "jsonl", "--to", "csv", data=rows).rows[-1] == ["2.0", "a", "2.0", "1.0"]


def test_lists_of_times_pass_beside_formulas(tmp_path: Path) -> None:
    when = pa.array([[dt.datetime(2024, 7, 1)]], pa.list_(pa.timestamp("us")))  # noqa: DTZ001
    pq.write_table(pa.table({"formula": ["2*x"], "x": [3.0], "when": when}), tmp_path / "t.parquet")
    (row,) = made(tmp_path / "t.parquet", "--to", "jsonl").objects
    assert (row["value"], row["when"]) == (6, ["2024-07-01 00:00:00"])


def test_a_variable_may_be_called_value_where_nothing_is_stated() -> None:
    (row,) = made("-", "--from", "jsonl", "--prefix", "new.", data=lines({"formula": "2*value", "value": 3})).objects
    assert (row["new.value"], row["new.grad"]) == (6, {"value": 2})
    done = job("-", "--from", "jsonl", "--expect", data=lines({"formula": "2*value", "value": 3}))
    assert "the row has no 'value'" in done.out.decode() + done.err


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"formula": None}, "there is no 'formula' in the row"),
        ({"formula": " \t"}, "there is no 'formula' in the row"),
        ({"formula": 2}, "its 'formula' is not a text"),
    ],
)
def test_a_row_without_a_formula_is_refused(row: dict[str, object], why: str) -> None:
    assert f"line 1: {why}" in refused("-", "--from", "jsonl", data=lines(row))


def test_notes_are_texts_or_nothing_in_parquet(tmp_path: Path) -> None:
    given = ("x", "-", "--from", "csv", "--bad", "keep", "--out", tmp_path / "t.parquet")
    assert job(*given, data=b"x\n1\nabc\n").status == 0
    assert pq.read_table(tmp_path / "t.parquet")["note"].to_pylist() == [None, "column 'x': 'abc' is not a number"]


def test_the_line_of_a_quote_that_stays_open_is_told() -> None:
    assert "line 3: a quote is never closed" in refused("x", "-", "--from", "csv", data=b'x,t\n1,a\n2,"b\n')
