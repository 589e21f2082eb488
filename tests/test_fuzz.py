"""The promise of tests/fuzz in short: every input that the fuzzer kept, and some of hypothesis's own."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import ROOT
from fuzz.promise import SIZE, bounded
from fuzz.targets import TARGETS
from fuzz.words import WORDS, changed

CORPUS = {name: sorted((ROOT / "tests" / "fuzz" / "corpus" / name).iterdir()) for name in TARGETS}
relaxed = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.rule(1)
def test_the_corpus(name: str, part: int) -> None:
    """An input for each piece of the program that the fuzzer reached, and each that ever failed."""
    for path in CORPUS[name][part::4]:
        check(name, path.read_bytes(), path)


@pytest.mark.parametrize("name", TARGETS)
@relaxed
@given(rng=st.randoms(use_true_random=False), seed=st.data(), noise=st.binary(max_size=80))
@pytest.mark.rule(1)
def test_inputs_like_those(name: str, rng: random.Random, seed: st.DataObject, noise: bytes) -> None:
    """An input of the corpus with some of its pieces changed, or any bytes."""
    data = noise
    if name in WORDS:
        data = changed(seed.draw(st.sampled_from(CORPUS[name])).read_bytes(), rng, WORDS[name], SIZE)
    check(name, data)


def check(name: str, data: bytes, path: Path | None = None) -> None:
    """Whether the promise holds for this input."""
    try:
        with bounded():
            TARGETS[name](data)
    except BaseException as error:
        error.add_note(f"python tests/fuzz {name} {path or 'FILE'}   # with these bytes: {data!r}")
        raise
