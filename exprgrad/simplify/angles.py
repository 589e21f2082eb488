"""Identities of sine and cosine and of their hyperbolic kin, as rules of shorten.py: what a form may become."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import NamedTuple

from exprgrad.simplify.forms import Form, Product, scaled, times, without
from exprgrad.simplify.maker import Maker
from exprgrad.simplify.stays import total

_KIN = {"cos": ("cos", "sin"), "sin": ("cos", "sin"), "cosh": ("cosh", "sinh"), "sinh": ("cosh", "sinh")}


class Angle(NamedTuple):
    """The wires of an angle's cosine and sine, and what the square of the sine has to be added with to be 1."""

    cosine: int
    sine: int
    sign: int


def _angles(maker: Maker, form: Form) -> list[Angle]:
    """The angles of which the cosine or the sine is among the atoms."""
    gates = [maker.gates[max(one, ~one)] for product in form for one, _ in product]
    found = dict.fromkeys([(_KIN[gate.op.name], gate.inputs[0]) for gate in gates if gate.op.name in _KIN])
    return [
        Angle(maker.gate(cosine, wire), maker.gate(sine, wire), 1 if cosine == "cos" else -1)
        for (cosine, sine), wire in found
    ]


def _but(form: Form, *products: Product) -> Form:
    """A form without some of its terms."""
    return {product: factor for product, factor in form.items() if product not in products}


def _double(maker: Maker, wire: int) -> Product | None:
    """The same function of twice what a sine or a cosine is of."""
    gate = maker.gates[wire]
    inside = scaled(maker.form(gate.inputs[0]), Fraction(2))
    return ((maker.gate(gate.op.name, maker.wire(inside)), 1),) if inside else None


def double_cosine(maker: Maker, form: Form) -> Iterator[Form | None]:
    """``cos(x)^2 - sin(x)^2`` → ``cos(2*x)``, ``cosh(x)^2 + sinh(x)^2`` → ``cosh(2*x)``."""
    for cosine, sine, sign in _angles(maker, form):
        for product, factor in form.items():
            if not factor or dict(product).get(cosine, 0) < 2:
                continue
            rest = without(product, ((cosine, 2),))
            partner = times(rest, ((sine, 2),))
            double = _double(maker, cosine) if form.get(partner) == -sign * factor else None
            if double:
                yield total(maker, _but(form, product, partner), {times(rest, double): factor})


def double_sine(maker: Maker, form: Form) -> Iterator[Form | None]:
    """``2*sin(x)*cos(x)`` → ``sin(2*x)``."""
    for cosine, sine, _ in _angles(maker, form):
        for product, factor in form.items():
            double = _double(maker, sine) if {cosine, sine} <= dict(product).keys() else None
            if double:
                rest = without(product, ((cosine, 1), (sine, 1)))
                yield total(maker, _but(form, product), {times(rest, double): factor / 2})


def tangent(maker: Maker, form: Form) -> Iterator[Form | None]:
    """``sin(x)/cos(x)`` → ``tan(x)``; of the hyperbolic ones the quotient is NaN at infinity, where tanh is 1."""
    for cosine, sine, sign in _angles(maker, form):
        for product, factor in form.items():
            count = min(dict(product).get(sine, 0), dict(product).get(~cosine, 0))
            if count and sign > 0:
                rest = without(product, ((sine, count), (~cosine, count)))
                found = {times(rest, ((maker.gate("tan", *maker.gates[sine].inputs), count),)): factor}
                yield total(maker, _but(form, product), found)


def other_square(maker: Maker, form: Form) -> Iterator[Form | None]:
    """``1 - sin(x)^2`` → ``cos(x)^2``, ``x + sin(x)^2 + cos(x)^2`` → ``x + 1``, each square by the other."""
    for cosine, sine, sign in _angles(maker, form):
        for one, other, first, second in ((cosine, sine, 1, -sign), (sine, cosine, sign, -sign)):
            for product, factor in form.items():
                if dict(product).get(one, 0) < 2:
                    continue
                rest = without(product, ((one, 2),))
                less = total(maker, _but(form, product), {rest: first * factor})
                yield total(maker, less, {times(rest, ((other, 2),)): second * factor})


RULES: tuple[Callable[[Maker, Form], Iterator[Form | None]], ...] = (
    double_cosine, double_sine, tangent, other_square,
)  # fmt: skip
