"""Simplifications that never change a value, not even inf, nan or the sign of a zero.

``x*1`` and ``x^1`` are x for every float64, and ``c and c`` is c for a condition, which is 1 or 0; over constants
it is one of these.  ``x/x``, ``0*x``, ``x - x`` and ``x + 0`` are not constants or x for all of them, and stay.
Equal gates become one, and gates that nobody reads go.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from exprgrad.arithmetic.forward import function
from exprgrad.circuit import Builder, Circuit, Composite, Gate
from exprgrad.errors import Span
from exprgrad.gates import CONST, INPUT, ROWS, Row, Static
from exprgrad.language.lower import body
from exprgrad.shapes import extent_of, shape_of
from exprgrad.shapes.axes import Shape
from exprgrad.values import shape

_BROADCAST_TO = ROWS["broadcast_to"]
_CONDITIONS = {row for row in ROWS.values() if row.condition}
_FEW = 8  # gates of a constant expression that is looked through
_COMMUTING = {ROWS[name] for name in ("add", "mul", "equal", "not_equal", "and", "or")}


def derive(builder: Builder, op: Row, inputs: tuple[int, ...], params: tuple[Static, ...] = ()) -> int:
    """The wire of a gate that the formula does not show: folded and simplified where it can be."""
    wire = _simpler(builder, op, inputs)
    if wire is None:
        return builder.add(op, inputs, None, params)
    shapes = builder.shapes
    if shapes is None or op.name in ("and", "or"):  # a condition that is the same everywhere may be one number
        return wire
    if shapes[wire] != shape_of(op, [shapes[source] for source in inputs], params):
        return builder.add(op, inputs, None, params)
    return wire


def _simpler(builder: Builder, op: Row, inputs: tuple[int, ...]) -> int | None:
    """A wire that has the gate's value, None if there is none without the gate."""
    name = op.name
    if op.whole:
        return None
    if name in ("and", "or") and inputs[0] == inputs[1] and is_condition(builder, inputs[0]):  # c and c -> c
        return inputs[0]
    if op in _CONDITIONS and builder.folds and builder.fixed.issuperset(inputs):  # -1 == 0 -> 0, though -1 is a gate
        values = [fixed(builder, wire) for wire in inputs]
        if None not in values:
            return builder.const(function(op)(*values))
    if builder.constants.keys().isdisjoint(inputs[:2] if name == "where" else inputs):
        return None  # most gates: nothing below is for them
    every = [builder.constants.get(wire) for wire in inputs]
    known = [value if isinstance(value, float) else None for value in every]
    numbers = [value for value in known if value is not None]
    if not numbers:
        return None
    if len(numbers) == len(inputs) and (builder.folds or op.condition):
        return builder.const(function(op)(*numbers))
    if name == "where":
        if known[0] is not None:  # where(1, a, b) -> a
            return inputs[1] if known[0] else inputs[2]
        condition = known[1:] == [1.0, 0.0] and is_condition(builder, inputs[0])
        return inputs[0] if condition else None  # where(c, 1, 0) -> c
    if name == "not_equal" and known[1] == 0 and is_condition(builder, inputs[0]):  # (a < b) != 0 -> a < b
        return inputs[0]
    if name == "equal" and known[1] == 0 and is_condition(builder, inputs[0]):  # (a < b) == 0 -> not a < b
        return derive(builder, ROWS["not"], inputs[:1])
    if name == "mul" and 1 in known:  # x*1 -> x
        return inputs[known.index(1) ^ 1]
    if name in ("div", "pow") and known[1] == 1:  # x/1 -> x, x^1 -> x
        return inputs[0]
    if name == "mul" and -1 in known:  # x*-1 -> -x
        return derive(builder, ROWS["neg"], (inputs[known.index(-1) ^ 1],))
    if name == "and" and 0 in known:  # c and 0 -> 0
        return builder.const(0.0)
    if name == "or" and any(numbers):  # c or 1 -> 1
        return builder.const(1.0)
    if name in ("and", "or"):  # c and 1 -> c, c or 0 -> c
        other = inputs[known.index(numbers[0]) ^ 1]
        return other if is_condition(builder, other) else None
    return None


def fixed(builder: Builder, wire: int) -> float | None:
    """The value of a wire that is made of a few constants, None of any other."""
    if wire not in builder.fixed:
        return None
    gates, order = builder.gates, [wire]
    for one in order:  # it grows on the way
        op, inputs, _, _, value, _ = gates[one]
        if op.whole or len(order) > _FEW or not (inputs or isinstance(value, float)):
            return None
        order += inputs
    values: dict[int, Any] = {}
    for one in reversed(order):
        op, inputs, _, _, value, _ = gates[one]
        values[one] = function(op)(*[values[source] for source in inputs]) if inputs else value
    return float(values[wire])


def is_condition(builder: Builder, wire: int) -> bool:
    """Whether a wire is a condition's."""
    return builder.gates[wire].op.condition


