"""A picture's nodes in layers from left to right, ordered so that few wires cross.

A wire that passes a layer has one point there, however many gates it leads to, so all that leads on from a
layer leads to the next one.  fast-sugiyama orders the layers and gives nodes and points their heights, by the
method of Sugiyama.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from exprgrad.write.drawing import Drawing

_INPUTS = 8  # up to which all of them stand on the left
_GOLDEN = 2654435761  # multiples of this are far from each other
_TRIES, _WORK = 4, 10_000  # orders to begin with: the least number, and how many points in all


class Point(NamedTuple):
    """A node in its layer, or the place where its wire passes one."""

    node: int
    layer: int
    passing: bool = False


class Layers(NamedTuple):
    """The nodes but constants that gates read, and the points of their wires; each has a height, in units.

    ``leads`` are the pairs of points, one layer apart, that a piece of wire connects.
    """

    points: list[Point]
    heights: list[float]
    leads: list[tuple[int, int]]


def layers(drawing: Drawing) -> Layers:
    """The layers of a drawing."""
    layer = _layers(drawing)
    last = dict(layer)  # which each wire reaches
    for edge in drawing.edges:
        if edge.source in layer:
            last[edge.source] = max(last[edge.source], layer[edge.target] - 1)
    points = [Point(node, at) for node, at in layer.items()]
    number = {(node, at): place for place, (node, at, _) in enumerate(points)}
    leads: dict[tuple[int, int], None] = {}
    for node, at in layer.items():
        for beyond in range(at + 1, last[node] + 1):
            number[node, beyond] = len(points)
            leads[number[node, beyond - 1], len(points)] = None
            points.append(Point(node, beyond, passing=True))
    for edge in drawing.edges:
        if edge.source in layer:
            target = layer[edge.target]
            leads[number[edge.source, target - 1], number[edge.target, target]] = None
    return Layers(points, _heights(drawing, points, list(leads)), list(leads))


def _layers(drawing: Drawing) -> dict[int, int]:
    """The layer of each node but the constants that gates read: behind the layers of all that it reads.

    Inputs stand in the first layer; what constants alone lead to stands right before its use, as do many inputs.
    """
    nodes, read = drawing.nodes, {edge.source for edge in drawing.edges}
    layer = {place: 0 for place, node in enumerate(nodes) if node.kind != "constant" or place not in read}
    inputs = {place for place in layer if nodes[place].kind == "input"}
    fixed = set(inputs)
    for edge in drawing.edges:
        if edge.source in layer:
            layer[edge.target] = max(layer[edge.target], layer[edge.source] + 1)
        if edge.source in fixed:
            fixed.add(edge.target)
    if len(inputs) > _INPUTS:
        fixed -= inputs
    moved: dict[int, int] = {}
    for edge in reversed(drawing.edges):
        if edge.source in layer and edge.source not in fixed:
            before = moved.get(edge.target, layer[edge.target]) - 1
            moved[edge.source] = min(before, moved.get(edge.source, before))
    return layer | moved


def _heights(drawing: Drawing, points: list[Point], leads: Sequence[tuple[int, int]]) -> list[float]:
    """How far down each point stands in its layer; one unit is between two of them at least.

    What is found depends on the order to begin with, so several are tried for the fewest crossings, and of
    these for inputs in the order of the formula.
    """
    order = list(range(len(points)))
    best: tuple[tuple[int, int], list[float]] | None = None
    for trial in range(max(_TRIES, _WORK // len(points))):
        heights = _placed(order, leads)
        first = [height for height, point in zip(heights, points, strict=True) if point.layer == 0]
        score = _crossings(drawing, points, leads, heights), _inversions(list(enumerate(first)))
        if best is None or score < best[0]:
            best = score, heights
        if score == (0, 0):
            break
        order.sort(key=lambda point: (point + 1) * (2 * trial + 1) * _GOLDEN % 2**32)  # the same one every time
    return best[1] if best else []


def _placed(order: Sequence[int], leads: Sequence[tuple[int, int]]) -> list[float]:
    """The heights of points that are given to the library in this order; what is not connected stands below.

    It makes the layers anew, and they are ours: all leads are one layer long.
    """
    from fast_sugiyama import from_edges

    number = {point: place for place, point in enumerate(order)}
    edges = sorted([(number[start], number[stop]) for start, stop in leads])
    found = from_edges(edges, minimum_length=1, vertex_spacing=1, dummy_vertices=False) if edges else []
    heights: dict[int, float] = {}
    below = 0.0
    for positions, width, *_ in found:
        heights |= {order[int(place)]: below + height for place, (height, _) in positions}
        below += width + 1
    for point in range(len(order)):
        if point not in heights:
            heights[point], below = below, below + 1
    return [heights[point] for point in range(len(order))]


def _crossings(
    drawing: Drawing, points: Sequence[Point], leads: Sequence[tuple[int, int]], heights: Sequence[float]
) -> int:
    """How many wires cross in the channels between the layers."""
    ports: dict[tuple[int, int], list[int]] = defaultdict(list)
    for edge in drawing.edges:
        ports[edge.source, edge.target].append(0 if drawing.nodes[edge.target].commutes else edge.place)
    channels: dict[int, list[tuple[float, tuple[float, int]]]] = defaultdict(list)
    for start, stop in leads:
        here, there = points[start], points[stop]
        for place in [0] if there.passing else ports[here.node, there.node]:
            channels[here.layer].append((heights[start], (heights[stop], place)))
    return sum([_inversions(pieces) for pieces in channels.values()])


def _inversions(pairs: list[tuple[float, Any]]) -> int:
    """How many of the pairs are in one order by their first and in the other by their second items."""
    count = 0
    seen: list[Any] = []
    for _, second in sorted(pairs):
        count += len(seen) - bisect_right(seen, second)
        insort(seen, second)
    return count
