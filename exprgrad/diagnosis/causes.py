"""What makes a gradient or a value infinite or NaN, or a gradient 0: the first gate on the way that does."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from exprgrad.circuit import Builder
from exprgrad.diagnosis.kinks import Note
from exprgrad.diagnosis.live import facts, piece, stated
from exprgrad.diagnosis.notes import forward_origin, product_origin
from exprgrad.diagnosis.walk import Link, Walk
from exprgrad.errors import Report
from exprgrad.gates import CONST
from exprgrad.run import run
from exprgrad.values import Place, digits, own, pick, spots, unbounded

_MOST = 8  # causes of one gradient that is 0
_ASIDE = 1e-3  # how far aside one looks whether a gate is level in one point or all around


def not_finite(walk: Walk, wire: int, place: Place) -> tuple[Note, list[Link], list[Link]]:
    """The cause of a gradient that is not finite, the gates forward up to it, and those from the output back."""
    circuit, gates = walk.circuit, walk.circuit.gates
    back: list[Link] = []
    while wire != circuit.output:
        handed = [(one, at) for one, at, number in walk.handed(wire, place) if not math.isfinite(number or 0.0)]
        if not handed:
            message = f"the gradients that add up on {piece(circuit, wire)} are too large together"
            return Note("sum", wire, Report(message, circuit.text, gates[wire].span), {}), [], back[::-1]
        link = walk.link(*handed[0], place)
        back.append(link)
        wire, place = link.wire, link.place
        if math.isfinite(link.arrives):
            cause, ahead = _product(walk, link)
            return cause, ahead, [*back, *walk.up(wire, place)][::-1]
    if not math.isfinite(pick(walk.run.value, place)):
        cause, ahead = value(walk, wire, place)
        return cause, ahead, []
    message = "the gradient that arrives at the output is given as that"
    return Note("upstream", wire, Report(message), {}), [], back[::-1]


def value(walk: Walk, wire: int, place: Place) -> tuple[Note, list[Link]]:
    """The cause of a value that is not finite, and the gates forward from it."""
    path = walk.down(wire, place)
    first = path[0]
    return Note("value", first.wire, forward_origin(walk.circuit, walk.run.values, first.wire, first.place), {}), path


def _product(walk: Walk, link: Link) -> tuple[Note, list[Link]]:
    """The cause of the first product that is not finite: a value at its gate, or what its row says there."""
    run, gate = walk.run, walk.circuit.gates[link.wire]
    if link.local is None or not math.isfinite(link.local):
        for wire in (*gate.inputs, link.wire):
            count, spot = spots(unbounded(run.values[wire]))
            if not gate.op.whole:
                spot = own(run.values[wire], link.place)
                count = not math.isfinite(pick(run.values[wire], spot))
            if count:
                return value(walk, wire, spot)
    if link.local is None:
        message = f"{piece(walk.circuit, link.wire)} makes {link.hands!r} of the gradient {digits(link.arrives)}"
        return Note("local", link.wire, Report(message, walk.circuit.text, gate.span), {}), []
    report = product_origin(run, link.wire, link.source, link.place, link.arrives, link.local)
    return Note("overflow" if math.isfinite(link.local) else "local", link.wire, report, {}), []


def zero(walk: Walk, wire: int, place: Place) -> tuple[list[Note], list[Link]]:
    """The causes of a gradient that is 0, and the gates from the output back to the first of them and on."""
    found: list[Note] = []
    back: list[Link] = []
    before: dict[tuple[int, Place], Link] = {}  # how one came to an element of a gate
    waiting = [(wire, place)]
    while waiting and len(found) < _MOST:
        here = waiting.pop()
        for cause, link in _ends(walk, *here):
            if cause is None:
                if link is not None and (link.wire, link.place) not in before:
                    before[link.wire, link.place] = link
                    waiting.append((link.wire, link.place))
                continue
            if not found:
                top = link or before.get(here)
                back = [] if top is None else [*[*walk.up(top.wire, top.place)][::-1], top]
                while back and (back[-1].source, back[-1].spot) in before:
                    back.append(before[back[-1].source, back[-1].spot])
            if cause.report not in [one.report for one in found]:
                found.append(cause)
    return found, back


def _ends(walk: Walk, wire: int, place: Place) -> Iterator[tuple[Note | None, Link | None]]:
    """Of each way from a gradient that is 0 the cause, or, without one, the gate that is to be looked at next."""
    circuit, gates = walk.circuit, walk.circuit.gates
    name = piece(circuit, wire)

    def cause(kind: str, at: int, message: str, hint: str = "", spot: Place = ()) -> Note:
        label = facts(circuit, walk.run.values, at, spot)
        return Note(kind, at, Report(message, circuit.text, gates[at].span, label, hint), {})

    handed = list(walk.handed(wire, place))
    if not walk.run.backward.active[wire]:
        yield cause("condition", wire, f"{name} carries no gradient: it is a condition, or a constant"), None
    elif wire == circuit.output:
        yield cause("upstream", wire, "the gradient that arrives at the output is 0"), None
    elif not handed:
        yield cause("unused", wire, f"the output does not use {name}"), None
    elif any([number for *_, number in handed]):
        terms = [f"{digits(number)} from {piece(circuit, reader)}" for reader, _, number in handed if number]
        yield cause("cancel", wire, f"the gradients that add up on {name} cancel", ", ".join(terms[:6])), None
    else:
        for reader, position, number in handed:
            link = walk.link(reader, position, place)
            gate, here = gates[reader], piece(circuit, reader)
            if number is None and gate.op.gradients is not None and gate.op.gradient(position) is None:
                yield cause("condition", reader, f"{here} is a condition, and carries no gradient"), link
            elif link.arrives == 0:
                yield None, link
            else:
                yield _stopped(walk, link, cause), link


def _stopped(walk: Walk, link: Link, cause: Callable[..., Note]) -> Note:
    """Why a gate hands on nothing of a gradient that is not 0."""
    gate, here = walk.circuit.gates[link.wire], piece(walk.circuit, link.wire)
    op, wire = gate.op, link.wire
    name = piece(walk.circuit, gate.inputs[link.position])
    if op.whole:
        if op.moves:
            return cause("unselected", wire, f"{here} does not take this element of {name}")
        return cause("level", wire, f"{here} hands nothing of the gradient {digits(link.arrives)} to {name}")
    if not walk.selected(wire, link.position, link.place):
        live = op.live[link.position] or ""
        condition = stated(walk.circuit, wire, {"c != 0": "c", "c == 0": "not (c)"}.get(live, live))
        hint = f"a gradient passes only where {condition}"
        return cause("unselected", wire, f"{here} does not depend on {name} here", hint, link.place)
    if link.local:
        message = f"the gradient {digits(link.arrives)} at {here} times its local gradient {digits(link.local)} is 0"
        return cause("underflow", wire, message, "the smallest number above 0 is 5e-324", link.place)
    if op.gradient(link.position) == "0":
        hint = f"{op.name} is flat between its steps, so its local gradient is 0"
        return cause("flat", wire, f"no gradient passes {here}", hint, link.place)
    for source in gate.inputs:
        spot = own(walk.run.values[source], link.place)
        if not math.isfinite(pick(walk.run.values[source], spot)):  # 1/inf
            return value(walk, source, spot)[0]
    movers = _movers(walk, link)
    rule_ = f"its local gradient, {op.gradient(link.position)}, is 0" if op.gradients else "its local gradient is 0"
    if link.position in movers:
        return cause("level", wire, f"{here} is level at this point", f"{rule_} here, though not beside it", link.place)
    if movers:
        others = [gate.inputs[mover] for mover in movers if walk.circuit.gates[gate.inputs[mover]].op is not CONST]
        this = " and".join([f" for this {piece(walk.circuit, other)}" for other in others])
        return cause("factor", wire, f"{here} does not depend on {name} here", f"{rule_}{this}", link.place)
    message = f"{here} is saturated: it is {digits(link.value)}, and so it is around here"
    return cause("saturated", wire, message, f"{rule_}: what there is of it is less than 5e-324", link.place)


def _movers(walk: Walk, link: Link) -> list[int]:
    """The inputs of a gate that make its local gradient another than 0 if they move a little."""
    op = walk.circuit.gates[link.wire].op
    reads = walk.reads(link.wire, link.place)[:-1]
    names = op.parameters(len(reads))
    builder = Builder()
    alone = builder.circuit(builder.add(op, tuple([builder.input(name) for name in names])))
    found = []
    for mover, number in enumerate(reads):
        for side in (1.0, -1.0):
            aside = number + side * _ASIDE * (abs(number) or 1.0)
            moved = [*reads[:mover], aside, *reads[mover + 1 :]]
            slope = run(alone, dict(zip(names, moved, strict=True))).gradient.get(names[link.position])
            if slope and mover not in found:  # NaN is no 0 either
                found.append(mover)
    return found
