"""The gradient at kinks as JAX or PyTorch print it: circuit → circuit, with rows that say so.

At a kink a derivative is a choice.  A row states its own and, measured, those of the two; here gates get
rows of their own whose local gradients at the kinks are those, so that whatever is made of the circuit follows.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from exprgrad.circuit import KEPT, Circuit, Composite
from exprgrad.errors import UsageError, named
from exprgrad.gates import Row

STRICT = "strict"  # chooses nothing: whoever runs the circuit refuses its kinks
CONVENTIONS = ("jax", "torch", STRICT)


def convention(circuit: Circuit, name: str | None) -> Circuit:
    """The circuit with the local gradients that one of CONVENTIONS has at kinks, and our own everywhere else.

    A zero that these print at a kink is an ordinary number, not the structural zero of an unselected
    branch: times an infinite local gradient it is NaN.  Without a name the choices are our own.
    """
    if name not in (None, *CONVENTIONS):
        raise UsageError(f"there is no convention {named(str(name))}", hint=f"they are {', '.join(CONVENTIONS)}")
    if name in (None, STRICT) or not any([gate.op.kinks or isinstance(gate.op, Composite) for gate in circuit.gates]):
        return circuit
    gates = tuple([gate._replace(op=_row(gate.op, str(name))) for gate in circuit.gates])
    return Circuit(gates, circuit.names, circuit.output, circuit.text)


@lru_cache(maxsize=KEPT)
def _row(row: Row, name: str) -> Row:
    """The row with another choice at its kinks."""
    if isinstance(row, Composite):
        return row if row.body is None else replace(row, body=convention(row.body, name))
    if row.moves or not row.kinks or row.gradients is None:  # what only moves elements shares a tie evenly, as all do
        return row
    column = CONVENTIONS.index(name)
    gradients, live = [row.computed(position) for position in range(len(row.gradients))], list(row.live)
    for kink in row.kinks:
        choices = [(row.inputs[0], kink.jax, kink.torch), *kink.others]
        for position, (_, *values) in [(row.inputs.index(choice[0]), choice) for choice in choices]:
            gradients[position] = _chosen(row, kink.at, values[column], gradients[position])
            if live and live[position]:
                live[position] = f"({live[position]}) or ({kink.at})"
    return replace(row, gradients=tuple(gradients), sharp=(), live=tuple(live))


def _chosen(row: Row, at: str, value: str, otherwise: str | None) -> str:
    """The local gradient or the pullback of a row with this value where a condition holds."""
    if not row.whole:
        return f"where({at}, {value}, {otherwise})"
    along = ", ".join(["x", *[name for name in row.params if name in ("axis", "keepdims")]])
    return f"where(spread({at}, {along}), spread(g*({value}), {along}), {otherwise})"
