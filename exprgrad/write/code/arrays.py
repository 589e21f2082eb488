"""Python with a library of arrays: NumPy's conventions, which others change where they differ."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from exprgrad.circuit import literal
from exprgrad.gates import Row
from exprgrad.values import Value
from exprgrad.write.code.form import ARITHMETIC, ATOM, POWER, SIGN, Form, call
from exprgrad.write.code.listing import Listing
from exprgrad.write.code.target import Function
from exprgrad.write.code.targets.python import Python
from exprgrad.write.code.whole import WHOLE, Library

# functions of gates whose elements meet that are more than an expression
PRELUDE = {
    "others": '''
def others(x):
    """For each element the product of the others along the last axis: no division, as one may be 0."""
    ones = {xp}.ones_like(x[..., :1])
    before = {xp}.cumprod({xp}.concatenate([ones, x[..., :-1]], {axis}=-1), {axis}=-1)
    behind = {xp}.cumprod({xp}.concatenate([ones, {xp}.flip(x[..., 1:], (-1,))], {axis}=-1), {axis}=-1)
    return before * {xp}.flip(behind, (-1,))
''',
    "singular": '''
def singular(x):
    """The singular value decomposition, and the sign of the determinant of its vectors."""
    left, values, right = {xp}.linalg.svd(x)
    return left, values, right, {xp}.round({xp}.linalg.det(left) * {xp}.linalg.det(right))[..., None]
''',
    "cofactor": '''
def cofactor(x):
    """The gradient of the determinant, of singular matrices too."""
    left, values, right, sign = singular(x)
    return (left * (others(values) * sign)[..., None, :]) @ right
''',
    "cofactor_back": '''
def cofactor_back(a, x):
    """The pullback of cofactor: where the matrix is diagonal, minors are products."""
    left, values, right, sign = singular(x)
    inside = left.mT @ a @ right.mT
    eye = {xp}.eye(x.shape[-1]{dtype})
    pairs = others({xp}.where(eye == 1, {xp}.ones_like(eye), values[..., None, :])) * (1 - eye)
    diagonal = {xp}.einsum("...ii->...i", inside)
    crossed = {xp}.einsum("...ij,...j->...i", pairs, diagonal)[..., None] * eye - inside.mT * pairs
    return left @ crossed @ right * sign[..., None]
''',
}

_ONE = "sqrt cbrt exp exp2 expm1 log log2 log10 log1p sin cos tan sinh cosh tanh abs sign floor ceil trunc"
_RENAMED = {
    **{f"a{name}": f"arc{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    "round": "rint", "deg": "rad2deg", "rad": "deg2rad", "not": "logical_not",
}  # fmt: skip
_TWO = {
    **{name: name for name in ("fmod", "mod", "floor_divide", "hypot", "copysign", "logaddexp")},
    "max": "maximum", "min": "minimum", "atan2": "arctan2", "and": "logical_and", "or": "logical_or",
}  # fmt: skip


# how these are written where there is no function for them
_DEFINITIONS = {
    "softmax": "exp(x - amax(x, axis, 1))/sum(exp(x - amax(x, axis, 1)), axis, 1)",
    "log_softmax": "x - amax(x, axis, 1) - log(sum(exp(x - amax(x, axis, 1)), axis, 1))",
    "logsumexp": "where(abs(amax(x, axis, keepdims)) == inf, amax(x, axis, keepdims), amax(x, axis, keepdims)"
    " + log(sum(exp(x - amax(x, axis, 1)), axis, keepdims)))",
}


def functions(lib: Library, missing: Collection[str] = ()) -> dict[str, Form]:
    """A library's functions by gate, but for those that it has not, or not as exprgrad has them."""
    one = {**{name: name for name in _ONE.split()}, **_RENAMED}
    calls = {
        **{gate: call(lib.name(name)) for gate, name in one.items()},
        **{gate: call(lib.name(name), 2) for gate, name in _TWO.items()},
        "where": call(lib.name("where"), 3),
    }
    power = {"pow": Form("{0}**{1}", POWER, (ATOM, SIGN))}
    found = {**ARITHMETIC, **power, **{gate: Form(form.text, wrap=lib.wrap) for gate, form in calls.items()}}
    return {gate: form for gate, form in found.items() if gate not in missing}


class Arrays(Python):
    """Functions of arrays, in the words of a library."""

    arrays = True
    definitions = _DEFINITIONS
    lib: Library
    extra: Mapping[str, str] = PRELUDE  # functions that the library has not
    before: tuple[str, ...] = ()  # lines above the function
    given = "{}.asarray({}, dtype=float)"

    def form(self, found: Listing, wire: int, own: Row | None) -> Form:
        """How a gate is written; one whose elements meet by its settings and the shapes of its inputs."""
        gate = found.gates[wire]
        if not gate.op.whole or found.shapes is None:
            return super(Python, self).form(found, wire, own)
        settings = dict(zip(gate.op.params, gate.params, strict=True))
        form = WHOLE[gate.op.name](self.lib, *[found.shapes[source] for source in gate.inputs], **settings)
        return form if form.level != ATOM else Form(form.text, form.level, form.needs, self.lib.wrap)

    def prelude(self, name: str) -> tuple[str, ...]:
        """One of the functions above."""
        text = self.extra.get(name, "")
        names = {"{xp}." + own: "{xp}." + other for own, other in self.lib.words.items()}
        for own, other in names.items():
            text = text.replace(f"{own}(", f"{other}(")
        for place, word in (("xp", self.lib.xp), ("axis", self.lib.axis), ("dtype", self.lib.dtype)):
            text = text.replace(f"{{{place}}}", word)
        return ("", *text.splitlines()) if text else ()

    def array(self, value: Value) -> str:
        """An array of numbers."""
        return self.given.format(self.lib.xp, self.value(value))

    def value(self, value: Value) -> str:
        """A number, or lists of them."""
        if isinstance(value, float):
            return super().value(value)
        if not isinstance(value, tuple) and not value.size:
            return self.lib.of("zeros", f"{value.shape}{self.lib.dtype}")
        return re.sub(r"\b(inf|nan)\b", r"math.\1", literal(value))

    def inside(self, function: Function) -> Iterator[str]:
        """The function of the formula, of anything that can be an array."""
        head, *lines = super().inside(function)
        yield from (*self.before, head)
        yield from (f"    {name} = {self.given.format(self.lib.xp, name)}" for name in function.lines.inputs.values())
        yield from lines

    def assertion(self) -> Iterator[str]:
        """That all of what was found is what is stated."""
        xp = self.lib.xp
        yield f"found, stated = {self.given.format(xp, 'found')}, {self.given.format(xp, 'stated')}"
        yield f"near = {xp}.isclose(found, stated, rtol=0, atol=off, equal_nan=True)"
        yield "assert found.shape == stated.shape and near.all(), (name, found, stated)"
