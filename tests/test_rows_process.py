"""Rows in a process of their own: pipes, signals, full disks, terminals, and the same bytes whatever surrounds it."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest

from exprgrad.rows import records as pieces_module
from process import seen, shell, start
from rowjob import Done, job, made

FORMULA = "x*sin(y) + exp(-x^2)"


def finished(process: subprocess.Popen[bytes]) -> int:
    """The status of a command that has nothing to say."""
    assert process.communicate(timeout=60) == (b"", b"")
    return process.returncode


def points(path: Path, rows: int) -> Path:
    """A CSV file of so many rows."""
    path.write_text("id,x,y\n" + "".join(f'"r{k}",{k / 7!r},{1 / (k + 1)!r}\n' for k in range(rows)))
    return path


def sent(descriptor: int, data: bytes) -> None:
    """Sends all of this."""
    while data:
        data = data[os.write(descriptor, data) :]


def arrived(process: subprocess.Popen[bytes], wanted: bytes, seconds: float = 20) -> bytes:
    """What has come out by the time this has."""
    assert process.stdout is not None
    found, until = b"", time.monotonic() + seconds
    while wanted not in found and time.monotonic() < until:
        if select.select([process.stdout], [], [], 0.1)[0]:
            found += os.read(process.stdout.fileno(), 1 << 16)
    assert wanted in found, found
    return found


def batches(*numbers: float) -> list[bytes]:
    """Arrow's stream of one row a batch, as each is written."""
    sink, schema, ends = pa.BufferOutputStream(), pa.schema([("x", pa.float64())]), list[int]()
    with pa.ipc.new_stream(sink, schema) as out:
        for number in numbers:
            out.write_batch(pa.record_batch([pa.array([number])], schema=schema))
            ends.append(sink.tell())
    data = sink.getvalue().to_pybytes()
    return [data[start:end] for start, end in pairwise([0, *ends])]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ("x*10 - --from jsonl", [b'{"x":1}\n', b'{"x":2}\n{"x"', b":3}\n"]),
        ("- --from jsonl", [b'{"formula":"x*10","x":1}\n', b'{"formula":"10*x","x":2}\n', b'{"formula":"10*x","x":3}\n']),
        ("x*10 - --from csv", [b"x\n1\n", b"2\n", b"3\n"]),
        ("x*10 - --from tsv", [b"x\n1\n2", b"\n3\n", b"\n"]),
        ("x*10 - --from arrow --to csv", batches(1, 2, 3)),
    ],
)  # fmt: skip
def test_rows_come_out_of_a_pipe_that_stays_open(arguments: str, text: list[bytes]) -> None:
    process = start(*arguments.split())
    assert process.stdin is not None
    process.stdin.write(text[0])
    arrived(process, b"10.0")
    process.stdin.write(text[1])
    arrived(process, b"20.0")
    process.stdin.write(text[2])
    out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, b"")
    assert b"30.0" in out or "tsv" in arguments


@pytest.mark.parametrize(("format_", "rows"), [("csv", [b"x\n", b"1\n2\n"]), ("jsonl", [b'{"x":1}\n', b'{"x":2}\n'])])
def test_a_pipe_that_does_not_block_is_waited_for(format_: str, rows: list[bytes]) -> None:
    mine, theirs = os.pipe()
    os.set_blocking(mine, False)
    process = start("x*10", "-", "--from", format_, stdin=mine)
    os.close(mine)
    for row in rows:
        time.sleep(0.5)
        os.write(theirs, row)
    os.close(theirs)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, b"")
    assert b"10.0" in out
    assert b"20.0" in out


def test_what_threads_compute_comes_out_before_there_is_a_wait() -> None:
    process = start("x*10", "-", "--from", "csv")
    assert process.stdin is not None
    feeder = threading.Thread(target=sent, args=(process.stdin.fileno(), b"x\n" + b"0.125\n" * 100_000 + b"7\n"))
    feeder.start()
    arrived(process, b"70.0")
    feeder.join()
    process.stdin.write(b"8\n")
    arrived(process, b"80.0")
    assert process.communicate(timeout=20) == (b"", b"")


