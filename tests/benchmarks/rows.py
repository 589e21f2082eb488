"""Rows: the value and all gradients of a formula for each of a million rows in memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import interleave
from benchmarks.peers import installed
from benchmarks.report import Row, quantity, ratio
from exprgrad import read
from exprgrad.engines import kernel, on_all_cores
from exprgrad.gates import CONST, INPUT
from exprgrad.program import program

ROWS = 1_000_000
ROUNDS = 11
LEAST = 0.3  # seconds of calls in a row
TITLE = f"""6. Rows in memory
The value and all gradients in each of {ROWS:,} rows, in float64; medians of
{ROUNDS} in turn.  Ratio of a peer's time to exprgrad's: below 1 is faster than it."""

Array = NDArray[np.float64]
Columns = Mapping[str, Array]
Job = Callable[[], list[Any]]  # the values, then the gradients, each an array


class Task(NamedTuple):
    """A formula, the same in Python, its derivatives by hand for numexpr, and how far ahead of JAX to be."""

    what: str
    text: str
    of: Callable[..., Any]
    by_hand: Callable[[], list[str]]
    inputs: tuple[str, ...]
    jax: float | None


def _neuron(m: Any, w0: Any, x0: Any, w1: Any, x1: Any, w2: Any) -> Any:
    return 1 / (1 + m.exp(-(w0 * x0 + w1 * x1 + w2)))


def _neuron_by_hand() -> list[str]:
    f = "(1/(1 + exp(-(w0*x0 + w1*x1 + w2))))"
    g = f"({f}*(1 - {f}))"
    return [f, f"{g}*x0", f"{g}*w0", f"{g}*x1", f"{g}*w1", g]


_MIXED = (
    "max(exp(-(x - u)^2), y)*sin(w*x + u) + log(1 + x^2 + y^2)*sqrt(1 + exp(v - y)) + max(x*y, u*v)*sqrt(1 + w^2)"
    " + (1 + v^2)^(u/3)/(2 + sin(y - x)) - sqrt(2 + sin(u*w))*exp(v) + log(3 + max(u, w)^2)^1.5"
)


def _mixed(m: Any, x: Any, u: Any, y: Any, w: Any, v: Any) -> Any:
    return (
        m.maximum(m.exp(-((x - u) ** 2)), y) * m.sin(w * x + u)
        + m.log(1 + x**2 + y**2) * m.sqrt(1 + m.exp(v - y))
        + m.maximum(x * y, u * v) * m.sqrt(1 + w**2)
        + (1 + v**2) ** (u / 3) / (2 + m.sin(y - x))
        - m.sqrt(2 + m.sin(u * w)) * m.exp(v)
        + m.log(3 + m.maximum(u, w) ** 2) ** 1.5
    )


def _mixed_by_hand() -> list[str]:
    """numexpr finds what an expression has in common with itself; another one it evaluates anew."""
    e, s, c = "exp(-(x - u)**2)", "sin(w*x + u)", "cos(w*x + u)"
    a = f"where({e} > y, {e}, y)"
    q, r = "(1 + x**2 + y**2)", "sqrt(1 + exp(v - y))"
    n, k = "where(x*y > u*v, x*y, u*v)", "sqrt(1 + w**2)"
    p, d = "(1 + v**2)**(u/3)", "(2 + sin(y - x))"
    b, t = "sqrt(2 + sin(u*w))", "(3 + where(u > w, u, w)**2)"
    h, i = f"{p}*cos(y - x)/{d}**2", f"{p}*log(1 + v**2)/3/{d} - w*cos(u*w)/(2*{b})*exp(v)"
    slope = f"1.5*sqrt(log({t}))/{t}"
    return [
        f"{a}*{s} + log{q}*{r} + {n}*{k} + {p}/{d} - {b}*exp(v) + log({t})**1.5",
        f"where({e} > y, -2*(x - u)*{e}, 0)*{s} + {a}*{c}*w + 2*x/{q}*{r} + where(x*y > u*v, y, 0)*{k} + {h}",
        f"where({e} > y, 2*(x - u)*{e}, 0)*{s} + {a}*{c} + where(x*y > u*v, 0, v)*{k} + {i} + {slope}*where(u > w, 2*u, 0)",
        f"where({e} > y, 0, 1)*{s} + 2*y/{q}*{r} - log{q}*exp(v - y)/(2*{r}) + where(x*y > u*v, x, 0)*{k} - {h}",
        f"{a}*{c}*x + {n}*w/{k} - u*cos(u*w)/(2*{b})*exp(v) + {slope}*where(u > w, 0, 2*w)",
        f"log{q}*exp(v - y)/(2*{r}) + where(x*y > u*v, 0, u)*{k} + {p}*u/3*2*v/(1 + v**2)/{d} - {b}*exp(v)",
    ]


TASKS = (
    Task(
        "the neuron",
        "1/(1 + exp(-(w0*x0 + w1*x1 + w2)))",
        _neuron,
        _neuron_by_hand,
        ("w0", "x0", "w1", "x1", "w2"),
        None,
    ),
    Task("exp, log, sin, sqrt, ^, max", _MIXED, _mixed, _mixed_by_hand, ("x", "u", "y", "w", "v"), 1.9),
)


def rows() -> Iterator[Row]:
    """The neuron, which is little work on much memory, then a formula of fifty gates."""
    for task in TASKS:
        yield from _compare(task)


def _compare(task: Task) -> Iterator[Row]:
    """exprgrad's time for a formula, and the ratio of each peer that gives the same numbers."""
    random = np.random.default_rng(0)
    columns = {name: random.standard_normal(ROWS) for name in task.inputs}
    ours, value_only = _exprgrad(task, columns), _exprgrad(task, columns, [])
    expected = ours()
    jobs = {name: make(task, columns) for name, make in PEERS.items() if installed(name)}
    right = {name: job for name, job in jobs.items() if agree(job(), expected)}
    times = interleave({"": ours, "value": value_only, **right}, ROUNDS, LEAST)
    gates = sum(gate.op not in (CONST, INPUT) for gate in read(task.text).gates)
    yield Row(f"{gates} gates: {task.what}; 5 inputs", "")
    yield quantity("  exprgrad, millions of rows a second", ROWS / times[""] / 1e6, "")
    yield ratio("  value and gradients over the value alone", times[""] / times["value"], 3)
    for name in PEERS:
        if name in right:
            yield ratio(f"  {name}", times[name] / times[""], least=task.jax if name.startswith("JAX") else 1)
        else:
            yield Row(f"  {name}", "wrong answer" if name in jobs else "not installed")


