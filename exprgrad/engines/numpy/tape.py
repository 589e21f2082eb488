"""A program of scalars as calls of NumPy on registers: arrays of a block's length, used again and again.

Conditions are registers of truth values, an eighth as long.  A register is free again when its wire
has been read for the last time, and a call writes into one of its own inputs' where it can: so a
block's registers stay in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import repeat
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from exprgrad.arithmetic.arrays import elementwise
from exprgrad.arithmetic.forward import function
from exprgrad.circuit import uncollected
from exprgrad.gates import CONST, INPUT, Row
from exprgrad.program import Program

Call = Callable[..., object]

_READING = ("sign", "max", "min")  # gates that read their inputs after they have written

_TRUTH: Mapping[str, Call] = {
    **{name: getattr(np, name) for name in ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")},
    "and": np.logical_and,
    "or": np.logical_or,
    "not": np.logical_not,
}


class Step(NamedTuple):
    """One call: what computes it, the values it reads, and whether it gives truth values.

    With ``inplace`` it may write into one of the values that it reads.
    """

    call: Call
    reads: tuple[int, ...]
    truth: bool = False
    inplace: bool = True


class Tape(NamedTuple):
    """The calls of a block in order, each with what picks its registers: those it reads, then its own.

    The registers are the inputs', the results' (value, gradients, and kinks if asked for), then
    ``fixed`` constants, ``numbers`` and ``truths``.  ``rare`` is the place of that condition.
    """

    calls: Sequence[tuple[Call, Callable[[Sequence[Any]], tuple[Any, ...]]]]
    inputs: list[str]
    results: int
    fixed: list[NDArray[Any]]
    numbers: int
    truths: int
    rare: int | None

    def registers(self, rows: int) -> list[Any]:
        """Registers for so many rows, those of the inputs and the results yet to come."""
        numbers = [np.empty(rows) for _ in range(self.numbers)]
        truths = [np.empty(rows, dtype=np.bool_) for _ in range(self.truths)]
        return [*[None] * (len(self.inputs) + self.results), *self.fixed, *numbers, *truths]


@uncollected()
def tape(program: Program) -> Tape:
    """The tape of a program of scalars."""
    values = _Values(program)
    wanted = [values.number(program.value), *[values.number(wire) for wire in program.gradient.values()]]
    if program.kinks is not None:
        wanted.append(values.truth(program.kinks))
    rare = None if program.rare is None else values.made(Step(_copy, (values.truth(program.rare),), truth=True))
    return _allocated(list(program.inputs), values.known, wanted, rare)


class _Values:
    """The values of a program as NumPy holds them: columns by name, constants, and steps."""

    def __init__(self, program: Program) -> None:
        self.known: list[str | NDArray[Any] | Step] = []
        self._numbers: dict[int, int] = {}
        self._truths: dict[int, int] = {}
        self._gates = program.gates
        names = {wire: name for name, wire in program.inputs.items()}
        for wire, (op, inputs, _, _, value, _) in enumerate(program.gates):
            if op is INPUT:
                self._numbers[wire] = self.made(names[wire])
            elif op is CONST:
                self._numbers[wire] = self.made(np.array(value, dtype=np.float64))
            elif op.name in _TRUTH:
                joins = op.name in ("and", "or", "not")
                reads = tuple([self.truth(one) if joins else self.number(one) for one in inputs])
                self._truths[wire] = self.made(Step(_TRUTH[op.name], reads, truth=True, inplace=joins))
            elif op.name == "where":
                self._numbers[wire] = self.made(self._where(*inputs))
            else:
                self._numbers[wire] = self.made(
                    Step(_call(op), tuple(map(self.number, inputs)), False, op.name not in _READING)
                )

    def made(self, value: str | NDArray[Any] | Step) -> int:
        """A new value's number."""
        self.known.append(value)
        return len(self.known) - 1

    def number(self, wire: int) -> int:
        """A wire as float64."""
        if wire not in self._numbers:
            self._numbers[wire] = self.made(Step(_copy, (self._truths[wire],)))
        return self._numbers[wire]

    def truth(self, wire: int) -> int:
        """A wire as truth values."""
        if wire not in self._truths:
            known = self.known[self._numbers[wire]]
            test = Step(_TRUTH["not_equal"], (self._numbers[wire], self.made(np.array(0.0))), truth=True, inplace=False)
            self._truths[wire] = self.made(np.asarray(known != 0) if isinstance(known, np.ndarray) else test)
        return self._truths[wire]

    def _where(self, c: int, a: int, b: int) -> Step:
        for wire, call, other in ((b, _keep, a), (a, _drop, b)):
            if self._gates[wire].op is CONST and repr(self._gates[wire].value) == "0.0":
                return Step(call, (self.truth(c), self.number(other)))
        return Step(_choose, (self.truth(c), self.number(a), self.number(b)))


def _ordered(steps: Mapping[int, Step]) -> dict[int, Step]:
    """The steps, each as soon as what it reads is there: a value is read while its register is at hand.

    So a term of a sum goes forward and backward before the next one begins.
    """
    readers: dict[int, list[int]] = {}
    missing: dict[int, int] = {}
    for number, step in steps.items():
        sources = [source for source in dict.fromkeys(step.reads) if source in steps]
        missing[number] = len(sources)
        for source in sources:
            readers.setdefault(source, []).append(number)
    ready = [number for number, count in missing.items() if not count]
    found = {}
    while ready:
        number = ready.pop()
        found[number] = steps[number]
        for reader in readers.get(number, ()):
            missing[reader] -= 1
            if not missing[reader]:
                ready.append(reader)
    return found


