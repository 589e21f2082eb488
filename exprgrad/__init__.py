"""exprgrad turns a formula into its value and its gradients, with all the working.

>>> import exprgrad
>>> result = exprgrad.run(exprgrad.read("(x+y)*z"), {"x": -2, "y": 5, "z": -4})
>>> result.value, result.gradient
(-12.0, {'x': -4.0, 'y': -4.0, 'z': 3.0})

``read`` makes a circuit of a formula, ``run`` runs it at a point, ``backward`` and ``tangent`` make
circuits of its derivatives, ``to_formula`` prints a circuit, ``notes`` says where a run is
not finite or not smooth.  Everything a user can set right is raised as an ExprgradError.
"""

from __future__ import annotations

__version__ = "0.1.0"

from exprgrad.chain import Backward, backward, tangent
from exprgrad.circuit import Circuit, Gate
from exprgrad.diagnose import notes
from exprgrad.errors import ExprgradError, FormulaError, UsageError
from exprgrad.kinks import Note
from exprgrad.read import read
from exprgrad.run import Run, run
from exprgrad.write.formula import write as to_formula

__all__ = [
    "Backward",
    "Circuit",
    "ExprgradError",
    "FormulaError",
    "Gate",
    "Note",
    "Run",
    "UsageError",
    "backward",
    "notes",
    "read",
    "run",
    "tangent",
    "to_formula",
]
