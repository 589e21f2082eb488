"""LaTeX is read back: by SymPy, by a small reader of its own, and by pdflatex where there is one."""

from __future__ import annotations

import math
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

from conftest import ROOT, exprgrad
from exprgrad.chain import backward
from exprgrad.diagnosis.working import working
from exprgrad.language.read import read
from exprgrad.run import run
from exprgrad.style import Style
from exprgrad.write.article import to_latex, write
from exprgrad.write.latex import expression, number
from exprgrad.write.letters import escaped, symbol, symbols
from exprgrad.write.working import latex
from test_formulas import FORMULAS, NUMBERS, VARIABLES, Both

PDFLATEX = shutil.which("pdflatex")
relaxed = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
NEURON = ["1/(1 + exp(-(w0*x0 + w1*x1 + w2)))", "-w0", "2", "-x0", "-1", "-w1", "-3", "-x1", "-2", "-w2", "-3"]
NETWORK = """h1 = tanh(a1*x1 + a2*x2 + a0)
h2 = relu(b1*x1 + b2*x2 + b0)
loss = (sigmoid(c1*h1 + c2*h2 + c0) - target)^2"""
HOSTILE = (
    "x_max*learning_rate + _ + __a__ + x1*x_1*x_01 + alpha*α*ά + é*naïve + 日本 + Ω_2*Я*ß + lambda + d_x + E1*x__1 + ℓ"
)
WHOLE = "g(t) = t^2*sin(t)\ny = softmax(W @ x[0:2] + b)\nsum(y*[g(x[0]), x[1]]) + amax(x) + norm(W, axis=0)[0] + einsum('i,i->', x, x)"


class Reader:
    """A reader of the LaTeX of formulas, by recursive descent: what a person reads."""

    TOKENS = re.compile(r"\\left\(|\\right\)|\\left\||\\right\||\\[a-zA-Z]+|\d+(?:\.\d+)?|[a-z]|[-+^_{}(),]")

    def __init__(self, text: str, known: dict[str, Any]) -> None:
        assert not self.TOKENS.sub("", text).strip(), text
        self.pieces = [*self.TOKENS.findall(text), ""]
        self.known = known

    def value(self) -> Any:
        """The number."""
        found = self.sum()
        assert self.pieces == [""]
        return found

    def take(self, *wanted: str) -> str:
        """The next piece, one of those wanted."""
        assert not wanted or self.pieces[0] in wanted, (wanted, self.pieces)
        found: str = self.pieces.pop(0)
        return found

    def sum(self) -> Any:
        """Terms."""
        total = self.product()
        while self.pieces[0] in ("+", "-"):
            total = total + self.product() if self.take() == "+" else total - self.product()
        return total

    def product(self) -> Any:
        """Factors, or what has a minus."""
        if self.pieces[0] == "-":
            self.take()
            return -self.product()
        found = self.power()
        while self.pieces[0] in (r"\cdot", r"\times"):
            self.take()
            found = found * self.power()
        return found

    def power(self) -> Any:
        """A base and perhaps an exponent."""
        base = self.atom()
        if self.pieces[0] != "^":
            return base
        self.take("^")
        return base ** self.group()

    def group(self) -> Any:
        """What stands in braces."""
        self.take("{")
        found = self.sum()
        self.take("}")
        return found

    def atom(self) -> Any:
        """A number, a fraction, a root, parentheses, a function or a name."""
        piece = self.take()
        if piece[0].isdigit():
            return mpf(piece)
        if piece == r"\frac":
            above = self.group()
            return above / self.group()
        if piece == r"\sqrt":
            return mp.sqrt(self.group())
        if piece in ("(", r"\left("):
            found = self.sum()
            self.take(")", r"\right)")
            return found
        if piece == r"\mathrm":
            assert [self.take() for _ in range(3)] == ["{", "e", "}"]
            return mp.e
        name = piece.lstrip("\\")
        if name == "operatorname":
            name = "".join(iter(self.take, "}"))[1:]
        if self.pieces[0] in ("(", r"\left("):
            inside = []
            while self.take() not in (")", r"\right)"):
                inside.append(self.sum())
            return _FUNCTIONS[name](*inside)
        return self.known[name]


_FUNCTIONS = {
    "sin": mp.sin, "cos": mp.cos, "tanh": mp.tanh, "sinh": mp.sinh, "cosh": mp.cosh, "arctan": mp.atan, "erf": mp.erf, "asinh": mp.asinh,
    "sigma": lambda x: 1 / (1 + mp.exp(-x)), "softplus": lambda x: mp.log(1 + mp.exp(x)), "ln": mp.log,
    "gaussian": lambda x: mp.exp(-x * x), "hypot": mp.hypot,
}  # fmt: skip


