"""The fast engine: NumPy on blocks of rows that stay in the processor's cache."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exprgrad.batch import apply
from exprgrad.engines import Columns, Kernel, Rows, empty, part
from exprgrad.errors import GateError
from exprgrad.forward import planned, told
from exprgrad.gates import CONST, INPUT
from exprgrad.program import Program
from exprgrad.values import Value, array

BLOCK = 1 << 18  # bytes of a wire in a block


def kernel(program: Program) -> Kernel:
    """The program on blocks of rows."""
    program = program.exact or program
    circuit = program.source.circuit
    gates, shapes = program.gates, program.shapes
    wanted = [wire for wire in (program.value, *program.gradient.values(), program.kinks) if wire is not None]
    plan = planned(gates, 0, set(wanted))
    most = max([prod(extent) for extent in shapes])
    block = max(16, BLOCK // 8 // max(most, 1) // 16 * 16)
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
        rows = -(start - stop) + (start - stop) % 16  # so that products of matrices are rounded alike
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
