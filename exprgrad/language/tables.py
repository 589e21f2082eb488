"""The parser's tables: made from grammar/formula.lark by lark, once, when the package is built.

Importing lark and building the tables takes longer than everything else a run does, so the wheel
ships them as JSON beside the grammar.  The file carries the grammar it was made from: in a
checkout whose grammar has been edited it is out of date, and the tables are built in memory.
"""

from __future__ import annotations

import json
import os
import re
from functools import cache
from typing import Any, NamedTuple


class Tables(NamedTuple):
    """An LALR(1) parser: what to do in a state on a token, and how a rule is reduced.

    ``actions[state][token]``: a state to go on to, or ``~rule`` to reduce by; nonterminals too.
    ``rules[rule]``: the nonterminal, the number of its symbols, the name of its node or None.
    """

    token: re.Pattern[str]
    ignored: frozenset[str]
    actions: list[dict[str, int]]
    rules: list[tuple[str, int, str | None]]
    accept: int


@cache
def load() -> Tables:
    """The tables, from the file beside the grammar if it was made from this very grammar."""
    folder = _folder()
    with open(os.path.join(folder, "formula.lark"), encoding="utf-8") as file:
        grammar = file.read()
    try:
        with open(os.path.join(folder, "tables.json"), encoding="utf-8") as file:
            data = json.load(file)
    except FileNotFoundError:
        data = {}
    if data.get("grammar") != grammar:
        data = build(grammar)
    return Tables(
        token=re.compile(data["token"]),
        ignored=frozenset(data["ignored"]),
        actions=data["actions"],
        rules=[(origin, size, alias) for origin, size, alias in data["rules"]],
        accept=data["accept"],
    )


def build(grammar: str) -> dict[str, Any]:
    """What lark makes of the grammar, as plain data; a conflict in it is lark's GrammarError.

    Of lark's names, which are strings that it compares in Python, it has what they say.
    """
    from lark import Lark
    from lark.parsers.lalr_analysis import Shift

    parser: Any = Lark(grammar, parser="lalr", lexer="basic", maybe_placeholders=False).parser
    table = parser.parser._parse_table  # noqa: SLF001  lark shows its tables nowhere else
    # lark numbers states and rules differently in every process: number them as they are reached
    states: list[Any] = [table.start_states["start"]]
    rules: list[Any] = []
    actions: list[dict[str, int]] = []
    for state in states:
        actions.append({})
        for symbol, (act, to) in sorted(table.states[state].items()):
            known = states if act is Shift else rules
            if to not in known:
                known.append(to)
            actions[-1][str(symbol)] = known.index(to) if act is Shift else ~known.index(to)
    terminals = [f"(?P<{terminal.name}>{terminal.pattern.to_regexp()})" for terminal in parser.lexer.terminals]
    return {
        "grammar": grammar,
        "token": "|".join([*terminals, "(?P<STRAY>(?s:.))"]),
        "ignored": sorted(parser.lexer.ignore_types),
        "actions": actions,
        "rules": [[str(rule.origin.name), len(rule.expansion), rule.alias and str(rule.alias)] for rule in rules],
        "accept": states.index(table.end_states["start"]),
    }


def _folder() -> str:
    """The grammar's folder: inside the package in a wheel, beside it in a checkout.

    By os.path, since importing pathlib takes as long as parsing a hundred formulas.
    """
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    inside = os.path.join(package, "grammar")
    return inside if os.path.isdir(inside) else os.path.join(os.path.dirname(package), "grammar")
