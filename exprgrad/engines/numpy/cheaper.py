"""Gates that NumPy computes faster another way, to within 3 units in the last place.

Small whole powers are products, and those a half more take a square root.  The sine and the cosine
come from the tangent where NumPy has that in vector instructions, correct to 0.53 units, while it
asks the C library for every single sine: with t = tan(x/2), sin(x) = 2t/(1 + t²), and cos(x) =
sin(x)/tan(x), neither of which cancels anywhere.
"""

from __future__ import annotations

from functools import cache
from math import inf

from exprgrad.circuit import uncollected
from exprgrad.gates import CONST, INPUT, ROWS
from exprgrad.program import Program
from exprgrad.program.tight import tight
from exprgrad.tidy import Sharing

_MOST = 8  # of a power; a product more is half a unit in the last place more
_TINY = 1e-280  # a square below this is of an angle that is its own sine


@uncollected()
def cheaper(program: Program) -> Program:
    """The program with such gates exchanged; it is one of scalars."""
    builder = Sharing(arrays=False)
    moved: list[int] = []
    quick = vector_tangent()
    names = {wire: name for name, wire in program.inputs.items()}
    for wire, (op, inputs, _, _, value, params) in enumerate(program.gates):
        reads = tuple([moved[source] for source in inputs])
        if op is INPUT:
            moved.append(builder.variable(names[wire], ()))
        elif op is CONST:
            moved.append(builder.const(value))
        elif op.name == "pow":
            moved.append(_power(builder, *reads))
        elif quick and op.name in ("sin", "cos"):
            moved.append(_wave(builder, op.name, *reads))
        else:
            moved.append(builder.add(op, reads, None, params))
    return program._replace(
        gates=tuple(builder.gates),
        inputs={name: moved[wire] for name, wire in program.inputs.items()},
        shapes=[()] * len(builder.gates),
        value=moved[program.value],
        gradient={name: moved[wire] for name, wire in program.gradient.items()},
        kinks=None if program.kinks is None else moved[program.kinks],
        rare=None if program.rare is None else moved[program.rare],
    )


@cache
def vector_tangent() -> bool:
    """Whether NumPy has the tangent of float64 in vector instructions here."""
    try:
        from numpy.lib.introspect import opt_func_info

        found = opt_func_info(func_name="^tan$", signature="float64").get("tan", {})
    except (ImportError, AttributeError, TypeError):
        return False
    return any(str(loop.get("current", "")).startswith(("AVX512", "X86_V4")) for loop in found.values())


def _gate(builder: Sharing, name: str, *reads: int) -> int:
    return tight(builder, ROWS[name], reads)


def _power(builder: Sharing, a: int, b: int) -> int:
    """a^b, by products and a square root if b is a small whole number or a half more."""
    exponent = builder.constants.get(b)
    if not isinstance(exponent, float) or not 0.5 <= abs(exponent) <= _MOST or exponent * 2 % 1:
        return builder.add(ROWS["pow"], (a, b))
    one, whole = builder.const(1.0), int(abs(exponent))
    if exponent < -1 and exponent != -whole:  # the product may be infinite where its reciprocal is not yet 0
        return builder.add(ROWS["pow"], (a, b))
    if exponent in (whole, -whole):
        return _product(builder, a if exponent > 0 else _gate(builder, "div", one, a), whole)
    found = _gate(builder, "sqrt", a)
    if whole:
        found = _gate(builder, "mul", _product(builder, a, whole), found)
    found = _gate(builder, "add", found, builder.const(0.0))  # of -0.0 it is 0.0
    if exponent < 0:
        found = _gate(builder, "div", one, found)
    least = _gate(builder, "equal", a, builder.const(-inf))  # to any power, one that is no whole number
    return _gate(builder, "where", least, builder.const(inf if exponent > 0 else 0.0), found)


def _product(builder: Sharing, base: int, times: int) -> int:
    """A wire multiplied with itself."""
    found = base
    for bit in f"{times:b}"[1:]:
        found = _gate(builder, "mul", found, found)
        if bit == "1":
            found = _gate(builder, "mul", found, base)
    return found


def _wave(builder: Sharing, name: str, x: int) -> int:
    """sin(x) or cos(x); what they have in common is shared."""
    half = _gate(builder, "tan", _gate(builder, "mul", x, builder.const(0.5)))
    square = _gate(builder, "mul", half, half)
    tiny = _gate(builder, "less", square, builder.const(_TINY))
    quotient = _gate(builder, "add", half, half), _gate(builder, "add", square, builder.const(1.0))
    sine = _gate(builder, "where", tiny, x, _gate(builder, "div", *quotient))
    if name == "sin":
        return sine
    return _gate(builder, "where", tiny, builder.const(1.0), _gate(builder, "div", sine, _gate(builder, "tan", x)))


def is_scalar(program: Program) -> bool:
    """Whether no wire of a program is an array, and none of its gates is a whole-array gate."""
    return not any(program.shapes) and not any([gate.op.whole for gate in program.gates])
