"""A summary of rows: its moments, its distribution, its order and its colours."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from exprgrad.rows import records, summary
from rowjob import counted, job, lines, made


@pytest.mark.parametrize("size", [9, 31])
@pytest.mark.parametrize("sample", [2, 39, 40, 5000])
def test_a_summary_adds_up_over_blocks(sample: int, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a row or of some."""
    monkeypatch.setattr(records.pieces, "__defaults__", (size,))
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
    found = [line.split(" | ") for line in done.out.decode().splitlines()[2:4]]
    assert [(cells[1], cells[6].strip(" |`")) for cells in found] == [("`7.5`", ""), ("`3`", "100%")]
    done = job("log(x)", "-", "--to", "markdown", data=b"x\n0\n")
    assert [line.split("|")[2:-1] for line in done.out.decode().splitlines()[2:4]] == [["  "] * 6] * 2


@pytest.mark.usefixtures("small")
def test_a_summary_leaves_out_bad_rows_and_prefixes() -> None:
    """A gradient of a bad row may be a number: that by x is y."""
    data = b"x,y\n1,2\nq,1000\n3,5\n"
    done = job("x*y", "-", "--bad", "skip", "--prefix", "my ", "--to", "markdown", data=data).out.decode()
    cells = {
        cells[1]: cells for line in done.splitlines()[2:5] if (cells := [one.strip(" `") for one in line.split("|")])
    }
    assert (cells["grad.x"][4:6], cells["value"][4:6]) == (["2", "5"], ["2", "15"])
    assert cells["grad.x"][7].endswith("%")


def test_what_is_the_same_in_every_row_has_no_share() -> None:
    done = made("k*x", "-", "-k", "2", "--wrt", "x,k", "--to", "markdown", data=b"x\n1\n3\n").out.decode()
    shares = {
        cells[1].strip(" `"): cells[7].strip(" `") for line in done.splitlines()[3:5] if (cells := line.split("|"))
    }
    assert shares == {"grad.x": "100%", "grad.k": "0%"}
    done = job("log(x) + 2*y", "-", "--to", "markdown", data=b"x,y\n0,1\n0,2\n").out.decode()  # none of 1/0
    shares = {
        cells[1].strip(" `"): cells[7].strip(" `") for line in done.splitlines()[3:5] if (cells := line.split("|"))
    }
    assert shares == {"grad.y": "100%", "grad.x": ""}


def test_a_summary_of_no_variable() -> None:
    done = made("2", "-", "--from", "csv", "--to", "markdown", data=b"x\n1\n2\n").out.decode()
    assert [one.strip(" `") for one in done.splitlines()[2].split("|")[1:3]] == ["value", "2"]


def test_a_summary_begins_with_the_input_that_matters_most_and_draws_no_constant() -> None:
    done = made("x + 100*y + 0*z", "-", "--to", "markdown", data=b"x,y,z\n1,2,3\n2,3,3\n4,1,3\n").out.decode()
    lines = [[cell.strip(" `") for cell in line.split("|")[1:-1]] for line in done.splitlines()[2:6]]
    assert [line[0] for line in lines] == ["value", "grad.y", "grad.x", "grad.z"]
    assert [bool(line[5]) for line in lines] == [True, False, False, False]
    assert [line[6] for line in lines] == ["", "98%", "2%", "0%"]


def test_elements_have_a_share_each() -> None:
    rows = lines({"v": [1, 2], "w": 3}, {"v": [3, 5], "w": 3})
    done = made("v[0]*3 + v[1]*w", "-", "--from", "jsonl", "--to", "markdown", data=rows).out.decode()
    shares = {
        cells[1].strip(" `"): cells[7].strip(" `") for line in done.splitlines()[3:6] if (cells := line.split("|"))
    }
    assert shares == {"grad.v[1]": "60%", "grad.v[0]": "40%", "grad.w": "0%"}


def test_a_summary_has_colours_where_they_are_forced_but_in_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    summary_ = ("x", "-", "--from", "csv", "--to", "table")
    assert b"\x1b[" in made(*summary_, data=b"x\n1\n").out
    made(*summary_, "--out", tmp_path / "t.txt", data=b"x\n1\n")
    assert b"\x1b" not in (tmp_path / "t.txt").read_bytes()
