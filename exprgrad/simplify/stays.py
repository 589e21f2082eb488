"""Where a sum of products is no number, as far as that can be told from its atoms.

Taking x out of x/x is only allowed beside something that is no number where x is 0, nor where x is none,
as log(x) is: log(x) + x/x is log(x) + 1.
"""

from __future__ import annotations

from math import isfinite

from exprgrad.gates import CONST
from exprgrad.simplify.forms import Form, Product, added
from exprgrad.simplify.maker import Maker
from exprgrad.simplify.readers import is_count, through

_MOST = 200  # gates that are looked through
_LOGARITHMS = ("log", "log2", "log10")
# gates that give a number for all numbers
_TOTAL = {
    "add", "sub", "neg", "pos", "mul", "square", "hypot", "fma", "exp", "sin", "cos", "tanh", "atan", "sinh", "cosh",
    "asinh", "erf", "erfc", "sigmoid", "softplus", "abs",
}  # fmt: skip


class Stays:
    """What the atoms of a form say.

    It is no number where one of the wires in ``none`` is none, and where one of those in ``zero`` is 0.
    """

    def __init__(self, maker: Maker, form: Form) -> None:
        self.maker = maker
        self.none: set[int] = set()
        self.zero: set[int] = set()
        waiting = [one for product in form for one, _ in product]
        while waiting and len(self.none) < _MOST:
            one = waiting.pop()
            if one < 0:
                self.zero.add(~one)
            elif one not in self.none:
                self.none.add(one)
                gate = maker.gates[one]
                waiting += through(maker.gates, gate)
                if gate.op.name == "div":
                    self.zero.add(gate.inputs[1])
                elif gate.op.name in _LOGARITHMS:
                    self.zero.add(gate.inputs[0])

    def without(self, product: Product) -> bool:
        """Whether it is no number either where this product is none, now that it was taken out."""
        return all([self.where_none(max(one, ~one)) and (one >= 0 or ~one in self.zero) for one, _ in product])

    def where_none(self, wire: int) -> bool:
        """Whether it is no number where a wire is none."""
        gates = self.maker.gates
        waiting, looked_at = [wire], 0
        while waiting:
            one = waiting.pop()
            gate = gates[one]
            looked_at += 1
            if one in self.none or (isinstance(gate.value, float) and isfinite(gate.value) and gate.op is CONST):
                continue
            whole_power = gate.op.name == "pow" and is_count(gates[gate.inputs[1]].value)
            if looked_at > _MOST or not (whole_power or gate.op.name in _TOTAL):
                return False
            waiting += gate.inputs
        return True


def total(maker: Maker, first: Form | None, second: Form | None) -> Form | None:
    """The sum of two forms, without what has cancelled where it need not stay; None if it is not exact."""
    found = None if first is None or second is None else added(first, second)
    if found is None or all(found.values()):
        return found
    for product in [product for product, factor in found.items() if not factor]:
        rest = {other: factor for other, factor in found.items() if other != product}
        if rest and Stays(maker, rest).without(product):
            found = rest
    return found
