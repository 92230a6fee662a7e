"""docs/clients.md: its table of binlog mutants is that of the code, its figures are those of the tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from redoraft.binlog.mutants import ALL_BINLOG_MUTANTS
from redoraft_check.cli import main

from .test_every_crash import FIGURES
from .test_rules import ATOMIC, SCENES

PAGE = (Path(__file__).parents[2] / "docs" / "clients.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([\w-]+)` \| ([\w-]+) \| `(\w+)` \| (.*?) \| (.*?) \| (.*?) \|$", re.MULTILINE)


def table() -> list[tuple[str, ...]]:
    scenes = {scene.rule: scene for scene in SCENES}
    found: list[tuple[str, ...]] = []
    for one in ALL_BINLOG_MUTANTS.values():
        method = next(name for name in vars(one.rules) if not name.startswith("__"))
        scene = scenes.get(one.rule)
        caught = f"`{scene.schedule.__name__}`" if scene else f"a crash inside {ATOMIC[one.name][0]}"
        found.append((one.name, one.rule, method, one.summary, caught, scene.property if scene else "-"))
    return found


def test_the_table_of_mutants() -> None:
    assert ROW.findall(PAGE) == table()


def test_the_figures() -> None:
    crashes, worlds, second, ends = FIGURES
    assert f"{crashes} crashes leave {worlds} different worlds, {second:,} more are inside the start" in PAGE
    assert f"{ends} ends" in PAGE


def test_the_simulator_says_where_a_mutant_of_the_binlog_is_caught(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["simulate", "--mutant", "H20"]) == 2
    assert "use redoraft simulate --binlog, or see docs/clients.md" in capsys.readouterr().err
    assert main(["simulate", "--binlog", "--mutant", "forgets-the-cut"]) == 2
    assert "H20-start, which a simulated node does not need" in capsys.readouterr().err
