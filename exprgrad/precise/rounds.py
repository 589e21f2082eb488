"""Whether a gate's result on mpmath's numbers is rounded: known for arithmetic, suspected of everything else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

_LONGEST = 4096  # a power that is looked at

# what these give are their inputs, or whole numbers
_KEEP = {
    "pos", "neg", "abs", "sign", "copysign", "max", "min", "where", "heaviside", "floor", "ceil", "round", "trunc",
    "less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "and", "or", "not",
}  # fmt: skip

Parts = tuple[int, int, int]  # an odd mantissa, its exponent and how many bits it has


def rounds(mp: Any, name: str, arguments: Sequence[Any], found: Any) -> bool:
    """Whether the value found is not, or not surely, the exact one."""
    value = _parts(found)
    if not value[0] or name in _KEEP:  # nothing is rounded to 0, and what is infinite is no number
        return False
    parts = [_parts(argument) for argument in arguments]
    if name in _EXACT:
        return not _EXACT[name](mp.prec, value, *parts)
    return any([part[0] for part in parts]) or value[2] > 1  # exp(0), cos(0), norm_cdf(0)


def _parts(number: Any) -> Parts:
    _, mantissa, exponent, bits = number._mpf_
    return mantissa, exponent, bits


def _is_whole(part: Parts) -> bool:
    return part[1] >= 0


def _sum(prec: int, _: Parts, a: Parts, b: Parts) -> bool:
    if not a[0] or not b[0]:
        return True
    return max(a[1] + a[2], b[1] + b[2]) - min(a[1], b[1]) < prec


def _product(_: int, value: Parts, a: Parts, b: Parts) -> bool:
    return value[0] == a[0] * b[0]


def _power(_: int, value: Parts, a: Parts, b: Parts) -> bool:
    if a[:2] == (1, 0) or not b[0]:
        return True
    if _is_whole(b) and b[2] + b[1] < _LONGEST.bit_length() and (a[0] == 1 or value[2] > 1):
        return bool(value[0] == a[0] ** (b[0] << b[1]))  # of 1/8 too, but not of 1/9
    return b[0] == 1 and b[1] in (-1, -2) and bool(value[0] ** (1 << -b[1]) == a[0])


def _ten_to(prec: int, value: Parts, x: Parts) -> bool:
    return _is_whole(x) and x[0] << min(x[1], 20) < prec and bool(value[0] == 5 ** (x[0] << x[1]))


def _factorial(prec: int, value: Parts, x: Parts) -> bool:
    return _is_whole(x) and _is_whole(value) and value[2] + value[1] < prec


_EXACT: Mapping[str, Callable[..., bool]] = {
    "add": _sum,
    "sub": _sum,
    "mul": _product,
    "div": lambda prec, value, a, b: _product(prec, a, value, b),
    "sqrt": lambda _, value, x: value[0] ** 2 == x[0],
    "cbrt": lambda _, value, x: value[0] ** 3 == x[0],
    "pow": _power,
    "exp2": lambda _, __, x: _is_whole(x),
    "exp10": _ten_to,
    "log2": lambda _, __, x: x[0] == 1,
    "log10": lambda prec, value, x: _is_whole(value) and _ten_to(prec, x, value),
    "gamma": _factorial,
    "factorial": _factorial,
    "sinpi": lambda _, __, x: x[1] >= -1,
    "cospi": lambda _, __, x: x[1] >= -1,
}
