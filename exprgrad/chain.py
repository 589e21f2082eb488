"""The chain rule, circuit → circuit: here, and once more on the numbers of one point, in reverse.py.

What is common to all gates happens in these two loops and in no row: gradients add up where a wire
forks, a wire that no input reaches carries none, a gradient is fitted to the shape of its wire, and
the gradient of an unselected branch is a structural zero.  A structural zero is not the number 0:
0 times an infinite local gradient is NaN, so whatever is pushed further below an unselected branch
is guarded by the same condition.

A row says what its gate does with a gradient; rules.py makes gates of what the rows say.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

from exprgrad.circuit import KEPT, Builder, Circuit, Gate
from exprgrad.errors import CircuitError, UsageError, named
from exprgrad.gates import INPUT, ROWS, Row, Static
from exprgrad.guards import added, fit, guarded, moved, through
from exprgrad.language.lower import body
from exprgrad.rules import Local, Pull, copies, local_gradients, pull
from exprgrad.shapes import Shaped, shaped
from exprgrad.shapes.axes import Shape
from exprgrad.tidy import derive
from exprgrad.values import Value, spread

_UNLIKE = ROWS["not_equal"]


class Backward(NamedTuple):
    """A circuit with its backward pass behind it.

    ``circuit`` begins with the forward gates, unchanged.  ``seed`` is the input for the gradient
    that arrives at the output, 1 by default.  For each forward wire, ``active`` says whether an
    input reaches it by way of gradients, ``gradient`` is the wire of its gradient, None where none
    can arrive, ``guard`` the wire that is 0 where that gradient is a structural zero, None where it
    never is, and ``local`` has the wire of the local gradient with respect to each of the gate's
    inputs, None where none flows or the gate is a whole-array gate; ``sent`` has for each input the
    wire of what the gate hands to it.  ``shapes`` are the forward wires', None if all are scalars.

    Where the output is NaN, so is every gradient: whoever runs the circuit makes the seed NaN there.
    """

    circuit: Circuit
    seed: int
    active: list[bool]
    gradient: list[int | None]
    guard: list[int | None]
    local: list[tuple[int | None, ...]]
    sent: list[tuple[int | None, ...]]
    shapes: list[Shape] | None

    @property
    def extent(self) -> Shape:
        """The shape of the output."""
        return self.shapes[self.circuit.output] if self.shapes else ()


def backward(
    circuit: Circuit,
    wrt: Collection[str] | None = None,
    guards: bool = True,
    shapes: Mapping[str, Shape] | None = None,
    *,
    one: bool = False,
    folds: bool = True,
    plain: bool = False,
) -> Backward:
    """The circuit followed by the gates of its gradient, in reverse mode.

    ``wrt`` names the inputs that gradients flow to; without it, all.  Without ``guards`` the
    unselected branch is an ordinary 0, as in JAX and PyTorch.  ``shapes`` are the inputs' by name;
    one that is not there has its default's, or is a scalar.  With ``one`` the zeros of the seed are
    structural: it is for the gradient of one element of the output, as in a Jacobian.  Without
    ``folds`` nothing is computed ahead, and the rows' constants are behind the forward gates.
    The local gradients of ``plain`` ones are those of a book, for people; float64 may lose digits in them.
    Raises FormulaError if shapes do not fit, UsageError for a name that is no input.
    """
    gates = circuit.gates
    active = reached(circuit, wrt)
    labels = circuit.labels()
    _known(circuit, shapes or ())
    builder = shaped(circuit, shapes or {})
    known = None if builder.shapes is None else list(builder.shapes)
    builder.plain = plain
    if not folds:
        builder.apart()
    seed = builder.input(f"d[{labels[circuit.output]}]", _ones(builder, circuit.output))
    arriving: list[Pull | None] = [None] * len(gates)
    arriving[circuit.output] = Pull(seed, seed if one else None)
    gradient: list[int | None] = [None] * len(gates)
    guard: list[int | None] = [None] * len(gates)
    local: list[tuple[int | None, ...]] = [()] * len(gates)
    sent: list[tuple[int | None, ...]] = [()] * len(gates)
    for wire in range(circuit.output, -1, -1):
        total = arriving[wire]
        if total is None or not active[wire]:
            continue
        gradient[wire], guard[wire] = total
        if total.wire != seed:
            builder.name(total.wire, f"d[{labels[wire]}]")
        gate = gates[wire]
        if _by_elements(builder, gate, wire):
            here = _locals(builder, gate, wire, active)
            local[wire] = tuple([one and one.shown for one in here])
            handed = [one and through(builder, total, one, guards) for one in here]
        else:
            local[wire] = (None,) * len(gate.inputs)
            handed = _pulled(builder, gate, wire, total, active, guards)
        sent[wire] = tuple([push and push.wire for push in handed])
        for source, push in zip(gate.inputs, handed, strict=True):
            if push is not None:
                arriving[source] = added(builder, arriving[source], fit(builder, push, source))
    return Backward(builder.circuit(circuit.output, circuit.text), seed, active, gradient, guard, local, sent, known)


def tangent(
    circuit: Circuit, wrt: str | Collection[str], shapes: Mapping[str, Shape] | None = None, *, one: bool = False
) -> Circuit:
    """The circuit followed by the gates of its derivative along an input, or along several, in forward mode.

    Of several, each has a new input beside it, ``t[x]``: its part of the direction, of its shape, by default
    of ones.  So has a single one that is an array.  ``shapes`` are those of ``backward``; with ``one`` the
    zeros in the directions of arrays are structural.
    """
    names = [wrt] if isinstance(wrt, str) else wrt
    _known(circuit, shapes or ())
    builder = shaped(circuit, shapes or {})
    active = reached(circuit, names)
    rate: list[Pull | None] = [None] * len(circuit.gates)
    for wire, gate in enumerate(circuit.gates):
        if not active[wire]:
            continue
        if gate.op is INPUT:
            rate[wire] = _direction(builder, wire, isinstance(wrt, str), one)
            continue
        total: Pull | None = None
        if _by_elements(builder, gate, wire):
            for source, local in zip(gate.inputs, _locals(builder, gate, wire, active), strict=True):
                moving = rate[source]
                if moving is not None and local is not None:
                    term = through(builder, moving, local, guards=True)
                    total = added(builder, total, fit(builder, term, wire))
        else:
            for position, source in enumerate(gate.inputs):
                moving = rate[source]
                pushed = None if moving is None else _pushed(builder, gate, wire, position, moving)
                if pushed is not None:
                    total = added(builder, total, fit(builder, pushed, wire))
        rate[wire] = total
    output = rate[circuit.output]
    return builder.circuit(builder.const(0.0) if output is None else output.wire, circuit.text)


def _direction(builder: Builder, wire: int, alone: bool, one: bool) -> Pull:
    """The rate of an input: 1 of a number that is named alone, else a new input."""
    ones = _ones(builder, wire)
    if alone and isinstance(ones, float):
        return Pull(builder.const(ones), None)
    rate = builder.input(f"t[{builder.gates[wire].name}]", ones)
    guarded = one and not isinstance(ones, float)
    return Pull(rate, derive(builder, _UNLIKE, (rate, builder.const(0.0))) if guarded else None)


def _known(circuit: Circuit, names: Collection[str]) -> None:
    """Raises UsageError for a name that is no input's."""
    inputs = circuit.inputs if names else ()
    for name in names:
        if name not in inputs:
            raise UsageError(f"{named(name)} is no input of the circuit")


