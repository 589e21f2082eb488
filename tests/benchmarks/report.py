"""The table: one row a figure, its target, and whether it is met; 80 columns."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from shutil import which
from textwrap import fill
from typing import NamedTuple

from benchmarks.measure import process

_PACKAGES = (
    "exprgrad", "lark", "sympy", "autograd", "micrograd", "torch", "jax", "numpy", "numexpr", "casadi", "polars",
    "pyarrow", "duckdb",
)  # fmt: skip
_COMMANDS = ("mlr", "jq")
_LAYOUT = "{:<44}{:>17}  {:<11}{:<4}"


class Row(NamedTuple):
    """One line of the table; without a target it is there to compare with, without a figure it heads others."""

    what: str
    figure: str
    target: str = ""
    met: bool | None = None


def ratio(what: str, value: float, most: float | None = None, least: float | None = None) -> Row:
    """A row for a ratio, and for the most or the least it should be."""
    if least is not None:
        return Row(what, digits(value), f">= {least:g}", value >= least)
    return quantity(what, value, "", most)


def quantity(what: str, value: float, unit: str, most: float | None = None) -> Row:
    """A row for a figure with a unit; the unit has its own blank before it."""
    if most is None:
        return Row(what, digits(value) + unit)
    return Row(what, digits(value) + unit, f"<= {most:g}{unit}", value <= most)


def digits(value: float) -> str:
    """Three digits, more before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def heading() -> None:
    """The versions that were measured."""
    found = [f"Python {platform.python_version()}"]
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"no {name}")
    found += [process([name, "--version"]).output.strip() if which(name) else f"no {name}" for name in _COMMANDS]
    print(fill(", ".join(found), 79), flush=True)


def section(title: str, rows: Iterable[Row]) -> list[Row]:
    """Prints a section's rows, each as soon as it is known, and returns them."""
    first, *others = title.splitlines()
    print("\n" + _LAYOUT.format(first, "figure", "target", "met").rstrip())
    print(*others, "-" * 79, sep="\n", flush=True)
    found = []
    for row in rows:
        met = {None: "", True: "yes", False: "NO"}[row.met]
        print(_LAYOUT.format(row.what, row.figure, row.target, met).rstrip(), flush=True)
        found.append(row)
    return found


def summary(rows: Sequence[Row]) -> None:
    """How many targets were met, and which were not."""
    verdicts = [row.met for row in rows if row.met is not None]
    if verdicts:
        print(f"\n{sum(verdicts)} of {len(verdicts)} targets met")
    head = ""
    for row in rows:
        if not row.figure:
            head = row.what
        if row.met is False:
            what = f"{head}, {row.what.strip()}" if row.what.startswith(" ") else row.what
            print(f"not met: {what}: {row.figure}, target {row.target}")
