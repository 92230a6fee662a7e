"""`--minimize`: short, still refused, and for the same cause."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.command import run_redoraft

from redoraft_check.exits import CliError
from redoraft_check.paths import spec_dir
from redoraft_check.validate.minimize import Minimized, minimize
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.refusals import explained
from redoraft_check.validate.verdict import Status

from .kit import ACCEPTED, REJECTED, ROOT, Lines

ACKS = REJECTED / "mutant-acks-before-fsync.ndjson"
SHOWS = REJECTED / "shows-term.ndjson"


def checked(path: Path, folder: Path) -> Minimized:
    """Shrink a trace, and see that what is left is refused at its last event for the same cause."""
    found = minimize(path, spec_dir())
    short = folder / "short.ndjson"
    found.write(short)
    long, left = explained(OracleEngine(spec_dir()).validate([path, short]), spec_dir())
    assert left.status is Status.REFUSED
    assert left.line == len(found.events) + 1
    assert long.explanation is not None and left.explanation is not None
    assert left.explanation.cause == long.explanation.cause == found.cause
    assert found.runs > len(found.events)
    return found


def test_a_mutants_trace_becomes_short(tmp_path: Path) -> None:
    found = checked(ACKS, tmp_path)
    assert [event.action for event in found.events] == [
        *("StartElection", "UpdateTerm", "GrantVote", "BecomeLeader", "AppendEntries", "Acknowledge"),
    ]
    # Nothing is shown but what must be: none of these events need its variables.
    assert [dict(event.vars) for event in found.events] == [{}] * 6
    assert [event.seq for event in found.events] == [1, 1, 2, 2, 3, 4]


def test_a_wrong_variable_is_what_stays(tmp_path: Path) -> None:
    found = checked(SHOWS, tmp_path)
    assert len(found.events) < found.before
    assert list(found.events[-1].vars) == ["term"]


def test_only_a_refused_trace_can_be_shrunk(tmp_path: Path) -> None:
    with pytest.raises(CliError, match="does not refuse it"):
        minimize(Lines.read(ACCEPTED / "calm-seed-3.ndjson").cut(9).write(tmp_path / "t.ndjson"), spec_dir())
    with pytest.raises(CliError, match="not an event"):
        minimize(REJECTED / "half-line-in-the-middle.ndjson", spec_dir())
    with pytest.raises(CliError, match="its seq is what is wrong"):
        minimize(REJECTED / "event-duplicated.ndjson", spec_dir())


def test_the_command_writes_it_and_judges_it(tmp_path: Path) -> None:
    out = tmp_path / "short.ndjson"
    words = ("validate", "--engine", "oracle", "--minimize")
    said = run_redoraft(*words, "--out", out, ACKS, cwd=ROOT)
    assert said.returncode == 21
    assert f"{out}:7: refused" in said.stdout
    assert "7 events to 6" in said.stderr and "oracle runs" in said.stderr
    said = run_redoraft(*words, ACKS, cwd=ROOT)
    assert said.returncode == 2 and "--minimize --out FILE TRACE" in said.stderr
