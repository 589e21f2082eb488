"""A derivative as statements that read back, and as JSON.

``d[x]`` is written ``d_x``: a file of these statements has a formula for each derivative, and ``--of d_x``
evaluates it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from exprgrad.circuit import Circuit
from exprgrad.values import Value
from exprgrad.write.formula import assigned, definitions, legible
from exprgrad.write.json import head, members


class Line(NamedTuple):
    """A statement: what is named, its wire, and what it is; ``by`` is the input that it is the derivative by."""

    name: str
    wire: int
    text: str
    by: str | None = None


def lines(circuit: Circuit) -> Iterator[Line]:
    """The statements: defaults of inputs and wires that others read, in firing order, then the derivatives."""
    gates = circuit.gates
    names = dict(zip(circuit.names, legible(circuit.names), strict=True))
    read = {source for gate in gates for source in gate.inputs}
    found = {f"d[{name}]": name for name in circuit.inputs if f"d[{name}]" in circuit.names}
    read |= {circuit.names[label] for label in found if gates[circuit.names[label]].name != label}
    own = {wire: names[gate.name] for wire, gate in enumerate(gates) if gate.name and wire in read}
    for wire, name in own.items():
        if gates[wire].inputs or gates[wire].value is not None:
            yield Line(name, wire, assigned(circuit, wire, own, full=False), found.get(str(gates[wire].name)))
    for label, name in found.items():
        wire = circuit.names[label]
        if own.get(wire) != names[label]:
            text = own[wire] if wire in own else assigned(circuit, wire, own, full=False)
            yield Line(names[label], wire, text, name)


def write(circuit: Circuit, numbers: Mapping[int, str]) -> Iterator[str]:
    """The statements, a line each; ``numbers`` of wires stand behind them as comments."""
    yield from definitions(circuit)
    for line in lines(circuit):
        number = numbers.get(line.wire, line.text)
        yield f"{line.name} = {line.text}" + (f"  # = {number}" if number != line.text else "")


def to_statements(circuit: Circuit) -> str:
    """The statements of a derivative's circuit as one text."""
    return "\n".join(write(circuit, {}))


def write_json(circuit: Circuit, formula: Circuit, inputs: Mapping[str, Value]) -> Iterator[str]:
    """Of a formula's derivatives the formulas by input, and those of the wires that these read."""
    every = list(lines(circuit))
    yield from head(formula, inputs)
    yield from members(
        "wires", (json.dumps({"id": line.name, "expr": line.text}) for line in every if not line.by), ","
    )
    derivatives = {line.by: line.text for line in every if line.by}
    yield f'  "derivatives": {json.dumps(derivatives)}'
    yield "}"
