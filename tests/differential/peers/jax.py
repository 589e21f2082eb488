"""JAX, eager, on float64: its functions by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import nn
from jax.scipy import special, stats

from differential.peers import Answers, Functions, answered, truths
from drawn import Formula

jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call]  # JAX has none there

GATES: Functions = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b, "div": lambda a, b: a / b,
    "floor_divide": jnp.floor_divide, "mod": jnp.remainder, "fmod": jnp.fmod, "pow": jnp.power, "neg": jnp.negative, "pos": jnp.positive,
    "square": jnp.square, "reciprocal": jnp.reciprocal, "hypot": jnp.hypot, "fma": lambda a, b, c: a * b + c,
    **truths(jnp.where, 1.0, 0.0),
    "where": lambda c, a, b: jnp.where(c != 0, a, b),
    "sqrt": jnp.sqrt, "cbrt": jnp.cbrt, "exp": jnp.exp, "exp2": jnp.exp2, "expm1": jnp.expm1, "log": jnp.log, "log2": jnp.log2, "log10": jnp.log10,
    "log1p": jnp.log1p, "log_base": lambda x, base: jnp.log(x) / jnp.log(base), "logaddexp": jnp.logaddexp, "xlogy": special.xlogy,
    "xlog1py": special.xlog1py, "logit": special.logit,
    "sin": jnp.sin, "cos": jnp.cos, "tan": jnp.tan, "sec": lambda x: 1 / jnp.cos(x), "csc": lambda x: 1 / jnp.sin(x), "cot": lambda x: 1 / jnp.tan(x),
    "asin": jnp.arcsin, "acos": jnp.arccos, "atan": jnp.arctan, "asec": lambda x: jnp.arccos(1 / x), "acsc": lambda x: jnp.arcsin(1 / x),
    "acot": lambda x: jnp.arctan(1 / x), "atan2": jnp.arctan2, "sinc": jnp.sinc, "deg": jnp.rad2deg, "rad": jnp.deg2rad,
    "sinh": jnp.sinh, "cosh": jnp.cosh, "tanh": jnp.tanh, "sech": lambda x: 1 / jnp.cosh(x), "csch": lambda x: 1 / jnp.sinh(x),
    "coth": lambda x: 1 / jnp.tanh(x), "asinh": jnp.arcsinh, "acosh": jnp.arccosh, "atanh": jnp.arctanh, "asech": lambda x: jnp.arccosh(1 / x),
    "acsch": lambda x: jnp.arcsinh(1 / x), "acoth": lambda x: jnp.arctanh(1 / x),
    "abs": jnp.abs, "sign": jnp.sign, "floor": jnp.floor, "ceil": jnp.ceil, "round": jnp.round, "trunc": jnp.trunc,
    "max": jnp.maximum, "min": jnp.minimum, "clip": jnp.clip, "relu": nn.relu, "selu": nn.selu, "relu6": nn.relu6, "hardtanh": nn.hard_tanh,
    "leaky_relu": nn.leaky_relu, "elu": nn.elu, "hardsigmoid": nn.hard_sigmoid, "heaviside": lambda x, at=0.5: jnp.heaviside(x, at),
    "copysign": jnp.copysign,
    "sigmoid": nn.sigmoid, "logsigmoid": nn.log_sigmoid, "softplus": nn.softplus, "silu": nn.silu, "mish": nn.mish,
    "gelu": lambda x: nn.gelu(x, approximate=False), "gelu_tanh": nn.gelu, "softsign": nn.soft_sign,
    "erf": special.erf, "erfc": special.erfc, "erfinv": special.erfinv, "gaussian": lambda x: jnp.exp(-x * x), "norm_pdf": stats.norm.pdf,
    "norm_cdf": special.ndtr, "gamma": special.gamma, "lgamma": special.gammaln, "digamma": special.digamma, "beta": special.beta,
    "factorial": special.factorial,
}  # fmt: skip


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
