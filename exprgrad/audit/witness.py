"""Witnesses of a derivative along a line: forward mode, differences in high precision, the Taylor remainder.

Along a line the output is a function of one number t, and its derivative at 0 is the gradient times the
direction.  |f(t) - f(0) - t·derivative| shrinks like t² if that is right, like t if it is not; it is looked
at for two steps so small, with so many digits, that nothing else can be seen: 1e-30 and 1e-60 of the
inputs' size, or 1e-300 and 1e-600 where these disagree.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from exprgrad.chain import tangent
from exprgrad.circuit import Circuit
from exprgrad.precise.forward import context, exact, forward
from exprgrad.run import Run
from exprgrad.shapes.axes import Shape
from exprgrad.values import Value, array, elements, shape

POWERS = (30, 300)  # of the first step; the second is its square
_CLOSE = 1e-13  # the constants in the rows are float64
TINY = 5e-324
_AROUND = 12  # points
_ORDER = 1e-3  # how far an order may be from a whole one

Direction = Mapping[str, Value]  # for some inputs by name, how far they go, in their own sizes


class Side(NamedTuple):
    """What is seen on one side: the slope, that further out, the order of the remainder, whether it is as predicted."""

    slope: Any
    beyond: Any
    order: float
    right: bool

    @property
    def there(self) -> bool:
        """Whether the output is a number on this side."""
        return bool(self.slope - self.slope == 0)


class Witness(NamedTuple):
    """What the witnesses say about a derivative along a line.

    ``kind`` is ``agrees``, ``kink``, ``step``, ``differs`` or ``nothing`` if the output is no number next
    to the point; ``rules`` is what the rows make of it in high precision, ``forward`` the same in forward
    mode, ``left`` and ``right`` the differences, ``order`` that of the worse side's remainder.
    """

    kind: str
    rules: Any
    forward: Any
    left: Any
    right: Any
    order: float


class Lab:
    """The circuit of a run in high precision, with its gradients, for steps of two sizes."""

    def __init__(self, run: Run, upstream: Value | None, power: int) -> None:
        self.run = run
        self.weights = upstream
        self.point, self.wires = run.inputs, run.circuit.inputs
        self.sizes = {name: _sizes(value) for name, value in self.point.items()}
        sizes = [math.log10(one) for value in self.sizes.values() for _, one in elements(value)]
        largest = [abs(x) for value in self.point.values() for _, x in elements(value) if math.isfinite(x)]
        extra = max(0, *[math.ceil(-size) for size in sizes], math.ceil(math.log10(max([1.0, *largest]))))
        self.coarse, self.fine = (_Scale(context(_digits(one + extra)), one) for one in (power, 2 * power))
        self.inputs = {self.wires[name]: value for name, value in self.point.items()}
        self.seed = {} if upstream is None else {run.backward.seed: upstream}
        mp, back = self.fine.mp, run.backward
        values = forward(mp, back.circuit.gates, {**self.inputs, **self.seed})
        wires = {name: (back.gradient[self.wires[name]], used) for name, used in run.gradient.items()}
        self.gradient = {
            name: exact(mp, used) if wire is None else values[wire] for name, (wire, used) in wires.items()
        }
        self.here = {
            self.fine: self._weighed(mp, values[run.circuit.output]),
            self.coarse: self._output(self.coarse, {}, 0),
        }

    def along(self, direction: Direction) -> Witness:
        """What is seen along a line."""
        rules, size = self.slope(self.gradient, direction)
        ahead = self._forward(direction)
        left, right = (self._side(direction, sign, rules, size) for sign in (-1, 1))
        slopes = (left.slope, right.slope)
        order = min([side.order for side in (left, right) if side.there], default=math.nan)
        if not (left.there or right.there):
            kind = "nothing"
        elif math.isfinite(ahead) and not self._close(ahead, rules, size):
            kind = "differs"
        else:
            kind = _kind(left, right, rules, lambda a, b: self._close(a, b, size))
        return Witness(kind, rules, ahead, *slopes, order)

    def beside(self, direction: Direction, offset: Direction) -> Any:
        """What the rules make of the derivative at a point a small step away, where nothing is singular."""
        mp, back = self.fine.mp, self.run.backward
        moved = self._moved(self.fine, offset, self.fine.step)
        values = forward(mp, back.circuit.gates, {**moved, **self.seed})
        wires = {name: back.gradient[self.wires[name]] for name in direction}
        return self.slope(
            {name: self.gradient[name] if wire is None else values[wire] for name, wire in wires.items()}, direction
        )[0]

    def between(self, direction: Direction, rng: random.Random) -> bool:
        """Whether the derivative is between those of the smooth pieces that meet here, seen at points around."""
        found = []
        for _ in range(_AROUND):
            offset = {name: _random(value, rng) for name, value in self.point.items()}
            found.append(self.beside(direction, offset))
        rules, size = self.slope(self.gradient, direction)
        if not all(map(self.fine.mp.isfinite, found)) or self._close(min(found), max(found), size):
            return False
        return bool(min(found) <= rules <= max(found))

    def _side(self, direction: Direction, sign: int, rules: Any, size: Any) -> Side:
        changes, remainders = [], []
        for scale in (self.coarse, self.fine):
            change = self._output(scale, direction, sign * scale.step) - self.here[scale]
            changes.append(change)
            remainders.append(abs(change - sign * scale.step * rules))
        coarse, fine = remainders
        slope = sign * changes[1] / self.fine.step
        order = math.inf
        if coarse > self._lost(self.coarse, rules) and fine > self._lost(self.fine, 0):
            order = float(self.fine.mp.log10(coarse / fine)) / (self.fine.power - self.coarse.power)
        right = bool(order > 1 + _ORDER or self._close(slope, rules, size))
        beyond = slope
        if abs(order) < _ORDER:  # a jump: the slope behind it
            further = self._output(self.fine, direction, 2 * sign * self.fine.step) - self.here[self.fine]
            beyond = sign * (further - changes[1]) / self.fine.step
        return Side(slope, beyond, order, right)

    def _lost(self, scale: _Scale, rules: Any) -> Any:
        """The size of a remainder that is nothing: rounding, or of a line that is as good as straight."""
        rounded = abs(self.here[scale]) * scale.mp.mpf(10) ** (10 - scale.mp.dps)
        return max(rounded, abs(rules) * scale.step**2.5)

    def _forward(self, direction: Direction) -> Any:
        """The derivative in forward mode."""
        mp, circuit = self.coarse.mp, self.run.circuit
        shapes = tuple([(name, shape(value)) for name, value in self.point.items() if shape(value)])
        made = _tangent(circuit, tuple(direction), shapes)
        known, inputs = made.inputs, dict(self.inputs)
        ways = {name: exact(mp, way) * exact(mp, self.sizes[name]) for name, way in direction.items()}
        rates = {name: known[f"t[{name}]"] for name in direction if f"t[{name}]" in known}
        inputs |= {wire: ways[name] for name, wire in rates.items()}
        found = self._weighed(mp, forward(mp, made.gates, inputs)[made.output])
        return found if rates else found * next(iter(ways.values()))  # of one number alone the rate is 1

    def slope(self, gradient: Mapping[str, Value], direction: Direction) -> tuple[Any, Any]:
        """The gradient times the direction, and the sizes of its terms added."""
        mp = self.fine.mp
        terms = [gradient[name] * (exact(mp, way) * exact(mp, self.sizes[name])) for name, way in direction.items()]
        flat = [one for term in terms for one in (term.flat if hasattr(term, "flat") else [term])]
        flat = [one for one, moves in zip(flat, _moves(direction), strict=True) if moves]
        return mp.fsum(flat) if all(map(mp.isfinite, flat)) else sum(flat), mp.fsum([abs(one) for one in flat])

    def _close(self, a: Any, b: Any, size: Any) -> bool:
        """Whether two slopes are the same but for the constants of the rows."""
        return bool(abs(a - b) <= _CLOSE * max(abs(a), abs(b), size) + TINY)

    def _moved(self, scale: _Scale, direction: Direction, step: Any) -> dict[int, Value]:
        mp, moved = scale.mp, dict(self.inputs)
        for name, way in direction.items():
            here, size = exact(mp, self.point[name]), exact(mp, self.sizes[name])
            moved[self.wires[name]] = here + exact(mp, way) * size * step
        return moved

    def _output(self, scale: _Scale, direction: Direction, step: Any) -> Any:
        circuit = self.run.circuit
        values = forward(scale.mp, circuit.gates, self._moved(scale, direction, step))
        return self._weighed(scale.mp, values[circuit.output])

    def _weighed(self, mp: Any, value: Value) -> Any:
        """The output, or the sum of its elements times the gradient that arrives at them."""
        weighed = value if self.weights is None else value * exact(mp, self.weights)
        return sum(weighed.flat, mp.zero) if hasattr(weighed, "flat") else weighed


class _Scale:
    """A step and the digits it takes to see what is of its square."""

    def __init__(self, mp: Any, power: int) -> None:
        self.mp = mp
        self.power = power
        self.step = mp.mpf(10) ** -power


def _kind(left: Side, right: Side, rules: Any, close: Any) -> str:
    """What two sides make of a derivative; where the output is no number on one of them, the other decides."""
    sides = [side for side in (left, right) if side.there]
    if all(side.right for side in sides):
        return "agrees"
    jumps = [abs(side.order) < _ORDER for side in sides]
    slopes = [side.beyond if jump else side.slope for side, jump in zip(sides, jumps, strict=True)]
    steep = [not jump and not side.right and side.order < 1 - _ORDER for side, jump in zip(sides, jumps, strict=True)]
    low, high = min(slopes), max(slopes)
    slack = _CLOSE * max(abs(low), abs(high), abs(rules))
    inside = low - slack <= rules <= high + slack
    if any(jumps) and inside:
        return "step"
    return "kink" if inside and len(sides) == 2 and (any(steep) or not close(low, high)) else "differs"


def _digits(power: int) -> int:
    """Twice a step's digits, as its square is looked for, and some more."""
    return -(-(30 + 2 * power) // 20) * 20


def _sizes(value: Value) -> Value:
    """How large a whole step is for each element: as the element, but at most 1; 1 for 0."""
    if isinstance(value, float):
        return min(abs(value), 1.0) if value and math.isfinite(value) else 1.0
    import numpy as np

    return np.where((value == 0) | ~np.isfinite(value), 1.0, np.minimum(np.abs(value), 1.0))


def _random(value: Value, rng: random.Random) -> Value:
    """A direction drawn at random."""
    if isinstance(value, float):
        return rng.uniform(-1, 1)
    return array([rng.uniform(-1, 1) for _ in range(value.size)], value.shape)


def _moves(direction: Direction) -> list[bool]:
    """Which elements of a direction's inputs move."""
    return [bool(one) for way in direction.values() for _, one in elements(way)]


@lru_cache(maxsize=4)
def _tangent(circuit: Circuit, names: tuple[str, ...], shapes: Sequence[tuple[str, Shape]]) -> Circuit:
    return tangent(circuit, names[0] if len(names) == 1 else names, dict(shapes), one=True)
