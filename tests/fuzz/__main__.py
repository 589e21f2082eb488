"""The fuzzer: one target until it is stopped, guided by coverage; libFuzzer's options follow the target's name.

What breaks the promise is told and written to found/, one input for each place, and the search goes on.
"""

from __future__ import annotations

import random
import re
import shlex
import sys
import traceback
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from zlib import crc32

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Runs the target that the first argument names."""
    import atheris

    with atheris.instrument_imports(include=["exprgrad"]):
        import exprgrad

        for module in walk_packages(exprgrad.__path__, "exprgrad."):
            if not module.name.endswith("__main__"):
                import_module(module.name)
    from fuzz.promise import SIZE, SlowError, bounded
    from fuzz.targets import TARGETS
    from fuzz.words import WORDS, changed

    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        sys.exit(f"one target, of {', '.join(TARGETS)}, then options of libFuzzer such as -max_total_time=600")
    name = sys.argv.pop(1)
    words = WORDS.get(name)

    places: set[str] = set()

    def once(data: bytes) -> None:
        try:
            with bounded():
                TARGETS[name](data)
        except (Exception, SlowError) as error:  # noqa: BLE001  whatever it is, it is what is looked for
            place = where(error)
            if place not in places:
                places.add(place)
                traceback.print_exception(error)
                (HERE / "found").mkdir(exist_ok=True)
                (HERE / "found" / f"{name}-{crc32(place.encode()):08x}").write_bytes(data)

    def mutated(data: bytes, most: int, seed: int) -> bytes:
        rng = random.Random(seed)
        if words is None or rng.random() < 0.25:
            return bytes(atheris.Mutate(data, most))
        return changed(data, rng, words, most)

    corpus = HERE / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    program = shlex.join([sys.executable, str(HERE), name])  # libFuzzer starts it again to merge
    options = [f"-max_len={SIZE}", "-timeout=300", "-rss_limit_mb=4000", *sys.argv[1:]]
    if all(option.startswith("-") for option in options):
        options.append(str(corpus))
    atheris.Setup([program, *options], once, custom_mutator=mutated)
    atheris.Fuzz()


def where(error: BaseException) -> str:
    """Where a failure comes from and what it is, without the input's own words and numbers."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/exprgrad/" in frame.filename or "/tests/" in frame.filename]
    return f"{type(error).__name__} {ours[-1].filename}:{ours[-1].lineno} {re.sub('[^a-z ]', '', str(error)[:60])}"


if __name__ == "__main__":
    sys.path[0] = str(HERE.parent)  # this folder is a package there
    main()
