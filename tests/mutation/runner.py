"""The tests, collected once, run in a forked child with one thing changed."""

from __future__ import annotations

import gc
import os
import resource
import signal
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

Item = Any  # pytest's: a test


class Mutant(NamedTuple):
    """A change, named for people, the tests that can see it, and how it is made."""

    name: str
    tests: Sequence[Item]
    change: Callable[[], object]


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
    left = iter(mutants)
    running: dict[int, Mutant] = {}
    while True:
        while len(running) < len(os.sched_getaffinity(0)) and (mutant := next(left, None)) is not None:
            running[_started(mutant, ours, seconds)] = mutant
        if not running:
            return
        number, status = os.wait()
        with suppress(ProcessLookupError):  # what its tests have started
            os.killpg(number, signal.SIGKILL)
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else CAUGHT
        yield Outcome(running.pop(number), None if code == UNMADE else code == CAUGHT)


def _started(mutant: Mutant, caches: Sequence[Any], seconds: int) -> int:
    """The number of a child that runs a mutant's tests until one fails."""
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
        in_time = takewhile(lambda _: sum(os.times()[:4]) < seconds, mutant.tests)
        status = CAUGHT if any(map(_fails, in_time)) else SURVIVED
    finally:
        os._exit(status)


def _fails(item: Item) -> bool:
    return any(report.failed for report in runtestprotocol(item, log=False, nextitem=None))
