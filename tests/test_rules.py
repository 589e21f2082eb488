"""The rules for hard and hostile input: each has tests that name it, here or in the file of what it is about.

A test names a rule by ``@pytest.mark.rule(9)``; ``pytest -m rule`` runs them all.
"""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
import time
import unicodedata
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conftest import ROOT, python_path
from exprgrad.alike import _DRAWN, apart, lookalike, meant, pair, skeleton
from exprgrad.cli import main
from exprgrad.files import writing
from exprgrad.jobs.gradient import FORMATS
from process import COMMAND, seen, shell
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
    assert named == set(RULES)


@pytest.mark.rule(1)
def test_a_panic_of_a_library_is_a_bug_in_one_line() -> None:
    """An exception that is no Exception, as of a library in another language."""
    program = """import exprgrad.cli as cli, exprgrad.__main__ as command
class Panic(BaseException): pass
def main(arguments): raise Panic
cli.main = main
command.main()"""
    done = shell(f"{sys.executable} -c '{program}'")
    assert (done.status, done.out) == (1, b"")
    assert done.err == "error: this is a bug of exprgrad; please report it with the formula and the values\n"


@pytest.mark.rule(1)
@pytest.mark.parametrize(
    ("what", "status", "said"),
    [
        ("def main(_): raise MemoryError", 3, "there is not enough memory for this formula"),
        ("def main(_): open('/')", 6, "a part of exprgrad cannot be read: is a directory"),
        ("def main(_): import exprgrad.none", 6, "a part of exprgrad cannot be read: it is not there"),
    ],
)
def test_what_is_not_there_is_told_in_one_line(what: str, status: int, said: str) -> None:
    """Memory, a file that is to be a module, a module: of whatever the program wants and nobody asked it for."""
    program = f"import exprgrad.cli as cli, exprgrad.__main__ as command\n{what}\ncli.main = main\ncommand.main()"
    done = shell(f'{sys.executable} -c "{program}"')
    assert (done.status, done.out, done.err) == (status, b"", f"error: {said}\n")


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
    for files in (["x", "a.csv"], ["a.jsonl"]):
        for to in ("csv", "jsonl"):
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


QUESTIONS = (
    ["--explain"], ["--symbolic"], ["--why", "x"], ["--check"], ["--jacobian"], ["--hessian"], ["--order", "2"], ["--tangent", "x=1"], ["--ascend", "0.1"],
    ["--emit", "tree"], ["--emit", "circuit"], ["--emit", "backward"],
)  # fmt: skip


