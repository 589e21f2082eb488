"""The others' programs, each run as a process of its own."""

from __future__ import annotations

from importlib.util import find_spec

ANSWER = [-12.0, -4.0, -4.0, 3.0]  # the value of (x+y)*z at x = -2, y = 5, z = -4, and its gradients

ONCE = {
    "SymPy: parse_expr, diff, evalf": """
from sympy.parsing.sympy_parser import parse_expr
point = {"x": -2, "y": 5, "z": -4}
f = parse_expr("(x+y)*z")
print([float(g.evalf(subs=point)) for g in [f, *(f.diff(name) for name in point)]])
""",
    "autograd: grad of a function": """
from autograd import grad
f = lambda x, y, z: (x + y) * z
point = -2.0, 5.0, -4.0
print([f(*point), *map(float, grad(f, (0, 1, 2))(*point))])
""",
    "micrograd: operators on Value": """
from micrograd.engine import Value
point = [Value(-2.0), Value(5.0), Value(-4.0)]
x, y, z = point
f = (x + y) * z
f.backward()
print([f.data, *(v.grad for v in point)])
""",
    "PyTorch: backward of a tensor": """
import torch
point = [torch.tensor(v, requires_grad=True) for v in (-2.0, 5.0, -4.0)]
x, y, z = point
f = (x + y) * z
f.backward()
print([f.item(), *(v.grad.item() for v in point)])
""",
    "JAX: value_and_grad, no jit": """
import jax
value, gradients = jax.value_and_grad(lambda x, y, z: (x + y) * z, (0, 1, 2))(-2.0, 5.0, -4.0)
print([float(value), *map(float, gradients)])
""",
}
"""Programs that print the value and the gradients of (x+y)*z."""

LIMITS = {
    "Python's ast.parse": "import ast, sys; ast.parse(sys.stdin.read(), mode='eval')",
    "Python's compile": "import sys; compile(sys.stdin.read(), 'formula', 'eval')",
    "SymPy: parse_expr": """
import sys
from sympy.parsing.sympy_parser import parse_expr
parse_expr(sys.stdin.read())
""",
    "micrograd: backward of the sum": """
import sys
from micrograd.engine import Value
x = f = Value(0.5)
for _ in range(sys.stdin.read().count("+")):
    f = f + x
f.backward()
""",
}
"""Programs that take a formula on standard input; micrograd reads none, and counts its plus signs."""

NETWORK = {
    "PyTorch: a script": """
import sys
import numpy
import torch
arrays = [numpy.load(f"{sys.argv[1]}/{name}.npy") for name in ("X", "Y", "W1", "b1", "W2", "b2")]
x, y, *layers = map(torch.from_numpy, arrays)
w, b, v, c = [layer.requires_grad_() for layer in layers]
z = torch.relu(x @ w.T + b) @ v.T + c
loss = -(y * torch.log_softmax(z, 1)).sum() / len(x)
loss.backward()
print([loss.item(), *(layer.grad.norm().item() for layer in layers)])
""",
    "JAX: a script with jit": """
import sys
import numpy
import jax
jax.config.update("jax_enable_x64", True)
x, y, *layers = [numpy.load(f"{sys.argv[1]}/{name}.npy") for name in ("X", "Y", "W1", "b1", "W2", "b2")]
def loss(layers, x, y):
    w, b, v, c = layers
    z = jax.nn.relu(x @ w.T + b) @ v.T + c
    return -(y * jax.nn.log_softmax(z)).sum() / len(x)
value, gradients = jax.jit(jax.value_and_grad(loss))(layers, x, y)
print([float(value), *(float(numpy.linalg.norm(gradient)) for gradient in gradients)])
""",
}
"""Programs that print the loss of network.py and its gradients' norms; its arrays are in the folder they are given."""

_MODULES = {
    "SymPy": "sympy", "autograd": "autograd", "micrograd": "micrograd", "PyTorch": "torch", "JAX": "jax",
    "numexpr": "numexpr", "CasADi": "casadi",
}  # fmt: skip


def installed(peer: str) -> bool:
    """Whether the package a peer's name begins with is here; what comes with Python always is."""
    module = _MODULES.get(peer.partition(":")[0])
    return module is None or find_spec(module) is not None
