"""What samples of a number say of it: how many of its digits have settled, and how many of float64's are right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from exprgrad.precise.forward import is_array, nearest
from exprgrad.precise.samples import RUNS, Samples
from exprgrad.values import Place, Value, array, elements, shape
from exprgrad.values import digits as plain

DIGITS = 17  # that have to settle
RIGHT = 16  # digits that a float64 has
_SURE = 3  # digits more that agree
_FEW = 10_000  # powers of two that mpmath may write out
_LONG = 10**30  # a power of ten that is no exponent for people
_LEAST = 2.3e-308  # of the numbers that have all digits


class Figure(NamedTuple):
    """A number on float64, ``used``, and what it truly is.

    ``true`` has as many of its leading digits as have ``settled``, ``nearest`` is the float64 nearest to it, NaN if
    that is not known; ``right`` counts the right digits of ``used``, None if nothing is known.  ``place`` is where it
    stands in an array.
    """

    place: Place
    used: float
    nearest: float
    true: str
    settled: int
    right: int | None

    @property
    def known(self) -> bool:
        """Whether all that is asked for has settled, or float64 has no number that is any nearer."""
        return self.settled == DIGITS or self.nearest == self.nearest


def figures(mp: Any, used: Value, samples: Samples) -> list[Figure]:
    """A figure for each element."""
    return [_figure(mp, place, number, one) for (place, number), one in zip(elements(used), each(samples), strict=True)]


def worst(every: Sequence[Figure]) -> Figure:
    """The figure of the element that float64 has the fewest right digits of; of no elements, nothing."""
    nothing = Figure((), math.nan, math.nan, "nan", DIGITS, RIGHT)
    return min(every, key=lambda one: -1 if one.right is None else one.right, default=nothing)


def close(every: Sequence[Figure], like: Value) -> Value:
    """The float64s nearest to the true numbers."""
    return array([one.nearest for one in every], shape(like)) if is_array(like) else every[0].nearest


def each(samples: Samples) -> list[Samples]:
    """The samples of each element."""
    if not is_array(samples[0]):
        return [samples]
    return list(zip(*[one.flat for one in samples], strict=True))


def agree(mp: Any, samples: Samples) -> int:
    """How many leading digits of a number have settled."""
    first = samples[0]
    if all([one == first or (one != one and first != first) for one in samples]):
        return DIGITS
    if not all(map(mp.isfinite, samples)):
        return 0
    least, off = min(map(abs, samples)), max(samples) - min(samples)
    bits = min(int(mp.mag(least) - mp.mag(off)), 1000) if least else 0
    return max(0, min(DIGITS, math.floor(bits * math.log10(2)) - _SURE))


def beyond(mp: Any, samples: Samples) -> bool:
    """Whether a number is too large or too small for float64 in any case."""
    if mp.strays > RUNS:  # how those of several gates compare is anybody's guess
        return False
    found = {nearest(one) for one in samples}
    if found == {0.0}:
        return True
    return len(found) == 1 and found <= {math.inf, -math.inf} and bool(mp.strays or agree(mp, samples))


def right(used: float, true: Any) -> int:
    """How many digits of a float64 are right."""
    if used == true or (used != used and true != true):
        return RIGHT
    if not math.isfinite(used) or not true or true - true != 0:
        return 0
    if used == nearest(true) and abs(used) > _LEAST:
        return RIGHT
    off = abs((true - used) / true)
    return min(RIGHT, max(0, math.floor(-true.context.log10(off)))) if off else RIGHT


def _figure(mp: Any, place: Place, used: float, samples: Samples) -> Figure:
    first, settled = samples[0], agree(mp, samples)
    here = nearest(first) if settled == DIGITS or beyond(mp, samples) else math.nan
    if settled == DIGITS and (here == first or first != first):
        text = plain(here)
    else:
        text = _text(mp, first, settled) if settled else ""
    return Figure(place, used, here, text, settled, right(used, first) if settled else None)


def _text(mp: Any, number: Any, count: int) -> str:
    """The leading digits of a number, such as ``1.97e+434``."""
    power, whole = 0, number
    if abs(mp.mag(number)) > _FEW:  # mpmath would write out the power of ten
        with mp.workprec(mp.prec + _FEW):
            power = int(mp.floor(mp.log10(abs(number))))
            whole = number / mp.mpf(10) ** power
    if abs(power) > _LONG:
        return f"10^({mp.nstr(mp.mpf(power), DIGITS)})"
    mantissa, _, exponent = mp.nstr(whole, count, min_fixed=-5, max_fixed=DIGITS).partition("e")
    power += int(exponent or 0)
    return str(mantissa).removesuffix(".0") + (f"e{power:+03d}" if power else "")
