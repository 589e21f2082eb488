"""A circuit as a formula, fully parenthesised or as people write it; what is printed reads back to the same circuit."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from exprgrad.circuit import Circuit, Composite, Gate, literal, setting
from exprgrad.gates import CONST, CONSTANTS, INPUT, Entry
from exprgrad.write import notation
from exprgrad.write.notation import (
    AND,
    ATOM,
    COMPARE,
    NOT,
    OR,
    POSTFIX,
    POWER,
    PRODUCT,
    SIGN,
    SUM,
    Notation,
    Piece,
    Written,
)  # fmt: skip

# what the operators' inputs need
_LEVELS: Mapping[str, tuple[int, tuple[int, ...]]] = {
    "or": (OR, (OR, AND)),
    "and": (AND, (AND, NOT)),
    "not": (NOT, (NOT,)),
    **dict.fromkeys(("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"), (COMPARE, (SUM, SUM))),
    **dict.fromkeys(("add", "sub"), (SUM, (SUM, PRODUCT))),
    **dict.fromkeys(("mul", "div", "floor_divide", "mod", "matmul"), (PRODUCT, (PRODUCT, POWER))),
    **dict.fromkeys(("neg", "pos"), (SIGN, (SIGN,))),
    "pow": (POWER, (POSTFIX, SIGN)),
}
_CLOSE = ("*", "/", "^")  # written without blanks
_NAMES = {CONSTANTS[name]: name for name in ("pi", "tau", "e")}


def write(circuit: Circuit, *, full: bool = True) -> str:
    """The circuit's formula: composite gates, then a line for each wire with a name or a fork.

    Names that are not the language's, such as ``d[x]``, are written ``d_x``.  With ``full`` every operator
    has its parentheses, without it those that are needed.
    """
    return "\n".join([*definitions(circuit), *_statements(circuit, full)])


def definitions(circuit: Circuit) -> list[str]:
    """``g(t) = …`` for the user's composite gates, up to the last one that the circuit uses."""
    rows = [gate.op for gate in circuit.gates if isinstance(gate.op, Composite)]
    row = max(rows, key=lambda row: row.number, default=None)
    lines = []
    while row is not None:
        lines.append(f"{row.name}({', '.join(row.inputs)}) = {row.value}")
        row = row.before
    return lines[::-1]


def _statements(circuit: Circuit, full: bool) -> Iterator[str]:
    """The wires that need a line of their own, in firing order, and the output last."""
    uses = [0] * len(circuit.gates)
    for gate in circuit.gates:
        for source in gate.inputs:
            uses[source] += 1
    output = circuit.output
    last = output == len(circuit.gates) - 1  # else the output is stated where it fires, and named at the end
    stated = {
        wire
        for wire, gate in enumerate(circuit.gates)
        if gate.inputs and (gate.name is not None or uses[wire] != 1) and not (wire == output and last)
    }
    labels = circuit.labels()
    referred = sorted(stated | set(circuit.inputs.values()) | ({output} if circuit.gates[output].name else set()))
    names = dict(zip(referred, legible([labels[wire] for wire in referred]), strict=True))
    for wire, gate in enumerate(circuit.gates):
        if wire in stated or (gate.op is INPUT and gate.value is not None):
            yield f"{names[wire]} = {assigned(circuit, wire, names, full=full)}"
    if output in stated or circuit.gates[output].op is INPUT:
        yield names[output]
    elif output in names:
        yield f"{names[output]} = {assigned(circuit, output, names, full=full)}"
    else:
        yield expression(circuit, output, names, full=full)


def legible(labels: Iterable[str]) -> list[str]:
    """Each label in the language's letters, no two of them the same."""
    names: list[str] = []
    taken: set[str] = set()
    for label in labels:
        name = label if re.fullmatch(r"\w+", label) else re.sub(r"\W+", "_", label).strip("_")
        while name in taken:
            name += "_"
        taken.add(name)
        names.append(name)
    return names


def assigned(circuit: Circuit, wire: int, names: Mapping[int, str], *, full: bool = True) -> str:
    """What stands behind ``q =``; a number that gates make is put in parentheses, or it would be an input's default."""
    gate = circuit.gates[wire]
    if not gate.inputs and gate.value is not None:
        return _digits(gate, full, circuit.names)
    text = expression(circuit, wire, names, full=full)
    return f"({text})" if re.fullmatch(r"[-+]+[0-9.]+(e[-+]?[0-9]+)?", text) else text


