"""Whether numbers are right: as near to the truth as float64's rounding and the formula's conditioning allow."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from mpmath import mpf

from differential.truth import UNIT, Beyond, Truth, only_value, truth
from drawn import Call, Formula

_MARGIN = 8  # rounding errors may point the same way, which drawn ones do not
_DRAWS = 4
_MANY = 1300  # digits for what cancels, or is flat, where 60 do not tell


class Rounded(Exception):  # noqa: N818  it is not an error
    """Float64's rounding may lead to a branch or a point without a truth, so it may lead anywhere."""


class Answer(NamedTuple):
    """The value and the gradients at a point."""

    value: float
    gradient: Mapping[str, float]

    def number(self, what: str) -> float:
        """The value, or the gradient by a variable."""
        return self.value if what == "value" else self.gradient.get(what, 0.0)


class Wrong(NamedTuple):
    """A number that is not what it should be."""

    what: str
    got: float
    true: float


def near(a: Any, b: Any, within: float = 1e-9) -> Any:
    """Whether numbers are the same but for a rounding, NaN like NaN."""
    a, b = np.asarray(a), np.asarray(b)
    with np.errstate(all="ignore"):
        return (a == b) | ((a != a) & (b != b)) | (np.abs(a - b) <= within * np.minimum(np.abs(a), np.abs(b)))


def wrong(formula: Formula, point: Mapping[str, float], answer: Answer) -> Wrong | None:
    """What of an answer is wrong, None if all of it is right.  Raises Beyond where there is no truth, Rounded."""
    for digits in (60, _MANY):
        found = truth(formula, point, digits)
        if _worst(formula, found, answer, dict.fromkeys(["value", *found.gradient], mpf(0))) is None:
            return None
        spread = _spread(formula, point, found, digits)
        bad = _worst(formula, found, answer, spread)
        if bad is None:
            return None
    return bad


def value_right(formula: Formula, point: Mapping[str, float], value: float) -> bool:
    """Whether a value is right where there is no true gradient; False if there is no true value either."""
    try:
        true = only_value(formula, point)
        moved = [abs(only_value(formula, point, random.Random(draw)) - true) for draw in range(_DRAWS)]
    except Beyond:
        return False
    return math.isfinite(value) and bool(abs(mpf(value) - true) <= UNIT * abs(true) + _MARGIN * max(moved))


def _worst(formula: Formula, true: Truth, answer: Answer, spread: Mapping[str, Any]) -> Wrong | None:
    gates = [step for step in formula if isinstance(step, Call)]
    units = UNIT * sum([4 * gate.row.ulps for gate in gates], 4.0)
    facts = {"value": (true.value, true.value_size)}
    facts |= {name: (slope, true.gradient_size[name]) for name, slope in true.gradient.items()}
    for what, (exact, size) in facts.items():
        got = answer.number(what)
        allowed = units * size + _MARGIN * spread[what]
        if not math.isfinite(got) or abs(mpf(got) - exact) > allowed:
            return Wrong(what, got, float(exact))
    return None


def _spread(formula: Formula, point: Mapping[str, float], true: Truth, digits: int) -> dict[str, Any]:
    """How far rounding in the gates may move each number.  Raises Rounded."""
    worst = dict.fromkeys(["value", *true.gradient], mpf(0))
    rng = random.Random(0)
    for _ in range(_DRAWS):
        try:
            found = truth(formula, point, digits, rng)
        except Beyond as beyond:
            raise Rounded from beyond
        moved = {"value": found.value - true.value} | {
            name: slope - true.gradient[name] for name, slope in found.gradient.items()
        }
        worst = {what: max(size, abs(moved[what])) for what, size in worst.items()}
    return worst
