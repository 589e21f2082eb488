"""What an expression may be before it is a wire: a list, a setting, a keyword, or the wire itself.

``concatenate([x, y])`` needs no array of x and y, and ``sum(x, axis=-1)`` no wire for the axis, so
lower.py keeps these as they are until somebody wants a wire.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from exprgrad.circuit import Builder, Gate, Literal
from exprgrad.errors import FormulaError, Span, shown
from exprgrad.gates import CONST, ROWS, Entry, Param, Slice, Static
from exprgrad.shapes import MAX_AXES, extent_of
from exprgrad.values import dims


class Fixed(NamedTuple):
    """A setting: a text, a slice, ``None`` or a row's Param."""

    value: Static
    span: Span


class Listed(NamedTuple):
    """``[a, b]``, or ``(a, b)`` where ``bare``; ``depth`` counts the brackets inside each other."""

    items: list[Item]
    span: Span
    bare: bool
    depth: int


class Keyword(NamedTuple):
    """``axis=0`` among the inputs of a gate."""

    name: str
    item: Item
    span: Span


Item = int | Fixed | Listed | Keyword


def listed(text: str, items: list[Item], span: Span, bare: bool) -> Listed:
    """A list; FormulaError for one that is too deep."""
    depth = 1 + max([item.depth for item in items if isinstance(item, Listed)], default=0)
    if depth > MAX_AXES:
        raise FormulaError(f"an array has at most {MAX_AXES} axes", text, span)
    return Listed(items, span, bare, depth)


def wire(text: str, builder: Builder, item: Item) -> int:
    """The wire of an item: a list of numbers becomes a constant, another one the gate ``stack``."""
    if isinstance(item, int):
        return item
    if isinstance(item, Listed):
        if item.bare:
            raise FormulaError(
                "a comma separates the inputs of a function, and this is not inside one", text, item.span,
                hint="write a decimal point as . , separate statements with ; and put arrays into [ ]",
            )  # fmt: skip
        value = _literal(text, builder, item)
        if value is not None:
            return builder.const(value, item.span)
        sources = tuple([wire(text, builder, part) for part in item.items])
        return builder.add(ROWS["stack"], sources, item.span, (0,))
    if isinstance(item, Fixed) and isinstance(item.value, Param):
        return builder.const(item.value)
    if isinstance(item, Fixed) and isinstance(item.value, str):
        raise FormulaError("a formula cannot contain text", text, item.span, hint="only einsum takes a text")
    raise FormulaError("this stands for no value", text, item.span)


def static(text: str, builder: Builder, item: Item, what: str, span: Span) -> Static:
    """The setting that an item stands for; FormulaError unless it is one, or a list of them."""
    if isinstance(item, Fixed):
        return key(text, item) if what == "key" and isinstance(item.value, str) else item.value
    if isinstance(item, Listed):
        return tuple([static(text, builder, part, what, span) for part in item.items])
    value = number_of(builder, item) if isinstance(item, int) else None
    if not isinstance(value, float) or value != value // 1 or abs(value) > 2.0**53:
        found = builder.gates[item].span if isinstance(item, int) else span
        raise FormulaError(
            f"{what} must be a whole number", text, found or span, hint="it is fixed in the formula, and no wire"
        )
    return int(value)


def key(text: str, item: Fixed) -> Static:
    """The key of an index that is written as a text: ``'0, 1:3, ..., None, *'``, a star for each wire."""
    words: dict[str, Static] = {"...": ..., "None": None}
    found: list[Static] = []
    for word in [part.strip() for part in str(item.value).split(",") if part.strip()]:
        bounds = [None if not bound.strip() else bound for bound in word.split(":")]
        if word == "*":
            found.append(Entry(sum(isinstance(one, Entry) for one in found)))
        elif word in words:
            found.append(words[word])
        elif len(bounds) <= 3 and all(bound is None or re.fullmatch(" *-?[0-9]{1,15} *", bound) for bound in bounds):
            numbers = [None if bound is None else int(bound) for bound in bounds]
            found.append(numbers[0] if len(numbers) == 1 else Slice(*[*numbers, None][:3]))
        else:
            raise FormulaError(f"{shown(word)} is no entry of a key", text, item.span)
    return tuple(found)


def number_of(builder: Builder, wire: int) -> Literal | Param | None:
    """The value of a constant's wire; ``-1``, a gate of its own until now, is made one."""
    op, inputs, span, name, _, _ = builder.gates[wire]
    if op is ROWS["neg"] and name is None:
        inside = builder.constants.get(inputs[0])
        if isinstance(inside, float):  # nobody else reads it, or it would have a name
            builder.gates[wire] = Gate(CONST, (), span, None, -inside)
            builder.constants[wire] = -inside
    return builder.constants.get(wire)


def _literal(text: str, builder: Builder, item: Listed) -> Literal | None:
    """The value of a list of numbers and of such lists, None for any other."""
    found: list[Literal | Param | None] = []
    for part in item.items:
        if isinstance(part, Listed) and not part.bare:
            found.append(_literal(text, builder, part))
        else:
            found.append(number_of(builder, part) if isinstance(part, int) else None)
    values = [value for value in found if value is not None and not isinstance(value, Param)]
    if len(values) < len(found):
        return None
    for value, part in zip(values, item.items, strict=True):
        if extent_of(value) != extent_of(values[0]):
            raise ragged(text, item, part, extent_of(values[0]), extent_of(value))
    return tuple(values)


def ragged(text: str, whole: Listed, part: Item, first: tuple[int, ...], other: tuple[int, ...]) -> FormulaError:
    """The error for an array whose parts differ."""
    first_ = whole.items[0]
    spans = [item.span for item in (first_, part) if isinstance(item, Listed)]
    return FormulaError(
        f"the parts of this array have different shapes: {dims(first)} and {dims(other)}",
        text, spans[-1] if spans else whole.span,
        hint=f"every row has as many elements as the first: {shown(text[slice(*whole.span)])}",
        others=spans[:-1],
    )  # fmt: skip
