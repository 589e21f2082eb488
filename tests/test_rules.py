"""The rules for hard and hostile input: each has tests that name it, here or in the file of what it is about.

A test names a rule by ``@pytest.mark.rule(9)``; ``pytest -m rule`` runs them all.
"""

from __future__ import annotations

import ast
import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conftest import ROOT
from exprgrad.alike import _DRAWN, apart, lookalike, meant, pair, skeleton
from process import seen, shell
from rowjob import job, refused

RULES: dict[int | str, str] = {
    1: "no input shows a traceback, an exception, a path of Python, the name of a library or a warning's class",
    2: "text of a formula never reaches eval, exec, compile, getattr, format or a shell",
    3: "exit status 0 if and only if the whole result was delivered; a closed or full standard output is 6",
    4: "--out: a temporary file, renamed; after a failure or a signal the target is as before and nothing is left",
    5: "what is written is never what is read",
    6: "killed at any time: the target is old or whole, and another run gives the bytes of a clean one",
    7: "interrupt, terminate and hang-up end it within 2 seconds, quietly, by that signal",
    8: "a reader that leaves is no error",
    9: "a hundred thousand of depth or width is a result; a million is one or an error that says why not",
    10: "everything has a limit, and the error names it; endless input ends in an error",
    11: "numbers are float64 everywhere, while a formula is read too",
    12: "one grammar of numbers, ASCII, for formulas, options and cells; overflow is an error",
    13: "numbers are rounded correctly as they come in, the shortest that read back as they go out, and never cut",
    14: "a bad cell is an error with its row, column and text, or is counted; never 0, NaN or dropped in silence",
    15: "ragged rows, columns missing or twice, open quotes, NUL, UTF-16, no UTF-8: errors; BOM, CRLF, quotes: fine",
    16: "values that are missing, unused or repeated, stray arguments, unknown or cut options: errors that name them",
    17: "nothing that others wrote steers a terminal",
    18: "results on standard output, the rest on standard error; on failure no result; at most 25 lines and 4 KB",
    19: "names are compared as written; those that look alike are told apart by code point",
    20: "words of Python, its builtins and names of the generator are ordinary variables",
    21: "singular points are the same for one row, for many, in generated code; no simplification changes a value",
    22: "what is not finite is a result with one warning; --strict makes it 5",
    23: "the same input gives the same bytes, whatever surrounds it",
    24: "nothing is imported, unpickled or left in the current folder, TMPDIR or HOME; no network",
    25: "memory does not grow with the rows, and as many rows come out as go in",
    "markup": "what is written for a browser has every text escaped and no address outside",
    "checksums": "Parquet is written with checksums of its pages, which are verified",
    "cells": "cells of text pass unchanged",
    "no NaN in JSON": "JSON has no literal that is no JSON",
    **{f"exit {status}": "" for status in (0, 1, 2, 3, 4, 5, 6, 129, 130, 143, 141)},
}


def _named(path: Path) -> list[int | str]:
    """The rules that the tests of a file name."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    return [
        ast.literal_eval(rule) for call in calls if ast.unparse(call.func) == "pytest.mark.rule" for rule in call.args
    ]


def test_every_rule_is_named_by_a_test() -> None:
    named = {rule for path in (ROOT / "tests").glob("test_*.py") for rule in _named(path)}
    assert named <= set(RULES)


@pytest.mark.rule(1)
def test_a_panic_of_a_library_is_a_bug_in_one_line() -> None:
    """An exception that is no Exception, as of a library in another language."""
    program = """import exprgrad.cli as cli, exprgrad.__main__ as command
