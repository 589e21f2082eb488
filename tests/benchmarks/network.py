"""Network: a loss and its gradients on arrays, in process, as a whole process, and in memory."""

from __future__ import annotations

import gc
import json
import math
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import command, interleave, job, process
from benchmarks.peers import NETWORK, installed
from benchmarks.report import Row, quantity, ratio
from exprgrad import read, run

PICTURES, PIXELS, HIDDEN, CLASSES = 256, 784, 128, 10
FORMULA = f"""h = relu(X @ W1.T + b1)
z = h @ W2.T + b2
loss = -sum(Y*log_softmax(z, axis=1))/{PICTURES}
"""
WANTED = ("W1", "b1", "W2", "b2")
ROUNDS, STARTS = 15, 9
LEAST = 0.1  # seconds of calls in a row
TITLE = f"""5. A network
{PICTURES} pictures of {PIXELS} pixels, {HIDDEN} relus, {CLASSES} classes: the cross-entropy and its
gradients by both layers, in float64; medians of {ROUNDS} and {STARTS} in turn.
Ratio of a peer's time to that of exprgrad: below 1 is faster than it."""

Array = NDArray[np.float64]
Job = Callable[[], list[Any]]  # the loss, then its gradients


def rows() -> Iterator[Row]:
    """The warm call, the process that reads its arrays from files, and the peak of a call's memory."""
    inputs = _inputs()
    yield from _warm(inputs)
    yield from _process(inputs)
    yield from _memory(inputs)


def _inputs() -> dict[str, Array]:
    """Random pictures, classes as rows of a unit matrix, and layers as they are before training."""
    random = np.random.default_rng(0)
    return {
        "X": random.standard_normal((PICTURES, PIXELS)),
        "W1": random.standard_normal((HIDDEN, PIXELS)) / math.sqrt(PIXELS),
        "b1": random.standard_normal(HIDDEN) / 10,
        "W2": random.standard_normal((CLASSES, HIDDEN)) / math.sqrt(HIDDEN),
        "b2": random.standard_normal(CLASSES) / 10,
        "Y": np.eye(CLASSES)[random.integers(CLASSES, size=PICTURES)],
    }


# ---------------------------------------------------------------- in process


def _warm(inputs: Mapping[str, Array]) -> Iterator[Row]:
    """exprgrad's time for a call, and the ratio of each peer that gives the same numbers."""
    ours = _exprgrad(inputs)
    expected = ours()
    jobs = {name: make(inputs) for name, make in PEERS.items() if installed(name)}
    right = {name: peer for name, peer in jobs.items() if _agree(peer(), expected)}
    times = interleave({"": ours, **right}, ROUNDS, LEAST)
    yield Row("in process, warm", "")
    yield quantity("  exprgrad: run", times[""] * 1e3, " ms")
    for name in PEERS:
        if name in right:
            yield ratio(f"  {name}", times[name] / times[""], least=1 if name.startswith("PyTorch") else None)
        else:
            yield Row(f"  {name}", "wrong answer" if name in jobs else "not installed")


def _agree(found: list[Any], expected: list[Any]) -> bool:
    """Whether arrays are the same but for rounding: by 1e-12 of the largest element."""
    pairs = [(np.asarray(a), np.asarray(b)) for a, b in zip(found, expected, strict=True)]
    return all(a.shape == b.shape and np.abs(a - b).max() <= 1e-12 * np.abs(b).max() for a, b in pairs)


def _exprgrad(inputs: Mapping[str, Array]) -> Job:
    circuit = read(FORMULA)

    def call() -> list[Any]:
        result = run(circuit, inputs, WANTED)
        return [result.value, *map(result.gradient.__getitem__, WANTED)]

    return call


def _loss(layers: Iterable[Any], x: Any, y: Any, relu: Callable[[Any], Any], log_softmax: Callable[[Any], Any]) -> Any:
    """The formula in Python, on a peer's arrays."""
    w, b, v, c = layers
    return -(y * log_softmax(relu(x @ w.T + b) @ v.T + c)).sum() / PICTURES


def _torch(inputs: Mapping[str, Array]) -> Job:
    torch = import_module("torch")
    tensors = {name: torch.from_numpy(value) for name, value in inputs.items()}
    layers = [tensors[name].clone().requires_grad_() for name in WANTED]

    def call() -> list[Any]:
        loss = _loss(layers, tensors["X"], tensors["Y"], torch.relu, lambda z: torch.log_softmax(z, 1))
        return [loss.item(), *torch.autograd.grad(loss, layers)]

    return call


