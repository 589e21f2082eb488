"""--precise: the true numbers, where JAX and PyTorch have none, and nothing claimed that is not known."""

from __future__ import annotations

import math
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

from conftest import ROWS, call, points
from exprgrad.errors import UsageError
from exprgrad.gates import Row
from exprgrad.language.read import read
from exprgrad.precise.figures import Figure
from exprgrad.precise.precise import Precise, precise
from exprgrad.run import run
from hard_cases import CASES, Case
from oracle import definition, derivative, extra_digits

every_case = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
every_gate = pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])


def true(text: str, **point: Any) -> Precise:
    return precise(read(text), point)


def numbers(case: Case, point: tuple[float, ...], digits: int = 1200) -> list[Any]:
    """The value and every derivative, by mpmath and its differences, not by anybody's rules."""
    with mp.workdps(digits):
        of, at = partial(case.of, mp), tuple(map(mpf, point))
        ways = [tuple(int(k == which) for k in range(len(at))) for which in range(len(at))]
        return [of(*at), *[mp.diff(of, at, way) for way in ways]]


def names(case: Case) -> list[str]:
    return [name for name in case.of.__code__.co_varnames[: case.of.__code__.co_argcount] if name not in ("m", "_")]


# ---------------------------------------------------------------- hard cases


@every_case
def test_every_hard_case_is_answered(case: Case) -> None:
    """The float64 nearest to the value and to every gradient, and 17 digits of each."""
    for point in case.points:
        found = true(case.text, **dict(zip(names(case), point, strict=True)))
        assert found.settled
        wanted = numbers(case, point)
        figures = [found.values[0], *[found.gradients[name][0] for name in names(case)]]
        for figure, number in zip(figures, wanted, strict=True):
            assert figure.nearest == float(number), (point, figure)
            with mp.workdps(40):
                assert abs(mpf(figure.true) - number) <= abs(number) * mpf(10) ** -16, (point, figure)


def test_as_written_others_get_fewer_than_half_right() -> None:
    """JAX, in float64, on the same formulas, to nine digits."""
    with jax.enable_x64(True):
        functions = {
            name: getattr(jax.numpy, name) for name in ("exp", "log", "sqrt", "cbrt", "sin", "cos", "tan", "tanh")
        }
        m = SimpleNamespace(**functions, atan=jax.numpy.arctan, erf=jax.scipy.special.erf)

        def answers(case: Case) -> list[list[float]]:
            of = jax.value_and_grad(lambda x: case.of(m, *x))
            value, gradient = jax.vmap(of)(list(jax.numpy.array(case.points).T))
            return [list(map(float, row)) for row in np.array([value, *gradient]).T]

        right, every = score(answers)
    assert right < every / 2, (right, every)


def test_so_does_pytorch() -> None:
    torch = pytest.importorskip("torch")
    functions = {
        name: getattr(torch, name) for name in ("exp", "log", "sqrt", "sin", "cos", "tan", "tanh", "atan", "erf")
    }
    m = SimpleNamespace(**functions, cbrt=lambda x: x ** (1 / 3))

    def one(case: Case, point: tuple[float, ...]) -> list[float]:
        inputs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in point]
        value = case.of(m, *inputs)
        value.backward()
        return [float(value.detach()), *[float(one.grad) for one in inputs]]

    def answers(case: Case) -> list[list[float]]:
        return [one(case, point) for point in case.points]

    right, every = score(answers)
    assert right < every / 2, (right, every)


def score(answers: Callable[[Case], list[list[float]]]) -> tuple[int, int]:
    """How many numbers are right to 1e-9, and how many there are."""
    right = every = 0
    for case in CASES:
        for point, found in zip(case.points, answers(case), strict=True):
            wanted = list(map(float, numbers(case, point, 450)))
            right += sum(math.isclose(a, b, rel_tol=1e-9) for a, b in zip(found, wanted, strict=True))
            every += len(wanted)
    return right, every


# ---------------------------------------------------------------- every gate of the catalogue


