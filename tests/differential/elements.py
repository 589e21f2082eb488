"""A formula over arrays as one over their elements, so that the truth about scalars is the truth about arrays.

What gates on arrays are is said here by NumPy's arrays of formulas, not by exprgrad.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial, reduce
from typing import Any

import numpy as np

from array_oracle import cross
from differential.truth import Beyond
from drawn import Call, Formula, Shape, folded
from exprgrad.gates import ROWS

SHAPES: Mapping[str, Shape] = {"x": (), "y": (3,), "z": (2, 3)}  # of the variables
KEYS: Mapping[str, Any] = {
    "0": np.s_[0],
    "-1": np.s_[-1],
    "1:": np.s_[1:],
    "..., 1": np.s_[..., 1],
    "newaxis": np.s_[None],
}
_LONG = 2000  # steps of a formula that takes too long to judge


class Element:
    """The formula of an element."""

    def __init__(self, steps: Formula) -> None:
        if len(steps) > _LONG:
            raise Beyond("too long a formula")
        self.steps = steps

    def __add__(self, other: Any) -> Element:
        return of("add", self, other)

    def __sub__(self, other: Any) -> Element:
        return of("sub", self, other)

    def __mul__(self, other: Any) -> Element:
        return of("mul", self, other)

    def __truediv__(self, other: Any) -> Element:
        return of("div", self, other)


def of(gate: str | Call, *operands: Element) -> Element:
    """A gate of these."""
    call = Call(ROWS[gate], len(operands)) if isinstance(gate, str) else gate
    return Element((*[step for operand in operands for step in operand.steps], call))


def each(gate: str | Call, *operands: Any) -> Any:
    """A gate of the elements of these."""
    return np.frompyfunc(partial(of, gate), len(operands), 1)(*operands)


def _count(x: Any, found: Any) -> Element:
    return Element((float(np.size(x) // np.size(found)),))


def _mean(x: Any, **by: Any) -> Any:
    total = np.sum(x, **by)
    return total / _count(x, total)


def _softmax(x: Any, axis: int = -1) -> Any:
    return each("exp", x) / np.sum(each("exp", x), axis=axis, keepdims=True)


def _folded(gate: str) -> Callable[..., Any]:
    def fold(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
        x = x.ravel() if axis is None else x
        return np.frompyfunc(partial(of, gate), 2, 1).reduce(x, axis=axis or 0, keepdims=keepdims)

    return fold


def _norm(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Also of one element."""
    x = x.ravel() if axis is None else x
    zero = np.full_like(x.take([0], axis or 0), Element((0.0,)))
    return _folded("hypot")(np.concatenate([zero, x], axis or 0), axis or 0, keepdims)


def _square(x: Any) -> Any:
    rows, columns = x.shape
    if rows != columns:
        raise ValueError("not square")
    return x


def _det(x: Any) -> Any:
    if len(x) == 1:
        return x[0, 0]
    terms = [x[0, k] * _det(np.delete(x[1:], k, axis=1)) for k in range(len(x))]
    return reduce(lambda before, term: term - before, reversed(terms))


def _outer(a: Any, b: Any) -> Any:
    if a.ndim != 1 or b.ndim != 1:
        raise ValueError("not vectors")
    return np.multiply.outer(a, b)


def _cross(a: Any, b: Any) -> Any:
    if {a.shape[-1], b.shape[-1]} != {3}:
        raise ValueError("not of 3 elements")
    return cross(*np.broadcast_arrays(a, b))


WHOLE: Mapping[str, Callable[..., Any]] = {
    "sum": np.sum, "prod": np.prod, "mean": _mean,
    "norm": _norm,
    "logsumexp": lambda x, **by: each("log", np.sum(each("exp", x), **by)),
    "amax": _folded("max"), "amin": _folded("min"),
    "softmax": _softmax,
    "log_softmax": lambda x, axis=-1: each("log", _softmax(x, axis)),
    "cumsum": lambda x, axis=-1: np.cumsum(x, axis=axis),
    "matmul": np.matmul, "outer": _outer, "cross": _cross, "trace": lambda x: np.trace(_square(x)), "det": lambda x: _det(_square(x)),
    "transpose": np.transpose, "flip": np.flip,
    "stack": lambda *x, axis=0: np.stack(x, axis), "concatenate": lambda *x, axis=0: np.concatenate(x, axis),
    "index": lambda x, key: x[KEYS[key]],
}  # fmt: skip

_ALONG: Sequence[tuple[tuple[str, Any], ...]] = ((("axis", -1),), (("axis", 0),))
_REDUCED = ((), _ALONG[0], (("axis", 0), ("keepdims", True)))
_SCALAR = (
    "add", "sub", "mul", "div", "pow", "neg", "square", "sqrt", "exp", "log", "sin", "tanh", "sigmoid", "max", "min", "relu", "abs", "where",
    "less",
)  # fmt: skip
# without inv and solve, which refuse singular matrices, and without var and std: what a pullback leaves out because it
# cancels does so only as far as the mean is not rounded
GATES = [
    *[Call(ROWS[name], 2) for name in ("matmul", "outer", "cross")],
    *[Call(ROWS[name], 1) for name in ("trace", "det", "transpose", "flip")],
    *[
        Call(ROWS[name], 1, by)
        for name in ("sum", "mean", "prod", "norm", "logsumexp", "amax", "amin")
        for by in _REDUCED
    ],
    *[Call(ROWS[name], 1, by) for name in ("softmax", "log_softmax", "cumsum", "flip") for by in _ALONG],
    *[Call(ROWS[name], 2, by) for name in ("stack", "concatenate") for by in _ALONG],
    *[Call(ROWS["index"], 1, (("key", key),)) for key in KEYS],
    *[Call(ROWS[name], len(ROWS[name].inputs)) for name in _SCALAR],
]
LEAVES = ("y", "z", 2.0, "x", "y", 0.5, "z")


def labels(name: str) -> Any:
    """The names of the elements of a variable, in its shape."""
    found = np.empty(SHAPES[name], object)
    for place in np.ndindex(found.shape):
        found[place] = f"{name}[{','.join(map(str, place))}]" if place else name
    return found


def unrolled(formula: Formula) -> Formula:
    """The formula over the elements.  Raises Beyond for one that is too long, ValueError for arrays that do not fit."""

    def leaf(step: str | float) -> Any:
        names = labels(step) if isinstance(step, str) else np.array(step, object)
        return np.frompyfunc(lambda one: Element((one,)), 1, 1)(names)

    found: Element = np.asarray(folded(formula, leaf, _gate), object).item()
    return found.steps


def _gate(call: Call, operands: Sequence[Any]) -> Any:
    arrays = [np.asarray(operand, object) for operand in operands]
    return WHOLE[call.row.name](*arrays, **dict(call.settings)) if call.row.whole else each(call, *arrays)


def fit(call: Call, shapes: Sequence[Shape]) -> Shape | None:
    """The shape of a gate's output; None if the shapes of its operands do not fit."""
    return _fit(call, tuple(shapes))


@cache
def _fit(call: Call, shapes: tuple[Shape, ...]) -> Shape | None:
    if call.row.whole and () in shapes:
        return None
    try:
        found = np.asarray(_gate(call, [np.full(shape, Element((1.0,)), object) for shape in shapes]), object)
    except (ValueError, IndexError):  # AxisError is both
        return None
    return found.shape if 0 < found.size <= 12 else None
