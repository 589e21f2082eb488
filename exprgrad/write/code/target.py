"""What a target's language is like, and how a circuit with its gradients becomes a text in it.

A target states its conventions: how operators and functions are written, numbers, statements and functions, and
what stands around them.  Whatever it has no function for is a formula of our own language (the catalogue's for a
composite gate, else formulas.py's), written as a function by the same conventions.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from exprgrad.chain import Backward
from exprgrad.circuit import Circuit, Composite
from exprgrad.errors import UsageError, shown
from exprgrad.gates import Row
from exprgrad.language.lower import body
from exprgrad.run import Run, upstream_of
from exprgrad.shapes import is_scalar
from exprgrad.shapes.axes import MisfitError
from exprgrad.style import Style
from exprgrad.values import Value
from exprgrad.write.code.form import ATOM, COMPARE, FLIPPED, SIGN, SUM, Form, call
from exprgrad.write.code.formulas import FORMULAS
from exprgrad.write.code.lines import Lines
from exprgrad.write.code.listing import Listing, definition, listing
from exprgrad.write.code.names import Names, identifier, words
from exprgrad.write.code.proof import Proof, arriving, prove

_LINES = 20  # of the formula at the top


class Function(NamedTuple):
    """What a page is made of: the function of a formula's value and gradients, and what it gives at a point.

    ``name`` is the output's, which need not be the formula's last wire.
    """

    text: str
    name: str | None
    lines: Lines
    listing: Listing
    proof: Proof | None

    @property
    def value(self) -> str:
        """The value's expression."""
        return self.lines.number(self.listing.value)

    @property
    def gradient(self) -> dict[str, str]:
        """The gradients' expressions by input."""
        return {name: self.lines.number(wire) for name, wire in self.listing.gradient.items()}


