"""A value: a float, or a NumPy array of float64 with one axis or more; what everybody asks of one.

NumPy is imported when the first array is there, so that scalar formulas start without it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

Value = Any
Place = tuple[int, ...]  # of an element, () in a float

_SHORT = 24  # characters of an array that a message shows


def array(value: Any, extent: Sequence[int] | None = None) -> Value:
    """Numbers as a contiguous array, in this shape if one is given; a float for a single number.

    Raises TypeError or ValueError for anything but real numbers, such as a ragged list.
    """
    import numpy as np

    given = np.asarray(value)
    if given.dtype.kind not in "biuf":
        raise TypeError(f"{given.dtype} is no real number")
    found = np.asarray(given, dtype=np.float64, order="C")
    if extent is not None:
        found = found.reshape(extent)
    return found if found.ndim else float(found)


def spread(value: Value, extent: Sequence[int]) -> Value:
    """A value broadcast to a shape, as an array of its own; a float for none."""
    if not extent:
        return value
    import numpy as np

    return np.broadcast_to(value, extent).copy()


def unit(place: Place, extent: Sequence[int], one: float = 1.0) -> Value:
    """An array of this shape that is 0 but at one place; 1 itself if it is a float."""
    if not place:
        return one
    found = spread(0.0, extent)
    found[place] = one
    return found


def shape(value: Value) -> tuple[int, ...]:
    """The lengths of a value's axes, () for a float."""
    return () if isinstance(value, float) else tuple(value.shape)


def dims(extent: Sequence[object]) -> str:
    """A shape as people write it: ``2×3``, ``3`` for a vector, ``scalar``."""
    return "×".join(map(str, extent)) if extent else "scalar"


def elements(value: Value) -> Iterator[tuple[Place, float]]:
    """The place and the number of each element, in rows' order."""
    if isinstance(value, float):
        return iter([((), value)])
    import numpy as np

    return zip(np.ndindex(value.shape), value.ravel().tolist(), strict=True)


def spots(condition: Value) -> tuple[int, Place]:
    """How many elements are not 0, and the place of the first."""
    if isinstance(condition, (bool, float)):
        return int(bool(condition)), ()
    import numpy as np

    flat = np.flatnonzero(condition)
    return len(flat), tuple(map(int, np.unravel_index(flat[0], condition.shape))) if len(flat) else ()


def pick(value: Value, place: Place) -> float:
    """The element at a place of a shape that the value broadcasts to."""
    return value if isinstance(value, float) else float(value[own(value, place)])


def own(value: Value, place: Place) -> Place:
    """The place in the value itself of what stands at this place of a shape it broadcasts to."""
    extent = shape(value)
    near = place[len(place) - len(extent) :] if len(extent) <= len(place) else (0,) * len(extent)
    return tuple([0 if length == 1 else index for index, length in zip(near, extent, strict=True)])


def at(place: Place) -> str:
    """An element's place behind a name: ``[0,1]``, nothing for a float."""
    return f"[{','.join(map(str, place))}]" if place else ""


def unbounded(value: Value) -> Value:
    """Where a value is not finite: a condition of its shape."""
    if isinstance(value, float):
        return not math.isfinite(value)
    import numpy as np

    return ~np.isfinite(value)


def product(a: Value, b: Value) -> Value:
    """a*b, without a warning where that is not finite."""
    if isinstance(a, float) and isinstance(b, float):
        return a * b
    import numpy as np

    with np.errstate(all="ignore"):
        return a * b


def is_finite(value: Value) -> bool:
    """Whether a value is finite, with all its elements."""
    return math.isfinite(value) if isinstance(value, float) else not unbounded(value).any()


def blank(gradient: Value, value: Value) -> Value:
    """The gradient, but NaN where the value is: what is through a NaN is NaN."""
    if isinstance(value, float) and value == value:
        return gradient
    if isinstance(value, float) and isinstance(gradient, float):
        return value
    import numpy as np

    return np.where(np.isnan(value), np.nan, gradient)


def has_nan(value: Value) -> bool:
    """Whether a value is NaN, or has an element that is."""
    return bool(value != value if isinstance(value, float) else (value != value).any())


def digits(value: Value) -> str:
    """The shortest digits that read back to this float64, whole numbers without a point; a short array's."""
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    text = re.sub(r"\.0(?!\d)", "", str(value.tolist())) if value.size <= _SHORT else ""
    return text if 0 < len(text) <= _SHORT else f"an array ({dims(value.shape)})"
