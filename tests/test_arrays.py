"""Rows × laws for arrays: every whole-array gate over shapes of rank 0 to 3, and every other gate by elements."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpf

from array_oracle import CASES, Case
from conftest import ROWS, call, points
from exprgrad.arithmetic.forward import forward
from exprgrad.calculus.hessian import hessian
from exprgrad.calculus.orders import directional as along
from exprgrad.chain import backward, tangent
from exprgrad.circuit import Circuit
from exprgrad.gates import CATALOGUE, Row
from exprgrad.language.read import read
from exprgrad.run import run
from exprgrad.values import shape
from exprgrad.write.formula import write

CLOSE = 2e-13  # relative to the largest element

every_case = pytest.mark.parametrize("case", CASES, ids=[f"{case.text} {case.shapes}" for case in CASES])


def sample(case: Case, salt: str = "") -> dict[str, Any]:
    """Inputs whose elements are not near each other, nor near 0."""
    rng = random.Random(case.text + salt)
    return {name: numbers(rng, extent) for name, extent in zip("xyz", case.shapes, strict=False)}


def numbers(rng: random.Random, extent: tuple[int, ...]) -> Any:
    count = math.prod(extent)
    found = np.array([(0.4 + 1.7 * k / max(count, 1)) * rng.choice((-1, 1)) for k in range(count)])
    rng.shuffle(found)  # type: ignore[arg-type]
    return found.reshape(extent) if extent else float(found[0])


def precise(value: Any) -> Any:
    """The same numbers for mpmath."""
    found = np.array([mpf(float(x)) for x in np.ravel(value)], dtype=object).reshape(np.shape(value))
    return found if found.ndim else found[()]


def directional(case: Case, point: dict[str, Any], ways: list[dict[str, Any]], upstream: Any) -> Any:
    """The derivative of <upstream, f> along directions, one after the other, by central differences in 120 digits."""
    with mp.workdps(120):
        step = mpf(10) ** -25

        def moved(at: dict[str, Any], left: list[dict[str, Any]]) -> Any:
            if not left:
                return np.sum(case.of(*at.values()) * precise(upstream))
            ahead, behind = (
                moved({name: value + sign * step * precise(left[0][name]) for name, value in at.items()}, left[1:])
                for sign in (1, -1)
            )
            return (ahead - behind) / (2 * step)

        return moved({name: precise(value) for name, value in point.items()}, ways)


def inner(a: dict[str, Any], b: dict[str, Any]) -> float:
    return float(sum(np.sum(a[name] * b[name]) for name in a))


def close(got: float, true: Any, scale: float) -> bool:
    return bool(abs(mpf(got) - true) <= CLOSE * max(scale, abs(float(true)), 1.0))


@every_case
def test_value(case: Case) -> None:
    point = sample(case)
    got = run(read(case.text), point, upstream=1.0).value
    with mp.workdps(50):
        true = case.of(*[precise(value) for value in point.values()])
    assert shape(got) == np.shape(true)
    error = np.max(np.abs(precise(got) - true), initial=0) if shape(got) else abs(mpf(got) - true)
    assert error <= CLOSE * max(1.0, float(np.max(np.abs(true), initial=0)))


@every_case
def test_gradient(case: Case) -> None:
    """Along every axis of every input: the gradient is the derivative of the definition, in its shape."""
    point, circuit = sample(case), read(case.text)
    upstream = numbers(random.Random(1), shape(run(circuit, point, upstream=1.0).value))
    gradient = run(circuit, point, upstream=upstream).gradient
    scale = max([float(np.max(np.abs(one), initial=0)) for one in gradient.values()], default=0)
    still = {name: np.zeros(shape(value)) for name, value in point.items()}
    for name, found in gradient.items():
        assert shape(found) == shape(point[name])
        for place in np.ndindex(shape(point[name])):
            way = {**still, name: still[name].copy()}
            way[name][place] = 1.0
            got = float(found[place]) if place else float(found)
            assert close(got, directional(case, point, [way], upstream), scale), (name, place)


@every_case
def test_second_order(case: Case) -> None:
    """<u, H v>, by backward of backward, is the mixed difference."""
    point, circuit = sample(case), read(case.text)
    upstream = numbers(random.Random(2), shape(run(circuit, point, upstream=1.0).value))
    first = backward(circuit, shapes={name: shape(value) for name, value in point.items()})
    seed = str(first.circuit.gates[first.seed].name)
    u, v = (sample(case, salt) for salt in "uv")
    got = 0.0
    for name, wire in circuit.inputs.items():
        gradient = first.gradient[wire]
        if gradient is not None:
            once = Circuit(first.circuit.gates, first.circuit.names, gradient)
            again = run(once, {**point, seed: upstream}, list(point), upstream=u[name]).gradient
            got += inner(again, v)
    assert close(got, directional(case, point, [u, v], upstream), 100.0)


@every_case
def test_hessian_and_directional(case: Case) -> None:
    """<u, H v> of the Hessian's blocks is the mixed difference, J v along all inputs at once the plain one."""
    point, circuit = sample(case), read(case.text)
    upstream = numbers(random.Random(2), shape(run(circuit, point, upstream=1.0).value))
    u, v = (sample(case, salt) for salt in "uv")
    got = 0.0
    for first, row in hessian(circuit, point, upstream=upstream)[1].items():
        for other, block in row.items():
            by_v = np.tensordot(block, v[other], np.ndim(v[other]))
            got += float(np.sum(np.tensordot(u[first], by_v, np.ndim(u[first]))))
    assert close(got, directional(case, point, [u, v], upstream), 100.0)
    value, rate = along(circuit, point, u)
    assert shape(rate) == shape(value)
    assert close(float(np.sum(rate * upstream)), directional(case, point, [u], upstream), 100.0)


