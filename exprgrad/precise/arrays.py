"""What whole-array gates compute on NumPy's arrays of mpmath numbers: NumPy moves and adds, mpmath does the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from exprgrad.arithmetic.whole import WHOLE
from exprgrad.gates import Static
from exprgrad.shapes.axes import axes_of
from exprgrad.values import Value

Function = Callable[..., Any]  # of the context, then the gate's inputs and its settings by name

_MORE = 5  # times the digits, where as many as there are cancel


def whole(mp: Any, name: str, arguments: Sequence[Value], settings: Mapping[str, Static]) -> Value:
    """A gate's value.  Raises LinAlgError for a singular matrix, IndexError for an index that does not fit."""
    if name in _OURS:
        return _OURS[name](mp, *arguments, **settings)
    if name in ("index", "index_back"):  # where, in float64, and what
        count = 1 if name == "index" else 2
        places = [np.asarray(place, dtype=np.float64) for place in arguments[count:]]
        arguments = [*arguments[:count], *[place if place.ndim else float(place) for place in places]]
    return WHOLE[name](*arguments, **settings)


def _each(of: Callable[[Any], Any], x: Value) -> Value:
    """A function of numbers on each element."""
    return np.frompyfunc(of, 1, 1)(x)


def _sum(x: Value, axis: Any, keepdims: Static = 0) -> Value:
    return np.sum(x, axis=axis, keepdims=bool(keepdims))


def _count(mp: Any, x: Value, axis: Any) -> Any:
    count = mp.one
    for place in axes_of(np.shape(x), axis):
        count *= np.shape(x)[place]
    return count


def _mean(mp: Any, x: Value, axis: Any, keepdims: Static) -> Value:
    count = _count(mp, x, axis)
    return _sum(x, axis, keepdims) / count if count else _sum(x, axis, keepdims) * mp.nan


def _var(mp: Any, x: Value, axis: Any, keepdims: Static, ddof: int) -> Value:
    away = x - _mean(mp, x, axis, 1)
    count = _count(mp, x, axis) - ddof
    return _sum(away * away, axis, keepdims) / count if count else _sum(away, axis, keepdims) * mp.nan


def _exponentials(mp: Any, x: Value, axis: Any) -> tuple[Value, Value]:
    """The largest elements along axes, and exp of what the others are below them."""
    peak = np.max(x, axis=axis, keepdims=True) if np.size(x) else mp.zero
    if np.size(x) and not all(map(mp.isfinite, np.ravel(x))):
        peak = _each(lambda one: one if mp.isfinite(one) else mp.zero, peak)
    return peak, _each(mp.exp, x - peak)


def _logsumexp(mp: Any, x: Value, axis: Any, keepdims: Static) -> Value:
    peak, exponentials = _exponentials(mp, x, axis)
    total = _each(mp.log, _sum(exponentials, axis, keepdims))
    return total + (np.reshape(peak, np.shape(total)) if np.size(x) else mp.zero)


def _softmax(mp: Any, x: Value, axis: Any) -> Value:
    _, exponentials = _exponentials(mp, x, axis)
    total = _each(lambda one: one or mp.nan, _sum(exponentials, axis, 1))  # of nothing but -inf there is no softmax
    return exponentials / total


def _log_softmax(mp: Any, x: Value, axis: Any) -> Value:
    peak, exponentials = _exponentials(mp, x, axis)
    return x - peak - _each(mp.log, _sum(exponentials, axis, 1))


def _matrices(mp: Any, of: Callable[..., Any], *stacks: Value) -> Value:
    """A function of matrices on each of a stack of them; nan where one is not finite."""
    rank = np.shape(stacks[0])[:-2]
    found = []
    for place in np.ndindex(rank):
        parts = [stack[place] for stack in stacks]
        finite = all([mp.isfinite(one) for part in parts for one in part.flat])
        found.append(of(*parts) if finite else mp.nan * np.sum(parts[0], axis=None))
    if not rank:
        return found[0]
    stacked = np.empty((len(found), *np.shape(found[0] if found else stacks[0][..., 0, 0])), dtype=object)
    for number, one in enumerate(found):
        stacked[number] = one
    return stacked.reshape(*rank, *stacked.shape[1:])


def _det(mp: Any, x: Value) -> Any:
    return mp.det(mp.matrix(x.tolist())) if x.size else mp.one


def _solve(a: Value, b: Value) -> Value:
    """By Gauss's elimination with the largest pivots, of all columns of b at once."""
    count, work = len(a), np.concatenate([a, b if b.ndim > 1 else b[:, None]], axis=1)
    for k in range(count):
        best = k + max(range(count - k), key=lambda row: abs(work[k + row, k]))
        if work[best, k] == 0:
            raise np.linalg.LinAlgError
        work[[k, best]] = work[[best, k]]
        work[k] = work[k] / work[k, k]
        for row in range(count):
            if row != k:
                work[row] = work[row] - work[row, k] * work[k]
    return work[:, count:].reshape(np.shape(b))


def _inv(mp: Any, x: Value) -> Value:
    return _solve(x, np.eye(len(x)).astype(object) * mp.one)


def _regular(mp: Any, x: Value) -> tuple[Value, Any]:
    """The transposed inverse and the determinant of a matrix next to x that has one."""
    shift = mp.mpf(2) ** -mp.prec
    with mp.workprec(_MORE * mp.prec):
        near = x + np.eye(len(x)).astype(object) * shift
        return _inv(mp, near).T, _det(mp, near)


def _cofactor(mp: Any, x: Value) -> Value:
    inverse, determinant = _regular(mp, x)
    return inverse * determinant


def _cofactor_back(mp: Any, a: Value, x: Value) -> Value:
    inverse, determinant = _regular(mp, x)
    with mp.workprec(_MORE * mp.prec):
        return determinant * (np.sum(a * inverse) * inverse - inverse @ a.T @ inverse)


_OURS: Mapping[str, Function] = {
    "mean": _mean,
    "var": _var,
    "std": lambda mp, x, axis, keepdims, ddof: _each(mp.sqrt, _var(mp, x, axis, keepdims, ddof)),
    "norm": lambda mp, x, axis, keepdims: _each(mp.sqrt, _sum(x * x, axis, keepdims)),
    "logsumexp": _logsumexp,
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "det": lambda mp, x: _matrices(mp, lambda one: _det(mp, one), x),
    "inv": lambda mp, x: _matrices(mp, lambda one: _inv(mp, one), x),
    "solve": lambda mp, a, b: _matrices(mp, _solve, a, b),
    "cofactor": lambda mp, x: _matrices(mp, lambda one: _cofactor(mp, one), x),
    "cofactor_back": lambda mp, a, x: _matrices(mp, lambda one, other: _cofactor_back(mp, one, other), a, x),
}
