"""What each gate hands to each wire it reads: the terms that add up to a wire's gradient where it forks."""

from __future__ import annotations

from exprgrad.arithmetic.forward import forward
from exprgrad.run import Run
from exprgrad.values import Value, array, shape

Shares = list[tuple[Value | None, ...]]


def shares(run: Run) -> Shares:
    """For each gate of a run the share of the gradient that it hands to each of its inputs, None for none.

    A share has the shape of the wire it is handed to.
    """
    every = everything(run)
    if len(every) == len(run.values):
        return [()] * len(run.values)
    return [
        tuple(
            [
                None if wire is None else fitted(every[wire], run.values[source])
                for wire, source in zip(sent, gate.inputs, strict=False)
            ]
        )
        for sent, gate in zip(run.backward.sent, run.circuit.gates, strict=True)
    ]


def everything(run: Run) -> list[Value]:
    """The values of all wires of ``run.backward.circuit``; of the forward wires only if the output has no gradient."""
    back, seed = run.backward, run.gradients[run.circuit.output]
    if seed is None:
        return run.values
    return forward(back.circuit.gates, {back.seed: seed}, run.values, back.shapes is not None)


def fitted(handed: Value, like: Value) -> Value:
    """What is handed on in the shape of the wire: summed, or broadcast."""
    if shape(handed) == shape(like):
        return handed
    import numpy as np

    from exprgrad.arithmetic.whole import WHOLE

    with np.errstate(all="ignore"):
        return array(WHOLE["sum_to"](handed, like))
