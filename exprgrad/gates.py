"""The catalogue: one row per gate, and nothing of ours imported.

How to read a row
-----------------
``gate(name, inputs, *gradients, ...)`` states what a gate is called, what it reads and its local
gradient with respect to each input.  Local gradients are formulas in this tool's own language,
with the gate's inputs and ``out`` (its value) in scope, chosen for accuracy: no rule cancels or
overflows where the gradient itself is an ordinary number.  ``None`` says that no gradient ever
flows to that input.  Rows serve evaluation, both derivative modes, printing, documentation and
tests alike; chain.py does what all gates have in common (accumulation, structural zeros, guards).

``sharp=``    per input, the same local gradient for float64 where the one of a book loses digits: it is
              what is computed, the other what is printed.  ``None``: there the two are one.
``value=``    the gate as a formula over other gates: a composite gate, which owes nothing to any
              target.  A row without it is a primitive, with a function in arithmetic/ieee.py, special.py or
              Python's math.
              A composite without gradients gets them from the chain rule.
``sharp_value=``  the same value for float64, where the formula of a book loses digits.
``live=``     per input, the condition under which it is selected at all.  Where it is false the
              input is an unselected branch, and its gradient a structural zero.  Conditions are
              written so that NaN counts as selected.
``domain=``   where the value is an ordinary number; the tests sample it, warnings quote it.
``hints=``    conditions outside the domain, and what to say where they hold.
``kinks=``    where left and right derivative differ: Kink(at, left, right, jax, torch), formulas
              over the inputs; left and right are local gradients as the first input grows, jax and
              torch what these two print there (measured: JAX 0.10, PyTorch 2.15), for further inputs
              in ``others``: (input, jax, torch).
``steps=``    where the value jumps: Step(at, left, right), left and right are values.
``ulps=``     the accuracy of value and local gradients when it is not 4 units in the last place,
              with ``near=``, a formula, the magnitude below which these units stop shrinking: a
              condition is 1 where it holds, next to a root, and 0 elsewhere.
``sample=``   the range the tests draw inputs from, where float64's whole range says nothing.

Inputs may have defaults: ``"x slope=0.01"``.  Angles are in radians throughout.

Whole-array gates
-----------------
The rows of ``gate`` work element by element, on scalars and, by NumPy's broadcasting, on arrays.  A
gate whose elements meet is a row of ``whole(name, inputs, *pullbacks, ...)``: in place of a local
gradient stands the pullback, which takes ``g``, the gradient of ``out``, to the gradient of an
input, ``g @ b.mT``.  Broadcasting is not its concern: chain.py fits what it gives to the shape of
the input, sums what was broadcast and broadcasts what was summed.  A pullback whose gates need a
rule of their own is named after the gate, ``index_back``.  ``where`` on a rank chooses at once.

``"x | axis keepdims=0"``  behind the bar stand settings: whole numbers, lists of them or texts that
              are fixed in the formula and carry no gradient.  A star takes any number: ``*x``, ``*shape``.
              In pullbacks ``*x`` stands for all of them, ``*g`` for the same with g in the place of
              number ``position``; without a star, ``x`` is the one the pullback is for.  ``here`` is its
              number, ``before`` how much of the axis those before it take.
``moves=``    the gate only moves and adds its elements, so a structural zero stays one.
``live=``     where the pullback is not structurally zero: which elements were selected at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from math import factorial
from types import EllipsisType
from typing import NamedTuple


class Kink(NamedTuple):
    """A point where the left and right local gradient differ, and what is printed there."""

    at: str
    left: str
    right: str
    jax: str
    torch: str
    others: tuple[tuple[str, str, str], ...] = ()


class Step(NamedTuple):
    """A point where the value jumps from ``left`` to ``right`` as the first input in ``at`` grows."""

    at: str
    left: str
    right: str


class Param(NamedTuple):
    """In a row's formulas, the setting of this name of the gate that the row is used for."""

    name: str


class Slice(NamedTuple):
    """``start:stop:step`` in an index."""

    start: int | None
    stop: int | None
    step: int | None


class Entry(NamedTuple):
    """In an index, the place of the entry that is this one of the wires behind the array."""

    number: int


