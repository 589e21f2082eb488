"""Rows × laws: what holds for every gate of the catalogue, tested by walking it.

A new row is tested by being there.  The oracle is mpmath at 50 digits and more (oracle.py).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest
from mpmath import mp, mpf

from accuracy import flows, near, on_an_edge
from conftest import ROWS, bookish, call, points
from exprgrad.arithmetic.forward import forward, function, rule
from exprgrad.calculus.hessian import hessian
from exprgrad.chain import tangent
from exprgrad.gates import GATES, Kink, Row, Step
from exprgrad.gates import ROWS as ROWS_BY_NAME
from exprgrad.language.lower import body
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
        for position, name in enumerate(names):
            true = slope(row, point, position)
            if mp.isnan(true):  # out of the reals on one side
                continue
            compared += 1
            assert right(row, result.gradient[name], true, point), (point, name)
    assert compared


@pytest.mark.parametrize("row", [row for row in ROWS if row.sharp], ids=lambda row: row.name)
def test_the_gradient_of_a_book_is_the_one_that_is_computed(row: Row) -> None:
    """But for the digits that float64 loses in it."""
    names = names_of(row)
    circuit = read(call(row, names))
    compared = 0
    for point in points(row, 60):
        values = dict(zip(names, point, strict=True))
        computed = run(circuit, values).gradient
        for name, slope_ in run(bookish(circuit), values).gradient.items():
            if 1e-100 < abs(slope_) < 1e100:
                compared += 1
                assert math.isclose(computed[name], slope_, rel_tol=1e-11), (point, name)
    assert compared


@pytest.mark.parametrize("row", [row for row in ROWS if row.sharp_value], ids=lambda row: row.name)
def test_the_value_of_a_book_is_the_one_that_is_computed(row: Row) -> None:
    """But for the digits that float64 loses in it."""
    book = body(row, plain=True)
    assert book is not None
    for point in points(row, 60):
        assert math.isclose(forward(book.gates, {}, point)[book.output], function(row)(*point), rel_tol=1e-11), point


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


PLACES = (-6.0, -3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.5, 3.0, 6.0)
BESIDE = mpf(10) ** -40  # so near that what is there is the limit, to float64's last digit

edged = pytest.mark.parametrize("row", [row for row in ROWS if row.kinks or row.steps], ids=lambda row: row.name)


def places(row: Row) -> Iterator[tuple[tuple[float, ...], list[Kink], list[Step]]]:
    """Where kinks and steps may be, each place with those that the row says are there."""
    for place in product(PLACES, repeat=len(row.inputs)):
        if row.domain is None or rule(row.domain, row)(*place, math.nan):
            arguments = (*place, function(row)(*place))
            kinks = [kink for kink in row.kinks if rule(kink.at, row)(*arguments)]
            steps = [step for step in row.steps if rule(step.at, row)(*arguments)]
            yield place, kinks, steps


def beside(of: Callable[..., Any], place: tuple[float, ...], position: int) -> list[Any]:
    """What a function is left and right of a place, as one input grows."""
    with mp.workdps(120):
        sides = [[mpf(x) for x in place] for _ in range(2)]
        sides[0][position] -= BESIDE
        sides[1][position] += BESIDE
        return [of(*side) for side in sides]


@edged
def test_kinks_and_steps_state_what_both_sides_have(row: Row) -> None:
    """The local gradients left and right of a kink, and the values beside a step."""
    met = set()
    for place, kinks, steps in places(row):
        out = function(row)(*place)
        edges: list[Kink | Step] = [*steps]
        if len(kinks) == 1:  # where bounds meet, clip is constant
            edges += kinks
        for edge in edges:
            met.add(edge)
            first = next((word for word in re.findall(r"\w+", edge.at) if word in row.inputs), row.inputs[0])
            of = definition(row) if isinstance(edge, Step) else lambda *at: derivative(definition(row), at, 0)
            true = beside(of, place, row.inputs.index(first))
            stated = [rule(text, row)(*place, out) for text in (edge.left, edge.right)]
            assert stated == pytest.approx(list(map(float, true)), rel=1e-15), (place, edge)
            assert len({*stated, out} if isinstance(edge, Step) else set(stated)) > 1, (place, edge)
    assert met == {*row.kinks, *row.steps}


@edged
def test_every_kink_and_step_is_stated(row: Row) -> None:
    """Where left and right differ, as the first input grows."""
    names = names_of(row)
    circuit = read(call(row, names))
    for place, kinks, steps in places(row):
        left, right = beside(definition(row), place, 0)
        below, above = beside(lambda *at: derivative(definition(row), at, 0), place, 0)
        if abs(right - left) > 1e-9:
            assert steps or math.isnan(run(circuit, dict(zip(names, place, strict=True))).gradient[names[0]]), place
        elif abs(above - below) > 1e-9:
            assert kinks or steps, place


@edged
def test_the_gradient_at_a_kink_is_the_subgradient_of_least_norm(row: Row) -> None:
    """As the first input grows; max and min, whose inputs are alike, share it."""
    names = names_of(row)
    circuit = read(call(row, names))
    for place, kinks, _ in places(row):
        if len(kinks) == 1:
            low, high = sorted(
                rule(text, row)(*place, function(row)(*place)) for text in (kinks[0].left, kinks[0].right)
            )
            used = run(circuit, dict(zip(names, place, strict=True))).gradient[names[0]]
            assert used == (0.5 if row.name in ("max", "min") else min(max(0.0, low), high)), place


# where there would be a number, but none to rely on: beta's formula is that of positive numbers
UNCLAIMED: dict[str, Callable[..., bool]] = {
    "log_base": lambda _, base: base == 0,
    "xlogy": lambda x, _: x == 0,
    "xlog1py": lambda x, _: x == 0,
    "polygamma_drop": lambda _, x, h: x <= 0 or h <= 0,
    "beta": lambda a, b: a <= 0 or b <= 0,
}


@every_gate
def test_the_domain_is_where_the_definition_is_an_ordinary_number(row: Row) -> None:
    next_to = [math.nextafter(x, side) for x in PLACES for side in (-math.inf, math.inf)]
    for place in product((*PLACES, *next_to * (len(row.inputs) == 1)), repeat=len(row.inputs)):
        with mp.workdps(60 + extra_digits(place)):
            try:
                true = definition(row)(*map(mpf, place))
            except (ValueError, ZeroDivisionError):  # a pole
                true = mp.nan
        ordinary = not isinstance(true, mp.mpc) and bool(mp.isfinite(true))
        inside = row.domain is None or rule(row.domain, row)(*place, math.nan)
        assert ordinary or not inside, place
        assert inside or not ordinary or (row.name in UNCLAIMED and UNCLAIMED[row.name](*place)), place


@every_gate
def test_only_conditions_carry_no_gradient(row: Row) -> None:
    """An input whose gradient is 0 wherever there is one says 0, so that it shows."""
    without = [text is None for text in row.gradients or ("derived",)]
    conditions = ["less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "and", "or", "not"]
    assert without == ([True, False, False] if row.name == "where" else [row.name in conditions] * len(without))
    assert row.condition == (row.name in conditions)


def test_names_are_unambiguous() -> None:
    """No two rows answer to the same name with the same number of inputs."""
    for name, rows in GATES.items():
        counts = [count for row in rows for count in range(len(row.inputs) - len(row.defaults), len(row.inputs) + 1)]
        assert len(counts) == len(set(counts)), name
