"""The command in a process of its own: in a shell, with pipes, on a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

from conftest import python_path
from rowjob import Done

COMMAND = [sys.executable, "-m", "exprgrad"]


def shell(script: str, cwd: Path | None = None, **env: str) -> Done:
    """A shell command in which $EG is the command."""
    done = subprocess.run(
        ["bash", "-c", script.replace("$EG", " ".join(COMMAND))],
        capture_output=True, timeout=120, check=False, stdin=subprocess.DEVNULL, cwd=cwd,
        env={**os.environ, "PYTHONPATH": python_path(), **env},
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr.decode())


def start(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    """The command, running, with pipes to it and from it."""
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE) | options
    return subprocess.Popen([*COMMAND, *arguments], bufsize=0, **pipes)


def seen(*arguments: str, stdout: Any = None, **options: Any) -> tuple[int, bytes]:
    """The command's status and what a terminal gets of it: all, or with ``stdout`` somewhere else the rest."""
    mine, its = pty.openpty()
    env = {**os.environ, "PYTHONPATH": python_path(), "TERM": "xterm", "COLUMNS": "80"}
    process = start(*arguments, stdout=its if stdout is None else stdout, stderr=its, env=env, **options)
    os.close(its)
    found = b""
    while True:
        try:
            found += os.read(mine, 4096)
        except OSError:  # nobody has the other end
            break
    os.close(mine)
    process.communicate(timeout=60)
    return process.returncode, found.replace(b"\r\n", b"\n")
