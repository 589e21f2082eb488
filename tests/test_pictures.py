"""Pictures: what stands in them is the run's, and what is drawn is measured in the SVG itself."""

from __future__ import annotations

import html
import random
import re
import shutil
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import partial
from itertools import combinations, pairwise
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import resvg_py
from hypothesis import given, settings
from hypothesis import strategies as st

from array_oracle import CASES
from conftest import ROOT, exprgrad
from exprgrad.circuit import Builder, Circuit
from exprgrad.diagnosis.shares import shares
from exprgrad.errors import UsageError, shown
from exprgrad.gates import CONST, INPUT, ROWS
from exprgrad.language.read import read
from exprgrad.run import Run, run
from exprgrad.style import COLOURS, Style
from exprgrad.views import tree
from exprgrad.write import dot, mermaid, palette, png, svg
from exprgrad.write.drawing import Drawing, drawing
from exprgrad.write.layout import layout

LOOK = Style()
SVG = "{http://www.w3.org/2000/svg}"
SIZES = {"symbol": 14, "name": 14, "local": 10, "share": 10}

# no two wires need cross in these
PLANAR: dict[str, tuple[str, dict[str, Any]]] = {
    "neuron": ("1/(1+exp(-(w0*x0 + w1*x1 + w2)))", {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}),
    "max": ("max(x,y)*z + w", {"x": 3.0, "y": -4.0, "z": 2.0, "w": -1.0}),
    "fork": ("q = x*y; q^2 + sin(q) + q", {"x": 2.0, "y": 3.0}),
    "sum": ("(x+y)*z", {"x": -2.0, "y": 5.0, "z": -4.0}),
    "horner": ("(((a*x + b)*x + c)*x + d)*x + g", {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0, "g": 5.0, "x": 0.5}),
    "order": ("(a - b)/(c - d)^(f - g)", {"a": 1.0, "b": 2.0, "c": 5.0, "d": 3.0, "f": 2.0, "g": 1.0}),
    "matmul": ("sum(relu(W @ x + b))", {"W": [[1, 2], [3, 4]], "x": [1, 2], "b": [0.5, -20]}),
    "one gate": ("-x", {"x": 1.0}),
    "input": ("x", {"x": 1.0}),
    "constant": ("2", {}),
    "constants": ("2^3 + x", {"x": 1.0}),
    "twice": ("x*x", {"x": 3.0}),
    "unused": ("y = 2; 2*x", {"x": 3.0}),
    "routed": ("max(x)", {"x": [1, 3, 2]}),
}
SAMPLES = ["two-layer-network", "gaussian-mixture", "linear-regression", "neuron-composite", "neuron-vectors"]


def network(hidden: int, outputs: int = 2) -> tuple[str, dict[str, float]]:
    """Two layers, gate by gate."""
    lines = [f"h{j} = tanh({' + '.join(f'u{j}{i}*x{i}' for i in range(3))} + b{j})" for j in range(hidden)]
    lines += [f"z{k} = {' + '.join(f'v{k}{j}*h{j}' for j in range(hidden))} + c{k}" for k in range(outputs)]
    text = "\n".join([*lines, " + ".join(f"(z{k} - {k})^2" for k in range(outputs))])
    rng = random.Random(text)
    return text, {name: round(rng.uniform(-1, 1), 2) for name in read(text).inputs}


def ran(text: str, point: dict[str, Any] | None = None) -> Run:
    return run(read(text), point or {})


def sample(name: str) -> Run:
    text = (ROOT / "samples" / f"{name}.txt").read_text(encoding="utf-8")
    return run(read(text, (), "f" if "--of f" in text else None), {})


def drawn(result: Run, style: Style = LOOK) -> Drawing:
    return drawing(result.circuit, result, style)


def written(result: Run, style: Style = LOOK) -> str:
    return "\n".join(svg.write(drawn(result, style), style))


class Box(NamedTuple):
    """A text or a shape and where it is."""

    kind: str
    text: str
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Whether they overlap."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def holds(self, other: Box) -> bool:
        """Whether the other one is inside."""
        return (
            self.left <= other.left
            and other.right <= self.right
            and self.top <= other.top
            and other.bottom <= self.bottom
        )


