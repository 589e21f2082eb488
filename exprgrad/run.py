"""A circuit at one point: every value and every gradient.  The readable reference."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from exprgrad.chain import backward
from exprgrad.circuit import Circuit, uncollected
from exprgrad.errors import UsageError, named, nearest, shown
from exprgrad.forward import forward
from exprgrad.gates import GATES


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """What one point gives, wire by wire.

    ``gradients[k]`` is the derivative of the output with respect to wire k, None for a wire that
    carries none: a constant, a condition, an input left out of ``wrt``.  ``locals[k]`` has the
    local gradient of gate k with respect to each wire it reads, None where none flows.
    """

    circuit: Circuit
    values: list[float]
    gradients: list[float | None]
    locals: list[tuple[float | None, ...]]

    @property
    def value(self) -> float:
        """The output's value."""
        return self.values[self.circuit.output]

    @property
    def inputs(self) -> dict[str, float]:
        """The inputs' values by name."""
        return {name: self.values[wire] for name, wire in self.circuit.inputs.items()}

    @property
    def gradient(self) -> dict[str, float]:
        """The output's gradient by input."""
        found = {name: self.gradients[wire] for name, wire in self.circuit.inputs.items()}
        return {name: gradient for name, gradient in found.items() if gradient is not None}


@uncollected()
def run(
    circuit: Circuit,
    point: Mapping[str, float],
    wrt: Collection[str] | None = None,
    upstream: float = 1.0,
    *,
    guards: bool = True,
) -> Run:
    """The circuit run forward and backward at a point.

    ``wrt`` names the inputs whose gradients are wanted, all by default; ``upstream`` is the
    gradient that arrives at the output; ``guards`` are backward's.  Where a value is NaN, so is
    every gradient through it.
    Raises UsageError for a variable that is missing, unknown or not an input.
    """
    known = wires(circuit, point, wrt)
    values = forward(circuit.gates, {known[name]: float(value) for name, value in point.items()})
    back = _backward(circuit, None if wrt is None else tuple(wrt), guards)
    seed = upstream if values[circuit.output] == values[circuit.output] else values[circuit.output]
    every = forward(back.circuit.gates, {back.seed: seed}, values)
    gradients: list[float | None] = []
    locals_: list[tuple[float | None, ...]] = []
    for wire, value in enumerate(values):
        source = back.gradient[wire]
        gradients.append(every[source] if source is not None else 0.0 if back.active[wire] else None)
        found = [None if local is None else every[local] for local in back.local[wire]]
        if value != value:  # a NaN
            found = [None if local is None else value for local in found]
        locals_.append(tuple(found))
    return Run(circuit, values, gradients, locals_)


_backward = lru_cache(maxsize=8)(backward)  # a circuit run at many points has one backward pass


def wires(circuit: Circuit, given: Collection[str], wrt: Collection[str] | None) -> dict[str, int]:
    """The inputs' wires by name; UsageError if the names given and wanted do not fit them."""
    found = circuit.inputs
    for name in given:
        if name not in found:
            computed = name in circuit.names
            what = "is computed by the formula, so it takes no value" if computed else "is no variable of the formula"
            raise UsageError(f"{named(name)} {what}", hint=_known(name, found, "-"))
    for name in wrt or ():
        if name not in found:
            what = "is computed by the formula, and --wrt takes inputs" if name in circuit.names else "is no variable"
            raise UsageError(f"--wrt: {named(name)} {what}", hint=_known(name, found, ""))
    missing = [name for name, wire in found.items() if name not in given and circuit.gates[wire].value is None]
    if missing:
        raise UsageError(
            "no value for " + ", ".join(map(named, missing[:5])) + (" …" if len(missing) > 5 else ""),
            circuit.text,
            circuit.gates[found[missing[0]]].span,
            hint="\n".join(
                ["add " + " ".join(f"-{shown(name, 30)} VALUE" for name in missing[:5])]
                + [f"the gate {name} is written {name}(…)" for name in missing[:1] if name in GATES]
            ),
        )
    return found


def _known(name: str, inputs: Collection[str], dash: str) -> str:
    """What there is instead of a name that is not there."""
    like = nearest(name, list(inputs))
    if like:
        return f"did you mean {dash}{shown(like)}?"
    some = ", ".join(map(named, list(inputs)[:8])) + (" …" if len(inputs) > 8 else "")
    return f"its variables are {some}" if inputs else "it has no variables"
