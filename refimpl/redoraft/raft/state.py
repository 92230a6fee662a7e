"""What one node holds of Raft in memory.  The log is not in it: there is no second log (LOG-12).

`term` and `voted_for` are copies of what is durable (H9); everything else is volatile and gone after a crash.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from attrs import evolve, field, frozen

from redoraft.types import Lsn, NodeId, Term


class Role(StrEnum):
    """spec: role."""

    DOWN = "down"
    FOLLOWER = "follower"
    CANDIDATE = "candidate"
    LEADER = "leader"


@frozen
class Members:
    """Who is in the cluster (spec: DataNodes, LogNodes); it never changes."""

    data_nodes: tuple[NodeId, ...]
    log_nodes: tuple[NodeId, ...] = ()

    @property
    def nodes(self) -> tuple[NodeId, ...]:
        """All of them (spec: Node)."""
        return self.data_nodes + self.log_nodes


@frozen
class Progress:
    """What a leader knows of one follower; LSNs in bytes."""

    acked: Lsn
    """The largest LSN that it has acknowledged in this term (spec: acked[term][follower])."""
    next_lsn: Lsn
    """Where the next piece for it begins; a guess, and never below `acked`."""
    answered: bool = False
    """Whether it has answered this leader at all."""


@frozen
class Waiter:
    """Transaction `request`, whose commit mtr ends at `lsn`, is not answered yet."""

    request: str
    lsn: Lsn


@frozen
class Lease:
    """Reads without a round of messages (H19): for how long voters that heard of a leader vote for nobody,
    and by how much two clocks may drift apart meanwhile; in ms."""

    length_ms: int
    skew_ms: int


@frozen
class PendingRead:
    """A read that is not answered: as of which LSN it has read, and the first round of probes after that."""

    request: str
    lsn: Lsn
    round: int


@frozen
class Reading:
    """What a leader knows of whether it still leads; times in ms of its own clock."""

    round: int = 0
    """The last round of probes."""
    echoed: Mapping[NodeId, int] = field(factory=dict)
    """The last round that each follower has answered."""
    sent_ms: Mapping[int, int] = field(factory=dict)
    """When each round was sent that no quorum has answered yet."""
    heard_from_ms: int | None = None
    """When the last round was sent that a quorum has answered."""
    pending: tuple[PendingRead, ...] = ()


@frozen(kw_only=True)
class RaftState:
    """One node's state; LSNs in bytes, the start of the log where nothing is known."""

    me: NodeId
    members: Members
    term: Term
    voted_for: NodeId
    role: Role
    known: Lsn
    """Majority LSN as far as this node knows (spec: known)."""
    agreed: Lsn
    """End of what is known to be the log of the leader of `term` (spec: agreed)."""
    acked: Lsn
    """The largest LSN acknowledged in `term` since this node started (spec: acked[term][me], which a crash
    outlives)."""
    leader: NodeId | None = None
    """Who leads `term`, once heard of."""
    votes: frozenset[NodeId] = frozenset()
    """Who voted for this candidate (spec: VotersFor)."""
    progress: Mapping[NodeId, Progress] = field(factory=dict)
    """Of every other node, while this one leads."""
    announced: Lsn
    """The largest majority LSN found in `term` while leading it (spec: leaderKnown[term])."""
    waiting: tuple[Waiter, ...] = ()
    """Commits that are written and not answered, in the order of their LSNs."""
    reading: Reading = field(factory=Reading)
    """Reads under way, while this one leads."""
    lease: Lease | None = None
    """None: every read is confirmed by a round of messages (read index)."""
    heard_ms: int | None = None
    """When this node last heard of a leader that may hold a lease, by its own clock; outlives terms."""
    now_ms: int = 0
    """This node's clock, as of this step."""

    @property
    def is_data_node(self) -> bool:
        """Whether this node has data pages (CL-1)."""
        return self.me in self.members.data_nodes

    @property
    def others(self) -> tuple[NodeId, ...]:
        """All members but this node, in the order of the members."""
        return tuple(node for node in self.members.nodes if node != self.me)


def started(me: NodeId, members: Members, term: Term, voted_for: NodeId, start_lsn: Lsn) -> RaftState:
    """The state of a node that starts: a follower that has heard of nothing (ST-1; spec: Init, Restart)."""
    return RaftState(
        me=me,
        members=members,
        term=term,
        voted_for=voted_for,
        role=Role.FOLLOWER,
        known=start_lsn,
        agreed=start_lsn,
        acked=start_lsn,
        announced=start_lsn,
    )


def in_term(state: RaftState, term: Term, voted_for: NodeId, role: Role, start_lsn: Lsn) -> RaftState:
    """`state` moved into a newer term: all that belongs to the old one is forgotten (spec: agreed' = 0)."""
    return evolve(
        state,
        term=term,
        voted_for=voted_for,
        role=role,
        agreed=start_lsn,
        acked=start_lsn,
        leader=None,
        votes=frozenset(),
        progress={},
        announced=start_lsn,
        waiting=(),
        reading=Reading(),
    )