@relaxed
@given(FORMULAS, st.fixed_dictionaries(dict.fromkeys(VARIABLES, NUMBERS)))
def test_a_formula_in_latex_has_the_same_value(drawn: Both, everything: dict[str, float]) -> None:
    """Read by the conventions of mathematics, not by ours."""
    circuit = read(drawn[0])
    result = run(circuit, {name: everything[name] for name in circuit.inputs})
    assume(all(map(math.isfinite, result.values)) and all(abs(value) < 1e8 for value in result.values))
    text = expression(circuit, circuit.output, lambda _: None)
    with mp.workdps(40):
        value = Reader(text, {name: mpf(number_) for name, number_ in everything.items()}).value()
    scale = max(1, *map(abs, result.values))
    assert math.isclose(value, result.value, rel_tol=1e-9, abs_tol=1e-9 * scale), text


@pytest.mark.parametrize(
    "text",
    ["-x^2", "(-x)^2", "2^3^y", "(2^x)^y", "x/y/z", "x/(y/z)", "x - (y - z)", "-(x + y)*z", "x^-2", "sqrt(x)^3", "abs(x - 3)^2",
     "1/(1 + exp(-(x*y + z)))", "max(x, y)*min(y, z)", "x0 + x_1*x0^2", "log(x, 2)", "(x*y)^(z + 1)"],
)  # fmt: skip
def test_sympy_reads_the_same_formula(text: str) -> None:
    """SymPy's reader of LaTeX is somebody else's."""
    from sympy.parsing.latex import parse_latex

    circuit = read(text)
    written = expression(circuit, circuit.output, lambda _: None)
    for ours, theirs in (
        (r"\mathrm{e}", r"\exp"),
        (r"\left(", "("),
        (r"\right)", ")"),
        (r"\left|", "|"),
        (r"\right|", "|"),
    ):
        written = written.replace(ours, theirs)
    written = re.sub(r"\\exp\^\{([^{}]*)\}", r"\\exp(\1)", written)
    found = parse_latex(written, backend="lark")
    point = {name: 0.75 + 0.5 * position for position, name in enumerate(circuit.inputs)}
    values = {s: point[re.sub(r"[{}]", "", s.name) if s.name != "x_{0}" else "x0"] for s in found.free_symbols}
    assert math.isclose(float(found.subs(values).evalf(20)), run(circuit, point).value, rel_tol=1e-12), written


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e-7, r"1 \times 10^{-7}"), (-2.5e300, r"-2.5 \times 10^{300}"), (math.inf, r"\infty"), (-math.inf, r"-\infty"),
     (math.nan, r"\mathrm{NaN}"), (-0.0, "-0"), (3.0, "3")],
)  # fmt: skip
def test_numbers(value: float, text: str) -> None:
    assert number(value, Style()).text == text


@pytest.mark.parametrize(
    ("name", "text"),
    [("x", "x"), ("x0", "x_{0}"), ("x_1", "x_{1}"), ("w12", "w_{12}"), ("alpha", r"\alpha"), ("σ", r"{\sigma}"),
     ("lambda", r"\lambda"), ("loss", r"\mathrm{loss}"), ("x_max", r"x_{\mathrm{max}}"), ("é", r"\acute{e}"), ("θ1", r"{\theta}_{1}"),
     ("_", r"\_"), ("日", r"\mathrm{U{+}65E5}"), ("eta", r"\eta"), ("beta2", r"\beta_{2}")],
)  # fmt: skip
def test_names(name: str, text: str) -> None:
    assert symbol(name) == text


def test_names_that_look_alike_are_told_apart() -> None:
    """x1 in letters of full width is the same to a reader, and so is each of its digits."""
    assert symbols(["x1", "\uff581", "\uff58\uff11"]) == ["x_{1}", r"\mathrm{x1}", r"{\mathrm{x1}^{(2)}}"]


def test_constants_have_their_names_where_these_are_free() -> None:
    assert r"\eq{\frac{\partial f}{\partial x} = \pi}\par" in to_latex(read("pi*x")).splitlines()
    taken = to_latex(read("x*3.141592653589793 + pi", {"pi": 1}))
    assert r"\eq{\frac{\partial f}{\partial x} = 3.141592653589793}\par" in taken.splitlines()


