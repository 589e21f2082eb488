r"""A circuit and its gradient in LaTeX.

Parts that would be long are wires with lines of their own, as are those with names and the forks, so
that what TeX cannot break is short.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from exprgrad.chain import Backward, backward
from exprgrad.circuit import Builder, Circuit, Composite, Gate
from exprgrad.gates import CONST, INPUT
from exprgrad.run import Run
from exprgrad.style import PLAIN, Style
from exprgrad.tidy import derive, needed
from exprgrad.write.document import document, equation, section, sentence
from exprgrad.write.figures import Figures
from exprgrad.write.latex import LOSS, Latex
from exprgrad.write.letters import symbols
from exprgrad.write.notation import Written, called, expression, is_short

_BRANCH, _INSIDE, _LINE = 25, 50, 400  # letters of a branch, of what stands in brackets, and of a formula
_BODY = 100  # gates of a definition that is written out
_SHORT = {"exp", "sqrt", "abs", "sigmoid"}
_PLACES = {"index", "transpose", "matrix_transpose"}  # gates whose text is hardly longer than a name


def to_latex(circuit: Circuit, run: Run | None = None, style: Style = PLAIN) -> str:
    """A document of the formula and its gradient, with a run also of its numbers."""
    back = backward(circuit) if run is None else run.backward
    return "\n".join(write(circuit, back, run, style))


def write(circuit: Circuit, back: Backward, run: Run | None, style: Style) -> Iterator[str]:
    """The formula, its gradient in terms of the wires that have names, and the numbers of a run."""
    return document(_Article(circuit, back, run).lines(style))


class _Article:
    """A circuit with its gradient's gates, ``whole``, and the symbols of its wires and of its gradients."""

    def __init__(self, circuit: Circuit, back: Backward, run: Run | None) -> None:
        self.circuit, self.run = circuit, run
        output, labels = circuit.output, circuit.labels()
        if circuit.gates[output].inputs and circuit.gates[output].name is None and "f" not in labels:
            labels[output] = "f"
        seed = "1.0" if run is None else repr(run.gradients[output])
        arriving = seed not in ("1.0", "nan", "None") or bool(back.shapes and back.shapes[output])
        self.whole, wires = _settled(circuit, back, arriving)
        self.gradients = [None if wire is None else wires[wire] for wire in back.gradient]
        self.active = back.active
        named = symbols([*labels, *self.whole.labels()[len(labels) :]])
        self.latex = Latex(LOSS if arriving else named[output])
        self.slopes = [self.latex.gradient(name) for name in named[: len(labels)]]
        for wire in range(output, -1, -1):
            gradient = self.gradients[wire]
            if gradient is not None and gradient >= len(labels) and "partial" not in named[gradient]:
                named[gradient] = self.slopes[wire]
        self.names = [Written(name) for name in named]

    def lines(self, style: Style) -> Iterator[str]:
        """The document's."""
        gates, output = self.circuit.gates, self.circuit.output
        inputs = [wire for wire in self.circuit.inputs.values() if self.active[wire]]
        roots = [self.gradients[wire] for wire in inputs]
        stated = apart(gates, [output], set()) | {output}
        every = stated | apart(self.whole.gates, [wire for wire in roots if wire is not None], stated)
        yield section("Formula")
        yield from self._definitions()
        for wire in sorted(stated):
            name = f"{self.names[wire].text} = " if gates[wire].inputs else ""
            yield equation(name + self._text(wire, stated), [])
        yield section("Gradient")
        for wire in sorted(every - stated):
            yield equation(f"{self.names[wire].text} = {self._text(wire, every)}", [])
        for wire, root in zip(inputs, roots, strict=True):
            text = "0" if root is None else self.names[root].text if root in every else self._text(root, every)
            if root not in every or text != self.slopes[wire]:
                yield equation(f"{self.slopes[wire]} = {text}", [])
        if not inputs:
            yield sentence(["No input has one."])
        if self.run is not None:
            yield section("Numbers")
            figures = Figures(self.latex, style)
            for wire in self.circuit.inputs.values():
                yield equation(str(figures.chain([self.names[wire].text], None, self.run.values[wire])), [])
            if gates[output].inputs:
                yield equation(str(figures.chain([self.names[output].text], None, self.run.values[output])), [])
            for wire in inputs:
                yield equation(str(figures.chain([self.slopes[wire]], None, self.run.gradients[wire])), [])

    def _text(self, wire: int, stated: Collection[int]) -> str:
        """A wire's expression over inputs and the wires that are stated."""
        gates = self.whole.gates
        if gates[wire].op is INPUT:
            return self.names[wire].text

        def known(at: int) -> Written | None:
            return self.names[at] if at in stated or gates[at].op is INPUT else None

        return expression(self.whole, wire, known, self.latex).text

    def _definitions(self) -> Iterator[str]:
        """``g(t) = …`` for the user's composite gates that are there."""
        for row in dict.fromkeys([gate.op for gate in self.circuit.gates if isinstance(gate.op, Composite)]):
            body = row.body
            if body is not None and is_short(body, body.output, lambda _: None, _BODY, {}):
                sides = [expression(one, one.output, lambda _: None, self.latex).text for one in (called(row), body)]
                yield equation(" = ".join(sides), [])


