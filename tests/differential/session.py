"""Drawn formulas at drawn points, compared one by one; what is found is shrunk."""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from conftest import ROWS
from differential import elements
from differential.answers import POINTS, Columns
from differential.judge import Disagreement, compare
from differential.peers import peer
from differential.shrink import shrunk
from drawn import Drawing, Formula, calls, text, variables
from exprgrad.gates import Row

SHRINKING = 60  # seconds for what is found, at most
STEPS = (8, 30)  # bytes of a formula
BY_ROWS = 8  # every so many formulas are run as the rows of a table
_INTERNAL = ("polygamma", "polygamma_drop")  # derivatives of digamma and beta; their first input is a whole number
_SIMPLE = (1.0, 2.0, 0.5, 3.0, -1.0, 0.0, -2.0, 0.25, -0.5, 4.0, 10.0, -3.0, 0.1, 6.0, -6.0, 1.5)
_SPECIAL = (
    -0.0, 1 + 2.0**-52, 1 - 2.0**-53, math.inf, -math.inf, math.nan, 5e-324, -1e-310, 1.7e308, 1e300, -1e155, 1e-300, 709.8, -745.2,
    40.0, -800.0,
)  # fmt: skip


@dataclass
class Tally:
    """The formulas there were, each by a number of its own, how many points came out how, and what was found."""

    formulas: NDArray[np.uint64]
    points: Counter[str] = field(default_factory=Counter)
    found: list[str] = field(default_factory=list)


def numbers(rng: random.Random) -> list[float]:
    """What each byte stands for at a point: simple numbers first, so that bytes shrink to them, special ones last."""
    signs = [rng.choice((-1.0, 1.0)) for _ in range(64)]
    return [
        *_SIMPLE * 2,
        *[rng.uniform(-4, 4) for _ in range(128)],
        *[float(rng.randint(-20, 60)) for _ in range(16)],
        *[sign * 10 ** rng.uniform(-6, 6) for sign in signs[:40]],
        *[sign * 10 ** rng.uniform(-300, 300) for sign in signs[40:]],
        *_SPECIAL,
    ]


class Comparing:
    """Formulas that a peer has the gates of, and points, as bytes: those of the points first."""

    def __init__(self, name: str, number: int, *, arrays: bool = False) -> None:
        self.name = name
        self.rng = random.Random(number)
        self.numbers = np.array(numbers(self.rng))
        self.shapes = elements.SHAPES if arrays else dict.fromkeys(elements.SHAPES, ())
        self.starts = list(accumulate([math.prod(shape) for shape in self.shapes.values()], initial=0))
        self.chosen = POINTS * self.starts[-1]  # bytes of the points
        if arrays:
            gates: list[Formula] = [(call,) for call in elements.GATES if self.has(call.row)]
            self.drawing = Drawing(
                gates, elements.LEAVES, lambda leaf: elements.SHAPES.get(str(leaf), ()), elements.fit
            )
        else:
            self.drawing = Drawing(calls([row for row in ROWS if row.name not in _INTERNAL and self.has(row)]))

    def has(self, row: Row) -> bool:
        """Whether the peer has a gate."""
        return self.name == "mpmath" or row.name in peer(self.name).GATES

    def draw(self) -> bytes:
        """A formula and its points."""
        return self.rng.randbytes(self.chosen + self.rng.randint(*STEPS))

    def decoded(self, data: bytes) -> tuple[Formula, Columns]:
        """The formula, and the columns of its variables."""
        formula = self.drawing.formula(data[self.chosen :])
        table = self.numbers[np.frombuffer(data[: self.chosen], np.uint8)].reshape(POINTS, -1)
        parts = dict(zip(self.shapes, np.split(table, self.starts[1:-1], axis=1), strict=True))
        return formula, {name: parts[name].reshape(POINTS, *self.shapes[name]) for name in variables(formula)}

    def shrunk(self, data: bytes, found: Disagreement, *, by_rows: bool) -> Disagreement:
        """The disagreement of the shortest formula and the simplest numbers that have one."""
        until = time.monotonic() + SHRINKING

        def bad(data: bytes) -> bool:
            nonlocal found
            if time.monotonic() > until:
                return False
            try:
                compare(*self.decoded(data), self.name, Counter(), by_rows=by_rows)
            except Disagreement as smaller:
                found = smaller
                return True
            return False

        shrunk(data, bad, self.chosen)
        return found


def session(name: str, number: int, count: int, arrays: bool = False) -> Tally:
    """Compares so many formulas, the same for the same number; the first Disagreement is shrunk and told."""
    comparing, tally = Comparing(name, number, arrays=arrays), Tally(np.empty(count, np.uint64))
    for place in range(count):
        data = comparing.draw()
        formula, columns = comparing.decoded(data)
        written = text(formula)
        tally.formulas[place] = int.from_bytes(blake2b(written.encode(), digest_size=8).digest())
        by_rows = place % BY_ROWS == 0
        try:
            compare(formula, columns, name, tally.points, by_rows=by_rows)
        except Disagreement as found:
            tally.points["not the same, for no reason known"] += 1
            how = "\n  as the rows of a table" if by_rows else ""
            tally.found = tally.found or [str(comparing.shrunk(data, found, by_rows=by_rows)) + how]
        except Exception as error:
            error.add_note(f"of exprgrad '{written}' at {columns}")
            raise
    return tally
