"""JAX, compiled, in float64."""

from __future__ import annotations

from exprgrad.write.code.arrays import Arrays, functions
from exprgrad.write.code.form import Form
from exprgrad.write.code.whole import Library

_LIBRARY = Library("jnp", put="jnp.zeros_like({1}).at[{2}].add({0})")


class Jax(Arrays):
    """Functions of arrays."""

    name = "jax"
    reserved = frozenset([*Arrays.reserved, "jax", "jnp", "slice"])
    lib = _LIBRARY
    forms = functions(_LIBRARY)
    before = ("@jax.jit",)
    imports = (
        "import math",
        "",
        "import jax",
        "import jax.numpy as jnp",
        "",
        'jax.config.update("jax_enable_x64", True)',
    )
    handed = "jnp.float64({})"
    untruth = Form("{0}.astype(float)")


TARGET = Jax()
write = TARGET.write
