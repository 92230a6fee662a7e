"""One obligation, shown or refuted by Z3.

Portions of the hypotheses are tried, few first (`portions`).  When they do not tell, hypotheses come on
demand: those that Z3's last counterexample violates.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

import z3
from attrs import evolve, frozen

from redoraft_check.smt import portions
from redoraft_check.smt.answers import Answer, Result
from redoraft_check.smt.concrete import Interpreter, Value, World
from redoraft_check.smt.formula import Formula, Sort, Var
from redoraft_check.smt.model import Model
from redoraft_check.smt.obligations import Obligation
from redoraft_check.smt.picture import picture
from redoraft_check.smt.portions import Given, Portion
from redoraft_check.smt.terms import Env, Translator
from redoraft_check.smt.worlds import world_of
from redoraft_check.smt.z3terms import Z3, Vocabulary


class Terms:
    """A model in Z3's terms: what its obligations share, translated once."""

    def __init__(self, model: Model, sizes: Mapping[Sort, int] | None = None) -> None:
        self.model = model
        self.vocabulary = Vocabulary(sizes)
        self.before = Translator(self.vocabulary)
        self._known: dict[str, tuple[Formula, Z3]] = {}

    def given(self, one: Given, env: Env) -> Z3:
        """A hypothesis; only what is not shared speaks of the step's parameters."""
        if not one.shared:
            return self.before.formula(one.formula, env)
        formula, term = self._known.get(one.name, (None, None))
        if formula is not one.formula:
            term = self.before.formula(one.formula, {})
            self._known[one.name] = (one.formula, term)
        return term


class Prepared:
    """An obligation in Z3's terms."""

    def __init__(self, terms: Terms, obligation: Obligation) -> None:
        self.model, self.obligation, self.terms = terms.model, obligation, terms
        self.vocabulary = terms.vocabulary
        action = obligation.action
        params = action.params if action else ()
        self.env: dict[Var, Z3] = {one: self.vocabulary.fresh(one) for one in params}
        after = terms.before.after(action, self.env) if action and obligation.after else terms.before
        self.goal = after.formula(obligation.goal.formula, self.env)

    def solver(self, portion: Portion, *, mbqi: bool, limit_s: float, effort: int = 0) -> Z3:
        """A solver that asks for a state in which the hypotheses hold and the goal does not.

        `limit_s` is in seconds of the clock, `effort` in Z3's resource units; 0 is without that limit.
        """
        solver = _solver(mbqi=mbqi, limit_s=limit_s, effort=effort)
        for one in portion.given:
            solver.add(self.terms.given(one, self.env))
        solver.add(z3.Not(self.goal))
        return solver

    def core(self, portion: Portion, *, mbqi: bool, limit_s: float, effort: int) -> tuple[Given, ...] | None:
        """Those hypotheses of a portion that a proof needed, None where there was none."""
        solver = _solver(mbqi=mbqi, limit_s=limit_s, effort=effort)
        solver.set(unsat_core=True)
        marks = {z3.Bool(f"given!{at}"): one for at, one in enumerate(portion.given)}
        for mark, one in marks.items():
            solver.assert_and_track(self.terms.given(one, self.env), mark)
        solver.add(z3.Not(self.goal))
        if solver.check() != z3.unsat:
            return None
        needed = {str(mark) for mark in solver.unsat_core()}
        return tuple(one for mark, one in marks.items() if str(mark) in needed)


def _solver(*, mbqi: bool, limit_s: float, effort: int) -> Z3:
    solver = z3.Solver()
    solver.set("timeout", max(1, int(limit_s * 1000)))
    solver.set("random_seed", 7)
    if effort:
        solver.set("rlimit", effort)
    if not mbqi:
        solver.set("smt.mbqi", False)
        solver.set("smt.auto_config", False)
    return solver


@frozen
class Attempt:
    """Hypotheses, whether Z3 looks for models, and how much work it may do, in its resource units.

    `at_once` is whether it may do all of that before the others have tried with little.
    """

    name: str
    portion: Callable[[Model, Obligation], Portion]
    mbqi: bool
    effort: int
    at_once: bool = False


ATTEMPTS = (
    Attempt("hinted", portions.hinted, mbqi=False, effort=300_000),
    Attempt("hinted, by models", portions.hinted, mbqi=True, effort=5_000_000, at_once=True),
    Attempt("itself", portions.itself, mbqi=True, effort=1_400_000),
    Attempt("few", portions.few, mbqi=False, effort=1_000_000),
    Attempt("named", portions.named, mbqi=True, effort=3_000_000),
    Attempt("universal", portions.universal, mbqi=False, effort=3_000_000),
    Attempt("few, by models", portions.few, mbqi=True, effort=5_000_000),
    Attempt("all", portions.whole, mbqi=False, effort=3_000_000),
    Attempt("some, by models", portions.some, mbqi=True, effort=10_000_000),
    Attempt("universal, by models", portions.universal, mbqi=True, effort=10_000_000),
    Attempt("all, by models", portions.whole, mbqi=True, effort=20_000_000),
)
"""In this order.  Effort and not seconds, so that a busy machine proves the same from the same."""


def z3_version() -> str:
    """Z3's version."""
    return str(z3.get_version_string())


