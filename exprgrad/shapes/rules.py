"""What shape a whole-array gate's output has: a rule a gate, over the shapes of its inputs and its settings.

A rule raises MisfitError where shapes do not fit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

from exprgrad.errors import shown
from exprgrad.gates import Entry, Slice, Static
from exprgrad.shapes.axes import MisfitError, Shape, axes_of, axis_of, broadcast, letters, permutation, span_of
from exprgrad.values import dims


def _reduced(x: Shape, axis: Static = None, keepdims: Static = 0, ddof: Static = 0) -> Shape:
    gone = axes_of(x, axis)
    if keepdims not in (0, 1):
        raise MisfitError("keepdims is True or False", 0)
    count = prod([x[place] for place in gone])
    if not isinstance(ddof, int) or ddof < 0 or (ddof > 0 and ddof >= count):
        raise MisfitError(f"ddof must be a whole number below {count}, the number of elements", 0)
    if keepdims:
        return tuple([1 if place in gone else length for place, length in enumerate(x)])
    return tuple([length for place, length in enumerate(x) if place not in gone])


def _extremum(x: Shape, axis: Static = None, keepdims: Static = 0) -> Shape:
    if 0 in [x[place] for place in axes_of(x, axis)]:
        raise MisfitError("there is no largest or smallest of no elements")
    return _reduced(x, axis, keepdims)


def _same(x: Shape, axis: Static = None) -> Shape:
    axes_of(x, axis)
    return x


def _along(x: Shape, axis: Static = None) -> Shape:
    """Of gates that go along one axis."""
    axis_of(x, axis)
    return x


def _matmul(a: Shape, b: Shape) -> Shape:
    if not a or not b:
        raise MisfitError("@ multiplies vectors and matrices; write * for a scalar")
    inner = b[-2] if len(b) > 1 else b[0]
    if a[-1] != inner:
        left = "columns" if len(a) > 1 else "elements"
        right = "rows" if len(b) > 1 else "elements"
        raise MisfitError(f"{a[-1]} {left} on the left meet {inner} {right} on the right")
    stack = broadcast(a[:-2], b[:-2])
    return (*stack, *a[-2:-1], *(b[-1:] if len(b) > 1 else ()))


def _dot(a: Shape, b: Shape) -> Shape:
    if len(a) > 2 or len(b) > 2:
        raise MisfitError("dot multiplies scalars, vectors and matrices; for stacks of matrices there is @")
    return _matmul(a, b) if a and b else a or b


def _outer(a: Shape, b: Shape) -> Shape:
    if len(a) != 1 or len(b) != 1:
        raise MisfitError("outer takes two vectors")
    return (*a, *b)


def _cross(a: Shape, b: Shape) -> Shape:
    for position, shape in enumerate((a, b)):
        if shape[-1:] != (3,):
            raise MisfitError("cross takes vectors of 3 elements, along the last axis", position)
    return broadcast(a, b)


def _square(x: Shape) -> Shape:
    if len(x) < 2 or x[-1] != x[-2]:
        raise MisfitError("it needs a square matrix", 0)
    return x


def _solve(a: Shape, b: Shape) -> Shape:
    _square(a)
    if len(a) != 2 or len(b) not in (1, 2):
        raise MisfitError("solve takes a matrix, and a vector or a matrix")
    if a[0] != b[0]:
        raise MisfitError(f"{a[0]} rows on the left need {a[0]} rows on the right, not {b[0]}")
    return b


def _transpose(x: Shape, axes: Static) -> Shape:
    return tuple([x[axis] for axis in permutation(x, axes)])


def _transpose_back(x: Shape, axes: Static) -> Shape:
    places = permutation(x, axes)
    return tuple([x[places.index(axis)] for axis in range(len(x))])


def _matrix_transpose(x: Shape) -> Shape:
    if len(x) < 2:
        raise MisfitError("mT needs a matrix; .T of a vector is the vector itself")
    return (*x[:-2], x[-1], x[-2])


def _reshape(x: Shape, shape: Static) -> Shape:
    if shape is None:
        raise MisfitError("reshape needs a shape, such as reshape(x, 2, 3)")
    wanted = shape if isinstance(shape, tuple) else (shape,)
    lengths = [length for length in wanted if isinstance(length, int)]
    known = [length for length in lengths if length >= 0]
    fits = prod(x) // prod(known) if prod(known) else 0
    found = tuple([fits if length == -1 else length for length in lengths])
    if len(lengths) < len(wanted) or min(lengths, default=0) < -1 or lengths.count(-1) > 1 or prod(found) != prod(x):
        raise MisfitError(f"{prod(x)} elements do not fit the shape {dims(wanted)}")
    return found


def _stack(*shapes: Shape, axis: Static) -> Shape:
    for position, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise MisfitError("the parts of an array have one shape", 0, position)
    first = shapes[0] if shapes else ()
    place = axis_of((*first, 1), axis)
    return (*first[:place], len(shapes), *first[place:])


def _concatenate(*shapes: Shape, axis: Static) -> Shape:
    if not shapes or not all(shapes):
        raise MisfitError("concatenate puts arrays one behind the other; [x, y] makes an array of scalars")
    place = axis_of(shapes[0], axis)
    for position, shape in enumerate(shapes):
        if len(shape) != len(shapes[0]) or any(
            a != b and k != place for k, (a, b) in enumerate(zip(shape, shapes[0], strict=True))
        ):
            raise MisfitError("all lengths but that of the axis must be equal", 0, position)
    length = sum([shape[place] for shape in shapes])
    return (*shapes[0][:place], length, *shapes[0][place + 1 :])


def _index(x: Shape, *indices: Shape, key: tuple[Static, ...]) -> Shape:
    """NumPy's rules: slices and new axes keep their places, arrays of numbers broadcast to one."""
    if not isinstance(key, tuple):
        raise MisfitError("index takes its key as x[0, 1:] does", 0)
    numbers = [entry.number for entry in key if isinstance(entry, Entry)]
    if numbers != list(range(len(indices))):
        raise MisfitError(f"its key has places for {len(numbers)} indices, and there are {len(indices)}")
    taken = sum([entry is not None and entry is not ... for entry in key])
    if taken > len(x):
        raise MisfitError(f"{taken} indices for {len(x)} axes" if x else "a scalar has no elements", 0)
    everything = Slice(None, None, None)
    fill = [everything] * (len(x) - taken)
    if ... in key:
        at = key.index(...)
        key = (*key[:at], *fill, *key[at + 1 :])
    else:
        key = (*key, *fill)
    found: list[int] = []
    places: list[int] = []  # in the key, of what is no slice
    axis = 0
    for position, entry in enumerate(key):
        if entry is None:
            found.append(1)
            continue
        length = x[axis]
        axis += 1
        if isinstance(entry, Slice):
            found.append(len(range(*slice(*entry).indices(length))))
            continue
        if isinstance(entry, int) and not -length <= entry < length:
            there = f"the axis has {length}: 0 to {length - 1}, or {-length} to -1" if length else "the axis has none"
            raise MisfitError(f"there is no element {entry}", 0, hint=there)
        places.append(position)
        if len(places) == 1:
            before = len(found)
    if not any(indices):  # numbers only
        return tuple(found)
    together = broadcast(*indices)
    if places != list(range(places[0], places[0] + len(places))):  # apart: they come first
        before = 0
    return (*found[:before], *together, *found[before:])


