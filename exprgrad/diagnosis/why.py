"""Why a gradient is what it is, from the gate where it began, and a formula that does better there."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from exprgrad.alike import meant
from exprgrad.circuit import Circuit
from exprgrad.diagnosis.causes import not_finite, value, zero
from exprgrad.diagnosis.kinks import Note
from exprgrad.diagnosis.live import piece
from exprgrad.diagnosis.rewriting import Match, applied, matches, said
from exprgrad.diagnosis.rounded import Rounded, rounded
from exprgrad.diagnosis.walk import Link, Walk
from exprgrad.errors import ExprgradError, UsageError, named
from exprgrad.run import Run, run
from exprgrad.tidy import expanded
from exprgrad.values import Place, Value, at, dims, elements, is_finite, pick, shape, spots, unbounded

_RUNS, _WORK = 24, 400_000  # tries to find a better formula, and gates that are run in all of them
_MENDED = ("underflow", "saturated", "cancel")  # causes of a 0 that another formula may not have


class Better(NamedTuple):
    """A formula that was run at the same point, what it has instead of what, its value and the gradient there."""

    circuit: Circuit
    changes: tuple[tuple[str, str], ...]
    value: Value
    gradient: float | None


class Why(NamedTuple):
    """Why a number is what it is.

    It is the gradient of the wire ``name``, or its value if the gradient is an ordinary number and the value is
    none, at the element ``place``.  ``kind`` is ``nan``, ``inf``, ``zero``, ``rounded`` if most of its digits are
    wrong, or ``ordinary``; ``causes`` are where it began, one if it is not finite, none if it is ordinary; ``ahead``
    are the gates forward from there, ``back`` those from the output back, of the first cause.  ``rounded`` is what the
    number truly is, where that is known to be another one.  The run is of the formula without composite gates of the
    user's.
    """

    run: Run
    name: str
    wire: int
    place: Place
    of_value: bool
    number: float
    kind: str
    causes: list[Note]
    ahead: list[Link]
    back: list[Link]
    rounded: Rounded | None = None
    better: Better | None = None


def why(circuit: Circuit, point: Mapping[str, Any], name: str, upstream: Any = None) -> Why:
    """Why the gradient of an input or a named wire is what it is; of an array, of ``w[0]`` or the first in question.

    ``value`` is the output's value, unless a wire has this name.
    Raises UsageError for any other name, and what run raises.
    """
    found = _explained(run(expanded(circuit), point, None, upstream), name)
    if found.kind in ("ordinary", "zero"):
        found = _truly(found, point, upstream)
    mendable = not is_finite(found.run.value) or any([cause.kind in _MENDED for cause in found.causes])
    if found.kind == "ordinary" or (found.kind == "zero" and not mendable and found.rounded is None):
        return found
    return found._replace(better=_better(found, point, upstream))


def _explained(result: Run, name: str) -> Why:
    """The number and its causes."""
    wire, place, of_value = _subject(result, name)
    walk = Walk(result)
    gradient = result.gradients[wire]
    number = pick(result.values[wire] if of_value else 0.0 if gradient is None else gradient, place)
    found = Why(result, name, wire, place, of_value, number, _kind(number), [], [], [])
    if of_value and found.kind in ("nan", "inf"):
        cause, ahead = value(walk, wire, place)
        return found._replace(causes=[cause], ahead=ahead)
    if found.kind in ("nan", "inf"):
        cause, ahead, back = not_finite(walk, wire, place)
        return found._replace(causes=[cause], ahead=ahead, back=back)
    if found.kind == "zero" and not of_value:
        causes, back = zero(walk, wire, place)
        return found._replace(causes=causes, back=back)
    return found._replace(kind="ordinary", back=[*walk.up(wire, place)][::-1])


def _truly(found: Why, point: Mapping[str, Any], upstream: Any) -> Why:
    """The same, with what float64 has lost of the number if that is most of it."""
    base = _base(found.name)
    if not found.of_value and base not in found.run.circuit.inputs:  # of other wires nobody knows the true gradient
        return found
    lost = rounded(found.run, point, upstream, None if found.of_value else base, found.place)
    if lost is None or found.kind == "zero":
        return found._replace(rounded=lost)
    return found._replace(rounded=lost, kind="rounded", causes=[lost.cause] if lost.cause else [])


def _base(name: str) -> str:
    """A name without the element that is asked for."""
    return re.sub(r"\[.*", "", name, flags=re.DOTALL).strip()


def _kind(number: float) -> str:
    return "nan" if number != number else "inf" if math.isinf(number) else "ordinary" if number else "zero"


def _subject(result: Run, name: str) -> tuple[int, Place, bool]:
    """The wire that a name stands for, the element in question, and whether it is about its value."""
    circuit = result.circuit
    asked = re.fullmatch(r"\s*(.*?)\s*(?:\[\s*([0-9]+(?:\s*,\s*[0-9]+)*)\s*\])?\s*", name, re.DOTALL)
    base, index = asked.groups() if asked else (name, None)
    whole = base == "value" and base not in circuit.names
    wire = circuit.output if whole else circuit.names.get(base)
    if wire is None:
        known = ", ".join(map(named, list(circuit.names)[:8]))
        raise UsageError(
            f"--why: {named(base)} is no variable and no wire with a name",
            hint=meant(base, [*circuit.names, "value"])
            or f"it takes {known and f'{known}, or '}value for the output's",
        )
    number, gradient = result.values[wire], result.gradients[wire]
    extent = shape(number)
    if index is not None:
        place = tuple(map(int, index.split(",")))
        if len(place) != len(extent) or any([k >= length for k, length in zip(place, extent, strict=True)]):
            raise UsageError(f"--why: {named(base)} ({dims(extent)}) has no element [{index}]")
    elif not math.prod(extent):
        raise UsageError(f"--why: {named(base)} ({dims(extent)}) has no elements")
    else:
        place = _striking(number, None if whole else gradient)
    ordinary = gradient is None or math.isfinite(pick(gradient, place))
    return wire, place, whole or (ordinary and not math.isfinite(pick(number, place)))


def _striking(number: Value, gradient: Value | None) -> Place:
    """The first element whose gradient or value is not finite, the first whose gradient is 0, or the largest one's."""
    for candidate in (gradient, number):
        if candidate is not None and not is_finite(candidate):
            return spots(unbounded(candidate))[1]
    every = list(elements(number if gradient is None else gradient))
    zeros = [place for place, slope in every if slope == 0]
    return zeros[0] if zeros else max(every, key=lambda one: abs(one[1]))[0]


