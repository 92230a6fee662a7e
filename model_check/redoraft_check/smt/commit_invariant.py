"""Why the commit rule holds: its inductive invariant, conjunct by conjunct, and what follows from it.

The argument is Raft's, in four sentences.  Whoever voted for a leader had left all earlier terms.  An entry
that a later leader lacks (`overruled`) was therefore missed by a member of every quorum, who can never
acknowledge it any more: it is not committed and never will be.  So every leader of a later term has what is
committed.  And whoever learns a majority LSN learns it from such a leader, within what agrees with it.
"""

from __future__ import annotations

from redoraft_check.smt.commit_rule import Raft
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
    ZERO,
    before,
    entry,
)
from redoraft_check.smt.model import one_value


def _rule(  # noqa: PLR0917
    name: str,
    names: str,
    raft: Raft,
    condition: Formula,
    conclusion: Formula,
    why: str,
    uses: str = "",
) -> Named:
    return Named(name, forall(raft.vars(names), implies(condition, conclusion)), why, tuple(uses.split()))


def invariant(raft: Raft) -> tuple[Named, ...]:
    """Every conjunct, in the order in which they are best read."""
    return (
        *(one_value(relation) for relation in raft.relations if relation.value),
        *_terms_and_votes(raft),
        *_leader_logs(raft),
        *_node_logs(raft),
        *_acknowledgements(raft),
        *_committed(raft),
    )


def _terms_and_votes(s: Raft) -> tuple[Named, ...]:
    n, m, c, t, u, h, q = s.vars("n m c t u h q")

    def seen(node: Term, term: Term) -> Formula:
        return s.term(node, term) | s.left(node, term)

    return (
        _rule(
            "LeftIsPast", "n t u", s, s.left(n, t) & s.term(n, u), before(t, u), "A node's term only grows."
        ),
        _rule(
            "PastIsLeft",
            "n t u",
            s,
            s.term(n, u) & before(t, u),
            s.left(n, t),
            "A node that is in a term has left all smaller ones.",
        ),
        _rule(
            "LeftHasPrefixes",
            "n t u",
            s,
            s.left(n, t) & TERM_LE(u, t),
            s.left(n, u),
            "Who has left a term has left all before it.",
        ),
        _rule(
            "CandidaciesPast",
            "n t h",
            s,
            s.candidacies(t, n, h),
            seen(n, t),
            "A candidate enters the term for which it stands.",
        ),
        _rule(
            "OneCandidacy",
            "n t h g",
            s,
            s.candidacies(t, n, h) & s.candidacies(t, n, s.var("g")),
            same(h, s.var("g")),
            "Each candidacy begins a new term of its node.",
        ),
        _rule(
            "VotesPast", "n c t", s, s.votes(t, n, c), seen(n, t), "A node votes in the term in which it is."
        ),
        _rule(
            "VotesForCandidates",
            "n c t",
            s,
            s.votes(t, n, c),
            seen(c, t),
            "Only who has asked for votes gets one.",
        ),
        _rule(
            "VoteIsRemembered",
            "n c t",
            s,
            s.votes(t, n, c) & s.term(n, t),
            s.voted_for(n, c),
            "The vote of the current term is durable beside the log (H9).",
        ),
        _rule(
            "OneVote",
            "n m c t",
            s,
            s.votes(t, n, m) & s.votes(t, n, c),
            same(m, c),
            "A node that has voted votes for nobody else in that term.",
        ),
        _rule(
            "CandidateTerm",
            "n t",
            s,
            s.role(n, CANDIDATE) & s.term(n, t),
            before(ZERO, t),
            "A candidacy begins a new term.",
        ),
        _rule(
            "CandidateStands",
            "n t p",
            s,
            both(s.role(n, CANDIDATE), s.term(n, t), s.log(n, s.var("p"))),
            s.candidacies(t, n, s.var("p")),
            "A candidate's log stays as it was announced: who takes log from a leader becomes a follower.",
        ),
        _rule(
            "ElectedByQuorum",
            "t",
            s,
            s.leader_log(t, EMPTY),
            exists([c, q], s.elected(t, c) & forall([n], implies(s.member(n, q), s.votes(t, n, c)))),
            "A leader has the votes of a quorum.",
        ),
        _rule(
            "OneElected",
            "n m t",
            s,
            s.elected(t, n) & s.elected(t, m),
            same(n, m),
            "Two quorums meet in a node, and that node has one vote.",
        ),
        _rule(
            "ElectedHasLog", "n t", s, s.elected(t, n), s.leader_log(t, EMPTY), "A leader's log is recorded."
        ),
        _rule("ElectedPast", "n t", s, s.elected(t, n), seen(n, t), "A leader has entered its term."),
        _rule(
            "LeaderWasElected",
            "n t",
            s,
            s.role(n, LEADER) & s.term(n, t),
            s.elected(t, n),
            "There is no other way to become leader.",
        ),
        _rule(
            "ElectedOnce",
            "n t",
            s,
            both(s.elected(t, n), s.role(n, CANDIDATE)),
            ~s.term(n, t),
            "Who has led in a term stands again only in a later one.",
        ),
    )


