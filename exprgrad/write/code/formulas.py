"""Gates as formulas over others, for the languages that have no function for them.

They are formulas of our own language, over the inputs of the gate's row, and are written in each target by that
target's own conventions, so a language needs no more than what every language has.  Relative errors are about 1e-15,
near a zero of lgamma, digamma and their kin absolute ones, unless something else is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from math import comb, factorial

Term = Callable[[str, str], str]  # of a power and a place

_SHIFT, _TAIL = 20, 12  # terms of a series, and of what stands for all behind them


def _horner(coefficients: Iterable[float], x: str) -> str:
    """A polynomial, the coefficient of the highest power first."""
    text = ""
    for number in coefficients:
        text = f"({text}*{x} + {number!r})" if text else repr(float(number))
    return text


def _bernoulli(count: int) -> list[Fraction]:
    """The Bernoulli numbers B2, B4, B6 …."""
    found = [Fraction(1)]
    for n in range(1, 2 * count + 1):
        found.append(-sum((comb(n + 1, k) * found[k] for k in range(n)), Fraction(0)) / (n + 1))
    return found[2::2]


# W. J. Cody, "Rational Chebyshev approximations for the error function", 1969
_ERF = (
    _horner([1.85777706184603153e-1, 3.16112374387056560, 1.13864154151050156e2, 3.77485237685302021e2,
             3.20937758913846947e3], "{x}^2"),
    _horner([1, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3], "{x}^2"),
)  # fmt: skip
_ERFC_NEAR = (
    _horner([2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1,
             2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3,
             1.23033935479799725e3], "{x}"),
    _horner([1, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
             3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3], "{x}"),
)  # fmt: skip
_ERFC_FAR = (
    _horner([1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
             1.60837851487422766e-2, 6.58749161529837803e-4], "(1/{x}^2)"),
    _horner([1, 2.56852019228982242, 1.87295284992346725, 5.27905102951428412e-1, 6.05183413124413191e-2,
             2.33520497626869185e-3], "(1/{x}^2)"),
)  # fmt: skip


def _erf(x: str) -> str:
    """Of numbers below 0.5 in size."""
    above, below = _ERF
    return f"{x}*{above}/{below}".replace("{x}", x)


def _erfc(x: str) -> str:
    """Of numbers above 0.46."""
    near = "/".join(_ERFC_NEAR)
    far = f"(0.5641895835477563 - {'/'.join(_ERFC_FAR)}/{{x}}^2)/{{x}}"
    return f"gaussian({x})*where({x} <= 4, {near}, {far})".replace("{x}", x)


_ABOVE = "max(abs(x), 0.46875)"

# P. Godfrey's coefficients for C. Lanczos' series of the gamma function, g = 607/128
_LANCZOS = [
    0.99999999999999709182, 57.156235665862923517, -59.597960355475491248, 14.136097974741747174,
    -0.49191381609762019978,
    0.33994649984811888699e-4, 0.46523628927048575665e-4, -0.98374475304879564677e-4, 0.15808870322491248884e-3,
    -0.21026444172410488319e-3, 0.21743961811521264320e-3, -0.16431810653676389022e-3, 0.84418223983852743293e-4,
    -0.26190838401581408670e-4, 0.36899182659531622704e-5,
]  # fmt: skip


def _series(x: str) -> str:
    """Lanczos' series, times the root of 2 pi."""
    terms = [repr(_LANCZOS[0])] + [f"{c!r}/({x} + {k - 1})" for k, c in enumerate(_LANCZOS[1:], 1)]
    return f"(2.5066282746310007*({' + '.join(terms)}))"


def _gamma(x: str) -> str:
    """Gamma of numbers from 0.5 on, the power in two halves as it is larger than what comes out."""
    t = f"({x} + 4.2421875)"
    return f"({t}^(({x} - 0.5)/2)*exp(-{t})*{_series(x)}*{t}^(({x} - 0.5)/2))"


def _lgamma(x: str) -> str:
    """Its logarithm."""
    return f"(({x} - 0.5)*(log({x} + 4.2421875) - 1) + log({_series(x)}) - 4.7421875)"


def _beta() -> str:
    """The quotient of three gammas of numbers above 0, whose powers are put together first."""
    t = "(a + b + 4.2421875)"
    powers = [f"({p} - 0.5)*where({q}/{t} < 0.5, log1p(-{q}/{t}), log(({p} + 4.2421875)/{t}))" for p, q in ("ab", "ba")]
    return f"exp({' + '.join(powers)} - 4.2421875)*{_series('a')}*({_series('b')}/{_series('(a + b)')})/sqrt{t}"


