"""Rewrites found in a circuit, and the circuit with a better formula in the place of another one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from exprgrad.arithmetic.forward import forward
from exprgrad.circuit import Builder, Circuit, Gate
from exprgrad.diagnosis.rewrites import DEEP, NAMES, REWRITES, SETTINGS, Rewrite
from exprgrad.gates import CONST, INPUT, Param, Static
from exprgrad.language.lower import formula
from exprgrad.rules import instance
from exprgrad.tidy import alike, copied, named, needed
from exprgrad.values import Value, shape, spots


class Match(NamedTuple):
    """Where a rewrite fits: the wire of its formula, those between it and the inputs, the inputs, the settings."""

    rewrite: Rewrite
    root: int
    within: tuple[int, ...]
    wires: Mapping[str, int]
    settings: Mapping[str, Static]


def matches(circuit: Circuit, values: Sequence[Value], near: Collection[int]) -> Iterator[Match]:
    """The rewrites of formulas in which one of these wires is, and that are the same formula at these values."""
    same = alike(circuit.gates)
    above: dict[int, int] = {}  # the wires that are made of those, and by how many gates
    for root, gate in enumerate(circuit.gates):
        above[root] = 0 if root in near else 1 + min([above.get(source, DEEP) for source in gate.inputs], default=DEEP)
        for rewrite in _by_gate().get(gate.op.name, ()) if above[root] < DEEP else ():
            found = _Fit(circuit, same, pattern(rewrite.pattern))
            if found.at(root, found.pattern.output) and not found.within.isdisjoint(near):
                match = found.match(rewrite, root)
                if _holds(match, {name: values[wire] for name, wire in match.wires.items()}):
                    yield match


def better(match: Match, values: Sequence[Value]) -> Value:
    """The value of the better formula."""
    builder = Builder()
    inputs = {name: builder.input(name) for name in match.wires}
    given = {inputs[name]: values[wire] for name, wire in match.wires.items()}
    wire = instance(builder, pattern(match.rewrite.formula), _all(inputs), match.settings)
    return forward(builder.gates, given, arrays=_arrays(given.values()))[wire]


def applied(circuit: Circuit, match: Match) -> Circuit:
    """The circuit with the better formula, without the gates that nobody reads any more."""
    builder, wires = Builder(), dict[int, int]()
    kept = [*needed(circuit.gates, {circuit.output})]
    for wire in kept:
        if wire == match.root:
            given = {name: wires[source] for name, source in match.wires.items()}
            wires[wire] = new = instance(builder, pattern(match.rewrite.formula), _all(given), match.settings)
            if new not in given.values():
                builder.gates[new] = builder.gates[new]._replace(span=circuit.gates[wire].span)
        else:
            wires[wire] = copied(builder, circuit.gates[wire], wires)
    return _pruned(named(builder, circuit, wires))


def said(match: Match, pieces: Mapping[str, str]) -> str:
    """The better formula with these pieces of text for its inputs, in parentheses where they need them."""

    def piece(found: re.Match[str]) -> str:
        text = pieces[found[2]]
        whole = found[1] in ("", "(", ", ") and found[3] in ("", ")", ",")
        alone = whole or re.fullmatch(r"\w+", text)
        return f"{found[1]}{text if alone else f'({text})'}"

    settings = {name: value for name, value in match.settings.items() if value not in (None, 0)}
    text = match.rewrite.formula
    for name in SETTINGS:
        text = text.replace(f", {name}", f", {name}={settings[name]}" if name in settings else "")
    return re.sub(r"(^|\(|, |[\s*/^-])([xyz])(?=($|[),\s*/^]))", piece, text)


@cache
def pattern(text: str) -> Circuit:
    """The circuit of one side of a rewrite."""
    return formula(text, NAMES, SETTINGS)


@cache
def _by_gate() -> dict[str, list[Rewrite]]:
    """The rewrites by the gate that their pattern ends with."""
    found: dict[str, list[Rewrite]] = {}
    for rewrite in REWRITES:
        circuit = pattern(rewrite.pattern)
        found.setdefault(circuit.gates[circuit.output].op.name, []).append(rewrite)
    return found


class _Fit:
    """A pattern laid over a part of a circuit; patterns are a handful of gates, so this may recurse."""

    def __init__(self, circuit: Circuit, alike: Sequence[int], pattern: Circuit) -> None:
        self.circuit = circuit
        self.alike = alike
        self.pattern = pattern
        self.bound: dict[str, int] = {}
        self.settings: dict[str, Static] = {}
        self.within: set[int] = set()

    def at(self, wire: int, part: int) -> bool:
        """Whether a part of the pattern fits at a wire; if it does, what it stands for is kept."""
        gate, wanted = self.circuit.gates[wire], self.pattern.gates[part]
        if wanted.op is INPUT:
            return self.alike[self.bound.setdefault(str(wanted.name), wire)] == self.alike[wire]
        number = wanted.value is None or (isinstance(gate.value, float) and gate.value == wanted.value)
        if gate.op.name != wanted.op.name or not number or not self._set(gate, wanted):
            return False
        before = dict(self.bound), dict(self.settings), set(self.within)
        self.within.add(wire)
        for order in (gate.inputs, gate.inputs[::-1])[: 1 + (gate.op.name in ("add", "mul"))]:
            if all([self.at(*pair) for pair in zip(order, wanted.inputs, strict=True)]):
                return True
            self.bound, self.settings, self.within = dict(before[0]), dict(before[1]), {*before[2], wire}
        self.bound, self.settings, self.within = before
        return False

    def _set(self, gate: Gate, wanted: Gate) -> bool:
        """Whether the settings fit."""
        for one, here in zip(wanted.params, gate.params, strict=True):
            known = self.settings.setdefault(one.name, here) if isinstance(one, Param) else one
            if known != here:
                return False
        return True

    def match(self, rewrite: Rewrite, root: int) -> Match:
        """What was found."""
        constants = self.circuit.gates
        within = tuple(sorted([wire for wire in self.within if constants[wire].op is not CONST]))
        return Match(rewrite, root, within, self.bound, {"axis": None, "keepdims": 0, **self.settings})


def _holds(match: Match, values: Mapping[str, Value]) -> bool:
    """Whether both sides are the same formula here, as far as the table says."""
    if not match.rewrite.when:
        return True
    condition = pattern(match.rewrite.when)
    given = dict(enumerate(_all(values)))
    found = forward(condition.gates, given, arrays=_arrays(values.values()))[condition.output]
    return not spots(found == 0)[0]


def _all(given: Mapping[str, Any]) -> tuple[Any, ...]:
    """What x, y and z stand for; those that a rewrite does not have are not read."""
    return tuple([given.get(name, given["x"]) for name in NAMES])


def _arrays(values: Collection[Value]) -> bool:
    return any(shape(value) for value in values)


def _pruned(circuit: Circuit) -> Circuit:
    """The circuit without the gates that its output does not need; its inputs all stay."""
    builder, wires = Builder(), dict[int, int]()
    for wire in needed(circuit.gates, {circuit.output}):
        wires[wire] = copied(builder, circuit.gates[wire], wires)
    return named(builder, circuit, wires)
