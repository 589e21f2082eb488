"""The Hessian: backward of backward, a circuit that is run once for each row.

Which row is wanted is said by inputs of that circuit, and a row that is not is an unselected branch:
its part in the others is a structural zero, as that of every branch not taken.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from math import prod
from typing import Any, NamedTuple

from exprgrad.arithmetic.forward import forward, planned, told
from exprgrad.chain import Backward, backward
from exprgrad.circuit import Circuit, uncollected
from exprgrad.errors import UsageError
from exprgrad.gates import ROWS
from exprgrad.run import Run, run
from exprgrad.shapes import shaped
from exprgrad.shapes.axes import Shape
from exprgrad.tidy import shared
from exprgrad.values import Value, array, blank, elements, shape, spread, unit

MOST = 5_000  # numbers among the inputs: the Hessian has as many rows and columns

_ADD, _SUM, _WHERE = (ROWS[name] for name in ("add", "sum", "where"))


class Second(NamedTuple):
    """The circuit of one row of a Hessian.

    ``select`` has the wires of the inputs that select it: of an input's shape, 1 at its element and 0
    elsewhere.  ``row`` has the wires of its entries, ``seed`` is that of the gradient that arrives at the
    output; where nothing can depend on an input there is none.
    """

    circuit: Circuit
    seed: int
    select: dict[str, int]
    row: dict[str, int]


@lru_cache(maxsize=8)  # of a circuit at many points
def second(circuit: Circuit, wrt: tuple[str, ...] | None = None, extents: tuple[tuple[str, Shape], ...] = ()) -> Second:
    """The circuit followed by the gates of its gradient, and of the gradient of any one element of that.

    ``wrt`` names the inputs whose gradients are wanted, all by default, ``extents`` has the inputs' shapes.
    """
    shapes = dict(extents)
    first = backward(circuit, wrt, shapes=shapes)
    selected = _selected(first, circuit.inputs, shapes)
    again = backward(selected, wrt, shapes=shapes)
    rows = {f"d[d][{name}]": again.gradient[wire] for name, wire in circuit.inputs.items()}
    names = {**selected.inputs, **{name: wire for name, wire in rows.items() if wire is not None}}
    tidy = shared(Circuit(again.circuit.gates, names, again.circuit.output, circuit.text))
    seed = str(first.circuit.gates[first.seed].name)
    select, row = (
        {name: tidy.names[mark % name] for name in circuit.inputs if mark % name in tidy.names}
        for mark in ("s[%s]", "d[d][%s]")
    )
    return Second(tidy, tidy.names[seed], select, row)


def _selected(first: Backward, inputs: Mapping[str, int], shapes: Mapping[str, Shape]) -> Circuit:
    """The circuit whose output is the element of the gradient that the inputs ``s[x]`` select."""
    builder = shaped(first.circuit, shapes)
    total: int | None = None
    for name, wire in inputs.items():
        gradient = first.gradient[wire]
        if gradient is None:
            continue
        extent = builder.shapes[gradient] if builder.shapes else ()
        part = builder.add(_WHERE, (builder.input(f"s[{name}]", spread(0.0, extent)), gradient, builder.const(0.0)))
        part = builder.add(_SUM, (part,), None, _SUM.settings) if extent else part
        total = part if total is None else builder.add(_ADD, (total, part))
    return builder.circuit(builder.const(0.0) if total is None else total)


@uncollected()
def hessian(
    circuit: Circuit, point: Mapping[str, Any], wrt: Collection[str] | None = None, upstream: Any = None
) -> tuple[Run, dict[str, dict[str, Value]]]:
    """The run at a point, and the second derivatives by two inputs: ``found["x"]["y"]``.

    That of arrays has the first one's shape followed by the second one's.  Each pair is computed once, so
    the Hessian is symmetric.  ``wrt`` and ``upstream`` are those of ``run``; where a gradient is NaN, so
    are its row and its column.
    """
    result = run(circuit, point, wrt, upstream)
    extents = {name: shape(gradient) for name, gradient in result.gradient.items()}
    count = sum(map(prod, extents.values()))
    if count > MOST:
        raise UsageError(
            f"the inputs are {count:,} numbers, and a Hessian has at most {MOST:,} rows",
            hint="name the inputs: --hessian x,y",
        )
    shapes = tuple([(name, shape(value)) for name, value in result.inputs.items()])
    rows = _rows(second(circuit, None if wrt is None else tuple(wrt), shapes), result, extents)
    return result, _symmetric(rows, extents)


def _rows(found: Second, result: Run, extents: Mapping[str, Shape]) -> dict[str, list[dict[str, Value]]]:
    """The gradient of each element of the gradient of each input, by input."""
    circuit, arrays = found.circuit, result.shapes is not None
    gradients = result.gradient
    arriving = result.gradients[result.circuit.output]
    wires = circuit.inputs
    given = {wires[name]: value for name, value in result.inputs.items()}
    given[found.seed] = spread(1.0, shape(result.value)) if arriving is None else arriving
    given |= {wire: spread(0.0, extents[name]) for name, wire in found.select.items()}
    start = min(found.select.values(), default=len(circuit.gates))
    plan = planned(circuit.gates, start, set(found.row.values())) if arrays else None
    zeros = {name: spread(0.0, extent) for name, extent in extents.items()}
    rows: dict[str, list[dict[str, Value]]] = {name: [] for name in gradients}
    with told(circuit):
        known = forward(circuit.gates[:start], given, arrays=arrays)
        for name, gradient in gradients.items():
            for place, slope in elements(gradient):
                chosen = {found.select[name]: unit(place, extents[name])} if name in found.select else {}
                values = forward(circuit.gates, given | chosen, known, arrays, plan)
                row = zeros | {other: values[wire] for other, wire in found.row.items()}
                rows[name].append({other: blank(blank(value, slope), gradients[other]) for other, value in row.items()})
    return rows


def _symmetric(
    rows: Mapping[str, Sequence[Mapping[str, Value]]], extents: Mapping[str, Shape]
) -> dict[str, dict[str, Value]]:
    """The rows as a block for each two inputs, made of those on and above the diagonal."""
    names = list(extents)
    found: dict[str, dict[str, Value]] = {name: dict.fromkeys(names) for name in names}
    for position, name in enumerate(names):
        for other in names[position:]:
            parts = [row[other] for row in rows[name]]
            block = array(parts, (*extents[name], *extents[other])) if extents[name] else parts[0]
            if other == name:
                found[name][name] = _mirrored(block) if extents[name] else block
                continue
            found[name][other] = found[other][name] = block
            if extents[name] and extents[other]:
                axes = range(len(shape(block)))
                turned = (*axes[len(extents[name]) :], *axes[: len(extents[name])])
                found[other][name] = block.transpose(turned)
    return found


def _mirrored(block: Value) -> Value:
    """The block of an array by itself, with what is above the diagonal below it too."""
    import numpy as np

    extent = shape(block)
    rows = prod(extent[: len(extent) // 2])
    flat = block.reshape(rows, rows)
    return (np.triu(flat) + np.triu(flat, 1).T).reshape(extent)
