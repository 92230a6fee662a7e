"""RaftRedo and StorageLimits judge alone: what their traces say, and what Startup says of the same runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from redoraft.raft.mutants import MUTANTS
from redoraft_check.counterexample.behaviour import write_trace
from redoraft_check.counterexample.export import in_bytes
from redoraft_check.counterexample.recorded import read_recorded, record_path
from redoraft_check.paths import spec_dir
from redoraft_check.validate.mapping import RAFT
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.verdict import Status, Verdict
from redoraft_traces import Event, Header, TraceWriter

from .alone_corpus import raft_alone
from .kit import REJECTED, Lines, accepted_paths

SPEC = spec_dir(None)

# --- RaftRedo ---

OF_STARTUP = {"ST-1", "ST-2", "LIM-3", "H13", "H14"}
"""Rules that RaftRedo does not have: their mutants are runs of it."""


def verdict(path: Path, off: tuple[str, ...] = ()) -> Verdict:
    [found] = OracleEngine(SPEC, off=off).validate([path])
    return found


def test_a_run_of_startup_is_one_of_raft(tmp_path: Path) -> None:
    runs = [path for path in accepted_paths() if path.suffix == ".ndjson" and "torn" not in path.name]
    lines = {path.name: Lines.read(path) for path in runs}
    raft = {name: raft_alone(one) for name, one in lines.items() if one.header.modules == ["Startup"]}
    assert len(raft) >= 8
    for name, one in raft.items():
        found = verdict(one.write(tmp_path / name))
        assert found.status is Status.ACCEPTED, (name, found)


@pytest.mark.parametrize("name", [name for name in MUTANTS if name != "recovers-at-once"])
def test_it_refuses_the_mutants_of_its_own_rules(name: str, tmp_path: Path) -> None:
    """And accepts those of Startup's; each is accepted without its rule."""
    rule = MUTANTS[name].rule
    path = raft_alone(Lines.read(REJECTED / f"mutant-{name}.ndjson")).write(tmp_path / "run.ndjson")
    refused = Status.ACCEPTED if rule in OF_STARTUP else Status.REFUSED
    assert verdict(path).status is refused
    assert verdict(path, (rule,)).status is Status.ACCEPTED


def test_a_followers_write_is_not_its_leaders(tmp_path: Path) -> None:
    """Without CL-1: what others take is the leader's log, whoever wrote in its term."""
    recorded = read_recorded(record_path(SPEC, "CL-1_off")).behaviour
    path = tmp_path / "run.ndjson"
    write_trace(path, recorded, "a test", RAFT)
    lines = Lines.read(path)
    [leader] = {event.node for event in lines.events if event.action == "BecomeLeader"}
    assert [event.action for event in lines.events if event.node != leader][-2:] == ["WriteMtr", "CloseEntry"]
    # Before its follower closes an entry the leader's log is the longer one.
    taken = {"term": 1, "upto_lsn": in_bytes(2), "majority_lsn": in_bytes(0)}
    more = (("UpdateTerm", {"term": 1}), ("AppendEntries", taken))
    others = [Event(node="n3", seq=at, action=do, args=args) for at, (do, args) in enumerate(more, 1)]
    Lines(lines.header, [*lines.events[:-1], *others]).write(path)
    assert verdict(path).line == 2
    assert verdict(path, ("CL-1",)).status is Status.ACCEPTED


# --- StorageLimits ---

START = 8204
Told = tuple[str | None, dict[str, Any], dict[str, Any]]
"""Action, arguments, variables."""

HEADER = Header(
    modules=["StorageLimits"],
    constants={"data_nodes": ["n1"], "pages": ["p", "q"]},
    nodes=["n1"],
    source="a test",
)


def lsn(position: int) -> int:
    return START + 10 * position


def told(path: Path, *events: Told) -> Path:
    """A trace of these actions, each with arguments and variables; LSNs as positions."""
    with TraceWriter(path, HEADER) as trace:
        for seq, (action, args, shown) in enumerate(events, start=1):
            trace.write(Event(node="n1", seq=seq, action=action, args=args, vars=shown))
    return path


ENTRY = [["p", lsn(1)], ["meta", lsn(2)]]
GROWS: Told = ("CommittedGrows", {"term": 1, "entry": ENTRY}, {})
RECEIVE: Told = ("Receive", {"term": 1, "entry": ENTRY}, {})
KNOWN: tuple[Told, ...] = (GROWS, RECEIVE, ("Fsync", {"lsn": lsn(2)}, {}), ("Learn", {"lsn": lsn(2)}, {}))


def seeded(**changed: Any) -> Told:
    args = {"checkpoint_lsn": lsn(2), "end_lsn": lsn(2), "page_lsns": {"p": lsn(1)}}
    return "Seed", args | changed, {"page_lsns": {"p": lsn(1)}, "deleted_lsn": lsn(2), "last_lsn": lsn(2)}


