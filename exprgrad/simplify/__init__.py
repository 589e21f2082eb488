"""A circuit made simpler, to be read: like terms and factors collected, few gates.

The promise.  Take inputs that are any float64, 0, inf and nan among them, and compute both circuits as IEEE
754 says, but without rounding, overflow and underflow.  Then

- where the value of the circuit given is a number, that of the simpler one is the same number;
- where it is none, NaN or an infinity, that of the simpler one is none either.

So x/x, 0*x and x - x stay, sqrt(x)^2 does not become x nor log(x*y) a sum, and sin(x)^2 + cos(x)^2 stays,
as it is NaN at infinity.  With rounding, the two may differ in the last digits, and where one of them
overflows on its way, the other need not.

How it is kept.  Each wire becomes a sum of products (forms.py).  What IEEE 754 itself allows is done
everywhere: signs are moved, factors are brought together, terms of one sign are added up.  The rules of
algebra beyond that, such as taking a factor out of a sum, may turn one value that is no number into
another one that is none, as NaN into an infinity: they are for wires whose readers cannot tell (readers.py).
What would take an atom away is done only if the points where that was no number are no numbers still
(stays.py).
"""

from __future__ import annotations

from fractions import Fraction
from math import inf

from exprgrad.circuit import Circuit, Gate, uncollected
from exprgrad.gates import CONST, INPUT
from exprgrad.simplify.forms import MOST, Form, Product, added, atom, is_exact, multiplied, scaled, to_power
from exprgrad.simplify.maker import Maker
from exprgrad.simplify.readers import indifferent
from exprgrad.simplify.shorten import shorter
from exprgrad.simplify.stays import total
from exprgrad.tidy import shared

__all__ = ["simplify"]

_POWERS = 2.0**31  # powers up to here are collected
_SMALL = 8  # and a number is raised to this one


@uncollected()
def simplify(circuit: Circuit) -> Circuit:
    """A circuit with the same inputs, names and values."""
    circuit = shared(circuit)
    every = _Wires(circuit)
    wires = {wire: every.wire(wire) for wire in dict.fromkeys([*circuit.names.values(), circuit.output])}
    names = {name: wires[wire] for name, wire in circuit.names.items()}
    return shared(Circuit(tuple(every.maker.gates), names, wires[circuit.output]))


