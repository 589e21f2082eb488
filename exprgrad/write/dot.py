"""A circuit in Graphviz's DOT: nodes with their values and gradients, edges with their local gradients."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from exprgrad.style import Style
from exprgrad.write.drawing import Drawing
from exprgrad.write.palette import Palette, palettes

_SHAPES = {"input": "plain", "gate": "circle", "constant": "box"}


def write(drawing: Drawing, style: Style) -> Iterator[str]:
    """The lines of a digraph from left to right; the output stands in a double circle."""
    return map(style.markup, _graph(drawing, palettes(style)[0]))


def _graph(drawing: Drawing, page: Palette) -> Iterator[str]:
    yield "digraph circuit {"
    yield "  rankdir=LR;"
    yield f'  node [fontname="monospace", margin="0.05", color="{page.ink}"];'
    yield f'  edge [fontname="monospace", fontsize=10, color="{page.line}"];'
    for number, node in enumerate(drawing.nodes):
        named = escape(node.name + " = " * bool(node.name and node.value)) + _font(page.value, node.value)
        label = _lines(escape(node.text), named, _font(page.gradient, node.gradient))
        output = ", peripheries=2" if number == drawing.output else ""
        yield f"  n{number} [shape={_SHAPES[node.kind]}{output}, label=<{label}>, tooltip={_quoted(node.title)}];"
    for edge in drawing.edges:
        label = _lines(_font(page.local, edge.local), _font(page.gradient, edge.share))
        yield f"  n{edge.source} -> n{edge.target}{f' [label=<{label}>]' if label else ''};"
    yield "}"


def _lines(*lines: str) -> str:
    """Lines in an HTML-like label."""
    return "<br/>".join(filter(None, lines))


def _font(colour: str, text: str) -> str:
    return f'<font color="{colour}">{escape(text)}</font>' if text else ""


def _quoted(text: str) -> str:
    """A text in quotes, without Graphviz's escapes and entities in it."""
    plain = text.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'