# rows whose gradients 10^70 away from 0 are beyond 10^±10^76
FAR = ("exp", "exp2", "exp10", "expm1", "tanh", "sinh", "cosh", "selu", "elu", "mish", "gelu", "gelu_tanh", "gaussian", "norm_pdf", "norm_cdf", "erf", "erfc",
       "sigmoid", "softplus", "logsigmoid", "silu", "sech", "csch", "coth", "logaddexp")  # fmt: skip


@every_gate
def test_every_gate(row: Row) -> None:
    """Where it settles, the value and each local gradient are the nearest float64s to the oracle's."""
    inputs = [f"x{position}" for position in range(len(row.inputs))]
    circuit = read(call(row, inputs))
    for point in points(row, 3):
        if row.name == "polygamma" and point[1] < 0:
            continue
        if row.name in FAR and max(map(abs, point)) > 1e70:
            continue
        found = precise(circuit, dict(zip(inputs, point, strict=True)))
        with mp.workdps(100 + 2 * extra_digits(point)):
            if found.values[0].settled:
                assert_close(found.values[0], mpf(definition(row)(*map(mpf, point))))
            assert found.settled or row.name in ("floor_divide", "mod", "fmod") or row.name.startswith("polygamma"), (
                point
            )


def assert_close(figure: Figure, number: Any) -> None:
    """The figure has the digits of a number."""
    if not mp.isfinite(number):
        assert figure.true == str(float(number))
    elif abs(mp.mag(number)) < 16000:
        assert abs(mpf(figure.true) - number) <= abs(number) * mpf(10) ** -16, (figure, mp.nstr(number, 20))


@pytest.mark.parametrize("row", [row for row in ROWS if row.name in (
    "pow", "log2", "log10", "exp2", "exp10", "sinpi", "cospi", "deg", "rad", "selu", "gelu_tanh", "erf", "erfinv", "norm_pdf", "log_base", "sinc")],
    ids=lambda row: row.name)  # fmt: skip
def test_the_constants_of_rows_are_not_rounded(row: Row) -> None:
    """17 digits of the gradient, though pi, log(2) and b - 1 are no float64s."""
    inputs = [f"x{position}" for position in range(len(row.inputs))]
    circuit = read(call(row, inputs))
    for point in [(0.3, 0.7), (0.625, 3.1)]:
        at = dict(zip(inputs, point, strict=False))
        found = precise(circuit, at)
        with mp.workdps(60):
            for which, name in enumerate(inputs):
                assert_close(found.gradients[name][0], derivative(definition(row), tuple(at.values()), which))


def test_a_constant_exponent_is_not_rounded_with_its_rule() -> None:
    """b - 1 of x^b, which nobody wrote, has all its digits."""
    found = true("x^0.1", x=3.0)
    with mp.workdps(50):
        b = mpf(0.1)
        assert_close(found.gradients["x"][0], b * mpf(3) ** (b - 1))


# ---------------------------------------------------------------- what is not known is not claimed


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("max(sqrt(x)^2, 2*y)", {"x": 2.0, "y": 1.0}), ("where(sin(x)^2 + cos(x)^2 >= 1, x, 2*x)", {"x": 0.3}),
        ("floor(sqrt(x)^2)", {"x": 2.0}), ("sign(exp(x)*exp(-x) - 1)", {"x": 0.3}), ("sqrt(sin(x)^2 + cos(x)^2 - 1)", {"x": 0.3}),
        ("sin(exp(exp(x)))", {"x": 50.0}), ("x^x^x^x - y^y^y^y", {"x": 50.0, "y": 51.0}), ("x^x^x^x/y^y^y^y", {"x": 50.0, "y": 51.0}),
        ("where(x^x^x^x > y^y^y^y, 1, 2)*x", {"x": 50.0, "y": 51.0}), ("1/(sin(x)^2 + cos(x)^2 - 1)", {"x": 0.3}),
        ("log(x^x^x^x)", {"x": 50.0}), ("sinpi(exp(exp(x)))", {"x": 20.0}), ("exp(exp(x)) % 1", {"x": 20.0}),
        ("floor(1/(sin(x)^2 + cos(x)^2 - 1))", {"x": 0.3}), ("(-x)^exp(exp(x))", {"x": 20.0}), ("sinc(exp(exp(x)))*exp(exp(x))", {"x": 20.0}), ("copysign(x, tan(x)*cos(x) - sin(x))", {"x": 0.3}),
    ],
)  # fmt: skip
def test_what_no_number_of_digits_tells_is_not_told(text: str, point: dict[str, float]) -> None:
    """A tie, a switch, a step or the end of a domain that is met but for rounding; and what is out of reach."""
    found = precise(read(text), point)
    assert not found.settled
    figures = [*found.values, *[figure for each in found.gradients.values() for figure in each]]
    assert any(not figure.known for figure in figures)
    assert all(figure.settled or figure.right is None for figure in figures)


