"""Drawn formulas at drawn points: exprgrad's answer beside a peer's, and the truth where they are not the same."""

from __future__ import annotations

import math
import random
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conftest import ROWS
from differential.compare import DRAWS, MARGIN, Answer, Rounded, near, shakes, value_right, wrong
from differential.known import GRADIENTS, VALUES, explained
from differential.peers import peer, shaken
from differential.shrink import shrunk
from differential.truth import Beyond
from drawn import Drawing, Formula, calls, text, variables
from exprgrad.engines import run_rows
from exprgrad.language.read import read
from exprgrad.run import run

POINTS = 4  # at which a formula is compared
STEPS = (8, 30)  # bytes of a formula
BY_ROWS = 8  # every so many formulas are run as the rows of a table
_CHOSEN = 3 * POINTS  # bytes of its points
_INTERNAL = ("polygamma", "polygamma_drop")  # derivatives of digamma and beta; their first input is a whole number
_SIMPLE = (1.0, 2.0, 0.5, 3.0, -1.0, 0.0, -2.0, 0.25, -0.5, 4.0, 10.0, -3.0, 0.1, 6.0, -6.0, 1.5)
_SPECIAL = (
    -0.0, 1 + 2.0**-52, 1 - 2.0**-53, math.inf, -math.inf, math.nan, 5e-324, -1e-310, 1.7e308, 1e300, -1e155, 1e-300, 709.8, -745.2,
    40.0, -800.0,
)  # fmt: skip

Columns = Mapping[str, NDArray[np.float64]]


class Disagreement(AssertionError):  # noqa: N818  it is what it says
    """The command that shows where exprgrad is wrong, or differs from a peer for no reason known, and both answers."""

    def __init__(
        self, formula: str, point: Mapping[str, float], ours: Answer, theirs: Mapping[str, float], who: str
    ) -> None:
        values = "".join([f" -{name} {value!r}" for name, value in point.items()])
        lines = [f"exprgrad '{formula}'{values} --to json"]
        for what, number in theirs.items():
            called = what if what == "value" else f"d/d{what}"
            lines.append(f"  {called}: exprgrad {ours.number(what)!r}, {who} {number!r}")
        super().__init__("\n".join(lines))


@dataclass
class Tally:
    """The formulas there were, each by a number of its own, how many points came out how, and what was found."""

    formulas: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))
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


def compare(formula: Formula, columns: Columns, name: str, points: Counter[str], *, by_rows: bool) -> None:
    """Compares a formula at the points of these columns, and counts how they came out.  Raises a Disagreement."""
    written = text(formula)
    inputs = [{key: float(column[row]) for key, column in columns.items()} for row in range(POINTS)]
    ours = _ours(written, columns, inputs, by_rows=by_rows)
    theirs: dict[str, Any] = {}
    same = np.zeros(POINTS, bool)
    if name != "mpmath":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = peer(name).answers(formula, columns)
        theirs = {what: np.broadcast_to(one, POINTS) for what, one in {"value": found.value, **found.gradient}.items()}
        mine = [[answer.number(what) for answer in ours] for what in theirs]
        same = near(mine, list(theirs.values())).all(axis=0)
        points["the same"] += int(same.sum())
    for row in np.flatnonzero(~same).tolist():
        answer = {what: float(one[row]) for what, one in theirs.items()}
        points[_judged(formula, written, inputs[row], ours[row], answer, name)] += 1


def _ours(written: str, columns: Columns, points: Sequence[Mapping[str, float]], *, by_rows: bool) -> list[Answer]:
    """Our answers, point by point or as the rows of a table."""
    circuit = read(written)
    if not by_rows or not columns:
        return [Answer(found.value, found.gradient) for found in [run(circuit, point) for point in points]]
    found = run_rows(circuit, columns)
    return [
        Answer(float(value), {name: float(column[row]) for name, column in found.gradient.items()})
        for row, value in enumerate(found.value)
    ]


def _judged(
    formula: Formula, written: str, point: Mapping[str, float], ours: Answer, theirs: Mapping[str, float], name: str
) -> str:
    """How an answer is, by the truth; where there is none, by what is known of a peer.  Raises a Disagreement."""
    try:
        bad = wrong(formula, point, ours)
    except Rounded:
        return "next to a point without a truth"
    except Beyond as beyond:
        why = str(beyond)
        if not theirs or why in ("out of range", "the sign of 0"):
            return why
        verdict = _beside(formula, point, ours, theirs, name)
        if verdict is None:
            raise Disagreement(written, point, ours, theirs, name) from None
        return verdict
    if bad is not None:
        raise Disagreement(written, point, ours, {bad.what: bad.true}, "should be")
    return "right, by the truth"


def _beside(
    formula: Formula, point: Mapping[str, float], ours: Answer, theirs: Mapping[str, float], name: str
) -> str | None:
    """Why an answer may differ from a peer's where there is no truth; None if it must not."""
    if name == "sympy" and math.isnan(theirs["value"]):
        return "the peer has no number"
    if not near(ours.value, theirs["value"], 1e-6):
        if value_right(formula, point, ours.value):
            return "a value that is right, by the truth, without a gradient"
        return "a value known to differ" if explained(VALUES, formula, point, name) else None
    if math.isnan(ours.value):
        return "NaN, and so is all through it"
    size = max([abs(slope) for slope in ours.gradient.values() if math.isfinite(slope)], default=0.0)
    for what, number in theirs.items():
        mine = ours.number(what)
        if near(mine, number, 1e-6) or abs(mine - number) < 1e-9 * size + 1e-12:
            continue
        if not math.isfinite(number):
            return "the peer has no number"
        if math.isnan(mine):
            return "NaN where 0 meets an infinity, the peer has a number"
        if _rounded(formula, point, what, mine - number, name):
            return "as near as rounding lets them be"
        return "a gradient known to differ" if explained(GRADIENTS, formula, point, name) else None
    return "nearly the same"


def _rounded(formula: Formula, point: Mapping[str, float], what: str, off: float, name: str) -> bool:
    """Whether a gradient may be off by this, by how far the peer's moves where its gates round otherwise."""
    if name == "sympy":  # which does not round
        return False
    them = peer(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = [them.answers(formula, point, shaken(them.GATES, shake)).gradient[what] for shake in shakes(DRAWS)]
    return not abs(off) > MARGIN * np.ptp(found)  # which is NaN if there may be no number
