"""Tree → gates: the nodes of one expression, in order, with a stack of wires.

What can be read two ways is refused here, where both readings can be shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from exprgrad.circuit import Builder, Circuit, Composite
from exprgrad.errors import FormulaError, Span, named, nearest, shown
from exprgrad.gates import CONSTANTS, GATES, ROWS, Row
from exprgrad.parse import Node, parse

MAX_GATES = 2_000_000
MAX_INSIDE = 500_000  # gates inside composite gates, counted at each use

Resolve = Callable[[str, Span], int]

_MUL, _POW, _AND = ROWS["mul"], ROWS["pow"], ROWS["and"]
_SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def formula(text: str, inputs: Sequence[str]) -> Circuit:
    """The circuit of an expression over exactly these inputs, which are its first wires."""
    builder = Builder()
    for name in inputs:
        builder.input(name)
    nodes = parse(text)[:-1]
    return builder.circuit(lower(text, nodes, builder, closed(text, builder, shown(text)), {}), text)


@cache
def body(row: Row) -> Circuit | None:
    """What a composite gate consists of, over its inputs; None for a primitive."""
    if isinstance(row, Composite):
        return row.body
    return None if row.value is None else formula(row.value, row.inputs)


def lower(
    text: str,
    nodes: Sequence[Node],
    builder: Builder,
    resolve: Resolve,
    definitions: Mapping[str, Row],
    flat: bool = False,
) -> int:
    """The wire of an expression.

    ``resolve`` finds the wire of a name; ``definitions`` are the user's composite gates, which
    ``flat`` copies in gate by gate.
    """
    stack: list[int] = []  # wires
    roots: list[int] = []  # for each wire on the stack, its node
    operators: list[Row] = []  # of the comparisons that are still open
    for index, node in enumerate(nodes):
        kind, children, start, stop = node
        if kind == "name":
            stack.append(resolve(text[start:stop], (start, stop)))
            roots.append(index)
            continue
        if kind == "number":
            stack.append(builder.const(number(text[start:stop], text, (start, stop)), (start, stop)))
            roots.append(index)
            continue
        if kind == "group":
            roots[-1] = index
            continue
        if kind == "malformed":
            raise _malformed(text, (start, stop))
        if kind == "compare":
            _compare(builder, stack, operators, children // 2, (start, stop))
            del roots[len(stack) :]
            continue
        if not children and kind != "call":
            operators.append(ROWS[kind])
            continue
        below = len(stack) - children
        inputs = tuple(stack[below:])
        if kind == "product":
            _unambiguous(text, nodes, roots[-2], index)
        del stack[below:], roots[below:]
        roots.append(index)
        if kind == "call":
            op, inputs = _call(text, node, inputs, builder, definitions)
        elif kind == "superscript":
            op, inputs = _POW, (*inputs, _superscript(text, (nodes[index - 1].stop, stop), builder))
        elif kind == "product":
            op = _MUL
        else:
            op = ROWS[kind]
        inside = body(op) if isinstance(op, Composite) else None
        builder.inside += len(inside.gates) if inside is not None else 0
        if len(builder.gates) > MAX_GATES:
            raise FormulaError(f"the formula has more than {MAX_GATES:,} gates", text, (start, stop))
        if builder.inside > MAX_INSIDE:
            raise FormulaError(
                f"the formula's composite gates have more than {MAX_INSIDE:,} gates inside", text, (start, stop)
            )
        if flat and inside is not None:
            stack.append(builder.splice(inside, inputs, (start, stop)))
        else:
            stack.append(builder.add(op, inputs, (start, stop)))
    return stack[-1]


def number(literal: str, text: str, span: Span) -> float:
    """The float64 nearest to a literal; FormulaError if it is beyond the largest one."""
    value = float(literal)
    if value == float("inf"):
        raise FormulaError(
            f"{shown(literal)} is too large for a float64", text, span,
            hint="the largest is 1.7976931348623157e308; infinity is written inf",
        )  # fmt: skip
    return value


def constant(name: str, text: str, span: Span) -> float | None:
    """The value of ``pi`` or ``math.pi``, or None for a name that is not a constant's."""
    prefix, _, last = name.rpartition(".")
    if prefix and last not in CONSTANTS:
        raise FormulaError(
            f"{shown(name)} is not a constant", text, span,
            hint=f"the constants are {', '.join(CONSTANTS)}; functions are followed by (",
        )  # fmt: skip
    return CONSTANTS.get(last)


