"""The documents are true: their commands are run, their outputs compared, the gate table is the catalogue's.

Run as a program, this writes the outputs anew, to be read before they are committed.
"""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator

from conftest import ROOT, python_path

README = ROOT / "README.md"
GATES = re.compile(r"(?<=-->\n)(.*?)(?=<!-- end of gates -->)", re.DOTALL)
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


def run(command: str) -> str:
    """What a command of the README prints, both streams, on a terminal of 80 columns."""
    command = re.sub(r"(^|\| )exprgrad ", rf"\1{shlex.quote(sys.executable)} -m exprgrad ", command)
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=60,
        env={**os.environ, "COLUMNS": "80", "PYTHONPATH": python_path()},
    )  # fmt: skip
    return done.stdout.decode("utf-8")


def transcript(block: str) -> str:
    """A block's commands with the outputs they have now."""
    commands = [line for line in block.splitlines() if line.startswith("$ ")]
    return "".join(f"{command}\n{run(command[2:])}" for command in commands)


def blocks() -> Iterator[str]:
    yield from (match[1] for match in BLOCK.finditer(README.read_text(encoding="utf-8")))


def gate_table() -> str:
    return "\n" + run("exprgrad --gates --to markdown")


def test_readme_commands_print_what_the_readme_shows() -> None:
    shown = list(blocks())
    assert len(shown) >= 6
    for block in shown:
        assert block == transcript(block)


def test_the_gate_table_is_the_catalogues() -> None:
    section = README.read_text(encoding="utf-8").split("<!-- gates:")[1]
    found = GATES.search(section)
    assert found is not None
    assert found[1] == gate_table()


def test_the_librarys_examples_run() -> None:
    for name in ("README.md", "exprgrad/__init__.py"):
        result = doctest.testfile(str(ROOT / name), module_relative=False)
        assert result.attempted
        assert not result.failed


def test_ci_runs_the_readmes_commands() -> None:
    """`.ci/run` takes both commands from the README itself."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    commands = re.findall(r"<!-- command: (\w+) -->\n```sh\n(.+)\n```", README.read_text(encoding="utf-8"))
    assert [name for name, _ in commands] == ["run", "test"]
    assert all(f"readme {name}" in script for name, _ in commands)


def test_every_option_is_in_the_readme_or_explained_by_help() -> None:
    text = run("exprgrad --help")
    options = set(re.findall(r"--[a-z]+", text.partition("Options:")[2]))
    readme = README.read_text(encoding="utf-8")
    assert [option for option in options - {"--version"} if option not in readme] == []


if __name__ == "__main__":
    text = BLOCK.sub(lambda match: f"```console\n{transcript(match[1])}```", README.read_text(encoding="utf-8"))
    head, tail = text.split("<!-- gates:")
    README.write_text(f"{head}<!-- gates:{GATES.sub(lambda _: gate_table(), tail, count=1)}", encoding="utf-8")
