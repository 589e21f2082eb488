"""The chain rule on numbers: to the last bit what the gates of the backward pass compute."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from conftest import ROWS
from differential.session import numbers
from drawn import Drawing, calls, text
from exprgrad.arithmetic.forward import forward
from exprgrad.chain import backward
from exprgrad.circuit import Builder, Circuit
from exprgrad.convention import CONVENTIONS, convention
from exprgrad.errors import CircuitError
from exprgrad.gates import Row
from exprgrad.language.read import read
from exprgrad.run import Run, run

COMPOSITES = "h(s, t) = where(s > 0, sqrt(s), t*0.5); g(t) = clip(t, -1, h(t, logit(t))); "
DRAWING = Drawing(calls([row for row in ROWS if not row.name.startswith("polygamma")]))


def made(found: Run, *, guards: bool) -> Iterator[tuple[object, ...]]:
    """Gradient, guard and local gradients by wire, of the gates that are made of the circuit."""
    circuit, gradients = found.circuit, found.gradients
    back = backward(circuit, list(found.gradient), guards)
    every = forward(back.circuit.gates, {back.seed: gradients[circuit.output]}, found.values)
    for wire, value in enumerate(found.values):
        gradient, guard = [None if one is None else every[one] for one in (back.gradient[wire], back.guard[wire])]
        local = [None if one is None else value if value != value else every[one] for one in back.local[wire]]
        yield 0.0 if gradient is None and back.active[wire] else gradient, guard, tuple(local)


def same(circuit: Circuit, point: dict[str, float], wrt: list[str] | None = None, *, guards: bool = True) -> None:
    """Both are the same numbers, and nothing where there is none."""
    found = run(circuit, point, wrt, guards=guards)
    here = zip(found.gradients, found.guards, found.locals, strict=True)
    assert list(map(repr, here)) == list(map(repr, made(found, guards=guards))), (circuit.text, point, wrt, guards)


@pytest.mark.parametrize("seed", range(8))
def test_drawn_formulas(seed: int) -> None:
    """All gates, special numbers, composite gates inside others, conventions, inputs left out."""
    rng = random.Random(seed)
    values = numbers(rng)
    for _ in range(60):
        formula = text(DRAWING.formula(rng.randbytes(rng.randint(8, 40))))
        if rng.random() < 0.2:
            formula = f"{COMPOSITES}h({formula}, g(x)) + g({formula})"
        circuit = convention(read(formula), rng.choice((None, *CONVENTIONS)))
        point = {name: rng.choice(values) for name in circuit.inputs}
        wrt = None if rng.random() < 0.7 else [name for name in point if rng.random() < 0.5]
        same(circuit, point, wrt, guards=rng.random() < 0.8)


@pytest.mark.parametrize(
    "formula",
    [
        "where(1, x, y)", "where(0, x, y)", "where(-0.0, x, y)", "where(nan, x, y)", "where(1 < 2, x, y)", "where(-1 < 2*-1, x, y)",
        "max(x, 0)", "max(-0.0, x)", "clip(x, 1, 0)", "clip(x, y, -(-(1)))", "clip(2, -1, y)", "x^0", "x^-0.0", "x^2", "x^-1", "2^x", "0^x",
        "(-1)^x", "inf^x", "x^0.5", "(1/0)^x", "where(x > y, where(x > y, x, 1/y), log(y))", "max(x, x)", "x", "2", "x > y", "floor(x)",
        "where(1 + 1 + 1 + 1 + 1 + 1, x, y)",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "point", [(0.0, 2.0), (2.0, 2.0), (-0.0, -0.0), (-1.5, 0.0), (float("inf"), 1.0), (float("nan"), 1.0)]
)
def test_constants_that_decide(formula: str, point: tuple[float, float]) -> None:
    """What is selected whatever the inputs are has no guard, and what never is no local gradient."""
    circuit = read(formula)
    same(circuit, {name: value for name, value in zip("xy", point, strict=True) if name in circuit.inputs})


def test_no_gates_are_made_for_a_run_of_numbers() -> None:
    found = run(read("x^2"), {"x": 3})
    assert "backward" not in vars(found)
    assert found.backward is found.backward


def test_what_no_gradient_can_be_computed_of() -> None:
    builder = Builder()
    silent = builder.circuit(builder.add(Row("exp", ("x",)), (builder.input("x"),)))
    with pytest.raises(CircuitError, match="exp has neither local gradients nor a body"):
        run(silent, {"x": 1})
