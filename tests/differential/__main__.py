"""The command: drawn formulas through exprgrad and others."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

ROUND = 2000  # formulas that hypothesis draws at a time


def main() -> None:
    """Prints what came out for each peer; each disagreement as a command to run; ends with 1 if there is one."""
    from differential import peers
    from differential.session import Disagreement, Tally, session

    choice = ["mpmath", *peers.names()]
    parser = argparse.ArgumentParser(
        prog="python tests/differential", description="Drawn formulas through exprgrad and others."
    )
    parser.add_argument(
        "--peer", action="append", choices=choice, help="may stand several times (default: all that are installed)"
    )
    parser.add_argument("--count", type=float, default=2000, help="formulas for each peer (default: 2000)")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    found = 0
    for name in asked.peer or ["mpmath", *peers.installed()]:
        tally, started = Tally(), time.monotonic()
        number = asked.seed << 32
        while tally.formulas < asked.count:
            try:
                session(name, min(ROUND, int(asked.count) - tally.formulas), number, tally)
            except Disagreement as disagreement:
                print(disagreement, flush=True)
                found += 1
            number += 1
        spent = time.monotonic() - started
        print(f"{name}: {tally.formulas:,} formulas, {len(tally.distinct):,} of them distinct, {spent:.0f} s")
        for what, count in tally.points.most_common():
            print(f"  {count:>12,} points: {what}", flush=True)
    sys.exit(found > 0)


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)  # this folder is a package there
    main()
