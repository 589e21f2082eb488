"""The truth about a formula of scalars: mpmath's, by the definitions of oracle.py and the chain rule.

Local gradients are differences of the definitions, to the left and to the right.  Where the two are not the same
the convention of the language decides.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import mpmath
from mpmath import mp, mpf

from drawn import Call, Formula
from exprgrad.gates import Row
from oracle import definition

LEAST, MOST = mpf("1e-290"), mpf("1e290")  # of the numbers whose rounding is relative
UNIT = 2.0**-53
_STEEP = mpf("1e9")  # a slope that may be that of a step or a pole
CONDITIONS = {"less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "and", "or", "not"}
STEPS = {"floor", "ceil", "round", "trunc", "sign", "heaviside", "floor_divide"}
_BRANCHES = {"where", "max", "min", "clip", "relu", "relu6", "hardtanh", "hardsigmoid"}
_SIGNS = {"copysign": 1, "atan2": 0, "acot": 0}  # gates that tell -0 from 0, and the input that it is about
_LOGARITHMS = {"xlogy": 0, "xlog1py": -1}  # gates that are 0 where a logarithm has its pole
_JUMPS = {"mod", "fmod", "acot", "atan2", *STEPS}  # smooth beside a step

Shake = Callable[[], float]  # how much of its rounding error the next gate makes, -1 to 1


class Beyond(Exception):  # noqa: N818  it is not an error
    """There is no truth to compare with: out of the reals or of the range of float64, or a singular point."""


class Truth(NamedTuple):
    """The value and the gradients, and the size of what is added up to each of them."""

    value: Any
    gradient: dict[str, Any]
    value_size: Any
    gradient_size: dict[str, Any]

    def number(self, what: str) -> Any:
        """The value, or the gradient by a variable."""
        return self.value if what == "value" else self.gradient[what]

    def size(self, what: str) -> Any:
        """The size of what is added up to it."""
        return self.value_size if what == "value" else self.gradient_size[what]


def truth(
    formula: Formula, point: Mapping[str, float], digits: int = 60, shaken: Shake | None = None, guards: bool = True
) -> Truth:
    """The truth at a point; ``shaken`` moves the result of every gate as float64's rounding might.

    Without ``guards`` a branch not taken has the gradient 0, not none.  Raises Beyond.
    """
    with _computing(digits):
        return _backward(formula, *_forward(formula, point, shaken), guards)


def only_value(formula: Formula, point: Mapping[str, float], shaken: Shake | None = None) -> Any:
    """The true value, where there may be no gradient.  Raises Beyond."""
    with _computing(60):
        found = _forward(formula, point, shaken)[0][-1]
        if found is None:
            raise Beyond("out of the reals")
        return found


@contextmanager
def _computing(digits: int) -> Iterator[None]:
    with mp.workdps(digits):
        try:
            yield
        except (ValueError, ZeroDivisionError, OverflowError, TypeError, mpmath.libmp.NoConvergence):
            raise Beyond("a pole") from None


def _forward(formula: Formula, point: Mapping[str, float], shaken: Shake | None) -> tuple[list[Any], list[list[int]]]:
    """The value of each step, None where there is no real number, and the steps it reads."""
    if any([value and math.isfinite(value) and not 1e-290 < abs(value) < 1e290 for value in point.values()]):
        raise Beyond("out of range")
    values: list[Any] = []
    reads: list[list[int]] = []
    stack: list[int] = []
    for number, step in enumerate(formula):
        operands: list[int] = []
        if isinstance(step, Call):
            start = len(stack) - step.operands
            operands = stack[start:]
            del stack[start:]
            value = _value(step.row, _operands(step, [values[one] for one in operands]))
            if shaken is not None and value is not None and step.row.name not in CONDITIONS | STEPS:
                value = mpf(float(value + shaken() * rounding(step.row, value)))
        else:
            value = mpf(point[step] if isinstance(step, str) else step)
            if not mp.isfinite(value):
                raise Beyond("an input is not finite")
        if value is not None and value != 0 and not LEAST < abs(value) < MOST:
            raise Beyond("out of range")
        values.append(value)
        reads.append(operands)
        stack.append(number)
    return values, reads


def _operands(step: Call, given: Sequence[Any]) -> list[Any]:
    missing = len(step.row.inputs) - step.operands
    return [*given, *map(mpf, step.row.defaults[len(step.row.defaults) - missing :])]


def rounding(row: Row, value: Any) -> Any:
    """How far float64 may be off at a gate."""
    return row.ulps * UNIT * max(abs(value), 1 if row.near else 0)


def _value(row: Row, operands: Sequence[Any]) -> Any:
    """A gate's value; None if there is no real number."""
    if row.name == "where" and operands[0] is not None:
        return operands[1] if operands[0] != 0 else operands[2]
    if any(operand is None for operand in operands):
        return None
    if row.name in _SIGNS and operands[_SIGNS[row.name]] == 0:
        raise Beyond("the sign of 0")
    if row.name == "beta" and any(one <= 0 and one == mp.floor(one) for one in operands):
        raise Beyond("a pole")  # which may cancel with the one below
    if row.name == "log_base" and min(operands) < 0:
        return None  # two logarithms that are not real may have a real quotient
    found = definition(row)(*operands)
    if isinstance(found, mpmath.mpc):
        if found.imag != 0:
            return None
        found = found.real
    if mp.isnan(found):
        return None
    if mp.isinf(found):
        raise Beyond("a pole")
    return mpf(found)


