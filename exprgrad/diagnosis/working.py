"""The working behind a run: what each gate hands to each of its inputs, and why it adds up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from exprgrad.arithmetic.forward import rule
from exprgrad.circuit import Circuit, uncollected
from exprgrad.diagnosis.kinks import Note
from exprgrad.diagnosis.shares import everything, fitted
from exprgrad.gates import CONST, ROWS
from exprgrad.run import Run
from exprgrad.tidy import needed
from exprgrad.values import Value, has_nan, product, shape, spots

_WHERE = ROWS["where"]
SELECTED, UNSELECTED, BLOCKED, LOST = "", "unselected", "blocked", "lost"


class Formula(NamedTuple):
    """An expression: a wire of a circuit, and for each ``where`` that the run decides, its branch."""

    circuit: Circuit
    wire: int
    chosen: Mapping[int, int]


class Part(NamedTuple):
    """What a gate hands to one of its inputs, ``source``, in that wire's shape.

    ``local`` and ``slope`` are the local gradient, as a formula and as its value; a whole-array gate
    has a ``pull`` instead, the formula of what it hands on.  ``summed`` says that the source was
    broadcast.  ``state`` is UNSELECTED where the source is no selected branch of the gate, BLOCKED
    where the gate itself is on no selected branch, LOST where the value is NaN.
    """

    wire: int
    position: int
    source: int
    local: Formula | None
    slope: Value | None
    pull: Formula | None
    sent: Value
    summed: bool
    state: str


@dataclass(frozen=True, slots=True, eq=False)
class Working:
    """A run with all that the chain rule did in it.

    ``wires`` are those that the output depends on, in firing order, constants left out; ``backward``
    the gates that hand gradients on, from the output back.  ``uses`` has for each wire the gates
    that hand it a gradient and the position in which they read it, in the order in which these are
    added up.  ``every`` has the values of ``run.backward.circuit``, ``edges`` the notes on kinks and
    steps by their wires.
    """

    run: Run
    wires: list[int]
    backward: list[int]
    uses: Mapping[int, Sequence[tuple[int, int]]]
    every: Sequence[Value]
    edges: Mapping[int, Note]

    def parts(self, wire: int) -> list[Part]:
        """What a gate hands to those of its inputs that gradients flow to."""
        sent = self.run.backward.sent[wire]
        return [self.part(wire, position) for position, push in enumerate(sent) if push is not None]

    def part(self, wire: int, position: int) -> Part:
        """What a gate hands to its input in a position."""
        run, back = self.run, self.run.backward
        source, push = run.circuit.gates[wire].inputs[position], back.sent[wire][position]
        local, slope = back.local[wire][position], run.locals[wire][position]
        pushed = self.every[push] if push is not None else 0.0
        sent = fitted(pushed, run.values[source])
        state = self._state(wire, position, slope, pushed)
        return Part(
            wire,
            position,
            source,
            None if local is None or state else self._formula(local, None),
            slope,
            None if local is not None or push is None or state else self._formula(push, back.gradient[wire]),
            sent,
            shape(sent) != shape(pushed),
            state,
        )

    def _state(self, wire: int, position: int, slope: Value | None, sent: Value) -> str:
        run = self.run
        gate, guard = run.circuit.gates[wire], run.guards[wire]
        if guard is not None and not spots(guard)[0]:
            return BLOCKED
        if slope is None:
            return SELECTED
        condition = gate.op.live[position] if gate.op.live else None
        if condition is not None:
            reads = [run.values[source] for source in gate.inputs]
            if not spots(rule(condition, gate.op, gate.params)(*reads, run.values[wire]))[0]:
                return UNSELECTED
        if has_nan(run.values[wire]):
            return LOST
        if has_nan(product(run.gradients[wire], slope)) and not has_nan(sent):
            return UNSELECTED  # inside a composite gate
        return SELECTED

    def _formula(self, wire: int, stop: int | None) -> Formula | None:
        """A wire of the backward pass over forward wires and ``stop``, with the branches that the run took.

        None where elements take different branches, and for a condition, of which the value says more.
        """
        circuit, start = self.run.backward.circuit, len(self.run.circuit.gates)
        chosen: dict[int, int] = {}
        waiting, seen = [wire], {wire}
        while waiting:
            at = waiting.pop()
            if at < start or at == stop:
                continue
            gate = circuit.gates[at]
            reads = gate.inputs
            if gate.op is _WHERE:
                condition = self.every[reads[0]]
                count, whole = spots(condition)[0], 1 if isinstance(condition, float) else condition.size
                if count not in (0, whole):
                    return None
                chosen[at] = reads[1] if count else reads[2]
                reads = (chosen[at],)
            fresh = [source for source in reads if source not in seen]
            seen.update(fresh)
            waiting += fresh
        while wire in chosen:
            wire = chosen[wire]
        gradients = circuit.gates[wire].op.gradients
        return None if gradients and not any(gradients) and wire >= start else Formula(circuit, wire, chosen)


@uncollected()
def working(run: Run, notes: Iterable[Note] = ()) -> Working:
    """The working behind a run, about which there are these notes."""
    circuit, back = run.circuit, run.backward
    gates, output = circuit.gates, circuit.output
    wires = [wire for wire in needed(gates, {output}) if gates[wire].op is not CONST or wire == output]
    handing = [wire for wire in range(output, -1, -1) if any([push is not None for push in back.sent[wire]])]
    uses: dict[int, list[tuple[int, int]]] = {}
    for wire in handing:
        for position, (source, push) in enumerate(zip(gates[wire].inputs, back.sent[wire], strict=True)):
            if push is not None:
                uses.setdefault(source, []).append((wire, position))
    edges = {note.wire: note for note in notes if note.kind in ("kink", "step")}
    return Working(run, wires, handing, uses, everything(run), edges)