@every_case
def test_forward_is_reverse(case: Case) -> None:
    """<g, J v> is <Jᵀ g, v>."""
    point, circuit = sample(case), read(case.text)
    shapes = {name: shape(value) for name, value in point.items()}
    upstream = numbers(random.Random(3), shape(run(circuit, point, upstream=1.0).value))
    gradient = run(circuit, point, upstream=upstream).gradient
    for name, direction in sample(case, "t").items():
        ahead = tangent(circuit, name, shapes)
        moved = {f"t[{name}]": direction} if shape(direction) else {}
        known = {ahead.inputs[key]: value for key, value in {**point, **moved}.items()}
        rate = forward(ahead.gates, known, arrays=True)[ahead.output]
        scale = 1.0 if moved else direction
        assert float(np.sum(rate * upstream)) * scale == pytest.approx(
            float(np.sum(gradient[name] * direction)), rel=1e-12, abs=1e-12
        )


@every_case
def test_print_then_read_is_the_same_circuit(case: Case) -> None:
    circuit = read(case.text)
    again = read(write(circuit))
    assert [(g.op, g.inputs, g.params, g.value) for g in again.gates] == [
        (g.op, g.inputs, g.params, g.value) for g in circuit.gates
    ]


def test_every_whole_array_gate_has_a_case() -> None:
    rows = {row.name for rows in CATALOGUE.values() for row in rows if row.whole}
    assert rows - {case.row for case in CASES} == {"arange", "size", "ndim", "eye_like", "index_back"}


# ---------------------------------------------------------------- by elements


def alike(a: float, b: float, ulps: float) -> bool:
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return a == b or abs(a - b) <= 2 * ulps * math.ulp(max(abs(a), abs(b))) or max(abs(a), abs(b)) < 1e-290


