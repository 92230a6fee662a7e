"""Which terms Ddl's log has been of: four histories beside Startup's state, with their invariant.

Ddl's log is that of the last term whose leader has counted an entry of its own.  No leader writes data before
that (ST-1, H14), so data in any log is of a term that was counted; and a later leader has all that was (R5).
"""

from __future__ import annotations

from attrs import evolve, frozen

from redoraft_check.smt.commit_facts import facts as commit_facts
from redoraft_check.smt.commit_state import rule
from redoraft_check.smt.formula import (
    Action,
    Formula,
    Named,
    Relation,
    Term,
    Update,
    Var,
    both,
    differ,
    exists,
    forall,
    iff,
    implies,
    same,
)
from redoraft_check.smt.logs import (
    EMPTY,
    LEADER,
    PREFIX,
    TERM,
    TERM_LE,
    TERM_OF,
    WHOLE,
    ZERO,
    before,
    entry,
)
from redoraft_check.smt.model import one_value
from redoraft_check.smt.startup_invariant import startup_facts
from redoraft_check.smt.startup_rule import Start

LAST = Var("last", TERM)
"""The last term that was counted."""
OWN = Var("own", TERM)
"""The term of the node that takes the step."""

COUNTED = Relation("counted", (TERM,))
"""The leader of this term has counted an entry of its own."""
NEWEST = Relation("newest", (TERM,), value=True)
"""The largest of these terms; 0 where there is none."""
OPENED = Relation("opened", (TERM,))
"""The leader of this term has rolled back and recovered the DDL log: Ddl's Serve."""


def is_data(log: Term) -> Formula:
    """The log ends with an mtr that is no meta record: a record of Ddl's log."""
    return ~WHOLE(log)


@frozen
class Terms:
    """Startup's state with the histories."""

    start: Start

    @property
    def deposed(self) -> Relation:
        """It served with Ddl's log until a later leader had counted, and has not restarted since (H13)."""
        return Relation("outvoted", (self.start.raft.node,))

    @property
    def histories(self) -> tuple[Relation, ...]:
        """None is a variable of the specification."""
        return COUNTED, NEWEST, OPENED, self.deposed

    def leads(self, node: Term, term: Term) -> Formula:
        """The node leads in this term."""
        return self.start.raft.role(node, LEADER) & self.start.raft.term(node, term)

    def served(self, node: Term, term: Term) -> Formula:
        """The node serves in this term, in Startup's sense."""
        a = self.start.raft.var("a_")
        return exists([a], self.start.serves(node, term, a))

    def init(self) -> Formula:
        """Nothing is counted yet."""
        t, n = self.start.raft.vars("t n")
        return both(
            forall([t], both(~COUNTED(t), ~OPENED(t), iff(NEWEST(t), same(t, ZERO)))),
            forall([n], ~self.deposed(n)),
        )

    def steps(self, action: Action) -> Action:
        """An action of Startup, with what it makes of the histories."""
        s = self.start.raft
        n, m, t, u = s.vars("n m_ t u_")
        deposed = self.deposed
        if action.name in _LEAVES:
            return evolve(action, updates=(*action.updates, Update(deposed, (m,), deposed(m) & differ(m, n))))
        if action.name == "NodeWriteMtr":
            return self._writes(action)
        if action.name != "NodeAdvanceMajority":
            return action
        newer = before(LAST, t)
        h, end = s.vars("h l")
        grows = Named(
            "MajorityGrows",
            forall([h], implies(s.leader_known(t, h), PREFIX(h, end))),
            "A leader's majority LSN grows along its log.",
            ("LeaderKnowsMajority", "KnownIsCounted", "KnownInLog", "the empty log", "lengths"),
        )
        return evolve(
            action,
            params=(*action.params, LAST),
            guard=both(action.guard, NEWEST(LAST)),
            updates=(
                *action.updates,
                Update(COUNTED, (u,), COUNTED(u) | same(u, t)),
                Update(NEWEST, (u,), both(newer, same(u, t)) | both(~newer, NEWEST(u))),
                Update(deposed, (m,), deposed(m) | (newer & self.served(m, LAST))),
            ),
            facts=(grows,),
        )

    def _writes(self, action: Action) -> Action:
        """A proof needs a majority LSN to be there, so the action names it."""
        n, t, known = self.start.raft.vars("n t known")
        counts = Named(
            "WriterHasCounted",
            COUNTED(t),
            "Who serves has its own marker within its majority LSN (ST-1, H14).",
            ("ServingKnowsItsMarker", "OwnMarkerIsCounted"),
        )
        return evolve(
            action,
            params=(*action.params, known),
            guard=both(action.guard, self.start.raft.known(n, known)),
            facts=(counts,),
        )

    def opens(self) -> Action:
        """Ddl's Serve, of which the log sees nothing: only who serves in Startup's sense takes it."""
        n, t, a, u = self.start.raft.vars("n t a u_")
        guard = both(COUNTED(t), self.start.serves(n, t, a), ~OPENED(t))
        return Action("Serve", (n, t, a), guard, (Update(OPENED, (u,), OPENED(u) | same(u, t)),))

    def given(self, name: str) -> tuple[Named, ...]:
        """What is proved of the step of this name in the models below."""
        facts = startup_facts(self.start).get(name)
        if facts is None:
            facts = commit_facts(self.start.raft).get(name.removeprefix("Node"), ())
        return facts


