"""Builds the parser's tables from formula.lark whenever the package is built, by hatch's hook."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class TablesHook(BuildHookInterface[Any]):
    """Writes tables.json beside the grammar and takes it into the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Run by hatch before it collects the files; ``version`` is standard or editable."""
        root = Path(self.root)
        if self.target_name != "wheel":
            return
        spec = importlib.util.spec_from_file_location("tables", root / "exprgrad" / "language" / "tables.py")
        if spec is None or spec.loader is None:
            raise ImportError(name="exprgrad.language.tables")
        tables = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(tables)
        grammar = (root / "grammar" / "formula.lark").read_text(encoding="utf-8")
        target = root / "grammar" / "tables.json"
        target.write_text(json.dumps(tables.build(grammar), ensure_ascii=False), encoding="utf-8")
        if version == "standard":
            build_data["force_include"][str(target)] = "exprgrad/grammar/tables.json"
