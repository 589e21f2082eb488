"""How far float64's rounding may move each gradient of a run: Monte Carlo arithmetic.

The run is repeated with many digits, but every result is moved by as much as the gate may round it (D. S.
Parker, "Monte Carlo arithmetic", 1997).  Gates that are constant but for steps keep their true values: it
is about rounding, not about branches.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from exprgrad.arithmetic.forward import forward
from exprgrad.circuit import Gate
from exprgrad.gates import Row
from exprgrad.precise.forward import exact, nearest
from exprgrad.precise.forward import forward as precisely
from exprgrad.run import Run
from exprgrad.values import Value, spots

_RUNS = 3
_MARGIN = 64  # rounding errors may all point the same way, which these do not
_LEAST, _MOST = 2.3e-308, 1.8e308  # of the normal numbers of float64


class Rounding(NamedTuple):
    """How far rounding may move each gradient, and whether it took another branch somewhere."""

    spread: dict[str, Value]
    branched: bool


def rounding(mp: Any, run: Run, inputs: Mapping[int, Value]) -> Rounding:
    """How far off the gradients of a run may be; ``inputs`` are by their wires."""
    back = run.backward
    gates = back.circuit.gates
    values = precisely(mp, gates, inputs)
    known = run.circuit.inputs
    rng = random.Random(0)  # noqa: S311  the same each time
    moved = [precisely(mp, gates, inputs, touch=_Shaken(mp, rng, values)) for _ in range(_RUNS)]
    spread: dict[str, Value] = {}
    for name, gradient in run.gradient.items():
        wire = back.gradient[known[name]]
        off = [exact(mp, gradient) if wire is None else abs(one[wire] - values[wire]) for one in moved]
        spread[name] = nearest(_MARGIN * sum(off[1:], off[0]))
    return Rounding(spread, _branched(gates, inputs, values))


def is_step(op: Row) -> bool:
    """Whether a gate is constant but for steps: a comparison, floor, sign."""
    return not op.whole and bool(op.gradients) and all([text in (None, "0") for text in op.gradients or ()])


def _branched(gates: Sequence[Gate], inputs: Mapping[int, Value], values: Sequence[Value]) -> bool:
    """Whether a condition or a step came out differently on float64."""
    arrays = any([not isinstance(value, float) for value in inputs.values()]) or any([gate.op.whole for gate in gates])
    floats = forward(gates, inputs, arrays=arrays)
    for gate, rounded, value in zip(gates, floats, values, strict=True):
        if is_step(gate.op) and spots(nearest(value) != rounded)[0]:
            return True
    return False


class _Shaken:
    """Moves values as rounding might."""

    def __init__(self, mp: Any, rng: random.Random, true: Sequence[Value] | None) -> None:
        self.mp = mp
        self.rng = rng
        self.true = true

    def fired(self, wire: int, gate: Gate, value: Value) -> Value:
        """The value moved by what the gate's row allows, and cut to the range of float64."""
        if is_step(gate.op):
            return value if self.true is None else self.true[wire]
        ulp = gate.op.ulps * 2.0**-52
        near = float(gate.op.near is not None)  # what cancels next to a root is about as large as 1
        return self._each(value, lambda one: self._cut(one + self._any() * (ulp * (abs(one) + near) + _LEAST)))

    def read(self, value: Value) -> Value:
        """An array moved by what its largest element may be rounded."""
        if not hasattr(value, "flat"):
            return value
        finite = [abs(one) for one in value.flat if self.mp.isfinite(one)]
        size = max(finite, default=0) * 2.0**-50
        return self._each(value, lambda one: one + self._any() * size)

    def inside(self) -> _Shaken:
        """The same for the gates inside a composite one."""
        return _Shaken(self.mp, self.rng, None)

    def _any(self) -> float:
        return self.rng.uniform(-1, 1)

    def _cut(self, value: Any) -> Any:
        return value if not abs(value) > _MOST else value * self.mp.inf

    def _each(self, value: Value, of: Any) -> Value:
        if not hasattr(value, "flat"):
            return of(value)
        import numpy as np

        with np.errstate(all="ignore"):
            return np.frompyfunc(of, 1, 1)(value)