_LEAVES = frozenset({"NodeUpdateTerm", "NodeCrash", "NodeShutdown"})
"""Who takes these leads no more."""


def terms_invariant(terms: Terms) -> tuple[Named, ...]:
    """What is added to the invariants of CommitRule and Startup."""
    start, s = terms.start, terms.start.raft
    n, t, u, h, k, a = s.vars("n t u h k a")
    leads = terms.leads(n, t)
    return (
        one_value(NEWEST),
        rule(
            "CountedIsKnown",
            "t",
            s,
            COUNTED(t),
            exists([h], s.leader_known(t, h) & entry(h, t)),
            "A leader counts entries of its own term only (H8).",
            "NobodyElected LeaderKnownIsCommitted LeadersHaveCommitted",
        ),
        rule(
            "CountedWasElected",
            "t",
            s,
            COUNTED(t),
            s.leader_log(t, EMPTY) & before(ZERO, t),
            "A leader counts.",
            "LeaderHasItsLog LeaderLogTerm LeaderLogHasPrefixes",
        ),
        rule(
            "KnownIsCounted",
            "t h",
            s,
            s.leader_known(t, h) & differ(h, EMPTY),
            COUNTED(t),
            "What a leader tells of a majority it has counted itself.",
            "NobodyElected",
        ),
        rule("CountedUpToNewest", "t u", s, COUNTED(u) & NEWEST(t), TERM_LE(u, t), "It is the largest."),
        rule("NewestIsCounted", "t", s, NEWEST(t), same(t, ZERO) | COUNTED(t), "And one of them."),
        rule(
            "OwnMarkerIsCounted",
            "n t k",
            s,
            both(leads, s.known(n, k), same(TERM_OF(k), t)),
            COUNTED(t),
            "A new leader knows of older entries only.",
            "CandidateStands CandidacyOrigin KnownInLog LeaderLogTerms LeaderLogTerm KnownIsWhole LogTerms "
            "LogOrigin",
        ),
        rule(
            "LeaderKnowsMajority",
            "n t k h",
            s,
            both(leads, s.known(n, k), COUNTED(t)),
            s.leader_known(t, k) & implies(s.leader_known(t, h), PREFIX(h, k)),
            "From its first own entry on, a leader's majority LSN is what it tells.",
            "NobodyElected CountedWasElected",
        ),
        rule(
            "DataIsCounted",
            "t h",
            s,
            s.leader_log(t, h) & is_data(h),
            COUNTED(TERM_OF(h)),
            "Only who serves writes data, and serves once its own marker is counted (ST-1, H14).",
            "ServingKnowsItsMarker OwnMarkerIsCounted LeaderHasItsLog LeaderLogHasPrefixes CandidateStands "
            "CandidacyOrigin",
        ),
        rule(
            "KnownWasTold",
            "n k",
            s,
            s.known(n, k),
            same(k, EMPTY) | exists([u], s.leader_known(u, k)),
            "A majority LSN comes from a leader, within what agrees with it (H34, H16).",
            "LeaderKnownHasPrefixes LeaderKnownIsCommitted LeadersHaveCommitted LeaderLogIsOneLog "
            "LeaderLogHasPrefixes NobodyElected",
        ),
        rule("DeposedLeads", "n", s, terms.deposed(n), s.role(n, LEADER), "It does not know yet."),
        rule(
            "DeposedIsADataNode",
            "n",
            s,
            terms.deposed(n),
            ~s.is_log_node(n),
            "A log node never serves (CL-2).",
            "NothingAppliedBeforeRecovery",
        ),
        rule(
            "DeposedIsOutvoted",
            "n t u",
            s,
            both(terms.deposed(n), NEWEST(u), s.term(n, t)),
            COUNTED(t) & before(t, u),
            "A leader of a later term has counted.",
            "CountedUpToNewest NewestIsCounted DeposedLeads",
        ),
        rule(
            "DeposedServes",
            "n t a",
            s,
            both(terms.deposed(n), s.term(n, t), start.applied(n, a)),
            start.serves(n, t, a),
            "Who serves goes on to until it restarts (H13).",
            "DeposedLeads",
        ),
        rule("OpenedIsCounted", "t", s, OPENED(t), COUNTED(t), "Ddl's leader serves on firm ground (H14)."),
        rule(
            "OpenedServes",
            "n t a",
            s,
            both(OPENED(t), leads, start.applied(n, a)),
            start.serves(n, t, a),
            "Who serves goes on to, until it restarts.",
            "OpenedIsCounted CountedWasElected NobodyElected ElectedOnce",
        ),
        rule(
            "CountedLeaderHasNewest",
            "t u h",
            s,
            both(NEWEST(u), s.leader_known(t, h)),
            same(h, EMPTY) | s.leader_known(u, h),
            "What an earlier leader has counted is below the later one's marker, whenever it does.",
            "CountedIsKnown KnownIsCounted CountedUpToNewest NewestIsCounted LeaderKnownIsCommitted "
            "LeadersHaveCommitted CountedWasElected LeaderLogIsOneLog LeaderLogOrigin LeaderLogTerms "
            "LeaderKnownHasPrefixes LeaderLogHasPrefixes",
        ),
    )