def expression(circuit: Circuit, wire: int, names: Mapping[int, str], *, full: bool = True) -> str:
    """The expression of one wire, down to constants and the wires that have names."""
    if circuit.gates[wire].op is INPUT:
        return names[wire]
    return notation.expression(
        circuit, wire, lambda at: Written(names[at]) if at in names else None, Language(full=full)
    ).text


class Language(Notation):
    """The language that ``read`` reads; with ``full`` every operator has its parentheses."""

    def __init__(self, *, full: bool) -> None:
        self.full = full

    def parts(self, circuit: Circuit, wire: int) -> tuple[int, list[Piece]]:
        """A wire's level, and what its text consists of."""
        gate, full = circuit.gates[wire], self.full
        op, inputs = gate.op, gate.inputs
        if op is INPUT:
            return ATOM, [self.symbol(str(gate.name))]
        if op is CONST:
            text = _digits(gate, full, circuit.names)
            return ATOM if text.isalpha() or text[0] == "[" else SIGN if text[0] == "-" else POSTFIX, [text]
        if op.name not in _LEVELS:
            return ATOM, self.call(circuit, gate)
        level, needs = _LEVELS[op.name]
        sign = str(op.symbol)
        parts: list[Piece] = list(zip(inputs, needs, strict=True))
        spaced = len(parts) == 2 and (full or sign not in _CLOSE)
        parts[-1:-1] = [f" {sign} " if spaced else f"{sign} " if sign == "not" else sign]
        return (ATOM, ["(", *parts, ")"]) if full else (level, parts)

    def call(self, circuit: Circuit, gate: Gate) -> list[Piece]:
        """A gate that is no operator as pieces and wires: ``sum(x, axis=0)``, ``[x, y]``, ``x[0, i]``."""
        return _call(circuit, gate)


def _digits(gate: Gate, full: bool, taken: Collection[str] = ()) -> str:
    """A number as it is read back; if not ``full``, whole ones without a point and pi by its name, if that is free."""
    value: Any = gate.value  # which a constant has
    if full:
        return literal(value)
    name = _NAMES.get(value) if isinstance(value, float) else None
    return name if name and name not in taken else re.sub(r"\.0(?!\d)", "", literal(value))


def _call(circuit: Circuit, gate: Gate) -> list[Piece]:
    """A gate that is no operator as pieces and wires: ``sum(x, axis=0)``, ``[x, y]``, ``x[0, i]``."""
    op, inputs = gate.op, gate.inputs
    if op.name == "index" and gate.params[0]:
        return [(inputs[0], ATOM), *_brackets(gate)]
    if op.name == "matrix_transpose" or (op.name == "transpose" and gate.params == (None,)):
        return [(inputs[0], ATOM), ".mT" if op.name == "matrix_transpose" else ".T"]
    fixed: list[Piece] = [f"{name}={setting(value)}" for name, value in gate.settings().items()]
    if op.rest and gate.params[0] not in (None, ()):
        shape = gate.params[0]
        fixed = [setting(one) for one in shape] if isinstance(shape, tuple) else [setting(shape)]
    listed: list[Piece] = [piece for source in inputs for piece in ((source, 0), ", ")][:-1]
    if op.name == "stack" and not fixed and not all([_is_number(circuit, source) for source in inputs]):
        return ["[", *listed, "]"]
    if op.name in ("stack", "concatenate"):
        listed = ["[", *listed, "]"]
    separated = [piece for part in fixed for piece in (", ", part)]
    return [f"{op.name}(", *(listed + separated if listed else separated[1:]), ")"]


def _is_number(circuit: Circuit, wire: int) -> bool:
    """Whether a wire would be read as part of an array of numbers."""
    op, inputs, _, name, _, _ = circuit.gates[wire]
    return op is CONST or (op.name == "neg" and name is None and circuit.gates[inputs[0]].op is CONST)


def _brackets(gate: Gate) -> list[Piece]:
    """``[0, 1:3, i]`` of an index."""
    key = gate.params[0]
    entries: list[Piece] = []
    for entry in key if isinstance(key, tuple) else ():
        entries += [(gate.inputs[1 + entry.number], 0) if isinstance(entry, Entry) else setting(entry), ", "]
    return ["[", *entries[:-1], "]"]
