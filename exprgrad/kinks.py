"""The kinks and steps that a run stands on, with what left, right, JAX and PyTorch make of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from exprgrad.chain import backward
from exprgrad.circuit import Circuit
from exprgrad.errors import Report, shown
from exprgrad.forward import forward, rule
from exprgrad.gates import CONST, Kink, Row, Step
from exprgrad.live import digits, facts, inside, live, moving, piece
from exprgrad.run import Run

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


def edges(run: Run, alive: Sequence[bool]) -> Iterator[Note]:
    """A note for each kink and step, and for each gate whose gradient is 0 everywhere."""
    circuit = run.circuit
    moves = moving(run)
    switches = 0
    for wire, gate in enumerate(circuit.gates):
        if not alive[wire] or not any([moves[source] for source in gate.inputs]):
            continue
        body = inside(circuit, run.values, wire)
        if body is not None:
            for note in _inside(*body):
                yield note._replace(wire=wire)
        elif gate.op.kinks or gate.op.steps:
            here = next((local for local in run.locals[wire] if local is not None), None)
            for note in _edge(circuit, run.values, wire, here):
                comparison = note.kind == "step" and gate.op.gradients == (None, None)
                switches += comparison
                cheap = switches <= _MOST_SWITCHES and len(circuit.gates) <= _MOST_GATES
                yield _switch(run, note) if comparison and cheap else note


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


def _switch(run: Run, note: Note) -> Note:
    """A comparison that stands on its switch: the gradients with the one outcome and the other."""
    circuit, facts_ = run.circuit, dict(note.facts)
    wanted = list(run.gradient)
    hints = []
    for outcome, value in (("false", 0.0), ("true", 1.0)):
        gates = list(circuit.gates)
        gates[note.wire] = gates[note.wire]._replace(op=CONST, inputs=(), value=value)
        gradient = _gradient(Circuit(tuple(gates), circuit.names, circuit.output), run, wanted)
        facts_[outcome] = gradient
        some = ", ".join(f"{shown(name)} {digits(number)}" for name, number in list(gradient.items())[:6])
        hints.append(f"gradient where it is {outcome}: {some}")
    frameworks = _gradient(circuit, run, wanted, guards=False)
    if repr(frameworks) != repr(run.gradient):
        facts_["jax"] = facts_["torch"] = frameworks
        some = ", ".join(f"{shown(name)} {digits(number)}" for name, number in list(frameworks.items())[:6])
        hints.append(f"JAX and PyTorch push 0 through the branch not taken, and print {some}")
    return note._replace(report=note.report._replace(hint="\n".join(hints)), facts=facts_)


def _gradient(circuit: Circuit, run: Run, wrt: list[str], guards: bool = True) -> dict[str, float]:
    """The gradient of another circuit at the run's inputs."""
    back = backward(circuit, wrt, guards)
    wires = circuit.inputs
    values = forward(back.circuit.gates, {wire: run.values[wire] for wire in wires.values()})
    found = {name: back.gradient[wires[name]] for name in wrt}
    return {name: 0.0 if wire is None else values[wire] for name, wire in found.items()}
