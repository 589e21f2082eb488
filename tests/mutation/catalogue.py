"""Wrong catalogues: each formula of each row changed in each of many ways, one at a time."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from exprgrad.gates import CATALOGUE, Row
from mutation.runner import Item, Mutant

FILES = (
    "test_laws.py",
    "test_arrays.py",
    "test_singular.py",
    "test_convention.py",
    "test_array_language.py",
    "test_accuracy.py",
)

ROWS = [row for section in CATALOGUE.values() for row in section]
FORMULAS = ("gradients", "sharp", "value", "live", "kinks", "steps", "domain", "hints")
CONDITIONS = ("live", "domain", "at", "hints")

# what takes the place of an operator or a function
OTHERS = {
    "+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "//": ["/"], "^": ["*"], "@": ["*"], "and": ["or"], "or": ["and"], "not": [""],
    "<": ["<=", ">"], "<=": ["<", ">="], ">": [">=", "<"], ">=": [">", "<="], "==": ["!="], "!=": ["=="],
    "min": ["max"], "max": ["min"], "floor": ["ceil"], "ceil": ["floor"], "out": ["0"], "g": ["0"], "mT": ["mT.mT"],
}  # fmt: skip
NUDGE = "1.000000001"
QUICK = (": -(…)", ": 0 + 1")  # one of these for each formula
TOKEN = re.compile(r"\d+(?:\.\d+)?(?:e-?\d+)?|[A-Za-z_]\w*|//|[<>=!]=|[-+*/^@<>]")

Change = tuple[str, Any]  # what it is, and what is there instead


def mutants(names: Sequence[str], tests: Sequence[Item], *, quick: bool) -> Iterator[Mutant]:
    """All changes to the rows of these names, or to all rows; ``quick`` makes one to each local gradient."""
    for row in ROWS:
        if names and row.name not in names:
            continue
        for field in ("gradients", "sharp") if quick else (*FORMULAS, "defaults", *["moves"] * row.whole):
            seen = _seeing(row, tests, gradients=field in ("gradients", "sharp"))
            for what, value in _changed(getattr(row, field), row, field):
                if not quick or what.endswith(QUICK):
                    yield Mutant(f"{row.name}, {field}{what}", seen, partial(object.__setattr__, row, field, value))


def _changed(old: Any, row: Row, field: str) -> Iterator[Change]:
    """What may stand in the place of a field's value: of a tuple, with one of its parts changed."""
    if isinstance(old, bool):
        yield "", not old
    elif isinstance(old, float):
        yield "", old + 1
    elif isinstance(old, tuple):
        names = getattr(old, "_fields", range(len(old)))
        for place, (name, part) in enumerate(zip(names, old, strict=True)):
            if (field == "hints" and place == 1) or (field == "others" and place == 0):  # words, and an input's name
                continue
            for what, new in _changed(part, row, name if isinstance(name, str) else field):
                parts = (*old[:place], new, *old[place + 1 :])
                yield f"[{name}]{what}", type(old)(*parts) if hasattr(old, "_fields") else parts
    elif old is not None:
        for what, new in _texts(old, row, field):
            yield f" {old!r}: {what}", new


def _texts(text: str, row: Row, field: str) -> Iterator[Change]:
    """Other formulas in the place of one."""
    if field in ("gradients", "live"):
        yield "None", None
    if field in CONDITIONS:
        yield "not (…)", f"not ({text})"
    elif text == "0":
        yield "0 + 1", "1"
    elif text != "nan":
        yield "-(…)", f"-({text})"
        yield f"(…)*{NUDGE}", f"({text})*{NUDGE}"
        yield "(…) + 1e-9", f"({text}) + 1e-9"
        yield "0", "0"
    others = dict(zip(row.inputs, row.inputs[1:] + row.inputs[:1], strict=True)) if len(row.inputs) > 1 else {}
    for token in TOKEN.finditer(text):
        word, rest = token[0], text[token.end() :]
        if rest.startswith("=") and not rest.startswith("=="):  # the name of a setting
            continue
        instead = (
            [f"({float(word) + 1!r})", *[f"({word}*{NUDGE})"] * (float(word) != 0)]
            if word[0].isdigit()
            else OTHERS.get(word, [])
        )
        for new in [*instead, *[other for one, other in others.items() if one == word]]:
            yield f"{word} -> {new} at {token.start()}", text[: token.start()] + new + rest


def _seeing(row: Row, tests: Sequence[Item], *, gradients: bool) -> list[Item]:
    """The tests of a row, and of whole-array rows whose formulas it stands in: by parameter, name or text."""
    uses = re.compile(rf"\b{row.name}\b")
    names = {row.name, *row.aliases}
    for other in ROWS:
        if other.whole and uses.search(" ".join(filter(None, [*(other.gradients or ()), *other.live]))):
            names |= {other.name, *other.aliases}
    words = [rf"(?<!\w){re.escape(name)}(?!\w)" for name in sorted(names)]
    word = re.compile("|".join([*words, *([re.escape(row.symbol)] if row.symbol else [])]))
    seen = [test for test in tests if _subject(test) in names or word.search(_words(test))]
    return sorted(seen, key=lambda test: (_subject(test) != row.name, gradients and "gradient" not in test.name))


def _subject(test: Item) -> str | None:
    """The name of the row that a test is of."""
    params = test.callspec.params if hasattr(test, "callspec") else {}
    found = params["case"].row if "case" in params else params.get("row")
    return found.name if isinstance(found, Row) else found if isinstance(found, str) else None


def _words(test: Item) -> str:
    """What a test without rows is about."""
    if _subject(test) is not None:
        return ""
    return str(test.name) if hasattr(test, "callspec") else inspect.getsource(test.function)