# what a setting can be: a number, a text, a list, an index's ``None``, ``...``, slice or entry
Static = int | str | tuple["Static", ...] | Param | Slice | Entry | EllipsisType | None


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
    near: str | None = None
    whole: bool = False
    params: tuple[str, ...] = ()
    settings: tuple[Static, ...] = ()
    rest: bool = False
    moves: bool = False
    sharp: tuple[str | None, ...] = ()
    sharp_value: str | None = None

    @property
    def variadic(self) -> bool:
        """Whether the last input stands for any number of them."""
        return bool(self.inputs) and self.inputs[-1][0] == "*"

    @property
    def condition(self) -> bool:
        """Whether the value is 1 or 0: of a comparison, or of and, or, not."""
        return self.symbol is not None and self.gradients is not None and not any(self.gradients)

    def parameters(self, count: int) -> tuple[str, ...]:
        """The names of ``count`` inputs: ``*x`` is x0, x1 and so on."""
        if not self.variadic:
            return self.inputs
        *fixed, last = self.inputs
        return (*fixed, *[f"{last[1:]}{number}" for number in range(count - len(fixed))])

    def gradient(self, position: int) -> str | None:
        """The local gradient or the pullback for an input."""
        return self.gradients[min(position, len(self.gradients) - 1)] if self.gradients else None

    def computed(self, position: int) -> str | None:
        """The local gradient or the pullback for an input as float64 computes it best."""
        return (self.sharp[position] if self.sharp else None) or self.gradient(position)

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
    near: str | None = None,
    sharp: tuple[str | None, ...] = (),
    sharp_value: str | None = None,
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
        sharp=sharp,
        sharp_value=sharp_value,
    )


