r"""The notation of LaTeX, with amsmath: ``\frac{1}{1 + \mathrm{e}^{-x}}``."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from exprgrad.circuit import Circuit, Gate, setting
from exprgrad.gates import CONST, CONSTANTS, INPUT, Entry
from exprgrad.run import Run
from exprgrad.style import Style
from exprgrad.values import Value, array, dims
from exprgrad.write import notation
from exprgrad.write.letters import escaped, spelled, symbol, symbols
from exprgrad.write.notation import (
    AND,
    ANY,
    ATOM,
    CLOSE,
    COMPARE,
    NEGATIVE,
    NOT,
    OPEN,
    OR,
    POWER,
    PRODUCT,
    SUM,
    Known,
    Notation,
    Piece,
    Written,
)  # fmt: skip
from exprgrad.write.plain import told

Template = tuple[int, tuple[Piece, ...]]  # a gate's level and its pieces, inputs by their position

_ROWS = r" \\ "
LOSS = r"\mathcal{L}"  # what a gradient that arrives at the output is of
_NAMED = {"pi": r"\pi", "tau": r"\tau", "e": r"\mathrm{e}"}
_LARGE = 36  # elements of a constant that is told by its shape
_COLUMNS = 10  # of a matrix, for more amsmath wants to be asked
_LIKE_THEMSELVES = ["sin", "cos", "tan", "sec", "csc", "cot", "sinh", "cosh", "tanh", "coth", "max", "min", "det"]
_CALLS = {
    **{name: rf"\{name}" for name in _LIKE_THEMSELVES}, "log": r"\ln", "log2": r"\log_{2}", "log10": r"\log_{10}",
    "asin": r"\arcsin", "acos": r"\arccos", "atan": r"\arctan", "sigmoid": r"\sigma", "gamma": r"\Gamma",
    "digamma": r"\psi", "amax": r"\max", "amin": r"\min",
}  # fmt: skip


def _infix(sign: str, level: int, left: int, right: int) -> Template:
    """An operator between its inputs."""
    return level, ((0, left), sign, (1, right))


def _around(level: int, *texts: str, need: int = ANY) -> Template:
    """Texts around the inputs."""
    found: list[Piece] = [texts[0]]
    for position, text in enumerate(texts[1:]):
        found += [(position, need), text]
    return level, tuple(found)


# the gates that are not written like \operatorname{name}(x)
_TEMPLATES: Mapping[str, Template] = {
    "add": _infix(" + ", SUM, SUM, PRODUCT),
    "sub": _infix(" - ", SUM, SUM, PRODUCT),
    "mul": _infix(r" \cdot ", PRODUCT, NEGATIVE, POWER),
    "matmul": _infix(r" \, ", PRODUCT, PRODUCT, POWER),
    "mod": _infix(r" \bmod ", PRODUCT, PRODUCT, POWER),
    "div": _around(POWER, r"\frac{", "}{", "}"),
    "floor_divide": _around(ATOM, r"\left\lfloor\frac{", "}{", r"}\right\rfloor "),
    "pow": (POWER, ((0, ATOM), "^{", (1, ANY), "}")),
    "square": (POWER, ((0, ATOM), "^{2}")),
    "reciprocal": _around(POWER, r"\frac{1}{", "}"),
    "neg": _around(NEGATIVE, "-", "", need=PRODUCT),
    "pos": _around(NEGATIVE, "+", "", need=PRODUCT),
    "less": _infix(" < ", COMPARE, SUM, SUM),
    "less_equal": _infix(r" \le ", COMPARE, SUM, SUM),
    "greater": _infix(" > ", COMPARE, SUM, SUM),
    "greater_equal": _infix(r" \ge ", COMPARE, SUM, SUM),
    "equal": _infix(" = ", COMPARE, SUM, SUM),
    "not_equal": _infix(r" \ne ", COMPARE, SUM, SUM),
    "and": _infix(r" \land ", AND, AND, NOT),
    "or": _infix(r" \lor ", OR, OR, AND),
    "not": _around(NOT, r"\lnot ", "", need=SUM),
    "where": (
        POWER,
        (r"\begin{cases}", (1, ANY), r" & \text{if } ", (0, ANY), r" \\ ", (2, ANY), r" & \text{else}\end{cases}"),
    ),
    "sqrt": _around(POWER, r"\sqrt{", "}"),
    "cbrt": _around(POWER, r"\sqrt[3]{", "}"),
    "exp": _around(POWER, r"\mathrm{e}^{", "}"),
    "exp2": _around(POWER, "2^{", "}"),
    "exp10": _around(POWER, "10^{", "}"),
    "log_base": (POWER, (r"\log_{", (1, ANY), r"}\left(", (0, ANY), r"\right)")),
    "abs": _around(ATOM, r"\left|", r"\right|"),
    "floor": _around(ATOM, r"\left\lfloor ", r"\right\rfloor "),
    "ceil": _around(ATOM, r"\left\lceil ", r"\right\rceil "),
    "factorial": (POWER, ((0, ATOM), "!")),
    "norm": _around(ATOM, r"\left\lVert ", r"\right\rVert "),
    "inv": (POWER, ((0, ATOM), "^{-1}")),
    "matrix_transpose": (POWER, ((0, ATOM), r"^{\top}")),
    "transpose": (POWER, ((0, ATOM), r"^{\top}")),
}


class Latex(Notation):
    """LaTeX; ``of`` is the symbol of what is differentiated, ``sign`` the derivative's."""

    relations: Mapping[str, str] = {"≈": r"\approx", "+=": r"\mathrel{+}="}
    tall = (r"\left(", r"\right)")  # TeX does not break what is inside
    high = (r"\frac", r"\begin")
    product = r" \cdot "
    dots = r"\cdots"
    total = r"\textstyle\sum "

    def __init__(self, of: str = "f", sign: str = r"\partial") -> None:
        self.of, self.sign = of, sign

    @classmethod
    def of_run(cls, run: Run) -> Latex:
        """The notation of a working, where gradients are total derivatives, and local ones partial.

        Where a gradient arrives at the output, they are of what it comes from.
        """
        seed = run.gradients[run.circuit.output]
        of = symbols(run.circuit.labels())[run.circuit.output] if repr(seed) in ("1.0", "nan") else LOSS
        return cls(of, r"\mathrm{d}")

    def labels(self, circuit: Circuit) -> list[str]:
        """The wires' symbols."""
        return symbols(circuit.labels())

    def gradient(self, label: str) -> str:
        r"""``\frac{\partial f}{\partial x}``."""
        return rf"\frac{{{self.sign}{_apart(self.of)}}}{{{self.sign}{_apart(label)}}}"

    def slope(self, of: str, by: str, place: str) -> str:
        r"""``\frac{\partial v_{1}}{\partial x}``."""
        found = rf"\frac{{\partial{_apart(of)}}}{{\partial{_apart(by)}}}"
        return rf"\left.{found}\right|_{{{symbol(place)}}}" if place else found

    def shape(self, extent: str) -> str:
        r"""``\left[2 \times 3\right]``."""
        times = extent.replace("×", r" \times ")
        return rf"\left[{times}\right]"

    def symbol(self, name: str) -> str:
        """A variable."""
        return symbol(name)

    def number(self, value: Value, style: Style) -> Written:
        """A number, or an array."""
        return number(value, style)

    def parts(self, circuit: Circuit, wire: int) -> tuple[int, list[Piece]]:
        """A wire's level, and what its text consists of."""
        gate = circuit.gates[wire]
        if gate.op is INPUT:
            return ATOM, [symbol(str(gate.name))]
        if gate.op is CONST:
            found = _constant(gate, circuit.names)
            return found.level, [found.text]
        template = None if gate.params and gate.settings() else _TEMPLATES.get(gate.op.name)
        if template is None:
            return self._call(gate)
        level, pieces = template
        return level, [piece if isinstance(piece, str) else (gate.inputs[piece[0]], piece[1]) for piece in pieces]

    def _call(self, gate: Gate) -> tuple[int, list[Piece]]:
        r"""``\tanh(x)``, ``x_{0}``, ``\operatorname{sum}(x, \text{axis=0})``."""
        op, inputs = gate.op, told(gate).inputs
        if op.name == "index":
            key = gate.params[0] if isinstance(gate.params[0], tuple) else ()
            places = [(inputs[1 + one.number], ANY) if isinstance(one, Entry) else _fixed(setting(one)) for one in key]
            return ATOM, ["{", (inputs[0], ATOM), "}_{", *_listed(places), "}"]
        items: list[Piece] = [(source, ANY) for source in inputs]
        if op.name == "stack" and not gate.settings():
            return ATOM, ["[", *_listed(items), "]"]
        items += [_fixed(f"{name}={setting(value)}") for name, value in gate.settings().items()] if gate.params else []
        named = symbol(op.name) if len(op.name) == 1 else rf"\operatorname{{{spelled(op.name)}}}"
        return POWER, [_CALLS.get(op.name, named), OPEN, *_listed(items), CLOSE]


