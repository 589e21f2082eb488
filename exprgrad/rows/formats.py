"""The formats of rows, and the endings of files: those that rows are read from, and those that results go into."""

from __future__ import annotations

import os

from exprgrad.files import PACKINGS

FORMATS = ("csv", "tsv", "jsonl", "parquet", "arrow")  # rows come in and go out in these
BINARY = ("parquet", "arrow")
SUMMARIES = ("table", "markdown")  # which sum all rows up
ENDINGS = {
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".parquet": "parquet", ".pq": "parquet", ".arrow": "arrow", ".feather": "arrow", ".ipc": "arrow",
    ".json": "json", ".md": "markdown", ".txt": "table", ".tex": "latex",
    ".svg": "svg", ".png": "png", ".dot": "dot", ".gv": "dot", ".mmd": "mermaid",
    ".py": "python", ".c": "c", ".js": "js", ".mjs": "js", ".sql": "sql",
}  # fmt: skip


def by_ending(path: str) -> tuple[str, str]:
    """The ending of a file's name, without that of its packing, and the format it stands for; each empty if none."""
    base, last = os.path.splitext(path.lower())
    ending = os.path.splitext(base)[1] if last in PACKINGS else last
    return ending, ENDINGS.get(ending, "")


def of_rows(path: str) -> str:
    """The format of the rows in a file of this name, empty if the name does not say it."""
    found = by_ending(path)[1]
    return found if found in FORMATS else ""


def is_data(word: str) -> bool:
    """Whether a word is a file of rows by its ending, ``cases.jsonl``, and no formula."""
    return bool(of_rows(word)) and not {"\n", ";"} & set(word)
