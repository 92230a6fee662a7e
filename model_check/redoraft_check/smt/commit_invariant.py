"""Why the commit rule holds: its inductive invariant, conjunct by conjunct, and what follows from it.

The argument is Raft's, in four sentences.  Whoever voted for a leader had left all earlier terms.  An entry
that a later leader lacks (`overruled`) was therefore missed by a member of every quorum, who can never
acknowledge it any more: it is not committed and never will be.  So every leader of a later term has what is
committed.  And whoever learns a majority LSN learns it from such a leader, within what agrees with it.
"""

from __future__ import annotations

from redoraft_check.smt.commit_quorums import acknowledgements, committed, prefix_closed
from redoraft_check.smt.commit_state import Raft, rule
from redoraft_check.smt.formula import (
    Formula,
    Named,
    Term,
    both,
    differ,
    either,
    exists,
    forall,
    implies,
    same,
)
from redoraft_check.smt.logs import (
    CANDIDATE,
    DOWN,
    EMPTY,
    FOLLOWER,
    HALF,
    LEADER,
    PREFIX,
    TERM_LE,
    TERM_OF,
    WHOLE,
    ZERO,
    before,
)
from redoraft_check.smt.model import one_value


def invariant(raft: Raft) -> tuple[Named, ...]:
    """Every conjunct, in the order in which they are best read."""
    return (
        *(one_value(relation) for relation in raft.relations if relation.value),
        *_terms_and_votes(raft),
        *_leader_logs(raft),
        *_node_logs(raft),
        *acknowledgements(raft),
        *committed(raft),
    )


def _terms_and_votes(s: Raft) -> tuple[Named, ...]:
    n, m, c, t, u, h, q = s.vars("n m c t u h q")

    def seen(node: Term, term: Term) -> Formula:
        return s.term(node, term) | s.left(node, term)

    return (
        rule(
            "LeftIsPast", "n t u", s, s.left(n, t) & s.term(n, u), before(t, u), "A node's term only grows."
        ),
        rule(
            "PastIsLeft",
            "n t u",
            s,
            s.term(n, u) & before(t, u),
            s.left(n, t),
            "A node that is in a term has left all smaller ones.",
        ),
        rule(
            "LeftHasPrefixes",
            "n t u",
            s,
            s.left(n, t) & TERM_LE(u, t),
            s.left(n, u),
            "Who has left a term has left all before it.",
        ),
        rule(
            "CandidaciesPast",
            "n t h",
            s,
            s.candidacies(t, n, h),
            seen(n, t),
            "A candidate enters the term for which it stands.",
        ),
        rule(
            "OneCandidacy",
            "n t h g",
            s,
            s.candidacies(t, n, h) & s.candidacies(t, n, s.var("g")),
            same(h, s.var("g")),
            "Each candidacy begins a new term of its node.",
        ),
        rule(
            "VotesPast", "n c t", s, s.votes(t, n, c), seen(n, t), "A node votes in the term in which it is."
        ),
        rule(
            "VotesForCandidates",
            "n c t",
            s,
            s.votes(t, n, c),
            seen(c, t),
            "Only who has asked for votes gets one.",
        ),
        rule(
            "VoteIsRemembered",
            "n c t",
            s,
            s.votes(t, n, c) & s.term(n, t),
            s.voted_for(n, c),
            "The vote of the current term is durable beside the log (H9).",
        ),
        rule(
            "OneVote",
            "n m c t",
            s,
            s.votes(t, n, m) & s.votes(t, n, c),
            same(m, c),
            "A node that has voted votes for nobody else in that term.",
        ),
        rule(
            "CandidateTerm",
            "n t",
            s,
            s.role(n, CANDIDATE) & s.term(n, t),
            before(ZERO, t),
            "A candidacy begins a new term.",
        ),
        rule(
            "CandidateStands",
            "n t p",
            s,
            both(s.role(n, CANDIDATE), s.term(n, t), s.log(n, s.var("p"))),
            s.candidacies(t, n, s.var("p")),
            "A candidate's log stays as it was announced: who takes log from a leader becomes a follower.",
        ),
        rule(
            "ElectedByQuorum",
            "t",
            s,
            s.leader_log(t, EMPTY),
            exists([c, q], s.elected(t, c) & forall([n], implies(s.member(n, q), s.votes(t, n, c)))),
            "A leader has the votes of a quorum.",
        ),
        rule(
            "OneElected",
            "n m t",
            s,
            s.elected(t, n) & s.elected(t, m),
            same(n, m),
            "Two quorums meet in a node, and that node has one vote.",
        ),
        rule(
            "ElectedHasLog", "n t", s, s.elected(t, n), s.leader_log(t, EMPTY), "A leader's log is recorded."
        ),
        rule("ElectedPast", "n t", s, s.elected(t, n), seen(n, t), "A leader has entered its term."),
        rule(
            "LeaderWasElected",
            "n t",
            s,
            s.role(n, LEADER) & s.term(n, t),
            s.elected(t, n),
            "There is no other way to become leader.",
        ),
        rule(
            "ElectedOnce",
            "n t",
            s,
            both(s.elected(t, n), s.role(n, CANDIDATE)),
            ~s.term(n, t),
            "Who has led in a term stands again only in a later one.",
        ),
    )


