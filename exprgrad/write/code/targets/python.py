"""Python with nothing but its math; what raises there has exprgrad's own function around it."""

from __future__ import annotations

import ast
import inspect
import keyword
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from exprgrad.arithmetic import ieee
from exprgrad.gates import Row
from exprgrad.write.code.form import AND, ARITHMETIC, CHOICE, COMPARE, NOT, OR, Form, call, calls, infix
from exprgrad.write.code.listing import Listing
from exprgrad.write.code.names import words
from exprgrad.write.code.proof import Proof
from exprgrad.write.code.target import Function, Target

# what the functions of ieee.py make of others
_MADE = {
    **dict.fromkeys(("sqrt", "exp", "exp2", "expm1", "sin", "cos", "tan"), "total(math.{})"),
    **dict.fromkeys(("asin", "acos", "acosh", "cosh"), "total(math.{})"),
    **dict.fromkeys(("log", "log2", "log10"), "logarithm(math.{}, 0)"),
    "log1p": "logarithm(math.{}, -1)",
    **dict.fromkeys(("floor", "ceil", "trunc"), "whole(math.{})"),
    "rint": "whole(round)",
}  # fmt: skip
# the others' names there, which are private or not
_NAMES = {name.lstrip("_"): name for name, one in vars(ieee).items() if inspect.isfunction(one)}
_IEEE = {row: function.__name__ for row, function in ieee.PRIMITIVES.items() if function.__name__ in _NAMES.values()}


_FORMS: Mapping[str, Form] = {
    **ARITHMETIC,
    **{row: call(name, len(inspect.signature(vars(ieee)[name]).parameters)) for row, name in _IEEE.items()},
    **calls("{}", " ".join(name for name in _MADE if name != "rint")),
    **calls("math.{}", "atan asinh tanh erf erfc deg=degrees rad=radians"),
    **{name: call(f"math.{name}", 2) for name in ("hypot", "atan2", "copysign")},
    "round": call("rint"),
    "abs": call("abs"),
    "gamma": call("total(math.gamma)"),
    "lgamma": call("total(math.lgamma)"),
    "where": Form("{1} if {0} else {2}", CHOICE, (OR, OR, CHOICE)),
    "and": infix("and", AND, NOT),
    "or": infix("or", OR, NOT),
    "not": Form("not {0}", NOT, (COMPARE,)),
}
_DEFINITIONS = {
    "gamma": "where(x == 0, 1/x, gamma(x))",
    "lgamma": "where(x <= 0 and x == floor(x), inf, lgamma(x))",
}


class Python(Target):
    """Functions of floats."""

    name = "python"
    letters = True
    reserved = frozenset([*keyword.kwlist, "__debug__", "math", "float", "abs"])
    forms = _FORMS
    definitions = _DEFINITIONS
    untruth = call("float")
    imports: tuple[str, ...] = ("import math",)

    def prelude(self, name: str) -> Sequence[str]:
        """One of ieee.py's functions, or what is made of one; none for a word that Python has."""
        return _text(name)

    def used(self, lines: Iterable[str]) -> Iterator[str]:
        """The definitions of the words in lines of code, each behind those of the words in it."""
        texts: dict[str, Sequence[str]] = {}
        found: set[str] = set()
        waiting = self._read(lines)
        while waiting:
            name = waiting[-1]
            if name not in texts:
                texts[name] = self.prelude(name)
                waiting += [other for other in self._read(texts[name]) if other != name]
                continue
            waiting.pop()
            if name not in found:
                found.add(name)
                yield from texts[name]

    def _read(self, lines: Iterable[str]) -> list[str]:
        """The words in lines of code."""
        return sorted(set().union(*[words(line.partition(self.comment)[0]) for line in lines]), reverse=True)

    def form(self, found: Listing, wire: int, own: Row | None) -> Form:
        """How a gate is written: a quotient as such where nobody divides by 0."""
        gate = found.gates[wire]
        if gate.op.name == "div" and found.constants.get(gate.inputs[1]):
            return ARITHMETIC["div"]
        return super().form(found, wire, own)

    def special(self, missing: bool) -> str:
        """NaN, or infinity."""
        return "math.nan" if missing else "math.inf"

    def statement(self, name: str, text: str, truth: bool) -> str:  # noqa: ARG002  a bool is a bool here
        """A name for an expression."""
        return f"{name} = {text}"

    def function(
        self, name: str, inputs: Sequence[str], about: str, statements: Iterable[str], result: str
    ) -> Iterator[str]:
        """The function of one gate."""
        yield from ("", "", f"def {name}({', '.join(inputs)}):", f"    {self.remark(about)}")
        yield from (f"    {line}" for line in statements)
        yield f"    return {result}"

    def page(self, function: Function, helpers: list[str]) -> Iterator[str]:
        """The module: what is used, the function, the check."""
        inside = [*self.inside(function), *(self.check(function.proof) if function.proof else ())]
        yield from self.about(function)
        yield from ("", *self.imports, *self.used([*helpers, *inside]), *helpers, "", "")
        yield from inside

    def inside(self, function: Function) -> Iterator[str]:
        """The function of the formula."""
        yield f"def f({', '.join(function.lines.inputs.values())}):"
        yield from (f"    {line}" for line in self.body(function.lines))
        gradient = ", ".join([f"{self.text(name)}: {text}" for name, text in function.gradient.items()])
        yield f"    return {function.value}, {{{gradient}}}"

    def check(self, proof: Proof) -> Iterator[str]:
        """This run's point and answer as an assertion."""
        point = ", ".join([self.value(value) for value in proof.point.values()])
        yield from (
            "",
            "",
            'if __name__ == "__main__":',
            f"    value, grad = f({point})",
            "    for name, found, stated, off in [",
        )
        for name, (stated, off) in proof.answers.items():
            found = "value" if name == "value" else f"grad[{self.text(name[5:])}]"
            yield f"        ({self.text(name)}, {found}, {self.value(stated)}, {off:.1e}),"
        yield "    ]:"
        yield from (f"        {line}" for line in self.assertion())

    def assertion(self) -> Iterator[str]:
        """That what was found is what is stated."""
        yield "same = found == stated or (found != found and stated != stated)  # infinite, or NaN"
        yield "assert same or abs(found - stated) <= off, (name, found, stated)"


@cache
def _text(name: str) -> tuple[str, ...]:
    """The definition of a name that is one of ieee.py's functions, or made of one; nothing for another name."""
    if name in _MADE:
        return ("", "", f"{name} = {_MADE[name].format(name)}")
    if name not in _NAMES:
        return ()
    tree = ast.parse(inspect.getsource(vars(ieee)[_NAMES[name]]))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.name, node.returns = node.name.lstrip("_"), None
        elif isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.Name):
            node.id = f"math.{node.id}" if node.id in ("inf", "nan") else node.id.lstrip("_")
    return ("", "", *ast.unparse(tree).splitlines())


TARGET = Python()
write = TARGET.write
