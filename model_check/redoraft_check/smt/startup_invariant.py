"""Why nothing is applied beyond the agreed prefix: Startup's invariant on top of the commit rule's.

A node that does not serve has applied no more than the majority LSN that it knows, and knows it until it
crashes; a crash empties the pages.  A leader that serves has a marker of its own term within that, so the log
below its own writes is committed.  Hence no truncation reaches what is applied.
"""

from __future__ import annotations

from redoraft_check.smt.commit_facts import facts as commit_facts
from redoraft_check.smt.commit_quorums import committed_now
from redoraft_check.smt.commit_state import rule
from redoraft_check.smt.formula import Named, both, differ, either, forall, implies, same
from redoraft_check.smt.logs import DOWN, EMPTY, LEADER, PREFIX, TERM_OF, WHOLE, before
from redoraft_check.smt.model import one_value
from redoraft_check.smt.startup_rule import GONE, READY, STOPPED, Start


def startup_invariant(start: Start) -> tuple[Named, ...]:
    """What is added to the commit rule's invariant."""
    s = start.raft
    n, t, p, k, a, h = s.vars("n t p k a h")
    ready = start.phase(n, READY)
    leads = both(s.role(n, LEADER), ready, s.term(n, t), same(TERM_OF(a), t))
    return (
        *(one_value(relation) for relation in start.relations),
        rule(
            "DownIsNoPhase",
            "n",
            s,
            start.phase(n, GONE) | start.phase(n, STOPPED),
            s.role(n, DOWN),
            "A process that runs is aligning or ready.",
        ),
        rule(
            "NothingAppliedBeforeRecovery",
            "n a",
            s,
            start.applied(n, a) & differ(a, EMPTY),
            ready & ~s.is_log_node(n),
            "Recovery is the first that applies, on data nodes, and a crash forgets it (ST-1, ST-2).",
        ),
        rule(
            "AppliedInLog",
            "n a p",
            s,
            start.applied(n, a) & s.log(n, p),
            PREFIX(a, p),
            "What is applied is known, and what is known is never truncated; who serves appends only (H13).",
            "AppliedIsKnown KnownInLog KnownIsWhole",
        ),
        rule(
            "AppliedIsKnown",
            "n t a k",
            s,
            both(start.applied(n, a), s.known(n, k), s.term(n, t), ~leads),
            PREFIX(a, k),
            "Recovery and apply stop at the majority LSN (LIM-3, H14); who serves restarts (H13).",
        ),
        rule(
            "ServingKnowsItsMarker",
            "n t a k",
            s,
            both(start.applied(n, a), s.known(n, k), leads),
            same(TERM_OF(k), t),
            "A leader serves when a marker of its own term is committed and applied (H14).",
        ),
        rule(
            "WritersHaveApplied",
            "n t p a",
            s,
            both(s.role(n, LEADER), s.log(n, p), ~WHOLE(p), s.term(n, t), start.applied(n, a)),
            both(ready, same(TERM_OF(a), t)),
            "Only who serves opens an entry (ST-1).",
        ),
        rule(
            "MarkerIsLast",
            "n t p h",
            s,
            both(
                *(s.role(n, LEADER), s.term(n, t), s.log(n, p), PREFIX(h, p), same(TERM_OF(h), t)),
                forall([a], ~start.serves(n, t, a)),
            ),
            same(h, p),
            "A leader that does not serve has written no more than its term's marker (ST-1, H14).",
            "CandidateStands CandidacyOrigin LeaderHasItsLog LeaderLogTerms",
        ),
    )


def startup_facts(start: Start) -> dict[str, tuple[Named, ...]]:
    """By action: what the commit rule's proof has, and that no truncation reaches what is applied."""
    s = start.raft
    n, i, a = s.vars("n i a_")
    known = commit_facts(s)
    keeps = Named(
        "TruncatesAboveApplied",
        forall([a], implies(start.applied(n, a), PREFIX(a, i))),
        "What is applied is known, and the cut is above that (KeepsSettled).",
        ("AppliedIsKnown",),
    )
    taken = [one for one in known["AppendEntries"] if one.name in _OF_APPEND]
    return {"NodeTruncate": (*known["Truncate"], keeps), "NodeAppendEntries": tuple(taken)}


_OF_APPEND = {"SharedIsSame", "NewLogIsLeaders", "AgreesWithLeader", "KeepsLog", "LearnsCommitted"}


def startup_properties(start: Start) -> tuple[Named, ...]:
    """Startup's invariants, by their names there."""
    s = start.raft
    n, t, p, k, a, h = s.vars("n t p k a h")
    serves = start.serves(n, t, a)
    there = both(s.term(n, t), s.known(n, k), s.log(n, p), start.applied(n, a))
    committed = both(PREFIX(h, p), either(same(h, EMPTY), committed_now(s, h)))
    return (
        rule(
            "AppliedIsCommitted",
            "n t k p a h",
            s,
            both(there, ~serves, same(h, a)),
            committed,
            "LIM-3, ST-1, ST-2, H13: who does not serve shows all that it has applied",
        ),
        rule(
            "RecoveredIsKnown",
            "n t k p a h",
            s,
            both(there, serves, PREFIX(h, a), before(TERM_OF(h), t)),
            PREFIX(h, k),
            "what a leader recovered is below its own term's marker, which it knows",
            "AppliedInLog ServingKnowsItsMarker KnownInLog LeaderHasItsLog LeaderLogTerms "
            "LeaderLogHasPrefixes",
        ),
        rule(
            "VisibleIsCommitted",
            "n t k p a h",
            s,
            both(there, serves, PREFIX(h, a), before(TERM_OF(h), t) | PREFIX(h, k)),
            committed,
            "H14: who serves shows what it has recovered, and of its own what is on a majority",
            "RecoveredIsKnown AppliedInLog KnownByTerm KnownInLog CommittedByHasPrefixes",
        ),
        rule(
            "WritersHaveRecovered",
            "n t p a",
            s,
            both(s.role(n, LEADER), s.log(n, p), ~WHOLE(p), s.term(n, t), start.applied(n, a)),
            serves,
            "ST-1, CL-2",
        ),
    )
