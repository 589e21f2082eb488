"""Where an infinity, a NaN, a kink or a step began: notes on a run, each with its place."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from functools import cache

from exprgrad.circuit import Circuit
from exprgrad.errors import Report, shown
from exprgrad.forward import function, rule
from exprgrad.gates import CONST, GATES, INPUT
from exprgrad.kinks import Note, edges
from exprgrad.live import facts, inside, live, piece
from exprgrad.lower import formula
from exprgrad.run import Run

# Formulas that overflow or have no gradient somewhere, and the gate that is the same and has.
_REWRITES = (
    ("1/(1 + exp(-x))", "sigmoid"),
    ("1/(exp(-x) + 1)", "sigmoid"),
    ("exp(x)/(1 + exp(x))", "sigmoid"),
    ("exp(x)/(exp(x) + 1)", "sigmoid"),
    ("log(1 + exp(x))", "softplus"),
    ("log(exp(x) + 1)", "softplus"),
    ("log(exp(x) + exp(y))", "logaddexp"),
    ("log(sigmoid(x))", "logsigmoid"),
    ("sqrt(x^2 + y^2)", "hypot"),
    ("sqrt(x*x + y*y)", "hypot"),
    ("sqrt(x^2)", "abs"),
    ("x*log(y)", "xlogy"),
    ("(exp(x) - exp(-x))/(exp(x) + exp(-x))", "tanh"),
)


def notes(run: Run) -> list[Note]:
    """What is not finite and where it began, then every kink and step the run stands on."""
    alive = live(run.circuit, run.values)
    return [*_not_finite(run, alive), *edges(run, alive)]


def _not_finite(run: Run, alive: Sequence[bool]) -> Iterator[Note]:
    """One note for all that is not finite, at the place where the first of it began."""
    numbers = {"value": run.value} | {f"grad.{name}": gradient for name, gradient in run.gradient.items()}
    bad = {name: repr(number) for name, number in numbers.items() if not math.isfinite(number)}
    gates = run.circuit.gates
    given: list[bool] = []  # constants, and gates of nothing else: an infinity among them is meant
    for gate in gates:
        given.append(gate.op is CONST or (gate.op is not INPUT and all([given[source] for source in gate.inputs])))
    wires = [
        wire
        for wire, value in enumerate(run.values)
        if alive[wire] and not math.isfinite(value) and (bad or not (given[wire] or gates[wire].op is INPUT))
    ]
    if not bad and not wires:
        return
    if wires:
        report, number = _forward_origin(run.circuit, run.values, wires[0]), run.values[wires[0]]
        wire = wires[0]
    else:
        wire, number, report = _backward_origin(run, alive)
    names = ", ".join(f"{shown(name)} is {text}" for name, text in list(bad.items())[:6])
    more = f" and {len(bad) - 6} more" if len(bad) > 6 else ""
    consequence = f"so {names}{more}" if bad else "the value and the gradients are finite all the same"
    hints = filter(None, [report.hint, _rewrite(run.circuit, run.values, wire), consequence])
    kind = "nan" if number != number else "inf"
    yield Note(kind, wire, report._replace(hint="\n".join(hints)), {"numbers": dict(bad)})


def _forward_origin(circuit: Circuit, values: Sequence[float], wire: int) -> Report:
    """What happened at the first wire that is not finite."""
    gate = circuit.gates[wire]
    op, value = gate.op, values[wire]
    name = piece(circuit, wire)
    if op is INPUT:
        return Report(f"{shown(str(gate.name))} is given as {value!r}", circuit.text, gate.span)
    if op is CONST:
        return Report(f"{name} is {value!r}", circuit.text, gate.span)
    reads = [values[source] for source in gate.inputs]
    body = inside(circuit, values, wire)
    if body is not None:
        inner, found = body
        first = next((w for w, v in enumerate(found) if not math.isfinite(v) and inner.gates[w].inputs), None)
        if first is not None:
            report = _forward_origin(inner, found, first)
            return report._replace(message=f"{report.message}, in {name}")
    label = facts(circuit, values, wire)
    hint = ""
    if op.domain is not None and not rule(op.domain, op)(*reads, value):
        pieces = {parameter: piece(circuit, source) for parameter, source in zip(op.inputs, gate.inputs, strict=True)}
        hint = "it needs " + re.sub(r"\b[a-z]+\b", lambda word: pieces.get(word[0], word[0]), op.domain)
        hint = next((said for condition, said in op.hints if rule(condition, op)(*reads, value)), hint)
    elif all(map(math.isfinite, reads)) and value == value:
        hint = "the result is too large for a float64, whose largest is 1.797e308"
    return Report(f"{name} is {value!r}", circuit.text, gate.span, label, hint)


def _backward_origin(run: Run, alive: Sequence[bool]) -> tuple[int, float, Report]:
    """The first gradient, from the output back, that is not finite though every value is."""
    circuit = run.circuit
    for wire in range(circuit.output, -1, -1):
        gradient, gate = run.gradients[wire], circuit.gates[wire]
        if gradient is None or not alive[wire] or not math.isfinite(gradient):
            continue
        for source, local in zip(gate.inputs, run.locals[wire], strict=False):
            if local is None or math.isfinite(gradient * local):
                continue
            here, name = piece(circuit, wire), piece(circuit, source)
            label = facts(circuit, run.values, wire)
            if math.isfinite(local):
                message = f"the gradient on {name} overflows"
                hint = f"{gradient!r} arrives at {here} and is multiplied by {local!r}"
            elif gradient == 0 and local == local:
                message = f"the gradient on {name} is 0·inf: nan"
                hint = f"0 arrives at {here}, whose local gradient is {local!r}: only a limit could tell"
            else:
                message = f"the local gradient of {here} with respect to {name} is {local!r}"
                hint = ""
            return wire, gradient * local, Report(message, circuit.text, gate.span, label, hint)
    wire = next(w for w, g in enumerate(run.gradients) if g is not None and not math.isfinite(g))
    number = run.gradients[wire] or 0.0
    report = Report("the gradients that add up here are not finite", circuit.text, circuit.gates[wire].span)
    return wire, number, report


def _rewrite(circuit: Circuit, values: Sequence[float], wire: int) -> str:
    """The advice to use a better gate, if the wire is part of a formula that has one."""
    for root in range(wire, min(wire + 8, len(circuit.gates))):
        for text, name in _REWRITES:
            pattern = _pattern(text)
            bound = _match(circuit, root, pattern, pattern.output, {})
            if bound is None:
                continue
            row = GATES[name][0]
            sources = [bound[parameter] for parameter in ("x", "y")[: len(row.inputs)]]
            if math.isfinite(function(row)(*[values[source] for source in sources])):
                pieces = ", ".join(piece(circuit, source) for source in sources)
                return f"{name}({pieces}) is {piece(circuit, root)} without that"
    return ""


@cache
def _pattern(text: str) -> Circuit:
    return formula(text, ("x", "y"))


def _match(circuit: Circuit, wire: int, pattern: Circuit, at: int, bound: dict[str, int]) -> dict[str, int] | None:
    """The wires that a pattern's inputs stand for if it fits here; sums and products fit both ways.

    Patterns are a handful of gates, so this may recurse.
    """
    gate, wanted = circuit.gates[wire], pattern.gates[at]
    if wanted.op is INPUT:
        name = str(wanted.name)
        return bound | {name: wire} if bound.get(name, wire) == wire else None
    if gate.op is not wanted.op or gate.value != wanted.value:
        return None
    orders = [gate.inputs, gate.inputs[::-1]] if gate.op.name in ("add", "mul") else [gate.inputs]
    for order in orders:
        found: dict[str, int] | None = bound
        for source, part in zip(order, wanted.inputs, strict=True):
            found = found if found is None else _match(circuit, source, pattern, part, found)
        if found is not None:
            return found
    return None
