"""The command: runs the sections named as arguments, or all of them, and prints their rows."""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Prints each section's table, then how many targets were met."""
    from benchmarks import gradients, growth, network, parsing, report, start

    sections = {"start": start, "growth": growth, "parsing": parsing, "gradients": gradients, "network": network}
    names = sys.argv[1:] or list(sections)
    unknown = [name for name in names if name not in sections]
    if unknown:
        sys.exit(f"there is no section {unknown[0]}; the sections are {', '.join(sections)}")
    report.heading()
    rows = [row for name in names for row in report.section(sections[name].TITLE, sections[name].rows())]
    report.summary(rows)


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)  # this folder is a package there
    main()