def _take(x: Shape, index: Static, axis: Static) -> Shape:
    place = axis_of(x, axis)
    if index is None:
        raise MisfitError("it needs the place of an element, such as index=0", 0)
    if not isinstance(index, int) or not -x[place] <= index < x[place]:
        raise MisfitError(f"there is no element {shown(repr(index), 30)} along the axis {place}", 0)
    return (*x[:place], *x[place + 1 :])


def _einsum(*shapes: Shape, subscripts: Static) -> Shape:
    inputs, output = letters(subscripts, len(shapes))
    lengths: dict[str, int] = {}
    for position, (names, shape) in enumerate(zip(inputs, shapes, strict=True)):
        if len(names) != len(shape):
            raise MisfitError(f"the subscripts {names} are for {len(names)} axes", position)
        for name, length in zip(names, shape, strict=True):
            if lengths.setdefault(name, length) != length:
                raise MisfitError(f"the subscript {name} stands for {lengths[name]} and for {length}")
    return tuple([lengths[name] for name in output])


def _arange(bounds: Static) -> Shape:
    return (len(span_of(bounds)),)


def _scalar(*_: Shape) -> Shape:
    return ()


def _back(rule: Callable[..., Shape]) -> Callable[..., Shape]:
    """Of the pullback of a gate with one array: from the shape of its output to that of its input."""

    def back(a: Shape, x: Shape, *others: Shape, **settings: Static) -> Shape:
        wanted = rule(x, *others, **settings)
        if a != wanted:
            raise MisfitError(f"the first input must have the shape {dims(wanted)}", 0, 1)
        return x

    return back


