"""Forms made gates, and what a formula costs: how many gates it has if it is written out."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from exprgrad.circuit import Gate
from exprgrad.gates import INPUT, ROWS
from exprgrad.simplify.forms import Form, Product, atom, is_float, times, to_power
from exprgrad.tidy import Sharing

_ADD, _SUB, _MUL, _DIV, _NEG, _POW = (ROWS[name] for name in ("add", "sub", "mul", "div", "neg", "pow"))


class Maker:
    """A circuit in the making.  ``forms`` has the forms of the wires that were made of one."""

    def __init__(self) -> None:
        self.builder = Sharing(arrays=False)
        self.forms: dict[int, Form] = {}
        self._costs: list[float] = []

    @property
    def gates(self) -> list[Gate]:
        """The gates so far."""
        return self.builder.gates

    def form(self, wire: int) -> Form:
        """The form of a wire: what it was made of, or the wire itself."""
        return self.forms.get(wire) or atom(wire)

    def gate(self, name: str, *inputs: int) -> int:
        """The wire of a gate."""
        return self.builder.add(ROWS[name], inputs)

    def wire(self, form: Form) -> int:
        """The wire of a form: terms as they come, but one that is added before those that are subtracted."""
        terms = list(form.items())
        lead = next((place for place, (_, factor) in enumerate(terms) if factor > 0), 0)
        terms.insert(0, terms.pop(lead))
        total = self._summand(*terms[0])
        for product, factor in terms[1:]:
            total = self.builder.add(_SUB if factor < 0 else _ADD, (total, self._summand(product, abs(factor))))
        self.forms.setdefault(total, form)
        return total

    def _summand(self, product: Product, factor: Fraction) -> int:
        """The wire of a term; of one that adds up to 0, which is none where it is none, that less itself."""
        term = self._term(product, factor or Fraction(1))
        if factor:
            return term
        return self.builder.add(_SUB, (term, term)) if product else self.builder.const(0.0)

    def _term(self, product: Product, factor: Fraction) -> int:
        """The wire of a product: a number, inputs, sums and functions over the like."""
        above, below, whole = self._parts(product, factor)
        if factor < 0:
            above[0] = self.builder.const(-whole) if whole else self.builder.add(_NEG, (above[0],))
        top = self._product(above)
        return self.builder.add(_DIV, (top, self._product(below))) if below else top

    def _parts(self, product: Product, factor: Fraction) -> tuple[list[int], list[int], float]:
        """The wires above and below the line, and the number that is the first above, 0 if there is none."""
        top, bottom = _numbers(abs(factor), not product)
        above = self._powers({one: power for one, power in product if one >= 0})
        below = self._powers({~one: power for one, power in product if one < 0})
        if bottom != 1:
            below.insert(0, self.builder.const(bottom))
        if top == 1 and above:
            return above, below, 0.0
        return [self.builder.const(top), *above], below, top

    def _powers(self, factors: dict[int, int]) -> list[int]:
        """The factors in the order in which people write them; those of one power are raised to it together."""
        groups: dict[tuple[int, int], list[int]] = {}
        for wire in sorted(factors, key=lambda wire: _place(self.gates[wire])):
            power = factors[wire]
            groups.setdefault((power, wire if power == 1 else 0), []).append(wire)
        return [
            wires[0] if power == 1 else self.builder.add(_POW, (self._product(wires), self.builder.const(float(power))))
            for (power, _), wires in groups.items()
        ]

    def _product(self, wires: Iterable[int]) -> int:
        first, *others = wires
        for other in others:
            first = self.builder.add(_MUL, (first, other))
        return first

    def cost(self, form: Form) -> float:
        """How many gates a form has, those of its atoms counted at each use."""
        total = len(form) - 1.0
        for product, factor in form.items():
            top, bottom = _numbers(abs(factor) or Fraction(1), not product)
            above = sum(one >= 0 for one, _ in product)
            below = len(product) - above + (bottom != 1)
            term = float(max(above + (top != 1) - 1, 0) + max(below - 1, 0) + (below > 0))
            term += sum([self.size(max(one, ~one)) for one, _ in product])
            term += len({(one < 0, power) for one, power in product if power > 1})
            total += term if factor or not product else 2 * term + 1
        product, factor = next(iter(form.items()))
        if all([one < 0 for one in form.values()]) and _numbers(-factor)[0] == 1:
            total += any([one >= 0 for one, _ in product])  # -x is a gate, -1/x and -2*x begin with a number
        return total

    def size(self, wire: int) -> float:
        """How many gates the formula of a wire has."""
        for gate in self.gates[len(self._costs) :]:
            self._costs.append(sum([self._costs[source] for source in gate.inputs], float(bool(gate.inputs))))
        return self._costs[wire]

    def together(self, form: Form) -> Form:
        """A form as one product: that of its single term, or the wire of its sum."""
        return form if len(form) == 1 else atom(self.wire(form))

    def with_number(self, form: Form) -> Form:
        """A single term with its number as an atom, for a product that would not be exact."""
        ((product, factor),) = form.items()
        top, bottom = _numbers(abs(factor))
        for number, way in ((top, 1), (bottom, -1)):
            if number != 1:
                product = times(product, to_power(((self.builder.const(number), 1),), way))
        return {product: Fraction(1 if factor > 0 else -1)}


def _place(gate: Gate) -> tuple[int, str]:
    """Numbers stand first in a product, then inputs by name, sums and the like, functions last."""
    if gate.op is INPUT:
        return 1, str(gate.name)
    return ((2 if gate.op.symbol else 3) if gate.inputs else 0), ""


def _numbers(factor: Fraction, alone: bool = False) -> tuple[float, float]:
    """A factor above 0 as the numbers above and below the line: 1 and 2 for a half, 1.5 and 1; 0.5 if ``alone``."""
    top, bottom = factor.numerator, factor.denominator
    if (top != 1 or alone) and bottom != 1 and is_float(factor):
        return float(factor), 1.0
    if is_float(Fraction(top)) and is_float(Fraction(bottom)):
        return float(top), float(bottom)
    return float(factor), 1.0
