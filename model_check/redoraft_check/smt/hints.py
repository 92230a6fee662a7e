"""Hints: by obligation, the names of hypotheses that have sufficed to prove it.

A hint says where to look and nothing else: a proof from some of the hypotheses is a proof, and where a hint
is out of date the obligation is tried as if it had none.  They are found by `redoraft prove --learn`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeAlias

Hints: TypeAlias = Mapping[str, tuple[str, ...]]
"""By step and conjunct (`Commit/JobTouches`)."""

_FOLDER: Final = Path(__file__).parent / "hints"


def hints_of(model: str) -> Hints:
    """The hints that are kept for a model; none where no file is."""
    kept = _file(model)
    if not kept.is_file():
        return {}
    found: dict[str, list[str]] = json.loads(kept.read_text(encoding="utf-8"))
    return {name: tuple(used) for name, used in found.items()}


def keep(model: str, hints: Hints) -> Path:
    """Write the hints of a model, an obligation a line, and say where."""
    lines = [f"  {json.dumps(name)}: {json.dumps(list(hints[name]))}" for name in sorted(hints)]
    kept = _file(model)
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    return kept


def _file(model: str) -> Path:
    return _FOLDER / f"{model}.json"
