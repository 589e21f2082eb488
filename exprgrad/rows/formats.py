"""The formats that rows come in and go out in, and the endings of their files."""

from __future__ import annotations

import os

FORMATS = ("csv", "tsv", "jsonl", "parquet", "arrow")
ENDINGS = {
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".parquet": "parquet", ".pq": "parquet", ".arrow": "arrow", ".feather": "arrow", ".ipc": "arrow",
}  # fmt: skip
PACKINGS = {".gz": "gzip", ".zst": "zstd"}
BINARY = ("parquet", "arrow")


def endings(path: str) -> tuple[str, str]:
    """The format and the packing that a file's name stands for, each empty if none."""
    base, last = os.path.splitext(path.lower())
    packing = PACKINGS.get(last, "")
    return ENDINGS.get(os.path.splitext(base)[1] if packing else last, ""), packing


def is_data(word: str) -> bool:
    """Whether a word is a file of rows by its ending, ``cases.jsonl``, and no formula."""
    return bool(endings(word)[0]) and not {"\n", ";"} & set(word)
