"""spec/Startup.tla on top of the commit rule: phases, recovery, apply.

Each action is RaftRedo's of that name with more in its guard and with updates of `phase` and `applied` alone.
So what the commit rule's invariant says holds here without another proof: it comes as lemmas.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from attrs import evolve, frozen

from redoraft_check.smt.commit_log import OwnLog
from redoraft_check.smt.commit_rule import actions
from redoraft_check.smt.commit_state import Raft, RaftSteps, initial, set_value
from redoraft_check.smt.formula import (
    Action,
    Formula,
    Function,
    Relation,
    Sort,
    Term,
    Update,
    Var,
    both,
    differ,
    either,
    forall,
    iff,
    same,
)
from redoraft_check.smt.logs import DOWN, EMPTY, FOLLOWER, LEADER, LOG, PREFIX, TERM_OF, reaches

RULES = frozenset({"ST-1", "ST-2", "LIM-3", "H13", "H14", "early-bounded"})
"""StartupRules of spec/Startup.tla."""

PHASE = Sort("Phase", ("gone", "stopped", "aligning", "ready"))
GONE, STOPPED, ALIGNING, READY = (Function(name, (), PHASE)() for name in PHASE.elements)
"""`gone` is the specification's "down", whose name is taken by a role."""


@frozen
class Start:
    """The relations of Startup's state: RaftRedo's and two more."""

    raft: Raft

    @property
    def phase(self) -> Relation:
        """phase[n] = f"""
        return Relation("phase", (self.raft.node, PHASE), value=True)

    @property
    def applied(self) -> Relation:
        """The log up to applied[n]."""
        return Relation("applied", (self.raft.node, LOG), value=True)

    @property
    def relations(self) -> tuple[Relation, ...]:
        """Those that RaftRedo does not have."""
        return self.phase, self.applied

    def serves(self, node: Term, term: Term, applied: Term) -> Formula:
        """Serving(n), where its term is `term` and `applied` the log that it has applied."""
        is_there = both(self.raft.term(node, term), self.applied(node, applied))
        ready = both(self.raft.role(node, LEADER), self.phase(node, READY))
        return both(is_there, ready, differ(applied, EMPTY), same(TERM_OF(applied), term))


