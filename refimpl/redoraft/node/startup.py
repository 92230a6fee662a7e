"""When redo may be applied, and when a leader serves (ST-1, ST-2, LIM-3, H14; spec: Startup.tla).

Pure questions about a node's state and log.  LSNs are in bytes.
"""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

from redoraft.raft.port import LogReader
from redoraft.raft.rules import Rules
from redoraft.raft.state import RaftState, Role
from redoraft.types import Lsn, Term


class Phase(StrEnum):
    """spec: phase."""

    DOWN = "down"
    STOPPED = "stopped"
    ALIGNING = "aligning"
    READY = "ready"


@frozen
class Startup:
    """How far a node has come (spec: phase, applied)."""

    phase: Phase
    applied: Lsn


def own_term_committed(raft: RaftState, log: LogReader) -> bool:
    """Whether this leader has committed an entry of its own term (H14; spec: OwnTermCommitted)."""
    return raft.role is Role.LEADER and log.term_at(raft.known) == raft.term


def serving(raft: RaftState, startup: Startup, log: LogReader) -> bool:
    """Whether this node leads and has applied its own term's marker: then it takes writes (spec: Serving)."""
    return (
        raft.role is Role.LEADER
        and startup.phase is Phase.READY
        and startup.applied > log.start_lsn
        and _term_of_mtr(startup.applied, raft, log) == raft.term
    )


def _term_of_mtr(lsn: Lsn, raft: RaftState, log: LogReader) -> Term | None:
    """The term of the mtr that ends at `lsn`: that of the entry it is in; an open entry is the leader's
    own."""
    closes = log.entry_end_after(Lsn(lsn - 1))
    return raft.term if closes is None else log.term_at(closes)


def aligned(raft: RaftState, log: LogReader, rules: Rules) -> bool:
    """Whether what disagrees is cut and what is missing has come (ST-2; spec: Aligned)."""
    if raft.role is Role.LEADER:
        return apply_limit(raft, log, rules) is not None
    return raft.role is Role.FOLLOWER and raft.leader is not None and raft.agreed == log.last_lsn


def apply_limit(raft: RaftState, log: LogReader, rules: Rules) -> Lsn | None:
    """How far redo may be applied (LIM-3, H14; spec: ApplyLimit); None if a leader has to wait for its
    marker."""
    if raft.role is Role.LEADER:
        return rules.leader_applies(raft.known, log.last_lsn, own_term_committed(raft, log))
    return rules.follower_applies(raft.known, log.last_lsn)
