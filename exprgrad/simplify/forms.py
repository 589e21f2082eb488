"""Sums of products as data: what like terms and like factors are added up in.

A form is a sum of products, each with an exact rational factor in front.  A product is made of atoms, which
are wires, and of ones over atoms, with whole powers above 0.  Nothing cancels here: x and 1/x in one
product stay beside each other, as x/x is not 1 at 0.
"""

from __future__ import annotations

from fractions import Fraction

# (atom, power), sorted; the number of a wire is the atom, its complement ~wire is one over it
Product = tuple[tuple[int, int], ...]
Form = dict[Product, Fraction]

MOST = 64  # terms of a form, and factors of a product; what is larger is kept in pieces
_EXACT = 2**53  # whole numbers up to here are float64s


def atom(wire: int) -> Form:
    """The form of a wire that is taken as it is."""
    return {((wire, 1),): Fraction(1)}


def is_exact(factor: Fraction) -> bool:
    """Whether a factor can be written with float64s: as one, or as a quotient of whole numbers."""
    return (abs(factor.numerator) <= _EXACT and factor.denominator <= _EXACT) or is_float(factor)


def is_float(factor: Fraction) -> bool:
    """Whether a number is a float64."""
    try:
        return Fraction(float(factor)) == factor
    except OverflowError:
        return False


def times(first: Product, second: Product) -> Product:
    """The product of two products."""
    powers = dict(first)
    for one, power in second:
        powers[one] = powers.get(one, 0) + power
    return tuple(sorted(powers.items()))


def without(product: Product, part: Product) -> Product:
    """The product that a part of it was taken out of."""
    powers = dict(product)
    for one, power in part:
        powers[one] -= power
    return tuple([(one, power) for one, power in powers.items() if power])


def common(products: list[Product]) -> Product:
    """The largest product that is a part of each."""
    powers = dict(products[0])
    for product in products[1:]:
        other = dict(product)
        powers = {one: min(power, other[one]) for one, power in powers.items() if one in other}
    return tuple(sorted(powers.items()))


def to_power(product: Product, power: int) -> Product:
    """A product to a whole power other than 0."""
    raised = [(one, count * power) if power > 0 else (~one, -count * power) for one, count in product]
    return tuple(sorted(raised))


def multiplied(first: Form, second: Form) -> Form | None:
    """The product of two forms, multiplied out; None if it is not exact."""
    found: Form | None = {}
    for one, factor in first.items():
        for other, another in second.items():
            found = None if found is None else added(found, {times(one, other): factor * another})
    return found


def scaled(form: Form, factor: Fraction) -> Form | None:
    """A form times a number; None if that is not exact."""
    found = {product: one * factor for product, one in form.items()}
    return found if all(map(is_exact, found.values())) else None


def added(first: Form, second: Form) -> Form | None:
    """The sum of two forms; None if it is not exact."""
    found = dict(first)
    for product, factor in second.items():
        total = found.get(product, Fraction(0)) + factor
        if not is_exact(total):
            return None
        found[product] = total
    return found
