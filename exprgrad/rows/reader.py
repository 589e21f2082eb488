"""What every format's reader offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from typing import Any, ClassVar, NamedTuple

from exprgrad.rows.block import Block, Place
from exprgrad.rows.records import Cut, cut_lines, parted
from exprgrad.rows.sources import Stream
from exprgrad.values import Value


class Fields(NamedTuple):
    """A row: its fields by name, without those that are empty, its text in its own format, what is wrong with it."""

    values: Mapping[str, Any]
    raw: str
    wrong: str = ""


class Reader(ABC):
    """The rows of one file.

    ``names`` are its columns, or the keys of its first row where each row has its own (``loose``).
    ``empty`` says that such a file has no row at all, and so no keys.
    ``lists`` are the columns whose cells are arrays, with the ``shapes`` of the first row's.
    ``header`` is CSV's first line, ``schema`` Arrow's; ``cut`` says where records of text end.  All raise
    DataError for a file that is damaged or something else.
    """

    loose: ClassVar[bool] = False
    empty = False
    names: list[str]
    lists: Collection[str] = ()
    shapes: Mapping[str, tuple[int, ...]] = {}
    header: str | None = None
    schema: Any = None

    def __init__(self, stream: Stream, cut: Cut = cut_lines) -> None:
        self.stream = stream
        self.cut = cut

    @abstractmethod
    def raw(self) -> Iterator[Any]:
        """The rows, in pieces for ``parse``; None before a wait."""

    def parted(self, piece: Any, rows: int) -> Iterator[Any]:
        """A piece in parts of about so many rows."""
        return parted(piece, self.cut, rows)

    @abstractmethod
    def parse(self, piece: Any, places: Mapping[str, Place], defaults: Mapping[str, Value]) -> Block:
        """The numbers that stand at these places; safe to call from several threads.

        ``defaults`` are for variables that a loose row may lack.
        """

    @abstractmethod
    def fields(self, block: Block) -> Iterator[Fields]:
        """The rows of a block one by one."""
