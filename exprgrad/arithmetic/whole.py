"""What whole-array gates compute, by NumPy on float64: a function a gate, over its inputs and its settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exprgrad.gates import Entry, Slice, Static
from exprgrad.shapes import axes as shapes
from exprgrad.shapes.rules import RULES
from exprgrad.values import Value

Array = NDArray[np.float64]


def _count(x: Array, axis: Any) -> Any:
    """How many elements meet in one along these axes."""
    extent = np.shape(x)
    return np.float64(prod([extent[place] for place in shapes.axes_of(extent, axis)]))


def _mean(x: Array, axis: Any, keepdims: Static) -> Value:
    """The sum by the count, and what that is off by from the elements added: a constant's mean is the constant."""
    count = _count(x, axis)
    first = np.sum(x, axis=axis, keepdims=True) / count
    off = np.sum(x - first, axis=axis, keepdims=True) / count
    found = np.where(np.isfinite(off), first + off, first)
    return found if keepdims else np.squeeze(found, axis=shapes.axes_of(np.shape(x), axis))


def _var(x: Array, axis: Any, keepdims: Static, ddof: int) -> Value:
    squares = np.square(x - _mean(x, axis, 1))
    return np.sum(squares, axis=axis, keepdims=bool(keepdims)) / (_count(x, axis) - ddof)


def _std(x: Array, axis: Any, keepdims: Static, ddof: int) -> Value:
    var = _var(x, axis, keepdims, ddof)
    if np.all((var > 1e-280) & (var < 1e300)):
        return np.sqrt(var)
    return _norm(x - _mean(x, axis, 1), axis, keepdims) / np.sqrt(_count(x, axis) - ddof)


def _norm(x: Array, axis: Any, keepdims: Static) -> Value:
    """The root of the sum of squares, of numbers brought near 1 first where their squares would not be."""
    keep = bool(keepdims)
    total = np.sum(np.square(x), axis=axis, keepdims=keep)
    if np.all((total > 1e-280) & (total < 1e300)):
        return np.sqrt(total)
    largest = np.max(np.abs(x), axis=axis, keepdims=True, initial=0.0)
    scale = np.exp2(np.floor(np.log2(np.where((largest > 0) & np.isfinite(largest), largest, 1.0))))
    scaled = np.sqrt(np.sum(np.square(x / scale), axis=axis, keepdims=keep))
    return scaled * np.reshape(scale, np.shape(scaled))


def _peak(x: Array, axis: Any) -> Array:
    """The largest element along axes, 0 where that is not finite or there is none."""
    largest = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    return np.where(np.isfinite(largest), largest, 0.0)


def _logsumexp(x: Array, axis: Any, keepdims: Static) -> Value:
    peak = _peak(x, axis)
    total = np.log(np.sum(np.exp(x - peak), axis=axis, keepdims=bool(keepdims)))
    return total + np.reshape(peak, np.shape(total))


def _softmax(x: Array, axis: Any) -> Array:
    found: Array = np.exp(x - np.max(x, axis=axis, keepdims=True, initial=-np.inf))
    found /= np.sum(found, axis=axis, keepdims=True)
    return found


def _log_softmax(x: Array, axis: Any) -> Array:
    away: Array = x - np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    away -= np.log(np.sum(np.exp(away), axis=axis, keepdims=True))
    return away


def _det(x: Array) -> Array:
    """The product of the pivots of Gauss's elimination, largest first: exact for small whole numbers' matrices."""
    stack = np.shape(x)[:-2]
    work = np.array(x, dtype=np.float64).reshape(int(np.prod(stack)), *np.shape(x)[-2:])
    found = np.ones(len(work))
    for place, matrix in enumerate(work):
        for k in range(len(matrix)):
            best = k + int(np.argmax(np.abs(matrix[k:, k])))
            if best != k:
                matrix[[k, best]] = matrix[[best, k]]
                found[place] = -found[place]
            found[place] *= matrix[k, k]
            if matrix[k, k] == 0:
                break
            matrix[k + 1 :, k:] -= np.outer(matrix[k + 1 :, k] / matrix[k, k], matrix[k, k:])
    return found.reshape(stack)


def _cofactor(x: Array) -> Array:
    """det(x) times the transposed inverse, by way of the singular values: right for singular matrices too."""
    left, values, right, sign = _singular(x)
    return np.asarray((left * (_prod_others(values, -1) * sign)[..., None, :]) @ right)


