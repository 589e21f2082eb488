"""PyTorch, eager, on float64: its functions by their names."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812  as everybody calls it

from differential.elements import KEYS
from differential.peers import Answers, Functions, answered, derived, truths
from drawn import Formula

torch.set_num_threads(1)

special, linalg = torch.special, torch.linalg


def _together(a: Any, b: Any) -> Any:
    shape = np.broadcast_shapes(a.shape, b.shape)
    return a.expand(shape), b.expand(shape)


def _axes(x: Any, axis: int | None) -> Any:
    return tuple(range(x.ndim)) if axis is None else (axis,)


GATES: dict[str, Callable[..., Any]] = {
    "mod": torch.remainder, "fmod": torch.fmod, "pow": torch.pow, "neg": torch.neg, "pos": torch.positive, "square": torch.square,
    "reciprocal": torch.reciprocal, "hypot": torch.hypot, "fma": lambda a, b, c: torch.addcmul(c, a, b),
    **truths(torch.where, torch.ones(()).double(), torch.zeros(()).double()),
    "where": lambda c, a, b: torch.where(c != 0, a, b),
    "sqrt": torch.sqrt, "exp": torch.exp, "exp2": torch.exp2, "expm1": torch.expm1, "log": torch.log, "log2": torch.log2, "log10": torch.log10,
    "log1p": torch.log1p, "logaddexp": torch.logaddexp, "xlogy": torch.xlogy,
    "xlog1py": special.xlog1py, "logit": torch.logit,
    "sin": torch.sin, "cos": torch.cos, "tan": torch.tan, "asin": torch.asin, "acos": torch.acos, "atan": torch.atan,
    "atan2": torch.atan2, "sinc": torch.sinc, "deg": torch.rad2deg, "rad": torch.deg2rad,
    "sinh": torch.sinh, "cosh": torch.cosh, "tanh": torch.tanh, "asinh": torch.asinh, "acosh": torch.acosh, "atanh": torch.atanh,
    "abs": torch.abs, "sign": torch.sign, "floor": torch.floor, "ceil": torch.ceil, "round": torch.round, "trunc": torch.trunc,
    "max": torch.maximum, "min": torch.minimum, "clip": torch.clamp, "relu": F.relu, "selu": F.selu, "relu6": F.relu6, "hardtanh": F.hardtanh,
    "leaky_relu": lambda x, slope=None: F.leaky_relu(x) if slope is None else torch.where(x > 0, x, slope * x),
    "elu": lambda x, alpha=None: F.elu(x) if alpha is None else torch.where(x > 0, x, alpha * torch.expm1(x)),
    "hardsigmoid": F.hardsigmoid, "copysign": torch.copysign,
    "sigmoid": torch.sigmoid, "logsigmoid": F.logsigmoid, "softplus": F.softplus, "silu": F.silu, "mish": F.mish, "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"), "softsign": F.softsign,
    "erf": torch.erf, "erfc": torch.erfc, "erfinv": torch.erfinv,
    "norm_pdf": lambda x: torch.exp(-x * x / 2) / math.sqrt(2 * math.pi), "norm_cdf": special.ndtr, "lgamma": torch.lgamma, "digamma": torch.digamma,
    "matmul": torch.matmul, "outer": torch.outer, "cross": lambda a, b: linalg.cross(*_together(a, b)), "trace": torch.trace, "det": linalg.det,
    "sum": torch.sum, "mean": torch.mean, "norm": linalg.vector_norm, "amax": torch.amax, "amin": torch.amin, "prod": torch.prod,
    "logsumexp": lambda x, axis=None, **by: torch.logsumexp(x, _axes(x, axis), **by),
    "softmax": torch.softmax, "log_softmax": torch.log_softmax, "cumsum": torch.cumsum,
    "transpose": lambda x: x.permute(*reversed(range(x.ndim))), "flip": lambda x, axis=None: torch.flip(x, _axes(x, axis)),
    "stack": lambda *x, axis: torch.stack(x, axis), "concatenate": lambda *x, axis: torch.cat(x, axis), "index": lambda x, key: x[KEYS[key]],
}  # fmt: skip
GATES |= derived(GATES)


def number(value: Any) -> Any:
    """A number or a column as PyTorch has it."""
    return torch.tensor(value, dtype=torch.float64)


def answers(formula: Formula, point: Mapping[str, Any], gates: Functions = GATES) -> Answers:
    """The value and gradients by autograd: of each row of columns, or of arrays."""
    inputs = {name: number(value).requires_grad_() for name, value in point.items()}
    found = answered(formula, inputs, gates, number)
    if not found.requires_grad:
        return Answers(found.numpy(), {name: np.zeros(np.shape(value)) for name, value in point.items()})
    slopes = torch.autograd.grad(found.sum(), list(inputs.values()), allow_unused=True)
    gradient = {
        name: np.zeros(np.shape(point[name])) if slope is None else slope.numpy()
        for name, slope in zip(inputs, slopes, strict=True)
    }
    return Answers(found.detach().numpy(), gradient)
