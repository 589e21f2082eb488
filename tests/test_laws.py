"""Rows × laws: what holds for every gate of the catalogue, tested by walking it.

A new row is tested by being there.  The oracle is mpmath at 50 digits and more (oracle.py).
"""

from __future__ import annotations

import math
from typing import Any

import pytest
from mpmath import mp, mpf

from accuracy import flows, near, on_an_edge
from conftest import ROWS, call, points
from exprgrad.arithmetic.forward import forward, function, rule
from exprgrad.calculus.hessian import hessian
from exprgrad.chain import tangent
from exprgrad.gates import GATES, Row
from exprgrad.gates import ROWS as ROWS_BY_NAME
from exprgrad.language.read import read
from exprgrad.run import run
from exprgrad.write.formula import write
from oracle import DERIVATIVES, definition, derivative, extra_digits, slope, ulps

TINY = 2.3e-308  # below the smallest normal number an answer may be flushed to 0

every_gate = pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])


def right(row: Row, got: float, true: Any, point: tuple[float, ...]) -> bool:
    """Whether a number is the true one, to the row's accuracy."""
    return ulps(got, true, near(row, point)) <= row.ulps or bool(abs(got - true) <= TINY)


def names_of(row: Row) -> list[str]:
    return [f"x{position}" for position in range(len(row.inputs))]


@every_gate
def test_value(row: Row) -> None:
    """The value is the definition's, to the row's accuracy, over the whole domain."""
    for point in points(row):
        with mp.workdps(60 + extra_digits(point)):
            true = definition(row)(*map(mpf, point))
        assert right(row, function(row)(*point), true, point), point


@every_gate
def test_local_gradient(row: Row) -> None:
    """Local gradients are the definition's derivatives, to the row's accuracy, far out and near corners."""
    names = names_of(row)
    circuit = read(call(row, names))
    compared = 0
    for point in points(row):
        if on_an_edge(row, point):
            continue
        result = run(circuit, dict(zip(names, point, strict=True)))
        for position in flows(row):
            true = slope(row, point, position)
            if mp.isnan(true):  # out of the reals on one side
                continue
            compared += 1
            assert right(row, result.gradient[names[position]], true, point), (point, position)
    assert compared or not flows(row)


@pytest.mark.parametrize("name", DERIVATIVES)
def test_stated_derivatives_are_those_of_the_definitions(name: str) -> None:
    """What the oracle states is what differences of its definitions give, where they can tell."""
    row = ROWS_BY_NAME[name]
    compared = 0
    for point in points(row, 60):
        if on_an_edge(row, point) or not all(1e-2 < abs(x) < 6 for x in point):
            continue
        for position in DERIVATIVES[name]:
            stated, found = slope(row, point, position), derivative(definition(row), point, position)
            if mp.isfinite(stated) and mp.isfinite(found):
                compared += 1
                assert abs(stated - found) <= mpf(10) ** -30 * max(1, abs(found)), (point, position)
    assert compared


@every_gate
def test_second_order(row: Row) -> None:
    """The derivative of the local gradient is the definition's second derivative."""
    names = names_of(row)
    circuit = read(call(row, names))
    for point in points(row, 60):
        if on_an_edge(row, point) or not all(1e-2 < abs(x) < 30 for x in point):
            continue
        values = dict(zip(names, point, strict=True))
        found = hessian(circuit, values)[1]
        for first in flows(row):
            for second in flows(row):

                def rate(*at: Any, first: int = first) -> Any:
                    return _derivative(definition(row), at, first)

                true = _derivative(rate, tuple(map(mpf, point)), second)
                if not mp.isfinite(true):
                    continue
                scale = max(1.0, abs(float(true)), abs(run(circuit, values).gradient[names[first]]))
                assert math.isclose(
                    found[names[first]][names[second]], float(true), rel_tol=1e-9, abs_tol=1e-9 * scale
                ), point


def _derivative(of: Any, at: tuple[Any, ...], position: int) -> Any:
    """A central difference whose step suits a nested one."""
    with mp.workdps(150):
        step = mpf(10) ** -30
        left, right = list(at), list(at)
        left[position] -= step
        right[position] += step
        difference = of(*right) - of(*left)
        return mp.nan if isinstance(difference, mp.mpc) else difference / (2 * step)


@every_gate
def test_forward_is_reverse(row: Row) -> None:
    """Both modes give the same derivative, bit by bit, on edges and at singular points too."""
    names = names_of(row)
    circuit = read(call(row, names))
    ahead = {name: tangent(circuit, name) for name in names}
    singular = [tuple(at for _ in names) for at in (0.0, 1.0, -1.0, math.inf)]
    for point in [*points(row, 40), *singular]:
        values = dict(zip(names, point, strict=True))
        result = run(circuit, values)
        for name, gradient in result.gradient.items():
            wires = {circuit.inputs[key]: value for key, value in values.items()}
            rate = forward(ahead[name].gates, wires)[ahead[name].output]
            assert rate == gradient or math.isnan(gradient), (point, name)


@every_gate
def test_print_then_read_is_the_same_circuit(row: Row) -> None:
    """A printed gate reads back as itself."""
    circuit = read(call(row, names_of(row)))
    again = read(write(circuit))
    assert [(gate.op, gate.inputs) for gate in again.gates] == [(gate.op, gate.inputs) for gate in circuit.gates]


KINKED = [row for row in ROWS if row.kinks and len(row.inputs) == 1]


@pytest.mark.parametrize("row", KINKED, ids=[row.name for row in KINKED])
def test_kinks_state_what_both_sides_have(row: Row) -> None:
    """Left and right of a kink, the local gradient is what the row says; the gate's own is between."""
    for kink in row.kinks:
        places = [x for x in (-6.0, -3.0, -1.0, 0.0, 1.0, 3.0, 6.0) if rule(kink.at, row)(x, function(row)(x))]
        assert places, f"{kink.at} is nowhere among the usual places"
        for place in places:
            left, right = (float(derivative(definition(row), (place + side,), 0)) for side in (-1e-9, 1e-9))
            stated = [rule(text, row)(place, function(row)(place)) for text in (kink.left, kink.right)]
            assert stated == pytest.approx([left, right], rel=1e-8, abs=1e-8)
            used = run(read(call(row, ["x"])), {"x": place}).gradient["x"]
            low, high = min(stated), max(stated)
            assert used == pytest.approx(min(max(0.0, low), high)), "the subgradient of least norm"


def test_names_are_unambiguous() -> None:
    """No two rows answer to the same name with the same number of inputs."""
    for name, rows in GATES.items():
        counts = [count for row in rows for count in range(len(row.inputs) - len(row.defaults), len(row.inputs) + 1)]
        assert len(counts) == len(set(counts)), name
