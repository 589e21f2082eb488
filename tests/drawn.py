"""Formulas drawn from bytes: each byte is a step of a machine with a stack, so any bytes are a formula.

That makes them quick to draw, and easy to shrink: one byte less is one gate or variable less, a smaller byte is a
simpler one.  A formula is its steps, operands first; whoever computes with it brings the functions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from exprgrad.gates import ROWS, Row


class Call(NamedTuple):
    """A gate, how many operands it takes from the stack, and its settings."""

    row: Row
    operands: int
    settings: tuple[tuple[str, Any], ...] = ()


Step = str | float | Call  # a variable, a number, a gate
Formula = tuple[Step, ...]
Shape = tuple[int, ...]

# Python's precedences, said once more
_LEVELS = {
    "or": 1, "and": 2, "not": 3, "less": 4, "less_equal": 4, "greater": 4, "greater_equal": 4, "equal": 4, "not_equal": 4,
    "add": 5, "sub": 5, "mul": 6, "div": 6, "floor_divide": 6, "mod": 6, "matmul": 6, "neg": 7, "pos": 7, "pow": 8,
}  # fmt: skip
_ATOM = 9
_SIMPLE: tuple[str | float, ...] = ("x", 1.0, 2.0, "y", 0.5, "z", 3.0, 10.0, 0.25)


def calls(rows: Sequence[Row]) -> list[Formula]:
    """The gates as steps, with as few operands as their defaults allow, and with all."""
    return [
        (Call(row, count),)
        for row in rows
        for count in sorted({len(row.inputs) - len(row.defaults), len(row.inputs)})
    ]  # fmt: skip


class Drawing:
    """Formulas of these gates and leaves: the later half of the bytes are gates.

    ``shape`` knows the leaves, and ``fit`` the shape of a gate's output, None if its operands do not fit.
    """

    def __init__(
        self,
        gates: Sequence[Formula],
        leaves: Sequence[str | float] = _SIMPLE,
        shape: Callable[[str | float], Shape] = lambda _: (),
        fit: Callable[[Call, Sequence[Shape]], Shape | None] = lambda _, __: (),
    ) -> None:
        self._table: list[Formula] = [(leaves[number * len(leaves) // 112],) for number in range(112)]
        self._table += [gates[number * len(gates) // 144] for number in range(144)]
        self._nothing, self._shape, self._fit = leaves[0], shape, fit

    def formula(self, data: bytes) -> Formula:
        """The formula that these bytes are."""
        machine = _Machine(self._shape, self._fit)
        for byte in data:
            machine.take(self._table[byte])
        return machine.end(self._nothing)


class _Machine:
    """The stack, as the steps that each entry came from and its shape."""

    def __init__(
        self, shape: Callable[[str | float], Shape], fit: Callable[[Call, Sequence[Shape]], Shape | None]
    ) -> None:
        self.shape, self.fit = shape, fit
        self.stack: list[tuple[Formula, Shape]] = []

    def take(self, steps: Formula) -> bool:
        """Takes steps one by one, all of them or none: a gate with too few operands changes nothing."""
        kept = list(self.stack)
        for step in steps:
            if not isinstance(step, Call):
                self.stack.append(((step,), self.shape(step)))
                continue
            start = len(self.stack) - step.operands
            operands = self.stack[max(start, 0) :]
            found = self.fit(step, [shape for _, shape in operands]) if start >= 0 else None
            if found is None:
                self.stack = kept
                return False
            self.stack[start:] = [((*[part for inner, _ in operands for part in inner], step), found)]
        return True

    def end(self, nothing: str | float) -> Formula:
        """One number of all that is there but for lone leaves: the sum of all elements."""
        entries = (
            [entry for entry in self.stack if len(entry[0]) > 1]
            or self.stack[-1:]
            or [((nothing,), self.shape(nothing))]
        )
        self.stack = [(steps if not shape else (*steps, Call(ROWS["sum"], 1)), ()) for steps, shape in entries]
        while len(self.stack) > 1:
            self.take((Call(ROWS["add"], 2),))
        return self.stack[0][0]


def folded(formula: Formula, leaf: Callable[[str | float], Any], gate: Callable[[Call, list[Any]], Any]) -> Any:
    """What comes of the formula if leaves and gates mean this."""
    stack: list[Any] = []
    for step in formula:
        if isinstance(step, Call):
            start = len(stack) - step.operands
            stack[start:] = [gate(step, stack[start:])]
        else:
            stack.append(leaf(step))
    (found,) = stack
    return found


def variables(formula: Formula) -> list[str]:
    """The formula's variables, each once."""
    return list(dict.fromkeys(step for step in formula if isinstance(step, str)))


def text(formula: Formula) -> str:
    """The formula as somebody writes it who knows Python's precedences."""
    found: str = folded(formula, _leaf, _written)[0]
    return found


def _leaf(leaf: str | float) -> tuple[str, int]:
    if isinstance(leaf, str):
        return leaf, _ATOM
    return f"{leaf:.17g}" if leaf.is_integer() and abs(leaf) < 1e15 else repr(leaf), _ATOM if leaf >= 0 else 7


def _written(call: Call, operands: list[tuple[str, int]]) -> tuple[str, int]:
    row, level = call.row, _LEVELS.get(call.row.name)
    if row.name == "index":
        return f"{_inside(operands[0], _ATOM)}[{dict(call.settings)['key']}]", _ATOM
    if level is None or row.symbol is None:
        settings = [f"{name}={list(value) if isinstance(value, tuple) else value!r}" for name, value in call.settings]
        return f"{row.name}({', '.join([text for text, _ in operands] + settings)})", _ATOM
    if call.operands == 1:
        return f"{row.symbol}{' ' * row.symbol.isalpha()}{_inside(operands[0], level)}", level
    left, right = level + (level in (4, 8)), level + (level != 8)  # comparisons chain, powers stand to the right
    return f"{_inside(operands[0], left)} {row.symbol} {_inside(operands[1], right)}", level


def _inside(operand: tuple[str, int], least: int) -> str:
    """An operand, in parentheses if it binds less than this."""
    return operand[0] if operand[1] >= least else f"({operand[0]})"
