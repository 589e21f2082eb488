"""The language of vectors and matrices: what is read, what it means, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from exprgrad.arithmetic.forward import forward
from exprgrad.chain import backward, tangent
from exprgrad.circuit import Circuit
from exprgrad.diagnosis.notes import notes
from exprgrad.errors import FormulaError, UsageError
from exprgrad.language.read import read
from exprgrad.run import jacobian, run
from exprgrad.values import array, shape
from exprgrad.write.formula import write

X = np.array([1.0, 2.0, 3.0])
W = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def value(text: str, **point: Any) -> Any:
    found = run(read(text, point), point, upstream=1.0).value
    return found if isinstance(found, float) else found.tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[1, 2]", [1, 2]), ("[[1,2],[3,4]]", [[1, 2], [3, 4]]), ("[-1, +2, 3e0]", [-1, 2, 3]), ("[]", []), ("[[], []]", [[], []]), ("sum(" + "[" * 32 + "7" + "]" * 32 + ")", 7),
        ("x[0]", 1), ("x[-1]", 3), ("x[1:]", [2, 3]), ("x[:2]", [1, 2]), ("x[::-1]", [3, 2, 1]), ("x[1:3][0]", 2),
        ("W[0, :]", [1, 2, 3]), ("W[:, -1]", [3, 6]), ("W[1][2]", 6), ("W.T[0]", [1, 4]), ("W[..., 0]", [1, 4]), ("W[1,...]", [4, 5, 6]),
        ("x[None].T[1]", [2]), ("x[:, newaxis][2, 0]", 3), ("x[[0, -1]]", [1, 3]), ("i = 2; x[i - 1]", 2), ("x[x[0]]", 2),
        ("W @ x", [14, 32]), ("W.dot(x)", [14, 32]), ("np.dot(W, x)", [14, 32]), ("x @ x", 14), ("x @ W.T", [14, 32]), ("W @ W.T @ [1, 0]", [14, 32]),
        ("2x[0]", 2), ("x[0]x[1]", 2), ("-x[1]^2", -4), ("2^x[1]", 4), ("x[1]²", 4), ("W[0]@x", 14), ("-W @ x", [-14, -32]), ("2*W @ x", [28, 64]),
        ("W + x", [[2, 4, 6], [5, 7, 9]]), ("x * [[1], [2]]", [[1, 2, 3], [2, 4, 6]]), ("x < 2", [1, 0, 0]), ("where(x > 1, x, 0)", [0, 2, 3]), ("(x < W.mean()).sum()", 3), ("einsum('ij->i', [x])", [6]),
        ("max(x, 2)", [2, 2, 3]), ("max(x)", 3), ("max(W, axis=0)", [4, 5, 6]), ("W.max(axis=1)", [3, 6]), ("min(x, 2, 1.5)", [1, 1.5, 1.5]),
        ("sum(W)", 21), ("W.sum(0)", [5, 7, 9]), ("sum(W, axis=-1, keepdims=True)", [[6], [15]]), ("sum(W, axis=None)", 21), ("sum(x=W, axis=1)", [6, 15]),
        ("W.mean(axis=(0, 1))", 3.5), ("np.linalg.norm([3, 4])", 5), ("arange(3)", [0, 1, 2]), ("arange(1, 6, 2)", [1, 3, 5]),
        ("reshape(W, 3, 2)", [[1, 2], [3, 4], [5, 6]]), ("W.reshape(-1)[4]", 5), ("[x, 2*x]", [[1, 2, 3], [2, 4, 6]]), ("[x[0]*2, 7]", [2, 7]),
        ("concat([x, [9]])", [1, 2, 3, 9]), ("concatenate((x, x))", [1, 2, 3, 1, 2, 3]), ("stack([x, x], axis=1)[0]", [1, 1]), ("stack([x, x], 1)[0]", [1, 1]), ("stack([1, 2, 3], x)", [[1, 2, 3], [1, 2, 3]]),
        ("einsum('ij,j', W, x)", [14, 32]), ('einsum("ij->ji", W)[2]', [3, 6]), ("trace([[1,2],[3,4]])", 5), ("size(W) + ndim(W)", 8),
        ("f(v) = v @ v; f(x) + f([1, 1])", 16), ("g(v, k) = sum(v)*k\\ng(x, k=2)".replace("\\n", "\n"), 12),
        ("sum(\n  x,\n  axis=0\n)", 6), ("[1,\n 2]", [1, 2]), ("leaky_relu([-1, 1], slope=0.5)", [-0.5, 1]), ("x[1:1]", []), ("sum(x[1:1])", 0),
        ("prod([])", 1), ("norm([])", 0), ("logsumexp([])", -np.inf), ("cumsum([])", []), ("softmax([])", []), ("log_softmax([])", []),
        ("reshape([], 2, 0) @ reshape([], 0, 3)", [[0, 0, 0], [0, 0, 0]]), ("sum(reshape([], 0, 3), axis=0)", [0, 0, 0]), ("prod(reshape([], 0, 2), axis=0)", [1, 1]),
        ("max(reshape([], 0, 2), axis=1)", []), ("einsum('ij->', reshape([], 0, 2))", 0), ("det(reshape([], 0, 0))", 1), ("inv(reshape([], 0, 0))", []), ("flip([])", []),
        ("concat([[], x])", [1, 2, 3]), ("outer([], x)", []), ("dot([], [])", 0), ("trace(reshape([], 0, 0))", 0), ("x[[]]", []), ("stack([[], []])", [[], []]), ("(1 + [])^2", []),
        ("axis = 3; sum(x, axis=0) + axis", 9), ("True + 1", 4), ("log([8, 1], 2)", [3, 0]), ("log([1000, 1], 10)", [3, 0]), ("log(8, [2, 8])", [3, 1]),
    ],
)  # fmt: skip
def test_value(text: str, expected: Any) -> None:
    point = {name: known for name, known in {"x": X, "W": W, "True": 3.0}.items() if name in read(text).inputs}
    assert value(text, **point) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("W @ y", "W (2×3) @ y (2)"), ("x + y", "x (3) + y (2)"), ("x*W*y", "x*W (2×3) * y (2)"), ("hypot(x, y)", "x (3) and y (2)"),
        ("W @ 2", "write * for a scalar"), ("take(x, axis=0)", "needs the place of an element"), ("index()", "takes any number of inputs, not 0"), ("x[3]", "no element 3"), ("x[-4]", "no element -4"), ("x[0, 0]", "2 indices for 1 axes"),
        ("s[0]", "a scalar has no elements"), ("x[0.5]", "whole number"), ("x[s]", "0.5 is no place"), ("x[x > 1]", "where(condition"), ("x[1:s]", "whole number"), ("x[::0]", "step 0"), ("x['a':2]", "whole number"),
        ("sum(x, axis=1)", "there is no axis 1"), ("sum(x, axis=s)", "fixed in the formula"), ("sum(x, axis=0.5)", "whole number"), ("sum(W, axis=[0, 0])", "twice"),
        ("sum(x, foo=1)", "no input 'foo'"), ("sum(axis=0, x)", "stand last"), ("sum(x, axis=0, axis=1)", "each once"), ("[[1, 2], [3]]", "different shapes: 2 and 1"),
        ("[x, y]", "x (3) and y (2)"), ("[[1, 2], 3]", "different shapes"), ("reshape(x, 2, 2)", "3 elements do not fit the shape 2×2"), ("reshape(x)", "needs a shape"),
        ("reshape(x, -1, -1)", "do not fit"), ("inv(W)", "square"), ("det(x)", "square"), ("inv([[1, 2], [2, 4]])", "singular"), ("solve([[0]], [1])", "singular"),
        ("solve(W, x)", "square"), ("cross(x, y)", "3 elements"), ("outer(W, x)", "two vectors"), ("concat([x, W])", "must be equal"), ("concat([1, 2])", "one behind the other"),
        ("max([])", "no elements"), ("x.mT", "matrix"), ("einsum('ij,jk', W, x)", "2 axes"), ("einsum('i', x, x)", "1 groups of subscripts for 2 inputs"), ("einsum(x, x)", "text first"),
        ("einsum('ij,jk->il', W, W)", "at some input"), ("'abc'", "text"), ("x.foo", "'.'"), ("x.foo()", "not a function"), ("arange(s)", "whole number"), ("arange(1e9)", "100,000,000"),
        ("transpose(W, 0)", "each of the 2 axes"), ("x[", "never closed"), ("x]", "closes nothing"), ("(x]", "does not close"), ("x[]", "needs a place"), ("1:2", "slice"), ("x[..., ...]", "at most one"),
        ("x[i]; 1", "without a name"), ("(1, 2)", "separates"), ("[" * 40 + "1" + "]" * 40, "32 axes"), ("softmax(s)", "no axes"), ("2[0]", "no elements"), ("sum(x, axis=-s)", "whole number"), ("[W].dot(x)", "for stacks of matrices there is @"),
        ("solve([W[:, :2]], y)", "takes a matrix"), ("solve(W[:, :2], x)", "2 rows on the left need 2 rows on the right, not 3"), ("einsum('i1->i', W)", "not 1"),
        ("einsum('ii->i', W)", "stands for 2 and for 3"), ("arange(1, 2, 0)", "a step that is not 0"), ("arange(1, 2, 3, 4)", "takes a stop"),
        ("sum(s, axis=0)", "no axes"), ("index(x, key='a')", "error: a is no entry of a key"), ("index(x, key='0:1:2:3')", "no entry of a key"),
        ("x[9007199254740994]", "a whole number, not"), ("x[9007199254740992]", "no element 9007199254740992"),
        ("sum(x, axis=9007199254740994)", "must be a whole number"), ("sum(x, axis=9007199254740992)", "no axis 9007199254740992"),
    ],
)  # fmt: skip
def test_refused(text: str, reason: str) -> None:
    """What is refused, and that the message says why or what to write."""
    point = {"W": W, "x": X, "y": np.ones(2), "s": 0.5}
    with pytest.raises(FormulaError) as caught:
        run(read(text), {name: known for name, known in point.items() if name in read(text).inputs}, upstream=1.0)
    assert reason in str(caught.value)


def test_an_error_points_at_both_pieces() -> None:
    with pytest.raises(FormulaError) as caught:
        run(read("q = 2*(W @ x) + 1"), {"W": W, "x": np.ones(2)})
    line, carets = str(caught.value).splitlines()[2:4]
    assert [line[k] for k, mark in enumerate(carets) if mark == "^"] == ["W", "x"]
    with pytest.raises(FormulaError) as caught:
        run(read("W = [[1,2,3],[4,5,6]]\nx = [1,2]\nsum(W @ x)"), {})
    assert [mark for mark in str(caught.value).splitlines()[3] if mark == "^"] == ["^", "^"]


def test_an_array_output_needs_its_gradient() -> None:
    with pytest.raises(UsageError, match="an array"):
        run(read("2*x"), {"x": X})
    assert run(read("2*x"), {"x": X}, upstream=[1, 0, 5]).gradient["x"].tolist() == [2, 0, 10]
    assert run(read("2*x"), {"x": X}, upstream=1).gradient["x"].tolist() == [2, 2, 2]
    with pytest.raises(UsageError, match="does not fit"):
        run(read("2*x"), {"x": X}, upstream=[1, 2])
    with pytest.raises(UsageError, match="does not fit"):
        run(read("sum(x)"), {"x": X}, upstream=[1, 2])


def test_a_product_of_matrices_by_the_notes() -> None:
    """dW = dD Xᵀ and dX = Wᵀ dD."""
    d, x = np.array([[1.0, 0.5], [-2.0, 3.0]]), np.array([[2.0, -1.0], [0.5, 4.0], [1.0, 7.0]])
    result = run(read("D = W @ X"), {"W": W, "X": x}, upstream=d)
    assert result.gradient["W"].tolist() == (d @ x.T).tolist()
    assert result.gradient["X"].tolist() == (W.T @ d).tolist()


def test_the_neuron_of_the_notes() -> None:
    """The gradients of w and x are the hand-written dw and dx, to the last bit but one."""
    from conftest import ROOT

    text = (ROOT / "samples" / "neuron-vectors.txt").read_text(encoding="utf-8")
    result = run(read(text, of="f"), {})
    for name in ("w", "x"):
        by_hand = result.values[result.circuit.names[f"d{name}"]]
        assert result.gradient[name] == pytest.approx(by_hand, rel=2.3e-16)


def test_jacobian() -> None:
    _, found = jacobian(read("[x[0]*y, x[1]^2, 3]"), {"x": [2, 5], "y": 7})
    assert found["x"].tolist() == [[7, 0], [0, 10], [0, 0]]
    assert found["y"].tolist() == [2, 0, 0]
    assert jacobian(read("x^2"), {"x": 3})[1] == {"x": 6.0}
    assert shape(jacobian(read("W[1:1]"), {"W": W})[1]["W"]) == (0, 3, 2, 3)


def test_structural_zeros_survive_what_moves_elements() -> None:
    """An unselected branch stays one through sums, indexing and stacking: no 0 times inf."""
    for text in ["sum(where(x > 0, sqrt(x), 0))", "where(x > 0, sqrt(x), 0)[0]", "sum([where(x > 0, sqrt(x), 0), x*0])",
                 "mean(relu(sqrt(x) - 1e-9)[1:]) + 0*x[1]", "s = sqrt(x); sum(where(x > 0, s, 0).T)", "s = sqrt(x)[:, None]; sum(where(x > 0, s[:, 0], 0))"]:  # fmt: skip
        gradient = run(read(text), {"x": [0.0, 4.0]}).gradient["x"]
        assert np.all(np.isfinite(gradient)), text
        assert gradient[0] == 0


def test_singular_points() -> None:
    assert run(read("norm(x)"), {"x": [0, 0]}).gradient["x"].tolist() == [0, 0]
    assert run(read("std(x)"), {"x": [2, 2, 2]}).gradient["x"].tolist() == [0, 0, 0]
    assert run(read("prod(x)"), {"x": [0, 2, 3]}).gradient["x"].tolist() == [6, 0, 0]
    assert run(read("prod(x)"), {"x": [0, 0, 3]}).gradient["x"].tolist() == [0, 0, 0]
    assert run(read("max(x)"), {"x": [1, 3, 3, 2]}).gradient["x"].tolist() == [0, 0.5, 0.5, 0]
    assert run(read("det(x)"), {"x": [[1, 2], [2, 4]]}).gradient["x"] == pytest.approx(
        np.array([[4, -2], [-2, 1]]), rel=1e-14
    )
    assert run(read("norm(x)"), {"x": [3e200, 4e200]}).value == pytest.approx(5e200)
    assert run(read("norm(x)"), {"x": [3e-200, 4e-200]}).gradient["x"] == pytest.approx([0.6, 0.8])
    assert run(read("logsumexp(x)"), {"x": [1000, 1000]}).gradient["x"].tolist() == [0.5, 0.5]
    nan = run(read("sum(log(x))"), {"x": [1, -1]})
    assert np.all(np.isnan(nan.gradient["x"]))
    assert np.all(np.isnan(run(read("det(x)"), {"x": [[np.nan, 1], [1, 2]]}).gradient["x"]))


@pytest.mark.parametrize(("text", "span"), [("einsum('i\x01j', x)", (9, 10)), ("x[1, 0.5]", (0, 9))])
def test_an_error_stands_where_it_is(text: str, span: tuple[int, int]) -> None:
    with pytest.raises(FormulaError) as caught:
        read(text)
    assert caught.value.report.span == span


def test_a_number_below_0_that_has_a_name_keeps_its_gate_where_it_is_an_index() -> None:
    circuit = read("q = neg(1); x[q]")
    assert circuit.gates[circuit.names["q"]].op.name == "neg"
    assert run(circuit, {"x": [2, 3]}).value == 3
    assert [gate.op.name for gate in read("x[-1]").gates] == ["input", "const", "const", "index"]


def test_the_axes_of_what_a_gate_of_the_users_computes_are_known() -> None:
    assert run(read("f(v) = ndim(2*v)*sum(v); f(x)"), {"x": [1, 2]}).gradient["x"].tolist() == [1, 1]
    assert run(read("f(v) = ndim(v)*sum(v); f(x)"), {"x": [[1, 2]]}).gradient["x"].tolist() == [[2, 2]]


def test_arrays_print_and_read_back() -> None:
    for text in ["[x, -1, [0][0]]", "x[0, 1:, ..., None, ::-1, i]", "sum(W.T @ x.mT, axis=[0, 1], keepdims=1)", "W = [[1, -2], [3, 4]]; W[0]*2",
                 "f(v) = sum(v^2)/2; f(x) + f(y)", "reshape(arange(2, 8), 2, -1)", "einsum('ij,jk->ik', A, B)", "concat([x, y], axis=-1)", "stack(-1)", "stack(2, 3)", "stack([[-1]])"]:  # fmt: skip
        circuit = read(text)
        again = read(write(circuit))
        assert [(g.op.name, g.inputs, g.params, g.value) for g in again.gates] == [
            (g.op.name, g.inputs, g.params, g.value) for g in circuit.gates
        ]


def test_values_of_any_kind_are_taken() -> None:
    for given in (
        [1, 2],
        (1, 2),
        np.array([1, 2]),
        np.array([1, 2], dtype=np.float32),
        np.array([True, True]) + np.array([0, 1]),
    ):
        assert run(read("sum(x)"), {"x": given}).value == 3
    assert run(read("x^2"), {"x": np.float64(3)}).value == 9
    assert isinstance(run(read("x^2"), {"x": np.array(3)}).value, float)
    for bad in ([[1, 2], [3]], ["a"], np.array([1j]), None, {"a": 1}):
        with pytest.raises(UsageError, match="x"):
            run(read("sum(x)"), {"x": bad})


@pytest.mark.parametrize(
    ("text", "point", "gradient"),
    [
        ("where(a > 0, mean(sqrt(x)), 5)", {"x": [0, 4], "a": -1}, [0, 0]), ("where(a > 0, sqrt(x) @ [1, 2], 5)", {"x": [0, 4], "a": -1}, [0, 0]),
        ("where(a > 0, norm(sqrt(x)), 5)", {"x": [0, 4], "a": -1}, [0, 0]), ("where(a > 0, prod(sqrt(x)), 5)", {"x": [0, 4], "a": -1}, [0, 0]),
        ("where(a > 0, einsum('i->', sqrt(x)), 5)", {"x": [0, 4], "a": -1}, [0, 0]), ("where(a > 0, cumsum(sqrt(x))[1], 5)", {"x": [0, 4], "a": -1}, [0, 0]),
        ("where(x > 0, norm(sqrt(x)), 0)", {"x": 0}, 0), ("where(x > 0, dot(2, sqrt(x)), 0)", {"x": 0}, 0),
        ("g(v) = 2*sqrt(v); sum(where(x > 0, g(x), 0))", {"x": [0, 4]}, [0, 0.5]), ("g(v) = 2*v; sum(where(x > 0, g(sqrt(x)), 0))", {"x": [0, 4]}, [0, 0.5]),
        ("g(v) = sum(sqrt(v)); where(a > 0, g(x), 5)", {"x": [0, 4], "a": -1}, [0, 0]), ("sum(where(x > 1, gelu_tanh(0/x), 0))", {"x": [0, 4]}, [0, 0]),
        ("sqrt(x)[1]", {"x": [0, 4]}, [0, 0.25]), ("sqrt(x)[1:].sum()", {"x": [0, 4]}, [0, 0.25]), ("concat([sqrt(x), x])[1]", {"x": [0, 4]}, [0, 0.25]),
        ("[x[0], sqrt(x[1])][0]", {"x": [1, 0]}, [1, 0]), ("max(sqrt(x))", {"x": [0, 4]}, [0, 0.25]), ("min(1/x)", {"x": [0, 4]}, [0, -0.0625]),
        ("take(sqrt(x), index=1, axis=0)", {"x": [0, 4]}, [0, 0.25]), ("sqrt(x)[[1, 1]].sum()", {"x": [0, 4]}, [0, 0.5]),
    ],
)  # fmt: skip
def test_what_is_not_selected_has_no_gradient(text: str, point: dict[str, Any], gradient: Any) -> None:
    """A structural zero passes every gate, whole-array gates and gates of the user's too; forward is reverse."""
    result = run(read(text), point)
    assert np.array_equal(result.gradient["x"], gradient), result.gradient
    circuit = read(text)
    shapes = {name: np.shape(value) for name, value in point.items()}
    ahead = tangent(circuit, "x", shapes)
    known = {ahead.inputs[name]: array(value) for name, value in point.items()}
    assert forward(ahead.gates, known, arrays=True)[ahead.output] == np.sum(gradient)
    assert [note for note in notes(result) if not note.finite] == []