def prove(model: Model, obligation: Obligation, timeout_s: float, terms: Terms | None = None) -> Result:
    """Try to show one obligation.  What `timeout_s` seconds do not tell is unknown.

    `terms` are the model's, where several of its obligations are to be shown.
    """
    start = time.monotonic()
    prepared = Prepared(terms or Terms(model), obligation)
    sufficed = _attempted(prepared, start + timeout_s)
    if sufficed is not None:
        return Result(Answer.PROVED, time.monotonic() - start, sufficed)
    left = timeout_s - (time.monotonic() - start)
    small = refute(model, obligation, min(left, _SMALL_S)) if left > 0 else None
    if small is not None:
        return evolve(small, seconds=time.monotonic() - start)
    return _on_demand(prepared, start, timeout_s)


def _attempted(prepared: Prepared, end: float) -> str | None:
    """The name of the attempt that proves it, None if none does before `end` (of `time.monotonic`).

    Each is given little effort, and only where that was not enough all of its own; hints have that at once.
    """
    waiting = list(ATTEMPTS)
    for most in (_LITTLE, max(one.effort for one in ATTEMPTS)):
        exhausted = []
        for attempt, portion, left in tries(prepared, waiting, end):
            effort = attempt.effort if attempt.at_once else min(attempt.effort, most)
            solver = prepared.solver(portion, mbqi=attempt.mbqi, limit_s=left, effort=effort)
            found = solver.check()
            if found == z3.unsat:
                return attempt.name
            if found == z3.unknown and effort < attempt.effort and _ran_out(solver):
                exhausted.append(attempt)
        waiting = exhausted
    return None


def tries(
    prepared: Prepared, attempts: Iterable[Attempt], end: float
) -> Iterator[tuple[Attempt, Portion, float]]:
    """Each of these that has hypotheses, with them and the seconds left; none after `end` (of
    `time.monotonic`)."""
    for attempt in attempts:
        portion = attempt.portion(prepared.model, prepared.obligation)
        left = end - time.monotonic()
        if left <= 0:
            return
        if portion.given:
            yield attempt, portion, left


def _ran_out(solver: Z3) -> bool:
    """Whether a limit ended the search, and not that Z3 sees no way on."""
    return any(word in solver.reason_unknown() for word in ("resource", "cancel", "timeout"))


_LITTLE = 700_000
"""In Z3's resource units: nine in ten of the proofs need less."""


def refute(model: Model, obligation: Obligation, limit_s: float) -> Result | None:
    """A counterexample of few things, which is easy to read; None when none was found in `limit_s` seconds.

    Few are as many as the model's `small` says.  The answer is unknown when the Python interpretation finds
    that Z3's counterexample is none.
    """
    if not model.small:
        return None
    start = time.monotonic()
    prepared = Prepared(Terms(model, model.small), obligation)
    solver = prepared.solver(portions.whole(model, obligation), mbqi=True, limit_s=limit_s)
    if solver.check() != z3.sat:
        return None
    world, given = world_of(prepared, solver.model())
    return _refuted(prepared, world, given, Interpreter(), time.monotonic() - start)


_SMALL_S = 20.0


def _on_demand(prepared: Prepared, start: float, timeout_s: float) -> Result:
    """Hypotheses one after the other, each because the last counterexample violates it.

    Ends with a proof, or with a counterexample that the Python interpretation finds to satisfy all of them.
    """
    interpreter = Interpreter()
    model, obligation = prepared.model, prepared.obligation
    pool = {one.name: one for one in portions.hypotheses(model, obligation)}
    used = portions.base_names(model) | ({obligation.goal.name} & set(pool))
    reason = "no time was left"
    while (left := timeout_s - (time.monotonic() - start)) > 0:
        solver = prepared.solver(portions.chosen(model, obligation, used), mbqi=True, limit_s=left)
        found = solver.check()
        if found == z3.unsat:
            return Result(Answer.PROVED, time.monotonic() - start, "on demand")
        if found == z3.unknown:
            reason = f"Z3 says {solver.reason_unknown()}"
            break
        world, given = world_of(prepared, solver.model())
        unused = (one for name, one in pool.items() if name not in used)
        violated = (one.name for one in unused if not interpreter.holds(one.formula, world, given))
        wanted = list(islice(violated, _AT_ONCE))
        if not wanted:
            return _refuted(prepared, world, given, interpreter, time.monotonic() - start)
        used.update(wanted)
    return Result(Answer.UNKNOWN, time.monotonic() - start, "", f"not told in {timeout_s:g} s: {reason}")


_AT_ONCE = 4


def _refuted(
    prepared: Prepared, world: World, given: dict[Var, Value], interpreter: Interpreter, seconds: float
) -> Result:
    """The counterexample as text; unknown when the Python interpretation does not agree that it is one."""
    action, goal = prepared.obligation.action, prepared.obligation.goal
    after = World(world.things, world.rigid, interpreter.after(action, world, given)) if action else world
    judged = after if prepared.obligation.after else world
    if interpreter.holds(goal.formula, judged, given):
        return Result(Answer.UNKNOWN, seconds, "", "Z3's counterexample is none in the Python interpretation")
    return Result(Answer.REFUTED, seconds, "on demand", "", picture(prepared.obligation, world, after, given))
