"""Every crash in CREATE, RENAME and DROP: counts as computed from their steps, and nothing diverges.

What `every_crash` enumerates is counted a second time here, from the order of the steps, the operations of
the disk in each and the length of the uncommitted tail.  Without any rule some crash diverges.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs
import pytest
from tests.redo.every_crash import count_of_choices

from redoraft.ddl.mutants import MUTANTS

from .every_crash import (
    CASES,
    COMMAND,
    PACES,
    Case,
    Count,
    Enumeration,
    Pace,
    Play,
    Tally,
    read_record,
    shortest,
)
from .lockstep import arrived, file_ops, mapped

LATE, AT_ONCE = PACES
CREATE, RENAME, DROP = Case("create"), Case("rename"), Case("drop")

STEPS = {
    ("create", LATE): (
        "WriteFileRedo AdvancesMajority CallsOs*:make Commit AdvancesMajority EndDdl:note+"
        " Applies:make,note+ Applies:note"
    ),
    ("rename", LATE): (
        "AdvancesMajority WriteFileRedo AdvancesMajority StopIos* CallsOs*:move Commit AdvancesMajority"
        " EndDdl:note Applies:move,note Applies:note"
    ),
    ("drop", LATE): (
        "Commit AdvancesMajority PostDdl* WriteUndoRedo* CallsOs*:remove Clean AdvancesMajority EndDdl:note"
        " Applies:note Applies:remove,note"
    ),
    ("create", AT_ONCE): (
        "AdvancesMajority WriteFileRedo AdvancesMajority Applies*:make,note+ CallsOs*:make Commit"
        " AdvancesMajority Applies:note EndDdl:note+"
    ),
    ("rename", AT_ONCE): (
        "AdvancesMajority WriteFileRedo AdvancesMajority Applies*:move,note StopIos* CallsOs*:move Commit"
        " AdvancesMajority Applies:note EndDdl:note"
    ),
    ("drop", AT_ONCE): (
        "AdvancesMajority Commit AdvancesMajority Applies*:note PostDdl* WriteUndoRedo* AdvancesMajority*"
        " Applies*:remove,note CallsOs*:remove Clean AdvancesMajority EndDdl:note"
    ),
}
"""The order of steps (DDL-2), each with what it does to a disk.  *: one deposed before it still calls."""

WRITES = {"WriteFileRedo", "Commit", "WriteUndoRedo", "Clean"}
"""Steps that make the uncommitted tail longer."""

PAGE = 1 + 16384 // 512
"""Pending changes of a page at the end of a file: its size, and the sectors."""


@attrs.frozen
class Op:
    """Before an operation: how many changes are pending, and how many different disks a start then finds."""

    pending: int
    disks: int


OPERATIONS = {
    # create, write, fsync, rename, sync: what has no name yet is nothing, to a start
    "make": (Op(0, 1), Op(1, 1), Op(1 + PAGE, 1), Op(1, 1), Op(2, 2)),
    # rename, sync
    "move": (Op(0, 1), Op(1, 2)),
    # remove, sync
    "remove": (Op(0, 1), Op(1, 2)),
    # write, fsync of a slot; the first one makes the file longer, and the second slot implies that
    "note": (Op(0, 1), Op(1, 2)),
    "note+": (Op(0, 1), Op(2, 3)),
}


def counted(steps: Sequence[str]) -> tuple[int, int]:
    """Crashes, and worlds with the next leader, from the order of the steps alone."""
    crashes = elections = 0
    tail = 1
    for step in [*steps, "at rest"]:
        action, _, done = step.partition(":")
        name, late = action.rstrip("*"), action.endswith("*")
        on_leader, on_follower = 2 * (tail + 1), 1 + (tail + 1)
        crashes += 2
        elections += on_leader + on_follower + (tail + 1) * (1 + late)
        operations = [op for what in filter(None, done.split(",")) for op in OPERATIONS[what]][1:]
        crashes += sum(count_of_choices(op.pending) for op in operations)
        each = on_follower if name == "Applies" else on_leader
        elections += each * sum(op.disks for op in operations)
        tail = tail + 1 if name in WRITES else 0 if name == "AdvancesMajority" else tail
    return crashes, elections


def in_lockstep(play: Play) -> Callable[[Play], object]:
    """Whether DdlFileOps allows a run of this play, action by action."""
    spec = file_ops()
    start = mapped(play, spec)
    return lambda end: arrived(end, spec, start, end.trail)


@pytest.mark.parametrize(("kind", "pace"), STEPS, ids=str)
def test_every_crash_of_a_ddl(kind: str, pace: Pace, capsys: pytest.CaptureFixture[str]) -> None:
    steps = STEPS[kind, pace].split()
    play = Play(Case(kind), pace)
    tally = Enumeration(at_end=in_lockstep(play)).run(play)
    with capsys.disabled():
        sys.stdout.write(f"\n{kind}, {pace}: {tally.crashes} crashes, {tally.elections} next leaders,")
        sys.stdout.write(f" {tally.states} states\n")
    assert tally.divergences == []
    assert tally.moves == [step.partition(":")[0].rstrip("*") for step in steps]
    assert (tally.crashes, tally.elections) == counted(steps)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_second_crash_in_what_follows(case: Case) -> None:
    """After one or two of the states; points of the second crash are counted once more without crashing."""
    tally = Enumeration(28, at_end=in_lockstep(play := Play(case, LATE))).run(play)
    assert tally.divergences == []
    assert tally.again == tally.expected_again > 50


RECORD = read_record(Path(__file__).parents[2] / "docs" / "records" / "every-crash-of-ddl.json")


def test_the_record_of_second_crashes_has_no_divergence_and_each_case_once() -> None:
    every = [(str(case), str(pace)) for case in CASES for pace in PACES]
    assert [(one.case, one.pace) for one in RECORD.counts] == every[: len(RECORD.counts)]
    assert [one for one in RECORD.counts if one.divergences or not one.second_crashes] == []
    assert RECORD.command == COMMAND


@pytest.mark.parametrize("one", RECORD.counts, ids=lambda one: f"{one.case}, {one.pace}")
def test_the_record_is_of_the_present_enumeration(one: Count) -> None:
    """What the first crash leads to takes seconds to count, and is what the second one starts from."""
    (case,) = [case for case in CASES if str(case) == one.case]
    (pace,) = [pace for pace in PACES if str(pace) == one.pace]
    tally = Enumeration().run(Play(case, pace))
    assert (tally.crashes, tally.elections, tally.states) == (one.crashes, one.elections, one.states)


FOUND: dict[str, tuple[Case, Pace]] = {
    "parses-files-only": (CREATE, LATE),
    "recovers-everywhere": (CREATE, AT_ONCE),
    "deletes-what-it-sees": (CREATE, LATE),
    "refuses-existing": (CREATE, LATE),
    "shows-drop-at-once": (DROP, LATE),
    "rolls-rows-back": (CREATE, LATE),
    "validates-first": (RENAME, LATE),
    "leaves-rolled-back": (Case("create", "done"), LATE),
    "renames-at-once": (RENAME, LATE),
    "renames-before-redo": (RENAME, LATE),
    "reverses-what-it-sees": (RENAME, LATE),
    "waits-with-io-stopped": (RENAME, LATE),
    "creates-at-once": (CREATE, LATE),
    "creates-before-row": (CREATE, LATE),
    "creates-before-redo": (CREATE, LATE),
    "drops-at-once": (DROP, LATE),
    "drops-in-commit": (DROP, LATE),
    "drops-ungated": (DROP, LATE),
    "drops-what-it-sees": (DROP, LATE),
    "executes-from-checkpoint": (RENAME, LATE),
    "needs-every-file": (DROP, LATE),
    "acts-on-the-tail": (CREATE, LATE),
    "serves-unrecovered": (DROP, LATE),
    "keeps-caches": (RENAME, LATE),
}
"""A case in which each mutant diverges."""
TWO_CRASHES = {"acts-on-the-tail": 14}
"""Those that need a second crash, and after which state it was seen to show."""
INVARIANTS = {
    "FilesAgree",
    "OneFilePerSpace",
    "NoNodeStops",
    "CommittedFilesStay",
    "CachesAreFresh",
    "FlushingGoesOn",
}


H1_SHORTEST = (
    "WriteFileRedo(n1)",
    "StopIos(n1)",
    "PowerLost(n1)",
    "Crashes(n1)",
    "Elects(n1)",
    "Establish(n1)",
    "Validate(n1)",
)
"""The renaming that a leader alone has made, and that it does not find in its log after the crash."""


def test_the_shortest_divergence_without_h1() -> None:
    """Among all that one crash in RENAME leads to, of 7 to 25 actions."""
    found = Enumeration().run(Play(RENAME, LATE, MUTANTS["renames-at-once"].rules())).divergences
    lengths = sorted(len(one.actions) for one in found)
    assert (len(found), lengths[0], lengths[-1]) == (11, 7, 25)
    assert shortest(found).actions == H1_SHORTEST
    assert shortest(found).invariant == "NoNodeStops"


def diverging(name: str) -> Tally:
    case, pace = FOUND[name]
    tally = Tally()
    for again_after in (TWO_CRASHES[name], 1) if name in TWO_CRASHES else (0,):
        search = Enumeration(again_after, stop_at_first=True)
        tally = search.run(Play(case, pace, MUTANTS[name].rules()))
        if tally.divergences:
            break
    return tally


@pytest.mark.parametrize("name", MUTANTS)
def test_without_a_rule_some_crash_diverges(name: str) -> None:
    first = diverging(name).divergences[0]
    assert first.invariant in INVARIANTS, first
    assert first.actions
