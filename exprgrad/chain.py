"""The chain rule, here and nowhere else: circuit → circuit.

What is common to all gates happens in these two loops and in no row: gradients add up where a wire
forks, a wire that no input reaches carries none, and the gradient of an unselected branch is a
structural zero.  A structural zero is not the number 0: 0 times an infinite local gradient is NaN,
so whatever is pushed further below an unselected branch is guarded by the same condition.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import NamedTuple

from exprgrad.circuit import Builder, Circuit, Gate
from exprgrad.errors import CircuitError
from exprgrad.gates import INPUT, ROWS, Row
from exprgrad.lower import body, formula
from exprgrad.tidy import derive

_ADD, _MUL, _AND, _OR, _WHERE = (ROWS[name] for name in ("add", "mul", "and", "or", "where"))


class Backward(NamedTuple):
    """A circuit with its backward pass behind it.

    ``circuit`` begins with the forward gates, unchanged.  ``seed`` is the input for the gradient
    that arrives at the output, 1 by default.  For each forward wire, ``active`` says whether an
    input reaches it by way of gradients, ``gradient`` is the wire of its gradient, None where none
    can arrive, ``guard`` the wire that is 0 where that gradient is a structural zero, None where it
    never is, and ``local`` has the wire of the local gradient with respect to each of the gate's
    inputs, None where none flows.

    Where the output is NaN, so is every gradient: whoever runs the circuit makes the seed NaN there.
    """

    circuit: Circuit
    seed: int
    active: list[bool]
    gradient: list[int | None]
    guard: list[int | None]
    local: list[tuple[int | None, ...]]


class _Push(NamedTuple):
    """A gradient on its way to a wire; where ``guard`` is 0 it is a structural zero."""

    wire: int
    guard: int | None


def backward(circuit: Circuit, wrt: Collection[str] | None = None, guards: bool = True) -> Backward:
    """The circuit followed by the gates of its gradient, in reverse mode.

    ``wrt`` names the inputs that gradients flow to; without it, all.  Without ``guards`` the
    unselected branch is an ordinary 0, as in JAX and PyTorch.
    """
    gates = circuit.gates
    active = _active(circuit, wrt)
    labels = circuit.labels()
    builder = Builder(gates, circuit.names)
    seed = builder.input(f"d[{labels[circuit.output]}]", 1.0)
    arriving: list[list[_Push]] = [[] for _ in gates]
    arriving[circuit.output] = [_Push(seed, None)]
    gradient: list[int | None] = [None] * len(gates)
    guard: list[int | None] = [None] * len(gates)
    local: list[tuple[int | None, ...]] = [()] * len(gates)
    for wire in range(circuit.output, -1, -1):
        pushes, arriving[wire] = arriving[wire], []
        if not pushes or not active[wire]:
            continue
        total = _accumulate(builder, pushes)
        gradient[wire], guard[wire] = total
        if total.wire != seed:
            builder.name(total.wire, f"d[{labels[wire]}]")
        here = _locals(builder, gates[wire], wire, active)
        local[wire] = tuple([push and push.wire for push in here])
        for source, push in zip(gates[wire].inputs, here, strict=True):
            if push is not None:
                arriving[source].append(_through(builder, total, push if guards else _Push(push.wire, None)))
    return Backward(builder.circuit(circuit.output, circuit.text), seed, active, gradient, guard, local)


def tangent(circuit: Circuit, wrt: str) -> Circuit:
    """The circuit followed by the gates of its derivative along one input, in forward mode."""
    builder = Builder(circuit.gates, circuit.names)
    active = _active(circuit, [wrt])
    rate: list[int | None] = [None] * len(circuit.gates)
    for wire, gate in enumerate(circuit.gates):
        if gate.op is INPUT and active[wire]:
            rate[wire] = builder.const(1.0)
        if not active[wire] or gate.op is INPUT:
            continue
        terms = []
        for source, local in zip(gate.inputs, _locals(builder, gate, wire, active), strict=True):
            moving = rate[source]
            if moving is not None and local is not None:
                terms.append(_through(builder, _Push(moving, None), local))
        if terms:
            rate[wire] = _accumulate(builder, terms).wire
    output = rate[circuit.output]
    return builder.circuit(builder.const(0.0) if output is None else output, circuit.text)


def _active(circuit: Circuit, wrt: Collection[str] | None) -> list[bool]:
    """For each wire, whether one of these inputs reaches it by way of gradients."""
    active: list[bool] = []
    for op, inputs, _, name, _ in circuit.gates:
        if op is INPUT:
            active.append(wrt is None or name in wrt)
        else:
            gradients = op.gradients
            active.append(
                any([active[source] for source in inputs])
                if gradients is None or None not in gradients
                else any(
                    active[source] and formula is not None for source, formula in zip(inputs, gradients, strict=True)
                )
            )
    return active


def _accumulate(builder: Builder, pushes: list[_Push]) -> _Push:
    """The sum of what arrives at a wire: structurally zero only where all of it is."""
    wire, guard = pushes[0]
    for push in pushes[1:]:
        wire = derive(builder, _ADD, (wire, push.wire))
        if guard is not None and guard != push.guard:
            guard = None if push.guard is None else derive(builder, _OR, (guard, push.guard))
    return _Push(wire, guard)


def _through(builder: Builder, push: _Push, local: _Push) -> _Push:
    """What a gate hands on: the arriving gradient times the local one, under both their guards."""
    wire = derive(builder, _MUL, (push.wire, local.wire))
    guard = push.guard
    if guard is None:
        guard = local.guard
    elif local.guard is not None and local.guard != guard:
        guard = derive(builder, _AND, (guard, local.guard))
    if guard is not None:
        wire = derive(builder, _WHERE, (guard, wire, builder.const(0.0)))
    return _Push(wire, guard)


def _locals(builder: Builder, gate: Gate, out: int, active: list[bool]) -> list[_Push | None]:
    """A gate's local gradients and their guards: its row's formulas over the gate's own wires."""
    op = gate.op
    if op.gradients is None:
        return _derived(builder, gate, active)
    wires = (*gate.inputs, out)
    names = (*op.inputs, "out")
    pushes: list[_Push | None] = []
    for position, source in enumerate(gate.inputs):
        text = op.gradients[position]
        condition = op.live[position] if op.live else None
        if text is None or not active[source]:
            pushes.append(None)
            continue
        wire, guard = _instance(builder, _rule(text, names), wires), None
        if condition is not None:
            guard = _instance(builder, _rule(condition, names), wires)
            wire = derive(builder, _WHERE, (guard, wire, builder.const(0.0)))
            if guard in builder.constants:  # selected, or not, whatever the inputs are
                pushes.append(_Push(wire, None) if builder.constants[guard] else None)
                continue
        pushes.append(_Push(wire, guard))
    return pushes


