"""Formulas over arrays drawn at random, and the bytes of an input as the source of what is random."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from exprgrad.gates import GATES

POINT: dict[str, Any] = {
    "x": [1.0, 2, 3], "y": [0.0, -1], "W": [[1.0, 2, 3], [4, 5, 6]], "s": 0.0, "A": [[2.0, 1], [1, 3]], "empty": np.zeros((0, 3)),
}  # fmt: skip
LEAVES = [*POINT, "1", "2", "-1", "[1,2]", "[[1,2],[3,4]]", "[]", "0.5", "inf", "nan", "arange(3)"]
FUNCTIONS = [name for name in GATES if name.isidentifier()]
KEYS = ["0", "-1", "1:", "::2", "None", "...", ":, 0", "[0, 1]", ":", "s", "0, 1"]
KEYWORDS = [
    "",
    "",
    "",
    ", axis=0",
    ", axis=-1",
    ", keepdims=True",
    ", axis=[0,1]",
    ", ddof=1",
    ", index=0",
    ", key='0, 1:'",
]


def drawn(rng: random.Random, depth: int) -> str:
    """A formula of at most this many gates inside each other."""
    kind = rng.random()
    if depth == 0 or kind < 0.25:
        return rng.choice(LEAVES)
    inside = drawn(rng, depth - 1)
    if kind < 0.45:
        return f"{inside} {rng.choice(['+', '-', '*', '/', '@', '^', '<', '>='])} {drawn(rng, depth - 1)}"
    if kind < 0.6:
        return f"({inside})[{rng.choice(KEYS)}]"
    if kind < 0.65:
        return f"({inside}){rng.choice(['.T', '.mT', '.sum()', '.mean(axis=0)', '.dot(x)', '.reshape(-1)'])}"
    if kind < 0.7:
        return f"[{inside}, {drawn(rng, depth - 1)}]"
    others = "".join(f", {drawn(rng, depth - 1)}" for _ in range(rng.randint(0, 2)))
    return f"{rng.choice(FUNCTIONS)}({inside}{others}{rng.choice(KEYWORDS)})"


class Source(random.Random):
    """What is random, read from bytes; zeros behind their end."""

    def __init__(self, data: bytes) -> None:
        super().__init__(0)
        self.data = data
        self.place = 0

    def getrandbits(self, k: int, /) -> int:
        """So many bits."""
        count = (k + 7) // 8
        piece = self.data[self.place : self.place + count]
        self.place += count
        return int.from_bytes(piece.ljust(count, b"\0"), "big") >> (8 * count - k)

    def random(self) -> float:
        """A number in [0, 1)."""
        return self.getrandbits(16) / 65536