def _settled(circuit: Circuit, back: Backward, arriving: bool) -> tuple[Circuit, list[int]]:
    """The circuit with the gates of its gradient, and where in it each wire of the backward pass is.

    Unless a gradient arrives at the output, the one there is 1, and what that makes simpler is.  Where
    elements only move, those left out are 0 without saying so.
    """
    builder = Builder(circuit.gates, circuit.names)
    wires = list(range(len(circuit.gates)))
    for wire in range(len(wires), len(back.circuit.gates)):
        op, inputs, _, name, value, params = back.circuit.gates[wire]
        if op is INPUT:
            wires.append(builder.input(str(name), value) if arriving else builder.const(1.0))
        elif op is CONST and value is not None:
            wires.append(builder.const(value))
        elif op.name == "where" and back.circuit.gates[inputs[0]].op.whole:
            wires.append(wires[inputs[1]])
        else:
            wires.append(derive(builder, op, tuple([wires[source] for source in inputs]), params))
    return builder.circuit(circuit.output), wires


def apart(gates: Sequence[Gate], roots: Sequence[int], named: Collection[int], *, forks: bool = True) -> set[int]:
    """The wires below these that have lines of their own: with a name, ``forks``, and parts that would be long."""
    wires = [wire for wire in needed(gates, roots) if gates[wire].op is not INPUT]
    uses = dict.fromkeys(wires, 0)
    for source in [*[source for wire in wires for source in gates[wire].inputs], *roots]:
        if source in uses:
            uses[source] += 1
    found: set[int] = set()
    width: dict[int, int] = {}
    for wire in wires:
        op, inputs, _, name, _, _ = gates[wire]
        if not inputs:
            width[wire] = 2
            continue
        total = 2 if op.symbol or op.name in _SHORT else len(op.name) + 2
        total += sum([len(f"{key}={value}, ") for key, value in gates[wire].settings().items()]) if op.params else 0
        for place, source in enumerate(inputs):
            inside = width.get(source, 0)
            opens = place == 0 and op.name in ("add", "sub", "mul")
            if (
                source in width
                and gates[source].inputs
                and inside > (_LINE if opens else _BRANCH if op.name == "where" else _INSIDE)
            ):
                found.add(source)
            total += 3 if source in found or source not in width else inside
        width[wire] = total
        condition = op.gradients is not None and not any(op.gradients)
        if wire in named or name is not None or (forks and uses[wire] > 1 and op.name not in _PLACES and not condition):
            found.add(wire)
    return found
