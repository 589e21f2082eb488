"""Simplifications that never change a value, not even inf, nan or the sign of a zero.

``x*1`` and ``x^1`` are x for every float64, and ``c and c`` is c for a condition, which is 1 or 0; ``x/x``,
``0*x``, ``x - x`` and ``x + 0`` are not constants or x for all of them, and stay.  Equal gates become one, and
gates that nobody reads go.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from exprgrad.arithmetic.forward import function
from exprgrad.circuit import Builder, Circuit, Gate
from exprgrad.errors import Span
from exprgrad.gates import CONST, INPUT, ROWS, Row, Static
from exprgrad.shapes import extent_of, shape_of
from exprgrad.shapes.axes import Shape
from exprgrad.values import shape

_BROADCAST_TO = ROWS["broadcast_to"]
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
        if name == "ndim" and builder.shapes is not None:
            return builder.const(float(len(builder.shapes[inputs[0]])))
        return None
    every = [builder.constants.get(wire) for wire in inputs]
    known = [value if isinstance(value, float) else None for value in every]
    numbers = [value for value in known if value is not None]
    if name in ("and", "or") and inputs[0] == inputs[1] and is_condition(builder, inputs[0]):  # c and c -> c
        return inputs[0]
    if not numbers:
        return None
    if len(numbers) == len(inputs):
        return builder.const(function(op)(*numbers))
    if name == "where" and known[0] is not None:  # where(1, a, b) -> a
        return inputs[1] if known[0] else inputs[2]
    if name == "where" and known[1:] == [1.0, 0.0] and is_condition(builder, inputs[0]):  # where(c, 1, 0) -> c
        return inputs[0]
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
    builder = Sharing(arrays=False)
    wires: dict[int, int] = {}
    for wire in needed(circuit.gates, {circuit.output, *circuit.names.values()}):
        op, inputs, span, name, value, params = circuit.gates[wire]
        if op is INPUT:
            wires[wire] = builder.input(str(name), value, span)
        elif op is CONST:
            wires[wire] = builder.const(value, span)
        else:
            wires[wire] = builder.add(op, tuple([wires[source] for source in inputs]), span, params)
    for name, wire in circuit.names.items():
        builder.name(wires[wire], name)
    return builder.circuit(wires[circuit.output], circuit.text)


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
