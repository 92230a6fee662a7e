"""Ddl's log over the commit rule: what its guards ask of the log, Startup's steps provide.

`log` is the data in the log of the newest leader that has counted an entry of its own, `majority` the data in
what it has counted: so Elect and Establish are one step, that leader's first AdvanceMajority.  Of a node's
phase the log tells whether it is deposed; what a validation has found is Ddl's alone.  Of a leader's stage it
tells whether there is one; that it has recovered the DDL log is Ddl's (`OPENED`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from attrs import evolve

from redoraft_check.smt.ddl_file_ops import FileOps
from redoraft_check.smt.ddl_log import FOLLOWS
from redoraft_check.smt.ddl_state import DEPOSED, ESTABLISHED, IDLE, NONE, SERVING, STARTING, UP, S
from redoraft_check.smt.ddl_terms import LAST, NEWEST, OPENED, OWN, Terms, is_data
from redoraft_check.smt.formula import (
    FALSE,
    Action,
    Equal,
    Formula,
    Named,
    Relation,
    Term,
    Update,
    Var,
    both,
    differ,
    either,
    exists,
    forall,
    free,
    implies,
    same,
)
from redoraft_check.smt.logs import EMPTY, LOG, PREFIX, ZERO, before, entry
from redoraft_check.smt.model import one_value
from redoraft_check.smt.obligations import relations_of, title
from redoraft_check.smt.refinement import Reading, Showing, Shown, claims, parts, substituted

END, UPTO, CUT, GAINED, RECORD = (Var(name, LOG) for name in ("end", "upto", "cut", "gained", "record"))
"""Ddl's log, its majority, what a new leader has of the log, the majority after the step, what is applied."""
PAGES = Var("pages", LOG)
"""What the node has applied."""

VALIDATED = S.phase(S.var("n"), UP)
"""What a validation has found: Ddl's alone."""
LOG_RELATIONS = (S.log, S.majority, S.leader, S.stage, S.phase)
"""What Ddl's log consists of."""


def longest(log: Term, holds: Callable[[Term], Formula]) -> Formula:
    """The log up to its last record for which that holds."""
    h = Var("h_", LOG)
    return both(
        same(log, EMPTY) | both(is_data(log), holds(log)),
        forall([h], implies(is_data(h) & holds(h), PREFIX(h, log))),
    )


def reading(terms: Terms) -> Reading:
    """What Ddl's relations are in a state of Startup."""
    s = terms.start.raft
    x, t, f, g, h = Var("x_", LOG), Var("t_", LAST.sort), Var("f_", LOG), Var("g_", LOG), Var("h_", LOG)
    n, k = Var("n_", s.node), Var("k_", s.node)
    stage, phase, step = (Var("x_", one.args[-1]) for one in (S.stage, S.phase, S.pc))

    def leads(node: Term) -> Formula:
        return exists([t], NEWEST(t) & terms.leads(node, t))

    def newest(log: Relation) -> Formula:
        return exists([t], both(NEWEST(t), longest(x, lambda h: log(t, h))))

    stages = either(same(stage, SERVING) & OPENED(t), same(stage, ESTABLISHED) & ~OPENED(t))
    nobody = forall([k], ~leads(k))
    between = forall([h], implies(is_data(h) & PREFIX(h, f), same(h, f) | PREFIX(h, g)))
    return {
        S.log: Update(S.log, (x,), newest(s.leader_log)),
        S.majority: Update(S.majority, (x,), newest(s.leader_known)),
        S.leader: Update(S.leader, (n,), leads(n)),
        S.stage: Update(
            S.stage,
            (stage,),
            either(
                same(stage, NONE) & nobody,
                exists([k, t], both(NEWEST(t), terms.leads(k, t), stages)),
            ),
        ),
        S.phase: Update(
            S.phase,
            (n, phase),
            either(same(phase, DEPOSED) & terms.deposed(n), same(phase, STARTING) & ~terms.deposed(n)),
        ),
        S.pc: Update(S.pc, (step,), same(step, IDLE)),
        S.files: Update(S.files, tuple(Var(f"f{at}_", one) for at, one in enumerate(S.files.args)), FALSE),
        FOLLOWS: Update(FOLLOWS, (f, g), both(is_data(f), PREFIX(g, f), differ(f, g), between)),
    }


def asks_of_log(part: Formula) -> bool:
    """Whether a conjunct of a guard speaks of Ddl's log, and of nothing that is Ddl's alone."""
    known = {*LOG_RELATIONS, S.pc, FOLLOWS, PREFIX}
    mentioned = relations_of(part)
    if not mentioned:
        return _of_variables(part)
    return mentioned <= known and mentioned != {S.pc} and part != VALIDATED


def _of_variables(part: Formula) -> bool:
    inner = parts(part)
    bare = [getattr(one, "body", one) for one in inner]
    return all(
        isinstance(one, Equal) and isinstance(one.left, Var) and isinstance(one.right, Var) for one in bare
    )