def _jax(inputs: Mapping[str, Array]) -> Job:
    jax = import_module("jax")
    jax.config.update("jax_enable_x64", True)
    arrays = {name: jax.numpy.asarray(value) for name, value in inputs.items()}
    both = jax.jit(jax.value_and_grad(lambda layers, x, y: _loss(layers, x, y, jax.nn.relu, jax.nn.log_softmax)))
    layers = [arrays[name] for name in WANTED]

    def call() -> list[Any]:
        value, gradients = jax.block_until_ready(both(layers, arrays["X"], arrays["Y"]))
        return [value, *gradients]

    return call


def _autograd(inputs: Mapping[str, Array]) -> Job:
    numpy = import_module("autograd.numpy")

    def log_softmax(z: Any) -> Any:
        away = z - numpy.max(z, axis=1, keepdims=True)
        return away - numpy.log(numpy.sum(numpy.exp(away), axis=1, keepdims=True))

    def loss(layers: Iterable[Any]) -> Any:
        return _loss(layers, inputs["X"], inputs["Y"], lambda a: numpy.maximum(a, 0), log_softmax)

    both = import_module("autograd").value_and_grad(loss)
    layers = [inputs[name] for name in WANTED]

    def call() -> list[Any]:
        value, gradients = both(layers)
        return [value, *gradients]

    return call


PEERS: dict[str, Callable[[Mapping[str, Array]], Job]] = {
    "PyTorch: eager, autograd.grad": _torch,
    "JAX: jit of value_and_grad": _jax,
    "autograd: value_and_grad": _autograd,
}


# ---------------------------------------------------------------- the process


def _process(inputs: Mapping[str, Array]) -> Iterator[Row]:
    """exprgrad's time from start to table, the arrays read from files, and the ratios of the peers' scripts."""
    value, *gradients = _exprgrad(inputs)()
    expected = [value, *map(np.linalg.norm, gradients)]
    with TemporaryDirectory() as folder:
        for name, array in inputs.items():
            np.save(Path(folder, name), array)
        formula = Path(folder, "network.txt")
        formula.write_text(FORMULA, encoding="utf-8")
        values = [word for name in inputs for word in (f"-{name}", f"@{Path(folder, name)}.npy")]
        ours = [*command(), "--file", str(formula), *values, "--wrt", ",".join(WANTED)]
        peers = {name: [sys.executable, "-c", script, folder] for name, script in NETWORK.items() if installed(name)}
        right = {name: words for name, words in peers.items() if _prints(words, expected)}
        commands = {"": ours, **right}
        times = interleave({name: job(words, subprocess.PIPE) for name, words in commands.items()}, STARTS)
    yield Row("the whole process, arrays from .npy files", "")
    yield quantity("  exprgrad, table", times[""], " s")
    for name in NETWORK:
        if name in right:
            yield ratio(f"  {name}", times[name] / times[""], least=5)
        else:
            yield Row(f"  {name}", "wrong answer" if name in peers else "not installed")


def _prints(words: list[str], expected: list[Any]) -> bool:
    """Whether a script prints the loss and the norms of its gradients."""
    done = process(words)
    if done.status:
        return False
    return all(math.isclose(a, b, rel_tol=1e-12) for a, b in zip(json.loads(done.output), expected, strict=True))


# ---------------------------------------------------------------- memory


def _memory(inputs: Mapping[str, Array]) -> Iterator[Row]:
    """The peak of a warm call, over what must be there in the end."""
    circuit = read(FORMULA)
    run(circuit, inputs, WANTED)  # its backward pass is made once
    gc.collect()
    tracemalloc.start()
    result = run(circuit, inputs, WANTED)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    yield Row("memory of a warm call", "")
    yield quantity("  exprgrad: run, its peak", peak / 1e6, " MB")
    yield ratio("  over all wires' values and gradients", peak / _bytes([*result.values, *result.gradients]), 3)
    yield ratio("  over the inputs and their gradients", peak / _bytes([*inputs.values(), *result.gradient.values()]))


def _bytes(values: Iterable[Any]) -> int:
    """The bytes of the arrays among values: a view takes none of its own, and what several look at counts once."""
    buffers = {}
    for value in values:
        array = value
        while isinstance(array, np.ndarray):
            owner, array = array, array.base
            if not isinstance(array, np.ndarray):
                buffers[id(owner)] = owner.nbytes
    return sum(buffers.values())
