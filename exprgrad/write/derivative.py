"""A derivative as statements that read back, as JSON, and as LaTeX.

``d[x]`` is written ``d_x``: a file of these statements has a formula for each derivative, and ``--of d_x``
evaluates it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from itertools import count
from typing import NamedTuple

from exprgrad.circuit import Circuit
from exprgrad.values import Value
from exprgrad.write import notation
from exprgrad.write.document import document, equation
from exprgrad.write.formula import assigned, definitions, legible
from exprgrad.write.json import head, members
from exprgrad.write.latex import LOSS, Latex
from exprgrad.write.letters import symbol
from exprgrad.write.lines import apart, signs
from exprgrad.write.notation import Written


class Line(NamedTuple):
    """A statement: what a wire is called and the input that it is the derivative by.

    It is ``known`` if it has a name already, which is all that there is to say of it.
    """

    label: str
    wire: int
    by: str | None
    known: bool


def lines(circuit: Circuit) -> Iterator[Line]:
    """The statements: defaults of inputs and wires that others read, in firing order, then the derivatives."""
    gates = circuit.gates
    found = {f"d[{name}]": name for name in circuit.inputs if f"d[{name}]" in circuit.names}
    own = _own(circuit)
    for wire, label in own.items():
        if gates[wire].inputs or gates[wire].value is not None:
            yield Line(label, wire, found.get(label), known=False)
    for label, name in found.items():
        wire = circuit.names[label]
        if own.get(wire) != label:
            yield Line(label, wire, name, known=wire in own)


def _own(circuit: Circuit) -> dict[int, str]:
    """The labels of the wires that others read by name."""
    gates = circuit.gates
    read = {source for gate in gates for source in gate.inputs}
    read |= {wire for label, wire in circuit.names.items() if gates[wire].name != label}
    return {wire: gate.name for wire, gate in enumerate(gates) if gate.name and wire in read}


def write(circuit: Circuit, numbers: Mapping[int, str]) -> Iterator[str]:
    """The statements, a line each; ``numbers`` of wires stand behind them as comments."""
    yield from definitions(circuit)
    for line, name, text in _written(circuit):
        yield f"{name} = {text}" + (f"  # {numbers[line.wire]}" if line.wire in numbers else "")


def _written(circuit: Circuit) -> Iterator[tuple[Line, str, str]]:
    """Each line with its name and its formula."""
    names = dict(zip(circuit.names, legible(circuit.names), strict=True))
    own = {wire: names[label] for wire, label in _own(circuit).items()}
    for line in lines(circuit):
        text = own[line.wire] if line.known else assigned(circuit, line.wire, own, full=False)
        yield line, names[line.label], text


def to_statements(circuit: Circuit) -> str:
    """The statements of a derivative's circuit as one text."""
    return "\n".join(write(circuit, {}))


def write_json(circuit: Circuit, formula: Circuit, inputs: Mapping[str, Value]) -> Iterator[str]:
    """Of a formula's derivatives the formulas by input, and those of the wires that these read."""
    every = list(_written(circuit))
    yield from head(formula, inputs)
    wires = [json.dumps({"id": name, "expr": text}) for line, name, text in every if not line.by]
    yield from members("wires", iter(wires), ",")
    yield f'  "derivatives": {json.dumps({line.by: text for line, _, text in every if line.by})}'
    yield "}"


def write_latex(circuit: Circuit, formula: Circuit, *, arriving: bool) -> Iterator[str]:
    """A document of equations; with ``arriving`` they are the derivatives of what a gradient comes from."""
    yield from document(equations(circuit, formula, Latex(LOSS if arriving else signs(formula)[formula.output])))


def equations(circuit: Circuit, formula: Circuit, latex: Latex, told: Collection[str] = ()) -> Iterator[str]:
    """The equations of the derivatives in LaTeX, without those of wires whose symbols are ``told`` already."""
    circuit = _broken(circuit)
    symbols = dict(zip(formula.labels(), signs(formula), strict=True))

    def sign(label: str) -> str:
        by = symbols.get(label[2:-1]) if label[:2] == "d[" else None
        return latex.gradient(by) if by else symbols.get(label) or symbol(label)

    own = {wire: Written(sign(label)) for wire, label in _own(circuit).items()}
    every = [line for line in lines(circuit) if line.by or circuit.gates[line.wire].inputs]  # no input's default
    for line in sorted(every, key=lambda line: bool(line.by)):
        if sign(line.label) not in told:
            text = own[line.wire] if line.known else notation.expression(circuit, line.wire, own.get, latex)
            yield equation(f"{sign(line.label)} = {text.text}", [])


def _broken(circuit: Circuit) -> Circuit:
    """The circuit with names for the parts that would be too long for a line."""
    gates, names = list(circuit.gates), dict(circuit.names)
    fresh = (label for number in count(1) if (label := f"u{number}") not in circuit.names)
    for wire in sorted(apart(gates, list(names.values()), (), forks=False)):
        if gates[wire].name is None:
            gates[wire] = gates[wire]._replace(name=(label := next(fresh)))
            names[label] = wire
    return Circuit(tuple(gates), names, circuit.output)
