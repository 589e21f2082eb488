"""How far each gate's value and local gradients are from the truth, over all of float64.

Run as a program, this measures and writes tests/ACCURACY.md, with names behind it the lines of these gates; the
points are the same every time.
The truth is mpmath's, at 50 digits and more (oracle.py).
"""

from __future__ import annotations

import itertools
import math
import random
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

from mpmath import mp, mpf

from conftest import ROOT, ROWS, call
from exprgrad.arithmetic.forward import function, rule
from exprgrad.gates import Row
from exprgrad.language.read import read
from exprgrad.run import run
from oracle import LARGEST, definition, extra_digits, slope, ulps

TABLE = ROOT / "tests" / "ACCURACY.md"
TINY = 1e-300  # numbers below are subnormal, or soon will be
EXACT = 1e-9  # an error of the oracle's own

Point = tuple[float, ...]

# where something happens: poles, kinks, roots, and where functions leave the range of float64
CORNERS = [
    0.25, 0.5, 0.75, 1.0, 1.28, 1.5, 2.0, 3.0, 4.0, 6.0, 10.0, 36.7, 100.0, 1024.0, 1074.0, 2.0**26, 2.0**31, 2.0**52, 2.0**53,
    math.pi / 2, math.pi, 2 * math.pi, math.e, math.log(2), 354.89, 372.56, 709.782712893384, 710.4758600739439, 745.1332191019411,
    308.25471555991675, 323.3, 26.543, 27.226, 37.51, 38.485, 170.6243769563027, 171.6243769563027, 1.4616321449683623, 0.46163214496836236,
]  # fmt: skip
MAGNITUDES = [
    5e-324, 1.5e-323, 1e-310, 2.2250738585072014e-308, 1e-307, 1e-300, 1e-200, 1e-162, 1.6e-154, 1e-150, 1e-103, 1e-77, 1e-50, 1e-30,
    1e-20, 1e-16, 1e-12, 1e-8, 1e-5, 1e-3, 0.1, 1.0, 10.0, 1e3, 1e5, 1e8, 1e12, 1e16, 1e20, 1e30, 1e50, 1e77, 1e103, 1e150, 1.3e154,
    1e162, 1e200, 1e300, 5.6e307, 1.7976931348623157e308,
]  # fmt: skip


class Worst(NamedTuple):
    """The largest error of a gate's value or of one local gradient, and where it is."""

    ulps: float
    at: Point


# by what is measured, "value" or an input's name, and whether a subnormal number is about
Errors = dict[tuple[str, bool], Worst]


def points(row: Row) -> Iterator[Point]:
    """Points of a gate's whole domain: of every magnitude, next to the corners, and where inputs are nearly equal."""
    rng = random.Random(row.name)
    count = 200 if "polygamma" in row.name or row.name == "beta" else 3000
    found: set[Point] = set()
    for signed in itertools.chain(_grid(row), _drawn(row, rng)):
        point = tuple([one + 0.0 for one in signed])  # mpmath has no -0
        if point in found or not all(map(math.isfinite, point)):
            continue
        if row.domain is None or rule(row.domain, row)(*point, math.nan):
            found.add(point)
            yield point
            if len(found) >= count:
                return


def _grid(row: Row) -> Iterator[Point]:
    """Of one input all magnitudes and corners and what is next to them, of two all pairs of magnitudes."""
    if len(row.inputs) == 2 and row.inputs[0] != "n":
        rng = random.Random(row.name)
        for pair in itertools.product(MAGNITUDES[::2], repeat=2):
            yield tuple([rng.choice((-1, 1)) * one * rng.uniform(1, 2) for one in pair])
    if len(row.inputs) > 1:
        return
    for corner in CORNERS:
        for shift in (0.0, 2.0**-52, -(2.0**-53), 2.0**-30, -(2.0**-30)):
            yield (corner * (1 + shift),)
            yield (-corner * (1 + shift),)
    for magnitude in MAGNITUDES:
        yield (magnitude,)
        yield (-magnitude,)


def _drawn(row: Row, rng: random.Random) -> Iterator[Point]:
    for _ in range(20_000):
        first = _number(rng)
        if rng.random() < 0.25:  # all of them nearly equal, in size
            shift = rng.uniform(-17, 1)
            point = tuple([rng.choice((-1, 1)) * first * (1 + rng.uniform(-1, 1) * 10**shift) for _ in row.inputs])
        else:
            point = (first, *[_number(rng) for _ in row.inputs[1:]])
        if row.name == "pow" and rng.random() < 0.25 and abs(first) not in (0, 1):  # powers of every magnitude
            point = (abs(first), rng.uniform(-750, 750) / math.log(abs(first)))
        if row.inputs[0] == "n":
            point = (float(rng.choice((0, 1, 2, 3, 7, 20))), *point[1:])
        yield point


def _number(rng: random.Random) -> float:
    choice, sign = rng.random(), rng.choice((-1, 1))
    if choice < 0.2:
        return rng.uniform(-4, 4)
    if choice < 0.35:
        return sign * 10 ** rng.uniform(-323, 308)
    if choice < 0.5:
        return sign * 10 ** rng.uniform(-20, 20)
    if choice < 0.65:
        return sign * 10 ** rng.uniform(-3, 3)
    if choice < 0.7:
        return float(rng.randint(-20, 60))
    if choice < 0.85:
        return sign * rng.choice(MAGNITUDES)
    return sign * rng.choice(CORNERS) * (1 + rng.choice((-1, 0, 1)) * 2.0 ** -rng.randint(3, 53))


