"""What all rows' gradients are like: their mean, spread, range and distribution, and which input matters most."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from exprgrad.rows.block import Block, gaps
from exprgrad.rows.compute import Answer
from exprgrad.rows.results import Layout, flat
from exprgrad.values import at

_SAMPLE = 1 << 16  # numbers that a distribution is drawn from; of more, every other one is dropped
_BINS = 12
_LARGE = 1e120


class Moments(NamedTuple):
    """Some numbers' count, mean, sum of squared differences from it, range, and mean of their sizes."""

    number: int = 0
    mean: float = 0.0
    squares: float = 0.0
    least: float = float("inf")
    most: float = float("-inf")
    size: float = 0.0

    def merged(self, other: Moments) -> Moments:
        """Those of both (T. F. Chan, G. H. Golub and R. J. LeVeque, 1979)."""
        count = self.number + other.number
        if not other.number or not self.number:  # what is away from a huge mean by no number at all is NaN
            return self if self.number else other
        away = other.mean - self.mean
        part = other.number / count
        return Moments(
            count,
            self.mean + away * part,
            self.squares + other.squares + away * away * self.number * part,
            min(self.least, other.least),
            max(self.most, other.most),
            self.size + (other.size - self.size) * part,
        )

    @property
    def spread(self) -> float:
        """The standard deviation."""
        return float(np.sqrt(self.squares / self.number)) if self.number else float("nan")


def moments(numbers: NDArray[np.float64]) -> Moments:
    """The moments of those that are finite."""
    with np.errstate(all="ignore"):  # where a long double is no longer than a double
        fine = numbers[np.isfinite(numbers)]
        if not len(fine):
            return Moments()
        least, most = float(np.min(fine)), float(np.max(fine))
        exact: Any = float
        if max(-least, most) > _LARGE:  # their squares, and their sum, are no float64
            exact, fine = np.longdouble, fine.astype(np.longdouble)
        mean = exact(np.mean(fine))
        squares, size = exact(np.sum(np.square(fine - mean))), exact(np.mean(np.abs(fine)))
    return Moments(len(fine), mean, squares, least, most, size)


class Line(NamedTuple):
    """One line of the summary: ``share`` is the input's part of what moves the output, None if nothing does."""

    name: str
    moments: Moments
    histogram: list[int]
    share: float | None


class Summary:
    """Collects rows instead of writing them."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout._replace(noted=False, prefix="")
        self.names = self.layout.flat()
        self.results = dict.fromkeys(self.names, Moments())
        self.inputs: dict[str, Moments] = {}
        self.samples: dict[str, list[NDArray[np.float64]]] = {name: [] for name in self.names}
        self.stride = 1
        self.row = 0

    def format(self, block: Block, answer: Answer) -> Any:
        """The moments of a block, and its columns."""
        missing = gaps(answer.bad, block.rows)
        columns = {}
        for name, column in zip(self.names, flat(self.layout, block, answer), strict=True):
            columns[name] = column if missing is None else np.where(missing, np.nan, column)
        inputs = {}
        for name, numbers in block.numbers.items():
            if isinstance(numbers, list):
                continue
            for place in np.ndindex(numbers.shape[1:]):
                column = numbers[:, *place]
                inputs[name + at(place)] = moments(column if missing is None else column[~missing])
        return columns, {name: moments(column) for name, column in columns.items()}, inputs, block.rows

    def write(self, made: Any) -> None:
        """Adds a block to what there is."""
        columns, results, inputs, rows = made
        for name, found in results.items():
            self.results[name] = self.results[name].merged(found)
        for name, found in inputs.items():
            self.inputs[name] = self.inputs.get(name, Moments()).merged(found)
        first = -self.row % self.stride
        for name, column in columns.items():
            self.samples[name].append(np.array(column[first :: self.stride]))
        self.row += rows
        if sum(map(len, self.samples[self.names[0]])) > _SAMPLE:
            self.stride *= 2
            self.samples = {name: [np.concatenate(parts)[::2]] for name, parts in self.samples.items()}

    def end(self) -> None:
        """Nothing: ``lines`` has what there is to show."""

    def lines(self) -> list[Line]:
        """The value's line, then those of the gradients, that of the input that matters most first."""
        weights = {}
        for name, found in self.results.items():
            variable = self.inputs.get(name.removeprefix("grad."))
            if name.startswith("grad.") and found.number:
                weights[name] = found.size * variable.spread if variable is not None else 0.0
        total = float(sum(weights.values()))
        total = total if np.isfinite(total) else 0.0
        lines = [
            Line(
                name,
                found,
                self._histogram(name, found),
                float(weights[name]) / total if total and name in weights else None,
            )
            for name, found in self.results.items()
        ]
        value = [line for line in lines if not line.name.startswith("grad.")]
        gradients = [line for line in lines if line.name.startswith("grad.")]
        return [*value, *sorted(gradients, key=lambda line: -(line.share or 0.0))]

    def _histogram(self, name: str, found: Moments) -> list[int]:
        """How many of the sampled numbers lie in each twelfth of the range."""
        if not found.number:
            return []
        numbers = np.concatenate(self.samples[name])
        numbers = numbers[np.isfinite(numbers)]
        if found.least == found.most or not np.isfinite(found.most - found.least):
            return []
        counts, _ = np.histogram(numbers, bins=_BINS, range=(found.least, found.most))
        return [int(count) for count in counts]