def test_packed_rows_come_through_a_pipe(tmp_path: Path) -> None:
    points(tmp_path / "p.csv", 1000)
    whole = shell(f"$EG '{FORMULA}' p.csv", tmp_path).out
    for pack in ("gzip -c", "cat"):
        assert shell(f"cat p.csv | {pack} | $EG '{FORMULA}' -", tmp_path) == Done(0, whole, "")
    split = "(head -400 p.csv | gzip -c; tail -n +401 p.csv | gzip -c)"
    assert shell(f"{split} | $EG '{FORMULA}' -", tmp_path) == Done(0, whole, "")
    assert shell(f"gzip -c p.csv | head -c 9000 | $EG '{FORMULA}' - > /dev/null", tmp_path).status == 4


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.parametrize("waiting", [b"x,y\n1,2\n", b"x,", b"", None])
@pytest.mark.rule(4, 7, "exit 129", "exit 130", "exit 143")
def test_a_signal_ends_it_quietly_and_leaves_the_target_as_it_was(
    number: signal.Signals, status: int, waiting: bytes | None, tmp_path: Path
) -> None:
    """While it waits for rows, for a header, for anything at all, and while all cores compute."""
    target = tmp_path / "out.csv"
    target.write_text("before")
    files = ("-",) if waiting is not None else (str(points(tmp_path / "p.csv", 100_000)), "--engine", "reference")
    process = start(FORMULA, *files, "--from", "csv", "--out", str(target))
    assert process.stdin is not None
    process.stdin.write(waiting or b"")
    until = time.monotonic() + (20 if waiting in (None, b"x,y\n1,2\n") else 0.8)
    while not list(tmp_path.glob(".*.tmp")) and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.6)
    process.send_signal(number)
    begun = time.monotonic()
    process.wait(timeout=30)  # with its standard input still open
    assert time.monotonic() - begun < 1
    out, err = process.communicate()
    assert (out, err) == (b"", b"")
    assert process.returncode in (-number, status)
    assert target.read_text() == "before"
    assert {path.name for path in tmp_path.iterdir()} <= {"out.csv", "p.csv"}


@pytest.mark.rule(6)
def test_killed_and_run_again_it_gives_the_same_bytes(tmp_path: Path) -> None:
    points(tmp_path / "p.csv", 100_000)
    command = (FORMULA, str(tmp_path / "p.csv"), "--out")
    clean, out = tmp_path / "clean.csv", tmp_path / "out.csv"
    assert finished(start(*command, str(clean))) == 0
    for delay in (0.3, 0.6, 0.9):
        process = start(*command, str(out))
        time.sleep(delay)
        process.kill()
        process.communicate()
        assert not out.exists() or out.read_bytes() == clean.read_bytes()
    assert finished(start(*command, str(out))) == 0
    assert out.read_bytes() == clean.read_bytes()


@pytest.mark.rule(8)
def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    points(tmp_path / "p.csv", 100_000)
    for to in ("csv", "jsonl", "parquet"):
        done = shell(f"$EG '{FORMULA}' p.csv --to {to} | head -c 5; exit ${{PIPESTATUS[0]}}", tmp_path)
        assert done.status in (0, 141)
        assert done.err == ""


@pytest.mark.parametrize("to", ["csv", "jsonl", "parquet", "arrow", "table", "markdown"])
@pytest.mark.rule(3)
def test_a_closed_or_full_standard_output_is_an_error(to: str, tmp_path: Path) -> None:
    points(tmp_path / "p.csv", 20)
    for redirection in (">&-", "> /dev/full"):
        done = shell(f"$EG '{FORMULA}' p.csv --to {to} {redirection}", tmp_path)
        assert done.status == 6, redirection
        assert done.err.startswith("error: ")
        assert len(done.err.splitlines()) == 1


@pytest.mark.rule(3, "exit 6")
def test_what_cannot_be_read_or_written_is_an_error(tmp_path: Path) -> None:
    points(tmp_path / "p.csv", 3)
    for script, why in (
        ("$EG x - <&-", "standard input is closed"), ("$EG x no.csv", "no.csv"), ("$EG x 'no*.csv'", "no file matches no*.csv"),
        ("mkdir d.csv; $EG x d.csv", "d.csv: is a directory"), ("$EG x p.csv --out no/o.csv", "no/o.csv"), ("$EG x p.csv --out /dev/full", "no space left"),
        ("$EG x p.csv --out /dev/full --to parquet", "no space left"), ("ln -s loop.csv loop.csv; $EG x loop.csv", "loop.csv"),
    ):  # fmt: skip
        done = shell(f"{script}", tmp_path)
        assert (done.status, done.out) == (6, b""), script
        assert why in done.err, script
        assert len(done.err.splitlines()) == 1


