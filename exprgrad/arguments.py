"""The command line's one convention of its own: a single dash is a variable, a double dash an option.

click knows the options; this module takes the variables out before click sees the rest.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from exprgrad.alike import meant
from exprgrad.arithmetic.forward import forward, told
from exprgrad.errors import ExprgradError, UsageError, named, shown
from exprgrad.gates import CONSTANTS
from exprgrad.language.read import read
from exprgrad.shapes import infer, is_scalar
from exprgrad.values import Value

_VARIABLE = re.compile(r"-([^\W\d]\w*)")
_BINDING = re.compile(r"-?([^\W\d]\w*)=(?!=)(.*)", re.DOTALL)
_NAMES = re.compile(r"[^\W\d]\w*( *, *[^\W\d]\w*)*")


class Arguments(NamedTuple):
    """A command line taken apart."""

    options: list[str]
    words: list[str]
    values: dict[str, str]


def split(arguments: list[str], options: Mapping[str, bool | None], formula_by_option: Collection[str]) -> Arguments:
    """Options, words and variables.

    ``options`` says of each option whether it takes a value, ``formula_by_option`` which of them
    give the formula, so that no word is needed for it.  Otherwise the first word is the formula,
    even one like ``-x^2`` or ``-x``; after ``--`` everything is a word.  An option of which None is said
    may have a value: names with commas between them, or one name behind the formula.
    Raises UsageError for a variable or an option that stands twice, or a variable without a value.
    """
    parts = Arguments([], [], {})
    formula_known = any(argument.partition("=")[0] in formula_by_option for argument in arguments)
    rest = list(reversed(arguments))
    while rest:
        argument = rest.pop()
        if argument == "--":
            parts.words.extend(reversed(rest))
            break
        if argument.startswith("--"):
            name, equals, text = argument.partition("=")
            if any(option.partition("=")[0] == name for option in parts.options if option.startswith("--")):
                raise UsageError(f"{shown(name)} stands twice")
            parts.options.append(argument)
            if options.get(name, False) is None and not equals and rest and _NAMES.fullmatch(rest[-1]):
                behind = bool(formula_known or parts.words)
                parts.options[-1] += f"={rest.pop()}" if behind or "," in rest[-1] else ""
            if options.get(name):
                if not equals and rest and rest[-1].partition("=")[0] not in ("--", *options):
                    text = rest.pop()
                    parts.options.append(text)
                if not text:
                    raise UsageError(f"{shown(name)} has no value", hint=f"write {shown(name)} VALUE")
            continue
        formula_due = not formula_known and not parts.words
        binding = _BINDING.fullmatch(argument)
        if binding and not (formula_due and not argument.startswith("-")):
            _bind(parts.values, *binding.groups())
            continue
        variable = _VARIABLE.fullmatch(argument)
        if variable and not (formula_due and _begins_formula(rest)):
            if not rest or rest[-1].partition("=")[0] in options or _is_variable(rest[-1]):
                raise UsageError(
                    f"-{shown(variable[1])} has no value", hint=f"write -{shown(variable[1])} VALUE, such as -x 3"
                )
            _bind(parts.values, variable[1], rest.pop())
            continue
        parts.words.append(argument)
    return parts


def value(name: str, text: str) -> Value:
    """The value of an expression of numbers such as ``-1e-3``, ``pi/4`` or ``[1, 2]``, or of the file in ``@path``.

    Raises UsageError for any other.
    """
    if not text.strip():
        raise UsageError(f"the value of {named(name)} is empty", hint="a value is a number, or a formula of numbers")
    if text.lstrip().startswith("@"):
        from exprgrad.load import load

        return load(text.strip()[1:])
    try:
        circuit = read(text)
        for wire in circuit.inputs.values():
            raise UsageError(
                f"there is no value for {named(str(circuit.gates[wire].name))} in it", text, circuit.gates[wire].span,
                hint="a value is a number, an array such as [1, 2], a formula of numbers such as pi/4, or @ and a file",
            )  # fmt: skip
        arrays = not is_scalar(circuit.gates)
        if arrays:
            infer(circuit, {})
        with told(circuit):
            return forward(circuit.gates, {}, arrays=arrays)[circuit.output]
    except ExprgradError as error:
        message = f"the value of {named(name)} is not a number: {error.report.message}"
        raise UsageError(message, *error.report[1:]) from None


def listed(text: str) -> list[str]:
    """The names that stand with commas between them."""
    return [name for name in map(str.strip, text.split(",")) if name]


def assigned(option: str, text: str) -> dict[str, Value]:
    """The values in ``x=1, y=[1, 2]``, by name.  Raises UsageError."""
    values: dict[str, str] = {}
    for piece in _apart(text):
        binding = _BINDING.fullmatch(piece.strip())
        if binding is None:
            raise UsageError(
                f"{option}: '{shown(piece, 30)}' is not a name and its value", hint=f"such as {option} x=1,y=0"
            )
        _bind(values, *binding.groups())
    return {name: value(f"{option} {name}", part) for name, part in values.items()}


def _apart(text: str) -> Iterator[str]:
    """The pieces between the commas that are in no brackets."""
    start = depth = 0
    for place, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            yield text[start:place]
            start = place + 1
    yield text[start:]


def unknown_option(option: str, value: str, options: Collection[str], variables: Collection[str]) -> UsageError:
    """The error for ``--alpha 0.5``: a variable with one dash too many, or a misspelt option.

    ``value`` is the argument behind it.
    """
    name, equals, inside = option.partition("=")
    if name[2:] in variables:
        binding = f"{shown(name[1:])} {shown((inside if equals else value) or 'VALUE')}"
        return UsageError(f"{shown(name)} is not an option", hint=f"a variable has one dash: {binding}")
    hint = meant(name, options) or "exprgrad --help lists the options; a variable has one dash"
    return UsageError(f"there is no option {shown(name)}", hint=hint)


def _begins_formula(rest: list[str]) -> bool:
    """Whether ``-x``, where a formula is due, is the formula: what follows is no value for it."""
    return not rest or rest[-1].startswith("--") or _is_variable(rest[-1]) or bool(_BINDING.fullmatch(rest[-1]))


def _is_variable(argument: str) -> bool:
    """Whether this is ``-alpha``, another variable, and not the value ``-pi``."""
    variable = _VARIABLE.fullmatch(argument)
    return variable is not None and variable[1] not in CONSTANTS


def _bind(values: dict[str, str], name: str, value: str) -> None:
    if name in values:
        raise UsageError(f"{named(name)} has two values, {shown(values[name])} and {shown(value)}")
    values[name] = value
