"""Every mutant of the implementation is refused within 50 seeds, and the implementation itself is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from redoraft.raft.mutants import MUTANTS
from redoraft_check.validate.verdict import Status

from .kit import engine, simulate

STEPS = 500
SEEDS = 50
AT_ONCE = 10

# Seeds that were seen to give a mutant away; the others are tried too, for when the simulator has changed.
LIKELY = {
    "old-leader-heard": 24,
    "trusts-shutdown": 17,
    "compares-lsn": 38,
    "steps-down": 14,
    "learns-too-much": 18,
    "keeps-open-entry": 3,
    "commits-old-terms": 1,
    "log-node-leads": 3,
    "trusts-old-majority": 12,
    "forgets-vote": 4,
}


@pytest.mark.tlc
def test_each_mutant_is_refused(tmp_path: Path) -> None:
    judge = engine()
    right = [simulate(tmp_path / f"right-{seed}.ndjson", seed, STEPS) for seed in (6, 38)]
    left = {name: [LIKELY.get(name, 6), *range(1, SEEDS + 1)] for name in MUTANTS}
    many = 1
    while left:
        runs = [
            (name, simulate(tmp_path / f"{name}-{seed}.ndjson", seed, STEPS, mutant=name))
            for name, seeds in left.items()
            for seed in seeds[:many]
        ]
        verdicts = judge.validate([*right, *(path for _, path in runs)])
        found = {one.path: one for one in verdicts}
        assert [found[path].status for path in right] == [Status.ACCEPTED] * len(right)
        # An error or a time-out has not killed anything.
        assert {one.status for one in verdicts} <= {Status.ACCEPTED, Status.REFUSED}
        caught = {name for name, path in runs if found[path].status is Status.REFUSED}
        assert all(found[path].line for _, path in runs if found[path].status is Status.REFUSED)
        left = {name: seeds[many:] for name, seeds in left.items() if name not in caught}
        assert all(left.values()), f"not refused in {SEEDS} seeds: {[n for n, s in left.items() if not s]}"
        many, right = AT_ONCE, []
