"""A follower behind the deleted redo gets a copy of the leader (H24), and all nodes come to agree."""

from __future__ import annotations

import pytest
from attrs import evolve

from redoraft.cluster.ending import end_check
from redoraft.cluster.faults import ALL_FAULTS
from redoraft.cluster.simulator import Settings, Simulator, members_of
from redoraft.disk.memory import MemoryDisk
from redoraft.errors import RedoError
from redoraft.node import Node, Stopped
from redoraft.node.copying import Copy
from redoraft.node.deleted import deleted_forgotten
from redoraft.observe import NoObserver
from redoraft.raft.state import Progress, started
from redoraft.redo.files import Layout
from redoraft.redo.log import RedoLog
from redoraft.redo.mtr import encode_mtr
from redoraft.redo.record import Dummy
from redoraft.types import NO_ONE, NO_TERM, Term

MEMBERS = members_of(3, 1)


def simulated(seed: int) -> Simulator:
    simulator = Simulator(Settings(seed, MEMBERS, ALL_FAULTS, pages=True), lambda _: None)
    simulator.run(500)
    return simulator


@pytest.mark.parametrize(("seed", "what"), [(122, "a data node"), (140, "a log node")])
def test_after_a_copy_all_is_well(seed: int, what: str) -> None:
    simulator = simulated(seed)
    assert simulator.counts["Seed"] > 0, what
    assert end_check(simulator) == []


def serving(simulator: Simulator) -> Node:
    name = simulator.leader()
    assert name is not None
    node = simulator.hosts[name].node
    assert node is not None
    assert node.serving
    return node


def test_a_node_whose_copy_was_not_completed_does_not_start() -> None:
    simulator = Simulator(Settings(1, MEMBERS, frozenset(), pages=True), lambda _: None)
    simulator.run(600)
    source = serving(simulator)
    [target] = [host for host in simulator.hosts.values() if host.node is not source and host.name != "n3"]
    target.kill_process()
    log, pages = target.disk.copy(), target.data_disk.copy()
    copy = Copy(source, log, pages)

    def start(after: Stopped) -> Node:
        return Node.start(target.name, MEMBERS, log, pages, after=after, observer=NoObserver())

    while copy.step(1):
        with pytest.raises(RedoError, match="seed the node once more"):
            start(Stopped.CRASHED)
    assert source.delete_redo() == 0, "the log is kept meanwhile"
    copy.finish()
    assert source.copies == 0
    node = start(Stopped.COPIED)
    assert node.phase == "aligning"
    assert node.last_lsn <= source.majority_lsn


def test_a_leader_forgets_what_was_acknowledged_below_the_deleted_redo() -> None:
    """A refusal takes what is sent next back to what was acknowledged: it has to be in the log."""
    log = RedoLog.open(MemoryDisk(), layout=Layout(file_size=2048 + 512))
    for _ in range(60):
        log.append_mtr(encode_mtr([Dummy()]))
        log.close_entry(Term(1))
    log.fsync(log.last_lsn)
    acked = log.entry_end_after(log.start_lsn)
    assert acked is not None
    log.checkpoint(log.last_lsn)
    assert log.delete([log.last_lsn]) > 0
    raft = started(MEMBERS.nodes[0], MEMBERS, NO_TERM, NO_ONE, log.start_lsn)
    progress = {MEMBERS.nodes[1]: Progress(acked, log.last_lsn, True)}
    found = deleted_forgotten(evolve(raft, progress=progress), log).progress
    assert found == {MEMBERS.nodes[1]: Progress(log.start_lsn, log.last_lsn, True)}