def measured(row: Row, some: Iterable[Point]) -> Errors:
    """The worst errors of a gate at these points."""
    names = [f"x{position}" for position in range(len(row.inputs))]
    circuit = read(call(row, names))
    worst: Errors = {}

    def note(what: str, got: float, true: mpf, point: Point) -> None:
        error = ulps(got, true, near(row, point))
        tiny = any(0 < abs(x) < TINY for x in (*point, true))
        if error > worst.get((what, tiny), Worst(-1.0, ())).ulps:
            worst[what, tiny] = Worst(error, point)

    for point in some:
        with mp.workdps(60 + extra_digits(point)):
            true = definition(row)(*map(mpf, point))
        result = run(circuit, dict(zip(names, point, strict=True)))
        note("value", result.value, true, point)
        if abs(true) > LARGEST or on_an_edge(row, point):
            continue
        for position in flows(row):
            true = slope(row, point, position)
            if not mp.isnan(true):  # out of the reals on one side
                note(row.inputs[position], result.gradient[names[position]], true, point)
    return worst


def near(row: Row, point: Point) -> float:
    """The magnitude below which the units of a row's accuracy do not shrink at a point: next to a root."""
    return 0.0 if row.near is None else rule(row.near, row)(*point, function(row)(*point))


def on_an_edge(row: Row, point: Point) -> bool:
    """Whether the gate has a kink or a step at this point, where it has no derivative."""
    arguments = (*point, function(row)(*point))
    places = [kink.at for kink in row.kinks] + [step.at for step in row.steps]
    return any(rule(place, row)(*arguments) for place in places)


def flows(row: Row) -> list[int]:
    """The inputs that a gradient flows to by a rule."""
    gradients = row.gradients or ("derived",) * len(row.inputs)
    return [position for position, text in enumerate(gradients) if text not in (None, "nan")]


# ---------------------------------------------------------------- the table

HEAD = """# The accuracy of every gate

Written by `python tests/accuracy.py`; `tests/test_accuracy.py` holds the gates to it.

For each gate the largest error found of its value and of each local gradient, against mpmath at 50 digits and
more, and the point where it is. The points have every magnitude that float64 has; they are next to poles, kinks
and roots, where results overflow and underflow, and where inputs are nearly equal. Errors are in ulp, units in
the last place: 0.5 is the true result rounded once. An infinity stands for 2^1024, so one that should not be
there is an error of many ulp. Figures are rounded up, and are those of one C library (glibc); others may be some
tenths off.

The last two columns are of points where an input or the result is below 1e-300, but not 0: float64 has fewer
digits there, down to one bit at 5e-324, and so has what a gate makes of them. Many ulp there are those of a number
on the way that has fewer digits still, `out` in `-out/b`, `a^(b - 1)` in `b*a^(b - 1)`, which a factor makes more
of. Gradients are not measured where the value overflows, nor on kinks and steps.

A formula behind *near* is the magnitude below which the units stop shrinking: next to a root that is no float64,
where what is added up cancels.

"""
COLUMNS = ("gate", "of", "ulp", "at", "ulp below 1e-300", "at")


def document(names: Collection[str] = ()) -> str:
    """The document, these gates measured anew; without names, all."""
    chosen = [number for number, row in enumerate(ROWS) if not names or row.name in names]
    found = dict(enumerate(stated())) if names else {}
    with ProcessPoolExecutor() as pool:
        found |= zip(chosen, pool.map(_all, chosen), strict=True)
    lines = [line for number, row in enumerate(ROWS) for line in _lines(row, found[number])]
    return HEAD + "\n".join([_line(COLUMNS), "|" + "---|" * len(COLUMNS), *lines]) + "\n"


def _all(number: int) -> Errors:
    return measured(ROWS[number], points(ROWS[number]))


def _lines(row: Row, worst: Errors) -> Iterator[str]:
    for what in dict.fromkeys(what for what, _ in worst):
        cells = [f"`{row.call}`" + (f" *near* `{row.near}`" if row.near else ""), "value"]
        if what != "value":
            cells = ["", f"d/d{what}"]
        for tiny in (False, True):
            error, at = worst.get((what, tiny), (None, ()))
            cells.append("" if error is None else _figure(error))
            cells.append(", ".join(map(repr, at)) if error is not None and error > EXACT else "")
        yield _line(cells)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _figure(error: float) -> str:
    """An error rounded up: to a tenth, a large one to two digits."""
    if error <= EXACT:
        return "0"
    if error == math.inf:
        return "inf"
    step = 0.1 if error < 10 else 10.0 ** (math.floor(math.log10(error)) - 1)
    return f"{math.ceil(error / step) * step:.{2 if error >= 1e4 else 4}g}"


def stated() -> Iterator[Errors]:
    """What the document states of each gate, in the catalogue's order."""
    errors: Errors = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("| ") or cells[0] == COLUMNS[0]:
            continue
        if cells[0] and errors:
            yield errors
            errors = {}
        for tiny in (False, True):
            figure, at = cells[2 + 2 * tiny : 4 + 2 * tiny]
            if figure:
                point = tuple(map(float, at.split(", "))) if at else ()
                errors[cells[1].removeprefix("d/d"), tiny] = Worst(float(figure), point)
    yield errors


if __name__ == "__main__":
    TABLE.write_text(document(sys.argv[1:]), encoding="utf-8")
