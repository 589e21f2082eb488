"""The catalogue: one row per gate, and nothing of ours imported.

How to read a row
-----------------
``gate(name, inputs, *gradients, ...)`` states what a gate is called, what it reads and its local
gradient with respect to each input.  Local gradients are formulas in this tool's own language,
with the gate's inputs and ``out`` (its value) in scope, chosen for accuracy: no rule cancels or
overflows where the gradient itself is an ordinary number.  ``None`` says that no gradient ever
flows to that input.  Rows serve evaluation, both derivative modes, printing, documentation and
tests alike; chain.py does what all gates have in common (accumulation, structural zeros, guards).

``value=``    the gate as a formula over other gates: a composite gate, which owes nothing to any
              target.  A row without it is a primitive, with a function in ieee.py, special.py or
              Python's math.
              A composite without gradients gets them from the chain rule.
``live=``     per input, the condition under which it is selected at all.  Where it is false the
              input is an unselected branch, and its gradient a structural zero.  Conditions are
              written so that NaN counts as selected.
``domain=``   where the value is an ordinary number; the tests sample it, warnings quote it.
``hints=``    conditions outside the domain, and what to say where they hold.
``kinks=``    where left and right derivative differ: Kink(at, left, right, jax, torch), formulas
              over the inputs; left and right are local gradients as the first input that ``at`` names
              grows, jax and torch what these two print there (measured: JAX 0.10, PyTorch 2.15).
``steps=``    where the value jumps: Step(at, left, right), left and right are values.
``ulps=``     the accuracy of value and local gradients when it is not 4 units in the last place,
              with ``near=`` the magnitude below which these units stop shrinking (next to a root).
``sample=``   the range the tests draw inputs from, where float64's whole range says nothing.

Inputs may have defaults: ``"x slope=0.01"``.  Angles are in radians throughout.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Kink(NamedTuple):
    """A point where the left and right local gradient differ, and what is printed there."""

    at: str
    left: str
    right: str
    jax: str
    torch: str


class Step(NamedTuple):
    """A point where the value jumps from ``left`` to ``right`` as the first input in ``at`` grows."""

    at: str
    left: str
    right: str


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One gate of the catalogue; the module's docstring explains each field."""

    name: str
    inputs: tuple[str, ...]
    gradients: tuple[str | None, ...] | None = None
    value: str | None = None
    defaults: tuple[float, ...] = ()
    aliases: tuple[str, ...] = ()
    symbol: str | None = None
    live: tuple[str | None, ...] = ()
    domain: str | None = None
    kinks: tuple[Kink, ...] = ()
    steps: tuple[Step, ...] = ()
    hints: tuple[tuple[str, str], ...] = ()
    doc: str = ""
    sample: tuple[float, float] = (-1e300, 1e300)
    ulps: float = 4
    near: float = 0

    @property
    def call(self) -> str:
        """How the gate is written: ``x + y`` for an operator, ``log(x)`` for a function."""
        if self.symbol is None or len(self.inputs) > 2:
            return f"{self.name}({', '.join(self.inputs)})"
        if len(self.inputs) == 1:
            return f"{self.symbol}{' ' * self.symbol.isalpha()}{self.inputs[0]}"
        return f" {self.symbol} ".join(self.inputs)


def gate(
    name: str,
    inputs: str,
    *gradients: str | None,
    aliases: str = "",
    live: tuple[str | None, ...] = (),
    value: str | None = None,
    symbol: str | None = None,
    domain: str | None = None,
    kinks: tuple[Kink, ...] = (),
    steps: tuple[Step, ...] = (),
    hints: tuple[tuple[str, str], ...] = (),
    doc: str = "",
    sample: tuple[float, float] = (-1e300, 1e300),
    ulps: float = 4,
    near: float = 0,
) -> Row:
    """One row; see the module's docstring.  ``inputs`` and ``aliases`` are separated by blanks."""
    words = [word.partition("=") for word in inputs.split()]
    return Row(
        name=name,
        inputs=tuple(word for word, _, _ in words),
        gradients=gradients or None,
        value=value,
        defaults=tuple(float(default) for _, _, default in words if default),
        aliases=tuple(aliases.split()),
        symbol=symbol,
        live=live,
        domain=domain,
        kinks=kinks,
        steps=steps,
        hints=hints,
        doc=doc,
        sample=sample,
        ulps=ulps,
        near=near,
    )


