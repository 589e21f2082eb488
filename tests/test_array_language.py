"""The language of vectors and matrices: what is read, what it means, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from exprgrad.errors import FormulaError, UsageError
from exprgrad.read import read
from exprgrad.run import jacobian, run
from exprgrad.values import shape
from exprgrad.write.formula import write

X = np.array([1.0, 2.0, 3.0])
W = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def value(text: str, **point: Any) -> Any:
    found = run(read(text, point), point, upstream=1.0).value
    return found if isinstance(found, float) else found.tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[1, 2]", [1, 2]), ("[[1,2],[3,4]]", [[1, 2], [3, 4]]), ("[-1, +2, 3e0]", [-1, 2, 3]), ("[]", []), ("[[], []]", [[], []]),
        ("x[0]", 1), ("x[-1]", 3), ("x[1:]", [2, 3]), ("x[:2]", [1, 2]), ("x[::-1]", [3, 2, 1]), ("x[1:3][0]", 2),
        ("W[0, :]", [1, 2, 3]), ("W[:, -1]", [3, 6]), ("W[1][2]", 6), ("W.T[0]", [1, 4]), ("W[..., 0]", [1, 4]), ("W[1,...]", [4, 5, 6]),
        ("x[None].T[1]", [2]), ("x[:, newaxis][2, 0]", 3), ("x[[0, -1]]", [1, 3]), ("i = 2; x[i - 1]", 2), ("x[x[0]]", 2),
        ("W @ x", [14, 32]), ("W.dot(x)", [14, 32]), ("np.dot(W, x)", [14, 32]), ("x @ x", 14), ("x @ W.T", [14, 32]), ("W @ W.T @ [1, 0]", [14, 32]),
        ("2x[0]", 2), ("x[0]x[1]", 2), ("-x[1]^2", -4), ("2^x[1]", 4), ("x[1]²", 4), ("W[0]@x", 14), ("-W @ x", [-14, -32]), ("2*W @ x", [28, 64]),
        ("W + x", [[2, 4, 6], [5, 7, 9]]), ("x * [[1], [2]]", [[1, 2, 3], [2, 4, 6]]), ("x < 2", [1, 0, 0]), ("where(x > 1, x, 0)", [0, 2, 3]),
        ("max(x, 2)", [2, 2, 3]), ("max(x)", 3), ("max(W, axis=0)", [4, 5, 6]), ("W.max(axis=1)", [3, 6]), ("min(x, 2, 1.5)", [1, 1.5, 1.5]),
        ("sum(W)", 21), ("W.sum(0)", [5, 7, 9]), ("sum(W, axis=-1, keepdims=True)", [[6], [15]]), ("sum(W, axis=None)", 21),
        ("W.mean(axis=(0, 1))", 3.5), ("np.linalg.norm([3, 4])", 5), ("arange(3)", [0, 1, 2]), ("arange(1, 6, 2)", [1, 3, 5]),
        ("reshape(W, 3, 2)", [[1, 2], [3, 4], [5, 6]]), ("W.reshape(-1)[4]", 5), ("[x, 2*x]", [[1, 2, 3], [2, 4, 6]]), ("[x[0]*2, 7]", [2, 7]),
        ("concat([x, [9]])", [1, 2, 3, 9]), ("concatenate((x, x))", [1, 2, 3, 1, 2, 3]), ("stack([x, x], axis=1)[0]", [1, 1]),
        ("einsum('ij,j', W, x)", [14, 32]), ('einsum("ij->ji", W)[2]', [3, 6]), ("trace([[1,2],[3,4]])", 5), ("size(W) + ndim(W)", 8),
        ("f(v) = v @ v; f(x) + f([1, 1])", 16), ("g(v, k) = sum(v)*k\\ng(x, k=2)".replace("\\n", "\n"), 12),
        ("sum(\n  x,\n  axis=0\n)", 6), ("[1,\n 2]", [1, 2]), ("leaky_relu([-1, 1], slope=0.5)", [-0.5, 1]), ("x[1:1]", []), ("sum(x[1:1])", 0),
        ("prod([])", 1), ("axis = 3; sum(x, axis=0) + axis", 9), ("True + 1", 4),
    ],
)  # fmt: skip
def test_value(text: str, expected: Any) -> None:
    point = {name: known for name, known in {"x": X, "W": W, "True": 3.0}.items() if name in read(text).inputs}
    assert value(text, **point) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("W @ y", "W (2×3) @ y (2)"), ("x + y", "x (3) + y (2)"), ("x*W*y", "x*W (2×3) * y (2)"), ("hypot(x, y)", "x (3) and y (2)"),
        ("W @ 2", "write * for a scalar"), ("x[3]", "no element 3"), ("x[-4]", "no element -4"), ("x[0, 0]", "2 indices for 1 axes"),
        ("s[0]", "a scalar has no elements"), ("x[0.5]", "whole number"), ("x[s]", "whole number"), ("x[x > 1]", "where(condition"), ("x[1:s]", "whole number"), ("x[::0]", "step 0"),
        ("sum(x, axis=1)", "there is no axis 1"), ("sum(x, axis=s)", "fixed in the formula"), ("sum(x, axis=0.5)", "whole number"), ("sum(W, axis=[0, 0])", "twice"),
        ("sum(x, foo=1)", "no input 'foo'"), ("sum(axis=0, x)", "stand last"), ("sum(x, axis=0, axis=1)", "each once"), ("[[1, 2], [3]]", "different shapes: 2 and 1"),
        ("[x, y]", "x (3) and y (2)"), ("[[1, 2], 3]", "different shapes"), ("reshape(x, 2, 2)", "3 elements do not fit the shape 2×2"), ("reshape(x)", "needs a shape"),
        ("reshape(x, -1, -1)", "do not fit"), ("inv(W)", "square"), ("det(x)", "square"), ("inv([[1, 2], [2, 4]])", "singular"), ("solve([[0]], [1])", "singular"),
        ("solve(W, x)", "square"), ("cross(x, y)", "3 elements"), ("outer(W, x)", "two vectors"), ("concat([x, W])", "must be equal"), ("concat([1, 2])", "one behind the other"),
        ("max([])", "no elements"), ("x.mT", "matrix"), ("einsum('ij,jk', W, x)", "2 axes"), ("einsum('i', x, x)", "1 groups of subscripts for 2 inputs"), ("einsum(x, x)", "text first"),
        ("einsum('ij,jk->il', W, W)", "at some input"), ("'abc'", "text"), ("x.foo", "'.'"), ("x.foo()", "not a function"), ("arange(s)", "whole number"), ("arange(1e9)", "100,000,000"),
        ("transpose(W, 0)", "each of the 2 axes"), ("x[", "never closed"), ("x]", "closes nothing"), ("(x]", "does not close"), ("x[]", "needs a place"), ("1:2", "slice"), ("x[..., ...]", "at most one"),
        ("x[i]; 1", "without a name"), ("(1, 2)", "separates"), ("[" * 40 + "1" + "]" * 40, "32 axes"), ("softmax(s)", "no axes"), ("2[0]", "no elements"), ("sum(s, axis=0)", "no axes"),
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


def test_arrays_print_and_read_back() -> None:
    for text in ["[x, -1, [0][0]]", "x[0, 1:, ..., None, ::-1, i]", "sum(W.T @ x.mT, axis=[0, 1], keepdims=1)", "W = [[1, -2], [3, 4]]; W[0]*2",
                 "f(v) = sum(v^2)/2; f(x) + f(y)", "reshape(arange(2, 8), 2, -1)", "einsum('ij,jk->ik', A, B)", "concat([x, y], axis=-1)"]:  # fmt: skip
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
