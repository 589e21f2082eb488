"""What must hold when everything around goes wrong: descriptors, signals, limits, hostile text."""

from __future__ import annotations

import ast
import gc
import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import ROOT, exprgrad
from exprgrad.arithmetic.forward import function
from exprgrad.errors import FormulaError
from exprgrad.language.read import read
from exprgrad.run import run
from process import COMMAND, shell

JOB = ["x^2", "-x", "3"]


@pytest.mark.parametrize("to", ["table", "json", "csv"])
@pytest.mark.rule(3, "exit 6")
def test_a_closed_or_full_standard_output_is_an_error(to: str) -> None:
    """Exit status 6, never 0 or 120, and one line about it."""
    for redirection in (">&-", "> /dev/full"):
        done = shell(f"$EG x^2 -x 3 --to {to} {redirection}")
        assert done.status == 6, redirection
        assert done.err.startswith("error: ")
        assert len(done.err.splitlines()) == 1


@pytest.mark.rule(3)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_standard_output_that_takes_a_part_is_an_error(unbuffered: str, tmp_path: Path) -> None:
    """What the system takes a part of, up to a limit, is not whole, with PYTHONUNBUFFERED too."""
    script = "ulimit -f 1; (echo x; seq 2000) | $EG x^2 - --from csv > out.csv"
    done = shell(script, tmp_path, PYTHONUNBUFFERED=unbuffered)
    assert (done.status, done.err) == (6, "error: cannot write to standard output: file too large\n")


@pytest.mark.rule(23)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_the_rows_before_a_bad_one_come_out_whatever_the_buffer(unbuffered: str) -> None:
    done = shell("printf 'x\\n3\\n?\\n' | $EG x^2 -", PYTHONUNBUFFERED=unbuffered)
    assert (done.status, done.out) == (4, b"x,value,grad.x\n3,9.0,6.0\n")


@pytest.mark.rule(3)
def test_help_and_version_to_a_full_disk_are_errors_too() -> None:
    for option in ("--help", "--version", "--gates"):
        done = shell(f"$EG {option} > /dev/full")
        assert done.status == 6, option
        assert "Traceback" not in done.err


@pytest.mark.rule(3)
def test_closed_descriptors_harm_nobody(tmp_path: Path) -> None:
    """Without standard input or error the result is the same; an opened file never takes their place."""
    done = shell("$EG x^2 -x 3 --to csv <&- 2>&-")
    assert (done.status, done.out) == (0, b"x,value,grad.x\n3.0,9.0,6.0\n")
    done = shell("$EG 'log(x)' -x -1 --out out.csv >&- 2>&-", tmp_path)
    assert done.status == 0
    assert (tmp_path / "out.csv").read_text() == "x,value,grad.x\n-1.0,nan,nan\n"
    assert shell("$EG - -x 3 <&-").status == 6


@pytest.mark.rule(18)
def test_a_full_standard_error_changes_nothing() -> None:
    """The status and the result are the same when nobody can be told."""
    assert shell("$EG 'x+' 2> /dev/full").status == 3
    done = shell("$EG 'abs(x)' -x 0 --to csv 2> /dev/full")
    assert (done.status, done.out) == (0, b"x,value,grad.x\n0.0,0.0,0.0\n")


def test_arguments_are_utf_8_in_every_locale() -> None:
    done = shell("LC_ALL=C PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 $EG 'é^2' -é 3 --to csv")
    assert (done.status, done.out.decode()) == (0, "é,value,grad.é\n3.0,9.0,6.0\n")


@pytest.mark.rule(8, "exit 141")
def test_a_reader_that_leaves_is_no_error() -> None:
    done = shell(f"$EG '{'+'.join(['x'] * 20000)}' -x 3 --to json | head -c 1; exit ${{PIPESTATUS[0]}}")
    assert done.status in (0, 141)
    assert done.err == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("delay", [0.4, 0.9])
