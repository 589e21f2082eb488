"""Files: whole processes from a file of rows to a file of rows, their memory, and rows from an open pipe."""

from __future__ import annotations

import json
import select
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, NamedTuple

import numpy as np
import polars as pl

from benchmarks.measure import ENVIRONMENT, command, interleave, job, usage
from benchmarks.peers import LINES, MIXED, NEURONS, SUMS, from_file_to_file, installed
from benchmarks.report import Row, quantity, ratio
from benchmarks.rows import TASKS, agree

ROWS, FEW, MANY = 1_000_000, 300_000, 10_000_000
STARTS, PIPED = 11, 50
PATIENCE = 30  # seconds for a row that should take milliseconds
FORMULA = "(x+y)*z"
TITLE = f"""7. Rows of files
Whole processes from file to file, all input columns kept, value and gradients
added; medians of 5 to {STARTS} in turn.  exprgrad waits until the disk has it all.
Ratio of a peer's time to exprgrad's: below 1 is faster than it."""


class Race(NamedTuple):
    """A way from file to file: the formula, the peers' programs for it, and the least their ratios should be."""

    what: str
    formula: str
    source: str
    rounds: int
    peers: Mapping[str, str]
    least: Mapping[str, float]


SUM = Race(
    "CSV to CSV",
    FORMULA,
    "in.csv",
    9,
    SUMS,
    {"polars: sink_csv": 0.77, "DuckDB: COPY": 1, "Miller: put": 5},  # 0.77 is 1.3 the other way round
)
NEURON = Race("CSV to CSV, the neuron of 5 inputs", TASKS[0].text, "neuron.csv", 5, NEURONS, {})
MIX = Race(
    "Parquet to Parquet, the 50 gates of section 6",
    TASKS[1].text,
    "in.parquet",
    9,
    MIXED,
    {"polars: sink_parquet, snappy as ours": 1},
)
TALK = Race(f"JSON Lines to JSON Lines, {FEW:,} rows", FORMULA, "in.jsonl", 5, LINES, {})


def rows() -> Iterator[Row]:
    """The formats, a pipe to a reader, the start, the memory, and rows as they come."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        _generate(folder)
        for race in (SUM, NEURON, MIX, TALK):
            yield from _race(race, folder)
        yield from _piped(folder)
        yield from _start(folder)
        yield from _memory(folder)
    yield from _open_pipe()


def _generate(folder: Path) -> None:
    """The rows, of six decimals."""
    random = np.random.default_rng(0)

    def columns(names: Sequence[str], count: int) -> pl.DataFrame:
        return pl.DataFrame({name: random.standard_normal(count).round(6) for name in names})

    columns("xyz", ROWS).write_csv(folder / "in.csv")
    columns(TASKS[0].inputs, ROWS).write_csv(folder / "neuron.csv")
    mixed = columns(TASKS[1].inputs, ROWS)  # at a tie of max, a derivative by hand is not ours
    mixed.filter(pl.col("u") != pl.col("w")).write_parquet(folder / "in.parquet")
    columns("xyz", FEW).write_ndjson(folder / "in.jsonl")
    columns("xyz", 3).write_csv(folder / "three.csv")


# ---------------------------------------------------------------- from file to file


def _race(race: Race, folder: Path) -> Iterator[Row]:
    """exprgrad's time, and the ratio of each peer that writes the same numbers."""
    source, out = str(folder / race.source), str(folder / f"out{Path(race.source).suffix}")
    ours = [*command(), race.formula, source, "--out", out]
    expected = _written(ours, out)
    peers = {
        name: [*from_file_to_file(name, program), source, out]
        for name, program in race.peers.items()
        if installed(name)
    }
    right = {name: words for name, words in peers.items() if _same(_written(words, out), expected)}
    times = interleave({name: job(words) for name, words in {"": ours, **right}.items()}, race.rounds)
    yield Row(race.what, "")
    yield quantity("  exprgrad", times[""], " s")
    for name in race.peers:
        if name in right:
            yield ratio(f"  {name}", times[name] / times[""], least=race.least.get(name))
        else:
            yield Row(f"  {name}", "wrong answer" if name in peers else "not installed")


def _written(words: Sequence[str], out: str) -> pl.DataFrame | None:
    """What a command writes to a file, None if it fails."""
    try:
        job(words)()
    except subprocess.CalledProcessError:
        return None
    read: Mapping[str, Callable[[str], pl.DataFrame]] = {
        ".csv": pl.read_csv,
        ".parquet": pl.read_parquet,
        ".jsonl": pl.read_ndjson,
    }
    found = read[Path(out).suffix](out)
    return found.unnest("grad", separator=".") if "grad" in found.columns else found


def _same(found: pl.DataFrame | None, expected: pl.DataFrame | None) -> bool:
    """Whether two commands wrote the same columns, and the same numbers but for rounding."""
    if found is None or expected is None or found.columns != expected.columns:
        return False
    return agree([column.to_numpy() for column in found], [column.to_numpy() for column in expected])


