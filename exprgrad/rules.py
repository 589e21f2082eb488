"""What the rows say of gradients, made gates: local gradients, pullbacks, and copies of circuits."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from exprgrad.arithmetic.forward import computing, function
from exprgrad.arithmetic.ieee import Function
from exprgrad.circuit import KEPT, Builder, Circuit, Gate
from exprgrad.gates import CONST, INPUT, ROWS, Param, Row, Static
from exprgrad.language.lower import formula
from exprgrad.tidy import derive, fixed, shared

_NDIM, _WHERE = ROWS["ndim"], ROWS["where"]
_NONE: Mapping[str, Static] = {}
# a local gradient, and the condition under which its input is selected, as functions of a gate's inputs and its value
Slope = tuple[Function | None, Function | None]
_DECIDED = {ROWS["and"]: False, ROWS["or"]: True}  # by an input that is so, whatever the other is


class Local(NamedTuple):
    """A gate's local gradient; where ``guard`` is 0, ``shown`` is 0 and ``wire`` anything."""

    wire: int
    guard: int | None
    shown: int


class Pull(NamedTuple):
    """A gradient for an input; where ``guard`` is 0 it is a structural zero."""

    wire: int
    guard: int | None


def local_gradients(builder: Builder, gate: Gate, out: int, active: Collection[bool]) -> list[Local | None]:
    """A gate's local gradients: its row's formulas over the gate's own wires, for inputs that are active."""
    op, wires, names = gate.op, (*gate.inputs, out), (*gate.op.inputs, "out")
    found: list[Local | None] = []
    slopes: dict[str, int] = {}  # those of max are the same for both inputs
    for position, wanted in enumerate(active):
        text = op.gradient(position) if builder.plain else op.computed(position)
        condition = op.live[position] if op.live else None
        if text is None or not wanted:
            found.append(None)
            continue
        if text not in slopes:
            slopes[text] = instance(builder, _rule(text, names), wires)
        shown = wire = slopes[text]
        guard = None
        if condition is not None:
            guard = instance(builder, _rule(condition, names), wires)
            shown = derive(builder, _WHERE, (guard, wire, builder.const(0.0)))
            if guard in builder.constants:  # selected, or not, whatever the inputs are
                found.append(Local(wire, None, wire) if builder.constants[guard] else None)
                continue
        found.append(Local(wire, guard, shown))
    return found


@lru_cache(maxsize=KEPT)
def slopes(op: Row, known: tuple[str | None, ...] = ()) -> tuple[Slope, ...]:
    """For each input of a gate its Slope; ``known`` has the digits of inputs that are constants.

    There is no condition where the input is always selected, and no local gradient where it never is, or none flows.
    """
    builder, names = Builder(), (*op.inputs, "out")
    wires = list(map(builder.input, names))
    for place, digits in enumerate(known):
        if digits is not None:
            wires[place] = builder.const(float(digits))

    def made(text: str | None) -> int | None:
        return None if text is None else instance(builder, _rule(text, names), tuple(wires))

    def computed(wire: int | None) -> Function | None:
        return None if wire is None else computing(shared(Circuit(tuple(builder.gates), builder.names, wire)))

    found: list[Slope] = []
    for place in range(len(op.inputs)):
        slope, live = made(op.computed(place)), made(op.live[place] if op.live else None)
        if live in builder.constants:
            slope, live = slope if builder.constants[live] else None, None
        found.append((computed(slope), computed(live)))
    return tuple(found)


@lru_cache(maxsize=KEPT)
def decided(op: Row) -> bool:
    """Whether constants among a gate's inputs decide something of its local gradients."""
    texts = [op.computed(place) for place in range(len(op.inputs))]
    return any(op.live) or any([text and _branches(_rule(text, (*op.inputs, "out"))) for text in texts])


def pull(builder: Builder, gate: Gate, out: int, position: int, g: int) -> Pull | None:
    """The pullback of a whole-array gate for one input: what it makes of ``g``, the gradient of its wire ``out``."""
    op = gate.op
    text = op.gradient(position)
    if text is None:
        return None
    settings: dict[str, Static] = dict(zip(op.params, gate.params, strict=True))
    names, wires = op.inputs, gate.inputs
    live = op.live[min(position, len(op.live) - 1)] if op.live else None
    if op.variadic:
        *fixed, star = op.inputs
        here = position - len(fixed)
        if "*" in text:
            names = op.parameters(len(wires))
            several = list(names[len(fixed) :])
            text = _expanded(text, star, several, here, settings)
            live = live and _expanded(live, star, several, here, settings)
        else:  # of many inputs only this one
            names, wires = (*fixed, star[1:]), (*wires[: len(fixed)], wires[position])
            settings["here"] = here
            if "before" in text:
                settings["before"] = _before(builder, gate, position, settings)
    names, wires = (*names, "out", "g"), (*wires, out, g)
    params = tuple(settings)
    guard = None if live is None else instance(builder, _rule(live, names, params), wires, settings)
    return Pull(instance(builder, _rule(text, names, params), wires, settings), guard)


