"""Every file in samples/ computes what it says, to the digits it shows."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

from conftest import ROOT
from exprgrad.language.read import read
from exprgrad.run import run
from exprgrad.values import shape

SAMPLES = sorted((ROOT / "samples").glob("*.txt"))


@pytest.mark.parametrize("path", SAMPLES, ids=[path.stem for path in SAMPLES])
def test_sample(path: Path) -> None:
    """Comments that begin with #> state values and gradients: `q = 3, d[q] = -4`, `--of q: …`."""
    text = path.read_text(encoding="utf-8")
    stated = re.findall(r"^#> (?:--of (\w+): )?(.*)$", text, re.MULTILINE)
    assert stated
    for of, line in stated:
        circuit = read(text, of=of or None)
        result = run(circuit, {})
        names = {**circuit.names, "value": circuit.output}
        for part in re.split(r", (?=[\w\[\]]+ = )", line):
            name, _, number = part.partition(" = ")
            gradient = re.fullmatch(r"d\[(\w+)\]", name)
            found = result.gradients[names[gradient[1]]] if gradient else result.values[names[name]]
            assert found is not None
            if shape(found):  # JAX's digits, whose sums are rounded in another order
                true = np.array(json.loads(number))
                assert np.max(np.abs(found - true)) <= 1e-14 * np.max(np.abs(true)), name
            elif result.arrays:
                assert math.isclose(found, float(number), rel_tol=1e-14), (name, found, number)
            else:  # to the last of 17 digits, where the chain of roundings may end one float64 beside the truth
                assert math.isclose(found, float(number), rel_tol=2.5e-16, abs_tol=0), (name, found, number)


def test_every_example_of_the_project_is_there() -> None:
    assert {path.stem for path in SAMPLES} >= {
        "sum-times", "sum-times-one-line", "neuron", "neuron-sigmoid", "neuron-composite", "add-max-mul",
        "sigmoid-quotient", "fork", "neuron-vectors", "matrix-product", "two-layer-network", "linear-regression",
        "logistic-regression", "gaussian-mixture",
    }  # fmt: skip
