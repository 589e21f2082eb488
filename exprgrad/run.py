"""A circuit at one point: every value and every gradient.  The readable reference."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from exprgrad.chain import backward
from exprgrad.circuit import Circuit
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


def run(circuit: Circuit, point: Mapping[str, float], wrt: Collection[str] | None = None, upstream: float = 1.0) -> Run:
    """The circuit run forward and backward at a point.

    ``wrt`` names the inputs whose gradients are wanted, all by default; ``upstream`` is the
    gradient that arrives at the output.  Where a value is NaN, so is every gradient through it.
    Raises UsageError for a variable that is missing, unknown or not an input.
    """
    wires = _wires(circuit, point, wrt)
    values = forward(circuit.gates, {wires[name]: float(value) for name, value in point.items()})
    back = _backward(circuit, None if wrt is None else tuple(wrt))
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


def _wires(circuit: Circuit, point: Mapping[str, float], wrt: Collection[str] | None) -> dict[str, int]:
    """The inputs' wires by name; UsageError if names and inputs do not fit."""
    wires = circuit.inputs
    for name in point:
        if name not in wires:
            raise UsageError(_unknown(name, circuit), hint=_known(name, wires, "-"))
    for name in wrt or ():
        if name not in wires:
            raise UsageError(f"--wrt {shown(name)}: {_unknown(name, circuit)}", hint=_known(name, wires, ""))
    missing = [name for name, wire in wires.items() if name not in point and circuit.gates[wire].value is None]
    if missing:
        raise UsageError(
            "no value for " + ", ".join(map(named, missing[:10])) + (" …" if len(missing) > 10 else ""),
            circuit.text,
            circuit.gates[wires[missing[0]]].span,
            hint="\n".join(
                ["add " + " ".join(f"-{shown(name)} VALUE" for name in missing[:10])]
                + [f"the gate {name} is written {name}(…)" for name in missing[:1] if name in GATES]
            ),
        )
    return wires


def _unknown(name: str, circuit: Circuit) -> str:
    if name in circuit.names:
        return f"{named(name)} is computed by the formula, so it takes no value"
    return f"the formula has no variable {named(name)}"


def _known(name: str, wires: Mapping[str, int], dash: str) -> str:
    like = nearest(name, list(wires))
    if like:
        return f"did you mean {dash}{shown(like)}?"
    return f"its variables are {', '.join(map(named, list(wires)[:20]))}" if wires else "it has no variables"
