"""What a run depends on: which wires are selected, which move, and what happens inside a gate."""

from __future__ import annotations

import re
from collections.abc import Sequence

from exprgrad.arithmetic.forward import forward, rule
from exprgrad.circuit import Circuit, Composite
from exprgrad.errors import shown
from exprgrad.gates import CONST, INPUT
from exprgrad.language.lower import body
from exprgrad.run import Run
from exprgrad.values import Place, Value, at, digits, own, pick, spots


def live(circuit: Circuit, values: Sequence[Value]) -> list[bool]:
    """For each wire, whether the output depends on it by way of selected branches.

    Of arrays it is enough that one element is selected; ``selected`` looks at each.
    """
    found = [False] * len(circuit.gates)
    found[circuit.output] = True
    for wire in range(circuit.output, -1, -1):
        if not found[wire]:
            continue
        op, inputs = circuit.gates[wire].op, circuit.gates[wire].inputs
        reads = [values[w] for w in inputs] if op.live else []
        for position, source in enumerate(inputs):
            condition = op.live[position] if op.live and not op.whole else None
            if condition is None or spots(rule(condition, op, circuit.gates[wire].params)(*reads, values[wire]))[0]:
                found[source] = True
    return found


def selected(run: Run, wire: int, condition: Value) -> Value:
    """A condition on a wire's elements where these are not structurally without a gradient."""
    guard = run.guards[wire]
    return condition if guard is None or isinstance(condition, (bool, float)) else condition * (guard != 0)


def moving(run: Run) -> list[bool]:
    """For each wire, whether it depends on an input whose gradient is wanted, steps included."""
    found: list[bool] = []
    for wire, gate in enumerate(run.circuit.gates):
        if gate.op is INPUT:
            found.append(run.gradients[wire] is not None)
        else:
            found.append(any([found[source] for source in gate.inputs]))
    return found


def inside(circuit: Circuit, values: Sequence[Value], wire: int) -> tuple[Circuit, list[float]] | None:
    """The body of a composite gate of the user's with its values, None for any other gate."""
    gate = circuit.gates[wire]
    found = body(gate.op) if isinstance(gate.op, Composite) else None
    if found is None:
        return None
    reads = [values[source] for source in gate.inputs]
    arrays = gate.op.whole or any([not isinstance(value, float) for value in reads])
    return found, forward(found.gates, dict(zip(found.inputs.values(), reads, strict=True)), arrays=arrays)


def facts(circuit: Circuit, values: Sequence[Value], wire: int, place: Place = ()) -> str:
    """``x - 3 is -1 here`` for the wires that a gate reads, constants left out; of arrays the element at a place."""
    gate = circuit.gates[wire]
    pieces = {source: piece(circuit, source) for source in gate.inputs if circuit.gates[source].op is not CONST}
    known = [(name, source) for source, name in pieces.items() if name != digits(values[source])]  # not `-1 is -1`
    found = []
    for name, source in known[:3]:
        value = values[source]
        element = bool(place) and not gate.op.whole
        where, number = (at(own(value, place)), pick(value, place)) if element else ("", value)
        found.append(f"{name}{where} is {digits(number)} here")
    return ", ".join(found)


def piece(circuit: Circuit, wire: int) -> str:
    """A wire's piece of the formula, or its name, safe to print and at most 30 characters."""
    return circuit.piece(wire, 30) or shown(circuit.gates[wire].name or circuit.gates[wire].op.name, 30)


def stated(circuit: Circuit, wire: int, condition: str) -> str:
    """What a row says of its inputs, with the pieces of the formula that they are."""
    gate = circuit.gates[wire]
    named = zip((*gate.op.inputs, "out"), (*gate.inputs, wire), strict=False)
    pieces = {parameter: piece(circuit, source) for parameter, source in named}
    return re.sub(r"\b[a-z]+\b", lambda word: pieces.get(word[0], word[0]), condition)