def _cofactor_back(a: Array, x: Array) -> Array:
    """In the basis of the singular vectors, where the matrix is diagonal and minors are products."""
    left, values, right, sign = _singular(x)
    inside = np.swapaxes(left, -1, -2) @ a @ np.swapaxes(right, -1, -2)
    eye = np.eye(np.shape(x)[-1])
    pairs = _prod_others(np.where(eye, 1.0, values[..., None, :]), -1) * (1 - eye)  # of all but two of them
    diagonal = np.einsum("...ii->...i", inside)
    crossed = np.einsum("...ij,...j->...i", pairs, diagonal)[..., None] * eye - np.swapaxes(inside, -1, -2) * pairs
    return np.asarray(left @ crossed @ right * sign[..., None])


def _singular(x: Array) -> tuple[Array, Array, Array, Array]:
    """The singular value decomposition, and the sign of the determinant of its vectors."""
    try:
        left, values, right = np.linalg.svd(x)
    except np.linalg.LinAlgError:  # something is not finite
        nothing = np.full(np.shape(x), np.nan)
        return nothing, nothing[..., 0], nothing, nothing[..., 0, :1]
    return left, values, right, np.rint(np.linalg.det(left) * np.linalg.det(right))[..., None]


def _prod_others(x: Array, axis: Any) -> Array:
    """The products of what stands before and of what stands behind, multiplied: no division by a zero."""
    flat = _last(x, axis)
    ones = np.ones((*flat.shape[:-1], 1))
    before = np.cumprod(np.concatenate([ones, flat[..., :-1]], axis=-1), axis=-1)
    behind = np.cumprod(np.concatenate([ones, flat[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
    return _last_back(before * behind if flat.size else flat, x, axis)


def _last(x: Array, axis: Any) -> Array:
    x = np.asarray(x)
    gone = shapes.axes_of(x.shape, axis)
    kept = [place for place in range(x.ndim) if place not in gone]
    return np.transpose(x, (*kept, *gone)).reshape(RULES["last"](x.shape, axis))


def _last_back(a: Array, x: Array, axis: Any) -> Array:
    shape = np.shape(x)
    gone = shapes.axes_of(shape, axis)
    order = [*[place for place in range(len(shape)) if place not in gone], *gone]
    moved = np.reshape(a, [shape[place] for place in order])
    return np.asarray(np.transpose(moved, np.argsort(order)) if order else moved)


def _spread(a: Value, x: Array, axis: Any, keepdims: Static) -> Array:
    if not keepdims and np.ndim(a):
        a = np.expand_dims(a, shapes.axes_of(np.shape(x), axis))
    return np.broadcast_to(a, np.shape(x))


def _sum_to(a: Array, x: Value) -> Value:
    """Sums along the axes that ``x`` has not, or has with the length 1; broadcasts along others."""
    shape = np.shape(x)
    a = np.reshape(a, (1,) * (len(shape) - np.ndim(a)) + np.shape(a))
    more = a.ndim - len(shape)
    ones = tuple([axis + more for axis, length in enumerate(shape) if length == 1 and a.shape[axis + more] != 1])
    total = np.add.reduce(a, axis=(*range(more), *ones), keepdims=True)
    total = total.reshape(total.shape[more:])
    return total if total.shape == shape else np.broadcast_to(total, shape)


def _numpy_key(key: Iterable[Any], indices: Sequence[Value]) -> tuple[Any, ...]:
    """An index as NumPy takes it; IndexError for a number that is not whole."""
    found: list[Any] = []
    for entry in key:
        if isinstance(entry, Slice):
            found.append(slice(*entry))
        elif isinstance(entry, Entry):
            value = np.asarray(indices[entry.number])
            if not np.all(value == np.floor(value)) or not np.all(np.abs(value) < 2.0**53):
                strange = value[(value != np.floor(value)) | ~(np.abs(value) < 2.0**53)]
                raise IndexError(f"{float(strange[0])!r} is no place in an array")
            found.append(value.astype(np.int64) if value.ndim else int(value))
        else:
            found.append(entry)
    return tuple(found)


def _index(x: Array, *indices: Value, key: Any) -> Value:
    return np.asarray(x)[_numpy_key(key, indices)]


def _index_back(a: Value, x: Array, *indices: Value, key: Any) -> Array:
    found = np.zeros(np.shape(x), np.asarray(a).dtype)
    place = _numpy_key(key, indices)
    if any(isinstance(entry, np.ndarray) for entry in place):  # the same element may be meant twice
        np.add.at(found, place, a)
    else:
        found[place] = a
    return found


def _take_back(a: Value, x: Array, index: int, axis: int) -> Array:
    found = np.zeros(np.shape(x), np.asarray(a).dtype)
    np.moveaxis(found, axis, 0)[index] = a
    return found


def _section(x: Array, axis: int, before: int) -> tuple[Any, ...]:
    """Where something of x's length lies along an axis."""
    place = axis % np.ndim(x)
    return (slice(None),) * place + (slice(before, before + np.shape(x)[place]),)


def _part_back(a: Array, x: Array, axis: int, before: int) -> Array:
    found = np.zeros(np.shape(x), a.dtype)
    found[_section(a, axis, before)] = a
    return found


def _einsum(*inputs: Value, subscripts: str) -> Value:
    names, output = shapes.letters(subscripts, len(inputs))
    return np.einsum(f"{','.join(names)}->{output}", *inputs, optimize=len(inputs) > 1)


def _einsum_back(a: Value, *inputs: Value, subscripts: str, position: int) -> Array:
    """The einsum with ``a`` in the place of an input, for the letters of that input.

    A letter that only this input has was summed over: the gradient is the same all along it.  One
    that it has twice is a diagonal.
    """
    names, output = shapes.letters(subscripts, len(inputs))
    mine = names[position]
    others = [name for place, name in enumerate(names) if place != position]
    operands = [x for place, x in enumerate(inputs) if place != position]
    unique = "".join(dict.fromkeys(mine))
    reached = "".join([letter for letter in unique if letter in output or any(letter in name for name in others)])
    compact = np.einsum(f"{','.join([output, *others])}->{reached}", a, *operands, optimize=bool(operands))
    lengths = dict(zip(mine, np.shape(inputs[position]), strict=True))
    compact = np.reshape(compact, [lengths[letter] if letter in reached else 1 for letter in unique])
    compact = np.broadcast_to(compact, [lengths[letter] for letter in unique])
    if unique == mine:
        return compact
    found = np.zeros(np.shape(inputs[position]), compact.dtype)
    np.einsum(f"{mine}->{unique}", found)[...] = compact  # a view of the diagonal
    return found


def summary(value: Array) -> dict[str, float]:
    """The smallest and the largest element, the mean, and the norm."""
    with np.errstate(all="ignore"):
        facts = {"min": np.min(value), "max": np.max(value), "mean": np.mean(value), "norm": _norm(value, None, 0)}
    return {name: float(fact) for name, fact in facts.items()}


WHOLE: Mapping[str, Callable[..., Value]] = {
    "matmul": np.matmul,
    "dot": lambda a, b: np.dot(a, b) if np.ndim(a) and np.ndim(b) else a * b,  # NumPy's makes 0 of 0*inf
    "outer": np.multiply.outer,
    "cross": np.cross,
    "sum": lambda x, axis, keepdims: np.sum(x, axis=axis, keepdims=bool(keepdims)),
    "prod": lambda x, axis, keepdims: np.prod(x, axis=axis, keepdims=bool(keepdims)),
    "amax": lambda x, axis, keepdims: np.max(x, axis=axis, keepdims=bool(keepdims)),
    "amin": lambda x, axis, keepdims: np.min(x, axis=axis, keepdims=bool(keepdims)),
    "mean": _mean,
    "var": _var,
    "std": _std,
    "norm": _norm,
    "logsumexp": _logsumexp,
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "cumsum": np.cumsum,
    "trace": lambda x: np.trace(x, axis1=-2, axis2=-1),
    "det": _det,
    "inv": np.linalg.inv,
    "solve": np.linalg.solve,
    "transpose": np.transpose,
    "transpose_back": lambda x, axes: np.transpose(
        x, None if axes is None else np.argsort(shapes.axes_of(np.shape(x), axes))
    ),
    "matrix_transpose": lambda x: np.swapaxes(x, -1, -2),
    "reshape": lambda x, shape: np.reshape(x, shape),  # noqa: PLW0108  before NumPy 2.1 the keyword was another
    "flip": np.flip,
    "stack": lambda *x, axis: np.stack(x, axis=axis) if x else np.zeros(0),
    "concatenate": lambda *x, axis: np.concatenate(x, axis=axis),
    "index": _index,
    "take": lambda x, index, axis: np.moveaxis(np.asarray(x), axis, 0)[index],
    "einsum": _einsum,
    "arange": lambda bounds: np.array(shapes.span_of(bounds), dtype=np.float64),
    "size": lambda x: float(np.size(x)),
    "ndim": lambda x: float(np.ndim(x)),
    "spread": _spread,
    "sum_to": _sum_to,
    "broadcast_to": lambda a, x: np.broadcast_to(a, np.shape(x)),
    "prod_others": _prod_others,
    "last": _last,
    "last_back": _last_back,
    "eye_like": lambda x: np.eye(np.shape(x)[-1]),
    "cofactor": _cofactor,
    "cofactor_back": _cofactor_back,
    "reshape_like": lambda a, x: np.reshape(a, np.shape(x)),
    "part": lambda a, x, axis, before: a[_section(x, axis, before)],
    "part_back": _part_back,
    "index_back": _index_back,
    "take_back": _take_back,
    "einsum_back": _einsum_back,
}