@pytest.mark.rule(4, 7)
def test_signals_end_it_quietly_and_leave_nothing(number: signal.Signals, delay: float, tmp_path: Path) -> None:
    formula = tmp_path / "formula.txt"
    formula.write_text("+".join(["sin(x)"] * 150_000))
    (tmp_path / "out.json").write_text("before")
    process = subprocess.Popen(
        [*COMMAND, "--file", str(formula), "-x", "1", "--out", str(tmp_path / "out.json")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    time.sleep(delay)
    process.send_signal(number)
    started = time.monotonic()
    _, errors = process.communicate(timeout=30)
    assert time.monotonic() - started < 2
    assert errors == ""
    assert process.returncode in (-number, 128 + number)
    assert (tmp_path / "out.json").read_text() == "before"
    assert {path.name for path in tmp_path.iterdir()} == {"formula.txt", "out.json"}


@pytest.mark.rule(4)
def test_out_leaves_the_target_as_it_was_on_failure(tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    target.write_text("before")
    assert exprgrad("log(", "--out", str(target)).returncode == 3
    assert exprgrad("log(x)", "-x", "-1", "--strict", "--out", str(target)).returncode == 5
    assert target.read_text() == "before"
    assert exprgrad(*JOB, "--out", str(tmp_path)).returncode == 6
    assert exprgrad(*JOB, "--out", str(tmp_path / "no" / "out.json")).returncode == 6
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]


@pytest.mark.rule(5)
def test_out_follows_links_writes_devices_and_never_its_own_input(tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_text("before")
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    assert exprgrad(*JOB, "--out", str(tmp_path / "link.csv")).returncode == 0
    assert (tmp_path / "link.csv").is_symlink()
    assert "9.0" in (tmp_path / "real.csv").read_text()
    assert exprgrad(*JOB, "--out", "/dev/null").returncode == 0
    assert shell("$EG 'x^2' -x 3 --out /dev/stdout --to csv | cat").out.endswith(b"3.0,9.0,6.0\n")
    assert exprgrad(*JOB, "--out", f"{tmp_path}/new/").returncode == 6
    (tmp_path / "formula.txt").write_text("x = 2; x^2")
    assert shell("$EG - --out formula.txt < formula.txt", tmp_path).status == 2
    (tmp_path / "same.txt").symlink_to("formula.txt")
    done = exprgrad("--file", str(tmp_path / "formula.txt"), "--out", str(tmp_path / "same.txt"))
    assert done.returncode == 2
    assert (tmp_path / "formula.txt").read_text() == "x = 2; x^2"


@pytest.mark.rule(10)
def test_files_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes("x é".encode("latin-1"))
    done = exprgrad("--file", str(tmp_path / "latin.txt"))
    assert done.returncode == 3
    assert "byte 2 is 0xe9" in done.stderr
    (tmp_path / "nul.txt").write_bytes(b"x\0+1")
    assert "'\\x00'" in exprgrad("--file", str(tmp_path / "nul.txt")).stderr
    endless = shell("$EG - < /dev/zero")
    assert endless.status == 3
    assert "limit" in endless.err


@pytest.mark.rule(17)
def test_bytes_that_are_no_text_on_the_command_line() -> None:
    done = subprocess.run([*COMMAND, b"x + \xff"], capture_output=True, timeout=60, check=False)
    assert done.returncode == 3
    assert b"\\udcff" in done.stderr


@pytest.mark.rule(24)
def test_nothing_is_imported_from_the_current_folder(tmp_path: Path) -> None:
    evil = (
        "click", "rich", "json", "csv", "lark", "mpmath", "numpy", "polars", "pyarrow", "os", "re", "encodings", "exprgrad", "sitecustomize", "usercustomize",
    )  # fmt: skip
    for name in evil:
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported from the current folder')")
    (tmp_path / "a.csv").write_text("x\n3\n")
    before = sorted(tmp_path.iterdir())
    script = Path(sys.executable).with_name("exprgrad")
    env = {**os.environ, "HOME": str(tmp_path), "TMPDIR": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    for arguments in (JOB, ["x^2", "a.csv"], ["sum(x)", "-x", "[1, 2]"], [*JOB, "--check"]):
        done = subprocess.run(
            [script, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False, env=env
        )
        assert (done.returncode, done.stderr) == (0, "")
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("text", "gradient"),
    [
        ("+".join(["x"] * 100_000), 100_000.0), ("(" * 100_000 + "x" + ")" * 100_000, 1.0), ("-" * 100_000 + "x", 1.0),
        ("+" * 20_000 + "x", 1.0), ("sin(" * 100_000 + "x" + ")" * 100_000, None), ("2*(" * 1000 + "x" + ")" * 1000, 2.0**1000),
        ("x^(" * 10_000 + "1" + ")" * 10_000, None), ("not " * 20_000 + "x", 0.0), ("max(x," * 10_000 + "x" + ")" * 10_000, None),
        ("q0 = x\n" + "".join(f"q{k} = q{k - 1} + 1\n" for k in range(1, 20_000)), 1.0),
        ("max(" + ",".join(["x"] * 10_000) + ")", None), ("1<" * 20_000 + "x", 0.0), ("x²" + "+x²" * 20_000, 20_001.0),
    ],
    ids=["terms", "parentheses", "minuses", "pluses", "calls", "products", "powers", "nots", "maxima", "statements",
         "inputs", "comparisons", "superscripts"],
)  # fmt: skip
@pytest.mark.rule(9)
def test_depth_and_width_are_ordinary(text: str, gradient: float | None) -> None:
    """A hundred thousand of anything is a result, with no recursion limit touched."""
    limit = sys.getrecursionlimit()
    result = run(read(text), {"x": 0.5})
    if gradient is not None:
        assert result.gradient["x"] == gradient
    assert sys.getrecursionlimit() == limit


@pytest.mark.rule(9)
def test_a_large_formula_through_the_whole_command(tmp_path: Path) -> None:
    path = tmp_path / "formula.txt"
    path.write_text("sin(" * 20_000 + "x" + ")" * 20_000)
    for to in ("json", "table", "csv", "markdown"):
        done = exprgrad("--file", str(path), "-x", "1", "--to", to)
        assert done.returncode == 0, to
    assert len(json.loads(exprgrad("--file", str(path), "-x", "1", "--to", "json").stdout)["gates"]) == 20_001
    for stage in ("tree", "circuit", "backward"):
        done = exprgrad("--file", str(path), "--emit", stage)
        assert done.returncode == 0
        assert len(done.stdout) < 20_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="ulimit -v is Linux's")
@pytest.mark.parametrize("level", ["max(x, {})", "where(x, {}, x)", "x^({})"])
@pytest.mark.rule(9)
def test_gates_with_many_rules_take_no_more_room_than_others(level: str, tmp_path: Path) -> None:
    """A hundred thousand levels of what has twenty gates of a gradient each, in 600 MB and far from minutes."""
    before, behind = level.split("{}")
    (tmp_path / "formula.txt").write_text(before * 100_000 + "x" + behind * 100_000)
    done = shell("ulimit -v 600000; ulimit -t 60; $EG --file formula.txt -x 0.5 --to json | tail -c 3", tmp_path)
    assert (done.status, done.out[-2:]) == (0, b"}\n")


@pytest.mark.rule(10)
def test_composite_gates_cannot_explode() -> None:
    """A gate that uses another twice, forty times over, meets the limit on gates, at once."""
    lines = ["g0(t) = t + t"] + [f"g{k}(t) = g{k - 1}(t) + g{k - 1}(t)" for k in range(1, 40)]
    with pytest.raises(FormulaError, match="more than 500,000 gates"):
        read("\n".join([*lines, "g39(x)"]))


@pytest.mark.rule(2, 24)
def test_the_source_keeps_its_promises() -> None:
    """No eval, exec, compile or pickle; nothing of ours is imported upwards."""
    order = [
        "gates", "errors", "alike", "values", "style", "circuit", "convention", "shapes", "language", "arithmetic", "tidy", "rules", "guards", "chain", "reverse", "run", "simplify", "calculus", "precise", "audit", "program", "diagnosis", "engines", "files", "load", "write", "rows", "views", "arguments", "jobs", "command", "__init__", "cli", "__main__",
    ]  # fmt: skip
    for path in sorted((ROOT / "exprgrad").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        room = path.relative_to(ROOT / "exprgrad").parts[0].removesuffix(".py")
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("eval", "exec", "compile", "__import__"), path
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                assert name.split(".")[0] not in ("pickle", "marshal", "socket", "urllib", "ctypes"), path
                if name.startswith("exprgrad."):
                    other = name.split(".")[1]
                    assert order.index(other) <= order.index(room), f"{path.name} imports {name}"


@pytest.mark.rule(25)
def test_what_is_kept_of_formulas_has_a_bound() -> None:
    """Of gates that formulas define, too: a batch may have millions of them.  What is left does not grow with formulas."""
    for module in pkgutil.walk_packages([str(ROOT / "exprgrad")], "exprgrad."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    caches = [one for one in gc.get_objects() if type(one) is type(function)]
    ours = [one for one in caches if str(one.__module__).startswith("exprgrad")]
    endless = {f"{one.__module__}.{one.__name__}" for one in ours if one.cache_parameters()["maxsize"] is None}
    assert endless <= {
        "exprgrad.language.tables.load", "exprgrad.language.parse._passed", "exprgrad.precise.forward.context",
        "exprgrad.diagnosis.rewriting.pattern", "exprgrad.diagnosis.rewriting._by_gate", "exprgrad.rules._rule",
        "exprgrad.engines._pool", "exprgrad.engines.numpy.cheaper.vector_tangent", "exprgrad.engines.numpy.exact",
        "exprgrad.write.code.targets.python._text", "exprgrad.language.lower.formula",
    }  # fmt: skip