def projected(action: Action) -> Action:
    """What the action asks of Ddl's log, and makes of it."""
    guard = both(*(one for one in parts(action.guard) if asks_of_log(one)))
    updates = tuple(one for one in action.updates if one.relation in LOG_RELATIONS)
    bound = {one for update in updates for one in free(update.body) - set(update.formals)}
    params = tuple(one for one in action.params if one in free(guard) | bound)
    return Action(action.name, params, guard, updates, case=action.case)


class DdlShowings:
    """Which steps of Ddl each of Startup's actions shows as."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.read = reading(terms)
        self.steps = {title(one): projected(one) for one in FileOps().all()}

    def of(self, action: Action) -> tuple[Action, ...]:
        """The action in its cases."""
        shows = self._cases.get(action.name, DdlShowings._nothing)
        return tuple(self._with(action, showing) for showing in shows(self, action))

    def _with(self, action: Action, showing: Showing) -> Action:
        s = self.terms.start.raft
        named = (
            Named("end is log", longest(END, lambda h: s.leader_log(LAST, h)), _FINITE),
            Named("upto is majority", longest(UPTO, lambda h: s.leader_known(LAST, h)), _FINITE),
            *showing.named,
        )
        more = both(NEWEST(LAST), showing.more, *(one.formula for one in named))
        params = dict.fromkeys((*action.params, LAST, END, UPTO, *showing.params))
        case = ", ".join(one for one in (action.case, showing.case) if one)
        given = (*action.given, *action.facts)
        step = evolve(action, guard=both(action.guard, more), params=tuple(params), case=case, given=given)
        return evolve(step, facts=(*showing.facts, *claims(step, self.read, showing)))

    def _nothing(self, _: Action) -> tuple[Showing, ...]:
        return (Showing(),)

    def _leads(self) -> Formula:
        return self.terms.leads(self.terms.start.raft.var("n"), LAST)

    def _writes(self, _: Action) -> tuple[Showing, ...]:
        """WriteMtr: a record of Ddl's log, if its leader writes it."""
        t, n, g = self.terms.start.raft.vars("t n g")
        # Which row is rolled back is Ddl's.
        given: dict[str, Term] = {"n": n, "l": END, "q": g, "x": UPTO, "p": END}
        why = "Only the leader writes (CL-1), once it has counted (ST-1, H14)."
        mine = same(t, LAST)
        return (
            self._one("StartCreate", given, why, mine & OPENED(t), "serving"),
            self._one("RollBackUnfinished", given, why, mine & ~OPENED(t), "recovering"),
            Showing(more=differ(t, LAST), case="outvoted"),
        )

    def _one(self, name: str, given: Mapping[str, Term], why: str, more: Formula, case: str) -> Showing:
        return Showing((Shown(self.steps[name], given, why),), more=more, case=case)

    def _opens(self, _: Action) -> tuple[Showing, ...]:
        """Ddl's own step: it may be taken where Startup lets its leader serve."""
        t, n = self.terms.start.raft.vars("t n")
        given = {"n": n, "l": END, "x": UPTO}
        why = "Who serves has counted (H14)."
        return (
            self._one("Serve", given, why, same(t, LAST), "leading"),
            Showing(more=differ(t, LAST), case="outvoted"),
        )

    def _leaves(self, action: Action) -> tuple[Showing, ...]:
        """Crash and Shutdown; the UpdateTerm of a leader that has not served is Ddl's StepDown."""
        s = self.terms.start.raft
        n = s.var("n")
        own = both(s.term(n, OWN), self.terms.start.applied(n, PAGES))
        params, given = (OWN, PAGES), {"n": n}
        led = Shown(self.steps["Crash (leading)"], given, "A restart leads nothing.")
        stays = Shown(self.steps["StepDown"], given, "Who serves restarts instead (H13).")
        other = Shown(self.steps["Crash"], given, "A restart forgets that it was deposed (H13).")
        in_place = action.name == "NodeUpdateTerm"
        return (
            Showing((stays if in_place else led,), params, both(own, self._leads()), case="leading"),
            Showing(() if in_place else (other,), params, both(own, ~self._leads()), case="not leading"),
        )

    def _counts(self, _: Action) -> tuple[Showing, ...]:
        """AdvanceMajority: of Ddl's leader; of one that becomes it; of one that was outvoted before."""
        s = self.terms.start.raft
        t, n, m, end = s.vars("t n m l")
        counted = Named("gained is majority", longest(GAINED, lambda h: PREFIX(h, end)), _FINITE)
        cut = Named("cut is log", longest(CUT, lambda h: s.leader_log(t, h)), _FINITE)
        given: dict[str, Term] = {"m": UPTO, "m2": GAINED, "l": END}
        grows = Shown(self.steps["AdvanceMajority"], given, "R1", when=differ(UPTO, GAINED))
        facts = self._has_counted()
        newer, nobody = before(LAST, t), forall([m], ~self.terms.leads(m, LAST))
        leads = both(self.terms.leads(m, LAST), self.terms.start.applied(m, PAGES))
        serves = self.terms.start.serves(m, LAST, PAGES)
        why = "What was counted a later leader has (R5); of the rest any part."
        elected = {"n": n, "k": m, "m": UPTO, "l": END, "l2": CUT}
        deposes = Shown(self.steps["Elect (deposing)"], elected, why)
        elects = Shown(self.steps["Elect"], elected, why)
        why = "Its marker is counted, and it has written no data (H14)."
        establishes = Shown(self.steps["Establish"], {"n": n, "m": UPTO, "l": CUT}, why)
        stays = Shown(self.steps["StepDown"], {"n": m}, "Who did not serve goes on as a follower.")
        outvotes = both(newer, leads)
        return (
            Showing((grows,), (GAINED,), same(t, LAST), case="again", named=(counted,)),
            Showing(
                (deposes, establishes), (m, PAGES, CUT), outvotes & serves, facts, "outvotes", named=(cut,)
            ),
            Showing(
                (stays, elects, establishes),
                (m, PAGES, CUT),
                outvotes & ~serves,
                facts,
                "outvotes who has not served",
                named=(cut,),
            ),
            Showing((elects, establishes), (CUT,), newer & nobody, facts, "first", named=(cut,)),
            Showing(more=before(t, LAST), case="outvoted"),
        )

    def _has_counted(self) -> tuple[Named, ...]:
        """Of who counts for the first time, in a term above the last."""
        s = self.terms.start.raft
        n, t, h = s.vars("n t h")
        return (
            Named(
                "IsNotDeposed",
                ~self.terms.deposed(n),
                "Who was deposed is in an earlier term until it restarts (H13).",
                ("DeposedIsOutvoted",),
            ),
            Named(
                "HasTheLastMarker",
                same(LAST, ZERO)
                | exists([h], both(s.leader_log(LAST, h), s.leader_log(t, h), entry(h, LAST))),
                "What was counted a later leader has (R5).",
                (
                    *("NewestIsCounted", "CountedIsKnown", "LeaderKnownIsCommitted", "LeadersHaveCommitted"),
                    *("LeaderHasItsLog", "LeaderLogHasPrefixes", "CountedWasElected"),
                ),
            ),
            Named(
                "CutIsOfTheLastLog",
                PREFIX(CUT, END),
                "Above that marker it has data of that term alone: no later leader has written any.",
                (
                    *("cut is log", "end is log", "HasTheLastMarker", "DataIsCounted", "CountedUpToNewest"),
                    *("LeaderLogOrigin", "LeaderLogTerms", "LeaderLogIsOneLog", "LeaderLogHasPrefixes"),
                    *("CountedWasElected", "the empty log", "terms"),
                ),
            ),
        )

    def _applies(self, action: Action) -> tuple[Showing, ...]:
        """Recover and Apply: each record of what is applied may be applied in Ddl."""
        s = self.terms.start.raft
        n = s.var("n")
        new = s.var("a") if action.name == "NodeRecover" else s.var("a2")
        given: dict[str, Term] = {"n": n, "x": UPTO, "p": RECORD}
        why = "What a node knows, its leader has counted, and the newest has it (LIM-3, R5)."
        shown = Shown(self.steps["Apply (create)"], given, why)
        of_new = both(is_data(RECORD), PREFIX(RECORD, new))
        known = s.var("k")
        facts = (
            Named(
                "NewestHasKnown",
                same(known, EMPTY) | s.leader_known(LAST, known),
                "The newest leader has counted what any has, whenever that did.",
                ("KnownWasTold", "CountedLeaderHasNewest"),
            ),
            Named("WithinKnown", PREFIX(new, known), why, ("KnownInLog", "lengths")),
        )
        return (Showing((shown,), (RECORD,), of_new, facts),)

    _cases: Mapping[str, Callable[[DdlShowings, Action], tuple[Showing, ...]]] = {
        "NodeWriteMtr": _writes,
        "Serve": _opens,
        "NodeUpdateTerm": _leaves,
        "NodeCrash": _leaves,
        "NodeShutdown": _leaves,
        "NodeAdvanceMajority": _counts,
        "NodeRecover": _applies,
        "NodeApply": _applies,
    }


_FINITE = "A log is finite, so it has a last record."


def properties_of(terms: Terms) -> tuple[Named, ...]:
    """That what is read has one value."""
    read = reading(terms)
    found = (one_value(relation) for relation in LOG_RELATIONS)
    return tuple(evolve(one, formula=substituted(one.formula, {}, read)) for one in found)


def begins(terms: Terms) -> tuple[Named, ...]:
    """Startup begins as Ddl is when every node has crashed where Ddl begins."""
    n = Var("n", terms.start.raft.node)
    claims_of = {
        S.log: S.log(EMPTY),
        S.majority: S.majority(EMPTY),
        S.leader: forall([n], ~S.leader(n)),
        S.stage: S.stage(NONE),
        S.phase: forall([n], S.phase(n, STARTING)),
    }
    read = reading(terms)
    why = "Nobody leads, and nothing is written."
    return tuple(
        Named(f"Init of {relation.name}", substituted(one, {}, read), why)
        for relation, one in claims_of.items()
    )