def _ones(builder: Builder, wire: int) -> Value:
    """1, or an array of ones of a wire's shape."""
    return spread(1.0, builder.shapes[wire] if builder.shapes else ())


def _by_elements(builder: Builder, gate: Gate, wire: int) -> bool:
    """Whether the gate has local gradients: it works by elements, and if it is composite, on scalars."""
    if gate.op.whole:
        return False
    return builder.shapes is None or gate.op.gradients is not None or not builder.shapes[wire]


def reached(circuit: Circuit, wrt: Collection[str] | None) -> list[bool]:
    """For each wire, whether one of these inputs, or any without them, reaches it by way of gradients."""
    _known(circuit, wrt or ())
    active: list[bool] = []
    for op, inputs, _, name, _, _ in circuit.gates:
        if op is INPUT:
            active.append(wrt is None or name in wrt)
        elif op.gradients is None or None not in op.gradients:
            active.append(any([active[source] for source in inputs]))
        else:
            active.append(
                any([active[source] and op.gradient(position) is not None for position, source in enumerate(inputs)])
            )
    return active


def _locals(builder: Builder, gate: Gate, out: int, active: Sequence[bool]) -> list[Local | None]:
    """A gate's local gradients: what its row says, or the chain rule on its body."""
    wanted = [active[source] for source in gate.inputs]
    if gate.op.gradients is not None:
        return local_gradients(builder, gate, out, wanted)
    return [one and Local(one.wire, one.guard, one.wire) for one in _inside(builder, gate, wanted, None)]


