"""What the trace of a run says: actions of the specification, whole variables, messages with a sender."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

import pytest

from redoraft.cluster.trace import trace_header
from redoraft.mutants import NodeRules
from redoraft.observe import OBSERVED
from redoraft.raft.mutants import MUTANTS
from redoraft_traces import Event, TraceWriter, read_trace

from .kit import lines, run

MAPPING = Path(__file__).parents[2] / "spec" / "trace" / "mapping.toml"
ARGS = {row["action"]: set(row["args"]) for row in tomllib.loads(MAPPING.read_text("utf-8"))["event"]}
"""The arguments of every event, as the trace specification reads them."""
SEEDS = range(6)


@cache
def events_of(seed: int) -> list[Event]:
    return run(seed, 800)[1]


def test_every_event_is_one_of_the_specification_with_its_arguments() -> None:
    for seed in SEEDS:
        for event in events_of(seed):
            assert event.action is not None
            assert set(event.args) == ARGS[event.action]


def test_every_event_occurs() -> None:
    """Truncate and Shutdown are rarer than the others; together the runs have everything."""
    assert {event.action for seed in SEEDS for event in events_of(seed)} == set(ARGS)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_event_shows_all_of_its_node(seed: int) -> None:
    for event in events_of(seed):
        missing = set(OBSERVED) - set(event.vars)
        assert missing == ({"applied_lsn"} if event.node == "n3" else set())


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_is_received_was_sent_before(seed: int) -> None:
    sent: set[str] = set()
    received = 0
    for event in events_of(seed):
        if event.received is not None:
            assert event.received in sent
            received += 1
        assert sent.isdisjoint(event.sent), "an id is used once"
        sent.update(event.sent)
    assert received > 10


@pytest.mark.parametrize("seed", SEEDS)
def test_one_leader_a_term(seed: int) -> None:
    leaders = [event.vars["term"] for event in events_of(seed) if event.action == "BecomeLeader"]
    assert len(leaders) == len(set(leaders)) > 1


@pytest.mark.parametrize("seed", SEEDS)
def test_an_acknowledgement_grows_within_a_term_and_a_start(seed: int) -> None:
    said: dict[tuple[str, int], int] = {}
    for event in events_of(seed):
        if event.action == "Restart":
            said = {key: lsn for key, lsn in said.items() if key[0] != event.node}
        if event.action == "Acknowledge":
            key = (event.node, event.vars["term"])
            assert event.args["lsn"] > said.get(key, 8204)
            assert event.args["lsn"] <= min(event.vars["flushed_lsn"], event.vars["agreed_lsn"])
            said[key] = event.args["lsn"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_commit_is_answered_once_and_only_when_it_is_on_a_majority(seed: int) -> None:
    answers = [event for event in events_of(seed) if event.action == "AckCommit"]
    assert len({(event.vars["term"], event.args["lsn"]) for event in answers}) == len(answers)
    assert all(event.args["lsn"] <= event.vars["majority_lsn"] for event in answers)


def test_the_file_reads_back(tmp_path: Path) -> None:
    simulator, events = run(0, 800)
    header = trace_header(simulator.settings.members, "a test")
    with TraceWriter(tmp_path / "run.ndjson", header) as trace:
        for event in events:
            trace.write(event)
    back = read_trace(tmp_path / "run.ndjson")
    assert (back.header.modules, back.header.constants) == (
        ["Startup"],
        {"data_nodes": ["n1", "n2"], "log_nodes": ["n3"]},
    )
    assert [located.event for located in back.events] == events


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_changes_some_run(name: str) -> None:
    """Until it does something else a mutant's run is that of the rules, event for event."""
    rules = NodeRules(raft=MUTANTS[name].rules())
    for seed in range(40):
        healthy, broken = run(seed)[1], run(seed, rules=rules)[1]
        if lines(healthy) != lines(broken):
            return
    raise AssertionError(f"{name} makes no difference in 40 runs")
