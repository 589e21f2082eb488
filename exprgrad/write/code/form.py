"""How gates are written as expressions: templates, and the parentheses that they need."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from exprgrad.gates import Row

# how tightly an expression holds together; a function call, a name or a number is an ATOM
CHOICE, OR, AND, NOT, COMPARE, SUM, PRODUCT, SIGN, POWER, ATOM = range(10)


@dataclass(frozen=True)
class Form:
    """An expression with places ``{0}``, ``{1}`` … for its operands.

    ``level`` says how tightly it holds together and ``needs`` how tightly each operand has to, to stand there
    without parentheses; without ``needs`` they stand between commas.  ``wrap`` makes of a number what is wanted there.
    """

    text: str
    level: int = ATOM
    needs: tuple[int, ...] = ()
    wrap: str = ""

    def need(self, place: int) -> int:
        """How tightly an operand has to hold together: as an atom where something of its own is asked for."""
        if self.needs:
            return self.needs[min(place, len(self.needs) - 1)]
        return ATOM if re.search(rf"\{{{place}\}}([.\[]|$)", self.text) else CHOICE

    @cached_property
    def repeats(self) -> frozenset[int]:
        """The operands that stand in it more than once, and are to be names."""
        places = re.findall(r"\{(\d+)\}", self.text)
        return frozenset([int(place) for place in places if places.count(place) > 1])


def infix(symbol: str, level: int, both: int = 0) -> Form:
    """An operator between its operands; from left to right, or ``both`` the same level that operands need."""
    return Form(f"{{0}} {symbol} {{1}}", level, (both, both) if both else (level, level + 1))


def call(name: str, count: int = 1) -> Form:
    """A function of so many operands."""
    return Form(f"{name}({', '.join([f'{{{place}}}' for place in range(count)])})")


def calls(template: str, names: str) -> dict[str, Form]:
    """Functions of one operand: ``sin`` for the gate of that name, ``asin=arcsin`` where it has another one."""
    pairs = [word.partition("=") for word in names.split()]
    return {gate: call(template.format(name or gate)) for gate, _, name in pairs}


# what most languages share
ARITHMETIC: Mapping[str, Form] = {
    "add": infix("+", SUM),
    "sub": infix("-", SUM),
    "mul": infix("*", PRODUCT),
    "div": infix("/", PRODUCT),
    "neg": Form("-{0}", SIGN, (POWER,)),
    "pos": Form("{0}", ATOM, (ATOM,)),
    "less": infix("<", COMPARE, SUM),
    "less_equal": infix("<=", COMPARE, SUM),
    "greater": infix(">", COMPARE, SUM),
    "greater_equal": infix(">=", COMPARE, SUM),
    "equal": infix("==", COMPARE, SUM),
    "not_equal": infix("!=", COMPARE, SUM),
}

# with a number on the left: it reads better on the right
FLIPPED = {"less": Form("{1} > {0}", COMPARE, (SUM,)), "less_equal": Form("{1} >= {0}", COMPARE, (SUM,))}


def wants_truth(row: Row, place: int) -> bool:
    """Whether a gate takes a condition at this place."""
    return row.name in ("and", "or", "not") or (row.name == "where" and place == 0)
