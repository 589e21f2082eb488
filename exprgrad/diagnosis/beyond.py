"""Where derivatives of higher order stopped being finite, though the value and the gradient are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from exprgrad.arithmetic.forward import forward
from exprgrad.calculus.orders import successive
from exprgrad.circuit import KEPT, Builder, Circuit
from exprgrad.diagnosis.kinks import Note
from exprgrad.diagnosis.live import facts, live, piece
from exprgrad.diagnosis.notes import consequence, first_of, noted
from exprgrad.errors import Report
from exprgrad.gates import CONST, Row, Static
from exprgrad.run import Run
from exprgrad.values import Value, is_finite


def beyond(run: Run, numbers: Mapping[str, Value], order: int) -> list[Note]:
    """One note for what is not finite among derivatives up to an order, at the gate where it began.

    There is none if the value or the gradient is not finite, of which notes.py tells.
    """
    bad = {name: found for key, number in numbers.items() for name, found in first_of(key, number)}
    if not bad or not all(map(is_finite, [run.value, *run.gradient.values()])):
        return []
    circuit = run.circuit
    for wire, source, reached, number in _steep(run, order):
        name, by = piece(circuit, wire), piece(circuit, source)
        message = f"the derivative of order {reached} of {name} with respect to {by} is {number!r}"
        report = Report(message, circuit.text, circuit.gates[wire].span, facts(circuit, run.values, wire))
        return [noted(wire, number, report._replace(hint=consequence(bad)), bad)]
    number = next(iter(bad.values()))[0]
    report = Report("the derivatives that meet here are not finite", circuit.text, circuit.gates[circuit.output].span)
    return [noted(circuit.output, number, report._replace(hint=consequence(bad)), bad)]


def _steep(run: Run, order: int) -> Iterator[tuple[int, int, int, float]]:
    """The gates that have a derivative by one of their inputs that is not finite, its order and that number."""
    circuit, values = run.circuit, run.values
    alive = live(circuit, values)
    for wire, gate in enumerate(circuit.gates):
        reads = [values[source] for source in gate.inputs]
        if not alive[wire] or gate.op.whole or any([not isinstance(read, float) for read in reads]):
            continue
        for position, source in enumerate(gate.inputs):
            if circuit.gates[source].op is CONST or run.gradients[source] is None:
                continue
            for reached, further in enumerate(_alone(gate.op, gate.params, position, order)):
                number = forward(further.gates, dict(enumerate(reads)))[further.output]
                if not is_finite(number):
                    yield wire, source, reached, number


@lru_cache(maxsize=KEPT)
def _alone(op: Row, params: tuple[Static, ...], position: int, order: int) -> tuple[Circuit, ...]:
    """A gate's circuit and those of its derivatives by one of its inputs."""
    builder = Builder()
    names = op.parameters(len(op.inputs))
    wire = builder.add(op, tuple([builder.input(name) for name in names]), None, params)
    return successive(builder.circuit(wire), names[position], (), order)
