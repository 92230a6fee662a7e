"""Who is behind the deleted redo gets a copy of whoever serves (H24): the operator of a simulated cluster.

A copy takes a while, page by page, and the cluster goes on meanwhile.  Where its source ends or serves no
more, what was copied is void, and the node waits for another source: its disks cannot be opened.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from random import Random
from typing import Final

from attrs import define, field

from redoraft.cluster.agenda import Agenda
from redoraft.cluster.host import Host
from redoraft.disk.state import VoteStore
from redoraft.errors import RedoError
from redoraft.node import VOTE_FILE, Node, Stopped
from redoraft.node.copying import Copy, shared_end
from redoraft.raft.state import Role
from redoraft.types import NodeId

NOTICE_MS: Final = (5, 40)
STEP_MS: Final = (5, 40)
"""Between two pages: the source writes pages and takes a checkpoint meanwhile."""
PAGES: Final = 1
"""Pages that are copied in a step."""


@define
class _UnderWay:
    copy: Copy
    source: Host
    boot: int


@define
class Copies:
    """The copies of one run, with randomness of their own; `start` starts a node."""

    rng: Random
    agenda: Agenda
    hosts: Mapping[NodeId, Host]
    counts: Counter[str]
    start: Callable[[Host], None]
    _noticed: set[NodeId] = field(factory=set, init=False)
    """Whose copy is about to begin, or under way."""
    _void: set[NodeId] = field(factory=set, init=False)
    """Whose disks are not to be opened: a copy has begun, and was not completed."""

    def holds(self, node: NodeId) -> bool:
        """Whether the node cannot be started before a copy is complete."""
        return node in self._void

    def look_at(self, host: Host) -> None:
        """The node there has done something: if it serves, somebody may have to be seeded from it."""
        if host.node is None or not host.node.serving:
            return
        for name in sorted({*host.node.to_seed, *self._void} - self._noticed):
            self._noticed.add(name)
            self._later(NOTICE_MS, partial(self._begin, host, host.boot, self.hosts[name]))

    def _later(self, when: tuple[int, int], act: Callable[[], bool]) -> None:
        self.agenda.after(self.rng.randint(*when), act)

    def _serves(self, source: Host, boot: int) -> Node | None:
        return source.node if source.boot == boot and source.node and source.node.serving else None

    def _begin(self, source: Host, boot: int, target: Host) -> bool:
        node = self._serves(source, boot)
        if node is None or not self._may_begin(node, target):
            self._noticed.remove(target.name)
            return False
        target.kill_process()
        self._void.add(target.name)
        self.counts["copies begun"] += 1
        data_disk = target.data_disk if target.name in target.members.data_nodes else None
        under_way = _UnderWay(Copy(node, target.disk, data_disk), source, boot)
        self._later(STEP_MS, partial(self._step, under_way, target))
        return True

    def _may_begin(self, source: Node, target: Host) -> bool:
        """A node that runs follows the source, and nothing that the source can send fits behind its log."""
        if self.holds(target.name):
            return VoteStore.open(target.disk.open(VOTE_FILE)).vote.term <= source.term
        node = target.node
        if node is None or node.term != source.term or node.raft.role is not Role.FOLLOWER:
            return False
        if target.name not in source.to_seed:
            return False
        shared = shared_end(source, node)
        if shared is not None:
            source.has_seeded(target.name, shared)
        return shared is None

    def _step(self, under_way: _UnderWay, target: Host) -> bool:
        if self._serves(under_way.source, under_way.boot) is None:
            under_way.copy.give_up()
            self._noticed.remove(target.name)
            return False
        try:
            more = under_way.copy.step(PAGES)
            if not more:
                self._finish(under_way, target)
        except RedoError:
            # The source's disk: whoever uses it next finds out.
            under_way.copy.give_up()
            self._noticed.remove(target.name)
            return False
        if more:
            self._later(STEP_MS, partial(self._step, under_way, target))
        return True

    def _finish(self, under_way: _UnderWay, target: Host) -> None:
        upto = under_way.copy.finish()
        self._noticed.remove(target.name)
        self._void.remove(target.name)
        self.counts["copies"] += 1
        target.stopped = Stopped.COPIED
        self.start(target)
        if under_way.source.node is not None:
            under_way.source.node.has_seeded(target.name, upto)
