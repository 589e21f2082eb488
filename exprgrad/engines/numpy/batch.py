"""What gates compute on many rows at once, by NumPy: the rows are the last axis of every array.

A vector of every row is an array of shape (3, rows).  So axes are counted as in one row, shapes
broadcast as in one row, and NumPy's loops run along the rows, which are many.  What is the same for
all rows has no axis for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exprgrad.arithmetic.arrays import REFUSED, elementwise, refusal
from exprgrad.arithmetic.forward import function
from exprgrad.arithmetic.whole import WHOLE
from exprgrad.circuit import Gate
from exprgrad.gates import Entry, Row, Slice
from exprgrad.shapes import axes as shapes
from exprgrad.shapes.axes import Shape
from exprgrad.values import Value

Array = NDArray[np.float64]
Settings = Mapping[str, Any]
Rule = Callable[[Row, Sequence[Array], Sequence[Shape], Settings, Shape], Array]


def apply(
    gate: Gate, wire: int, reads: Sequence[Value], by_row: Sequence[bool], extents: Sequence[Shape], rows: int
) -> Array:
    """A gate's value in every row; ``extents`` are the shapes in one row of its inputs and of its output.

    ``by_row`` says which inputs have an axis for the rows.  Raises GateError.
    """
    op = gate.op
    if not op.whole:
        lifted = [
            value if one or isinstance(value, float) else value[..., None]
            for value, one in zip(reads, by_row, strict=True)
        ]
        found: Array = elementwise(op, function)(*lifted)
        return found
    settings: dict[str, Any] = dict(zip(op.params, gate.params, strict=True))
    *inner, outer = extents
    try:
        if op.name in ("matmul", "dot") and inner[0] and inner[1]:
            return _matmul(reads, by_row, inner, rows)
        if op.name == "einsum":
            return _einsum(reads, by_row, inner, settings["subscripts"])
        full = [_full(value, one, rows) for value, one in zip(reads, by_row, strict=True)]
        if op.name in ("index", "index_back"):
            return _indexed(op, full, reads, by_row, settings["key"])
        rule = _RULES.get(op.name, _each)
        return rule(op, full, inner, settings, outer)
    except REFUSED as error:
        raise refusal(wire, error) from None


def _full(value: Value, by_row: bool, rows: int) -> Array:
    """A value with an axis for the rows."""
    if by_row:
        return np.asarray(value)
    lifted = np.asarray(value)[..., None]
    return np.broadcast_to(lifted, (*lifted.shape[:-1], rows))


# ---------------------------------------------------------------- products


def _matmul(reads: Sequence[Value], by_row: Sequence[bool], inner: Sequence[Shape], rows: int) -> Array:
    """Of a matrix that is the same for all rows with vectors, one product of matrices; of others an einsum."""
    a, b = reads
    if not by_row[0] and len(inner[0]) == 2 and len(inner[1]) <= 2:
        flat = np.reshape(b, (inner[1][0], prod(inner[1][1:]) * rows))
        return np.reshape(a @ flat, (inner[0][0], *inner[1][1:], rows))
    if not by_row[1] and len(inner[0]) == 1 and len(inner[1]) == 2:
        return np.asarray(b.T @ a)
    left = "ik" if len(inner[0]) > 1 else "k"
    right = "kj" if len(inner[1]) > 1 else "k"
    out = ("i" if len(inner[0]) > 1 else "") + ("j" if len(inner[1]) > 1 else "")
    return _stacked(a, b, by_row, inner, (left, right, out))


def _stacked(
    a: Value, b: Value, by_row: Sequence[bool], inner: Sequence[Shape], letters: tuple[str, str, str]
) -> Array:
    """The einsum of stacks of matrices: their leading axes broadcast, the rows are one letter more."""
    left, right, out = letters
    depth = max(len(inner[0]) - 2, len(inner[1]) - 2, 0)
    stack = "ABCDEFGH"[:depth] if depth <= 8 else ""
    names = []
    for name, extent, one in ((left, inner[0], by_row[0]), (right, inner[1], by_row[1])):
        more = len(extent) - len(name)
        names.append(stack[depth - more :] + name + "r" * one if more else name + "r" * one)
    return np.asarray(np.einsum(f"{names[0]},{names[1]}->{stack}{out}r", a, b))


def _einsum(reads: Sequence[Value], by_row: Sequence[bool], inner: Sequence[Shape], subscripts: str) -> Array:
    names, output = shapes.letters(subscripts, len(reads))
    free = next(letter for letter in "rRzZqQxXyY" if letter not in subscripts)
    made = ",".join([name + free * one for name, one in zip(names, by_row, strict=True)])
    order: Any = False
    if len(reads) > 2:  # which two come first may not depend on the number of rows
        dummies = [np.broadcast_to(0.0, extent) for extent in inner]
        order = np.einsum_path(f"{','.join(names)}->{output}", *dummies, optimize="greedy")[0]
    return np.asarray(np.einsum(f"{made}->{output}{free}", *reads, optimize=order))


def _einsum_back(op: Row, full: Sequence[Array], inner: Sequence[Shape], settings: Settings, _: Shape) -> Array:
    names, output = shapes.letters(settings["subscripts"], len(inner) - 1)
    free = next(letter for letter in "rRzZqQxXyY" if letter not in settings["subscripts"])
    made = ",".join([name + free for name in names]) + f"->{output}{free}"
    return np.asarray(WHOLE[op.name](*full, subscripts=made, position=settings["position"]))


# ---------------------------------------------------------------- along axes


def _axis_of(settings: Settings, extent: Shape) -> Any:
    """The axes of a setting counted from 0: the rows are behind them."""
    axis = settings["axis"]
    found = shapes.axes_of(extent, axis)
    return found[0] if isinstance(axis, int) else found


def _along(op: Row, full: Sequence[Array], inner: Sequence[Shape], settings: Settings, _: Shape) -> Array:
    """Of gates that work along axes, the rows among none of them."""
    return np.asarray(WHOLE[op.name](*full, **{**settings, "axis": _axis_of(settings, inner[0])}))


def _scaled(op: Row, full: Sequence[Array], inner: Sequence[Shape], settings: Settings, outer: Shape) -> Array:
    """Of norm and std, which look at all that they are given: rows out of the ordinary are for themselves."""
    (x,) = full
    there = {**settings, "axis": _axis_of(settings, inner[0])}
    if op.name == "std":
        squares = WHOLE["var"](x, **there)
    else:
        squares = np.sum(np.square(x), axis=there["axis"], keepdims=bool(settings["keepdims"]))
    found = np.sqrt(squares)
    odd = ~np.all((squares > 1e-280) & (squares < 1e300), axis=tuple(range(len(outer))))
    for row in np.flatnonzero(odd):
        found[..., row] = WHOLE[op.name](x[..., row], **settings)
    return np.asarray(found)


def _joined(op: Row, full: Sequence[Array], _: Sequence[Shape], settings: Settings, outer: Shape) -> Array:
    return np.asarray(WHOLE[op.name](*full, axis=_axis_of(settings, outer)) if full else np.zeros(0))


def _moved(op: Row, full: Sequence[Array], inner: Sequence[Shape], settings: Settings, _: Shape) -> Array:
    """Of gates on the axis or axes of a further array: its rows come first, and the axes move one on."""
    axis = shapes.axes_of(inner[-1], settings["axis"])
    fronts = [np.moveaxis(value, -1, 0) for value in full]
    return np.moveaxis(np.asarray(WHOLE[op.name](*fronts, axis=tuple([place + 1 for place in axis]))), 0, -1)


def _last(op: Row, full: Sequence[Array], inner: Sequence[Shape], settings: Settings, outer: Shape) -> Array:
    """The axes moved to the end, before the rows, and made one; and its pullback."""
    extent = inner[-1]
    gone = shapes.axes_of(extent, settings["axis"])
    order = [*[place for place in range(len(extent)) if place not in gone], *gone, len(extent)]
    if op.name == "last":
        return np.transpose(full[0], order).reshape(*outer, full[0].shape[-1])
    lengths = [(*extent, full[0].shape[-1])[place] for place in order]
    return np.transpose(np.reshape(full[0], lengths), np.argsort(order))


def _spread(_: Row, full: Sequence[Array], inner: Sequence[Shape], settings: Settings, __: Shape) -> Array:
    a, x = full
    if not settings["keepdims"] and inner[0]:
        a = np.expand_dims(a, shapes.axes_of(inner[1], settings["axis"]))
    return np.broadcast_to(a, x.shape)


# ---------------------------------------------------------------- moving elements


def _indexed(op: Row, full: Sequence[Array], reads: Sequence[Value], by_row: Sequence[bool], key: Any) -> Array:
    """An index that is the same for all rows, and the rows behind it; another one row by row."""
    behind = 1 + (op.name == "index_back")
    if any(by_row[behind:]):
        if len(key) < full[behind - 1].ndim - 1 or any(not isinstance(entry, (int, Entry)) for entry in key):
            return _each(op, full, (), {"key": key}, ())
        key = (*key, Entry(len(full) - behind))  # numbers for every axis: the row's own number is one more
        rows = np.arange(float(full[0].shape[-1]))
        return np.asarray(WHOLE[op.name](*full, rows, key=key))
    entries = (*key, Slice(None, None, None)) if ... in key else key
    return np.ascontiguousarray(WHOLE[op.name](*full[:behind], *reads[behind:], key=entries))


def _transposed(op: Row, full: Sequence[Array], inner: Sequence[Shape], settings: Settings, _: Shape) -> Array:
    order: Sequence[int] = shapes.permutation(inner[0], settings["axes"])
    if op.name == "transpose_back":
        order = [int(place) for place in np.argsort(order)]
    return np.transpose(full[0], (*order, len(inner[0])))


def _reshaped(_: Row, full: Sequence[Array], __: Sequence[Shape], ___: Settings, outer: Shape) -> Array:
    return np.reshape(full[0], (*outer, full[0].shape[-1]))


def _placed(op: Row, full: Sequence[Array], inner: Sequence[Shape], settings: Settings, _: Shape) -> Array:
    """Of gates with one axis, of the larger of their arrays."""
    longest = max(inner, key=len)
    (axis,) = shapes.axes_of(longest, settings["axis"])
    settings = {**settings, "axis": axis}
    if op.name in ("take", "take_back"):
        settings["index"] %= longest[axis]
    return np.asarray(WHOLE[op.name](*full, **settings))


# ---------------------------------------------------------------- matrices


def _matrices(op: Row, full: Sequence[Array], inner: Sequence[Shape], _: Settings, __: Shape) -> Array:
    """Of gates of linear algebra, which NumPy has for stacks: the rows come first."""
    fronts = [np.moveaxis(value, -1, 0) for value in full]
    if op.name == "solve" and len(inner[1]) == 1:
        return np.moveaxis(WHOLE["solve"](fronts[0], fronts[1][..., None])[..., 0], 0, -1)
    return np.moveaxis(np.asarray(WHOLE[op.name](*fronts)), 0, -1)


def _det(_: Row, full: Sequence[Array], __: Sequence[Shape], ___: Settings, ____: Shape) -> Array:
    """Gauss's elimination as whole.py's, of all rows' matrices at once."""
    work = np.array(full[0])
    size, rows = len(work), np.arange(work.shape[-1])
    found = np.ones(len(rows))
    done = np.zeros(len(rows), dtype=np.bool_)
    for k in range(size):
        best = k + np.argmax(np.abs(work[k:, k]), axis=0)
        upper, lower = work[k].copy(), work[best, :, rows].T
        work[best, :, rows] = upper.T
        work[k] = lower
        pivot = work[k, k]
        found = np.where(done, found, np.where(best == k, found, -found) * pivot)
        done |= pivot == 0
        work[k + 1 :, k:] -= (work[k + 1 :, k] / pivot)[:, None] * work[k, k:]
    return found