class Target:
    """A language; the values here are what most of them share."""

    name: str
    comment = "#"
    indent = "    "
    letters = False  # whether identifiers may have letters outside ASCII
    case = True  # whether a and A are two of them
    arrays = False
    functions = True  # whether a gate may be written as a function
    helper = "{}"  # what the function of a gate is called
    handed = ""  # what a number is to be to be handed to such a function
    reserved: Collection[str] = ()
    forms: Mapping[str, Form]
    definitions: Mapping[str, str] = {}  # formulas that are better than the language's own function
    truth = Form("{0} != 0.0", COMPARE, (SUM,))  # of a number, the condition that it is not 0
    untruth: Form  # of a condition, 1 or 0

    # ------------------------------------------------------------ what a language says

    def number(self, value: float) -> Form:
        """A number, with all its digits."""
        if math.isfinite(value):
            return Form(self.digits(value), SIGN if math.copysign(1, value) < 0 else ATOM)
        name = self.special(value != value)
        return Form(f"-{name}", SIGN) if value < 0 else Form(name)

    def digits(self, value: float) -> str:
        """A finite number."""
        return repr(value)

    def special(self, missing: bool) -> str:
        """NaN, or infinity."""
        raise NotImplementedError

    def array(self, value: Value) -> str:
        """An array of numbers."""
        raise NotImplementedError

    def text(self, value: str) -> str:
        """A string."""
        return (
            f'"{value}"' if identifier(value.replace(".", ""), self.letters) == value.replace(".", "") else ascii(value)
        )

    def input(self, name: str, names: Names) -> str:
        """What an input is called."""
        return names.new(name)

    def statement(self, name: str, text: str, truth: bool) -> str:
        """A name for an expression."""
        raise NotImplementedError

    def head(self, name: str, inputs: Sequence[str]) -> str:
        """What the function of one gate begins with, up to its brace."""
        raise NotImplementedError

    def function(
        self, name: str, inputs: Sequence[str], about: str, statements: Iterable[str], result: str
    ) -> Iterator[str]:
        """The function of one gate."""
        yield from ("", self.remark(about), f"{self.head(name, inputs)} {{")
        yield from (f"{self.indent}{line}" for line in statements)
        yield from (f"{self.indent}return {result};", "}")

    def page(self, function: Function, helpers: list[str]) -> Iterator[str]:
        """All of it."""
        raise NotImplementedError

    # ------------------------------------------------------------ which gate is written how

    def plain(self, op: Row, known: Sequence[float | None]) -> bool:  # noqa: ARG002  what a target may decide by the constants
        """Whether the language's own function gives what exprgrad does, for these constant inputs."""
        return op.name not in self.definitions

    def definition(self, op: Row, known: Sequence[float | None]) -> Circuit | None:
        """The circuit that a gate is written as, None if the language has it; UsageError if nobody has one."""
        if isinstance(op, Composite):
            return op.body
        if (op.name in self.forms or (op.whole and self.arrays)) and self.plain(op, known):
            return None
        text = self.definitions.get(op.name) or (None if op.value else FORMULAS.get(op.name))
        if text is not None:
            return definition(text, op)
        inside = body(op)
        if inside is None and op.name not in self.forms:
            raise UsageError(
                f"--to {self.name} has no {op.name}", hint="leave that gate out, or write another language"
            )
        return inside

    def expand(self, op: Row, known: Sequence[float | None]) -> Circuit | None:
        """The circuit whose gates stand in the place of a gate, None if the gate stands there itself.

        A gate whose gradient is the chain rule's reads its own inside, which is to be there once.
        """
        inside = self.definition(op, known)
        return inside if op.whole or op.gradients is None or not self.functions else None

    def form(self, found: Listing, wire: int, own: Row | None) -> Form:
        """How a gate is written; ``own`` is the gate whose definition it stands in."""
        op, inputs = found.gates[wire].op, found.gates[wire].inputs
        if op.name in FLIPPED and inputs[0] in found.constants:
            return FLIPPED[op.name]
        if op is own or not self.functions or self.definition(op, _known(found, wire)) is None:
            return self.forms[op.name]
        return Form(call(self.helper.format(op.name), len(inputs)).text, wrap=self.handed)

    def helpers(self, found: Listing, own: Row | None = None) -> dict[str, list[str]]:
        """The functions of the gates that the language has not, by name, each behind those that it calls itself."""
        made: dict[str, list[str]] = {}
        for wire in found.wires:
            op = found.gates[wire].op
            inside = self.definition(op, _known(found, wire)) if found.gates[wire].inputs and op is not own else None
            if self.functions and inside is not None and op.name not in made:
                inner = listing(inside, self.expand)
                made |= self.helpers(inner, op)
                made[op.name] = list(self._helper(op, inner))
        return made

    def _helper(self, op: Row, inner: Listing) -> Iterator[str]:
        names = Names([*self.reserved, *self._words(inner)])
        lines = Lines(self, inner, names, own=op)
        inputs = [lines.inputs[name] for name in op.inputs]
        statements = [self.statement(line.name, line.text, line.truth) for line in lines.lines]
        about = op.doc or f"{op.call} = {op.value}"
        return self.function(self.helper.format(op.name), inputs, about, statements, lines.number(inner.value))

    def _words(self, found: Listing) -> set[str]:
        """The words that the gates of a listing are written with."""
        ops = {found.gates[wire].op.name for wire in found.wires}
        texts = [self.forms[op].text for op in ops if op in self.forms]
        return set().union({self.helper.format(op) for op in ops}, *map(words, texts))

    # ------------------------------------------------------------ the text

    def write(self, circuit: Circuit, back: Backward, run: Run | None, _: Style) -> Iterator[str]:
        """The lines of a circuit's value and gradients, with a run's as an assertion at the end.

        Raises UsageError for what the language has not.
        """
        if not self.arrays and (any(back.shapes or ()) or not is_scalar(circuit.gates)):
            raise UsageError(
                f"--to {self.name} writes formulas of numbers, and this one has arrays",
                hint="--to numpy, jax and torch write formulas of arrays",
            )
        upstream = arriving(run) if run else upstream_of(circuit, back.extent, None)
        try:
            found = listing(circuit, self.expand, back, upstream)
        except MisfitError as misfit:  # of no elements there is no largest, which a definition may take
            raise UsageError(f"--to {self.name} cannot write this for these shapes: {misfit.why}") from None
        helpers = [line for one in self.helpers(found).values() for line in one]
        lines = Lines(self, found, self.names(found))
        name, proof = circuit.gates[circuit.output].name, prove(found, run) if run else None
        yield from self.page(Function(circuit.text, name, lines, found, proof), helpers)

    def names(self, found: Listing) -> Names:
        """The identifiers, none of them a word of the language that a listing is written with."""
        return Names([*self.reserved, *self._words(found)], letters=self.letters, case=self.case)

    def about(self, function: Function) -> Iterator[str]:
        """What is computed, and what the inputs are called that are not called what they are in the formula."""
        text = function.text.strip().splitlines()
        what = "a formula" if function.name is None else shown(function.name, 30)
        yield self.remark(f"The value of {what} and its gradients:")
        yield from (self.remark(f"  {line}") for line in text[:_LINES] if line.strip())
        if len(text) > _LINES:
            yield self.remark(f"  and {len(text) - _LINES} lines more")
        for name, given in function.lines.inputs.items():
            if name != given:
                yield self.remark(f"{given} is {shown(name)}")

    def remark(self, text: str) -> str:
        """A comment that ends with its line, whatever the text is."""
        safe = shown(text, 200).rstrip("\\ ")
        return f"{self.comment} {safe}" if safe else ""

    def body(self, lines: Lines) -> Iterator[str]:
        """The statements with their remarks."""
        for line in lines.lines:
            remark = self.remark(line.remark)
            yield self.statement(line.name, line.text, line.truth) + (f"  {remark}" if remark else "")

    def value(self, value: Value) -> str:
        """A number or an array."""
        return self.number(value).text if isinstance(value, float) else self.array(value)


def _known(found: Listing, wire: int) -> list[float | None]:
    values = [found.constants.get(source) for source in found.gates[wire].inputs]
    return [value if isinstance(value, float) else None for value in values]
