"""Gradients under guards: how structural zeros add up, pass through a gate and are fitted to a shape.

A structural zero is not the number 0: 0 times an infinite local gradient is NaN.  So a gradient that
is one where a condition does not hold carries that condition, its guard, along.
"""

from __future__ import annotations

from collections.abc import Callable

from exprgrad.circuit import Builder, Gate
from exprgrad.gates import ROWS
from exprgrad.rules import Local, Pull
from exprgrad.tidy import derive

_ADD, _MUL, _AND, _OR, _WHERE = (ROWS[name] for name in ("add", "mul", "and", "or", "where"))


def added(builder: Builder, total: Pull | None, push: Pull) -> Pull:
    """What has arrived at a wire with one more: structurally zero only where all of it is."""
    if total is None:
        return push
    guard = total.guard
    if guard is not None and guard != push.guard:
        guard = None if push.guard is None else derive(builder, _OR, (guard, push.guard))
    return Pull(derive(builder, _ADD, (total.wire, push.wire)), guard)


def through(builder: Builder, push: Pull, local: Local, guards: bool) -> Pull:
    """What a gate hands on: the arriving gradient times the local one, under both their guards."""
    if not guards:
        return Pull(derive(builder, _MUL, (push.wire, local.shown)), None)
    wire = derive(builder, _MUL, (push.wire, local.wire))
    if wire == push.wire and local.guard is None:
        return push  # a local gradient of 1: what is 0 under the guard stays 0
    return guarded(builder, wire, push.guard, local.guard)


def guarded(builder: Builder, wire: int, first: int | None, second: int | None) -> Pull:
    """A gradient under two guards, either of which there may be."""
    guard = second if first is None else first
    if first is not None and second is not None and first != second:
        guard = derive(builder, _AND, (first, second))
    if guard is not None:
        wire = derive(builder, _WHERE, (guard, wire, builder.const(0.0)))
    return Pull(wire, guard)


def moved(
    builder: Builder, gate: Gate, guard: int | None, here: int, there: int, move: Callable[[int], Pull | None]
) -> int | None:
    """Where what a gate hands from one of its wires to another is a structural zero, as what arrives is one.

    ``move`` hands on the guard itself.
    """
    if guard is None or builder.shapes is None or not builder.shapes[guard]:
        return guard  # of all elements at once
    if not gate.op.whole:
        return builder.fit(guard, there)
    if not gate.op.moves:  # an element of the input meets many of the output, selected or not
        return None
    passed = move(builder.fit(guard, here))
    return passed and builder.fit(passed.wire, there)


def fit(builder: Builder, push: Pull, source: int) -> Pull:
    """A gradient in the shape of its wire: summed where the wire was broadcast, broadcast where it was summed."""
    guard = push.guard
    if guard is not None and builder.shapes is not None and builder.shapes[guard]:
        guard = builder.fit(guard, source)
    return Pull(builder.fit(push.wire, source), guard)
