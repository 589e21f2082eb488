"""The command: runs the sections named as arguments, or all of them, and prints their rows."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

SECTIONS = ("start", "growth", "parsing", "gradients", "network", "rows", "files")


def main() -> None:
    """Prints each section's table, then how many targets were met."""
    from benchmarks import report

    names = sys.argv[1:] or SECTIONS
    unknown = [name for name in names if name not in SECTIONS]
    if unknown:
        sys.exit(f"there is no section {unknown[0]}; the sections are {', '.join(SECTIONS)}")
    report.heading()
    rows = []
    for name in names:
        section = import_module(f"benchmarks.{name}")  # not before: each needs modules of its own
        rows += report.section(section.TITLE, section.rows())
    report.summary(rows)


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)  # this folder is a package there
    main()
