"""What a gradient is for: the inputs moved along it, step by step, and what that does to the output."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from exprgrad.circuit import Circuit
from exprgrad.errors import UsageError
from exprgrad.run import Run, run, value_of, wires
from exprgrad.values import Value, is_finite, product, spots

# a change smaller than this many units in the last place of the output is lost in its rounding
_UNSEEN = 8


class Step(NamedTuple):
    """A place on the way: the inputs, the output, and what the move that led here did to it.

    ``predicted`` is the change that the gradient promised, rate·|gradient|², ``actual`` the one that
    came of it, ``shares`` what part of the promise was each input's: None and empty at the start.
    ``kind`` is ``overshoot`` if less than half of the promise came true, which on a parabola means
    past its turning point, ``wrong way`` if the output turned back, else empty.  ``end`` says why no
    step leads on: ``flat`` if the gradient is 0, ``not finite`` if it or the output is not, ``stuck``
    if the next move is too small for a float64; it is empty where one does.
    """

    number: int
    inputs: dict[str, Value]
    value: float
    predicted: float | None = None
    actual: float | None = None
    shares: Mapping[str, float] = {}
    kind: str = ""
    end: str = ""


def ascend(
    circuit: Circuit,
    point: Mapping[str, Any],
    rate: float,
    steps: int = 10,
    fixed: Collection[str] = (),
    wrt: Collection[str] | None = None,
    upstream: Any = None,
) -> list[Step]:
    """The start, and where each of these steps leads: x + rate·gradient for every input x.

    A negative rate descends.  ``fixed`` are inputs that stay as they are; ``wrt`` names those that
    move, by default all others.  ``upstream`` are the weights of an output that is an array.
    Raises UsageError if nothing moves, and what run raises.
    """
    known = wires(circuit, point, fixed, "--fix")
    moving = [name for name in known if (wrt is None or name in wrt) and name not in fixed]
    if wrt is not None:
        wires(circuit, point, wrt)
    if not moving:
        why = "its inputs are all held still" if known else "the formula has no inputs"
        raise UsageError(f"there is nothing to move: {why}")
    here = run(circuit, point, moving, upstream)
    weights = None if upstream is None else value_of("", upstream)
    way = [Step(0, here.inputs, _weighed(here.value, weights))]
    while True:
        last = way[-1]
        square = {name: _sum(product(gradient, gradient)) for name, gradient in here.gradient.items()}
        total = sum(square.values())
        moved = {name: _moved(last.inputs[name], rate, gradient) for name, gradient in here.gradient.items()}
        end = _end(last, here, total, moved)
        if end or last.number >= steps:
            way[-1] = last._replace(end=end)
            return way
        here = run(circuit, {**last.inputs, **moved}, moving, upstream)
        value = _weighed(here.value, weights)
        predicted, actual = rate * total, value - last.value
        shares = {name: part / total for name, part in square.items()}
        kind = _judged(predicted, actual, last.value)
        way.append(Step(last.number + 1, here.inputs, value, predicted, actual, shares, kind))


def gentler(rate: float, step: Step) -> float:
    """A rate that ends at the turning point, if the output is a parabola along the step."""
    if not step.predicted or step.actual is None or not math.isfinite(step.actual):
        return rate / 10
    return rate / (2 * (1 - step.actual / step.predicted))


def _weighed(value: Value, weights: Value | None) -> float:
    """The output, or the sum of its elements times their weights."""
    return _sum(value if weights is None else product(value, weights))


def _sum(value: Value) -> float:
    """The sum of all elements, without a warning where that is not finite."""
    if isinstance(value, float):
        return value
    import numpy as np

    with np.errstate(all="ignore"):
        return float(np.sum(value))


def _moved(value: Value, rate: float, gradient: Value) -> Value:
    """One input after the step."""
    step = product(rate, gradient)
    if isinstance(step, float):
        return value + step
    import numpy as np

    with np.errstate(all="ignore"):
        return value + step


def _end(last: Step, here: Run, total: float, moved: Mapping[str, Value]) -> str:
    """Why no step leads on from here, if that is so."""
    if not (math.isfinite(last.value) and math.isfinite(total) and all(map(is_finite, here.gradient.values()))):
        return "not finite"
    if not any([spots(gradient)[0] for gradient in here.gradient.values()]):
        return "flat"
    return "" if total and any([spots(moved[name] != last.inputs[name])[0] for name in moved]) else "stuck"


def _judged(predicted: float, actual: float, value: float) -> str:
    """Whether a step went too far."""
    unseen = _UNSEEN * math.ulp(value)
    if actual * predicted < 0 and abs(actual) > unseen:
        return "wrong way"
    return "overshoot" if (predicted / 2 - actual) * math.copysign(1, predicted) > unseen else ""
