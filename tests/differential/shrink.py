"""Bytes made fewer and smaller, as long as they are still bad: what is found is shown by the least there is."""

from __future__ import annotations

from collections.abc import Callable


def shrunk(data: bytes, bad: Callable[[bytes], bool], fixed: int = 0) -> bytes:
    """The bytes, of which none can be cut out and none be halved; so many at the start are never cut out."""
    while True:
        before = data
        for size in (16, 8, 4, 2, 1):
            start = fixed
            while start + size <= len(data):
                shorter = data[:start] + data[start + size :]
                if bad(shorter):
                    data = shorter
                else:
                    start += 1
        for place in range(len(data)):
            data = _lowered(data, place, bad)
        if data == before:
            return data


def _lowered(data: bytes, place: int, bad: Callable[[bytes], bool]) -> bytes:
    """A byte as small as bisection makes it."""
    good = -1
    while data[place] - good > 1:
        middle = (good + data[place]) // 2
        lower = data[:place] + bytes([middle]) + data[place + 1 :]
        if bad(lower):
            data = lower
        else:
            good = middle
    return data
