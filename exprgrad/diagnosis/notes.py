"""Where an infinity, a NaN, a kink or a step began: notes on a run, each with its place."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from exprgrad.arithmetic.forward import rule
from exprgrad.circuit import Circuit
from exprgrad.diagnosis.kinks import Note, edges
from exprgrad.diagnosis.live import facts, live, piece, selected, stated
from exprgrad.diagnosis.lost import MOST, lost
from exprgrad.diagnosis.opened import opened, placed
from exprgrad.diagnosis.rewriting import better, matches, said
from exprgrad.errors import Report, shown
from exprgrad.gates import CONST, INPUT
from exprgrad.run import Run
from exprgrad.values import Place, Value, at, is_finite, pick, product, spots, unbounded


def notes(run: Run) -> list[Note]:
    """What is not finite and where it began, every kink and step the run stands on, then digits that are lost."""
    circuit, alive = run.circuit, live(run.circuit, run.values)
    numbers = {"value": run.value} | {f"grad.{name}": gradient for name, gradient in run.gradient.items()}
    bad = {name: found for key, number in numbers.items() for name, found in first_of(key, number)}
    strange = bad or any([one and not is_finite(value) for one, value in zip(alive, run.values, strict=True)])
    inner, outer = opened(run, math.inf if strange else MOST)
    beginning = () if outer is None and not strange else _not_finite(inner, bad)
    first, last = ([placed(note, circuit, outer) for note in found] for found in (beginning, lost(inner)))
    return [*first, *edges(run, alive), *last]


def _not_finite(run: Run, bad: Mapping[str, tuple[float, int]]) -> Iterator[Note]:
    """One note for all that is not finite, at the place where the first of it began."""
    alive = live(run.circuit, run.values)
    gates = run.circuit.gates
    given: list[bool] = []  # constants, and gates of nothing else: an infinity among them is meant
    for gate in gates:
        given.append(gate.op is CONST or (gate.op is not INPUT and all([given[source] for source in gate.inputs])))
    wires = [
        wire
        for wire, value in enumerate(run.values)
        if alive[wire]
        and spots(selected(run, wire, unbounded(value)))[0]
        and (bad or not (given[wire] or gates[wire].op is INPUT))
    ]
    if not bad and not wires:
        return
    if wires:
        wire = wires[0]
        place = spots(selected(run, wire, unbounded(run.values[wire])))[1]
        report, number = forward_origin(run.circuit, run.values, wire, place), pick(run.values[wire], place)
    else:
        place = ()
        wire, number, report = _backward_origin(run, alive)
    so = consequence(bad) if bad else "the value and the gradients are finite all the same"
    hints = filter(None, [report.hint, _rewrite(run.circuit, run.values, wire, place), so])
    yield noted(wire, number, report._replace(hint="\n".join(hints)), bad)


def consequence(bad: Mapping[str, tuple[float, int]]) -> str:
    """``so grad.x is inf``: the first few of what is not finite."""
    names = ", ".join(
        f"{shown(name)} is {number!r}" + (f" (and {count - 1} more of it not finite)" if count > 1 else "")
        for name, (number, count) in list(bad.items())[:6]
    )
    return f"so {names}" + (f" and {len(bad) - 6} more" if len(bad) > 6 else "")


def noted(wire: int, number: float, report: Report, bad: Mapping[str, tuple[float, int]]) -> Note:
    """The note for what is not finite."""
    stated = {name: repr(number) for name, (number, _) in bad.items()}
    return Note("nan" if number != number else "inf", wire, report, {"numbers": stated})


def first_of(name: str, number: Value) -> Iterator[tuple[str, tuple[float, int]]]:
    """The first element that is not finite, if there is one, and how many there are."""
    count, place = spots(unbounded(number))
    if count:
        yield name + at(place), (pick(number, place), count)


def forward_origin(circuit: Circuit, values: Sequence[Value], wire: int, place: Place) -> Report:
    """What happened at the first wire that is not finite, at the element at a place."""
    gate = circuit.gates[wire]
    op, value = gate.op, pick(values[wire], place)
    name = piece(circuit, wire)
    if op is INPUT:
        return Report(f"{shown(str(gate.name))}{at(place)} is given as {value!r}", circuit.text, gate.span)
    message = f"{name} is {value!r}" + (f" at {at(place)}" if place else "")
    if op is CONST:
        return Report(message, circuit.text, gate.span)
    reads = [values[source] for source in gate.inputs]
    if not op.whole:
        reads = [pick(read, place) for read in reads]
    label = facts(circuit, values, wire, place)
    hint = ""
    if op.domain is not None and not rule(op.domain, op)(*reads, value):
        hint = f"it needs {stated(circuit, wire, op.domain)}"
        hint = next((said for condition, said in op.hints if rule(condition, op)(*reads, value)), hint)
    elif all(map(is_finite, reads)) and value == value:
        hint = "the result is too large for a float64, whose largest is 1.797e308"
    return Report(message, circuit.text, gate.span, label, hint)


def _backward_origin(run: Run, alive: Sequence[bool]) -> tuple[int, float, Report]:
    """The first gradient, from the output back, that is not finite though every value is."""
    circuit = run.circuit
    for wire in range(circuit.output, -1, -1):
        whole, gate = run.gradients[wire], circuit.gates[wire]
        if whole is None or not alive[wire] or not is_finite(whole):
            continue
        for source, slope in zip(gate.inputs, run.locals[wire], strict=False):
            here, name = piece(circuit, wire), piece(circuit, source)
            arrived = run.gradients[source]
            if slope is None and gate.op.whole and arrived is not None and not is_finite(arrived):
                number = pick(arrived, spots(unbounded(arrived))[1])
                report = Report(f"the gradient on {name} is {number!r}", circuit.text, gate.span)
                return wire, number, report._replace(hint=f"it comes through {here}, or adds up there")
            if slope is None:
                continue
            count, place = spots(selected(run, wire, unbounded(product(whole, slope))))
            if not count:
                continue
            gradient, local = pick(whole, place), pick(slope, place)
            return wire, gradient * local, product_origin(run, wire, source, place, gradient, local)
    wire = next(w for w, g in enumerate(run.gradients) if g is not None and not is_finite(g))
    number = pick(run.gradients[wire], spots(unbounded(run.gradients[wire]))[1])
    report = Report("the gradients that add up here are not finite", circuit.text, circuit.gates[wire].span)
    return wire, number, report


def product_origin(run: Run, wire: int, source: int, place: Place, gradient: float, local: float) -> Report:
    """What happened where a gradient times a local gradient is the first product that is not finite."""
    circuit = run.circuit
    here, name = piece(circuit, wire), piece(circuit, source)
    if math.isfinite(local):
        message = f"the gradient on {name} overflows"
        hint = f"{gradient!r} arrives at {here} and is multiplied by {local!r}"
    elif gradient == 0 and local == local:
        message = f"the gradient on {name} is 0·inf: nan"
        hint = f"0 arrives at {here}, whose local gradient is {local!r}: only a limit could tell"
    else:
        message = f"the local gradient of {here} with respect to {name} is {local!r}"
        hint = ""
    label = facts(circuit, run.values, wire, place)
    return Report(message, circuit.text, circuit.gates[wire].span, label, hint)


def _rewrite(circuit: Circuit, values: Sequence[Value], wire: int, place: Place) -> str:
    """The advice to use a better formula, if the wire is part of one that has it."""
    for match in matches(circuit, values, {wire}):
        if math.isfinite(pick(better(match, values), place)):
            pieces = {name: piece(circuit, source) for name, source in match.wires.items()}
            return f"{said(match, pieces)} is {piece(circuit, match.root)} without that"
    return ""
