"""How a gate whose elements meet is written in a library of arrays, by its settings and the shapes of its inputs.

Ranks, and which lengths are 1, are this run's; other lengths the code asks for where it runs, but for parts of arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from exprgrad.gates import Entry, Slice, Static
from exprgrad.shapes.axes import Shape, axes_of, letters, permutation, span_of
from exprgrad.write.code.form import ATOM, PRODUCT, SIGN, Form, infix

_ALL = Slice(None, None, None)


class Library(NamedTuple):
    """A library's words: its name, and what it calls arguments and functions."""

    xp: str
    axis: str = "axis"
    keepdims: str = "keepdims"
    ddof: str = "ddof"
    dtype: str = ""  # behind the arguments of what makes an array
    whole_number: str = "{}.astype(int)"
    size: str = "{0}.size"
    cross: str = "{0}, {1}"
    among: tuple[str, str] = ("{}", "{}")  # a number, and a wire that is one, in an index that has arrays too
    wrap: str = ""  # what a number is to be for the functions
    forwards: bool = False  # whether slices cannot go back
    chained: tuple[str, ...] = ()  # functions that go along one axis only
    put: str = "put({0}, {1}, {2})"  # an array of {1}'s shape with {0} added to zeros at {2}
    words: Mapping[str, str] = {}  # functions that have another name than NumPy's

    def name(self, function: str) -> str:
        """A function."""
        return f"{self.xp}.{self.words.get(function, function)}"

    def of(self, function: str, *arguments: str, **settings: object) -> str:
        """A call."""
        given = [f"{getattr(self, name, name)}={value}" for name, value in settings.items() if value is not None]
        return f"{self.name(function)}({', '.join([*arguments, *given])})"


Write = Callable[..., Form]


def _reduced(function: str) -> Write:
    def write(lib: Library, x: Shape, axis: Static, keepdims: Static, ddof: Static = 0) -> Form:
        axes = None if axis is None and not keepdims else axes_of(x, axis)
        if function in lib.chained and axes is not None:
            text = "{0}"
            for one in sorted(axes, reverse=True):
                text = lib.of(function, text, axis=one, keepdims=True if keepdims else None)
            return Form(text)
        place = None if axes is None else axes[0] if len(axes) == 1 else axes
        stated = ddof if ddof or (function in ("var", "std") and lib.ddof != "ddof") else None  # others' default is 1
        return Form(lib.of(function, "{0}", axis=place, ddof=stated, keepdims=True if keepdims else None))

    return write


def _norm(lib: Library, x: Shape, axis: Static, keepdims: Static) -> Form:
    total = _reduced("sum")(lib, x, axis, keepdims).text.format(lib.of("square", "{0}"))
    return Form(lib.of("sqrt", total))


def _along(function: str) -> Write:
    return lambda lib, x, axis: Form(lib.of(function, "{0}", axis=axes_of(x, axis)[0]))


def _dot(_: Library, a: Shape, b: Shape) -> Form:
    return infix("@" if a and b else "*", PRODUCT)


def _transposed(lib: Library, order: Sequence[int], text: str = "{0}") -> str:
    return text if list(order) == sorted(order) else lib.of("transpose", text, repr(tuple(order)))


def _back(order: Sequence[int]) -> list[int]:
    """The transposition that takes another one back."""
    return sorted(range(len(order)), key=order.__getitem__)


def _joined(function: str) -> Write:
    def write(lib: Library, *shapes: Shape, axis: Static) -> Form:
        parts = ", ".join([f"{{{place}}}" for place in range(len(shapes))])
        return Form(lib.of(function, f"[{parts}]", axis=axis) if shapes else lib.of("zeros", "0"))

    return write


def _einsum(lib: Library, *shapes: Shape, subscripts: Static) -> Form:
    names, output = letters(subscripts, len(shapes))
    operands = [f"{{{place}}}" for place in range(len(shapes))]
    return Form(lib.of("einsum", f'"{",".join(names)}->{output}"', *operands))


