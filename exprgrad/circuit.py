"""A circuit: gates in firing order, each naming its operation and the wires it reads.

Wire k is the output of gate k.  There are no pointers, so nothing that walks a circuit recurses:
a formula of a million gates is an ordinary input.  This is the Wengert list (R. E. Wengert, "A
simple automatic derivative evaluation program", 1964).
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from exprgrad.errors import MARGIN, CircuitError, Span, excerpt, shown
from exprgrad.gates import CONST, INPUT, Entry, Param, Row, Slice, Static
from exprgrad.values import Value

# an array as nested tuples, all of one length on each level
Literal = float | tuple["Literal", ...]

# the wires to compute, each with those that nobody reads after it
Plan = Sequence[tuple[int, Sequence[int]]]

# how many gates and circuits what is made of them is kept for: many formulas may define as many gates
KEPT = 4096


@contextmanager
def uncollected() -> Iterator[None]:
    """Python's garbage collector paused.

    A large circuit is a million tuples and no garbage, and the collector would look through all of
    them again and again, longer and longer.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class Gate(NamedTuple):
    """One gate: its row, the wires it reads, and the piece of the formula it came from.

    ``name`` is an input's name, or the name a statement gave the wire; ``value`` is a constant's
    value or an input's default, an array as nested tuples or NumPy's.  ``params`` are the settings that the
    row's params name, such as an axis.
    """

    op: Row
    inputs: tuple[int, ...] = ()
    span: Span | None = None
    name: str | None = None
    value: Literal | Param | Value | None = None
    params: tuple[Static, ...] = ()

    def settings(self) -> dict[str, Static]:
        """The settings by name that are not the row's own."""
        named = zip(self.op.params, self.params, self.op.settings, strict=True)
        return {name: value for name, value, default in named if value != default}


@dataclass(frozen=True, eq=False)
class Circuit:
    """Gates in firing order, the wires that have names, and the wire that is the output.

    ``text`` is the formula that the gates' spans point into.
    """

    gates: tuple[Gate, ...]
    names: Mapping[str, int]
    output: int
    text: str = ""

    @cached_property
    def inputs(self) -> Mapping[str, int]:
        """The inputs' wires by name, in the order in which the formula mentions them."""
        return {str(gate.name): wire for wire, gate in enumerate(self.gates) if gate.op is INPUT}

    def piece(self, wire: int, limit: int = MARGIN) -> str:
        """The piece of the formula a wire came from, safe to print, its middle left out if long."""
        span = self.gates[wire].span
        return excerpt(self.text, span, limit) if span else ""

    def labels(self) -> list[str]:
        """A name for every wire: its own, a constant's digits, or v1, v2 … for the others."""
        taken = set(self.names)
        numbers = (f"v{k}" for k in range(1, len(self.gates) + len(taken) + 1))
        fresh = (name for name in numbers if name not in taken)
        return [gate.name or (literal(gate.value) if gate.op is CONST else next(fresh)) for gate in self.gates]

    def lines(self) -> Iterator[str]:
        """The circuit as people read it, a line for each gate that is read: ``v1 = add(x, y)``."""
        labels = self.labels()
        read = {self.output, *self.names.values(), *[source for gate in self.gates for source in gate.inputs]}
        for wire, gate in enumerate(self.gates):
            if gate.op is CONST or wire not in read:
                continue
            default = "" if gate.value is None else f" {shown(literal(gate.value))}"
            reads = [shown(labels[w]) for w in gate.inputs] + [
                f"{name}={setting(value)}" for name, value in (gate.settings() if gate.params else {}).items()
            ]
            inputs = f"({', '.join(reads)})" if reads else default
            piece = self.piece(wire) if gate.inputs else ""
            yield f"{shown(labels[wire])} = {gate.op.name}{inputs}" + (f"  # {piece}" if piece else "")
        yield f"output {shown(labels[self.output])}"

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def check(self) -> Circuit:
        """This circuit, or a CircuitError naming the first gate that breaks a rule.

        Every gate reads wires that fire before it, as many as its row says; constants have a value
        and inputs a name; names and the output are wires.
        """
        for wire, (op, inputs, _, name, value, params) in enumerate(self.gates):
            if len(inputs) != len(op.inputs) and not op.variadic:
                raise CircuitError(f"gate {wire}, {op.name}, reads {len(inputs)} wires")
            if len(params) != len(op.params):
                raise CircuitError(f"gate {wire}, {op.name}, has {len(params)} settings")
            if inputs:
                if min(inputs) < 0 or max(inputs) >= wire:
                    source = next(source for source in inputs if not 0 <= source < wire)
                    raise CircuitError(f"gate {wire}, {op.name}, reads wire {source}, which has not fired")
            elif (op is CONST and value is None) or (op is INPUT and not name):
                raise CircuitError(f"gate {wire} is an {op.name} without its {'value' if name else 'name'}")
        for wire in (self.output, *self.names.values()):
            if not 0 <= wire < len(self.gates):
                raise CircuitError(f"there is no wire {wire}")
        return self


