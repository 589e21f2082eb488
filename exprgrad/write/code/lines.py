"""The statements of a listing in a target's language: a line for each wire that has a name or is read twice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from exprgrad.gates import CONST, INPUT, Row
from exprgrad.values import Value
from exprgrad.write.code.form import ATOM, Form, wants_truth
from exprgrad.write.code.listing import Listing
from exprgrad.write.code.names import Names

_INLINE = 60  # characters of an expression that stands inside another one


class Line(NamedTuple):
    """One statement: a name for an expression, which may be a condition.

    ``depth`` is the number of lines that have to be there one after the other before this one can be.
    """

    name: str
    text: str
    truth: bool
    remark: str
    depth: int


class Language(Protocol):
    """What statements ask of a target."""

    truth: Form
    untruth: Form

    def number(self, value: float) -> Form:
        """A number."""

    def array(self, value: Value) -> str:
        """An array of numbers."""

    def input(self, name: str, names: Names) -> str:
        """What an input is called."""

    def form(self, found: Listing, wire: int, own: Row | None) -> Form:
        """How a gate is written."""


class _Text(NamedTuple):
    """An expression, or the name of one."""

    text: str
    level: int
    truth: bool
    depth: int


class Lines:
    """The statements, and what the inputs are called in them; ``own`` is the gate whose definition is written."""

    def __init__(self, target: Language, listing: Listing, names: Names, own: Row | None = None) -> None:
        self._target, self._listing, self._own = target, listing, own
        self._texts: dict[int, _Text] = {}
        self.lines: list[Line] = []
        self.inputs = {name: target.input(name, names) for name in listing.inputs}
        for name, wire in listing.inputs.items():
            self._texts[wire] = _Text(self.inputs[name], ATOM, truth=False, depth=0)
        forms = self._forms()
        uses = self._uses(forms)
        unnamed = 0
        for wire in listing.wires:
            gate = listing.gates[wire]
            if gate.op is INPUT:
                continue
            label = listing.labels.get(wire)
            if gate.op is CONST:
                text = self._constant(listing.constants[wire])
            else:
                text = self._expression(gate.op, gate.inputs, forms[wire])
            number = gate.op is CONST and isinstance(gate.value, float)
            if number or (label is None and uses[wire] == 1 and len(text.text) <= _INLINE):
                self._texts[wire] = text
            else:
                unnamed += label is None
                name = names.new(f"t{unnamed}" if label is None else re.sub(r"^d\[(.*)\]$", r"d\1", label))
                self.lines.append(Line(name, text.text, text.truth, listing.remarks.get(wire, ""), text.depth))
                self._texts[wire] = _Text(name, ATOM, text.truth, text.depth + 1)

    def number(self, wire: int) -> str:
        """An expression for the number, or the array, of a wire."""
        return self._operand(wire, Form("{0}"), 0, truth=False).text

    def _forms(self) -> dict[int, Form]:
        listing = self._listing
        return {
            wire: self._target.form(listing, wire, self._own)
            for wire in listing.wires
            if listing.gates[wire].op not in (INPUT, CONST)
        }

    def _uses(self, forms: dict[int, Form]) -> dict[int, int]:
        """How often each wire is written."""
        uses = dict.fromkeys(self._listing.wires, 0)
        for wire, form in forms.items():
            for place, source in enumerate(self._listing.gates[wire].inputs):
                uses[source] += 2 if place in form.repeats else 1
        for wire in (self._listing.value, *self._listing.gradient.values()):
            uses[wire] += 1
        return uses

    def _constant(self, value: Value) -> _Text:
        if not isinstance(value, float):
            return _Text(self._target.array(value), ATOM, truth=False, depth=0)
        form = self._target.number(value)
        return _Text(form.text, form.level, truth=False, depth=0)

    def _expression(self, op: Row, inputs: Sequence[int], form: Form) -> _Text:
        operands = [self._operand(wire, form, place, wants_truth(op, place)) for place, wire in enumerate(inputs)]
        depth = max([operand.depth for operand in operands], default=0)
        return _Text(form.text.format(*[operand.text for operand in operands]), form.level, op.condition, depth)

    def _operand(self, wire: int, form: Form, place: int, truth: bool) -> _Text:
        """An operand as it stands in a form: a condition or a number, as wanted, in parentheses where it needs them."""
        one = self._texts[wire]
        if truth != one.truth:
            turned = self._target.truth if truth else self._target.untruth
            inside = one.text if one.level >= turned.need(0) else f"({one.text})"
            one = _Text(turned.text.format(inside), turned.level, truth, one.depth)
        if form.wrap and self._listing.gates[wire].op is CONST:
            one = one._replace(text=form.wrap.format(one.text), level=ATOM)
        return one if one.level >= form.need(place) else one._replace(text=f"({one.text})", level=ATOM)