def _superscript(text: str, span: Span, builder: Builder) -> int:
    """The exponent's wire; with a minus it is negated by a gate, as in ``x^-2``."""
    digits = text[slice(*span)].strip().translate(_SUPERSCRIPTS)
    wire = builder.const(number(digits.lstrip("-"), text, span), span)
    return builder.add(ROWS["neg"], (wire,), span) if digits[0] == "-" else wire


def closed(text: str, builder: Builder, owner: str) -> Resolve:
    """Looks names up among the builder's inputs and the constants, and nowhere else."""

    def resolve(name: str, span: Span) -> int:
        wire = builder.names.get(name)
        if wire is not None:
            return wire
        value = constant(name, text, span)
        if value is None:
            inputs = ", ".join(map(shown, builder.names))
            raise FormulaError(
                f"{named(name)} is not an input of {owner}", text, span,
                hint=f"a gate sees only its inputs ({inputs}): add {shown(name)} to them",
            )  # fmt: skip
        return builder.const(value, span)

    return resolve


def function_name(text: str, node: Node) -> str:
    """The name before the parenthesis of a call, without a prefix such as ``np.``."""
    return text[node.start : text.index("(", node.start)].strip().rpartition(".")[2]


def _call(
    text: str, node: Node, inputs: tuple[int, ...], builder: Builder, definitions: Mapping[str, Row]
) -> tuple[Row, tuple[int, ...]]:
    """The gate that a call means, and its inputs with the defaults filled in."""
    name = function_name(text, node)
    rows: tuple[Row, ...] = ()
    if name in definitions:
        rows = (definitions[name],)
    elif name in GATES:
        rows = GATES[name]
    elif name.isascii() and name.istitle():  # computer algebra's Sin and Max
        rows = GATES.get(name.lower(), ())
    if not rows:
        raise _unknown(text, node, name, definitions)
    for row in rows:
        most = len(row.inputs)
        if most - len(row.defaults) <= len(inputs) <= most:
            filled = row.defaults[len(inputs) - most + len(row.defaults) :]
            return row, (*inputs, *map(builder.const, filled))
    if rows[0].name in ("max", "min") and len(inputs) > 2:  # max(a, b, c) is max(max(a, b), c)
        first = inputs[0]
        for second in inputs[1:-1]:
            first = builder.add(rows[0], (first, second), (node.start, node.stop))
        return rows[0], (first, inputs[-1])
    forms = " or ".join(f"{shown(name)}({', '.join(row.inputs)})" for row in rows)
    takes = " or ".join(str(len(row.inputs)) for row in rows)
    plural = "" if takes == "1" else "s"
    raise FormulaError(
        f"{shown(name)} takes {takes} input{plural}, not {len(inputs)}", text, (node.start, node.stop),
        hint=f"write {forms}",
    )  # fmt: skip


def _compare(builder: Builder, stack: list[int], operators: list[Row], count: int, span: Span) -> None:
    """``a < b < c`` means both: each neighbouring pair is compared, joined by ``and``."""
    operands, used = stack[-count - 1 :], operators[-count:]
    del stack[-count - 1 :], operators[-count:]
    wire = builder.add(used[0], (operands[0], operands[1]), span)
    for position in range(1, count):
        pair = builder.add(used[position], (operands[position], operands[position + 1]), span)
        wire = builder.add(_AND, (wire, pair), span)
    stack.append(wire)


def _unambiguous(text: str, nodes: Sequence[Node], left: int, index: int) -> None:
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
    return word if base.kind == "name" and word in GATES else ""


def _unknown(text: str, node: Node, name: str, definitions: Mapping[str, Row]) -> FormulaError:
    """No gate has this name: a typo, or a product that needs its sign."""
    like = nearest(name, [*definitions, *GATES])
    inside = text[text.index("(", node.start) : node.stop]
    hints = [f"did you mean {shown(like)}?"] if like else []
    if not like or len(name) <= 2:
        hints.append(f"for a product write {shown(name)}*{shown(inside)}")
    hints.append("exprgrad --gates lists the functions")
    span = (node.start, node.start + len(text[node.start : text.index("(", node.start)].rstrip()))
    return FormulaError(f"{named(name)} is not a function", text, span, hint="\n".join(hints))


def _malformed(text: str, span: Span) -> FormulaError:
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
    return 2 < len(literal) <= 16 and set(literal[2:].lower()) <= set(digits)
