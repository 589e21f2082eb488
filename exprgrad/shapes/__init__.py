"""The shape of every wire before anything is computed, by NumPy's broadcasting and rules.py."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import prod

from exprgrad.circuit import Builder, Circuit, Composite, Gate, Literal, literal
from exprgrad.errors import MARGIN, FormulaError, Span, excerpt, shown
from exprgrad.gates import CONST, INPUT, ROWS, Param, Row, Static
from exprgrad.shapes.axes import MisfitError, Shape, broadcast
from exprgrad.shapes.rules import RULES
from exprgrad.values import Value, dims, shape

MAX_AXES = 32
MAX_ELEMENTS = 100_000_000  # of what a formula's gates compute, all together: 800 MB of numbers

_SUM_TO, _BROADCAST_TO = ROWS["sum_to"], ROWS["broadcast_to"]


def infer(circuit: Circuit, given: Mapping[int, Shape]) -> list[Shape]:
    """The shape of every wire, from those of the inputs' wires; an input without one is a scalar.

    Raises FormulaError with both shapes and both pieces of the formula where two do not fit, and where
    there are more than MAX_ELEMENTS.
    """
    shapes: list[Shape] = []
    elements = 0
    for wire, gate in enumerate(circuit.gates):
        if gate.op is INPUT or gate.op is CONST:
            shapes.append(given[wire] if wire in given else extent_of(gate.value))
            continue
        try:
            shapes.append(shape_of(gate.op, [shapes[source] for source in gate.inputs], gate.params))
        except MisfitError as misfit:
            raise _error(circuit, wire, shapes, misfit) from None
        elements += prod(shapes[-1]) if shapes[-1] else 0
        if elements > MAX_ELEMENTS:
            raise FormulaError(
                f"the arrays of this formula have more than {MAX_ELEMENTS:,} elements", circuit.text,
                gate.span if circuit.text else None, hint="compute a part at a time, or a row of a file at a time",
            )  # fmt: skip
    return shapes


def extent_of(value: Literal | Value | Param | None) -> Shape:
    """The shape of a constant or of a default."""
    if value is None or isinstance(value, Param):
        return ()
    found: list[int] = []
    while isinstance(value, tuple):
        found.append(len(value))
        value = value[0] if value else 0.0
    return tuple(found) + shape(value)


def is_array(circuit: Circuit, wire: int) -> bool:
    """Whether an input's default is an array."""
    return not isinstance(circuit.gates[wire].value, (float, type(None)))


def is_scalar(gates: Sequence[Gate]) -> bool:
    """Whether nothing in these gates is an array unless an input is given as one."""
    return not any([gate.op.whole or not isinstance(gate.value, (float, type(None))) for gate in gates])


def shape_of(row: Row, shapes: Sequence[Shape], params: Sequence[Static] = ()) -> Shape:
    """The shape of what a gate computes."""
    if isinstance(row, Composite):
        if row.body is not None and row.whole:
            return infer(row.body, dict(zip(row.body.inputs.values(), shapes, strict=True)))[row.body.output]
    elif row.whole:
        found = RULES[row.name](*shapes, **dict(zip(row.params, params, strict=True)))
        if len(found) > MAX_AXES:
            raise MisfitError(f"an array has at most {MAX_AXES} axes")
        return found
    return broadcast(*shapes)


def shaped(circuit: Circuit, given: Mapping[str, Shape]) -> Builder:
    """A builder that begins with a circuit, and knows the shapes of its wires unless all are scalars.

    ``given`` are the inputs' shapes by name; FormulaError if they do not fit.
    """
    inputs = circuit.inputs
    known = {inputs[name]: tuple(extent) for name, extent in given.items()}
    if not any(known.values()) and is_scalar(circuit.gates):
        return Builder(circuit.gates, circuit.names)
    return Shaped(circuit, infer(circuit, known))


class Shaped(Builder):
    """A builder that knows the shapes of its wires, and refuses gates that do not fit."""

    shapes: list[Shape]

    def __init__(self, circuit: Circuit, known: Sequence[Shape]) -> None:
        super().__init__(circuit.gates, circuit.names)
        self.shapes = list(known)

    def add(self, op: Row, inputs: tuple[int, ...], span: Span | None = None, params: tuple[Static, ...] = ()) -> int:
        """A gate's wire."""
        self.shapes.append(shape_of(op, [self.shapes[source] for source in inputs], params))
        return super().add(op, inputs, span, params)

    def const(self, value: Literal | Param, span: Span | None = None) -> int:
        """A constant's wire."""
        wire = super().const(value, span)
        if wire == len(self.shapes):
            self.shapes.append(extent_of(value))
        return wire

    def input(self, name: str, default: Literal | Value | None = None, span: Span | None = None) -> int:
        """A new input's wire, of its default's shape."""
        self.shapes.append(extent_of(default))
        return super().input(name, default, span)

    def fit(self, wire: int, like: int) -> int:
        """The wire in the shape of another one: summed along the axes that has not, broadcast along others."""
        here, wanted = self.shapes[wire], self.shapes[like]
        if here == wanted:
            return wire
        near = wanted[len(wanted) - len(here) :]
        grows = len(here) <= len(wanted) and all([one in (1, two) for one, two in zip(here, near, strict=True)])
        return self.add(_BROADCAST_TO if grows else _SUM_TO, (wire, like))


def _error(circuit: Circuit, wire: int, shapes: Sequence[Shape], misfit: MisfitError) -> FormulaError:
    """``W (2×3) @ x (2)``, and carets under both."""
    gate = circuit.gates[wire]
    every = range(len(gate.inputs))
    ones = [one for one in dict.fromkeys(misfit.ones or every) if one in every][:4]
    pieces = [_piece(circuit, gate.inputs[one], shapes) for one in ones]
    if gate.op.symbol and len(pieces) == 2 and len(gate.inputs) == 2:
        what = f" {gate.op.symbol} ".join(pieces)
    else:
        what = " with ".join(filter(None, [circuit.piece(wire, MARGIN // 2) or gate.op.name, " and ".join(pieces)]))
    spans = [span for one in ones if (span := _place(circuit, gate, gate.inputs[one])) is not None]
    place, *others = spans or [gate.span or (0, 0)]
    message, hint = f"the shapes do not fit: {what}", misfit.why
    if len(pieces) < 2:  # nothing that could fit anything
        message, hint = f"{what}: {misfit.why}", misfit.hint
    return FormulaError(message, circuit.text, place if circuit.text else None, hint=hint, others=others)


def _place(circuit: Circuit, gate: Gate, wire: int) -> Span | None:
    """Where a gate reads a wire: the wire's own place, or its name inside the gate's."""
    source = circuit.gates[wire]
    if gate.span is None:
        return None
    start, stop = gate.span
    if source.span and start <= source.span[0] and source.span[1] <= stop:
        return source.span
    named = re.compile(rf"(?<!\w){re.escape(source.name or '')}(?!\w)")
    found = named.search(circuit.text, start, stop) if source.name else None
    return found.span() if found else None


def _piece(circuit: Circuit, wire: int, shapes: Sequence[Shape]) -> str:
    gate = circuit.gates[wire]
    if gate.op is CONST:
        name = shown(literal(gate.value), MARGIN // 2)
    else:
        text = excerpt(circuit.text, gate.span, MARGIN // 2) if gate.span else gate.op.name
        name = shown(gate.name, MARGIN // 2) if gate.name else text
    return f"{name} ({dims(shapes[wire])})"
