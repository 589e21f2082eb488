"""The value and all gradients: what is answered if nothing else is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

from exprgrad.chain import Backward, backward
from exprgrad.circuit import Circuit
from exprgrad.diagnosis.kinks import Note
from exprgrad.diagnosis.notes import notes
from exprgrad.errors import shown
from exprgrad.files import not_for_terminals
from exprgrad.jobs.asked import PICTURES, Asked, Lines, Reply
from exprgrad.run import Run, run
from exprgrad.style import Style
from exprgrad.write.code import TARGETS

# formats that show the whole circuit: the module that writes it, by its function
# write(circuit, back, run, style), without a run if there are no values
_WRITERS = {"latex": "article", **{name: f"code.targets.{name}" for name in TARGETS}}
BARE = ("formula", *_WRITERS, *PICTURES)
FORMATS = ("table", "json", "jsonl", "csv", "tsv", "markdown", *BARE)


def answer(asked: Asked) -> Reply:
    """The run at the point in the format that is asked for."""
    if asked.to == "formula":  # whatever its shapes are
        from exprgrad.write import formula

        return Reply([formula.write(asked.circuit, full=False)])
    if asked.numbers is None:
        if asked.to in PICTURES:
            return Reply(_picture(asked, None))
        return Reply(_writer(asked.to)(asked.circuit, backward(asked.circuit, asked.wrt), None, asked.style))
    result = run(asked.circuit, asked.numbers, asked.wrt, asked.upstream)
    found = notes(result)
    told = [_pointed(note) for note in found]
    if asked.to in PICTURES:
        return Reply(_picture(asked, result), told)
    if asked.to in _WRITERS:
        return Reply(_writer(asked.to)(asked.circuit, result.backward, result, asked.style), told)
    return Reply(_reading(asked, result, found), told)


def _pointed(note: Note) -> Note:
    """A note on what is not finite, and the question that tells more of it."""
    numbers = note.facts.get("numbers")
    if not isinstance(numbers, Mapping) or not numbers:
        return note
    name = next(iter([*[name for name in numbers if name.startswith("grad.")], *numbers]))
    name = name.removeprefix("grad.").partition("[")[0]
    hint = f"{note.report.hint}\nexprgrad --why {shown(name)} shows what follows from it"
    return note._replace(report=note.report._replace(hint=hint))


def _picture(asked: Asked, result: Run | None) -> Lines:
    """The circuit as a picture, or as a tree for a terminal."""
    from exprgrad.write.drawing import drawing

    found = drawing(asked.circuit, result, asked.style)
    if asked.to == "tree":
        from exprgrad.views import table, tree

        return table.draw(tree.show(found, asked.style), asked.to_terminal, asked.style)
    if asked.to == "png":
        not_for_terminals("png", asked.to_terminal)
    lines: Lines = import_module(f"exprgrad.write.{asked.to}").write(found, asked.style)
    return lines


def _writer(to: str) -> Callable[[Circuit, Backward, Run | None, Style], Lines]:
    """The function that writes this format."""
    found: Callable[[Circuit, Backward, Run | None, Style], Lines] = import_module(
        f"exprgrad.write.{_WRITERS[to]}"
    ).write
    return found


def _reading(asked: Asked, result: Run, found: list[Note]) -> Lines:
    """The lines of a table, or of data."""
    to = asked.to
    if to in ("json", "jsonl"):
        from exprgrad.write import json

        return json.write(result, found) if to == "json" else json.write_row(result)
    if to in ("csv", "tsv"):
        from exprgrad.write import flat

        return flat.write(result, "," if to == "csv" else "\t")
    from exprgrad.views import table

    if to == "markdown":
        from exprgrad.write import markdown

        return markdown.write(*table.cells(result, asked.style))
    return table.draw(table.show(result, asked.style), asked.to_terminal, asked.style)