def _better(found: Why, point: Mapping[str, Any], upstream: Any) -> Better | None:
    """A formula whose value and gradient are ordinary numbers here: with as few changes as possible."""
    name = _base(found.name) + at(found.place)
    left = max(2, min(_RUNS, _WORK // len(found.run.circuit.gates)))
    waiting: list[tuple[Why, tuple[tuple[str, str], ...]]] = [(found, ())]
    for here, changes in waiting:
        found_here = matches(here.run.circuit, here.run.values, _near(here))
        for match in sorted(found_here, key=lambda match: -len(match.within)):  # what says most of the formula first
            if not left:
                return None
            left -= 1
            change = _change(here.run.circuit, match)
            try:
                next_ = _explained(run(applied(here.run.circuit, match), point, None, upstream), name)
            except ExprgradError:  # its shapes do not fit, or a wire that was asked for is gone
                continue
            if _mended(next_, found):
                gradient = None if found.of_value else next_.number
                return Better(next_.run.circuit, (*changes, change), next_.run.value, gradient)
            waiting.append((next_, (*changes, change)))
    return None


def _near(found: Why) -> set[int]:
    """The wires where it began, and those that are read there; all of them if rounding did it on the way back."""
    gates = found.run.circuit.gates
    if found.kind == "rounded" and not found.causes:
        return set(range(len(gates)))
    began = {cause.wire for cause in found.causes}
    if not is_finite(found.run.value):
        began |= {Walk(found.run).down(found.run.circuit.output, spots(unbounded(found.run.value))[1])[0].wire}
    return began | {source for wire in began for source in gates[wire].inputs}


def _mended(found: Why, before: Why) -> bool:
    """Whether the number is an ordinary one now, the true one where that is known, and so is the output."""
    if before.rounded is not None:
        return before.rounded.near(found.number, found.run.value)
    return is_finite(found.run.value) and (found.kind == "ordinary" or (found.kind == "zero" and before.kind != "zero"))


def _change(circuit: Circuit, match: Match) -> tuple[str, str]:
    """A piece of the formula, and what stands there now."""
    pieces = {name: piece(circuit, source) for name, source in match.wires.items()}
    return piece(circuit, match.root), said(match, pieces)
