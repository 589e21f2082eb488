"""JSON is what schema.json says, whatever the formula, and the schema says something."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from importlib import resources
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from conftest import ROOT
from exprgrad.cli import main

SCHEMA = json.loads(resources.files("exprgrad").joinpath("schema.json").read_text(encoding="utf-8"))
VALID = Draft202012Validator(SCHEMA)
COMMANDS = [
    ["(x+y)*z", "-x", "-2", "-y", "5", "-z", "-4"],
    ["3"],
    ["x", "-x", "1"],
    ["log(x) + max(y, 2) + abs(z) + floor(y)", "-x", "0", "-y", "2", "-z", "0"],
    ["x/x + 0*y", "-x", "0", "-y", "inf"],
    ["sum(x[0:2], axis=0) + x @ x", "-x", "[1, 2, 3]"],
    ["A @ B", "-A", "[[1, nan]]", "-B", "[[0], [inf]]", "--upstream", "[[1]]"],
    ["g(t) = t*t; g(x) + g(2)", "-x", "3"],
    ["x", "-x", "nan", "--wrt", "x"],
    ["(1 - cos(x))/x^2", "-x", "1e-6"],
]  # fmt: skip
JACOBIANS = [["[x, y]*y", "-x", "1", "-y", "0"], ["log(x)", "-x", "[0, 1]"], ["x", "-x", "2"]]

FURTHER = {
    "hessian": [["x^1.5*y", "-x", "0", "-y", "1", "--hessian"], ["x @ x + 0*y", "-x", "[1, 2]", "-y", "1", "--hessian", "x"]],
    "order": [["abs(x)*x^0.5", "-x", "0", "--order", "3"], ["[x, x^2]", "-x", "0", "--order", "1"]],
    "symbolic": [["q = x*y; q^2", "--symbolic"], ["x = 3; x^2*y", "-y", "1", "--symbolic=full"], ["W @ x", "-W", "[[1]]", "-x", "[2]", "--upstream", "1", "--symbolic"]],
    "why": [["1/(1 + exp(-x))", "-x", "-1000", "--why", "x"], ["relu(x)", "-x", "-1", "--why", "x"], ["max(x, axis=0)", "-x", "[1, 2]", "--why", "x"]],
    "precise": [["1/(1 + exp(-x))", "-x", "-1000", "--precise"], ["max(sqrt(x)^2, y) + sum(z)", "-x", "2", "-y", "2", "-z", "[1, 2]", "--precise"], ["exp(x) + 0*log(y)", "-x", "1000", "-y", "0", "--precise"]],
    "tangent": [["log(x)*y", "-x", "0", "-y", "1", "--tangent", "y=1"], ["[x, y]", "-x", "0", "-y", "1", "--tangent", "x=2,y=nan"]],
}  # fmt: skip


def written(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> Any:
    assert main([*arguments, "--to", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def faults(data: Any) -> list[str]:
    return [error.message for error in VALID.iter_errors(data)]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "command",
    [
        *COMMANDS,
        *[[*one, "--jacobian"] for one in JACOBIANS],
        *[command for commands in FURTHER.values() for command in commands],
    ],
)
def test_json_is_what_the_schema_says(capsys: pytest.CaptureFixture[str], command: list[str]) -> None:
    assert faults(written(capsys, command)) == []


@pytest.mark.parametrize("path", sorted((ROOT / "samples").glob("*.txt")), ids=lambda path: path.stem)
def test_so_is_that_of_the_samples(capsys: pytest.CaptureFixture[str], path: Any) -> None:
    of_elements = ["--jacobian"] if path.stem == "neuron-vectors" else []
    assert faults(written(capsys, ["--file", str(path), *of_elements])) == []


def test_what_the_schema_describes_is_there_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    """Every member that the schema names occurs, and without any that it requires the object is not valid."""
    seen: set[str] = set()
    for command in COMMANDS[3:8]:
        data = written(capsys, command)
        for path, parent, name in members(data):
            seen.add(name)
            broken = deepcopy(data)
            spot = broken
            for step in path:
                spot = spot[step]
            assert parent[name] == spot[name]
            spot[f"{name}_"] = spot.pop(name)
            assert faults(broken), (path, name)
    described = {name for kind in ("gradient", "gate", "told") for name in SCHEMA["$defs"][kind]["properties"]}
    assert seen == described


@pytest.mark.parametrize("kind", FURTHER)
def test_so_it_is_with_the_answers_to_other_questions(capsys: pytest.CaptureFixture[str], kind: str) -> None:
    seen: set[str] = set()
    for command in FURTHER[kind]:
        data = written(capsys, command)
        seen.update(data)
        for name in data:
            assert faults({key if key != name else f"{key}_": value for key, value in data.items()}), name
    assert seen == set(SCHEMA["$defs"][kind]["properties"])


def members(data: Any) -> Iterator[tuple[tuple[Any, ...], Any, str]]:
    """The members of the object, of its gates and of its notes that the schema names."""
    kinds = {"gates": "gate", "notes": "told"}
    for name in data:
        yield (), data, name
        for number, item in enumerate(data[name] if name in kinds else ()):
            for inner in item:
                if inner in SCHEMA["$defs"][kinds[name]]["properties"]:
                    yield (name, number), item, inner
