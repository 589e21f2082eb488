"""exprgrad turns a formula into its value and its gradients, with all the working.

>>> import exprgrad
>>> result = exprgrad.run(exprgrad.read("(x+y)*z"), {"x": -2, "y": 5, "z": -4})
>>> result.value, result.gradient
(-12.0, {'x': -4.0, 'y': -4.0, 'z': 3.0})

``read`` makes a circuit of a formula, ``run`` runs it at a point, ``run_rows`` over columns of them,
``jacobian`` differentiates every element of an array, ``hessian`` twice, ``derivatives`` up to any
order, ``directional`` along a direction, ``backward`` and ``tangent`` make circuits of its
derivatives, ``symbolic`` one of nothing else, which ``to_statements`` prints, ``simplify`` makes one
shorter, ``to_formula`` prints a circuit, ``to_latex`` typesets it with its gradient, ``to_svg`` draws it,
``explain`` writes out the chain rule of a run, ``notes`` says where a run is not finite or not smooth,
``why`` goes back to where that began, ``ascend`` moves the inputs along the gradient, ``convention``
takes the choices of others at kinks, ``check`` audits every gradient, ``precise`` has the true numbers.
Values are floats and NumPy arrays.
Everything a user can set right is raised as an ExprgradError.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from exprgrad.audit.check import Audit, Verdict, check
    from exprgrad.calculus.hessian import hessian
    from exprgrad.calculus.moves import Step, ascend
    from exprgrad.calculus.orders import derivatives, directional
    from exprgrad.calculus.symbolic import symbolic
    from exprgrad.chain import Backward, backward, tangent
    from exprgrad.circuit import Circuit, Gate
    from exprgrad.convention import convention
    from exprgrad.diagnosis.kinks import Note
    from exprgrad.diagnosis.notes import notes
    from exprgrad.diagnosis.why import Why, why
    from exprgrad.engines import Rows, run_rows
    from exprgrad.errors import ExprgradError, FormulaError, UsageError
    from exprgrad.language.read import read
    from exprgrad.precise.figures import Figure
    from exprgrad.precise.precise import Precise, precise
    from exprgrad.run import Run, jacobian, run
    from exprgrad.simplify import simplify
    from exprgrad.write.article import to_latex
    from exprgrad.write.code import to_code
    from exprgrad.write.derivative import to_statements
    from exprgrad.write.formula import write as to_formula
    from exprgrad.write.svg import to_svg
    from exprgrad.write.working import explain

__all__ = [
    "Audit",
    "Backward",
    "Circuit",
    "ExprgradError",
    "Figure",
    "FormulaError",
    "Gate",
    "Note",
    "Precise",
    "Rows",
    "Run",
    "Step",
    "UsageError",
    "Verdict",
    "Why",
    "ascend",
    "backward",
    "check",
    "convention",
    "derivatives",
    "directional",
    "explain",
    "hessian",
    "jacobian",
    "notes",
    "precise",
    "read",
    "run",
    "run_rows",
    "simplify",
    "symbolic",
    "tangent",
    "to_code",
    "to_formula",
    "to_latex",
    "to_statements",
    "to_svg",
    "why",
]

_HOMES = {
    "audit.check": ("Audit", "Verdict", "check"),
    "calculus.hessian": ("hessian",),
    "calculus.moves": ("Step", "ascend"),
    "calculus.orders": ("derivatives", "directional"),
    "calculus.symbolic": ("symbolic",),
    "chain": ("Backward", "backward", "tangent"),
    "circuit": ("Circuit", "Gate"),
    "convention": ("convention",),
    "diagnosis.kinks": ("Note",),
    "diagnosis.notes": ("notes",),
    "diagnosis.why": ("Why", "why"),
    "engines": ("Rows", "run_rows"),
    "errors": ("ExprgradError", "FormulaError", "UsageError"),
    "language.read": ("read",),
    "precise.figures": ("Figure",),
    "precise.precise": ("Precise", "precise"),
    "run": ("Run", "jacobian", "run"),
    "simplify": ("simplify",),
    "write.article": ("to_latex",),
    "write.code": ("to_code",),
    "write.derivative": ("to_statements",),
    "write.formula": ("to_formula",),
    "write.svg": ("to_svg",),
    "write.working": ("explain",),
}


def _public(home: str, name: str) -> property:
    """A name that is imported when it is first asked for.

    A property of the module's class, since the import system would put the modules ``read`` and
    ``run`` over the functions of these names.
    """
    own = "write" if name == "to_formula" else name
    return property(lambda _: getattr(import_module(f"exprgrad.{home}"), own), lambda _, __: None)


# Nothing is imported before somebody needs it: the command first sees to its signals.
sys.modules[__name__].__class__ = type(
    "Package", (ModuleType,), {name: _public(home, name) for home, names in _HOMES.items() for name in names}
)
