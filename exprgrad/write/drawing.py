"""A circuit as the nodes and edges of a picture and the texts on them; where they stand is not said.

SVG, PNG, Graphviz's DOT, Mermaid and the terminal's tree are drawn from this.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import zip_longest
from typing import NamedTuple

from exprgrad.circuit import Circuit, setting
from exprgrad.diagnosis.shares import shares
from exprgrad.errors import shown
from exprgrad.gates import CONST, INPUT
from exprgrad.run import Run
from exprgrad.style import Style
from exprgrad.tidy import needed
from exprgrad.values import Value, array, dims, shape
from exprgrad.write.formula import expression
from exprgrad.write.pullbacks import Pullbacks

ROUGH = 5  # significant digits in a picture, if nobody asks for others
NAME, SYMBOL, RULE, TITLE = 24, 32, 28, 120  # characters of a name, a gate, what it does with a gradient, the formula
_DIGITS = 8  # characters of a constant that is shown as it is written
_FEW, _SHORT = 4, 20  # elements and characters of an array that is shown whole
_SIGNS = {"*": "×", "-": "−", "/": "÷", "<=": "≤", ">=": "≥", "!=": "≠"}
# gates whose inputs may be drawn in any order
_COMMUTING = {"add", "mul", "max", "min", "hypot", "equal", "not_equal", "and", "or", "logaddexp"}


class Node(NamedTuple):
    """An input, a gate, or a constant at one of its uses.

    ``text`` is what stands in it, ``label`` what its wire is called, and ``name`` too if the formula
    says so; ``rule`` is the gate over the wires it reads and ``piece`` what the formula has for it.
    Without values ``value`` and ``gradient`` are empty, as is what there is none of.
    """

    kind: str
    text: str
    label: str
    value: str = ""
    gradient: str = ""
    name: str = ""
    rule: str = ""
    piece: str = ""
    commutes: bool = False

    @property
    def above(self) -> str:
        """What stands above its wire."""
        return " = ".join(filter(None, [self.name, self.value]))

    @property
    def title(self) -> str:
        """All of it in words: ``v1 = x+y: value 3, gradient -4``."""
        what = f"{self.label} = {self.piece}" if self.piece and self.piece != self.label else self.label
        facts = [f"{name} {fact}" for name, fact in (("value", self.value), ("gradient", self.gradient)) if fact]
        return f"{what}: {', '.join(facts)}" if facts else what


class Edge(NamedTuple):
    """From a node to the gate that reads it; ``place`` counts the gate's inputs.

    ``share`` is what the gate adds to the gradient of a wire that has several uses.
    """

    source: int
    target: int
    place: int
    local: str = ""
    share: str = ""


class Drawing(NamedTuple):
    """Nodes in firing order, the edges into each in the order of its inputs, and the node of the output."""

    nodes: list[Node]
    edges: list[Edge]
    output: int
    title: str

    def reads(self) -> dict[int, list[Edge]]:
        """The edges into each node that has some."""
        found: dict[int, list[Edge]] = {}
        for edge in self.edges:
            found.setdefault(edge.target, []).append(edge)
        return found


def drawing(circuit: Circuit, run: Run | None, style: Style) -> Drawing:
    """What the output depends on, and all inputs; without a run there are no numbers."""
    style = style._replace(digits=style.digits or ROUGH)
    gates, labels = circuit.gates, circuit.labels()
    names = {wire: label for wire, label in enumerate(labels) if gates[wire].op is not CONST}
    wires = [wire for wire in needed(gates, {circuit.output}) if gates[wire].op is not CONST or wire == circuit.output]
    uses = Counter([source for wire in wires for source in gates[wire].inputs])
    pullbacks = None if run is None else Pullbacks(run, labels)
    handed = shares(run) if run is not None and any(uses[wire] > 1 for wire in wires) else None
    found = Drawing([], [], 0, circuit.piece(circuit.output, TITLE))
    places: dict[int, int] = {}
    for wire in wires:
        gate = gates[wire]
        sources = []
        for source in gate.inputs:
            if gates[source].op is CONST:
                places[source] = len(found.nodes)
                found.nodes.append(_node(circuit, source, names, None, style))
            sources.append(places[source])
        places[wire] = len(found.nodes)
        found.nodes.append(_node(circuit, wire, names, run, style))
        about = zip_longest(
            sources,
            [brief(local, style) for local in run.locals[wire]] if run else (),
            pullbacks.of(wire, _called(run, wire)) if run and pullbacks and gate.op.whole else (),
            [brief(share, style) for share in handed[wire]] if handed else (),
        )
        for place, (source, local, rule, share) in enumerate(about):
            text = shown(rule[1], RULE) if rule else local or ""
            forks = uses[gate.inputs[place]] > 1
            found.edges.append(Edge(source, places[wire], place, text, share if forks and share else ""))
    return found._replace(output=places[circuit.output])


def _called(run: Run, wire: int) -> dict[int, str]:
    """What a pullback calls the wires around a gate that have no name: ``g @ b.mT``, as the gate's row does."""
    gates, gate = run.circuit.gates, run.circuit.gates[wire]
    around = zip((*gate.inputs, wire), (*gate.op.parameters(len(gate.inputs)), "out"), strict=True)
    called = {source: name for source, name in around if gates[source].name is None}
    arriving = run.backward.gradient[wire]
    return called if arriving is None else called | {arriving: "g"}


def brief(value: Value | None, style: Style) -> str:
    """A number; a small array whole, of others the shape: ``(2×3)``."""
    if value is None:
        return ""
    if isinstance(value, float):
        return style.number(value)
    text = style.number(value) if value.size <= _FEW else ""
    return text if text[:1] == "[" and len(text) <= _SHORT else f"({dims(shape(value))})"


def _node(circuit: Circuit, wire: int, names: Mapping[int, str], run: Run | None, style: Style) -> Node:
    """The node of one wire, without its edges."""
    gate = circuit.gates[wire]
    value = brief(run.values[wire], style) if run else ""
    gradient = brief(run.gradients[wire], style) if run else ""
    if gate.op is CONST:
        text = expression(circuit, wire, {}, full=False)  # such as pi
        if len(text) > _DIGITS:
            text = brief(gate.value if isinstance(gate.value, float) else array(gate.value), style)
        return Node("constant", text, text, value, gradient)
    label = shown(names[wire], NAME)
    if gate.op is INPUT:
        return Node("input", label, label, value, gradient)
    name = label if gate.name else ""
    rule = shown(expression(circuit, wire, names, full=False))
    commutes = gate.op.name in _COMMUTING
    return Node(
        "gate", _symbol(circuit, wire, names, style), label, value, gradient, name, rule, circuit.piece(wire), commutes
    )


def _symbol(circuit: Circuit, wire: int, names: Mapping[int, str], style: Style) -> str:
    """What a gate does, in a few characters: ``×``, ``exp``, ``sum axis=0``, ``[0]`` for an index."""
    gate = circuit.gates[wire]
    op = gate.op
    if op.symbol is not None:
        return op.symbol if style.ascii else _SIGNS.get(op.symbol, op.symbol)
    if op.name == "index":
        without = {source: names.get(source, "") for source in gate.inputs} | {gate.inputs[0]: ""}
        return shown(expression(circuit, wire, without, full=False), SYMBOL)
    settings = [f"{name}={setting(value)}" for name, value in (gate.settings() if gate.params else {}).items()]
    return shown(" ".join([op.name, *settings]), SYMBOL)
