"""Three nodes without dice, a fixed run of them until power fails at an operation of one node's disks, and
what is wrong once they are healed.

The run: n1 leads and commits; writes on, heard by n2 only, then by nobody; n2 takes over and commits; n1
comes back, restarts (H13), cuts its tail (H12) and follows.  All write pages and raise their checkpoints.
After a crash the cluster is healed, and must come to rest with equal logs and pages on all data nodes, and
with every transaction that was answered ok in them.

The network delivers in order and at once, or not at all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

from attrs import define, field

from redoraft.cluster.host import Host
from redoraft.errors import DiskError, RedoError
from redoraft.mutants import NodeRules
from redoraft.node import Effect, Node, Posted, RestartProcess, Sizes, Stopped, stop
from redoraft.observe import NoObserver
from redoraft.raft.inputs import ClientMtr, CloseDue, ElectionTimeout, HeartbeatDue
from redoraft.raft.outputs import Outcome, Reply
from redoraft.raft.state import Members
from redoraft.redo.files import Layout
from redoraft.redo.mtr import encode_mtr
from redoraft.redo.record import PageWrite
from redoraft.storage.page import BODY, BODY_END, PageId
from redoraft.types import NodeId

N1, N2, N3 = NodeId("n1"), NodeId("n2"), NodeId("n3")
MEMBERS: Final = Members((N1, N2), (N3,))
SIZES: Final = Sizes(Layout(file_size=2048 + 3 * 512), pool_pages=4)
CHANGES: Final = frozenset({"open", "write", "fsync", "truncate", "create", "rename", "remove", "sync"})
"""Operations before which power may fail; reading changes nothing."""
ROUNDS: Final = 24
"""Rounds of heartbeats in which a healed cluster has to come to rest."""


class PowerLost(DiskError):
    """What a disk says when its node loses power."""


@define
class Fuse:
    """Counts the operations of one node's disks; power fails before number `at`."""

    at: int | None = None
    count: int = 0

    def __call__(self, what: str, name: str) -> DiskError | None:
        if what not in CHANGES:
            return None
        if self.count == self.at:
            return PowerLost(f"the power is gone, before {what} of {name}")
        self.count += 1
        return None


@define
class Trio:
    """Three nodes; whoever is in `unheard` neither sends nor receives."""

    rules: NodeRules
    sizes: Sizes = SIZES
    hosts: dict[NodeId, Host] = field(init=False)
    unheard: set[NodeId] = field(factory=set)
    acknowledged: set[str] = field(factory=set)
    pages: dict[str, PageId] = field(factory=dict)
    _letters: deque[Posted] = field(factory=deque)

    def __attrs_post_init__(self) -> None:
        self.hosts = {
            name: Host(name, MEMBERS, self.rules, NoObserver(), self.sizes) for name in MEMBERS.nodes
        }

    def node(self, name: NodeId) -> Node | None:
        return self.hosts[name].node

    @property
    def running(self) -> list[tuple[NodeId, Node]]:
        return [(name, host.node) for name, host in self.hosts.items() if host.node is not None]

    def do(self, name: NodeId, act: Callable[[Node], Iterator[Effect]]) -> None:
        """What a node does, and all that comes of it at the nodes that hear each other."""
        node = self.node(name)
        self._take(name, act(node) if node is not None else iter(()))
        while self._letters:
            letter = self._letters.popleft()
            to = self.node(letter.to)
            if to is not None and letter.to not in self.unheard:
                self._take(letter.to, to.handle(letter.message))

    def _take(self, name: NodeId, effects: Iterator[Effect]) -> None:
        for effect in effects:
            match effect:
                case Posted() if name not in self.unheard:
                    self._letters.append(effect)
                case Reply(request, Outcome.OK):
                    self.acknowledged.add(request)
                case RestartProcess():
                    self.hosts[name].kill_process()
                    self.hosts[name].start()
                    return
                case _:
                    pass

    def tend(self, name: NodeId) -> None:
        """Its chores: close, fsync, recover or apply, write pages, checkpoint, delete."""
        self.do(name, _close)
        self.do(name, lambda node: node.fsync(node.last_lsn))
        self.do(name, _apply)
        self.do(name, _make_room)

    def round(self) -> None:
        """Heartbeats, and everybody's chores."""
        for name, _ in self.running:
            self.do(name, lambda node: node.handle(HeartbeatDue()))
        for name, _ in self.running:
            self.tend(name)

    def write(self, name: NodeId, request: str) -> None:
        """A transaction of two mtrs: a page of its own, and one that all write to."""
        page = self.pages.setdefault(request, PageId(1, len(self.pages) + 1))
        own = PageWrite(page.space_id, page.page_no, BODY, request.encode())
        shared = PageWrite(1, 0, BODY, request.encode())
        for record, commits in ((own, False), (shared, True)):
            mtr = ClientMtr(request, encode_mtr([record]), commits)
            self.do(name, partial(Node.handle, event=mtr))

    def elect(self, name: NodeId) -> None:
        """Let it stand for election, and the cluster go on for two rounds."""
        self.do(name, lambda node: node.handle(ElectionTimeout()))
        self.round()
        self.round()

    @property
    def serving(self) -> NodeId | None:
        """Who takes writes and is heard."""
        found = [name for name, node in self.running if node.serving and name not in self.unheard]
        return found[0] if found else None

    def rests(self) -> bool:
        """Whether all have, know and have applied the same."""
        nodes = [node for _, node in self.running]
        ends = {lsn for node in nodes for lsn in (node.last_lsn, node.flushed_lsn, node.majority_lsn)}
        applied = {node.applied_lsn for node in nodes} - {None}
        return len(nodes) == len(self.hosts) and len(ends) == 1 and applied == ends


