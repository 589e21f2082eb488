"""NumPy: formulas of arrays, and formulas of numbers at many points at once."""

from __future__ import annotations

from exprgrad.write.code.arrays import PRELUDE, Arrays, functions
from exprgrad.write.code.form import call
from exprgrad.write.code.whole import Library

_PUT = '''
def put(a, x, key):
    """Zeros like x with a added at a place, where an element may be meant twice."""
    found = np.zeros(x.shape)
    np.add.at(found, key, a)
    return found
'''


_LIBRARY = Library("np")


class NumPy(Arrays):
    """Functions of arrays, without a warning where a number is not finite: it is."""

    name = "numpy"
    reserved = frozenset([*Arrays.reserved, "np", "slice"])
    lib = _LIBRARY
    forms = functions(_LIBRARY)
    extra = PRELUDE | {"put": _PUT}
    imports = ("import math", "", "import numpy as np")
    before = ('@np.errstate(all="ignore")',)
    handed = "np.float64({})"
    untruth = call("np.float64")


TARGET = NumPy()
write = TARGET.write