def test_a_zero_that_is_never_reached() -> None:
    found = true("sin(x)^2 + cos(x)^2 - 1", x=0.3)
    assert (found.settled, found.digits, found.value, found.values[0].settled) == (False, 5120, 0.0, 0)


@pytest.mark.parametrize(
    ("text", "point", "value"),
    [
        ("x + 1 - 1", {"x": 0.1}, 0.1), ("x - x", {"x": 0.1}, 0.0), ("1e16*x - 1e16*x", {"x": 0.1}, 0.0), ("exp(x) - exp(x)", {"x": 0.1}, 0.0),
        ("x*y*z - z*y*x", {"x": 0.1, "y": 0.2, "z": 0.3}, 0.0), ("sqrt(x) - 1.5", {"x": 2.25}, 0.0), ("x/3 - 7", {"x": 21.0}, 0.0),
        ("x^3 - 0.001", {"x": 0.1}, float(mpf("0.1") ** 3 - mpf("0.001"))), ("2^x - 8", {"x": 3.0}, 0.0), ("log2(x) - 3", {"x": 8.0}, 0.0),
        ("log10(x) - 3", {"x": 1000.0}, 0.0), ("exp10(x) - 1000", {"x": 3.0}, 0.0), ("gamma(x) - 24", {"x": 5.0}, 0.0), ("cbrt(x) + 2", {"x": -8.0}, 0.0),
        ("x^0.5 - 1.5", {"x": 2.25}, 0.0), ("hypot(x, 4) - 5", {"x": 3.0}, 0.0), ("sinpi(x) - 1", {"x": 0.5}, 0.0), ("exp(x) - 1", {"x": 0.0}, 0.0),
        ("x^-3 - 8", {"x": 0.5}, 0.0), ("cos(x) - 1", {"x": 0.0}, 0.0), ("1e300 % x - 1e300 % x", {"x": 7.0}, 0.0), ("sum([1, 2, -3]*x)", {"x": 0.1}, 0.0),
        ("[1e200, x, -1e200] @ [1, 1, 1]", {"x": 0.5}, 0.5), ("mean([1e200, x, -1e200])", {"x": 1.5}, 0.5), ("x.T @ x - 14", {"x": [1.0, 2.0, 3.0]}, 0.0),
        ("max(x, y)", {"x": 1.0, "y": 1.0}, 1.0), ("floor(x)", {"x": 2.0}, 2.0), ("tanh(exp(exp(x)))", {"x": 50.0}, 1.0),
        ("1/(1 + exp(-x))", {"x": -1e300}, 0.0),
    ],
)  # fmt: skip
def test_what_is_exact_is_known_to_be(text: str, point: dict[str, Any], value: float) -> None:
    with mp.workdps(60):
        exact = float(mpf(0.1) ** 3 - mpf(0.001)) if text == "x^3 - 0.001" else value
    assert precise(read(text), point).value == exact


