"""docs/storage.md: its table of mutants is that of the code, and what it names is there."""

from __future__ import annotations

import re
from pathlib import Path

from redoraft.storage.mutants import MUTANTS

from .test_machine import CAUGHT_BY_WALKING
from .test_rules import SCENES

PAGE = (Path(__file__).parents[2] / "docs" / "storage.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([\w-]+)` \| ([\w-]+) \| `(\w+)` \| (.*?) \| `(\w+)` \| (\d+|no) \|$", re.MULTILINE)


def test_the_table_of_mutants() -> None:
    scenes = {scene.rule: scene.play.__name__ for scene in SCENES}
    walks = {name: str(seed + 1) for name, seed in CAUGHT_BY_WALKING.items()}
    assert ROW.findall(PAGE) == [
        (
            one.name,
            one.rule,
            next(name for name in vars(one.rules) if not name.startswith("__")),
            one.summary,
            scenes[one.rule],
            walks.get(one.name, "no"),
        )
        for one in MUTANTS.values()
    ]
