"""How expressions are written, with parentheses only where they are needed.

A notation says what a gate's text consists of, and how tightly that binds; ``expression`` puts texts
together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from exprgrad.circuit import Circuit, Gate
from exprgrad.errors import shown
from exprgrad.gates import INPUT, Row
from exprgrad.style import Style
from exprgrad.values import Value

# how tightly the operations bind, loosest first, after grammar/formula.lark; what begins with a minus is
# NEGATIVE where people put it in parentheses behind a plus
ANY, OR, AND, NOT, COMPARE, SUM, NEGATIVE, PRODUCT, SIGN, POWER, POSTFIX, ATOM = range(12)
_NAME = 30  # characters of one

# a text, or a wire with the level that it needs at least
Piece = str | tuple[int, int]
OPEN, CLOSE = "\0(", "\0)"  # among pieces, parentheses as high as what is between them


class Written(NamedTuple):
    """A text, and how tightly it is bound together."""

    text: str
    level: int = ATOM


class Math(str):
    """A piece of a sentence that is an expression."""

    __slots__ = ()


Sentence = list[str]  # words and Math
Known = Callable[[int], Written | None]  # the text of a wire that is not written out


class Notation:
    """A way to write circuits and gradients; this much is that of plain text."""

    parentheses = ("(", ")")
    tall = ("(", ")")  # around what is higher than a line
    high: Collection[str] = ()  # what makes a text higher
    relations: Mapping[str, str] = {}  # how =, ≈ and += are written
    product = "·"  # of an upstream and a local gradient
    dots = "…"
    total = "sum of "  # along the axes of a broadcast

    def parts(self, circuit: Circuit, wire: int) -> tuple[int, list[Piece]]:
        """A wire's level, and what its text consists of."""
        raise NotImplementedError

    def labels(self, circuit: Circuit) -> list[str]:
        """What the wires are called."""
        return list(map(self.symbol, circuit.labels()))

    def symbol(self, name: str) -> str:
        """A variable."""
        return shown(name, _NAME)

    def gradient(self, label: str) -> str:
        """The gradient of a wire."""
        return f"d[{label}]"

    def slope(self, of: str, by: str, place: str) -> str:
        """The local gradient of a gate by an input, of an input that it reads twice by the one in a place."""
        return f"∂{of}/∂{by}" + (f" by {place}" if place else "")

    def number(self, value: Value, style: Style) -> Written:
        """A number as people read it, an array in brackets."""
        text = style.number(value) if isinstance(value, float) else _brackets(value.tolist(), style)
        return Written(text, NEGATIVE if text[0] == "-" else ATOM)

    def shape(self, extent: str) -> str:
        """An array of which only the shape is told."""
        return f"({extent})"

    def within(self, written: Written, need: int) -> str:
        """A text where something is needed that is bound at least so tightly."""
        opening, closing = self.parentheses if written.level < need else ("", "")
        return f"{opening}{written.text}{closing}"


def expression(
    circuit: Circuit, wire: int, known: Known, notation: Notation, chosen: Mapping[int, int] | None = None
) -> Written:
    """A wire's expression, down to constants and the wires whose texts are ``known``.

    The wire itself is written out even if it has a text.  ``chosen`` has for wires those that stand
    in their place, such as a branch.
    """
    texts = _Texts(notation)
    waiting: list[Piece] = [(wire, ANY)]
    first: int | None = None
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            texts.add(item)
            continue
        at, need = item
        while chosen and at in chosen:
            at = chosen[at]
        text = None if at == wire else known(at)
        if text is None:
            level, parts = notation.parts(circuit, at)
        else:
            level, parts = text.level, [text.text]
        first = level if first is None else first
        waiting += [CLOSE, *reversed(parts), OPEN] if level < need else reversed(parts)
    return Written("".join(texts.pieces), ATOM if first is None else first)


class _Texts:
    """Pieces of text, and the parentheses among them that are still open."""

    def __init__(self, notation: Notation) -> None:
        self.notation = notation
        self.pieces: list[str] = []
        self.open: list[tuple[int, int]] = []
        self.highs = 0

    def add(self, piece: str) -> None:
        """One piece more; a closing parenthesis makes the one that it belongs to as high as itself."""
        notation = self.notation
        if piece == OPEN:
            self.open.append((len(self.pieces), self.highs))
            piece = notation.parentheses[0]
        elif piece == CLOSE:
            place, before = self.open.pop()
            pair = notation.tall if self.highs > before else notation.parentheses
            self.pieces[place], piece = pair
        self.highs += any([mark in piece for mark in notation.high])
        self.pieces.append(piece)


def is_short(circuit: Circuit, wire: int, known: Known, most: int, chosen: Mapping[int, int]) -> bool:
    """Whether a wire's expression consists of at most so many gates, those that it repeats counted each time."""
    waiting, count = [wire], 0
    while waiting and count <= most:
        at = waiting.pop()
        while at in chosen:
            at = chosen[at]
        if circuit.gates[at].inputs and (at == wire or known(at) is None):
            count += 1
            waiting += circuit.gates[at].inputs
    return count <= most


def called(row: Row) -> Circuit:
    """A gate over inputs with the names of its row's."""
    inputs = [Gate(INPUT, name=name) for name in row.inputs]
    return Circuit((*inputs, Gate(row, tuple(range(len(inputs))))), {}, len(inputs))


def _brackets(value: Any, style: Style) -> str:
    """An array's rows, as deep as it has axes."""
    if isinstance(value, list):
        return f"[{', '.join([_brackets(part, style) for part in value])}]"
    return style.number(float(value))
