"""A run as JSON: one object, a gate a line, always valid; schema.json describes it.

A number that is not finite is null, and the notes say which and why.  Everything outside ASCII is
escaped, so the output is safe on any terminal and the same bytes everywhere.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence

from exprgrad.circuit import Circuit, Gate, setting
from exprgrad.diagnosis.kinks import Note
from exprgrad.errors import UsageError
from exprgrad.gates import CONST
from exprgrad.run import Run
from exprgrad.values import Value
from exprgrad.write.pullbacks import Pullbacks

VERSION = 1  # grows when a member goes or changes its meaning
PIECE = 200  # characters of the formula in one gate's `expr`


def write(run: Run, notes: Sequence[Note]) -> Iterator[str]:
    """The value, all gradients, and the working."""
    labels = run.circuit.labels()
    yield from head(run.circuit, run.inputs)
    yield f'  "value": {number(run.value)},'
    yield f'  "grad": {numbers(run.gradient)},'
    yield from members("gates", _gates(run, labels), ",")
    yield from tail(run.circuit, notes)


def head(circuit: Circuit, inputs: Mapping[str, Value]) -> Iterator[str]:
    """The members that every object begins with."""
    yield "{"
    yield f'  "version": {VERSION},'
    yield f'  "formula": {json.dumps(circuit.text)},'
    yield f'  "inputs": {numbers(inputs)},'


def tail(circuit: Circuit, notes: Sequence[Note]) -> Iterator[str]:
    """The notes, which end an object."""
    labels = circuit.labels() if notes else []
    yield from members("notes", (noted(circuit, labels[note.wire], note) for note in notes), "")
    yield "}"


def write_jacobian(run: Run, found: Mapping[str, Value]) -> Iterator[str]:
    """The object with the derivative of every element of the value by every element of the inputs."""
    yield from head(run.circuit, run.inputs)
    yield f'  "value": {number(run.value)},'
    yield f'  "jacobian": {numbers(found)}'
    yield "}"


def write_row(run: Run) -> Iterator[str]:
    """The run as one JSON line: inputs, value, grad."""
    for name in ("value", "grad"):
        if name in run.inputs:
            raise UsageError(
                f"the variable '{name}' would share its key with the result", hint="rename it, or use --to json"
            )
    inputs = numbers(run.inputs)[1:-1]
    separator = ", " if inputs else ""
    yield f'{{{inputs}{separator}"value": {number(run.value)}, "grad": {numbers(run.gradient)}}}'


def _gates(run: Run, labels: Sequence[str]) -> Iterator[str]:
    """Every wire but constants, which stand as numbers where they are read, unless one is the output.

    Put together by hand, as there may be a million of them and json.dumps takes longer than the run.
    """
    circuit, values = run.circuit, run.values
    pullbacks = Pullbacks(run, labels)
    quoted = list(map(json.dumps, labels))
    read = [number(values[wire]) if gate.op is CONST else quoted[wire] for wire, gate in enumerate(circuit.gates)]
    for wire, gate in enumerate(circuit.gates):
        op, sources = gate.op, gate.inputs
        if op is CONST and wire != circuit.output:
            continue
        expr = json.dumps(circuit.piece(wire, PIECE) or labels[wire])
        inputs = ", ".join([read[source] for source in sources])
        local = ", ".join([number(local) for local in run.locals[wire] or [None] * len(sources)])
        yield (
            f'{{"id": {quoted[wire]}, "gate": {json.dumps(op.name)}, "expr": {expr}, "inputs": [{inputs}], '
            f'"value": {number(values[wire])}, "grad": {number(run.gradients[wire])}, "local": [{local}]'
            f"{_more(gate, values[wire], pullbacks.of(wire) if gate.op.whole else ())}}}"
        )


def noted(circuit: Circuit, label: str, note: Note) -> str:
    """A note as an object."""
    report = note.report
    return json.dumps(
        {
            "kind": note.kind,
            "id": label,
            "gate": circuit.gates[note.wire].op.name,
            "expr": circuit.piece(note.wire, PIECE),
            "span": report.span,
            "message": report.message,
            "label": report.label,
            "hint": report.hint,
            **{key: _finite(fact) for key, fact in note.facts.items()},
        },
        allow_nan=False,
    )


def members(name: str, items: Iterator[str], comma: str) -> Iterator[str]:
    """A member whose items stand one a line."""
    before = next(items, None)
    if before is None:
        yield f'  "{name}": []{comma}'
        return
    yield f'  "{name}": ['
    for item in items:
        yield f"    {before},"
        before = item
    yield f"    {before}"
    yield f"  ]{comma}"


def number(value: Value | None) -> str:
    """The shortest digits that read back to this float64, null if there are none; lists for an array."""
    if value is None:
        return "null"
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else "null"
    return re.sub("-?inf|nan", "null", str(value.tolist()))


def numbers(values: Mapping[str, Value]) -> str:
    """An object of numbers."""
    return f"{{{', '.join([f'{json.dumps(name)}: {number(value)}' for name, value in values.items()])}}}"


def _more(gate: Gate, value: Value, pullbacks: Sequence[tuple[str, str] | None]) -> str:
    """The members that a gate has only if it has settings, is an array, or one whose elements meet."""
    members = [f'"settings": {{{_settings(gate)}}}'] if gate.params and gate.settings() else []
    if not isinstance(value, float):
        members.append(f'"shape": {list(value.shape)}')
    if any(pullbacks):
        members.append(f'"pullback": {json.dumps([one and one[1] for one in pullbacks])}')
    return "".join([f", {member}" for member in members])


def _settings(gate: Gate) -> str:
    return ", ".join([f'"{name}": {json.dumps(setting(value))}' for name, value in gate.settings().items()])


def _finite(fact: float | Mapping[str, str] | Mapping[str, float]) -> object:
    """A note's fact with null for what is not finite."""
    if isinstance(fact, Mapping):
        return {key: item if isinstance(item, str) else _finite(item) for key, item in fact.items()}
    return fact if math.isfinite(fact) else None
