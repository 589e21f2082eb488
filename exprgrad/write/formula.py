"""A circuit as a formula, fully parenthesised; what is printed reads back to the same circuit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from exprgrad.circuit import Circuit, Composite, Gate, literal, setting
from exprgrad.gates import CONST, INPUT, Entry


def write(circuit: Circuit) -> str:
    """The circuit's formula: composite gates, then a line for each wire with a name or a fork.

    Names that are not the language's, such as ``d[x]``, are written ``d_x``.
    """
    return "\n".join([*_definitions(circuit), *_statements(circuit)])


def _definitions(circuit: Circuit) -> list[str]:
    """``g(t) = …`` for the user's composite gates, up to the last one that the circuit uses."""
    rows = [gate.op for gate in circuit.gates if isinstance(gate.op, Composite)]
    row = max(rows, key=lambda row: row.number, default=None)
    lines = []
    while row is not None:
        lines.append(f"{row.name}({', '.join(row.inputs)}) = {row.value}")
        row = row.before
    return lines[::-1]


def _statements(circuit: Circuit) -> Iterator[str]:
    """The wires that need a line of their own, in firing order, and the output last."""
    uses = [0] * len(circuit.gates)
    for gate in circuit.gates:
        for source in gate.inputs:
            uses[source] += 1
    output = circuit.output
    last = output == len(circuit.gates) - 1  # else the output is stated where it fires, and named at the end
    stated = {
        wire
        for wire, gate in enumerate(circuit.gates)
        if gate.inputs and (gate.name is not None or uses[wire] != 1) and not (wire == output and last)
    }
    names = _names(circuit, stated | {output} if circuit.gates[output].name else stated)
    for wire, gate in enumerate(circuit.gates):
        if gate.op is INPUT and gate.value is not None:
            yield f"{names[wire]} = {literal(gate.value)}"
        elif wire in stated:
            yield f"{names[wire]} = {expression(circuit, wire, names)}"
    if output in stated or circuit.gates[output].op is INPUT:
        yield names[output]
    else:
        name = f"{names[output]} = " if output in names else ""
        yield f"{name}{expression(circuit, output, names)}"


def _names(circuit: Circuit, stated: set[int]) -> dict[int, str]:
    """What the wires that are referred to by name are called, in the language's letters."""
    names: dict[int, str] = {}
    taken: set[str] = set()
    for wire, label in enumerate(circuit.labels()):
        if circuit.gates[wire].op is INPUT or wire in stated:
            name = label if re.fullmatch(r"\w+", label) else re.sub(r"\W+", "_", label).strip("_")
            while name in taken:
                name += "_"
            taken.add(name)
            names[wire] = name
    return names


def expression(circuit: Circuit, wire: int, names: Mapping[int, str]) -> str:
    """The expression of one wire, down to constants and the wires that have names."""
    pieces: list[str] = []
    waiting: list[int | str] = [wire]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            pieces.append(item)
            continue
        op, inputs, _, _, value, _ = circuit.gates[item]
        if op is CONST and value is not None:
            pieces.append(literal(value))
        elif op is INPUT or (item in names and item != wire):
            pieces.append(names[item])
        elif op.symbol is None:
            waiting += _call(circuit, circuit.gates[item])[::-1]
        elif len(inputs) == 1:
            waiting += [")", inputs[0], f"({op.symbol}{' ' * op.symbol.isalpha()}"]
        else:
            waiting += [")", inputs[1], f" {op.symbol} ", inputs[0], "("]
    return "".join(pieces)


def _call(circuit: Circuit, gate: Gate) -> list[int | str]:
    """A gate that is no operator as pieces and wires: ``sum(x, axis=0)``, ``[x, y]``, ``x[0, i]``."""
    op, inputs = gate.op, gate.inputs
    if op.name == "index":
        return [inputs[0], *_brackets(gate)]
    if op.name == "matrix_transpose" or (op.name == "transpose" and gate.params == (None,)):
        return [inputs[0], ".mT" if op.name == "matrix_transpose" else ".T"]
    fixed: list[int | str] = [f"{name}={setting(value)}" for name, value in gate.settings().items()]
    if op.rest and gate.params[0] not in (None, ()):
        shape = gate.params[0]
        fixed = [setting(one) for one in shape] if isinstance(shape, tuple) else [setting(shape)]
    listed = [piece for source in inputs for piece in (source, ", ")][:-1]
    if op.name == "stack" and not fixed and not all([_is_number(circuit, source) for source in inputs]):
        return ["[", *listed, "]"]
    if op.name in ("stack", "concatenate"):
        listed = ["[", *listed, "]"]
    separated = [piece for part in fixed for piece in (", ", part)]
    return [f"{op.name}(", *(listed + separated if listed else separated[1:]), ")"]


def _is_number(circuit: Circuit, wire: int) -> bool:
    """Whether a wire would be read as part of an array of numbers."""
    op, inputs, _, name, _, _ = circuit.gates[wire]
    return op is CONST or (op.name == "neg" and name is None and circuit.gates[inputs[0]].op is CONST)


def _brackets(gate: Gate) -> list[int | str]:
    """``[0, 1:3, i]`` of an index."""
    key = gate.params[0]
    entries: list[int | str] = []
    for entry in key if isinstance(key, tuple) else ():
        entries += [gate.inputs[1 + entry.number] if isinstance(entry, Entry) else setting(entry), ", "]
    return ["[", *entries[:-1], "]"]
