"""What stands on a line of its own where formulas are typeset, and what it is called there."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from exprgrad.circuit import Circuit, Gate
from exprgrad.gates import INPUT
from exprgrad.tidy import needed
from exprgrad.write.letters import symbols

_BRANCH, _INSIDE, _LINE = 25, 50, 400  # letters of a branch, of what stands in brackets, and of a formula
_SHORT = {"exp", "sqrt", "abs", "sigmoid"}
_PLACES = {"index", "transpose", "matrix_transpose"}  # gates whose text is hardly longer than a name


def signs(circuit: Circuit) -> list[str]:
    """The wires' symbols, the output's f or g if it has no name and that is free."""
    labels, output = circuit.labels(), circuit.output
    if circuit.gates[output].inputs and circuit.gates[output].name is None:
        labels[output] = next((name for name in ("f", "g") if name not in labels), labels[output])
    return symbols(labels)


def apart(gates: Sequence[Gate], roots: Sequence[int], named: Collection[int], *, forks: bool = True) -> set[int]:
    """The wires below these that have lines of their own: with a name, ``forks``, and parts that would be long."""
    wires = [wire for wire in needed(gates, roots) if gates[wire].op is not INPUT]
    uses = dict.fromkeys(wires, 0)
    for source in [*[source for wire in wires for source in gates[wire].inputs], *roots]:
        if source in uses:
            uses[source] += 1
    found: set[int] = set()
    width: dict[int, int] = {}
    for wire in wires:
        op, inputs, _, name, _, _ = gates[wire]
        if not inputs:
            width[wire] = 2
            continue
        total = 2 if op.symbol or op.name in _SHORT else len(op.name) + 2
        total += sum([len(f"{key}={value}, ") for key, value in gates[wire].settings().items()]) if op.params else 0
        for place, source in enumerate(inputs):
            inside = width.get(source, 0)
            opens = place == 0 and op.name in ("add", "sub", "mul")
            if (
                source in width
                and gates[source].inputs
                and inside > (_LINE if opens else _BRANCH if op.name == "where" else _INSIDE)
            ):
                found.add(source)
            total += 3 if source in found or source not in width else inside
        width[wire] = total
        condition = op.gradients is not None and not any(op.gradients)
        if wire in named or name is not None or (forks and uses[wire] > 1 and op.name not in _PLACES and not condition):
            found.add(wire)
    return found
