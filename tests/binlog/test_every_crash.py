"""Every crash in the scenario of `every_crash` ends well, and power has failed before every operation."""

from __future__ import annotations

from collections import Counter

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
CUTS = 2
"""The elections that take something away: a truncate more."""


def test_nothing_diverges() -> None:
    tally = every_crash()
    steps = Counter(name for name, _ in steps_of(SCENARIO))
    expected = Counter({name: steps[name] * each for name, each in OPERATIONS.items()})
    expected["elect"] += CUTS
    assert tally.points == expected
    assert (tally.crashes, tally.worlds, tally.second, tally.ends) == FIGURES
