"""What follows from the commit rule's invariant: RaftRedo's invariants, by their names there."""

from __future__ import annotations

from redoraft_check.smt.commit_quorums import chosen, committed_now
from redoraft_check.smt.commit_state import Raft, rule
from redoraft_check.smt.formula import Named, both, differ, either, exists, forall, implies, same
from redoraft_check.smt.logs import (
    CANDIDATE,
    DOWN,
    EMPTY,
    FOLLOWER,
    HALF,
    LEADER,
    LSN,
    PREFIX,
    TERM_LE,
    TERM_OF,
    WHOLE,
    before,
    entry,
)


def properties(raft: Raft) -> tuple[Named, ...]:
    """RaftRedo's invariants, by their names there."""
    s = raft
    n, m, t, u, v, p, o, h, g, _f, k, z, d, q = s.vars("n m t u v p o h g f k z d q")
    return (
        rule(
            "ElectionSafety",
            "n m t",
            s,
            both(s.role(n, LEADER), s.role(m, LEADER), s.term(n, t), s.term(m, t)),
            same(n, m),
            "CL-1, H9",
        ),
        rule(
            "LeaderAppendOnly",
            "n t p h",
            s,
            both(s.role(n, LEADER), s.term(n, t), s.log(n, p)),
            either(s.leader_log(t, h) & PREFIX(h, p), ~s.leader_log(t, h) & ~PREFIX(h, p)),
            "log[n] = leaderLog[term[n]] while n leads",
        ),
        rule(
            "LogMatching",
            "n m p o h g",
            s,
            both(
                ~s.role(n, DOWN),
                ~s.role(m, DOWN),
                s.log(n, p) & PREFIX(h, p),
                s.log(m, o) & PREFIX(g, o),
                WHOLE(h) & WHOLE(g),
                same(LSN(h), LSN(g)) & same(TERM_OF(h), TERM_OF(g)),
            ),
            same(h, g),
            "R2",
        ),
        rule(
            "KnownIsCommitted",
            "n t k",
            s,
            both(s.known(n, k), s.term(n, t), differ(k, EMPTY)),
            committed_now(s, k),
            "R3",
            "KnownByTerm",
        ),
        rule(
            "SettledStays",
            "n t z d",
            s,
            both(s.settled(n, z), s.durable(n, d), s.term(n, t)),
            both(PREFIX(z, d), either(same(z, EMPTY), committed_now(s, z))),
            "R3",
            "SettledByTerm SettledIsDurable",
        ),
        rule(
            "CommittedFrom",
            "u h",
            s,
            s.committed_by(u, h),
            exists(
                [v, g],
                both(TERM_LE(v, u), PREFIX(h, g), chosen(s, g, v), s.leader_log(v, g), ~s.overruled(g)),
            ),
            "what is committed stands in the log of a leader, and no later leader lacks it",
            "CommittedIsChosen ChosenStands AckedInLeaderLog TwoQuorumsMeet",
        ),
        rule(
            "CommittedOnQuorum",
            "u h",
            s,
            s.committed_by(u, h),
            exists([q], forall([n, d], implies(s.member(n, q) & s.durable(n, d), PREFIX(h, d)))),
            "R4",
            "CommittedIsChosen ChosenStands AckedIsDurable",
        ),
        rule(
            "LeaderHasWhatStands",
            "n t p v g h",
            s,
            both(
                *(s.role(n, LEADER), s.term(n, t), s.log(n, p)),
                *(TERM_LE(v, t), s.leader_log(v, g), entry(g, v), ~s.overruled(g), PREFIX(h, g)),
            ),
            PREFIX(h, p),
            "what an earlier leader has and no later one lacks, the leader has",
            "LackingOverrules LeaderHasItsLog LeaderLogHasPrefixes",
        ),
        rule(
            "LeaderCompleteness",
            "n t p u h",
            s,
            both(
                s.role(n, LEADER),
                s.term(n, t),
                s.log(n, p),
                s.committed_by(u, h),
                forall([v, g], implies(before(t, v), ~chosen(s, g, v))),
            ),
            PREFIX(h, p),
            "R5",
            "CommittedFrom LeaderHasWhatStands",
        ),
        rule(
            "CommittedIsOneLog",
            "u v h g",
            s,
            s.committed_by(u, h) & s.committed_by(v, g),
            PREFIX(h, g) | PREFIX(g, h),
            "R1: it is one log",
            "CommittedFrom LackingOverrules LeaderLogHasPrefixes LeaderLogIsOneLog",
        ),
        rule(
            "AcknowledgedStays",
            "t h",
            s,
            s.acknowledged(t, h),
            committed_now(s, h),
            "the one promise, LIM-4",
        ),
        rule(
            "CommittedEndsWhole",
            "u h",
            s,
            s.committed_by(u, h) & forall([g], implies(s.committed_by(u, g), PREFIX(g, h))),
            WHOLE(h),
            "the longest of what is committed is what a quorum has acknowledged",
            "CommittedIsChosen ChosenIsCommitted",
        ),
        rule("CommittedIsWhole", "u h", s, s.committed_by(u, h), ~HALF(h), "LOG-1"),
        rule(
            "LogNodesNeverServe",
            "n t p h",
            s,
            both(s.is_log_node(n), s.role(n, LEADER), s.term(n, t), s.log(n, p), PREFIX(h, p)),
            differ(TERM_OF(h), t),
            "CL-2",
        ),
        rule(
            "OnlyTheLeaderWrites",
            "n p",
            s,
            both(either(s.role(n, FOLLOWER), s.role(n, CANDIDATE)), s.log(n, p)),
            WHOLE(p),
            "CL-1",
        ),
    )
