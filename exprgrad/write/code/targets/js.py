"""JavaScript: an ES module without dependencies, for browsers and Node.js alike."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from exprgrad.gates import Row
from exprgrad.write.code.form import (
    AND,
    ARITHMETIC,
    ATOM,
    CHOICE,
    COMPARE,
    NOT,
    OR,
    POWER,
    PRODUCT,
    SIGN,
    SUM,
    Form,
    call,
    calls,
    infix,
)  # fmt: skip
from exprgrad.write.code.proof import Proof
from exprgrad.write.code.target import Function, Target

_WORDS = """
arguments await break case catch class const continue debugger default delete do else enum eval export extends false
finally for function if implements import in instanceof interface let new null package private protected public return
static super switch this throw true try typeof undefined var void while with yield Math Number NaN Infinity Error value
grad Object async
"""


_ONE = (
    "sqrt cbrt exp expm1 log log2 log10 log1p sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh abs sign"
    " floor ceil trunc"
)
_FORMS: Mapping[str, Form] = {
    **ARITHMETIC,
    "equal": infix("===", COMPARE, SUM),
    "not_equal": infix("!==", COMPARE, SUM),
    **calls("Math.{}", _ONE),
    **{name: call(f"Math.{name}", 2) for name in ("max", "min", "hypot", "atan2")},
    "pow": Form("{0} ** {1}", SIGN, (ATOM, ATOM)),  # -a ** b is no JavaScript
    "fmod": infix("%", PRODUCT),
    "where": Form("{0} ? {1} : {2}", CHOICE, (OR, OR, CHOICE)),
    "and": infix("&&", AND, COMPARE),
    "or": infix("||", OR, COMPARE),
    "not": Form("!{0}", NOT, (POWER,)),
}
_DEFINITIONS = {"pow": "where(a == 1 or abs(a) == 1 and abs(b) == inf, 1, a^b)"}  # where JavaScript says NaN


class JavaScript(Target):
    """Functions of numbers."""

    name = "js"
    comment = "//"
    indent = "  "
    letters = True
    reserved = frozenset(_WORDS.split())
    forms = _FORMS
    definitions = _DEFINITIONS
    truth = Form("{0} !== 0", COMPARE, (SUM,))
    untruth = call("Number")

    def plain(self, op: Row, known: Sequence[float | None]) -> bool:
        """A power with a constant exponent is JavaScript's own."""
        return super().plain(op, known) or known[1] is not None

    def digits(self, value: float) -> str:
        """A finite number."""
        return repr(value).removesuffix(".0")

    def special(self, missing: bool) -> str:
        """NaN, or infinity."""
        return "NaN" if missing else "Infinity"

    def text(self, value: str) -> str:
        """A string."""
        found = super().text(value)
        return found if found[0] == '"' else json.dumps(value)

    def statement(self, name: str, text: str, truth: bool) -> str:  # noqa: ARG002  a boolean is a constant like others
        """A constant."""
        return f"const {name} = {text};"

    def head(self, name: str, inputs: Sequence[str]) -> str:
        """The function of one gate."""
        return f"function {name}({', '.join(inputs)})"

    def page(self, function: Function, helpers: list[str]) -> Iterator[str]:
        """The module: the gates' functions, the formula's, the check."""
        yield from self.about(function)
        yield from (*helpers, "", f"export function f({', '.join(function.lines.inputs.values())}) {{")
        yield from (f"  {line}" for line in self.body(function.lines))
        # in brackets a key is a key: without them __proto__ is something else
        pairs = [
            f"[{self.text(name)}]: {text}" if name == "__proto__" else f"{self.text(name)}: {text}"
            for name, text in function.gradient.items()
        ]
        grad = f"{{ {', '.join(pairs)} }}" if pairs else "{}"
        yield from (f"  return {{ value: {function.value}, grad: {grad} }};", "}")
        if function.proof is not None:
            yield from self.check(function.proof)

    def check(self, proof: Proof) -> Iterator[str]:
        """This run's point and answer, and an error if that is not what comes out."""
        point = ", ".join([self.value(value) for value in proof.point.values()])
        yield from ("", f"const {{ value, grad }} = f({point});", "for (const [name, found, stated, off] of [")
        for name, (stated, off) in proof.answers.items():
            found = "value" if name == "value" else f"grad[{self.text(name[5:])}]"
            yield f"  [{self.text(name)}, {found}, {self.value(stated)}, {off:.1e}],"
        yield "]) {"
        yield "  const same = found === stated || (found !== found && stated !== stated); // infinite, or NaN"
        yield "  const near = same || Math.abs(found - stated) <= off;"
        yield "  if (!near) throw new Error(`${name} is ${found}, not ${stated}`);"
        yield "}"


TARGET = JavaScript()
write = TARGET.write
