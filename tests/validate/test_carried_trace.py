"""Simulated nodes whose redo carries the binlog: Binlog, with that carrier, judges them over the log of
Startup."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import structs

from redoraft.binlog import Carrier
from redoraft_check.paths import spec_dir
from redoraft_check.tlc.tools import find_tools
from redoraft_check.validate.engine import Engine
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.verdict import Status
from redoraft_traces import Event

from .kit import Lines, judged, simulate

STEPS = 500


def carried(path: Path, seed: int, mutant: str | None = None, steps: int = STEPS) -> Path:
    return simulate(path, seed, steps, mutant=mutant, binlog=True, carrier=Carrier.REDO)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Lines:
    return Lines.read(carried(tmp_path_factory.mktemp("carried") / "t.ndjson", 1))


def sizes(lines: Lines, at: int) -> tuple[int, int]:
    """How long the binlog of a node was before an event of it, and is then."""
    event = lines.events[at]
    before = [one.vars["binlog_size"] for one in lines.events[:at] if one.node == event.node]
    return (before[-1] if before else 0), event.vars["binlog_size"]


def shrinking(lines: Lines, action: str) -> list[int]:
    """Where a binlog lost something."""
    return [
        at
        for at, event in enumerate(lines.events)
        if event.action == action
        and "binlog_size" in event.vars
        and sizes(lines, at)[0] > sizes(lines, at)[1]
    ]


def test_the_steps_are_those_of_the_specification(engine: OracleEngine, tmp_path: Path) -> None:
    """Also where a binlog is cut with redo, on promotion, where redo comes, and by what a crash leaves."""
    counts: Counter[str | None] = Counter()
    shrinks: Counter[str] = Counter()
    for seed in (2, 6, 22):
        path = carried(tmp_path / f"{seed}.ndjson", seed)
        verdict = judged(engine, path)
        assert verdict.status is Status.ACCEPTED, (seed, verdict)
        lines = Lines.read(path)
        counts.update(event.action for event in lines.events)
        for action in ("Truncate", "AppendEntries", "BecomeLeader", "Restart"):
            shrinks[action] += len(shrinking(lines, action))
    assert counts["TakeBinlog"] == 0
    assert counts["WriteBinlog"] > 10
    assert counts["Dump"] > 10
    assert all(shrinks.values()), shrinks


@pytest.mark.tlc
def test_both_engines_say_the_same(run: Lines, tmp_path: Path) -> None:
    right = run.write(tmp_path / "right.ndjson")
    at = shrinking(run, "Truncate")[0]
    wrong = run.shown(at, binlog_size=sizes(run, at)[0]).cut(at + 1).write(tmp_path / "wrong.ndjson")
    verdicts = Engine(spec_dir(), find_tools()).validate([right, wrong])
    assert [one.status for one in verdicts] == [Status.ACCEPTED, Status.REFUSED]
    assert verdicts == OracleEngine(spec_dir()).validate([right, wrong])


REFUSED = {
    "leaves-the-event-out": (1, "AppendEntries"),
    "keeps-what-redo-loses": (1, "Truncate"),
    "keeps-its-binlog": (2, "BecomeLeader"),
    "sends-at-once": (1, "Dump"),
    "commits-prepared": (1, "WriteMtr"),
    "syncs-no-binlog": (2, "Restart"),
}
"""Mutant: the seed, and the event that is refused."""


@pytest.mark.parametrize("mutant", REFUSED)
def test_a_mutant_is_refused(engine: OracleEngine, tmp_path: Path, mutant: str) -> None:
    seed, action = REFUSED[mutant]
    verdict = judged(engine, carried(tmp_path / "t.ndjson", seed, mutant))
    assert verdict.status is Status.REFUSED
    assert f"does not allow {action} here" in (verdict.reason or "")


def test_without_a_cut_it_is_allowed_without_h20(tmp_path: Path) -> None:
    """What is left over is committed late (Binlog_redo_uncut)."""
    path = carried(tmp_path / "t.ndjson", 2, "keeps-its-binlog")
    assert judged(OracleEngine(spec_dir(), off=("H20",)), path).status is Status.ACCEPTED


def with_carrier(run: Lines, carrier: object) -> Lines:
    """The same under a header that says another carrier, or nothing of it."""
    others = {name: value for name, value in run.header.constants.items() if name != "carrier"}
    return run.headed(constants=others if carrier is None else others | {"carrier": carrier})


def test_the_other_carrier_does_not_explain_it(engine: OracleEngine, run: Lines, tmp_path: Path) -> None:
    for carrier in (None, "own"):
        verdict = judged(engine, with_carrier(run, carrier).write(tmp_path / "t.ndjson"))
        assert verdict.status is Status.REFUSED
        assert "does not allow AppendEntries here" in (verdict.reason or "")


def grown(event: Event, by: int) -> Event:
    return structs.replace(event, vars=event.vars | {"binlog_size": event.vars["binlog_size"] + by})


WRONG: dict[str, tuple[str, Callable[[Event], Event]]] = {
    "redo has come and its event has not": ("AppendEntries", lambda event: grown(event, -1)),
    "a binlog that grows without redo": ("Apply", lambda event: grown(event, 1)),
    "a restart that finds less than redo has": ("Restart", lambda event: grown(event, -1)),
    "a restart that finds more than redo has": ("Restart", lambda event: grown(event, 2)),
    "a binlog on a way of its own": (
        "AppendEntries",
        lambda event: structs.replace(event, action="TakeBinlog", args={"size": event.vars["binlog_size"]}),
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_refused_there(engine: OracleEngine, run: Lines, tmp_path: Path, case: str) -> None:
    action, broken = WRONG[case]
    at = run.first(lambda event: event.action == action and event.vars.get("binlog_size", 0) > 1)
    wrong = broken(run.events[at])
    lines = run.replaced(at, action=wrong.action, args=wrong.args, vars=wrong.vars).cut(at + 1)
    assert judged(engine, run.cut(at + 1).write(tmp_path / "right.ndjson")).status is Status.ACCEPTED
    verdict = judged(engine, lines.write(tmp_path / "wrong.ndjson"))
    assert (verdict.status, verdict.line) == (Status.REFUSED, at + 2)


@pytest.mark.parametrize("carrier", ["mail", ["redo"], 1])
def test_a_carrier_that_is_none(engine: OracleEngine, run: Lines, tmp_path: Path, carrier: object) -> None:
    verdict = judged(engine, with_carrier(run, carrier).write(tmp_path / "t.ndjson"))
    said = f"carrier in constants is {carrier!r}, not own or redo"
    assert (verdict.status, verdict.reason) == (Status.UNREADABLE, said)


def test_a_carrier_without_a_binlog(engine: OracleEngine, run: Lines, tmp_path: Path) -> None:
    verdict = judged(engine, run.headed(modules=["Startup"]).write(tmp_path / "t.ndjson"))
    assert verdict.status is Status.UNREADABLE
    assert "carrier in constants is about Binlog, which modules does not name" in (verdict.reason or "")