def _close(node: Node) -> Iterator[Effect]:
    if node.serving and node.log.last_lsn > node.log.closed_lsn:
        yield from node.handle(CloseDue())


def _apply(node: Node) -> Iterator[Effect]:
    if node.may_recover:
        yield from node.recover()
    if node.applicable:
        yield from node.apply(node.applicable[-1])


def _make_room(node: Node) -> Iterator[Effect]:
    node.flush_pages()
    if node.log.written_lsn == node.log.durable_lsn:
        node.checkpoint()
        node.delete_redo()
    yield from ()


def program(trio: Trio) -> Iterator[None]:
    """The run, step by step."""
    for name in trio.hosts:
        trio.hosts[name].start()
        yield
    trio.elect(N1)
    yield
    trio.write(N1, "both-heard")
    trio.round()
    yield
    trio.unheard = {N3}
    trio.write(N1, "n2-heard")
    trio.tend(N1)
    trio.tend(N2)
    yield
    trio.unheard = {N1}
    trio.write(N1, "nobody-heard")
    trio.tend(N1)
    yield
    trio.elect(N2)
    trio.write(N2, "n2-leads")
    trio.round()
    yield
    trio.unheard = set()
    trio.round()
    trio.round()


def run_until_crash(victim: NodeId, at: int | None, rules: NodeRules) -> tuple[Trio, Fuse]:
    """The run, until the victim loses power before that operation of its disks; None: to its end."""
    trio, fuse = Trio(rules), Fuse(at)
    host = trio.hosts[victim]
    host.disk.fault = host.data_disk.fault = fuse
    try:
        for _ in program(trio):
            pass
    except PowerLost:
        host.node = None
    host.disk.fault = host.data_disk.fault = None
    return trio, fuse


def run_until_stop(victim: NodeId, rules: NodeRules) -> Trio:
    """n1 leads; pages with what is on a majority are dirty, and n1, if it is the victim, is alone."""
    trio = Trio(rules)
    for host in trio.hosts.values():
        host.start()
    trio.elect(N1)
    trio.write(N1, "both-heard")
    trio.round()
    trio.unheard = {N2 if victim == N3 else N3}
    trio.write(N1, "one-heard")
    for name in (N1, *MEMBERS.nodes):
        trio.do(name, _close)
        trio.do(name, lambda node: node.fsync(node.last_lsn))
        trio.do(N1, lambda node: node.handle(HeartbeatDue()))
        trio.do(name, _apply)
    trio.unheard = {N1} if victim == N1 else trio.unheard
    return trio


def run_with_stop(victim: NodeId, at: int | None, rules: NodeRules) -> tuple[Trio, Fuse]:
    """The victim is stopped cleanly, and loses power before that operation of its disks, counted from the
    order to stop; None, or behind the last: it stops.  The others go on."""
    trio, fuse = run_until_stop(victim, rules), Fuse(at)
    host = trio.hosts[victim]
    trio.write(N1, "open-at-stop")

    def stopping(node: Node) -> Iterator[Effect]:
        yield from stop(node)
        host.stop()

    host.disk.fault = host.data_disk.fault = fuse
    try:
        trio.do(victim, stopping)
    except PowerLost:
        host.node = None
    host.disk.fault = host.data_disk.fault = None
    trio.unheard = set()
    leader = N2 if victim == N1 else N1
    trio.elect(leader)
    trio.write(leader, "while-away")
    trio.round()
    return trio, fuse


def heal(trio: Trio, victim: NodeId, keep: Sequence[bool], first: NodeId) -> str | None:
    """The victim starts again on what is left, `first` stands for election before the others; what is wrong
    when all has come to rest, None if nothing is."""
    host = trio.hosts[victim]
    in_log = host.disk.pending
    was_clean = host.stopped is Stopped.CLEAN
    host.lose_power_keeping(keep[:in_log], keep[in_log:])
    if was_clean:
        host.stop()
    trio.unheard = set()
    try:
        for one in trio.hosts.values():
            if one.node is None:
                one.start()
        return _settled(trio, first)
    except RedoError as error:
        return f"{type(error).__name__}: {error}"


def _settled(trio: Trio, first: NodeId) -> str | None:
    order = [first, *(name for name in trio.hosts if name != first)]
    for turn in range(ROUNDS):
        if trio.serving is None or turn == 0:
            trio.elect(order[turn % len(order)])
        trio.round()
        if trio.serving is not None and trio.rests():
            break
    else:
        return f"no rest within {ROUNDS} rounds"
    trio.write(trio.serving, "afterwards")
    for _ in range(3):
        trio.round()
    return _differences(trio)


def _differences(trio: Trio) -> str | None:
    if "afterwards" not in trio.acknowledged:
        return "the healed cluster commits nothing"
    nodes = [node for _, node in trio.running]
    start = max(node.log.first_lsn for node in nodes)
    if len({node.log.read(start, node.log.closed_lsn) for node in nodes}) > 1:
        return "logs differ"
    pages = [_pages(node) for node in nodes if node.raft.is_data_node]
    if any(one != pages[0] for one in pages):
        return "pages differ"
    lost = [one for one in sorted(trio.acknowledged) if not _has(pages[0], trio.pages[one], one)]
    return f"acknowledged and lost: {', '.join(lost)}" if lost else None


def _pages(node: Node) -> dict[PageId, bytes]:
    return {page_id: node.read(page_id)[BODY:BODY_END] for page_id in node.pages}


def _has(pages: dict[PageId, bytes], page_id: PageId, request: str) -> bool:
    return pages.get(page_id, b"").startswith(request.encode())
