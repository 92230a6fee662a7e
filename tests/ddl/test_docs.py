"""docs/ddl.md: its table of mutants is that of the code, and its figures are those of the tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from redoraft.ddl.dictionary import TABLES_MAX
from redoraft.ddl.mutants import MUTANTS
from redoraft_check.cli import main

from .test_every_crash import FOUND, STEPS, TWO_CRASHES, counted
from .test_machine import CAUGHT_BY_WALKING
from .test_rules import SCENES

PAGE = (Path(__file__).parents[2] / "docs" / "ddl.md").read_text(encoding="utf-8")
ROW = re.compile(
    r"^\| `([\w-]+)` \| ([\w-]+) \| `(\w+)` \| (.*?) \| `(\w+)` \| (\w+) \| ([\w, ]+) \| (\d+|no) \|$",
    re.MULTILINE,
)


def table() -> list[tuple[str, ...]]:
    scenes = {scene.rule: scene for scene in SCENES}
    walks = {name: str(seed + 1) for name, seed in CAUGHT_BY_WALKING.items()}
    return [
        (
            one.name,
            one.rule,
            next(name for name in vars(one.rules) if not name.startswith("__")),
            one.summary,
            scenes[one.rule].schedule.__name__,
            scenes[one.rule].property,
            str(FOUND[one.name][0]) + (", twice" if one.name in TWO_CRASHES else ""),
            walks.get(one.name, "no"),
        )
        for one in MUTANTS.values()
    ]


def test_the_table_of_mutants() -> None:
    assert ROW.findall(PAGE) == table()


def test_the_counts_of_crashes() -> None:
    for (kind, pace), steps in STEPS.items():
        crashes, elections = counted(steps.split())
        assert f"| {kind} | {pace} | {crashes} | {elections} |" in PAGE


def test_the_room_of_the_dictionary() -> None:
    assert f"| {TABLES_MAX} tables | `DictionaryFull` |" in PAGE


def test_the_simulator_says_where_a_mutant_of_ddl_is_caught(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--mutant", "H5"]) == 2
    assert "of DDL, which simulated nodes do not have" in capsys.readouterr().err
