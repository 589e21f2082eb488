"""Gradients at kinks as JAX and PyTorch print them: by what the rows state, by these two where they are installed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import exprgrad
from exprgrad.arithmetic.forward import function, rule
from exprgrad.chain import tangent
from exprgrad.convention import convention
from exprgrad.engines import run_rows
from exprgrad.errors import UsageError
from exprgrad.gates import ROWS, Kink, Row
from exprgrad.language.read import read
from exprgrad.run import run
from exprgrad.write.formula import write
from test_formulas import FORMULAS, NUMBERS, VARIABLES, Both, relaxed

KINKED = [row for row in ROWS.values() if row.kinks and not row.whole]
PLACES = (-6.0, -3.0, -1.0, 0.0, -0.0, 1.0, 2.0, 3.0, 6.0)

Of = Callable[..., Any]  # over a library and its functions, and the variables

# gates at a kink, and how the two call them: the gradients by the variables x, y, z in this order
CASES: list[tuple[str, Sequence[float], Of, Of | None]] = [
    ("abs(x)", [0], lambda _, jnp, x: jnp.abs(x), lambda torch, __, x: torch.abs(x)),
    ("max(x, y)", [1, 1], lambda _, jnp, x, y: jnp.maximum(x, y), lambda torch, __, x, y: torch.maximum(x, y)),
    ("min(x, y)", [1, 1], lambda _, jnp, x, y: jnp.minimum(x, y), lambda torch, __, x, y: torch.minimum(x, y)),
    *[(f"clip(x, {lo}, {hi})", [x], lambda _, jnp, x, lo=lo, hi=hi: jnp.clip(x, lo, hi), lambda torch, __, x, lo=lo, hi=hi: torch.clamp(x, lo, hi))
      for x, lo, hi in [(0, 0, 1), (1, 0, 1), (0.5, 0, 1), (2, 2, 1)]],
    *[("clip(x, y, z)", point, lambda _, jnp, x, y, z: jnp.clip(x, y, z), None)
      for point in ([0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1], [2, 1, 1], [2, 2, 1], [1, 2, 1], [0.5, 0, 1])],
    ("relu(x)", [0], lambda jax, __, x: jax.nn.relu(x), lambda _, F, x: F.relu(x)),
    ("leaky_relu(x, 0.2)", [0], lambda jax, __, x: jax.nn.leaky_relu(x, 0.2), lambda _, F, x: F.leaky_relu(x, 0.2)),
    ("elu(x, 0.3)", [0], lambda jax, __, x: jax.nn.elu(x, 0.3), lambda _, F, x: F.elu(x, 0.3)),
    ("elu(x, 3)", [0], lambda jax, __, x: jax.nn.elu(x, 3), lambda _, F, x: F.elu(x, 3)),
    ("selu(x)", [0], lambda jax, __, x: jax.nn.selu(x), lambda _, F, x: F.selu(x)),
    *[("relu6(x)", [x], lambda jax, __, x: jax.nn.relu6(x), lambda _, F, x: F.relu6(x)) for x in (0, 6)],
    *[("hardtanh(x)", [x], lambda jax, __, x: jax.nn.hard_tanh(x), lambda _, F, x: F.hardtanh(x)) for x in (-1, 1)],
    *[("hardsigmoid(x)", [x], lambda jax, __, x: jax.nn.hard_sigmoid(x), lambda _, F, x: F.hardsigmoid(x)) for x in (-3, 3)],
    *[("copysign(x, y)", [x, y], lambda _, jnp, x, y: jnp.copysign(x, y), lambda torch, __, x, y: torch.copysign(x, y)) for x in (0.0, -0.0) for y in (1, -1)],
    ("hypot(x, y)", [0, 0], lambda _, jnp, x, y: jnp.hypot(x, y), lambda torch, __, x, y: torch.hypot(x, y)),
    ("relu(sqrt(x))", [0], lambda jax, jnp, x: jax.nn.relu(jnp.sqrt(x)), lambda torch, F, x: F.relu(torch.sqrt(x))),
    ("abs(x)*max(x, y)", [0, 0], lambda _, jnp, x, y: jnp.abs(x)*jnp.maximum(x, y), lambda torch, __, x, y: torch.abs(x)*torch.maximum(x, y)),
]  # fmt: skip
ARRAYS: list[tuple[str, Any, Of | None, Of]] = [
    ("norm(x)", [0.0, 0.0], lambda _, jnp, x: jnp.linalg.norm(x), lambda torch, __, x: torch.linalg.norm(x)),
    ("sum(norm(x, axis=1))", [[0.0, 0.0], [3.0, 4.0]], lambda _, jnp, x: jnp.linalg.norm(x, axis=1).sum(), lambda torch, __, x: torch.linalg.norm(x, dim=1).sum()),
    ("std(x)", [2.0, 2.0], lambda _, jnp, x: jnp.std(x), lambda torch, __, x: torch.std(x, correction=0)),
    ("std(x, ddof=1)", [2.0, 2.0], None, lambda torch, __, x: torch.std(x, correction=1)),
    ("max(x)", [2.0, 2.0, 1.0], lambda _, jnp, x: jnp.max(x), lambda torch, __, x: torch.amax(x, 0)),
    ("min(x)", [1.0, 2.0, 1.0], lambda _, jnp, x: jnp.min(x), lambda torch, __, x: torch.amin(x, 0)),
    ("sum(abs(x))", [0.0, -2.0], lambda _, jnp, x: jnp.abs(x).sum(), lambda torch, __, x: torch.abs(x).sum()),
]  # fmt: skip


def at(text: str, name: str | None, point: dict[str, Any]) -> dict[str, Any]:
    return run(convention(read(text), name), point).gradient


@pytest.mark.parametrize("row", KINKED, ids=[row.name for row in KINKED])
@pytest.mark.parametrize("name", ["jax", "torch"])
def test_the_gradient_at_a_kink_is_what_its_row_says(row: Row, name: str) -> None:
    met = set()
    for kink in row.kinks:
        for point in _kinks(row, kink):
            stated = {row.inputs[0]: getattr(kink, name)}
            stated |= {other: jax if name == "jax" else torch for other, jax, torch in kink.others}
            found = at(f"{row.name}({', '.join(row.inputs)})", name, dict(zip(row.inputs, point, strict=True)))
            for variable, text in stated.items():
                expected = rule(text, row)(*point, function(row)(*point))
                assert found[variable] == pytest.approx(expected, nan_ok=True), (point, variable)
            met.add(kink)
    assert met == set(row.kinks)


def _kinks(row: Row, kink: Kink) -> list[tuple[float, ...]]:
    """Points of a kink, and of no other one of its row."""
    points = np.stack(np.meshgrid(*[PLACES] * len(row.inputs)), -1).reshape(-1, len(row.inputs)).tolist()
    conditions = [(other, rule(other.at, row)) for other in row.kinks]
    return [
        tuple(point)
        for point in points
        if [other for other, holds in conditions if holds(*point, function(row)(*point))] == [kink]
    ]


@pytest.mark.parametrize(("text", "point", "jax", "_"), CASES, ids=[f"{case[0]} at {case[1]}" for case in CASES])
def test_it_is_what_jax_prints(text: str, point: Sequence[float], jax: Of, _: Of | None) -> None:
    given_ = dict(zip("xyz", map(float, point), strict=False))
    found = list(at(text, "jax", given_).values())
    assert found == pytest.approx([float(slope) for slope in _jax(jax, given_)], rel=1e-12, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "point", "torch"), [(case[0], case[1], case[3]) for case in CASES if case[3]],
    ids=[f"{case[0]} at {case[1]}" for case in CASES if case[3]],
)  # fmt: skip
def test_it_is_what_pytorch_prints(text: str, point: Sequence[float], torch: Of) -> None:
    if text.startswith("clip"):  # at its bounds it had a gradient of 1 before
        pytest.importorskip("torch", minversion="2.14")
    given_ = dict(zip("xyz", map(float, point), strict=False))
    found = list(at(text, "torch", given_).values())
    assert found == pytest.approx([float(slope) for slope in _torch(torch, given_)], rel=1e-12, nan_ok=True)


@pytest.mark.parametrize(("text", "x", "jax", "torch"), ARRAYS, ids=[f"{case[0]} at {case[1]}" for case in ARRAYS])
def test_so_it_is_of_whole_arrays(text: str, x: Any, jax: Of | None, torch: Of) -> None:
    for name, of, peer in (("jax", jax, _jax), ("torch", torch, _torch)):
        if of is not None:
            assert at(text, name, {"x": x})["x"] == pytest.approx(
                np.asarray(peer(of, {"x": x})[0]), rel=1e-12, nan_ok=True
            )


def _jax(of: Of, point: dict[str, Any]) -> list[Any]:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    called = partial(of, jax, jax.numpy)
    values = [jax.numpy.asarray(value, float) for value in point.values()]
    return list(jax.grad(called, argnums=tuple(range(len(values))))(*values))


def _torch(of: Of, point: dict[str, Any]) -> list[Any]:
    torch = pytest.importorskip("torch")
    called = partial(of, torch, torch.nn.functional)
    values = [torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in point.values()]
    return list(torch.autograd.grad(called(*values), values))


@relaxed
@given(FORMULAS, st.fixed_dictionaries(dict.fromkeys(VARIABLES, NUMBERS)), st.sampled_from(["jax", "torch", "strict"]))
def test_where_there_is_no_kink_nothing_changes(drawn: Both, numbers: dict[str, float], name: str) -> None:
    for text in (drawn[0], f"max({drawn[0]}, 0.1234567) + hypot(x + 0.01, {drawn[0]})"):
        circuit = read(text)
        point = {variable: numbers[variable] for variable in circuit.inputs}
        other = convention(circuit, name)
        assert write(other) == write(circuit)
        before, after = run(circuit, point), run(other, point)
        assert repr(after.value) == repr(before.value)
        assert repr(after.gradient) == repr(before.gradient)


@pytest.mark.parametrize(("name", "slope"), [(None, 0), ("strict", 0), ("jax", 2), ("torch", 0)])
def test_everything_made_of_the_circuit_follows(name: str | None, slope: float) -> None:
    """Composite gates, forward mode, and rows in either engine."""
    circuit = convention(read("f(t) = abs(t); g(t) = 2*f(t); g(x) + 0"), name)
    assert run(circuit, {"x": 0}).gradient == {"x": slope}
    assert run(tangent(circuit, "x"), {"x": 0}).value == slope
    for engine in ("numpy", "reference"):
        assert run_rows(circuit, {"x": [0, 1, -1]}, engine=engine).gradient["x"].tolist() == [slope, 2, -2]


@pytest.mark.parametrize("engine", ["numpy", "reference"])
@pytest.mark.parametrize("row", KINKED, ids=[row.name for row in KINKED])
def test_rows_have_the_gradients_of_points(row: Row, engine: str) -> None:
    points = [point for kink in row.kinks for point in _kinks(row, kink)][::7]
    columns = {name: [point[k] for point in points] for k, name in enumerate(row.inputs)}
    circuit = convention(read(f"{row.name}({', '.join(row.inputs)})"), "jax")
    found = run_rows(circuit, columns, engine=engine, kinks=True)
    for k, point in enumerate(points):
        gradient = run(circuit, dict(zip(row.inputs, point, strict=True))).gradient
        assert {name: column[k] for name, column in found.gradient.items()} == pytest.approx(gradient, nan_ok=True)
    assert found.kinks is not None
    assert found.kinks.all()


def test_a_convention_that_is_none() -> None:
    with pytest.raises(UsageError, match="there is no convention 'keras'"):
        convention(read("abs(x)"), "keras")


def test_the_command_takes_it_for_points_rows_and_cases(tmp_path: Any) -> None:
    rows, cases = tmp_path / "rows.csv", tmp_path / "cases.jsonl"
    rows.write_text("x\n1\n0\n")
    cases.write_text('{"formula": "abs(x)", "x": 1}\n{"formula": "abs(x)", "x": 0}\n')
    assert exprgrad("abs(x)", "-x", "0", "--convention", "jax", "--to", "csv").stdout == "x,value,grad.x\n0.0,0.0,1.0\n"
    assert exprgrad("abs(x)", str(rows), "--convention", "jax").stdout == "x,value,grad.x\n1,1.0,1.0\n0,0.0,1.0\n"
    assert '"x": 0, "value": 0.0, "grad": {"x": 1.0}' in exprgrad(str(cases), "--convention", "jax").stdout
    for command in (["abs(x)", "-x", "0"], ["abs(x)", str(rows)], [str(cases)]):
        done = exprgrad(*command, "--convention", "strict")
        assert done.returncode == 5
        assert "error: --convention strict: " in done.stderr
        assert "abs(x) has a kink here" in done.stderr


def test_strict_is_about_kinks_only() -> None:
    assert exprgrad("log(x)", "-x", "0", "--convention", "strict").returncode == 0
    assert exprgrad("floor(x)", "-x", "2", "--convention", "strict").returncode == 5
    assert exprgrad("floor(x)", "-x", "2.5", "--convention", "strict").returncode == 0
