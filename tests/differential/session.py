"""Drawn formulas at drawn points, compared one by one; what is found is shrunk."""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from conftest import ROWS
from differential.judge import POINTS, Columns, Disagreement, compare
from differential.peers import peer
from differential.shrink import shrunk
from drawn import Drawing, Formula, calls, text, variables

STEPS = (8, 30)  # bytes of a formula
BY_ROWS = 8  # every so many formulas are run as the rows of a table
_CHOSEN = 3 * POINTS  # bytes of its points
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

    def __init__(self, name: str, number: int) -> None:
        them = None if name == "mpmath" else peer(name)
        self.name = name
        self.rng = random.Random(number)
        self.numbers = numbers(self.rng)
        self.drawing = Drawing(
            calls([row for row in ROWS if row.name not in _INTERNAL and (them is None or row.name in them.GATES)])
        )

    def draw(self) -> bytes:
        """A formula and its points."""
        return self.rng.randbytes(_CHOSEN + self.rng.randint(*STEPS))

    def decoded(self, data: bytes) -> tuple[Formula, Columns]:
        """The formula, and the columns of its variables."""
        formula = self.drawing.formula(data[_CHOSEN:])
        chosen = {variable: data["xyz".index(variable) : _CHOSEN : 3] for variable in variables(formula)}
        return formula, {key: np.array([self.numbers[byte] for byte in some]) for key, some in chosen.items()}

    def shrunk(self, data: bytes, found: Disagreement, *, by_rows: bool) -> Disagreement:
        """The disagreement of the shortest formula and the simplest numbers that have one."""

        def bad(data: bytes) -> bool:
            nonlocal found
            try:
                compare(*self.decoded(data), self.name, Counter(), by_rows=by_rows)
            except Disagreement as smaller:
                found = smaller
                return True
            return False

        shrunk(data, bad, _CHOSEN)
        return found


def session(name: str, number: int, count: int) -> Tally:
    """Compares so many formulas, the same for the same number; the first Disagreement is shrunk and told."""
    comparing, tally = Comparing(name, number), Tally(np.empty(count, np.uint64))
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
            tally.found = tally.found or [str(comparing.shrunk(data, found, by_rows=by_rows))]
        except Exception as error:
            error.add_note(f"of exprgrad '{written}' at {columns}")
            raise
    return tally
