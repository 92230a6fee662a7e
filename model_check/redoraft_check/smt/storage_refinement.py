"""The log of StorageLimits is a node's log in Startup, so that its guards are what the commit rule provides.

Which steps of StorageLimits each of Startup's actions shows as, by what `storage_reading` says of a state.  A
candidacy or a newer term may show as CommittedGrows: `committed` goes by the node's own term.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import evolve

from redoraft_check.smt.commit_facts import facts as commit_facts
from redoraft_check.smt.commit_properties import properties
from redoraft_check.smt.formula import (
    Action,
    Formula,
    Named,
    Relation,
    Term,
    Var,
    both,
    differ,
    exists,
    forall,
    implies,
    same,
)
from redoraft_check.smt.logs import (
    EMPTY,
    LEADER,
    LOG,
    PREFIX,
    ROLE,
    TERM,
    TERM_OF,
    WHOLE,
    is_closed,
    is_next,
)
from redoraft_check.smt.obligations import relations_of, title
from redoraft_check.smt.refinement import Run, Showing, Shown, after, claims, parts, substituted
from redoraft_check.smt.startup_invariant import startup_facts
from redoraft_check.smt.startup_rule import Start
from redoraft_check.smt.storage_limits import LimitedSteps
from redoraft_check.smt.storage_log import LogAround
from redoraft_check.smt.storage_process import Process
from redoraft_check.smt.storage_reading import S, everywhere, reading, self_of


def _logs(names: str) -> tuple[Var, ...]:
    return tuple(Var(name, LOG) for name in names.split())


HAD, HAS, PEER, GAINED, APPLIED, NOW = _logs("had has peer gained applied now")
"""Before and after: what is committed, what all other nodes have, what is applied."""
MINE, SYNCED, SETTLED, PAGES, START, SHOWN = _logs("mine synced settled pages start shown")
"""The node's log, durable LSN, settled LSN, what it has applied, its checkpoint, the log that it shows."""
OLD, NEW = _logs("old new")
PLAYS = Var("plays", ROLE)
"""The node's role."""
OWN, LATER = Var("own", TERM), Var("later", TERM)
"""The node's term before and after."""

ENTRIES = (
    *("LeaderLogTerms", "LeaderLogOrigin", "LeaderLogHasPrefixes", "EntryHasOneTerm"),
    *("LogOrigin", "LogTerms", "LeaderLogIsOneLog", "LeaderHasItsLog"),
)
"""What is used of what stands in logs."""


