"""A binlog in the cluster: clean as it is, and found out with a rule taken out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from redoraft.binlog import Carrier
from redoraft.binlog.file import Event
from redoraft.binlog.mutants import ALL_BINLOG_MUTANTS, BINLOG_MUTANTS
from redoraft.binlog.rules import CARRIED, SIMULATED
from redoraft.cluster.ending import DOWNSTREAM, SAME_BINLOG, divergences, end_check
from redoraft.cluster.faults import ALL_FAULTS, DISK_FAULTS
from redoraft.cluster.simulator import Settings, Simulator, members_of
from redoraft.mutants import ALL_MUTANTS, rules_of
from redoraft.raft.outputs import Outcome
from redoraft.types import NodeId
from redoraft_check.cli import main
from redoraft_traces import Event as Traced

STEPS = 500


def simulated(
    seed: int, mutant: str | None = None, carrier: Carrier = Carrier.OWN
) -> tuple[Simulator, list[str], list[Traced]]:
    """A run under all faults, healed; what is wrong in the end, and its events."""
    events: list[Traced] = []
    rules = rules_of(None if mutant is None else ALL_MUTANTS[mutant])
    settings = Settings(seed, members_of(3, 1), ALL_FAULTS | DISK_FAULTS, rules, binlog=True, carrier=carrier)
    simulator = Simulator(settings, events.append)
    simulator.run(STEPS)
    return simulator, end_check(simulator), events


@pytest.mark.parametrize("carrier", Carrier)
def test_runs_end_with_the_committed_transactions_in_every_binlog(carrier: Carrier) -> None:
    for seed in range(1, 5):
        simulator, findings, _ = simulated(seed, carrier=carrier)
        assert findings == []
        committed = simulator.ledger.transactions
        downstream = [event.xid for event in simulator.binlogs.downstream]
        assert downstream == committed[: len(downstream)]
        answered = [one.number for one in simulator.transactions.values() if one.outcome is Outcome.OK]
        assert set(answered) <= set(committed)
        assert len(answered) > 2
        assert len(downstream) > 2


def test_the_same_seed_gives_the_same_run() -> None:
    assert simulated(3)[2] == simulated(3)[2]


def test_without_a_binlog_there_is_none() -> None:
    events: list[Traced] = []
    simulator = Simulator(Settings(1, members_of(3, 1)), events.append)
    simulator.run(STEPS)
    assert not any("binlog" in name for event in events for name in (*event.vars, *event.args))
    assert all(host.node is None or host.node.two_phase is None for host in simulator.hosts.values())
    assert all(host.binlog_disk.names == () for host in simulator.hosts.values())


STOPS = "a node works on what a crash leaves"
FOUND = {
    "keeps-its-binlog": (26, SAME_BINLOG),
    "takes-redo-first": (5, "the cluster comes to rest"),
    "sends-at-once": (1, DOWNSTREAM),
    "commits-prepared": (1, STOPS),
    "syncs-no-binlog": (1, STOPS),
}
"""Mutant: the seed, and the promise that the end of the run breaks."""


@pytest.mark.parametrize("mutant", FOUND)
def test_the_end_of_a_run_finds_a_mutant(mutant: str) -> None:
    seed, promise = FOUND[mutant]
    _, findings, _ = simulated(seed, mutant)
    assert any(one.startswith(promise) for one in findings), findings


def test_what_is_in_one_binlog_and_not_committed_is_found() -> None:
    simulator, findings, _ = simulated(2)
    assert findings == []
    host = simulator.hosts[NodeId("n1")]
    assert host.node is not None
    assert host.node.two_phase is not None
    host.node.two_phase.binlog.append(Event(999, "t999"))
    [(promise, where)] = divergences(simulator)
    assert promise == SAME_BINLOG
    assert "it has 999, the committed log nothing more" in where


def test_all_rules_but_two_are_those_of_the_cluster() -> None:
    """A crash inside a promotion, and reads beside a binlog, are in tests/binlog."""
    assert {one.rule for one in BINLOG_MUTANTS.values()} - SIMULATED == {"H20-start", "H18-binlog"}
    assert {one.rule for one in ALL_BINLOG_MUTANTS.values()} - SIMULATED - CARRIED == {
        "H20-start",
        "H18-binlog",
    }


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "t.ndjson"
    argv = ["simulate", "--binlog", "--seed", "1", "--steps", "300", "--end-check", "-q", "--out", str(out)]
    assert main(argv) == 0
    text = capsys.readouterr().out
    assert "binlog: " in text
    assert "--binlog --out" in text
    assert json.loads(out.read_text().splitlines()[0])["modules"] == ["Startup", "Binlog"]
    assert main([*argv, "--carrier", "redo"]) == 0
    assert ", 0 TakeBinlog, " in capsys.readouterr().out
    assert json.loads(out.read_text().splitlines()[0])["constants"]["carrier"] == "redo"
    for other in ("--pages", "--ddl"):
        assert main(["simulate", "--binlog", other, "--out", str(out)]) == 2
        assert "--pages, --ddl or --binlog" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--carrier", "redo"], "--carrier redo is about a binlog: add --binlog"),
        (["--binlog", "--mutant", "leaves-the-event-out"], "use redoraft simulate --binlog --carrier redo"),
        (
            ["--binlog", "--carrier", "redo", "--mutant", "H20-take"],
            "use redoraft simulate --binlog --carrier own",
        ),
        (["--mutant", "H20-redo"], "which these nodes do not have: use redoraft simulate --binlog"),
    ],
)
def test_words_of_the_other_carrier(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", *words]) == 2
    assert said in " ".join(capsys.readouterr().err.split())
