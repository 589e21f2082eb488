"""Text → tree: an LALR(1) parser driven by lark's tables.

The tree is a list of nodes in postorder: a node stands right behind its children, so whoever reads
it needs a stack, never recursion.  lark's own driver would give the same tree (the tests compare
them) at many times the cost of start and of each token; see tests/benchmarks.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from exprgrad.errors import shown
from exprgrad.language.syntax import Token, explain
from exprgrad.language.tables import load


class Node(NamedTuple):
    """One node: its name in the grammar, how many children stand before it, its place in the text."""

    kind: str
    children: int
    start: int
    stop: int


def tokens(text: str) -> Iterator[tuple[str, int, int]]:
    """The formula's tokens, then ``$END``: each one's name in the grammar and place in the text.

    Newlines inside brackets are not among them.  A character that begins no token is one named
    ``STRAY``, which no rule accepts.
    """
    tables = load()
    ignored = tables.ignored
    depth = 0
    for match in tables.token.finditer(text):
        kind = match.lastgroup or ""
        if kind in ignored:
            continue
        if kind in ("_LEFT", "_OPEN"):
            depth += 1
        elif kind in ("_RIGHT", "_CLOSE"):
            depth -= 1
        elif kind == "_NEWLINE" and depth > 0:
            continue
        start, stop = match.span()
        yield kind, start, stop
    yield "$END", len(text), len(text)


def parse(text: str) -> list[Node]:
    """The tree of a formula; a FormulaError with its place if it is not one."""
    _, _, actions, rules, accept = load()
    nodes: list[Node] = []
    # the parser's stack, as three: states, where each symbol begins, how many nodes it stands for
    states, starts, counts = [0], [0], [0]
    stop = 0
    for kind, begin, end in tokens(text):
        while True:
            action = actions[states[-1]].get(kind)
            if action is None:
                raise explain(text, [Token(*token) for token in tokens(text) if token[1] <= begin])
            if action >= 0:
                states.append(action)
                starts.append(begin)
                counts.append(0)
                stop = end
                break
            origin, size, alias = rules[~action]
            if size == 1 and alias is None:
                states[-1] = _passed(states[-2], states[-1], kind)
            else:
                start, count = begin, 0
                if size:
                    start, count = starts[-size], sum(counts[-size:])
                    del states[-size:], starts[-size:], counts[-size:]
                if alias is not None:
                    nodes.append(Node(alias, count, start, stop))
                    count = 1
                states.append(actions[states[-1]][origin])
                starts.append(start)
                counts.append(count)
            if kind == "$END" and states[-1] == accept:
                break
    return nodes


@cache
def _passed(below: int, state: int, kind: str) -> int:
    """The state behind all rules that only pass their symbol on: a name alone is a power, a product and a sum."""
    _, _, actions, rules, _ = load()
    while True:
        action = actions[state].get(kind)
        if action is None or action >= 0:
            return state
        origin, size, alias = rules[~action]
        if size != 1 or alias is not None:
            return state
        state = actions[below][origin]


def outline(text: str, nodes: list[Node]) -> Iterator[str]:
    """The tree as people read it, a line a node, children indented under their parent.

    Below 30 levels the indent stays and the level is written out, so that a deep tree is printed
    in the length of its formula and not in its square.
    """
    sizes: list[int] = []
    for index, node in enumerate(nodes):
        first = index
        for _ in range(node.children):
            first -= sizes[first - 1]
        sizes.append(index - first + 1)
    roots: list[tuple[int, int]] = []
    last = len(nodes) - 1
    while last >= 0:
        roots.append((last, 0))
        last -= sizes[last]
    while roots:
        index, level = roots.pop()
        kind, children, start, stop = nodes[index]
        indent = "  " * level if level <= 30 else f"{'  ' * 30}[{level}] "
        yield f"{indent}{kind}" + ("" if children else f" {shown(text[start:stop])}")
        child = index - 1
        for _ in range(children):
            roots.append((child, level + 1))
            child -= sizes[child]
