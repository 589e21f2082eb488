"""Random doubles, printed and read again, bit by bit the same: ``python tests/roundtrip.py --count 1e8``.

The doubles are random bits without the infinities and NaNs, so that every exponent is as likely as another, and
in each block some that are short in digits.  Each way out and in is the one that the command takes.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from exprgrad.arguments import value
from exprgrad.circuit import Builder
from exprgrad.cli import main as command
from exprgrad.language.read import read
from exprgrad.run import run
from exprgrad.write.formula import write
from exprgrad.write.json import number

Doubles = NDArray[np.float64]

LINE = 10_000  # doubles in one formula
BLOCK = 1_000_000  # doubles in one file


def drawn(rng: np.random.Generator, count: int) -> Doubles:
    """Doubles of random bits, all finite; a hundredth have few digits."""
    found = rng.integers(0, 2**64, count, np.uint64).view(np.float64)
    short = rng.random(count) < 0.01
    found[~np.isfinite(found) | short] = 0.0
    found[short] = rng.integers(-999, 1000, short.sum()) * 10.0 ** rng.integers(-30, 30, short.sum())
    return found


def formula(doubles: Doubles) -> Doubles:
    """Printed as the literals of a formula, and read with it."""
    return _by_line(doubles, lambda numbers: run(read(_printed(numbers)), {}, upstream=np.zeros(len(numbers))).value)


def _printed(numbers: Doubles) -> str:
    builder = Builder()
    return write(builder.circuit(builder.const(tuple(numbers.tolist()))))


def option(doubles: Doubles) -> Doubles:
    """Printed as the JSON of a point has them, and read as the value of a variable."""
    return _by_line(doubles, lambda numbers: value("x", number(numbers)))


def _by_line(doubles: Doubles, back: Callable[[Doubles], Any]) -> Doubles:
    parts = np.array_split(doubles, max(1, len(doubles) // LINE))
    return np.concatenate([np.asarray(back(part)) for part in parts])


def rows(ending: str) -> Callable[[Doubles], Doubles]:
    """Printed as the value of rows in a file of this ending, and read as a column of it."""

    def there_and_back(doubles: Doubles) -> Doubles:
        with TemporaryDirectory() as folder:
            start, printed, back = (Path(folder) / name for name in ("start.arrow", f"printed.{ending}", "back.arrow"))
            with pa.OSFile(str(start), "wb") as file, pa.ipc.new_stream(file, pa.schema([("x", pa.float64())])) as to:
                to.write_table(pa.table({"x": doubles}))
            _command("x", str(start), "--only", "--out", str(printed))
            _command("value", str(printed), "--only", "--wrt", "value", "--out", str(back))
            with pa.OSFile(str(back)) as file:
                return np.asarray(pa.ipc.open_stream(file).read_all()["value"])

    return there_and_back


def _command(*arguments: str) -> None:
    status = command(list(arguments))
    if status:
        sys.exit(f"exprgrad {' '.join(arguments)} ended with {status}")


WAYS: dict[str, Callable[[Doubles], Doubles]] = {
    "formula": formula,
    "option": option,
    "csv": rows("csv"),
    "tsv": rows("tsv"),
    "jsonl": rows("jsonl"),
    "parquet": rows("parquet"),
}


def changed(way: str, doubles: Doubles) -> list[tuple[float, float]]:
    """The doubles that come back as others, -0 as 0 among them."""
    back = WAYS[way](doubles)
    if back.shape != doubles.shape:
        sys.exit(f"{way}: {len(doubles):,} doubles went out, and {len(back):,} came back")
    wrong = np.flatnonzero(back.view(np.uint64) != doubles.view(np.uint64))
    return list(zip(doubles[wrong].tolist(), back[wrong].tolist(), strict=True))


def main() -> None:
    """Prints how many doubles went each way, or the first ones that did not come back."""
    parser = argparse.ArgumentParser(description="Random doubles, printed and read again, bit by bit the same.")
    parser.add_argument(
        "ways", nargs="*", default=list(WAYS), metavar="WAY", help=f"of {', '.join(WAYS)} (default: all)"
    )
    parser.add_argument("--count", type=float, default=1e6, help="doubles for each way (default: 1e6)")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    if unknown := [way for way in asked.ways if way not in WAYS]:
        parser.error(f"there is no way {unknown[0]}; the ways are {', '.join(WAYS)}")
    for way in asked.ways:
        rng, done, started = np.random.default_rng(asked.seed), 0, time.monotonic()
        while done < asked.count:
            doubles = drawn(rng, min(BLOCK, int(asked.count) - done))
            if wrong := changed(way, doubles):
                sys.exit(
                    "\n".join([f"{way}: {len(wrong):,} changed", *[f"{a!r} came back as {b!r}" for a, b in wrong[:9]]])
                )
            done += len(doubles)
        print(f"{way}: {done:,} doubles came back, {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
