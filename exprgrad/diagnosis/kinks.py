"""The kinks and steps that a run stands on, with what left, right, JAX and PyTorch make of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from exprgrad.arithmetic.forward import rule
from exprgrad.circuit import Circuit, Gate
from exprgrad.diagnosis.live import facts, inside, live, moving, piece, selected
from exprgrad.errors import Report, shown
from exprgrad.gates import CONST, Kink, Step
from exprgrad.run import Run, run
from exprgrad.values import Place, Value, digits, pick, shape, spots, spread
from exprgrad.values import at as at_

# what the other outcome of a comparison would give costs three backward passes
_MOST_SWITCHES, _MOST_GATES = 3, 2000

Facts = dict[str, float | dict[str, str] | dict[str, float]]
Standing = Mapping[tuple[int, str], Value]  # the conditions of kinks and steps by their wires: not 0 where they hold


class Note(NamedTuple):
    """One thing worth knowing about a run.

    ``kind`` is ``nan``, ``inf``, ``kink``, ``step``, ``flat`` for a gate whose gradient is 0
    everywhere and for a point where all of it is, ``overshoot`` for a step along it that went too
    far, ``lost`` for digits that float64 has lost, or ``unsettled`` for true numbers that are not
    known; ``wire`` is the wire of the circuit where it happens; ``facts`` are numbers by name, for
    programs.
    """

    kind: str
    wire: int
    report: Report
    facts: Facts

    @property
    def finite(self) -> bool:
        """Whether this is about a point of the formula, not about an infinity, a NaN or what is not known."""
        return self.kind not in ("nan", "inf", "unsettled")

    @property
    def edge(self) -> bool:
        """Whether this is a kink or a step that the run stands on."""
        return self.kind in ("kink", "step")

    @property
    def strict(self) -> bool:
        """Whether ``--strict`` fails on it."""
        return self.kind not in ("flat", "overshoot", "lost")


def edges(run_: Run, alive: Sequence[bool], standing: Standing | None = None) -> Iterator[Note]:
    """A note for each kink and step, and for each gate whose gradient is 0 everywhere.

    ``standing`` says where these are if it is not the run's numbers that do.
    """
    circuit = run_.circuit
    moves = moving(run_)
    switches = 0
    for wire, gate in enumerate(circuit.gates):
        if not alive[wire] or not any([moves[source] for source in gate.inputs]):
            continue
        body = inside(circuit, run_.values, wire)
        if body is not None:
            for note in _inside(*body):
                yield note._replace(wire=wire)
        elif gate.op.kinks or gate.op.steps:
            here = next((local for local in run_.locals[wire] if local is not None), None)
            for note in _edge(circuit, run_.values, wire, here, run_, standing):
                comparison = note.kind == "step" and gate.op.gradients == (None, None)
                switches += comparison
                cheap = switches <= _MOST_SWITCHES and len(circuit.gates) <= _MOST_GATES and not run_.arrays
                yield _switch(run_, note) if comparison and cheap else note


def _inside(circuit: Circuit, values: Sequence[Value]) -> Iterator[Note]:
    """The kinks and steps inside a composite gate."""
    alive = live(circuit, values)
    for wire, gate in enumerate(circuit.gates):
        if alive[wire] and any([circuit.gates[source].op is not CONST for source in gate.inputs]):
            yield from _edge(circuit, values, wire, None)


def _edge(
    circuit: Circuit,
    values: Sequence[Value],
    wire: int,
    here: Value | None,
    run_: Run | None = None,
    known: Standing | None = None,
) -> Iterator[Note]:
    """What one gate stands on; ``here`` is the local gradient it used, ``run_`` says what is selected."""
    gate = circuit.gates[wire]
    if gate.op.live and gate.inputs[0] in gate.inputs[1:]:  # max(x, x) has no kink
        return
    op = gate.op
    arguments = (*[values[source] for source in gate.inputs], values[wire])

    def note(kind: str, message: str, place: Place, hint: str, facts_: Facts) -> Note:
        label = facts(circuit, values, wire, place)
        return Note(kind, wire, Report(message, circuit.text, gate.span, label, hint), facts_)

    def stands(edge: Kink | Step) -> Value:
        found = rule(edge.at, op, gate.params)(*arguments) if known is None else known[wire, edge.at]
        return spread(found, () if op.whole else shape(values[wire]))  # it may look at some of the inputs only

    standing = False
    for kink in op.kinks:
        at = stands(kink)
        count, place = spots(at if run_ is None else selected(run_, wire, at))
        if not count:
            continue
        standing = True
        numbers = _numbers(kink, gate, arguments, place)
        left, right, jax, torch = map(digits, numbers.values())
        chosen = None if here is None else pick(here, place)
        used = "" if chosen is None else f", {digits(chosen)} used here"
        elsewhere = known is not None and chosen is None and not op.whole  # the float64s of all of them
        others = "" if elsewhere else f"\nJAX prints {jax}, PyTorch {torch}"
        yield note(
            "kink", f"{piece(circuit, wire)} has a kink {_where(count, place)}", place,
            f"local gradient {left} on the left, {right} on the right{used}{others}",
            {**numbers, **({} if chosen is None else {"here": chosen})},
        )  # fmt: skip
    for step in op.steps:
        at = stands(step)
        count, place = spots(at if run_ is None else selected(run_, wire, at))
        if not count:
            continue
        standing = True
        numbers = _numbers(step, gate, arguments, place)
        left, right = map(digits, numbers.values())
        value = pick(values[wire], place)
        yield note(
            "step", f"{piece(circuit, wire)} has a step {_where(count, place)}", place,
            f"value {left} on the left, {right} on the right, {digits(value)} here\n"
            "the jump itself has no gradient, in JAX and PyTorch neither",
            {**numbers, "here": value},
        )  # fmt: skip
    if op.steps and not standing and op.gradients and op.gradients[0] == "0":
        hint = f"{op.name} is flat between its steps, so its local gradient is 0"
        yield note("flat", f"no gradient passes {piece(circuit, wire)}", (), hint, {})


def _where(count: int, place: Place) -> str:
    """Where in an array."""
    if not place:
        return "here"
    return f"at its element {at_(place)}" + (f" and at {count - 1} more" if count > 1 else "")


def _numbers(edge: Kink | Step, gate: Gate, arguments: Sequence[Value], place: Place) -> dict[str, float]:
    """What a kink or a step states beside its place in the formula, at these inputs, or at an element of them."""
    op = gate.op
    if not op.whole:
        arguments = [pick(argument, place) for argument in arguments]
    return {
        key: pick(rule(text, op, gate.params)(*arguments), place)
        for key, text in edge._asdict().items()
        if key not in ("at", "others")
    }


def _switch(run_: Run, note: Note) -> Note:
    """A comparison that stands on its switch: the gradients with the one outcome and the other."""
    circuit, facts_, wanted = run_.circuit, dict(note.facts), list(run_.gradient)
    hints = []
    for outcome, value in (("false", 0.0), ("true", 1.0)):
        gates = list(circuit.gates)
        gates[note.wire] = gates[note.wire]._replace(op=CONST, inputs=(), value=value)
        decided = Circuit(tuple(gates), circuit.names, circuit.output)
        facts_[outcome] = gradient = run(decided, run_.inputs, wanted).gradient
        hints.append(f"gradient where it is {outcome}: {_some(gradient)}")
    frameworks = run(circuit, run_.inputs, wanted, guards=False).gradient
    if repr(frameworks) != repr(run_.gradient):
        facts_["jax"] = facts_["torch"] = frameworks
        hints.append(f"JAX and PyTorch push 0 through the branch not taken, and print {_some(frameworks)}")
    return note._replace(report=note.report._replace(hint="\n".join(hints)), facts=facts_)


def _some(gradient: Mapping[str, float]) -> str:
    """The first few of a gradient's numbers."""
    return ", ".join(f"{shown(name, 30)} {digits(number)}" for name, number in list(gradient.items())[:6])