SINGULAR = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 3.0, 0.5, -0.5, 6.0, math.inf, -math.inf, math.nan, 1e308, 5e-324]


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_arrays_are_scalars_side_by_side(row: Row) -> None:
    """An array's value and gradients are those of its elements, singular points, NaN and infinities too."""
    count = len(row.inputs)
    rng = random.Random(row.name)
    some = [tuple(rng.choice(SINGULAR) for _ in range(count)) for _ in range(60)]
    chosen = [*points(row, 40), *[(x,) * count for x in SINGULAR], *some]
    names = [f"x{k}" for k in range(count)]
    circuit = read(call(row, names))
    columns = {name: np.array([point[k] for point in chosen]) for k, name in enumerate(names)}
    side = run(circuit, columns, upstream=1.0)
    for k, point in enumerate(chosen):
        alone = run(circuit, dict(zip(names, point, strict=True)))
        assert alike(side.value[k], alone.value, max(row.ulps, 4)), (point, side.value[k], alone.value)
        if near_an_edge(alone.value):
            continue
        for name, gradient in alone.gradient.items():
            assert alike(side.gradient[name][k], gradient, 4 * max(row.ulps, 4)), (
                point,
                name,
                side.gradient[name][k],
                gradient,
            )


def near_an_edge(value: float) -> bool:
    """Where a last bit of the value decides whether its gradient overflows."""
    return abs(value) > 1e307 or 0 < abs(value) < 1e-300


@pytest.mark.parametrize("row", [row for row in ROWS if len(row.inputs) > 1], ids=lambda row: row.name)
@pytest.mark.parametrize(
    "shapes", [((3, 1), (1, 4), (4,)), ((), (2, 3), ()), ((2, 1, 2), (3, 1), ()), ((0, 3), (3,), (1,))]
)
def test_gradients_of_what_was_broadcast_add_up(row: Row, shapes: tuple[tuple[int, ...], ...]) -> None:
    """The gradient of an input that was broadcast is the sum over its copies, and has its shape."""
    names = [f"x{k}" for k in range(len(row.inputs))]
    rng = random.Random(5)
    drawn = list(points(row, 30))
    usual = [point for point in drawn if all(1e-3 < abs(x) < 1e3 for x in point)] or drawn
    values = {
        name: np.array([rng.choice(usual)[k] for _ in range(math.prod(extent))]).reshape(extent)
        for k, (name, extent) in enumerate(zip(names, shapes, strict=False))
    }
    circuit = read(call(row, names))
    got = run(circuit, values, upstream=1.0)
    extent = np.broadcast_shapes(*[np.shape(value) for value in values.values()])
    assert shape(got.value) == extent
    spread = {name: np.broadcast_to(value, extent) for name, value in values.items()}
    sums = {name: np.zeros(np.shape(value)) for name, value in values.items()}
    sizes = {name: np.zeros(np.shape(value)) for name, value in values.items()}
    for place in np.ndindex(extent):
        alone = run(circuit, {name: float(value[place]) for name, value in spread.items()})
        for name, gradient in alone.gradient.items():
            near = place[len(place) - sums[name].ndim :]
            at = tuple([0 if length == 1 else k for k, length in zip(near, shape(sums[name]), strict=True)])
            sums[name][at] += gradient
            sizes[name][at] += abs(gradient)
    for name, gradient in got.gradient.items():
        assert shape(gradient) == sums[name].shape
        finite = np.isfinite(sums[name])
        assert np.all(np.isfinite(gradient) == finite)
        error = np.abs(np.where(finite, gradient, 0) - np.where(finite, sums[name], 0))
        assert np.all(error <= 1e-13 * max(row.ulps, 4) * np.where(finite, sizes[name], 1) + 1e-300)


def test_scalars_in_a_run_with_arrays_are_what_they_are_without() -> None:
    """The same bits: only what is an array is computed by NumPy."""
    text = "a = tanh(x)^2.5 + exp(y)/3; b = sum([a, x*y]); a"
    point = {"x": 0.7312, "y": -1.13}
    with_arrays = run(read(text), point)
    without = run(read("tanh(x)^2.5 + exp(y)/3"), point)
    assert (with_arrays.value, with_arrays.gradient) == (without.value, without.gradient)


def test_a_local_gradient_is_nan_where_the_value_is() -> None:
    result = run(read("sum(log(x))"), {"x": [-1, 2]})
    np.testing.assert_array_equal(np.array(result.locals[1][0]), [np.nan, 0.5])
