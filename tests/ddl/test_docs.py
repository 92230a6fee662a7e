"""docs/ddl.md: its table of mutants is that of the code, and its figures are those of the tests."""

from __future__ import annotations

import re
from pathlib import Path

from tests.cluster.test_tables import ENDS, REFUSED, SCHEDULES

from redoraft.ddl.dictionary import TABLES_MAX
from redoraft.ddl.mutants import MUTANTS, OUTSIDE_MUTANTS

from .test_every_crash import FOUND, H1_SHORTEST, STEPS, TWO_CRASHES, counted
from .test_machine import CAUGHT_BY_WALKING
from .test_outside import OUTSIDE
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


def test_the_table_of_mutants_of_rules_outside_the_models() -> None:
    for found in OUTSIDE:
        one = OUTSIDE_MUTANTS[found.mutant]
        method = next(name for name in vars(one.rules) if not name.startswith("__"))
        row = (f"`{one.name}`", one.rule, f"`{method}`", one.summary)
        schedule = f"`{found.schedule.__name__}`"
        assert f"| {' | '.join((*row, schedule, found.finding, found.refused))} |" in PAGE


def test_the_counts_of_crashes() -> None:
    for (kind, pace), steps in STEPS.items():
        crashes, elections = counted(steps.split())
        assert f"| {kind} | {pace} | {crashes} | {elections} |" in PAGE


def test_the_shortest_divergence_without_h1_is_shown() -> None:
    assert f"\n        {' '.join(H1_SHORTEST)}\n" in PAGE


def test_the_room_of_the_dictionary() -> None:
    assert f"| {TABLES_MAX} tables | `DictionaryFull` |" in PAGE


def test_the_table_of_mutants_in_the_cluster() -> None:
    for one in MUTANTS.values():
        refused = REFUSED[one.name][1] if one.name in REFUSED else ""
        ends = ENDS[one.name][1].removesuffix(": ") if one.name in ENDS else ""
        schedule = ": ".join(SCHEDULES[one.name][1][:2]) if one.name in SCHEDULES else ""
        assert f"| `{one.name}` | {one.rule} | {refused} | {ends} | {schedule} |" in PAGE