def _singular(op: Row, full: Sequence[Array], inner: Sequence[Shape], settings: Settings, outer: Shape) -> Array:
    """Of gates that decompose matrices: a row that is not finite spoils its stack."""
    finite = all(np.isfinite(value).all() for value in full)
    return (_matrices if finite else _each)(op, full, inner, settings, outer)


def _each(op: Row, full: Sequence[Array], _: Sequence[Shape], settings: Settings, __: Shape) -> Array:
    """Row by row."""
    rows = [WHOLE[op.name](*[value[..., row] for value in full], **settings) for row in range(full[0].shape[-1])]
    return np.stack([np.asarray(row, dtype=np.float64) for row in rows], axis=-1)


def _as_one(op: Row, full: Sequence[Array], _: Sequence[Shape], settings: Settings, __: Shape) -> Array:
    """Of gates for which the rows are an axis like others."""
    return np.asarray(WHOLE[op.name](*full, **settings))


_RULES: Mapping[str, Rule] = {
    **dict.fromkeys(
        ("sum", "mean", "prod", "amax", "amin", "var", "logsumexp", "softmax", "log_softmax", "cumsum", "flip"), _along
    ),
    **dict.fromkeys(("norm", "std"), _scaled),
    **dict.fromkeys(("stack", "concatenate"), _joined),
    **dict.fromkeys(("sum_to", "broadcast_to"), _as_one),
    **dict.fromkeys(("last", "last_back"), _last),
    **dict.fromkeys(("transpose", "transpose_back"), _transposed),
    **dict.fromkeys(("reshape", "reshape_like"), _reshaped),
    **dict.fromkeys(("take", "take_back", "part", "part_back"), _placed),
    **dict.fromkeys(("inv", "solve"), _matrices),
    "det": lambda op, full, inner, settings, outer: (_each if len(inner[0]) > 2 else _det)(
        op, full, inner, settings, outer
    ),
    **dict.fromkeys(("cofactor", "cofactor_back"), _singular),
    "prod_others": _moved,
    "spread": _spread,
    "dot": lambda _, full, __, ___, ____: full[0] * full[1],  # of arrays it is a sum
    "outer": lambda _, full, __, ___, ____: full[0][:, None] * full[1],
    "cross": lambda _, full, __, ___, ____: np.cross(full[0], full[1], axisa=-2, axisb=-2, axisc=-2),
    "trace": lambda _, full, __, ___, ____: np.trace(full[0], axis1=-3, axis2=-2),
    "matrix_transpose": lambda _, full, __, ___, ____: np.swapaxes(full[0], -2, -3),
    "einsum_back": _einsum_back,
}