class Panic(BaseException): pass
def main(arguments): raise Panic
cli.main = main
command.main()"""
    done = shell(f"python -c '{program}'")
    assert (done.status, done.out) == (1, b"")
    assert done.err == "error: this is a bug of exprgrad; please report it with the formula and the values\n"


@pytest.mark.rule(1)
def test_a_prefix_is_text_that_can_be_printed(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n")
    for prefix in ("\udcff", "\x1b[31m", "\n"):
        assert "cannot be printed" in refused("x", tmp_path / "a.csv", "--prefix", prefix, status=2)


@pytest.mark.rule(15)
@pytest.mark.parametrize("to", ["csv", "tsv", "parquet", "arrow"])
def test_a_nul_in_json_goes_into_json_only(to: str) -> None:
    for row in (b'{"x": 1, "a": "\\u0000"}', b'{"x": 1, "\\u0000": 2}'):
        assert "NUL" in refused("x", "-", "--from", "jsonl", "--to", to, data=row)
        assert job("x", "-", "--from", "jsonl", data=row).out.startswith(row[:-1])
    if to in ("csv", "tsv"):
        assert "NUL" in refused("-", "--from", "jsonl", "--to", to, data=b'{"formula": "1", "a": "\\u0000"}')
    row = b'{"x": 1, "a": "\\\\u0000"}'  # a backslash and five letters
    assert job("x", "-", "--from", "jsonl", "--to", to, data=row).status == 0


@pytest.mark.rule(17)
def test_cells_that_would_steer_a_terminal_are_shown_there_and_pass_unchanged_elsewhere(tmp_path: Path) -> None:
    text = "x,\u202ename\n1,\x1b[31mred\x9b\n"
    (tmp_path / "a.csv").write_text(text)
    (tmp_path / "a.jsonl").write_text('{"formula": "1", "a": "\x9b\u202e\u200b"}\n')
    for to in ("csv", "tsv", "jsonl", "table"):
        for files in (["x", "a.csv"], ["a.jsonl"]):
            status, found = seen(*files, "--to", to, cwd=tmp_path)
            assert status == 0
            assert not set("\x9b\u202e\u200b") & set(found.decode())
            assert b"[31mred" not in found.replace(b"\\x1b[31mred", b"").replace(b"\\u001b[31mred", b"")
    assert shell("$EG x a.csv", tmp_path).out.decode() == "x,\u202ename,value,grad.x\n1,\x1b[31mred\x9b,1.0,1.0\n"


@pytest.mark.rule(19)
@pytest.mark.parametrize(
    ("one", "other", "points"),
    [
        ("\u0445", "x", "U+0445 CYRILLIC SMALL LETTER HA"), ("\xb5", "\u03bc", "U+00B5 MICRO SIGN"), ("\u212a", "K", "U+212A KELVIN SIGN"),
        ("\ufb01", "fi", "U+FB01 LATIN SMALL LIGATURE FI"), ("e\u0301", "\xe9", "U+0065 LATIN SMALL LETTER E, U+0301 COMBINING ACUTE ACCENT"),
        ("\uff58", "x", "U+FF58 FULLWIDTH LATIN SMALL LETTER X"), ("x\u200b", "x", "U+200B ZERO WIDTH SPACE"), ("vel\u0445_1", "velx_1", "U+0445 CYRILLIC SMALL LETTER HA"),
        ("\u0391", "\u0410", "U+0391 GREEK CAPITAL LETTER ALPHA"), ("\u03a0", "\u041f", "U+03A0 GREEK CAPITAL LETTER PI"),
        ("x\ufe0f", "x", "U+FE0F VARIATION SELECTOR-16"), ("x\u3164", "x", "U+3164 HANGUL FILLER"),
    ],
)  # fmt: skip
def test_names_that_look_alike_are_told_apart_by_code_point(one: str, other: str, points: str) -> None:
    assert one != other
    assert lookalike(one, ["y", other]) == other
    assert lookalike(other, ["y", one]) == one
    assert apart(one, other)[0].endswith(f" has {points}")
    assert meant(one, [other]).split("\n")[1:] == apart(one, other)
    found = pair(["y", one, other])
    assert found is not None
    assert found.hint == "\n".join(apart(one, other))


@pytest.mark.rule(19)
@example("\u0430\u0301", "a")
@given(st.text(), st.text(alphabet=st.characters(max_codepoint=127)))
def test_looks_are_an_equivalence_and_ascii_looks_like_itself(name: str, plain: str) -> None:
    assert skeleton(plain) == plain
    assert skeleton(skeleton(name)) == skeleton(name)
    assert lookalike(name, [name]) == ""


@pytest.mark.rule(19)
def test_letters_drawn_alike_are_letters_of_other_alphabets() -> None:
    for letter, others in _DRAWN.items():
        for other in others:
            assert other.isalpha()
            assert unicodedata.normalize("NFKC", other) == other
            assert other.isupper() == letter.isupper() or other == "\u04c0"  # a letter without case
    every = "".join(_DRAWN.values())
    assert len(set(every)) == len(every)


@pytest.mark.rule(19)
def test_a_formula_with_two_names_that_look_alike_has_one_note(tmp_path: Path) -> None:
    note = "note: 'x' and '\u0445' look alike, and are two names\n  = 'x' has U+0078 LATIN SMALL LETTER X\n"
    (tmp_path / "a.csv").write_text("x,\u0445\n1,2\n")
    for values in (["-x", "1", "-\u0445", "2", "--to", "csv"], [str(tmp_path / "a.csv")]):
        done = job("x + \u0445 + \u0445 + x", *values)
        assert (done.status, done.err) == (0, f"{note}  = '\u0445' has U+0445 CYRILLIC SMALL LETTER HA\n")
        assert done.out.startswith("x,\u0445,value,grad.x,grad.\u0445\n".encode())
        assert job("x + \u0445 + \u0445 + x", *values, "--quiet").err == ""
    assert job("\u03b1 + a", "-a", "1", "-\u03b1", "2", "--to", "csv").err == ""


@pytest.mark.rule(10)
def test_an_array_that_never_ends_meets_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device under a name with the ending of an array."""
    monkeypatch.setattr("exprgrad.load.MAX_TEXT", 1_000_000)
    for ending in ("csv", "tsv", "npy"):
        (tmp_path / f"z.{ending}").symlink_to("/dev/zero")
        assert "longer than 1,000,000 bytes, the limit" in refused("sum(x)", "-x", f"@{tmp_path}/z.{ending}")


@pytest.mark.rule(10)
def test_arrays_come_through_pipes(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([1.0, 2.0]))
    (tmp_path / "a.csv").write_text("1\n2\n")
    for ending in ("npy", "csv"):
        os.mkfifo(tmp_path / f"pipe.{ending}")
        done = shell(f"cat a.{ending} > pipe.{ending} & $EG 'sum(x)' -x @pipe.{ending} --to csv", tmp_path)
        assert done == (0, b"x[0],x[1],value,grad.x[0],grad.x[1]\n1.0,2.0,3.0,1.0,1.0\n", "")
