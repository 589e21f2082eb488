"""A circuit at one point: every value and every gradient.  The readable reference."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod
from typing import Any

from exprgrad.alike import apart, lookalike, meant
from exprgrad.arithmetic.forward import forward, planned, told
from exprgrad.chain import Backward, backward, reached
from exprgrad.circuit import Circuit, Plan, uncollected
from exprgrad.errors import UsageError, named, shown
from exprgrad.gates import CONSTANTS, GATES, INPUT
from exprgrad.reverse import Ready, ready, reverse
from exprgrad.shapes import is_array, is_scalar
from exprgrad.shapes.axes import Shape, fits
from exprgrad.values import Value, array, blank, dims, elements, has_nan, is_finite, shape, spread, unit

MOST_ROWS, MOST_NUMBERS = 5_000, 25_000_000  # of a Jacobian


@dataclass(frozen=True, eq=False)
class Run:
    """What one point gives, wire by wire.

    Values are floats, and NumPy arrays of float64 on wires that are arrays; a gradient has the
    shape of its value.  ``gradients[k]`` is the derivative of the output with respect to wire k,
    None for a wire that carries none: a constant, a condition, an input left out of ``wrt``.
    ``locals[k]`` has the local gradient of gate k with respect to each wire it reads, None where
    none flows; a whole-array gate has none, as its elements meet.  ``guards[k]`` is 0 where the
    gradient of wire k is a structural zero, None where it never is.  ``shapes`` are the wires', None
    if all are scalars.  Arrays may share memory with those of the point, and are not to be written to.
    """

    circuit: Circuit
    values: list[Value]
    gradients: list[Value | None]
    locals: list[tuple[Value | None, ...]]
    guards: list[Value | None]
    shapes: list[Shape] | None
    make: Callable[[], Backward]

    @cached_property
    def backward(self) -> Backward:
        """The circuit with its backward pass, whose numbers these are; made for those who ask for it."""
        return self.make()

    @property
    def value(self) -> Value:
        """The output's value."""
        return self.values[self.circuit.output]

    @property
    def inputs(self) -> dict[str, Value]:
        """The inputs' values by name."""
        return {name: self.values[wire] for name, wire in self.circuit.inputs.items()}

    @property
    def gradient(self) -> dict[str, Value]:
        """The output's gradient by input."""
        found = {name: self.gradients[wire] for name, wire in self.circuit.inputs.items()}
        return {name: gradient for name, gradient in found.items() if gradient is not None}

    @property
    def arrays(self) -> bool:
        """Whether any wire is an array."""
        return self.shapes is not None and any(self.shapes)


@uncollected()
def run(
    circuit: Circuit,
    point: Mapping[str, Any],
    wrt: Collection[str] | None = None,
    upstream: Any = None,
    *,
    guards: bool = True,
) -> Run:
    """The circuit run forward and backward at a point.

    ``point`` has numbers, or arrays as nested sequences or NumPy's.  ``wrt`` names the inputs whose
    gradients are wanted, all by default; ``upstream`` is the gradient that arrives at the output, 1
    by default, of the output's shape; ``guards`` are backward's.  Where a value is NaN, so is every
    gradient through it.
    Raises UsageError for a variable that is missing, unknown or not an input, and for an output
    that is an array and has no upstream gradient; FormulaError where shapes do not fit.
    """
    inputs, shapes = _given(circuit, point, wrt)
    if not shapes and is_scalar(circuit.gates):
        return _numbers(circuit, inputs, wrt, upstream, guards)
    back, plan = _backward(circuit, None if wrt is None else tuple(wrt), guards, shapes)
    values = _ahead(circuit, back, inputs)
    arriving = upstream_of(circuit, back.extent, upstream)
    return _behind(circuit, back, plan, values, blank(arriving, values[circuit.output]))


