"""Schedules that the modules of storage and DDL leave to Raft, taken by the implementation.

They name no rule: the specification has to allow all of them.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import structs

from redoraft_check.commands.replay import Ending, Report, run_scenarios
from redoraft_check.paths import spec_dir
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.verdict import Status
from redoraft_traces import Event, TraceWriter, read_trace

FOLDER = Path(__file__).parent / "late"


@pytest.fixture(scope="module")
def engine() -> OracleEngine:
    return OracleEngine(spec=spec_dir())


def taken(name: str, engine: OracleEngine, folder: Path) -> Report:
    (report,) = run_scenarios([(FOLDER / f"{name}.toml", None)], engine, folder)
    assert report.ending is Ending.ALLOWED
    assert report.run.parting is None
    return report


def events_of(path: Path) -> list[Event]:
    return [event for _, event in read_trace(path).events]


def test_a_leader_that_has_not_served_goes_on_as_a_follower(engine: OracleEngine, tmp_path: Path) -> None:
    """DdlFileOps' StepDown: its own term's marker is on a majority, and the process does not restart."""
    taken("steps-down-unserved", engine, tmp_path)
    events = events_of(tmp_path / "steps-down-unserved.ndjson")
    assert [event.action for event in events if event.node == "n1"][-2:] == ["AdvanceMajority", "UpdateTerm"]


def test_a_late_piece_truncates_what_is_committed(engine: OracleEngine, tmp_path: Path) -> None:
    """So StorageLimits' Truncate asks for nothing of what is committed, and a node that only shares it does
    not count for LOG-8 (TraceStorage's Peer)."""
    taken("outvoted-piece", engine, tmp_path)
    path = tmp_path / "outvoted-piece.ndjson"
    trace, events = read_trace(path), events_of(path)
    shared = next(event.vars["flushed_lsn"] for event in events if event.action == "Fsync")
    leader = next(event for event in events if event.action == "AdvanceMajority")
    cut = next(at for at, event in enumerate(events) if event.action == "Truncate" and event.node == "n5")
    assert events[cut].vars["last_lsn"] < shared < leader.vars["majority_lsn"]
    deletes = [
        Event(node=leader.node, seq=0, action=action, args={"lsn": shared}, vars={})
        for action in ("Checkpoint", "DeleteRedo")
    ]
    header = structs.replace(trace.header, modules=["Startup", "StorageLimits"])
    for name, more, line in (("none", [], None), ("early", deletes, cut + 3)):
        seq: dict[str, int] = {}
        with TraceWriter(tmp_path / f"{name}.ndjson", header) as writer:
            for event in [*events[:cut], *more, *events[cut:]]:
                seq[event.node] = seq.get(event.node, 0) + 1
                writer.write(structs.replace(event, seq=seq[event.node]))
        (verdict,) = engine.validate([tmp_path / f"{name}.ndjson"])
        assert verdict.status is (Status.ACCEPTED if line is None else Status.REFUSED)
        assert verdict.line == line