def test_definitions_are_stated_if_they_are_short() -> None:
    for terms, stated in ((1, True), (40, False)):
        text = "g(t) = " + " + ".join(["sin(t)^2"] * terms) + "; g(x)"
        assert (r"\eq{g(t) = " in to_latex(read(text))) == stated


@relaxed
@given(st.lists(st.from_regex(r"[^\W\d]\w{0,40}", fullmatch=True), max_size=12))
def test_any_names_have_symbols_of_their_own(names: list[str]) -> None:
    """Distinct, in ASCII, with balanced braces, nothing in them that LaTeX minds."""
    found = symbols(names)
    assert len(set(found)) == len(set(names))
    assert [found[names.index(name)] for name in names] == found
    for text in found:
        assert text.isascii()
        check(text)


@relaxed
@given(st.text(max_size=60))
def test_any_text_can_stand_outside_of_formulas(text: str) -> None:
    found = escaped(text)
    assert found.isascii() or not text.isascii()
    check(re.sub(r"\$[^$]*\$", "", found.replace(r"\$", "")))


def check(text: str) -> None:
    """Braces, environments, brackets that grow, and dollars come in pairs; only ASCII, no bare specials."""
    assert all(character.isascii() for character in text)
    bare = re.sub(r"\\[#$%&_{}]|\\\\", "", text)
    assert not re.search(r"[#%~]", bare.replace("#1", "").replace("#2", ""))
    depth = 0
    for character in bare:
        depth += (character == "{") - (character == "}")
        assert depth >= 0
    assert depth == 0
    assert bare.count("$") % 2 == 0
    open_: list[str] = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
        if kind == "begin":
            open_.append(name)
        else:
            assert open_.pop() == name
    assert open_ == []
    assert text.count(r"\left") - text.count(r"\leftarrow") == text.count(r"\right") - text.count(r"\rightarrow")


def documents() -> dict[str, list[str]]:
    """The command lines whose documents are looked at."""
    values = {name: str(position / 4 - 1) for position, name in enumerate(read(NETWORK).inputs)}
    network = [NETWORK, *[part for name, value in values.items() for part in (f"-{name}", value)]]
    hostile = [HOSTILE, *[part for name in read(HOSTILE).inputs for part in (f"-{name}", "2")]]
    whole = [WHOLE, "-W", "[[1,2],[3,4]]", "-x", "[0.5,-2]", "-b", "[0.25]"]
    matmul = ["D = W @ X", "-W", "[[1,2],[3,4]]", "-X", "[[5,6],[7,8]]", "--upstream", "[[1,0],[0,1]]"]
    long = "tanh(" + " + ".join(f"w{k}*x^{k}" for k in range(300)) + ")"
    terms = [long, "-x", "0.5", *[part for k in range(300) for part in (f"-w{k}", "-1e-5")]]
    nested = "sin(x + " * 100 + "x" + ")" * 100
    big = ["sum(W @ x)", "-W", "arange(600).reshape(20, 30)", "-x", "arange(30)"]
    every = {
        "neuron": NEURON, "network": network, "hostile": hostile, "arrays": whole, "matmul": matmul, "terms": terms,
        "nested": [nested, "-x", "0.1"], "big": big, "fork": ["--file", str(ROOT / "samples" / "fork-named.txt")],
        "max": ["max(x, y)*relu(x) + where(x > 0 and not y < 1, x^y, log(x))", "-x", "-1", "-y", "2"],
        "nan": ["log(x)/0 + inf*x", "-x", "-1"], "constant": ["3"], "input": ["x", "-x", "2"],
    }  # fmt: skip
    return {
        **{f"{name}-formula": [*line, "--to", "latex"] for name, line in every.items()},
        **{f"{name}-explain": [*line, "--explain", "--to", "latex"] for name, line in every.items()},
        **{
            f"{name}-{option}": [*line, f"--{option}", "--to", "latex"]
            for name, line in every.items()
            for option in ("symbolic", "symbolic=full")
            if name != "constant"
        },
        "bare": [NEURON[0], "--to", "latex"],
    }


DOCUMENTS = documents()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_compile_as_they_stand(name: str, tmp_path: Path) -> None:
    """Their structure is sound anywhere; where pdflatex is, it compiles them, and no line runs off the page."""
    done = exprgrad(*DOCUMENTS[name])
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("\\documentclass{article}\n")
    check(done.stdout.partition("\\begin{document}")[2].partition("\\end{document}")[0])
    if PDFLATEX is None:
        return
    (tmp_path / "paper.tex").write_text(done.stdout, encoding="ascii")
    command = [PDFLATEX, "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    made = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False, timeout=120
    )
    assert made.returncode == 0, made.stdout[-1500:]
    assert "Overfull" not in made.stdout
    assert "Missing character" not in (tmp_path / "paper.log").read_text(errors="replace")


