"""Whether numbers are right: as near to the truth as float64's rounding and the formula's conditioning allow."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from mpmath import mpf

from differential.truth import UNIT, Beyond, Shake, Truth, only_value, truth
from drawn import Call, Formula

MARGIN = 8  # rounding errors may point the same way, which drawn ones do not
DRAWS = 4
_DIGITS = (60, 400, 1300)  # more of them for what cancels or is flat, where 60 do not tell
MANY = 40  # draws before anything is called wrong


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


def shakes(count: int) -> list[Shake]:
    """Ways that rounding may go: every gate's result is the nearest number, and then drawn ones."""
    rng = random.Random(0)
    return [lambda: 0.0, *[lambda: rng.choice((0.0, rng.uniform(-1, 1)))] * (count - 1)]


def wrong(formula: Formula, point: Mapping[str, float], answer: Answer) -> Wrong | None:
    """What of an answer is wrong, None if all of it is right.  Raises Beyond where there is no truth, Rounded."""
    truths: list[Truth] = []
    for digits in _DIGITS:
        truths.append(truth(formula, point, digits))
        if _wrong(formula, point, truths[-1], answer, digits, DRAWS) is None:
            return None
    enough = _DIGITS[0] if _settled(truths[0], truths[-1]) else _DIGITS[-1]
    return _wrong(formula, point, truths[-1], answer, enough, MANY)


def value_right(formula: Formula, point: Mapping[str, float], value: float) -> bool:
    """Whether a value is right where there is no true gradient; False if there is no true value either.  Raises Rounded."""
    try:
        true = only_value(formula, point)
    except Beyond:
        return False
    try:
        moved = [abs(only_value(formula, point, shake) - true) for shake in shakes(DRAWS)]
    except Beyond as beyond:
        raise Rounded from beyond
    return math.isfinite(value) and bool(abs(mpf(value) - true) <= UNIT * abs(true) + MARGIN * max(moved))


def _settled(found: Truth, finer: Truth) -> bool:
    """Whether more digits change nothing."""
    for what in ("value", *finer.gradient):
        size = finer.size(what)
        moved = abs(found.number(what) - finer.number(what))
        if moved > UNIT * size or abs(found.size(what) - size) > size / 2:
            return False
    return True


def _wrong(
    formula: Formula, point: Mapping[str, float], true: Truth, answer: Answer, digits: int, draws: int
) -> Wrong | None:
    """What is wrong by a truth of so many digits, and so many draws of rounding where it takes them.  Raises Rounded."""
    exactly = dict.fromkeys(["value", *true.gradient], mpf(0))
    if _beyond(formula, true, answer, exactly) is None:
        return None
    return _beyond(formula, true, answer, _spread(formula, point, true, digits, draws))


def _beyond(formula: Formula, true: Truth, answer: Answer, spread: Mapping[str, Any]) -> Wrong | None:
    """The first number that is further from the truth than its own rounding and this spread allow."""
    gates = [step for step in formula if isinstance(step, Call)]
    units = UNIT * sum([4 * gate.row.ulps for gate in gates], 4.0)
    for what in ("value", *true.gradient):
        got, exact = answer.number(what), true.number(what)
        allowed = units * true.size(what) + MARGIN * spread[what]
        if not math.isfinite(got) or abs(mpf(got) - exact) > allowed:
            return Wrong(what, got, float(exact))
    return None


def _spread(formula: Formula, point: Mapping[str, float], true: Truth, digits: int, draws: int) -> dict[str, Any]:
    """How far rounding in the gates may move each number.  Raises Rounded."""
    worst = dict.fromkeys(["value", *true.gradient], mpf(0))
    for shake in shakes(draws):
        try:
            found = truth(formula, point, digits, shake)
        except Beyond as beyond:
            raise Rounded from beyond
        for what, most in worst.items():
            slack = 0 if what == "value" else UNIT * found.size(what)  # what cancels in the backward pass does not here
            worst[what] = max(most, abs(found.number(what) - true.number(what)), slack)
    return worst
