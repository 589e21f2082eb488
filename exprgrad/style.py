"""How people want to see numbers and pictures: digits, colours, plain ASCII, large arrays whole."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from exprgrad.errors import UsageError, nearest, shown
from exprgrad.values import Value, digits, is_finite, shape

COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")  # of terminals and of SVG
PARTS = ("value", "gradient", "local")
_MOST = 17  # digits that tell every float64 from its neighbours
_BARS = "·▁▂▃▄▅▆▇█"
# characters of ours and the like ones in ASCII; what else is outside of it is the user's
_ALIKE = str.maketrans("╭╮╰╯└├┤┬┴┼─━╶╴│…↳→↑↓×·−∂≈▁▂▃▄▅▆▇█", "++++++++++----|~>>^vx*-d~12345678")


class Style(NamedTuple):
    """How a reading for people looks.

    ``full`` shows large arrays whole; ``digits`` is how many significant digits numbers are rounded to,
    None for all that it takes to read the same float64 back; ``ascii`` is for terminals and files without
    other characters.  The others are colours: one of COLOURS, or ``#`` and hexadecimal digits; an empty one
    is the text's own.
    """

    full: bool = False
    digits: int | None = None
    ascii: bool = False
    value: str = "green"  # these two are the colours of the lecture notes' circuits
    gradient: str = "red"
    local: str = ""

    def number(self, value: Value) -> str:
        """A number, or a short array, as people read it."""
        if self.digits is None:
            return digits(value)
        if isinstance(value, float):
            text = f"{value:.{self.digits - 1}e}"
            rounded = float(text)
            return digits(rounded) if is_finite(rounded) else text  # 1.8e308 is rounded up, and is no infinity
        import numpy as np

        if value.size == 0 or not value.size < 100:
            return digits(value)
        every = [float(f"{one:.{self.digits - 1}e}") for one in value.ravel().tolist()]
        return digits(np.array(every).reshape(shape(value)))

    @property
    def bars(self) -> str:
        """Nothing, and the eight heights of a bar."""
        return ".12345678" if self.ascii else _BARS

    def exact(self, to: str) -> None:
        """Raises UsageError if numbers are to be rounded in a format that has all their digits."""
        if self.digits is not None:
            raise UsageError(f"--digits rounds what people read, and {to} has all digits", hint="leave one of them out")

    def text(self, line: str) -> str:
        """A line as it may be printed."""
        if not self.ascii or line.isascii():
            return line
        return line.translate(_ALIKE).encode("ascii", "backslashreplace").decode()

    def cells(self, row: Iterable[str]) -> list[str]:
        """Cells as they may be printed, for a table to be laid out: an escape is wider than its character."""
        return [self.text(cell) for cell in row]

    def markup(self, line: str) -> str:
        """A line of XML, or of what has its references to characters, as it may be written."""
        return line.encode("ascii", "xmlcharrefreplace").decode() if self.ascii else line


PLAIN = Style()


def style(full: bool, digits: str | None, ascii_: bool, colours: str | None) -> Style:
    """The style that the command line asks for.  Raises UsageError."""
    found = Style(full=full, ascii=ascii_)
    if digits is not None:
        if not re.fullmatch("[0-9]{1,2}", digits) or not 1 <= int(digits) <= _MOST:
            raise UsageError(
                f"--digits {shown(digits)} is no number of digits", hint=f"a whole number from 1 to {_MOST}"
            )
        found = found._replace(digits=int(digits))
    for choice in (colours or "").split(",") if colours is not None else ():
        part, equals, colour = map(str.strip, choice.partition("="))
        if part not in PARTS or not equals:
            like = nearest(part, list(PARTS))
            raise UsageError(
                f"--colors: '{shown(choice, 30)}' is not a part and its colour",
                hint=f"did you mean {like}=…?" if like and like != part else "such as value=blue,gradient=#c00",
            )
        if colour not in COLOURS and not re.fullmatch("#([0-9a-fA-F]{3}){1,2}", colour):
            raise UsageError(
                f"--colors: '{shown(colour, 30)}' is no colour", hint=f"{', '.join(COLOURS)}, or #c00 or #cc0000"
            )
        found = Style(**{**found._asdict(), part: colour})
    return found
