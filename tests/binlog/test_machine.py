"""Walks through all that the environment allows, followed by the specification; and a node on real files."""

from __future__ import annotations

from pathlib import Path

import pytest

from redoraft.binlog import BinlogNode, Carrier, Event
from redoraft.binlog.mutants import BINLOG_MUTANTS
from redoraft.disk.real import RealDisk
from redoraft.errors import LogMisuse
from redoraft.redo.record import PageWrite
from redoraft.storage.page import BODY
from redoraft.types import NodeId, Term

from .walks import breaks, walk
from .world import NODES, SMALL, World

WALKS, STEPS = 12, 100


@pytest.mark.parametrize("carrier", Carrier)
def test_walks_are_followed_and_end_the_same_everywhere(carrier: Carrier) -> None:
    worlds = [walk(seed, STEPS, carrier=carrier) for seed in range(WALKS)]
    assert max(world.newest for world in worlds) > 3, "leaders change"
    assert sum(len(world.downstream) for world in worlds) > WALKS, "transactions are committed"
    assert any(len(world.numbers) > len(world.downstream) for world in worlds), "some are lost"


def test_a_binlog_that_redo_carries_needs_no_cut() -> None:
    """spec/models/Binlog_redo_uncut: what a crash left over is committed late."""
    uncut = BINLOG_MUTANTS["keeps-its-binlog"].rules()
    worlds = [walk(seed, STEPS, uncut, Carrier.REDO, "H20") for seed in range(WALKS)]
    assert max(world.newest for world in worlds) > 3


FOUND = {
    "sends-at-once": 1,
    "shows-what-is-written": 1,
    "takes-redo-first": 0,
    "commits-prepared": 2,
    "syncs-no-binlog": 9,
}
"""The first walk in which an invariant breaks."""


@pytest.mark.parametrize("name", FOUND)
def test_walks_break_an_invariant_without_the_rule(name: str) -> None:
    assert breaks(FOUND[name], STEPS, BINLOG_MUTANTS[name].rules()) != []


def records(xid: int) -> list[PageWrite]:
    return [PageWrite(1, 1, BODY, f"{xid:8}".encode())]


def test_a_node_on_real_files(tmp_path: Path) -> None:
    """A leader of one node: its process ends between binlog and redo, and once more after the cut."""
    name = NodeId("n1")
    node = BinlogNode.open(name, RealDisk(tmp_path), layout=SMALL)
    node.promote(Term(1))
    node.learn(node.log.last_lsn)
    for xid in (1, 2):
        node.prepare(Event(xid, f"INSERT {xid}"), records(xid))
        node.write_binlog()
        if xid == 1:
            node.commit()
    node.close()
    node = BinlogNode.open(name, RealDisk(tmp_path), layout=SMALL)
    assert (node.commits, node.binlog.xids) == ((1,), (1, 2))
    node.promote(Term(2))
    assert node.binlog.xids == (1,)
    node.learn(node.log.last_lsn)
    assert node.resolve() == ()
    node.close()
    node = BinlogNode.open(name, RealDisk(tmp_path), layout=SMALL)
    assert (node.commits, node.binlog.xids) == ((1,), (1,))


def test_what_is_refused_changes_nothing() -> None:
    world = World()
    node = world.nodes[NODES[0]]
    for wrong in (
        lambda: node.prepare(Event(1, "x"), records(1)),
        node.write_binlog,
        node.commit,
        node.resolve,
        lambda: node.promote(Term(0)),
    ):
        with pytest.raises(LogMisuse, match="n1 "):
            wrong()
    assert (node.entries, node.binlog.events) == ((), ())
