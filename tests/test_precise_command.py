"""--precise on the command line, for a point and for rows, and the line that points to it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from conftest import exprgrad
from exprgrad.cli import main
from exprgrad.diagnosis.lost import lost
from exprgrad.diagnosis.settled import settled, true_edges
from exprgrad.language.read import read
from exprgrad.precise.precise import on_float64, precise
from exprgrad.run import run
from exprgrad.style import Style
from exprgrad.write.precise import rounded
from test_schema import faults

HARD = ["(1 - cos(x))/x^2", "-x", "1e-6", "--precise"]


def told(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> tuple[str, str]:
    assert main(list(arguments)) == status
    printed = capsys.readouterr()
    return printed.out, printed.err


def test_the_table_marks_the_gate_that_loses(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In 80 columns the true number stands below float64's, in more beside it; no line is too long."""
    for columns, beside in (("80", False), ("110", True)):
        monkeypatch.setenv("COLUMNS", columns)
        out, err = told(capsys, *HARD)
        assert (err, max(map(len, out.splitlines())) <= int(columns)) == ("", True)
        marked = [line for line in out.splitlines() if "<--" in line]
        assert len(marked) == 1
        assert "1 - cos(x)" in marked[0]
        assert " 12 <--" in marked[0]
        assert ("4.9999999999995829e-13" in marked[0]) == beside
        assert "17 digits of each have settled; 80 were worked with" in out


def test_how_it_looks_can_be_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = told(capsys, *HARD, "--digits", "4", "--ascii")
    assert out.isascii()
    assert "-8.333e-08" in out
    assert "5e-13" in out
    out, _ = told(capsys, "exp(x)", "-x", "1000", "--precise", "--to", "markdown", "--digits", "3")
    assert "| `v1` | `exp(x)` | `inf` | `1.97e+434` | `0` | `16 <--` |" in out


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9.9999e+434", "1e+435"),
        ("1.97007e+434", "1.97e+434"),
        ("-9.999", "-10"),
        ("nan", "nan"),
        ("10^(5.3e+38)", "10^(5.3e+38)"),
        ("-9.9996e-400", "-1e-399"),
    ],
)
def test_numbers_of_any_size_are_rounded(text: str, expected: str) -> None:
    assert rounded(text, Style(digits=3)) == expected


def test_json_has_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = told(capsys, "1/(1 + exp(-x))", "-x", "-1000", "--precise", "--to", "json")
    data = json.loads(out, parse_constant=pytest.fail)
    assert (faults(data), err) == ([], "")
    assert (data["value"], data["grad"], data["settled"], data["digits"], data["notes"]) == (0, {"x": 0}, True, 40, [])
    assert [(one["of"], one["float64"], one["true"]) for one in data["numbers"]] == [
        ("value", 0, "5.0759588975494568e-435"), ("grad.x", None, "5.0759588975494568e-435"),
    ]  # fmt: skip
    assert [gate["lost"] for gate in data["gates"]] == [0, 0, 16, 0, 0]