def expression(circuit: Circuit, wire: int, known: Known) -> str:
    """A wire's expression, down to constants and the wires whose symbols are known."""
    return notation.expression(circuit, wire, known, Latex()).text


def number(value: Value, style: Style) -> Written:
    r"""``1 \times 10^{-7}``, ``\infty``; a matrix, and vectors in brackets."""
    if not isinstance(value, float):
        return Written(_array(value.tolist(), style))
    text = style.number(value)
    digits, _, exponent = text.partition("e")
    if exponent:
        return Written(rf"{digits} \times 10^{{{int(exponent)}}}", NEGATIVE if text[0] == "-" else PRODUCT)
    text = text.replace("inf", r"\infty").replace("nan", r"\mathrm{NaN}")
    return Written(text, NEGATIVE if text[0] == "-" else ATOM)


def _apart(symbol_: str) -> str:
    """A symbol behind a derivative's sign, a word at a distance."""
    return rf"\,{symbol_}" if symbol_.startswith(r"\mathrm") else f" {symbol_}"


def _constant(gate: Gate, taken: Collection[str]) -> Written:
    """A constant of a formula with all its digits; pi and its like by their names, if these are free."""
    value = gate.value
    for name, text in _NAMED.items():
        if isinstance(value, float) and value == CONSTANTS[name] and name not in taken:
            return Written(text)
    if isinstance(value, float):
        return number(value, Style())
    found = array(value)
    return Written(Latex().shape(dims(found.shape))) if found.size > _LARGE else number(found, Style())


def _listed(items: Sequence[Piece]) -> list[Piece]:
    """Items with commas between them."""
    return [piece for item in items for piece in (item, ", ")][:-1]


def _fixed(text: str) -> str:
    """A setting of a gate."""
    return text if text.isascii() and text.lstrip("-").isdigit() else rf"\text{{{escaped(text)}}}"


def _array(value: Any, style: Style) -> str:
    """A matrix, unless it is too wide; brackets around what has another number of axes."""
    if not isinstance(value, list):
        return number(float(value), style).text
    flat = bool(value) and all(isinstance(row, list) and row and not isinstance(row[0], list) for row in value)
    if flat and len(value[0]) <= _COLUMNS:
        rows = [" & ".join([_array(one, style) for one in row]) for row in value]
        return rf"\begin{{bmatrix}}{_ROWS.join(rows)}\end{{bmatrix}}"
    return f"[{', '.join([_array(part, style) for part in value])}]"
