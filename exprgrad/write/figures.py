"""Numbers in equations: rounded for people, large arrays by their shape, ``≈`` beside what is rounded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from exprgrad.style import Style
from exprgrad.values import Value, dims, elements, shape
from exprgrad.write.notation import Notation, Written

_SMALL = 12  # elements up to which an array is shown whole
_ROUGH = 6  # digits, unless others are asked for


class Equation(NamedTuple):
    """``v1 = x + y = -2 + 5 = 3``: the sides, and what stands before each but the first."""

    sides: list[str]
    relations: list[str]

    def __str__(self) -> str:
        more = [f" {relation} {side}" for relation, side in zip(self.relations, self.sides[1:], strict=True)]
        return "".join([self.sides[0], *more])


class Figures:
    """How values are written in a notation; with six digits unless the style asks for others."""

    def __init__(self, notation: Notation, style: Style) -> None:
        self.notation = notation
        self.style = style if style.digits else style._replace(digits=_ROUGH)

    def number(self, value: Value) -> Written:
        """A value, of a large array the shape."""
        if not self._is_whole(value):
            return Written(self.notation.shape(dims(shape(value))))
        return self.notation.number(value, self.style)

    def rounds(self, value: Value) -> bool:
        """Whether a value is shown, and not to the last digit."""
        if not self._is_whole(value):
            return False
        return any(one == one and float(self.style.number(one)) != one for _, one in elements(value))

    def _is_whole(self, value: Value) -> bool:
        return isinstance(value, float) or value.size <= _SMALL or self.style.full

    def chain(self, sides: Sequence[str], numbers: tuple[str, bool] | None, value: Value) -> Equation:
        """The sides in symbols, that with numbers put in, and the value, each once."""
        relations = ["="] * (len(sides) - 1)
        close = False
        sides = list(sides)
        if numbers is not None and numbers[0] != sides[-1]:
            close = numbers[1]
            sides.append(numbers[0])
            relations.append("≈" if close else "=")
        text = self.number(value).text
        if text != sides[-1]:
            sides.append(text)
            relations.append("≈" if close or self.rounds(value) else "=")
        return Equation(sides, [self.notation.relations.get(one, one) for one in relations])
