"""A run as JSON: one object, a gate a line, always valid.

A number that is not finite is null, and the notes say which and why.  Everything outside ASCII is
escaped, so the output is safe on any terminal and the same bytes everywhere.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from exprgrad.errors import shown
from exprgrad.gates import CONST
from exprgrad.kinks import Note
from exprgrad.run import Run

PIECE = 200  # characters of the formula in one gate's `expr`


def write(run: Run, notes: Sequence[Note]) -> Iterator[str]:
    """The lines of the object described in the README: formula, inputs, value, grad, gates, notes."""
    yield "{"
    yield f'  "formula": {_text(run.circuit.text)},'
    yield f'  "inputs": {_text(run.inputs)},'
    yield f'  "value": {_text(run.value)},'
    yield f'  "grad": {_text(run.gradient)},'
    yield from _list("gates", _gates(run), ",")
    labels = run.circuit.labels() if notes else []
    yield from _list("notes", (_note(run, labels[note.wire], note) for note in notes), "")
    yield "}"


def write_row(run: Run) -> Iterator[str]:
    """The run as one JSON line: inputs, value, grad."""
    yield _text({**run.inputs, "value": run.value, "grad": run.gradient})


def _gates(run: Run) -> Iterator[dict[str, Any]]:
    """Every wire but the constants, which stand as numbers where they are read."""
    circuit = run.circuit
    labels = circuit.labels()
    for wire, gate in enumerate(circuit.gates):
        if gate.op is CONST:
            continue
        constants = [circuit.gates[source].op is CONST for source in gate.inputs]
        yield {
            "id": labels[wire],
            "gate": gate.op.name,
            "expr": shown(circuit.piece(wire) or labels[wire], PIECE),
            "inputs": [
                run.values[source] if constant else labels[source]
                for source, constant in zip(gate.inputs, constants, strict=True)
            ],
            "value": run.values[wire],
            "grad": run.gradients[wire],
            "local": run.locals[wire] or [None] * len(gate.inputs),
        }


def _note(run: Run, label: str, note: Note) -> dict[str, Any]:
    circuit, report = run.circuit, note.report
    return {
        "kind": note.kind,
        "id": label,
        "gate": circuit.gates[note.wire].op.name,
        "expr": shown(circuit.piece(note.wire), PIECE),
        "span": report.span,
        "message": report.message,
        "label": report.label,
        "hint": report.hint,
        **note.facts,
    }


def _list(name: str, items: Iterator[dict[str, Any]], comma: str) -> Iterator[str]:
    """A member whose items stand one a line."""
    before = next(items, None)
    if before is None:
        yield f'  "{name}": []{comma}'
        return
    yield f'  "{name}": ['
    for item in items:
        yield f"    {_text(before)},"
        before = item
    yield f"    {_text(before)}"
    yield f"  ]{comma}"


def _text(value: Any) -> str:
    """JSON text, with null for what is not finite."""
    return json.dumps(_finite(value), allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
