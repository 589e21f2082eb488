"""The notation of the working in plain text: the language's own, said shortly."""

from __future__ import annotations

from exprgrad.circuit import Circuit, Gate
from exprgrad.write.formula import Language
from exprgrad.write.notation import Piece

# gates whose second input lends nothing but its shape
_LIKE = {"spread", "broadcast_to", "sum_to", "reshape_like", "part", "part_back", "index_back", "take_back"}


class Plain(Language):
    """``1/(1 + exp(-x))``."""

    def __init__(self) -> None:
        super().__init__(full=False)

    def call(self, circuit: Circuit, gate: Gate) -> list[Piece]:
        """A gate that is no operator."""
        return super().call(circuit, told(gate))


def told(gate: Gate) -> Gate:
    """A gate without the input that only lends its shape."""
    return gate._replace(inputs=gate.inputs[:1] + gate.inputs[2:]) if gate.op.name in _LIKE else gate
