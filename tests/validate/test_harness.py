"""Mutants of the judge: each would let a wrong run pass, or stop a right one, and the corpus notices.

Each changes one place in a copy of the specification; some verdict of the corpus is then another one than the
one beside the trace.  A judge that cannot decide (an evaluation error, a line of acceptance that is not the
one of the run itself) must say so.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from redoraft_check.counterexample.file_ops import write_file_ops
from redoraft_check.counterexample.recorded import read_recorded, record_path
from redoraft_check.exits import Exit
from redoraft_check.paths import spec_dir
from redoraft_check.validate.engine import Engine
from redoraft_check.validate.verdict import Status, Verdict

from .kit import ACCEPTED, REJECTED, Lines, engine, expectation, expectations

pytestmark = pytest.mark.tlc

CALM = ACCEPTED / "calm-seed-3.ndjson"
FAULTS = ACCEPTED / "faults-seed-1.ndjson"


def broken(spec: Path, *changes: tuple[str, str], module: str = "TraceStartup") -> Engine:
    """The engine on a copy of the specification in which TraceStartup, or another module, is changed."""
    path = spec / "trace" / f"{module}.tla"
    text = path.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, f"{old!r} is not in {module}"
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return engine(spec)


def judge(judging: Engine, *paths: Path) -> list[Status]:
    return [verdict.status for verdict in judging.validate(paths)]


def expected(path: Path) -> Status:
    return Status.ACCEPTED if path.parent == ACCEPTED else expectation(path).status


# What is broken: the old text, the new text, the trace whose verdict changes, what it becomes.
MUTANTS: dict[str, tuple[str, str, Path, Status]] = {
    "the flushed LSN is not looked at": (
        *("    /\\ Same(v[6], durable'[n])\n", "", REJECTED / "flushed-lsn-changed.ndjson"),
        Status.ACCEPTED,
    ),
    "the last event is not consumed": (
        *("/\\ cursor = Len(Events) + 1", "/\\ cursor = Len(Events)"),
        *(REJECTED / "mutant-old-leader-heard.ndjson", Status.ACCEPTED),
    ),
    "finished before it began": (
        *("/\\ cursor = Len(Events) + 1", "/\\ cursor \\in 1..(Len(Events) + 1)"),
        *(REJECTED / "mutant-acks-before-fsync.ndjson", Status.ACCEPTED),
    ),
    "an action without its guard": (
        *("\\E l \\in Choices(a[1], 1..Len(log[n])) : NodeAckCommit(n, l)", "UNCHANGED allVars"),
        *(REJECTED / "mutant-answers-at-once.ndjson", Status.ACCEPTED),
    ),
    "a restart that keeps whatever it shows": (
        *("/\\ NodeRestart(n)", "/\\ Restart(n) /\\ phase' = phase /\\ applied' = applied"),
        *(FAULTS, Status.REFUSED),
    ),
    "an action that is never matched": (
        *('/\\ action = "Apply"', '/\\ action = "Aply"'),
        *(CALM, Status.REFUSED),
    ),
    "a crash that nothing implies": (
        *("NodeCrash(n, Prefix(log[n], l))", "FALSE /\\ NodeCrash(n, Prefix(log[n], l))"),
        *(FAULTS, Status.REFUSED),
    ),
    "no line of acceptance": (
        *('    /\\ PrintT(<<"ACCEPTED", Runs[run].id, Len(Events), Runs[run].hash>>)\n', ""),
        *(CALM, Status.UNKNOWN),
    ),
    "a line of acceptance for another length": (
        *("Runs[run].id, Len(Events), Runs", "Runs[run].id, Len(Events) - 1, Runs"),
        *(CALM, Status.UNKNOWN),
    ),
    "a line of acceptance for another content": (
        *("Len(Events), Runs[run].hash", 'Len(Events), "0123456789abcdef"'),
        *(CALM, Status.UNKNOWN),
    ),
    "a line of acceptance for another run": (
        *('"ACCEPTED", Runs[run].id', '"ACCEPTED", "7"'),
        *(CALM, Status.UNKNOWN),
    ),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_corpus_notices(mutant: str, spec_copy: Path) -> None:
    old, new, path, status = MUTANTS[mutant]
    assert judge(broken(spec_copy, (old, new)), path) == [status]
    assert expected(path) is not status


WALK = ACCEPTED / "ddl-walk-seed-6.ndjson"
DDL_MUTANTS: dict[str, tuple[str, str, Path, Status]] = {
    "the files are not looked at": (
        *("    /\\ SameFiles(v[4], files'[n])\n", "", REJECTED / "ddl-shows-files.ndjson"),
        Status.ACCEPTED,
    ),
    "what a leader shows is not looked at": (
        *("IF leader' = n THEN LeaderShows(v)", "IF leader' = n THEN TRUE"),
        *(REJECTED / "ddl-shows-stage.ndjson", Status.ACCEPTED),
    ),
    "the last event is not consumed": (
        *("/\\ cursor = Len(Events) + 1", "/\\ cursor = Len(Events)"),
        *(REJECTED / "ddl-mutant-keeps-caches.ndjson", Status.ACCEPTED),
    ),
    "an action without its guard": (
        *(
            "/\\ Serve(n)",
            '/\\ stage\' = "serving" /\\ UNCHANGED <<log, term, leader, majority, job, nodeVars>>',
        ),
        *(REJECTED / "ddl-mutant-serves-unrecovered.ndjson", Status.ACCEPTED),
    ),
    "an action that is never matched": (
        *('/\\ action = "Applies"', '/\\ action = "Aplies"', WALK),
        Status.REFUSED,
    ),
    "a crash that loses everything": (
        *("Crash(n, l)", "Leave(n, {}, l)", WALK),
        Status.REFUSED,
    ),
    "a leader from the start that is always the same": (
        *("/\\ leader \\in DataNodes", '/\\ leader = "n2"', WALK),
        Status.REFUSED,
    ),
    "no line of acceptance": (
        *('    /\\ PrintT(<<"ACCEPTED", Runs[run].id, Len(Events), Runs[run].hash>>)\n', "", WALK),
        Status.UNKNOWN,
    ),
}


@pytest.mark.parametrize("mutant", DDL_MUTANTS)
def test_the_corpus_notices_in_ddl(mutant: str, spec_copy: Path) -> None:
    old, new, path, status = DDL_MUTANTS[mutant]
    assert judge(broken(spec_copy, (old, new), module="TraceDdl"), path) == [status]
    assert expected(path) is not status


NO_LINE = ('    /\\ PrintT(<<"ACCEPTED", Runs[run].id, Len(Events), Runs[run].hash>>)\n', "")
RAFT_RUN = ACCEPTED / "raft-faults-seed-1.ndjson"
RAFT_WRITES = REJECTED / "raft-mutant-anybody-writes.ndjson"
RAFT_MUTANTS: dict[str, tuple[str, str, Path, Status]] = {
    "the flushed LSN is not looked at": (
        *("    /\\ Same(v[5], durable'[n])\n", "", REJECTED / "raft-shows-flushed-lsn.ndjson"),
        Status.ACCEPTED,
    ),
    "the last event is not consumed": (
        *("/\\ cursor = Len(Events) + 1", "/\\ cursor = Len(Events)", RAFT_WRITES),
        Status.ACCEPTED,
    ),
    "an action without its guard": (
        *("/\\ WriteMtr(n)\n", "/\\ Extend(n, Data(term[n]))\n", RAFT_WRITES),
        Status.ACCEPTED,
    ),
    "an action that is never matched": (
        *('/\\ action = "Acknowledge"', '/\\ action = "Aknowledge"', RAFT_RUN),
        Status.REFUSED,
    ),
    "a crash that nothing implies": (
        *("/\\ Crashes(Events[cursor][2])", "/\\ FALSE /\\ Crashes(Events[cursor][2])", RAFT_RUN),
        Status.REFUSED,
    ),
    "what is hidden does not happen": (
        *('"Fsync" \\in Hidden /\\ Fsyncs(n)', "FALSE", ACCEPTED / "raft-hidden-actions.ndjson"),
        Status.REFUSED,
    ),
    "no line of acceptance": (*NO_LINE, RAFT_RUN, Status.UNKNOWN),
}

LIMITS_WALK = ACCEPTED / "limits-walk-seed-26.ndjson"
LIMITS_MUTANTS: dict[str, tuple[str, str, Path, Status]] = {
    "the buffer pool is not looked at": (
        *("    /\\ SameLsns(v[9], buffer')\n", "", REJECTED / "limits-shows-buffered-lsns.ndjson"),
        Status.ACCEPTED,
    ),
    "what is around the node is not looked at": (
        *("    /\\ Same(v[12], peer')\n", "", REJECTED / "limits-shows-peer-lsn.ndjson"),
        Status.ACCEPTED,
    ),
    "the last event is not consumed": (
        *("/\\ cursor = Len(Events) + 1", "/\\ cursor = Len(Events)"),
        *(REJECTED / "limits-mutant-passes-dictionary.ndjson", Status.ACCEPTED),
    ),
    "an action without its guard": (
        *(
            "/\\ StepDown\n",
            "/\\ serving > 0 /\\ serving' = 0 /\\ log' = Prefix(log, EndBelow(log, Len(log)))"
            " /\\ durable' = Min2(durable, Len(log')) /\\ applied' = Len(log')"
            " /\\ UNCHANGED <<committed, known, settled, peer, buffer, copy, diskVars>>\n",
        ),
        *(REJECTED / "limits-mutant-steps-down.ndjson", Status.ACCEPTED),
    ),
    "an action that is never matched": (
        *('/\\ action = "FlushPage"', '/\\ action = "FlushPages"', LIMITS_WALK),
        Status.REFUSED,
    ),
    "nothing is done that nobody tells": (
        *("ImpliedCrash == UnsaidStep", "ImpliedCrash == FALSE", LIMITS_WALK),
        Status.REFUSED,
    ),
    "a crash that loses everything": (*(": Crash(l)", ": l = 0 /\\ Crash(l)", LIMITS_WALK), Status.REFUSED),
    "no line of acceptance": (*NO_LINE, LIMITS_WALK, Status.UNKNOWN),
}
ALONE_MUTANTS = {
    **{("TraceRaft", mutant): one for mutant, one in RAFT_MUTANTS.items()},
    **{("TraceLimits", mutant): one for mutant, one in LIMITS_MUTANTS.items()},
}


@pytest.mark.parametrize(("module", "mutant"), ALONE_MUTANTS)
def test_the_corpus_notices_where_a_module_judges_alone(module: str, mutant: str, spec_copy: Path) -> None:
    old, new, path, status = ALONE_MUTANTS[module, mutant]
    assert judge(broken(spec_copy, (old, new), module=module), path) == [status]
    assert expected(path) is not status


def test_tables_that_are_there_at_first_are_the_headers(spec_copy: Path, tmp_path: Path) -> None:
    found = read_recorded(record_path(spec_dir(), "H4_off"))
    path = tmp_path / "H4.ndjson"
    write_file_ops(path, found.behaviour, spec_dir(), "a test")
    assert judge(evolve(engine(), off=("H4",)), path) == [Status.ACCEPTED]
    forgetful = broken(spec_copy, ("GivenTables == FilesIn(Given)", "GivenTables == {}"), module="TraceDdl")
    assert judge(evolve(forgetful, off=("H4",)), path) == [Status.REFUSED]


def test_each_value_of_ddl_is_refused_for_itself_alone(spec_copy: Path) -> None:
    changes = (
        ("value = Absent THEN all ELSE {value}", "TRUE THEN all ELSE {value}"),
        ("value = AbsentName THEN tables ELSE", "TRUE THEN tables ELSE"),
        ("value = Absent \\/ value = actual", "TRUE"),
        ("value = AbsentName \\/ value = actual", "TRUE"),
        ("value = AbsentFiles \\/ FilesIn(value) = actual", "TRUE"),
    )
    paths = [one.path for one in expectations() if one.path.stem.startswith(("ddl-shows-", "ddl-says-"))]
    assert len(paths) == 12
    verdicts = broken(spec_copy, *changes, module="TraceDdl").validate(paths)
    assert [(one.path.stem, one.reason) for one in verdicts if one.status is not Status.ACCEPTED] == []


def test_each_value_is_refused_for_itself_alone(spec_copy: Path) -> None:
    """A judge that looks at no argument and no variable accepts each trace in which just one is wrong.

    So what the corpus has it refused for is that one.
    """
    changes = (
        ("value = Absent THEN all ELSE {value}", "TRUE THEN all ELSE {value}"),
        ("value = AbsentName THEN all ELSE {value}", "TRUE THEN all ELSE {value}"),
        ("value = Absent \\/ value = actual", "TRUE"),
        ("value = AbsentName \\/ value = actual", "TRUE"),
    )
    paths = [one.path for one in expectations() if one.path.stem.startswith(("shows-", "says-"))]
    assert len(paths) == 20
    verdicts = broken(spec_copy, *changes).validate(paths)
    assert [(one.path.stem, one.reason) for one in verdicts if one.status is not Status.ACCEPTED] == []


def test_an_evaluation_error_stays_with_its_own_trace(spec_copy: Path, tmp_path: Path) -> None:
    # Only calm runs so far that redo is applied.
    refused = REJECTED / "mutant-acks-before-fsync.ndjson"
    short = Lines.read(CALM).cut(5).write(tmp_path / "short.ndjson")
    judging = broken(spec_copy, ("NodeApply(n, l)", "log[n][99].term = 7 /\\ NodeApply(n, l)"))
    verdicts = judging.validate([short, CALM, refused, short])
    assert [one.status for one in verdicts] == [
        *(Status.ACCEPTED, Status.UNKNOWN, Status.REFUSED, Status.ACCEPTED),
    ]
    assert verdicts[1].exit_code is Exit.UNKNOWN
    assert verdicts[1].reason and "\n" not in verdicts[1].reason
    assert verdicts[2].line == expectation(refused).line


def test_a_specification_that_does_not_parse_judges_nothing(spec_copy: Path) -> None:
    verdicts = broken(spec_copy, ("TraceNext ==", "TraceNext == Nonsense \\/")).validate([CALM, FAULTS])
    assert [one.status for one in verdicts] == [Status.UNKNOWN, Status.UNKNOWN]
    assert "Nonsense" in verdicts[0].reason


def test_a_time_out_is_unknown() -> None:
    verdict: Verdict = evolve(engine(), timeout_s=0.3).validate([CALM])[0]
    assert (verdict.status, verdict.exit_code) == (Status.UNKNOWN, Exit.UNKNOWN)
    assert "time-out" in verdict.reason
