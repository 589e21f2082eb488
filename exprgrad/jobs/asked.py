"""What a question about one point begins with, and what its answer is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from exprgrad.circuit import Circuit
from exprgrad.diagnosis.kinks import Note
from exprgrad.errors import ExprgradError
from exprgrad.style import Style
from exprgrad.values import Value

Lines = Iterable[str] | bytes

PICTURES = ("tree", "svg", "png", "dot", "mermaid")  # of the circuit, with numbers or without


class Asked(NamedTuple):
    """A question about a circuit at a point.

    ``numbers`` are the values given, None where there is none though some are needed: a reading in
    ``BARE`` does without.  ``to`` is the format, ``argument`` what stood behind the question's option,
    ``more`` what stood behind those that go with it, as typed.
    """

    circuit: Circuit
    numbers: Mapping[str, Value] | None
    wrt: list[str] | None
    upstream: Value | None
    to: str
    style: Style
    to_terminal: bool
    argument: str = ""
    more: Mapping[str, str] = {}

    @property
    def point(self) -> Mapping[str, Value]:
        """The values given."""
        return self.numbers or {}


class Reply(NamedTuple):
    """What is delivered, the notes to tell, and the error to end with once that is done."""

    lines: Lines
    notes: Sequence[Note] = ()
    error: ExprgradError | None = None
