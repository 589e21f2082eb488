"""Names that look alike: which one is meant, and how two that look the same are told apart, by code point.

Names are compared as they are written.  Two of them look the same if they are equal once Unicode's forms of
one character are one (NFKC), marks that nobody sees are gone, and letters of other alphabets that are drawn
like a Latin or a Greek one are that one.  Those letters are from Unicode's table of confusable characters
(UTS #39, confusables.txt), as far as they are in names and drawn alike in most fonts.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterable

from exprgrad.errors import Report, nearest, shown

_DRAWN = {
    "A": "АΑ", "B": "ВΒ", "C": "С", "E": "ЕΕ", "F": "Ϝ", "G": "Ԍ", "H": "НΗ", "I": "ІΙӀ", "J": "ЈͿ", "K": "КΚ",
    "M": "МΜϺ", "N": "Ν", "O": "ОΟՕ", "P": "РΡ", "S": "ЅՏ", "T": "ТΤ", "V": "Ѵ", "W": "Ԝ", "X": "ХΧ", "Y": "ҮΥ",
    "Z": "Ζ", "a": "аɑ", "c": "с", "d": "ԁ", "e": "е", "g": "ɡց", "h": "һհ", "i": "і", "j": "јϳ", "n": "ո", "o": "оοօ",
    "p": "р", "q": "ԛ", "s": "ѕ", "u": "ս", "v": "ѵ", "w": "ԝ", "x": "х", "y": "у",
    "Γ": "Г", "Π": "П", "Φ": "Ф", "Ψ": "Ѱ", "φ": "ɸ", "ψ": "ѱ",
}  # fmt: skip
_LETTERS = str.maketrans({other: letter for letter, others in _DRAWN.items() for other in others})
_POINTS = 2  # characters that are told of one name


def skeleton(name: str) -> str:
    """What a name looks like: the same for names that look the same."""
    if name.isascii():
        return name
    drawn = "".join([one for one in unicodedata.normalize("NFKC", name) if not unseen(one)]).translate(_LETTERS)
    return unicodedata.normalize("NFC", drawn)


def unseen(character: str) -> bool:
    """Whether a character of a name is not seen: a mark of formatting, a variant's selector, a filler."""
    return unicodedata.category(character) == "Cf" or any(
        [word in unicodedata.name(character, "") for word in ("FILLER", "VARIATION SELECTOR", "GRAPHEME JOINER")]
    )


def meant(word: str, words: Collection[str], before: str = "", tell: Callable[[str], str] = shown) -> str:
    """``did you mean x?``, with the code points if the two look the same; nothing if there is none like it."""
    twin = lookalike(word, words)
    like = twin or nearest(word, list(words))
    question = f"did you mean {before}{tell(like)}?" if like else ""
    return "\n".join([question, *apart(word, twin)]) if twin else question


def lookalike(word: str, words: Iterable[str]) -> str:
    """The first of these words that looks the same as another one and is not, or nothing."""
    look = skeleton(word)
    return next((other for other in words if other != word and skeleton(other) == look), "")


def apart(word: str, other: str) -> list[str]:
    """``'х' has U+0445 CYRILLIC SMALL LETTER HA``, for each of two names: what is not the same in them."""
    begin = _common(word, other)
    end = _common(word[begin:][::-1], other[begin:][::-1])
    return [f"'{shown(one, 30)}' has {_points(one[begin : len(one) - end])}" for one in (word, other)]


def pair(names: Iterable[str]) -> Report | None:
    """The note that two of these names look the same."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(skeleton(name), name)
        if other != name:
            message = f"'{shown(other, 30)}' and '{shown(name, 30)}' look alike, and are two names"
            return Report(message, hint="\n".join(apart(other, name)))
    return None


def _common(word: str, other: str) -> int:
    """How many characters two words begin with alike."""
    pairs = zip(word, other, strict=False)
    return next((at for at, (one, two) in enumerate(pairs) if one != two), min(len(word), len(other)))


def _points(text: str) -> str:
    """The code points and names of characters."""
    some = [f"U+{ord(one):04X} {unicodedata.name(one, '')}".rstrip() for one in text[:_POINTS]]
    return ", ".join([*some, *["…"] * (len(text) > _POINTS)]) or "nothing there"
