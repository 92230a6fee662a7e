"""Why the matrix does not show a mutant: what examples of its family show, and the run that would show it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from attrs import evolve
from tests.binlog.test_rules import ATOMIC
from tests.binlog.test_rules import SCENES as BINLOG
from tests.raft.test_reads import SCENES as CLIENTS
from tests.redo.test_every_crash import CAUGHT_BY
from tests.redo.test_log_rules import HOLDS
from tests.storage.test_rules import SCENES as STORAGE

from redoraft.cluster.faults import ALL_FAULTS, DISK_FAULTS, Fault, format_faults, parse_faults
from redoraft.cluster.simulator import Settings, Simulator, members_of
from redoraft.mutants import ALL_MUTANTS, Asked, rules_of, watched_rules
from redoraft.raft.rules import Rules
from redoraft.storage.rules import StorageRules
from redoraft.types import NodeId
from redoraft_check.fuzz.example import Examined, Subject, end_of
from redoraft_check.fuzz.families import family_named, family_of
from redoraft_check.fuzz.guide import Guide
from redoraft_check.fuzz.matrix import read_matrix
from redoraft_check.fuzz.plan import Plan
from redoraft_check.fuzz.why import WHY, Seen

ROOT = Path(__file__).parents[2]
RECORD = ROOT / "docs" / "records" / "fuzz-mutants.json"
STEPS = 500
STRIKES = frozenset({Fault.CRASH}) | DISK_FAULTS
"""What leaves a disk with less than was written."""


@cache
def example(family: str, number: int, *, calm: bool) -> Plan:
    """An example as the matrix has it, or without what strikes."""
    one = family_named(family)
    guide = Guide(1, ALL_FAULTS | one.disk_faults, STEPS * one.longer, guided=False, shares=one.shares)
    plan = guide.plan(number)
    return evolve(plan, faults=format_faults(parse_faults(plan.faults) - STRIKES)) if calm else plan


@cache
def itself(family: str, number: int, *, calm: bool) -> Examined:
    return end_of(example(family, number, calm=calm), Subject())


def tried(name: str, *, calm: bool = False) -> tuple[Asked, bool]:
    """What its examples ask of a mutant, and whether its runs are those of the implementation, to the byte; a
    broken promise fails the test."""
    family, asked, same = family_of(name).name, Asked(), True
    for number in WHY[name].examples:
        plan = example(family, number, calm=calm)
        run = end_of(plan, Subject(name), watched_rules(ALL_MUTANTS[name], asked))
        assert run.outcome.trouble is None, f"example {number} catches {name}: its reason is none"
        same = same and run.events == itself(family, number, calm=calm).events
    return asked, same


@pytest.mark.parametrize("name", WHY)
def test_a_reason_is_what_is_seen(name: str) -> None:
    seen = WHY[name].seen
    asked, same = tried(name)
    assert (asked.times == 0) == (seen is Seen.NEVER)
    assert (asked.otherwise == 0) == (seen in {Seen.NEVER, Seen.AGREES})
    if seen is not Seen.OTHER:
        assert same or seen is Seen.CALM
    if seen is Seen.CALM:
        assert tried(name, calm=True)[1]


def test_a_reason_is_what_the_record_says() -> None:
    for row in read_matrix(RECORD).rows:
        if row.mutant in WHY and not row.is_caught and row.family == family_of(row.mutant).name:
            seen = WHY[row.mutant].seen
            assert (row.asked == 0) == (seen is Seen.NEVER), row
            assert (row.otherwise == 0) == (seen in {Seen.NEVER, Seen.AGREES}), row


def test_each_is_caught_by_a_scene() -> None:
    """The pages name these scenes, and tests beside them hold the pages to it."""
    rules = {scene.rule for scene in (*CLIENTS, *STORAGE, *BINLOG)}
    others = {*HOLDS, *CAUGHT_BY, *ATOMIC}
    assert [name for name in WHY if ALL_MUTANTS[name].rule not in rules and name not in others] == []


# --- what would show them ---


def asked_without(name: str, other: str, plan: Plan) -> Asked:
    """What a plan asks of a mutant where the rule of another one is out, too."""
    asked = Asked()
    watched, without = watched_rules(ALL_MUTANTS[name], asked), rules_of(ALL_MUTANTS[other])
    parts = {}
    for part in ("raft", "storage"):
        mine, theirs = type(getattr(watched, part)), type(getattr(without, part))
        both = tuple(one for one in (mine, theirs) if one not in {Rules, StorageRules})
        parts[part] = type("Both", both or (mine,), {})()
    end_of(plan, Subject(), evolve(watched, **parts))
    return asked


@pytest.mark.parametrize(
    ("name", "other", "number"),
    [("truncates-pages", "flushes-ahead", 19), ("keeps-stale-pool", "steps-down", 7)],
)
def test_what_must_stay_is_beyond_a_cut_where_a_limit_is_out(name: str, other: str, number: int) -> None:
    """LIM-2, H13: then the rules of a cut are asked in earnest."""
    plan = example("storage", number, calm=False)
    assert asked_without(name, other, plan).otherwise > 0


def test_a_leader_that_steps_down_would_answer_what_nobody_can_know() -> None:
    """H13 keeps H17 from being asked: the process ends."""
    plan = evolve(example("clients", 1, calm=False), reads=None, clients=4, faults="all")
    assert asked_without("calls-it-failed", "steps-down", plan).times > 0


def test_a_cut_in_a_file_of_several_blocks_asks_for_its_tail() -> None:
    asked = Asked()
    plan = Plan(1, 3, 1, "all", 4, 700, small_files=True)
    end_of(plan, Subject(), watched_rules(ALL_MUTANTS["keeps-tail"], asked))
    assert asked.otherwise > 0


def with_n3_dead(name: str | None, *, pages: bool = False, after: int = 0) -> Simulator:
    """A run in which the log node dies for good."""
    rules = rules_of(None if name is None else ALL_MUTANTS[name])
    settings = Settings(1, members_of(3, 1), frozenset(), rules, pages=pages)
    simulator = Simulator(settings, lambda _: None)
    simulator.run(after)
    simulator.hosts[NodeId("n3")].kill_process()
    simulator.run(800)
    return simulator


def test_nobody_is_elected_by_all_votes_where_one_node_is_dead() -> None:
    assert with_n3_dead(None).leader() is not None
    assert with_n3_dead("needs-all-votes").leader() is None


def test_redo_is_kept_for_the_dead() -> None:
    kept, deleted = (
        with_n3_dead(name, pages=True, after=100).counts["files deleted"]
        for name in ("waits-for-the-dead", None)
    )
    assert kept < deleted / 4


def count_in(name: str, action: str) -> tuple[int, int]:
    """How often an action is in the examples of a mutant, without its rule and with it."""
    numbers, family = WHY[name].examples, family_of(name).name
    runs = [
        (end_of(plan, Subject(name)), itself(family, number, calm=False))
        for number in numbers
        for plan in (example(family, number, calm=False),)
    ]
    without, with_it = (
        sum(run.outcome.counts.get(action, 0) for run in each) for each in zip(*runs, strict=True)
    )
    return without, with_it


def test_a_page_that_is_never_copied_is_written_later() -> None:
    without, with_it = count_in("skips-hot-pages", "FlushCopy")
    assert without == 0 < with_it
    assert count_in("skips-hot-pages", "FlushPage")[0] > 0


def test_every_mtr_has_an_entry_of_its_own() -> None:
    without, with_it = count_in("closes-each-mtr", "CloseEntry")
    assert without > with_it