def test_the_gradient_is_stated_in_terms_of_wires() -> None:
    """The formula as it is written, gradients over wires with lines of their own, and this run's numbers."""
    lines = exprgrad(*NEURON, "--to", "latex").stdout.splitlines()
    sigmoid = r"\frac{1}{1 + \mathrm{e}^{-(w_{0} \cdot x_{0} + w_{1} \cdot x_{1} + w_{2})}}"
    assert rf"\eq{{f = {sigmoid}}}\par" in lines
    assert r"\eq{\frac{\partial f}{\partial w_{0}} = \frac{\partial f}{\partial v_{4}} \cdot x_{0}}\par" in lines
    assert r"\eq{\frac{\partial f}{\partial x_{1}} \approx -0.589836}\par" in lines
    bare = exprgrad(NEURON[0], "--to", "latex").stdout
    assert "Numbers" not in bare
    assert rf"\eq{{f = {sigmoid}}}\par" in bare.splitlines()


@relaxed
@given(FORMULAS, st.fixed_dictionaries(dict.fromkeys(VARIABLES, NUMBERS)))
def test_stated_wires_and_gradients_compute_the_gradient(drawn: Both, everything: dict[str, float]) -> None:
    """Line by line as they stand on the paper, to the run's gradient."""
    assume(")^0" not in drawn[0])  # its gradient is told by cases
    circuit = read(drawn[0])
    result = run(circuit, {name: everything[name] for name in circuit.inputs})
    every = [value for value in [*result.values, *result.gradients] if value is not None]
    assume(all(map(math.isfinite, every)) and all(abs(value) < 1e6 for value in every))
    known: dict[str, Any] = {name: mpf(value) for name, value in everything.items()}
    letters: dict[str, str] = {}
    with mp.workdps(40):
        for line in write(circuit, backward(circuit), None, Style()):
            found = re.fullmatch(r"\\eq\{(.*)\}\\par", line)
            if found is None:
                continue
            left, equals, right = found[1].partition(" = ")
            for name in sorted(letters, key=len, reverse=True):
                right = right.replace(name, rf"\{letters[name]} " if len(name) > 1 else name)
            letters[left] = (
                left if len(left) == 1 else "wire" + "".join(chr(ord("a") + int(digit)) for digit in str(len(letters)))
            )
            known[letters[left]] = Reader(right if equals else found[1], known).value()
    scale = max(1, *map(abs, every)) ** 2
    for name, gradient in result.gradient.items():
        stated = (
            known[letters[rf"\frac{{\partial f}}{{\partial {name}}}"]] if circuit.gates[circuit.output].inputs else 1
        )
        assert math.isclose(stated, gradient, rel_tol=1e-6, abs_tol=1e-9 * scale)


def test_the_working_in_latex_has_the_sides_of_the_one_in_text() -> None:
    """At a fork the local gradient and the gradient are told apart."""
    text = "\n".join(latex(working(run(read("q = x*y\nf = q^2 + q"), {"x": 2, "y": 3})), Style()))
    assert r"\frac{\partial v_{1}}{\partial q} = 2 \cdot q = 2 \cdot 6 = 12" in text
    assert r"\frac{\mathrm{d} f}{\mathrm{d} q} = 1 + 12 = 13" in text
    assert (
        r"\frac{\mathrm{d} f}{\mathrm{d} x} = \frac{\mathrm{d} f}{\mathrm{d} q} \cdot \frac{\partial q}{\partial x} = 13 \cdot 3 = 39"
        in text
    )


def test_derivatives_by_themselves_are_typeset() -> None:
    """``--symbolic`` in terms of wires, ``--symbolic=full`` written out."""
    short = exprgrad("sigmoid(w*x)", "--symbolic", "--to", "latex").stdout
    full = exprgrad("x^2*y", "--symbolic=full", "--to", "latex").stdout
    assert r"\eq{\frac{\partial f}{\partial w} = \frac{\partial f}{\partial v_{1}} \cdot x}\par" in short.splitlines()
    assert r"\eq{\frac{\partial f}{\partial x} = 2 \cdot x \cdot y}\par" in full.splitlines()
    assert r"\eq{\frac{\partial f}{\partial y} = x^{2}}\par" in full.splitlines()
