"""Wrong code: the functions of a module with one place changed, in each of many ways.

Texts and annotations are left alone, and so are what runs on import only and the ``strict`` of zip: an assertion
that holds, so that nobody can notice when it is gone.
"""

from __future__ import annotations

import ast
import gc
import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from coverage import CoverageData

from conftest import ROOT
from mutation.runner import Item, Mutant

OTHERS: dict[type[ast.AST], tuple[type[ast.AST], ...]] = {
    ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Add,), ast.Div: (ast.Mult,), ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.Add,), ast.Pow: (ast.Mult,), ast.BitOr: (ast.BitAnd,), ast.BitAnd: (ast.BitOr,), ast.BitXor: (ast.BitOr,),
    ast.LShift: (ast.RShift,), ast.RShift: (ast.LShift,), ast.And: (ast.Or,), ast.Or: (ast.And,),
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,), ast.Break: (ast.Continue, ast.Pass), ast.Continue: (ast.Break, ast.Pass),
    ast.AugAssign: (ast.Pass,), ast.Raise: (ast.Pass,), ast.Delete: (ast.Pass,),
}  # fmt: skip
LEFT = (ast.JoinedStr, ast.Import, ast.ImportFrom, ast.match_case)
LEFT_FIELDS = ("annotation", "returns", "decorator_list", "type_params")


class Place(NamedTuple):
    """A node that a function runs: where it stands in its parent, and the lines of its statement."""

    parent: ast.AST
    field: str
    number: int | None
    lines: range

    @property
    def node(self) -> Any:
        """What stands there."""
        found = getattr(self.parent, self.field)
        return found if self.number is None else found[self.number]

    def put(self, node: ast.AST) -> None:
        """Puts something else there."""
        ast.fix_missing_locations(ast.copy_location(node, self.node if hasattr(self.node, "lineno") else self.parent))
        if self.number is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.number] = node


class Change(NamedTuple):
    """Another node for a place."""

    place: Place
    node: ast.AST

    def __str__(self) -> str:
        old, new = (" ".join(ast.unparse(one).split()) or type(one).__name__ for one in (self.place.node, self.node))
        return f"line {self.place.lines.start}: {old:.60} -> {new:.60}"


def changes(tree: ast.Module) -> list[Change]:
    """All changes of a module."""
    return [Change(place, node) for place in _places(tree) for node in _others(place)]


def _places(tree: ast.Module) -> Iterator[Place]:
    """The places of what runs when functions are called."""
    left: list[tuple[ast.AST, range | None]] = [(tree, None)]
    while left:
        parent, lines = left.pop()
        for field, value in ast.iter_fields(parent):
            if field in LEFT_FIELDS or (lines is None and isinstance(parent, ast.arguments)):
                continue
            for number, node in enumerate(value if isinstance(value, list) else [value]):
                if not isinstance(node, ast.AST) or isinstance(node, LEFT) or _is_strict(node):
                    continue
                runs = lines is not None or (isinstance(parent, (ast.FunctionDef, ast.Lambda)) and field == "body")
                here = lines
                if runs and (isinstance(node, ast.stmt) or here is None):
                    here = _lines(node)
                if runs and here is not None:
                    yield Place(parent, field, number if isinstance(value, list) else None, here)
                left.append((node, here))


def _lines(node: Any) -> range:
    """A statement's lines, of one with a body those before it."""
    body = getattr(node, "body", None)
    last = body[0].lineno - 1 if isinstance(body, list) else node.end_lineno
    return range(node.lineno, max(last, node.lineno) + 1)


