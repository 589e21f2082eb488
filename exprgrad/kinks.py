"""The kinks and steps that a run stands on, with what left, right, JAX and PyTorch make of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from exprgrad.circuit import Circuit
from exprgrad.errors import Report, shown
from exprgrad.forward import rule
from exprgrad.gates import CONST, Kink, Row, Step
from exprgrad.live import digits, facts, inside, live, moving, piece
from exprgrad.run import Run, run

# what the other outcome of a comparison would give costs three backward passes
_MOST_SWITCHES, _MOST_GATES = 3, 2000

Facts = dict[str, float | dict[str, str] | dict[str, float]]


class Note(NamedTuple):
    """One thing worth knowing about a run.

    ``kind`` is ``nan``, ``inf``, ``kink``, ``step``, or ``flat`` for a gate whose gradient is 0
    everywhere; ``wire`` the wire of the circuit where it happens; ``facts`` numbers by name, for
    programs.
    """

    kind: str
    wire: int
    report: Report
    facts: Facts

    @property
    def finite(self) -> bool:
        """Whether this is about a point of the formula, not about an infinity or a NaN."""
        return self.kind not in ("nan", "inf")

    @property
    def strict(self) -> bool:
        """Whether ``--strict`` fails on it."""
        return self.kind != "flat"


def edges(at: Run, alive: Sequence[bool]) -> Iterator[Note]:
    """A note for each kink and step, and for each gate whose gradient is 0 everywhere."""
    circuit = at.circuit
    moves = moving(at)
    switches = 0
    for wire, gate in enumerate(circuit.gates):
        if not alive[wire] or not any([moves[source] for source in gate.inputs]):
            continue
        body = inside(circuit, at.values, wire)
        if body is not None:
            for note in _inside(*body):
                yield note._replace(wire=wire)
        elif gate.op.kinks or gate.op.steps:
            here = next((local for local in at.locals[wire] if local is not None), None)
            for note in _edge(circuit, at.values, wire, here):
                comparison = note.kind == "step" and gate.op.gradients == (None, None)
                switches += comparison
                cheap = switches <= _MOST_SWITCHES and len(circuit.gates) <= _MOST_GATES
                yield _switch(at, note) if comparison and cheap else note


def _inside(circuit: Circuit, values: Sequence[float]) -> Iterator[Note]:
    """The kinks and steps inside a composite gate."""
    alive = live(circuit, values)
    for wire, gate in enumerate(circuit.gates):
        if alive[wire] and any([circuit.gates[source].op is not CONST for source in gate.inputs]):
            yield from _edge(circuit, values, wire, None)


def _edge(circuit: Circuit, values: Sequence[float], wire: int, here: float | None) -> Iterator[Note]:
    """What one gate stands on; ``here`` is the local gradient it used."""
    gate = circuit.gates[wire]
    if gate.op.live and gate.inputs[0] in gate.inputs[1:]:  # max(x, x) has no kink
        return
    op, name = gate.op, piece(circuit, wire)
    arguments = (*[values[source] for source in gate.inputs], values[wire])

    def note(kind: str, message: str, hint: str, facts_: Facts) -> Note:
        label = facts(circuit, values, wire)
        return Note(kind, wire, Report(message, circuit.text, gate.span, label, hint), facts_)

    standing = False
    for kink in op.kinks:
        if not rule(kink.at, op)(*arguments):
            continue
        standing = True
        numbers = _numbers(kink, op, arguments)
        left, right, jax, torch = map(digits, numbers.values())
        used = "" if here is None else f", {digits(here)} used here"
        yield note(
            "kink", f"{name} has a kink here",
            f"local gradient {left} on the left, {right} on the right{used}\nJAX prints {jax}, PyTorch {torch}",
            {**numbers, **({} if here is None else {"here": here})},
        )  # fmt: skip
    for step in op.steps:
        if not rule(step.at, op)(*arguments):
            continue
        standing = True
        numbers = _numbers(step, op, arguments)
        left, right = map(digits, numbers.values())
        yield note(
            "step", f"{name} has a step here",
            f"value {left} on the left, {right} on the right, {digits(values[wire])} here\n"
            "the jump itself has no gradient, in JAX and PyTorch neither",
            {**numbers, "here": values[wire]},
        )  # fmt: skip
    if op.steps and not standing and op.gradients and op.gradients[0] == "0":
        hint = f"{op.name} is flat between its steps, so its local gradient is 0"
        yield note("flat", f"no gradient passes {name}", hint, {})


def _numbers(edge: Kink | Step, op: Row, arguments: Sequence[float]) -> dict[str, float]:
    """What a kink or a step states beside its place, at these inputs."""
    return {key: rule(text, op)(*arguments) for key, text in edge._asdict().items() if key != "at"}


def _switch(at: Run, note: Note) -> Note:
    """A comparison that stands on its switch: the gradients with the one outcome and the other."""
    circuit, facts_, wanted = at.circuit, dict(note.facts), list(at.gradient)
    hints = []
    for outcome, value in (("false", 0.0), ("true", 1.0)):
        gates = list(circuit.gates)
        gates[note.wire] = gates[note.wire]._replace(op=CONST, inputs=(), value=value)
        decided = Circuit(tuple(gates), circuit.names, circuit.output)
        facts_[outcome] = gradient = run(decided, at.inputs, wanted).gradient
        hints.append(f"gradient where it is {outcome}: {_some(gradient)}")
    frameworks = run(circuit, at.inputs, wanted, guards=False).gradient
    if repr(frameworks) != repr(at.gradient):
        facts_["jax"] = facts_["torch"] = frameworks
        hints.append(f"JAX and PyTorch push 0 through the branch not taken, and print {_some(frameworks)}")
    return note._replace(report=note.report._replace(hint="\n".join(hints)), facts=facts_)


def _some(gradient: Mapping[str, float]) -> str:
    """The first few of a gradient's numbers."""
    return ", ".join(f"{shown(name, 30)} {digits(number)}" for name, number in list(gradient.items())[:6])
