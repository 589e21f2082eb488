"""Rows of lists and matrices: of one length or many, of those that do not fit, of rows without a result."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rowjob import job, lines, made, refused, table


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


def test_results_of_any_rank_are_written_as_those_of_one() -> None:
    rows = lines({"é": [1, 2], "k": 1}, {"é": 3, "k": 2})
    done = job("sum(é)*k", "-", "--from", "jsonl", "--only", data=rows).out.decode()
    assert done.splitlines() == [
        '{"value":3.0,"grad":{"é":[1.0,1.0],"k":3.0}}',
        '{"value":6.0,"grad":{"é":2.0,"k":3.0}}',
    ]


@pytest.mark.usefixtures("small")
def test_lists_have_no_column_of_one_number() -> None:
    said = job("sum(x)", "-", "--from", "jsonl", "--to", "csv", data=lines({"x": 1}, {"x": [1, 2]})).err
    assert "line 2: 'x' has 2 elements, and the header has columns for one number" in said


def test_elements_of_a_list_beside_a_bad_field_are_kept_as_cells() -> None:
    """Those that are numbers; of a bad list none is one."""
    rows = lines({"x": [1, 2], "y": 1}, {"x": [3, 4], "y": "q"}, {"x": [5, "r"], "y": 1})
    done = job("sum(x)*y", "-", "--from", "jsonl", "--bad", "keep", "--to", "csv", data=rows).rows
    assert [row[:2] for row in done] == [["x[0]", "x[1]"], ["1.0", "2.0"], ["3.0", "4.0"], ["", ""]]


def test_lists_may_hold_nothing_but_no_gap() -> None:
    rows = lines({"x": [1, None]}, {"x": [1, 2]}, {"x": [None, None]})
    done = job("sum(x)", "-", "--from", "jsonl", "--bad", "keep", data=rows).objects
    assert [(row["value"], row["note"]) for row in done[::2]] == [(None, "field 'x': the cell is empty")] * 2
    assert done[1]["value"] == 3
    empty = made("sum(x)", "-", "--from", "jsonl", data=lines({"x": []}, {"x": []})).objects
    assert [(row["value"], row["grad"]) for row in empty] == [(0, {"x": []})] * 2


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


def test_elements_of_a_result_may_share_the_name_of_an_element_of_the_input() -> None:
    """Which the names of the columns alone do not tell."""
    rows = lines({"value": [1, 2]})
    arguments = ("2*value", "-", "--from", "jsonl", "--upstream", "[1,1]")
    assert "the column 'value[0]' is there already" in refused(*arguments, "--to", "csv", data=rows, status=2)
    (row,) = made(*arguments, "--only", data=rows).objects
    assert row == {"value": [2, 4], "grad": {"value": [2, 2]}}


def test_lists_in_a_cell_have_as_many_axes_as_an_array() -> None:
    for axes, note in ((32, ""), (33, "an array has at most 32 axes")):
        data = f"formula,x\nsum(x),{'[' * axes}2{']' * axes}\n".encode()
        (row,) = job("-", "--from", "csv", "--to", "jsonl", "--bad", "keep", data=data).objects
        assert row["value"] == (None if note else 2)
        assert note in (row["note"] or "")


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


def test_columns_behind_a_list_stay_behind_its_elements() -> None:
    rows = lines({"x": [1, 2], "t": "a"}, {"x": [3, 4], "t": "b"})
    assert made("sum(x)", "-", "--from", "jsonl", "--to", "csv", data=rows).rows == [
        ["x[0]", "x[1]", "t", "value", "grad.x[0]", "grad.x[1]"],
        ["1.0", "2.0", "a", "3.0", "1.0", "1.0"],
        ["3.0", "4.0", "b", "7.0", "1.0", "1.0"],
    ]


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
