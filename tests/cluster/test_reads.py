"""Clients that read, too: what they saw is that of one register, and is not when a leader asks nobody."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from redoraft.cluster.faults import ALL_FAULTS, Fault
from redoraft.cluster.readers import REGISTER, Reading
from redoraft.cluster.simulator import Settings, Simulator, members_of
from redoraft.mutants import find_mutant, rules_of
from redoraft.raft.outputs import Outcome, Reply
from redoraft.redo.lsn import START_LSN
from redoraft_check.campaign.clients import calls_of, clients_check_of
from redoraft_check.cli import main
from redoraft_check.exits import Exit

CUT_OFF = frozenset({Fault.PARTITION})
SEED = 38
"""A leader is cut off, nobody writes to it, another one is elected and written to, and the first is read."""


def run(
    seed: int, reading: Reading, faults: frozenset[Fault] = ALL_FAULTS, mutant: str | None = None
) -> Simulator:
    rules = rules_of(find_mutant(mutant) if mutant else None)
    settings = Settings(seed, members_of(3, 1), faults, rules, reading=reading)
    simulator = Simulator(settings, lambda _: None)
    simulator.run(1500)
    return simulator


@pytest.mark.parametrize("reading", Reading)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_clients_see_under_faults_is_linearizable(seed: int, reading: Reading) -> None:
    history = run(seed, reading).history
    told = [call for call in calls_of(history) if call.told == "ok"]
    kinds = {"read", "local", "write"} if reading is Reading.SESSION else {"read", "write"}
    assert {call.kind.value for call in told} == kinds
    assert clients_check_of(history) == []


def test_a_leader_that_is_cut_off_and_asks_nobody_is_found_out() -> None:
    assert clients_check_of(run(SEED, Reading.INDEX, CUT_OFF).history) == []
    found = clients_check_of(run(SEED, Reading.INDEX, CUT_OFF, "asks-nobody").history)
    assert "no order of one register explains it" in found[0]


def test_a_follower_answers_when_it_has_what_its_client_has_seen() -> None:
    calls = run(6, Reading.SESSION).history.calls.values()
    local = [call for call in calls if call.kind == "local" and call.told is Outcome.OK]
    waited = [call for call in local if call.answered is not None and call.answered > call.asked + 1]
    assert waited
    assert len(waited) < len(local), "others had it already"


def test_without_sessions_a_client_is_shown_what_is_older_than_it_has_seen() -> None:
    found = clients_check_of(run(1, Reading.SESSION, mutant="forgets-the-session").history)
    assert "no order of one register explains it" in found[0]
    assert clients_check_of(run(1, Reading.SESSION).history) == []


def test_a_read_with_a_leaders_index_is_answered_at_a_follower() -> None:
    simulator = Simulator(Settings(1, members_of(3, 1), frozenset(), reading=Reading.THROUGH), lambda _: None)
    simulator.run(600)
    shown = [call for call in simulator.history.calls.values() if call.kind == "read" and call.value]
    assert shown
    assert clients_check_of(simulator.history) == []


def test_a_read_with_a_leaders_index_waits_until_the_follower_has_it() -> None:
    assert clients_check_of(run(2, Reading.THROUGH).history) == []
    found = clients_check_of(run(2, Reading.THROUGH, mutant="forgets-the-session").history)
    assert "no order of one register explains it" in found[0]


def test_a_leader_answers_no_read_that_is_a_followers() -> None:
    simulator = Simulator(Settings(1, members_of(3, 1), frozenset()), lambda _: None)
    simulator.run(400)
    leader = simulator.leader()
    assert leader is not None
    node = simulator.hosts[leader].node
    assert node is not None
    assert node.serving
    assert list(node.read_here("r", REGISTER, START_LSN)) == [Reply("r", Outcome.FAILED)]


def test_simulate_says_what_clients_saw(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["simulate", "--seed", str(SEED), "--steps", "1500", "--faults", "partition", "--reads", "index"]
    words += ["--out", str(tmp_path / "t.ndjson"), "--format", "json", "-q"]
    assert main(words) == Exit.HELD
    report = json.loads(capsys.readouterr().out)
    assert (report["verdict"], report["clients"]["findings"]) == ("recorded", [])
    assert main([*words, "--mutant", "H19"]) == Exit.SAFETY
    report = json.loads(capsys.readouterr().out)
    assert report["verdict"] == "violated"
    assert "no order of one register" in report["clients"]["findings"][0]
    assert "--reads index" in report["command"]


def test_without_readers_nothing_is_asked() -> None:
    simulator = Simulator(Settings(1, members_of(3, 1)), lambda _: None)
    simulator.run(300)
    assert {call.kind for call in simulator.history.calls.values()} == {"write"}
