"""The same numbers as JAX, in float64, where it is installed (the bench extra has it); CI has mpmath instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from conftest import ROOT
from exprgrad.arithmetic.forward import forward
from exprgrad.calculus.hessian import hessian
from exprgrad.chain import backward, tangent
from exprgrad.circuit import Circuit
from exprgrad.language.read import read
from exprgrad.run import run
from exprgrad.values import shape

RNG = np.random.default_rng(7)
BATCH = RNG.normal(size=(12, 3))
LABELS = RNG.integers(0, 2, 12).astype(float)

# what JAX 0.10 prints for the Hessian of samples/logistic-regression.txt by w, times [1, -2]
JAX_HESSIAN_TIMES = [0.15578201263377447, -0.8691996903347333]


def hessian_times(circuit: Circuit, point: dict[str, Any], name: str, v: Any) -> tuple[Any, Any]:
    """H v by one input, by backward of backward and by tangent of backward."""
    shapes = {key: shape(value) for key, value in point.items()}
    first = backward(circuit, [name], shapes=shapes)
    gradient = first.gradient[circuit.inputs[name]]
    assert gradient is not None
    once = Circuit(first.circuit.gates, first.circuit.names, gradient)
    reverse = run(once, point, [name], upstream=v).gradient[name]
    ahead = tangent(once, name, shapes)
    known = {ahead.inputs[key]: value for key, value in {**point, f"t[{name}]": np.asarray(v, float)}.items()}
    return reverse, forward(ahead.gates, known, arrays=True)[ahead.output]


def test_a_hessian_vector_product_of_the_logistic_regression() -> None:
    """The Hessian is Xᵀ diag(s(1 - s)) X/n + 0.02 I; JAX's digits stand beside it."""
    text = (ROOT / "samples" / "logistic-regression.txt").read_text(encoding="utf-8")
    circuit = read(text)
    point = run(circuit, {}).inputs
    v = np.array([1.0, -2.0])
    z = point["X"] @ point["w"] + point["b"]
    slope = 1 / (1 + np.exp(-z)) / (1 + np.exp(z))
    true = point["X"].T @ (slope * (point["X"] @ v)) / len(z) + 0.02 * v
    for found in hessian_times(circuit, point, "w", v):
        assert found == pytest.approx(true, rel=1e-14)
        assert found == pytest.approx(JAX_HESSIAN_TIMES, rel=1e-14)


FORMULAS: list[tuple[str, Callable[[Any, Any], Callable[..., Any]], dict[str, Any]]] = [
    ("mean(softplus(X @ w) - y*(X @ w))", lambda jax, jnp: lambda X, w, y: jnp.mean(jax.nn.softplus(X @ w) - y * (X @ w)),
     {"X": BATCH, "w": np.array([0.3, -1.1, 0.7]), "y": LABELS}),
    ("-mean(log_softmax(relu(X @ W.T + b) @ V)[arange(12), y])",
     lambda jax, jnp: lambda X, W, b, V, y: -jnp.mean(jax.nn.log_softmax(jax.nn.relu(X @ W.T + b) @ V)[jnp.arange(12), y.astype(int)]),
     {"X": BATCH, "W": RNG.normal(size=(5, 3)), "b": RNG.normal(size=5), "V": RNG.normal(size=(5, 2)), "y": LABELS}),
    ("sum(logsumexp(-((x[:, newaxis] - mu)/s)^2/2 - log(s), axis=1))",
     lambda jax, jnp: lambda x, mu, s: jnp.sum(jax.nn.logsumexp(-(((x[:, None] - mu) / s) ** 2) / 2 - jnp.log(s), axis=1)),
     {"x": RNG.normal(size=9), "mu": np.array([-1.0, 0.5]), "s": np.array([0.7, 1.3])}),
    ("log(det(A @ A.T)) + norm(solve(A, x)) + trace(inv(A))",
     lambda _, jnp: lambda A, x: jnp.log(jnp.linalg.det(A @ A.T)) + jnp.linalg.norm(jnp.linalg.solve(A, x)) + jnp.trace(jnp.linalg.inv(A)),
     {"A": np.eye(4) * 3 + RNG.normal(size=(4, 4)), "x": RNG.normal(size=4)}),
    ("einsum('ij,kj,k->', A, B, softmax(v))*std(B) + var(A, axis=0).max()",
     lambda jax, jnp: lambda A, B, v: jnp.einsum("ij,kj,k->", A, B, jax.nn.softmax(v)) * jnp.std(B) + jnp.var(A, axis=0).max(),
     {"A": RNG.normal(size=(4, 3)), "B": RNG.normal(size=(2, 3)), "v": RNG.normal(size=2)}),
    ("sum(cumsum(x)*sin(x)) + prod(x) + max(cross(x, y)*y) + sum(concat([x, y^2])[::-2])",
     lambda _, jnp: lambda x, y: jnp.sum(jnp.cumsum(x) * jnp.sin(x)) + jnp.prod(x) + jnp.max(jnp.cross(x, y) * y) + jnp.sum(jnp.concatenate([x, y**2])[::-2]),
     {"x": np.array([0.3, -1.2, 0.8]), "y": np.array([1.5, 0.2, -0.4])}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "of", "point"), FORMULAS, ids=[text for text, _, _ in FORMULAS])
def test_value_gradients_and_hessians_are_jaxs(text: str, of: Any, point: dict[str, Any]) -> None:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    names = [name for name in point if name != "y" or "[arange" not in text]
    function = of(jax, jax.numpy)
    circuit = read(text)
    result = run(circuit, point, names)
    true = function(**point)
    assert result.value == pytest.approx(float(true), rel=1e-13)
    for name in names:
        slope = jax.grad(lambda value, name=name: function(**{**point, name: value}))
        expected = np.asarray(slope(point[name]))
        assert np.max(np.abs(result.gradient[name] - expected)) <= 1e-12 * max(1, np.max(np.abs(expected)))
        v = RNG.normal(size=np.shape(point[name]))
        curve = np.asarray(jax.jvp(slope, (point[name],), (v,))[1])
        for found in hessian_times(circuit, point, name, v):
            assert np.max(np.abs(found - curve)) <= 1e-11 * max(1, np.max(np.abs(curve))), name
    whole = jax.hessian(lambda part: function(**{**point, **part}))({name: point[name] for name in names})
    for first, row in hessian(circuit, point, names)[1].items():
        for other, block in row.items():
            expected = np.asarray(whole[first][other])
            assert np.max(np.abs(block - expected)) <= 1e-11 * max(1, np.max(np.abs(expected))), (first, other)
