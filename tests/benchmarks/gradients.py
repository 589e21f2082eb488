"""Gradients: the value and all gradients of a formula that is already read."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from benchmarks.formulas import BENDS, POINT, WAVES, bends, waves
from benchmarks.measure import interleave
from benchmarks.peers import installed
from benchmarks.report import Row, quantity, ratio
from exprgrad import read, run
from exprgrad.gates import CONST, INPUT

ROUNDS = 7
LEAST = 0.02  # seconds of calls in a row
TITLE = f"""4. Gradients in process
The value and all gradients at one point, in float64; medians of {ROUNDS} in turn.
Ratio of a peer's time to that of exprgrad's run: below 1 is faster than it."""

Job = Callable[[], list[float]]  # a value, then its gradients


def rows() -> Iterator[Row]:
    """A formula of functions for those that have them, one of operators and relu for micrograd."""
    yield from _compare(WAVES, "exp, log, sin, sqrt, ^, max", PEERS)
    yield from _building()
    yield Row("  micrograd", "no such gates")
    yield from _compare(BENDS, "+, -, *, /, ^, relu", {"micrograd: Value and backward": _micrograd})


def _compare(formula: str, what: str, peers: dict[str, Callable[[], Job]]) -> Iterator[Row]:
    """exprgrad's time for a formula, and the ratio of each peer that gives the same numbers."""
    circuit = read(formula)
    gates = sum(gate.op not in (CONST, INPUT) for gate in circuit.gates)

    def ours() -> list[float]:
        result = run(circuit, POINT)
        return [result.value, *map(result.gradient.__getitem__, POINT)]

    jobs = {name: make() for name, make in peers.items() if installed(name)}
    right = {name: job for name, job in jobs.items() if _agree(job(), ours())}
    times = interleave({"": ours, **right}, ROUNDS, LEAST)
    yield Row(f"{gates} gates: {what}; 5 inputs", "")
    yield quantity("  exprgrad: run, by the gate", times[""] / gates * 1e6, " us")
    for name in peers:
        if name in right:
            yield ratio(f"  {name}", times[name] / times[""])
        else:
            yield Row(f"  {name}", "wrong answer" if name in jobs else "not installed")


def _building() -> Iterator[Row]:
    """What SymPy does once before its calls, over ``read``, which is what exprgrad does once."""
    if installed("SymPy"):
        times = interleave({"read": lambda: read(WAVES), "SymPy": _lambdified}, 3)
        yield ratio("  SymPy: diff + lambdify once, over read", times["SymPy"] / times["read"])


def _agree(found: list[float], expected: list[float]) -> bool:
    return all(math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12) for a, b in zip(found, expected, strict=True))


def _autograd() -> Job:
    numpy = import_module("autograd.numpy")
    both = import_module("autograd").value_and_grad(lambda *inputs: waves(inputs, numpy), tuple(range(len(POINT))))

    def call() -> list[float]:
        value, gradients = both(*POINT.values())
        return [value, *gradients]

    return call


def _lambdified() -> Job:
    """Formulas for all gradients, then Python code for them, sharing what they have in common."""
    sympy = import_module("sympy")
    import_module("sympy.core.cache").clear_cache()  # or it would know the formula from the last time
    inputs = sympy.symbols(list(POINT), real=True)
    names = {**dict(zip(POINT, inputs, strict=True)), "max": sympy.Max}
    value = sympy.parse_expr(WAVES.replace("^", "**"), names)
    modules: list[Any] = [{"Heaviside": lambda x, half: (x > 0) + half * (x == 0)}, "math"]
    function = sympy.lambdify(inputs, [value, *map(value.diff, inputs)], modules, cse=True)
    return lambda: [*function(*POINT.values())]


def _torch() -> Job:
    torch = import_module("torch")

    def call() -> list[float]:
        inputs = [torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in POINT.values()]
        value = waves(inputs, torch)
        value.backward()
        return [value.item(), *(tensor.grad.item() for tensor in inputs)]

    return call


def _jax() -> Job:
    jax = import_module("jax")
    jax.config.update("jax_enable_x64", True)
    numpy = import_module("jax.numpy")
    both = jax.jit(jax.value_and_grad(lambda *inputs: waves(inputs, numpy), tuple(range(len(POINT)))))

    def call() -> list[float]:
        value, gradients = both(*POINT.values())
        return [float(value), *map(float, gradients)]

    return call


def _micrograd() -> Job:
    make = import_module("micrograd.engine").Value

    def call() -> list[float]:
        inputs = [make(value) for value in POINT.values()]
        value = bends(inputs)
        value.backward()
        return [value.data, *(found.grad for found in inputs)]

    return call


PEERS: dict[str, Callable[[], Job]] = {
    "autograd: value_and_grad": _autograd,
    "PyTorch: tensors and backward": _torch,
    "JAX: jit of value_and_grad": _jax,
    "SymPy: a call of lambdify's function": _lambdified,
}
