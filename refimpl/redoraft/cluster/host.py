"""A machine of the cluster: disks that outlive crashes, and a node while one runs on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from random import Random
from typing import Final

from attrs import define, evolve, field

from redoraft.binlog import Carrier
from redoraft.cluster.agenda import Happening
from redoraft.cluster.faults import Fault
from redoraft.disk import memory
from redoraft.disk.memory import MemoryDisk
from redoraft.errors import DiskBroken, DiskError, DiskFull, RedoError, StorageStopped, SyncFailed
from redoraft.mutants import NodeRules
from redoraft.node import NO_LEASE, Effect, Node, Sizes, Stopped, Timing
from redoraft.node.tables import Tables
from redoraft.node.watch import NoWatch, Watch
from redoraft.observe import Observer
from redoraft.raft.state import Members
from redoraft.redo.files import Layout
from redoraft.types import NodeId

PAGES_RETAIN: Final = 256
"""Bytes of redo that are kept for a follower that is behind, where pages are traced: few, so that followers
have to be seeded (H24)."""
SIZES: Final = Sizes(Layout(file_size=64 * 1024, capacity=4 * 1024 * 1024), pool_pages=24, retain=256 * 1024)
"""Small, so that pages are evicted and files deleted in a run of some thousand steps."""
PAGES_SIZES: Final = Sizes(
    Layout(file_size=2560, capacity=4 * 1024 * 1024), pool_pages=3, retain=PAGES_RETAIN
)
"""Smaller still, so that this happens in a run of some hundred steps."""
ROW_PAGES_SIZES: Final = evolve(PAGES_SIZES, pool_pages=8)
"""The same where clients write rows: an mtr needs the page of its row and of its undo, a look at all
transactions every undo page."""
SMALL_SIZES: Final = Sizes(Layout(file_size=2048 + 4 * 512), pool_pages=24)
"""Files of four blocks, so that redo is deleted in a run of 1,000 steps; all of it is kept that a follower
lacks (LOG-8)."""
BINLOG_SIZES: Final = Sizes(Layout(file_size=1 << 30), pool_pages=24)
"""One file, so that no redo is deleted: a node with a binlog finds its commits there."""
WRITES_BEFORE_CRASH: Final = 12
"""Power that fails while pages are written fails at one of the first so many operations of their disk."""


def while_it_runs(host: Host, act: Callable[[Node], bool]) -> Happening:
    """`act` on the node that runs there now; overtaken if it has ended by then."""
    boot = host.boot

    def happening() -> bool:
        return host.node is not None and host.boot == boot and act(host.node)

    return happening


def _fails_at(operation: str, error: type[DiskError]) -> memory.Fault:
    def fault(what: str, name: str) -> DiskError | None:
        return error(f"the disk fails to {what} {name}") if what == operation else None

    return fault


_FAILURES: Final[dict[Fault | None, memory.Fault]] = {
    Fault.DISK_FULL: _fails_at("write", DiskFull),
    Fault.IO_ERROR: _fails_at("write", DiskBroken),
    Fault.FAILED_FSYNC: _fails_at("fsync", SyncFailed),
}


def _next_of(node: Node, tables: Tables) -> Iterator[Effect]:
    if tables.due:
        return tables.step()
    return node.apply(node.applicable[-1]) if node.applicable else iter(())


@define
class Host:
    """One machine.  `boot` counts the starts of its node, so that a timer of an earlier one can be told."""

    name: NodeId
    members: Members
    rules: NodeRules
    observer: Observer
    sizes: Sizes = SIZES
    timing: Timing = NO_LEASE
    ddl: bool = False
    """Whether its node does DDL."""
    undo: bool = False
    """Whether clients write transactions with undo."""
    binlog: bool = False
    """Whether its node has a binlog."""
    carrier: Carrier = Carrier.OWN
    watch: Watch = field(factory=NoWatch)
    """Who hears of what it does to tables."""
    disk: MemoryDisk = field(factory=MemoryDisk)
    data_disk: MemoryDisk = field(factory=MemoryDisk)
    data_rng: Random = field(factory=lambda: Random(0))
    """The dice of the pages: of their own, so that what happens to pages changes nothing else in a run."""
    binlog_disk: MemoryDisk = field(factory=MemoryDisk)
    binlog_rng: Random = field(factory=lambda: Random(0))
    """The dice of the binlog's disk."""
    binlog_power_fails: bool = False
    """Whether power fails at one of the next operations of that disk."""
    node: Node | None = None
    stopped: Stopped = Stopped.NEVER_RAN
    boot: int = 0
    armed: int | None = None
    """How many more effects the node may have before power fails; None if it does not."""
    breaks: Fault | None = None
    """How a disk fails when it is next written to; None if it does not."""
    election: int = 0
    """The number of the election timer that runs; older ones are void."""
    chores: set[str] = field(factory=set)
    """The chores that are on the agenda already."""

    def start(self) -> Node:
        """Start the node; raises as Node.start."""
        self.boot += 1
        self.armed = self.breaks = None
        self.chores.clear()
        self.node = Node.start(
            self.name,
            self.members,
            self.disk,
            self.data_disk,
            after=self.stopped,
            rules=self.rules,
            sizes=self.sizes,
            timing=self.timing,
            ddl=self.ddl,
            undo=self.undo,
            binlog_disk=self.binlog_disk if self.binlog else None,
            carrier=self.carrier,
            observer=self.observer,
        )
        if self.node.tables is not None:
            self.node.tables.watch = self.watch
            self.watch.starts()
        return self.node

    def lose_power(self, rng: Random) -> None:
        """End the node, and lose any part of what it has not fsynced; often while it writes pages or the
        checkpoint."""
        tables = None if self.node is None else self.node.tables
        if tables is not None and self.data_rng.random() < 0.5:
            self.power_fails_in_ddl(self.data_rng.randint(0, WRITES_BEFORE_CRASH))
        elif self.node is not None and self.data_rng.random() < 0.5:
            self._cut_short_cleaning(self.node)
        elif self.node is not None and self.disk.pending == 0:
            self._cut_short_checkpoint(self.node)
        self._end(Stopped.CRASHED)
        self.disk.crash(rng, rng.choice(("subset", "prefix")))
        self.data_disk.crash(self.data_rng, self.data_rng.choice(("subset", "prefix", "torn")))
        if self.binlog:
            self.binlog_disk.crash(self.binlog_rng, self.binlog_rng.choice(("subset", "prefix", "torn")))

    def _cut_short_cleaning(self, node: Node) -> None:
        """Power fails at some operation of the pages' disk."""
        self.data_disk.fault = self._power_fails_after(self.data_rng.randint(0, WRITES_BEFORE_CRASH))
        with suppress(DiskError, StorageStopped):
            node.flush_pages()
        self.data_disk.fault = None

    def power_fails_in_ddl(self, after: int) -> None:
        """Let the pages' disk fail after so many operations of a step of DDL, or of redo that is applied.

        The node is to lose power next: what else is wrong with it shows when it is started again.
        """
        node = self.node
        if node is None or node.tables is None:
            return
        self.data_disk.fault = self._power_fails_after(after)
        with suppress(RedoError):
            for _ in _next_of(node, node.tables):
                pass
        self.data_disk.fault = None

    def no_more_faults(self) -> None:
        """Nothing that was to fail will."""
        self.armed = self.breaks = None
        self.binlog_disk.fault, self.binlog_power_fails = None, False

    def power_fails_at_binlog(self, after: int) -> None:
        """Let power fail at the binlog's disk after so many of its operations."""
        self.binlog_disk.fault = self._power_fails_after(after)
        self.binlog_power_fails = True

    def _cut_short_checkpoint(self, node: Node) -> None:
        """Power fails between write and fsync of a checkpoint, and may tear its sector."""
        self.disk.fault = lambda what, _: DiskError("the power is gone") if what == "fsync" else None
        with suppress(DiskError, StorageStopped):
            node.checkpoint()
        self.disk.fault = None
        self.disk.crash(self.data_rng, "torn")

    def _power_fails_after(self, operations: int) -> memory.Fault:
        left = operations

        def fault(_what: str, _name: str) -> DiskError | None:
            nonlocal left
            left -= 1
            return DiskError("the power is gone") if left < 0 else None

        return fault

    @contextmanager
    def failing_disks(self) -> Iterator[None]:
        """While log, pages or binlog are written: the disk fails, if it is to."""
        fails = _FAILURES.get(self.breaks)
        disks = [self.disk, self.data_disk]
        if self.binlog and not self.binlog_power_fails:
            disks.append(self.binlog_disk)
        for disk in disks if fails is not None else ():
            disk.fault = fails
        try:
            yield
        finally:
            for disk in disks:
                disk.fault = None

    def lose_power_keeping(
        self, log: Sequence[bool], pages: Sequence[bool], binlog: Sequence[bool] = ()
    ) -> None:
        """End the node, and keep exactly these pending changes of its disks (MemoryDisk.crash_keeping)."""
        self._end(Stopped.CRASHED)
        self.disk.crash_keeping(log)
        self.data_disk.crash_keeping(pages)
        self.binlog_disk.crash_keeping(binlog)

    def kill_process(self) -> None:
        """End the node; the operating system keeps what was written."""
        self._end(Stopped.CRASHED)
        for disk in (self.disk, self.data_disk, self.binlog_disk):
            disk.crash_keeping([True] * disk.pending)

    def stop(self) -> None:
        """End a node that has shut down cleanly."""
        self._end(Stopped.CLEAN)

    def _end(self, stopped: Stopped) -> None:
        self.node = None
        self.stopped = stopped
        self.armed = None
        self.binlog_disk.fault, self.binlog_power_fails = None, False
