"""A circuit as a Mermaid flowchart, which GitHub and others draw in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from exprgrad.style import Style
from exprgrad.write.drawing import Drawing

_SHAPES = {"input": ("([", "])"), "gate": ("((", "))"), "constant": ("[", "]")}
_OUTPUT = "(((", ")))"
_SIGNS = re.compile(r"[!-'*+;<>-@\[-`{-~-]")  # what might be Mermaid's, Markdown's or HTML's
_BEYOND = re.compile(r"[^\x00-\x7f]")


def write(drawing: Drawing, style: Style) -> Iterator[str]:
    """The lines of a flowchart from left to right; the output stands in a double circle."""
    lines = _chart(drawing)
    return (_BEYOND.sub(_entity, line) for line in lines) if style.ascii else lines


def _chart(drawing: Drawing) -> Iterator[str]:
    yield "flowchart LR"
    for number, node in enumerate(drawing.nodes):
        opening, closing = _OUTPUT if number == drawing.output and node.kind == "gate" else _SHAPES[node.kind]
        value = node.above if node.name else _said("value", node.value)
        label = _lines(node.text, value, _said("gradient", node.gradient))
        yield f"  n{number}{opening}{label}{closing}"
    for edge in drawing.edges:
        label = _lines(_said("local", edge.local), _said("share", edge.share))
        yield f"  n{edge.source} -->{label and f'|{label}|'} n{edge.target}"


def _said(what: str, fact: str) -> str:
    return f"{what} {fact}" if fact else ""


def _lines(*lines: str) -> str:
    """Lines as one quoted text, nothing for none."""
    text = "<br/>".join([_SIGNS.sub(_entity, line) for line in lines if line])
    return f'"{text}"' if text else ""


def _entity(found: re.Match[str]) -> str:
    """A character in Mermaid's spelling: ``#43;``."""
    return f"#{ord(found[0])};"