def _last(x: Shape, axis: Static) -> Shape:
    gone = axes_of(x, axis)
    kept = tuple([length for place, length in enumerate(x) if place not in gone])
    return (*kept, prod([x[place] for place in gone]))


def _part(a: Shape, x: Shape, axis: Static, before: Static) -> Shape:
    place = axis_of(a, axis)
    longer = len(a) == len(x) and all([k == place or one == two for k, (one, two) in enumerate(zip(a, x, strict=True))])
    if not longer or not isinstance(before, int) or not 0 <= before <= a[place] - x[place]:
        raise MisfitError("this is no part of the first input", 0, 1)
    return x


def _part_back(a: Shape, x: Shape, axis: Static, before: Static) -> Shape:
    _part(x, a, axis, before)
    return x


def _einsum_back(a: Shape, *shapes: Shape, subscripts: Static, position: Static) -> Shape:
    if not isinstance(position, int) or not 0 <= position < len(shapes) or a != _einsum(*shapes, subscripts=subscripts):
        raise MisfitError("the first input must have the shape of the einsum", 0)
    return shapes[position]


def _reshape_like(a: Shape, x: Shape) -> Shape:
    if prod(a) != prod(x):
        raise MisfitError(f"{prod(a)} elements do not fit the shape {dims(x)}", 0, 1)
    return x


def _sum_to(a: Shape, x: Shape) -> Shape:
    near = zip(reversed(a), reversed(x), strict=False)
    if any(one != two and 1 not in (one, two) for one, two in near):
        raise MisfitError("lengths must be equal, or 1, counted from the last axis", 0, 1)
    return x


def _broadcast_to(a: Shape, x: Shape) -> Shape:
    if broadcast(a, x) != x:
        raise MisfitError("the first input does not broadcast to the second's shape", 0, 1)
    return x


RULES: Mapping[str, Callable[..., Shape]] = {
    **dict.fromkeys(("sum", "mean", "prod", "var", "std", "norm", "logsumexp"), _reduced),
    **dict.fromkeys(("amax", "amin"), _extremum),
    **dict.fromkeys(("softmax", "log_softmax", "flip", "prod_others"), _same),
    "cumsum": _along,
    **dict.fromkeys(("size", "ndim"), _scalar),
    "spread": _back(_reduced),
    "last_back": _back(_last),
    "index_back": _back(_index),
    "take_back": _back(_take),
    "sum_to": _sum_to,
    "broadcast_to": _broadcast_to,
    "reshape_like": _reshape_like,
    **dict.fromkeys(("inv", "cofactor"), _square),
    "matmul": _matmul,
    "dot": _dot,
    "outer": _outer,
    "cross": _cross,
    "trace": lambda x: _square(x)[:-2],
    "det": lambda x: _square(x)[:-2],
    "solve": _solve,
    "transpose": _transpose,
    "transpose_back": _transpose_back,
    "matrix_transpose": _matrix_transpose,
    "reshape": _reshape,
    "stack": _stack,
    "concatenate": _concatenate,
    "index": _index,
    "take": _take,
    "einsum": _einsum,
    "einsum_back": _einsum_back,
    "arange": _arange,
    "last": _last,
    "eye_like": lambda x: (*x[-1:], *x[-1:]),
    "part": _part,
    "part_back": _part_back,
    "cofactor_back": _back(_square),
}