def _others(place: Place) -> Iterator[ast.AST]:
    """What may stand in a place instead."""
    node = place.node
    for kind in OTHERS.get(type(node), ()):
        yield kind()
    if place.field in ("test", "ifs") and not isinstance(node, (ast.Compare, ast.UnaryOp)):
        yield ast.UnaryOp(ast.Not(), node)
    match node:
        case ast.BoolOp():
            yield from node.values
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield node.operand
        case ast.Constant(value=bool()):
            yield ast.Constant(not node.value)
        case ast.Constant(value=int() | float() as number):
            yield ast.Constant(number + 1)
        case ast.Return(value=value) if value is not None and not (
            isinstance(value, ast.Constant) and value.value is None
        ):
            yield ast.Return(ast.Constant(None))
        case (
            ast.Assign(targets=[ast.Attribute() | ast.Subscript()])
            | ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom())
        ):
            yield ast.Pass()
        case ast.Call(args=[first, second, *rest]):
            if ast.unparse(first) != ast.unparse(second):
                yield ast.Call(node.func, [second, first, *rest], node.keywords)
    if isinstance(node, ast.Call):
        for number, keyword in enumerate(node.keywords):
            if not _is_strict(keyword):
                yield ast.Call(node.func, node.args, [*node.keywords[:number], *node.keywords[number + 1 :]])


def _is_strict(node: ast.AST) -> bool:
    """Whether zip is told to assert that what it joins has one length."""
    return isinstance(node, ast.keyword) and node.arg == "strict"


def mutants(files: Sequence[Path], tests: Sequence[Item]) -> Iterator[Mutant]:
    """All changes to modules, with the tests that run the line, those that start a process for it last."""
    data = CoverageData(str(ROOT / ".coverage"))
    data.read()
    known = {test.nodeid: test for test in tests}
    for file in files:
        module = Module(file)
        lines = {
            line: {(how == "process", name) for name, _, how in (one.rpartition("|") for one in contexts)}
            for line, contexts in data.contexts_by_lineno(str(file)).items()
        }
        runs = Counter(one for names in lines.values() for one in names)  # lines of the module
        for change in module.changes:
            names = set().union(*[lines.get(line, ()) for line in change.place.lines])
            here = [name for process, name in sorted(names, key=lambda one: (runs[one], one)) if not process]
            away = [name for process, name in sorted(names) if process and (False, name) not in names]
            chosen, slow = ([known[name] for name in group if name in known] for group in (here, away))
            what = f"{file.relative_to(ROOT)} {change}"
            yield Mutant(what, [*chosen, *slow], partial(module.make, change), len(slow))


class Module:
    """A module of ours that changes can be made to while it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        import_module(name)  # what only a job imports
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        self.codes = dict(_codes(self.tree, path))
        self.changes = changes(self.tree)
        functions = [one for one in gc.get_objects() if type(one) is FunctionType]
        self.functions = [one for one in functions if one.__code__.co_filename == str(path)]

    def make(self, change: Change) -> None:
        """Makes a change in this process, which is for nothing else, and in the Pythons that it starts."""
        change.place.put(change.node)
        changed = dict(_codes(self.tree, self.path))
        now = {code: changed[key] for key, code in self.codes.items() if key in changed and changed[key] != code}
        runs = [function for function in self.functions if function.__code__ in now]
        if not runs:
            raise LookupError(f"nothing runs line {change.place.lines.start} of {self.path}")
        for function in runs:
            function.__code__ = now[function.__code__]
        _, file = tempfile.mkstemp(suffix=".py")
        Path(file).write_text(ast.unparse(self.tree), encoding="utf-8")
        os.environ["EXPRGRAD_WRONG"] = f"{self.path}={file}"
        folders = [str(Path(__file__).parent / "started"), os.environ.get("PYTHONPATH", "")]
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, folders))


def _codes(tree: ast.Module, path: Path) -> Iterator[tuple[tuple[str, int, int], CodeType]]:
    """A module's functions by name, line and number among those of that name and line."""
    left, count = [compile(tree, str(path), "exec", dont_inherit=True)], Counter[tuple[str, int]]()
    while left:
        code = left.pop()
        key = code.co_qualname, code.co_firstlineno
        count[key] += 1
        yield (*key, count[key]), code
        left += [one for one in code.co_consts if isinstance(one, CodeType)]
