"""The command: changes the catalogue or modules of ours, and tells which changes no test notices."""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from pathlib import Path


def main() -> None:
    """Exits with 1 if a change survives."""
    parser = argparse.ArgumentParser(prog="python tests/mutation", description="Whether wrong code fails a test.")
    parser.add_argument("what", nargs="*", help="gates by name, or files and folders of exprgrad/; all gates without")
    parser.add_argument("--quick", action="store_true", help="of gates, one change to each local gradient")
    parser.add_argument("--sample", type=int, metavar="N", help="N changes, drawn at random")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="draws another sample")
    parser.add_argument("--seconds", type=int, default=20, metavar="N", help="the time for the tests of a change")
    sys.exit(not _caught(parser.parse_args()))


def _caught(asked: argparse.Namespace) -> bool:
    """Whether all changes asked for are."""
    from conftest import ROOT
    from exprgrad.gates import ROWS
    from mutation import catalogue, source
    from mutation.runner import Item, Mutant, outcomes, with_tests

    files = [Path(name).resolve() for name in asked.what if Path(name).exists()]
    gates = [name for name in asked.what if not Path(name).exists()]
    unknown = [name for name in gates if name not in ROWS]
    if unknown or (files and not (ROOT / ".coverage").exists()):
        what = (
            f"there is no gate and no file {unknown[0]}" if unknown else "pytest --cov --cov-context=test comes first"
        )
        raise SystemExit(what)

    def wanted(tests: list[Item]) -> Iterable[Mutant]:
        if files:
            modules = chain.from_iterable(sorted(file.rglob("*.py")) if file.is_dir() else [file] for file in files)
            return source.mutants(list(modules), tests)
        return catalogue.mutants(gates, tests, quick=asked.quick)

    def use(tests: list[Item]) -> bool:
        mutants = list(wanted(tests))
        if asked.sample is not None:
            mutants = random.Random(asked.seed).sample(mutants, min(asked.sample, len(mutants)))
        tally = Counter[bool | None]()
        for mutant, caught in outcomes(mutants, asked.seconds):
            tally[caught] += 1
            if caught is False:
                print(f"survived {len(mutant.tests)} tests: {mutant.name}", flush=True)
        unmade = f", {tally[None]} that nothing runs" if tally[None] else ""
        print(f"{tally[True] + tally[False]:,} changes, {tally[True]:,} caught{unmade}")
        return not tally[False]

    return with_tests([] if files else catalogue.FILES[: 3 if asked.quick else None], use)


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)  # this folder is a package there
    main()
