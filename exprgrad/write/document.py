r"""LaTeX documents that compile as they stand, of equations that TeX breaks at their signs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from exprgrad.write.letters import escaped
from exprgrad.write.notation import Math, Sentence

_PREAMBLE = r"""\documentclass{article}
\usepackage{amsmath}
\setlength{\parindent}{0pt}
\setlength{\lineskip}{4pt}
\setlength{\lineskiplimit}{4pt}
\mathchardef\comma\mathcode`\,
{\catcode`,=\active \gdef,{\comma\discretionary{}{}{}}}  % TeX may break an equation behind a comma
\mathcode`\,="8000
\newcommand{\eq}[2][0em]{\par\hangindent=\dimexpr #1+3em\relax\hangafter=1\hspace*{#1}$\displaystyle #2$}
\begin{document}
\raggedright
"""


def document(body: Iterable[str]) -> Iterator[str]:
    """A document with this body."""
    yield from _PREAMBLE.splitlines()
    yield from body
    yield r"\end{document}"


def section(title: str) -> str:
    """A heading."""
    return rf"\section*{{{escaped(title)}}}"


def sentence(words: Sentence) -> str:
    """A paragraph of words and expressions."""
    return rf"\par {_said(words)}"


def equation(text: str, remark: Sentence, *, indent: bool = False) -> str:
    """A paragraph with an equation and a remark."""
    said = rf"\quad \emph{{{_said(remark)}}}" if remark else ""
    return rf"\eq{'[2em]' if indent else ''}{{{text}}}{said}\par"


def _said(words: Sentence) -> str:
    return "".join([f"${piece}$" if isinstance(piece, Math) else escaped(piece) for piece in words])
