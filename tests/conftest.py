"""What all tests share: the catalogue as a list, and points to try a gate at."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

from exprgrad.forward import rule
from exprgrad.gates import CATALOGUE, Row

ROWS = [row for rows in CATALOGUE.values() for row in rows]


def points(row: Row, count: int = 120) -> Iterator[tuple[float, ...]]:
    """Inputs from a gate's whole domain: of every magnitude, whole numbers, and next to the corners."""
    rng = random.Random(row.name)
    low, high = row.sample
    least = -3 if row.steps else -290  # steps closer together than this are nothing but steps
    corners = [0.0, 0.25, 0.5, 1.0, 2.0, 3.0, 6.0, math.pi / 2, math.pi, 10.0, 100.0]
    found = tried = 0
    while found < count and tried < 400 * count:
        tried += 1
        point = tuple(_number(rng, low, high, least, corners) for _ in row.inputs)
        if row.domain is None or rule(row.domain, row)(*point, math.nan):
            found += 1
            yield point


def _number(rng: random.Random, low: float, high: float, least: int, corners: list[float]) -> float:
    while True:
        choice = rng.random()
        if choice < 0.35:
            number = rng.uniform(-4, 4)
        elif choice < 0.7:
            number = rng.choice((-1, 1)) * 10 ** rng.uniform(max(least, -30 if rng.random() < 0.7 else least), math.log10(max(high, 10)))
        elif choice < 0.8:
            number = float(rng.randint(-20, 60))
        else:  # next to a corner
            corner = rng.choice((-1, 1)) * rng.choice(corners)
            number = corner + rng.choice((-1, 1)) * 2.0 ** -rng.randint(3, 52) * (corner or 1.0)
        if low <= number <= high:
            return number
