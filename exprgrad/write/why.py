"""Why a gradient is what it is, as text, as the cells of a table, and as JSON."""

from __future__ import annotations

import json as text
from collections.abc import Iterator

from exprgrad.diagnosis.live import piece
from exprgrad.diagnosis.margins import Margin
from exprgrad.diagnosis.walk import Link
from exprgrad.diagnosis.why import Better, Why
from exprgrad.errors import shown
from exprgrad.style import Style
from exprgrad.values import at
from exprgrad.write import formula, json, markdown
from exprgrad.write.precise import rounded

HEADERS = ("pass", "formula", "what happens", "local gradient")
MOST = 24  # gates in a table; of more, the first and the last ones are shown
_ROUGH = 6  # digits in a table
_RULE = 40  # characters of a local gradient


def head(why: Why, style: Style) -> Iterator[str]:
    """What the number is, and where it began."""
    yield f"{subject(why)} is {style.number(why.number)}{_quality(why, style)}"
    if why.kind == "ordinary" and why.back:
        yield "most of it comes this way:"
    for cause in why.causes:
        yield ""
        yield from cause.report.render("cause").split("\n")


def _quality(why: Why, style: Style) -> str:
    """What there is to say of a number that is finite."""
    if why.rounded is not None:
        right = why.rounded.figure.right
        digits = "no digit is" if not right else "1 digit is" if right == 1 else f"{right} digits are"
        return f", of which {digits} right: it truly is {rounded(why.rounded.figure.true, style)}"
    return ", an ordinary number" if why.kind == "ordinary" else ""


def subject(why: Why) -> str:
    """``the gradient of x[1]``."""
    if why.of_value and _base(why) not in why.run.circuit.names:
        return f"the value{at(why.place)}"
    return f"the {'value' if why.of_value else 'gradient'} of {_base(why)}{at(why.place)}"


def _base(why: Why) -> str:
    return shown(why.name.partition("[")[0].strip(), 30)


def cells(why: Why, style: Style) -> Iterator[list[str]]:
    """A line for each gate on the way; of too many, one line counts the rest."""
    lines = [*[("forward", link) for link in why.ahead], *[("backward", link) for link in why.back]]
    left_out = len(lines) - MOST
    for number, (direction, link) in enumerate(lines):
        if left_out > 0 and number == MOST // 2:
            yield ["…", f"{left_out:,} more gates; --to json has all", "", ""]
        if left_out > 0 and MOST // 2 <= number < MOST // 2 + left_out:
            continue
        name = piece(why.run.circuit, link.wire) + at(link.place)
        rule = shown(_rule(why, link), _RULE) if direction == "backward" else ""
        yield [direction, name, happens(link, style), rule]


def happens(link: Link, style: Style) -> str:
    """``-0 × inf = nan``: what arrives, times the local gradient, is what the gate hands on."""
    if link.source < 0:
        return style.number(link.value)
    rough = style if style.digits else style._replace(digits=_ROUGH)
    arrives, hands = rough.number(link.arrives), rough.number(link.hands)
    if link.local is None or (link.hands == 0 and link.arrives * link.local != 0):  # a structural zero is no product
        return f"{arrives} → {hands}"
    return f"{arrives} × {rough.number(link.local)} = {hands}"


def _rule(why: Why, link: Link) -> str:
    """What the catalogue says of the gate's gradient."""
    op = why.run.circuit.gates[link.wire].op
    live = op.live[min(link.position, len(op.live) - 1)] if op.live else None
    return f"{op.gradient(link.position) or ''}{f' if {live}' if live else ''}"


def instead(better: Better, of: str, style: Style) -> Iterator[str]:
    """The better formula, whole, to be pasted, and what it gives."""
    yield "instead: " + ", ".join([f"{new} for {old}" for old, new in better.changes])
    yield ""
    yield from [f"  {line}" for line in rewritten(better).split("\n")]
    yield ""
    gradient = "" if better.gradient is None else f", {of} {style.number(better.gradient)}"
    yield f"which was run at this point: its value is {style.number(better.value)}{gradient}"


def rewritten(better: Better) -> str:
    """The better formula as people write it."""
    return formula.write(better.circuit, full=False)


def nearest(why: Why, margin: Margin, style: Style) -> str:
    """Where the nearest kink is."""
    name, place = _base(why), piece(why.run.circuit, margin.wire)
    if margin.distance == 0:
        return f"it stands on the kink or switch of {place}"
    far, there = style.number(margin.distance), style.number(margin.at)
    return f"the nearest kink or switch, of {place}, is {far} away, at {name} = {there} to first order"


def write_markdown(why: Why, margin: Margin | None, style: Style) -> Iterator[str]:
    """A document."""
    first, *causes = head(why, style)
    yield first
    if why.causes:
        yield from ["", "```", *causes[1:], "```"]
    else:
        yield from causes
    lines = list(cells(why, style))
    if lines:
        yield ""
        yield from markdown.write(HEADERS, lines)
    if why.better is not None:
        yield from ["", "```", *instead(why.better, subject(why), style), "```"]
    if margin is not None:
        yield from ["", nearest(why, margin, style)]


def write_json(why: Why, margin: Margin | None) -> Iterator[str]:
    """One JSON object."""
    circuit = why.run.circuit
    labels = circuit.labels()
    yield from json.head(circuit, why.run.inputs)
    what = "value" if why.of_value else "gradient"
    yield f'  "why": {text.dumps(why.name.partition("[")[0].strip())},'
    yield f'  "element": {list(why.place)},'
    yield f'  "what": "{what}",'
    yield f'  "number": {json.number(why.number)},'
    yield f'  "kind": "{why.kind}",'
    yield f'  "true": {text.dumps(why.rounded and why.rounded.figure.true)},'
    yield from json.members("causes", (json.noted(circuit, labels[one.wire], one) for one in why.causes), ",")
    links = [*why.ahead, *why.back]
    yield from json.members("way", (_link(why, labels, link) for link in links), ",")
    yield f'  "better": {_better(why.better)},'
    yield f'  "nearest": {_margin(why, labels, margin)}'
    yield "}"


def _link(why: Why, labels: list[str], link: Link) -> str:
    circuit = why.run.circuit
    members: dict[str, object] = {
        "pass": "forward" if link.source < 0 else "backward",
        "id": labels[link.wire],
        "gate": circuit.gates[link.wire].op.name,
        "expr": circuit.piece(link.wire, json.PIECE),
        "element": list(link.place),
        "happens": happens(link, Style()),
    }
    if link.source >= 0:
        members |= {"to": labels[link.source], "toElement": list(link.spot), "rule": _rule(why, link)}
    return text.dumps(members)


def _better(better: Better | None) -> str:
    if better is None:
        return "null"
    changes = text.dumps([{"from": old, "to": new} for old, new in better.changes])
    return (
        f'{{"formula": {text.dumps(rewritten(better))}, "changes": {changes}, '
        f'"value": {json.number(better.value)}, "grad": {json.number(better.gradient)}}}'
    )


def _margin(why: Why, labels: list[str], margin: Margin | None) -> str:
    if margin is None:
        return "null"
    where = {"id": labels[margin.wire], "expr": why.run.circuit.piece(margin.wire, json.PIECE)}
    return text.dumps({**where, "distance": margin.distance, "at": margin.at})
