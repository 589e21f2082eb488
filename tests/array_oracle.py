"""What whole-array gates are, on NumPy arrays of mpmath numbers: moved by NumPy, computed by mpmath.

A case is a formula and the same function in Python, over inputs of these shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import mpmath
import numpy as np
from mpmath import mp

exp, log, sqrt = (np.vectorize(getattr(mp, name), otypes=[object]) for name in ("exp", "log", "sqrt"))


class Case(NamedTuple):
    """A gate's row, a formula of x, y, z, the same in Python, and the shapes of x, y and z."""

    row: str
    text: str
    of: Callable[..., Any]
    shapes: tuple[tuple[int, ...], ...]


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    total = np.sum(x, axis=axis, keepdims=keepdims)
    return total / mp.mpf(np.size(x) // np.size(total))


def var(x: Any, axis: Any = None, ddof: int = 0) -> Any:
    total = np.sum((x - mean(x, axis, keepdims=True)) ** 2, axis=axis)
    return total / mp.mpf(np.size(x) // np.size(total) - ddof)


def norm(x: Any, axis: Any = None) -> Any:
    return sqrt(np.sum(x * x, axis=axis))


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return log(np.sum(exp(x), axis=axis, keepdims=keepdims))


def softmax(x: Any, axis: Any = -1) -> Any:
    return exp(x) / np.sum(exp(x), axis=axis, keepdims=True)


def matrix(x: Any) -> Any:
    return mpmath.matrix(x.tolist())


def det(x: Any) -> Any:
    """By Leibniz's formula over the minors of the first row: right for singular matrices too."""
    if len(x) == 0:
        return mp.mpf(1)
    return sum(((-1) ** k * x[0, k] * det(np.delete(x[1:], k, axis=1)) for k in range(len(x))), mp.mpf(0))


def stacked(of: Callable[[Any], Any], x: Any) -> Any:
    """A function of matrices over a stack of them."""
    return np.array([of(one) for one in x], dtype=object) if x.ndim > 2 else of(x)


def inv(x: Any) -> Any:
    return stacked(lambda one: np.array((matrix(one) ** -1).tolist(), dtype=object), x)


def solve(a: Any, b: Any) -> Any:
    return np.array((matrix(a) ** -1).tolist(), dtype=object) @ b


def cross(a: Any, b: Any) -> Any:
    return np.stack(
        [
            a[..., 1] * b[..., 2] - a[..., 2] * b[..., 1],
            a[..., 2] * b[..., 0] - a[..., 0] * b[..., 2],
            a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0],
        ],
        axis=-1,
    )


def others(x: Any, axis: int) -> Any:
    parts = [np.prod(np.delete(x, k, axis=axis), axis=axis) for k in range(x.shape[axis])]
    return np.stack(parts, axis=axis)


def put(x: Any, shape: tuple[int, ...], place: Any, add: bool = False) -> Any:
    found = np.full(shape, mp.mpf(0), dtype=object)
    if add:
        np.add.at(found, place, x)
    else:
        found[place] = x
    return found


AXES = [None, 0, -1, 1, (0, 1), (2, 0), (0, 1, 2)]


def _reductions() -> Iterator[Case]:
    for name, of in (
        ("sum", np.sum),
        ("mean", mean),
        ("logsumexp", logsumexp),
        ("norm", norm),
        ("var", var),
        ("prod", np.prod),
        ("amax", np.max),
        ("amin", np.min),
        ("std", lambda x, **by: sqrt(var(x, **by))),
    ):
        for axis in AXES:
            setting = "" if axis is None else f", axis={list(axis) if isinstance(axis, tuple) else axis}"

            def reduced(x: Any, of: Any = of, axis: Any = axis) -> Any:
                return of(x, axis=axis)

            yield Case(name, f"{name}(x{setting})", reduced, ((2, 3, 2),))
        yield Case(name, f"{name}(x)", of, ((4,),))
        yield Case(
            name, f"{name}(x, axis=1, keepdims=True)", lambda x, of=of: np.expand_dims(of(x, axis=1), 1), ((2, 3),)
        )
        if name not in ("var", "std", "norm", "mean"):  # of one element
            yield Case(name, f"{name}(x)", of, ((),))
            yield Case(name, f"{name}(x, axis=0)", lambda x, of=of: of(x, axis=0), ((1, 3),))


# fmt: off
CASES = [
    *_reductions(),
    Case("var", "var(x, ddof=1)", lambda x: var(x, ddof=1), ((5,),)),
    Case("std", "x.std(axis=0, ddof=1)", lambda x: sqrt(var(x, 0, 1)), ((4, 2),)),
    *[
        Case(name, f"{(name[0] == 'm' and 'x @ y') or 'x.dot(y)'}", np.dot if name == "dot" else np.matmul, shapes)
        for name in ("matmul", "dot")
        for shapes in [
            ((3,), (3,)),
            ((2, 3), (3,)),
            ((3,), (3, 2)),
            ((2, 3), (3, 4)),
            ((1, 1), (1, 1)),
            ((2, 1), (1, 3)),
        ]
    ],
    *[Case("dot", "dot(x, y)", np.multiply, shapes) for shapes in [((), (3,)), ((2, 2), ()), ((), ())]],
    *[
        Case("matmul", "x @ y", np.matmul, shapes)
        for shapes in [
            ((2, 2, 3), (3,)),
            ((3,), (2, 3, 2)),
            ((2, 2, 3), (3, 2)),
            ((2, 3), (2, 3, 2)),
            ((2, 1, 3), (2, 3, 2)),
            ((1, 2, 3), (2, 3, 1)),
            ((2, 2, 3), (2, 3, 2)),
        ]
    ],
    Case("outer", "outer(x, y)", np.multiply.outer, ((2,), (3,))),
    Case("cross", "cross(x, y)", cross, ((3,), (3,))),
    Case("cross", "cross(x, y)", cross, ((2, 3), (3,))),
    Case("softmax", "softmax(x)", softmax, ((4,),)),
    Case("softmax", "softmax(x, axis=0)", lambda x: softmax(x, 0), ((3, 2),)),
    Case("softmax", "softmax(x, 1)", lambda x: softmax(x, 1), ((2, 3, 2),)),
    Case("log_softmax", "log_softmax(x)", lambda x: log(softmax(x)), ((2, 3),)),
    Case("log_softmax", "log_softmax(x, axis=0)", lambda x: log(softmax(x, 0)), ((3, 2),)),
    Case("cumsum", "cumsum(x)", np.cumsum, ((4,),)),
    Case("cumsum", "cumsum(x, axis=0)", lambda x: np.cumsum(x, axis=0), ((3, 2),)),
    Case("cumsum", "cumsum(x, axis=1)", lambda x: np.cumsum(x, axis=1), ((2, 3, 2),)),
    Case("trace", "trace(x)", np.trace, ((3, 3),)),
    Case("trace", "trace(x)", lambda x: np.trace(x, axis1=1, axis2=2), ((2, 3, 3),)),
    *[
        Case("det", "det(x)", lambda x: stacked(det, x), shape)
        for shape in [((1, 1),), ((2, 2),), ((3, 3),), ((2, 2, 2),)]
    ],
    *[Case("inv", "inv(x)", inv, shape) for shape in [((1, 1),), ((3, 3),), ((2, 2, 2),)]],
    Case("solve", "solve(x, y)", solve, ((3, 3), (3,))),
    Case("solve", "solve(x, y)", solve, ((2, 2), (2, 3))),
    *[Case("transpose", "x.T", np.transpose, shape) for shape in [((3,),), ((2, 3),), ((2, 3, 4),), ((),)]],
    Case("transpose", "transpose(x, 1, 2, 0)", lambda x: np.transpose(x, (1, 2, 0)), ((2, 3, 4),)),
    Case("transpose", "x.transpose((0, -1, 1))", lambda x: np.transpose(x, (0, 2, 1)), ((2, 3, 4),)),
    Case("matrix_transpose", "x.mT", lambda x: np.swapaxes(x, 1, 2), ((2, 3, 4),)),
    Case("reshape", "reshape(x, 3, 2)", lambda x: x.reshape(3, 2), ((2, 3),)),
    Case("reshape", "x.reshape(-1)", lambda x: x.reshape(-1), ((2, 3, 2),)),
    Case("reshape", "reshape(x, (1, -1, 2))", lambda x: x.reshape(1, -1, 2), ((2, 3, 2),)),
    Case("reshape", "reshape(x, [1])", lambda x: np.reshape(x, (1,)), ((),)),
    Case("flip", "flip(x)", np.flip, ((2, 3),)),
    Case("flip", "flip(x, axis=1)", lambda x: np.flip(x, 1), ((2, 3),)),
    Case("stack", "[x, y]", lambda x, y: np.stack([x, y]), ((2, 3), (2, 3))),
    Case("stack", "[[x, y], [1, x*y]]", lambda x, y: np.array([[x, y], [1, x * y]], dtype=object), ((), ())),
    Case("stack", "stack([x, y], axis=-1)", lambda x, y: np.stack([x, y], -1), ((2, 3), (2, 3))),
    Case("concatenate", "concat([x, y])", lambda x, y: np.concatenate([x, y]), ((2,), (3,))),
    Case("concatenate", "concatenate((x, y, x), axis=1)", lambda x, y: np.concatenate([x, y, x], 1), ((2, 1), (2, 3))),
    Case("concatenate", "concat([x, y], axis=-2)", lambda x, y: np.concatenate([x, y], -2), ((2, 0, 2), (2, 3, 2))),
    *[
        Case("index", f"x[{text}]", lambda x, key=key: np.asarray(x, dtype=object)[key], (shape,))
        for text, key, shape in [
            ("0", np.s_[0], (3,)), ("-1", np.s_[-1], (3, 2)), ("1:", np.s_[1:], (4,)), ("::-1", np.s_[::-1], (4,)),
            ("-1:0:-2", np.s_[-1:0:-2], (6,)), ("5:2", np.s_[5:2], (6,)), ("1:3, 0", np.s_[1:3, 0], (4, 2)),
            (":, 1", np.s_[:, 1], (2, 3)), ("..., 0", np.s_[..., 0], (2, 3, 2)), ("0, ...", np.s_[0, ...], (2, 3)),
            ("newaxis", np.s_[None], (3,)), (":, None, 1", np.s_[:, None, 1], (2, 3)), ("1, ::2, -1", np.s_[1, ::2, -1], (2, 3, 2)),
            ("...", np.s_[...], ()), ("..., newaxis, newaxis", np.s_[..., None, None], ()), ("[0, 2, 0]", np.s_[[0, 2, 0]], (3, 2)),
            (":, [1, 1]", np.s_[:, [1, 1]], (2, 3)), ("[[0, 1], [1, 0]]", np.s_[[[0, 1], [1, 0]]], (2, 2)),
            ("[0, 1], [2, 0]", np.s_[[0, 1], [2, 0]], (2, 3)), ("[0, 1], :, [1, 0]", np.s_[[0, 1], :, [1, 0]], (2, 3, 2)),
            ("0, :, [1, 0]", np.s_[0, :, [1, 0]], (2, 3, 2)), ("[-1, 0], None", np.s_[[-1, 0], None], (2,)),
            ("[0, 1], ..., -1", np.s_[[0, 1], ..., -1], (2, 3, 2)),
        ]
    ],
    Case("take", "take(x, index=1, axis=0)", lambda x: x[1], ((2, 3),)),
    Case("take", "take(x, index=-1, axis=-1)", lambda x: x[..., -1], ((2, 3),)),
    *[
        Case(
            "einsum",
            f"einsum('{subscripts}', {', '.join('xyz'[: len(shapes)])})",
            lambda *x, subscripts=subscripts: np.einsum(subscripts, *x),
            shapes,
        )
        for subscripts, shapes in [
            ("ij,jk->ik", ((2, 3), (3, 2))),
            ("ii->", ((3, 3),)),
            ("ii->i", ((3, 3),)),
            ("ij->j", ((2, 3),)),
            ("ij->", ((2, 3),)),
            ("i,j->ij", ((2,), (3,))),
            ("bij,bj->bi", ((2, 2, 3), (2, 3))),
            ("ij,ij", ((2, 3), (2, 3))),
            ("ij,jk,k->i", ((2, 3), (3, 2), (2,))),
            ("iij,j->i", ((2, 2, 3), (3,))),
            ("ij,kj->", ((2, 3), (2, 3))),
            ("i->i", ((3,),)),
            (",i->i", ((), (3,))),
        ]
    ],
    # the gates of pullbacks, which nobody writes but everybody may
    Case("spread", "spread(x, y, axis=0)", lambda x, y: np.broadcast_to(x, y.shape), ((3,), (2, 3))),
    Case("spread", "spread(x, y, axis=-1)", lambda x, y: np.broadcast_to(x[:, None], y.shape), ((2,), (2, 3))),
    Case("sum_to", "sum_to(x, y)", lambda x, _: np.sum(x, axis=(0, 1), keepdims=True)[0], ((2, 3, 2), (1, 2))),
    Case("broadcast_to", "broadcast_to(x, y)", lambda x, y: np.broadcast_to(x, y.shape), ((3, 1), (2, 3, 2))),
    Case("prod_others", "prod_others(x, axis=0)", lambda x: others(x, 0), ((3, 2),)),
    Case("prod_others", "prod_others(x, axis=1)", lambda x: others(x, 1), ((2, 3, 2),)),
    Case("last", "last(x, axis=[1, 0])", lambda x: np.transpose(x, (2, 1, 0)).reshape(4, 6), ((2, 3, 4),)),
    Case("last_back", "last_back(x, y, axis=0)", lambda x, _: x.T, ((3, 2), (2, 3))),
    Case("cofactor", "cofactor(x)", lambda x: det(x) * inv(x).T, ((3, 3),)),
    Case("transpose_back", "transpose_back(x, 1, 2, 0)", lambda x: np.transpose(x, (2, 0, 1)), ((2, 3, 4),)),
    Case("reshape_like", "reshape_like(x, y)", lambda x, y: x.reshape(y.shape), ((2, 3), (6,))),
    Case("part", "part(x, y, axis=0, before=2)", lambda x, y: x[2:4] + 0 * y, ((5,), (2,))),
    Case("part", "part(x, y, axis=-1, before=1)", lambda x, y: x[:, 1:] + 0 * y, ((2, 3), (2, 2))),
    Case("part_back", "part_back(x, y, axis=0, before=1)", lambda x, _: put(x, (5,), slice(1, 4)), ((3,), (5,))),
    Case("cofactor_back", "cofactor_back(x, y)", lambda x, y: np.sum(x * inv(y).T) * det(y) * inv(y).T
         - det(y) * inv(y).T @ x.T @ inv(y).T, ((3, 3), (3, 3))),
    Case("take_back", "take_back(x, y, index=1, axis=-1)", lambda x, _: put(x, (2, 3), (..., 1)), ((2,), (2, 3))),
    Case(
        "einsum_back",
        "einsum_back(x, y, z, subscripts='ij,jk->ik', position=0)",
        lambda x, _, z: x @ z.T,
        ((2, 2), (2, 3), (3, 2)),
    ),
]
# fmt: on