def agree(found: list[Any], expected: list[Any]) -> bool:
    """Whether columns are the same but for rounding: by 1e-12 of a number, or of what is ordinary in its column."""
    pairs = [(np.ravel(np.asarray(a)), b) for a, b in zip(found, expected, strict=True)]
    return all(
        a.shape == b.shape and bool(np.all(np.abs(a - b) <= 1e-12 * (np.abs(b) + np.median(np.abs(b)))))
        for a, b in pairs
    )


def _exprgrad(task: Task, columns: Columns, wrt: list[str] | None = None) -> Job:
    made = program(read(task.text), dict.fromkeys(task.inputs, ()), wrt=wrt)
    call = kernel(made)

    def job() -> list[Any]:
        found = on_all_cores(call, made, columns, ROWS)
        return [found.value, *[found.gradient[name] for name in task.inputs if name in found.gradient]]

    return job


def _jax(task: Task, columns: Columns) -> Job:
    jax = import_module("jax")
    jax.config.update("jax_enable_x64", True)
    numpy = import_module("jax.numpy")
    both = jax.jit(
        jax.vmap(jax.value_and_grad(lambda *inputs: task.of(numpy, *inputs), tuple(range(len(task.inputs)))))
    )
    arrays = [numpy.asarray(columns[name]) for name in task.inputs]
    for _ in range(5):  # its memory is warm
        jax.block_until_ready(both(*arrays))

    def job() -> list[Any]:
        value, gradients = jax.block_until_ready(both(*arrays))
        return [value, *gradients]

    return job


def _torch(task: Task, columns: Columns) -> Job:
    torch = import_module("torch")
    tensors = [torch.from_numpy(columns[name].copy()).requires_grad_() for name in task.inputs]

    def job() -> list[Any]:
        value = task.of(torch, *tensors)
        return [value.detach(), *torch.autograd.grad(value.sum(), tensors)]

    return job


def _autograd(task: Task, columns: Columns) -> Job:
    numpy, make_vjp = import_module("autograd.numpy"), import_module("autograd").make_vjp
    inputs = [columns[name] for name in task.inputs]
    ones = np.ones(ROWS)

    def job() -> list[Any]:
        pull, value = make_vjp(lambda arrays: task.of(numpy, *arrays))(inputs)
        return [value, *pull(ones)]

    return job


def _numexpr(task: Task, columns: Columns) -> Job:
    evaluate = import_module("numexpr").evaluate
    texts, given = task.by_hand(), dict(columns)
    return lambda: [evaluate(text, local_dict=given) for text in texts]


def _casadi(task: Task, columns: Columns) -> Job:
    """Its function over all rows, a part for each thread."""
    casadi = import_module("casadi")
    inputs = [casadi.SX.sym(name) for name in task.inputs]
    names = {name: getattr(casadi, name) for name in ("exp", "log", "sin", "sqrt")}
    value = task.of(type("library", (), {**names, "maximum": casadi.fmax}), *inputs)
    gradients = [casadi.gradient(value, one) for one in inputs]
    every = casadi.Function("every", inputs, [value, *gradients]).map(ROWS, "thread", os.cpu_count() or 1)
    rows = [columns[name].reshape(1, -1) for name in task.inputs]
    return lambda: [np.asarray(found) for found in every(*rows)]


PEERS: dict[str, Callable[[Task, Columns], Job]] = {
    "JAX: jit of vmap of value_and_grad": _jax,
    "autograd: make_vjp": _autograd,
    "PyTorch: eager, autograd.grad": _torch,
    "numexpr: derivatives by hand": _numexpr,
    "CasADi: map": _casadi,
}
