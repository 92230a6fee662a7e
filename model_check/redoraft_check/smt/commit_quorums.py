"""The commit rule's invariant about quorums: what was acknowledged, overruled, committed and is known."""

from __future__ import annotations

from redoraft_check.smt.commit_state import Raft, rule
from redoraft_check.smt.formula import (
    Formula,
    Named,
    Relation,
    Term,
    both,
    differ,
    either,
    exists,
    forall,
    implies,
    same,
)
from redoraft_check.smt.logs import EMPTY, PREFIX, TERM_LE, TERM_OF, WHOLE, before, entry


def prefix_closed(s: Raft, relation: Relation, names: str) -> tuple[Named, ...]:
    """That a relation which stands for LSNs holds of all below them; `names` are its other arguments."""
    keys = s.vars(names)
    h, g = s.vars("h g")
    title = f"{relation.name[0].upper()}{relation.name[1:]}"
    return (
        rule(
            f"{title}HasPrefixes",
            f"{names} h g",
            s,
            relation(*keys, g) & PREFIX(h, g),
            relation(*keys, h),
            f"{relation.name} stands for an LSN: it holds of everything up to there.",
        ),
    )


def acknowledgements(s: Raft) -> tuple[Named, ...]:
    """What was acknowledged, who has seen it, and what later leaders overrule."""
    n, _m, c, t, u, h, g, d, q = s.vars("n m c t u h g d q")
    return (
        *prefix_closed(s, s.acked, "t n"),
        rule(
            "AckedInLeaderLog",
            "t n h",
            s,
            s.acked(t, n, h),
            s.leader_log(t, h),
            "Nodes acknowledge what agrees with the leader.",
        ),
        rule(
            "AckedPast",
            "t n h",
            s,
            s.acked(t, n, h) & differ(h, EMPTY),
            s.term(n, t) | s.left(n, t),
            "A node acknowledges to the leader of its term.",
        ),
        rule(
            "AckedIsDurable",
            "t n g d",
            s,
            both(s.acked(t, n, g), entry(g, t), s.durable(n, d)),
            PREFIX(g, d) | s.overruled(g),
            "What was acknowledged is durable (LOG-5, H15), and only a leader that lacks it truncates it.",
        ),
        rule(
            "VoterSawAcked",
            "t u n c g h",
            s,
            both(s.votes(u, n, c), s.candidacies(u, c, h), s.acked(t, n, g), entry(g, t), before(t, u)),
            either(PREFIX(g, h), before(t, TERM_OF(h)), s.overruled(g)),
            "Who has acknowledged an entry votes only for who has it, or has an entry of a later term (H9).",
            "VotesPast LeftIsPast PastIsLeft AckedPast",
        ),
        rule(
            "CandidacyOrigin",
            "t c h",
            s,
            s.candidacies(t, c, h),
            both(
                WHOLE(h),
                before(TERM_OF(h), t),
                either(same(h, EMPTY), s.leader_log(TERM_OF(h), h)),
            ),
            "A candidate announces a log as nodes have it, of earlier terms.",
        ),
        rule(
            "LackingOverrules",
            "t g",
            s,
            both(WHOLE(g), differ(g, EMPTY), before(TERM_OF(g), t), s.leader_log(t, EMPTY)),
            s.leader_log(t, g) | s.overruled(g),
            "An entry is overruled once a later leader begins without it, and no leader takes old "
            "entries in.",
        ),
        rule(
            "OverruledIsEntry",
            "g",
            s,
            s.overruled(g),
            WHOLE(g) & differ(g, EMPTY),
            "Only entries are overruled.",
        ),
        rule(
            "OverruledIsLost",
            "g q",
            s,
            s.overruled(g),
            exists([n], both(s.member(n, q), ~s.acked(TERM_OF(g), n, g), s.left(n, TERM_OF(g)))),
            "Every quorum has a voter of the leader that lacks it, who missed it and has left its term.",
            "LeftIsPast PastIsLeft OverruledIsEntry",
        ),
    )


