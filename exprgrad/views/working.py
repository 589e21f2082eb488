"""The worked chain rule on a terminal: equations broken before their signs, remarks beside them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from exprgrad.diagnosis.working import Working
from exprgrad.style import Style
from exprgrad.write.equations import BACKWARD, FORWARD, KINDS, RESULT, Equations, Line, Step, left_out
from exprgrad.write.plain import Plain

_LOCAL = 34  # columns of a local gradient that has its product beside it
_HANG = 4  # columns by which a line that goes on is indented


class Worked:
    """The working, to be printed by rich."""

    def __init__(self, working: Working, style: Style) -> None:
        self.equations = Equations(working, Plain(), style)
        self.style = style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self._lines(options.max_width):
            line.no_wrap, line.overflow = True, "ignore"
            yield line

    def _lines(self, width: int) -> Iterator[Text]:
        made, style = self.equations, self.style
        yield Text(FORWARD, style="bold")
        yield Text("")
        for line in made.forward():
            yield from _rest(line) if isinstance(line, int) else _line(line, 2, width, style.value)
        kinds = list(made.kinds())
        if kinds:
            yield from _heading(KINDS)
            most = max([cell_len(gate) for gate, _ in kinds])
            for gate, does in kinds:
                yield from _wrapped(f"  {gate}{' ' * (most - cell_len(gate))}  ", "".join(does), width)
            yield from _heading(BACKWARD)
        seed = made.seed()
        if seed is not None:
            yield from _line(seed, 2, width, style.gradient)
        for step in made.backward():
            yield from _rest(step) if isinstance(step, int) else self._step(step, width)
        result = list(made.result())
        if result:
            yield from _heading(RESULT)
        for line in result:
            yield from _rest(line) if isinstance(line, int) else _line(line, 2, width, style.gradient)

    def _step(self, step: Step, width: int) -> Iterator[Text]:
        """A gate, for each of its inputs the local gradient and the product, beside each other if there is room."""
        style = self.style
        yield Text("")
        yield from _line(Line(step.gate, step.remark), 2, width, "")
        left = max([0, *[cell_len(style.text(str(local))) for local, _ in step.rows if local]])
        right = max([0, *[cell_len(style.text(str(line.equation))) for _, line in step.rows]])
        beside = 0 < left <= _LOCAL and 4 + left + 3 + right <= width
        for local, line in step.rows:
            if local is None or not beside:
                if local is not None:
                    yield from _line(Line(local, []), 4, width, style.local)
                yield from _line(line, 4, width, style.gradient)
                continue
            text = next(_line(Line(local, []), 4, width, style.local))
            text.append(" " * (4 + left + 3 - cell_len(style.text(text.plain))))
            text.append_text(next(_line(Line(line.equation, []), 0, width, style.gradient)))
            yield text
        for line in step.sums:
            yield from _line(line, 4, width, style.gradient)


def _heading(text: str) -> Iterator[Text]:
    yield from (Text(""), Text(text, style="bold"), Text(""))


def _rest(count: int) -> Iterator[Text]:
    yield from (Text(""), Text(f"  {left_out(count)}"))


def _line(line: Line, indent: int, width: int, style: str) -> Iterator[Text]:
    """An equation in as many lines as it needs, its last side in a style, then the remark."""
    equation, text = line.equation, Text(" " * indent)
    last = len(equation.sides) - 1
    for number, side in enumerate(equation.sides):
        sign = f" {equation.relations[number - 1]} " if number else ""
        if number and text.cell_len + cell_len(sign + side) > width:
            yield text
            text, sign = Text(" " * (indent + _HANG)), sign[1:]
        room = max(width - text.cell_len - len(sign), width // 2)
        first, *more = textwrap.wrap(side, room, break_long_words=False, break_on_hyphens=False) or [""]
        text.append(sign)
        text.append(first, style if number == last else "")
        for piece in more:
            yield text
            text = Text(" " * (indent + 2 * _HANG)).append(piece, style if number == last else "")
    remark = "".join(line.remark)
    if remark and text.cell_len + 3 + cell_len(remark) <= width:
        yield text.append(f"   {remark}", "dim")
        return
    yield text
    if remark:
        yield from _wrapped(" " * (indent + _HANG), remark, width, "dim")


def _wrapped(before: str, words: str, width: int, style: str = "") -> Iterator[Text]:
    """Words in lines below each other."""
    room = max(width - cell_len(before), width // 2)
    for line in textwrap.wrap(words, room, break_on_hyphens=False):
        yield Text(before).append(line, style)
        before = " " * cell_len(before)