def _allocated(
    inputs: list[str], known: Sequence[str | NDArray[Any] | Step], wanted: Sequence[int], rare: int | None
) -> Tape:
    """The tape with a register for each value."""
    fixed = {number: value for number, value in enumerate(known) if isinstance(value, np.ndarray)}
    places = {number: inputs.index(value) for number, value in enumerate(known) if isinstance(value, str)}
    results = range(len(inputs), len(inputs) + len(wanted))
    places.update({number: results.stop + place for place, number in enumerate(fixed)})
    steps = _ordered({number: value for number, value in enumerate(known) if isinstance(value, Step)})
    copied: list[tuple[int, int]] = []  # results that are inputs, constants, or other results
    owned = {}
    for number, place in zip(wanted, results, strict=True):
        if number in steps and number not in owned:
            owned[number] = place
        else:
            copied.append((number, place))
    last = {source: number for number, step in steps.items() for source in step.reads}
    last.update({number: len(known) for number in [*wanted, *([] if rare is None else [rare])]})
    pools: tuple[list[int], list[int]] = ([], [])
    counts = [0, 0]
    registers: dict[int, tuple[int, int]] = {}
    order: list[tuple[Call, list[int], int]] = []
    for number, step in steps.items():
        if number not in last:
            continue
        done = [source for source in dict.fromkeys(step.reads) if source in registers and last[source] == number]
        free = [source for source in done if step.inplace and registers[source][0] == step.truth]
        if number not in owned:
            if free:
                registers[number] = registers[free[0]]
                done.remove(free[0])
            elif pools[step.truth]:
                registers[number] = step.truth, pools[step.truth].pop()
            else:
                registers[number] = step.truth, counts[step.truth]
                counts[step.truth] += 1
        for source in done:
            pools[registers[source][0]].append(registers[source][1])
        order.append((step.call, list(step.reads), number))
    start = results.stop + len(fixed)
    bases = start, start + counts[0]
    places.update(owned)
    places.update({number: bases[kind] + index for number, (kind, index) in registers.items()})
    calls = [(call, itemgetter(*[places[one] for one in (*reads, own)])) for call, reads, own in order]
    calls += [(_copy, itemgetter(places[number], place)) for number, place in copied]
    return Tape(
        calls, inputs, len(wanted), list(fixed.values()), counts[0], counts[1], None if rare is None else places[rare]
    )


# ---------------------------------------------------------------- calls, their register last


def _call(op: Row) -> Call:
    """What computes a gate on numbers."""
    if op.name in _CALLS:
        return _CALLS[op.name]
    found = elementwise(op, function)
    if isinstance(found, np.ufunc):
        return found
    if not isinstance(found, np.vectorize):
        return lambda *values: _copy(found(*[one if one.ndim else float(one) for one in values[:-1]]), values[-1])
    scalar = function(op)

    def each(*values: NDArray[np.float64]) -> None:
        *reads, own = values
        numbers = [one.tolist() if one.ndim else repeat(float(one)) for one in reads]
        own[:] = np.fromiter(map(scalar, *numbers), dtype=np.float64, count=len(own))

    return each


def _copy(value: NDArray[Any], own: NDArray[Any]) -> None:
    np.copyto(own, value)


def _sign(x: NDArray[np.float64], own: NDArray[np.float64]) -> None:
    np.sign(x, own)
    np.copysign(own, x, own)  # of a zero, too


def _extremum(function: Call) -> Call:
    """The larger or the smaller one, and of two zeros the first, of which NumPy may take the second."""

    def call(a: NDArray[np.float64], b: NDArray[np.float64], own: NDArray[np.float64]) -> None:
        function(a, b, out=own)
        ties = np.equal(a, b)
        if np.count_nonzero(ties):
            np.copyto(own, a, where=ties)

    return call


def _keep(c: NDArray[np.bool_], a: NDArray[np.float64], own: NDArray[np.float64]) -> None:
    """a where c holds, else 0: the bits of a and those of a mask, which has no branches."""
    _masked(np.negative(c.view(np.int8)), a, own)


def _drop(c: NDArray[np.bool_], b: NDArray[np.float64], own: NDArray[np.float64]) -> None:
    """0 where c holds, else b."""
    _masked(np.subtract(c.view(np.int8), 1), b, own)


def _masked(mask: NDArray[np.int8], value: NDArray[np.float64], own: NDArray[np.float64]) -> None:
    """The value where the bits of a mask are ones, else 0."""
    np.bitwise_and(value.view(np.int64), mask.astype(np.int64), own.view(np.int64))


def _choose(c: NDArray[np.bool_], a: NDArray[np.float64], b: NDArray[np.float64], own: NDArray[np.float64]) -> None:
    """a where c holds, else b; most conditions hold everywhere or nowhere in a block."""
    count, rows = np.count_nonzero(c), len(own)
    if count in (0, rows):
        source = a if count else b
        if source is not own:
            np.copyto(own, source)
    elif own is b and 16 * count < rows:
        np.copyto(own, a, where=c)
    elif own is a and 16 * (rows - count) < rows:
        np.copyto(own, b, where=np.logical_not(c))
    else:
        np.copyto(own, np.where(c, a, b))


_CALLS: Mapping[str, Call] = {
    "sign": _sign,
    "max": _extremum(np.maximum),
    "min": _extremum(np.minimum),
    "exp10": lambda x, own: np.power(10.0, x, own),
}
