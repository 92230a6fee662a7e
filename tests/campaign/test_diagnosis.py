"""Small versions of benchmarks/diagnosis.py and benchmarks/holes.py."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from attrs import evolve

from redoraft_check.campaign.corruptions import KINDS, corrupt
from redoraft_check.campaign.diagnosis import Scored, corruptions, named, scored, table
from redoraft_check.campaign.holes import Slipped, caught, holed, judged, slipped
from redoraft_check.campaign.holes import table as holes_table
from redoraft_check.campaign.runs import run_of
from redoraft_check.paths import spec_dir
from redoraft_check.validate.explanation import Explanation, WrongField
from redoraft_check.validate.verdict import Status
from redoraft_traces import Event, Header

SEED = 4
Runs = list[tuple[Header, list[Event]]]


@pytest.fixture(scope="module")
def runs() -> Runs:
    return [run_of(SEED + at, 200) for at in range(3)]


@pytest.fixture(scope="module")
def rows(runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> list[Scored]:
    made = corruptions([events for _, events in runs], 36, Random(SEED))
    return scored(made, [header for header, _ in runs], spec_dir(), tmp_path_factory.mktemp("broken"))


def test_what_must_show_is_refused_where_it_was_put(rows: list[Scored]) -> None:
    must = [one for one in rows if one.corruption.visible is not None]
    assert [one.corruption.what for one in must if not one.exact] == []
    assert len(must) >= 18
    assert {one.corruption.kind for one in must} == set(KINDS)


def test_nothing_is_refused_before_it_was_touched(rows: list[Scored]) -> None:
    assert [
        one.corruption.what for one in rows if one.refused is not None and one.refused < one.corruption.at
    ] == []


def test_what_was_broken_is_named(rows: list[Scored]) -> None:
    must = [one for one in rows if one.corruption.visible is not None]
    missed = [one.corruption.what for one in must if not one.named]
    assert len(missed) <= len(must) * 0.05, missed


def test_another_answer_counts_as_a_miss(rows: list[Scored]) -> None:
    one = next(one for one in rows if one.named)
    assert not named(one.corruption, None)
    assert not named(one.corruption, Explanation(0, fields=(WrongField("vars.nothing", 1),)))
    visible = one.corruption.visible
    assert visible is not None
    assert not evolve(one, refused=visible + 1).exact
    assert not evolve(one, refused=None).exact
    # The table counts it so.
    assert table([one]).splitlines()[-1].count("1 (100.0%)") == 2
    assert table([evolve(one, refused=visible + 1)]).splitlines()[-1].count("0 (0.0%)") == 2


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_makes_the_same_corruption(runs: Runs, kind: str) -> None:
    first, again = (corrupt(runs[0][1], kind, Random(7)) for _ in range(2))
    assert first == again


def test_holes_make_no_right_run_wrong(tmp_path: Path) -> None:
    random = Random(SEED)
    short = [run_of(1000 + at, 30) for at in range(60)]
    holes = [holed(events, random) for _, events in short]
    shown = sum(len(event.vars) for _, events in short for event in events)
    left = sum(len(event.vars) for events in holes for event in events)
    assert 0.6 * shown < left < 0.8 * shown
    verdicts = judged(holes, [header for header, _ in short], spec_dir(), tmp_path)
    assert [one.reason for one in verdicts if one.status is not Status.ACCEPTED] == []


def test_what_slips_through_when_a_value_is_hidden(runs: Runs, tmp_path: Path) -> None:
    made = caught(runs, 18, Random(SEED), spec_dir(), tmp_path)
    assert len(made) >= 8
    found = slipped(made, Random(SEED), spec_dir(), tmp_path)
    assert all(one.own[0] + one.others[0] == len(made) and one.undecided == 0 for one in found)
    # Who changes a value that is not shown has changed nothing that could be seen.
    assert all(one.own[0] == one.own[1] for one in found if one.field is not None)
    assert sum(one.own[0] for one in found if one.field is not None) > 0
    assert holes_table([Slipped("term", (2, 1), (4, 0), 0)]).endswith(
        "| `term` | 2 | 1 (50.0%) | 4 | 0 (0.0%) | 0 |"
    )