class StartupSteps(RaftSteps):
    """Startup's actions under some rules switched off."""

    def __init__(self, start: Start, off: frozenset[str] = frozenset()) -> None:
        super().__init__(start.raft, off)
        self.start = start
        self._log = OwnLog(start.raft, off)

    def all(self) -> tuple[Action, ...]:
        """In the order of the specification's StepOf."""
        changes: Mapping[str, partial[Action]] = {
            "UpdateTerm": partial(self._only, self._may_step_down()),
            "WriteMtr": partial(self._writes),
            "CloseEntry": partial(self._writes),
            "Crash": partial(self._leaves, GONE),
            "Restart": partial(self._restarts, ALIGNING, EMPTY, self._starts_anew()),
        }
        # A proof needs a majority LSN to be there, so the action names it.
        n, known = self.raft.vars("n known")
        cuts = {"UpdateTerm", "Truncate"}
        named = {"Crash": "NodeCrash", "Restart": "NodeRestart"}
        steps = []
        for one in actions(self.raft, self.off):
            changed = changes.get(one.name, partial(self._only, None))(one)
            if one.name in cuts:
                params = (*changed.params, known)
                changed = evolve(changed, params=params, guard=both(changed.guard, self.raft.known(n, known)))
            steps.append(evolve(changed, name=named.get(one.name, f"Node{one.name}")))
        return (*steps, self._shutdown(), *self._trusting_restart(), self.recover(), *self.apply())

    # --- RaftRedo's actions ----------------------------------------------------------------------------

    def _only(self, more: Formula | None, step: Action) -> Action:
        return step if more is None else evolve(step, guard=both(step.guard, more))

    def _may_step_down(self) -> Formula | None:
        """H13: a leader that serves restarts instead."""
        n, u, g = self.raft.vars("n u g_")
        return forall([g], ~self.start.serves(n, u, g)) if self.on("H13") else None

    def _writes(self, step: Action) -> Action:
        """ST-1: only who serves; its pages have what it writes."""
        n, t, g, a = self.raft.vars("n t g a")
        return evolve(
            step,
            params=(*step.params, a),
            guard=both(step.guard, self.start.serves(n, t, a)),
            updates=(*step.updates, set_value(self.start.applied, n, g)),
        )

    def _becomes(self, phase: Term, applied: Term) -> tuple[Update, Update]:
        n = self.raft.var("n")
        return set_value(self.start.phase, n, phase), set_value(self.start.applied, n, applied)

    def _leaves(self, phase: Term, step: Action) -> Action:
        return evolve(step, updates=(*step.updates, *self._becomes(phase, EMPTY)))

    def _shutdown(self) -> Action:
        """NodeShutdown(n): a crash that loses nothing, with all of the log durable."""
        p, d, g = self.raft.vars("p d g")
        whole = both(same(d, p), same(g, p))
        step = self._leaves(STOPPED, self._log.crash())
        return evolve(step, name="NodeShutdown", guard=both(step.guard, whole))

    def _trusts(self) -> Formula:
        n = self.raft.var("n")
        return both(self.start.phase(n, STOPPED), ~self.raft.is_log_node(n))

    def _starts_anew(self) -> Formula | None:
        return None if self.on("ST-1") else ~self._trusts()

    def _restarts(self, phase: Term, applied: Term, more: Formula | None, step: Action) -> Action:
        """ST-1: clean or not, through recovery."""
        changed = evolve(step, updates=(*step.updates, *self._becomes(phase, applied)))
        return self._only(more, changed)

    def _trusting_restart(self) -> tuple[Action, ...]:
        """Without ST-1 a clean shutdown is trusted: the pages have the whole log."""
        if self.on("ST-1"):
            return ()
        step = self._restarts(READY, self.raft.var("w"), self._trusts(), self._log.restart())
        return (evolve(step, name="NodeRestart", case="trusting"),)

    # --- recovery and apply ----------------------------------------------------------------------------

    def _aligned(self) -> Formula:
        """Aligned(n): a leader has its own term's marker committed (H14), a follower agrees to its end."""
        s = self.raft
        n, t, p, k = s.vars("n t p k")
        committed = both(differ(k, EMPTY), same(TERM_OF(k), t)) if self.on("H14") else both()
        follows = both(s.role(n, FOLLOWER), s.leader_log(t, EMPTY), s.agreed(n, p))
        return either(both(s.role(n, LEADER), committed), follows)

    def recover(self) -> Action:
        """NodeRecover(n).  ST-2: only when its log is aligned."""
        s = self.raft
        n, t, p, k, a, old = s.vars("n t p k a a2")
        leads = s.role(n, LEADER)
        bounded_by = {True: self.on("H14"), False: self.on("LIM-3")}
        limits = [
            both(which, same(a, k if bounded_by[leading] else p))
            for leading, which in ((True, leads), (False, ~leads))
        ]
        bounded = self.on("ST-2") or not self.on("early-bounded")
        return Action(
            "NodeRecover",
            (n, t, p, k, a, old),
            both(
                *(~s.is_log_node(n), ~s.role(n, DOWN), self.start.phase(n, ALIGNING)),
                *(s.term(n, t), s.log(n, p), s.known(n, k), self.start.applied(n, old)),
                *([self._aligned()] if self.on("ST-2") else []),
                either(*limits) if bounded else same(a, p),
            ),
            self._becomes(READY, a),
        )

    def apply(self) -> tuple[Action, ...]:
        """NodeApply(n, l): within the majority LSN (LIM-3, H14)."""
        s = self.raft
        n, t, p, k, a, new = s.vars("n t p k a a2")
        steps = []
        for case, rule, which in (
            ("leading", "H14", s.role(n, LEADER)),
            ("not leading", "LIM-3", ~s.role(n, LEADER)),
        ):
            guard = both(
                *(which, ~s.is_log_node(n), ~s.role(n, DOWN), self.start.phase(n, READY)),
                *(s.term(n, t), s.log(n, p), s.known(n, k), self.start.applied(n, a)),
                ~self.start.serves(n, t, a),
                *(PREFIX(new, p), ~reaches(new, a)),
                *([reaches(new, k)] if self.on(rule) else []),
            )
            updates = (set_value(self.start.applied, n, new),)
            steps.append(Action("NodeApply", (n, t, p, k, a, new), guard, updates, case=case))
        return tuple(steps)


def startup_initial(start: Start) -> Formula:
    """StartupInit."""
    n, f, h = Var("n", start.raft.node), Var("f", PHASE), Var("h", LOG)
    return both(
        initial(start.raft),
        forall([n, f], iff(start.phase(n, f), same(f, ALIGNING))),
        forall([n, h], iff(start.applied(n, h), same(h, EMPTY))),
    )