class Builder:
    """Collects gates for a circuit.  Constants are shared; nothing else is.

    ``constants`` has the values of the constants' wires, ``inside`` counts the gates that the
    composite gates among its own consist of, ``shapes`` are the wires', where they are known and
    not all scalars.  ``fixed`` are the constants' wires and those that are made of constants alone.
    ``folds`` says whether a gate over constants may become one, though that rounds, and ``plain``
    whether local gradients are those of a book, or what float64 computes best.
    """

    shapes: list[tuple[int, ...]] | None = None
    folds = True
    plain = False

    def __init__(self, gates: tuple[Gate, ...] = (), names: Mapping[str, int] | None = None) -> None:
        self.gates = list(gates)
        self.names = dict(names or {})
        self.constants = {wire: gate.value for wire, gate in enumerate(gates) if gate.op is CONST}
        self.fixed = set(self.constants)
        for wire, gate in enumerate(gates):
            if gate.inputs and self.fixed.issuperset(gate.inputs):
                self.fixed.add(wire)
        self.inside = 0
        self._shared = {repr(value): wire for wire, value in self.constants.items()}

    def add(self, op: Row, inputs: tuple[int, ...], span: Span | None = None, params: tuple[Static, ...] = ()) -> int:
        """A gate's wire."""
        self.gates.append(Gate(op, inputs, span, None, None, params))
        wire = len(self.gates) - 1
        if inputs and self.fixed.issuperset(inputs):
            self.fixed.add(wire)
        return wire

    def const(self, value: Literal | Param, span: Span | None = None) -> int:
        """A constant's wire, the same for the same number (0.0 and -0.0 are two)."""
        key = repr(value)
        wire = self._shared.get(key)
        if wire is None:
            self.gates.append(Gate(CONST, (), span, None, value))
            wire = self._shared[key] = len(self.gates) - 1
            self.constants[wire] = value
            self.fixed.add(wire)
        return wire

    def apart(self) -> None:
        """From here on nothing is rounded, and constants are not those there are: rows may mean other numbers."""
        self.folds = False
        self._shared = {}

    def input(self, name: str, default: Literal | Value | None = None, span: Span | None = None) -> int:
        """A new input's wire."""
        self.gates.append(Gate(INPUT, (), span, name, default))
        self.names[name] = len(self.gates) - 1
        return len(self.gates) - 1

    def fit(self, wire: int, like: int) -> int:  # noqa: ARG002  shapes/ has more to do
        """The wire in the shape of another one: scalars have one shape."""
        return wire

    def name(self, wire: int, name: str) -> None:
        """Gives a wire a name, its first one also as its label."""
        gate = self.gates[wire]
        if gate.name is None and gate.op is not CONST:
            self.gates[wire] = gate._replace(name=name)
        self.names[name] = wire

    def circuit(self, output: int, text: str = "") -> Circuit:
        """The checked circuit."""
        return Circuit(tuple(self.gates), self.names, output, text).check()

    def splice(self, circuit: Circuit, arguments: tuple[int, ...], span: Span | None = None) -> int:
        """The output wire of another circuit's gates, copied here with its inputs read from ours.

        They are said to come from a place in our text, without one from their own.
        """
        sources = iter(arguments)
        wires: list[int] = []
        for op, inputs, own, _, value, params in circuit.gates:
            if op is INPUT:
                wires.append(next(sources))
            elif value is not None:
                wires.append(self.const(value))
            else:
                wires.append(self.add(op, tuple([wires[wire] for wire in inputs]), span or own, params))
        return wires[circuit.output]


@dataclass(frozen=True, slots=True, eq=False)
class Composite(Row):
    """A gate defined by a formula of the user's.

    ``value`` is the formula as written, ``body`` its circuit over catalogue gates; ``before`` is the
    definition that stood before it, which it may use, and ``number`` counts them.
    """

    body: Circuit | None = None
    before: Composite | None = None
    number: int = 0


def literal(value: Literal | Param | Value) -> str:
    """The digits that read back to this number, or to this array."""
    if isinstance(value, Param):
        return value.name
    if not isinstance(value, tuple):
        return repr(value if isinstance(value, float) else value.tolist())
    return f"[{', '.join([literal(part) for part in value])}]"


def setting(value: Static) -> str:
    """A setting as it is written in a formula: ``axis=-1``, ``shape=[2, 3]``, ``key='0, 1:3'``."""
    if isinstance(value, Slice):
        start, stop, step = ("" if bound is None else str(bound) for bound in value)
        return f"{start}:{stop}" + (f":{step}" if step else "")
    if value is Ellipsis:
        return "..."
    if isinstance(value, (Entry, Param)):
        return "*" if isinstance(value, Entry) else value.name
    if isinstance(value, tuple):
        text = ", ".join(map(setting, value))
        return f"[{text}]" if all(type(one) in (int, tuple) for one in value) else f"'{text}'"
    if isinstance(value, str):  # no backslash is an escape there
        return f'"{value}"' if "'" in value else f"'{value}'"
    return repr(value)
