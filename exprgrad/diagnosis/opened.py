"""A run looked into: the same one without composite gates of the user's, whose gates stand in their places."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache

from exprgrad.circuit import Circuit, Composite
from exprgrad.diagnosis.kinks import Note
from exprgrad.diagnosis.live import piece
from exprgrad.errors import FormulaError
from exprgrad.run import Run, run
from exprgrad.tidy import traced
from exprgrad.values import is_finite, shape, spread


def opened(closed: Run, most: float) -> tuple[Run, Sequence[int] | None]:
    """The run of at most so many gates, and for each of its wires the one of the closed run that it belongs to.

    It is the closed run itself, and None, if there is nothing to open, or if what is finite is another thing then.
    """
    circuit, same = closed.circuit, (closed, None)
    if not any([isinstance(gate.op, Composite) for gate in circuit.gates]):
        return same
    whole, outer = _traced(circuit)
    if len(whole.gates) > most:
        return same
    arrived = closed.gradients[circuit.output]
    upstream = spread(1.0, shape(closed.value)) if arrived is None else arrived
    with suppress(FormulaError):  # its arrays may take more room than there is
        found = run(whole, closed.inputs, list(closed.gradient), upstream)
        if _finite(found) == _finite(closed):
            return found, outer
    return same


@lru_cache(maxsize=8)  # a circuit of many rows is opened once, and has one backward pass
def _traced(circuit: Circuit) -> tuple[Circuit, Sequence[int]]:
    return traced(circuit)


def _finite(run: Run) -> list[bool]:
    return [is_finite(number) for number in (run.value, *run.gradient.values())]


def placed(note: Note, circuit: Circuit, outer: Sequence[int] | None) -> Note:
    """A note on an opened run as one on the circuit that it comes from; it says in which gate it is not finite."""
    if outer is None:
        return note
    wire, report = outer[note.wire], note.report
    if isinstance(circuit.gates[wire].op, Composite) and not note.finite:
        report = report._replace(message=f"{report.message}, in {piece(circuit, wire)}")
    return note._replace(wire=wire, report=report)
