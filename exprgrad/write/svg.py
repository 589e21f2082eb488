"""A circuit as an SVG picture that is complete in itself, for light and for dark pages.

Inputs stand on the left, gates are circles.  Above a wire is its value, below it its gradient, and where it
enters a gate its local gradient.  Where a wire forks, the share that a use adds to its gradient is below it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from exprgrad.circuit import Circuit
from exprgrad.errors import UsageError
from exprgrad.run import Run
from exprgrad.style import PLAIN, Style
from exprgrad.write.drawing import Drawing, Edge, drawing
from exprgrad.write.layout import ARROW, BOX, INDENT, LARGE, MIDDLE, SMALL, Layout, Place, box_width, layout
from exprgrad.write.palette import Palette, palettes

MOST = 300  # nodes in one picture
_ABOVE, _BELOW = -5, 14  # where values and gradients stand beside their wire's height
_LOCAL, _SHARE = -4, 11  # and local gradients and shares
FONTS = "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
_FIXED = (
    f".exprgrad text{{font-family:{FONTS};font-size:{MIDDLE}px}}"
    f".exprgrad .symbol,.exprgrad .name{{font-size:{LARGE}px}}"
    f".exprgrad .local,.exprgrad .share{{font-size:{SMALL}px}}"
    ".exprgrad .middle{text-anchor:middle}.exprgrad .end{text-anchor:end}"
    ".exprgrad .wire,.exprgrad rect{fill:none;stroke-width:1.4}"
)


def write(found: Drawing, style: Style) -> Iterator[str]:
    """The picture's lines.  Raises UsageError for a circuit that is too large to be looked at."""
    light, dark = palettes(style)
    rules = f"{colours(light)}@media (prefers-color-scheme:dark){{{colours(dark)}}}"
    return map(style.markup, picture(found, rules))


def to_svg(circuit: Circuit, run: Run | None = None, style: Style = PLAIN) -> str:
    """The picture of a circuit, with the numbers of a run if there is one."""
    return "\n".join(write(drawing(circuit, run, style), style))


def picture(found: Drawing, rules: str) -> Iterator[str]:
    """The picture's lines, coloured by these rules of CSS.  Raises UsageError if they are too many."""
    if len(found.nodes) > MOST:
        raise UsageError(
            f"a picture of {len(found.nodes):,} gates, inputs and constants is too large to be looked at",
            hint=f"up to {MOST} are drawn; --of NAME draws what leads to the wire NAME,\n"
            "--to tree shows the end of the circuit, --to dot and mermaid write all of it",
        )
    return _picture(found, layout(found), rules)


def _picture(circuit: Drawing, found: Layout, rules: str) -> Iterator[str]:
    width, height = found.width, found.height
    title = f"The circuit of {circuit.title}" if circuit.title else "A circuit"
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="exprgrad" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-label={quoteattr(title)}>'
    )
    yield f"<title>{escape(title)}</title>"
    yield f"<style>{_FIXED}{rules}</style>"
    for number in found.places:
        yield from _wire(found, number)
    reads = circuit.reads()
    for number, place in found.places.items():
        yield from filter(None, _node(circuit, number, place, reads.get(number, [])))
    output = found.places[circuit.output]
    yield f'<path class="arrow" d="M{_at(output.right + ARROW)} {_at(output.y)}l-{ARROW}-4v8z"/>'
    yield "</svg>"


def _wire(found: Layout, number: int) -> Iterator[str]:
    """A node's wire in one path, with a dot where it forks."""
    place = found.places[number]
    path = f"M{_at(place.x + place.width / 2)} {_at(place.y)}H{_at(place.right)}"
    for bend in found.wires[number]:
        middle = (bend.x + bend.to_x) / 2
        points = ((bend.x, bend.y), (middle, bend.y), (middle, bend.to_y), (bend.to_x, bend.to_y))
        start, *curve = [f"{_at(x)} {_at(y)}" for x, y in points]
        path += f"M{start}C{' '.join(curve)}H{_at(bend.end)}"
    yield f'<path class="wire" d="{path}"/>'
    for (x, y), count in Counter([bend[:2] for bend in found.wires[number]]).items():
        if count > 1:
            yield f'<circle class="fork" cx="{_at(x)}" cy="{_at(y)}" r="2.5"/>'


def _node(circuit: Drawing, number: int, place: Place, edges: list[Edge]) -> Iterator[str]:
    """A node with all that stands around it."""
    node = circuit.nodes[number]
    left, right = place.x - place.width / 2, place.x + place.width / 2
    yield f'<g class="{node.kind}"><title>{escape(node.title)}</title>'
    if node.kind == "gate":
        corner = min(place.width, place.height) / 2
        yield _rect("body", left, place.y - place.height / 2, place.width, place.height, corner)
        yield _text("symbol middle", place.x, place.y + 5, node.text)
    else:
        yield _text("name end", right - INDENT, place.y + 5, node.text)
    yield _text("value", right + INDENT, place.y + _ABOVE, node.value, node.name)
    yield _text("gradient", right + INDENT, place.y + _BELOW, node.gradient)
    for edge, y in zip(edges, place.ports, strict=True):
        source = circuit.nodes[edge.source]
        if source.kind == "constant":
            width = box_width(source.text)
            x = left - INDENT - width
            yield _rect("box", x, y - BOX, width, 2 * BOX)
            yield _text("constant middle", x + width / 2, y + 4, source.text)
            yield f'<path class="wire" d="M{_at(left - INDENT)} {_at(y)}H{_at(place.border(y))}"/>'
        yield _text("local end", left - INDENT, y + _LOCAL, edge.local)
        yield _text("share end", left - INDENT, y + _SHARE, edge.share)
    yield "</g>"


def _rect(kind: str, x: float, y: float, width: float, height: float, corner: float = 0) -> str:
    size = f'x="{_at(x)}" y="{_at(y)}" width="{_at(width)}" height="{_at(height)}"'
    return f'<rect class="{kind}" {size} rx="{_at(corner)}"/>'


def _text(kind: str, x: float, y: float, text: str, name: str = "") -> str:
    """A text, and before it the name of what it is the value of; nothing for nothing."""
    called = f"<tspan>{escape(name)}{' = ' if text else ''}</tspan>" if name else ""
    return f'<text class="{kind}" x="{_at(x)}" y="{_at(y)}">{called}{escape(text)}</text>' if text or name else ""


def _at(number: float) -> str:
    """A coordinate to a tenth of a pixel."""
    return f"{number:.1f}".removesuffix(".0")


def colours(palette: Palette) -> str:
    """The rules that colour a picture."""
    return (
        f".exprgrad text,.exprgrad tspan{{fill:{palette.ink}}}"
        f".exprgrad rect{{stroke:{palette.ink}}}"
        f".exprgrad .wire,.exprgrad .box{{stroke:{palette.line}}}"
        f".exprgrad .fork,.exprgrad .arrow{{fill:{palette.line}}}"
        f".exprgrad .local{{fill:{palette.local}}}"
        f".exprgrad .value{{fill:{palette.value}}}"
        f".exprgrad .gradient,.exprgrad .share{{fill:{palette.gradient}}}"
    )
