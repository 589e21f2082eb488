"""Identifiers of a target's language for the names of wires: checked, unique, and near to what they stand for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEPT = re.compile(r"_[A-Z_]")  # how the words begin that C, and Python, keep for themselves
_FREE = re.compile(r"(?<![\w.])[A-Za-z_]\w*")


class Names:
    """The identifiers given so far.

    ``taken`` are words that have a meaning already; with ``letters`` those outside ASCII are allowed, without
    ``case`` a and A are one.
    """

    def __init__(self, taken: Iterable[str], *, letters: bool = False, case: bool = True) -> None:
        self._letters = letters
        self._fold = str if case else str.lower
        self._taken = set(map(self._fold, taken))

    def new(self, wanted: str) -> str:
        """An identifier like this that nobody has."""
        found = identifier(wanted, self._letters)
        while self._fold(found) in self._taken:
            found += "_"
        self._taken.add(self._fold(found))
        return found

    def take(self, word: str) -> None:
        """A word that is not to be given to anybody."""
        self._taken.add(self._fold(word))


def identifier(name: str, letters: bool) -> str:
    """The name itself if it is an identifier, else one that is spelled like it: ``sigma`` for σ."""
    if _WORD.fullmatch(name) and not _KEPT.match(name):
        return name
    # Python reads an identifier in the form NFKC, JavaScript as it stands: only names that both read alike are kept
    if letters and name.isidentifier() and unicodedata.is_normalized("NFKC", name) and not _KEPT.match(name):
        return name
    spelled = "".join([one if _WORD.fullmatch(f"_{one}") else _spelled(one) for one in name])
    return spelled if _WORD.fullmatch(spelled) and not _KEPT.match(spelled) else f"v{spelled}"


def words(text: str) -> set[str]:
    """The identifiers in a piece of code that are no attributes."""
    return set(_FREE.findall(text))


def _spelled(letter: str) -> str:
    """A character outside ASCII in ASCII: a Greek letter's name, another one's code point."""
    kind = unicodedata.name(letter, "").split(" ")
    if letter in "[]":
        return ""
    if kind[0] == "GREEK" and "LETTER" in kind and "WITH" not in kind:
        return kind[-1].capitalize() if "CAPITAL" in kind else kind[-1].lower()
    return f"u{ord(letter):04x}"