def _derived(builder: Builder, gate: Gate, active: list[bool]) -> list[_Push | None]:
    """The local gradients of a composite gate whose row states none: the chain rule on its body."""
    wanted = tuple([name for name, source in zip(gate.op.inputs, gate.inputs, strict=True) if active[source]])
    inside = _inside(gate.op, wanted)
    wires = _copies(builder, inside.circuit, gate.inputs)
    pushes: list[_Push | None] = []
    for gradient, guard in zip(inside.gradient[: len(gate.inputs)], inside.guard, strict=False):
        push = None if gradient is None else _Push(wires[gradient], None if guard is None else wires[guard])
        pushes.append(push)
    return pushes


@cache
def _inside(op: Row, wanted: tuple[str, ...]) -> Backward:
    """The backward pass of a composite gate's body."""
    circuit = body(op)
    if circuit is None:
        raise CircuitError(f"{op.name} has neither local gradients nor a body")
    return backward(circuit, wanted)


_rule = cache(formula)


def _instance(builder: Builder, rule: Circuit, arguments: tuple[int, ...]) -> int:
    """The wire of a rule's output over these wires."""
    return _copies(builder, rule, arguments)[rule.output]


def _copies(builder: Builder, circuit: Circuit, arguments: tuple[int, ...]) -> list[int]:
    """For each gate of a circuit whose first wires are its inputs, the wire of its derived copy."""
    wires = list(arguments)
    for op, inputs, _, _, value in circuit.gates[len(arguments) :]:
        if value is not None:  # a constant, or the seed with its 1
            wires.append(builder.const(value))
        else:
            wires.append(derive(builder, op, tuple([wires[wire] for wire in inputs])))
    return wires