def chosen(s: Raft, entry_end: Term, term: Term) -> Formula:
    """A quorum has acknowledged this entry of its own term to the leader: CommittedBy(t) reaches it."""
    return both(entry(entry_end, term), s.is_quorum(s.acked, term, None, entry_end))


def committed_now(s: Raft, log: Term) -> Formula:
    """The leaders of some terms have committed this log."""
    u = s.var("u1")
    return exists([u], s.committed_by(u, log))


def committed(s: Raft) -> tuple[Named, ...]:
    """What a quorum acknowledged is committed and stands, and who knows of it."""
    n, t, u, h, g, k, z, q = s.vars("n t u h g k z q")
    return (
        rule(
            "CommittedIsChosen",
            "u h",
            s,
            s.committed_by(u, h),
            exists([t, g], both(TERM_LE(t, u), PREFIX(h, g), chosen(s, g, t))),
            "Nothing else is committed than what a quorum has acknowledged in its own term.",
            "AckedInLeaderLog TwoQuorumsMeet LeaderLogHasPrefixes",
        ),
        *prefix_closed(s, s.committed_by, "u"),
        rule(
            "CommittedForLater",
            "t u h",
            s,
            s.committed_by(u, h) & TERM_LE(u, t),
            s.committed_by(t, h),
            "What leaders of terms up to u have committed, leaders of terms up to a later one have.",
            "CommittedByHasPrefixes",
        ),
        rule(
            "ChosenIsCommitted",
            "t u h g q",
            s,
            both(
                forall([n], implies(s.member(n, q), s.acked(t, n, g))),
                entry(g, t),
                PREFIX(h, g),
                TERM_LE(t, u),
            ),
            s.committed_by(u, h),
            "It is committed at the last acknowledgement of a quorum.",
            "TwoQuorumsMeet AckedInLeaderLog LeaderLogHasPrefixes",
        ),
        rule(
            "ChosenStands",
            "t g q",
            s,
            both(forall([n], implies(s.member(n, q), s.acked(t, n, g))), entry(g, t)),
            ~s.overruled(g),
            "Every quorum has a node that missed what is overruled.",
            "OverruledIsLost LeftIsPast",
        ),
        rule(
            "LeadersHaveCommitted",
            "t u h",
            s,
            both(s.committed_by(u, h), s.leader_log(t, EMPTY), TERM_LE(u, t)),
            s.leader_log(t, h),
            "An entry that a later leader lacks is overruled, and no quorum acknowledges it.",
            "OverruledIsLost LeftIsPast LackingOverrules AckedInLeaderLog LeaderLogHasPrefixes "
            "TwoQuorumsMeet",
        ),
        rule(
            "KnownByTerm",
            "n t k",
            s,
            both(s.known(n, k), s.term(n, t), differ(k, EMPTY)),
            s.committed_by(t, k),
            "A majority LSN is learned from the leader of the node's own term, as far as logs agree "
            "(H34, H16).",
            "CommittedForLater LeftIsPast LeaderKnownIsCommitted",
        ),
        rule(
            "SettledByTerm",
            "n t z",
            s,
            both(s.settled(n, z), s.term(n, t), differ(z, EMPTY)),
            s.committed_by(t, z),
            "What has settled was known.",
            "CommittedForLater LeftIsPast",
        ),
        *prefix_closed(s, s.leader_known, "t"),
        rule(
            "LeaderKnownIsCommitted",
            "t h",
            s,
            s.leader_known(t, h) & differ(h, EMPTY),
            s.committed_by(t, h),
            "A leader counts a quorum, for entries of its own term (LOG-6, H8).",
        ),
        rule(
            "AnsweredIsCommitted",
            "t h",
            s,
            s.acknowledged(t, h),
            both(s.committed_by(t, h), same(TERM_OF(h), t), differ(h, EMPTY)),
            "A commit is answered when the majority LSN covers it (LIM-4).",
        ),
    )
