"""Shapes, which of them fit together, and which axes a setting means.

A shape is a tuple of lengths, () for a scalar.
"""

from __future__ import annotations

from typing import Any

from exprgrad.errors import shown
from exprgrad.gates import Static

Shape = tuple[int, ...]


class MisfitError(Exception):
    """Why shapes do not fit; ``ones`` are the positions of the inputs it is about, all by default."""

    def __init__(self, why: str, *ones: int, hint: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.ones = ones
        self.hint = hint


def broadcast(*shapes: Shape) -> Shape:
    """The shape that arrays have together: axes are matched from the last, and a length 1 fits any."""
    rank = max(map(len, shapes), default=0)
    if rank == 0:
        return ()
    found = [1] * rank
    for position, shape in enumerate(shapes):
        for axis, length in enumerate(shape, rank - len(shape)):
            if length != found[axis] and length != 1:
                if found[axis] != 1:
                    first = next(k for k, other in enumerate(shapes) if other[axis - rank :][:1] == (found[axis],))
                    raise MisfitError("lengths must be equal, or 1, counted from the last axis", first, position)
                found[axis] = length
    return tuple(found)


def fits(shape: Shape, wanted: Shape) -> bool:
    """Whether an array of this shape broadcasts to another one."""
    try:
        return broadcast(shape, wanted) == wanted
    except MisfitError:
        return False


def axes_of(shape: Shape, axis: Static) -> tuple[int, ...]:
    """The axes that a setting means, from 0 up; None is all of them."""
    if axis is None:
        return tuple(range(len(shape)))
    wanted = axis if isinstance(axis, tuple) else (axis,)
    found = tuple([axis_of(shape, one) for one in wanted])
    if len(set(found)) < len(found):
        raise MisfitError("axis names an axis twice")
    return found


def axis_of(shape: Shape, axis: Any) -> int:
    """One axis, counted from the end if it is negative."""
    if axis is None:
        raise MisfitError("it needs an axis, such as axis=0", 0)
    if not isinstance(axis, int) or not -len(shape) <= axis < len(shape):
        has = f"its axes are 0 to {len(shape) - 1}" if len(shape) > 1 else "its only axis is 0"
        raise MisfitError(f"there is no axis {shown(repr(axis), 30)}", 0, hint=has if shape else "a scalar has no axes")
    return axis % len(shape)


def permutation(x: Shape, axes: Static) -> tuple[int, ...]:
    """Which axis comes where in a transpose."""
    if axes is None:
        return tuple(range(len(x)))[::-1]
    found = axes_of(x, axes)
    if len(found) != len(x):
        raise MisfitError(f"axes must name each of the {len(x)} axes once")
    return found


def letters(subscripts: Static, count: int) -> tuple[list[str], str]:
    """The letters of each input of an einsum and of its output; without ``->`` those that stand once, sorted."""
    if not isinstance(subscripts, str):
        raise MisfitError("einsum needs its subscripts as a text first, such as 'ij,jk->ik'")
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    inputs = left.split(",")
    if count > 30:
        raise MisfitError("einsum takes at most 30 inputs")
    bad = [letter for letter in left.replace(",", "") + right if not (letter.isascii() and letter.isalpha())]
    if bad:
        raise MisfitError(f"the subscripts are letters, not {shown(bad[0])}; axes without a letter are not supported")
    if len(inputs) != count:
        raise MisfitError(f"{len(inputs)} groups of subscripts for {count} inputs")
    if not arrow:
        right = "".join(sorted(letter for letter in set(left) - {","} if left.count(letter) == 1))
    if len(set(right)) < len(right) or not set(right) <= set(left):
        raise MisfitError("each subscript of the output stands there once, and at some input")
    return inputs, right


def span_of(bounds: Static) -> range:
    """The numbers of an arange."""
    wanted = bounds if isinstance(bounds, tuple) else (bounds,)
    numbers = [bound for bound in wanted if isinstance(bound, int)]
    if len(numbers) < len(wanted) or not 1 <= len(numbers) <= 3 or numbers[2:] == [0]:
        raise MisfitError("arange takes a stop, or start, stop and a step that is not 0")
    found = range(*numbers)
    if len(found) > 100_000_000:
        raise MisfitError("arange is limited to 100,000,000 elements")
    return found
