"""A register on three nodes of the core, served by hand, and what its clients saw."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from attrs import define, evolve, field

from redoraft.cluster.history import History
from redoraft.node.logview import whole_mtrs
from redoraft.raft.inputs import ClientMtr, CloseDue, ElectionTimeout, HeartbeatDue, ReadAsked
from redoraft.raft.outputs import Outcome, Send
from redoraft.raft.rules import ALL_RULES, Rules
from redoraft.raft.state import Lease, Members, Role
from redoraft.redo.mtr import decode_mtr
from redoraft.redo.record import PageWrite
from redoraft.types import NodeId
from redoraft_check.campaign.clients import clients_check_of

from .kit import N1, N2, N3, START, THREE, Peer, deliver, follower, log_of, mtr

ALL = (N1, N2, N3)


def value_of(peer: Peer) -> str | None:
    """What the pages of this node show: the newest write in its log."""
    value = None
    for one in whole_mtrs(peer.log.read(peer.log.start_lsn, peer.log.last_lsn)):
        records = decode_mtr(one)
        for record in records if isinstance(records, tuple | list) else ():
            if isinstance(record, PageWrite):
                value = record.data.decode()
    return value


@define
class Register:
    """Nodes, and who hears whom: each call names the nodes among which messages are delivered."""

    rules: Rules = ALL_RULES
    lease: Lease | None = None
    members: Members = THREE
    history: History = field(factory=History)
    peers: dict[NodeId, Peer] = field(init=False)
    _numbers: count[int] = field(factory=lambda: count(1))
    _values: dict[str, str | None] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self.peers = {
            node: Peer(evolve(follower(node, 0, self.members), lease=self.lease), log_of([]), self.rules)
            for node in self.members.nodes
        }

    def deliver(self, sends: Iterable[Send], among: tuple[NodeId, ...]) -> None:
        """Deliver what was sent between these nodes; the rest is lost."""
        side = {node: self.peers[node] for node in among}
        deliver(side, [send for send in sends if send.to in side])
        for node in among:
            self._told(node)

    def elect(self, node: NodeId, among: tuple[NodeId, ...] = ALL) -> bool:
        """`node` stands for election; whether it leads, its marker written, synced and sent."""
        peer = self.peers[node]
        self.deliver(peer.take(ElectionTimeout()), among)
        if peer.state.role is not Role.LEADER:
            return False
        self.deliver(peer.fsync(), among)
        self.beat(node, among)
        return True

    def beat(self, node: NodeId, among: tuple[NodeId, ...] = ALL) -> None:
        """A heartbeat."""
        self.deliver(self.peers[node].take(HeartbeatDue()), among)

    def write(self, node: NodeId, text: str, among: tuple[NodeId, ...] = ALL) -> None:
        """A client writes `text` at `node`."""
        self.history.asks(f"writer of {text}", text, "write", text)
        peer = self.peers[node]
        sends = peer.take(ClientMtr(text, mtr(text), commits=True))
        sends += [*peer.take(CloseDue()), *peer.fsync()]
        self.deliver(sends, among)
        self.beat(node, among)

    def read(self, node: NodeId, among: tuple[NodeId, ...] = ALL) -> str:
        """A client reads at `node`; the name of its request."""
        request = f"r{next(self._numbers)}"
        self.history.asks(f"reader of {request}", request, "read")
        peer = self.peers[node]
        self._values[request] = value_of(peer)
        self.deliver(peer.take(ReadAsked(request, peer.log.last_lsn)), among)
        self._told(node)
        return request

    def passes(self, ms: int, *, faster: dict[NodeId, int] | None = None) -> None:
        """Time passes: by `ms` on each node's clock, or by what `faster` says of one."""
        for node, peer in self.peers.items():
            peer.state = evolve(peer.state, now_ms=peer.state.now_ms + (faster or {}).get(node, ms))

    def answer(self, request: str) -> tuple[Outcome | None, str | None]:
        """What the client of a request was told and shown."""
        call = self.history.calls[request]
        return call.told, call.value

    def findings(self) -> list[str]:
        """What no register can have shown."""
        return clients_check_of(self.history)

    def _told(self, node: NodeId) -> None:
        replies = self.peers[node].replies
        for reply in replies:
            value = self._values.get(reply.request) if reply.outcome is Outcome.OK else None
            self.history.tells(reply.request, reply.outcome, value)
        replies.clear()


def writes_unheard(register: Register, node: NodeId, *texts: str) -> list[Send]:
    """Clients write at `node`, which closes each entry and fsyncs it; what is sent is not delivered."""
    peer, sends = register.peers[node], []
    for text in texts:
        register.history.asks(f"writer of {text}", text, "write", text)
        sends += [*peer.take(ClientMtr(text, mtr(text), commits=True)), *peer.take(CloseDue())]
        sends += peer.fsync()
    return sends


def outcomes(register: Register, *texts: str) -> list[Outcome | None]:
    """What the writers of these were told."""
    return [register.answer(text)[0] for text in texts]


def all_agree(register: Register) -> bool:
    """Whether all logs are the same, and everybody knows that all of it is committed."""
    peers = register.peers.values()
    whole = [(one.log.read(START, one.log.last_lsn), one.state.known) for one in peers]
    return all(one == whole[0] for one in whole) and whole[0][1] == START + len(whole[0][0])
