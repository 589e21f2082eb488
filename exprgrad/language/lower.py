"""Tree → gates: the nodes of one expression, in order, with a stack of wires."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from exprgrad.circuit import KEPT, Builder, Circuit, Composite
from exprgrad.errors import FormulaError, Span, named, shown
from exprgrad.gates import CONSTANTS, ROWS, Entry, Param, Row, Slice, Static
from exprgrad.language.ambiguous import malformed, unambiguous
from exprgrad.language.call import call
from exprgrad.language.items import Fixed, Item, Keyword, listed, number_of, static, wire
from exprgrad.language.parse import Node, parse

MAX_GATES = 2_000_000
MAX_INSIDE = 500_000  # gates inside composite gates, counted at each use

Resolve = Callable[[str, Span], Item]

_MUL, _POW, _AND, _INDEX = ROWS["mul"], ROWS["pow"], ROWS["and"], ROWS["index"]
_NEW_AXIS = {"newaxis", "None", "np.newaxis", "numpy.newaxis", "jnp.newaxis"}
_WORDS = {"True": 1, "False": 0, "None": None}  # after `keepdims=`
_SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def formula(text: str, inputs: Sequence[str], params: Sequence[str] = ()) -> Circuit:
    """The circuit of an expression over exactly these inputs, which are its first wires.

    ``params`` are a row's settings, which may stand wherever a setting or a number does.
    """
    builder = Builder()
    for name in inputs:
        builder.input(name)
    lookup = closed(text, builder, shown(text))

    def resolve(name: str, span: Span) -> Item:
        return Fixed(Param(name), span) if name in params else lookup(name, span)

    return builder.circuit(lower(text, parse(text)[:-1], builder, resolve, {}), text)


@lru_cache(maxsize=KEPT)
def body(row: Row, plain: bool = False) -> Circuit | None:
    """What a composite gate consists of, over its inputs; None for a primitive.

    That of a ``plain`` one is the formula of a book; float64 may lose digits in it.
    """
    if isinstance(row, Composite):
        return row.body
    text = row.value if plain else row.sharp_value or row.value
    return None if text is None else formula(text, row.inputs, row.params)


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
    stack: list[Item] = []
    roots: list[int] = []  # for each item on the stack, its node
    operators: list[Row] = []  # of the comparisons that are still open
    for index, node in enumerate(nodes):
        kind, children, start, stop = node
        if kind == "name":
            stack.append(_name(text, nodes, index, resolve))
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
            raise malformed(text, (start, stop))
        if kind == "compare":
            _compare(text, builder, stack, operators, children // 2, (start, stop))
            del roots[len(stack) :]
            continue
        if kind in ("target", "entry"):
            continue
        if kind in _SETTINGS:
            below = len(stack) - children
            item = _SETTINGS[kind](text, builder, stack[below:], (start, stop))
            del stack[below:], roots[below:]
            stack.append(item)
            roots.append(index)
            continue
        if not children and kind != "call":
            operators.append(ROWS[kind])
            continue
        below = len(stack) - children
        items = stack[below:]
        params: tuple[Static, ...] = ()
        if kind == "product":
            unambiguous(text, nodes, roots[-2], index)
        first = roots[below] if children else index
        del stack[below:], roots[below:]
        roots.append(index)
        if kind in ("call", "method"):
            op, inputs, params = call(text, node, items, nodes[first].stop, builder, definitions)
        elif kind == "index":
            op = _INDEX
            inputs, params = _index(text, builder, items, (start, stop))
        else:
            inputs = tuple([item if type(item) is int else wire(text, builder, item) for item in items])
            if kind == "superscript":
                op, inputs = _POW, (*inputs, _superscript(text, (nodes[index - 1].stop, stop), builder))
            elif kind == "product":
                op = _MUL
            else:
                op = ROWS[kind]
                params = op.settings
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
            stack.append(builder.add(op, inputs, (start, stop), params))
    return wire(text, builder, stack[-1])


def _name(text: str, nodes: Sequence[Node], index: int, resolve: Resolve) -> Item:
    """What a name stands for where it stands: a wire, a keyword, ``newaxis`` or ``True``."""
    _, _, start, stop = nodes[index]
    name, span = text[start:stop], (start, stop)
    behind = index + 1
    while name in _NEW_AXIS and behind < len(nodes) and nodes[behind].kind == "group":
        behind += 1
    after = nodes[behind].kind if behind < len(nodes) else ""
    if after == "target":
        return Keyword(name, -1, span)
    if after == "entry" and name in _NEW_AXIS:
        return Fixed(None, span)
    if after == "keyword" and name in _WORDS and nodes[index - 1].kind == "target":
        return Fixed(_WORDS[name], span)
    return resolve(name, span)


def _keyword(text: str, _builder: Builder, items: list[Item], span: Span) -> Item:
    """``axis=0``."""
    name = items[0]
    if not isinstance(name, Keyword):
        raise FormulaError("there is an = inside parentheses", text, span, hint="compare with ==")
    return name._replace(item=items[1])


def _slice(text: str, builder: Builder, items: list[Item], span: Span) -> Item:
    """``1:3``; a bound that is missing is None."""
    bounds: list[int | None] = []
    for item in items:
        missing = isinstance(item, Fixed) and item.value is None
        bound = None if missing else static(text, builder, item, "a bound of a slice", span)
        if bound is not None and not isinstance(bound, int):
            raise FormulaError("a bound of a slice must be a whole number", text, span)
        bounds.append(bound)
    start, stop, step = [*bounds, None][:3]
    if step == 0:
        raise FormulaError("a slice cannot have the step 0", text, span)
    return Fixed(Slice(start, stop, step), span)


def _quoted(text: str, span: Span) -> Item:
    """The text between two quotes."""
    inside = text[span[0] + 1 : span[1] - 1]
    for place, character in enumerate(inside, span[0] + 1):
        if not character.isprintable():
            raise FormulaError(f"a text cannot contain {named(character)}", text, (place, place + 1))
    return Fixed(inside, span)


# the nodes that stand for no wire, and what becomes of them
_SETTINGS: dict[str, Callable[[str, Builder, list[Item], Span], Item]] = {
    "keyword": _keyword,
    "slice": _slice,
    "missing": lambda _, __, ___, span: Fixed(None, span),
    "ellipsis": lambda _, __, ___, span: Fixed(..., span),
    "text": lambda text, _, __, span: _quoted(text, span),
    "array": lambda text, _, items, span: listed(text, items, span, bare=False),
    "tuple": lambda text, _, items, span: listed(text, items, span, bare=True),
}


def _index(text: str, builder: Builder, items: list[Item], span: Span) -> tuple[tuple[int, ...], tuple[Static, ...]]:
    """The wires and the key of ``x[i, 0, 1:3]``: what is fixed stands in the key, what is not is a wire."""
    base = wire(text, builder, items[0])
    inputs, key = [base], []
    for item in items[1:]:
        value = number_of(builder, item) if isinstance(item, int) else None
        if isinstance(item, Fixed) and not isinstance(item.value, (Param, str)):
            key.append(item.value)
        elif isinstance(value, float):
            if value != value // 1 or abs(value) > 2.0**53:
                raise FormulaError(f"an index is a whole number, not {value!r}", text, span)
            key.append(int(value))
        else:
            source = wire(text, builder, item)
            if builder.gates[source].op.gradients in ((None, None), (None,)):
                raise FormulaError(
                    "a condition is no index", text, builder.gates[source].span,
                    hint="write where(condition, a, b): a wire's shape cannot depend on values",
                )  # fmt: skip
            key.append(Entry(len(inputs) - 1))
            inputs.append(source)
    if key.count(...) > 1:
        raise FormulaError("an index has at most one ...", text, span)
    return tuple(inputs), (tuple(key),)


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
    exponent = builder.const(number(digits.lstrip("-"), text, span), span)
    return builder.add(ROWS["neg"], (exponent,), span) if digits[0] == "-" else exponent


def closed(text: str, builder: Builder, owner: str) -> Resolve:
    """Looks names up among the builder's inputs and the constants, and nowhere else."""

    def resolve(name: str, span: Span) -> Item:
        known = builder.names.get(name)
        if known is not None:
            return known
        value = constant(name, text, span)
        if value is None:
            inputs = ", ".join(map(shown, builder.names))
            raise FormulaError(
                f"{named(name)} is not an input of {owner}", text, span,
                hint=f"a gate sees only its inputs ({inputs}): add {shown(name)} to them",
            )  # fmt: skip
        return builder.const(value, span)

    return resolve


def _compare(text: str, builder: Builder, stack: list[Item], operators: list[Row], count: int, span: Span) -> None:
    """``a < b < c`` means both: each neighbouring pair is compared, joined by ``and``."""
    operands = [wire(text, builder, item) for item in stack[-count - 1 :]]
    used = operators[-count:]
    del stack[-count - 1 :], operators[-count:]
    whole = builder.add(used[0], (operands[0], operands[1]), span)
    for position in range(1, count):
        pair = builder.add(used[position], (operands[position], operands[position + 1]), span)
        whole = builder.add(_AND, (whole, pair), span)
    stack.append(whole)
