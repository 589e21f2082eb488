"""Our answers beside a peer's, and the truth where they are not the same."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Mapping
from shlex import quote
from typing import Any

import numpy as np

from differential.answers import POINTS, Columns, elements, numbers, our_answers, their_answers
from differential.compare import MANY, MARGIN, Answer, Rounded, near, shakes, value_right, wrong
from differential.elements import unrolled
from differential.known import GRADIENTS, VALUES, explained
from differential.peers import peer, shaken
from differential.truth import Beyond, truth
from drawn import Formula, text

_NEXT = "next to a point without a truth"
_NAN = "NaN, and so is all through it"
_NEAR = "as near as rounding lets them be"


class Differs(Exception):  # noqa: N818  it is not an error
    """What it is that another has for an answer that is wrong or differs for no reason known, and who."""


class Disagreement(AssertionError):  # noqa: N818  it is what it says
    """The command that shows where exprgrad is wrong, or differs from a peer for no reason known, and both answers."""

    def __init__(
        self, formula: str, point: Mapping[str, Any], ours: Answer, theirs: Mapping[str, float], who: str
    ) -> None:
        values = "".join([f" -{name} {quote(repr(value))}" for name, value in point.items()])
        lines = [f"exprgrad '{formula}'{values} --to json"]
        for what, number in theirs.items():
            called = what if what == "value" else f"d/d{what}"
            lines.append(f"  {called}: exprgrad {ours.number(what)!r}, {who} {number!r}")
        super().__init__("\n".join(lines))


def compare(formula: Formula, columns: Columns, name: str, points: Counter[str], *, by_rows: bool) -> None:
    """Compares a formula at the points of these columns, and counts how they came out.  Raises a Disagreement."""
    written = text(formula)
    ours = numbers(our_answers(written, columns, by_rows=by_rows))
    theirs = {} if name == "mpmath" else numbers(their_answers(formula, columns, name))
    same = (
        near([ours[what] for what in theirs], list(theirs.values())).all(axis=0) if theirs else np.zeros(POINTS, bool)
    )
    points["the same"] += int(same.sum())
    if same.all():
        return
    try:
        arrays = any(column.ndim > 1 for column in columns.values())
        scalar = unrolled(formula) if arrays else formula
    except Beyond as beyond:
        points[str(beyond)] += POINTS - int(same.sum())
        return
    inputs = elements(columns)
    for row in np.flatnonzero(~same).tolist():
        mine, other, point = ({what: float(one[row]) for what, one in some.items()} for some in (ours, theirs, inputs))
        answer = Answer(mine.pop("value"), mine)
        try:
            points[_judged(scalar, point, answer, other, name)] += 1
        except Differs as differs:
            if arrays and _meets(scalar, point, answer, differs.args[0]):
                points["NaN where an element not selected meets others"] += 1
                continue
            here = {key: column[row].tolist() for key, column in columns.items()}
            raise Disagreement(written, here, answer, *differs.args) from None


def _judged(formula: Formula, point: Mapping[str, float], ours: Answer, theirs: Mapping[str, float], name: str) -> str:
    """How an answer is, by the truth; where there is none, by what is known of a peer.  Raises Differs."""
    if theirs and math.isnan(ours.value) and math.isnan(theirs["value"]):  # a fifth of the points: no truth is needed
        return _NAN
    try:
        bad = wrong(formula, point, ours)
    except Rounded:
        return _NEXT
    except Beyond as beyond:
        why = str(beyond)
        if not theirs or why in ("out of range", "the sign of 0"):
            return why
        if name == "sympy" and why == "two at a kink":  # which shares such a tie out by halves
            return "a gradient known to differ"
        try:
            verdict = _beside(formula, point, ours, theirs, name)
        except Rounded:
            return _NEXT
        if verdict is None:
            raise Differs(theirs, name) from None
        return verdict
    if bad is not None:
        raise Differs({bad.what: bad.true}, "should be")
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
        if explained(VALUES, formula, point, name):
            return "a value known to differ"
        return _NEAR if _rounded(formula, point, "value", ours.value - theirs["value"], name) else None
    if math.isnan(ours.value):
        return _NAN
    size = max([abs(slope) for slope in ours.gradient.values() if math.isfinite(slope)], default=0.0)
    verdict = "nearly the same"
    for what, number in theirs.items():
        mine = ours.number(what)
        if near(mine, number, 1e-6) or abs(mine - number) < 1e-9 * size + 1e-12:
            continue
        if not math.isfinite(number):
            verdict = "the peer has no number"
        elif math.isnan(mine):
            verdict = "NaN where 0 meets an infinity, the peer has a number"
        elif explained((*VALUES, *GRADIENTS), formula, point, name):
            verdict = "a gradient known to differ"
        elif _rounded(formula, point, what, mine - number, name):
            verdict = _NEAR
        else:
            return None
    return verdict


def _meets(formula: Formula, point: Mapping[str, float], ours: Answer, theirs: Mapping[str, float]) -> bool:
    """Whether all that differs is NaN, and would be if the gradient of a branch not taken were the number 0.

    It is one on the way through a gate of which an element of the input meets many of the output.
    """
    try:
        truth(formula, point, guards=False)
    except Beyond:
        return all(math.isnan(ours.number(what)) or near(ours.number(what), one) for what, one in theirs.items())
    return False


def _rounded(formula: Formula, point: Mapping[str, float], what: str, off: float, name: str) -> bool:
    """Whether a number may be off by this, by how far the peer's moves where its gates round otherwise."""
    if name == "sympy":  # which does not round
        return False
    them = peer(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        answers = [them.answers(formula, point, shaken(them.GATES, shake)) for shake in shakes(MANY)]
    found = [float(one.value if what == "value" else one.gradient[what]) for one in answers]
    if near(found, found[0]).all():
        return False
    with np.errstate(invalid="ignore"):
        return not abs(off) > MARGIN * np.ptp(found)  # which is NaN if there may be no number