def _before(builder: Builder, gate: Gate, position: int, settings: Mapping[str, Static]) -> int:
    """How much of the axis that inputs are joined along those before this one take."""
    known, axis = builder.shapes or [], _number(settings, Param("axis"))
    return sum([known[source][axis] for source in gate.inputs[:position]])


def _expanded(text: str, star: str, names: list[str], here: int, settings: Mapping[str, Static]) -> str:
    """A pullback's text with the stars of a variadic gate written out (see gates.py)."""
    swapped = list(names)
    place = settings.get("position")
    if isinstance(place, int):
        swapped[place] = "g"
        text = re.sub(r"\bposition\b(?!=)", str(place), text)
    text = re.sub(r"\bhere\b", str(here), text)
    for mark, inputs in ((star, names), ("*g", swapped)):
        text = text.replace(mark, ", ".join(inputs)) if inputs else text.replace(f", {mark}", "")
    return text


@cache
def _rule(text: str, names: tuple[str, ...], params: tuple[str, ...] = ()) -> Circuit:
    """A row's formula as a circuit, its equal gates only once."""
    return shared(formula(text, names, params))


def instance(
    builder: Builder, rule: Circuit, arguments: tuple[int, ...], settings: Mapping[str, Static] = _NONE
) -> int:
    """The wire of a rule's output over these wires, its Params replaced by these settings."""
    return copies(builder, rule, arguments, (rule.output,), settings)[rule.output]


def copies(
    builder: Builder,
    circuit: Circuit,
    arguments: tuple[int, ...],
    wanted: tuple[int, ...],
    settings: Mapping[str, Static] = _NONE,
    seed: int | None = None,
) -> dict[int, int]:
    """For each wire of a circuit whose first wires are its inputs, the wire of its derived copy.

    Only what the ``wanted`` wires need is copied.  ``seed`` takes the
    place of a further input, such as the gradient that arrives at a circuit's output.
    """
    wires = dict(enumerate(arguments))
    ranks = () if builder.shapes is None else tuple([len(builder.shapes[wire]) for wire in arguments])
    for wire, chosen in _plan(circuit, len(arguments), ranks, wanted, _constants(builder, circuit, arguments)):
        op, inputs, _, _, value, params = circuit.gates[wire]
        if chosen is not None:
            wires[wire] = wires[chosen]
        elif op is INPUT and seed is not None:
            wires[wire] = seed
        elif isinstance(value, Param):
            wires[wire] = builder.const(float(_number(settings, value)))
        elif value is not None:
            wires[wire] = builder.const(value)
        else:
            if settings:
                params = tuple([settings[one.name] if isinstance(one, Param) else one for one in params])
            wires[wire] = derive(builder, op, tuple([wires[source] for source in inputs]), params)
    return wires


def _number(settings: Mapping[str, Static], param: Param) -> int:
    value = settings[param.name]
    return value if isinstance(value, int) else 0


def _constants(builder: Builder, circuit: Circuit, arguments: tuple[int, ...]) -> tuple[float | None, ...]:
    """The arguments that are constants, if a ``where`` may ask for them: of x^2 the 2."""
    if not builder.folds or not _branches(circuit):
        return ()
    found = tuple([fixed(builder, wire) or None for wire in arguments])  # of 0 and -0 a cache knows only one
    return found if any(found) else ()


@lru_cache(maxsize=KEPT)
def _branches(circuit: Circuit) -> bool:
    """Whether there is a ``where``."""
    return any([gate.op is _WHERE for gate in circuit.gates])


@lru_cache(maxsize=KEPT)
def _plan(
    circuit: Circuit, count: int, ranks: tuple[int, ...], wanted: tuple[int, ...], constants: tuple[float | None, ...]
) -> tuple[tuple[int, int | None], ...]:
    """The wires to copy, in order, each with the wire that it is if a rank or a constant decides its ``where``.

    ``where(ndim(b) == 1, …, …)`` is decided here, before the branch that makes no sense is built.
    """
    gates = circuit.gates
    known = {wire: value for wire, value in enumerate(constants) if value is not None}
    chosen: dict[int, int] = {}
    if ranks or known:
        for wire, (op, inputs, _, _, value, _) in enumerate(gates):
            if op is _NDIM and inputs[0] < count:
                known[wire] = float(ranks[inputs[0]])
            elif op is CONST and isinstance(value, float):
                known[wire] = value
            elif op is _WHERE and inputs[0] in known:
                chosen[wire] = inputs[1] if known[inputs[0]] else inputs[2]
            elif inputs and not op.whole and all([source in known for source in inputs]):
                known[wire] = function(op)(*[known[source] for source in inputs])
            elif op in _DECIDED and _DECIDED[op] in [bool(known[source]) for source in inputs if source in known]:
                known[wire] = float(_DECIDED[op])
    needed = set(wanted)
    for wire in range(len(gates) - 1, count - 1, -1):
        if wire in needed:
            needed.update([chosen[wire]] if wire in chosen else gates[wire].inputs)
    return tuple([(wire, chosen.get(wire)) for wire in range(count, len(gates)) if wire in needed])
