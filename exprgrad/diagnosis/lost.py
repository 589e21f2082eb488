"""Whether rounding has cost more than half of the value's digits: known from the run alone.

A first-order estimate: what a gate's value may be rounded, times the gradient there, is what the output may
be off.  It is for short formulas of numbers, and says nothing where it may be wrong.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from exprgrad.circuit import Circuit
from exprgrad.diagnosis.kinks import Note
from exprgrad.diagnosis.live import piece
from exprgrad.errors import Report
from exprgrad.gates import CONST, INPUT
from exprgrad.run import Run
from exprgrad.tidy import alike

MOST = 200  # gates
_HALF = 1e-7  # of the output, that it may be off
_ROUNDING = 2.0**-53
_POWER = 16  # that is looked at


def lost(run: Run) -> Iterator[Note]:
    """A note on the first gate whose rounding does that."""
    circuit, values = run.circuit, run.values
    if run.arrays or len(circuit.gates) > MOST or not math.isfinite(run.value):
        return
    same, exact = alike(circuit.gates), list[bool]()
    gradients = [0.0] * len(values)
    for wire, gradient in zip(same, run.gradients, strict=True):
        gradients[wire] += gradient or 0.0  # equal gates are rounded in the same way
    for wire, (value, gradient) in enumerate(zip(values, gradients, strict=True)):
        off = _ROUNDING * abs(value * gradient)
        if not _HALF * abs(run.value) < off < math.inf:
            continue
        exact = exact or _exact(circuit, values)
        if exact[wire] or (run.value == 0 and not _vanishes(circuit, values, exact, wire)):
            continue
        message = f"the rounding of {piece(circuit, wire)} costs more than half of the digits"
        yield Note("lost", wire, Report(f"{message}: --precise gives the true numbers"), {})
        return


def _vanishes(circuit: Circuit, values: Sequence[float], exact: Sequence[bool], wire: int) -> bool:
    """Whether a value is rounded to a number that is then taken away from it, and surely was another one."""
    sources = circuit.gates[wire].inputs
    if not all([exact[source] for source in sources]) or all([values[one].is_integer() for one in sources]):
        return False  # of whole numbers it may well be that number itself
    for gate in circuit.gates:
        if gate.op.name in ("add", "sub") and wire in gate.inputs:
            other = gate.inputs[gate.inputs[0] == wire]
            if exact[other] and abs(values[other]) == abs(values[wire]):
                return True
    return False


def _exact(circuit: Circuit, values: Sequence[float]) -> list[bool]:
    """For each wire whether its value is surely not rounded."""
    found: list[bool] = []
    for wire, gate in enumerate(circuit.gates):
        given = gate.op is INPUT or gate.op is CONST
        found.append(given or (all([found[source] for source in gate.inputs]) and _is_exact(circuit, values, wire)))
    return found


def _is_exact(circuit: Circuit, values: Sequence[float], wire: int) -> bool:
    """Whether a gate rounds nothing."""
    from fractions import Fraction

    op, out = circuit.gates[wire].op, values[wire]
    reads = [values[source] for source in circuit.gates[wire].inputs]
    if op.name in ("neg", "pos", "abs", "max", "min", "where") or not any(reads):
        return True
    if not all(map(math.isfinite, [*reads, out])):
        return False
    here, numbers = Fraction(out), list(map(Fraction, reads))
    if op.name == "sqrt":
        return here * here == numbers[0]
    if op.name == "pow" and 0 <= reads[1] <= _POWER and reads[1] == math.floor(reads[1]):
        return bool(here == numbers[0] ** int(reads[1]))
    if op.name == "div":
        return here * numbers[1] == numbers[0]
    if op.name == "mul":
        return here == numbers[0] * numbers[1]
    return op.name in ("add", "sub") and here == numbers[0] + numbers[1] * (1 if op.name == "add" else -1)
