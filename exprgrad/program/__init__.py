"""A circuit and its backward pass made ready for many rows: as few gates as give the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from math import nan
from typing import Any, NamedTuple

from exprgrad.arithmetic.forward import told
from exprgrad.chain import backward
from exprgrad.circuit import Circuit, Gate, uncollected
from exprgrad.errors import GateError
from exprgrad.gates import CONST, INPUT, ROWS, Row, Static
from exprgrad.language.lower import body
from exprgrad.program.edge import edge
from exprgrad.program.tight import tight
from exprgrad.run import upstream_of, value_of, wires
from exprgrad.shapes import infer, is_scalar
from exprgrad.shapes.axes import Shape
from exprgrad.tidy import Sharing, needed
from exprgrad.values import Value, shape, spread

_EQUAL, _LESS, _NOT_EQUAL, _OR, _WHERE = (ROWS[name] for name in ("equal", "less", "not_equal", "or", "where"))
_SIZES = {ROWS["abs"], ROWS["hypot"]}
_TINY = 1e-200  # a size that hardly anything is below


class Source(NamedTuple):
    """What a program was made from, for whoever runs the circuit itself."""

    circuit: Circuit
    constants: Mapping[str, Value]
    wrt: Collection[str] | None
    upstream: Value | None


class Program(NamedTuple):
    """The gates that an engine runs for every row.

    ``inputs`` are the wires of the columns by name and ``shapes`` those of one row of each wire;
    ``value``, ``gradient`` by input, and ``kinks`` are the wires of what is computed: kinks is 1 on
    a kink or a step, None if nobody asked.

    Rows on which ``rare`` is not 0 are for the program that ``exact`` makes, which has all of the
    gates: their value is NaN, a comparison with == holds, or a size is tiny.  For the others this
    program leaves out what only these rows need, and gives the same numbers.
    """

    gates: tuple[Gate, ...]
    inputs: dict[str, int]
    shapes: list[Shape]
    value: int
    gradient: dict[str, int]
    kinks: int | None
    source: Source
    rare: int | None = None
    exact: Callable[[], Program] | None = None


@uncollected()
def program(
    circuit: Circuit,
    shapes: Mapping[str, Shape],
    constants: Mapping[str, Any] | None = None,
    wrt: Collection[str] | None = None,
    upstream: Any = None,
    kinks: bool = False,
) -> Program:
    """The program of a circuit's value and gradients, each row's the ones of ``run``.

    ``shapes`` names the inputs that are columns, with the shape of one row's value; ``constants``
    are the inputs that are the same in every row.  Others have their default.  ``wrt`` and
    ``upstream`` are run's.
    Raises what ``run`` raises for such inputs.
    """
    given = {name: value_of(name, value) for name, value in (constants or {}).items()}
    inputs = wires(circuit, [*shapes, *given], wrt)
    constant = {
        name: given[name] if name in given else value_of(name, circuit.gates[wire].value)
        for name, wire in inputs.items()
        if name not in shapes
    }
    extents = {**{name: shape(value) for name, value in constant.items()}, **shapes}
    scalar = is_scalar(circuit.gates) and not any(extents.values())
    seed = upstream_of(circuit, _output_shape(circuit, extents, scalar), upstream)
    # Equal gates are not shared before: the gradients that arrive at them would add up before they meet an
    # infinite local gradient, and 0*inf + 1*inf is NaN where (0 + 1)*inf is not.
    back = backward(circuit, wrt, shapes=extents) if wrt is None or wrt else None
    maker = _Maker(
        circuit if back is None else back.circuit,
        None if back is None else back.seed,
        seed,
        circuit.output,
        {name: back and back.gradient[wire] for name, wire in inputs.items() if wrt is None or name in wrt},
        edge(circuit, wrt, extents) if kinks else None,
        constant,
        {name: tuple(shapes[name]) for name in inputs if name in shapes},
        extents,
        Source(circuit, given, None if wrt is None else list(wrt), upstream),
    )
    with told(circuit):
        if scalar:
            return maker.make(exact=False)._replace(exact=uncollected()(partial(maker.make, exact=True)))
        return maker.make(exact=True)


def _output_shape(circuit: Circuit, extents: Mapping[str, Shape], scalar: bool) -> Shape:
    if scalar:
        return ()
    inputs = circuit.inputs
    return infer(circuit, {inputs[name]: extent for name, extent in extents.items()})[circuit.output]


class _Maker(NamedTuple):
    """What a program is made of: the backward pass, the condition for kinks, and what is known of the inputs."""

    circuit: Circuit
    seed: int | None
    upstream: Value
    output: int
    gradient: dict[str, int | None]
    edge: Circuit | None
    constants: Mapping[str, Value]
    columns: Mapping[str, Shape]
    extents: Mapping[str, Shape]
    source: Source

    def make(self, exact: bool) -> Program:
        """The program; one that is not exact leaves out what holds rarely."""
        arrays = not is_scalar(self.circuit.gates) or any(self.extents.values())
        builder = Sharing(arrays)
        rare: list[int] | None = None if exact else []
        inputs = {name: builder.variable(name, extent) for name, extent in self.columns.items()}
        known = {**inputs, **{name: builder.const(value) for name, value in self.constants.items()}}
        kept = [self.output, *[wire for wire in self.gradient.values() if wire is not None]]
        made = self._copied(builder, known, kept, exact, rare)
        value = made[self.output]
        zeros = {name: builder.const(spread(0.0, self.extents[name])) for name in self.gradient}
        gradient = {name: zeros[name] if wire is None else made[wire] for name, wire in self.gradient.items()}
        kinks = None
        if self.edge is not None:
            given = {wire: known.get(name, value) for name, wire in self.edge.inputs.items()}
            kinks = _copy(builder, self.edge, [self.edge.output], given, rare)[self.edge.output]
        seldom = None
        for wire in dict.fromkeys(rare or ()):
            seldom = wire if seldom is None else tight(builder, _OR, (seldom, wire))
        return _pruned(builder, inputs, (value, gradient, kinks, seldom), self.source)

    def _copied(
        self, builder: Sharing, known: Mapping[str, int], kept: list[int], exact: bool, rare: list[int] | None
    ) -> dict[int, int]:
        """The wires of the value and the gradients: where the value is NaN, so is the gradient that arrives."""
        inputs = {wire: known[name] for name, wire in self.circuit.inputs.items() if wire != self.seed}
        if self.seed is None:
            return _copy(builder, self.circuit, kept, inputs, rare)
        made = _copy(builder, self.circuit, [self.output], inputs, rare)
        value, arriving = made[self.output], builder.const(self.upstream)
        if exact:
            arriving = tight(builder, _WHERE, (tight(builder, _EQUAL, (value, value)), arriving, builder.const(nan)))
        elif rare is not None and any([wire is not None for wire in self.gradient.values()]):
            rare.append(tight(builder, _NOT_EQUAL, (value, value)))
        return _copy(builder, self.circuit, kept, {**made, self.seed: arriving}, rare)


def _copy(
    builder: Sharing, circuit: Circuit, kept: Collection[int], given: Mapping[int, int], rare: list[int] | None
) -> dict[int, int]:
    """For each wire that is needed, the wire of its copy; those given are there.

    With a list ``rare``, what hardly ever holds is taken for something that does not, and noted there.
    """
    found = dict(given)
    for wire in needed(circuit.gates, kept):
        op, inputs, span, _, value, params = circuit.gates[wire]
        if wire in found or op is INPUT:
            continue
        if op is CONST:
            found[wire] = builder.const(value)
            continue
        try:
            found[wire] = _gate(builder, op, tuple([found[source] for source in inputs]), params, rare)
        except GateError as error:
            raise GateError(wire, error.why, error.hint) from None
        if op.whole:  # it may have to say where it fails
            builder.gates[found[wire]] = builder.gates[found[wire]]._replace(span=span)
    return found


def _gate(
    builder: Sharing, op: Row, inputs: tuple[int, ...], params: tuple[Static, ...], rare: list[int] | None
) -> int:
    """A gate's copy, a composite gate's body: these nest as deep as the catalogue's definitions, not the formula."""
    inside = body(op)
    if inside is not None:
        given = dict(zip(inside.inputs.values(), inputs, strict=True))
        return _copy(builder, inside, [inside.output], given, rare)[inside.output]
    wire = tight(builder, op, inputs, params)
    if rare is not None and _seldom(builder, wire):
        rare.append(wire)
        return builder.const(0.0)
    return wire


