"""What went wrong, where, and what to do: one family of errors, rendered once.

Every error knows its exit status.  Text that came from the user is data: ``shown`` makes it safe
for a terminal, and nothing else in this package prints it unshown.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, NamedTuple

Span = tuple[int, int]

_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")  # printable, to Python, and nothing is seen
MARGIN = 60  # characters of user text in one line of a message


class Report(NamedTuple):
    """A message with its place: ``text[start:stop]`` of the formula, a label there and a remedy.

    ``others`` are further places, pointed at if they stand in the same line.
    """

    message: str
    text: str = ""
    span: Span | None = None
    label: str = ""
    hint: str = ""
    others: tuple[Span, ...] = ()

    def render(self, kind: str) -> str:
        """The message as people read it: kind and sentence, the line with a caret, the remedy."""
        lines = [f"{kind}: {self.message}"]
        if self.span is not None:
            lines += _pointer(self.text, self.span, self.label, self.others)
        if self.hint:
            lines += [f"  = {line}" for line in self.hint.splitlines()]
        return "\n".join(lines)


class ExprgradError(Exception):
    """Anything a user can set right.  ``code`` is the exit status, ``report`` what to tell them."""

    code: ClassVar[int] = 1

    def __init__(
        self,
        message: str,
        text: str = "",
        span: Span | None = None,
        label: str = "",
        hint: str = "",
        others: Iterable[Span] = (),
    ) -> None:
        super().__init__(message)
        self.report = Report(message, text, span, label, hint, tuple(others))

    def __str__(self) -> str:
        return self.report.render("error")


class UsageError(ExprgradError):
    """An option or a value of the command line."""

    code = 2


class FormulaError(ExprgradError):
    """The text of a formula: a character, its syntax, a function, a stated limit."""

    code = 3


class UnmetError(ExprgradError):
    """Something that was asked to hold does not: ``--strict``."""

    code = 5


class DataError(ExprgradError):
    """What a file of values holds: a cell that is no number, rows of different lengths."""

    code = 4


class DeliveryError(ExprgradError):
    """Reading or writing failed: a missing file, a full disk, a closed standard output."""

    code = 6


class CircuitError(ExprgradError):
    """A circuit that breaks its own rules: a bug of ours, or of whoever built it by hand."""


class GateError(Exception):
    """What a gate cannot do with these values: its wire, what is wrong, the remedy."""

    def __init__(self, wire: int, why: str, hint: str) -> None:
        super().__init__(why)
        self.wire = wire
        self.why = why
        self.hint = hint


def shown(text: str, limit: int = MARGIN) -> str:
    """The text made safe for a terminal, and its middle left out beyond ``limit`` characters."""
    if not (text.isprintable() and (text.isascii() or _FILLERS.isdisjoint(text))):
        text = "".join(map(_visible, text))
    if len(text) > limit:
        text = f"{text[: limit // 2]}…{text[len(text) - (limit - 1) // 2 :]}"
    return text


def harmless(data: bytes) -> bytes:
    """Text of the user's that a terminal may get whole: its tabs and line breaks stay, the rest is as ``shown``."""
    lines = data.decode("utf-8", "backslashreplace").split("\n")
    return "\n".join([line if line.isprintable() else _harmless(line) for line in lines]).encode()


def excerpt(text: str, span: Span, limit: int = MARGIN) -> str:
    """A piece of a text as ``shown``, without copying a long one."""
    start, stop = span
    if stop - start > 2 * limit:
        return shown(text[start : start + limit] + text[stop - limit : stop], limit)
    return shown(text[start:stop], limit)


def named(text: str) -> str:
    """The text in quotes, with the code points of its first characters outside ASCII behind."""
    points = " ".join([f"U+{ord(character):04X}" for character in text[:30] if not character.isascii()][:8])
    return f"'{shown(text, 30)}'" + (f" ({points})" if points else "")


def nearest(word: str, words: list[str]) -> str:
    """The word most like this one, or nothing: at least 3 characters, or the same but for case.

    The dashes of options are not what makes them alike.
    """
    from difflib import get_close_matches

    folded = {
        other.lower().lstrip("-"): other
        for other in reversed(words)
        if len(word) >= 3 <= len(other) or other.lower() == word.lower()
    }
    close = get_close_matches(word.lower().lstrip("-"), list(folded), n=1, cutoff=0.6)
    return folded[close[0]] if close else ""


def _harmless(line: str) -> str:
    """A line of text with what would steer a terminal as its escape."""
    end = "\r" if line.endswith("\r") else ""
    return "".join([one if one == "\t" else _visible(one) for one in line.removesuffix("\r")]) + end


def _visible(character: str) -> str:
    """A control, bidi, surrogate, private or unassigned character, or a filler, as its escape."""
    from unicodedata import category

    if category(character)[0] == "C" or category(character) in ("Zl", "Zp") or character in _FILLERS:
        point = ord(character)
        return f"\\x{point:02x}" if point < 256 else f"\\u{point:04x}" if point < 65536 else f"\\U{point:08x}"
    return character


def width(text: str) -> int:
    """The columns that shown text takes on a terminal."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def _pointer(text: str, span: Span, label: str, others: Iterable[Span] = ()) -> list[str]:
    """The line of the formula the span begins in, and carets under it; long lines are cut."""
    start, stop = span
    first = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    last = min([len(text)] + [at for at in (text.find("\n", start), text.find("\r", start)) if at >= 0])
    before_it = text[:first].replace("\r\n", "\n")
    number = str(before_it.count("\n") + before_it.count("\r") + 1)
    stop = min(max(stop, start + 1), max(last, start + 1))
    # a window of MARGIN characters in which the span begins not far from the left
    left = first if last - first <= MARGIN else max(first, min(start - MARGIN // 3, last - MARGIN))
    right = min(last, left + MARGIN)
    before = ("…" if left > first else "") + shown(text[left:start], 6 * MARGIN)
    inside = shown(text[start : min(stop, right)], 6 * MARGIN)
    after = shown(text[min(stop, right) : right], 6 * MARGIN) + ("…" if right < last else "")
    gutter = " " * len(number)
    caret = " " * width(before) + "^" * max(1, width(inside))
    for begin, end in others:
        if left <= begin and end <= right:
            at = width(("…" if left > first else "") + shown(text[left:begin], 6 * MARGIN))
            under = "^" * max(1, width(shown(text[begin:end], 6 * MARGIN)))
            caret = caret.ljust(at + len(under))
            caret = caret[:at] + under + caret[at + len(under) :]
    return [
        f"{gutter} │",
        f"{number} │ {before}{inside}{after}".rstrip(),
        f"{gutter} │ {caret} {label}".rstrip(),
    ]
