"""C99 with nothing but its math.h."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from exprgrad.write.code.form import AND, ARITHMETIC, CHOICE, COMPARE, NOT, OR, POWER, Form, call, calls, infix
from exprgrad.write.code.proof import Proof
from exprgrad.write.code.target import Function, Target

_WORDS = """
auto break case char const continue default do double else enum extern float for goto if inline int long register
restrict return short signed sizeof static struct switch typedef union unsigned void volatile while asm typeof bool
true false nullptr alignas alignof constexpr static_assert thread_local typeof_unqual grad main linux unix i386
NULL EOF BUFSIZ FILENAME_MAX FOPEN_MAX TMP_MAX L_tmpnam P_tmpdir SEEK_SET SEEK_CUR SEEK_END stdin stdout stderr
NAN INFINITY HUGE_VAL HUGE_VALF HUGE_VALL HUGE MAXFLOAT DOMAIN SING OVERFLOW UNDERFLOW PLOSS TLOSS signgam
FP_NAN FP_INFINITE FP_ZERO FP_SUBNORMAL FP_NORMAL FP_ILOGB0 FP_ILOGBNAN FP_FAST_FMA MATH_ERRNO MATH_ERREXCEPT
math_errhandling fpclassify isfinite isinf isnan isnormal signbit isgreater isgreaterequal isless islessequal
islessgreater isunordered M_E M_LOG2E M_LOG10E M_LN2 M_LN10 M_PI M_PI_2 M_PI_4 M_1_PI M_2_PI M_2_SQRTPI M_SQRT2
M_SQRT1_2
"""  # words of C, and what math.h and stdio.h may define as macros


_FORMS: Mapping[str, Form] = {
    **ARITHMETIC,
    **calls("{}", "sqrt cbrt exp exp2 expm1 log log2 log10 log1p sin cos tan asin acos atan sinh cosh tanh asinh acosh"
            " atanh abs=fabs floor ceil trunc round=rint erf erfc gamma=tgamma lgamma"),
    **{name: call(name, 2) for name in ("pow", "fmod", "hypot", "atan2", "copysign")},
    "fma": call("fma", 3),
    "where": Form("{0} ? {1} : {2}", CHOICE, (OR, OR, CHOICE)),
    "and": infix("&&", AND, COMPARE),
    "or": infix("||", OR, COMPARE),
    "not": Form("!{0}", NOT, (POWER,)),
}  # fmt: skip
_AGREES = r"""
// Whether a number is the one stated, as near as the last digits allow, or both are NaN
static int agrees(const char *name, double found, double stated, double off) {
    const int same = found == stated || (found != found && stated != stated);
    if (same || fabs(found - stated) <= off) return 1;
    fprintf(stderr, "%s is %.17g, not %.17g\n", name, found, stated);
    return 0;
}""".splitlines()


class C(Target):
    """Functions of doubles; conditions are ints."""

    name = "c"
    comment = "//"
    helper = "gate_{}"  # math.h has more and more functions
    reserved = frozenset(_WORDS.split())
    forms = _FORMS
    untruth = Form("(double){0}", POWER, (POWER,))

    def special(self, missing: bool) -> str:
        """NaN, or infinity."""
        return "NAN" if missing else "INFINITY"

    def remark(self, text: str) -> str:
        """A comment; in C99 ??/ is a backslash, and one at the end would join the next line to it."""
        return super().remark(re.sub(r"\?(?=\?)", "? ", text))

    def statement(self, name: str, text: str, truth: bool) -> str:
        """A constant."""
        return f"const {'int' if truth else 'double'} {name} = {text};"

    def head(self, name: str, inputs: Sequence[str]) -> str:
        """The function of one gate."""
        return f"static double {name}({', '.join(f'double {one}' for one in inputs)})"

    def page(self, function: Function, helpers: list[str]) -> Iterator[str]:
        """The program: the gates' functions, the formula's, and main."""
        yield from self.about(function)
        gradient = function.gradient
        places = ", ".join(f"{function.lines.inputs[name]} in grad[{place}]" for place, name in enumerate(gradient))
        if gradient:
            yield self.remark(f"The gradient by {places}")
        yield from ("", "#include <math.h>", *["#include <stdio.h>"][: function.proof is not None], *helpers, "")
        names = function.lines.inputs.values()
        inputs = [f"double {name}" for name in names] + [f"double grad[{len(gradient)}]"] * bool(gradient)
        yield f"double f({', '.join(inputs) or 'void'}) {{"
        body = list(self.body(function.lines))
        yield from (f"    {line}" for line in body)
        yield from (f"    grad[{place}] = {text};" for place, text in enumerate(gradient.values()))
        used = set().union(*(re.findall(r"\w+", one) for one in [line.text for line in function.lines.lines]))
        yield from (
            f"    (void){name};"
            for name in names
            if name not in used and name not in (function.value, *gradient.values())
        )
        yield from (f"    return {function.value};", "}")
        if function.proof is not None:
            yield from self.check(function, function.proof)

    def check(self, function: Function, proof: Proof) -> Iterator[str]:
        """This run's point and answer, asserted by a main."""
        yield from _AGREES
        yield from ("", "int main(void) {")
        count = len(function.gradient)
        if count:
            yield f"    double grad[{count}];"
        point = [self.value(value) for value in proof.point.values()] + ["grad"] * bool(count)
        yield f"    const double value = f({', '.join(point)});"
        yield "    int right = 1;"
        found = ["value", *[f"grad[{place}]" for place in range(count)]]
        called = ["value", *[f"grad.{function.lines.inputs[name]}" for name in function.gradient]]
        for one, name, (stated, off) in zip(found, called, proof.answers.values(), strict=True):
            yield f'    right &= agrees("{name}", {one}, {self.value(stated)}, {off:.1e});'
        yield from ("    return !right;", "}")


TARGET = C()
write = TARGET.write