def _zeta(n: str, x: str, term: Term) -> str:
    """The sum of the terms of power n + 1 at x, x + 1, x + 2 …, by Euler and Maclaurin's formula."""
    y, terms, factor = f"({x} + {_SHIFT})", [term(f"({n} + 1)", f"({x} + {k})") for k in range(_SHIFT)], f"({n} + 1)"
    tail = [f"{term(n, y)}/{n}", f"{term(f'({n} + 1)', y)}/2"]
    for j, bernoulli in enumerate(_bernoulli(_TAIL), 1):
        tail.append(f"{float(bernoulli / factorial(2 * j))!r}*{factor}*{term(f'({n} + {2 * j})', y)}")
        factor += f"*({n} + {2 * j})*({n} + {2 * j + 1})"
    return f"({' + '.join(terms[::-1])} + ({' + '.join(tail)}))"


def _power(power: str, x: str) -> str:
    return f"{x}^(-{power})"


def _drop(power: str, x: str) -> str:
    """By how much that is less at x + h."""
    return f"{x}^(-{power})*(-expm1(-{power}*log1p(h/{x})))"


def _digamma(x: str) -> str:
    """Of numbers that are not negative: the recurrence up to where the asymptotic series is exact."""
    y = f"({x} + 10)"
    series = [f"{float(b / (2 * j))!r}/{y}^{2 * j}" for j, b in enumerate(_bernoulli(8), 1)]
    return f"(log({y}) - 0.5/{y} - ({' + '.join(series)}) - ({' + '.join(f'1/({x} + {k})' for k in range(9, -1, -1))}))"


def _digamma_drop() -> str:
    """digamma(x) - digamma(x + h)."""
    y = f"(x + {_SHIFT})"
    parts = [_drop("1", f"(x + {k})") for k in range(_SHIFT)] + [f"{_drop('1', y)}/2"]
    parts += [f"{float(b / (2 * j))!r}*{_drop(str(2 * j), y)}" for j, b in enumerate(_bernoulli(8), 1)]
    return f"(-({' + '.join(parts[::-1])}) - log1p(h/{y}))"


_SIGNED = "gamma(n + 1)*where(fmod(n, 2) == 0, -1, 1)"  # of the n-th derivative
_HALF = "(sqrt(pi)/2)"


def _halley(y: str) -> str:
    """A step towards the root of erf(y) = abs(x), and where that is near 1, of erfc(y) = 1 - abs(x)."""
    off = f"(where(abs(x) < 0.5, erf({y}) - abs(x), 1 - abs(x) - erfc({y}))*{_HALF}/gaussian({y}))"
    return f"({y} - {off}/(1 + {y}*{off}))"


# S. Winitzki's approximation to erfinv, good to 0.002 of it
_LOG = "(log1p(-abs(x)) + log1p(abs(x)))"
_START = f"sqrt(-{_LOG}/0.147/(sqrt((4.330746750799873 + {_LOG}/2)^2 - {_LOG}/0.147) + 4.330746750799873 + {_LOG}/2))"

# T. J. Dekker's exact product, with G. W. Veltkamp's splitting, and O. Møller's exact sum, 1965 to 1971
_HIGH = "(134217729*{0} - (134217729*{0} - {0}))"
_A, _B = _HIGH.format("a"), _HIGH.format("b")
_REST = f"((a - {_A})*(b - {_B}) - ((a*b - {_A}*{_B}) - (a - {_A})*{_B} - {_A}*(b - {_B})))"
_LOST = "((a*b - ((a*b + c) - ((a*b + c) - a*b))) + (c - ((a*b + c) - a*b)))"

