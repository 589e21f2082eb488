"""The derivatives as formulas, with or without values."""

from __future__ import annotations

from exprgrad.arithmetic.forward import forward, told
from exprgrad.calculus.symbolic import MOST, symbolic
from exprgrad.circuit import Circuit
from exprgrad.errors import FormulaError, UsageError, shown
from exprgrad.gates import CONST
from exprgrad.jobs.asked import Asked, Reply
from exprgrad.run import value_of
from exprgrad.shapes import is_scalar
from exprgrad.values import shape
from exprgrad.write import derivative

FORMATS = ("formula", "json", "latex")
BARE = FORMATS


def answer(asked: Asked) -> Reply:
    """Statements that read back, the values behind them if there are any, or JSON, or LaTeX."""
    full = asked.argument == "full"
    if asked.argument and not full:
        raise UsageError(
            f"--symbolic does not take {shown(asked.argument, 30)}",
            hint="--symbolic names the wires, --symbolic=full writes each derivative out, simplified",
        )
    shapes = {name: shape(value_of(name, value)) for name, value in asked.point.items()}
    try:
        found = symbolic(asked.circuit, asked.wrt, full=full, shapes=shapes, upstream=asked.upstream)
    except FormulaError as error:
        if asked.numbers is not None:
            raise
        hint = (
            f"{error.report.hint}\nwithout values every variable is one number: give them, and their shapes are known"
        )
        raise FormulaError(*error.report._replace(hint=hint)) from None
    if asked.to == "json":
        return Reply(derivative.write_json(found, asked.circuit, asked.point))
    if asked.to == "latex":
        return Reply(derivative.write_latex(found, asked.circuit, arriving=asked.upstream is not None))
    lines = list(derivative.write(found, {} if asked.numbers is None else _numbers(asked, found)))
    if full and any(not line.by and found.gates[line.wire].inputs for line in derivative.lines(found)):
        lines.insert(0, f"# written out, this would be more than {MOST:,} gates: what forks has a name")
    return Reply(lines)


def _numbers(asked: Asked, found: Circuit) -> dict[int, str]:
    """The values of the wires that have one behind them, as people read them."""
    wires = found.inputs
    given = {wires[name]: value_of(name, value) for name, value in asked.point.items()}
    with told(asked.circuit):
        values = forward(found.gates, given, arrays=any(map(shape, given.values())) or not is_scalar(found.gates))
    texts = [asked.style.number(value) for value in values]
    return {
        wire: text if text.startswith("an array") else f"= {text}"
        for wire, (text, gate) in enumerate(zip(texts, found.gates, strict=True))
        if gate.op is not CONST and (gate.value is None or gate.name in asked.point)
    }
