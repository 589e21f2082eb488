"""A circuit and its backward pass as a list of lines to write: tidied, pruned, each wire with its name and remark.

Equal gates are one, gates that nobody reads are gone, and a gate that the target has neither as an operator
nor as a function is the formula that defines it, gate by gate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from math import nan
from typing import NamedTuple

from exprgrad.chain import Backward
from exprgrad.circuit import KEPT, Circuit, Gate, uncollected
from exprgrad.errors import shown
from exprgrad.gates import CONST, INPUT, ROWS, Param, Row, Static
from exprgrad.language.lower import formula
from exprgrad.program.tight import tight
from exprgrad.shapes.axes import Shape
from exprgrad.tidy import Sharing, derive, needed
from exprgrad.values import Value

_EQUAL, _WHERE = ROWS["equal"], ROWS["where"]
_PIECE = 60  # characters of the formula in a remark
_OTHERS = 3  # wires that share a gradient and are named in its remark

# of a gate and what its constant inputs are, the circuit to write in its place, None to write the gate itself
Expand = Callable[[Row, Sequence[float | None]], Circuit | None]


class Listing(NamedTuple):
    """Gates in firing order, and ``wires``, those of them that are needed.

    ``inputs`` are all inputs' wires by name, ``gradient`` those of the gradients by input.  ``labels`` are the
    names of wires that have one, ``d[x]`` that of a gradient; ``remarks`` say what a wire is.
    """

    gates: Sequence[Gate]
    wires: list[int]
    shapes: list[Shape] | None
    constants: Mapping[int, Value]
    inputs: dict[str, int]
    value: int
    gradient: dict[str, int]
    labels: dict[int, str]
    remarks: dict[int, str]


@uncollected()
def listing(circuit: Circuit, expand: Expand, back: Backward | None = None, upstream: Value = 1.0) -> Listing:
    """The lines of a circuit's value, and of its gradients if there is a backward pass; ``upstream`` arrives there.

    Without a backward pass it is a gate's definition, whose wires have no names.
    """
    shapes = None if back is None else back.shapes
    maker = _Maker(Sharing(arrays=shapes is not None), expand, {}, {})
    found: dict[int, int] = {}
    for name, wire in circuit.inputs.items():
        found[wire] = maker.builder.variable(name, () if shapes is None else shapes[wire])
        maker.tell(found[wire], name, "")
    labels = circuit.labels()
    for wire in needed(circuit.gates, {circuit.output}):
        gate = circuit.gates[wire]
        if wire not in found:
            found[wire] = maker.copy(gate, found, derive)
            if back is not None and gate.op is not CONST:
                maker.tell(found[wire], labels[wire], circuit.piece(wire, _PIECE) or gate.op.name)
    gradient = {} if back is None else maker.gradients(circuit, back, found, upstream)
    value = found[circuit.output]
    gates = maker.builder.gates
    wires = needed(gates, [value, *gradient.values()])
    inputs = {name: found[wire] for name, wire in circuit.inputs.items()}
    maker.explain(wires)
    return Listing(
        gates,
        wires,
        maker.builder.shapes,
        maker.builder.constants,
        inputs,
        value,
        gradient,
        maker.labels,
        maker.remarks,
    )


class _Maker(NamedTuple):
    """A listing that is being made."""

    builder: Sharing
    expand: Expand
    labels: dict[int, str]
    remarks: dict[int, str]

    def tell(self, wire: int, label: str, remark: str) -> None:
        """Gives a wire its name and its remark, unless it has one, or is a constant."""
        if wire not in self.labels and wire not in self.builder.constants:
            self.labels[wire] = label
            self.remarks[wire] = remark

    def gradients(self, circuit: Circuit, back: Backward, found: dict[int, int], upstream: Value) -> dict[str, int]:
        """The wires of the gradients by input: a gradient of 1 arrives, or NaN where the value is."""
        inputs = {name: wire for name, wire in circuit.inputs.items() if back.active[wire]}
        value = found[circuit.output]
        known = dict(found)
        if any([back.gradient[wire] is not None for wire in inputs.values()]):
            same = tight(self.builder, _EQUAL, (value, value))
            arriving = self.builder.const(upstream)
            known[back.seed] = tight(self.builder, _WHERE, (same, arriving, self.builder.const(nan)))
        kept = {wire for wire in (back.gradient[wire] for wire in inputs.values()) if wire is not None}
        others: dict[int, list[int]] = {}  # what each wire of a gradient is the gradient of
        for wire, source in enumerate(back.gradient):
            if source is not None:
                others.setdefault(source, []).append(wire)
        labels = circuit.labels()
        put = tight if self.builder.shapes is None else derive  # sizes are asked for where the code runs
        for wire in needed(back.circuit.gates, kept):
            gate = back.circuit.gates[wire]
            if wire not in known and gate.op is not INPUT:
                known[wire] = self.copy(gate, known, put)
            if wire in others and wire in known:
                self.tell(known[wire], f"d[{labels[others[wire][-1]]}]", _of(circuit, labels, others[wire][::-1]))
        sources = {name: back.gradient[wire] for name, wire in inputs.items()}
        zero = self.builder.zero
        return {name: zero(found[inputs[name]]) if one is None else known[one] for name, one in sources.items()}

    def copy(self, gate: Gate, found: Mapping[int, int], put: Callable[..., int]) -> int:
        """A gate's copy, with ``put`` its simplifications."""
        if gate.op is CONST:
            return self.builder.const(gate.value)
        return self._gate(gate.op, tuple([found[wire] for wire in gate.inputs]), gate.params, put, None)

    def _gate(
        self, op: Row, inputs: tuple[int, ...], params: tuple[Static, ...], put: Callable[..., int], inside: Row | None
    ) -> int:
        """A gate, or the gates of its definition, which nest as deep as definitions do; inside its own it is itself."""
        known = [self.builder.constants.get(wire) for wire in inputs]
        body = None if op is inside else self.expand(op, [one if isinstance(one, float) else None for one in known])
        if body is None:
            return put(self.builder, op, inputs, params)
        settings = dict(zip(op.params, params, strict=True))
        found = dict(zip(body.inputs.values(), inputs, strict=True))
        for wire in needed(body.gates, [body.output]):
            gate = body.gates[wire]
            if gate.op is CONST:
                found[wire] = self.builder.const(gate.value)
            elif wire not in found:
                bound = tuple([settings[one.name] if isinstance(one, Param) else one for one in gate.params])
                # what nobody wrote may be written in another way
                fewest = tight if self.builder.shapes is None else derive
                found[wire] = self._gate(gate.op, tuple([found[one] for one in gate.inputs]), bound, fewest, op)
        return found[body.output]

    def explain(self, wires: Sequence[int]) -> None:
        """Says of the wires without a name which one with a name they are for."""
        for wire in reversed(wires):
            label, remark = self.labels.get(wire), self.remarks.get(wire, "")
            if label is not None:
                remark = f"for the gradient of {label[2:-1]}" if label.startswith("d[") else f"for {label}"
            for source in self.builder.gates[wire].inputs:
                if source not in self.labels:
                    self.remarks[source] = remark


def _of(circuit: Circuit, labels: Sequence[str], wires: Sequence[int]) -> str:
    """``gradient of v1 = x+y``, and the other wires that have the same gradient."""
    first = wires[0]
    piece = circuit.piece(first, _PIECE) if circuit.gates[first].inputs else ""
    text = f"gradient of {shown(labels[first])}" + (f" = {piece}" if piece else "")
    others = [shown(labels[wire]) for wire in wires[1:][-_OTHERS:]]
    if not others:
        return text
    more = len(wires) - 1 - len(others)
    return f"{text}, and of {f'{more} more, ' if more else ''}{', '.join(others)}"


@lru_cache(maxsize=KEPT)
def definition(text: str, row: Row) -> Circuit:
    """The circuit of a formula that defines a gate."""
    return formula(text, row.inputs, row.params)