FORMULAS: dict[str, str] = {
    # arithmetic
    "fma": "where(abs(c) == inf and max(abs(a), abs(b)) < inf, c, a*b + c"
    " + where(max(abs(a), abs(b)) < 1e150 and abs(a*b) < 1e300 and abs(c) < 1e300,"
    f" {_REST} + {_LOST}, 0))",
    "floor_divide": "where(b == 0, a/b, round((a - fmod(a, b))/b - (fmod(a, b) != 0 and (fmod(a, b) < 0) != (b < 0))))",
    "mod": "where(fmod(a, b) != 0 and (fmod(a, b) < 0) != (b < 0), fmod(a, b) + b, fmod(a, b))",
    "fmod": "a - b*trunc(a/b)",
    "hypot": "where(max(abs(a), abs(b)) == 0 or max(abs(a), abs(b)) == inf, max(abs(a), abs(b)),"
    " max(abs(a), abs(b))*sqrt((a/max(abs(a), abs(b)))^2 + (b/max(abs(a), abs(b)))^2))",
    "max": "where(a >= b or a != a, a, b)",
    "min": "where(a <= b or a != a, a, b)",
    # powers, exponentials and logarithms
    "cbrt": "copysign(abs(x)^(1/3), x)",
    "exp2": "2^x",
    "exp10": "10^x",
    "expm1": "where(abs(x) < 1, 2*sinh(x/2)*exp(x/2), exp(x) - 1)",
    "log1p": "where(1 + x == 1, x, log(1 + x)*(x/(1 + x - 1)))",
    "log2": "log(x)/log(2)",
    "log10": "log(x)/log(10)",
    "log_base": "where(base == 2, log2(x), where(base == 10, log10(x), log(x)/log(base)))",
    "logaddexp": "where(a == b, a + log(2), max(a, b) + log1p(exp(-abs(a - b))))",
    "xlogy": "where(x == 0 and y == y, 0, x*log(y))",
    "xlog1py": "where(x == 0 and y == y, 0, x*log1p(y))",
    # trigonometry: what is left of x is multiplied by pi after whole turns are taken off
    "sinpi": "(1 - 2*abs(fmod(round(x), 2)))*sin(pi*(x - round(x)))",
    "cospi": "sin(pi*(0.5 - abs(x - 2*round(x/2))))",
    "sinc": "where(x == 0, 1, sinpi(x)/(pi*x))",
    "dsinc": "where(abs(x) >= 0.5, (cospi(x) - sinc(x))/x, "
    + _horner([(-1) ** n * 2 * n / factorial(2 * n + 1) for n in range(12, 0, -1)], "(pi*x)^2")
    + "*pi*pi*x)",
    "deg": "x*(180/pi)",
    "rad": "x*(pi/180)",
    # gates with kinks and steps
    "sign": "where(x > 0, 1, where(x < 0, -1, x))",
    "round": "where(abs(x) < 4503599627370496, copysign(abs(x) + 4503599627370496 - 4503599627370496, x), x)",
    "trunc": "where(x < 0, ceil(x), floor(x))",
    "copysign": "where(b < 0 or b == 0 and 1/b < 0, -abs(a), abs(a))",
    "heaviside": "where(x < 0, 0, where(x > 0, 1, where(x == 0, at, x)))",
    # special functions
    "erf": f"where(abs(x) < 0.46875, {_erf('x')}, copysign(1 - {_erfc(_ABOVE)}, x))",
    "erfc": f"where(abs(x) < 0.46875, 1 - {_erf('x')}, where(x < 0, 2 - {_erfc(_ABOVE)}, {_erfc(_ABOVE)}))",
    "erfinv": f"where(abs(x) < 1, where(x == 0, x, copysign({_halley(_halley(_START))}, x)),"
    " where(abs(x) == 1, x*inf, nan))",
    "gaussian": "where(abs(x) < 60, exp(-x*x), where(x == x, 0, x))",
    "norm_pdf": "0.3989422804014327*gaussian(x/sqrt(2))",
    "norm_cdf": "erfc(-x/sqrt(2))/2",
    "gamma": "where(x == 0, 1/x, where(x < 0 and x == floor(x), nan, where(x < 0.5,"
    f" pi/(sinpi(x)*{_gamma('(1 - x)')}), where(x > 172, x*inf, {_gamma('x')}))))",
    "lgamma": "where(x <= 0 and x == floor(x) or abs(x) == inf, inf, where(x < 0.5,"
    f" log(pi) - log(abs(sinpi(x))) - {_lgamma('(1 - x)')}, {_lgamma('x')}))",
    "digamma": f"where(x == 0, -1/x, where(x < 0 and x == floor(x), nan, where(x < 0,"
    f" {_digamma('(1 - x)')} - pi*cospi(x)/sinpi(x), {_digamma('x')})))",
    # of a negative x below -10 and n from 2 on it is not known
    "polygamma": "where(n == 0, digamma(x), where(n == 1 and x < 0,"
    f" (pi/sinpi(x))^2 - {_zeta('1', '(1 - x)', _power)},"
    f" where(n >= 1 and n == floor(n) and n <= 170 and x > -10, {_SIGNED}*{_zeta('n', 'x', _power)}, nan)))",
    "polygamma_drop": f"where(n == 0, {_digamma_drop()},"
    f" where(n >= 1 and n == floor(n) and n <= 170, {_SIGNED}*{_zeta('n', 'x', _drop)}, nan))",
    "beta": f"where(a > 0 and b > 0, {_beta()}, gamma(a)*(gamma(b)/gamma(a + b)))",
    "factorial": "where(x == -1, nan, gamma(x + 1))",
}
