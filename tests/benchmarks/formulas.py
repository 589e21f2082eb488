"""The formulas that are measured, in exprgrad's language; Python's differs in its ``**``."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from typing import Any

LONG: dict[str, Callable[[int], str]] = {
    "x+x+...+x": lambda n: "+".join(["x"] * n),
    "((...x))": lambda n: "(" * n + "x" + ")" * n,
    "sin(sin(...x))": lambda n: "sin(" * n + "x" + ")" * n,
    "--...x": lambda n: "-" * n + "x",
}
"""Formulas that grow in one way, by their size."""

POINT = {"u": 0.3, "v": -0.7, "w": 1.1, "x": 0.9, "y": -1.3}
_PAIRS = list(itertools.permutations(range(len(POINT)), 2))
_NAMED = list(itertools.permutations(POINT, 2))

WAVES = " + ".join(f"max(sin({p}*exp({q}/4)), sqrt(1 + {p}^2)*log(2 + {q}^2))" for p, q in _NAMED[:16])
BENDS = " + ".join(f"(relu({p}*{q} + {p}) - {p}/({q}^2 + 1))^2" for p, q in _NAMED)


def waves(inputs: Sequence[Any], library: Any) -> Any:
    """``WAVES`` on the numbers of a library, which is a module with ``exp``, ``maximum`` and so on."""
    pairs = [(inputs[p], inputs[q]) for p, q in _PAIRS[:16]]
    return sum(
        library.maximum(library.sin(p * library.exp(q / 4)), library.sqrt(1 + p**2) * library.log(2 + q**2))
        for p, q in pairs
    )


def bends(inputs: Sequence[Any]) -> Any:
    """``BENDS``, which has only operators and ``relu``, on numbers that have a method ``relu``."""
    pairs = [(inputs[p], inputs[q]) for p, q in _PAIRS]
    return sum(((p * q + p).relu() - p / (q**2 + 1)) ** 2 for p, q in pairs)


def mixed(gates: int) -> str:
    """A formula of so many operators and calls, the same one every time, nested as deep as a balanced tree."""
    return _mixed(gates, random.Random(0))


def _mixed(gates: int, rng: random.Random) -> str:
    if gates == 0:
        return rng.choice(["x", "y", "z", "rate", "2", "0.5", "3.25e-2", "17"])
    kind = rng.random()
    if kind < 0.2:
        return f"{rng.choice(['sin', 'exp', 'sqrt', 'log'])}({_mixed(gates - 1, rng)})"
    if kind < 0.3:
        return f"({_mixed(gates - 1, rng)})^{rng.choice('23')}"
    left = (gates - 1) // 2
    return f"({_mixed(left, rng)} {rng.choice('+-*/')} {_mixed(gates - 1 - left, rng)})"
