"""PyTorch: tensors of float64, on the processor they are on."""

from __future__ import annotations

from exprgrad.write.code.arrays import PRELUDE, Arrays, functions
from exprgrad.write.code.form import Form
from exprgrad.write.code.whole import Library

_PUT = '''
def put(a, x, key):
    """Zeros like x with a added at a place, where an element may be meant twice."""
    places = torch.arange(x.numel()).reshape(x.shape)[key]
    return torch.zeros_like(x).reshape(-1).index_add(0, places.reshape(-1), a.reshape(-1)).reshape(x.shape)
'''
_TENSOR = '''
def tensor(x):
    """Numbers as a tensor of float64."""
    return torch.as_tensor(x, dtype=torch.float64)
'''
_LIBRARY = Library(
    "torch",
    axis="dim",
    keepdims="keepdim",
    ddof="correction",
    dtype=", dtype=torch.float64",
    whole_number="{}.long()",
    size="{0}.numel()",
    cross="*torch.broadcast_tensors({0}, {1})",
    among=("[{}]", "{}[None]"),
    wrap="tensor({})",
    forwards=True,
    chained=("prod",),
    words={
        "transpose": "permute",
        "max": "amax",
        "min": "amin",
        "rint": "round",
        "concatenate": "cat",
        "cross": "linalg.cross",
    },
)


class Torch(Arrays):
    """Functions of tensors."""

    name = "torch"
    reserved = frozenset([*Arrays.reserved, "torch", "slice", "tensor"])
    lib = _LIBRARY
    forms = functions(_LIBRARY, missing=("cbrt", "mod", "floor_divide", "sign"))
    extra = PRELUDE | {"put": _PUT, "tensor": _TENSOR}
    given = "tensor({1})"
    imports = ("import math", "", "import torch")
    handed = "tensor({})"
    untruth = Form("{0}.double()")


TARGET = Torch()
write = TARGET.write
