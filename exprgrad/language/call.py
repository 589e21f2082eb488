"""A call → its gate: the row that its name and its inputs mean, its wires and its settings."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from exprgrad.alike import meant
from exprgrad.circuit import Builder
from exprgrad.errors import FormulaError, Span, named, shown
from exprgrad.gates import GATES, Row, Static
from exprgrad.language.items import Fixed, Item, Keyword, Listed, static, wire
from exprgrad.language.parse import Node
from exprgrad.language.syntax import DERIVATIVE

Call = tuple[Row, tuple[int, ...], tuple[Static, ...]]

_DERIVATIVES = {"der", "deriv", "derivative", "diff", "grad", "gradient"}  # functions elsewhere


def function_name(text: str, node: Node) -> str:
    """The name before the parenthesis of a call, without a prefix such as ``np.``."""
    return text[node.start : text.index("(", node.start)].strip().rpartition(".")[2]


def call(
    text: str, node: Node, items: list[Item], after: int, builder: Builder, definitions: Mapping[str, Row]
) -> Call:
    """The gate that a call means, its inputs with the defaults filled in, and its settings.

    ``after`` is where the first input ends, which in ``x.sum()`` stands before the name.
    """
    method = re.compile(r"\.(\w+)[ \t]*\(").search(text, after) if node.kind == "method" else None
    name = method[1] if method else function_name(text, node)
    rows: tuple[Row, ...] = ()
    if name in definitions:
        rows = (definitions[name],)
    elif name in GATES:
        rows = GATES[name]
    elif name.isascii() and name.istitle():  # computer algebra's Sin and Max
        rows = GATES.get(name.lower(), ())
    if not rows:
        raise _unknown(text, node, name, definitions)
    row = rows[0]  # most calls: as many wires as it has inputs
    if len(items) == len(row.inputs) and not (row.variadic or row.params) and all([type(one) is int for one in items]):
        return row, tuple([wire(text, builder, one) for one in items]), ()
    span = (node.start, node.stop)
    keywords = {item.name: item for item in items if isinstance(item, Keyword)}
    positional: list[Item] = [item for item in items if not isinstance(item, Keyword)]
    named_early = any(isinstance(item, Keyword) for item in items[: len(positional)])
    if named_early or len(keywords) + len(positional) < len(items):
        first = next(item for item in items if isinstance(item, Keyword))
        raise FormulaError("inputs with a name stand last, each once", text, first.span, hint="to compare write ==")
    if rows[0].name in ("max", "min") and len(positional) > 2 and not keywords:  # max(a, b, c) is max(max(a, b), c)
        nested, *others = [wire(text, builder, item) for item in positional]
        for second in others[:-1]:
            nested = builder.add(rows[0], (nested, second), span)
        return rows[0], (nested, others[-1]), ()
    wires = [item for item in positional if isinstance(item, int) and item not in builder.constants]
    for row in rows:
        slots = _fit(row, positional, keywords, wires)
        if slots is not None:
            inputs = [wire(text, builder, item) for item in slots[0]]
            filled = row.defaults[len(inputs) - len(row.inputs) + len(row.defaults) :] if row.defaults else ()
            params = [
                default if item is None else static(text, builder, item, key, span)
                for key, item, default in zip(row.params, slots[1], row.settings, strict=True)
            ]
            return row, (*inputs, *map(builder.const, filled)), tuple(params)
    raise _misfit(text, name, rows, positional, keywords, span)


def _fit(
    row: Row, positional: list[Item], keywords: Mapping[str, Keyword], wires: Collection[Item]
) -> tuple[list[Item], list[Item | None]] | None:
    """What stands for each input and for each setting (None: its default), or None if it does not fit.

    ``wires`` are the items that are no constants, and so no settings.
    """
    rest = list(positional)
    settings: dict[str, Item] = {}
    if row.params and rest and isinstance(rest[0], Fixed) and isinstance(rest[0].value, str):  # einsum's text
        settings[row.params[0]] = rest.pop(0)
    if row.variadic:
        first = rest[0] if rest and len(row.inputs) == 1 and not settings else None
        if isinstance(first, Listed) and not any(isinstance(item, Listed) or item in wires for item in rest[1:]):
            inputs, rest = list(first.items), rest[1:]  # stack([x, y])
        else:
            inputs, rest = rest, []
        if len(inputs) < len(row.inputs) - 1:
            return None
    else:
        inputs, rest = rest[: len(row.inputs)], rest[len(row.inputs) :]
        for name in row.inputs[len(inputs) :]:
            if name not in keywords:
                break
            inputs.append(keywords[name].item)
        if not len(row.inputs) - len(row.defaults) <= len(inputs) <= len(row.inputs):
            return None
    free = [name for name in row.params if name not in settings]
    if row.rest and rest and free:
        several = len(rest) > 1 or not isinstance(rest[0], (Listed, Fixed))
        settings[free[0]] = Listed(rest, (0, 0), bare=False, depth=1) if several else rest[0]
        rest = []
    if len(rest) > len(free):
        return None
    settings.update(zip(free, rest, strict=False))
    taken = {name for name in row.inputs[len(positional) : len(inputs)] if name in keywords}
    for name, keyword in keywords.items():
        if name in taken:
            continue
        if name not in row.params or name in settings:
            return None
        settings[name] = keyword.item
    return inputs, [settings.get(name) for name in row.params]


def _misfit(
    text: str, name: str, rows: tuple[Row, ...], positional: list[Item], keywords: Mapping[str, Keyword], span: Span
) -> FormulaError:
    """No row takes these inputs."""
    forms = " or ".join(f"{shown(name)}({', '.join((*row.inputs, *row.params))})" for row in rows)
    for keyword in keywords.values():
        known = {word for row in rows for word in (*row.params, *row.inputs)}
        if keyword.name not in known:
            return FormulaError(
                f"{shown(name)} has no input {named(keyword.name)}", text, keyword.span,
                hint=f"write {forms}; compare with ==",
            )  # fmt: skip
    takes = " or ".join(dict.fromkeys("any number of" if row.variadic else str(len(row.inputs)) for row in rows))
    plural = "" if takes == "1" else "s"
    return FormulaError(
        f"{shown(name)} takes {takes} input{plural}, not {len(positional)}", text, span, hint=f"write {forms}"
    )


def _unknown(text: str, node: Node, name: str, definitions: Mapping[str, Row]) -> FormulaError:
    """No gate has this name: a typo, or a product that needs its sign."""
    like = meant(name, [*definitions, *GATES])
    place = node.start if node.kind == "call" else text.index(f".{name}", node.start) + 1
    inside = text[text.index("(", place) : node.stop]
    hints = [like] if like else []
    if name in ("array", "asarray", "tensor"):
        hints = ["an array is written [1, 2] without a function"]
    elif name.lower() in _DERIVATIVES:
        hints = [DERIVATIVE]
    elif node.kind == "call" and node.children == 1 and (not like or len(name) <= 2):
        hints.append(f"for a product write {shown(name)}*{shown(inside)}")
    hints.append("exprgrad --gates lists the functions")
    span = (place, place + len(text[place : text.index("(", place)].rstrip()))
    return FormulaError(f"{named(name)} is not a function", text, span, hint="\n".join(hints))