def test_one_row_of_data(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["log(1 + exp(x))", "-x", "800", "--precise", "--to"]
    assert told(capsys, *command, "csv") == ("x,value,grad.x\n800.0,800.0,1.0\n", "")
    assert told(capsys, *command, "tsv") == ("x\tvalue\tgrad.x\n800.0\t800.0\t1.0\n", "")
    assert told(capsys, *command, "jsonl") == ('{"x": 800.0, "value": 800.0, "grad": {"x": 1.0}}\n', "")


def test_what_is_not_known_is_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = told(capsys, "max(sqrt(x)^2, y)", "-x", "2", "-y", "2", "--precise", "--to", "csv", "--quiet")
    assert out == "x,y,value,grad.x,grad.y\n2.0,2.0,2.0,nan,nan\n"
    assert err.startswith("warning: not settled: grad.x (nothing has settled with 5,120 digits), grad.y (")
    out, err = told(capsys, "exp(x)", "-x", "1000", "--precise", "--to", "csv")
    assert out == "x,value,grad.x\n1000.0,inf,inf\n"
    assert err.startswith(
        "warning: value is truly 1.970071114017047e+434, grad.x is truly 1.970071114017047e+434: beyond float64"
    )
    out, err = told(capsys, "1/x + 0/y", "-x", "0", "-y", "1", "--precise", "--to", "csv")
    assert out == "x,y,value,grad.x,grad.y\n0.0,1.0,inf,-inf,0.0\n" or "-0.0" in out
    assert "1/x is inf" in err
    out, err = told(capsys, "sin(x)^2 + cos(x)^2 - 1", "-x", "0.3", "--precise")
    assert (err, "value: 0 as far as 5,120 digits tell" in out) == ("", True)


def test_some_digits_are_better_than_none(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a difference that takes 5,106 digits away, those that are left are shown, and no float64 is claimed."""
    command = ["0.7*(1 - cos(x^9))/x^18", "-x", "2.5e-284", "--precise"]
    out, err = told(capsys, *command)
    assert "0.35…" in out
    assert "value: 10 digits have settled with 5,120" in out
    assert err.startswith("warning: not settled: value (10 digits have settled with 5,120)")
    assert told(capsys, *command, "--to", "csv")[0].startswith("x,value,grad.x\n2.5e-284,nan,")


def test_what_is_beyond_all_is_said_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    out, err = told(capsys, "exp(exp(exp(x)))", "-x", "90", "--precise")
    assert "huge" in out
    assert "value: beyond float64 by far" in out
    assert err.startswith("warning: value is truly huge, grad.x is truly huge: beyond float64")
    out, _ = told(capsys, "exp(exp(x))", "-x", "90", "--precise")
    assert "10^(5.3001441641878843e+38)" in out


def test_long_formulas_and_large_arrays(capsys: pytest.CaptureFixture[str]) -> None:
    """Of many gates those where most is lost are shown, of an array the worst element, with --full all."""
    text = "+".join(f"sin({k}*x)" for k in range(100)) + " + (exp(x) - 1)"
    out, _ = told(capsys, text, "-x", "1e-12", "--precise")
    assert "more gates lose no more; --to json has all" in out
    assert sum("<--" in line for line in out.splitlines()) == 1
    assert "exp(x) - 1" in next(line for line in out.splitlines() if "<--" in line)
    assert "more gates" not in told(capsys, text, "-x", "1e-12", "--precise", "--full")[0]
    out, _ = told(capsys, "sum(exp(x) - 1)", "-x", "[1, 1e-12, 2]", "--precise")
    assert "of an array, the element of which float64 has the fewest right digits" in out
    assert "v2[1]" in next(line for line in out.splitlines() if "<--" in line)
    assert out.count("d[x[") == 1
    assert told(capsys, "sum(exp(x) - 1)", "-x", "[1, 1e-12, 2]", "--precise", "--full")[0].count("d[x[") == 3


def test_kinks_keep_their_choices(capsys: pytest.CaptureFixture[str]) -> None:
    for options, gradient in (([], "0.0"), (["--convention", "jax"], "1.0")):
        out, err = told(capsys, "abs(x)", "-x", "0", "--precise", "--to", "csv", *options)
        assert out == f"x,value,grad.x\n0.0,0.0,{gradient}\n"
        assert err.startswith("note: abs(x) has a kink here")
    told(capsys, "abs(x)", "-x", "0", "--precise", "--strict", status=5)
    told(capsys, "abs(x)", "-x", "0", "--precise", "--convention", "strict", status=5)


@pytest.mark.parametrize(
    ("text", "point", "said"),
    [
        ("abs((1 + x) - 1)", {"x": 1e-20}, []),  # only float64's 0
        ("max(x + y, x)", {"x": 1, "y": 1e-20}, []),
        ("where((1 + x) - 1 > 0, x, -x)", {"x": 1e-20}, []),
        ("max(x + y, x)", {"x": 1, "y": 0}, ["max(x + y, x) has a kink here"]),
        ("abs((x + y) - x - y)", {"x": 1, "y": 1e-20}, ["abs((x + y) - x - y) has a kink here"]),  # only the true 0
        ("max((x + y) - x, y)*x", {"x": 1, "y": 1e-20}, ["max((x + y) - x, y) has a kink here"]),
        ("floor(x - y)", {"x": 1, "y": 1e-20}, ["no gradient passes floor(x - y)"]),
        ("round(x + 0.5)*x", {"x": 1}, ["round(x + 0.5) has a step here"]),
        ("abs(sqrt(x)^2 - x)", {"x": 2}, []),  # nobody knows
        ("sum(abs((1 + x) - 1))", {"x": [1e-20, 0, 1, 0]}, ["abs((1 + x) - 1) has a kink at its element [1] and at 1 more"]),
        ("max(x + 1)", {"x": [1e-20, 0]}, []),
        ("max(x + 1)", {"x": [0, 0]}, ["max(x + 1) has a kink here"]),
        ("g(t) = abs((1 + t) - 1); g(x)", {"x": 1e-20}, []),
    ],
)  # fmt: skip
def test_the_kinks_are_those_of_the_true_numbers(text: str, point: dict[str, Any], said: list[str]) -> None:
    notes = list(settled(precise(read(text), point)))
    assert [note.report.message for note in notes if note.finite] == said
    rows = precise(read(text), point), on_float64(read(text), point)
    assert len({tuple(note.report.message for note in true_edges(one)) for one in rows}) == 1


def test_what_float64_uses_and_others_print_elsewhere_is_not_said() -> None:
    (there,) = settled(precise(read("abs((x + y) - x - y)"), {"x": 1, "y": 1e-20}))
    assert there.report.hint == "local gradient -1 on the left, 1 on the right"
    assert there.report.label == "(x + y) - x - y is 0 here"
    (here,) = settled(precise(read("abs(x)"), {"x": 0}))
    assert here.report.hint == "local gradient -1 on the left, 1 on the right, 0 used here\nJAX prints 1, PyTorch 0"


def test_kinks_of_rows_are_those_of_the_true_numbers(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("x,y\n1,1e-20\n1e-20,0\n")
    out, _ = told(capsys, "max(x + y, x)", str(path), "--precise", "--notes", "--only")
    assert out == 'value,grad.x,grad.y,note\n1.0,1.0,1.0,\n1e-20,1.0,0.5,"max(x + y, x) has a kink here"\n'
    _, err = told(capsys, "max(x + y, x)", str(path), "--precise", "--strict", status=5)
    assert "rows.csv, line 3: max(x + y, x) has a kink here" in err


def test_a_part_some_inputs_and_what_arrives(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["-x", "1e-9", "-y", "1", "--of", "q", "--wrt", "x", "--upstream", "2", "--precise", "--to", "csv"]
    out, _ = told(capsys, "q = 1 - cos(x); q/x^2 + y", *options)
    assert out == "x,y,value,grad.x\n1e-09,1.0,5e-19,2e-09\n"


def test_two_questions_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for other in (["--explain"], ["--check"], ["--jacobian"], ["--hessian"], ["--why", "x"]):
        _, err = told(capsys, "x^2", "-x", "3", "--precise", *other, status=2)
        assert "are two questions" in err


# ---------------------------------------------------------------- rows

ROWS = "x,y\n-1000,1\n1e-9,2\n800,3\n"
TRUE = [(0.0, 0.0, 0.0), (2 * math.log(2) + 1e-9, math.log(2) + 5e-10, 1.0000000005), (2400.0, 800.0, 3.0)]


@pytest.mark.parametrize("to", ["csv", "tsv", "parquet", "arrow"])
def test_rows_of_all_formats(to: str, tmp_path: Path) -> None:
    """The float64s nearest to the true numbers, whatever the rows are written in."""
    (tmp_path / "in.csv").write_text(ROWS)
    target = tmp_path / f"out.{to}"
    done = exprgrad("y*log(1 + exp(x))", str(tmp_path / "in.csv"), "--precise", "--only", "--out", str(target))
    assert (done.returncode, done.stderr) == (0, "")
    readers: dict[str, Callable[..., pl.DataFrame]] = {
        "csv": pl.read_csv, "tsv": partial(pl.read_csv, separator="\t"), "parquet": pl.read_parquet, "arrow": pl.read_ipc_stream,
    }  # fmt: skip
    found = readers[to](target)
    assert found.columns == ["value", "grad.y", "grad.x"]
    assert found.rows() == [pytest.approx(row, rel=1e-15) for row in TRUE]


def test_rows_as_lines(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"x": 800}\n')
    out, _ = told(capsys, "log(1 + exp(x))", str(tmp_path / "in.jsonl"), "--precise")
    assert json.loads(out) == {"x": 800, "value": 800, "grad": {"x": 1}}


def test_rows_that_have_not_settled(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("x,y\n2,2\n3,1\n1000,1\n4,4\n")
    done = exprgrad("max(sqrt(x)^2, y)", str(tmp_path / "in.csv"), "--precise", "--notes")
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "x,y,value,grad.x,grad.y,note",
        '2,2,2.0,nan,nan,"not settled: grad.x (nothing has settled with 5,120 digits), grad.y (nothing has settled with 5,120 digits)"',
        "3,1,3.0,1.0,0.0,", "1000,1,1000.0,1.0,0.0,", '4,4,4.0,0.5,0.5,"max(sqrt(x)^2, y) has a kink here"',
    ]  # fmt: skip
    assert "1 of 4 rows not finite or not known" in done.stderr
    assert exprgrad("max(sqrt(x)^2, y)", str(tmp_path / "in.csv"), "--precise", "--strict").returncode == 5
    (tmp_path / "large.csv").write_text("x\n1000\n")
    done = exprgrad("exp(x)", str(tmp_path / "large.csv"), "--precise")
    assert done.stdout == "x,value,grad.x\n1000,inf,inf\n"
    assert "truly 1.970071114017047e+434" in done.stderr


def test_rows_with_formulas_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text('{"formula": "log(1 + exp(x))", "x": 800, "value": 800, "grad": {"x": 1}}\n')
    assert exprgrad(str(path), "--expect").returncode == 5
    assert exprgrad(str(path), "--expect", "--precise").returncode == 0


# ---------------------------------------------------------------- unasked


@pytest.mark.parametrize(
    ("text", "x", "culprit"),
    [
        ("(1 - cos(x))/x^2", 1e-6, "cos(x)"), ("(1 - cos(x))/x^2", 1e-9, "cos(x)"), ("exp(x) - 1", 1e-12, "exp(x)"), ("log(1 + x)", 1e-12, "1 + x"),
        ("sqrt(x + 1) - sqrt(x)", 1e15, "sqrt(x + 1)"), ("(1e200 + x) - 1e200", 0.5, "1e200 + x"), ("1/(x + 1) - 1/x", 1e10, "1/(x + 1)"),
        ("sin(1e16*x)", 0.3, "1e16*x"), ("tanh(x) - 1", 30.5, "tanh(x)"),
        ("1/inf + (1 + x) - 1", 1e-12, "1 + x"),
    ],
)  # fmt: skip
def test_lost_digits_are_told_in_one_line(
    text: str, x: float, culprit: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _, err = told(capsys, text, "-x", repr(x), "--to", "csv")
    assert (
        err == f"note: the rounding of {culprit} costs more than half of the digits: --precise gives the true numbers\n"
    )
    assert told(capsys, text, "-x", repr(x), "--to", "csv", "--quiet")[1] == ""
    assert main([text, "-x", repr(x), "--strict", "--to", "csv"]) == 0


@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("x - x", 0.1), ("1 - 1 + x", 1e-20), ("sin(pi)*x", 1.0), ("sin(x)", math.pi), ("(x + 1) - x", 1e10), ("exp(0*x) - 1", 1.0), ("sqrt(x) - 2", 4.0), ("x*x - 4", 2.0),
        ("sin(x)^2 + cos(x)^2 - 1", 0.3), ("exp(x) - exp(x)", 1.0), ("log10(x) - 3", 1000.0), ("gamma(x) - 24", 5.0), ("cos(x) - 1 + 5", 1e-5), ("x % 1", 1e15 + 0.5),
        ("log(x)", 1.0000001), ("(x - 1)^2", 1.0000001), ("expm1(x)", 1e-12), ("x - floor(x)", 1e15), ("max(x, 1 - cos(x))", 1e-6), ("where(x > 1, 1 - cos(x), x)", 1e-6),
        ("tanh(x)", 1e-300), ("sigmoid(x) - 0.5", 0.0), ("x^2", 1e-200), ("2^x - 8", 3.0),
    ],
)  # fmt: skip
def test_nothing_is_said_where_nothing_is_lost(text: str, x: float) -> None:
    assert list(lost(run(read(text), {"x": x}))) == []


PIECES = st.sampled_from(
    ["x", "y", "1", "2", "0.5", "cos(x)", "exp(y)", "sqrt(x^2 + 1)", "log(1 + y^2)", "x*y", "x/3", "tanh(y)", "1e8"]
)
TEXTS = st.builds(
    lambda a, b, c, o, p: f"({a} {o} {b}) {p} {c}",
    PIECES,
    PIECES,
    PIECES,
    st.sampled_from("+-"),
    st.sampled_from("+-*/"),
)
SOME = st.sampled_from([1.0, 0.5, 0.1, 1e-5, 1e-9, 3.3, 1e8, 123456.789, -2.0])


@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(TEXTS, SOME, SOME)
def test_what_is_said_is_true(text: str, x: float, y: float) -> None:
    """If the line is there, float64 has at most nine right digits of the value, and of a good one nothing is said."""
    circuit = read(text)
    point = {name: value for name, value in (("x", x), ("y", y)) if name in circuit.inputs}
    said = list(lost(run(circuit, point)))
    assume(said or x == 1e-9)
    found = precise(circuit, point).values[0]
    if said:
        assert found.right is not None
        assert found.right <= 9