def _leader_logs(s: Raft) -> tuple[Named, ...]:
    t, f, h, g, n, p = s.vars("t f h g n p")
    return (
        *prefix_closed(s, s.leader_log, "t"),
        rule(
            "LeaderLogIsOneLog",
            "t h g",
            s,
            s.leader_log(t, h) & s.leader_log(t, g),
            PREFIX(h, g) | PREFIX(g, h),
            "One leader in a term, which only appends.",
        ),
        rule(
            "LeaderLogTerms",
            "t h g",
            s,
            both(s.leader_log(t, g), PREFIX(h, g)),
            TERM_LE(TERM_OF(h), TERM_OF(g)),
            "Terms grow along a log.",
        ),
        rule(
            "LeaderLogOrigin",
            "t h",
            s,
            s.leader_log(t, h) & differ(h, EMPTY),
            both(TERM_LE(TERM_OF(h), t), before(ZERO, TERM_OF(h)), s.leader_log(TERM_OF(h), h), ~HALF(h)),
            "Whatever stands in a log was once written, whole, by the leader of its term.",
        ),
        rule(
            "LogNodeWritesNothing",
            "n t h",
            s,
            both(s.is_log_node(n), s.elected(t, n), s.leader_log(t, h)),
            differ(TERM_OF(h), t),
            "A log node that leads has no entry of its own (CL-2).",
        ),
        rule("LeaderLogTerm", "t h", s, s.leader_log(t, h), before(ZERO, t), "Nobody leads in term 0."),
        rule(
            "EntryHasOneTerm",
            "t g h",
            s,
            s.leader_log(t, g) & PREFIX(h, g),
            either(
                same(TERM_OF(h), TERM_OF(g)),
                exists([f], both(WHOLE(f), PREFIX(h, f), PREFIX(f, g), differ(f, g))),
            ),
            "A leader begins behind a whole entry (CL-1) and closes what it has opened itself.",
            "LeaderHasItsLog OpenIsOwn OpenIsLeading LeaderLogIsOneLog",
        ),
        rule(
            "LeaderHasItsLog",
            "n t p",
            s,
            both(s.role(n, LEADER), s.term(n, t), s.log(n, p)),
            s.leader_log(t, p) & forall([h], implies(s.leader_log(t, h), PREFIX(h, p))),
            "The leader's log is what is recorded of it (LeaderAppendOnly).",
        ),
    )


def _node_logs(s: Raft) -> tuple[Named, ...]:
    n, t, _u, p, d, k, a, z, h = s.vars("n t u p d k a z h")
    not_down = either(s.role(n, FOLLOWER), s.role(n, CANDIDATE))
    return (
        rule(
            "LogOrigin",
            "n p h",
            s,
            both(s.log(n, p), PREFIX(h, p), differ(h, EMPTY), ~HALF(h)),
            s.leader_log(TERM_OF(h), h),
            "What stands in a node's log was written by the leader of its term.",
        ),
        rule(
            "LogTerms",
            "n p h t",
            s,
            both(s.log(n, p), PREFIX(h, p), s.term(n, t)),
            both(TERM_LE(TERM_OF(h), t), either(same(h, p), ~HALF(h))),
            "Nothing in a log is of a term that the node has not entered, and only its last mtr may be torn.",
        ),
        rule(
            "TornIsDown",
            "n p",
            s,
            s.log(n, p) & HALF(p),
            s.role(n, DOWN),
            "A torn mtr is dropped by the scan (LOG-1).",
        ),
        rule(
            "OpenIsLeading",
            "n p",
            s,
            both(s.log(n, p), not_down),
            WHOLE(p),
            "Only the leader has an open entry (CL-1): it is dropped on the way to any other role.",
        ),
        rule(
            "OpenIsOwn",
            "n t p",
            s,
            both(s.role(n, LEADER), s.term(n, t), s.log(n, p), ~WHOLE(p)),
            same(TERM_OF(p), t),
            "An open entry is of the leader's own term, so a log node has none.",
        ),
        rule("DurableInLog", "n d p", s, s.durable(n, d) & s.log(n, p), PREFIX(d, p), "Fsync follows write."),
        rule(
            "KnownInLog",
            "n k p",
            s,
            s.known(n, k) & s.log(n, p),
            PREFIX(k, p),
            "A node learns a majority LSN within its log, and what is committed is never truncated.",
        ),
        rule("KnownIsWhole", "n k", s, s.known(n, k), WHOLE(k), "A majority LSN is the end of an entry."),
        rule(
            "AgreedInLog", "n a p", s, s.agreed(n, a) & s.log(n, p), PREFIX(a, p), "It is an LSN of the log."
        ),
        rule(
            "AgreedIsLeaders",
            "n a t",
            s,
            both(s.agreed(n, a), s.term(n, t), differ(a, EMPTY)),
            s.leader_log(t, a),
            "What is agreed came from the leader of the node's own term (LOG-5-term).",
        ),
        rule("AgreedIsWhole", "n a", s, s.agreed(n, a), WHOLE(a), "A leader sends whole entries."),
        rule(
            "SettledIsDurable",
            "n d z",
            s,
            s.settled(n, z) & s.durable(n, d),
            PREFIX(z, d),
            "What is settled was durable, and is never truncated.",
        ),
        rule("SettledIsWhole", "n z", s, s.settled(n, z), WHOLE(z), "Only whole entries settle (H33)."),
        rule(
            "KnownAndDurableSettles",
            "n k d z h",
            s,
            both(s.known(n, k), s.durable(n, d), s.settled(n, z), WHOLE(h), PREFIX(h, k), PREFIX(h, d)),
            PREFIX(h, z),
            "Whole entries that are known and durable at once have settled (R3).",
        ),
    )