def whole(
    name: str,
    inputs: str,
    *pullbacks: str | None,
    aliases: str = "",
    live: tuple[str | None, ...] = (),
    symbol: str | None = None,
    moves: bool = False,
    kinks: tuple[Kink, ...] = (),
    doc: str = "",
) -> Row:
    """One row of a gate whose elements meet; see the module's docstring."""
    wires, _, params = inputs.partition("|")
    words = [word.partition("=") for word in params.split()]
    return Row(
        name=name,
        inputs=tuple(wires.split()),
        gradients=pullbacks,
        aliases=tuple(aliases.split()),
        symbol=symbol,
        live=live,
        kinks=kinks,
        doc=doc,
        whole=True,
        params=tuple(word.removeprefix("*") for word, _, _ in words),
        rest=any(word[0] == "*" for word, _, _ in words),
        settings=tuple(int(default) if default else None for _, _, default in words),
        moves=moves,
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

# where b - 1 is rounded, an error that log(a) makes larger, or a power of it may overflow before it meets b
_QUOTIENT = "(abs(b) < 0.5 or b - 1 + 1 != b) and not (a == 0 or a == inf)"

# what a - b is rounded by (T. J. Dekker, 1971)
_ROUNDED = "where(abs(a) < abs(b), a - (a - b + b), a - (a - b) - b)"

# what x + h is rounded by, and how fast the gradient by h changes there
_ADDED, _NEXT = "where(abs(x) < abs(h), x - (x + h - h), h - (x + h - x))", "polygamma(n + 2, x + h)"

# gelu by its tanh approximation is x*sigmoid of this, and its derivative
_GELU, _GELU_SLOPE = "sqrt(8/pi)*(x + 0.044715*x^3)", "(sqrt(8/pi) + 3*0.044715*sqrt(8/pi)*x^2)"

# the same as the difference of two numbers, the first of which is exact: x has 2^-7 as its last digit there, and
# both coefficients 2^-22; what was taken off all three is in the second one, which is small
_NEAR = "(x + 1.5*2^45 - 1.5*2^45)"
_SPLIT = (
    f"{_NEAR}*(1.5957691669464111 + 0.07135486602783203*({_NEAR}*{_NEAR})), "
    f"{_NEAR}*(4.534068042105272e-08 + 4.975523178597801e-08*({_NEAR}*{_NEAR}))"
    f" - (x - {_NEAR})*(sqrt(8/pi) + 0.044715*sqrt(8/pi)*(x*(x + {_NEAR}) + {_NEAR}*{_NEAR}))"
)

# exp(-x) times (1 + exp(x))^2 + 1, the denominator of mish
_MISH = "(exp(x) + 2 + 2*exp(-x))"

# the derivative of dsinc by pi^2, as the Taylor series of sinc has it: a polynomial of (pi*x)^2
_TERMS = [(-1) ** n * 2 * n * (2 * n - 1) / factorial(2 * n + 1) for n in range(12, 0, -1)]
_SERIES = reduce("({}*(pi*x)^2 + {})".format, map(repr, _TERMS))

# where gamma(a + b) has a pole beta is 0; its gradient by an input from there on, by reflection, which has no pole
_IS_ROOT = "out == 0 and a + b < 1"
_ROOT = "out*(digamma({0}) - digamma(1 - (a + b))) + pi*cospi(a + b)/sinpi({0})*beta({1}, 1 - (a + b))"

# how many elements share the largest or the smallest one
_TIES = "sum(x == spread(out, x, axis, keepdims), axis, keepdims)"

# where clip meets a bound: what JAX prints, whose clip is max and min, and what our own bounds have
_CLIPPED, _SHARED = "where(lo == hi, 0.25, 0.5)", "where(lo == hi, 0.5, 1)"

# fmt: off
CATALOGUE: dict[str, tuple[Row, ...]] = {
"arithmetic": (
    gate("add",          "a b", "1", "1",                symbol="+"),
    gate("sub",          "a b", "1", "-1",               symbol="-", aliases="subtract"),
    gate("mul",          "a b", "b", "a",                symbol="*", aliases="multiply"),
    gate("div",          "a b", "1/b", "-out/b",         symbol="/", aliases="divide true_divide", domain="b != 0"),
    gate("floor_divide", "a b", "0", "0",                symbol="//", domain="b != 0", doc="floor(a/b)",
         sample=(-1e9, 1e9),
         steps=(Step("a % b == 0", "out - (b > 0)", "out - (b < 0)"),)),
    gate("mod",          "a b", "1", "-(a // b)", symbol="%", aliases="remainder", domain="b != 0",
         doc="a - b*floor(a/b): the remainder with the sign of b", sample=(-1e9, 1e9),
         steps=(Step("out == 0", "where(b > 0, b, 0)", "where(b > 0, 0, b)"),)),
    gate("pow",          "a b", "where(a == 0 and b == 0, 0, b*a^(b - 1))", "where(a == 0 and b > 0, 0, out*log(a))",
         sharp=(f"where(a == 0 and b == 0, 0, where({_QUOTIENT}, b*out/a, b*a^(b - 1)))", None),
         symbol="^", aliases="power", sample=(-1e3, 1e3),
         domain="a > 0 or a == 0 and b >= 0 or a < 0 and b == floor(b)",
         hints=(("a < 0", "a negative number has no real fractional power; cbrt(x) is the real cube root"),
                ("a == 0", "0 to a negative power is a division by 0"))),
    gate("neg",          "a",   "-1",                    symbol="-", aliases="negative"),
    gate("pos",          "a",   "1",                     symbol="+", aliases="positive"),
    gate("square",       "x",   "2*x",                   value="x*x"),
    gate("reciprocal",   "x",   "-out^2",                value="1/x", domain="x != 0"),
    gate("hypot",        "a b", "where(out == 0, 0, a/out)", "where(out == 0, 0, b/out)",
         sharp=("where(out == 0, 0, where(out < 1e-290, sign(a)/hypot(1, b/a), a/out))",  # tiny, out has few digits
                "where(out == 0, 0, where(out < 1e-290, sign(b)/hypot(1, a/b), b/out))"),
         doc="sqrt(a^2 + b^2) without overflow",
         kinks=(Kink("a == 0 and b == 0", "-1", "1", "0.5", "nan", (("b", "0.5", "nan"),)),)),
    gate("fmod",         "a b", "1", "-round((a - out)/b)", domain="b != 0", sample=(-1e9, 1e9),
         doc="a - b*trunc(a/b): the remainder with the sign of a",
         steps=(Step("out == 0 and a != 0", "where(a > 0, abs(b), 0)", "where(a > 0, 0, -abs(b))"),)),
    gate("fma",          "a b c", "b", "a", "1",         doc="a*b + c, rounded once"),
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
    gate("where",         "c a b", None, "1", "1", aliases="if", live=(None, "c != 0", "c == 0"),
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
    gate("log2",      "x", "1/log(2)/x",       domain="x > 0"),
    gate("log10",     "x", "1/log(10)/x",      domain="x > 0"),
    gate("log1p",     "x", "1/(1 + x)",        domain="x > -1", doc="log(1 + x), accurate near 0"),
    gate("log_base",  "x base", "1/log(base)/x", "-out/log(base)/base", aliases="log",
         domain="x > 0 and base > 0 and base != 1", doc="log(x, base)"),
    gate("logaddexp", "a b", "sigmoid(a - b)", "sigmoid(b - a)", sharp=("sigmoid_sub(a, b)", "sigmoid_sub(b, a)"),
         doc="log(exp(a) + exp(b)) without overflow", near="0.5*(abs(out) < 0.5 and abs(a - b) < 40)"),
    gate("xlogy",     "x y", "log(y)", "x/y", live=(None, "not (x == 0 and y <= 0)"), domain="y > 0",
         doc="x*log(y), and 0 where x is 0"),
    gate("xlog1py",   "x y", "log1p(y)", "x/(1 + y)", live=(None, "not (x == 0 and y <= -1)"), domain="y > -1",
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
    gate("atan",  "x", "1/hypot(1, x)/hypot(1, x)",  aliases="arctan"),
    gate("asec",  "x", "1/abs(x)/sqrt(abs(x) - 1)/sqrt(abs(x) + 1)",  aliases="arcsec", domain="abs(x) >= 1",
         value="atan2(sqrt(abs(x) - 1)*sqrt(abs(x) + 1), sign(x))"),
    gate("acsc",  "x", "-1/abs(x)/sqrt(abs(x) - 1)/sqrt(abs(x) + 1)", aliases="arccsc", domain="abs(x) >= 1",
         value="atan2(sign(x), sqrt(abs(x) - 1)*sqrt(abs(x) + 1))"),
    gate("acot",  "x", "-1/hypot(1, x)/hypot(1, x)", aliases="arccot", value="atan(1/x)",
         steps=(Step("x == 0", "-pi/2", "pi/2"),)),
    gate("atan2", "y x", "x/hypot(x, y)/hypot(x, y)", "-y/hypot(x, y)/hypot(x, y)", aliases="arctan2",
         doc="the angle of the point (x, y)",
         steps=(Step("y == 0 and x < 0", "-pi", "pi"),)),
    gate("sinpi", "x", "pi*cospi(x)",          doc="sin(pi*x)"),
    gate("cospi", "x", "-pi*sinpi(x)",         doc="cos(pi*x)"),
    gate("sinc",  "x", "dsinc(x)",             doc="sin(pi*x)/(pi*x), and 1 at 0", near="min(1, 1/abs(x))"),
    gate("dsinc", "x", "where(abs(x) < 1e-9, -pi^2/3, -(2*out/x + pi^2*sinc(x)))",
         sharp=(f"where(abs(x) < 0.6, pi^2*{_SERIES}, -(2*out/x + pi^2*sinc(x)))",),  # near 0 the sum cancels
         doc="the derivative of sinc", near="min(3, 3/abs(x))"),
    gate("deg",   "x", "180/pi",               aliases="degrees rad2deg", doc="radians to degrees"),
    gate("rad",   "x", "pi/180",               aliases="radians deg2rad", doc="degrees to radians"),
),
"hyperbolic functions": (
    gate("sinh",  "x", "cosh(x)"),
    gate("cosh",  "x", "sinh(x)"),
    gate("tanh",  "x", "1/cosh(x)/cosh(x)"),
    gate("sech",  "x", "-out*tanh(x)",         value="where(abs(x) < 700, 1/cosh(x), 2*exp(-abs(x)))"),
    gate("csch",  "x", "-out/tanh(x)",         domain="x != 0", sharp=("-abs(out)*(1 + 2/expm1(2*abs(x)))",),
         value="where(abs(x) < 700, 1/sinh(x), copysign(2*exp(-abs(x)), x))"),
    gate("coth",  "x", "-1/sinh(x)/sinh(x)",  value="1/tanh(x)", domain="x != 0",
         sharp=("-4*exp(-2*abs(x))/expm1(-2*abs(x))^2",)),
    gate("asinh", "x", "1/hypot(1, x)",        aliases="arcsinh"),
    gate("acosh", "x", "1/(sqrt(x - 1)*sqrt(x + 1))", aliases="arccosh", domain="x >= 1"),
    gate("atanh", "x", "1/((1 - x)*(1 + x))",  aliases="arctanh", domain="-1 < x < 1"),
    gate("asech", "x", "-1/(x*sqrt((1 - x)*(1 + x)))", aliases="arcsech", domain="0 < x <= 1",
         value="log1p(sqrt((1 - x)*(1 + x))) - log(x)"),
    gate("acsch", "x", "-1/abs(x)/hypot(1, x)", aliases="arccsch", domain="x != 0",
         value="where(abs(x) < 1, copysign(log1p(hypot(1, x)) - log(abs(x)), x), asinh(1/x))"),
    gate("acoth", "x", "1/(1 - x)/(1 + x)", aliases="arccoth", domain="abs(x) > 1",
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
         kinks=(Kink("x == lo and lo <= hi", "0", "1", _CLIPPED, "0", (("lo", _CLIPPED, _SHARED),)),
                Kink("x == hi and lo <= hi", "1", "0", _CLIPPED, "0", (("hi", "0.5", _SHARED),)))),
    gate("relu",  "x", "1", value="max(x, 0)", live=("not (x <= 0)",), kinks=(Kink("x == 0", "0", "1", "0", "0"),)),
    gate("leaky_relu", "x slope=0.01", "where(x > 0, 1, where(x < 0, slope, clip(slope, 0, 1)))", "min(x, 0)",
         value="where(x > 0, x, slope*x)", live=(None, "not (x > 0)"),
         kinks=(Kink("x == 0 and slope != 1", "slope", "1", "1", "slope"),)),
    gate("elu",   "x alpha=1", "where(x > 0, 1, where(x < 0, alpha*exp(x), clip(alpha, 0, 1)))", "expm1(min(x, 0))",
         value="where(x > 0, x, alpha*expm1(x))", live=(None, "not (x > 0)"),
         kinks=(Kink("x == 0 and alpha != 1", "alpha", "1", "alpha", "alpha"),)),
    gate("selu",  "x", "where(x < 0, 1.0507009873554805*1.6732632423543772*exp(x), 1.0507009873554805)",
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
         kinks=(Kink("a == 0", "-copysign(1, b)", "copysign(1, b)", "copysign(1, b)", "0"),)),
),
"sigmoids and their kin": (
    gate("sigmoid",    "x", "out*sigmoid(-x)", aliases="σ logistic expit", value="exp(min(x, 0))/(1 + exp(-abs(x)))"),
    gate("sigmoid_sub", "a b", "out*sigmoid_sub(b, a)", "-out*sigmoid_sub(b, a)", value="sigmoid(a - b)",
         sharp_value=f"sigmoid(a - b) + sigmoid(a - b)*(sigmoid(b - a)*where(abs(a - b) < 1e3, {_ROUNDED}, 0))"),
    gate("logsigmoid", "x", "sigmoid(-x)",     value="min(x, 0) - log1p(exp(-abs(x)))", aliases="log_sigmoid"),
    gate("softplus",   "x", "sigmoid(x)",      value="max(x, 0) + log1p(exp(-abs(x)))"),
    gate("silu",       "x", "out*sigmoid(-x) + sigmoid(x)", aliases="swish", near="-2.5 < x < -0.5",
         sharp=("where(-700 < x < 0, sigmoid(x)*(1 + x - out), out*sigmoid(-x) + sigmoid(x))",),
         value="where(x < -700, x*exp(x/2)*exp(x/2), x*sigmoid(x))"),
    gate("mish",       "x", "tanh(softplus(x)) + silu(x)/cosh(softplus(x))^2", near="0.25*(-3 < x < -0.5)",
         sharp=(f"where(x > 40, 1, where(x < -700, out + exp(x), (exp(x) + 2 + 4*x*(1 + exp(-x))/{_MISH})/{_MISH}))",),
         value="where(x < -700, silu(x), x*tanh(softplus(x)))"),
    gate("gelu",       "x", "norm_cdf(x) + x*norm_pdf(x)", value="x*norm_cdf(x)", near="-2 < x < -0.3"),
    gate("gelu_tanh",  "x", f"where(abs(x) < 100, sigmoid({_GELU}) + out*sigmoid(-{_GELU})*sqrt(8/pi)*(1 + 3*0.044715*x^2), x > 0)",
         sharp=(f"where(abs(x) < 100, sigmoid_sub({_SPLIT})*(1 + where(x < 0, x - out, x*sigmoid(-{_GELU}))*{_GELU_SLOPE}), x > 0)",),
         value=f"x*sigmoid({_GELU})", sharp_value=f"where(abs(x) < 100, x*sigmoid_sub({_SPLIT}), max(x, 0))",
         near="-2 < x < -0.3",
         doc="gelu by its tanh approximation"),
    gate("softsign",   "x", "1/(1 + abs(x))/(1 + abs(x))", value="x/(1 + abs(x))"),
),
"special functions": (
    gate("erf",       "x", "2/sqrt(pi)*gaussian(x)",  doc="the error function"),
    gate("erfc",      "x", "-2/sqrt(pi)*gaussian(x)", doc="1 - erf(x), accurate far out"),
    gate("erfinv",    "x", "sqrt(pi)/2/gaussian(out)", doc="the inverse of erf", domain="-1 < x < 1", ulps=5,
         sharp=("sqrt(pi)/2/gaussian(out)*where(0.923 < abs(x) < 1, erfc(abs(out))/(1 - abs(x)), 1)",)),  # 1 but for rounding
    gate("gaussian",  "x", "-2*(x*out)",       doc="exp(-x^2)"),
    gate("norm_pdf",  "x", "-x*out",            doc="the standard normal density"),
    gate("norm_cdf",  "x", "norm_pdf(x)",       doc="the standard normal distribution function"),
    gate("gamma",     "x", "out*digamma(x)",    aliases="Γ", domain="x > 0 or x != floor(x)", sample=(-170, 171)),
    gate("lgamma",    "x", "digamma(x)",        aliases="gammaln loggamma", domain="x > 0 or x != floor(x)",
         doc="log(abs(gamma(x)))"),
    gate("digamma",   "x", "polygamma(1, x)",   aliases="psi", domain="x > 0 or x != floor(x)",
         doc="the derivative of lgamma"),
    gate("polygamma", "n x", "nan", "polygamma(n + 1, x)", domain="0 <= n <= 1000 and n == floor(n) and (x > 0 or x != floor(x))",
         doc="the n-th derivative of digamma, n a whole number", sample=(0, 50)),
    gate("polygamma_drop", "n x h", "nan", "polygamma_drop(n + 1, x, h)", "-polygamma(n + 1, x + h)",
         doc="polygamma(n, x) - polygamma(n, x + h) without cancellation", sample=(1e-6, 20),
         sharp=(None, None, f"-polygamma(n + 1, x + h) - where(abs({_NEXT}) < inf, {_ADDED}*{_NEXT}, 0)"),
         domain="0 <= n <= 1000 and n == floor(n) and x > 0 and h > 0"),
    gate("beta",      "a b",
         f"where({_IS_ROOT}, {_ROOT.format('a', 'b')}, where(abs(b) < 1e-17*abs(a), -out*b*polygamma(1, a), out*polygamma_drop(0, a, b)))",
         f"where({_IS_ROOT}, {_ROOT.format('b', 'a')}, where(abs(a) < 1e-17*abs(b), -out*a*polygamma(1, b), out*polygamma_drop(0, b, a)))",
         doc="gamma(a)*gamma(b)/gamma(a + b)", domain="a > 0 and b > 0", sample=(0, 100)),
    gate("factorial", "x", "out*digamma(x + 1)", doc="gamma(x + 1)", domain="x > -1 or x != floor(x)",
         sample=(-170, 170), near="abs(x - 0.46) < 0.5"),
),
"whole arrays (the pullbacks take g, the gradient of the output, to the gradient of the input)": (
    whole("matmul", "a b",
          "where(ndim(b) == 1, g[..., newaxis]*b, where(ndim(a) == 1, g[..., newaxis, :], g) @ b.mT)",
          "where(ndim(b) == 1, where(ndim(a) == 1, g*a, g[..., newaxis, :] @ a),"
          " where(ndim(a) == 1, a[:, newaxis]*g[..., newaxis, :], a.mT @ g))",
          symbol="@", doc="the product of matrices, and of stacks of them"),
    whole("dot", "a b",
          "where(ndim(a)*ndim(b) == 0, g*b, where(ndim(b) == 1, g[..., newaxis]*b, g @ b.mT))",
          "where(ndim(a)*ndim(b) == 0, g*a, where(ndim(a) == 1, where(ndim(b) == 1, g*a, a[:, newaxis]*g), a.mT @ g))",
          doc="the product of vectors, matrices or scalars"),
    whole("outer", "a b", "g @ b", "a @ g", doc="each element of a vector times each of another"),
    whole("cross", "a b", "cross(b, g)", "cross(g, a)", doc="of vectors of 3 elements, along the last axis"),
    whole("sum", "x | axis keepdims=0", "spread(g, x, axis, keepdims)", moves=True),
    whole("mean", "x | axis keepdims=0", "spread(g/(size(x)/size(out)), x, axis, keepdims)", moves=True),
    whole("prod", "x | axis keepdims=0", "spread(g, x, axis, keepdims)*prod_others(x, axis)"),
    whole("amax", "x | axis keepdims=0",
          "where(x < spread(out, x, axis, keepdims), 0,"
          f" spread(g/{_TIES}, x, axis, keepdims))",
          live=("not (x < spread(out, x, axis, keepdims))",), aliases="max",
          kinks=(Kink(f"{_TIES} > 1", "0", "1", f"1/{_TIES}", f"1/{_TIES}"),),
          moves=True, doc="the largest element; a tie shares the gradient evenly"),
    whole("amin", "x | axis keepdims=0",
          "where(x > spread(out, x, axis, keepdims), 0,"
          f" spread(g/{_TIES}, x, axis, keepdims))",
          live=("not (x > spread(out, x, axis, keepdims))",), aliases="min",
          kinks=(Kink(f"{_TIES} > 1", "1", "0", f"1/{_TIES}", f"1/{_TIES}"),),
          moves=True, doc="the smallest element; a tie shares the gradient evenly"),
    whole("var", "x | axis keepdims=0 ddof=0",
          "spread(2*g/(size(x)/size(out) - ddof), x, axis, keepdims)*(x - mean(x, axis, 1))",
          doc="the mean squared distance from the mean"),
    whole("std", "x | axis keepdims=0 ddof=0",
          "where(spread(out, x, axis, keepdims) == 0, 0,"
          " spread(g/(out*(size(x)/size(out) - ddof)), x, axis, keepdims)*(x - mean(x, axis, 1)))",
          kinks=(Kink("out == 0 and size(x) > 1", "-sqrt((1 - size(out)/size(x))/(size(x)/size(out) - ddof))",
                      "sqrt((1 - size(out)/size(x))/(size(x)/size(out) - ddof))", "nan", "0"),),
          doc="the square root of var"),
    whole("norm", "x | axis keepdims=0",
          "where(spread(out, x, axis, keepdims) == 0, 0,"
          " spread(g, x, axis, keepdims)*(x/spread(out, x, axis, keepdims)))",
          kinks=(Kink("out == 0 and size(x) > 0", "-1", "1", "nan", "0"),),
          doc="the Euclidean length of all elements, without overflow"),
    whole("logsumexp", "x | axis keepdims=0",
          "spread(g, x, axis, keepdims)*softmax(x, axis)", doc="log(sum(exp(x))) without overflow"),
    whole("softmax", "x | axis=-1", "out*(g - sum(g*out, axis, 1))", doc="exp(x)/sum(exp(x))"),
    whole("log_softmax", "x | axis=-1", "g - exp(out)*sum(g, axis, 1)", doc="x - logsumexp(x)"),
    whole("cumsum", "x | axis=-1", "flip(cumsum(flip(g, axis), axis), axis)", moves=True, doc="the sums of the first elements"),
    whole("trace", "x", "g[..., newaxis, newaxis]*eye_like(x)", doc="the sum of a square matrix's diagonal"),
    whole("det", "x", "g[..., newaxis, newaxis]*cofactor(x)", doc="the determinant of a square matrix"),
    whole("inv", "x", "-(out.mT @ g @ out.mT)", doc="the inverse of a square matrix"),
    whole("solve", "a b",
          "where(ndim(b) == 1, -(solve(a.mT, g)[:, newaxis]*out), -(solve(a.mT, g) @ out.mT))", "solve(a.mT, g)",
          doc="the x for which a @ x is b, a square matrix"),
    whole("transpose", "x | *axes", "transpose_back(g, axes)", moves=True, doc="x.T: the axes reversed, or in this order"),
    whole("matrix_transpose", "x", "g.mT", moves=True, doc="x.mT: the last two axes exchanged"),
    whole("reshape", "x | *shape", "reshape_like(g, x)", moves=True, doc="the elements in another shape; -1 fits"),
    whole("flip", "x | axis", "flip(g, axis)", moves=True, doc="the elements in reverse order"),
    whole("stack", "*x | axis=0", "take(g, here, axis)", moves=True, doc="[x, y]: arrays of one shape along a new axis"),
    whole("concatenate", "*x | axis=0", "part(g, x, axis, before)", moves=True, aliases="concat",
          doc="arrays one behind the other"),
    whole("index", "x *i | key", "index_back(g, x, *i, key=key)", None, moves=True,
          live=("index_back(broadcast_to(1, out), x, *i, key=key)", None),
          doc="x[0, -1, 2:5, ...]: elements by their place; an index counts from 0, from the end if negative"),
    whole("take", "x | index axis", "take_back(g, x, index, axis)", moves=True,
          live=("take_back(broadcast_to(1, out), x, index, axis)",), doc="what has this place along an axis"),
    whole("einsum", "*x | subscripts", "einsum_back(g, *x, subscripts=subscripts, position=here)",
          doc="Einstein's sum: einsum('ij,jk->ik', a, b)"),
    whole("arange", "| *bounds", doc="0, 1, 2 …: below a stop; or start, stop, step"),
    whole("size", "x", None, doc="the number of elements"),
    whole("ndim", "x", None, doc="the number of axes"),
),
"whole arrays, in pullbacks": (
    whole("spread", "a x | axis keepdims=0", "sum(g, axis, keepdims)", None, moves=True,
          doc="a, which has x's shape without an axis, along it"),
    whole("sum_to", "a x", "g", None, moves=True, doc="a summed along the axes it was broadcast along, to x's shape"),
    whole("broadcast_to", "a x", "g", None, moves=True, doc="a in x's shape"),
    whole("prod_others", "x | axis",
          "last_back(sum(last(g, axis)[..., newaxis]*prod_others(where(eye_like(last(x, axis)), 1,"
          " last(x, axis)[..., newaxis, :]), -1)*(1 - eye_like(last(x, axis))), -2), x, axis)",
          doc="for each element the product of the others"),
    whole("last", "x | axis", "last_back(g, x, axis)", moves=True, doc="the axes moved to the end and made one"),
    whole("last_back", "a x | axis", "last(g, axis)", None, moves=True, doc="the pullback of last"),
    whole("eye_like", "x", None, doc="the identity matrix of the size of the last axis"),
    whole("cofactor", "x",
          "cofactor_back(g, x)", doc="the gradient of det, of singular matrices too"),
    whole("cofactor_back", "a x", "cofactor_back(g, x)",
          "cofactor_back(sum(a*inv(x).mT, [-2, -1], 1)*g - g @ inv(x) @ a, x)"
          " - inv(x).mT @ (sum(g*cofactor(x), [-2, -1], 1)*a - a @ cofactor(x).mT @ g).mT @ inv(x).mT",
          doc="the pullback of cofactor, of singular matrices too"),
    whole("transpose_back", "x | *axes", "transpose(g, axes)", moves=True, doc="the pullback of transpose"),
    whole("reshape_like", "a x", "reshape_like(g, a)", None, moves=True, doc="the elements of a in x's shape"),
    whole("part", "a x | axis before", "part_back(g, a, axis, before)", None, moves=True,
          live=("part_back(broadcast_to(1, out), a, axis, before)", None), doc="of a, as much as x has, from a place along an axis on"),
    whole("part_back", "a x | axis before", "part(g, a, axis, before)", None, moves=True, doc="the pullback of part"),
    whole("index_back", "a x *i | key", "index(g, *i, key=key)", None, None, moves=True, doc="the pullback of index"),
    whole("take_back", "a x | index axis", "take(g, index, axis)", None, moves=True, doc="the pullback of take"),
    whole("einsum_back", "a *x | subscripts position", "einsum(*g, subscripts=subscripts)",
          "where(here == position, 0, einsum_back(a, *g, subscripts=subscripts, position=here))", doc="the pullback of einsum"),
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
