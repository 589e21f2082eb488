"""What there is to say about true numbers: kinks, infinities, what float64 cannot hold, what has not settled."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from exprgrad.diagnosis.kinks import Note, edges
from exprgrad.diagnosis.live import live
from exprgrad.diagnosis.notes import notes
from exprgrad.errors import Report, shown
from exprgrad.precise.figures import Figure
from exprgrad.precise.precise import Precise
from exprgrad.values import at, spots


def settled(found: Precise) -> Iterator[Note]:
    """The notes; those on what is not finite on float64 only if the true numbers are not either."""
    numbers = dict(named(found))
    poles = [name for name, one in numbers.items() if one.true in ("nan", "inf", "-inf")]
    if poles:
        yield from [note for note in notes(found.run) if not note.finite] or [
            _note(found, "inf", _list(poles, numbers))
        ]
    large = [name for name, one in numbers.items() if math.isinf(one.nearest) and name not in poles]
    if large:
        yield _note(found, "inf", f"{_list(large, numbers)}: beyond float64, whose largest is 1.797e308")
    unknown = [name for name, one in numbers.items() if not one.known]
    if unknown:
        names = ", ".join([f"{name} ({progress(numbers[name], found.digits)})" for name in unknown[:6]])
        more = f" and {len(unknown) - 6:,} more" if len(unknown) > 6 else ""
        hint = (
            f"all of it takes more than {found.digits:,} digits, or it is 0, or hangs on a condition that\n"
            "no number of digits decides, or on numbers beyond 10^(10^76)"
        )
        yield _note(found, "unsettled", f"not settled: {names}{more}", hint)
    yield from true_edges(found)


def true_edges(found: Precise) -> Iterator[Note]:
    """The kinks and steps that the true numbers stand on, whatever float64's do."""
    run = found.run
    same = [not spots(before != after)[0] for before, after in zip(run.values, found.numbers, strict=True)]
    locals_ = [
        local if all([same[source] for source in gate.inputs]) else (None,) * len(local)
        for gate, local in zip(run.circuit.gates, run.locals, strict=True)
    ]  # what float64 has used somewhere else is not used here
    truly = replace(run, values=found.numbers, locals=locals_)
    yield from edges(truly, live(run.circuit, found.numbers), found.edges)


def named(found: Precise) -> Iterator[tuple[str, Figure]]:
    """The figures of the value and the gradients, with their names: ``value``, ``grad.w[0]``."""
    for name, figures in (("value", found.values), *[(f"grad.{name}", one) for name, one in found.gradients.items()]):
        for figure in figures:
            yield shown(name, 30) + at(figure.place), figure


def progress(figure: Figure, digits: int) -> str:
    """How far a number has settled."""
    if figure.settled:
        return f"{figure.settled} digits have settled with {digits:,}"
    if figure.nearest == 0:
        return f"0 as far as {digits:,} digits tell"
    if math.isinf(figure.nearest):
        return "beyond float64 by far"
    return f"nothing has settled with {digits:,} digits"


def _list(names: list[str], numbers: dict[str, Figure]) -> str:
    some = ", ".join([f"{name} is truly {numbers[name].true or 'huge'}" for name in names[:6]])
    return some + (f" and {len(names) - 6:,} more" if len(names) > 6 else "")


def _note(found: Precise, kind: str, message: str, hint: str = "") -> Note:
    circuit = found.run.circuit
    report = Report(message, circuit.text, circuit.gates[circuit.output].span, hint=hint)
    return Note(kind, circuit.output, report, {})
