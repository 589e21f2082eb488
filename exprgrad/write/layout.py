"""Where everything in a picture stands, in pixels: nodes in columns, wires in the channels between them.

A node has a lead on its left, where the wires that it reads arrive with their local gradients, a body, and
a stub on its right, where its own wire leaves with its value and its gradient.  Texts stand in leads, bodies
and stubs only, and wires bend in the channels only, so that nothing covers anything.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from exprgrad.errors import width
from exprgrad.write.drawing import Drawing, Edge
from exprgrad.write.layers import Layers, Point, layers

RADIUS = 20  # of a gate
LARGE, MIDDLE, SMALL = 14, 12, 10  # fonts: of symbols and names, values and gradients, local gradients
BOX = 9  # half the height of a constant's box
ARROW = 9  # at the output
INDENT = 6  # between a text and what it stands beside
_PORT = 27  # between the wires that a gate reads
_ROW, _GAP, _PASSING = 54, 12, 5  # a unit of height; between two nodes; half the height of a passing wire
_CHANNEL, _STEEP = 34, 0.3  # the least width of a channel, and its width for each pixel of height a wire changes
_MARGIN = 14
_EM = 0.61  # the width of a character of a monospaced font


_Reads = dict[int, list[Edge]]


class Place(NamedTuple):
    """A node: the middle of its body, the body's size, and where its stub ends.

    ``ports`` are the heights at which the edges into it arrive, in the order of its inputs.
    """

    x: float
    y: float
    width: float
    height: float
    right: float
    ports: tuple[float, ...]

    def border(self, y: float) -> float:
        """Where a wire at this height meets the body, whose ends are half circles."""
        corner = min(self.width, self.height) / 2
        beyond = max(0.0, abs(y - self.y) - (self.height / 2 - corner))
        return self.x - self.width / 2 + corner - math.sqrt(corner**2 - beyond**2)


class Bend(NamedTuple):
    """A piece of wire: through a channel from one height to another, and straight on to ``end``."""

    x: float
    y: float
    to_x: float
    to_y: float
    end: float


class Layout(NamedTuple):
    """The places of all nodes but the constants that gates read, and the bends of each node's wire."""

    width: int
    height: int
    places: dict[int, Place]
    wires: dict[int, list[Bend]]


class _Size(NamedTuple):
    """What a node needs: the widths of its three parts, the height of its body and half that of the whole."""

    lead: float
    body: float
    stub: float
    height: float
    half: float


class _Column(NamedTuple):
    """A layer: where leads begin, the middle of gates, where inputs' names end, where stubs end."""

    left: float
    middle: float
    end: float
    right: float


def text_width(text: str, size: float) -> float:
    """The room that a text takes."""
    return width(text) * size * _EM


def box_width(text: str) -> float:
    """The width of a constant's box."""
    return text_width(text, MIDDLE) + 2 * INDENT


def layout(drawing: Drawing) -> Layout:
    """The layout of a drawing."""
    found = layers(drawing)
    reads: _Reads = {point.node: [] for point in found.points} | drawing.reads()
    sizes = {node: _size(drawing, node, edges) for node, edges in reads.items()}
    heights = _heights(found, sizes)
    ports = _ports(drawing, found, heights, reads)
    ends: list[list[tuple[float, float]]] = [  # for each lead the heights from which and to which its pieces go
        [(heights[start], heights[stop])]
        if found.points[stop].passing
        else [
            (heights[start], ports[edge.target][edge.place])
            for edge in reads[found.points[stop].node]
            if edge.source == found.points[start].node
        ]
        for start, stop in found.leads
    ]
    columns = _columns(found, sizes, ends)
    places: dict[int, Place] = {}
    wires: dict[int, list[Bend]] = {}
    read = {found.points[start].node for start, _ in found.leads}
    for point, height in zip(found.points, heights, strict=True):
        if not point.passing:
            size, column = sizes[point.node], columns[point.layer]
            middle = column.middle if reads[point.node] else column.end - size.body / 2
            right = column.right if point.node in read else middle + size.body / 2 + size.stub
            places[point.node] = Place(middle, height, size.body, size.height, right, ports[point.node])
            wires[point.node] = []
    for (start, stop), pieces in zip(found.leads, ends, strict=True):
        here, there = found.points[start], found.points[stop]
        column = columns[there.layer]
        for y, to_y in pieces:
            end = column.right if there.passing else places[there.node].border(to_y)
            wires[here.node].append(Bend(columns[here.layer].right, y, column.left, to_y, end))
    bottom = max(height + _half(point, sizes) for point, height in zip(found.points, heights, strict=True))
    right = columns[-1].right + ARROW
    return Layout(math.ceil(right + _MARGIN), math.ceil(bottom + _MARGIN), places, wires)


