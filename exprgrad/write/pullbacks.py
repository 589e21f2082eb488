"""What each whole-array gate of a run hands to its inputs, as formulas: ``d[D] @ X.mT``."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, Sequence
from functools import cached_property

from exprgrad.run import Run
from exprgrad.write.formula import expression


class Pullbacks:
    """The pullbacks of a run's gates over wires that are called by these labels."""

    def __init__(self, run: Run, labels: Sequence[str]) -> None:
        self.run = run
        self.labels = labels

    @cached_property
    def names(self) -> dict[int, str]:
        """What the wires of the backward pass are called, which is made for whole-array gates only."""
        gates, labels = self.run.backward.circuit.gates, self.labels
        named = {wire: gate.name for wire, gate in enumerate(gates) if gate.name and wire >= len(labels)}
        return dict(enumerate(labels)) | named

    def of(self, wire: int, called: Mapping[int, str] | None = None) -> list[tuple[str, str] | None]:
        """For each input of a gate its name and what it is handed; None where nothing is.

        ``x[0]`` hands its gradient to ``x[0]``, which says more than the gates that do it.  ``called``
        has other names for some wires.
        """
        gate, back = self.run.circuit.gates[wire], self.run.backward
        names = ChainMap(dict(called), self.names) if called else self.names
        found: list[tuple[str, str] | None] = []
        for source, sent in zip(gate.inputs, back.sent[wire], strict=False):
            if sent is None:
                found.append(None)
            elif gate.op.name == "index":
                place = expression(self.run.circuit, wire, names)
                found.append((place, names.get(back.gradient[wire] or 0, "")))
            else:
                text = expression(back.circuit, sent, names)
                found.append((names[source], text[1:-1] if text[0] == "(" else text))
        return found