@pytest.mark.parametrize(
    ("text", "x", "value", "gradient"),
    [
        ("1/x", 0.0, math.inf, -math.inf), ("1/x", -0.0, -math.inf, -math.inf), ("log(x)", 0.0, -math.inf, math.inf), ("log(x)", -1.0, math.nan, math.nan),
        ("abs(x)", 0.0, 0.0, 0.0), ("relu(x)", 0.0, 0.0, 0.0), ("sqrt(x)", 0.0, 0.0, math.inf), ("x/x", 0.0, math.nan, math.nan), ("x^x", 0.0, 1.0, -math.inf),
        ("copysign(3, x)", -0.0, -3.0, 0.0), ("atan2(x, -1)", -0.0, -math.pi, -1.0), ("where(x > 0, sqrt(x), 0)", 0.0, 0.0, 0.0),
        ("x", math.inf, math.inf, 1.0), ("exp(-x)", math.inf, 0.0, -0.0), ("x - x", math.inf, math.nan, math.nan), ("acot(x)", -0.0, -math.pi / 2, -1.0),
        ("logaddexp(x, x)", math.inf, math.inf, math.nan), ("gamma(x)", -3.0, math.nan, math.nan), ("x % 3", math.inf, math.nan, math.nan),
        ("x % (sin(x) - sin(x))", 1.0, math.nan, math.nan),
    ],
)  # fmt: skip
def test_singular_points_are_as_on_float64(text: str, x: float, value: float, gradient: float) -> None:
    found = true(text, x=x)
    assert found.settled
    assert np.array_equal([found.value, found.gradient["x"]], [value, gradient], equal_nan=True)
    plain = run(read(text), {"x": x})
    assert np.array_equal([plain.value, plain.gradient["x"]], [value, gradient], equal_nan=True)


@pytest.mark.parametrize(
    ("text", "value"),
    [("logsumexp([x, y])", -math.inf), ("softmax([x, y])[0]", math.nan), ("log_softmax([x, y])[0]", math.nan)],
)
def test_of_nothing_but_minus_infinity_no_exponentials_are_left(text: str, value: float) -> None:
    """log(0) and 0/0, which mpmath raises for, and no number for the gradient."""
    found, plain = true(text, x=-math.inf, y=-math.inf), run(read(text), {"x": -math.inf, "y": -math.inf})
    assert np.array_equal([found.value, *found.gradient.values()], [value, math.nan, math.nan], equal_nan=True)
    assert np.array_equal([plain.value, *plain.gradient.values()], [value, math.nan, math.nan], equal_nan=True)
    assert true("logsumexp([x, y])", x=math.inf, y=1).value == math.inf


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """An error if it takes longer than nobody would wait."""

    def stop(*_: Any) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(
    "text",
    [
        "9^9^9^9*x", "x^x^x^x", "sin(exp(exp(x)))", "cos(x^x^x)", "gamma(exp(x))", "gamma(exp(exp(x)))", "lgamma(exp(exp(x)))", "1/gamma(-exp(x) - 0.5)",
        "digamma(exp(exp(x)))", "erfc(exp(exp(x)))", "erf(-exp(x))", "norm_cdf(exp(x^x))", "exp(exp(exp(x))) % 7", "floor(exp(exp(x)))", "tanh(exp(x^x))",
        "sinh(x^x^x)", "exp2(x^x)", "exp10(x^x)", "beta(exp(x), x)", "polygamma(3, exp(exp(x)))", "x^(-x^x^x)", "(-x)^(x^x)", "sinc(exp(exp(x)))",
        "1e308^1e308^1e308 + x", "exp(exp(exp(x)))/exp(exp(exp(x + 1)))", "factorial(x^x)", "softplus(exp(exp(x)))", "tan(x^x)*gamma(x^x)", "asinh(exp(exp(x)))",
    ],
)  # fmt: skip
@pytest.mark.parametrize("x", [50.0, 1e300])
def test_nothing_takes_for_ever(text: str, x: float) -> None:
    with within(60):
        assert isinstance(true(text, x=x), Precise)


def test_too_many_gates_are_refused() -> None:
    with pytest.raises(UsageError, match="at most 100,000 gates"):
        true("sum(sin(x))", x=np.ones(60_000))


