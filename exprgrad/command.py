"""click's command, taught this command line: variables with one dash, in parsing, help and completion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from exprgrad.alike import meant
from exprgrad.arguments import Arguments, split, unknown_option
from exprgrad.circuit import literal
from exprgrad.errors import ExprgradError, UsageError, shown
from exprgrad.files import read_formula
from exprgrad.language.read import read


class Option(click.Option):
    """An option that ``--help`` lists under a heading of its own.

    An ``optional`` one may have a value or none, which is an empty one.
    """

    def __init__(self, *args: Any, heading: str, optional: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **(kwargs | {"is_flag": False, "flag_value": ""} if optional else kwargs))
        self.heading = heading
        self.optional = optional


class Command(click.Command):
    """A click command whose single-dash arguments are the formula's variables."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Takes the variables out, keeps them in the context, leaves options and words to click."""
        options = {
            name: None if getattr(parameter, "optional", False) else not parameter.is_flag
            for parameter in self.get_params(ctx)
            if isinstance(parameter, click.Option)
            for name in parameter.opts
        }
        try:
            parts = _take_apart(ctx, args, options)
        except UsageError:
            if ctx.resilient_parsing and args:  # somebody is still typing the last of them
                return self.parse_args(ctx, args[:-1])
            raise
        return super().parse_args(ctx, [*parts.options, "--", *parts.words])

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """The usage in the order in which people write it."""
        return ["FORMULA", "[FILES]...", "[-NAME VALUE]...", "[--OPTION]..."]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options, under their headings."""
        headings: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
            if record is not None:
                headings.setdefault(getattr(parameter, "heading", "Options"), []).append(record)
        for heading, records in headings.items():
            with formatter.section(heading):
                formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """With a formula before ``--help``, its variables too."""
        inputs = _inputs(ctx)
        if inputs:
            with formatter.section("Variables of this formula"):
                formatter.write_dl(
                    [(f"-{shown(name)} VALUE", default and f"default {default}") for name, default in inputs.items()]
                )
        super().format_epilog(ctx, formatter)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """The options, and the formula's variables that have no value yet."""
        from click.shell_completion import CompletionItem

        names = [name for name in _inputs(ctx) if name not in ctx.meta.get("values", {})]
        found = [CompletionItem(f"-{name}") for name in names if f"-{name}".startswith(incomplete)]
        return [*found, *super().shell_complete(ctx, incomplete)]


def _take_apart(ctx: click.Context, args: list[str], options: Mapping[str, bool | None]) -> Arguments:
    """The command line's parts, kept in the context; UsageError for an option there is not."""
    parts = split(args, options, ("--file",))
    given = [word.removeprefix("--file=") for word in parts.options if word.startswith("--file=")]
    if "--file" in parts.options:
        given.append(parts.options[parts.options.index("--file") + 1])
    ctx.meta.update(values=parts.values, words=parts.words, path=next(iter(given), None))
    for option in parts.options:
        name = option.partition("=")[0]
        if name.startswith("--") and name not in options:
            value = next(iter(args[args.index(option) + 1 :]), "")
            raise unknown_option(option, value, options, list(_inputs(ctx)))
    for name in parts.values:
        if f"--{name}" in options and name not in _inputs(ctx):
            raise UsageError(f"the formula has no variable '{name}'", hint=f"the option is --{name}")
    return parts


class Choice(click.Choice[str]):
    """One of some words; the error for another one suggests the nearest."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ARG002  click's signature
        """The word itself."""
        if value in self.choices:
            return value
        hint = meant(str(value), self.choices) or f"it takes {', '.join(self.choices)}"
        raise UsageError(f"{param.opts[0] if param else ''} does not take {shown(str(value))}", hint=hint)


def _inputs(ctx: click.Context) -> dict[str, str]:
    """The formula's variables with their defaults as text, none if it has an error or cannot be read now."""
    words, path = ctx.meta.get("words", []), ctx.meta.get("path")
    if (not words and not path) or words[:1] == ["-"]:
        return {}
    try:
        circuit = read(read_formula(path) if path else words[0], ctx.meta["values"])
    except ExprgradError:
        return {}
    gates = circuit.gates
    defaults = {name: gates[wire].value for name, wire in circuit.inputs.items()}
    return {name: "" if value is None else shown(literal(value)) for name, value in defaults.items()}
