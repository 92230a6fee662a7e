"""What the commit rule's invariant says of single steps, which its conjuncts are then shown with."""

from __future__ import annotations

from redoraft_check.smt.commit_state import Raft
from redoraft_check.smt.formula import Named, Term, both, either, exists, forall, implies, same
from redoraft_check.smt.logs import EMPTY, PREFIX, TERM_LE, TERM_OF, WHOLE, before, entry


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
