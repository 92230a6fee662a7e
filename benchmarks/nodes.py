"""In one run: redo, group commit, bytes (redo.py), then nodes: commit wait, recovery, simulated steps.

    python benchmarks/nodes.py [--megabytes 16] [--folder DIR]

Nodes are the real ones on real files, three of them in one process: messages cost nothing, fsyncs cost what
they cost.  Each table has its own measure to compare with in it; absolute figures are this machine's.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from attrs import define, field

import redo
from redoraft.cluster.faults import ALL_FAULTS, Fault
from redoraft.cluster.simulator import Settings, Simulator, members_of
from redoraft.disk.real import RealDisk
from redoraft.node import Effect, Node, Posted, Sizes, Stopped
from redoraft.observe import NoObserver
from redoraft.raft.inputs import ClientMtr, CloseDue, ElectionTimeout, HeartbeatDue
from redoraft.raft.outputs import Outcome, Reply
from redoraft.raft.state import Members
from redoraft.redo.mtr import encode_mtr
from redoraft.redo.record import PageWrite
from redoraft.storage.page import BODY
from redoraft.types import NodeId

MB = 1_000_000
SIZES = Sizes(redo.LAYOUT, pool_pages=256)
PAGES = 64
ROW = 180
"""Bytes of a row's change."""
SHIPPED = 16 * 1024
"""Bytes after which the leader closes its entry, if it ships redo as it is made."""
REPEATS = 7


@define
class Cluster:
    """Nodes on real files, that hear each other at once."""

    folder: Path
    members: Members
    after: Stopped = Stopped.NEVER_RAN
    nodes: dict[NodeId, Node] = field(init=False)
    answered: set[str] = field(factory=set)
    _letters: deque[Posted] = field(factory=deque)

    def __attrs_post_init__(self) -> None:
        self.nodes = {name: self._start(name) for name in self.members.nodes}

    def _start(self, name: NodeId) -> Node:
        disks = (RealDisk(self.folder / name / "log"), RealDisk(self.folder / name / "pages"))
        return Node.start(name, self.members, *disks, after=self.after, observer=NoObserver(), sizes=SIZES)

    def do(self, effects: Iterator[Effect]) -> None:
        """What a node does, and all that comes of it; who receives makes its log durable at once."""
        self._take(effects)
        while self._letters:
            letter = self._letters.popleft()
            node = self.nodes[letter.to]
            self._take(node.handle(letter.message))
            self._take(node.fsync(node.last_lsn))

    def _take(self, effects: Iterator[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Posted):
                self._letters.append(effect)
            elif isinstance(effect, Reply) and effect.outcome is Outcome.OK:
                self.answered.add(effect.request)

    def lead(self, name: NodeId) -> Node:
        """Let it win and serve."""
        node = self.nodes[name]
        self.do(node.handle(ElectionTimeout()))
        self.do(node.fsync(node.last_lsn))
        self.do(node.handle(HeartbeatDue()))
        self.do(node.recover())
        assert node.serving, "nobody else stands"
        return node

    def ship(self, node: Node) -> None:
        """Close the leader's entry, and make it durable everywhere."""
        if node.log.last_lsn > node.log.closed_lsn:
            self.do(node.handle(CloseDue()))
        self.do(node.fsync(node.last_lsn))


def change(row: int) -> bytes:
    """The mtr of one row."""
    return encode_mtr([PageWrite(1, row % PAGES, BODY + row % 80 * ROW, bytes(ROW))])


def commit_wait(folder: Path) -> None:
    """LOG-11: from the commit to its answer, the redo shipped as it is made, and all of it at commit."""
    cluster = Cluster(folder, members_of(3, 1))
    leader = cluster.lead(NodeId("n1"))
    heads = ("redo kB", "as made ms", "at commit ms", "ratio")
    redo.say(f"\n{'commit wait (median): rows':<40}" + "".join(f"{head:>14}" for head in heads))
    for rows in (1, 100, 1000, 4000):
        streamed, kept = (
            sorted(_waits(cluster, leader, rows, every) for _ in range(REPEATS))[REPEATS // 2]
            for every in (SHIPPED, None)
        )
        size = rows * len(change(0)) / 1000
        redo.say(
            f"{rows:<40}{size:>14.1f}{streamed * 1000:>14.2f}{kept * 1000:>14.2f}{kept / streamed:>14.1f}"
        )


def _waits(cluster: Cluster, leader: Node, rows: int, every: int | None) -> float:
    """Seconds that one transaction waits."""
    for row in range(rows):
        cluster.do(leader.handle(ClientMtr("t", change(row), False)))
        if every is not None and leader.log.last_lsn - leader.log.closed_lsn >= every:
            cluster.ship(leader)
    cluster.answered.clear()
    started = time.perf_counter()
    cluster.do(leader.handle(ClientMtr("t", change(0), True)))
    cluster.ship(leader)
    waited = time.perf_counter() - started
    assert cluster.answered == {"t"}, "the majority has it"
    return waited


def recovery_time(folder: Path, megabytes: int) -> None:
    """From a start on a log without a checkpoint to serving: scan, election, recovery."""
    alone = Members((NodeId("n1"),), ())
    redo.say(f"\n{'recovery against length':<40}{'seconds':>10}{'s/MB':>10}")
    for length in sorted({max(1, megabytes // 4), max(1, megabytes // 2), max(1, megabytes)}):
        cluster = Cluster(folder / str(length), alone)
        node = cluster.lead(NodeId("n1"))
        row = 0
        while node.last_lsn - node.log.start_lsn < length * MB:
            cluster.do(node.handle(ClientMtr("t", change(row), row % 16 == 15)))
            row += 1
            if row % 16 == 0:
                cluster.do(node.handle(CloseDue()))
        cluster.ship(node)
        again = folder / f"{length}-again"
        shutil.copytree(cluster.folder, again)
        started = time.perf_counter()
        Cluster(again, alone, Stopped.CRASHED).lead(NodeId("n1"))
        seconds = time.perf_counter() - started
        redo.say(f"{f'{length} MB':<40}{seconds:>10.2f}{seconds / length:>10.4f}")


def simulated_steps(steps: int) -> None:
    """The cluster in virtual time, calm and with all its faults."""
    redo.say(f"\n{'simulated steps':<40}{'steps':>10}{'events':>10}{'steps/s':>10}{'events/s':>10}")
    for nodes, log_nodes in ((3, 1), (5, 2)):
        for faults, name in ((frozenset[Fault](), "calm"), (ALL_FAULTS, "all faults")):
            events: list[object] = []
            simulator = Simulator(Settings(1, members_of(nodes, log_nodes), faults), events.append)
            seconds = redo.timed(lambda simulator=simulator: simulator.run(steps))  # type: ignore[misc]
            rates = f"{steps / seconds:>10.0f}{len(events) / seconds:>10.0f}"
            redo.say(f"{f'{nodes} nodes, {name}, seed 1':<40}{steps:>10}{len(events):>10}{rates}")


def main() -> int:
    """All tables; the load first, because they depend on it."""
    options = redo.arguments(__doc__)
    redo.say(f"{os.cpu_count()} cores, load {', '.join(f'{one:.1f}' for one in os.getloadavg())}\n")
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        redo.throughput(folder, options.megabytes)
        redo.scan_time(folder, options.megabytes)
        redo.group_commit(folder)
        redo.transaction_bytes()
        commit_wait(folder / "wait")
        recovery_time(folder / "recovery", options.megabytes // 2)
    simulated_steps(5000)
    return 0


if __name__ == "__main__":
    sys.exit(main())
