"""Gates with many digits: every row of the catalogue against the oracle."""

from __future__ import annotations

import math

import numpy as np
import pytest
from mpmath import mp, mpf

import array_oracle
from conftest import ROWS, call, points
from exprgrad.gates import Row
from exprgrad.language.read import read
from exprgrad.precise.forward import context, forward
from oracle import definition, extra_digits
from test_arrays import precise, sample

every_gate = pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
every_case = pytest.mark.parametrize(
    "case", array_oracle.CASES, ids=[f"{case.text} {case.shapes}" for case in array_oracle.CASES]
)


@every_gate
def test_values_in_high_precision(row: Row) -> None:
    """Gates with 60 digits and more are the oracle's, but for the float64 constants of selu."""
    circuit = read(call(row, [f"x{position}" for position in range(len(row.inputs))]))
    close = 1e-15 if row.name == "selu" else 1e-30
    for point in points(row, 20):
        ours = context(150 + 2 * extra_digits(point))
        got = forward(ours, circuit.gates, dict(zip(circuit.inputs.values(), point, strict=True)))[circuit.output]
        with mp.workdps(ours.dps):
            true = definition(row)(*map(mpf, point))
            if abs(mp.mag(true)) < 16000 or not true:
                assert abs(mpf(got) - true) <= close * abs(true), point


@every_case
def test_arrays_in_high_precision(case: array_oracle.Case) -> None:
    circuit, point = read(case.text), sample(case)
    inputs = {circuit.inputs[name]: value for name, value in point.items()}
    got = forward(context(60), circuit.gates, inputs)[circuit.output]
    with mp.workdps(60):
        true = case.of(*[precise(value) for value in point.values()])
        assert np.shape(got) == np.shape(true)
        assert all(abs(mpf(a) - mpf(b)) < mpf(10) ** -50 for a, b in zip(np.ravel(got), np.ravel(true), strict=True))


def test_powers_of_powers_come_to_an_end() -> None:
    ours = context(50)
    for text, value in (("exp(exp(exp(exp(x))))", math.inf), ("1/exp(exp(exp(exp(x))))", 0.0), ("9^9^9^9*x", math.inf),
                        ("sin(exp(exp(exp(x))))", math.nan), ("gamma(exp(exp(x)))", math.inf)):  # fmt: skip
        circuit = read(text)
        got = float(forward(ours, circuit.gates, {circuit.inputs["x"]: 9.0})[circuit.output])
        assert got == value or got != got, text
