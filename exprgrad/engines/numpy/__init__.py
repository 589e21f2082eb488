"""The fast engine: NumPy on blocks of rows that stay in the processor's cache."""

from __future__ import annotations

from functools import cache
from math import prod
from threading import local
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exprgrad.arithmetic.forward import planned, told
from exprgrad.engines import Columns, Kernel, Rows, empty, part
from exprgrad.engines.numpy.batch import apply
from exprgrad.engines.numpy.cheaper import cheaper, is_scalar
from exprgrad.engines.numpy.tape import Tape, tape
from exprgrad.errors import GateError
from exprgrad.gates import CONST, INPUT
from exprgrad.program import Program
from exprgrad.values import Value, array

PARALLEL = True

# Rows of a block.  Between two calls NumPy lets another thread have the interpreter and may have to wait
# for it, so blocks are longer than a core's own cache would like: the cache that all cores share has room.
LEAST, MOST = 1 << 8, 1 << 15
CACHE = 1 << 23  # bytes of a block's registers and columns
BYTES = 1 << 18  # of a wire in a block, where wires are arrays


def kernel(program: Program) -> Kernel:
    """The program on blocks of rows."""
    return _scalars(program) if is_scalar(program) else _arrays(program)


# ---------------------------------------------------------------- scalars


def _scalars(program: Program) -> Kernel:
    """The kernel of a program of scalars: its tape on each block, that of the exact program where rows are rare."""
    usual = tape(cheaper(program))
    width = usual.numbers + len(program.inputs) + 1 + len(program.gradient)
    block = min(MOST, max(LEAST, CACHE // 8 // width // LEAST * LEAST))
    threads = local()

    @cache
    def exact() -> Tape:
        return usual if program.exact is None else tape(cheaper(program.exact()))

    def call(columns: Columns, rows: int, out: Rows | None = None) -> Rows:
        found = empty(program, rows) if out is None else out
        given = {name: columns[name] for name in program.inputs}
        if not hasattr(threads, "rare"):
            threads.usual, threads.exact, threads.rare = usual.registers(block), None, 0
        width = -(-rows // max(1, -(-rows // block)))  # blocks of one length
        with np.errstate(all="ignore"):
            for start in range(0, rows, max(1, width)):
                stop = min(start + width, rows)
                one(
                    {name: np.ascontiguousarray(column[start:stop]) for name, column in given.items()},
                    part(found, start, stop),
                )
        return found

    def one(columns: Columns, out: Rows) -> None:
        """One block.  After one with many rare rows the next few are taken for such, too: the numbers are the same."""
        rows = len(out.value)
        if threads.rare:
            threads.rare -= 1
            exactly(columns, out)
            return
        registers = _run(usual, threads.usual, columns, out)
        if usual.rare is None:
            return
        rare: NDArray[np.bool_] = registers[usual.rare]
        count = int(np.count_nonzero(rare))
        if count > rows // 8:
            threads.rare = 15
            exactly(columns, out)
        elif count:
            places = np.flatnonzero(rare)
            few = empty(program, count)
            exactly({name: column[places] for name, column in columns.items()}, few)
            out.value[places] = few.value
            for name, gradient in few.gradient.items():
                out.gradient[name][places] = gradient
            if out.kinks is not None:
                out.kinks[places] = few.kinks

    def exactly(columns: Columns, out: Rows) -> None:
        threads.exact = threads.exact or exact().registers(block)
        _run(exact(), threads.exact, columns, out)

    return call


def _run(made: Tape, registers: list[Any], columns: Columns, out: Rows) -> list[Any]:
    """One block's results, and its registers."""
    rows = len(out.value)
    ends: list[NDArray[Any]] = [*[columns[name] for name in made.inputs], out.value, *out.gradient.values()]
    if out.kinks is not None:
        ends.append(out.kinks)
    behind = registers[len(ends) :]
    if behind and any([one.ndim and len(one) != rows for one in behind]):
        behind = [one[:rows] if one.ndim else one for one in behind]
    here = [*ends, *behind]
    for function, pick in made.calls:
        function(*pick(here))
    return here


# ---------------------------------------------------------------- arrays


def _arrays(program: Program) -> Kernel:
    """The kernel of a program with arrays."""
    circuit = program.source.circuit
    gates, shapes = program.gates, program.shapes
    wanted = [wire for wire in (program.value, *program.gradient.values(), program.kinks) if wire is not None]
    plan = planned(gates, 0, set(wanted))
    most = max([prod(extent) for extent in shapes])
    block = max(16, BYTES // 8 // max(most, 1) // 16 * 16)
    varies: list[bool] = []
    for gate in gates:
        varies.append(gate.op is INPUT or any([varies[source] for source in gate.inputs]))

    def call(columns: Columns, rows: int, out: Rows | None = None) -> Rows:
        found = empty(program, rows) if out is None else out
        with told(circuit), np.errstate(all="ignore"):
            for start in range(0, rows, block):
                stop = min(start + block, rows)
                values(columns, start, stop, part(found, start, stop))
        return found

    def values(columns: Columns, start: int, stop: int, out: Rows) -> None:
        wires: list[Value] = [None] * len(gates)
        rows = stop - start + (start - stop) % 16  # so that products of matrices are rounded alike
        for name, wire in program.inputs.items():
            wires[wire] = np.empty((*shapes[wire], rows))
            wires[wire][..., : stop - start] = np.moveaxis(columns[name][start:stop], 0, -1)
            wires[wire][..., stop - start :] = wires[wire][..., :1]
        for wire, done in plan:
            gate = gates[wire]
            if gate.op is INPUT:
                continue
            if gate.op is CONST:
                wires[wire] = gate.value if isinstance(gate.value, float) else array(gate.value)
                continue
            reads = [wires[source] for source in gate.inputs]
            extents = [shapes[source] for source in (*gate.inputs, wire)]
            try:
                wires[wire] = apply(gate, wire, reads, [varies[source] for source in gate.inputs], extents, rows)
            except GateError as error:
                raise GateError(_place(program, wire), error.why, error.hint) from None
            for source in done:
                wires[source] = None
        for name, found in out.gradient.items():
            _deliver(wires[program.gradient[name]], varies[program.gradient[name]], found)
        _deliver(wires[program.value], varies[program.value], out.value)
        if out.kinks is not None and program.kinks is not None:
            _deliver(wires[program.kinks], varies[program.kinks], out.kinks)

    return call


def _deliver(value: Value, by_row: bool, out: NDArray[Any]) -> None:
    """Writes a wire's value to the rows of a column."""
    out[...] = np.moveaxis(value[..., : len(out)], -1, 0) if by_row else value


def _place(program: Program, wire: int) -> int:
    """The wire of the formula's circuit where a gate came from, none for one of the gradients."""
    span = program.gates[wire].span
    found = [place for place, gate in enumerate(program.source.circuit.gates) if span and gate.span == span]
    return found[-1] if found else len(program.source.circuit.gates)
