"""Stand-alone code of a circuit's value and all its gradients, in the languages of targets/, a file each."""

from __future__ import annotations

from collections.abc import Collection
from importlib import import_module

from exprgrad.alike import meant
from exprgrad.chain import backward
from exprgrad.circuit import Circuit
from exprgrad.errors import UsageError, named
from exprgrad.run import Run
from exprgrad.style import Style

TARGETS = ("python", "numpy", "jax", "torch", "c", "js", "sql")


def to_code(circuit: Circuit, target: str, run: Run | None = None, wrt: Collection[str] | None = None) -> str:
    """The code of a circuit's value and its gradients, with those of a run asserted at its end.

    ``wrt`` names the inputs whose gradients are wanted if there is no run.
    Raises UsageError for a target that there is not, and for a formula that it cannot have.
    """
    if target not in TARGETS:
        hint = meant(target, TARGETS) or f"the targets are {', '.join(TARGETS)}"
        raise UsageError(f"there is no target {named(target)}", hint=hint)
    lines = import_module(f"{__name__}.targets.{target}").write
    back = run.backward if run else backward(circuit, wrt)
    return "\n".join(lines(circuit, back, run, Style())) + "\n"
