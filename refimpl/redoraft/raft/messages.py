"""What nodes say to each other.  Every message carries its sender's term; LSNs are in bytes.

The specification keeps no messages but their history (candidacies, votes, leaderLog, leaderKnown, acked), so
each of these may be lost, late, doubled or out of order.  Refusals are messages too, but no action of the
specification: they only spare time.
"""

from __future__ import annotations

from attrs import frozen

from redoraft.types import LogIndex, Lsn, NodeId, Term


@frozen
class RequestVote:
    """A candidate asks for a vote (spec: a member of candidacies); `last_*` describe its last whole entry."""

    term: Term
    candidate: NodeId
    last_term: Term
    last_index: LogIndex
    last_lsn: Lsn


@frozen
class Vote:
    """The answer to RequestVote (spec: a member of votes, if `granted`)."""

    term: Term
    voter: NodeId
    granted: bool


@frozen
class AppendEntries:
    """The piece (from_lsn, upto_lsn] of the log of the leader of `term`, whole entries; a heartbeat if it is
    empty.

    `from_term` is the term of the leader's entry that ends at `from_lsn`, 0 at the start of the log.
    `majority_lsn` is the largest majority LSN that this leader has found in its term (spec: leaderKnown), the
    start of the log if none.
    """

    term: Term
    leader: NodeId
    from_lsn: Lsn
    from_term: Term
    upto_lsn: Lsn
    records: bytes
    majority_lsn: Lsn


@frozen
class Hint:
    """Where a follower that refused a piece may still agree: an entry end of its own, and the term there."""

    lsn: Lsn
    term: Term


@frozen
class AppendReply:
    """The answer to AppendEntries: `acked_lsn` is acknowledged (spec: acked); with a `hint` the piece did not
    fit."""

    term: Term
    follower: NodeId
    acked_lsn: Lsn
    hint: Hint | None = None


@frozen
class TimeoutNow:
    """A log node that leads hands over: the receiver is to start an election at once (spec: HandOver)."""

    term: Term
    leader: NodeId


@frozen
class ReadProbe:
    """A leader asks whether it still leads (H19; spec: Clients, Confirm, Beat); `round` grows by one each
    time."""

    term: Term
    leader: NodeId
    round: int


@frozen
class ReadEcho:
    """The answer to ReadProbe by a node that follows the same term (spec: Clients, HeardOf)."""

    term: Term
    follower: NodeId
    round: int


Message = RequestVote | Vote | AppendEntries | AppendReply | TimeoutNow | ReadProbe | ReadEcho
