"""The command as people type it: variables, options, formats, files, help, completion."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from conftest import ROOT, ROWS, exprgrad, python_path
from exprgrad.cli import main
from exprgrad.jobs.gradient import BARE, FORMATS
from exprgrad.load import load
from process import seen

JOB = ["(x+y)*z", "-x", "-2", "-y", "5", "-z", "-4"]


def out(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What the command prints to standard output when all is well."""
    assert main(list(arguments)) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    return printed.out


def row(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, float]:
    """The one row of CSV, as numbers."""
    rows = list(csv.DictReader(io.StringIO(out(capsys, *arguments, "--to", "csv"))))
    assert len(rows) == 1
    return {name: float(cell) for name, cell in rows[0].items()}


@pytest.mark.parametrize(
    "arguments",
    [
        ["x^2", "-x", "-3"], ["x^2", "-x=-3"], ["x^2", "x=-3"], ["-x", "-3", "x^2"], ["-x=-3", "x^2"],
        ["-x", "-pi + pi - 3", "x^2"], ["x^2", "-x", "-6/2"], ["x^2", "-x", " -3 "], ["x**2", "-x", "-3e0"], ["x = -3; x^2"], ["x = 1; x^2", "-x", "-3"],
    ],
)  # fmt: skip
def test_ways_to_give_a_value(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert row(capsys, "--quiet", *arguments) == {"x": -3, "value": 9, "grad.x": -6}


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        (["-x^2", "-x", "3"], -9), (["-x", "-x", "3"], -3), (["-x*2", "-x=3"], -6), (["-1/x", "-x", "2"], -0.5),
        (["-alpha", "-alpha", "0.5"], -0.5), (["--", "-x", "-x"], None), (["-(x)", "-x", "3"], -3), (["-2"], -2),
    ],
)  # fmt: skip
def test_a_formula_may_begin_with_a_minus(
    capsys: pytest.CaptureFixture[str], arguments: list[str], value: float | None
) -> None:
    if value is None:
        assert main(arguments) == 2
    else:
        assert row(capsys, *arguments)["value"] == value


def test_after_two_dashes_everything_is_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert out(capsys, "-x", "3", "--to", "csv", "--", "-x").splitlines()[1] == "3.0,-3.0,-1.0"


@pytest.mark.parametrize("name", ["h", "o", "e", "of", "to", "alpha", "lambda", "x0", "file", "help", "_a", "ß", "x_1"])
@pytest.mark.rule(20)
def test_any_name_is_free_for_a_variable(capsys: pytest.CaptureFixture[str], name: str) -> None:
    """Options have two dashes, so no letter is taken."""
    assert row(capsys, f"{name}*{name}", f"-{name}", "3")[f"grad.{name}"] == 6