# ---------------------------------------------------------------- arrays, composite gates, options


def test_arrays() -> None:
    """Each element has its figure, and a gate that of its worst element."""
    point = {"x": [1e-9, 1.0, 2e-8], "y": [800.0, 1.0, -800.0]}
    found = precise(read("sum((1 - cos(x))/x^2*log(1 + exp(y)))"), point)
    assert found.settled
    for name in ("x", "y"):
        for k, figure in enumerate(found.gradients[name]):
            with mp.workdps(300):

                def of(value: Any, k: int = k, name: str = name) -> Any:
                    x, y = (
                        (value if name == "x" else mpf(point["x"][k])),
                        (value if name == "y" else mpf(point["y"][k])),
                    )
                    return (1 - mp.cos(x)) / x**2 * mp.log(1 + mp.exp(y))

                assert figure.nearest == float(mp.diff(of, mpf(point[name][k])))
                assert figure.place == (k,)
    assert next(figure.place for figure in found.gates if figure.right == 0) in ((0,), (2,))
    linear = precise(read("x @ W @ x"), {"x": [1e10, 1.0], "W": [[1.0, 2.0], [3.0, -1e20]]})
    assert linear.value == 5e10


def test_composite_gates_and_pi_are_what_was_read() -> None:
    found = true("g(t) = t*pi; g(x) - 3*pi", x=3.0)
    with mp.workdps(60):
        assert found.value == 0
        assert found.gradient["x"] == math.pi
        assert true("sin(pi)*x", x=1.0).value == float(mp.sin(mpf(math.pi)))


def test_an_upstream_gradient_and_some_inputs() -> None:
    found = precise(read("[x, 1 - cos(y)]"), {"x": 2.0, "y": 1e-9}, ["y"], [3.0, 5.0])
    assert list(found.gradient) == ["y"]
    assert found.gradient["y"] == float(5 * mp.sin(mpf(1e-9)))
    assert found.value.tolist() == [2.0, 5e-19]


def test_the_digits_that_float64_has_lost() -> None:
    """At the difference, and nowhere else."""
    found = true("(1 - cos(x))/x^2", x=1e-6)
    labels = found.run.circuit.labels()
    lost = {labels[wire]: found.lost(wire) for wire in range(len(labels)) if found.lost(wire) > 1}
    assert lost == {"v2": 12}
    assert (found.values[0].right, found.gradients["x"][0].right) == (4, 0)


NUMBERS = (st.integers(1, 3000) | st.integers(-3000, -1)).map(lambda thousandths: thousandths / 1000)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    NUMBERS,
    NUMBERS,
    st.sampled_from(
        ["sin(x)*exp(y) - x*y", "log(x^2 + 1) - atan(x*y)", "x^3/(1 + y^2) - tanh(x)", "sqrt(1 + x^2*y^2) - 1"]
    ),
)
def test_ordinary_points_agree_with_mpmath(x: float, y: float, text: str) -> None:
    m = {name: getattr(mp, name) for name in ("sin", "exp", "log", "atan", "tanh", "sqrt")}
    parts = {
        "sin(x)*exp(y) - x*y": lambda x, y: m["sin"](x) * m["exp"](y) - x * y,
        "log(x^2 + 1) - atan(x*y)": lambda x, y: m["log"](x**2 + 1) - m["atan"](x * y),
        "x^3/(1 + y^2) - tanh(x)": lambda x, y: x**3 / (1 + y**2) - m["tanh"](x),
        "sqrt(1 + x^2*y^2) - 1": lambda x, y: m["sqrt"](1 + x**2 * y**2) - 1,
    }
    found = true(text, x=x, y=y)
    with mp.workdps(80):
        assert found.value == float(parts[text](mpf(x), mpf(y)))
        assert found.gradient["y"] == pytest.approx(
            float(mp.diff(parts[text], (mpf(x), mpf(y)), (0, 1))), rel=1e-15, abs=1e-40
        )
