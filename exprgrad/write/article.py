r"""A circuit and its gradient in LaTeX.

Parts that would be long are wires with lines of their own, as are those with names and the forks, so
that what TeX cannot break is short.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from exprgrad.calculus.symbolic import symbolic
from exprgrad.chain import Backward, backward
from exprgrad.circuit import Circuit, Composite
from exprgrad.gates import INPUT
from exprgrad.run import Run
from exprgrad.style import PLAIN, Style
from exprgrad.write import derivative
from exprgrad.write.document import document, equation, section
from exprgrad.write.figures import Figures
from exprgrad.write.latex import LOSS, Latex
from exprgrad.write.lines import apart, signs
from exprgrad.write.notation import Written, called, expression, is_short

_BODY = 100  # gates of a definition that is written out


def to_latex(circuit: Circuit, run: Run | None = None, style: Style = PLAIN) -> str:
    """A document of the formula and its gradient, with a run also of its numbers."""
    back = backward(circuit) if run is None else run.backward
    return "\n".join(write(circuit, back, run, style))


def write(circuit: Circuit, back: Backward, run: Run | None, style: Style) -> Iterator[str]:
    """The formula, its gradient in terms of the wires that have names, and the numbers of a run."""
    return document(_Article(circuit, back, run).lines(style))


class _Article:
    """A circuit and what a gradient of it needs: ``seed`` is what arrives at the output, if that is not 1."""

    def __init__(self, circuit: Circuit, back: Backward, run: Run | None) -> None:
        self.circuit, self.back, self.run = circuit, back, run
        found = None if run is None else run.gradients[circuit.output]
        self.seed = None if repr(found) in ("1.0", "nan", "None") else found
        self.names = signs(circuit)
        self.latex = Latex(self.names[circuit.output] if self.seed is None else LOSS)
        self.inputs = [wire for wire in circuit.inputs.values() if back.active[wire]]

    def lines(self, style: Style) -> Iterator[str]:
        """The document's."""
        circuit, output = self.circuit, self.circuit.output
        yield section("Formula")
        yield from self._definitions()
        names = {wire: name for wire, name in enumerate(self.names) if circuit.gates[wire].op is INPUT}
        lines = {wire: self.names[wire] for wire in [*apart(circuit.gates, [output], ()), output]}
        yield from _equations(circuit, lines, names)
        if self.inputs:
            yield section("Gradient")
            yield from derivative.equations(self._symbolic(), circuit, self.latex, set(lines.values()))
        if self.run is not None and circuit.inputs:
            yield section("Numbers")
            figures = Figures(self.latex, style)
            for wire in [*circuit.inputs.values(), *([output] if circuit.gates[output].inputs else [])]:
                yield equation(str(figures.chain([self.names[wire]], None, self.run.values[wire])), [])
            for wire in self.inputs:
                left = self.latex.gradient(self.names[wire])
                yield equation(str(figures.chain([left], None, self.run.gradients[wire])), [])

    def _symbolic(self) -> Circuit:
        """The circuit of the derivatives."""
        extents, inputs = self.back.shapes, self.circuit.inputs
        shapes = {} if extents is None else {name: extents[wire] for name, wire in inputs.items()}
        wrt = [str(self.circuit.gates[wire].name) for wire in self.inputs]
        return symbolic(self.circuit, wrt, shapes=shapes, upstream=self.seed)

    def _definitions(self) -> Iterator[str]:
        """``g(t) = …`` for the user's composite gates that are there."""
        for row in dict.fromkeys([gate.op for gate in self.circuit.gates if isinstance(gate.op, Composite)]):
            body = row.body
            if body is not None and is_short(body, body.output, lambda _: None, _BODY, {}):
                sides = [expression(one, one.output, lambda _: None, self.latex).text for one in (called(row), body)]
                yield equation(" = ".join(sides), [])


def _equations(circuit: Circuit, lines: Mapping[int, str], names: Mapping[int, str]) -> Iterator[str]:
    """An equation for each of these wires, over each other and over wires with names."""
    every = {**names, **lines}

    def known(at: int) -> Written | None:
        return Written(every[at]) if at in every else None

    for wire in sorted(lines):
        gate = circuit.gates[wire]
        text = every[wire] if gate.op is INPUT else expression(circuit, wire, known, Latex()).text
        yield equation(f"{lines[wire]} = {text}" if gate.inputs else text, [])