def test_a_jacobian_looks_at_one_element_at_a_time() -> None:
    """Its other elements may be singular, or NaN."""
    found = [jacobian(read(text), {"x": x})[1]["x"].tolist() for text, x in [("sqrt(x)", [0, 4]), ("1/x", [0, 2])]]
    assert found == [[[np.inf, 0], [0, 0.25]], [[-np.inf, 0], [0, -0.25]]]
    _, found_ = jacobian(read("sqrt(x)"), {"x": [-1, 4]})
    assert np.isnan(found_["x"][0, 0])
    assert found_["x"][1].tolist() == [0, 0.25]


def test_a_value_may_have_another_shape_than_the_default() -> None:
    cases: list[tuple[Any, Any]] = [(5, 6), ([1, 2], [3, 3]), ([[1], [2]], [[3], [3]])]
    for given, gradient in cases:
        assert np.array_equal(
            run(read("x = [1, 2]; sum(x*y)"), {"x": given, "y": [3, 3] if given == 5 else 3}).gradient["x"], gradient
        )
    assert run(read("x = -[1, 2]; sum(x)"), {}).value == -3
    assert run(read("b = [1, 2]; sum(W @ x + b)"), {"W": W, "x": X, "b": 0.0}).gradient["b"] == 2


def test_spread_of_what_hardly_spreads() -> None:
    """The mean of a constant is the constant; a deviation neither overflows nor vanishes."""
    assert run(read("std(x)"), {"x": [0.1, 0.1, 0.1]}).gradient["x"].tolist() == [0, 0, 0]
    for scale in (1e-200, 1.0, 1e200):
        result = run(read("std(x)"), {"x": [scale, -scale]})
        assert result.value == pytest.approx(scale, rel=1e-15)
        assert result.gradient["x"] == pytest.approx([0.5, -0.5], rel=1e-14)
    assert [run(read("det(x)"), {"x": [[k]]}).value for k in (5, 3, 1e300)] == [5, 3, 1e300]
    assert [note.kind for note in notes(run(read("norm(x) + std(x)"), {"x": [0, 0]}))] == ["kink", "kink"]


