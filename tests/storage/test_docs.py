"""docs/storage.md: its table of mutants is that of the code, and what it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from redoraft.storage.mutants import MUTANTS
from redoraft_check.cli import main

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


def test_the_simulator_says_where_a_mutant_of_storage_is_caught(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--mutant", "LIM-2"]) == 2
    assert "flushes-ahead takes out LIM-2 of storage or DDL" in capsys.readouterr().err
