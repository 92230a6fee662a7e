"""BIN-0: the same transactions with a binlog, in either carrier, and without one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from redoraft.binlog import BinlogNode, Carrier, Event
from redoraft.binlog.file import NAME
from redoraft.disk.memory import MemoryDisk
from redoraft.node import Effect, Node, Stopped
from redoraft.observe import NoObserver
from redoraft.raft.inputs import ClientMtr, CloseDue, ElectionTimeout
from redoraft.raft.outputs import Outcome, Reply
from redoraft.raft.state import Members
from redoraft.redo.log import RedoLog
from redoraft.redo.mtr import MtrParser, decode_mtr, encode_mtr
from redoraft.redo.record import Meta, PageWrite
from redoraft.storage.page import BODY
from redoraft.types import NodeId, Term

N1 = NodeId("n1")
SPACE = 1
ROWS = {xid: PageWrite(SPACE, 1, BODY + 16 * xid, f"row {xid}".encode()) for xid in (1, 2, 3)}


def answers(effects: Iterator[Effect]) -> list[str]:
    return [one.request for one in effects if isinstance(one, Reply) and one.outcome is Outcome.OK]


def without_binlog(disk: MemoryDisk) -> RedoLog:
    """A node alone, its own majority."""
    alone = Members((N1,))
    node = Node.start(N1, alone, disk, MemoryDisk(), after=Stopped.NEVER_RAN, observer=NoObserver())
    list(node.handle(ElectionTimeout()))
    list(node.fsync(node.last_lsn))
    list(node.recover())
    for xid, row in ROWS.items():
        list(node.handle(ClientMtr(str(xid), encode_mtr([row]), commits=True)))
        list(node.handle(CloseDue()))
        assert answers(node.fsync(node.last_lsn)) == [str(xid)]
    return node.log


def with_binlog(disk: MemoryDisk, carrier: Carrier) -> BinlogNode:
    node = BinlogNode.open(N1, disk, carrier=carrier)
    node.promote(Term(1))
    node.learn(node.log.last_lsn)
    for xid, row in ROWS.items():
        node.prepare(Event(xid, f"INSERT {xid}"), [row])
        node.write_binlog()
        node.learn(node.commit())
    return node


def rows_in(log: RedoLog) -> list[PageWrite]:
    """What redo does to the rows, transaction by transaction."""
    found, records = [], log.read(log.start_lsn, log.closed_lsn)
    start = 0
    for mtr in MtrParser().feed(records):
        decoded = decode_mtr(records[start : mtr.end])
        found += [] if isinstance(decoded, Meta) else [one for one in decoded if isinstance(one, PageWrite)]
        start = mtr.end
    return [one for one in found if one.space_id == SPACE]


@pytest.mark.parametrize("carrier", Carrier)
def test_the_rows_are_the_same_with_a_binlog(carrier: Carrier) -> None:
    """BIN-0: the binlog adds states, and its own events where redo carries it, and changes no row."""
    node = with_binlog(MemoryDisk(), carrier)
    assert rows_in(node.log) == list(ROWS.values()) == rows_in(without_binlog(MemoryDisk()))
    assert node.commits == node.binlog.xids == tuple(ROWS)


@pytest.mark.parametrize("carrier", Carrier)
def test_a_restart_has_what_was_committed_with_a_binlog(carrier: Carrier) -> None:
    """BIN-0, with power lost."""
    disk = MemoryDisk()
    with_binlog(disk, carrier)
    disk.crash_keeping([False] * disk.pending)
    again = BinlogNode.open(N1, disk, carrier=carrier)
    assert [event.statement for event in again.binlog.events] == [f"INSERT {xid}" for xid in ROWS]
    assert again.commits == tuple(ROWS)


def test_a_restart_has_what_was_committed_without_one() -> None:
    """BIN-0: nothing of a binlog is on the disk."""
    disk = MemoryDisk()
    without_binlog(disk)
    disk.crash_keeping([False] * disk.pending)
    assert not [name for name in disk.names if name.startswith(NAME)]
    assert rows_in(RedoLog.open(disk)) == list(ROWS.values())
