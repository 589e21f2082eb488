"""The targets: bytes in, nothing out, and an exception where the promise is broken."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import pyarrow as pa

from agree import agree, scale_of
from exprgrad.arguments import assigned, value
from exprgrad.circuit import Circuit, Gate
from exprgrad.diagnosis.notes import notes
from exprgrad.engines import run_rows
from exprgrad.errors import ExprgradError, FormulaError
from exprgrad.files import read_formula
from exprgrad.gates import CONST, INPUT
from exprgrad.language.parse import outline, parse
from exprgrad.language.read import read
from exprgrad.load import CellError, number
from exprgrad.run import jacobian, run
from exprgrad.style import Style
from exprgrad.values import shape
from exprgrad.views import table
from exprgrad.write import flat
from exprgrad.write import json as json_
from exprgrad.write.formula import write
from fuzz.formulas import POINT, Source, drawn
from fuzz.promise import command, folder, printable
from rowjob import clear
from test_schema import faults

BESIDE: dict[str, bytes] = {
    "points.csv": b"id,x,y,place\n007,1.50,2,Ulm\n008,-0.25,4,\n009,n/a,-1.75,Trier\n",
    "points.tsv": b"x\ty\n1\t2\n",
    "weights.jsonl": b'{"w":[2.0,-1],"x":1}\n{"w":[0.5],"x":null}\n',
    "cases.jsonl": b'{"formula":"x^2","x":3,"value":9,"grad":{"x":5}}\n{"formula":"log(x","x":1}\n',
    "cases.csv": b"formula,x,value\nx+1,1,2\n,,\nx/0,1,inf\n",
    "formula.txt": b"x = 2; y = 3\nq = x*y  # used three times\nf = q^2 + sin(q - 6) + q\n",
    "array.csv": b"1,2\n3,4\n",
}  # what stands beside a command line
STDIN = b"x,y\n1,2\n3,4\n"  # and on its standard input

# what a file is to the command, by its name: - stands for its path
JOBS = {
    **{
        f"rows{ending}": ["x*max(y, 2) + sum(w^z)", "-", "-y", "2", "-w", "[1, 2]", "-z", "2"]
        for ending in (".csv", ".tsv", ".jsonl", ".parquet", ".arrow", "", ".csv.gz", ".jsonl.zst")
    },
    **{f"array{ending}": ["sum(W^2)", "-W", "@-", "--to", "json"] for ending in (".csv", ".tsv", ".npy")},
    **{f"cases{ending}": ["-"] for ending in (".csv", ".jsonl", ".parquet", ".arrow")},
    "formula.txt": ["--file", "-"],
}
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "+gz": gzip.compress,
    "+zst": lambda data: bytes(pa.compress(data, "zstd", asbytes=True)),
}


def reading(data: bytes) -> None:
    """A formula file: a circuit that is printed and read back as it was, or an error with its place."""
    text = data.decode("utf-8", "replace")
    try:
        with folder({"formula.txt": data}):
            text = read_formula("formula.txt")
        circuit = read(text)
    except FormulaError as error:
        refusal(error, text)
        return
    circuit.check()
    for line in (*outline(text, parse(text)), *circuit.lines()):
        assert printable(line), line
    for full in (True, False):
        printed = write(circuit, full=full)
        assert meaning(read(printed)) == meaning(circuit), printed


def meaning(circuit: Circuit) -> int:
    """What the output is, by hashes of gates and of what they read, in whatever order they stand.

    The negative of a constant is that constant, as it is printed alike.
    """
    known: list[int] = []
    for gate in circuit.gates:
        inside = circuit.gates[gate.inputs[0]].value if gate.op.name == "neg" else None
        if isinstance(inside, float) and circuit.gates[gate.inputs[0]].op is CONST:
            gate = Gate(CONST, value=-inside)  # noqa: PLW2901
        name = gate.name if gate.op is INPUT else None
        reads = tuple([known[source] for source in gate.inputs])
        known.append(hash((gate.op.name, reads, repr(gate.value), repr(gate.params), name)))
    return known[circuit.output]


def refusal(error: ExprgradError, typed: str) -> None:
    """An error that people can read, with a place that is in the text."""
    span = error.report.span
    assert span is None or 0 <= span[0] <= span[1] <= len(error.report.text), error
    assert error.code != 1, error
    assert printable(str(error)), error
    clear(str(error), typed)


def values(data: bytes) -> None:
    """A value, several of them with their names, and a cell, whose grammar is a part of that of values."""
    text = data.decode("utf-8", "surrogateescape")
    if "@" in text.lstrip()[:1] or "=@" in "".join(text.split()):
        return  # a file: another target
    found = None
    try:
        found = value("x", text)
        assert isinstance(found, (float, np.ndarray))
    except ExprgradError as error:
        refusal(error, text)
    with suppress(CellError):
        cell = number(text)
        word = text.strip(" \t+-").lower()
        if found is not None and word != "infinity":
            assert isinstance(found, float)
            assert repr(found) == repr(cell)
    try:
        assigned("--tangent", text)
    except ExprgradError as error:
        refusal(error, text)


def commands(data: bytes) -> None:
    """A command line, its arguments with a zero byte between them, beside some files."""
    arguments = [piece.decode("utf-8", "surrogateescape") for piece in data.split(b"\0")]
    if elsewhere(arguments):
        return
    done = command(arguments, BESIDE, STDIN)
    if done.status == 0 and "json" in arguments and done.out.startswith(b"{\n"):
        json.loads(done.out, parse_constant=not_json)


def elsewhere(arguments: list[str]) -> bool:
    """Whether a command might read or write outside of its folder."""
    paths = [word.partition("=")[2] if word.startswith("--") else word.lstrip(" @") for word in arguments]
    outside = [path for path in (*paths, *arguments) if path.startswith(("/", "~")) or ".." in path.split("/")]
    written = [word for word, before in zip(arguments, ["", *arguments], strict=False) if before == "--out"]
    written += [word for word in arguments if word.startswith("--out=")]
    return bool(outside) or any("/" in word for word in written)


def not_json(name: str) -> None:
    """NaN and Infinity are no JSON."""
    raise AssertionError(name)


def files(data: bytes) -> None:
    """A file: the first line says its name, how it is packed if it is, and options; what follows is the file."""
    first, _, body = data.partition(b"\n")
    head = first.decode("utf-8", "surrogateescape")
    name, *options = head.split(" ")
    if name not in JOBS or elsewhere(options) or "\0" in head or any(option in BESIDE for option in options):
        return
    for packing in set(options) & set(PACKED):
        body = PACKED[packing](body)
    arguments = [word.replace("-", name) if word in ("-", "@-") else word for word in JOBS[name]]
    passed = name.startswith(("rows", "cases")) and not {"table", "markdown"} & set(options)
    command([*arguments, *[option for option in options if option not in PACKED]], {name: body}, passed=passed)


def engines(data: bytes) -> None:
    """A formula over arrays, drawn by the bytes: readings of a run, and the engines' same results in every row."""
    rng = Source(data)
    text = drawn(rng, rng.randint(1, 4))
    try:
        circuit = read(text)
        point = {name: special(rng, POINT[name]) for name in circuit.inputs}
        result = run(circuit, point, upstream=1.0)
    except ExprgradError as error:
        refusal(error, text)
        return
    assert all(shape(gradient) == np.shape(point[name]) for name, gradient in result.gradient.items()), text
    assert faults(json.loads("\n".join(json_.write(result, notes(result))))) == [], text
    table.draw(table.show(result, Style()), False, Style())
    list(flat.write(result, ","))
    assert write(read(write(circuit))) == write(circuit), text
    read(write(result.backward.circuit))
    with suppress(ExprgradError):
        if np.size(result.value) < 9:
            jacobian(circuit, point)
    columns = {
        name: np.stack([number, number * 0.5 - 1, number]) for name, number in point.items() if rng.random() < 0.8
    }
    if not columns:
        return
    constants = {name: number for name, number in point.items() if name not in columns}
    try:
        run_rows(circuit, columns, constants, upstream=1.0, engine="reference")
    except FormulaError:
        try:
            run_rows(circuit, columns, constants, upstream=1.0)
        except FormulaError:
            return
        raise AssertionError(f"{text}: an error in one engine only") from None
    every = {**columns, **{name: np.stack([number] * 3) for name, number in constants.items()}}
    scale = scale_of(circuit, every, upstream=1.0)
    agree(circuit, columns, 4096, scale, constants=constants, upstream=1.0, kinks=True)


def special(rng: Source, number: Any) -> Any:
    """A value as it is, or with some numbers that are anything but ordinary."""
    found = np.asarray(number, dtype=float).copy()
    odd = [
        0.0,
        -0.0,
        0.5,
        1.0,
        -1.0,
        np.inf,
        -np.inf,
        np.nan,
        5e-324,
        1e-300,
        1e300,
        1.7976931348623157e308,
        2.0**53,
        710.0,
    ]
    for place in np.ndindex(found.shape):
        if rng.random() >= 0.7:
            found[place] = rng.choice(odd)
    return found


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (reading, values, commands, files, engines)
}