@pytest.mark.rule(5)
def test_what_is_read_is_never_written(tmp_path: Path) -> None:
    (tmp_path / "f.txt").write_text("x^2")
    points(tmp_path / "a.csv", 3)
    before = points(tmp_path / "p.csv", 3).read_bytes()
    (tmp_path / "link.csv").symlink_to("p.csv")
    os.link(tmp_path / "p.csv", tmp_path / "hard.csv")
    for script in (
        "$EG x p.csv --out p.csv", "$EG x p.csv --out link.csv", "$EG x p.csv --out /dev/stdout >> p.csv", "$EG x p.csv >> p.csv", "$EG x - < p.csv --out p.csv",
        "$EG x - < p.csv >> p.csv", "$EG x '[ap].csv' --out p.csv", "$EG x a.csv p.csv --out p.csv", "$EG x '*.csv' >> p.csv", "$EG x p.csv --to table --out p.csv",
        "$EG x --rows hard.csv --to markdown >> p.csv", "$EG --file f.txt p.csv --out f.txt", "$EG x p.csv --expect >> p.csv",
    ):  # fmt: skip
        done = shell(script, tmp_path)
        assert done.status == 2, (script, done)
        assert "is a file that is read" in done.err, script
        assert (tmp_path / "p.csv").read_bytes() == before, script
        assert (tmp_path / "f.txt").read_text() == "x^2"


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_is_written_to_under_any_name(name: str, tmp_path: Path) -> None:
    """What others write to the same file before and behind stays; the file is not replaced."""
    (tmp_path / "p.csv").write_text("x\n2\n")
    point, rows = f"$EG x -x 2 --to csv --out {name}", f"$EG x p.csv --out {name}"
    done = shell(f"(echo before; {point}; {rows}; echo behind) > all; cat all; ls", tmp_path)
    result = b"x,value,grad.x\n%s,2.0,1.0\n"
    assert done == Done(0, b"before\n" + result % b"2.0" + result % b"2" + b"behind\nall\np.csv\n", "")


def test_an_open_file_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    written = b"before\nx,value,grad.x\n2.0,2.0,1.0\nbehind\n"
    for number, name in ((2, "/dev/stderr"), (3, "/dev/fd/3")):
        job_ = (
            f"(echo before >&{number}; $EG x -x 2 --to csv --out {name}; echo behind >&{number}) {number}> all; cat all"
        )
        assert shell(job_, tmp_path) == Done(0, written, "")
    assert shell("$EG x -x 2 --out /dev/fd/77", tmp_path) == Done(
        6, b"", "error: cannot write /dev/fd/77: bad file descriptor\n"
    )


def test_files_that_are_pipes_are_read_once(tmp_path: Path) -> None:
    points(tmp_path / "p.csv", 3)
    once = shell("$EG x p.csv", tmp_path).out
    rows = once.splitlines(keepends=True)
    for files in ("<(cat p.csv)", "- < p.csv", "/dev/stdin < p.csv"):
        assert shell(f"$EG x --from csv {files}", tmp_path) == Done(0, once, ""), files
    for files in ("<(cat p.csv) p.csv", "p.csv <(cat p.csv)", "p.csv - < p.csv", "<(cat p.csv) <(cat p.csv)"):
        assert shell(f"$EG x --from csv {files}", tmp_path) == Done(0, once + b"".join(rows[1:]), ""), files


def terminal(*arguments: str, data: Path) -> tuple[int, bytes, bytes]:
    """The command with standard error on a terminal: its status, what it wrote, what the terminal got."""
    with open(data.with_suffix(".out"), "wb+") as out:
        status, found = seen(*arguments, stdout=out)
        out.seek(0)
        return status, out.read(), found


def test_a_bar_is_on_the_terminal_for_long_work_only(tmp_path: Path) -> None:
    long = points(tmp_path / "long.csv", 40_000)
    slowly = (FORMULA, str(long), "--engine", "reference", "--to", "csv")
    status, out, bar = terminal(*slowly, data=long)
    assert (status, out.count(b"\n")) == (0, 40_001)
    assert b"rows" in bar
    assert b"a second" in bar
    assert terminal(*slowly, "--quiet", data=long) == (0, out, b"")
    short = points(tmp_path / "short.csv", 5)
    assert terminal(FORMULA, str(short), data=short)[2] == b""


