"""JAX, eager, on float64: its functions by their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import nn
from jax.scipy import special, stats

from differential.elements import KEYS
from differential.peers import Answers, Functions, answered, derived, truths
from drawn import Formula

jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call]  # JAX has none there

GATES: dict[str, Callable[..., Any]] = {
    "floor_divide": jnp.floor_divide, "mod": jnp.remainder, "fmod": jnp.fmod, "pow": jnp.power, "neg": jnp.negative, "pos": jnp.positive,
    "square": jnp.square, "reciprocal": jnp.reciprocal, "hypot": jnp.hypot, "fma": lambda a, b, c: a * b + c,
    **truths(jnp.where, 1.0, 0.0),
    "where": lambda c, a, b: jnp.where(c != 0, a, b),
    "sqrt": jnp.sqrt, "cbrt": jnp.cbrt, "exp": jnp.exp, "exp2": jnp.exp2, "expm1": jnp.expm1, "log": jnp.log, "log2": jnp.log2, "log10": jnp.log10,
    "log1p": jnp.log1p, "logaddexp": jnp.logaddexp, "xlogy": special.xlogy,
    "xlog1py": special.xlog1py, "logit": special.logit,
    "sin": jnp.sin, "cos": jnp.cos, "tan": jnp.tan, "asin": jnp.arcsin, "acos": jnp.arccos, "atan": jnp.arctan,
    "atan2": jnp.arctan2, "sinc": jnp.sinc, "deg": jnp.rad2deg, "rad": jnp.deg2rad,
    "sinh": jnp.sinh, "cosh": jnp.cosh, "tanh": jnp.tanh, "asinh": jnp.arcsinh, "acosh": jnp.arccosh, "atanh": jnp.arctanh,
    "abs": jnp.abs, "sign": jnp.sign, "floor": jnp.floor, "ceil": jnp.ceil, "round": jnp.round, "trunc": jnp.trunc,
    "max": jnp.maximum, "min": jnp.minimum, "clip": jnp.clip, "relu": nn.relu, "selu": nn.selu, "relu6": nn.relu6, "hardtanh": nn.hard_tanh,
    "leaky_relu": nn.leaky_relu, "elu": nn.elu, "hardsigmoid": nn.hard_sigmoid, "heaviside": lambda x, at=0.5: jnp.heaviside(x, at),
    "copysign": jnp.copysign,
    "sigmoid": nn.sigmoid, "logsigmoid": nn.log_sigmoid, "softplus": nn.softplus, "silu": nn.silu, "mish": nn.mish,
    "gelu": lambda x: nn.gelu(x, approximate=False), "gelu_tanh": nn.gelu, "softsign": nn.soft_sign,
    "erf": special.erf, "erfc": special.erfc, "erfinv": special.erfinv, "norm_pdf": stats.norm.pdf,
    "norm_cdf": special.ndtr, "gamma": special.gamma, "lgamma": special.gammaln, "digamma": special.digamma, "beta": special.beta,
    "factorial": special.factorial,
    "matmul": jnp.matmul, "outer": jnp.outer, "cross": jnp.cross, "trace": jnp.trace, "det": jnp.linalg.det,
    "sum": jnp.sum, "mean": jnp.mean, "norm": jnp.linalg.vector_norm, "amax": jnp.max, "amin": jnp.min, "prod": jnp.prod,
    "logsumexp": special.logsumexp, "softmax": nn.softmax, "log_softmax": nn.log_softmax, "cumsum": jnp.cumsum,
    "transpose": jnp.transpose, "flip": jnp.flip,
    "stack": lambda *x, axis: jnp.stack(x, axis), "concatenate": lambda *x, axis: jnp.concatenate(x, axis), "index": lambda x, key: x[KEYS[key]],
}  # fmt: skip
GATES |= derived(GATES)


def number(value: Any) -> Any:
    """A number or a column as JAX has it."""
    return jnp.asarray(value, float)


def answers(formula: Formula, point: Mapping[str, Any], gates: Functions = GATES) -> Answers:
    """The value and gradients by jax.vjp: of each row of columns, or of arrays."""

    def of(inputs: Mapping[str, Any]) -> Any:
        return answered(formula, inputs, gates, number)

    value, back = jax.vjp(of, {name: number(column) for name, column in point.items()})
    (gradient,) = back(jnp.ones_like(value))
    return Answers(np.asarray(value), {name: np.asarray(slope) for name, slope in gradient.items()})
