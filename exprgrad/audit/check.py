"""An audit of every gradient of a run by witnesses that its rules know nothing of.

Each element of each input is a line to look along (witness.py).  If there are too many, several go
along one line together, in a direction drawn at random, and a line that is not as predicted is halved
until it shows where.  What the witnesses say of the rules is one thing; whether float64 has rounded
the gradient away is another, and is measured on the side (rounding.py).
"""

from __future__ import annotations

import math
import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from exprgrad.arithmetic.forward import told
from exprgrad.audit.rounding import Rounding, rounding
from exprgrad.audit.witness import POWERS, TINY, Direction, Lab, Witness
from exprgrad.circuit import Circuit, uncollected
from exprgrad.errors import UsageError
from exprgrad.precise.figures import right
from exprgrad.precise.forward import nearest
from exprgrad.run import Run, run, upstream_of
from exprgrad.values import Place, Value, elements, pick, shape, spread

MOST = 200_000  # gates, of arrays times their elements
WORK = 250_000  # of these are fired in high precision, or as few as it takes
_PER_LINE = 8  # times that a line fires every gate
_FAR = 1e-9  # of a gradient, that float64 may be off without a reason
_DIGITS = 6  # fewer right digits than these are worth a word
_ZERO = 1e-20  # of what is lost, a true gradient that is 0

# from bad to good; the first two do not hold
VERDICTS = ("differs", "off", "not finite", "kink", "step", "rounded", "agrees")


class Verdict(NamedTuple):
    """What the witnesses say about the gradient of an input, or the worst of what they say about its elements.

    ``verdict`` is ``agrees``; ``rounded`` if the rules are right but float64 has lost more than most
    digits to rounding; ``kink`` or ``step`` if the point is on one and the gradient is between left and
    right; ``not finite`` if the gradient or the output is not; ``off`` if the rules are right but the number is
    not; ``differs`` if the rules are not.  The numbers are those of the element at ``place``, or of
    ``along`` elements together along a direction: ``gradient`` on float64, ``rules`` the same in high
    precision, ``forward`` in forward mode, ``left``, ``right`` and ``difference`` as seen.  ``order`` is
    that at which the Taylor remainder shrinks, infinite if there is none; ``digits`` how many digits of
    float64's gradient are right.
    """

    name: str
    place: Place
    along: int
    verdict: str
    gradient: float
    rules: float
    forward: float
    left: float
    right: float
    order: float
    digits: int

    @property
    def difference(self) -> float:
        """The central difference; where there is only one side, that one's."""
        there = [slope for slope in (self.left, self.right) if slope == slope]
        return sum(slope / len(there) for slope in there) if there else math.nan

    @property
    def holds(self) -> bool:
        """Whether the gradient stands."""
        return self.verdict not in VERDICTS[:2]


class Audit(NamedTuple):
    """A run, a verdict for each input, and how many lines were looked along for how many elements."""

    run: Run
    verdicts: list[Verdict]
    lines: int
    elements: int

    @property
    def holds(self) -> bool:
        """Whether every gradient stands."""
        return all(verdict.holds for verdict in self.verdicts)


Atom = tuple[str, Place]