class _Wires:
    """The forms of a circuit's wires, and the wires that were made of them.

    A wire has a form as it is added up, and one as it is written: the shortest, if its readers cannot tell.
    """

    def __init__(self, circuit: Circuit) -> None:
        self.maker = Maker()
        self.gates = circuit.gates
        self.free = indifferent(circuit.gates)
        self.forms: list[Form] = []
        self.short: dict[int, Form] = {}
        self.made: dict[int, int] = {}
        for wire, gate in enumerate(circuit.gates):
            form = self._form(wire, gate)
            self.forms.append(atom(self._opaque(gate)) if form is None else form)

    def wire(self, wire: int) -> int:
        """The new wire of one of the circuit's."""
        if wire not in self.made:
            self.made[wire] = self.maker.wire(self._short(wire))
            self.maker.forms[self.made[wire]] = self.forms[wire]  # multiplied out, for sums that it becomes a part of
        return self.made[wire]

    def _short(self, wire: int) -> Form:
        """The form of a wire as it is written."""
        if wire not in self.short:
            form = self.forms[wire]
            self.short[wire] = shorter(self.maker, form) if self.free[wire] else form
        return self.short[wire]

    def _opaque(self, gate: Gate) -> int:
        """The gate itself over simplified wires."""
        builder = self.maker.builder
        if gate.op is INPUT:
            return builder.input(str(gate.name), gate.value)
        if gate.value is not None:
            return builder.const(gate.value)
        return builder.add(gate.op, tuple([self.wire(source) for source in gate.inputs]), params=gate.params)

    def _form(self, wire: int, gate: Gate) -> Form | None:
        """The form of a gate's wire; None if the gate has to stay."""
        name, inputs = gate.op.name, gate.inputs
        if gate.op is CONST:
            if not isinstance(gate.value, float) or not 0 < abs(gate.value) < inf:
                return None
            return {(): Fraction(gate.value)}
        if name in ("add", "sub"):
            return self._sum(wire, inputs[0], inputs[1], -1 if name == "sub" else 1)
        if name in ("neg", "pos"):
            return self._scaled(wire, inputs[0], Fraction(-1 if name == "neg" else 1))
        if name in ("mul", "div", "square", "reciprocal"):
            first, second = inputs if len(inputs) == 2 else inputs * 2 if name == "square" else (None, inputs[0])
            return self._product(wire, first, second, -1 if name in ("div", "reciprocal") else 1)
        if name == "pow" and list(self.forms[inputs[1]]) == [()]:
            exponent = self.forms[inputs[1]][()]
            if exponent.denominator == 1 and 0 < abs(exponent) < _POWERS:
                return self._power(inputs[0], int(exponent))
        return None

    def _sum(self, wire: int, first: int, second: int, sign: int) -> Form | None:
        """The terms of a sum or a difference, like ones added up."""
        free = self.free[wire]
        terms = [self.forms[first], self.forms[second]]
        if len(terms[0]) + len(terms[1]) > MOST:
            larger = int(len(terms[1]) > len(terms[0]))
            terms[larger] = atom(self.wire((first, second)[larger]))
        if sign < 0 and not free and len(terms[1]) > 1:  # -(a + b) may be -0 where -a - b is 0
            terms[1] = atom(self.wire(second))
        one, two = terms[0], {product: sign * factor for product, factor in terms[1].items()}
        if free:
            found = total(self.maker, one, two)
            return found and (
                {product: factor for product, factor in found.items() if not self._is_zero(product)} or found
            )
        opposite = any([product in one and one[product] * factor < 0 for product, factor in two.items()])
        return None if opposite else added(one, two)

    def _is_zero(self, product: Product) -> bool:
        """Whether a product is the number 0."""
        gate = self.maker.gates[product[0][0]] if len(product) == 1 and product[0][0] >= 0 else None
        return gate is not None and gate.op is CONST and isinstance(gate.value, float) and gate.value == 0

    def _scaled(self, wire: int, source: int, factor: Fraction) -> Form | None:
        """The terms of -x."""
        form = self.forms[source]
        if len(form) > 1 and factor < 0 and not self.free[wire]:
            form = atom(self.wire(source))
        return scaled(form, factor)

    def _product(self, wire: int, first: int | None, second: int, power: int) -> Form | None:
        """The factors of a product or a quotient; a number is put into the terms of a sum."""
        one: Form = {(): Fraction(1)} if first is None else self._factor(first)
        two = self._factor(second)
        for number, source, way in ((one, second, power), (two, first, 1)):
            if list(number) == [()] and source is not None and way > 0 and self.free[wire]:
                ((_, factor),) = number.items()
                form = scaled(self.forms[source], factor if number is one else factor**power)
                if form and len(form) > 1:
                    return form
        ((_, factor),) = two.items()
        if power < 0 and not is_exact(1 / factor):
            two = self.maker.with_number(two)
        ((product, factor),) = two.items()
        raised = {to_power(product, power): factor**power}
        found = multiplied(one, raised) or multiplied(self.maker.with_number(one), raised)
        return found if found and len(next(iter(found))) <= MOST else None

    def _factor(self, wire: int) -> Form:
        """A wire as one product."""
        form = self._short(wire)
        return form if len(form) == 1 and len(next(iter(form))) < MOST else atom(self.wire(wire))

    def _power(self, source: int, power: int) -> Form | None:
        """The factors of a power."""
        form = self._factor(source)
        ((product, factor),) = form.items()
        if abs(factor) != 1 and (abs(power) > _SMALL or not is_exact(factor**power)):
            form = atom(self.wire(source))
        ((product, factor),) = form.items()
        raised = to_power(product, power)
        return {raised: factor**power} if all([count < _POWERS for _, count in raised]) else None
