"""Formula → circuit: its statements in order, each name defined once and before it is used."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from exprgrad.alike import meant, unseen
from exprgrad.circuit import Builder, Circuit, Composite, Literal, uncollected
from exprgrad.errors import FormulaError, Span, UsageError, named, shown
from exprgrad.gates import INPUT, Param, Row
from exprgrad.language.call import function_name
from exprgrad.language.items import Item
from exprgrad.language.lower import MAX_INSIDE, closed, constant, lower, number
from exprgrad.language.parse import Node, parse
from exprgrad.shapes import is_scalar

MAX_CHARACTERS = 32_000_000


@uncollected()
def read(text: str, given: Collection[str] = (), of: str | None = None) -> Circuit:
    """The circuit of a formula, as written: no gate is left out, merged or reordered.

    ``given`` names variables that have a value; a constant such as ``e`` among them is a variable.
    ``of`` names the output instead of the last statement.  Raises FormulaError, with the place in
    the text, and UsageError for an ``of`` that the formula does not name.
    """
    if len(text) > MAX_CHARACTERS:
        raise FormulaError(f"the formula is longer than {MAX_CHARACTERS:,} characters")
    nodes = parse(text)
    ends = [index + 1 for index, node in enumerate(nodes) if node.kind in ("assign", "output")]
    if not ends:
        raise FormulaError("the formula is empty", hint='for example: exprgrad "(x+y)*z" -x -2 -y 5 -z -4')
    reader = _Reader(text, given)
    output = 0
    for start, stop in zip([0, *ends], ends, strict=False):
        output = reader.statement(nodes[start:stop], last=stop == ends[-1])
    names = reader.builder.names
    if of is not None and of not in names:
        known = ", ".join(map(shown, list(names)[:20])) or "nothing"
        raise UsageError(
            f"--of {named(of)}: the formula names no such wire",
            hint=meant(of, names) or f"it names {known}",
        )
    return reader.builder.circuit(output if of is None else names[of], text)


class _Reader:
    """A formula being read: the gates so far, and the composite gates it has defined."""

    def __init__(self, text: str, given: Collection[str]) -> None:
        self.text = text
        self.given = given
        self.builder = Builder()
        self.definitions: dict[str, Row] = {}
        self.latest: Composite | None = None
        self.bodies = 0

    def statement(self, nodes: Sequence[Node], last: bool) -> int:
        """The wire a statement stands for."""
        if nodes[-1].kind == "output":
            if not last:
                raise self.error(
                    "only the last statement may go without a name", nodes[-1], "name it, as in `q = …`, or remove it"
                )
            return self.expression(nodes[:-1])
        split = next(index for index, node in enumerate(nodes) if node.kind == "target")
        left, right = nodes[:split], nodes[split + 1 : -1]
        if left[-1].kind == "name":
            return self.assign(left[-1], right)
        if left[-1].kind == "call" and all(node.kind == "name" for node in left[:-1]):
            if last:
                return self.outcome(left[-1], left[:-1], right)
            return self.define(left[-1], left[:-1], right)
        raise self.error(
            "a statement defines a name, or a function of names",
            left[-1],
            "write `q = …` or `g(t) = …`; compare with ==",
        )

    def assign(self, target: Node, nodes: Sequence[Node]) -> int:
        """``name = literal`` is an input with a default, ``name = formula`` an intermediate."""
        name = self.name(target)
        self.unused(name, target)
        literal = self.literal(nodes)
        if literal is not None:
            return self.builder.input(name, literal, _span(target))
        return self.intermediate(name, target, nodes)

    def outcome(self, target: Node, parameters: Sequence[Node], nodes: Sequence[Node]) -> int:
        """``f(x, y) = formula`` as the last statement: it names the output and lists its inputs."""
        name, inputs = self.header(target, parameters)
        for parameter, node in zip(inputs, parameters, strict=True):
            if parameter not in self.builder.names:
                self.builder.input(parameter, None, _span(node))
        return self.intermediate(name, target, nodes)

    def define(self, target: Node, parameters: Sequence[Node], nodes: Sequence[Node]) -> int:
        """``g(t) = formula`` before the last statement: a composite gate."""
        name, inputs = self.header(target, parameters)
        if name in self.definitions:
            raise self.error(f"{shown(name)} is defined twice", target, "choose another name")
        inside = Builder()
        for parameter in inputs:
            inside.input(parameter)
        resolve = closed(self.text, inside, shown(name))
        wire = lower(self.text, nodes, inside, resolve, self.definitions, flat=True)
        self.bodies += len(inside.gates)
        if self.bodies > MAX_INSIDE:
            raise self.error(
                f"the composite gates have more than {MAX_INSIDE:,} gates inside", target,
                "each use of a gate in another's definition counts with all it has inside",
            )  # fmt: skip
        body = inside.circuit(wire, self.text)
        self.latest = self.definitions[name] = Composite(
            name,
            inputs,
            value=self.text[nodes[-1].start : nodes[-1].stop],
            whole=not is_scalar(body.gates),
            body=body,
            before=self.latest,
            number=len(self.definitions),
        )
        return wire

    def header(self, target: Node, parameters: Sequence[Node]) -> tuple[str, tuple[str, ...]]:
        """The name and the inputs of ``g(s, t)``."""
        name = function_name(self.text, target)
        if not self.text.startswith(name, target.start) or name == "√":
            raise self.error("this name cannot be defined", target, "a name has letters, digits and _")
        inputs = tuple(map(self.name, parameters))
        if not inputs or len(set(inputs)) < len(inputs):
            what = "names an input twice" if inputs else "has no input"
            raise self.error(f"{shown(name)} {what}", target, "write `g(s, t) = …`, or `q = …` without inputs")
        return name, inputs

    def intermediate(self, name: str, target: Node, nodes: Sequence[Node]) -> int:
        """The wire of an expression, named."""
        wire = self.expression(nodes)
        self.unused(name, target)
        self.builder.name(wire, name)
        return wire

    def expression(self, nodes: Sequence[Node]) -> int:
        return lower(self.text, nodes, self.builder, self.resolve, self.definitions)

    def resolve(self, name: str, span: Span) -> Item:
        """A statement's wire, a constant's, or an input's, which is new where it is first read."""
        wire = self.builder.names.get(name)
        if wire is not None:
            return wire
        value = None if name in self.given else constant(name, self.text, span)
        if value is not None:
            return self.builder.const(value, span)
        letters(name, self.text, span)
        return self.builder.input(name, None, span)

    def name(self, node: Node) -> str:
        """A name that a statement may define."""
        name = self.text[node.start : node.stop]
        if "." in name or name == "π":
            raise self.error(f"{shown(name)} cannot be defined", node, "a name has letters, digits and _")
        letters(name, self.text, _span(node))
        return name

    def unused(self, name: str, target: Node) -> None:
        """Raises the error for a name that has a wire already."""
        wire = self.builder.names.get(name)
        if wire is None:
            return
        gate = self.builder.gates[wire]
        if gate.op is INPUT and gate.name == name and gate.value is None:
            raise self.error(
                f"{named(name)} is used before it is defined",
                target,
                "define it above its first use, or choose another name",
            )
        raise self.error(f"{named(name)} is defined twice", target, "a name stands for one wire: choose another")

    def literal(self, nodes: Sequence[Node]) -> Literal | None:
        """The value of a number with or without signs or of an array of them, None for any other expression."""
        kinds = {node.kind for node in nodes}
        if not kinds <= {"number", "neg", "pos", "array"} or ("array" in kinds and nodes[-1].kind != "array"):
            return None
        if nodes[-1].kind == "array":
            scratch = Builder()
            wire = lower(self.text, nodes, scratch, self.resolve, {})
            found = scratch.constants.get(wire)
            return found if isinstance(found, tuple) and not isinstance(found, Param) else None
        value = number(self.text[nodes[0].start : nodes[0].stop], self.text, _span(nodes[0]))
        return -value if sum(node.kind == "neg" for node in nodes[1:]) % 2 else value

    def error(self, message: str, node: Node, hint: str) -> FormulaError:
        return FormulaError(message, self.text, _span(node), hint=hint)


def letters(name: str, text: str, span: Span) -> None:
    """Raises the error for a name with a character that is no letter, ASCII digit or _, or is not seen."""
    for offset, character in enumerate(name):
        if not (character.isascii() or (character.isalpha() and not unseen(character))):
            place = span[0] + offset
            raise FormulaError(f"a name cannot contain {named(character)}", text, (place, place + 1))


def _span(node: Node) -> Span:
    return node.start, node.stop
