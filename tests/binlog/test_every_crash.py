"""Every crash in the scenario of `every_crash` ends well, and power has failed before every operation."""

from __future__ import annotations

from collections import Counter

from redoraft.binlog import Carrier

from .every_crash import SCENARIO, every_crash, steps_of

OPERATIONS = {
    # vote: write, fsync; marker: write, fsync; binlog: fsync; mark: remove, sync
    "elect": 7,
    # redo: write, fsync
    "prepare": 2,
    "write_redo": 2,
    # one transaction each time
    "resolve": 2,
    # write, fsync
    "write_binlog": 2,
    # create, write, fsync, rename, sync
    "take_binlog": 5,
}
"""The operations that change a disk, of each step."""
FIGURES = (153, 165, 1694, 392)
"""Crashes, different worlds that they left, crashes in the start that followed, ends."""
DIES_AHEAD = "\n".join(SCENARIO.strip().split("\n")[:3])
"""Its first half."""
CUTS = 2
"""The elections that take something away: a truncate more."""


def test_nothing_diverges_where_redo_carries_the_binlog() -> None:
    tally = every_crash(scenario=DIES_AHEAD, carrier=Carrier.REDO)
    assert set(tally.points) == {"elect", "prepare", "write_binlog", "write_redo", "resolve"}
    assert tally.ends > tally.worlds


def test_nothing_diverges() -> None:
    tally = every_crash()
    steps = Counter(name for name, _ in steps_of(SCENARIO))
    expected = Counter({name: steps[name] * each for name, each in OPERATIONS.items()})
    expected["elect"] += CUTS
    assert tally.points == expected
    assert (tally.crashes, tally.worlds, tally.second, tally.ends) == FIGURES
