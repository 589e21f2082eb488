"""What a gate computes: the value of one gate, and of every gate of a circuit, on float64."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from exprgrad.arithmetic.ieee import PRIMITIVES, Function, total
from exprgrad.arithmetic.special import SPECIAL
from exprgrad.circuit import KEPT, Circuit, Gate, Plan
from exprgrad.errors import FormulaError, GateError
from exprgrad.gates import CONST, INPUT, Param, Row, Static
from exprgrad.language.lower import body, formula
from exprgrad.values import Value


@lru_cache(maxsize=KEPT)
def function(row: Row) -> Function:
    """The function of a gate: its body's for a composite gate, else ieee's, special's or math's."""
    inside = body(row)
    if inside is not None:
        return computing(inside)
    if row.name in PRIMITIVES:
        return PRIMITIVES[row.name]
    if row.name in SPECIAL:
        return SPECIAL[row.name]
    return total(vars(math)[row.name])


def forward(
    gates: Sequence[Gate],
    inputs: Mapping[int, Value],
    known: Sequence[Value] = (),
    arrays: bool = False,
    plan: Plan | None = None,
) -> list[Value]:
    """The value of every wire, each gate evaluated once.

    ``inputs`` gives values by the input's wire; an input without one there has its default.
    ``known`` are the values of the first wires, from an earlier call.  With ``arrays``, wires may
    be arrays, and a ``plan`` says which of them are computed, and when they are let go.
    """
    if arrays:
        found: list[Value] = _arrays().forward(gates, inputs, function, known, plan)
        return found
    values = list(known)
    append = values.append
    for wire in range(len(values), len(gates)):
        op, sources, _, _, value, _ = gates[wire]
        if op is CONST:
            append(value)
        elif op is INPUT:
            append(inputs[wire] if value is None or wire in inputs else value)
        else:
            append(function(op)(*[values[source] for source in sources]))
    return values


def planned(gates: Sequence[Gate], start: int, keep: Collection[int]) -> Plan:
    """The wires from ``start`` on that those to keep depend on, each with the wires that are done with it."""
    needed = set(keep)
    plan: list[tuple[int, Sequence[int]]] = []
    for wire in range(len(gates) - 1, start - 1, -1):
        if wire in needed:
            done = {source for source in gates[wire].inputs if source not in needed}
            needed |= done
            plan.append((wire, tuple(done)))
    return plan[::-1]


@lru_cache(maxsize=KEPT)
def rule(text: str, row: Row, params: tuple[Static, ...] = ()) -> Callable[..., Value]:
    """A fact of a row (a condition, a slope) as a function of the gate's inputs and its value.

    ``params`` are the gate's settings.
    """
    inside = fact(text, row, params)
    call = computing(inside)
    if isinstance(inside.gates[inside.output].value, float):  # a number, whatever the inputs are
        return call

    def either(*values: Value) -> Value:
        if row.whole or any([not isinstance(value, (float, int)) for value in values]):
            return forward(inside.gates, dict(enumerate(values)), arrays=True)[inside.output]
        return call(*values)

    return either


def fact(text: str, row: Row, params: tuple[Static, ...] = ()) -> Circuit:
    """A fact of a row as a circuit; its first wires are the gate's inputs and its value."""
    return _bound(formula(text, (*row.inputs, "out"), row.params), dict(zip(row.params, params, strict=True)))


def _bound(circuit: Circuit, settings: Mapping[str, Static]) -> Circuit:
    """A circuit with these settings in the places of its Params."""
    if not settings:
        return circuit
    gates = []
    for gate in circuit.gates:
        if isinstance(gate.value, Param):
            number = settings[gate.value.name]
            gates.append(gate._replace(value=float(number) if isinstance(number, int) else 0.0))
        else:
            params = [settings[one.name] if isinstance(one, Param) else one for one in gate.params]
            gates.append(gate._replace(params=tuple(params)))
    return Circuit(tuple(gates), circuit.names, circuit.output, circuit.text)


def computing(inside: Circuit) -> Function:
    """The function that a circuit computes, over its inputs, which are its first wires."""
    output = inside.output
    op, _, _, _, value, _ = inside.gates[output]
    constant: Any = value
    if op is CONST:
        return lambda *_: constant
    if op is INPUT:
        return lambda *values: values[output]

    def call(*values: float) -> float:
        found = list(values)
        for compute, sources, number in steps(inside):
            found.append(number if compute is None else compute(*[found[source] for source in sources]))
        return found[output]

    return call


@lru_cache(maxsize=KEPT)
def steps(circuit: Circuit) -> list[tuple[Function | None, tuple[int, ...], Any]]:
    """What a circuit does with its inputs: gate by gate a function and what it reads, or a constant."""
    gates = circuit.gates[len(circuit.inputs) :]
    return [(None if op is CONST else function(op), inputs, value) for op, inputs, _, _, value, _ in gates]


@contextmanager
def told(circuit: Circuit) -> Iterator[None]:
    """What a gate cannot do with its values is told as a FormulaError with the gate's place."""
    try:
        yield
    except GateError as error:
        gates = circuit.gates
        gate = gates[error.wire] if error.wire < len(gates) else None
        where = (circuit.piece(error.wire, 30) if gate else "") or "in the gradient"
        raise FormulaError(
            f"{where}: {error.why}", circuit.text, gate.span if gate else None, hint=error.hint
        ) from None


def _arrays() -> Any:
    """NumPy's side, imported when the first array is there."""
    from exprgrad.arithmetic import arrays

    return arrays