def _leader_logs(s: Raft) -> tuple[Named, ...]:
    t, _u, h, g, n, p = s.vars("t u h g n p")
    return (
        *_prefix_closed(s, s.leader_log, "t"),
        _rule(
            "LeaderLogIsOneLog",
            "t h g",
            s,
            s.leader_log(t, h) & s.leader_log(t, g),
            PREFIX(h, g) | PREFIX(g, h),
            "One leader in a term, which only appends.",
        ),
        _rule(
            "LeaderLogTerms",
            "t h g",
            s,
            both(s.leader_log(t, g), PREFIX(h, g)),
            TERM_LE(TERM_OF(h), TERM_OF(g)),
            "Terms grow along a log.",
        ),
        _rule(
            "LeaderLogOrigin",
            "t h",
            s,
            s.leader_log(t, h) & differ(h, EMPTY),
            both(TERM_LE(TERM_OF(h), t), before(ZERO, TERM_OF(h)), s.leader_log(TERM_OF(h), h), ~HALF(h)),
            "Whatever stands in a log was once written, whole, by the leader of its term.",
        ),
        _rule(
            "LogNodeWritesNothing",
            "n t h",
            s,
            both(s.is_log_node(n), s.elected(t, n), s.leader_log(t, h)),
            differ(TERM_OF(h), t),
            "A log node that leads has no entry of its own (CL-2).",
        ),
        _rule("LeaderLogTerm", "t h", s, s.leader_log(t, h), before(ZERO, t), "Nobody leads in term 0."),
        _rule(
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
        _rule(
            "LogOrigin",
            "n p h",
            s,
            both(s.log(n, p), PREFIX(h, p), differ(h, EMPTY), ~HALF(h)),
            s.leader_log(TERM_OF(h), h),
            "What stands in a node's log was written by the leader of its term.",
        ),
        _rule(
            "LogTerms",
            "n p h t",
            s,
            both(s.log(n, p), PREFIX(h, p), s.term(n, t)),
            both(TERM_LE(TERM_OF(h), t), either(same(h, p), ~HALF(h))),
            "Nothing in a log is of a term that the node has not entered, and only its last mtr may be torn.",
        ),
        _rule(
            "TornIsDown",
            "n p",
            s,
            s.log(n, p) & HALF(p),
            s.role(n, DOWN),
            "A torn mtr is dropped by the scan (LOG-1).",
        ),
        _rule(
            "OpenIsLeading",
            "n p",
            s,
            both(s.log(n, p), not_down),
            WHOLE(p),
            "Only the leader has an open entry (CL-1): it is dropped on the way to any other role.",
        ),
        _rule(
            "OpenIsOwn",
            "n t p",
            s,
            both(s.role(n, LEADER), s.term(n, t), s.log(n, p), ~WHOLE(p)),
            same(TERM_OF(p), t),
            "An open entry is of the leader's own term, so a log node has none.",
        ),
        _rule(
            "DurableInLog", "n d p", s, s.durable(n, d) & s.log(n, p), PREFIX(d, p), "Fsync follows write."
        ),
        _rule(
            "KnownInLog",
            "n k p",
            s,
            s.known(n, k) & s.log(n, p),
            PREFIX(k, p),
            "A node learns a majority LSN within its log, and what is committed is never truncated.",
        ),
        _rule("KnownIsWhole", "n k", s, s.known(n, k), WHOLE(k), "A majority LSN is the end of an entry."),
        _rule(
            "AgreedInLog", "n a p", s, s.agreed(n, a) & s.log(n, p), PREFIX(a, p), "It is an LSN of the log."
        ),
        _rule(
            "AgreedIsLeaders",
            "n a t",
            s,
            both(s.agreed(n, a), s.term(n, t), differ(a, EMPTY)),
            s.leader_log(t, a),
            "What is agreed came from the leader of the node's own term (LOG-5-term).",
        ),
        _rule("AgreedIsWhole", "n a", s, s.agreed(n, a), WHOLE(a), "A leader sends whole entries."),
        _rule(
            "SettledIsDurable",
            "n d z",
            s,
            s.settled(n, z) & s.durable(n, d),
            PREFIX(z, d),
            "What is settled was durable, and is never truncated.",
        ),
        _rule("SettledIsWhole", "n z", s, s.settled(n, z), WHOLE(z), "Only whole entries settle (H33)."),
    )


def _acknowledgements(s: Raft) -> tuple[Named, ...]:
    n, _m, c, t, u, h, g, d, q = s.vars("n m c t u h g d q")
    return (
        *_prefix_closed(s, s.acked, "t n"),
        _rule(
            "AckedInLeaderLog",
            "t n h",
            s,
            s.acked(t, n, h),
            s.leader_log(t, h),
            "Nodes acknowledge what agrees with the leader.",
        ),
        _rule(
            "AckedPast",
            "t n h",
            s,
            s.acked(t, n, h) & differ(h, EMPTY),
            s.term(n, t) | s.left(n, t),
            "A node acknowledges to the leader of its term.",
        ),
        _rule(
            "AckedIsDurable",
            "t n g d",
            s,
            both(s.acked(t, n, g), entry(g, t), s.durable(n, d)),
            PREFIX(g, d) | s.overruled(g),
            "What was acknowledged is durable (LOG-5, H15), and only a leader that lacks it truncates it.",
        ),
        _rule(
            "VoterSawAcked",
            "t u n c g h",
            s,
            both(s.votes(u, n, c), s.candidacies(u, c, h), s.acked(t, n, g), entry(g, t), before(t, u)),
            either(PREFIX(g, h), before(t, TERM_OF(h)), s.overruled(g)),
            "Who has acknowledged an entry votes only for who has it, or has an entry of a later term (H9).",
            "VotesPast LeftIsPast PastIsLeft AckedPast",
        ),
        _rule(
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
        _rule(
            "LackingOverrules",
            "t g",
            s,
            both(WHOLE(g), differ(g, EMPTY), before(TERM_OF(g), t), s.leader_log(t, EMPTY)),
            s.leader_log(t, g) | s.overruled(g),
            "An entry is overruled once a later leader begins without it, and no leader takes old "
            "entries in.",
        ),
        _rule(
            "OverruledIsEntry",
            "g",
            s,
            s.overruled(g),
            WHOLE(g) & differ(g, EMPTY),
            "Only entries are overruled.",
        ),
        _rule(
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


def _committed(s: Raft) -> tuple[Named, ...]:
    n, t, u, h, g, k, z, q = s.vars("n t u h g k z q")
    return (
        _rule(
            "CommittedIsChosen",
            "u h",
            s,
            s.committed_by(u, h),
            exists([t, g], both(TERM_LE(t, u), PREFIX(h, g), chosen(s, g, t))),
            "Nothing else is committed than what a quorum has acknowledged in its own term.",
            "AckedInLeaderLog TwoQuorumsMeet LeaderLogHasPrefixes",
        ),
        *_prefix_closed(s, s.committed_by, "u"),
        _rule(
            "CommittedForLater",
            "t u h",
            s,
            s.committed_by(u, h) & TERM_LE(u, t),
            s.committed_by(t, h),
            "What leaders of terms up to u have committed, leaders of terms up to a later one have.",
            "CommittedByHasPrefixes",
        ),
        _rule(
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
        _rule(
            "ChosenStands",
            "t g q",
            s,
            both(forall([n], implies(s.member(n, q), s.acked(t, n, g))), entry(g, t)),
            ~s.overruled(g),
            "Every quorum has a node that missed what is overruled.",
            "OverruledIsLost LeftIsPast",
        ),
        _rule(
            "LeadersHaveCommitted",
            "t u h",
            s,
            both(s.committed_by(u, h), s.leader_log(t, EMPTY), TERM_LE(u, t)),
            s.leader_log(t, h),
            "An entry that a later leader lacks is overruled, and no quorum acknowledges it.",
            "OverruledIsLost LeftIsPast LackingOverrules AckedInLeaderLog LeaderLogHasPrefixes "
            "TwoQuorumsMeet",
        ),
        _rule(
            "KnownByTerm",
            "n t k",
            s,
            both(s.known(n, k), s.term(n, t), differ(k, EMPTY)),
            s.committed_by(t, k),
            "A majority LSN is learned from the leader of the node's own term, as far as logs agree "
            "(H34, H16).",
            "CommittedForLater LeftIsPast LeaderKnownIsCommitted",
        ),
        _rule(
            "SettledByTerm",
            "n t z",
            s,
            both(s.settled(n, z), s.term(n, t), differ(z, EMPTY)),
            s.committed_by(t, z),
            "What has settled was known.",
            "CommittedForLater LeftIsPast",
        ),
        *_prefix_closed(s, s.leader_known, "t"),
        _rule(
            "LeaderKnownIsCommitted",
            "t h",
            s,
            s.leader_known(t, h) & differ(h, EMPTY),
            s.committed_by(t, h),
            "A leader counts a quorum, for entries of its own term (LOG-6, H8).",
        ),
        _rule(
            "AnsweredIsCommitted",
            "t h",
            s,
            s.acknowledged(t, h),
            both(s.committed_by(t, h), same(TERM_OF(h), t), differ(h, EMPTY)),
            "A commit is answered when the majority LSN covers it (LIM-4).",
        ),
    )


def _prefix_closed(s: Raft, relation: Relation, names: str) -> tuple[Named, ...]:
    keys = s.vars(names)
    h, g = s.vars("h g")
    title = f"{relation.name[0].upper()}{relation.name[1:]}"
    return (
        _rule(
            f"{title}HasPrefixes",
            f"{names} h g",
            s,
            relation(*keys, g) & PREFIX(h, g),
            relation(*keys, h),
            f"{relation.name} stands for an LSN: it holds of everything up to there.",
        ),
    )


# --- what the invariant says of single steps ---------------------------------------------------------


def facts(raft: Raft) -> dict[str, tuple[Named, ...]]:
    """By action, in terms of its parameters: what follows from the invariant and the guard."""
    s = raft
    n, t, p, end, i, j, h, u, g, q, m, _x, _o, z, y, f, _b = s.vars("n t p l i j h u g q m x o z y f b")
    settles = Named(
        "SettlesCommitted",
        either(same(z, EMPTY), s.committed_by(t, z)),
        "What settles is known, or had settled before.",
        (
            *("KnownByTerm", "SettledByTerm", "CommittedByHasPrefixes"),
            *("KnownInLog", "DurableInLog", "SettledIsDurable"),
        ),
    )
    elected = Named("Leads", s.leader_log(t, EMPTY) & s.leader_log(t, p), "Who writes was elected.")
    shared = Named(
        "SharedIsSame",
        same(i, j),
        "The same term at the same LSN is the same log (R2).",
        ("LogOrigin", "LeaderLogOrigin", "LeaderLogIsOneLog", "LeaderLogHasPrefixes"),
    )
    w = s.var("w")

    def saw_acked(candidacy: Term) -> Named:
        acked = both(s.acked(TERM_OF(g), n, g), entry(g, TERM_OF(g)), before(TERM_OF(g), t))
        seen = either(PREFIX(g, candidacy), before(TERM_OF(g), TERM_OF(candidacy)), s.overruled(g))
        return Named(
            "SeesAcked",
            forall([g], implies(acked, seen)),
            "The voter has what it acknowledged, and compares by (last term, last index).",
            (
                *(
                    "AckedIsDurable",
                    "DurableInLog",
                    "CandidacyOrigin",
                    "LeaderLogIsOneLog",
                    "AckedInLeaderLog",
                ),
                *("LeaderLogTerms", "LogOrigin", "LeaderLogOrigin"),
            ),
        )

    return {
        "StartElection": (saw_acked(w),),
        "GrantVote": (saw_acked(h),),
        "BecomeLeader": (
            Named(
                "NobodyElected",
                forall([h], ~s.leader_log(t, h)),
                "Two quorums would meet in one voter.",
                ("ElectedByQuorum", "OneVote", "ElectedOnce", "LeaderLogHasPrefixes", "TwoQuorumsMeet"),
            ),
            Named("Announced", s.candidacies(t, n, p) & WHOLE(p), "Its log is the one that it announced."),
            Named(
                "VotersMissed",
                forall(
                    [m, g],
                    implies(
                        both(
                            s.votes(t, m, n),
                            s.acked(TERM_OF(g), m, g),
                            entry(g, TERM_OF(g)),
                            before(TERM_OF(g), t),
                            ~PREFIX(g, p),
                        ),
                        s.overruled(g),
                    ),
                ),
                "A voter that had it did not vote for who lacks it, unless it was overruled already.",
            ),
            Named(
                "LacksAreLost",
                forall(
                    [g, q],
                    implies(
                        both(entry(g, TERM_OF(g)), before(TERM_OF(g), t), ~PREFIX(g, p)),
                        exists([m], both(s.member(m, q), ~s.acked(TERM_OF(g), m, g), s.left(m, TERM_OF(g)))),
                    ),
                ),
                "The voters meet every quorum.",
                ("VotesPast", "LeftHasPrefixes", "PastIsLeft", "OverruledIsLost", "TwoQuorumsMeet"),
            ),
            Named(
                "HasCommitted",
                forall([u, h], implies(s.committed_by(u, h) & TERM_LE(u, t), PREFIX(h, p))),
                "So what is committed is not lacking.",
                ("CommittedIsChosen", "AckedInLeaderLog", "TwoQuorumsMeet"),
            ),
        ),
        "WriteMtr": (elected,),
        "CloseEntry": (elected,),
        "Truncate": (
            shared,
            Named(
                "KeepsSettled",
                forall([h], implies(s.settled(n, h) | s.known(n, h), PREFIX(h, i))),
                "The leader has what is committed, and the cut is where logs part.",
                (
                    *("SettledByTerm", "KnownByTerm", "LeadersHaveCommitted", "SettledIsDurable"),
                    *("DurableInLog", "KnownInLog", "SettledIsWhole", "KnownIsWhole", "LeaderLogIsOneLog"),
                ),
            ),
        ),
        "AppendEntries": (
            shared,
            Named(
                "NewLogIsLeaders",
                s.leader_log(t, s.var("e")) & PREFIX(s.var("e"), y),
                "Up to the piece's end.",
            ),
            Named("AgreesWithLeader", s.leader_log(t, f) & PREFIX(f, y), "What agreed before agrees still."),
            Named("KeepsLog", PREFIX(p, y), "Nothing is cut."),
            Named(
                "LearnsCommitted",
                both(WHOLE(end), PREFIX(end, y), either(same(end, EMPTY), s.committed_by(t, end))),
                "The leader's majority LSN, within what agrees with it (H34).",
                (
                    *("KnownByTerm", "CommittedByHasPrefixes", "LeaderKnownIsCommitted", "KnownIsWhole"),
                    *("KnownInLog", "AgreedIsLeaders", "AgreedIsWhole", "LeaderLogIsOneLog"),
                    *("LeadersHaveCommitted", "LeaderLogHasPrefixes"),
                ),
            ),
            settles,
        ),
        "Acknowledge": (
            Named("AgreesWithLeader", s.leader_log(t, s.var("e")), "What is agreed is the leader's."),
            Named("AcknowledgesItsOwn", same(i, s.var("e")), "So the LSN means the same log to both."),
        ),
        "Fsync (leading)": (
            Named("AgreesWithLeader", s.leader_log(t, s.var("e")), "A leader's log is the leader's."),
            settles,
        ),
        "Fsync (not leading)": (settles,),
        "AdvanceMajority": (
            Named(
                "QuorumCommits",
                s.committed_by(t, end),
                "A quorum, and an entry of the leader's term (H8).",
                ("ChosenIsCommitted",),
            ),
            settles,
        ),
        "AckCommit": (
            Named(
                "AnswersCommitted",
                s.committed_by(t, end),
                "Within what the leader knows (LIM-4).",
                ("KnownByTerm", "CommittedByHasPrefixes", "KnownInLog"),
            ),
        ),
    }


# --- what follows ------------------------------------------------------------------------------------


def properties(raft: Raft) -> tuple[Named, ...]:
    """RaftRedo's invariants, by their names there."""
    s = raft
    n, m, t, u, v, p, o, h, g, _f, k, z, d, q = s.vars("n m t u v p o h g f k z d q")
    return (
        _rule(
            "ElectionSafety",
            "n m t",
            s,
            both(s.role(n, LEADER), s.role(m, LEADER), s.term(n, t), s.term(m, t)),
            same(n, m),
            "CL-1, H9",
        ),
        _rule(
            "LeaderAppendOnly",
            "n t p h",
            s,
            both(s.role(n, LEADER), s.term(n, t), s.log(n, p)),
            either(s.leader_log(t, h) & PREFIX(h, p), ~s.leader_log(t, h) & ~PREFIX(h, p)),
            "log[n] = leaderLog[term[n]] while n leads",
        ),
        _rule(
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
        _rule(
            "KnownIsCommitted",
            "n t k",
            s,
            both(s.known(n, k), s.term(n, t), differ(k, EMPTY)),
            committed_now(s, k),
            "R3",
            "KnownByTerm",
        ),
        _rule(
            "SettledStays",
            "n t z d",
            s,
            both(s.settled(n, z), s.durable(n, d), s.term(n, t)),
            both(PREFIX(z, d), either(same(z, EMPTY), committed_now(s, z))),
            "R3",
            "SettledByTerm SettledIsDurable",
        ),
        _rule(
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
        _rule(
            "CommittedOnQuorum",
            "u h",
            s,
            s.committed_by(u, h),
            exists([q], forall([n, d], implies(s.member(n, q) & s.durable(n, d), PREFIX(h, d)))),
            "R4",
            "CommittedIsChosen ChosenStands AckedIsDurable",
        ),
        _rule(
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
        _rule(
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
        _rule(
            "CommittedIsOneLog",
            "u v h g",
            s,
            s.committed_by(u, h) & s.committed_by(v, g),
            PREFIX(h, g) | PREFIX(g, h),
            "R1: it is one log",
            "CommittedFrom LackingOverrules LeaderLogHasPrefixes LeaderLogIsOneLog",
        ),
        _rule(
            "AcknowledgedStays",
            "t h",
            s,
            s.acknowledged(t, h),
            committed_now(s, h),
            "the one promise, LIM-4",
        ),
        _rule("CommittedIsWhole", "u h", s, s.committed_by(u, h), ~HALF(h), "LOG-1"),
        _rule(
            "LogNodesNeverServe",
            "n t p h",
            s,
            both(s.is_log_node(n), s.role(n, LEADER), s.term(n, t), s.log(n, p), PREFIX(h, p)),
            differ(TERM_OF(h), t),
            "CL-2",
        ),
        _rule(
            "OnlyTheLeaderWrites",
            "n p",
            s,
            both(either(s.role(n, FOLLOWER), s.role(n, CANDIDATE)), s.log(n, p)),
            WHOLE(p),
            "CL-1",
        ),
    )


def committed_now(s: Raft, log: Term) -> Formula:
    """The leaders of some terms have committed this log."""
    u = s.var("u1")
    return exists([u], s.committed_by(u, log))
