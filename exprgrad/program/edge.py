"""Where a row stands on a kink or a step, as a gate: the condition under which kinks.py has a note."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from math import prod

from exprgrad.chain import backward
from exprgrad.circuit import Builder, Circuit, Composite, Gate
from exprgrad.gates import CONST, INPUT, ROWS, Static
from exprgrad.language.lower import body, formula
from exprgrad.rules import copies, instance
from exprgrad.shapes import shaped
from exprgrad.shapes.axes import Shape
from exprgrad.tidy import derive

_rule = cache(formula)
_AND, _OR, _ANY = ROWS["and"], ROWS["or"], ROWS["amax"]


def edge(circuit: Circuit, wrt: Collection[str] | None, shapes: Mapping[str, Shape]) -> Circuit:
    """The circuit whose output is 1 where the circuit stands on a kink or a step, else 0."""
    guards: Sequence[int | None] = [None] * len(circuit.gates)
    builder = shaped(circuit, shapes)
    if builder.shapes is not None:  # of arrays some elements may be selected
        back = backward(circuit, wrt, shapes=shapes)
        guards, builder = back.guard, shaped(back.circuit, shapes)
    moves: list[bool] = []
    for gate in circuit.gates:
        given = gate.op is INPUT and (wrt is None or gate.name in wrt)
        moves.append(given or any([moves[source] for source in gate.inputs]))
    found = _standing(builder, circuit, range(len(circuit.gates)), moves, guards)
    return builder.circuit(found, circuit.text)


def _standing(
    builder: Builder, circuit: Circuit, wires: Sequence[int], moves: Sequence[bool], guards: Sequence[int | None] | None
) -> int:
    """The condition for the gates of a circuit that are copied to these wires.

    Without ``guards`` it is the inside of a composite gate.
    """
    found = builder.const(0.0)
    alive = _alive(builder, circuit, wires)
    for wire, gate in enumerate(circuit.gates):
        selected = alive[wire]
        if selected is None or not any([moves[source] for source in gate.inputs]):
            continue
        inside = body(gate.op) if isinstance(gate.op, Composite) and guards is not None else None
        if inside is not None:
            arguments = tuple([wires[source] for source in gate.inputs])
            copied = copies(builder, inside, arguments, tuple(range(len(inside.gates))))
            varies = [one.op is not CONST for one in inside.gates]
            here = _standing(builder, inside, [copied[one] for one in range(len(inside.gates))], varies, None)
        else:
            here = _edge(builder, gate, wires, wire, None if guards is None else guards[wire])
        found = derive(builder, _OR, (found, derive(builder, _AND, (selected, here))))
    return found


def _edge(builder: Builder, gate: Gate, wires: Sequence[int], wire: int, guard: int | None) -> int:
    """The condition for one gate."""
    found = builder.const(0.0)
    op = gate.op
    if op.live and gate.inputs[0] in gate.inputs[1:]:  # max(x, x) has no kink
        return found
    extent = builder.shapes[wires[wire]] if builder.shapes is not None else ()
    if not op.whole and not prod(extent):
        return found
    for text in [*[kink.at for kink in op.kinks], *[step.at for step in op.steps]]:
        at = _condition(builder, text, gate, wires, wire)
        several = builder.shapes is not None and (builder.shapes[at] or (extent and not op.whole))
        if guard is not None and several:
            at = derive(builder, _AND, (at, guard))
        found = derive(builder, _OR, (found, _any(builder, at)))
    return found


def _alive(builder: Builder, circuit: Circuit, wires: Sequence[int]) -> list[int | None]:
    """For each wire, the condition that the output depends on it by way of selected branches, None for never."""
    found: list[int | None] = [None] * len(circuit.gates)
    found[circuit.output] = builder.const(1.0)
    for wire in range(circuit.output, -1, -1):
        here, gate = found[wire], circuit.gates[wire]
        if here is None:
            continue
        for position, source in enumerate(gate.inputs):
            text = gate.op.live[position] if gate.op.live and not gate.op.whole else None
            passed = here
            if text is not None:
                chosen = _any(builder, _condition(builder, text, gate, wires, wire))
                passed = derive(builder, _AND, (here, chosen))
            before = found[source]
            found[source] = passed if before in (None, passed) else derive(builder, _OR, (before, passed))
    return found


def _condition(builder: Builder, text: str, gate: Gate, wires: Sequence[int], wire: int) -> int:
    """What a row says of its inputs and its value, at this gate."""
    op = gate.op
    settings: dict[str, Static] = dict(zip(op.params, gate.params, strict=True))
    rule = _rule(text, (*op.inputs, "out"), op.params)
    return instance(builder, rule, (*[wires[source] for source in gate.inputs], wires[wire]), settings)


def _any(builder: Builder, wire: int) -> int:
    """Whether a condition holds for any element."""
    extent = builder.shapes[wire] if builder.shapes is not None else ()
    if not extent:
        return wire
    return builder.add(_ANY, (wire,), None, _ANY.settings) if prod(extent) else builder.const(0.0)
