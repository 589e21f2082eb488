"""Rows that state their results: what they state and does not hold."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from exprgrad.errors import shown
from exprgrad.load import CellError
from exprgrad.rows.each import Case, value_of_field
from exprgrad.values import Value, at, elements, shape

_AGREE = 1e-12  # relative: what rounding in another order may do


def differences(case: Case) -> Iterator[str]:
    """What a row states of its results and does not hold, to 12 digits."""
    if case.bad is not None:
        yield case.bad.report.message
        return
    stated = dict(_stated(case.fields))
    if not isinstance(case.fields.get("grad"), dict | None):
        yield f"{case.place}: 'grad' is no object of gradients by name"
    elif not stated:
        yield f"{case.place}: it states no value and no gradient"
    found = case.results
    flat = {name + at(spot): one for name, value in found.items() for spot, one in elements(value)}
    formula = f"  ({shown(case.formula, 40)})"
    for name, text in stated.items():
        try:
            value = None if text is None else value_of_field(_filled(text))
        except CellError as error:
            yield f"{case.place}: {shown(name, 30)}: {error}{formula}"
            continue
        given = found.get(name, flat.get(name))
        if given is None:
            yield f"{case.place}: {shown(name, 30)} is stated, and there is no such result{formula}"
        elif not _agree(given, value, null=isinstance(text, list)):
            yield f"{case.place}: {shown(name, 30)} is {_shown(given)}, and {_shown(value)} is stated{formula}"


def _filled(field: Any) -> Any:
    """A field with NaN for the nulls in its lists, which are no deeper than a row may be."""
    return [math.nan if part is None else _filled(part) for part in field] if isinstance(field, list) else field


def _stated(fields: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The results that a row states, by the names of the columns."""
    for name, value in fields.items():
        if name == "grad" and isinstance(value, dict):
            yield from ((f"grad.{variable}", gradient) for variable, gradient in value.items())
        elif name == "value" or name.startswith(("grad.", "value[")):
            yield name, value


def _agree(found: Value, stated: Value | None, *, null: bool) -> bool:
    """Whether a result is the one that is stated.

    None stands for any number that is not finite, as does NaN where it may have been a ``null``.
    """
    if stated is None:
        return not np.all(np.isfinite(found))
    if shape(found) != shape(stated):
        return False
    for (_, a), (_, b) in zip(elements(found), elements(stated), strict=True):
        unbounded = b != b and (a != a or (null and not math.isfinite(a)))
        if not (math.isclose(a, b, rel_tol=_AGREE) or unbounded):
            return False
    return True


def _shown(value: Value | None) -> str:
    if value is None:
        return "null"
    return shown(repr(value if isinstance(value, float) else value.tolist()), 60)
