"""SQL: one SELECT over a table, for any database; what is not finite is NULL.

The functions are those that DuckDB, PostgreSQL, Snowflake and BigQuery share, and are asked for nothing that they stop
at: outside of its domain, the catalogue's, a gate is NULL, and so is everything that is computed of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite

from exprgrad.errors import UsageError, named, shown
from exprgrad.gates import ROWS, Row
from exprgrad.values import Value, is_finite
from exprgrad.write.code.form import AND, ARITHMETIC, COMPARE, NOT, OR, PRODUCT, SUM, Form, call, calls, infix
from exprgrad.write.code.lines import Line
from exprgrad.write.code.listing import Listing
from exprgrad.write.code.names import Names
from exprgrad.write.code.proof import Proof
from exprgrad.write.code.target import Function, Target

# the words that are reserved in one of these databases
_WORDS = """
all alter analyse analyze and any array as asc assert_rows_modified asymmetric at authorization between binary both by
case cast check collate collation column concurrently connect constraint contains create cross cube current
current_catalog current_date current_role current_schema current_time current_timestamp current_user database default
deferrable define delete desc describe distinct do drop else end enum escape except exclude exists extract false fetch
following for foreign freeze from full glob grant group grouping groups hash having ignore ilike in increment
initially inner insert intersect interval into is isnull issue join lambda lateral leading left like limit localtime
localtimestamp lookup map merge minus natural new no not notnull null nulls of offset on only or order organization
outer over overlaps partition pivot pivot_longer pivot_wider placing positional preceding primary proto qualify range
recursive references regexp respect returning revoke right rlike rollup row rows sample schema select semi
session_user set show similar some start struct summarize symmetric table tablesample then to trailing treat trigger
true try_cast unbounded union unique unnest unpivot update user using values variadic verbose view when whenever where
window with within anti asof value gscluster account date time timestamp
"""
_RESERVED = frozenset(_WORDS.split())
_LARGEST = "1.7976931348623157e308"
_GIVEN, _INPUTS = "source", "inputs"


_ONE = "sqrt cbrt exp log=ln sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh abs floor ceil"
_FORMS: Mapping[str, Form] = {
    **ARITHMETIC,
    "div": Form("{0} / NULLIF({1}, 0e0)", PRODUCT, (PRODUCT, 0)),
    "equal": infix("=", COMPARE, SUM),
    "not_equal": Form("NOT COALESCE({0} = {1}, FALSE)", NOT, (SUM,)),
    "and": infix("AND", AND, NOT),
    "or": infix("OR", OR, AND),
    "not": Form("NOT COALESCE({0}, FALSE)", NOT),
    "where": Form("CASE WHEN {0} THEN {1} ELSE {2} END"),
    **{gate: Form(form.text.upper()) for gate, form in calls("{}", _ONE).items()},
    "pow": call("POWER", 2),
    "atan2": call("ATAN2", 2),
}
# where a database would stop the gate is NULL, and exp, far below 0, is 0
_DEFINITIONS = {
    **{row: f"where({ROWS[row].domain}, {ROWS[row].call}, nan)" for row in _FORMS if ROWS[row].domain and row != "div"},
    "exp": "where(x < -745, 0, where(x < 709.78, exp(x), nan))",
    "cosh": "where(abs(x) < 710, cosh(x), nan)",
    "sinh": "where(abs(x) < 710, sinh(x), nan)",
    "max": "where(a < b, b, where(a >= b, a, nan))",
    "min": "where(a > b, b, where(a <= b, a, nan))",
}


class SQL(Target):
    """A column for each line, in one common table expression for all that can be computed at a time."""

    name = "sql"
    comment = "--"
    case = False
    functions = False
    reserved = frozenset([*_RESERVED, _GIVEN, _INPUTS, "value"])
    forms = _FORMS
    definitions = _DEFINITIONS
    truth = Form("NOT COALESCE({0} = 0e0, FALSE)", NOT, (SUM,))
    untruth = Form("CASE WHEN {0} THEN 1e0 ELSE 0e0 END")

    def number(self, value: float) -> Form:
        """A number, with the exponent that makes it a double."""
        if not isfinite(value):
            return Form("NULL")
        return super().number(value)

    def digits(self, value: float) -> str:
        """A finite number."""
        text = repr(value).removesuffix(".0")
        return text if "e" in text else f"{text}e0"

    def plain(self, op: Row, known: Sequence[float | None]) -> bool:
        """A power with a whole exponent is one everywhere."""
        if op.name == "pow" and known[1] is not None:
            return known[1] >= 0 and known[1] == known[1] // 1
        return super().plain(op, known)

    def form(self, found: Listing, wire: int, own: Row | None) -> Form:
        """How a gate is written: a quotient by a number as such, a choice of NULL without it."""
        gate = found.gates[wire]
        last = found.constants.get(gate.inputs[-1])
        if gate.op.name == "div" and last:
            return ARITHMETIC["div"]
        if gate.op.name == "where" and last is not None and last != last:
            return Form("CASE WHEN {0} THEN {1} END")
        return super().form(found, wire, own)

    def input(self, name: str, names: Names) -> str:
        """A column of the table, quoted if it has to be."""
        names.take(name)
        return self.column(name)

    def column(self, name: str) -> str:
        """An identifier, in quotes if it is a word of SQL, or others would read it as another one."""
        return name if re.fullmatch("[a-z_][a-z0-9_]*", name) and name not in _RESERVED else self.quoted(name)

    def quoted(self, name: str) -> str:
        """An identifier in quotes."""
        doubled = name.replace('"', '""')
        return f'"{doubled}"'

    def page(self, function: Function, _: list[str]) -> Iterator[str]:
        """The SELECT, and the same one over this run's point with its answer as an assertion."""
        self.distinct(function)
        yield from self.about(function)
        yield self.remark("One SELECT over the table points. A number that is not finite is NULL.")
        yield self.remark("A column more, such as a key: name it in inputs and in the last SELECT.")
        # measured: it puts the steps into each other, and a formula of a thousand gates becomes one of millions
        yield self.remark("PostgreSQL wants AS MATERIALIZED in the steps of a long formula, and stops at an overflow.")
        yield self.remark("BigQuery says FLOAT64 for DOUBLE PRECISION, and quotes names, without a dot, by `.")
        yield ""
        yield from self.query(function, "SELECT * FROM points", remarks=True)
        if function.proof is not None:
            yield from self.check(function, function.proof)
        else:
            yield ";"

    def distinct(self, function: Function) -> None:
        """Raises UsageError for two columns of one name, as SQL reads them."""
        found: dict[str, str] = {"value": "the result"}
        for name in function.listing.inputs:
            if name.lower() in found:
                other = found[name.lower()]
                raise UsageError(
                    f"{named(name)} would share its column with {other}",
                    hint="in SQL a and A are one name: rename the variable, or use another language",
                )
            found[name.lower()] = named(name)

    def query(self, function: Function, given: str, *, remarks: bool) -> Iterator[str]:
        """The SELECT of what is ``given``, without its semicolon."""
        lines, columns = function.lines, list(function.lines.inputs.values())
        yield f"WITH {_GIVEN} AS ({given}),"
        casts = [
            f"CASE WHEN ABS({name}) <= {_LARGEST} THEN CAST({name} AS DOUBLE PRECISION) END AS {name}"
            for name in columns
        ]
        yield from (f"{_INPUTS} AS (", "    SELECT", *_listed(casts or ["1 AS one"]), f"    FROM {_GIVEN}")
        table = _INPUTS
        levels: dict[int, list[Line]] = {}
        for line in lines.lines:
            levels.setdefault(line.depth, []).append(line)
        for depth, level in sorted(levels.items()):
            before, table = table, f"step{depth + 1}"
            yield from ("),", f"{table} AS (", "    SELECT *,")
            made = [f"{line.text} AS {line.name}" for line in level]
            yield from _listed(made, [self.remark(line.remark) if remarks else "" for line in level])
            yield f"    FROM {before}"
        results = [f"{text} AS {self.quoted(f'grad.{name}')}" for name, text in function.gradient.items()]
        yield from (
            ")",
            "SELECT",
            *_listed([*columns, f"{function.value} AS value", *results], indent=4),
            f"FROM {table}",
        )

    def check(self, function: Function, proof: Proof) -> Iterator[str]:
        """The SELECT over one row, whose answer becomes a number only if it is the one stated."""
        yield from (";", "")
        yield self.remark("The same over the point of this run: 1, or an error that says what is something else.")
        given = [f"{self.given(value)} AS {function.lines.inputs[name]}" for name, value in proof.point.items()]
        yield "WITH answer AS ("
        yield from self.query(function, f"SELECT {', '.join(given or ['1 AS one'])}", remarks=False)
        yield from (")", "SELECT CAST(CASE")
        for name, (stated, off) in proof.answers.items():
            column = name if name == "value" else self.quoted(name)
            near = f"ABS({column} - {self.operand(stated)}) <= {off:.1e}"
            finite = f"ABS({column}) <= {_LARGEST}"
            if not is_finite(stated):
                wrong = finite
            else:  # what is not finite on the way may be NULL
                wrong = f"NOT COALESCE({near}, FALSE)" if proof.finite else f"{finite} AND NOT {near}"
            text = f"{shown(name)} is not {stated!r}".replace("'", "''")
            yield f"    WHEN {wrong} THEN '{text}'"
        yield from ("    ELSE '1' END AS INTEGER) AS agrees", "FROM answer;")

    def operand(self, value: float) -> str:
        """A number as it stands behind a minus."""
        return f"({self.number(value).text})" if value < 0 else self.number(value).text

    def given(self, value: Value) -> str:
        """A number of the point."""
        text = self.number(value).text if isfinite(value) else f"'{value!r}'"
        return f"CAST({text} AS DOUBLE PRECISION)"


def _listed(columns: Sequence[str], remarks: Sequence[str] = (), indent: int = 8) -> Iterator[str]:
    """Columns, a line each, with commas between them and remarks behind."""
    for place, column in enumerate(columns):
        comma = "," if place < len(columns) - 1 else ""
        remark = f"  {remarks[place]}" if remarks and remarks[place] else ""
        yield f"{' ' * indent}{column}{comma}{remark}"


TARGET = SQL()
write = TARGET.write
