"""Forward mode at a point: the derivatives by one number, up to some order, and those along a direction."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from exprgrad.arithmetic.forward import forward, told
from exprgrad.chain import tangent
from exprgrad.circuit import Circuit, uncollected
from exprgrad.errors import UsageError, named
from exprgrad.run import value_of, wires
from exprgrad.shapes import extent_of, is_scalar
from exprgrad.shapes.axes import Shape, fits
from exprgrad.tidy import shared
from exprgrad.values import Value, blank, dims, elements, shape, spots, spread

HIGHEST = 170  # order; 171! is no float64
MOST_GATES = 300_000  # in the circuits of all derivatives


@uncollected()
def derivatives(circuit: Circuit, point: Mapping[str, Any], name: str, order: int) -> list[Value]:
    """The output, its derivative by an input that is one number, the derivative of that, and so on.

    Where one is NaN, so are those after it.  Raises UsageError if the input is an array, if their
    circuits have more than MOST_GATES gates, and above order HIGHEST.
    """
    if not 0 <= order <= HIGHEST:
        raise UsageError(f"--order {order} is out of reach", hint=f"a whole number from 1 to {HIGHEST}")
    given, extents = _given(circuit, point, [name], "--order")
    if extents[name]:
        raise UsageError(
            f"--order is of a variable that is one number, and {named(name)} is an array ({dims(extents[name])})",
            hint="--hessian takes arrays, of second order",
        )
    found: list[Value] = []
    for latest in successive(circuit, name, tuple(extents.items()), order):
        value = _output(latest, given)
        found.append(blank(value, found[-1]) if found else value)
    return found


def taylor(derivative: Value, order: int) -> Value:
    """The coefficient that a derivative gives the Taylor series: 1/n! of it."""
    return derivative / float(math.factorial(order))


@lru_cache(maxsize=8)  # of a circuit at many points
def successive(circuit: Circuit, name: str, extents: tuple[tuple[str, Shape], ...], order: int) -> tuple[Circuit, ...]:
    """The circuit, and the tangent of each along one input, tidied before it is differentiated again."""
    found, spent = [circuit], 0
    for number in range(1, order + 1):
        further = tangent(found[-1], name, dict(extents))
        found.append(shared(Circuit(further.gates, further.inputs, further.output, circuit.text)))
        spent += len(found[-1].gates)
        if spent > MOST_GATES:
            raise UsageError(
                f"up to order {number} the derivatives of this formula take more than {MOST_GATES:,} gates",
                hint=f"ask for fewer: --order {number - 1}",
            )
    return tuple(found)


@uncollected()
def directional(circuit: Circuit, point: Mapping[str, Any], direction: Mapping[str, Any]) -> tuple[Value, Value]:
    """The output, and its derivative as the inputs move in a direction: the Jacobian times it, in forward mode.

    ``direction`` has numbers and arrays, of the inputs' shapes or broadcast to them; inputs that it does not
    name stand still.  Its zeros are structural: nothing is multiplied by them.  Where the output is NaN, so
    is the derivative.
    """
    given, extents = _given(circuit, point, direction, "--tangent")
    rates: dict[str, Value] = {}
    for name, part in direction.items():
        rate = _spread(name, value_of(name, part), extents[name])
        if spots(rate)[0]:
            rates[name] = rate
    moved = tangent(circuit, list(rates), extents, one=True)
    value = _output(circuit, given)
    found = _output(moved, given | {f"t[{name}]": rate for name, rate in rates.items()})
    return value, blank(spread(found, shape(value)), value)


def share(gradient: Value, rate: Value) -> float:
    """What an input adds to the derivative along a direction: gradient times direction, summed."""
    parts = zip(elements(gradient), elements(rate), strict=True)
    return sum([slope * part for (_, slope), (_, part) in parts if part], 0.0)


def _given(
    circuit: Circuit, point: Mapping[str, Any], names: Mapping[str, Any] | list[str], option: str
) -> tuple[dict[str, Value], dict[str, Shape]]:
    """The values of a point, and the shapes of all inputs; UsageError for ``names`` that are no inputs."""
    inputs = wires(circuit, point, names, option)
    given = {name: value_of(name, value) for name, value in point.items()}
    extents = {name: extent_of(given.get(name, circuit.gates[wire].value)) for name, wire in inputs.items()}
    return given, extents


def _spread(name: str, rate: Value, extent: Shape) -> Value:
    """The direction of an input in its shape."""
    if not fits(shape(rate), extent):
        raise UsageError(
            f"the direction of {named(name)} ({dims(shape(rate))}) does not fit its value ({dims(extent)})",
            hint="a direction has the shape of its value",
        )
    return spread(rate, extent)


def _output(circuit: Circuit, given: Mapping[str, Value]) -> Value:
    """The output's value, no more."""
    inputs = circuit.inputs
    arrays = not is_scalar(circuit.gates) or any([not isinstance(value, float) for value in given.values()])
    with told(circuit):
        return forward(circuit.gates, {inputs[name]: value for name, value in given.items()}, arrays=arrays)[
            circuit.output
        ]
