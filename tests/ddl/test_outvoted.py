"""A leader that is outvoted before it serves: what it may still do to files, and what it need not do.

In step with spec/DdlFileOps.tla, whose Elect and StepDown say the same.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from redoraft.ddl.rules import ALL_DDL_RULES
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.verdict import Status

from .lockstep import SPEC, Lockstep, file_ops, files_on
from .stage import Stage
from .traced import TracedStage, write


def dropped_and_not_deleted(stage: Stage) -> None:
    """n1 has committed a DROP and dies before it deletes; n2 leads and has applied all, not recovered."""
    stage.made()
    assert stage.statement("drop", "a")
    stage.run("committed")
    stage.advance(stage.end)
    stage.restart("n1")
    assert stage.elect("n2", stage.end)
    stage.establish()
    stage.follow("n2")


def deletes_late(stage: Stage) -> None:
    """n2 is outvoted, recovers the row all the same and deletes the file: no wait stands in between."""
    dropped_and_not_deleted(stage)
    assert files_on(stage.members["n2"].disk)
    assert stage.elect("n1", stage.majority)
    assert stage.late_call("n2")
    assert not files_on(stage.members["n2"].disk)
    stage.check()
    stage.lead("n1")
    stage.restart("n2")


def steps_down(stage: Stage) -> None:
    """n2 hears of the newer term first and goes on as a follower, for readers too, with its file."""
    dropped_and_not_deleted(stage)
    assert stage.step_down()
    assert stage.members["n2"].phase == "up"
    assert files_on(stage.members["n2"].disk)
    stage.take_over("n1")


def leads_again(stage: Stage) -> None:
    """The same, and it is the next leader after all."""
    dropped_and_not_deleted(stage)
    assert stage.step_down()
    stage.take_over("n2")


SCHEDULES = (deletes_late, steps_down, leads_again)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda one: one.__name__)
def test_it_ends_well_in_step_with_the_specification(
    schedule: Callable[[Stage], None], tmp_path: Path
) -> None:
    stage = TracedStage(ALL_DDL_RULES)
    lockstep = Lockstep(stage, file_ops())
    schedule(stage)
    stage.settle()
    stage.check_quiet()
    names = {name for name, _ in stage.trail}
    assert ("LateCalls" if schedule is deletes_late else "StepDown") in names
    lockstep.follow()
    [verdict] = OracleEngine(SPEC).validate([write(tmp_path / "trace.ndjson", stage, schedule.__name__)])
    assert verdict.status is Status.ACCEPTED, verdict


def test_who_has_written_restarts_instead() -> None:
    stage = Stage(ALL_DDL_RULES)
    dropped_and_not_deleted(stage)
    assert stage.step()
    assert stage.step()
    assert stage.end > stage.majority
    assert not stage.step_down()
