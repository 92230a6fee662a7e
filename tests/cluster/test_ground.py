"""What a follower may do to files before it knows again how far the committed log reaches.

A file operation cannot be taken back, and after a crash the node may know less of the log than its files
show: so it executes only what is durable in its own log, and validates its files only when it knows all that
it had then.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import pytest
from tests.machines import Wrong

from redoraft.cluster.filewatch import NOBODY, files_on
from redoraft.ddl.mutants import RenameRepairA
from redoraft.ddl.node import Phase
from redoraft.errors import TablespaceMissing
from redoraft.mutants import NodeRules
from redoraft.node import Node
from redoraft.node.tables import LogGround, Tables
from redoraft.raft.messages import AppendEntries
from redoraft.scenario.walk import Move, Walk
from redoraft_check.fuzz.example import Subject
from redoraft_check.fuzz.walks import TRIO, JudgedWalk

from .tables import TablesMachine


def node_of(walk: Walk, name: str) -> Node:
    node = next(actor.node for one, actor in walk.stage.actors.items() if one == name)
    assert node is not None
    return node


def tables_of(walk: Walk, name: str) -> Tables:
    tables = node_of(walk, name).tables
    assert tables is not None
    return tables


# --- only what is durable here (H33) ---


def a_follower_that_may_lose_its_log(machine: TablesMachine) -> None:
    """n2 hears of several DDLs and makes nothing of it durable; n1 and n3 are the majority."""
    machine.start(leader="n1", tables=1)
    for do, name in (("create table", 1), ("rename table", 7), ("create table", 1), ("drop table", 0)):
        machine.move(do, node="n1", at=name)
        for _ in range(8):
            for one in ("n1", "n3"):
                machine.move("close", node=one)
                machine.move("fsync", node=one)
                machine.quiet()
            machine.move("ddl", node="n1")
    machine.move("heartbeat", node="n1")
    machine.quiet()
    walk = machine.judged.walk
    assert node_of(walk, "n2").majority_lsn == node_of(walk, "n1").last_lsn > node_of(walk, "n2").flushed_lsn
    machine.move("apply", node="n2")
    machine.move("crash", node="n2", log=0, pages=-1)
    machine.move("restart", node="n2")
    machine.move("heartbeat", node="n1")
    # Its log comes back in pieces, and it looks at its files after each.
    for _ in range(20):
        machine.move("deliver")
        for do in ("fsync", "apply", "ddl"):
            machine.move(do, node="n2")
    machine.settle()


def test_a_follower_executes_no_file_redo_that_it_may_lose() -> None:
    a_follower_that_may_lose_its_log(TablesMachine(JudgedWalk(Subject(), ddl=True), []))


def test_without_its_own_bound_its_files_are_ahead_of_its_log() -> None:
    """The mutant of H33: durable is what is written."""
    machine = TablesMachine(JudgedWalk(Subject("flushes-unsynced"), ddl=True), [])
    with pytest.raises(Wrong, match=r"Restart: files_lsn \d+ is no mtr end in the log of n2"):
        a_follower_that_may_lose_its_log(machine)


def a_leader_that_may_lose_its_log(machine: TablesMachine) -> None:
    """n1 makes nothing of its CREATE durable; n2 and n3 are the majority."""
    machine.start(leader="n1", tables=1)
    machine.move("create table", node="n1", at=1)
    for _ in range(8):
        machine.move("close", node="n1")
        machine.quiet()
        for one in ("n2", "n3"):
            machine.move("fsync", node=one)
        machine.quiet()
        machine.move("ddl", node="n1")
    leader = node_of(machine.judged.walk, "n1")
    assert leader.majority_lsn > leader.flushed_lsn
    machine.move("crash", node="n1", log=0, pages=-1)
    machine.move("restart", node="n1")
    machine.settle()


def test_a_leader_does_nothing_to_files_whose_redo_it_may_lose() -> None:
    a_leader_that_may_lose_its_log(TablesMachine(JudgedWalk(Subject(), ddl=True), []))


def test_without_its_own_bound_a_leaders_files_are_ahead_of_its_log() -> None:
    machine = TablesMachine(JudgedWalk(Subject("flushes-unsynced"), ddl=True), [])
    with pytest.raises(Wrong, match=r"Restart: files_lsn \d+ is no mtr end in the log of n1"):
        a_leader_that_may_lose_its_log(machine)


# --- only when it knows all that it knew ---


def a_late_letter(walk: Walk) -> None:
    """n2 renames a file as it must, restarts, and then hears what n1 said before the majority had it.

    RENAME waits for its redo alone (H1a), so that its row and its redo come in one letter.
    """
    for move in led_with_a_table(walk):
        walk.take(move)
    walk.take(Move("rename table", "n1", at=3))
    walk.take(Move("ddl", "n1"))
    walk.take(Move("close", "n1"))
    walk.take(Move("fsync", "n1"))
    late = next(
        at
        for at, letter in enumerate(walk.waiting)
        if letter.to == "n2" and isinstance(letter.message, AppendEntries) and letter.message.records
    )
    kept = walk.waiting[late]
    for move in chain(quiet(walk), everybody("fsync"), quiet(walk), [Move("heartbeat", "n1")], quiet(walk)):
        walk.take(move)
    walk.take(Move("apply", "n2"))
    assert files_on(walk.stage.actors[TRIO.nodes[1]].host.data_disk) == {("db/b.ibd", 100)}
    walk.take(Move("crash", "n2", log=-1, pages=-1))
    walk.take(Move("restart", "n2"))
    walk.waiting[:] = [kept]
    for do in ("deliver", "fsync", "apply", "ddl"):
        walk.take(Move(do, "n2" if do != "deliver" else ""))


def led_with_a_table(walk: Walk) -> Iterator[Move]:
    yield Move("time out", "n1")
    yield from quiet(walk)
    for _ in range(4):
        yield from one_round(walk)
    yield Move("create table", "n1", at=0)
    for _ in range(8):
        yield from one_round(walk)


def one_round(walk: Walk) -> Iterator[Move]:
    yield Move("heartbeat", "n1")
    yield from quiet(walk)
    for do in ("close", "fsync", "apply", "ddl"):
        yield from everybody(do)
        yield from quiet(walk)


def everybody(do: str) -> list[Move]:
    return [Move(do, name) for name in TRIO.nodes]


def quiet(walk: Walk) -> Iterator[Move]:
    while walk.waiting:
        yield Move("deliver")


def test_a_node_validates_when_it_knows_again_what_it_knew() -> None:
    walk = Walk(TRIO, NodeRules(ddl=RenameRepairA()), NOBODY)
    a_late_letter(walk)
    assert tables_of(walk, "n2").node.phase is Phase.STARTING
    for _ in range(4):
        for move in one_round(walk):
            walk.take(move)
    assert tables_of(walk, "n2").node.phase is Phase.UP
    assert not walk.ledger.findings


def test_without_that_it_holds_its_files_against_an_old_dictionary(monkeypatch: pytest.MonkeyPatch) -> None:
    def firm(ground: LogGround) -> bool:
        raft = ground.raft()
        return ground.log.term_at(raft.known) == raft.term

    monkeypatch.setattr(LogGround, "firm", property(firm))
    with pytest.raises(TablespaceMissing, match=r"db/a\.ibd"):
        a_late_letter(Walk(TRIO, NodeRules(ddl=RenameRepairA()), NOBODY))
