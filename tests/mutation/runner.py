"""The tests, collected once, run in a forked child with one thing changed."""

from __future__ import annotations

import gc
import mmap
import os
import resource
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import takewhile
from typing import Any, NamedTuple

import pytest
from _pytest.runner import runtestprotocol

from conftest import ROOT
from exprgrad.arithmetic.forward import function

CAUGHT, SURVIVED, UNMADE = 0, 1, 2
MEMORY = 12 << 30  # a change may make a test ask for all there is,
ENDLESS = 60  # a loop endless, which is so many seconds of a processor longer than the tests have,
LONGEST = 600  # or a process wait for another
_FAST, _SLOW = 0.1, 2.0  # seconds of a test that has not run yet

Item = Any  # pytest's: a test


class Mutant(NamedTuple):
    """A change, named for people, the tests that can see it, the last of them ``slow``, and how it is made."""

    name: str
    tests: Sequence[Item]
    change: Callable[[], object]
    slow: int = 0


class Outcome(NamedTuple):
    """Whether some test failed or did not end, None for a change that could not be made."""

    mutant: Mutant
    caught: bool | None


def with_tests(files: Sequence[str], use: Callable[[list[Item]], bool]) -> bool:
    """What ``use`` makes of the tests of these files, called where pytest would run them."""
    loop = _Loop(use)
    names = [str(ROOT / "tests" / name) for name in files]
    quiet = ["--override-ini=addopts=", "--capture=no", "-p", "no:cacheprovider", "-p", "no:terminal"]
    status = pytest.main([*quiet, *names], plugins=[loop])
    if status:
        raise SystemExit(f"pytest could not collect the tests: {status!r}")
    return loop.found


class _Loop:
    """A plugin that takes the place of pytest's loop over the tests."""

    found = False

    def __init__(self, use: Callable[[list[Item]], bool]) -> None:
        self.use = use

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.found = self.use(session.items)
        return True


def outcomes(mutants: Iterable[Mutant], seconds: int) -> Iterator[Outcome]:
    """Each mutant's outcome as it is known, as many at a time as there are processors.

    A mutant whose tests take longer than these seconds of a processor survives those that are left.
    """
    caches = [one for one in gc.get_objects() if type(one) is type(function)]
    ours = [one for one in caches if str(one.__module__).startswith("exprgrad")]
    gc.freeze()  # or a child's collector would copy all of the parent
    left, record = iter(mutants), _Record()
    running: dict[int, Mutant] = {}
    while True:
        while len(running) < len(os.sched_getaffinity(0)) and (mutant := next(left, None)) is not None:
            running[_started(mutant, ours, seconds, record)] = mutant
        if not running:
            return
        number, status = os.wait()
        with suppress(ProcessLookupError):  # what its tests have started
            os.killpg(number, signal.SIGKILL)
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else CAUGHT
        yield Outcome(running.pop(number), None if code == UNMADE else code == CAUGHT)


class _Record:
    """How long tests took, and how many changes they have caught, in memory that all children write to."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}
        self.numbers = memoryview(mmap.mmap(-1, 1 << 22)).cast("d")

    def order(self, mutant: Mutant) -> list[Item]:
        """The tests, soonest those that are likely to catch something soon, and few of one function."""
        tests, seen = mutant.tests, Counter[str]()
        worth: list[float] = []
        for number, test in enumerate(tests):
            name = test.nodeid.partition("[")[0]
            seen[name] += 1
            place = 2 * self.places.setdefault(test.nodeid, len(self.places))
            unknown = _FAST if number < len(tests) - mutant.slow else _SLOW
            seconds, caught = self.numbers[place] or unknown, self.numbers[place + 1]
            worth.append(seconds * seen[name] / (1 + caught))
        return [tests[number] for number in sorted(range(len(tests)), key=lambda number: worth[number])]

    def fails(self, test: Item) -> bool:
        """Whether a test fails."""
        place, start = 2 * self.places[test.nodeid], time.perf_counter()
        failed = any(report.failed for report in runtestprotocol(test, log=False, nextitem=None))
        if failed:
            self.numbers[place + 1] += 1
        else:
            self.numbers[place] = time.perf_counter() - start
        return failed


def _started(mutant: Mutant, caches: Sequence[Any], seconds: int, record: _Record) -> int:
    """The number of a child that runs a mutant's tests until one fails."""
    tests = record.order(mutant)
    number = os.fork()
    if number:
        return number
    status = UNMADE
    try:
        os.setpgid(0, 0)
        signal.alarm(LONGEST)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds + ENDLESS, seconds + ENDLESS))
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in range(3):
            os.dup2(nowhere, descriptor)
        for one in caches:
            one.cache_clear()
        mutant.change()
        status = CAUGHT  # whatever happens now
        in_time = takewhile(lambda _: sum(os.times()[:4]) < seconds, tests)
        status = CAUGHT if any(map(record.fails, in_time)) else SURVIVED
    finally:
        os._exit(status)
