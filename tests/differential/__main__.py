"""The command: drawn formulas through exprgrad and others."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

import numpy as np

ROUND = 2000  # formulas of a session


def main() -> None:
    """Prints what came out for each peer; each disagreement as a command to run; ends with 1 if there is one."""
    from differential import peers
    from differential.session import session

    choice = ["mpmath", *peers.names()]
    parser = argparse.ArgumentParser(
        prog="python tests/differential", description="Drawn formulas through exprgrad and others."
    )
    parser.add_argument(
        "--peer", action="append", choices=choice, help="may stand several times (default: all that are installed)"
    )
    parser.add_argument("--count", type=float, default=2000, help="formulas for each peer (default: 2000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--arrays", action="store_true", help="formulas over a vector and a matrix")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: 1)")
    asked = parser.parse_args()
    total, first, failed = int(asked.count), asked.seed << 32, False
    counts = [min(ROUND, total - start) for start in range(0, total, ROUND)]
    for name in asked.peer or ["mpmath", *peers.installed()]:
        if asked.arrays and name == "sympy":  # whose expressions are of scalars
            continue
        started = time.monotonic()
        formulas, points = [], Counter[str]()
        with ProcessPoolExecutor(asked.jobs) as pool:
            for tally in pool.map(
                session, repeat(name), range(first, first + len(counts)), counts, repeat(asked.arrays)
            ):
                formulas.append(tally.formulas)
                points += tally.points
                for found in tally.found:
                    print(found, flush=True)
                    failed = True
        distinct, spent = len(np.unique(np.concatenate(formulas))), time.monotonic() - started
        print(f"{name}: {total:,} formulas, {distinct:,} of them distinct, {spent:.0f} s")
        for what, count in points.most_common():
            print(f"  {count:>12,} points: {what}", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)  # this folder is a package there
    main()
