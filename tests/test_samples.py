"""Every file in samples/ computes what it says, to the digits it shows."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from conftest import ROOT
from exprgrad.read import read
from exprgrad.run import run

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
        for part in line.split(", "):
            name, _, number = part.partition(" = ")
            gradient = re.fullmatch(r"d\[(\w+)\]", name)
            found = result.gradients[names[gradient[1]]] if gradient else result.values[names[name]]
            assert found is not None
            # to the last of 17 digits, where the chain of roundings may end one float64 beside the truth
            assert math.isclose(found, float(number), rel_tol=2.5e-16, abs_tol=0), (name, found, number)


def test_every_example_of_the_project_is_there() -> None:
    assert {path.stem for path in SAMPLES} >= {
        "sum-times", "sum-times-one-line", "neuron", "neuron-sigmoid", "neuron-composite", "add-max-mul",
        "sigmoid-quotient", "fork",
    }  # fmt: skip