def jacobian(
    circuit: Circuit, point: Mapping[str, Any], wrt: Collection[str] | None = None
) -> tuple[Run, dict[str, Value]]:
    """The derivative of every element of the output by every element of each input.

    The array of an input has the output's shape followed by the input's.  There is one backward run
    for each element; the Run is that of the first that is not finite, or the last.  Raises UsageError for
    more than MOST_ROWS elements, or MOST_NUMBERS derivatives.
    """
    given, shapes = _given(circuit, point, wrt)
    back, plan = _backward(circuit, None if wrt is None else tuple(wrt), True, shapes, one=True)
    values = _ahead(circuit, back, given)
    extent, inputs = back.extent, circuit.inputs
    count = sum(prod(shape(values[inputs[name]])) for name in (inputs if wrt is None else wrt))
    if prod(extent) > MOST_ROWS or prod(extent) * count > MOST_NUMBERS:
        raise UsageError(
            f"this Jacobian has {prod(extent):,} rows of {count:,} number{'s' if count != 1 else ''}, "
            f"and one has at most {MOST_ROWS:,} rows and {MOST_NUMBERS:,} numbers",
            hint="--wrt names some of the inputs, and an index as in y[0:10] takes a part of the output",
        )
    result, rows = _behind(circuit, back, plan, values, spread(0.0, extent)), []
    for place, value in elements(values[circuit.output]):
        told_of = all(map(is_finite, result.gradient.values()))  # the first that is not finite is kept
        latest = _behind(circuit, back, plan, values, unit(place, extent, blank(1.0, value)))
        rows.append(latest.gradient)
        result = latest if told_of else result
    found = {
        name: array([row[name] for row in rows], (*extent, *shape(gradient)))
        for name, gradient in result.gradient.items()
    }
    return result, found


def _given(
    circuit: Circuit, point: Mapping[str, Any], wrt: Collection[str] | None
) -> tuple[dict[int, Value], tuple[tuple[str, Shape], ...]]:
    """The inputs' values by their wires, and the shapes of those that are arrays, or have one by default."""
    known = wires(circuit, point, wrt)
    inputs = {known[name]: value_of(name, value) for name, value in point.items()}
    extents = {name: shape(inputs[known[name]]) for name in point}
    shapes = [(name, extent) for name, extent in extents.items() if extent or is_array(circuit, known[name])]
    return inputs, tuple(shapes)


def _numbers(
    circuit: Circuit, inputs: Mapping[int, Value], wrt: Collection[str] | None, upstream: Any, guards: bool
) -> Run:
    """The run of a circuit without arrays, for which no gates are made."""
    names = None if wrt is None else tuple(wrt)
    prepared = _ready(circuit, names)
    values = forward(circuit.gates, inputs)
    seed = blank(upstream_of(circuit, (), upstream), values[circuit.output])
    found = reverse(prepared, values, seed, guards)
    both = zip(found.gradient, prepared.active, strict=True)
    gradients = [0.0 if one is None and active else one for one, active in both]
    return Run(circuit, values, gradients, found.local, found.guard, None, lambda: _backward(circuit, names, guards)[0])


def _ahead(circuit: Circuit, back: Backward, inputs: Mapping[int, Value]) -> list[Value]:
    """The values of the forward wires."""
    with told(circuit):
        return forward(circuit.gates, inputs, arrays=back.shapes is not None)


def _behind(circuit: Circuit, back: Backward, plan: Plan | None, values: list[Value], seed: Value) -> Run:
    """The backward pass for one gradient that arrives."""
    with told(circuit):
        every = forward(back.circuit.gates, {back.seed: seed}, values, back.shapes is not None, plan)
    gradients: list[Value | None] = []
    locals_: list[tuple[Value | None, ...]] = []
    for wire, value in enumerate(values):
        source = back.gradient[wire]
        if source is not None:
            gradients.append(every[source])
        elif back.active[wire]:
            gradients.append(spread(0.0, shape(value)))
        else:
            gradients.append(None)
        found = [None if local is None else every[local] for local in back.local[wire]]
        if any([local is not None for local in found]) and has_nan(value):
            found = [None if local is None else blank(local, value) for local in found]
        locals_.append(tuple(found))
    guards = [None if guard is None else every[guard] for guard in back.guard]  # of inputs None, too
    return Run(circuit, values, gradients, locals_, guards, back.shapes, lambda: back)


