"""Drawn formulas at drawn points: exprgrad's answer beside a peer's, and the truth where they are not the same."""

from __future__ import annotations

import math
import random
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from conftest import ROWS
from differential.compare import Answer, Rounded, near, value_right, wrong
from differential.known import GRADIENTS, VALUES, explained
from differential.peers import peer
from differential.truth import Beyond
from drawn import Formula, calls, formulas, text, variables
from exprgrad.engines import run_rows
from exprgrad.language.read import read
from exprgrad.run import run

POINTS = 4  # at which a formula is compared
BY_ROWS = 8  # every so many formulas are run as the rows of a table
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
    """How many formulas there were, and how many of their points came out how."""

    formulas: int = 0
    distinct: set[int] = field(default_factory=set)
    points: Counter[str] = field(default_factory=Counter)


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


def session(name: str, count: int, number: int, tally: Tally) -> None:
    """Compares so many formulas, the same for the same number; raises a Disagreement, shrunk."""
    them = None if name == "mpmath" else peer(name)
    gates = calls([row for row in ROWS if row.name not in _INTERNAL and (them is None or row.name in them.GATES)])
    table = numbers(random.Random(number))

    @seed(number)
    @settings(
        max_examples=count, database=None, deadline=None, suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink], print_blob=False, report_multiple_bugs=False,
    )  # fmt: skip
    @given(formulas(gates), st.binary(min_size=3 * POINTS, max_size=3 * POINTS))
    def compared(formula: Formula, chosen: bytes) -> None:
        columns = {
            variable: np.array([table[byte] for byte in chosen["xyz".index(variable) :: 3]])
            for variable in variables(formula)
        }
        compare(formula, columns, name, tally)

    compared()


def compare(formula: Formula, columns: Columns, name: str, tally: Tally) -> None:
    """Compares a formula at the points of these columns.  Raises a Disagreement."""
    written = text(formula)
    tally.formulas += 1
    tally.distinct.add(hash(written))
    points = [{key: float(column[row]) for key, column in columns.items()} for row in range(POINTS)]
    ours = _ours(written, columns, points, by_rows=tally.formulas % BY_ROWS == 0)
    theirs: dict[str, Any] = {}
    same = np.zeros(POINTS, bool)
    if name != "mpmath":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = peer(name).answers(formula, columns)
        theirs = {what: np.broadcast_to(one, POINTS) for what, one in {"value": found.value, **found.gradient}.items()}
        same = np.all([near([answer.number(what) for answer in ours], one) for what, one in theirs.items()], axis=0)
        tally.points["the same"] += int(same.sum())
    for row in np.flatnonzero(~same).tolist():
        answer = {what: float(one[row]) for what, one in theirs.items()}
        tally.points[_judged(formula, written, points[row], ours[row], answer, name)] += 1


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
        return "a gradient known to differ" if explained(GRADIENTS, formula, point, name) else None
    return "nearly the same"
