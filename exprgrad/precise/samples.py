"""A circuit run a few times at once with many digits, each rounded result moved by as much as it may be off.

That is Monte Carlo arithmetic (D. S. Parker, 1997): the digits in which the runs agree are those that rounding
has left.  Where a condition or a step is closer than the runs are to each other, they decide it differently,
so that what depends on it does not agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from exprgrad.arithmetic.forward import forward as on_floats
from exprgrad.circuit import Circuit, Gate
from exprgrad.gates import CONST, INPUT, ROWS, Row
from exprgrad.language.lower import body, formula
from exprgrad.precise.forward import exact, is_array, meant, scalar, whole
from exprgrad.precise.rounds import rounds
from exprgrad.tidy import alike
from exprgrad.values import Value

RUNS = 3
_LOOSE = 8  # bits that mpmath's functions may be off
_APART = 1000  # times what the runs differ by

Samples = tuple[Value, ...]  # of one wire, a value for each run

_STEPS = {"floor": 0, "ceil": 0, "round": 0, "trunc": 0, "sign": 0, "heaviside": 0, "copysign": 1}  # by which input
_WHOLE = ("sinpi", "cospi", "pow")  # gates to which it matters whether an input is a whole number
_COMPARISONS = ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")
_COUNTS = ("size", "ndim", "arange", "eye_like")
_ADDS = ("sum", "cumsum", "trace", "sum_to", "index_back", "take_back")
_MULTIPLIES = ("matmul", "dot", "outer", "cross", "einsum", "einsum_back")

# gates whose definitions cancel, by gates that show it
_SHOWN = {
    name: formula(text, ROWS[name].inputs)
    for name, text in {
        "fma": "a*b + c",
        "hypot": "sqrt(a*a + b*b)",
        "floor_divide": "floor(a/b)",
        "mod": "a - b*floor(a/b)",
        "fmod": "a - b*trunc(a/b)",
        "logaddexp": "max(a, b) + log1p(exp(-abs(a - b)))",
        "sinc": "where(x == 0, 1, sinpi(x)/(pi*x))",
        "dsinc": "where(x == 0, 0, (cospi(x) - sinc(x))/x)",
        "polygamma_drop": "polygamma(n, x) - polygamma(n, x + h)",
    }.items()
}


def sampled(
    mp: Any,
    gates: Sequence[Gate],
    inputs: Mapping[int, Value],
    floats: Sequence[Value],
    known: Sequence[Samples] = (),
    own: int = 0,
) -> list[Samples]:
    """The samples of every wire; ``floats`` are its values on float64, ``known`` the samples of the first wires.

    From the wire ``own`` on constants are those of rows, and may stand for pi.
    """
    found = list(known)
    same = alike(gates)
    stands = meant(mp, gates)
    for wire in range(len(found), len(gates)):
        gate = gates[wire]
        if gate.op is CONST or gate.op is INPUT:
            value = stands[wire] if wire in stands and wire >= own else inputs.get(wire, gate.value)
            found.append((exact(mp, value),) * RUNS)
        elif same[wire] < wire:
            found.append(found[same[wire]])
        else:
            sources = gate.inputs
            given, signs = [found[source] for source in sources], [floats[source] for source in sources]
            found.append(_fired(mp, wire, gate, given, signs))
    return found


def _fired(mp: Any, wire: int, gate: Gate, given: list[Samples], signs: list[Value]) -> Samples:
    """The samples of what a gate computes."""
    op = gate.op
    inside = body(op, plain=True)
    if inside is not None:
        return _inside(mp, inside, given, signs)
    if op.whole:
        return _whole(mp, wire, gate, given)
    if any([is_array(one[0]) for one in given]):
        return _elementwise(mp, op, given, signs)
    return _scalar(mp, op, given, signs)


def _inside(mp: Any, inside: Circuit, given: Sequence[Samples], signs: Sequence[Value]) -> Samples:
    """Those of the gates that a gate stands for."""
    arrays = any([not isinstance(one, float) for one in signs])
    floats = on_floats(inside.gates, dict(enumerate(signs)), arrays=arrays)
    return sampled(mp, inside.gates, {}, floats, given)[inside.output]


def _scalar(mp: Any, op: Row, given: Sequence[Samples], signs: Sequence[float]) -> Samples:
    """Those of a gate on numbers."""
    of = scalar(mp, op)
    arguments = list(zip(*given, strict=True))
    if op.name in _SHOWN and _are_finite(mp, arguments):
        found = _inside(mp, _SHOWN[op.name], given, signs)
        if _are_finite(mp, [found]):  # at a pole the gate is one by itself
            return found
    certain = all([one[0] is one[1] is one[2] or one[0] == one[1] == one[2] for one in given])
    strays = mp.strays
    first = of(*arguments[0], signs=signs)
    if certain and mp.strays == strays:
        return _moved(mp, op, arguments, (first,) * RUNS)
    found = (first, *[of(*one, signs=signs) for one in arguments[1:]])
    if op.name in _COMPARISONS:
        return found if _differ(mp, given) else (mp.zero, mp.one, mp.zero)
    if op.name in _STEPS:
        return _stepped(mp, of, arguments, _STEPS[op.name], found)
    if op.name in _WHOLE and _are_finite(mp, [given[-1]]) and _spread(given[-1]) * _APART > 1:
        return (found[0], -found[0], mp.one)  # all numbers of that size are whole ones here
    if not _are_finite(mp, [found]) and _are_finite(mp, arguments):
        for position in range(len(given)):
            found = _stepped(mp, of, arguments, position, found)
    return _moved(mp, op, arguments, found)


def _are_finite(mp: Any, tuples: Sequence[tuple[Any, ...]]) -> bool:
    return all([mp.isfinite(one) for each in tuples for one in each])


def _differ(mp: Any, given: Sequence[Samples]) -> bool:
    """Whether two numbers compare the same way however they are rounded."""
    if not _are_finite(mp, given):
        return True
    off = [a - b for a, b in zip(*given, strict=True)]
    return min(map(abs, off)) > _APART * _spread(off) or not any(off)


def _spread(samples: Sequence[Any]) -> Any:
    return max(samples) - min(samples)


def _stepped(
    mp: Any, of: Callable[..., Any], arguments: list[tuple[Any, ...]], position: int, found: Samples
) -> Samples:
    """The samples, or what is on both sides, if one input is too close to a step or to the end of a domain."""
    samples = tuple([point[position] for point in arguments])
    if not _are_finite(mp, [samples]):
        return found
    away = _APART * _spread(samples)
    sides = []
    for sign in (-1, 1):
        point = list(arguments[0])
        point[position] += sign * away
        sides.append(of(*point))
    low, high = sides
    known = low == high or not any([mp.isfinite(one) for one in (*sides, *found)])
    return found if known else (low, high, found[0])


def _moved(mp: Any, op: Row, arguments: Sequence[tuple[Any, ...]], found: Samples) -> Samples:
    """The samples but the first one moved at random, by as much as they may be off, if they are rounded."""
    first, *others = found
    moved = [
        _shaken(mp, one) if rounds(mp, op.name, point, one) else one
        for point, one in zip(arguments[1:], others, strict=True)
    ]
    return (first, *moved)


def _shaken(mp: Any, number: Any) -> Any:
    """A number moved in its last digits."""
    return number + mp.ldexp(number * mp.rng.uniform(-1, 1), _LOOSE - mp.prec)


def _elementwise(mp: Any, op: Row, given: Sequence[Samples], signs: Sequence[Value]) -> Samples:
    """Those of a gate on arrays."""
    import numpy as np

    every = np.broadcast_arrays(*[np.asarray(one, dtype=object) for samples in given for one in samples], *signs)
    count = len(given)
    columns = [one.ravel().tolist() for one in every]
    rows = []
    for element in zip(*columns, strict=True):
        samples = [element[RUNS * k : RUNS * (k + 1)] for k in range(count)]
        rows.append(_scalar(mp, op, samples, element[RUNS * count :]))
    return _stacked(rows, every[0].shape)


def _stacked(rows: Sequence[Samples], extent: tuple[int, ...]) -> Samples:
    """The samples of an array from those of its elements."""
    import numpy as np

    found = []
    for run in range(RUNS):
        one = np.empty(len(rows), dtype=object)
        one[:] = [row[run] for row in rows]
        found.append(one.reshape(extent))
    return tuple(found)


def _whole(mp: Any, wire: int, gate: Gate, given: Sequence[Samples]) -> Samples:
    """Those of a gate whose elements meet: where their sums are rounded, what it reads is moved."""
    import numpy as np

    still = _is_exact(mp, gate.op, given)
    if still and all([one[0] is one[1] is one[2] for one in given]):
        return (whole(mp, wire, gate, [samples[0] for samples in given]),) * RUNS
    shake = np.frompyfunc(lambda one: _shaken(mp, one) if mp.isfinite(one) else one, 1, 1)
    found = []
    for run in range(RUNS):
        arguments = [samples[run] for samples in given]
        if run and not still:
            with np.errstate(all="ignore"):
                arguments = [shake(one) for one in arguments]
        found.append(whole(mp, wire, gate, arguments))
    return tuple(found)


def _is_exact(mp: Any, op: Row, given: Sequence[Samples]) -> bool:
    """Whether nothing is rounded: the gate only moves elements, or no sum of them can be too long."""
    if op.name not in (*_ADDS, *_MULTIPLIES):
        return op.name in _COUNTS or (op.moves and op.name != "mean")
    bits = 0
    for samples in given:
        flat = [one for one in (samples[0].flat if is_array(samples[0]) else [samples[0]]) if mp.isfinite(one) and one]
        parts = [one._mpf_ for one in flat]
        if parts:
            bits += max([part[2] + part[3] for part in parts]) - min([part[2] for part in parts])
            bits += len(parts).bit_length()
    return bool(bits < mp.prec)