@pytest.mark.rule(3, "exit 6")
@pytest.mark.parametrize("question", [["--to", to] for to in FORMATS] + list(QUESTIONS), ids=" ".join)
def test_a_full_disk_is_an_error_whatever_is_written_there(
    question: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    full = ["x^2", "-x", "3", *question, "--out", "/dev/full"]
    assert (main(full), capsys.readouterr().err) == (6, "error: cannot write /dev/full: no space left on device\n")
    if question[-1] == "png":  # nothing for a terminal, and so for no standard output that may be one
        return
    with open("/dev/full", "w", encoding="utf-8") as stream:
        monkeypatch.setattr("sys.stdout", stream)
        assert main(full[:-2]) == 6
        with suppress(OSError):
            stream.close()
    said = capsys.readouterr().err
    assert said == "error: cannot write to standard output: no space left on device\n"


@pytest.mark.rule(10, 11, 12)
def test_numbers_of_a_hundred_thousand_digits(tmp_path: Path) -> None:
    """In a formula, a value, a cell and JSON: the nearest float64, or an error that says it is too large."""
    for digits, value in (
        ("0." + "1" * 99_999, b"0.1111111111111111"),
        ("0." + "0" * 99_999 + "1", b"0.0"),
        ("1" * 100_000, None),
    ):
        (tmp_path / "f.txt").write_text(digits)
        (tmp_path / "a.csv").write_text(f"x\n{digits}\n")
        (tmp_path / "a.jsonl").write_text(f'{{"x": {digits}}}\n')
        for status, arguments in (
            (3, ["--file", tmp_path / "f.txt", "--to", "csv"]), (2, ["x", "-x", digits, "--to", "csv"]),
            (4, ["x", tmp_path / "a.csv", "--only"]), (4, ["x", tmp_path / "a.jsonl", "--to", "csv", "--only"]), (2, ["x", f"x={digits}"]),
        ):  # fmt: skip
            if value is None:
                assert "too large for a float64" in refused(*arguments, status=status)
            elif arguments != ["x", f"x={digits}"]:
                done = job(*arguments)
                assert (done.status, done.err) == (0, "")
                assert value in done.out.splitlines()[1].split(b",")


@pytest.mark.rule(11)
def test_powers_of_constants_are_float64_at_once() -> None:
    done = job("9^9^9^9 + 2^5000*x", "-x", "1", "--to", "csv")
    assert (done.status, done.out) == (0, b"x,value,grad.x\n1.0,inf,inf\n")
    assert done.err.startswith("warning: 9^9^9 is inf\n")
    assert job("10^400 - 10^400", "--to", "csv").out == b"value\nnan\n"


@pytest.mark.rule(12)
@pytest.mark.parametrize(
    "text", ["1_000", "0x1F", "\uff11\uff12", "\u0661\u0662", "1e", "1e400", "-1e400", "1.2.3", "1,5", "--1e", "\u00bd", "1e99999999999", "0b1"]
)  # fmt: skip
def test_what_is_no_number_is_none_anywhere(text: str, tmp_path: Path) -> None:
    refused(text if text[0] != "-" else f"({text})", "--to", "csv", status=3)
    refused("x", f"x={text}", status=2)
    (tmp_path / "a.tsv").write_text(f"x\n{text}\n")
    refused("x", tmp_path / "a.tsv")
    (tmp_path / "a.jsonl").write_text(json.dumps({"x": text}) + "\n")
    refused("x", tmp_path / "a.jsonl")
    refused("x", "-x", f"@{tmp_path}/a.tsv")


@pytest.mark.rule(12, 13)
@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_the_same_wherever_it_comes_in(value: float) -> None:
    """The digits that Python writes, and below the smallest number the nearest one, which is 0."""
    text = repr(value)
    for arguments, data in (
        (["x", f"x={text}", "--to", "csv"], b""),
        (["x", "-", "--from", "csv"], f"x\n{text}".encode()),
    ):
        out = job(*arguments, data=data).out.splitlines()[1]
        assert repr(float(out.split(b",")[1])) == text
    assert job("1e-400", "--to", "csv").out == b"value\n0.0\n"


@pytest.mark.rule(16)
def test_a_column_may_be_called_like_an_option(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("--to,-x,x,--help\n1,2,3,4\n")
    assert job("x^2", tmp_path / "a.csv").out == b"--to,-x,x,--help,value,grad.x\n1,2,3,4,9.0,6.0\n"


@pytest.mark.rule(3, "exit 6")
def test_files_that_are_none(tmp_path: Path) -> None:
    """A folder, nothing there, a pipe, an empty device, and one that has gone when its turn comes."""
    for name in ("d.csv", "d.npy", "d.txt"):
        (tmp_path / name).mkdir()
    csv, npy, txt = (str(tmp_path / name) for name in ("d.csv", "d.npy", "d.txt"))
    for arguments in (
        ["x", csv],
        ["--file", txt],
        ["x", "-x", f"@{npy}"],
        ["x", "-x", f"@{csv}"],
        ["x", "-x", "1", "--out", csv],
    ):
        assert "is a directory" in refused(*arguments, status=6), arguments
    refused("--file", "/dev/null", status=3)
    refused("x", "--from", "csv", "/dev/null")
    os.mkfifo(tmp_path / "p.csv")
    (tmp_path / "q.csv").write_text("x\n2\n")
    done = shell("(printf 'x\\n1\\n'; sleep 1; rm q.csv) > p.csv & $EG x p.csv q.csv", tmp_path)
    assert done.status == 6
    assert b"x,value,grad.x\n1,1.0,1.0\n".startswith(done.out)  # whole rows, if it came that far
    assert done.err == "error: cannot read q.csv: no such file or directory\n"
    done = shell("echo 'x^2' > p.csv & $EG --file p.csv -x 3 --to csv", tmp_path)
    assert (done.status, done.out) == (0, b"x,value,grad.x\n3.0,9.0,6.0\n")


@pytest.mark.rule(3)
@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_files_that_may_not_be_read(tmp_path: Path) -> None:
    for name in ("a.csv", "a.npy", "a.txt"):
        (tmp_path / name).write_text("x\n1\n")
        (tmp_path / name).chmod(0)
    for script in ("$EG x a.csv", "$EG --file a.txt", "$EG 'sum(x)' -x @a.npy", "$EG x a.csv --out a.txt"):
        done = shell(script, tmp_path)
        assert (done.status, done.out) == (6, b"")
        assert "permission denied" in done.err


@pytest.mark.rule(2, 10)
def test_a_value_opens_a_file_only_where_it_is_written_with_an_at(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1\n")
    for text in (
        f"{tmp_path}/a.csv",
        "a.csv",
        "file:a.csv",
        "load('a.csv')",
        "open('a.csv')",
        "__import__('os')",
        "$(id)",
    ):
        refused("x", f"x={text}", status=2)
    assert job("x", "-x", f"@{tmp_path}/a.csv", "--to", "csv").out == b"x,value,grad.x\n1.0,1.0,1.0\n"
    (tmp_path / "b.csv").write_text(f"x\n@{tmp_path}/a.csv\n")
    refused("x", tmp_path / "b.csv")


@pytest.mark.rule(9, 10)
def test_more_gates_than_the_limit_are_an_error_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exprgrad.language.lower.MAX_GATES", 1000)
    assert "the formula has more than 1,000 gates" in refused("+".join(["x"] * 2000), "-x", "1", status=3)
    assert job("+".join(["x"] * 900), "-x", "1", "--to", "csv").out == b"x,value,grad.x\n1.0,900.0,900.0\n"


_PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@pytest.mark.rule(25)
def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    """Twenty times the rows take as much memory, but for what there is of it in a few blocks."""
    most = []
    for rows in (20_000, 400_000):
        (tmp_path / "a.csv").write_text("x,y\n" + "0.25,0.5\n" * rows)
        # by way of a small process: what a process begins with counts, and that is the memory of who started it
        words = [sys.executable, "-m", "exprgrad", "x*y", f"{tmp_path}/a.csv", "--out", f"{tmp_path}/b.csv"]
        used = subprocess.check_output([sys.executable, "-S", "-c", _PEAK, *words])
        assert (tmp_path / "b.csv").read_bytes().count(b"\n") == rows + 1
        most.append(int(used) / 1024)
    assert most[1] < 400
    assert most[1] < most[0] + 150


@pytest.mark.rule("exit 0", "exit 1", "exit 2", "exit 3", "exit 4", "exit 5", "exit 6")
@pytest.mark.parametrize(
    ("status", "arguments"),
    [
        (0, ["1/x", "-x", "0"]), (2, ["x", "-y", "1"]), (2, ["x", "-x", "1", "--out", "a.pdf"]), (3, ["sin(x"]), (4, ["x", "-x", "@a.txt"]),
        (5, ["1/x", "-x", "0", "--strict"]), (5, ["abs(x)", "-x", "0", "--convention", "strict"]), (6, ["--file", "no.txt"]),
    ],
)  # fmt: skip
def test_exit_statuses(status: int, arguments: list[str]) -> None:
    done = job(*arguments)
    assert (done.status, bool(done.out)) == (status, status == 0)


@pytest.mark.rule(10)
@pytest.mark.parametrize("to", ["jsonl", "csv", "parquet", "table"])
def test_rows_of_json_have_a_stated_depth(to: str) -> None:
    """Libraries behind the formats lose their way in what is nested a few hundred deep; brackets in texts do not count."""
    for first in (b"", b'{"x": 2}\n'):
        for opened, closed in ((b"[", b"]"), (b'{"a": ', b"}")):
            for depth, status in ((8, 0), (31, 0), (32, 4), (600, 4), (100_000, 4)):
                row = b'{"x": 1, "b": [1, {}], "a": ' + opened * depth + b"3" + closed * depth + b"}\n"
                done = job("x^2", "-", "--from", "jsonl", "--to", to, data=first + row)
                assert done.status == status, (depth, done.err)
                assert ("nested more than 32 levels deep" in done.err) == (status == 4)
                kept = job("x^2", "-", "--from", "jsonl", "--to", to, "--bad", "skip", data=b'{"x": 2}\n' + row)
                assert kept.status == 0
    text = json.dumps({"x": 1, "a": "[{" * 1000, "b": '\\"[' * 100}).encode()
    assert job("x^2", "-", "--from", "jsonl", "--to", to, data=text).status == 0


@pytest.mark.rule(4, 7)
@pytest.mark.parametrize(
    ("how", "number"),
    [
        ("signal.raise_signal(signal.SIGINT)", signal.SIGINT), ("signal.raise_signal(signal.SIGTERM)", signal.SIGTERM),
        ("signal.raise_signal(signal.SIGHUP)", signal.SIGHUP), ("raise KeyboardInterrupt", signal.SIGINT),
    ],
)  # fmt: skip
def test_whom_no_signal_ends_its_status_says_which_it_was(how: str, number: int, tmp_path: Path) -> None:
    """The first process of a container outlives its own signals; polars says by KeyboardInterrupt that one came."""
    (tmp_path / "out.csv").write_text("before")
    program = f"""import os, signal, exprgrad.cli as cli, exprgrad.__main__ as command
from exprgrad.files import writing
def main(arguments):
    with writing('out.csv', []) as file:
        file.write(b'some')
        {how}
def kill(pid, number):
    print(pid == os.getpid(), int(number), signal.getsignal(number) == signal.SIG_DFL, flush=True)
cli.main, os.kill = main, kill
command.main()"""
    done = shell(f'{sys.executable} -c "{program}"', tmp_path)
    assert (done.status, done.out, done.err) == (128 + number, f"True {int(number)} True\n".encode(), "")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"out.csv": "before"}


@pytest.mark.rule(7)
def test_a_signal_that_comes_before_anything_is_imported_ends_it_too() -> None:
    program = """import os, signal, sys, types, exprgrad.__main__ as command
assert 'exprgrad.files' not in sys.modules
sys.modules['exprgrad.cli'] = types.SimpleNamespace(main=lambda _: signal.raise_signal(signal.SIGTERM))
os.kill = lambda *_: None
command.main()"""
    done = shell(f'{sys.executable} -c "{program}"')
    assert (done.status, done.out, done.err) == (128 + signal.SIGTERM, b"", "")


@pytest.mark.rule(7)
def test_a_signal_that_is_ignored_from_the_start_ends_nothing() -> None:
    """As under nohup."""
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(["nohup", *COMMAND, "x^2", "-", "--from", "csv"], bufsize=0, **pipes) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"x\n3\n")
        found = process.stdout.read(len(b"x,value,grad.x\n3,9.0,6.0\n"))
        process.send_signal(signal.SIGHUP)
        out, _ = process.communicate(b"4\n", timeout=60)
    assert (process.returncode, found + out) == (0, b"x,value,grad.x\n3,9.0,6.0\n4,16.0,8.0\n")


@pytest.mark.rule(4, 7)
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_it_while_a_library_is_busy(number: int, status: int, tmp_path: Path) -> None:
    """A library that would be busy for years, and lets other threads run: Python acts upon no signal meanwhile."""
    (tmp_path / "out.csv").write_text("before")
    program = """import hashlib, exprgrad.cli as cli, exprgrad.__main__ as command
from exprgrad.files import writing
def main(arguments):
    with writing('out.csv', []) as file:
        file.write(b'some')
        print('begun', flush=True)
        hashlib.pbkdf2_hmac('sha256', b'', b'', 2**31 - 1)
cli.main = main
command.main()"""
    env = {**os.environ, "PYTHONPATH": python_path()}
    with subprocess.Popen([sys.executable, "-c", program], cwd=tmp_path, env=env, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        time.sleep(0.5)  # by now the library is at it
        process.send_signal(number)
        assert process.wait(timeout=60) in (status, -number)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"out.csv": "before"}


@pytest.mark.rule(6)
def test_what_a_killed_run_left_does_not_matter_to_the_next(tmp_path: Path) -> None:
    """Its temporary file is of another name, though the process may have the same number."""
    with writing(str(tmp_path / "out.csv"), []):
        (left,) = tmp_path.iterdir()
    left.write_text("half")
    assert job("x", "-x", "1", "--out", tmp_path / "out.csv").status == 0
    name = "日" * 83 + ".csv"  # as long as a name may be
    assert job("x", "-x", "1", "--out", tmp_path / name).status == 0
    assert {path.name for path in tmp_path.iterdir()} == {left.name, "out.csv", name}