def test_a_bar_of_what_has_no_end_has_no_percentage(tmp_path: Path) -> None:
    """A pipe that goes on for longer than a bar waits: rows, and rows a second, but nothing is half done."""
    with (
        open(tmp_path / "out.csv", "wb+") as out,
        subprocess.Popen(
            ["bash", "-c", "echo x; for k in 1 2 3 4 5 6; do echo $k; sleep 0.5; done"], stdout=-1
        ) as feed,
    ):
        status, bar = seen("x^2", "-", "--from", "csv", stdin=feed.stdout, stdout=out)
        out.seek(0)
        assert (status, out.read().count(b"\n")) == (0, 7)
    assert b"rows" in bar
    assert b"%" not in bar


def percentages(bar: bytes) -> list[int]:
    """How far a bar says that the work is, from time to time."""
    return [int(found) for found in re.findall(rb"(\d+) %", bar)]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_bar_says_how_far_slow_rows_are(ending: str, tmp_path: Path) -> None:
    """Also where all of them have been read at once."""
    rows = tmp_path / f"rows.{ending}"
    made("x", points(tmp_path / "long.csv", 40_000), "--only", "--prefix", "x", "--out", rows)
    slow = "exp(-xvalue^2)" + " + sin(xvalue)/(1 + xvalue^2)" * 4
    status, _, bar = terminal(slow, str(rows), "--engine", "reference", "--to", "csv", data=rows)
    assert status == 0
    assert any(5 < percent < 95 for percent in percentages(bar))


def test_a_bar_is_there_for_a_batch_file_too(tmp_path: Path) -> None:
    batch = tmp_path / "batch.jsonl"
    batch.write_text("".join(f'{{"formula": "exp(x)*sin({k}*x)/{k + 1}", "x": 1}}\n' for k in range(1500)))
    status, out, bar = terminal(str(batch), data=batch)
    assert (status, out.count(b"\n")) == (0, 1500)
    assert any(5 < percent < 95 for percent in percentages(bar))


@pytest.mark.rule(23, 24)
def test_the_same_bytes_whatever_surrounds_it(tmp_path: Path) -> None:
    points(tmp_path / "p.csv", 30)
    (tmp_path / "polars.py").write_text("raise SystemExit('imported from the current folder')")
    (tmp_path / "pyarrow.py").write_text("raise SystemExit('imported from the current folder')")
    surroundings: tuple[dict[str, str], ...] = (
        {}, {"LC_ALL": "C", "PYTHONHASHSEED": "1"}, {"LC_ALL": "tr_TR.UTF-8", "NO_COLOR": "1", "COLUMNS": "7"},
        {"PYTHONHASHSEED": "2", "HOME": "/nonexistent", "TMPDIR": "/nonexistent", "POLARS_VERBOSE": "1"}, {"TERM": "dumb", "POLARS_MAX_THREADS": "1", "TZ": "Asia/Tokyo"},
    )  # fmt: skip
    script = Path(sys.executable).with_name("exprgrad")
    for to in ("csv", "jsonl", "parquet"):
        found = {
            shell(f"{script} '{FORMULA}' p.csv --to {to}", tmp_path, PYTHONPATH="", **env).out for env in surroundings
        }
        assert len(found) == 1
        assert len(found.pop()) > 1000


@pytest.mark.rule(23)
def test_the_same_bytes_for_any_size_of_piece_and_number_of_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = points(tmp_path / "p.csv", 120).read_bytes() + b'"a\n""b""",nan,1\n\n'
    lines = job(FORMULA, "-", "--to", "jsonl", "--prefix", "b.", data=text).out
    from exprgrad.jobs import rows
    from exprgrad.rows import stream

    for data, to in (
        (text, "csv"),
        (text, "jsonl"),
        (text, "parquet"),
        (lines, "jsonl"),
        (lines, "csv"),
        (lines, "parquet"),
    ):
        seen = set()
        for size, workers in ((2_000_000, 1), (7, 1), (64, 2), (1000, 4), (5000, 2)):
            monkeypatch.setattr(pieces_module.pieces, "__defaults__", (size,))
            monkeypatch.setattr(stream, "_LARGE", 500)
            monkeypatch.setattr(rows, "cores", lambda workers=workers: workers)
            seen.add(job(FORMULA, "-", "--to", to, "--bad", "keep", data=data))
        assert len(seen) == 1
        done = seen.pop()
        assert done.status == 0
        assert "1 of 121 rows" in done.err
        assert "standard input, line 12" in done.err
