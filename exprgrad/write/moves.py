"""The way that the inputs took along the gradient, as data and as the cells of a table."""

from __future__ import annotations

import json as text
from collections.abc import Iterator, Sequence

from exprgrad.calculus.moves import Step
from exprgrad.circuit import Circuit
from exprgrad.errors import UsageError, shown
from exprgrad.style import Style
from exprgrad.write import flat, json

HEADERS = ("step", "output", "predicted", "actual", "shares", "note")
MOST = 40  # steps in a table; of more, the first and the last ones are shown
_ROUGH = 6  # digits in a table
_SHARES = 3  # inputs whose shares a table names
_OWN = ("step", "value", "predicted", "actual", "kind", "end")


def write(circuit: Circuit, way: Sequence[Step], rate: float) -> Iterator[str]:
    """One JSON object, a step a line."""
    yield from json.head(circuit, way[0].inputs)
    yield f'  "rate": {json.number(rate)},'
    yield from json.members("steps", map(_object, way), "")
    yield "}"


def write_rows(way: Sequence[Step]) -> Iterator[str]:
    """A JSON object for each step."""
    return map(_object, way)


def write_flat(way: Sequence[Step], delimiter: str) -> Iterator[str]:
    """A header, and a row for each step: its number, the output, the changes, what is to say, the inputs."""
    for name in _OWN:
        if name in way[0].inputs:
            raise UsageError(
                f"the variable '{name}' would share its column with the result", hint="rename it, or use --to jsonl"
            )
    yield flat.line([*_OWN, *flat.columns(way[0].inputs)], delimiter)
    for step in way:
        changes = ["" if change is None else repr(change) for change in (step.predicted, step.actual)]
        inputs = map(repr, flat.columns(step.inputs).values())
        yield flat.line([str(step.number), repr(step.value), *changes, step.kind, step.end, *inputs], delimiter)


def _object(step: Step) -> str:
    return (
        f'{{"step": {step.number}, "inputs": {json.numbers(step.inputs)}, "value": {json.number(step.value)}, '
        f'"predicted": {json.number(step.predicted)}, "actual": {json.number(step.actual)}, '
        f'"shares": {json.numbers(step.shares)}, "kind": {text.dumps(step.kind)}, "end": {text.dumps(step.end)}}}'
    )


def cells(way: Sequence[Step], style: Style) -> Iterator[list[str]]:
    """A line for each step, its numbers rounded; of too many, one line counts the rest."""
    left_out = len(way) - MOST
    for position, step in enumerate(way):
        if left_out > 0 and position == MOST // 2:
            yield ["…", f"{left_out:,} more", "", "", "", ""]
        if left_out > 0 and MOST // 2 <= position < MOST // 2 + left_out:
            continue
        numbers = ["" if number is None else rough(number, style) for number in (step.predicted, step.actual)]
        said = ", ".join(filter(None, [step.kind, step.end]))
        yield [str(step.number), rough(step.value, style), *numbers, _shares(step), said]


def rough(number: float, style: Style) -> str:
    """A number with so few digits that a line of them can be read."""
    return style.number(number) if style.digits else style._replace(digits=_ROUGH).number(number)


def _shares(step: Step) -> str:
    """The inputs that most of the predicted change comes from."""
    shares = sorted(step.shares.items(), key=lambda item: -item[1])
    room = _SHARES if len(shares) <= _SHARES else _SHARES - 1
    named = [f"{shown(name, 12)} {share:.0%}" for name, share in shares[:room]]
    left = len(shares) - room
    return ", ".join(named) + (f", {left:,} more" if left > 0 else "")