INPUT = Row("input", (), (), doc="a value from outside")
CONST = Row("const", (), (), doc="a number; it carries no gradient")

CONSTANTS: dict[str, float] = {
    "pi": 3.141592653589793,
    "π": 3.141592653589793,
    "tau": 6.283185307179586,
    "e": 2.718281828459045,
    "inf": float("inf"),
    "nan": float("nan"),
}

# fmt: off
CATALOGUE: dict[str, tuple[Row, ...]] = {
"arithmetic": (
    gate("add",          "a b", "1", "1",                symbol="+"),
    gate("sub",          "a b", "1", "-1",               symbol="-", aliases="subtract"),
    gate("mul",          "a b", "b", "a",                symbol="*", aliases="multiply"),
    gate("div",          "a b", "1/b", "-out/b",         symbol="/", aliases="divide true_divide",
         domain="b != 0", sample=(-1e100, 1e100)),
    gate("floor_divide", "a b", "0", "0",                symbol="//", domain="b != 0", doc="floor(a/b)",
         sample=(-1e9, 1e9),
         steps=(Step("a % b == 0", "out - (b > 0)", "out - (b < 0)"),)),
    gate("mod",          "a b", "1", "-round((a - out)/b)", symbol="%", aliases="remainder", domain="b != 0",
         doc="a - b*floor(a/b): the remainder with the sign of b", sample=(-1e9, 1e9),
         steps=(Step("out == 0", "where(b > 0, b, 0)", "where(b > 0, 0, b)"),)),
    gate("pow",          "a b", "where(a == 0 and b == 0, 0, b*a^(b - 1))", "where(a == 0 and b > 0, 0, out*log(a))",
         symbol="^", aliases="power", sample=(-1e3, 1e3), ulps=750,  # abs(log(a)) of them, where b - 1 is rounded
         domain="a > 0 or a == 0 and b >= 0 or a < 0 and b == floor(b)",
         hints=(("a < 0", "a negative number has no real fractional power; cbrt(x) is the real cube root"),
                ("a == 0", "0 to a negative power is a division by 0"))),
    gate("neg",          "a",   "-1",                    symbol="-", aliases="negative"),
    gate("pos",          "a",   "1",                     symbol="+", aliases="positive"),
    gate("square",       "x",   "2*x",                   value="x*x"),
    gate("reciprocal",   "x",   "-out^2",                value="1/x", domain="x != 0"),
    gate("hypot",        "a b", "where(out == 0, 0, a/out)", "where(out == 0, 0, b/out)",
         doc="sqrt(a^2 + b^2) without overflow", sample=(-1e150, 1e150),
         kinks=(Kink("a == 0 and b == 0", "-1", "1", "0.5", "nan"),)),
    gate("fmod",         "a b", "1", "-round((a - out)/b)", domain="b != 0", sample=(-1e9, 1e9),
         doc="a - b*trunc(a/b): the remainder with the sign of a",
         steps=(Step("out == 0 and a != 0", "where(a > 0, abs(b), 0)", "where(a > 0, 0, -abs(b))"),)),
    gate("fma",          "a b c", "b", "a", "1",         doc="a*b + c, rounded once", sample=(-1e100, 1e100)),
),
"comparisons and conditions (1 for true, 0 for false; they carry no gradient)": (
    gate("less",          "a b", None, None, symbol="<",  steps=(Step("a == b", "1", "0"),)),
    gate("less_equal",    "a b", None, None, symbol="<=", steps=(Step("a == b", "1", "0"),)),
    gate("greater",       "a b", None, None, symbol=">",  steps=(Step("a == b", "0", "1"),)),
    gate("greater_equal", "a b", None, None, symbol=">=", steps=(Step("a == b", "0", "1"),)),
    gate("equal",         "a b", None, None, symbol="==", steps=(Step("a == b", "0", "0"),)),
    gate("not_equal",     "a b", None, None, symbol="!=", steps=(Step("a == b", "1", "1"),)),
    gate("and",           "a b", None, None, symbol="and"),
    gate("or",            "a b", None, None, symbol="or"),
    gate("not",           "a",   None,       symbol="not"),
    gate("where",         "c a b", None, "1", "1", aliases="if", live=(None, "c", "not c"),
         doc="a where the condition c holds, else b"),
),
"powers, exponentials and logarithms": (
    gate("sqrt",      "x", "1/(2*out)",        aliases="√", domain="x >= 0"),
    gate("cbrt",      "x", "1/(3*out^2)",      doc="the real cube root"),
    gate("exp",       "x", "out"),
    gate("exp2",      "x", "out*log(2)",       doc="2^x"),
    gate("exp10",     "x", "out*log(10)",      doc="10^x"),
    gate("expm1",     "x", "exp(x)",           doc="exp(x) - 1, accurate near 0"),
    gate("log",       "x", "1/x",              aliases="ln", domain="x > 0", doc="the natural logarithm"),
    gate("log2",      "x", "1/x/log(2)",       domain="x > 0"),
    gate("log10",     "x", "1/x/log(10)",      domain="x > 0"),
    gate("log1p",     "x", "1/(1 + x)",        domain="x > -1", doc="log(1 + x), accurate near 0"),
    gate("log_base",  "x base", "1/x/log(base)", "-out/base/log(base)", aliases="log",
         domain="x > 0 and base > 0 and base != 1", doc="log(x, base)"),
    gate("logaddexp", "a b", "sigmoid(a - b)", "sigmoid(b - a)", doc="log(exp(a) + exp(b)) without overflow",
         ulps=400),
    gate("xlogy",     "x y", "log(y)", "x/y",  domain="y > 0", sample=(-1e100, 1e100),
         doc="x*log(y), and 0 where x is 0"),
    gate("xlog1py",   "x y", "log1p(y)", "x/(1 + y)", domain="y > -1", sample=(-1e100, 1e100),
         doc="x*log1p(y), and 0 where x is 0"),
    gate("logit",     "x", "1/(x*(1 - x))",    domain="0 < x < 1",
         value="where(abs(x - 0.5) < 0.25, 2*atanh(2*x - 1), log(x) - log1p(-x))"),
),
"trigonometry (radians)": (
    gate("sin",   "x", "cos(x)"),
    gate("cos",   "x", "-sin(x)"),
    gate("tan",   "x", "1 + out^2"),
    gate("sec",   "x", "out*tan(x)",           value="1/cos(x)"),
    gate("csc",   "x", "-out/tan(x)",          value="1/sin(x)", domain="x != 0"),
    gate("cot",   "x", "-(1 + out^2)",         value="1/tan(x)", domain="x != 0"),
    gate("asin",  "x", "1/sqrt((1 - x)*(1 + x))",  aliases="arcsin", domain="-1 <= x <= 1"),
    gate("acos",  "x", "-1/sqrt((1 - x)*(1 + x))", aliases="arccos", domain="-1 <= x <= 1"),
    gate("atan",  "x", "1/(1 + x^2)",          aliases="arctan"),
    gate("asec",  "x", "1/abs(x)/sqrt(abs(x) - 1)/sqrt(abs(x) + 1)",  aliases="arcsec", domain="abs(x) >= 1",
         value="atan2(sqrt(abs(x) - 1)*sqrt(abs(x) + 1), sign(x))"),
    gate("acsc",  "x", "-1/abs(x)/sqrt(abs(x) - 1)/sqrt(abs(x) + 1)", aliases="arccsc", domain="abs(x) >= 1",
         value="atan2(sign(x), sqrt(abs(x) - 1)*sqrt(abs(x) + 1))"),
    gate("acot",  "x", "-1/(1 + x^2)",         aliases="arccot", value="atan(1/x)",
         steps=(Step("x == 0", "-pi/2", "pi/2"),)),
    gate("atan2", "y x", "x/hypot(x, y)/hypot(x, y)", "-y/hypot(x, y)/hypot(x, y)", aliases="arctan2",
         doc="the angle of the point (x, y)", sample=(-1e150, 1e150),
         steps=(Step("y == 0 and x < 0", "-pi", "pi"),)),
    gate("sinpi", "x", "pi*cospi(x)",          doc="sin(pi*x)", sample=(-1e9, 1e9)),
    gate("cospi", "x", "-pi*sinpi(x)",         doc="cos(pi*x)", sample=(-1e9, 1e9)),
    gate("sinc",  "x", "dsinc(x)",             doc="sin(pi*x)/(pi*x), and 1 at 0", sample=(-1e9, 1e9), near=1),
    gate("dsinc", "x", "where(x == 0, -pi^2/3, -(2*out/x + pi^2*sinc(x)))",
         doc="the derivative of sinc", sample=(-1e9, 1e9), ulps=8, near=1),
    gate("deg",   "x", "180/pi",               aliases="degrees rad2deg", doc="radians to degrees", sample=(-1e300, 1e300)),
    gate("rad",   "x", "pi/180",               aliases="radians deg2rad", doc="degrees to radians"),
),
"hyperbolic functions": (
    gate("sinh",  "x", "cosh(x)"),
    gate("cosh",  "x", "sinh(x)"),
    gate("tanh",  "x", "1/cosh(x)^2"),
    gate("sech",  "x", "-out*tanh(x)",         value="1/cosh(x)"),
    gate("csch",  "x", "-out/tanh(x)",         value="1/sinh(x)", domain="x != 0"),
    gate("coth",  "x", "-1/sinh(x)^2",         value="1/tanh(x)", domain="x != 0", ulps=6),
    gate("asinh", "x", "1/hypot(1, x)",        aliases="arcsinh"),
    gate("acosh", "x", "1/(sqrt(x - 1)*sqrt(x + 1))", aliases="arccosh", domain="x >= 1"),
    gate("atanh", "x", "1/((1 - x)*(1 + x))",  aliases="arctanh", domain="-1 < x < 1"),
    gate("asech", "x", "-1/(x*sqrt((1 - x)*(1 + x)))", aliases="arcsech", domain="0 < x <= 1",
         value="log1p((sqrt((1 - x)*(1 + x)) + (1 - x))/x)"),
    gate("acsch", "x", "-1/(abs(x)*hypot(1, x))", aliases="arccsch", domain="x != 0", value="asinh(1/x)"),
    gate("acoth", "x", "1/((1 - x)*(1 + x))",  aliases="arccoth", domain="abs(x) > 1",
         value="copysign(0.5*log1p(2/(abs(x) - 1)), x)"),
),
"gates with kinks and steps": (
    gate("abs",   "x", "sign(x)", aliases="absolute fabs", kinks=(Kink("x == 0", "-1", "1", "1", "0"),)),
    gate("sign",  "x", "0", doc="-1, 0 or 1",    steps=(Step("x == 0", "-1", "1"),)),
    gate("floor", "x", "0", steps=(Step("x == out", "x - 1", "x"),)),
    gate("ceil",  "x", "0", steps=(Step("x == out", "x", "x + 1"),)),
    gate("round", "x", "0", doc="to the nearest whole number, halves to the even one", aliases="rint",
         steps=(Step("abs(x - trunc(x)) == 0.5", "floor(x)", "ceil(x)"),)),
    gate("trunc", "x", "0", doc="towards 0",
         steps=(Step("x == out and x != 0", "where(x > 0, x - 1, x)", "where(x > 0, x, x + 1)"),)),
    gate("max",   "a b", "where(a == b, 0.5, 1)", "where(a == b, 0.5, 1)", aliases="maximum",
         live=("not (a < b)", "not (b < a)"), doc="of more: max(max(a, b), c)", kinks=(Kink("a == b", "0", "1", "0.5", "0.5"),)),
    gate("min",   "a b", "where(a == b, 0.5, 1)", "where(a == b, 0.5, 1)", aliases="minimum",
         live=("not (a > b)", "not (b > a)"), doc="of more: min(min(a, b), c)", kinks=(Kink("a == b", "1", "0", "0.5", "0.5"),)),
    gate("clip",  "x lo hi", "1", "where(lo == hi, 0.5, 1)", "where(lo == hi and x <= lo, 0.5, 1)",
         aliases="clamp", value="min(max(x, lo), hi)",
         live=("not (x <= lo or x >= hi)", "not (x > lo or lo > hi)", "not (max(x, lo) < hi)"),
         kinks=(Kink("x == lo", "0", "1", "0.5", "0"), Kink("x == hi", "1", "0", "0.5", "0"))),
    gate("relu",  "x", "1", value="max(x, 0)", live=("not (x <= 0)",), kinks=(Kink("x == 0", "0", "1", "0", "0"),)),
    gate("leaky_relu", "x slope=0.01", "where(x > 0, 1, where(x < 0, slope, clip(slope, 0, 1)))", "min(x, 0)",
         value="where(x > 0, x, slope*x)", sample=(-1e100, 1e100),
         kinks=(Kink("x == 0 and slope != 1", "slope", "1", "1", "slope"),)),
    gate("elu",   "x alpha=1", "where(x > 0, 1, where(x < 0, alpha*exp(x), clip(alpha, 0, 1)))", "expm1(min(x, 0))",
         value="where(x > 0, x, alpha*expm1(x))", sample=(-1e100, 1e100),
         kinks=(Kink("x == 0 and alpha != 1", "alpha", "1", "alpha", "alpha"),)),
    gate("selu",  "x", "where(x < 0, 1.7580993408473766*exp(x), 1.0507009873554805)",
         value="1.0507009873554805*elu(x, 1.6732632423543772)",
         kinks=(Kink("x == 0", "1.7580993408473766", "1.0507009873554805", "1.7580993408473766", "1.7580993408473766"),)),
    gate("relu6", "x", "1", value="clip(x, 0, 6)", live=("not (x <= 0 or x >= 6)",),
         kinks=(Kink("x == 0", "0", "1", "0", "0"), Kink("x == 6", "1", "0", "0", "0"))),
    gate("hardtanh", "x", "1", value="clip(x, -1, 1)", live=("not (x <= -1 or x >= 1)",),
         kinks=(Kink("x == -1", "0", "1", "1", "0"), Kink("x == 1", "1", "0", "1", "0"))),
    gate("hardsigmoid", "x", "1/6", value="clip(x + 3, 0, 6)/6", live=("not (x <= -3 or x >= 3)",),
         kinks=(Kink("x == -3", "0", "1/6", "0", "0"), Kink("x == 3", "1/6", "0", "0", "0"))),
    gate("heaviside", "x at=0.5", "0", "1", aliases="step", live=(None, "x == 0"), doc="0 below 0, 1 above, `at` at 0",
         steps=(Step("x == 0", "0", "1"),)),
    gate("copysign", "a b", "sign(a)*copysign(1, b)", "0", doc="the size of a with the sign of b",
         steps=(Step("b == 0 and a != 0", "-abs(a)", "abs(a)"),),
         kinks=(Kink("a == 0", "-copysign(1, b)", "copysign(1, b)", "copysign(1, a)*copysign(1, b)", "0"),)),
),
"sigmoids and their kin": (
    gate("sigmoid",    "x", "out*sigmoid(-x)", aliases="σ logistic expit", value="exp(min(x, 0))/(1 + exp(-abs(x)))"),
    gate("logsigmoid", "x", "sigmoid(-x)",     value="min(x, 0) - log1p(exp(-abs(x)))", aliases="log_sigmoid"),
    gate("softplus",   "x", "sigmoid(x)",      value="max(x, 0) + log1p(exp(-abs(x)))"),
    gate("silu",       "x", "out*sigmoid(-x) + sigmoid(x)", aliases="swish", value="x*sigmoid(x)", near=1),
    gate("mish",       "x", "tanh(softplus(x)) + x*sigmoid(x)/cosh(softplus(x))^2", value="x*tanh(softplus(x))",
         near=1, ulps=8),
    gate("gelu",       "x", "norm_cdf(x) + x*norm_pdf(x)", value="x*norm_cdf(x)", near=1, sample=(-1e3, 1e3)),
    gate("gelu_tanh",  "x", value="x*sigmoid(sqrt(8/pi)*(x + 0.044715*x^3))", near=1, ulps=16,
         doc="gelu by its tanh approximation", sample=(-1e100, 1e100)),
    gate("softsign",   "x", "1/(1 + abs(x))^2", value="x/(1 + abs(x))"),
),
"special functions": (
    gate("erf",       "x", "2/sqrt(pi)*gaussian(x)",  doc="the error function", sample=(-1e3, 1e3)),
    gate("erfc",      "x", "-2/sqrt(pi)*gaussian(x)", doc="1 - erf(x), accurate far out", sample=(-1e3, 1e3)),
    gate("erfinv",    "x", "sqrt(pi)/2/gaussian(out)", doc="the inverse of erf", domain="-1 < x < 1", ulps=64),
    gate("gaussian",  "x", "-2*x*out",          doc="exp(-x^2)", sample=(-1e3, 1e3)),
    gate("norm_pdf",  "x", "-x*out",            doc="the standard normal density", sample=(-1e3, 1e3)),
    gate("norm_cdf",  "x", "norm_pdf(x)",       doc="the standard normal distribution function", sample=(-1e3, 1e3)),
    gate("gamma",     "x", "out*digamma(x)",    aliases="Γ", domain="x > 0 or x != floor(x)", sample=(-170, 171)),
    gate("lgamma",    "x", "digamma(x)",        aliases="gammaln loggamma", domain="x > 0 or x != floor(x)",
         doc="log(abs(gamma(x)))", sample=(-1e6, 1e300)),
    gate("digamma",   "x", "polygamma(1, x)",   aliases="psi", domain="x > 0 or x != floor(x)",
         doc="the derivative of lgamma", sample=(-1e6, 1e300)),
    gate("polygamma", "n x", "nan", "polygamma(n + 1, x)", domain="0 <= n <= 1000 and n == floor(n) and (x > 0 or x != floor(x))",
         doc="the n-th derivative of digamma, n a whole number", sample=(0, 50)),
    gate("polygamma_drop", "n x h", "nan", "polygamma_drop(n + 1, x, h)", "-polygamma(n + 1, x + h)",
         doc="polygamma(n, x) - polygamma(n, x + h) without cancellation", sample=(1e-6, 20), ulps=64,
         domain="0 <= n <= 1000 and n == floor(n) and x > 0 and h > 0"),
    gate("beta",      "a b", "out*polygamma_drop(0, a, b)", "out*polygamma_drop(0, b, a)",
         doc="gamma(a)*gamma(b)/gamma(a + b)", domain="a > 0 and b > 0", sample=(0, 100)),
    gate("factorial", "x", "out*digamma(x + 1)", doc="gamma(x + 1)", domain="x > -1 or x != floor(x)",
         sample=(-170, 170), near=1),
),
}
# fmt: on


def _by_name() -> dict[str, tuple[Row, ...]]:
    """Every name and alias with its rows, one for each number of inputs (log has two)."""
    table: dict[str, tuple[Row, ...]] = {}
    for rows in CATALOGUE.values():
        for row in rows:
            for name in (row.name, *row.aliases):
                table[name] = (*table.get(name, ()), row)
    return table


GATES = _by_name()

# each row by its own name alone
ROWS = {row.name: row for rows in CATALOGUE.values() for row in rows}
