"""Random formulas over arrays: a result with gradients of its inputs' shapes, or an error of ours; never another."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

from exprgrad.diagnosis.notes import notes
from exprgrad.errors import ExprgradError
from exprgrad.gates import GATES
from exprgrad.language.read import read
from exprgrad.run import jacobian, run
from exprgrad.style import Style
from exprgrad.values import shape
from exprgrad.views import table
from exprgrad.write import flat
from exprgrad.write import json as json_
from exprgrad.write.formula import write
from test_schema import faults

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


@pytest.mark.parametrize("seed", range(20))
def test_a_result_or_an_error_of_ours(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(100):
        text = drawn(rng, rng.randint(1, 3))
        with suppress(ExprgradError):
            circuit = read(text)
            point = {name: value for name, value in POINT.items() if name in circuit.inputs}
            result = run(circuit, point, upstream=1.0)
            assert all(shape(gradient) == np.shape(point[name]) for name, gradient in result.gradient.items()), text
            assert faults(json.loads("\n".join(json_.write(result, notes(result))))) == [], text
            table.draw(table.show(result, Style()), False, Style())
            list(flat.write(result, ","))
            assert write(read(write(circuit))) == write(circuit), text
            read(write(result.backward.circuit))
            if np.size(result.value) < 9:
                jacobian(circuit, point)
