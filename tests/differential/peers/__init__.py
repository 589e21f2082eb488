"""Others that compute formulas and gradients: a module each, a table of their functions by the gates' names."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from importlib import import_module, util
from pkgutil import iter_modules
from typing import Any, NamedTuple

from differential.truth import CONDITIONS, STEPS, UNIT
from drawn import Call, Formula, folded
from exprgrad.gates import ROWS, Row

Functions = Mapping[str, Callable[..., Any]]
Saw = Callable[[Call, list[Any]], None]


class Answers(NamedTuple):
    """The values and the gradients at each of the points."""

    value: Any
    gradient: Mapping[str, Any]


def names() -> list[str]:
    """The peers there are: the modules in this folder."""
    return sorted(module.name for module in iter_modules(__path__))


def installed() -> list[str]:
    """The peers whose package is there."""
    return [name for name in names() if util.find_spec(name)]


def peer(name: str) -> Any:
    """A peer's module: a table ``GATES`` and a function ``answers``."""
    return import_module(f"{__name__}.{name}")


def answered(
    formula: Formula,
    inputs: Mapping[str, Any],
    gates: Functions,
    number: Callable[[float], Any],
    saw: Saw = lambda _, __: None,
) -> Any:
    """The formula in a peer's own functions; ``saw`` is told each gate and its operands."""

    def gate(call: Call, operands: list[Any]) -> Any:
        saw(call, operands)
        return gates[call.row.name](*operands, **dict(call.settings))

    return folded(formula, lambda leaf: inputs[leaf] if isinstance(leaf, str) else number(leaf), gate)


def derived(gates: Functions) -> dict[str, Callable[..., Any]]:
    """Gates that a peer has no function for, by its other ones."""
    inverse = {"sec": "cos", "csc": "sin", "cot": "tan", "sech": "cosh", "csch": "sinh", "coth": "tanh"}
    return {
        "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv,
        "log_base": lambda x, base: gates["log"](x) / gates["log"](base),
        "gaussian": lambda x: gates["exp"](-x * x),
        **{name: lambda x, of=gates[of]: 1 / of(x) for name, of in inverse.items()},
        **{f"a{name}": lambda x, of=gates[f"a{of}"]: of(1 / x) for name, of in inverse.items()},
    }  # fmt: skip


def shaken(gates: Functions, shake: Callable[[], float]) -> Functions:
    """A peer's functions, their results moved as float64's rounding might."""

    def moved(row: Row, of: Callable[..., Any]) -> Callable[..., Any]:
        def call(*operands: Any, **settings: Any) -> Any:
            by = shake() * row.ulps * UNIT
            return of(*operands, **settings) * (1 + by) + by * (row.near is not None)

        return call

    return {name: of if name in CONDITIONS | STEPS else moved(ROWS[name], of) for name, of in gates.items()}


def truths(where: Callable[..., Any], one: Any, zero: Any) -> dict[str, Callable[..., Any]]:
    """Comparisons and conditions as 1 and 0, by a peer's ``where``."""
    return {
        "less": lambda a, b: where(a < b, one, zero),
        "less_equal": lambda a, b: where(a <= b, one, zero),
        "greater": lambda a, b: where(a > b, one, zero),
        "greater_equal": lambda a, b: where(a >= b, one, zero),
        "equal": lambda a, b: where(a == b, one, zero),
        "not_equal": lambda a, b: where(a != b, one, zero),
        "and": lambda a, b: where((a != 0) & (b != 0), one, zero),
        "or": lambda a, b: where((a != 0) | (b != 0), one, zero),
        "not": lambda a: where(a == 0, one, zero),
    }
