r"""Every kind of error has a case file: the command, its exit status, what it prints on standard error.

A case is a file in tests/errors/: `$ exprgrad …` (\e and \n stand for escape and newline), `exit N`,
and the rendering.  Dropping a file in is writing a test.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from conftest import ROOT
from exprgrad.cli import main
from exprgrad.errors import Report, named, nearest, shown

CASES = sorted((ROOT / "tests" / "errors").glob("*.txt"))


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
@pytest.mark.rule(16, 18, "exit 2", "exit 3", "exit 4", "exit 5")
def test_case(path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    command, status, *expected = path.read_text(encoding="utf-8").splitlines()
    arguments = shlex.split(command.removeprefix("$ exprgrad ").replace("\\e", "\x1b").replace("\\n", "\n"))
    assert f"exit {main(arguments)}" == status
    printed = capsys.readouterr()
    assert printed.err.splitlines() == expected
    assert printed.out == ""
    assert len(expected) <= 25
    assert len(printed.err.encode()) <= 4096


@pytest.mark.rule(17)
def test_text_of_the_user_is_shown_never_sent() -> None:
    """Control characters, bidi marks and surrogates are escaped, long text is cut in the middle."""
    assert shown("a\x1b[31m\x9b\u202e\ud800\x7f\t") == "a\\x1b[31m\\x9b\\u202e\\ud800\\x7f\\x09"
    assert shown("[bold] :smile: é 日本") == "[bold] :smile: é 日本"
    assert shown("x" * 100) == "x" * 30 + "…" + "x" * 29
    assert named("х1") == "'х1' (U+0445)"


def test_suggestions_ignore_case_and_are_not_made_for_short_words() -> None:
    assert nearest("Sgmoid", ["sigmoid", "sin"]) == "sigmoid"
    assert nearest("X", ["x", "y"]) == "x"
    assert nearest("ab", ["abs"]) == ""


def test_the_caret_stands_under_wide_and_escaped_characters() -> None:
    lines = Report("m", "日本 + $", (5, 6)).render("error").splitlines()
    assert lines[3].index("^") - lines[2].index("日") == 2 + 2 + 3
    lines = Report("m", "\x01 + $", (4, 5)).render("error").splitlines()
    assert lines[3].index("^") == lines[2].index("$")


def test_what_else_an_error_points_to_has_a_caret_if_it_is_in_the_same_piece() -> None:
    for before, carets in (("", 2), ("x + " * 100, 2), ("(1 + " + "x + " * 100, 1)):
        text = f"{before}{'' if before.startswith('(') else '('}2]"
        start = text.rindex("(") if carets == 2 else 0
        lines = Report("m", text, (len(text) - 1, len(text)), others=((start, start + 1),)).render("error").splitlines()
        assert lines[3].count("^") == carets
        for column in [place for place, mark in enumerate(lines[3]) if mark == "^"]:
            assert lines[2][column] in "(]"
