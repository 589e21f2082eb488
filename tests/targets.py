"""What generated code computes, by really running it: a function a target, for many formulas at once."""

from __future__ import annotations

import ctypes
import importlib.util
import json
import math
import re
import runpy
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest

from exprgrad.chain import backward
from exprgrad.circuit import Circuit
from exprgrad.run import Run
from exprgrad.write.code import to_code

Point = dict[str, float]
Result = tuple[float, list[float]]
GCC = ["gcc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-O0"]


class Job(NamedTuple):
    """A formula and the points it is run at, which have a value for each input in its order."""

    circuit: Circuit
    points: Sequence[Point]
    wrt: list[str] | None = None
    slack: float = 0.0  # of numbers near 0


def code(target: str, circuit: Circuit, run: Run | None = None, wrt: list[str] | None = None) -> str:
    """The text of a target."""
    return to_code(circuit, target, run, wrt)


def tool(name: str) -> None:
    """Skips the test where a program is not installed."""
    if shutil.which(name) is None:
        pytest.skip(f"there is no {name}")


def load(path: Path) -> ModuleType:
    """A module from its file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _modules(target: str, jobs: Sequence[Job], folder: Path) -> list[ModuleType]:
    found = []
    for number, job in enumerate(jobs):
        path = folder / f"{target}_{number}.py"
        path.write_text(code(target, job.circuit, wrt=job.wrt), encoding="utf-8")
        found.append(load(path))
    return found


def _python(jobs: Sequence[Job], folder: Path) -> list[list[Result]]:
    found = []
    for job, module in zip(jobs, _modules("python", jobs, folder), strict=True):
        answers = [module.f(*point.values()) for point in job.points]
        names = _with_gradients(job)
        found.append([(value, [grad[name] for name in names]) for value, grad in answers])
    return found


def _columns(target: str) -> Callable[[Sequence[Job], Path], list[list[Result]]]:
    """Of a library of arrays: all points at once."""

    def run(jobs: Sequence[Job], folder: Path) -> list[list[Result]]:
        pytest.importorskip(target)
        found = []
        for job, module in zip(jobs, _modules(target, jobs, folder), strict=True):
            rows = len(job.points)
            value, grad = module.f(*[np.array([point[name] for point in job.points]) for name in job.circuit.inputs])
            every = [
                np.broadcast_to(np.asarray(one), (rows,)).tolist()
                for one in (value, *map(grad.get, _with_gradients(job)))
            ]
            found.append([(row[0], list(row[1:])) for row in zip(*every, strict=True)])
        return found

    return run


def _c(jobs: Sequence[Job], folder: Path) -> list[list[Result]]:
    tool("gcc")
    texts = []
    for number, job in enumerate(jobs):
        text = re.sub(r"\bgate_\w+", rf"\g<0>_{number}", code("c", job.circuit, wrt=job.wrt))
        texts.append(text.replace("\ndouble f(", f"\ndouble f{number}("))
    path, library = folder / "all.c", folder / "all.so"
    path.write_text("\n".join(texts), encoding="utf-8")
    subprocess.run([*GCC, "-shared", "-fPIC", "-o", library, path, "-lm"], check=True)
    loaded = ctypes.CDLL(str(library))
    found = []
    for number, job in enumerate(jobs):
        function = getattr(loaded, f"f{number}")
        function.restype = ctypes.c_double
        count = len(_with_gradients(job))
        grad = (ctypes.c_double * max(count, 1))()
        answers = []
        for point in job.points:
            value = function(*map(ctypes.c_double, point.values()), *[grad] * bool(count))
            answers.append((value, list(grad)[:count]))
        found.append(answers)
    return found


def _with_gradients(job: Job) -> list[str]:
    active = backward(job.circuit, job.wrt).active
    return [name for name, wire in job.circuit.inputs.items() if active[wire]]


_DRIVER = """
import { readFileSync } from "fs";
const into = (x) => (x === "nan" ? NaN : x === "inf" ? Infinity : x === "-inf" ? -Infinity : x);
const out = (x) => (Object.is(x, -0) ? "-0.0" : Number.isFinite(x) ? x : Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf");
const found = [];
for (const [number, points] of JSON.parse(readFileSync(process.argv[2])).entries()) {
  const { f } = await import(`./m${number}.mjs`);
  found.push(points.map((point) => {
    const { value, grad } = f(...point.map(into));
    return [out(value), Object.values(grad).map(out)];
  }));
}
console.log(JSON.stringify(found));
"""


def _js(jobs: Sequence[Job], folder: Path) -> list[list[Result]]:
    tool("node")
    for number, job in enumerate(jobs):
        (folder / f"m{number}.mjs").write_text(code("js", job.circuit, wrt=job.wrt), encoding="utf-8")
    points = [
        [[one if math.isfinite(one) else repr(one) for one in point.values()] for point in job.points] for job in jobs
    ]
    (folder / "points.json").write_text(json.dumps(points))
    (folder / "driver.mjs").write_text(_DRIVER)
    done = subprocess.run(["node", "driver.mjs", "points.json"], cwd=folder, check=True, capture_output=True, text=True)
    return [[(float(value), list(map(float, grad))) for value, grad in answers] for answers in json.loads(done.stdout)]


def _sql(jobs: Sequence[Job], _: Path) -> list[list[Result]]:
    """NULL is NaN here."""
    connection = pytest.importorskip("duckdb").connect()
    found = []
    for job in jobs:
        table(connection, list(job.circuit.inputs), [list(point.values()) for point in job.points])
        rows = connection.execute(code("sql", job.circuit, wrt=job.wrt)).fetchall()
        skipped = len(job.circuit.inputs)
        found.append([(number(row[skipped]), list(map(number, row[skipped + 1 :]))) for row in rows])
    return found


def number(cell: Any) -> float:
    """A cell of an answer."""
    return math.nan if cell is None else float(cell)


def table(connection: Any, names: Sequence[str], rows: Sequence[Sequence[float]]) -> None:
    """The table points, of these columns."""
    columns = ", ".join('"' + name.replace('"', '""') + '" DOUBLE' for name in names)
    connection.execute(f"CREATE OR REPLACE TABLE points ({columns or 'one DOUBLE'})")
    cells = [f"({', '.join('?' * len(row)) if row else '1'})" for row in rows]
    values = f"FROM (VALUES {', '.join(cells)})".replace("FROM", "INSERT INTO points FROM", 1)
    connection.execute(values, [cell for row in rows for cell in row])


RUN: dict[str, Callable[[Sequence[Job], Path], list[list[Result]]]] = {
    "python": _python, "numpy": _columns("numpy"), "jax": _columns("jax"), "torch": _columns("torch"), "c": _c, "js": _js,
    "sql": _sql,
}  # fmt: skip


def checked(target: str, text: str, folder: Path) -> bool:
    """Whether the assertion at the end of a text holds."""
    name = {"c": "f.c", "js": "f.mjs", "sql": "f.sql"}.get(target, "f.py")
    path = folder / name
    path.write_text(text, encoding="utf-8")
    if target == "sql":
        duckdb = pytest.importorskip("duckdb")
        connection = duckdb.connect()
        *_, check = duckdb.extract_statements(text)
        try:
            return bool(connection.execute(check).fetchall() == [(1,)])
        except duckdb.ConversionException:
            return False
    if target == "c":
        tool("gcc")
        subprocess.run([*GCC, "-o", folder / "f", path, "-lm"], check=True)
        command = [str(folder / "f")]
    elif target == "js":
        tool("node")
        command = ["node", str(path)]
    else:
        return _asserted(target, path)
    return subprocess.run(command, check=False, capture_output=True, timeout=60).returncode == 0


def _asserted(target: str, path: Path) -> bool:
    """The same of a module of Python's, without a process and an import of its library for each."""
    pytest.importorskip("math" if target == "python" else target)
    try:
        runpy.run_path(str(path), run_name="__main__")
    except AssertionError:
        return False
    return True
