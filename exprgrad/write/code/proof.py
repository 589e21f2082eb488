"""This run's point and answer, for the assertions at the end of generated code, and how far off rounding may be."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import NamedTuple

from exprgrad.arithmetic.forward import forward
from exprgrad.circuit import Gate
from exprgrad.gates import CONST, INPUT, ROWS
from exprgrad.run import Run
from exprgrad.values import Value, is_finite
from exprgrad.write.code.listing import Listing

_RELATIVE = 1e-12
_TIMES = 16  # as far off as the last digits move it
_ADD, _MUL = ROWS["add"], ROWS["mul"]
_NEAR_ZERO = (ROWS["lgamma"], ROWS["digamma"])  # whose errors next to a zero are absolute


class Proof(NamedTuple):
    """What the code is to give at a point: for ``value`` and each ``grad.x`` the number and how far off it may be.

    ``finite`` says whether every number on the way is.
    """

    point: Mapping[str, Value]
    answers: Mapping[str, tuple[Value, float]]
    finite: bool


def prove(found: Listing, run: Run) -> Proof:
    """The proof for a listing, of a run at its point."""
    point = run.inputs
    inputs = {wire: point[name] for name, wire in found.inputs.items()}
    outputs = {"value": found.value, **{f"grad.{name}": wire for name, wire in found.gradient.items()}}
    stated = {"value": run.value, **{f"grad.{name}": gradient for name, gradient in run.gradient.items()}}
    arrays = found.shapes is not None
    exact = forward(found.gates, inputs, arrays=arrays)
    moved = [_rounded(found, inputs, exact, seed) for seed in range(3)]
    answers = {}
    for name, wire in outputs.items():
        off = max([_size(values[place[wire]] - exact[wire]) for place, values in moved])
        answers[name] = (stated[name], max(_RELATIVE * _size(stated[name]), _TIMES * off))
    finite = all([is_finite(exact[wire]) for wire in found.wires if found.gates[wire].op is not CONST])
    return Proof(point, answers, finite)


def arriving(run: Run) -> Value:
    """The gradient that arrives in a run; 1 where the value is NaN, as it is blanked out there."""
    upstream = run.gradients[run.circuit.output]
    if upstream is None:
        return 1.0
    if isinstance(upstream, float):
        return upstream if run.value == run.value else 1.0
    import numpy as np

    return np.where(np.isnan(run.value), 1.0, upstream)


def _rounded(
    found: Listing, inputs: Mapping[int, Value], exact: list[Value], seed: int
) -> tuple[dict[int, int], list[Value]]:
    """The values where every gate's last digit is off, but for whole numbers, and each wire's place among them."""
    gates: list[Gate] = []
    place: dict[int, int] = {}
    for wire, gate in enumerate(found.gates):
        gates.append(gate._replace(inputs=tuple([place[source] for source in gate.inputs])))
        if gate.op in (INPUT, CONST):
            pass
        elif gate.op in _NEAR_ZERO or not _whole(exact[wire]):
            last = 2.0**-52 if wire * 0x9E3779B1 >> (8 + 7 * seed) & 1 else -(2.0**-52)  # up and down as if at random
            off = gate.op in _NEAR_ZERO
            gates.append(Gate(CONST, value=last if off else 1 + last))
            gates.append(Gate(_ADD if off else _MUL, (len(gates) - 2, len(gates) - 1)))
        place[wire] = len(gates) - 1
    return place, forward(
        gates, {place[wire]: value for wire, value in inputs.items()}, arrays=found.shapes is not None
    )


def _whole(value: Value) -> bool:
    """Whether all numbers are whole, and as a rule not rounded; or not finite."""
    if isinstance(value, float):
        return not isfinite(value) or value == int(value)
    return bool((value == value // 1).all())


def _size(value: Value) -> float:
    """The largest of the numbers that are finite, 0 if there is none."""
    if isinstance(value, float):
        return abs(value) if isfinite(value) else 0.0
    import numpy as np

    return float(np.max(np.abs(value), where=np.isfinite(value), initial=0.0))
