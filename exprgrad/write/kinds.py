"""What each kind of gate does with a gradient, in a sentence."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from exprgrad.circuit import Circuit, Composite
from exprgrad.gates import Row
from exprgrad.language.lower import formula
from exprgrad.write.notation import Math, Notation, Sentence, called, expression, is_short

_COPIES = "hands it on as it is"
_MOVES = "hands each element's gradient back to where the element came from"
# the gates of which people say it in other words than by their local gradients
_KINDS: Mapping[str, str] = {
    "add": "hands it on to both inputs as it is",
    "sub": "hands it on to the first input, and to the second with the other sign",
    "mul": "swaps: each input gets it times the other input",
    "neg": "changes its sign",
    "pos": _COPIES,
    "max": "routes it to the larger input, halves at a tie; the other gets a structural zero",
    "min": "routes it to the smaller input, halves at a tie; the other gets a structural zero",
    "where": "routes it to the branch that is selected; the other gets a structural zero",
    "clip": "hands it on to what it lets through, the input or a bound; the others get a structural zero",
    "relu": "hands it on where its input is positive; elsewhere there is a structural zero",
    "abs": "hands it on with the sign of its input",
    "sum": "hands it on to every element",
    "mean": "shares it evenly among the elements",
    "amax": "routes it to the largest element, ties share it; the others get a structural zero",
    "amin": "routes it to the smallest element, ties share it; the others get a structural zero",
    "matmul": "multiplies it by the other factor, transposed",
}
_BODY = 30  # gates of a definition that is written out
# formulas that are clearer than the row's, which mind the singular points
_RULES: Mapping[str, tuple[str, ...]] = {
    "pow": ("b*a^(b - 1)", "out*log(a)"),
    "hypot": ("a/out", "b/out"),
}


def kinds(parts: Mapping[Row, Collection[int]], notation: Notation) -> Iterator[tuple[Math, Sentence]]:
    """For each kind of gate how it is written, and what it does with a gradient.

    ``parts`` has the positions of the inputs that gradients flow to.
    """
    for row, positions in parts.items():
        yield _head(row, notation), _does(row, sorted(positions), notation)


def _head(row: Row, notation: Notation) -> Math:
    """``tanh(x)``, the name alone of a gate with settings, ``g(t) = t^2`` for one of the user's."""
    if row.params:
        return Math(notation.symbol(row.name))
    head = _math(called(row), notation)
    inside = row.body if isinstance(row, Composite) else None
    if inside is None or not is_short(inside, inside.output, lambda _: None, _BODY, {}):
        return head
    return Math(f"{head} = {_math(inside, notation)}")


def _does(row: Row, positions: list[int], notation: Notation) -> Sentence:
    if row.name in _KINDS:
        return [_KINDS[row.name]]
    if row.moves:
        return [_MOVES]
    if row.whole:
        return ["has a rule for all elements together, stated where it is used"]
    if row.gradients is None:
        return ["multiplies it by its local gradient: the chain rule inside the gate"]
    found: Sentence = []
    for position in positions:
        text = _RULES[row.name][position] if row.name in _RULES else row.gradient(position) or "0"
        if text == "0":
            found += ["; " if found else "", "stops it: it is flat between its steps"]
            continue
        rule = formula(text, (*row.inputs, "out"), row.params)
        name = Math(notation.symbol(row.inputs[position]))
        found += ["; " if found else "", "multiplies it by ", _math(rule, notation)]
        found += [" for ", name] if len(row.inputs) > 1 else []
        if row.live and row.live[position]:
            condition = formula(row.live[position] or "", (*row.inputs, "out"), row.params)
            found += [" if ", _math(condition, notation), ", else a structural zero"]
        if re.search(r"\bout\b", text):
            found += [", where ", Math(notation.symbol("out")), " is its value"]
    return [piece for piece in found if piece]


def _math(circuit: Circuit, notation: Notation) -> Math:
    """A circuit's expression."""
    return Math(expression(circuit, circuit.output, lambda _: None, notation).text)
