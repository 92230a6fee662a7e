"""docs/ddl.md: its table of mutants is that of the code, and its figures are those of the tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.cluster.test_tables import ENDS, REFUSED, SCHEDULES

from redoraft.ddl.dictionary import TABLES_MAX
from redoraft.ddl.mutants import MUTANTS, OUTSIDE_MUTANTS
from redoraft_check.counterexample.recorded import read_recorded, record_path
from redoraft_check.tlc.manifest import load_manifest

from .every_crash import CASES, PACES
from .test_every_crash import FOUND, H1_SHORTEST, RECORD, STEPS, TWO_CRASHES, counted
from .test_machine import CAUGHT_BY_WALKING
from .test_outside import OUTSIDE
from .test_rules import SCENES

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "spec" / "models"
MANIFEST = load_manifest(MODELS)
PAGE = (ROOT / "docs" / "ddl.md").read_text(encoding="utf-8")
ROW = re.compile(
    r"^\| `([\w-]+)` \| ([\w-]+) \| `(\w+)` \| (.*?) \| `(\w+)` \| (\w+) \| ([\w, ]+) \| (\d+|no) \|$",
    re.MULTILINE,
)

COUNTS = re.compile(r"^\| [\w, ]+ \| [\w, ]*" + r"\| (\d+) " * 6 + r"\|$", re.MULTILINE)


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


@pytest.mark.parametrize("model", ["DdlRename_a", "DdlCreate_b"])
def test_a_repair_that_holds_without_rollbacks_only_is_told(model: str) -> None:
    with_rollback = MANIFEST.model(f"{model}_rollback")
    assert "RollsBack = FALSE" in (MODELS / MANIFEST.model(model).config).read_text()
    assert "RollsBack = TRUE" in (MODELS / with_rollback.config).read_text()
    assert (MANIFEST.model(model).holds, with_rollback.holds) == (True, False)
    assert re.search(rf"`{model}`.*RollsBack = FALSE.*`{model}_rollback`", PAGE, re.DOTALL)


@pytest.mark.parametrize("model", ["DdlRename_b", "DdlCreate_a", "DdlDrop_a", "DdlDrop_b"])
def test_the_other_repairs_hold_with_rollbacks(model: str) -> None:
    assert "RollsBack = TRUE" in (MODELS / MANIFEST.model(model).config).read_text()
    assert MANIFEST.model(model).holds
    assert "H1b, H2a and either repair of H3 hold alone with rollbacks." in PAGE


def test_the_shortest_counterexample_of_h4_is_told() -> None:
    actions = read_recorded(record_path(MODELS.parent, "H4_off")).actions
    assert f"in {len(actions)} steps" in PAGE
    assert [action for action in actions if "Crash" in action] == ["Crashes"]
    assert actions.count("Elects") == 1


def test_the_counts_of_second_crashes_are_those_of_the_record() -> None:
    for one in RECORD.counts:
        assert f"\n{one}\n" in PAGE
    lines = f"{len(RECORD.counts)} of {len(CASES) * len(PACES)} lines"
    assert f"of implementation `{RECORD.implementation}`, has {lines}" in PAGE


def test_the_counts_of_second_crashes_add_up() -> None:
    lines = [tuple(map(int, numbers)) for numbers in COUNTS.findall(PAGE)]
    *each, in_all = lines
    assert len(each) == len(CASES) * len(PACES)
    assert in_all == tuple(map(sum, zip(*each, strict=True)))


def test_the_room_of_the_dictionary() -> None:
    assert f"| {TABLES_MAX} tables | `DictionaryFull` |" in PAGE


def test_the_table_of_mutants_in_the_cluster() -> None:
    for one in MUTANTS.values():
        refused = REFUSED[one.name][1] if one.name in REFUSED else ""
        ends = ENDS[one.name][1].removesuffix(": ") if one.name in ENDS else ""
        schedule = ": ".join(SCHEDULES[one.name][1][:2]) if one.name in SCHEDULES else ""
        assert f"| `{one.name}` | {one.rule} | {refused} | {ends} | {schedule} |" in PAGE