class Sharing(Builder):
    """A builder that has equal gates only once: those of one operation with the same settings and inputs.

    With ``arrays`` it knows the shapes of its wires.
    """

    def __init__(self, arrays: bool) -> None:
        super().__init__()
        if arrays:
            self.shapes = []
        self._equal: dict[tuple[Row, tuple[int, ...], str], int] = {}

    def add(self, op: Row, inputs: tuple[int, ...], span: Span | None = None, params: tuple[Static, ...] = ()) -> int:
        """A gate's wire, the same for an equal gate."""
        order = tuple(sorted(inputs)) if op in _COMMUTING else inputs
        key = op, order, repr(params) if params else ""  # a slice equals the tuple of its bounds
        wire = self._equal.get(key)
        if wire is None:
            if self.shapes is not None:
                self.shapes.append(shape_of(op, [self.shapes[source] for source in inputs], params))
            wire = self._equal[key] = super().add(op, inputs, span, params)
        return wire

    def const(self, value: Any, span: Span | None = None) -> int:
        """A constant's wire, the same for the same number or array."""
        if isinstance(value, (float, tuple)):
            wire = super().const(value, span)
        else:  # an array of NumPy's, whose printed form is shortened
            key = CONST, shape(value), value.tobytes().hex()
            wire = self._equal.get(key, len(self.gates))
            if wire == len(self.gates):
                self.gates.append(Gate(CONST, (), span, None, value))
                self._equal[key], self.constants[wire] = wire, value
        if self.shapes is not None and wire == len(self.shapes):
            self.shapes.append(extent_of(value))
        return wire

    def zero(self, like: int) -> int:
        """The wire of a zero in the shape of another wire."""
        wire = self.const(0.0)
        return self.add(_BROADCAST_TO, (wire, like)) if self.shapes and self.shapes[like] else wire

    def variable(self, name: str, extent: Shape) -> int:
        """The wire of an input of this shape."""
        if self.shapes is not None:
            self.shapes.append(extent)
        return super().input(name)


def shared(circuit: Circuit) -> Circuit:
    """The circuit with equal gates only once and without those that neither the output nor a name reads.

    Its inputs all stay.
    """
    builder, wires = Sharing(arrays=False), dict[int, int]()
    for wire in needed(circuit.gates, {circuit.output, *circuit.names.values()}):
        wires[wire] = copied(builder, circuit.gates[wire], wires)
    return named(builder, circuit, wires)


def needed(gates: Sequence[Gate], keep: Collection[int]) -> list[int]:
    """The wires that those to keep depend on, themselves and all inputs among them, in firing order."""
    read = [gate.op is INPUT for gate in gates]
    for wire in keep:
        read[wire] = True
    for wire in range(len(gates) - 1, -1, -1):
        if read[wire]:
            for source in gates[wire].inputs:
                read[source] = True
    return [wire for wire, one in enumerate(read) if one]


def alike(gates: Sequence[Gate]) -> list[int]:
    """For each wire the first one that is computed in the same way."""
    first: dict[tuple[object, ...], int] = {}
    found: list[int] = []
    for wire, (op, inputs, _, _, value, params) in enumerate(gates):
        what = wire if op is INPUT else repr(value) if isinstance(value, float) else id(value)
        found.append(first.setdefault((op, what, repr(params), *[found[source] for source in inputs]), wire))
    return found


def expanded(circuit: Circuit) -> Circuit:
    """The circuit with the gates that the user's composite gates consist of in their places."""
    return traced(circuit)[0]


def traced(circuit: Circuit) -> tuple[Circuit, list[int]]:
    """The expanded circuit, and for each of its wires the one of the circuit that it is, or is inside of."""
    origins = list(range(len(circuit.gates)))
    while any([isinstance(gate.op, Composite) for gate in circuit.gates]):
        builder, wires, found = Builder(), dict[int, int](), list[int]()
        for wire, gate in enumerate(circuit.gates):
            inside = body(gate.op) if isinstance(gate.op, Composite) else None
            if inside is None:
                wires[wire] = copied(builder, gate, wires)
            else:
                wires[wire] = builder.splice(inside, tuple([wires[source] for source in gate.inputs]))
            found += [origins[wire]] * (len(builder.gates) - len(found))
        circuit, origins = named(builder, circuit, wires), found
    return circuit, origins


def copied(builder: Builder, gate: Gate, wires: Mapping[int, int]) -> int:
    """A gate's wire in another circuit."""
    op, inputs, span, name, value, params = gate
    if op is INPUT:
        return builder.input(str(name), value, span)
    if value is not None:
        return builder.const(value, span)
    return builder.add(op, tuple([wires[source] for source in inputs]), span, params)


def named(builder: Builder, circuit: Circuit, wires: Mapping[int, int]) -> Circuit:
    """The circuit that was built, with the names of the one it was built from, but of wires that are gone."""
    for name, wire in circuit.names.items():
        if wire in wires:
            builder.name(wires[wire], name)
    return builder.circuit(wires[circuit.output], circuit.text)
