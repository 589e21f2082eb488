"""The working of a run as equations in some notation: forward, backward, the gradient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from exprgrad.diagnosis.kinks import Note
from exprgrad.diagnosis.working import BLOCKED, LOST, UNSELECTED, Formula, Part, Working
from exprgrad.gates import CONST, Row
from exprgrad.style import Style
from exprgrad.values import shape
from exprgrad.write.figures import Equation, Figures
from exprgrad.write.kinds import kinds
from exprgrad.write.notation import (
    POWER,
    PRODUCT,
    SUM,
    Known,
    Math,
    Notation,
    Sentence,
    Written,
    expression,
    is_short,
)

_MOST, _SOME = 100, 50  # gates that are all shown; of more, how many of the first and the last ones
_TERMS = 6  # of a sum; of more, the first ones and the last one
_GATES = 12  # of a formula that is shown


FORWARD = "Forward: each gate, the values put in"
KINDS = "What a gate does with the gradient that arrives"
BACKWARD = "Backward: upstream gradient times local gradient"
RESULT = "The gradient"
_NONE = "carry no gradient"
_NAN = "where a value is NaN, so is every gradient through it"


class Line(NamedTuple):
    """An equation, and what there is to say about it."""

    equation: Equation
    remark: Sentence


class Step(NamedTuple):
    """One gate of the backward pass.

    ``rows`` has for each input the equation of the local gradient, if there is one to state, and that
    of what is handed on; ``sums`` the gradients of the forks that are complete with it.
    """

    gate: Equation
    remark: Sentence
    rows: list[tuple[Equation | None, Line]]
    sums: list[Line]


def left_out(count: int) -> str:
    """What stands in the place of those that are not shown."""
    return f"… {count:,} more; --full shows all"


class Equations:
    """The working in a notation."""

    def __init__(self, working: Working, notation: Notation, style: Style) -> None:
        run = working.run
        self.working, self.notation, self.full = working, notation, style.full
        self.figures = Figures(notation, style)
        self.gates, self.values, self.gradients = run.circuit.gates, run.values, run.gradients
        self.labels = notation.labels(run.circuit)

    def forward(self) -> Iterator[Line | int]:
        """Each wire's formula with the values of its inputs put in; a number counts those left out."""
        for wire in self._folded(self.working.wires):
            if wire < 0:
                yield -wire
                continue
            gate = self.gates[wire]
            left = self.labels[wire]
            if gate.op is CONST:
                yield Line(Equation([self.figures.number(self.values[wire]).text], []), [])
                continue
            if not gate.inputs:
                yield Line(self.figures.chain([left], None, self.values[wire]), [])
                continue
            numbers = _Numbers(self)
            symbols, inside = self._forward(wire, self._named), self._forward(wire, numbers.get)
            yield Line(self.figures.chain([left, symbols], (inside, numbers.rounded), self.values[wire]), [])

    def kinds(self) -> Iterator[tuple[str, Sentence]]:
        """What each kind of gate that is there does with a gradient."""
        found: dict[Row, set[int]] = {}
        for wire in self.working.backward:
            positions = [place for place, push in enumerate(self.working.run.backward.sent[wire]) if push is not None]
            found.setdefault(self.gates[wire].op, set()).update(positions)
        yield from kinds(found, self.notation)
        ops = {self.gates[source].op for wire in self.working.backward for source in self.gates[wire].inputs}
        if CONST in ops:
            yield "constants", [_NONE]
        if any(op.gradients and not any(op.gradients) for op in ops):
            yield "conditions", [_NONE]

    def seed(self) -> Line | None:
        """The gradient that arrives at the output, None if it carries none."""
        output = self.working.run.circuit.output
        arriving = self.gradients[output]
        if arriving is None:
            return None
        remark = "the output with respect to itself" if repr(arriving) == "1.0" else "what arrives at the output"
        return Line(self.figures.chain([self._gradient(output)], None, arriving), [remark])

    def backward(self) -> Iterator[Step | int]:
        """Each gate from the output back; a number counts those left out."""
        for wire in self._folded(self.working.backward):
            yield -wire if wire < 0 else self._step(wire)

    def result(self) -> Iterator[Line | int]:
        """The gradient of each input."""
        inputs = [wire for wire in self.working.run.circuit.inputs.values() if self.gradients[wire] is not None]
        for wire in self._folded(inputs):
            if wire < 0:
                yield -wire
                continue
            reached = wire in self.working.uses or wire == self.working.run.circuit.output
            equation = self.figures.chain([self._gradient(wire)], None, self.gradients[wire])
            yield Line(equation, [] if reached else ["no gradient arrives there"])

    def _folded(self, wires: Sequence[int]) -> Iterator[int]:
        """The wires to show, and in the place of those that are not, minus their number."""
        if len(wires) <= _MOST or self.full:
            yield from wires
            return
        yield from wires[: _SOME // 2]
        yield _SOME - len(wires)
        yield from wires[-_SOME // 2 :]

    def _step(self, wire: int) -> Step:
        uses = self.working.uses
        parts = self.working.parts(wire)
        remark: Sentence = []
        if any(part.state == BLOCKED for part in parts):
            remark = ["is on no selected branch: structural zeros"]
        elif wire in self.working.edges:
            remark = self._edge(self.working.edges[wire])
        complete = dict.fromkeys(part.source for part in parts if uses[part.source][-1][0] == wire)
        return Step(
            Equation([self.labels[wire], self._forward(wire, self._named)], ["="]),
            remark,
            [self._row(part) for part in parts],
            [self._sum(source) for source in complete if len(uses[source]) > 1 or self.gates[wire].op.name == "index"],
        )

    def _edge(self, note: Note) -> Sentence:
        """What is said of a gate that stands on a kink or a step."""
        if note.kind == "step":
            return ["stands on a step: the jump itself has no gradient"]
        left, right = (self.figures.number(note.facts[key]).text for key in ("left", "right"))
        return ["stands on a kink: slope ", Math(left), " on the left, ", Math(right), " on the right"]

    def _row(self, part: Part) -> tuple[Equation | None, Line]:
        """The local gradient, and what is handed on."""
        left = [self._gradient(part.source)]
        local = None
        remark: Sentence = []
        if part.state:
            name = Math(self.labels[part.source])
            remark = {UNSELECTED: [name, " is not selected: a structural zero"], LOST: [_NAN]}.get(part.state, [])
            product = self.figures.chain(left, None, part.sent)
        elif part.slope is None:
            product = self._pulled(part, left)
        else:
            local = self._local(part)
            product = self.figures.chain([*left, self._term(part)], self._factors(part), part.sent)
        if len(self.working.uses[part.source]) > 1:
            product.relations[0] = self.notation.relations.get("+=", "+=")
        return local, Line(product, remark)

    def _local(self, part: Part) -> Equation:
        """``∂v2/∂x = y = 3``."""
        sides = [self._slope(part)]
        numbers = _Numbers(self)
        inside = None
        if part.local and self._is_short(part.local, part.wire):
            sides.append(self._formula(part.local, self._named).text)
            inside = self._formula(part.local, numbers.get).text
        return self.figures.chain(sides, (inside, numbers.rounded) if inside else None, part.slope)

    def _factors(self, part: Part) -> tuple[str, bool]:
        """``-4·1``, the upstream gradient times the local one, and whether either is rounded."""
        arriving = self.gradients[part.wire]
        one, other = self.figures.number(arriving), self.figures.number(part.slope)
        notation = self.notation
        text = notation.within(one, SUM) + notation.product + notation.within(other, POWER)
        return self._summed(part, text), self.figures.rounds(arriving) or self.figures.rounds(part.slope)

    def _pulled(self, part: Part, left: list[str]) -> Equation:
        """What a whole-array gate hands on: ``d[W] = d[D] @ X.T``."""
        arriving, gate = self.gradients[part.wire], self.gates[part.wire]
        if gate.op.name == "index":  # d[x[0]] = d[v1] says more than the gates that do it
            names = {part.source: Written(left[0])}
            place = self._forward(part.wire, lambda at: names.get(at) or self._named(at))
            return self.figures.chain([place, self._gradient(part.wire)], None, arriving)
        if part.pull is None or not self._is_short(part.pull, part.wire):
            return self.figures.chain(left, None, part.sent)
        numbers = _Numbers(self, part.wire)
        symbols = self._formula(part.pull, lambda at: self.known(at, part.wire)).text
        inside = self._formula(part.pull, numbers.get).text
        sides = [*left, self._summed(part, symbols)]
        return self.figures.chain(sides, (self._summed(part, inside), numbers.rounded), part.sent)

    def _sum(self, source: int) -> Line:
        """A fork's gradient: one term for each use."""
        uses = self.working.uses[source]
        few = uses if len(uses) <= _TERMS else [*uses[: _TERMS - 1], uses[-1]]
        parts = [self.working.part(*use) for use in few]
        terms = [self.figures.number(part.sent) for part in parts]
        numbers = [self.notation.within(term, PRODUCT if place else SUM) for place, term in enumerate(terms)]
        through: Sentence = []
        for part, term in zip(parts, terms, strict=True):
            row = self.gates[part.wire].op
            number = [] if shape(part.sent) else [Math(term.text), " "]
            through += [", ", *number, "through ", Math(self.labels[part.wire]), f" ({row.symbol or row.name})"]
        if len(few) < len(uses):
            numbers.insert(-1, self.notation.dots)
            through = ["", f"{len(uses):,} uses"]
        rounded = any(self.figures.rounds(part.sent) for part in parts)
        equation = self.figures.chain([self._gradient(source)], (" + ".join(numbers), rounded), self.gradients[source])
        return Line(equation, through[1:])

    def _named(self, wire: int) -> Written | None:
        """A wire's name; a constant has none."""
        return None if wire >= len(self.gates) or self.gates[wire].op is CONST else Written(self.labels[wire])

    def known(self, wire: int, gate: int | None) -> Written | None:
        """A wire's name, or its gate's upstream gradient's; the number of elements is a number."""
        back = self.working.run.backward
        if gate is not None and wire == back.gradient[gate]:
            return Written(self._gradient(gate))
        if wire >= len(self.gates) and back.circuit.gates[wire].op.name == "size":
            return self.figures.number(self.working.every[wire])
        return self._named(wire)

    def _forward(self, wire: int, known: Known) -> str:
        """A gate's formula, a comparison in parentheses."""
        return self.notation.within(expression(self.working.run.circuit, wire, known, self.notation), SUM)

    def _formula(self, formula: Formula, known: Known) -> Written:
        """A formula of the backward pass."""
        return known(formula.wire) or expression(formula.circuit, formula.wire, known, self.notation, formula.chosen)

    def _is_short(self, formula: Formula, gate: int) -> bool:
        return is_short(formula.circuit, formula.wire, lambda at: self.known(at, gate), _GATES, formula.chosen)

    def _gradient(self, wire: int) -> str:
        return self.notation.gradient(self.labels[wire])

    def _slope(self, part: Part) -> str:
        """``∂v1/∂x``; for an input that is read twice, with the name it has in the row."""
        gate = self.gates[part.wire]
        twice = gate.inputs.count(part.source) > 1
        names = gate.op.parameters(len(gate.inputs))
        return self.notation.slope(self.labels[part.wire], self.labels[part.source], names[part.position] * twice)

    def _term(self, part: Part) -> str:
        """``d[v1]·∂v1/∂x``."""
        return self._summed(part, f"{self._gradient(part.wire)}{self.notation.product}{self._slope(part)}")

    def _summed(self, part: Part, text: str) -> str:
        """A term, with a sign of its sum if the source was broadcast."""
        return self.notation.total + text if part.summed else text


class _Numbers:
    """The texts of wires' values; ``rounded`` says whether any of those used is rounded."""

    def __init__(self, owner: Equations, gate: int | None = None) -> None:
        self.owner = owner
        self.upstream = None if gate is None else owner.working.run.backward.gradient[gate]
        self.gate = gate
        self.rounded = False

    def get(self, wire: int) -> Written | None:
        """The text of a wire of the formula, or of the gradient that arrives at the gate."""
        owner = self.owner
        if self.gate is not None and wire == self.upstream:
            value = owner.gradients[self.gate]
        elif wire < len(owner.gates):
            value = owner.values[wire]
        else:
            return owner.known(wire, None)
        self.rounded |= owner.figures.rounds(value)
        return owner.figures.number(value)
