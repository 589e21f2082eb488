"""A short run of roundtrip.py, and that it sees what it looks for."""

from __future__ import annotations

import numpy as np
import pytest

import roundtrip


@pytest.mark.rule(13)
@pytest.mark.parametrize("way", roundtrip.WAYS)
def test_doubles_come_back(way: str) -> None:
    doubles = roundtrip.drawn(np.random.default_rng(5), 3_000)
    ends = [
        0.0,
        -0.0,
        5e-324,
        -5e-324,
        2.2250738585072014e-308,
        1.7976931348623157e308,
        1e22,
        1e23,
        2.0**53 + 2,
        0.1,
        -1e-5,
        123456789.0,
    ]
    assert roundtrip.changed(way, np.append(doubles, ends)) == []


def test_a_double_that_comes_back_as_another_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        roundtrip.WAYS, "formula", lambda doubles: np.append(doubles[:-1], np.nextafter(doubles[-1], 9))
    )
    assert roundtrip.changed("formula", np.array([0.5, 3.0])) == [(3.0, np.nextafter(3.0, 9))]
    monkeypatch.setitem(roundtrip.WAYS, "formula", abs)
    assert roundtrip.changed("formula", np.array([-0.0, 3.0])) == [(-0.0, 0.0)]