def test_a_copy_of_another_nodes_disk(tmp_path: Path) -> None:
    """H24: with all that its checkpoint says of it, and no less than the node had settled."""
    assert verdict(told(tmp_path / "right.ndjson", GROWS, seeded())).status is Status.ACCEPTED
    lacking = verdict(told(tmp_path / "lacking.ndjson", GROWS, seeded(page_lsns={})))
    assert (lacking.status, lacking.line) == (Status.REFUSED, 3)
    behind = seeded(checkpoint_lsn=START, end_lsn=START, page_lsns={})
    assert verdict(told(tmp_path / "behind.ndjson", *KNOWN, behind)).line == 6
    assert verdict(told(tmp_path / "open.ndjson", GROWS, seeded(end_lsn=None))).status is Status.UNKNOWN


def test_a_restart_finds_what_nobody_told(tmp_path: Path) -> None:
    """Apply, page, checkpoint and deletion; and no more than that."""
    peer: Told = ("PeerGains", {"lsn": lsn(2)}, {})
    disk = {"page_lsns": {"p": lsn(1)}, "checkpoint_lsn": lsn(2), "deleted_lsn": lsn(2)}
    restart: Told = ("Restart", {}, {"last_lsn": lsn(2), **disk})
    assert verdict(told(tmp_path / "told.ndjson", *KNOWN, peer, restart)).status is Status.ACCEPTED
    left_open: Told = ("Restart", {}, {"last_lsn": lsn(2)})
    # The page was not written, and so the checkpoint stays; or it was, and 0 <= deleted <= checkpoint <= 2.
    assert verdict(told(tmp_path / "open.ndjson", *KNOWN, peer, left_open)).largest_frontier == 1 + 6
    without_page: Told = ("Restart", {}, {"last_lsn": lsn(2), **disk, "page_lsns": {}})
    assert verdict(told(tmp_path / "page.ndjson", *KNOWN, peer, without_page)).line == 7
    assert verdict(told(tmp_path / "peer.ndjson", *KNOWN, restart)).line == 6


def test_two_branches_have_ends_of_their_own(tmp_path: Path) -> None:
    """The node's log is cut and grows again, with other ends than the committed log's until they are one."""
    other: Told = ("Receive", {"term": 1, "entry": [["q", lsn(3)], ["meta", lsn(4)]]}, {"last_lsn": lsn(4)})
    newer: Told = (
        "CommittedGrows",
        {"term": 2, "entry": ENTRY},
        {"committed_lsn": lsn(2), "last_lsn": lsn(4)},
    )
    cut: Told = ("Truncate", {"lsn": START}, {"last_lsn": START})
    again: Told = ("Receive", {"term": 2, "entry": ENTRY}, {"last_lsn": lsn(2), "committed_lsn": lsn(2)})
    assert verdict(told(tmp_path / "run.ndjson", other, newer, cut, again)).status is Status.ACCEPTED
    gone = verdict(told(tmp_path / "gone.ndjson", other, newer, cut, ("Fsync", {"lsn": lsn(4)}, {})))
    assert gone.status is Status.REFUSED and "is no mtr end in the log of n1" in gone.reason


@pytest.mark.parametrize(
    ("event", "status", "said"),
    [
        (("Receive", {"term": 1}, {}), Status.UNKNOWN, "Receive without entry"),
        (("Receive", {"entry": ENTRY}, {}), Status.UNKNOWN, "Receive without term"),
        (("Receive", {"term": 1, "entry": "p"}, {}), Status.REFUSED, "not a list of records"),
        (("Receive", {"term": 1, "entry": []}, {}), Status.REFUSED, "not a list of records"),
        (("Receive", {"term": 1, "entry": [["p"]]}, {}), Status.REFUSED, "not a list of records"),
        (("Receive", {"term": 1, "entry": [["x", lsn(1)]]}, {}), Status.REFUSED, "no page and no kind"),
        (("Receive", {"term": 1, "entry": [["p", START]]}, {}), Status.REFUSED, "ends at 8204"),
        (("Receive", {"term": 1, "entry": [["p", lsn(1)]]}, {}), Status.REFUSED, "does not allow Receive"),
        (("WriteMtr", {"kind": "p"}, {}), Status.UNKNOWN, "neither end_lsn nor last_lsn"),
        (("Truncate", {}, {}), Status.UNKNOWN, "Truncate without lsn"),
        (("Restart", {}, {}), Status.UNKNOWN, "Restart without last_lsn"),
        ((None, {}, {}), Status.UNKNOWN, "an event without an action without last_lsn"),
        ((None, {}, {"last_lsn": lsn(1)}), Status.UNKNOWN, "what it wrote is not known"),
        (("Fsync", {}, {"page_lsns": ["p"]}), Status.REFUSED, "not an object of pages and their LSNs"),
    ],
)
def test_what_an_event_has_to_say(event: Told, status: Status, said: str, tmp_path: Path) -> None:
    found = verdict(told(tmp_path / "run.ndjson", event))
    assert found.status is status
    assert said in found.reason


def test_an_event_without_an_action_may_be_any_that_writes_nothing(tmp_path: Path) -> None:
    shown = {"last_lsn": lsn(2), "majority_lsn": lsn(2)}
    assert verdict(told(tmp_path / "learns.ndjson", *KNOWN[:3], (None, {}, shown))).status is Status.ACCEPTED
    assert verdict(told(tmp_path / "not.ndjson", RECEIVE, (None, {}, shown))).status is Status.REFUSED