def _backward(formula: Formula, values: Sequence[Any], reads: Sequence[Sequence[int]], guards: bool) -> Truth:
    """The chain rule from the last step to the first; no gradient, None, comes through a branch not taken."""
    if values[-1] is None:
        raise Beyond("out of the reals")
    active = _active(formula, reads)
    adjoints: list[Any] = [None] * len(formula)
    adjoints[-1] = mpf(1)
    bounds = list(adjoints)  # of what may be rounded in them
    gradient: dict[str, Any] = {step: mpf(0) for step in formula if isinstance(step, str)}
    sizes: dict[str, Any] = dict.fromkeys(gradient, mpf(0))
    value_size = mpf(0)
    for number in range(len(formula) - 1, -1, -1):
        step, adjoint = formula[number], adjoints[number]
        if adjoint is None:
            continue
        if adjoint != 0 and not LEAST < abs(adjoint) < MOST:
            raise Beyond("out of range")
        near = mpf(isinstance(step, Call) and step.row.near is not None)
        value_size += abs(adjoint) * max(abs(values[number]), near)
        if isinstance(step, str):
            gradient[step] += adjoint
            sizes[step] += bounds[number]
        elif isinstance(step, Call) and step.row.name not in CONDITIONS:
            operands = _operands(step, [values[one] for one in reads[number]])
            if step.row.name == "beta" and min(operands) < 0:
                near = mpf(1)  # its gradients go through 0 between the poles there
            for position, source in enumerate(reads[number]):
                local = _local(step.row, operands, position) if active[source] else None
                if local is None and active[source] and not guards:
                    local = mpf(0)
                if local is not None:
                    if local != 0 and not LEAST < abs(local) < MOST:
                        raise Beyond("out of range")
                    adjoints[source] = adjoint * local
                    bounds[source] = bounds[number] * max(abs(local), near)
    return Truth(values[-1], gradient, value_size, sizes)


def _active(formula: Formula, reads: Sequence[Sequence[int]]) -> list[bool]:
    """The steps that a variable goes into."""
    found: list[bool] = []
    for step, operands in zip(formula, reads, strict=True):
        found.append(isinstance(step, str) or any(found[one] for one in operands))
    return found


def _local(row: Row, operands: Sequence[Any], position: int) -> Any:
    """The local gradient by an input; None for a branch not taken, by convention at kinks and steps."""
    if row.name == "where":
        return mpf(1) if position == (1 if operands[0] != 0 else 2) else None
    if row.name == "clip" and position and operands[1] == operands[2]:
        raise Beyond("two at a kink")
    if row.name in _LOGARITHMS and operands[0] == 0 and operands[1] == _LOGARITHMS[row.name]:
        raise Beyond("singular")  # 0 along one axis, and without a limit
    if row.name == "beta" and sum(operands) <= 0 and sum(operands) == mp.floor(sum(operands)):
        raise Beyond("singular")  # 0 times a pole in float64; the row's domain is above 0
    x, value = operands[position], _value(row, operands)  # of what is read, which may be shaken
    step = mpf(10) ** -(mp.dps // 3) * min(abs(x) or mpf(1), 1)

    def slope(shift: Any) -> Any:
        found = _value(row, [*operands[:position], x + shift, *operands[position + 1 :]])
        return None if found is None else (found - value) / shift

    def bounded(shift: Any) -> Any:
        """The slope on one side; None where there is none, or no end to it."""
        found = slope(shift)
        if found is None or abs(found) < _STEEP * max(1, abs(value / (x or 1))):
            return found
        return found if abs(slope(shift * mpf("1e-6"))) < 10 * abs(found) else None

    left, right = bounded(-step), bounded(step)
    if left is None and right is None and row.name in STEPS:
        return mpf(0)
    if left is None or right is None:
        if row.name not in _JUMPS or left is right:
            raise Beyond("singular")
        return right if left is None else left
    alike = mpf("1e-12") if row.kinks else mpf("1e-3")  # the slopes at a kink may be two that are near each other
    if abs(right - left) <= alike * max(abs(left), abs(right)) + mpf("1e-15"):
        found = (left + right) / 2
    elif row.name in ("max", "min"):
        return mpf(0.5)
    elif row.name in ("clip", "copysign") and position:
        raise Beyond("two at a kink")
    else:
        found = max(min(mpf(0), max(left, right)), min(left, right))  # the subgradient of least norm
    return None if found == 0 and row.name in _BRANCHES else found