def _half(point: Point, sizes: dict[int, _Size]) -> float:
    """Half the height of a node, or of a passing wire."""
    return _PASSING if point.passing else sizes[point.node].half


def _size(drawing: Drawing, number: int, reads: list[Edge]) -> _Size:
    """What a node needs for its texts."""
    node = drawing.nodes[number]
    texts = []
    for edge in reads:
        source = drawing.nodes[edge.source]
        if source.kind == "constant":
            texts.append(box_width(source.text) + INDENT)
        else:
            texts += [text_width(text, SMALL) for text in (edge.local, edge.share) if text]
    lead = 2 * INDENT + max(texts, default=0) if reads else 0
    stub = 2 * INDENT + max(text_width(node.above, MIDDLE), text_width(node.gradient, MIDDLE))
    body, height = text_width(node.text, LARGE) + INDENT, 2.0 * BOX
    if node.kind == "gate":
        height = 2 * RADIUS + _PORT * max(0, len(reads) - 2)
        body = max(2 * RADIUS, body + INDENT)
    labels = MIDDLE + INDENT if node.value or node.name or node.gradient else 0
    return _Size(lead, body, stub, height, max(height / 2, labels, _PORT * len(reads) / 2))


def _heights(found: Layers, sizes: dict[int, _Size]) -> list[float]:
    """The height of each point: as the layers have it, and farther apart where nodes are large."""
    heights = [height * _ROW for height in found.heights]
    lowest: dict[int, float] = {}
    for number in sorted(range(len(heights)), key=heights.__getitem__):
        point = found.points[number]
        half = _half(point, sizes)
        if point.layer in lowest:
            heights[number] = max(heights[number], lowest[point.layer] + _GAP + half)
        lowest[point.layer] = heights[number] + half
    top = min(height - _half(point, sizes) for point, height in zip(found.points, heights, strict=True)) - _MARGIN
    return [height - top for height in heights]


def _ports(drawing: Drawing, found: Layers, heights: list[float], reads: _Reads) -> dict[int, tuple[float, ...]]:
    """The heights at which the wires arrive at each node, in the order of its inputs.

    Where the order of the inputs does not matter it is that of their wires.
    """
    points = found.points
    near = {(points[start].node, points[stop].node): heights[start] for start, stop in found.leads}
    own = {point.node: height for point, height in zip(points, heights, strict=True) if not point.passing}
    ports = {}
    for node, edges in reads.items():
        slots = [own[node] + _PORT * (place - (len(edges) - 1) / 2) for place in range(len(edges))]
        moving = [edge.place for edge in edges if (edge.source, node) in near]
        if drawing.nodes[node].commutes:
            ordered = sorted(moving, key=lambda place: near[edges[place].source, node])
            taken = [slots[place] for place in moving]
            for place, slot in zip(ordered, taken, strict=True):
                slots[place] = slot
        ports[node] = tuple(slots)
    return ports


def _columns(found: Layers, sizes: dict[int, _Size], ends: list[list[tuple[float, float]]]) -> list[_Column]:
    """The columns, each as wide as its nodes need, and channels as wide as their wires are steep."""
    count = 1 + max(point.layer for point in found.points)
    leads, bodies, stubs = [0.0] * count, [0.0] * count, [0.0] * count
    for node, layer, passing in found.points:
        if not passing:
            leads[layer] = max(leads[layer], sizes[node].lead)
            bodies[layer] = max(bodies[layer], sizes[node].body)
            stubs[layer] = max(stubs[layer], sizes[node].stub)
    channels = [float(_CHANNEL)] * count
    for (start, _), pieces in zip(found.leads, ends, strict=True):
        layer = found.points[start].layer
        channels[layer] = max(channels[layer], *[_STEEP * abs(to_y - y) for y, to_y in pieces])
    columns, left = [], float(_MARGIN)
    for lead, body, stub, channel in zip(leads, bodies, stubs, channels, strict=True):
        columns.append(_Column(left, left + lead + body / 2, left + lead + body, left + lead + body + stub))
        left = columns[-1].right + channel
    return columns