def _einsum_back(lib: Library, _: Shape, *shapes: Shape, subscripts: Static, position: int) -> Form:
    """The einsum with ``a`` for an input: ones for letters that only this one has, a unit matrix for two alike."""
    names, output = letters(subscripts, len(shapes))
    mine = names[position]
    subscript = [output, *[name for place, name in enumerate(names) if place != position]]
    operands = [f"{{{place}}}" for place in range(len(shapes) + 1) if place != position + 1]
    fresh = iter(sorted(set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") - set("".join(names))))
    result = ""
    for axis, letter in enumerate(mine):
        length = f"{{{position + 1}}}.shape[{axis}]"
        if letter in mine[:axis]:
            other = next(fresh)
            subscript.append(letter + other)
            operands.append(lib.of("eye", f"{length}{lib.dtype}"))
            result += other
            continue
        result += letter
        if not any(letter in name for name in subscript):
            subscript.append(letter)
            operands.append(lib.of("ones", f"{length}{lib.dtype}"))
    return Form(lib.of("einsum", f'"{",".join(subscript)}->{result}"', *operands))


# ---------------------------------------------------------------- parts of arrays


def _entry(lib: Library, entry: Any, indices: Sequence[Shape], first: int, bare: bool) -> str:
    """An entry of an index between brackets, or, if not ``bare``, in a tuple; ``first`` is the first wire's place."""
    one, wire = lib.among if any(indices) else ("{}", "{}")
    if isinstance(entry, Entry):
        text = lib.whole_number.format(f"{{{first + entry.number}}}")
        return text if indices[entry.number] else wire.format(text)
    if isinstance(entry, int):
        return one.format(entry)
    if isinstance(entry, Slice) and bare:
        start, stop, step = ["" if one is None else str(one) for one in entry]
        return f"{start}:{stop}" + (f":{step}" if step else "")
    if isinstance(entry, Slice):
        return f"slice({entry.start}, {entry.stop}, {entry.step})"
    return "..." if entry is ... else repr(entry)


def _index(lib: Library, x: Shape, *indices: Shape, key: Sequence[Any]) -> Form:
    flipped, text = _forwards(lib, x, key, "{0}")
    return (
        Form(f"{text}[{', '.join([_entry(lib, entry, indices, 1, bare=True) for entry in flipped])}]")
        if key
        else Form("{0}")
    )


def _index_back(lib: Library, _: Shape, x: Shape, *indices: Shape, key: Sequence[Any]) -> Form:
    flipped = _forwards(lib, x, key, "")[0]
    entries = [_entry(lib, entry, indices, 2, bare=False) for entry in flipped]
    found = lib.put.format("{0}", "{1}", f"({', '.join(entries)}{',' * (len(entries) == 1)})")
    return Form(_forwards(lib, x, key, found)[1])


def _forwards(lib: Library, x: Shape, key: Sequence[Any], text: str) -> tuple[list[Any], str]:
    """A key whose slices go forwards, and the array with the axes flipped that go back, where a library does not."""
    taken = sum([entry is not None and entry is not ... for entry in key])
    found: list[Any] = []
    flips: list[int] = []
    axis = 0
    for entry in key:
        if isinstance(entry, Slice) and (entry.step or 1) < 0 and lib.forwards:
            places = range(*slice(*entry).indices(x[axis]))
            first, last = x[axis] - 1 - places.start, x[axis] - 1 - places.stop
            found.append(Slice(first, last, -places.step))
            flips.append(axis)
        else:
            found.append(entry)
        axis += 0 if entry is None else len(x) - taken if entry is ... else 1
    return found, lib.of("flip", text, repr(tuple(flips))) if flips else text


def _take(lib: Library, x: Shape, index: int, axis: int) -> Form:
    return _index(lib, x, key=[_ALL] * axes_of(x, axis)[0] + [index])


def _take_back(lib: Library, a: Shape, x: Shape, index: int, axis: int) -> Form:
    return _index_back(lib, a, x, key=[_ALL] * axes_of(x, axis)[0] + [index])


def _section(x: Shape, axis: int, before: int) -> list[Slice]:
    place = axes_of(x, axis)[0]
    return [_ALL] * place + [Slice(before, before + x[place], None)]


# ---------------------------------------------------------------- shapes


def _spread(lib: Library, a: Shape, x: Shape, axis: Static, keepdims: Static) -> Form:
    gone = axes_of(x, axis)
    key = ", ".join(["None" if place in gone else ":" for place in range(len(x))])
    near = f"[{key}]" if a and not keepdims and max(gone, default=-1) > min(set(range(len(x))) - set(gone)) else ""
    return Form(lib.of("broadcast_to", f"{{0}}{near}", "{1}.shape"))


def _sum_to(lib: Library, a: Shape, x: Shape) -> Form:
    more = max(0, len(a) - len(x))
    near = [1] * (len(x) - len(a)) + list(a[more:])
    ones = [place for place, length in enumerate(x) if length == 1 and near[place] != 1]
    text = "{0}"
    if more:
        text = lib.of("sum", text, axis=tuple(range(more)))
    if ones:
        text = lib.of("sum", text, axis=tuple(ones), keepdims=True)
    left = tuple([1 if place in ones else length for place, length in enumerate(near)])
    return Form(text if left == x else lib.of("broadcast_to", text, "{1}.shape"))


def _last(lib: Library, x: Shape, axis: Static) -> Form:
    gone = axes_of(x, axis)
    kept = [place for place in range(len(x)) if place not in gone]
    lengths = [*[f"{{0}}.shape[{place}]" for place in kept], "-1" if all(x) else str(0)]
    return Form(lib.of("reshape", _transposed(lib, [*kept, *gone]), f"({', '.join(lengths)},)"))


def _last_back(lib: Library, _: Shape, x: Shape, axis: Static) -> Form:
    gone = axes_of(x, axis)
    order = [*[place for place in range(len(x)) if place not in gone], *gone]
    lengths = ", ".join([f"{{1}}.shape[{place}]" for place in order])
    return Form(_transposed(lib, _back(order), lib.of("reshape", "{0}", f"({lengths},)" if order else "()")))


def _prod_others(lib: Library, x: Shape, axis: Static) -> Form:
    if not x or axes_of(x, axis) == (len(x) - 1,):
        return Form("others({0})") if x else Form(lib.of("ones", f"(){lib.dtype}"))
    flat = f"others({_last(lib, x, axis).text})"
    return Form(_last_back(lib, (), x, axis).text.replace("{0}", flat).replace("{1}", "{0}"))


def _like(function: str) -> Write:
    return lambda lib, *_: Form(lib.of(function, "{0}", "{1}.shape"))


def _called(function: str, count: int = 1) -> Write:
    return lambda lib, *_: Form(lib.of(function, *[f"{{{place}}}" for place in range(count)]))


WHOLE: Mapping[str, Write] = {
    "matmul": _dot,
    "dot": _dot,
    "outer": lambda *_: Form("{0}[:, None] * {1}", PRODUCT, (ATOM, SIGN)),
    "cross": lambda lib, *_: Form(lib.of("cross", lib.cross)),
    **{name: _reduced(name) for name in ("sum", "prod", "mean", "var", "std", "logsumexp")},
    "amax": _reduced("max"),
    "amin": _reduced("min"),
    "norm": _norm,
    **{name: _along(name) for name in ("softmax", "log_softmax", "cumsum")},
    "trace": lambda lib, _: Form(lib.of("einsum", '"...ii->..."', "{0}")),
    "det": _called("linalg.det"),
    "inv": _called("linalg.inv"),
    "solve": _called("linalg.solve", 2),
    "transpose": lambda lib, x, axes: Form(_transposed(lib, permutation(x, axes))),
    "transpose_back": lambda lib, x, axes: Form(_transposed(lib, _back(permutation(x, axes)))),
    "matrix_transpose": lambda *_: Form("{0}.mT"),
    "reshape": lambda lib, _, shape: Form(
        lib.of("reshape", "{0}", repr(shape if isinstance(shape, tuple) else (shape,)))
    ),
    "reshape_like": _like("reshape"),
    "broadcast_to": _like("broadcast_to"),
    "flip": lambda lib, x, axis: Form(lib.of("flip", "{0}", repr(axes_of(x, axis)))),
    "stack": _joined("stack"),
    "concatenate": _joined("concatenate"),
    "index": _index,
    "index_back": _index_back,
    "take": _take,
    "take_back": _take_back,
    "part": lambda lib, a, x, axis, before: _index(lib, a, key=_section(x, axis, before)),
    "part_back": lambda lib, a, x, axis, before: _index_back(lib, a, x, key=_section(a, axis, before)),
    "einsum": _einsum,
    "einsum_back": _einsum_back,
    "arange": lambda lib, bounds: Form(
        lib.of("arange", "{}, {}, {}".format(*_bounds(bounds)) + (lib.dtype or ", dtype=float"))
    ),
    "size": lambda lib, _: Form(lib.size),
    "spread": _spread,
    "sum_to": _sum_to,
    "prod_others": _prod_others,
    "last": _last,
    "last_back": _last_back,
    "eye_like": lambda lib, _: Form(lib.of("eye", f"{{0}}.shape[-1]{lib.dtype}")),
    "cofactor": lambda *_: Form("cofactor({0})"),
    "cofactor_back": lambda *_: Form("cofactor_back({0}, {1})"),
}


def _bounds(bounds: Static) -> tuple[int, int, int]:
    found = span_of(bounds)
    return found.start, found.stop, found.step
