"""How people want to see things: digits, colours, plain ASCII."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import exprgrad
from exprgrad.cli import main
from exprgrad.errors import UsageError
from exprgrad.style import Style, style


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(1, 17))
def test_rounding_is_that_of_the_digits(number: float, count: int) -> None:
    text = Style(digits=count).number(number)
    assert float(text) == float(f"{number:.{count - 1}e}")
    assert "inf" not in text
    assert len(text.lstrip("-").partition("e")[0].replace(".", "").strip("0")) <= count
    assert float(Style().number(number)) == number


def test_rounding_of_what_is_not_finite_and_of_arrays() -> None:
    look = Style(digits=3)
    assert [look.number(x) for x in (float("inf"), float("-inf"), float("nan"), -0.0, 1e300)] == [
        "inf", "-inf", "nan", "-0", "1e+300",
    ]  # fmt: skip
    assert look.number(np.array([1 / 3, 2.0])) == "[0.333, 2]"


@pytest.mark.parametrize(
    ("digits", "colours"),
    [("0", None), ("18", None), ("x", None), ("-1", None), ("٣", None), (None, "value"), (None, "value=pink"),
     (None, "valu=red"), (None, ""), (None, "gradient=#12"), (None, "value=[red]")],
)  # fmt: skip
def test_what_is_no_style_is_refused(digits: str | None, colours: str | None) -> None:
    with pytest.raises(UsageError):
        style(full=False, digits=digits, ascii_=False, colours=colours)


def test_the_table_follows_the_style() -> None:
    given = [
        "sigmoid(σ*x)",
        "-σ",
        "2",
        "-x",
        "1/3",
        "--digits",
        "3",
        "--ascii",
        "--colors",
        "value=#102030,gradient=blue",
    ]
    found = exprgrad(*given, env={"FORCE_COLOR": "1", "COLORTERM": "truecolor"})
    assert found.stdout.isascii()
    assert "0.661" in found.stdout
    assert "0.6607" not in found.stdout
    plain = exprgrad(*given)
    assert plain.stdout.isascii()
    assert len({len(line) for line in plain.stdout.splitlines()}) == 1


NAMES = ["größe*sin(größe) + α", "größe=2", "α=3", "--ascii"]


@pytest.mark.parametrize(
    "question",
    [[], ["--why", "größe"], ["--check"], ["--hessian"], ["--jacobian"], ["--precise"], ["--ascend", "0.1", "--steps", "2"]],
)  # fmt: skip
def test_columns_stay_columns_in_ascii(
    question: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An escape is wider than its character."""
    monkeypatch.setenv("COLUMNS", "150")
    assert main([*NAMES, *question]) == 0
    boxes = "".join(
        line if line[:1] in ("|", "+") else "\n" for line in capsys.readouterr().out.splitlines(keepends=True)
    )
    tables = [box.strip("\n").splitlines() for box in boxes.split("\n\n") if "\\xf6" in box]
    assert tables
    assert all(len({len(line) for line in table}) == 1 for table in tables)


@pytest.mark.parametrize("question", [[], ["--to", "tree"]])
def test_columns_of_a_narrow_table_stay_columns_in_ascii(
    question: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main([*NAMES, *question]) == 0
    lines = capsys.readouterr().out.splitlines()
    start = next(line.index(" value") for line in lines if " value" in line)
    assert any("sin(gr\\xf6\\xdfe)" in line[:start] for line in lines)
    assert {line[start : start + 1] for line in lines if not line.startswith("---")} <= {" ", ""}


def test_what_stands_beside_stays_beside_in_ascii(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*NAMES, "--explain"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("    dv3/d")]
    assert len({line.index(" = d[v3]*") - len(line.partition("d[")[2].partition("]")[0]) for line in lines}) == 1


@pytest.mark.parametrize(
    "data", ["größe,α\n1,2\n3,4\n", '{"formula":"größe^2","größe":1}\n{"formula":"größe^","größe":1}\n']
)
def test_columns_over_rows_stay_columns_in_ascii(data: str) -> None:
    formula, kind = ([], "jsonl") if data.startswith("{") else (NAMES[:1], "csv")
    keep = ["--bad", "keep"] if kind == "jsonl" else []
    done = exprgrad(*formula, "-", "--from", kind, "--to", "table", "--ascii", *keep, stdin=data)
    lines = [line for line in done.stdout.splitlines() if line[:1] in ("|", "+")]
    assert "\\xf6" in "".join(lines)
    assert len({len(line) for line in lines}) == 1


def test_notes_and_errors_in_ascii() -> None:
    found = exprgrad("log(x)", "-x", "0", "--ascii")
    assert found.returncode == 0
    assert found.stderr.startswith("warning")
    assert found.stderr.isascii()
    assert exprgrad("log(ξ", "--ascii").stderr.isascii()


@pytest.mark.parametrize(
    "question", [[], ["--hessian"], ["--tangent", "σ=1"], ["--check"], ["--ascend", "1"], ["--why", "σ"]]
)
def test_markdown_is_ascii_if_that_is_asked_for(question: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["σ*3", "-σ", "2", "--to", "markdown", "--ascii", *question]) == 0
    printed = capsys.readouterr().out
    assert printed.isascii()
    assert "|" in printed
