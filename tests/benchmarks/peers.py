"""The others' programs, each run as a process of its own."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from shutil import which

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

_SUM = """
import sys
import polars as pl
x, y, z = map(pl.col, "xyz")
results = {"value": (x + y)*z, "grad.x": z, "grad.y": z, "grad.z": x + y}
rows = pl.scan_csv(sys.argv[1]).with_columns(**results)
"""

SUMS = {
    "polars: sink_csv": _SUM + "rows.sink_csv(sys.argv[2])",
    "polars: sink_csv, and on the disk": _SUM + "rows.sink_csv(sys.argv[2], sync_on_close='all')",
    "DuckDB: COPY": """
import sys
import duckdb
results = '(x + y)*z AS value, z AS "grad.x", z AS "grad.y", x + y AS "grad.z"'
duckdb.sql(f"COPY (SELECT *, {results} FROM read_csv('{sys.argv[1]}')) TO '{sys.argv[2]}' (HEADER)")
""",
    "Miller: put": """
mlr --csv put '$value = ($x + $y)*$z; ${grad.x} = $z; ${grad.y} = $z; ${grad.z} = $x + $y' "$1" > "$2"
""",
}
"""Programs from CSV to CSV: (x+y)*z and its gradients by hand; Miller's is the shell's, the others Python's."""

NEURONS = {
    "polars: sink_csv": """
import sys
import polars as pl
w0, x0, w1, x1, w2 = map(pl.col, ["w0", "x0", "w1", "x1", "w2"])
f, g = pl.col("value"), pl.col("g")
results = {"grad.w0": g*x0, "grad.x0": g*w0, "grad.w1": g*x1, "grad.x1": g*w1, "grad.w2": g}
rows = pl.scan_csv(sys.argv[1]).with_columns(value=1/(1 + (-(w0*x0 + w1*x1 + w2)).exp())).with_columns(g=f*(1 - f))
rows.with_columns(**results).drop("g").sink_csv(sys.argv[2])
""",
    "DuckDB: COPY": """
import sys
import duckdb
results = 'g*x0 AS "grad.w0", g*w0 AS "grad.x0", g*x1 AS "grad.w1", g*w1 AS "grad.x1", g AS "grad.w2"'
rows = f"SELECT *, 1/(1 + exp(-(w0*x0 + w1*x1 + w2))) AS value FROM read_csv('{sys.argv[1]}')"
both = f"SELECT * EXCLUDE g, {results} FROM (SELECT *, value*(1 - value) AS g FROM ({rows}))"
duckdb.sql(f"COPY ({both}) TO '{sys.argv[2]}' (HEADER)")
""",
}
"""The same for the neuron of rows.py."""

_MIXED = """
import sys
import polars as pl
col = pl.col
x, u, y, w, v = map(col, "xuywv")
rows = pl.scan_parquet(sys.argv[1]).with_columns(
    d=x - u, t=w*x + u, q=1 + x*x + y*y, h=(v - y).exp(), xy=x*y, uv=u*v, vv=1 + v*v, m=pl.max_horizontal(u, w),
    ev=v.exp(), k=(1 + w*w).sqrt(),
).with_columns(
    e=(-col.d*col.d).exp(), s=col.t.sin(), ct=col.t.cos(), lq=col.q.log(), r=(1 + col.h).sqrt(), lv=col.vv.log(),
    n=pl.max_horizontal("xy", "uv"), left=col.xy > col.uv, den=2 + (y - x).sin(), b=(2 + (u*w).sin()).sqrt(),
    mm=3 + col.m*col.m,
).with_columns(
    a=pl.max_horizontal("e", y), lm=col.mm.log(), pd=(u/3*col.lv).exp()/col.den,
).with_columns(
    root=col.lm.sqrt(),
).with_columns(
    value=col.a*col.s + col.lq*col.r + col.n*col.k + col.pd - col.b*col.ev + col.lm*col.root,
    de=pl.when(col.e > y).then(-2*col.d*col.e*col.s).otherwise(0.0), dt=col.a*col.ct, dq=2*col.r/col.q,
    dh=col.lq*col.h/(2*col.r), dyx=col.pd*(y - x).cos()/col.den, duw=(u*w).cos()*col.ev/(2*col.b),
    dm=3*col.root*col.m/col.mm,
).select("x", "u", "y", "w", "v", "value", **{
    "grad.x": col.de + col.dt*w + col.dq*x + pl.when("left").then(y*col.k).otherwise(0.0) + col.dyx,
    "grad.u": col.dt - col.de + pl.when("left").then(0.0).otherwise(v*col.k) + col.pd*col.lv/3 - col.duw*w
    + pl.when(u > w).then(col.dm).otherwise(0.0),
    "grad.y": pl.when(col.e > y).then(0.0).otherwise(col.s) + col.dq*y - col.dh
    + pl.when("left").then(x*col.k).otherwise(0.0) - col.dyx,
    "grad.w": col.dt*x + col.n*w/col.k - col.duw*u + pl.when(u > w).then(0.0).otherwise(col.dm),
    "grad.v": col.dh + pl.when("left").then(0.0).otherwise(u*col.k) + 2*col.pd*u*v/(3*col.vv) - col.b*col.ev,
})
"""

MIXED = {
    "polars: sink_parquet, snappy as ours": _MIXED + "rows.sink_parquet(sys.argv[2], compression='snappy')",
    "polars: sink_parquet, its own zstd": _MIXED + "rows.sink_parquet(sys.argv[2])",
}
"""Programs from Parquet to Parquet: the formula of fifty gates in rows.py, its intermediate results shared."""

LINES = {
    "polars: sink_ndjson": """
import sys
import polars as pl
x, y, z = map(pl.col, "xyz")
rows = pl.scan_ndjson(sys.argv[1]).with_columns(value=(x + y)*z, grad=pl.struct(x=z, y=z, z=x + y))
rows.sink_ndjson(sys.argv[2])
""",
    "jq": """
jq -c '. + {value: ((.x + .y)*.z), grad: {x: .z, y: .z, z: (.x + .y)}}' "$1" > "$2"
""",
    "Miller: put": """
mlr --jsonl put '$value = ($x + $y)*$z; $grad = {"x": $z, "y": $z, "z": $x + $y}' "$1" > "$2"
""",
}
"""Programs from JSON Lines to JSON Lines: (x+y)*z again."""

_COMMANDS = {"Miller": "mlr", "jq": "jq"}
_MODULES = {
    "SymPy": "sympy", "autograd": "autograd", "micrograd": "micrograd", "PyTorch": "torch", "JAX": "jax",
    "numexpr": "numexpr", "CasADi": "casadi", "polars": "polars", "DuckDB": "duckdb",
}  # fmt: skip


def installed(peer: str) -> bool:
    """Whether the package or the command a peer's name begins with is here; what comes with Python always is."""
    name = peer.partition(":")[0]
    if name in _COMMANDS:
        return which(_COMMANDS[name]) is not None
    module = _MODULES.get(name)
    return module is None or find_spec(module) is not None


def from_file_to_file(peer: str, program: str) -> list[str]:
    """The command that runs a program, Python's or the shell's; the two files come behind it."""
    return ["sh", "-c", program, "sh"] if peer.partition(":")[0] in _COMMANDS else [sys.executable, "-c", program]
