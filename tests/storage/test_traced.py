"""Traces that the engine writes: StorageLimits judges one node's storage alone, and refuses mutants."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from redoraft_check.paths import spec_dir
from redoraft_check.tlc.tools import find_tools
from redoraft_check.validate.branches import exercised
from redoraft_check.validate.engine import Engine
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.verdict import Status, Verdict
from redoraft_traces import Event, read_trace

from .traced import REFUSED, ROWS, STEPS, mutant_of, walk

SPEC = spec_dir(None)
SEEDS = range(12)
NOT_OURS = {"BackgroundWork", "UnloggedChange", "StepDown", "Seed"}
"""What only a missing rule allows, and a copy of another node's disks, which `World` does not have."""


@pytest.fixture(scope="module")
def walks(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Walks of the engine with all its rules."""
    folder = tmp_path_factory.mktemp("walks")
    return [walk(folder / f"{seed}.ndjson", seed, STEPS) for seed in SEEDS]


def judged(path: Path, off: tuple[str, ...] = ()) -> Verdict:
    [verdict] = OracleEngine(SPEC, off=off).validate([path])
    return verdict


def events(path: Path) -> list[Event]:
    return [event for _, event in read_trace(path).events]


def test_walks_are_runs_of_the_specification(walks: list[Path]) -> None:
    verdicts = OracleEngine(SPEC).validate(walks)
    assert [one for one in verdicts if one.status is not Status.ACCEPTED] == []
    assert {event.action for path in walks for event in events(path)} == set(ROWS) - NOT_OURS
    assert all(event.vars.keys() >= {"page_lsns", "buffered_lsns"} for event in events(walks[0]))


def test_a_crash_takes_what_was_done_before_anybody_was_told(walks: list[Path]) -> None:
    """Of some restart nobody had told the pages or the checkpoint that it finds."""
    found = {"page_lsns": 0, "checkpoint_lsn": 0}
    for path in walks:
        for before, after in pairwise(events(path)):
            for name in found:
                found[name] += after.action == "Restart" and after.vars[name] != before.vars[name]
    assert all(found.values()), found


@pytest.mark.parametrize("name", REFUSED)
def test_a_mutant_of_the_engine_is_refused(name: str, tmp_path: Path) -> None:
    """With its rule, and accepted without it."""
    (seed, action), mutant = REFUSED[name], mutant_of(name)
    path = walk(tmp_path / f"{name}.ndjson", seed, STEPS, mutant)
    refused = judged(path)
    assert refused.status is Status.REFUSED
    assert refused.event is not None and f'"action":"{action}"' in refused.event
    assert judged(path, (mutant.rule,)).status is Status.ACCEPTED


def test_coverage_tells_the_branches_of_walks(walks: list[Path]) -> None:
    engine = OracleEngine(SPEC)
    found = exercised(engine.validate(walks[:3]), engine)
    assert found.traces == 3 and not found.left_out
    assert {"Receive", "Checkpoint", "Restart"} <= {branch.action for branch in found.taken}


@pytest.mark.tlc
def test_tlc_says_the_same(walks: list[Path], tmp_path: Path) -> None:
    """Of walks, and of what mutants do; also what the node was before it."""
    paths = [
        *walks[:4],
        *(walk(tmp_path / f"{name}.ndjson", REFUSED[name][0], STEPS, mutant_of(name)) for name in REFUSED),
    ]
    tlc = Engine(SPEC, find_tools(), workers=1, timeout_s=300)
    oracle = OracleEngine(SPEC).validate(paths)
    for ours, theirs in zip(oracle, tlc.validate(paths), strict=True):
        assert (ours.status, ours.line, ours.last_good) == (theirs.status, theirs.line, theirs.last_good)