def _piped(folder: Path) -> Iterator[Row]:
    """The first of the races once more, to a reader that throws it away: no disk, and no waiting for it."""
    source = str(folder / SUM.source)
    peers = {
        name: [*from_file_to_file(name, SUM.peers[name]), source, "/dev/stdout"]
        for name in ("polars: sink_csv", "DuckDB: COPY")
        if installed(name)
    }
    ours = [*command(), SUM.formula, source]
    times = interleave({name: _read(words) for name, words in {"": ours, **peers}.items()}, SUM.rounds)
    yield Row("CSV through a pipe to a reader", "")
    yield quantity("  exprgrad", times[""], " s")
    for name in peers:
        yield ratio(f"  {name}", times[name] / times[""])


def _read(words: Sequence[str]) -> Callable[[], object]:
    """A command as a job, with a reader of what it prints."""

    def run() -> None:
        null = subprocess.DEVNULL
        with subprocess.Popen(words, stdin=null, stdout=subprocess.PIPE, stderr=null, env=ENVIRONMENT) as child:
            output = _pipe(child.stdout)
            while output.read(1 << 20):
                pass
        if child.returncode:
            raise subprocess.CalledProcessError(child.returncode, words)

    return run


def _pipe(found: IO[bytes] | None) -> IO[bytes]:
    if found is None:
        raise ValueError("it was asked for")
    return found


def _start(folder: Path) -> Iterator[Row]:
    """A file of three rows, which is all start."""
    source, out = str(folder / "three.csv"), str(folder / "out.csv")
    peers = {
        name: [*from_file_to_file(name, program), source, out]
        for name, program in SUMS.items()
        if installed(name) and name in SUM.least
    }
    commands = {"": [sys.executable, "-c", "pass"], "exprgrad": [*command(), FORMULA, source, "--out", out], **peers}
    times = interleave({name: job(words) for name, words in commands.items()}, STARTS)
    yield Row("CSV of 3 rows, over a bare interpreter", "")
    for name in list(commands)[1:]:
        yield ratio(f"  {name}", times[name] / times[""])


# ---------------------------------------------------------------- memory


def _memory(folder: Path) -> Iterator[Row]:
    """The peaks of exprgrad for many rows and for a tenth of them."""
    header, _, body = (folder / "in.csv").read_bytes().partition(b"\n")
    (folder / "many.csv").write_bytes(header + b"\n" + body * (MANY // ROWS))
    del body
    many = pl.concat([pl.scan_parquet(folder / "in.parquet")] * (MANY // ROWS))
    many.sink_parquet(folder / "many.parquet")
    yield Row(f"peak memory of exprgrad, {MANY:,} rows", "")
    for race, most, growth in ((SUM, 400, 1.2), (MIX, 600, None)):
        what = race.what.partition(",")[0]
        suffix = Path(race.source).suffix
        peaks = []
        for source in (race.source, f"many{suffix}"):
            found = usage([*command(), race.formula, str(folder / source), "--out", str(folder / f"out{suffix}")])
            if found.status:
                yield Row(f"  {what}", f"exit status {found.status}")
                return
            peaks.append(found.megabytes)
        (folder / f"out{suffix}").unlink()
        (folder / f"many{suffix}").unlink()
        yield quantity(f"  {what}", peaks[1], " MB", most)
        yield ratio(f"  {what}, over that of {ROWS:,}", peaks[1] / peaks[0], growth)


# ---------------------------------------------------------------- rows as they come


def _open_pipe() -> Iterator[Row]:
    """Rows into a pipe that stays open: whether each comes out before the next goes in, and how soon."""
    words = [*command(), FORMULA, "-", "--from", "csv", "--to", "jsonl"]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, env=ENVIRONMENT) as child:
        rows_in, rows_out = _pipe(child.stdin), _pipe(child.stdout)
        rows_in.write(b"x,y,z\n")
        rows_in.flush()
        time.sleep(1)  # it has started
        delays = [_answered(rows_in, rows_out, row) for row in range(PIPED)]
        if None in delays:
            child.kill()
    known = [delay for delay in delays if delay is not None]
    yield Row("CSV from a pipe that stays open, to JSON Lines", "")
    arrived = len(known) == PIPED
    yield Row("  a row comes out before the next goes in", "yes" if arrived else "no", "yes", arrived)
    if arrived:
        yield quantity("  exprgrad: the first row", known[0] * 1e3, " ms")
        yield quantity(f"  exprgrad: one of the next {PIPED - 1}", statistics.median(known[1:]) * 1e3, " ms")


def _answered(rows_in: IO[bytes], rows_out: IO[bytes], row: int) -> float | None:
    """The seconds until a row comes out, None if it does not, or is another one."""
    start = time.perf_counter()
    try:
        rows_in.write(b"%d,5,-4\n" % row)
        rows_in.flush()
    except BrokenPipeError:
        return None
    if not select.select([rows_out], [], [], PATIENCE)[0]:
        return None
    line = rows_out.readline()
    seconds = time.perf_counter() - start
    return seconds if line and json.loads(line)["value"] == (row + 5) * -4 else None
