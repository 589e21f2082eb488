"""What makes a sum of products shorter, tried again and again until nothing does.

Where a form has a number, every rule here gives the same one, and none where it has none: a rule that takes
an atom out asks ``Stays`` for the points where that was no number.  What is no number may become another
one that is none, so these rules are for wires whose readers cannot tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from math import gcd, lcm

from exprgrad.simplify import angles
from exprgrad.simplify.forms import Form, atom, common, is_exact, multiplied, scaled, without
from exprgrad.simplify.maker import Maker
from exprgrad.simplify.stays import Stays, total

_WIDE = 6  # terms of a sum that is multiplied out
_MANY = 24  # terms and factors of a sum that is looked at

Rule = Callable[[Maker, Form], Iterator[Form | None]]


def shorter(maker: Maker, form: Form, rules: tuple[Rule, ...] | None = None) -> Form:
    """The shortest form that the rules lead to, the form itself if none is shorter."""
    while sum(map(len, form)) + len(form) <= _MANY:  # each round has fewer gates, so there are few
        found = [one for rule in rules or RULES for one in rule(maker, form) if one]
        best = min(found, key=maker.cost, default=form)
        if maker.cost(best) >= maker.cost(form):
            break
        form = best
    return form


def cancelled(maker: Maker, form: Form) -> Iterator[Form | None]:
    """``log(x) + x/x`` → ``log(x) + 1``."""
    for product, factor in form.items():
        powers = dict(product)
        for one, power in product:
            other = powers.get(~one, 0)
            if one < 0 or not other:
                continue
            part = ((~one, min(power, other)), (one, min(power, other)))
            rest = {key: value for key, value in form.items() if key != product}
            found = total(maker, rest, {without(product, part): factor})
            if found and Stays(maker, found).without(((~one, 1),)):
                yield found


def _groups(form: Form) -> Iterator[tuple[Form, Form]]:
    """The terms that have an atom in common, and the others; all terms too."""
    yield form, {}
    for one in dict.fromkeys([one for product in form for one, _ in product]):
        group = {product: factor for product, factor in form.items() if one in dict(product)}
        if 1 < len(group) < len(form):
            yield group, {product: factor for product, factor in form.items() if product not in group}


def factored(maker: Maker, form: Form) -> Iterator[Form | None]:
    """``x*exp(x) + exp(x)`` → ``(x + 1)*exp(x)``, ``2*x + 2*y`` → ``2*(x + y)``."""
    for group, others in _groups(form) if len(form) > 1 else ():
        shared = common(list(group))
        tops = [factor.numerator for factor in group.values()]
        number = Fraction(gcd(*tops) or 1, lcm(*[factor.denominator for factor in group.values()]))
        if all([top < 0 for top in tops]):
            number = -number
        for outside in {number, Fraction(1), number if number > 0 else Fraction(-1)}:
            if shared or outside != 1:
                inside = {without(product, shared): factor / outside for product, factor in group.items()}
                yield total(maker, others, _times_sum(maker, {shared: outside}, inside))


def _times_sum(maker: Maker, outside: Form, inside: Form) -> Form | None:
    """A term times a sum, in which sums that stand alone are opened."""
    opened: Form | None = {}
    for product, factor in inside.items():
        alone = maker.form(product[0][0]) if len(product) == 1 and product[0][0] >= 0 and product[0][1] == 1 else {}
        opened = total(maker, opened, scaled(alone, factor) if len(alone) > 1 else {product: factor})
    if not opened or not all(map(is_exact, opened.values())):
        return None
    return multiplied(outside, maker.together(opened))


def over_one_line(maker: Maker, form: Form) -> Iterator[Form | None]:
    """``1/c - a/c^2`` → ``(c - a)/c^2``, if all of it is no number where c is none."""
    for group, others in _groups(form) if len(form) > 1 else ():
        powers: dict[int, list[int]] = {}
        for product in group:
            for one, power in product:
                if one < 0:
                    powers.setdefault(one, []).append(power)
        for one, found in powers.items():
            if len(found) < len(group) or min(found) < max(found):
                joined = total(maker, others, _joined(maker, group, one, max(found)))
                if joined and Stays(maker, form).where_none(~one) and Stays(maker, joined).where_none(~one):
                    yield joined


def _joined(maker: Maker, form: Form, one: int, most: int) -> Form | None:
    """A sum over a power of a wire, each term multiplied by what it has less of it."""
    found: Form | None = {}
    for product, factor in form.items():
        power = dict(product).get(one, 0)
        term: Form | None = {without(product, ((one, power),)) if power else product: factor}
        inside = maker.form(~one)
        if len(inside) > _WIDE or most - power > 2:
            inside = atom(~one)
        for _ in range(most - power):
            term = term and multiplied(term, inside)
        found = total(maker, found, term)
    return found and multiplied({((one, most),): Fraction(1)}, maker.together(shorter(maker, found, RULES[:-1])))


RULES: tuple[Rule, ...] = (cancelled, *angles.RULES, factored, over_one_line)
