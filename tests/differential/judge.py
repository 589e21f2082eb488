"""Our answers beside a peer's, and the truth where they are not the same."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from differential.compare import DRAWS, MARGIN, Answer, Rounded, near, shakes, value_right, wrong
from differential.known import GRADIENTS, VALUES, explained
from differential.peers import peer, shaken
from differential.truth import Beyond
from drawn import Formula, text
from exprgrad.engines import run_rows
from exprgrad.language.read import read
from exprgrad.run import run

POINTS = 4  # at which a formula is compared

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
        if _rounded(formula, point, "value", ours.value - theirs["value"], name):
            return "as near as rounding lets them be"
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
    """Whether a number may be off by this, by how far the peer's moves where its gates round otherwise."""
    if name == "sympy":  # which does not round
        return False
    them = peer(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        answers = [them.answers(formula, point, shaken(them.GATES, shake)) for shake in shakes(DRAWS)]
    found = [float(one.value if what == "value" else one.gradient[what]) for one in answers]
    if near(found, found[0]).all():
        return False
    with np.errstate(invalid="ignore"):
        return not abs(off) > MARGIN * np.ptp(found)  # which is NaN if there may be no number
