"""The derivative by each input as a formula: a circuit that computes nothing else.

It is the backward pass with 1 put in for the gradient that arrives, the same gates in the same order, with
the local gradients of a book where rows compute sharper ones, so it gives the same number.  One convention is
no part of it: where a formula's value is NaN, ``run`` makes every gradient NaN, while the derivative of log(x)
is 1/x at -1 too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from math import prod

from exprgrad.chain import Backward, backward
from exprgrad.circuit import Builder, Circuit, Gate, uncollected
from exprgrad.errors import UsageError
from exprgrad.gates import INPUT, ROWS
from exprgrad.run import upstream_of
from exprgrad.shapes.axes import Shape
from exprgrad.simplify import simplify
from exprgrad.tidy import Sharing, derive, needed
from exprgrad.values import Value

MOST = 2_000  # gates of all formulas written out; if they have more, wires that fork keep lines of their own

_SIZE = ROWS["size"]


@uncollected()
def symbolic(
    circuit: Circuit,
    wrt: Collection[str] | None = None,
    *,
    full: bool = False,
    shapes: Mapping[str, Shape] | None = None,
    upstream: Value | None = None,
) -> Circuit:
    """The circuit of the derivative of the output by each input, by all or those in ``wrt``.

    Its wire ``d[x]`` is the derivative by x.  The others that have a name are those of the forward circuit
    that the derivatives read, called as there, and what forks.  With ``full`` there are none but the
    derivatives: each is a formula of its own, simplified, unless they have more than MOST gates together.
    ``shapes`` are the inputs', ``upstream`` is the gradient that arrives at the output, as in ``run``.
    """
    back = backward(circuit, wrt, shapes=shapes, plain=True)
    builder, wires = _copied(circuit, back, upstream_of(circuit, back.extent, upstream))
    found: dict[str, int] = {}
    for name, wire in circuit.inputs.items():
        if back.active[wire]:
            gradient = back.gradient[wire]
            found[f"d[{name}]"] = builder.zero(wires[wire]) if gradient is None else wires[gradient]
    if not found:
        raise UsageError("the formula has no variable to differentiate it by", circuit.text)
    if full:
        simple = simplify(_named(builder.gates, found, {}))
        every = {name: simple.names[name] for name in found}
        if _written(simple.gates, every.values()) <= MOST:
            return _named(simple.gates, every, {})
        return _named(simple.gates, every, _forks(simple.gates, every, circuit))
    return _named(builder.gates, found, _lines(circuit, back, builder.gates, wires, found))


def _copied(circuit: Circuit, back: Backward, seed: Value) -> tuple[Sharing, dict[int, int]]:
    """The gates of the gradients, equal ones once, and for each wire of the backward pass its wire there."""
    gates, shapes = back.circuit.gates, back.shapes
    builder = Sharing(arrays=shapes is not None)
    wires: dict[int, int] = {}
    wanted = {back.gradient[wire] for wire in circuit.inputs.values()} - {None}
    for wire in needed(gates, [wire for wire in wanted if wire is not None]):
        gate = gates[wire]
        sources = tuple([wires[source] for source in gate.inputs])
        if wire == back.seed:
            wires[wire] = builder.const(seed)
        elif gate.op is INPUT:
            wires[wire] = builder.variable(str(gate.name), shapes[wire] if shapes else ())
            builder.gates[wires[wire]] = gate
        elif gate.value is not None:
            wires[wire] = builder.const(gate.value)
        elif wire < len(circuit.gates):
            wires[wire] = builder.add(gate.op, sources, gate.span, gate.params)
        elif gate.op is _SIZE and builder.shapes is not None:
            wires[wire] = builder.const(float(prod(builder.shapes[sources[0]])))
        else:
            wires[wire] = derive(builder, gate.op, sources, gate.params)
    return builder, wires


def _lines(
    circuit: Circuit, back: Backward, gates: list[Gate], wires: Mapping[int, int], found: Mapping[str, int]
) -> dict[int, str]:
    """The wires that have a line of their own, with their names."""
    labels = circuit.labels()
    ahead = {wires[wire]: wire for wire in range(len(labels) - 1, -1, -1) if wire in wires}
    behind: dict[int, int] = {}  # of the wires with this gradient the last that has a name, else that is no input
    for wire, gradient in enumerate(back.gradient):
        new = None if gradient is None else wires.get(gradient)
        if new is not None and _rank(circuit.gates[wire]) >= _rank(circuit.gates[behind.get(new, wire)]):
            behind[new] = wire
    alive = needed(gates, found.values())
    uses = _uses(gates, alive, found.values())
    read = {source for wire in alive if wire not in ahead for source in gates[wire].inputs} | set(found.values())
    lines: dict[int, str] = {}
    fresh = _fresh(labels)
    for wire in alive:
        forks = uses[wire] > 1
        if not gates[wire].inputs:
            continue
        if wire in ahead:
            if forks or wire in read or circuit.gates[ahead[wire]].name:
                lines[wire] = labels[ahead[wire]]
        elif forks or (wire in behind and _rank(circuit.gates[behind[wire]]) == 2):
            lines[wire] = f"d[{labels[behind[wire]]}]" if wire in behind else next(fresh)
    return lines


def _rank(gate: Gate) -> int:
    """2 for a wire that a statement gave a name, 1 for any other gate's, 0 for an input or a constant."""
    return bool(gate.inputs) + bool(gate.inputs and gate.name)


def _forks(gates: tuple[Gate, ...], found: Mapping[str, int], circuit: Circuit) -> dict[int, str]:
    """Names for the wires that are read more than once."""
    fresh = _fresh(circuit.labels())
    alive = needed(gates, found.values())
    uses = _uses(gates, alive, found.values())
    return {wire: next(fresh) for wire in alive if uses[wire] > 1 and gates[wire].inputs}


def _fresh(labels: Collection[str]) -> Iterator[str]:
    """Names like those that a circuit gives its wires, and none of these."""
    taken = set(labels)
    number = 0
    while True:
        number += 1
        if f"v{number}" not in taken:
            yield f"v{number}"


def _uses(gates: Iterable[Gate], alive: Iterable[int], found: Iterable[int]) -> list[int]:
    """How often each wire is read, a derivative once more."""
    every = list(gates)
    uses = [0] * len(every)
    for wire in alive:
        for source in every[wire].inputs:
            uses[source] += 1
    for wire in found:
        uses[wire] += 1
    return uses


def _written(gates: tuple[Gate, ...], roots: Iterable[int]) -> float:
    """How many gates the formulas of these wires have, each written out."""
    sizes: list[float] = []
    for gate in gates:
        sizes.append(sum([sizes[source] for source in gate.inputs], float(bool(gate.inputs))))
    return sum([sizes[wire] for wire in roots])


def _named(gates: Iterable[Gate], found: Mapping[str, int], lines: Mapping[int, str]) -> Circuit:
    """The circuit of the wires ``found``; gates are called as in ``lines`` and no others."""
    every = list(gates)
    builder = Builder()
    wires: dict[int, int] = {}
    for wire in needed(every, found.values()):
        gate = every[wire]
        wires[wire] = len(builder.gates)
        name = gate.name if gate.op is INPUT else None
        builder.gates.append(gate._replace(inputs=tuple([wires[source] for source in gate.inputs]), name=name))
        if gate.op is INPUT:
            builder.names[str(gate.name)] = wires[wire]
        elif wire in lines:
            builder.name(wires[wire], lines[wire])
    builder.names |= {name: wires[wire] for name, wire in found.items()}
    return builder.circuit(builder.names[list(found)[-1]])
