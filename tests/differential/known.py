"""Where a peer and exprgrad are known to differ, and why; everything else is a disagreement.

This is for points without a truth to compare with: beyond the range of float64, out of the reals, singular.
Kinks are language.md's table, which has what JAX and PyTorch print there.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from differential.peers import answered, peer
from drawn import Call, Formula


class Difference(NamedTuple):
    """At a gate whose operands are like this, a peer has another value, or another gradient."""

    peers: str
    gate: str
    at: Callable[..., Any]
    why: str


def _zero(x: Any, *_: Any) -> Any:
    return x == 0


def _two(a: Any, b: Any, c: Any) -> Any:
    return len({float(a), float(b), float(c)}) < 3


def _negative(x: Any, *_: Any) -> Any:
    return x < 0


def _endless(*operands: Any) -> Any:
    return any(abs(one) == np.inf for one in operands)


def _on_a_step(a: Any, b: Any) -> Any:
    return abs(a / b - np.round(a / b)) <= 1e-9 * abs(a / b)


def _tiny(x: Any, *_: Any) -> Any:
    return 0 <= abs(x) < 1e-290


def _whole(x: Any, *_: Any) -> Any:
    return abs(x - np.round(x)) < 1e-4


def _one(x: Any, *_: Any) -> Any:
    return abs(abs(x) - 1) < 1e-6


def _squared(*operands: Any) -> Any:
    return any(abs(one) > 1e150 or 0 < abs(one) < 1e-150 for one in operands)


def _nan(*operands: Any) -> Any:
    return any(one != one for one in operands)


def _far(x: Any, *_: Any) -> Any:
    return abs(x) > 5


VALUES: tuple[Difference, ...] = (
    Difference("torch jax", "sinc", _whole, "sin(pi*x) is off next to a whole number"),
    Difference("torch", "sign", lambda x: x == 0 or _nan(x), "0 for NaN and for -0"),
    Difference("torch jax", "copysign", _nan, "the sign of a NaN, which says nothing"),
    Difference("jax", "factorial", _negative, "0 below 0, where the gamma function goes on"),
    Difference("jax", "beta", lambda a, b: a <= 0 or b <= 0 or _nan(a, b) or _endless(a, b), "NaN beside its domain"),
    Difference("jax", "digamma", _zero, "NaN at the pole"),
    *[
        Difference("torch jax", name, _on_a_step, "rounding decides on which side of a step it is")
        for name in ("mod", "fmod", "floor_divide")
    ],
    *[
        Difference("torch", name, _far, "1 + erf(x) or 1 + tanh(x) cancels: 0 far to the left")
        for name in ("gelu", "gelu_tanh", "norm_cdf")
    ],
    *[
        Difference("torch jax", name, _tiny, "1/x overflows")
        for name in ("asec", "acsc", "acot", "asech", "acsch", "acoth")
    ],
    *[
        Difference("torch jax", name, _one, "1/x is rounded next to a singular point")
        for name in ("asec", "acsc", "asech", "acoth")
    ],
    *[Difference("torch jax", name, lambda x: abs(x) > 700, "cosh overflows") for name in ("sech", "csch")],
    Difference("torch jax", "sigmoid", lambda x: x < -700, "exp(-x) overflows where the value is subnormal"),
    Difference("torch jax", "hypot", _squared, "the squares of a norm's elements are out of range"),
)

GRADIENTS: tuple[Difference, ...] = (
    Difference("jax", "abs", _zero, "1 at 0, ours is 0: the subgradient of least norm"),
    Difference("jax", "clip", _two, "half of it at a bound, ours is 0"),
    Difference("torch", "clip", _two, "at a bound all of it to x or to the bound, ours by the order of language.md"),
    Difference("jax torch", "hypot", lambda a, b: (a == 0) & (b == 0), "not 0 at (0, 0)"),
    Difference("jax torch", "atan2", lambda a, b: (a == 0) & (b == 0), "0 at (0, 0) where there is no direction, ours is NaN"),
    Difference("jax torch", "leaky_relu", _zero, "1 or the slope at 0, ours is the smaller one"),
    Difference("jax torch", "elu", _zero, "alpha at 0, ours is the smaller of alpha and 1"),
    Difference("jax torch", "selu", _zero, "the slope on the left at 0, ours is the smaller one"),
    Difference("torch", "hardsigmoid", lambda x: abs(x) < 3, "1/6 in single precision"),
    Difference("jax", "hardtanh", lambda x: np.abs(x) == 1, "1 at a bound, ours is 0"),
    Difference("jax torch", "copysign", _zero, "a sign at 0, ours is 0"),
    *[Difference("jax torch", name, _zero, "0 for 0 times the logarithm of what has none") for name in ("xlogy", "xlog1py")],
    *[Difference("torch", name, lambda x, *_: x < -5, "out + 1 cancels") for name in ("expm1", "elu")],
    *[Difference("jax torch", name, _far, "1 - out cancels") for name in ("sigmoid", "tanh", "coth")],
    Difference("torch", "digamma", lambda x: x < -1e8, "pi*x is rounded before its sine is taken"),
    *[Difference("jax torch", name, lambda x: abs(x) > 300, "the square overflows") for name in ("sech", "csch")],
    *[Difference("jax torch", name, _squared, "the square is out of range") for name in ("asinh", "acosh", "atan2")],
    Difference("jax torch", "sinc", _whole, "not 0 at a whole number, so that a kink there is missed"),
    Difference("jax torch", "pow", lambda a, _: a <= 0, "0 or NaN by the exponent where 0 or less is raised"),
)  # fmt: skip


def explained(table: Sequence[Difference], formula: Formula, point: Mapping[str, float], name: str) -> bool:
    """Whether a gate of the formula has operands, by the peer itself, for which it is known to differ."""
    seen: list[tuple[str, list[Any]]] = []

    def saw(call: Call, operands: list[Any]) -> None:
        seen.append((call.row.name, [np.float64(operand) for operand in operands]))

    if name == "sympy":  # whose operands are expressions; it has no number where there is no truth
        return False
    them = peer(name)
    inputs = {key: them.number(value) for key, value in point.items()}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        answered(formula, inputs, them.GATES, them.number, saw)
        return any(
            one.gate == gate and name in one.peers.split() and one.at(*operands)
            for gate, operands in seen
            for one in table
        )