def _pulled(
    builder: Builder, gate: Gate, out: int, total: Pull, active: Sequence[bool], guards: bool
) -> list[Pull | None]:
    """What a whole-array gate hands to each of its inputs."""
    wanted = [active[source] for source in gate.inputs]
    found: list[Pull | None] = []
    for position, (source, made) in enumerate(
        zip(gate.inputs, _pulls(builder, gate, out, total.wire, wanted), strict=True)
    ):
        if made is None:
            found.append(None)
            continue
        move = partial(pull, builder, gate, out, position)
        guard = moved(builder, gate, total.guard, out, source, move) if guards else None
        leaf = builder.gates[source].op is INPUT  # nothing below it multiplies by infinity
        push = guarded(builder, made.wire, guard, None if leaf and gate.op.moves else made.guard)
        found.append(push if guards else Pull(push.wire, None))
    return found


def _pulls(builder: Builder, gate: Gate, out: int, g: int, wanted: Sequence[bool]) -> list[Pull | None]:
    """What a gate makes of a gradient ``g``, for each input that is wanted."""
    if gate.op.gradients is None:
        return _inside(builder, gate, wanted, g)
    return [pull(builder, gate, out, place, g) if one else None for place, one in enumerate(wanted)]


def _inside(builder: Builder, gate: Gate, wanted: Sequence[bool], g: int | None) -> list[Pull | None]:
    """The gradients of a composite gate whose row states none, by the chain rule on its body; ``g`` arrives."""
    names = tuple([name for name, one in zip(gate.op.inputs, wanted, strict=True) if one])
    shapes = None if builder.shapes is None else tuple([builder.shapes[source] for source in gate.inputs])
    back = _body_backward(gate.op, names, shapes, builder.plain)
    pairs = list(zip(back.gradient[: len(gate.inputs)], back.guard, strict=False))
    needed = tuple([wire for pair in pairs for wire in pair if wire is not None])
    wires = copies(builder, back.circuit, gate.inputs, needed, seed=g)
    found: list[Pull | None] = []
    for gradient, guard in pairs:
        found.append(None if gradient is None else Pull(wires[gradient], None if guard is None else wires[guard]))
    return found


def inside(op: Row) -> Circuit:
    """The body of a composite gate, whose row states no gradients."""
    circuit = body(op)
    if circuit is None:
        raise CircuitError(f"{op.name} has neither local gradients nor a body")
    return circuit


@lru_cache(maxsize=KEPT)
def _body_backward(op: Row, wanted: tuple[str, ...], shapes: tuple[Shape, ...] | None, plain: bool) -> Backward:
    """The backward pass of a composite gate's body."""
    circuit = inside(op)
    extents = dict(zip(circuit.inputs, shapes, strict=True)) if shapes else None
    return backward(circuit, wanted, shapes=extents, plain=plain)


def _pushed(builder: Builder, gate: Gate, out: int, position: int, rate: Pull) -> Pull | None:
    """What a whole-array gate hands on of the rate of one input."""
    move = partial(_transposed, builder, gate, out, position)
    pushed = move(rate.wire)
    return pushed and guarded(
        builder, pushed.wire, moved(builder, gate, rate.guard, gate.inputs[position], out, move), None
    )


def _transposed(builder: Builder, gate: Gate, out: int, position: int, rate: int) -> Pull | None:
    """What a whole-array gate makes of the rate of one input: its pullback transposed.

    A pullback is linear in g, so its own backward pass with respect to g is the derivative
    forward (J. Townsend, "A new trick for calculating Jacobian vector products", 2017).
    """
    known = builder.shapes or []  # of a circuit with whole-array gates they are
    made = _rate(gate.op, gate.params, position, tuple([known[wire] for wire in (*gate.inputs, out)]))
    if made is None:
        return None
    return Pull(copies(builder, made, (*gate.inputs, out, out), (made.output,), seed=rate)[made.output], None)


@lru_cache(maxsize=KEPT)
def _rate(op: Row, params: tuple[Static, ...], position: int, shapes: tuple[Shape, ...]) -> Circuit | None:
    """The circuit of the rate of ``out`` over the gate's inputs, ``out``, ``g``, which is not read, and the seed."""
    builder = Shaped(Circuit((), {}, 0), ())
    for name, shape in zip((*op.parameters(len(shapes) - 1), "out", "g"), (*shapes, shapes[-1]), strict=True):
        builder.input(name)
        builder.shapes[-1] = shape
    out = len(shapes) - 1
    gate = Gate(op, tuple(range(out)), params=params)
    made = _pulls(builder, gate, out, out + 1, [place == position for place in range(out)])[position]
    if made is None:
        return None
    wire = builder.fit(guarded(builder, made.wire, None, made.guard).wire, position)
    circuit = builder.circuit(wire)
    back = backward(circuit, ["g"], shapes=dict(zip(circuit.inputs, builder.shapes, strict=False)))
    gradient = back.gradient[out + 1]
    return None if gradient is None else Circuit(back.circuit.gates, back.circuit.names, gradient)
