"""Parsing: from text to a circuit, by the gate."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

from lark import Lark

from benchmarks.formulas import mixed
from benchmarks.measure import interleave
from benchmarks.peers import installed
from benchmarks.report import Row, quantity, ratio
from exprgrad import read
from exprgrad.language.parse import parse

GATES, FEW = 20_000, 1_000
ROUNDS = 7
TITLE = f"""3. Parsing
A formula of {GATES:,} operators and calls, by the gate; medians of {ROUNDS} in turn.
Ratio of a peer's time to that of exprgrad's read: below 1 is faster than it."""


def rows() -> Iterator[Row]:
    """``read``, which parses and lowers; those below it parse only."""
    text = mixed(GATES)
    python = text.replace("^", "**")
    lark = Lark(_grammar(), parser="lalr", lexer="basic", maybe_placeholders=False)
    jobs: dict[str, Callable[[], object]] = {
        "read": lambda: read(text),
        "exprgrad: its parser alone": lambda: parse(text),
        "lark: its own driver, same grammar": lambda: lark.parse(text),
        "Python's ast.parse, in C": lambda: ast.parse(python, mode="eval"),
    }
    times = {name: seconds / GATES for name, seconds in interleave(jobs, ROUNDS).items()}
    ours = times.pop("read")
    yield quantity("exprgrad: read, by the gate", ours * 1e6, " us", 40)
    for name, seconds in times.items():
        yield ratio(name, seconds / ours)
    yield _sympy()


def _grammar() -> str:
    """The grammar's text: inside the package in a wheel, beside it in a checkout."""
    package = Path(str(files("exprgrad")))
    inside = package / "grammar" / "formula.lark"
    path = inside if inside.exists() else package.parent / "grammar" / "formula.lark"
    return path.read_text(encoding="utf-8")


def _sympy() -> Row:
    """SymPy, on a smaller formula, beside ``read`` on the same one."""
    name = f"SymPy: parse_expr, on {FEW:,} gates"
    if not installed("SymPy"):
        return Row(name, "not installed")
    from sympy.core.cache import clear_cache
    from sympy.parsing.sympy_parser import parse_expr

    text = mixed(FEW)
    python = text.replace("^", "**")

    def peer() -> None:
        clear_cache()  # or it would know the formula from the last time
        parse_expr(python)

    times = interleave({"read": lambda: read(text), "SymPy": peer}, ROUNDS)
    return ratio(name, times["SymPy"] / times["read"])
