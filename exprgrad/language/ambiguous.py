"""What can be read two ways, or as something else elsewhere, is refused; both readings are shown."""

from __future__ import annotations

from collections.abc import Sequence

from exprgrad.errors import FormulaError, Span, shown
from exprgrad.gates import GATES
from exprgrad.language.parse import Node
from exprgrad.language.syntax import CHOICE

_CHOICE = {"if", "then", "else"}  # words of other languages


def unambiguous(text: str, nodes: Sequence[Node], left: int, index: int) -> None:
    """Refuses a product without a sign that can be read two ways, or that is two names in a row."""
    product = nodes[index]
    factor = text[nodes[index - 1].start : product.stop]
    edge = left  # the node at the right edge of what stands on the left
    while nodes[edge].kind in ("mul", "product", "neg", "pos"):
        edge -= 1
    last = nodes[edge]
    function = _powered_function(text, nodes, edge)
    if function and factor[0] == "(":
        power = text[nodes[edge - 1].stop if last.kind == "superscript" else nodes[edge - 2].stop : last.stop]
        raise FormulaError(
            f"a power stands behind the function, not behind its name {function}", text, (last.start, product.stop),
            hint=f"write {function}{shown(factor)}{shown(power)}",
        )  # fmt: skip
    if last.kind in ("div", "floor_divide", "mod", "pow"):
        whole, divisor = text[product.start : nodes[left].stop], nodes[edge - 1]
        start = text[product.start : divisor.start]
        first = f"({whole})*{factor}"
        second = f"{start}({text[divisor.start : divisor.stop]}*{factor})"
        raise FormulaError(
            f"{shown(text[product.start : product.stop])} can be read two ways", text, (product.start, product.stop),
            hint=f"write {shown(first)} or {shown(second)}",
        )  # fmt: skip
    word = text[last.start : last.stop]
    if last.kind == "number" and factor in ("e", "E") and text[last.stop] == factor:
        raise FormulaError(
            f"{shown(word)}{factor} can be read two ways", text, (last.start, product.stop),
            hint=f"write {shown(word)}*{factor}, or an exponent without a blank, such as {shown(word)}{factor}3",
        )  # fmt: skip
    if (last.kind != "name" or word == "π") and factor[0] not in ".0123456789":
        return
    advice = f"for a product write {shown(word)}*{shown(factor)}"
    if last.kind == "name" and word in GATES:
        advice = f"for the gate write {shown(word)}({shown(factor)})"
    if _CHOICE & {word, factor}:
        advice = CHOICE
    raise FormulaError("two values stand in a row without an operator", text, (last.start, product.stop), hint=advice)


def _powered_function(text: str, nodes: Sequence[Node], index: int) -> str:
    """The gate's name in ``sin²`` or ``sin^2``, as in sin²(x)."""
    node = nodes[index]
    if node.kind == "superscript":
        base = nodes[index - 1]
    elif node.kind == "pow" and nodes[index - 1].kind == "number":
        base = nodes[index - 2]
    else:
        return ""
    word = text[base.start : base.stop]
    return word if word in GATES else ""


def malformed(text: str, span: Span) -> FormulaError:
    """What other languages write for numbers."""
    literal = text[slice(*span)]
    if "_" in literal:
        hint = f"digits are not grouped: write {shown(literal.replace('_', ''))}"
    elif literal[1:2].isalpha():
        hint = "numbers are decimal" + (f": write {int(literal, 0)}" if _is_integer(literal) else "")
    else:
        hint = "a number has one decimal point"
    return FormulaError(f"{shown(literal)} is not a number here", text, span, hint=hint)


def _is_integer(literal: str) -> bool:
    """Whether Python would read this as an integer of a size worth printing."""
    digits = {"x": "0123456789abcdef", "o": "01234567", "b": "01"}[literal[1].lower()]
    return len(literal) <= 16 and set(literal[2:].lower()) <= set(digits)