def test_json_has_everything(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(out(capsys, *JOB, "--to", "json"))
    assert list(data) == ["version", "formula", "inputs", "value", "grad", "gates", "notes"]
    assert data["formula"] == "(x+y)*z"
    assert data["inputs"] == {"x": -2, "y": 5, "z": -4}
    assert (data["value"], data["grad"]) == (-12, {"x": -4, "y": -4, "z": 3})
    assert data["gates"][2] == {
        "id": "v1", "gate": "add", "expr": "x+y", "inputs": ["x", "y"], "value": 3, "grad": -4, "local": [1, 1],
    }  # fmt: skip
    assert data["notes"] == []


@pytest.mark.rule("no NaN in JSON")
def test_json_is_valid_where_nothing_is_finite(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["log(x) + 1/y", "-x", "-1", "-y", "0", "--to", "json"]) == 0
    printed = capsys.readouterr()
    data = json.loads(printed.out, parse_constant=pytest.fail)
    assert data["value"] is None
    assert data["grad"] == {"x": None, "y": None}
    note = data["notes"][0]
    assert (note["kind"], note["expr"], note["span"]) == ("nan", "log(x)", [0, 6])
    assert note["numbers"] == {"value": "nan", "grad.x": "nan", "grad.y": "nan"}
    assert printed.err.startswith("warning: log(x) is nan\n")


def test_rows(capsys: pytest.CaptureFixture[str]) -> None:
    assert out(capsys, *JOB, "--to", "csv") == "x,y,z,value,grad.x,grad.y,grad.z\n-2.0,5.0,-4.0,-12.0,-4.0,-4.0,3.0\n"
    assert out(capsys, *JOB, "--to", "tsv").splitlines()[0] == "x\ty\tz\tvalue\tgrad.x\tgrad.y\tgrad.z"
    line = json.loads(out(capsys, *JOB, "--to", "jsonl"))
    assert line == {"x": -2, "y": 5, "z": -4, "value": -12, "grad": {"x": -4, "y": -4, "z": 3}}
    assert json.loads(out(capsys, "2 + 3", "--to", "jsonl")) == {"value": 5, "grad": {}}
    for name in ("value", "grad"):
        assert main([f"{name}*x", f"-{name}", "2", "-x", "3", "--to", "jsonl"]) == 2
        assert f"the variable '{name}' would share its key with the result" in capsys.readouterr().err


@pytest.mark.parametrize("to", [to for to in FORMATS if to not in BARE])
@pytest.mark.rule(13)
def test_floats_round_trip(capsys: pytest.CaptureFixture[str], to: str) -> None:
    """All digits of every float64, in every format that shows the run."""
    printed = out(capsys, "x*y", "-x", "0.1", "-y", "1/3", "--to", to)
    for digits in (repr(0.1 * (1 / 3)), repr(1 / 3)):
        assert digits in printed


def test_the_formula_itself_needs_no_values(capsys: pytest.CaptureFixture[str]) -> None:
    for text, printed in (("((x)+(y))*z^2", "(x + y)*z^2\n"), ("W@x", "W @ x\n"), ("q=2x;q*q", "q = 2*x\nq*q\n")):
        assert out(capsys, text, "--to", "formula") == printed


@pytest.mark.rule(13)
def test_table_never_cuts_a_number(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for columns in ("1", "20", "79", "80", "200"):
        monkeypatch.setenv("COLUMNS", columns)
        printed = out(capsys, "--file", str(ROOT / "samples" / "neuron.txt"))
        for digits in ("0.7310585786300049", "-0.534446645388523", "0.36787944117144233"):
            assert digits in printed
        assert "…" not in printed
        if columns in ("80", "200"):
            assert max(map(len, printed.splitlines())) <= int(columns)


def test_table_of_a_long_formula_leaves_out_its_middle(capsys: pytest.CaptureFixture[str]) -> None:
    printed = out(capsys, "+".join(["x"] * 1000), "-x", "1")
    assert "600 more wires; --to json has all" in printed
    assert len(printed.splitlines()) < 1300


@pytest.mark.rule(17)
def test_markup_and_emoji_are_text(capsys: pytest.CaptureFixture[str]) -> None:
    printed = out(capsys, "# [/x] [bold] :smile:\nx_bold = 2; x_bold*3  # [red]x[/red]")
    assert "x_bold*3" in printed
    printed = out(capsys, "x # [bold]y[/bold] :smile:", "-x", "1", "--to", "json")
    assert "[bold]y[/bold] :smile:" in json.loads(printed)["formula"]


@pytest.mark.parametrize("formula", ["3", "pi", "k = pi; k", "2*3"])
def test_a_constant_output_has_its_line(capsys: pytest.CaptureFixture[str], formula: str) -> None:
    value = json.loads(out(capsys, formula, "--to", "json"))["gates"][-1]["value"]
    assert value == json.loads(out(capsys, formula, "--to", "jsonl"))["value"]
    assert repr(value).removesuffix(".0") in out(capsys, formula)


@pytest.mark.parametrize("columns", ["0", "-1", "x", "9" * 5000, "１０"])
def test_a_strange_width_is_80(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    expected = out(capsys, *JOB)
    monkeypatch.setenv("COLUMNS", columns)
    assert out(capsys, *JOB) == expected


def test_of_and_wrt(capsys: pytest.CaptureFixture[str]) -> None:
    formula = "q = x + y; f = q*z"
    values = ["-x", "-2", "-y", "5", "-z", "-4"]
    assert row(capsys, formula, *values, "--of", "q") == {
        "x": -2, "y": 5, "z": -4, "value": 3, "grad.x": 1, "grad.y": 1, "grad.z": 0,
    }  # fmt: skip
    assert [key for key in row(capsys, formula, *values, "--wrt", "z, x") if "grad" in key] == ["grad.x", "grad.z"]


def test_formula_from_a_file_and_from_standard_input(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "f.txt"
    path.write_bytes(b"\xef\xbb\xbfx = 2\r\ny = x^2 # a BOM, CRLF and no newline at the end\r\ny + 1")
    assert row(capsys, "--file", str(path)) == {"x": 2, "value": 5, "grad.x": 4}
    assert row(capsys, "--file", str(path), "-x", "3")["value"] == 10
    done = exprgrad("-", "-x", "4", "--to", "csv", stdin="x^2\n")
    assert done.stdout.splitlines()[1] == "4.0,16.0,8.0"


def test_out_writes_the_file_and_its_name_chooses_the_format(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    target = tmp_path / "result.json"
    target.write_text("before")
    target.chmod(0o640)
    assert out(capsys, *JOB, "--out", str(target)) == ""
    assert json.loads(target.read_text())["value"] == -12
    assert target.stat().st_mode & 0o777 == 0o640
    out(capsys, *JOB, "--out", str(tmp_path / "table.txt"))
    assert "(x+y)*z" in (tmp_path / "table.txt").read_text(encoding="utf-8")
    assert "\x1b" not in (tmp_path / "table.txt").read_text(encoding="utf-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["result.json", "table.txt"]


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ("tree", "output\n  mul\n    group\n      add\n"),
        ("circuit", "v1 = add(x, y)  # x+y\n"),
        ("backward", "d[v1] = mul("),
    ],
)
def test_emit(capsys: pytest.CaptureFixture[str], stage: str, expected: str) -> None:
    assert expected in out(capsys, "(x+y)*z", "--emit", stage)


def test_gates_lists_every_gate(capsys: pytest.CaptureFixture[str]) -> None:
    for to in ("table", "markdown"):
        printed = out(capsys, "--gates", "--to", to)
        for gate in ROWS:
            assert (gate.symbol or gate.name) in printed
    assert main(["--gates", "--to", "json"]) == 2
    assert capsys.readouterr() == ("", "error: --gates is a table or markdown, not json\n")


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert out(capsys, "--version").startswith("exprgrad 0.")
    plain = out(capsys, "--help")
    assert "Usage: exprgrad FORMULA [FILES]... [-NAME VALUE]... [--OPTION]..." in plain
    assert all(len(line) <= 80 for line in plain.splitlines())
    assert "Usage" in out(capsys, "-", "--help")
    assert "-x0 VALUE" in out(capsys, "--file", str(ROOT / "samples" / "neuron.txt"), "--help")
    with_formula = out(capsys, "k = 2; k*x + alpha", "--help")
    assert "-alpha VALUE" in with_formula
    assert "default 2.0" in with_formula


@pytest.mark.rule(22)
def test_quiet_leaves_kinks_out_but_not_infinities(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["abs(x)", "-x", "0", "--quiet"]) == 0
    assert capsys.readouterr().err == ""
    assert main(["1/x", "-x", "0", "--quiet"]) == 0
    assert capsys.readouterr().err.startswith("warning: ")


def test_many_notes_end_in_a_count(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["+".join(["abs(x)"] * 50), "-x", "0", "--to", "csv"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) <= 25
    assert lines[-1].endswith("more notes; --to json has all")


def complete(words: str, index: int) -> list[str]:
    """What bash would offer for the word of this index."""
    done = subprocess.run(
        [sys.executable, "-c", "from exprgrad.cli import command; command(prog_name='exprgrad')"],
        env={
            **os.environ, "_EXPRGRAD_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(index),
            "PYTHONPATH": python_path(),
        },
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


def test_completion_offers_variables_and_options() -> None:
    assert {"-x", "-alpha", "--to", "--of"} <= set(complete("exprgrad 'x*alpha' -", 2))
    assert complete("exprgrad 'x*alpha' -x 3 -", 4)[0] == "-alpha"
    assert "json" in complete("exprgrad 'x*alpha' --to ", 3)


@pytest.mark.parametrize("columns", ["0", "1", "1000000"])
@pytest.mark.parametrize("locale", ["C", "POSIX", "C.UTF-8"])
@pytest.mark.rule(23)
def test_same_bytes_everywhere(columns: str, locale: str) -> None:
    """Machine formats do not depend on the locale, the terminal or the hash seed."""
    seen = {
        exprgrad(
            "ß*σ(x)+max(x,y)", "-ß", "2", "-x", "0", "-y", "0", "--to", "json",
            env={"COLUMNS": columns, "LC_ALL": locale, "PYTHONHASHSEED": seed, "TERM": "dumb", "HOME": "/nonexistent", "TMPDIR": "/nonexistent"},
        ).stdout
        for seed in ("0", "1")
    }  # fmt: skip
    assert len(seen) == 1
    assert json.loads(seen.pop())["value"] == 1


def test_colour_is_for_terminals_and_for_those_who_ask() -> None:
    assert "\x1b" not in exprgrad(*JOB).stdout
    assert "\x1b" in exprgrad(*JOB, env={"FORCE_COLOR": "1"}).stdout
    assert "\x1b" not in exprgrad(*JOB, env={"NO_COLOR": "1"}).stdout
    status, found = seen(*JOB)
    assert (status, b"\x1b[" in found) == (0, True)


def test_arrays_by_value_and_by_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A literal, a formula, a default, .npy of several kinds, .csv and .tsv are the same array."""
    saved = np.array([[1.0, 2.0], [3.0, 4.0]])
    np.save(tmp_path / "W.npy", saved)
    np.save(tmp_path / "F.npy", np.asfortranarray(saved.astype(np.float32)))
    np.save(tmp_path / "I.npy", saved.astype(np.int16))
    (tmp_path / "W.csv").write_bytes(b"\xef\xbb\xbf1,2\r\n 3 ,4e0")
    (tmp_path / "N.csv").write_bytes(b"-nan, +NaN ,Nan\n")
    (tmp_path / "W.tsv").write_text('1\t"2"\n3\t4\n\n')
    wanted = {"W[0,0]": 1, "W[0,1]": 2, "W[1,0]": 3, "W[1,1]": 4, "value": 30}
    wanted |= {"grad.W[0,0]": 2, "grad.W[0,1]": 4, "grad.W[1,0]": 6, "grad.W[1,1]": 8}
    files = [f"@{tmp_path / name}" for name in ("W.npy", "F.npy", "I.npy", "W.csv", "W.tsv")]
    for given in ["[[1,2],[3,4]]", "1 + reshape(arange(4), 2, 2)", " [ [1, 4/2], [3e0, 2*2] ]", *files]:
        assert row(capsys, "sum(W^2)", "-W", given) == wanted
    assert row(capsys, "W = [[1,2],[3,4]]; sum(W^2)") == wanted
    assert row(capsys, "W = [[9]]; sum(W^2)", "-W", files[0]) == wanted
    assert np.isnan(load(str(tmp_path / "N.csv"))).all()


@pytest.mark.parametrize(
    ("name", "data", "code", "reason"),
    [
        ("a.csv", b"1,2\n3", 4, "row 2: 1 cells where the first row has 2"), ("a.csv", b"1,x", 4, "line 1, column 2: 'x'"),
        ("a.csv", b"1,1_0", 4, "'1_0'"), ("a.csv", b"1,1e999", 4, "too large"), ("a.csv", b"", 4, "no numbers"), ("a.csv", b"1,\xff", 4, "UTF-8"),
        ("a.csv", b'1,"2', 4, "line 1"), ("a.npy", b"", 4, "NumPy"), ("a.npy", b"\x93NUMPY\x01\x00v\x00{", 4, "NumPy"), ("a.npz", b"", 4, ".npz is no array file"),
        ("a.csv", "１".encode(), 4, "is not a number"), ("a.csv", b"1\x00", 4, "\\x00"), ("a.csv", "1,ınf".encode(), 4, "'ınf' is not a number"),
    ],
)  # fmt: skip
def test_files_that_are_no_arrays(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, data: bytes, code: int, reason: str
) -> None:
    (tmp_path / name).write_bytes(data)
    assert main(["sum(x)", "-x", f"@{tmp_path / name}"]) == code
    assert reason in capsys.readouterr().err


@pytest.mark.rule(24)
def test_array_files_that_would_run_or_round(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Objects are programs, complex numbers and huge integers no float64."""
    for data, reason in [(np.array([{}], dtype=object), "never loaded"), (np.array([1j]), "not real"), (np.array([2**60 + 1]), "too large")]:  # fmt: skip
        np.save(tmp_path / "x.npy", data, allow_pickle=True)
        assert main(["sum(x)", "-x", f"@{tmp_path / 'x.npy'}"]) == 4
        assert reason in capsys.readouterr().err
    assert main(["sum(x)", "-x", f"@{tmp_path / 'none.npy'}"]) == 6
    (tmp_path / "folder.csv").mkdir()
    assert main(["sum(x)", "-x", f"@{tmp_path / 'folder.csv'}"]) == 6


def test_array_files_that_are_too_long_or_cannot_be_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    with open(path, "wb") as file:
        file.truncate(4_000_000_001)  # a hole
    assert main(["sum(x)", "-x", f"@{path}"]) == 4
    assert "x.npy is longer than 4,000,000,000 bytes, the limit for an array" in capsys.readouterr().err
    path.unlink()
    path.symlink_to("/proc/self/mem")  # the system has nothing at its start, and says so when it is read
    assert main(["sum(x)", "-x", f"@{path}"]) == 6
    assert "x.npy: input/output error" in capsys.readouterr().err


def test_arrays_in_json_are_whole_and_valid(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(out(capsys, "sum(W @ x)", "-W", "reshape(arange(60), 3, 20)", "-x", "arange(20)", "--to", "json"))
    assert data["grad"]["W"] == [[float(k) for k in range(20)]] * 3
    assert data["gates"][2]["shape"] == [3]
    assert data["gates"][3]["local"] == [None]
    assert main(["sum(x/y)", "-x", "[1,0]", "-y", "[0,0]", "--to", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["gates"][2]["value"] == [None, None]
    assert data["notes"][0]["numbers"] == {"value": "nan", "grad.x[0]": "nan", "grad.y[0]": "nan"}
    assert json.loads(out(capsys, "2*x", "-x", "[1,2]", "--upstream", "[1,0]", "--to", "jsonl")) == {
        "x": [1, 2], "value": [2, 4], "grad": {"x": [2, 0]},
    }  # fmt: skip


def test_large_arrays_are_summarised_unless_all_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    short = out(capsys, "sum(x^2)", "-x", "arange(13)")
    assert "min  0" in short
    assert "norm 25.4951" in short
    assert "11" not in short
    assert "11," in out(capsys, "sum(x^2)", "-x", "arange(13)", "--full")
    assert "11]" in out(capsys, "sum(x^2)", "-x", "arange(12)")


def test_the_jacobian_in_every_format(capsys: pytest.CaptureFixture[str]) -> None:
    job = ["D = W @ x", "-W", "[[1,2],[3,4]]", "-x", "[5,6]", "--jacobian"]
    data = json.loads(out(capsys, *job, "--to", "json"))
    assert data["jacobian"] == {"W": [[[5, 6], [0, 0]], [[0, 0], [5, 6]]], "x": [[1, 2], [3, 4]]}
    table = list(csv.DictReader(io.StringIO(out(capsys, *job, "--to", "csv", "--wrt", "x"))))
    assert [dict(line) for line in table] == [
        {"element": "[0]", "value": "17.0", "grad.x[0]": "1.0", "grad.x[1]": "2.0"},
        {"element": "[1]", "value": "39.0", "grad.x[0]": "3.0", "grad.x[1]": "4.0"},
    ]
    assert "d[D]/d[…]" in out(capsys, *job)
    assert "| `x` | `2×2` | `[[1, 2],  [3, 4]]` |" in out(capsys, *job, "--to", "markdown")
    assert main([*job, "--to", "jsonl"]) == 2


def test_a_table_of_arrays_fits_80_columns(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("two-layer-network", "logistic-regression", "matrix-product"):
        text = out(capsys, "--file", str(ROOT / "samples" / f"{name}.txt"))
        assert max(map(len, text.splitlines())) <= 80, name


def test_the_stages_of_arrays(capsys: pytest.CaptureFixture[str]) -> None:
    text = out(capsys, "sum(W @ X)", "-W", "[[1,2],[3,4]]", "-X", "[[1],[2]]", "--emit", "backward")
    assert "d[W] = matmul(d[v1], v3)" in text
    assert "v3 = matrix_transpose(X)" in text