class Picture:
    """What an SVG has, measured: its texts, as wide as a monospaced font makes them, its shapes, its wires."""

    def __init__(self, text: str) -> None:
        self.root = ET.fromstring(text)
        _, _, width, height = map(float, self.root.attrib["viewBox"].split())
        self.page = Box("page", "", 0, 0, width, height)
        self.texts = [self.text(item) for item in self.root.iter(f"{SVG}text")]
        self.shapes = [self.shape(item) for item in self.root.iter(f"{SVG}rect")]
        paths = [item.attrib["d"] for item in self.root.iter(f"{SVG}path") if item.attrib["class"] == "wire"]
        self.wires = [list(self.pieces(path)) for path in paths]

    def of(self, kind: str) -> list[str]:
        """The texts of one kind."""
        return [text.text for text in self.texts if text.kind == kind]

    @staticmethod
    def text(item: ET.Element) -> Box:
        """A text's box."""
        kind, _, anchor = item.attrib["class"].partition(" ")
        text, size = "".join(item.itertext()), SIZES.get(kind, 12)
        wide = 0.602 * size * len(text)
        left = float(item.attrib["x"]) - {"": 0.0, "middle": wide / 2, "end": wide}[anchor]
        line = float(item.attrib["y"])
        return Box(kind, text, left, line - 0.73 * size, left + wide, line + 0.2 * size)

    @staticmethod
    def shape(item: ET.Element) -> Box:
        """A rectangle's box."""
        x, y, wide, high = [float(item.attrib[name]) for name in ("x", "y", "width", "height")]
        return Box(item.attrib["class"], "", x, y, x + wide, y + high)

    @staticmethod
    def pieces(path: str) -> Iterator[list[tuple[float, float]]]:
        """Each part of a wire as points near each other."""
        for part in path.split("M")[1:]:
            start, curve, end = re.fullmatch(r"([^CH]+)(?:C([^H]+))?H(.+)", part).groups()  # type: ignore[union-attr]
            x, y = map(float, start.split())
            points = [(x, y)]
            if curve:
                (ax, ay), (bx, by), (x, y) = zip(*[iter(map(float, curve.split()))] * 2, strict=True)
                for step in range(1, 41):
                    t = step / 40
                    weights = (1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3
                    points.append(
                        (
                            sum(w * p for w, p in zip(weights, (points[0][0], ax, bx, x), strict=True)),
                            sum(w * p for w, p in zip(weights, (points[0][1], ay, by, y), strict=True)),
                        )
                    )
            yield [*points, *[(x + (float(end) - x) * k / 20, y) for k in range(1, 21)]]

    def check(self) -> None:
        """Nothing covers anything, nothing is outside, and all wires lead to the right."""
        for box in (*self.texts, *self.shapes):
            assert self.page.holds(box), box
        for one, other in combinations(self.texts, 2):
            assert not one.meets(other), (one, other)
        for one, other in combinations(self.shapes, 2):
            assert not one.meets(other), (one, other)
        for shape in self.shapes:
            inside = {"body": "symbol", "box": "constant"}[shape.kind]
            for text in self.texts:
                assert shape.holds(text) if text.kind == inside and shape.meets(text) else not shape.meets(text)
        for wire in self.wires:
            for piece in wire:
                assert all(x <= other for (x, _), (other, _) in pairwise(piece))
                assert self.page.left <= piece[0][0]
                assert piece[-1][0] <= self.page.right
                around = Box("piece", "", *map(min, zip(*piece, strict=True)), *map(max, zip(*piece, strict=True)))
                near = [box for box in (*self.texts, *self.shapes) if box.meets(around)]
                for x, y in piece[1:-1]:
                    spot = Box("spot", "", x, y, x, y)
                    assert not any(box.holds(spot) and not near_corner(box, x, y) for box in near), (piece, x, y)

    def crossings(self) -> int:
        """How often two pieces of wire cross each other."""
        segments = [
            (wire, *pair) for wire, pieces in enumerate(self.wires) for piece in pieces for pair in pairwise(piece)
        ]
        return sum(crosses(one, other) for one, other in combinations(segments, 2) if one[0] != other[0])


def near_corner(shape: Box, x: float, y: float) -> bool:
    """Whether a point is in the shape's rectangle, but outside of its rounded corners."""
    if shape.kind != "body":
        return False
    corner = min(shape.right - shape.left, shape.bottom - shape.top) / 2
    away_x = max(shape.left + corner - x, x - (shape.right - corner), 0)
    away_y = max(shape.top + corner - y, y - (shape.bottom - corner), 0)
    return away_x**2 + away_y**2 >= (corner - 0.2) ** 2


Segment = tuple[int, tuple[float, float], tuple[float, float]]


def crosses(one: Segment, other: Segment) -> bool:
    def side(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    (_, a, b), (_, c, d) = one, other
    if max(a[0], b[0]) < c[0] or max(c[0], d[0]) < a[0]:
        return False
    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0


@pytest.mark.parametrize("name", PLANAR)
def test_nothing_covers_anything_and_no_wires_cross(name: str) -> None:
    picture = Picture(written(ran(*PLANAR[name])))
    picture.check()
    assert picture.crossings() == 0


@pytest.mark.parametrize("name", SAMPLES)
def test_pictures_of_the_samples(name: str) -> None:
    Picture(written(sample(name))).check()


def test_a_network_of_sixty_gates_and_one_as_large_as_a_picture_may_be() -> None:
    for hidden, outputs in ((4, 2), (11, 3)):
        result = ran(*network(hidden, outputs))
        picture = Picture(written(result))
        picture.check()
        assert len([shape for shape in picture.shapes if shape.kind == "body"]) == len(
            [gate for gate in result.circuit.gates if gate.inputs]
        )


def formulas() -> st.SearchStrategy[str]:
    """Statements that use what stands before them: forks of all kinds, constants, gates of one to six inputs."""
    name = st.sampled_from(["x", "y", "alpha", "a_name_that_is_rather_long_for_a_wire"])

    @st.composite
    def text(draw: st.DrawFn) -> str:
        known, lines = [draw(name)], []
        for number in range(draw(st.integers(1, 14))):
            read_ = [draw(st.sampled_from([*known[-6:], draw(name), "2", "0.333333333", "pi"])) for _ in range(6)]
            a, b, c, *rest = read_
            shape = draw(st.sampled_from(["{a}+{b}", "{a}-{b}", "{a}*{b}", "{a}/{b}", "sin({a})", "where({a}>{b},{b},{c})", "clip({a},{b},{c})", "sum([{a},{b},{c},{d}])", "softplus({a})", "{a}^2", "max({a},{b})"]))  # fmt: skip
            lines.append(f"q{number} = " + shape.format(a=a, b=b, c=c, d=rest[0]))
            known.append(f"q{number}")
        return "\n".join(lines)

    return text()


@settings(max_examples=60, deadline=None)
@given(formulas(), st.booleans())
def test_nothing_covers_anything_in_any_circuit(text: str, valued: bool) -> None:
    circuit = read(text)
    if valued:
        Picture(written(run(circuit, dict.fromkeys(circuit.inputs, -123.456789)))).check()
    else:
        picture = Picture("\n".join(svg.write(drawing(circuit, None, LOOK), LOOK)))
        picture.check()
        assert not picture.of("gradient") + picture.of("local") + picture.of("share")


@pytest.mark.parametrize("name", PLANAR)
def test_each_number_of_the_run_stands_in_the_picture_once(name: str) -> None:
    result = ran(*PLANAR[name])
    picture = Picture(written(result, LOOK._replace(digits=17)))
    wires = [
        wire for wire, gate in enumerate(result.circuit.gates) if gate.op is not CONST or wire == result.circuit.output
    ]
    number = LOOK._replace(digits=17).number
    values = [text.rpartition(" = ")[2] for text in picture.of("value")]
    assert Counter(values) == Counter(number(result.values[wire]) for wire in wires)
    gradients = [result.gradients[wire] for wire in wires]
    assert Counter(picture.of("gradient")) == Counter(number(one) for one in gradients if one is not None)
    if not result.arrays:
        locals_ = [one for wire in wires for one in result.locals[wire] if one is not None]
        assert Counter(picture.of("local")) == Counter(map(number, locals_))


def test_the_inputs_of_a_gate_arrive_in_their_order_if_that_matters() -> None:
    for text in ("(x - y)/(y - x)", "where(y > x, x, y)", "x^y - y^x", "clip(z, y, x) - (z - x)"):
        result = ran(text, {"x": 3.0, "y": 2.0} | ({"z": 1.0} if "z" in text else {}))
        found, reads = drawn(result), drawn(result).reads()
        for node, place in layout(found).places.items():
            if node in reads and not found.nodes[node].commutes:
                assert list(place.ports) == sorted(set(place.ports))
                assert [edge.place for edge in reads[node]] == list(range(len(place.ports)))


def test_constants_are_as_they_are_written_unless_they_are_long() -> None:
    picture = Picture(written(ran("2*pi*x + 0.3333333333 + 1e-5 + sum([1, 2]) + sum([1, 2, 3, 4, 5])", {"x": 1.0})))
    assert sorted(picture.of("constant")) == sorted(["2", "pi", "0.33333", "1e-05", "[1, 2]", "(5)"])


def test_numbers_are_rounded_and_large_arrays_are_shapes() -> None:
    picture = Picture(written(ran("1/x + sum(W) + sum(b)", {"x": 3.0, "W": [[1.0] * 3] * 4, "b": [1 / 3, 2.0]})))
    assert {"0.33333", "(4×3)", "[0.33333, 2]"} <= set(picture.of("value"))
    picture = Picture(written(ran("1/x", {"x": 3.0}), Style(digits=2)))
    assert "0.33" in picture.of("value")
    for value in (float("inf"), float("nan"), -0.0):
        assert LOOK.number(value) in Picture(written(ran("x*1", {"x": value}))).of("value")


@settings(max_examples=60, deadline=None)
@given(formulas())
def test_the_shares_of_the_uses_add_up_to_the_gradient(text: str) -> None:
    circuit = read(text)
    result = run(circuit, {name: 0.3 + 0.4 * k for k, name in enumerate(circuit.inputs)})
    handed = shares(result)
    for wire, gradient in enumerate(result.gradients):
        terms = [
            share
            for gate, shared in zip(circuit.gates, handed, strict=True)
            for source, share in zip(gate.inputs, shared, strict=False)
            if source == wire and share is not None
        ]
        if gradient is not None and wire != circuit.output and terms and not result.arrays:
            assert sum(terms) == pytest.approx(gradient, rel=1e-12, nan_ok=True)


def test_shares_of_arrays_have_the_shape_of_the_wire() -> None:
    result = ran("sum(W*b + b)", {"W": [[1.0, 2.0], [3.0, 4.0]], "b": [10.0, 20.0]})
    mul, add = shares(result)[2], shares(result)[3]
    assert mul[1] is not None
    assert add[1] is not None
    assert mul[1].tolist() == [4.0, 6.0]  # the columns' sums
    assert add[1].tolist() == [2.0, 2.0]
    assert result.gradient["b"].tolist() == [6.0, 8.0]


def test_shares_of_arrays_add_up_too() -> None:
    rng = np.random.default_rng(0)
    for case in CASES:
        circuit = read(f"q = {case.text}; sum(q*q + q)")
        point = {name: rng.uniform(0.1, 0.9, extent) for name, extent in zip(circuit.inputs, case.shapes, strict=False)}
        result = run(circuit, point)
        handed = shares(result)
        Picture(written(result)).check()
        for wire, gradient in enumerate(result.gradients):
            reads = [(gate.inputs, shared) for gate, shared in zip(circuit.gates, handed, strict=True)]
            uses = [one for ends, shared in reads for end, one in zip(ends, shared, strict=False) if end == wire]
            terms: list[Any] = [one for one in uses if one is not None]
            if terms and wire != circuit.output:
                assert all(np.shape(one) == np.shape(result.values[wire]) for one in terms)
                assert sum(terms) == pytest.approx(gradient, rel=1e-9, abs=1e-12)


def test_an_unselected_branch_has_the_share_0_however_steep_it_is() -> None:
    result = ran("where(x < 0, sqrt(x), x)", {"x": 0.0})
    assert [edge.share for edge in drawn(result).edges if edge.share] == ["0", "1"]


def test_a_wire_that_forks_is_one_wire_that_splits() -> None:
    picture = Picture(written(ran(*PLANAR["fork"])))
    splitting = [wire for wire in picture.wires if len(wire) > 3]
    assert len(splitting) == 1
    starts = Counter(piece[0] for piece in splitting[0])
    assert max(starts.values()) == 3  # q is read three times, from one point
    assert len(list(picture.root.iter(f"{SVG}circle"))) == 1
    assert sorted(map(float, picture.of("share"))) == [0.96017, 1, 12]


def test_inputs_stand_on_the_left_in_the_order_of_the_formula() -> None:
    for name in ("neuron", "max", "sum", "matmul"):
        picture = Picture(written(ran(*PLANAR[name])))
        names = [text for text in picture.texts if text.kind == "name"]
        assert [text.text for text in sorted(names, key=lambda text: text.top)] == list(ran(*PLANAR[name]).inputs)
        assert len({round(text.right) for text in names}) == 1
    many = [text for text in Picture(written(ran(*network(4)))).texts if text.kind == "name"]
    assert len({round(text.right) for text in many}) > 3  # of many each stands where it is read


def test_gates_are_circles_as_long_as_their_texts_fit() -> None:
    shapes = [shape for shape in Picture(written(ran(*PLANAR["neuron"]))).shapes if shape.kind == "body"]
    assert {(round(shape.right - shape.left), round(shape.bottom - shape.top)) for shape in shapes} == {(40, 40)}


@pytest.mark.rule("markup")
def test_pictures_are_the_same_every_time_and_complete_in_themselves() -> None:
    done = [exprgrad("--file", str(ROOT / "samples" / "neuron.txt"), "--to", "svg").stdout for _ in range(2)]
    assert done[0] == done[1] == (ROOT / "samples" / "neuron.svg").read_text(encoding="utf-8")
    picture = Picture(done[0])
    picture.check()
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|<script|@import|url\(|href", done[0])
    assert picture.root.attrib["role"] == "img"
    assert picture.root.findtext(f"{SVG}title") == picture.root.attrib["aria-label"]
    assert "prefers-color-scheme:dark" in done[0]
    assert all(group.find(f"{SVG}title") is not None for group in picture.root.iter(f"{SVG}g"))


def luminance(colour: str) -> float:
    """WCAG 2's relative luminance."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


COLOUR = st.sampled_from(COLOURS) | st.from_regex(r"#([0-9a-fA-F]{3}){1,2}", fullmatch=True)


@given(COLOUR, COLOUR, COLOUR | st.just(""))
def test_colours_can_be_read_in_light_and_in_dark(value: str, gradient: str, local: str) -> None:
    for page in palette.palettes(Style(value=value, gradient=gradient, local=local)):
        for colour in page[1:]:
            lights = sorted([luminance(colour), luminance(page.page)])
            assert (lights[1] + 0.05) / (lights[0] + 0.05) >= 4.5


def test_colours_are_the_chosen_ones_where_they_can_be_read() -> None:
    light, dark = palette.palettes(Style(value="blue", gradient="#808", local="#fc0"))
    assert (light.value, light.gradient, dark.local) == ("#0000ff", "#880088", "#ffcc00")
    assert light.value in written(ran(*PLANAR["sum"]), Style(value="blue"))


def hostile(*names: str) -> Circuit:
    """A sum of inputs with these names, as nobody's formula could have them."""
    builder = Builder()
    total = builder.input(names[0])
    for name in names[1:]:
        total = builder.add(ROWS["add"], (total, builder.input(name)))
    builder.name(total, names[-1] + "'")
    return builder.circuit(total, " + ".join(names))


EVIL = (
    "</text><script>", "]]>&amp;&#0;", '"]; end', "end", 'a"b\\', "\x1b[31m\x00", "--> n9", "#quot;|`*_x_*`", "<br/>",
    "日本語", "ш" * 100, "- 1. x", "%%{init", "\\N\\G", "x\ny", "{}", "'", "é́", "\ud800",
)  # fmt: skip


@pytest.mark.rule("markup")
def test_hostile_names_are_texts() -> None:
    circuit = hostile(*EVIL)
    result = run(circuit, dict.fromkeys(EVIL, 1.0))
    text = written(result)
    text.encode()
    picture = Picture(text)
    names = picture.of("name")
    assert len(names) == len(EVIL)
    assert names == [shown(name, 24) for name in EVIL]
    assert {"]]>&amp;&#0;", '"]; end', "日本語", "\\x1b[31m\\x00", "\\ud800"} <= set(names)
    assert not list(picture.root.iter(f"{SVG}script"))
    assert [line for line in written(result).splitlines() if "\x1b" in line or "\x00" in line] == []


Nodes = dict[str, tuple[str, ...]]
Edges = list[tuple[str, str, tuple[str, ...]]]


def of_dot(text: str) -> tuple[Nodes, Edges]:
    """The lines on the nodes and edges of a digraph."""
    nodes: Nodes = {}
    edges: Edges = []
    for line in text.splitlines()[4:-1]:
        name, other, label = re.fullmatch(
            r'  (n\d+)(?: -> (n\d+))?(?: \[(?:shape=\w+(?:, peripheries=2)?, )?label=<(.*)>(?:, tooltip="(?:[^"\\]|\\.)*")?\])?;',
            line,
        ).groups()  # type: ignore[union-attr]
        lines = [] if label is None else label.split("<br/>")
        said = tuple("".join(ET.fromstring(f"<p>{one}</p>").itertext()) for one in lines)
        if other:
            edges.append((name, other, said))
        else:
            nodes[name] = said
    return nodes, edges


def of_mermaid(text: str) -> tuple[Nodes, Edges]:
    """The lines on the nodes and edges of a flowchart."""
    nodes: Nodes = {}
    edges: Edges = []
    assert text.splitlines()[0] == "flowchart LR"
    for line in text.splitlines()[1:]:
        node = re.fullmatch(r'  (n\d+)(\[|\(\[|\(\(|\(\(\()"([^"]*)"(\]|\]\)|\)\)|\)\)\))', line)
        edge = re.fullmatch(r'  (n\d+) -->(?:\|"([^"|]*)"\|)? (n\d+)', line)
        label = node[3] if node else (edge and edge[2]) or ""
        said = tuple(re.sub(r"#(\d+);", lambda found: chr(int(found[1])), one) for one in label.split("<br/>") if one)
        if node:
            nodes[node[1]] = said
        else:
            assert edge
            edges.append((edge[1], edge[3], said))
    return nodes, edges


def as_dot(result: Run) -> str:
    return "\n".join(dot.write(drawn(result), LOOK))


def as_mermaid(result: Run) -> str:
    return "\n".join(mermaid.write(drawn(result), LOOK))


def every() -> list[Run]:
    results = [ran(*PLANAR[name]) for name in PLANAR] + [sample(name) for name in SAMPLES]
    return [
        *results,
        ran(*network(4)),
        run(hostile(*EVIL), dict.fromkeys(EVIL, 1.0)),
        ran("einsum('i,i->', x, x)", {"x": [1, 2]}),
    ]


def test_dot_and_mermaid_have_the_circuits_gates_and_wires() -> None:
    for result in every():
        gates, output = result.circuit.gates, result.circuit.output
        needed = {output}
        for wire in range(output, -1, -1):
            if wire in needed:
                needed |= set(gates[wire].inputs)
        needed |= {wire for wire, gate in enumerate(gates) if gate.op is INPUT}
        ends = [source for wire in needed for source in gates[wire].inputs]
        constants = sum(gates[source].op is CONST for source in ends)
        wires = [wire for wire in needed if gates[wire].op is not CONST or wire == output]
        for nodes, edges in (of_dot(as_dot(result)), of_mermaid(as_mermaid(result))):
            assert len(nodes) == len(wires) + constants
            assert len(edges) == len(ends)
            assert {end for edge in edges for end in edge[:2]} <= set(nodes)
        assert len(drawn(result).nodes) == len(wires) + constants


def test_dot_and_mermaid_say_the_same_as_the_picture() -> None:
    for result in every():
        found = drawn(result)
        for nodes, edges in (of_dot(as_dot(result)), of_mermaid(as_mermaid(result))):
            for node, lines in zip(found.nodes, nodes.values(), strict=True):
                assert lines[0] == node.text
                assert [line.rpartition(" ")[2] for line in lines[1:]] == [
                    fact.rpartition(" ")[2] for fact in (node.above, node.gradient) if fact
                ]
            for edge, (start, stop, lines) in zip(found.edges, edges, strict=True):
                assert (start, stop) == (f"n{edge.source}", f"n{edge.target}")
                assert [line.removeprefix("local ").removeprefix("share ") for line in lines] == [
                    fact for fact in (edge.local, edge.share) if fact
                ]


def test_what_a_digraph_says_of_a_node_is_its_title() -> None:
    for result in every():
        tooltips = re.findall(r' tooltip="((?:[^"\\]|\\.)*)"', as_dot(result))
        assert [html.unescape(re.sub(r"\\(.)", r"\1", text)) for text in tooltips] == [
            node.title for node in drawn(result).nodes
        ]


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graphviz_reads_what_we_write() -> None:
    for result in every():
        done = subprocess.run(
            ["dot", "-Tplain"], input=as_dot(result), capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode == 0, done.stderr
        kinds = Counter(line.split()[0] for line in done.stdout.splitlines() if line[:4] in ("node", "edge"))
        assert (kinds["node"], kinds["edge"]) == (len(drawn(result).nodes), len(drawn(result).edges))


def test_a_tree_has_each_wire_once_and_an_arrow_at_its_other_uses() -> None:
    for result in every():
        found = drawn(result)
        lines = tree.lines(found)
        wires = [node for node in found.nodes if node.kind != "constant"] or found.nodes
        told = [line for line in lines if line.wire[-1] not in "↑↓"]
        assert Counter(line.wire.partition(" = ")[0] for line in told) == Counter(node.label for node in wires)
        assert Counter((line.value, line.gradient) for line in told) == Counter(
            (node.value, node.gradient) for node in wires
        )
        uses = [edge for edge in found.edges if found.nodes[edge.source].kind != "constant"]
        assert len([line for line in lines if line.branch]) == len(uses)
        assert Counter((line.local, line.share) for line in lines if line.branch) == Counter(
            (edge.local, edge.share) for edge in uses
        )


def test_the_branches_of_a_tree_are_the_circuits_edges() -> None:
    """Read back from the columns in which branches stand."""
    found = drawn(ran(*network(3)))
    above: list[str] = []
    edges = Counter[tuple[str, str]]()
    for line in tree.lines(found):
        depth, label = len(line.branch) // 3, re.sub(r" = .*| [↑↓]", "", line.wire)
        above = [*above[:depth], label]
        if depth:
            edges[label, above[depth - 1]] += 1
    names = [node.label for node in found.nodes]
    assert edges == Counter(
        (names[edge.source], names[edge.target]) for edge in found.edges if found.nodes[edge.source].kind != "constant"
    )


def test_the_lines_of_a_tree_are_whole() -> None:
    """What a branch leads down from goes on in the next line."""
    for result in every():
        for line, below in pairwise([*(line.branch for line in tree.lines(drawn(result))), ""]):
            for column, character in enumerate(line):
                if character in "├│":
                    assert below[column] in "├│└"
                elif character == "└":
                    assert below[column : column + 1] in ("", " ")


def test_a_tree_fits_a_terminal_of_eighty_columns_and_goes_on_below() -> None:
    deep = "sin(" * 60 + "x" + ")" * 60
    for arguments in ((deep, "-x", "1"), ("--file", str(ROOT / "samples" / "gaussian-mixture.txt")), (network(4)[0],)):
        for more in ((), ("--ascii",)):
            done = exprgrad(*arguments, "--to", "tree", *more, env={"COLUMNS": "80"})
            assert done.returncode == 0
            assert max(map(len, done.stdout.splitlines())) <= 80
            assert done.stdout.isascii() is (more == ("--ascii",))
    done = exprgrad(deep, "-x", "1", "--to", "tree", env={"COLUMNS": "80"})
    assert "v49 ↓" in done.stdout
    assert re.search("^v49 = sin\\(v48\\)", done.stdout, re.MULTILINE)


def test_a_tree_has_its_colours_at_a_terminal_only() -> None:
    arguments = ("x*y", "-x", "2", "-y", "3", "--to", "tree")
    assert "\x1b[" not in exprgrad(*arguments).stdout
    coloured = exprgrad(
        *arguments, "--colors", "value=blue,gradient=#cc0000", env={"FORCE_COLOR": "1", "COLORTERM": "truecolor"}
    )
    assert "\x1b[34m" in coloured.stdout
    assert "\x1b[38;2;204;0;0m" in coloured.stdout


def test_large_circuits_are_told_to_be_large() -> None:
    text = "+".join(["sin(x)"] * 3_000)
    result = ran(text, {"x": 1.0})
    with pytest.raises(UsageError, match="of 6,000 gates"):
        written(result)
    lines = tree.lines(drawn(result))
    assert len(lines) == tree.MOST + 1
    assert lines[-1].wire.startswith("… ")
    assert len(list(dot.write(drawn(result), LOOK))) > 12_000


def letters() -> bool:
    """Whether there is a font here."""
    blank, letter = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text y="9" font-family="{svg.FONTS}">{text}</text></svg>'
        for text in ("", "x")
    ]
    return bytes(resvg_py.svg_to_bytes(svg_string=blank)) != bytes(resvg_py.svg_to_bytes(svg_string=letter))


FONT = pytest.mark.skipif(not letters(), reason="no font is installed")


@FONT
def test_a_png_is_the_svg_in_pixels() -> None:
    result = ran(*PLANAR["neuron"])
    data = png.write(drawn(result), LOOK)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    page = Picture(written(result)).page
    assert (width, height) == (2 * page.right, 2 * page.bottom)
    bare = png.write(drawing(result.circuit, None, LOOK), LOOK)
    assert len(bare) < len(data)


@FONT
def test_a_png_needs_its_library_a_font_and_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    from exprgrad.cli import main

    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["x*y", "-x", "2", "-y", "3", "--to", "png"]) == 2
    assert capsys.readouterr().err == "error: png is nothing for a terminal\n  = write it to a file with --out PATH\n"
    monkeypatch.setattr(resvg_py, "svg_to_bytes", partial(resvg_py.svg_to_bytes, skip_system_fonts=True))
    assert main(["x*y", "-x", "2", "-y", "3", "--out", str(tmp_path / "a.png")]) == 2
    assert "there is no font" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    assert main(["x*y", "-x", "2", "-y", "3", "--out", str(tmp_path / "a.png")]) == 2
    assert "pip install 'exprgrad[png]'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("ending", "start"),
    [("svg", b"<svg "), pytest.param("png", b"\x89PNG", marks=FONT), ("dot", b"digraph"), ("gv", b"digraph"), ("mmd", b"flowchart LR"), ("svg.gz", b"\x1f\x8b")],
)  # fmt: skip
def test_the_files_ending_says_what_picture_it_is(ending: str, start: bytes, tmp_path: Any) -> None:
    target = tmp_path / f"picture.{ending}"
    done = exprgrad("(x+y)*z", "--out", str(target))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert target.read_bytes().startswith(start)


def test_without_values_there_are_no_numbers() -> None:
    for to in ("svg", "dot", "mermaid", "tree"):
        bare = exprgrad("q = W @ x; sum(q^2)/a", "--to", to)
        assert bare.returncode == 0, bare.stderr
        assert "gradient" not in re.sub("<style>.*", "", bare.stdout)
        assert "W" in bare.stdout
    some = exprgrad("x*y", "-x", "1", "--to", "svg")
    assert some.returncode == 2
    assert "no value for 'y'" in some.stderr


def test_notes_and_strict_are_the_runs() -> None:
    done = exprgrad("log(x)", "-x", "-1", "--to", "svg")
    assert done.returncode == 0
    assert "warning" in done.stderr
    assert ">nan<" in done.stdout
    assert exprgrad("log(x)", "-x", "-1", "--to", "svg", "--strict").returncode == 5


def test_ascii_pictures_are_ascii() -> None:
    for to in ("svg", "dot", "mermaid", "tree"):
        done = exprgrad("σ(é*日本) - x", "-é", "1", "-日本", "2", "-x", "3", "--ascii", "--to", to)
        assert done.returncode == 0
        assert done.stdout.isascii()
        if to != "tree":
            assert "26085" in done.stdout  # 日


def test_the_library_draws_circuits_with_numbers_or_without() -> None:
    import exprgrad as library

    result = ran(*PLANAR["sum"])
    assert library.to_svg(result.circuit, result) == written(result)
    assert Picture(library.to_svg(result.circuit)).of("name") == ["x", "y", "z"]