@uncollected()
def check(
    circuit: Circuit, point: Mapping[str, Any], wrt: Collection[str] | None = None, upstream: Any = None
) -> Audit:
    """The audit of a circuit's gradients at a point; see run.  Raises UsageError if it is too large."""
    result = run(circuit, point, wrt, upstream)
    size = sum([math.prod(shape(value)) for value in result.values])
    if size > MOST:
        raise UsageError(
            f"--check takes at most {MOST:,} gates, elements counted, and this is {size:,}",
            hint="--of NAME checks a part of the formula",
        )
    weights = None if upstream is None else upstream_of(circuit, shape(result.value), upstream)
    auditor = _Auditor(result, weights)
    atoms = [(name, place) for name, gradient in result.gradient.items() for place, _ in elements(gradient)]
    lines = max(1, WORK // (_PER_LINE * max(size, 1)))
    worst: dict[str, Verdict] = {}
    with told(circuit):  # a matrix may be singular, and only float64's rounding has hidden it
        for verdict in auditor.verdicts(atoms, lines):
            before = worst.get(verdict.name)
            if before is None or VERDICTS.index(verdict.verdict) < VERDICTS.index(before.verdict):
                worst[verdict.name] = verdict
    return Audit(result, [worst[name] for name in result.gradient if name in worst], auditor.lines, len(atoms))


class _Auditor:
    """Looks along lines, and counts them."""

    def __init__(self, result: Run, weights: Value | None) -> None:
        self.run = result
        self.gradient = result.gradient
        self.weights = weights
        self.rng = random.Random(0)  # noqa: S311  the same each time
        self.lines = 0
        self.labs: dict[int, Lab] = {}

    def verdicts(self, atoms: Sequence[Atom], lines: int) -> Iterator[Verdict]:
        """For each line a verdict for each input that goes along it."""
        plain = [atom for atom in atoms if math.isfinite(self._used(atom))]
        odd = [atom for atom in atoms if not math.isfinite(self._used(atom))]
        step = max(1, -(-len(plain) // lines))
        groups = [plain[first : first + step] for first in range(0, len(plain), step)][::-1]
        groups += [[atom] for atom in odd[:lines]]
        most = 4 * lines + 40  # halving included
        while groups:
            group = groups.pop()
            found = self._judge(group)
            if found[0].verdict not in ("agrees", "rounded") and len(group) > 1 and self.lines < most:
                half = len(group) // 2
                groups += [group[half:], group[:half]]
            else:
                yield from found

    @cached_property
    def rounding(self) -> Rounding:
        """What float64 may have lost."""
        lab = self._lab(POWERS[0])
        return rounding(lab.coarse.mp, self.run, {**lab.inputs, **lab.seed})

    def _lab(self, power: int) -> Lab:
        if power not in self.labs:
            self.labs[power] = Lab(self.run, self.weights, power)
        return self.labs[power]

    def _used(self, atom: Atom) -> float:
        return pick(self.gradient[atom[0]], atom[1])

    def _judge(self, group: Sequence[Atom]) -> list[Verdict]:
        """What is seen along the line of some elements, for each of their inputs."""
        direction = self._direction(group)
        self.lines += 1
        for power in POWERS:
            lab = self._lab(power)
            seen = lab.along(direction)
            kind = self._kind(lab, seen, direction, group)
            if kind == "agrees":
                break
        if kind == "differs" and len(group) == 1 and lab.between(direction, self.rng):
            kind = "kink"
        every = [self._digits(atom) for atom in group]
        kind = min([kind, *[verdict for verdict, _ in every]], key=VERDICTS.index)
        mp, (name, place) = lab.fine.mp, group[0]
        unit = mp.mpf(pick(lab.sizes[name], place)) if len(group) == 1 else mp.one
        rules, ahead, left, right = (nearest(one / unit) for one in (seen.rules, seen.forward, seen.left, seen.right))
        used = self._used(group[0]) if len(group) == 1 else nearest(lab.slope(self.gradient, direction)[0])
        digits = min([one for _, one in every])
        places = dict(reversed(group))  # the first of each input
        return [
            Verdict(name, place, len(group), kind, used, rules, ahead, left, right, seen.order, digits)
            for name, place in places.items()
        ]

    def _kind(self, lab: Lab, seen: Witness, direction: Direction, group: Sequence[Atom]) -> str:
        """A verdict on the rules; where these give no number, they may do so only at this very point."""
        isfinite = lab.fine.mp.isfinite
        if isfinite(seen.rules):
            number = seen.kind != "nothing" and all([math.isfinite(self._used(atom)) for atom in group])
            return seen.kind if number or seen.kind == "differs" else "not finite"
        back = {name: -way for name, way in direction.items()}
        sides = [way for way, slope in ((back, seen.left), (direction, seen.right)) if isfinite(slope)]
        return "not finite" if all([isfinite(lab.beside(direction, side)) for side in sides]) else "differs"

    def _digits(self, atom: Atom) -> tuple[str, int]:
        """How many digits of a gradient on float64 are right, and what that is worth."""
        name, place = atom
        lab, used = self._lab(POWERS[0]), self._used(atom)
        mp, true = lab.fine.mp, lab.gradient[name]
        true = true[place] if place else true
        if not (math.isfinite(used) and mp.isfinite(true)):
            return "agrees", 0
        error, digits = abs(true - used), right(used, true)
        if error <= max(_FAR * abs(true), TINY):
            return "agrees", digits
        if error > pick(self.rounding.spread[name], place) and not self.rounding.branched:
            return "off", digits
        lost = digits < _DIGITS and abs(true) > _ZERO * error  # nothing is lost of a 0
        return "rounded" if lost else "agrees", digits

    def _direction(self, group: Sequence[Atom]) -> dict[str, Value]:
        """A line along which each of some elements has its part in the derivative, however small its gradient is."""
        if len(group) == 1:
            parts = [1.0]
        else:
            sizes = self._lab(POWERS[0]).sizes
            terms = [abs(self._used((name, place)) * pick(sizes[name], place)) for name, place in group]
            least = max(min([term for term in terms if term], default=1.0), 1e-12 * max(terms))
            parts = [
                self.rng.choice((-1, 1)) * self.rng.uniform(0.5, 1.5) * min(1.0, least / (term or least))
                for term in terms
            ]
        direction: dict[str, Value] = {}
        for (name, place), part in zip(group, parts, strict=True):
            if name not in direction:
                direction[name] = spread(0.0, shape(self.gradient[name]))
            if place:
                direction[name][place] = part
            else:
                direction[name] = part
        return direction
