"""What is wrong with a formula that does not parse, judged by the token before and the token there."""

from __future__ import annotations

from typing import NamedTuple

from exprgrad.errors import FormulaError, named, shown


class Token(NamedTuple):
    """One token: its name in the grammar and its place in the text."""

    kind: str
    start: int
    stop: int


_OPERATORS = {
    "_OR", "_AND", "_NOT", "_LESS", "_LESS_EQUAL", "_GREATER", "_GREATER_EQUAL", "_EQUAL", "_NOT_EQUAL",
    "_PLUS", "_MINUS", "_TIMES", "_DIVIDE", "_FLOOR_DIVIDE", "_PERCENT", "_POWER", "_AT",
}  # fmt: skip
_ENDS = {"$END", "_NEWLINE", "_SEMICOLON"}
_BEFORE = _OPERATORS | _ENDS | {"_LEFT", "_OPEN", "_COMMA", "_COLON", "_EQUALS"}  # what no value has ended at

# characters that other languages use, and what to write here
_REMEDIES = {
    "{": "group with ( and )",
    "}": "group with ( and )",
    "|": "write abs(x) for |x|, and `or` for ||",
    "&": "write `and` for a condition",
    "!": "write factorial(n) for n!, and `not` or != for a condition",
    "~": "write `not` for a condition",
    "√": "write √(x) or sqrt(x)",
    "$": "names need no sign in front",
    "?": "write where(condition, a, b) for a choice",
    "\\": "write names and functions without a backslash: sin(x), sqrt(x)",
    "'": "this text never ends",
    '"': "this text never ends",
    "`": "formulas have no text",
    "∗": "a product is written *",
    "∕": "a quotient is written /",
    "∑": "write the sum out with +",
}

CHOICE = "for a choice write where(condition, a, b)"
DERIVATIVE = "every run has the derivatives of its formula; --symbolic writes them as formulas"


def explain(text: str, tokens: list[Token]) -> FormulaError:
    """The error for a formula whose last token here fits no rule."""
    before, here = (tokens[-2] if len(tokens) > 1 else None), tokens[-1]
    place = (here.start, here.stop)
    word = shown(text[here.start : here.stop])
    left = None if before is None else shown(text[before.start : before.stop])
    opened = _open_parenthesis(tokens[:-1])

    if here.kind == "STRAY":
        hint = _REMEDIES.get(word, "") or _instead(text, here.start)
        if word == "'" and before is not None and before.kind not in _BEFORE:
            hint = DERIVATIVE
        if word == ".":
            hint = "what stands after a point is .T, .mT, or a function of the array before it: x.sum()"
        return FormulaError(f"a formula cannot contain {named(text[here.start])}", text, place, hint=hint)
    if here.kind in _ENDS:
        if opened is not None and (tokens[-2].kind not in _OPERATORS or here.kind == "$END"):
            what, close = ("parenthesis", ")") if opened.kind == "_LEFT" else ("bracket", "]")
            return FormulaError(
                f"this {what} is never closed", text, (opened.start, opened.stop), hint=f"add a {close}"
            )
        return _missing(text, tokens[-2], left)
    if here.kind in ("_RIGHT", "_CLOSE"):
        other = "(" if here.kind == "_RIGHT" else "["
        if opened is None:
            return FormulaError(
                f"this {word} closes nothing", text, place, hint=f"remove it, or add a {other} before it"
            )
        if (opened.kind == "_LEFT") != (here.kind == "_RIGHT"):
            return FormulaError(
                f"this {word} does not close the {shown(text[opened.start : opened.stop])} before it", text, place,
                hint=f"add a {')' if opened.kind == '_LEFT' else ']'} before it", others=[(opened.start, opened.stop)],
            )  # fmt: skip
        last = tokens[-2]  # what is open, or behind it
        if last.kind == "_OPEN":
            return FormulaError("an index needs a place", text, (last.start, here.stop), hint="such as x[0] or x[1:]")
        if last.kind == "_LEFT":
            return FormulaError(
                "there is nothing between these parentheses", text, (last.start, here.stop),
                hint="put a formula between them, or remove them",
            )  # fmt: skip
        return _missing(text, last, left)
    if here.kind == "_COMMA":
        if before is None or before.kind in _OPERATORS | {"_LEFT", "_OPEN", "_COMMA"}:
            return FormulaError("a comma needs a formula on its left", text, place)
        return FormulaError(
            "a comma separates the inputs of a function or the elements of an array", text, place,
            hint="write a decimal point as . and separate statements with ;",
        )  # fmt: skip
    if here.kind == "_COLON":
        return FormulaError(
            "a : separates the bounds of a slice, as in x[1:3]", text, place,
            hint=CHOICE,
        )  # fmt: skip
    if here.kind == "_EQUALS" and opened is not None:
        inside = "parentheses" if opened.kind == "_LEFT" else "brackets"
        return FormulaError(f"there is an = inside {inside}", text, place, hint="compare with ==")
    if here.kind == "_EQUALS":
        return FormulaError(
            "this = has no name to define on its left", text, place,
            hint="a statement is `name = formula` or `name(inputs) = formula`; compare with ==",
        )  # fmt: skip
    if before is not None and before.kind in _OPERATORS and here.kind in _OPERATORS:
        return FormulaError(
            f"two operators in a row: {left} and {word}", text, (before.start, here.stop),
            hint="remove one of them, or put a number or a name between them",
        )  # fmt: skip
    if here.kind in _OPERATORS:
        return FormulaError(f"{word} needs a number or a name on its left", text, place)
    beside = before is not None and before.kind not in _BEFORE
    return FormulaError(
        f"{word} cannot stand behind {left}" if left else f"a formula cannot begin with {word}", text, place,
        hint="an operator such as + or * is missing between them" if beside else "",
    )  # fmt: skip


def _instead(text: str, place: int) -> str:
    """What to write in the place of a character outside ASCII that looks like another one, or changes it."""
    from unicodedata import category, name, normalize

    character, kind = text[place], category(text[place])
    plain = normalize("NFKC", character)
    if kind == "Cf":
        return "it is not seen: remove it"
    if kind == "Pd":
        return "a minus is written -"
    if kind[0] == "M" and place:
        one = normalize("NFC", text[place - 1 : place + 1])
        if len(one) == 1:
            return f"write it and the letter before it as one character, {named(one)}"
        return f"a name has letters, digits and _, and no {name(character, 'mark').lower()}"
    return f"write {plain}" if plain.isascii() and plain.isprintable() and plain != character else ""


def _missing(text: str, before: Token, left: str | None) -> FormulaError:
    """Something ended where an operand was due."""
    what = f"{left} needs a number or a name on its right"
    if before.kind == "_EQUALS":
        what = "this = has no formula on its right"
    return FormulaError(what, text, (before.start, before.stop))


def _open_parenthesis(tokens: list[Token]) -> Token | None:
    """The innermost parenthesis or bracket that is still open."""
    opened: list[Token] = []
    for token in tokens:
        if token.kind in ("_LEFT", "_OPEN"):
            opened.append(token)
        elif token.kind in ("_RIGHT", "_CLOSE") and opened:
            opened.pop()
    return opened[-1] if opened else None
