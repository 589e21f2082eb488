"""The inputs moved against the gradient, and the output seen to fall."""

from __future__ import annotations

from exprgrad.jobs.ascend import FORMATS, walk
from exprgrad.jobs.asked import Asked, Reply

__all__ = ["FORMATS", "answer"]


def answer(asked: Asked) -> Reply:
    """The way down."""
    return walk(asked, "--descend", -1.0)
