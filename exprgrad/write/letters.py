r"""Names as LaTeX writes variables: Greek letters, accents, subscripts, words upright.

What no font of pdflatex's own has is written as its code point.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from exprgrad.errors import shown

_LONG = 30  # characters of a name
_SMALL = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho varsigma sigma tau upsilon phi"
    " chi psi omega"
)
_CAPITAL = "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
_GREEK = dict(zip("αβγδεζηθικλμνξπρςστυφχψωΓΔΘΛΞΠΣΥΦΨΩ", f"{_SMALL} {_CAPITAL}".split(), strict=True))
_LATIN = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΧο", "ABEZHIKMNOPTXo", strict=True))  # Greek letters that look like these
_OTHERS = {
    **{letter: rf"\{name}" for letter, name in _GREEK.items()}, **_LATIN, "_": r"\_", "…": r"\ldots", "ℓ": r"\ell",
    "ß": r"\text{\ss}", "ø": r"\text{\o}", "Ø": r"\text{\O}", "æ": r"\text{\ae}", "Æ": r"\text{\AE}",
    "œ": r"\text{\oe}", "Œ": r"\text{\OE}", "ł": r"\text{\l}", "Ł": r"\text{\L}", "ı": r"\imath", "ȷ": r"\jmath",
}  # fmt: skip
_ACCENTS = {
    "\u0300": "grave", "\u0301": "acute", "\u0302": "hat", "\u0303": "tilde", "\u0304": "bar", "\u0306": "breve",
    "\u0307": "dot", "\u0308": "ddot", "\u030a": "mathring", "\u030c": "check",
}  # fmt: skip
_CLUSTER = re.compile(r"[^\u0300-\u036f][\u0300-\u036f]*")  # a letter with its accents
_TEXT = {
    **{character: rf"\{character}" for character in "#$%&_{}"}, "\\": r"\textbackslash{}", "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
}  # fmt: skip


def symbols(names: Sequence[str]) -> list[str]:
    """A symbol for each name; names that are different have different ones."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in dict.fromkeys(names):
        text = symbol(name)
        if text in taken:
            text = upright(name)
        number = 2
        while text in taken:
            text, number = f"{{{upright(name)}^{{({number})}}}}", number + 1
        taken.add(text)
        found[name] = text
    return [found[name] for name in names]


def symbol(name: str) -> str:
    r"""``x_{0}`` for x0, ``\sigma`` for sigma and σ, ``\mathrm{loss}`` for loss, ``x_{\mathrm{max}}`` for x_max."""
    short = unicodedata.normalize("NFKD", shown(name, _LONG))
    found = re.fullmatch(r"([^\W\d_][^\d_]*)(?:_?([0-9]+)|_([^_]+))", short)
    if found is None:
        return _word(short)
    base, number, word = found.groups()
    return f"{_word(base)}_{{{number or _word(word)}}}"


def upright(text: str) -> str:
    """A text in upright letters, whatever it means."""
    return rf"\mathrm{{{spelled(text)}}}"


def spelled(text: str) -> str:
    """The letters of a text in a formula."""
    return "".join(map(_accented, _CLUSTER.findall(unicodedata.normalize("NFKD", shown(text, _LONG)))))


def escaped(text: str) -> str:
    """A text outside of formulas."""
    return "".join([_TEXT.get(one, one) if one.isascii() else f"${_accented(one)}$" for one in text])


def _word(text: str) -> str:
    """A letter, a Greek letter's name, or a word."""
    clusters = _CLUSTER.findall(text)
    if text in _GREEK.values():
        return rf"\{text}"
    return _accented(clusters[0]) if len(clusters) == 1 else upright(text)


def _accented(cluster: str) -> str:
    """A letter with its accents."""
    letter, accents = cluster[0], cluster[1:]
    text = letter if letter.isascii() and letter.isalnum() else _OTHERS.get(letter) or _point(letter)
    if text[0] == "\\" and text[-1] != "}" and text != r"\_":
        text = f"{{{text}}}"
    for accent in accents:
        text = rf"\{_ACCENTS[accent]}{{{text}}}" if accent in _ACCENTS else text + _point(accent)
    return text


def _point(character: str) -> str:
    """A code point: ``U+65E5``."""
    return rf"\mathrm{{U{{+}}{ord(character):04X}}}"
