"""A run as a way of gates: from a wire back to the output, and from a value to the first that is not finite."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from exprgrad.arithmetic.forward import rule
from exprgrad.diagnosis.shares import shares
from exprgrad.gates import CONST
from exprgrad.run import Run
from exprgrad.tidy import needed
from exprgrad.values import Place, Value, own, pick, product, shape, spots, unbounded


class Link(NamedTuple):
    """A gate on the way: its value at an element, and what it hands to the element ``spot`` of an input.

    Going forward it hands nothing, and ``source`` is -1.  ``local`` is None where the elements of arrays meet.
    """

    wire: int
    place: Place
    value: float
    source: int = -1
    spot: Place = ()
    position: int = 0
    arrives: float = 0.0
    local: float | None = None
    hands: float = 0.0


class Walk:
    """A run with the gates that read each wire, on the way to the output."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.circuit = run.circuit
        self.shares = shares(run)
        self.readers: list[list[tuple[int, int]]] = [[] for _ in run.values]
        for reader in needed(run.circuit.gates, {run.circuit.output}):
            for position, source in enumerate(run.circuit.gates[reader].inputs):
                self.readers[source].append((reader, position))

    def handed(self, wire: int, place: Place) -> Iterator[tuple[int, int, float | None]]:
        """The gates that read a wire, at which position, and the gradient that each hands to an element of it."""
        for reader, position in self.readers[wire]:
            share = self._share(reader, position)
            yield reader, position, None if share is None else pick(share, place)

    def _share(self, reader: int, position: int) -> Value | None:
        return self.shares[reader][position] if position < len(self.shares[reader]) else None

    def link(self, reader: int, position: int, place: Place) -> Link:
        """What a gate does with the gradient on its way to an element of an input."""
        values, slopes, arriving = self.run.values, self.run.locals[reader], self.run.gradients[reader]
        slope = slopes[position] if position < len(slopes) else None
        source = self.circuit.gates[reader].inputs[position]
        spot = self._through(reader, source, place, arriving, slope)
        arrives = 0.0 if arriving is None else pick(arriving, spot)
        local = None if slope is None else pick(slope, spot)
        share = self._share(reader, position)
        hands = 0.0 if share is None else pick(share, place)
        if local is not None and share is not None and shape(values[reader]) != shape(share):
            hands = arrives * local  # one of several that are added up
        return Link(reader, spot, pick(values[reader], spot), source, place, position, arrives, local, hands)

    def _through(self, reader: int, source: int, place: Place, arriving: Value | None, slope: Value | None) -> Place:
        """The element of a gate by which most reaches an element of its input."""
        extent, like = shape(self.run.values[reader]), shape(self.run.values[source])
        if not extent:
            return ()
        import numpy as np

        def size(value: Value) -> Any:
            return np.broadcast_to(np.where(np.isfinite(value), np.abs(value), np.inf), extent)

        came = size(0.0 if arriving is None else arriving)
        passed = came if slope is None or arriving is None else size(product(arriving, slope))
        score = passed if passed.any() else came
        if not self.circuit.gates[reader].op.whole:  # only those that are made of it
            numbers = np.arange(math.prod(like)).reshape(like)
            score = np.where(np.broadcast_to(numbers, extent) == numbers[place], score, -1.0)
        return tuple(map(int, np.unravel_index(np.argmax(score), extent)))

    def up(self, wire: int, place: Place) -> Iterator[Link]:
        """The gates from an element to the output, at each fork the one that hands back most."""
        while wire != self.circuit.output:
            known = [(number, one, at) for one, at, number in self.handed(wire, place) if number is not None]
            if not known:
                return
            _, reader, position = max(known, key=lambda one: math.inf if one[0] != one[0] else abs(one[0]))
            link = self.link(reader, position, place)
            yield link
            wire, place = link.wire, link.place

    def down(self, wire: int, place: Place) -> list[Link]:
        """The gates from an element that is not finite to the first that is not, which stands first."""
        values, links = self.run.values, [Link(wire, place, pick(self.run.values[wire], place))]
        while True:
            wire, place = links[0].wire, links[0].place
            gate = self.circuit.gates[wire]
            found = None
            for position, source in enumerate(gate.inputs):
                value = values[source]
                if gate.op.whole:
                    count, spot = spots(unbounded(value))
                else:
                    spot = own(value, place)
                    count = not math.isfinite(pick(value, spot)) and self.selected(wire, position, place)
                if count and (found is None or self.circuit.gates[found[0]].op is CONST):
                    found = source, spot
            if found is None:
                return links
            links.insert(0, Link(*found, pick(values[found[0]], found[1])))

    def selected(self, wire: int, position: int, place: Place) -> bool:
        """Whether an input of a gate that works by elements is a selected branch."""
        op = self.circuit.gates[wire].op
        condition = op.live[position] if op.live else None
        return condition is None or bool(rule(condition, op)(*self.reads(wire, place)))

    def reads(self, wire: int, place: Place) -> list[float]:
        """The numbers that a gate reads at an element, and its own."""
        gate, values = self.circuit.gates[wire], self.run.values
        return [pick(values[source], place) for source in (*gate.inputs, wire)]