def test_the_hessian_of_a_determinant_exists_at_singular_matrices() -> None:
    circuit = read("det(x)")
    first = backward(circuit, shapes={"x": (2, 2)})
    wire = first.gradient[0]
    assert wire is not None
    once = Circuit(first.circuit.gates, first.circuit.names, wire)
    for x in ([[1, 2], [2, 4]], [[0, 0], [0, 0]], [[1, 0], [0, 1]]):
        found = run(once, {"x": x}, ["x"], upstream=[[1, 2], [3, 4]]).gradient["x"]
        assert found == pytest.approx(np.array([[4, -3], [-2, 1]]), abs=1e-14)


@pytest.mark.parametrize(
    "text",
    [
        "var(x, ddof=None)", "var(x, ddof=5)", "std(x, ddof='a')", "sum(x, keepdims=2)", "sum(x, keepdims=[1])", "x[1e19]", "x[[1e300]]", "x[i]",
        f"reshape(x, {', '.join(['1'] * 70)})", f"x[{', '.join(['None'] * 40)}]", f"einsum('{','.join('i' * 70)}', {', '.join('x' * 70)})", "index(x)", "index(x, key=0)", "index(x, key='a')", "index(x, key='*')", "index(x, x, x, key='*')", "index_back(x, x, key='*')",
        "sum_to(x, [1, 2, 3])", "spread(x, [1, 2, 3])", "broadcast_to(x, 1)", "last_back(x, x, axis=0) + last_back(x, 1, axis=0)", "reshape_like(x, 1)", "part(x, x, axis=0, before=1)",
        "part_back(x, 1, axis=0, before=0)", "index_back(x, x, key='0')", "take_back(x, x, index=0, axis=0)", "take(x, index=9, axis=0)", "einsum_back(x, x, subscripts='i->', position=0)",
        "sum(x, axis=1e300)", "np.array([1, 2])", "eye_like(1)", "stack([], 2)", "cofactor_back(x, [[1, 2], [3, 4]])", "prod_others(x, axis=3)", "cofactor(x)", "softmax(x, axis=[0, 1])",
    ],
)  # fmt: skip
def test_strange_settings_are_errors_of_the_formula(text: str) -> None:
    point: dict[str, Any] = {"x": [1, 2], "i": 1e300}
    try:
        circuit = read(text)
        run(circuit, {name: point[name] for name in circuit.inputs}, upstream=1.0)
    except FormulaError:
        return
    assert text in ("sum_to(x, [1, 2, 3])", "eye_like(1)"), "these two mean something"


