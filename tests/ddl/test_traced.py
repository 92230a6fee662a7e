"""Traces of DDL that the nodes write: DdlFileOps judges them, and refuses each rule's mutant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from redoraft.ddl.rules import DdlRules
from redoraft_check.tlc.tools import find_tools
from redoraft_check.validate.branches import exercised
from redoraft_check.validate.engine import Engine
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.verdict import Status, Verdict
from redoraft_traces import Event, TraceWriter, read_trace

from .lockstep import SPEC
from .test_rules import SCENES, Scene, mutant_of
from .traced import ROWS, TracedStage, walk, write

SEEDS = (0, 2, 3, 58)
"""Of walks; in the last one a deposed leader makes its late call."""
STEPS = 60


@pytest.fixture(scope="module")
def engine() -> OracleEngine:
    return OracleEngine(SPEC)


def judged(engine: OracleEngine, path: Path) -> Verdict:
    [verdict] = engine.validate([path])
    return verdict


def played(path: Path, rules: DdlRules, scene: Scene) -> Path:
    """The trace of a schedule, to its end or to what the nodes do not survive."""
    stage = TracedStage(rules)
    with suppress(AssertionError):
        scene.schedule(stage)
        stage.settle()
    return write(path, stage, f"{scene.schedule.__name__} of tests/ddl")


def taken(paths: Iterator[Path]) -> set[str | None]:
    return {event.action for path in paths for _, event in read_trace(path).events}


def test_walks_and_schedules_are_runs_of_the_specification(engine: OracleEngine, tmp_path: Path) -> None:
    for seed in SEEDS:
        verdict = judged(engine, walk(tmp_path / f"walk-{seed}.ndjson", seed, STEPS))
        assert verdict.status is Status.ACCEPTED, (seed, verdict)
    for scene in SCENES:
        verdict = judged(engine, played(tmp_path / f"{scene.rule}.ndjson", DdlRules(), scene))
        assert verdict.status is Status.ACCEPTED, (scene.rule, verdict)
    assert taken(tmp_path.glob("*.ndjson")) == set(ROWS) - {"StepDown"}  # that one: test_outvoted.py


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.rule)
def test_a_node_without_a_rule_is_refused(scene: Scene, engine: OracleEngine, tmp_path: Path) -> None:
    path = played(tmp_path / "mutant.ndjson", mutant_of(scene).rules(), scene)
    assert judged(engine, path).status is Status.REFUSED


def test_what_a_trace_leaves_out_is_left_open(engine: OracleEngine, tmp_path: Path) -> None:
    """But for where the log ends; and an event without an action may be any."""
    run = read_trace(walk(tmp_path / "whole.ndjson", 3, STEPS))

    def bare(number: int, event: Event) -> Event:
        kept = {name: value for name, value in event.vars.items() if name in ("role", "last_lsn")}
        action = None if number % 5 == 0 else event.action
        return Event(node=event.node, seq=event.seq, action=action, args={}, vars=kept)

    path = tmp_path / "bare.ndjson"
    with TraceWriter(path, run.header) as trace:
        for number, (_, event) in enumerate(run.events):
            trace.write(bare(number, event))
    verdict = judged(engine, path)
    assert verdict.status is Status.ACCEPTED, verdict
    assert verdict.largest_frontier is not None
    assert verdict.largest_frontier > 1


@pytest.mark.tlc
def test_both_engines_say_the_same(tmp_path: Path) -> None:
    scene = next(one for one in SCENES if one.rule == "H4")
    paths = [
        walk(tmp_path / "right.ndjson", 2, STEPS),
        played(tmp_path / "wrong.ndjson", mutant_of(scene).rules(), scene),
    ]
    verdicts = OracleEngine(SPEC).validate(paths)
    assert Engine(SPEC, find_tools(), workers=1).validate(paths) == verdicts
    assert [one.status for one in verdicts] == [Status.ACCEPTED, Status.REFUSED]


def test_the_branches_that_a_walk_takes_are_told(engine: OracleEngine, tmp_path: Path) -> None:
    verdict = judged(engine, walk(tmp_path / "walk.ndjson", 6, STEPS))
    found = exercised([verdict], engine)
    assert (found.traces, found.left_out) == (1, [])
    assert any(branch.action == "CallsOs" for branch in found.taken)