def value_of(name: str, value: Any) -> Value:
    """A number or an array as the values are kept here; without a name it is the upstream gradient."""
    try:
        return float(value) if isinstance(value, (int, float)) else array(value)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        what = f"the value of {named(name)}" if name else "the upstream gradient"
        hint = "every row has as many numbers as the first"
        raise UsageError(f"{what} is no array of real numbers", hint=hint) from None


def upstream_of(circuit: Circuit, wanted: Shape, upstream: Any) -> Value:
    """The gradient that arrives at the output."""
    if upstream is None and not wanted:
        return 1.0
    piece = circuit.piece(circuit.output, 30) or "the output"
    if upstream is None:
        raise UsageError(
            f"{piece} is an array ({dims(wanted)}), and a gradient needs one number", circuit.text,
            circuit.gates[circuit.output].span,
            hint=f"make it one number, such as sum({piece}),\n"
            "or give the gradient that arrives there, --upstream VALUE,\n"
            "or ask for the derivative of each element at a point, --jacobian",
        )  # fmt: skip
    value = value_of("", upstream)
    given = shape(value)
    if not fits(given, wanted):
        raise UsageError(
            f"the upstream gradient ({dims(given)}) does not fit the output ({dims(wanted)})", circuit.text,
            circuit.gates[circuit.output].span, hint="a gradient has the shape of its value",
        )  # fmt: skip
    return spread(value, wanted)


@lru_cache(maxsize=8)  # a circuit run at many points is made ready once
def _ready(circuit: Circuit, wrt: tuple[str, ...] | None) -> Ready:
    return ready(circuit, reached(circuit, wrt))


@lru_cache(maxsize=8)  # and has one backward pass
def _backward(
    circuit: Circuit,
    wrt: tuple[str, ...] | None,
    guards: bool,
    shapes: tuple[tuple[str, Shape], ...] = (),
    one: bool = False,
) -> tuple[Backward, Plan | None]:
    back = backward(circuit, wrt, guards, dict(shapes), one=one)
    if back.shapes is None:
        return back, None
    gates = circuit.gates
    shown = [guard for gate, guard in zip(gates, back.guard, strict=True) if gate.op is not INPUT]
    keep = {wire for wires in (back.gradient, shown, *back.local) for wire in wires if wire is not None}
    return back, planned(back.circuit.gates, len(gates), keep | set(range(len(gates))))


def wires(
    circuit: Circuit, given: Collection[str], wrt: Collection[str] | None, option: str = "--wrt"
) -> Mapping[str, int]:
    """The inputs' wires by name; UsageError if the names given, and those that an option wants, do not fit them."""
    found = circuit.inputs
    for name in given:
        if name not in found:
            computed = name in circuit.names
            what = "is computed by the formula, so it takes no value" if computed else "is no variable of the formula"
            raise UsageError(f"{named(name)} {what}", hint=_known(name, found, "-"))
    for name in wrt or ():
        if name not in found:
            inner = f"is computed by the formula, and {option} takes inputs"
            what = inner if name in circuit.names else "is no variable"
            raise UsageError(f"{option}: {named(name)} {what}", hint=_known(name, found, ""))
    missing = [name for name, wire in found.items() if name not in given and circuit.gates[wire].value is None]
    if missing:
        twin = lookalike(missing[0], [*given, *CONSTANTS])
        raise UsageError(
            "no value for " + ", ".join(map(named, missing[:5])) + (" …" if len(missing) > 5 else ""),
            circuit.text,
            circuit.gates[found[missing[0]]].span,
            hint="\n".join(
                ["add " + " ".join(f"-{shown(name, 30)} VALUE" for name in missing[:5])]
                + (apart(missing[0], twin) if twin else [])
                + [f"the gate {name} is written {name}(…)" for name in missing[:1] if name in GATES]
            ),
        )
    return found


def _known(name: str, inputs: Collection[str], dash: str) -> str:
    """What there is instead of a name that is not there."""
    like = meant(name, inputs, dash)
    if like:
        return like
    some = ", ".join(map(named, list(inputs)[:8])) + (" …" if len(inputs) > 8 else "")
    return f"its variables are {some}" if inputs else "it has no variables"