def test_a_backward_circuit_prints_and_reads_back() -> None:
    for text in ["sum(x[1:]*x[:-1])", "x[i] + x[-1]", "sum(x[None, ::2]) + x[[0, 1]] @ x[[1, 0]]", "sum(concat([x, [i]])[1:])", "sum(stack([[x, x]], axis=1))", "sum(concat([[[i, 1]], [[2, i]]]))", "sum(x[:1].reshape([]))"]:  # fmt: skip
        circuit = backward(read(text), shapes={"x": (3,)} if "x" in read(text).inputs else {}).circuit
        again = read(write(circuit))
        assert write(again) == write(circuit)


def test_the_size_of_a_list_costs_its_length() -> None:
    """Of arrays of wires, and of a vector read element by element; each took the square once."""
    many = run(read(f"sum([{', '.join(['x'] * 3000)}])"), {"x": 2})
    assert (many.value, many.gradient["x"]) == (6000, 3000)
    terms = run(read(" + ".join(f"w[{k}]^2" for k in range(3000))), {"w": np.arange(3000.0)})
    assert np.array_equal(terms.gradient["w"], 2 * np.arange(3000.0))


def test_a_kink_is_found_at_the_element_of_the_output() -> None:
    """Also where only some of the inputs say that there is one."""
    for second, more in ((0.5, " and at 1 more"), (5, "")):  # from 5 up to 2 it is 2, whatever x is
        result = run(read("clip(x, lo, 2)"), {"x": [1, 2, 3], "lo": [[0], [second]]}, upstream=1)
        assert [note.report.message for note in notes(result)] == [
            f"clip(x, lo, 2) has a kink at its element [0,1]{more}"
        ]
    assert notes(run(read("clip(x, lo, 2)"), {"x": [1, 2, 3], "lo": np.zeros((0, 3))}, upstream=1)) == []


def test_gradients_of_empty_arrays_are_empty() -> None:
    for text in ["sum(x)", "prod(x)", "norm(x)", "sum(exp(x)*x^2)", "x @ x", "sum(cumsum(x))", "sum(softmax(x))", "sum(concat([x, [1]]))", "sum(x[::-1])", "einsum('i,i', x, x)", "sum(max(x, 0))", "var(x)", "std(x)", "mean(x)"]:  # fmt: skip
        assert shape(run(read(text), {"x": []}).gradient["x"]) == (0,), text
        assert run(read(text), {"x": []}, upstream=2).gradient["x"].tolist() == []


def test_a_condition_that_is_the_same_everywhere_costs_nothing() -> None:
    """The derivative of x^2 by x is 2*x, on arrays too."""
    lines = str(backward(read("sum(x^2)"), shapes={"x": (3,)}).circuit).splitlines()
    assert lines[-4:] == ["d[v1] = spread(d[v2], v1)", "v3 = mul(2.0, x)", "d[x] = mul(d[v1], v3)", "output v2"]