def _seldom(builder: Sharing, wire: int) -> bool:
    """Whether a condition hardly ever holds: that two wires are equal, that a size is tiny."""
    op, inputs, *_ = builder.gates[wire]
    if op is not _LESS:
        return op is _EQUAL
    bound = builder.constants.get(inputs[1])
    return builder.gates[inputs[0]].op in _SIZES and isinstance(bound, float) and bound < _TINY


def _pruned(
    builder: Sharing,
    inputs: Mapping[str, int],
    wanted: tuple[int, dict[str, int], int | None, int | None],
    source: Source,
) -> Program:
    """The program without gates that nobody reads."""
    value, gradient, kinks, rare = wanted
    gates = builder.gates
    kept = needed(gates, [wire for wire in (value, *gradient.values(), kinks, rare) if wire is not None])
    moved = {wire: place for place, wire in enumerate(kept)}
    shapes: Sequence[Shape] = [()] * len(gates) if builder.shapes is None else builder.shapes
    return Program(
        tuple([gates[wire]._replace(inputs=tuple([moved[one] for one in gates[wire].inputs])) for wire in kept]),
        {name: moved[wire] for name, wire in inputs.items()},
        [shapes[wire] for wire in kept],
        moved[value],
        {name: moved[wire] for name, wire in gradient.items()},
        None if kinks is None else moved[kinks],
        source,
        None if rare is None else moved[rare],
    )