class Showings:
    """Which steps of StorageLimits each of Startup's actions shows as."""

    def __init__(self, start: Start) -> None:
        self.start = start
        self.read = reading(start)
        around, process, limited = LogAround(), Process(), LimitedSteps()
        every = (
            *(around.committed_grows(), around.receive(), around.peer_gains(), around.fsync()),
            *(around.learn(), around.truncate(), process.start_serving(), process.write_mtr()),
            *(process.close_entry(), process.crash(), limited.apply()),
        )
        self.steps = {one.name: one for one in every}

    def of(self, action: Action) -> tuple[Action, ...]:
        """The action as a step of the node itself, in its cases, and as one of another node."""
        n, node = Var("n", self.start.raft.node), self_of(self.start.raft)()
        found = []
        own = self._own.get(title(action).removeprefix("Node"), Showings._nothing)
        for showing in own(self, action):
            found.append(self._with(action, showing, same(n, node), f"own{showing.case}"))
        found.append(self._with(action, Showing(), differ(n, node), "another's"))
        return tuple(found)

    def _with(self, action: Action, showing: Showing, who: Formula, case: str) -> Action:
        case = f"{action.case}, {case}" if action.case else case
        whole = self._around(action, showing)
        step = evolve(
            action,
            guard=both(action.guard, who, whole.more),
            params=(*action.params, *whole.params),
            case=case,
            given=(*self._given(action), *whole.named),
        )
        return evolve(step, facts=(*whole.facts, *claims(step, self.read, whole)))

    def _given(self, action: Action) -> tuple[Named, ...]:
        """What is proved of the step elsewhere, and of the state after it."""
        s = self.start.raft
        facts = startup_facts(self.start).get(title(action))
        if facts is None:
            facts = commit_facts(s).get(title(action).removeprefix("Node"), ())
        if s.committed_by not in {one.relation for one in action.updates}:
            return facts
        later = (one for one in properties(s) if one.name in {"CommittedEndsWhole"})
        return (
            *facts,
            *(evolve(one, name=f"{one.name}Later", formula=after(action, one.formula)) for one in later),
        )

    def _is(self, relation: Relation, value: Var, later: Action | None = None) -> tuple[Named, ...]:
        """That a relation is named in this state, or in the one after a step: each has a value."""
        reads = substituted(relation(value), {}, self.read)
        found = after(later, reads) if later else reads
        why = "A log is finite, so each of these has an end."
        return tuple(
            Named(f"{value.name} is {relation.name}{' and no more' * at}", part, why)
            for at, part in enumerate(parts(found))
        )

    # --- what goes on around the node ------------------------------------------------------------------

    def _around(self, action: Action, showing: Showing) -> Showing:
        """With what is committed, and what other nodes have, when the step changes that."""
        s, node = self.start.raft, self_of(self.start.raft)()
        changed = {one.relation for one in action.updates}
        more = [
            *(
                s.role(node, PLAYS),
                s.term(node, OWN),
                s.log(node, MINE),
                s.durable(node, SYNCED),
                s.settled(node, SETTLED),
            ),
            *(self.start.applied(node, PAGES), S.checkpoint(START), showing.more),
        ]
        named = [*self._is(S.log, SHOWN), *self._is(S.committed, HAD), *showing.named]
        params = [PLAYS, OWN, MINE, SYNCED, SETTLED, PAGES, START, SHOWN, HAD, *showing.params]
        steps, facts = list(showing.steps), list(showing.facts)
        last = HAD
        if changed & {s.committed_by, s.term}:
            params += [LATER, HAS]
            more.append(after(action, s.term(node, LATER)))
            named += self._is(S.committed, HAS, action)
            facts += self._committed_facts()
            steps.append(self._grows(s.committed_by in changed))
            last = HAS
        if changed & relations_of(self.read[S.peer].body):
            params += [PEER, GAINED]
            named += [*self._is(S.peer, PEER), *self._is(S.peer, GAINED, action)]
            facts += self._peers_keep(action)
            given = {"c": last, "e": PEER, "e2": GAINED}
            uses = (
                *("peer is peer", "gained is peer", "PeerGrows", "the empty log", "term is a function"),
                *("had is committed", "has is committed"),
            )
            why = "What a node has durable of what leaders up to its term have committed stays."
            steps.append(Shown(self.steps["PeerGains"], given, why, uses, differ(PEER, GAINED)))
        return evolve(
            showing,
            steps=tuple(steps),
            params=tuple(params),
            more=both(*more, *(one.formula for one in named)),
            facts=tuple(facts),
            named=tuple(named),
        )

    def _grows(self, counts: bool) -> Run:
        given: dict[str, Term] = {"t": TERM_OF(NEW), "c": OLD, "c2": NEW, "l": SHOWN}
        why = "What is committed is one log (R1), and a term has one writer (R2)."
        later = "CommittedEndsWholeLater" if counts else "CommittedForLater"
        uses = (
            *("had is committed", "has is committed", "term is a function", "CommittedEndsWhole"),
            *("CommittedIsWritten", "LongerIsWritten", "ShownIsWritten", "the empty log", later, *ENTRIES),
        )
        return self._entries("CommittedGrows", S.committed, HAD, HAS, given, why, uses)

    def _entries(  # noqa: PLR0917
        self,
        name: str,
        relation: Relation,
        start: Term,
        end: Term,
        given: Mapping[str, Term],
        why: str,
        uses: tuple[str, ...],
    ) -> Run:
        """Entry by entry."""
        f = Var("f_", LOG)
        hop = both(
            *(
                WHOLE(OLD),
                WHOLE(NEW),
                PREFIX(start, OLD),
                PREFIX(NEW, end),
                PREFIX(OLD, NEW),
                differ(OLD, NEW),
            ),
            forall([f], implies(WHOLE(f) & PREFIX(f, NEW), same(f, NEW) | PREFIX(f, OLD))),
        )
        spans = both(PREFIX(start, end), WHOLE(start), WHOLE(end))
        return Run(self.steps[name], given, why, relation, start, end, OLD, NEW, hop, spans, uses)

    def _committed_facts(self) -> tuple[Named, ...]:
        v, f, g = Var("v_", TERM), Var("f_", LOG), Var("g_", LOG)
        leader_log = self.start.raft.leader_log
        longer = both(PREFIX(f, g), differ(f, g), PREFIX(g, HAS))
        return (
            Named(
                "CommittedIsALeaders",
                same(HAS, EMPTY) | exists([v], leader_log(v, HAS)),
                "What is committed is in the log of a leader.",
                (
                    *("has is committed", "CommittedFrom", "AckedInLeaderLog", "LeaderLogHasPrefixes"),
                    *("TwoQuorumsMeet", "AgreesWithLeader"),
                ),
            ),
            Named(
                "CommittedIsWritten",
                forall([f], implies(PREFIX(f, HAS) & differ(f, EMPTY), leader_log(TERM_OF(f), f))),
                "And each LSN of it was written by the leader of its term.",
                ("CommittedIsALeaders", "LeaderLogHasPrefixes", "LeaderLogOrigin", "the empty log"),
            ),
            Named(
                "LongerIsWritten",
                forall([f, g], implies(longer, leader_log(TERM_OF(g), g))),
                "What is longer than something is not empty; that no guard has to find for itself.",
                ("CommittedIsWritten", "the empty log"),
            ),
            Named(
                "ShownIsWritten",
                forall([f], implies(PREFIX(f, SHOWN) & differ(f, EMPTY), leader_log(TERM_OF(f), f))),
                "So is the node's log, as its scan finds it.",
                ("shown is log", "LogOrigin", "LogTerms", "TornIsDown"),
            ),
        )

    def _peers_keep(self, action: Action) -> tuple[Named, ...]:
        there = everywhere(self.start.raft, PEER)
        return (
            Named(
                "PeersKeep",
                implies(WHOLE(PEER) & there, after(action, there)),
                "A later leader has it, so no truncation takes it; a crash leaves what is durable.",
                (
                    *("CommittedForLater", "LeadersHaveCommitted", "DurableInLog", "LeaderLogIsOneLog"),
                    *("CommittedByHasPrefixes", "LeaderLogHasPrefixes"),
                ),
            ),
            Named(
                "PeerGrows",
                PREFIX(PEER, GAINED),
                "So what all have only grows.",
                ("peer is peer", "gained is peer and no more", "PeersKeep", "the empty log"),
            ),
        )

    # --- steps of the node itself ----------------------------------------------------------------------

    def _nothing(self, _: Action) -> tuple[Showing, ...]:
        return (Showing(),)

    def _one(self, name: str, why: str, **given: Term) -> tuple[Showing, ...]:
        return (Showing((Shown(self.steps[name], given, why),)),)

    def _begins_term(self, _: Action) -> tuple[Showing, ...]:
        """BecomeLeader: the marker of its term."""
        t, p, g = self.start.raft.vars("t p g")
        why = "A new leader's marker is an entry behind what it has, of a term in which nobody wrote."
        shown = Shown(self.steps["Receive"], {"t": t, "c": HAD, "l": p, "l2": g}, why)
        stays = ("NothingAppliedBeforeRecovery", "AppliedInLog", "LogOrigin", "LogTerms", "TornIsDown")
        return (Showing((shown,), stays=stays),)

    def _writes(self, action: Action) -> tuple[Showing, ...]:
        t, p, g = self.start.raft.vars("t p g")
        why = "Who serves is its term's one writer."
        return self._one(action.name.removeprefix("Node"), why, u=t, c=HAD, l=p, l2=g)

    def _fsyncs(self, _: Action) -> tuple[Showing, ...]:
        p, d, end, k, o, z = self.start.raft.vars("p d l k o z")
        return self._one("Fsync", "The same here and there.", l=p, d=d, d2=end, k=k, z=o, z2=z)

    def _truncates(self, _: Action) -> tuple[Showing, ...]:
        p, i, d, e, k = self.start.raft.vars("p i d e known")
        given = {"l": p, "m": i, "d": d, "d2": e, "k": k, "z": SETTLED, "a": APPLIED, "a2": APPLIED}
        why = "The leader has what was committed up to its term, so the cut is above what the node knows."
        shown = Shown(self.steps["Truncate"], {**given, "s": START}, why)
        return (Showing((shown,), (APPLIED,), named=self._is(S.applied, APPLIED)),)

    def _appends(self, _: Action) -> tuple[Showing, ...]:
        s = self.start.raft
        v, f = Var("v_", TERM), Var("f_", LOG)
        p, y, k, end, d, o, z = s.vars("p y k l d o z")
        received: dict[str, Term] = {"t": TERM_OF(NEW), "c": HAD, "l": OLD, "l2": NEW}
        uses = (
            "OpenIsLeading",
            "HadIsALeaders",
            "NewIsWritten",
            "KeepsLog",
            "SharedIsSame",
            "NewLogIsLeaders",
        )
        why = "The leader's entries, in its log's order."
        receives = self._entries("Receive", S.log, p, y, received, why, (*ENTRIES, *uses))
        given = {"c": HAD, "l": y, "d": d, "k": k, "k2": end, "z": o, "z2": z}
        why = "A leader of the node's own term has committed it, and it is in the node's log (H34)."
        facts = (
            Named(
                "HadIsALeaders",
                same(HAD, EMPTY) | exists([v], s.leader_log(v, HAD)),
                "What is committed is in the log of a leader.",
                ("had is committed", "CommittedFrom", "LeaderLogHasPrefixes"),
            ),
            Named(
                "NewIsWritten",
                forall([f], implies(PREFIX(f, y) & differ(f, EMPTY), s.leader_log(TERM_OF(f), f))),
                "So is what comes.",
                ("LogOrigin", "LogTerms", "TornIsDown", "LeaderLogOrigin", "LeaderLogHasPrefixes"),
            ),
        )
        learns = Shown(self.steps["Learn"], given, why, when=differ(k, end))
        return (Showing((receives, learns), facts=facts),)

    def _advances(self, _: Action) -> tuple[Showing, ...]:
        p, end, k, d, o, z = self.start.raft.vars("p l k d o z")
        why = "A quorum has it, and it is of the leader's own term (LOG-6, H8)."
        return self._one("Learn", why, c=HAD, l=p, d=d, k=k, k2=end, z=o, z2=z)

    def _crashes(self, action: Action) -> tuple[Showing, ...]:
        """What the scan finds is below a torn mtr."""
        s = self.start.raft
        p, d, g = s.vars("p d g")
        b, f, w = Var("whole", LOG), Var("torn", LOG), Var("scanned", LOG)
        why = "What is durable survives, and the scan ends at the last whole entry."
        given = {"l": p, "d": d, "w": w, "s": START}
        base = is_closed(w, g)
        whole = Showing(
            (Shown(self.steps["Crash"], {**given, "m": g}, why),),
            (w,),
            both(base, PREFIX(d, g), PREFIX(g, p)),
        )
        if action.name == "NodeShutdown":
            return (whole,)
        torn = both(PREFIX(d, b), is_next(f, b), PREFIX(f, p), is_next(g, b), ~WHOLE(g))
        return (
            whole,
            Showing(
                (Shown(self.steps["Crash"], {**given, "m": b}, why),),
                (w, b, f),
                both(base, torn),
                case=", torn",
            ),
        )

    def _applies(self, action: Action) -> tuple[Showing, ...]:
        """Record by record; and who has applied its own term's marker serves."""
        s = self.start.raft
        n, t, p, k, a = s.vars("n t p k a")
        new = a if action.name == "NodeRecover" else s.var("a2")
        given = {"l": p, "k": k, "a": OLD, "a2": NEW}
        hop = both(PREFIX(APPLIED, OLD), PREFIX(NEW, NOW), is_next(NEW, OLD))
        why = "Within what the node knows (LIM-3, H14)."
        spans = PREFIX(APPLIED, NOW)
        run = Run(self.steps["Apply"], given, why, S.applied, APPLIED, NOW, OLD, NEW, hop, spans)
        when = both(s.role(n, LEADER), differ(new, EMPTY), same(TERM_OF(new), t))
        why = "Its own term's marker is committed and applied (H14), so it has all that was committed (R5)."
        serves = Shown(self.steps["StartServing"], {"c": HAD, "l": p, "u": t}, why)
        named = (*self._is(S.applied, APPLIED), *self._is(S.applied, NOW, action))
        return (
            Showing((run,), (APPLIED, NOW), ~when, named=named),
            Showing((run, serves), (APPLIED, NOW), when, named=named, case=", serves"),
        )

    def _enters_term(self, _: Action) -> tuple[Showing, ...]:
        """UpdateTerm: who has opened an entry serves, and who serves restarts instead (H13)."""
        whole = Named(
            "LogIsWhole",
            WHOLE(MINE),
            "Who has opened an entry serves, and who serves restarts instead (H13).",
            ("WritersHaveApplied", "OpenIsLeading", "LeaderHasItsLog", "LeaderLogTerm"),
        )
        return (Showing(facts=(whole,), stays=("DurableInLog",)),)

    _own: Mapping[str, Callable[[Showings, Action], tuple[Showing, ...]]] = {
        "UpdateTerm": _enters_term,
        "BecomeLeader": _begins_term,
        "WriteMtr": _writes,
        "CloseEntry": _writes,
        "Fsync (not leading)": _fsyncs,
        "Fsync (leading)": _fsyncs,
        "Truncate": _truncates,
        "AppendEntries": _appends,
        "AdvanceMajority": _advances,
        "Crash": _crashes,
        "Shutdown": _crashes,
        "Recover": _applies,
        "Apply (leading)": _applies,
        "Apply (not leading)": _applies,
    }
