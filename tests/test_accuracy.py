"""The gates are as accurate as ACCURACY.md states, at the ends of float64's range too."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import pytest

from accuracy import EXACT, Errors, measured, points, stated
from conftest import ROWS
from exprgrad.arithmetic import special
from exprgrad.gates import ROWS as BY_NAME
from exprgrad.gates import Row

STATED = list(stated())
EVERY = 120  # of the points that the table was measured at, one in so many
ELSEWHERE = 0.5  # what another C library may add

PAIRS = list(zip(ROWS, STATED, strict=False))

pairs = pytest.mark.parametrize(("row", "figures"), PAIRS, ids=[row.name for row in ROWS])


def test_every_gate_is_in_the_table() -> None:
    assert [len(figures) > 0 for figures in STATED] == [True] * len(ROWS)


@pairs
def test_no_error_is_larger_than_stated(row: Row, figures: Errors) -> None:
    """At the points where the largest errors are, and at a part of the others."""
    worst = {at for _, at in figures.values() if at}
    for key, error in measured(row, [*worst, *islice(points(row), 0, None, EVERY)]).items():
        limit, _ = figures[key]
        assert error.ulps <= limit + ELSEWHERE * (limit > 0) + EXACT, (key, error)


@pairs
def test_stated_errors_are_those_the_rows_promise(row: Row, figures: Errors) -> None:
    """But for numbers below 1e-300."""
    for (what, tiny), (limit, _) in figures.items():
        assert tiny or limit <= row.ulps, what


def test_nobody_sees_the_precision_that_another_thread_computes_with() -> None:
    """mpmath changes it on the way."""
    numbers = [0.3 + k / 7 for k in range(40)]
    alone = list(map(special.gamma, numbers))
    with ThreadPoolExecutor(1) as pool, pool.submit(special.context).result().workprec(20):
        assert list(map(special.gamma, numbers)) == alone


# where the rules of a textbook overflow, underflow or cancel, and the result is an ordinary number
ENDS: dict[str, list[tuple[float, ...]]] = {
    "div": [(1e200, 1e200), (1e-200, 1e-200), (1e200, -1e-100), (1e-308, 1e-308), (1.7e308, 1.7e308), (1e-160, 1e150)],
    "hypot": [(1e200, 1e200), (-1e-200, 1e-200), (1e308, 1e-308), (3e-320, 4e-320), (1e308, 1e308), (1.5e-323, -1.5e-323), (5e-324, 0), (2e-308, 5e-324), (1e-290, 3e-291)],
    "atan2": [(1e200, 1e200), (1e-200, -1e-200), (1e308, 1.0), (1.0, 1e308), (1e-300, 1e-10), (1e-10, 1e-300), (1e-200, 1e200)],
    "pow": [(2.4e231, -0.001), (1e-200, 0.3), (1e300, -1.3), (1e-300, 1e-30), (5e-324, 5e-324), (5e-324, 0), (1e-308, -0.0625), (-5e-324, 0)],
    "mod": [(1.7e308, -1e308), (1e308, 3.0), (1e-320, 3e-322), (1.0, 1e-300)],
    "asinh": [(1.7e308,), (-1e200,), (1e-8,), (1e-200,), (5e-324,), (-1e155,)],
    "acosh": [(1.7e308,), (1e200,), (1.0000000000000002,), (1 + 1e-10,)],
    "atanh": [(5e-324,), (1e-200,), (1 - 2**-53,), (-1 + 2**-53,)],
    "acsch": [(5e-324,), (-1e-310,), (1e-5,), (1e200,), (1.7e308,), (1.3e154,)],
    "asech": [(5e-324,), (1e-310,), (1e-200,), (1 - 2**-53,)],
    "acoth": [(1e200,), (-1.4e154,), (1.0000000000000002,)],
    "atan": [(1e200,), (1.4e154,), (-1e160,), (5e-324,)],
    "acot": [(1e200,), (1.4e154,), (5e-324,), (-1e-200,)],
    "tanh": [(19.1,), (-100.0,), (350.0,), (372.3,), (1e-300,)],
    "sech": [(709.0,), (711.0,), (-745.0,), (400.0,)],
    "csch": [(-0.739905833964102,), (709.0,), (-711.0,), (745.0,), (1e-300,)],
    "coth": [(-11.794466008789456,), (19.1,), (350.0,), (372.3,), (1e-150,)],
    "expm1": [(1e-300,), (5e-324,), (-40.0,), (-1e300,), (709.7,)],
    "log1p": [(5e-324,), (-1 + 2**-53,), (1e308,)],
    "log10": [(3e-309,), (5e-324,), (1.7e308,)],
    "log_base": [(1e-309, 10.5), (2.0, 1e-310), (1.7e308, 1.7e308), (1e-300, 1.0000000000000002)],
    "logaddexp": [(-170.62438055060193, 170.62436651978973), (0.001445183263558832, -531.5261937285801), (-1000.3, -300.1), (1e300, -1e300), (-1e308, 1e308)],
    "sigmoid_sub": [(-170.62438055060193, 170.62436651978973), (-1000.3, -300.1), (1e16, -1.0), (1e300, -1e300)],
    "sigmoid": [(-745.0,), (-36.8,), (36.8,), (745.0,)],
    "softplus": [(-745.0,), (-36.8,), (36.8,), (1.7e308,)],
    "logsigmoid": [(745.0,), (36.8,), (-36.8,), (-1.7e308,)],
    "silu": [(-2.6681902599427376,), (-4.0244166380385105,), (-700.0,), (-745.0,), (-750.0,), (700.0,), (1e308,), (-1e308,), (1e-308,)],
    "mish": [(-2.5021150834136447,), (-3.7706924297881566,), (-690.0,), (-745.0,), (-750.0,), (690.0,), (1e308,), (-1e308,), (1e-300,)],
    "gelu": [(-37.0,), (37.0,), (1e308,), (-1e308,), (1e-300,)],
    "gelu_tanh": [(-15.073344341687303,), (-20.615816303888426,), (-4.882100880909462,), (-2.368511218712524,), (1e103,), (1e200,), (-1e200,), (100.5,), (1e-300,)],
    "softsign": [(1.4e154,), (-1e155,), (1e308,), (5e-324,)],
    "gaussian": [(1.7e308,), (-1e308,), (26.0,), (1e-300,)],
    "erf": [(1e3,), (-1e308,), (26.0,), (5e-324,)],
    "erfinv": [(0.9999999999999948,), (0.9999989309595385,), (-0.9169921111192136,), (0.9170699160953144,), (0.9026238852519177,), (0.6999,), (1 - 2**-53,), (1e-300,)],
    "erfc": [(1e3,), (-1e308,), (26.5,)],
    "norm_cdf": [(-37.5,), (1e5,), (-1e308,)],
    "lgamma": [(-2.4570247382208006,), (1e300,), (1 + 2**-52,), (5e-324,)],
    "digamma": [(1.4616321449683622,), (-0.504083008264455,), (-1e9 + 0.3,), (1e300,)],
    "polygamma": [(1, -1e15 + 0.25), (5, -1e9 + 0.3), (2, -1e-100)],
    "polygamma_drop": [(20, 1074.0, 3.0196310190684708), (7, 8.113749242748934, 28.722110857871243), (3, 1e10, 0.3), (2, 0.3, 1e10), (2, 1.23e-110, 1.21e-134)],
    "beta": [(1e226, 1e-103), (1e-200, 1e-200), (1e100, 1.5), (-1.5, 2**-40), (1, -0.5), (-0.3, -0.4), (-52275.25, 1.0)],
    "dsinc": [(0.16806027166967874,), (0.37609953546728936,), (0.5999,), (0.60001,), (5e-324,), (1e-200,), (1e-8,), (1e300,)],
}  # fmt: skip


@pytest.mark.parametrize("name", ENDS)
def test_gates_are_right_at_the_ends_of_the_range(name: str) -> None:
    """Value and gradients: none is infinite, NaN or 0 without being so."""
    for point in ENDS[name]:
        for (what, _), (error, _) in measured(BY_NAME[name], [tuple(map(float, point))]).items():
            assert error <= max(4, BY_NAME[name].ulps), (point, what)
