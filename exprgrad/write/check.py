"""An audit of gradients as data, as the cells of a table and as sentences."""

from __future__ import annotations

import json as text
import math
from collections.abc import Iterator, Sequence

from exprgrad.audit.check import Audit, Verdict
from exprgrad.errors import shown
from exprgrad.style import Style
from exprgrad.values import at
from exprgrad.write import json

HEADERS = ("input", "gradient", "forward", "difference", "remainder", "verdict")
MOST = 60  # inputs in a table
_GOOD = 12  # right digits that need no word
_SAME, _NOTHING = 1e-12, 1e-60
_PLAIN = Style()


def write(audit: Audit) -> Iterator[str]:
    """One JSON object, a verdict a line."""
    yield from json.head(audit.run.circuit, audit.run.inputs)
    yield f'  "value": {json.number(audit.run.value)},'
    yield f'  "grad": {json.numbers(audit.run.gradient)},'
    yield f'  "holds": {text.dumps(audit.holds)},'
    yield f'  "lines": {audit.lines},'
    yield f'  "elements": {audit.elements},'
    yield from json.members("verdicts", map(_object, audit.verdicts), "")
    yield "}"


def _object(verdict: Verdict) -> str:
    numbers = {
        name: getattr(verdict, name)
        for name in ("gradient", "rules", "forward", "difference", "left", "right", "order")
    }
    return (
        f'{{"input": {text.dumps(verdict.name)}, "place": {list(verdict.place)}, "along": {verdict.along}, '
        f'"verdict": "{verdict.verdict}", {json.numbers(numbers)[1:-1]}, "digits": {verdict.digits}, '
        f'"message": {text.dumps(said(verdict, _PLAIN))}}}'
    )


def cells(audit: Audit, style: Style) -> Iterator[list[str]]:
    """A line for each input; of what witnesses say, only what the rules do not say."""
    verdicts = sorted(audit.verdicts, key=lambda one: one.holds)  # what does not hold is not left out
    for one in verdicts[:MOST]:
        order = "" if one.order != one.order else "none" if one.order == float("inf") else f"h^{one.order:.3g}"
        yield [
            where(one),
            style.number(one.gradient),
            _compared([one.forward], one.rules, style),
            _compared([one.left, one.right], one.rules, style),
            order,
            one.verdict if one.verdict != "agrees" or one.digits >= _GOOD else f"agrees to {one.digits} digits",
        ]
    if len(verdicts) > MOST:
        yield ["…", f"{len(verdicts) - MOST:,} more hold", "", "", "", ""]


def _compared(seen: Sequence[float], rules: float, style: Style) -> str:
    """What a witness says: the same as the rules, or something else, perhaps on both sides."""
    there = [slope for slope in seen if math.isfinite(slope)]
    if not there or not math.isfinite(rules):
        return ""
    if all([math.isclose(slope, rules, rel_tol=_SAME, abs_tol=_NOTHING) for slope in there]):
        return "same"
    return " … ".join(style.number(slope) for slope in dict.fromkeys(there))


def where(verdict: Verdict) -> str:
    """The input, the element of it, or how many elements together."""
    name = f"{shown(verdict.name, 20)}{at(verdict.place)}"
    return name if verdict.along == 1 else f"{name} and {verdict.along - 1:,} more"


def said(verdict: Verdict, style: Style) -> str:
    """What there is to say about a gradient, empty if it agrees."""
    used, rules, left, right = map(style.number, (verdict.gradient, verdict.rules, verdict.left, verdict.right))
    ahead, both = style.number(verdict.forward), f"the difference is {left} on the left, {right} on the right"
    if verdict.left == verdict.right:
        both = f"the difference is {right}"
    if verdict.verdict == "kink" and left == right:
        return f"a kink, though not along this input alone: the difference is {right}, {used} used"
    if verdict.verdict == "kink":
        return f"a kink: {left} on the left, {right} on the right, {used} used"
    if verdict.verdict == "step":
        return f"a step: the jump has no gradient, {used} is used"
    if verdict.verdict == "rounded":
        return f"rounding has left {verdict.digits} right digits: the true gradient is {rules}, float64 has {used}"
    if verdict.verdict == "off":
        return f"float64 has {used}, its own rules in high precision {rules}: more than rounding explains"
    if verdict.verdict == "not finite":
        true = f"; the true gradient is {rules}" if abs(verdict.rules) < float("inf") else ""
        return f"the gradient is {used}{true}"
    if verdict.verdict == "differs":
        return f"the gradient is {used}, forward mode says {ahead}, {both}"
    return ""
