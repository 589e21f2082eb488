"""The true value and gradients of a formula: the circuit with more and more digits, until 17 of each have settled.

Inputs and constants are the float64s that were read.  So the numbers are those of the formula as it is
written, not of the one that somebody had in mind: 0.1 is the float64 next to it, and so is pi.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from threading import Lock
from typing import Any, NamedTuple

from exprgrad.arithmetic.forward import fact, forward, told
from exprgrad.chain import backward
from exprgrad.circuit import Circuit, Gate, uncollected
from exprgrad.errors import UsageError
from exprgrad.precise.figures import DIGITS, RIGHT, Figure, agree, beyond, close, each, figures, worst
from exprgrad.precise.forward import begin, context, is_array, nearest
from exprgrad.precise.samples import Samples, sampled
from exprgrad.run import Run, run, upstream_of
from exprgrad.shapes.axes import Shape
from exprgrad.tidy import expanded, needed
from exprgrad.values import Value, array, blank, shape, spread

FIRST, LAST = 40, 5120  # digits that are worked with
WORK = 4_000_000  # gates, of arrays times their elements, times digits
SLOW = 320  # digits, where there are functions that take long
_SLOW = {"gamma", "lgamma", "digamma", "polygamma", "polygamma_drop", "beta", "factorial", "erfinv"}
_WORKING = Lock()  # mpmath's contexts are not for several threads


class Precise(NamedTuple):
    """The true numbers beside a run's.

    ``value`` and ``gradient`` are the float64s nearest to the true ones, NaN where these are not known; ``values``
    and ``gradients`` have a figure for each of their elements, ``gates`` for each wire of the run that of its worst
    element.  ``digits`` is how many were worked with, ``settled`` whether that was enough.  ``numbers`` are the
    float64s nearest to each wire of the run; ``edges`` says of the condition of each kink and step, by its wire,
    whether the true numbers are known to stand there.
    """

    run: Run
    digits: int
    settled: bool
    value: Value
    gradient: dict[str, Value]
    values: list[Figure]
    gradients: dict[str, list[Figure]]
    gates: list[Figure]
    numbers: list[Value]
    edges: Mapping[tuple[int, str], Value]

    def lost(self, wire: int) -> int:
        """How many digits float64 has lost at a gate: those of its worst input that are not in its value."""
        sources = [self.gates[source].right for source in self.run.circuit.gates[wire].inputs]
        before, after = [RIGHT if one is None else one for one in sources], self.gates[wire].right
        return 0 if after is None else max(0, min(before, default=RIGHT) - after)


class _Ready(NamedTuple):
    """The gates of a circuit and of as much of its backward pass as is needed, and the wires of its gradients.

    Behind these are the conditions of its kinks and steps, with the wires of those.
    """

    gates: Sequence[Gate]
    gradient: Mapping[str, int | None]
    seed: int
    edges: Mapping[tuple[int, str], int]


@uncollected()
def precise(
    circuit: Circuit, point: Mapping[str, Any], wrt: Collection[str] | None = None, upstream: Any = None
) -> Precise:
    """The true value and gradients of a circuit at a point; see run.  Raises UsageError if it is too large."""
    return _settle(circuit, point, wrt, upstream, lambda mp, one: agree(mp, one) == DIGITS)


@uncollected()
def on_float64(
    circuit: Circuit, point: Mapping[str, Any], wrt: Collection[str] | None = None, upstream: Any = None
) -> Precise:
    """The same with as many digits as it takes to know the nearest float64s, and nothing of the gates."""
    return _settle(circuit, point, wrt, upstream, lambda mp, one: agree(mp, one) == DIGITS or beyond(mp, one), False)


def _settle(
    circuit: Circuit,
    point: Mapping[str, Any],
    wrt: Collection[str] | None,
    upstream: Any,
    enough: Callable[[Any, Samples], bool],
    gates: bool = True,
) -> Precise:
    """Twice the digits until the value and all gradients are ``enough``, or there are no more."""
    whole = _expanded(circuit)
    result = run(whole, point, wrt, upstream)
    known, back = whole.inputs, result.backward
    shapes = tuple([(name, shape(value)) for name, value in result.inputs.items() if shape(value)])
    ready = _ready(whole, None if wrt is None else tuple(wrt), shapes)
    inputs = {known[name]: value for name, value in result.inputs.items()}
    seed = upstream_of(whole, back.extent, upstream)
    floats = forward(ready.gates, {**inputs, ready.seed: seed}, arrays=back.shapes is not None)
    most = _most(ready.gates, sum([math.prod(shape(value)) for value in floats]))
    count, digits = len(whole.gates), FIRST
    while True:
        mp = context(digits, far=True)
        with _WORKING, told(whole):
            begin(mp)
            samples = sampled(mp, ready.gates[:count], inputs, floats, own=count)
            arriving = {ready.seed: blank(seed, _nothing(samples[whole.output]))}
            samples = sampled(mp, ready.gates, {**inputs, **arriving}, floats, samples, own=count)
            wires = [whole.output, *[wire for wire in ready.gradient.values() if wire is not None]]
            settled = all([enough(mp, one) for wire in wires for one in each(samples[wire])])
            if settled or 2 * digits > (min(most, SLOW) if mp.strays else most):  # what is beyond stays there
                return _told(mp, result, ready, samples, settled, gates)
        digits *= 2


def _told(mp: Any, result: Run, ready: _Ready, samples: Sequence[Samples], settled: bool, gates: bool) -> Precise:
    """What the samples say of each number."""
    of_gates = zip(result.values, samples[: len(result.values)], strict=True) if gates else ()
    values = figures(mp, result.value, samples[result.circuit.output])
    gradients = {}
    for name, used in result.gradient.items():
        wire = ready.gradient[name]
        gradients[name] = figures(mp, used, (spread(mp.zero, shape(used)),) if wire is None else samples[wire])
    return Precise(
        result, mp.dps, settled, close(values, result.value),
        {name: close(found, result.gradient[name]) for name, found in gradients.items()},
        values, gradients,
        [worst(figures(mp, *pair)) for pair in of_gates],
        [nearest(one[0]) for one in samples[: len(result.values)]],
        {edge: _over(samples[wire], lambda element: float(all(element))) for edge, wire in ready.edges.items()},
    )  # fmt: skip


def _most(gates: Sequence[Gate], size: int) -> int:
    """How many digits there may be.  Raises UsageError for too many gates."""
    if size * FIRST > WORK:
        raise UsageError(
            f"--precise takes at most {WORK // FIRST:,} gates, elements and those of the gradient counted, and this "
            f"is {size:,}",
            hint="--of NAME takes a part of the formula, --wrt NAME fewer gradients",
        )
    return min(SLOW if any([gate.op.name in _SLOW for gate in gates]) else LAST, WORK // size)


@lru_cache(maxsize=8)
def _expanded(circuit: Circuit) -> Circuit:
    return expanded(circuit)


@lru_cache(maxsize=8)
def _ready(circuit: Circuit, wrt: tuple[str, ...] | None, shapes: tuple[tuple[str, Shape], ...]) -> _Ready:
    """The circuit with its backward pass, in the forms of a book, in which nothing is rounded ahead."""
    back = backward(circuit, wrt, shapes=dict(shapes), folds=False, plain=True)
    every, count = [*back.circuit.gates], len(circuit.gates)
    edges = {edge: wire for at in range(count) for edge, wire in _edges(every, at)}
    gradient = {name: back.gradient[wire] for name, wire in circuit.inputs.items()}
    wanted = [wire for wire in gradient.values() if wire is not None]
    kept = needed(every, {*range(count), *wanted, *edges.values()})
    place = {wire: number for number, wire in enumerate(kept)}
    gates = [every[wire]._replace(inputs=tuple([place[source] for source in every[wire].inputs])) for wire in kept]
    return _Ready(
        gates,
        {name: None if wire is None else place[wire] for name, wire in gradient.items()},
        place[back.seed],
        {edge: place[wire] for edge, wire in edges.items()},
    )


def _edges(gates: list[Gate], wire: int) -> Iterator[tuple[tuple[int, str], int]]:
    """The conditions of a gate's kinks and steps, put behind the gates, and their wires."""
    gate = gates[wire]
    for at in [edge.at for edge in gate.op.kinks] + [edge.at for edge in gate.op.steps]:
        inside, places = fact(at, gate.op, gate.params), [*gate.inputs, wire]
        for one in inside.gates[len(places) :]:
            places.append(len(gates))
            gates.append(one._replace(inputs=tuple([places[source] for source in one.inputs])))
        yield (wire, at), places[inside.output]


def _over(samples: Samples, of: Callable[[Samples], float]) -> Value:
    """A function of the samples of each element."""
    found = [of(one) for one in each(samples)]
    return array(found, samples[0].shape) if is_array(samples[0]) else found[0]


def _nothing(samples: Samples) -> Value:
    """NaN where a number is NaN however it is rounded, 0 elsewhere."""
    return _over(samples, lambda element: math.nan if all([one != one for one in element]) else 0.0)
