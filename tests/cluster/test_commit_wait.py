"""What a commit waits for, in bytes and fsyncs (LOG-11), and what is sent before it is written (LOG-4).

Counts, no times: benchmarks/nodes.py has those.
"""

from __future__ import annotations

from functools import partial

import pytest
from attrs import define, frozen

from redoraft.cluster.trace import trace_header
from redoraft.cluster.trio import MEMBERS, N1, N2, N3, Trio
from redoraft.errors import DiskError
from redoraft.node import Node, Posted, Sizes
from redoraft.raft.inputs import ClientMtr, CloseDue
from redoraft.raft.messages import AppendEntries
from redoraft.redo.files import Layout
from redoraft.redo.mtr import encode_mtr
from redoraft.redo.record import META_SIZE, PageWrite
from redoraft.storage.page import BODY
from redoraft.types import NodeId
from redoraft_check.fuzz.lockstep import Lockstep
from redoraft_traces import Event

from .kit import trio_led_by_n1

WIDE = Sizes(Layout(file_size=1 << 20), pool_pages=8)
"""No new file is made, and no page written, while somebody waits."""
SHIPPED = 2000
"""Bytes after which the leader's entry is closed."""
ROWS = (10, 100, 600)
"""Changes of transactions, 187 bytes of redo each."""


def change(row: int, *, commits: bool = False) -> ClientMtr:
    record = PageWrite(1, row % 4, BODY + row % 80 * 180, row.to_bytes(2) * 90)
    return ClientMtr("t", encode_mtr([record]), commits)


@define
class Fsyncs:
    """Counts the fsyncs of a disk."""

    count: int = 0

    def __call__(self, what: str, name: str) -> DiskError | None:
        self.count += what == "fsync"
        return None


@frozen
class Wait:
    """From the commit to its answer: bytes (LSN) that each of the others gets, and fsyncs of each log."""

    received: tuple[int, int]
    fsyncs: tuple[int, int, int]


def node(trio: Trio, name: NodeId) -> Node:
    found = trio.node(name)
    assert found is not None
    return found


def ship(trio: Trio) -> None:
    """Close the leader's entry and make it durable everywhere; who acknowledges says so at once."""
    trio.do(N1, lambda leader: leader.handle(CloseDue()))
    for name in MEMBERS.nodes:
        trio.do(name, lambda one: one.fsync(one.last_lsn))


def wait_of(rows: int, *, as_made: bool) -> Wait:
    """What the commit of one transaction waits for, its redo shipped as it is made, or kept until then."""
    trio = trio_led_by_n1(WIDE)
    for row in range(rows):
        trio.do(N1, partial(Node.handle, event=change(row)))
        if as_made and node(trio, N1).last_lsn - node(trio, N1).log.closed_lsn >= SHIPPED:
            ship(trio)
    assert not trio.acknowledged
    had = [node(trio, name).last_lsn for name in (N2, N3)]
    counts = [Fsyncs() for _ in trio.hosts]
    for host, count in zip(trio.hosts.values(), counts, strict=True):
        host.disk.fault = count
    trio.do(N1, partial(Node.handle, event=change(rows, commits=True)))
    ship(trio)
    assert trio.acknowledged == {"t"}
    n2, n3 = (node(trio, name).last_lsn - before for name, before in zip((N2, N3), had, strict=True))
    one, two, three = (count.count for count in counts)
    return Wait((n2, n3), (one, two, three))


@pytest.mark.parametrize("rows", ROWS)
def test_the_wait_does_not_grow_with_the_transaction(rows: int) -> None:
    """LOG-11: at its commit one entry is left to ship, and one fsync to wait for on each log."""
    wait = wait_of(rows, as_made=True)
    assert wait.fsyncs == (1, 1, 1)
    blocks = (SHIPPED + 2 * 187 + META_SIZE) // 496 + 1
    assert max(wait.received) <= SHIPPED + 2 * 187 + META_SIZE + 16 * blocks


def test_it_grows_where_redo_is_kept_until_the_commit() -> None:
    """LOG-11 off: the measure is able to show it."""
    received = [wait_of(rows, as_made=False).received[0] for rows in ROWS]
    assert [size // (187 * rows) for size, rows in zip(received, ROWS, strict=True)] == [1, 1, 1]


def test_open_transactions_are_with_the_others_before_they_commit() -> None:
    """LOG-11: and nobody is told that they are committed."""
    trio = trio_led_by_n1(WIDE)
    for row in range(40):
        trio.do(N1, partial(Node.handle, event=change(row)))
    ship(trio)
    assert node(trio, N2).last_lsn == node(trio, N1).majority_lsn == node(trio, N1).last_lsn
    assert not trio.acknowledged


def test_the_others_have_an_entry_before_the_leader_has_written_it() -> None:
    """LOG-4: it is sent from the log buffer; a majority may have it while the own disk has nothing of it."""
    trio = trio_led_by_n1(WIDE)
    leader = node(trio, N1)
    before = leader.log.written_lsn
    list(leader.handle(change(1, commits=True)))
    sent = [one for one in leader.handle(CloseDue()) if isinstance(one, Posted)]
    pieces = [one.message for one in sent if isinstance(one.message, AppendEntries)]
    assert [(one.to, piece.upto_lsn) for one, piece in zip(sent, pieces, strict=True)] == [
        (N2, leader.last_lsn),
        (N3, leader.last_lsn),
    ]
    assert all(piece.records for piece in pieces)
    for one in sent:
        trio.do(one.to, partial(Node.handle, event=one.message))
        trio.do(one.to, lambda follower: follower.fsync(follower.last_lsn))
    assert trio.acknowledged == {"t"}
    assert leader.majority_lsn == leader.last_lsn
    assert leader.log.written_lsn == leader.log.durable_lsn == before


def test_the_specification_allows_it_in_this_order() -> None:
    """LOG-4: the majority before the leader's own Fsync.  LOG-9, BIN-4: one Fsync for two pieces received."""
    events: list[Event] = []
    trio = trio_led_by_n1(WIDE, events.append)
    began = len(events)
    for row in (1, 2):
        trio.do(N1, partial(Node.handle, event=change(row, commits=row == 2)))
        trio.do(N1, lambda leader: leader.handle(CloseDue()))
    for name in (N2, N3, N1):
        trio.do(name, lambda one: one.fsync(one.last_lsn))
    took = [(event.node, event.action) for event in events[began:]]
    followed = [action for node, action in took if node == N2]
    assert followed[:4] == ["AppendEntries", "AppendEntries", "Fsync", "Acknowledge"]
    own = took.index((N1, "Fsync"))
    assert took.index((N1, "AckCommit")) < own
    assert took.index((N1, "AdvanceMajority")) < own
    judge = Lockstep(trace_header(MEMBERS, "test_commit_wait"))
    for number, event in enumerate(events):
        judge.take(event, number)
        assert judge.violated() is None


def test_who_keeps_up_is_fed_from_memory() -> None:
    """LOG-4: no entry that was just made is read back from a file."""
    trio = trio_led_by_n1(WIDE)
    for row in range(100):
        trio.do(N1, partial(Node.handle, event=change(row)))
        ship(trio)
    source = node(trio, N1)._sending.source
    assert source.from_files == source.from_ahead == 0
    assert node(trio, N2).last_lsn == node(trio, N1).last_lsn
