"""The chain rule on the numbers of one point: what chain.py makes gates of, computed on the way.

A formula that is run once needs no circuit of its gradient, which has many times its gates.  These are the same
formulas of the rows, added up in the same order under the same guards, and so the same numbers to the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from exprgrad.arithmetic.forward import forward
from exprgrad.chain import inside, reached
from exprgrad.circuit import KEPT, Builder, Circuit, Gate
from exprgrad.gates import Row
from exprgrad.rules import Slope, decided, slopes
from exprgrad.tidy import fixed


class Step(NamedTuple):
    """A gate that hands gradients on: its wire, those it reads, and what it multiplies by for each of them.

    These are the row's local gradients, or what the body of a composite gate needs for them.
    """

    wire: int
    inputs: tuple[int, ...]
    slopes: Sequence[Slope] | Ready


class Ready(NamedTuple):
    """A circuit of numbers, the wires that gradients flow to, and the gates that hand them on, from the output back."""

    circuit: Circuit
    active: list[bool]
    steps: list[Step]


class Arrived(NamedTuple):
    """By wire, the gradient that arrives, None where none can; its guard; and the gate's local gradients.

    These are 0 for an unselected branch, NaN where the gate's value is, and None where none flows.  A gradient whose
    guard is 0 is a structural zero, one without a guard never is.
    """

    gradient: list[float | None]
    guard: list[float | None]
    local: list[tuple[float | None, ...]]


def reverse(ready: Ready, values: Sequence[float], seed: float, guards: bool = True) -> Arrived:
    """The gradients of a circuit whose wires have these values, where ``seed`` arrives at the output.

    Without ``guards`` an unselected branch is handed an ordinary 0.
    """
    count, output = len(ready.circuit.gates), ready.circuit.output
    gradient: list[float | None] = [None] * count
    guard: list[float | None] = [None] * count
    local: list[tuple[float | None, ...]] = [()] * count
    if ready.active[output]:
        gradient[output] = seed
    for wire, inputs, rates in ready.steps:
        arrived = gradient[wire]
        if arrived is None:
            continue
        under, out = guard[wire], values[wire]
        here: list[float | None] = []
        for source, rate in zip(inputs, _numbers(rates, [values[source] for source in inputs], out), strict=True):
            if rate is None:
                here.append(None)
                continue
            number, own = rate
            if own == 0:  # an unselected branch
                number = 0.0
            here.append(number)
            push, both = arrived * number, None
            if guards:
                both = own if under is None else under if own is None else float(under and own)
                if both == 0:
                    push = 0.0
            total, before = gradient[source], guard[source]
            if total is None:
                gradient[source], guard[source] = push, both
            else:  # structurally zero only where all of it is
                gradient[source] = total + push
                guard[source] = None if before is None or both is None else float(before or both)
        local[wire] = tuple(here if out == out else [None if one is None else out for one in here])
    return Arrived(gradient, guard, local)


def _numbers(rates: Sequence[Slope] | Ready, reads: list[float], out: float) -> list[tuple[float, float | None] | None]:
    """A gate's local gradients, each with its guard."""
    if isinstance(rates, Ready):
        arrived = reverse(rates, forward(rates.circuit.gates, {}, reads), 1.0)
        found = zip(arrived.gradient[: len(reads)], arrived.guard, strict=False)
        return [None if number is None else (number, guard) for number, guard in found]
    reads.append(out)
    return [slope and (slope(*reads), live and live(*reads)) for slope, live in rates]


def ready(circuit: Circuit, active: list[bool]) -> Ready:
    """A circuit made ready for gradients that flow to the ``active`` wires."""
    gates, constants = circuit.gates, Builder(circuit.gates)
    steps = [
        Step(wire, gates[wire].inputs, _rates(constants, gates[wire], active))
        for wire in range(circuit.output, -1, -1)
        if active[wire] and gates[wire].inputs
    ]
    return Ready(circuit, active, steps)


def _rates(constants: Builder, gate: Gate, active: Sequence[bool]) -> Sequence[Slope] | Ready:
    """What a gate multiplies by for each input."""
    op, inputs = gate.op, gate.inputs
    wanted = [active[source] for source in inputs]
    if op.gradients is None:
        return _opened(op, tuple(wanted))
    known: tuple[str | None, ...] = ()
    if decided(op) and not constants.fixed.isdisjoint(inputs):
        numbers = [fixed(constants, source) for source in inputs]
        known = tuple([None if number is None else repr(number) for number in numbers])  # 0.0 and -0.0 are two
    found = slopes(op, known)
    return found if all(wanted) else [one if here else (None, None) for one, here in zip(found, wanted, strict=True)]


@lru_cache(maxsize=KEPT)
def _opened(op: Row, wanted: tuple[bool, ...]) -> Ready:
    """The body of a composite gate whose row states no gradients, made ready for those inputs that are wanted."""
    circuit = inside(op)
    return ready(circuit, reached(circuit, [name for name, one in zip(op.inputs, wanted, strict=True) if one]))
