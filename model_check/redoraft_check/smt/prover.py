"""One obligation, shown or refuted by Z3.

Hypotheses come in portions, few first: what a conjunct `uses`, then all that make nothing new, then all.
Fewer hypotheses can only make an obligation harder to show, so a proof from any portion is a proof.  When the
portions do not tell, hypotheses come on demand: those that Z3's last counterexample violates.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from enum import Enum
from itertools import islice

import z3
from attrs import evolve, field, frozen

from redoraft_check.smt.concrete import Interpreter, Value, World
from redoraft_check.smt.formula import And, Formula, Named, Sort, Var
from redoraft_check.smt.model import Model
from redoraft_check.smt.obligations import Obligation, alternates, quantified
from redoraft_check.smt.picture import picture
from redoraft_check.smt.worlds import world_of
from redoraft_check.smt.z3terms import Z3, Translator, Vocabulary


class Answer(Enum):
    """What became of an obligation."""

    PROVED = "proved"
    REFUTED = "REFUTED"
    UNKNOWN = "unknown"


@frozen
class Result:
    """The answer, in how many seconds, from which portion; the counterexample to induction as text."""

    answer: Answer
    seconds: float
    portion: str = ""
    reason: str = ""
    picture: str = ""
    cached: bool = field(default=False)


@frozen
class _Portion:
    name: str
    hypotheses: tuple[Z3, ...]
    mbqi: bool
    limit_s: float


class Prepared:
    """An obligation in Z3's terms."""

    def __init__(self, model: Model, obligation: Obligation, sizes: Mapping[Sort, int] | None = None) -> None:
        self.model, self.obligation = model, obligation
        self.vocabulary = Vocabulary(sizes)
        before = Translator(self.vocabulary)
        action = obligation.action
        params = action.params if action else ()
        self.env: dict[Var, Z3] = {one: self.vocabulary.fresh(one) for one in params}
        self._before = before
        after = before.after(action, self.env) if action and obligation.after else before
        self.goal = after.formula(obligation.goal.formula, self.env)

    def _terms(self, formulas: Iterator[Formula]) -> tuple[Z3, ...]:
        return tuple(self._before.formula(one, self.env) for one in formulas)

    def _guard(self) -> tuple[Formula, ...]:
        action = self.obligation.action
        if action is None:
            return (self.model.init,) if self.obligation.initial else ()
        return action.guard.parts if isinstance(action.guard, And) else (action.guard,)

    def _held(self) -> tuple[Named, ...]:
        """What held before: nothing is known of the state before the initial one."""
        if self.obligation.initial:
            return ()
        return (*self.model.invariant, *self.model.lemmas)

    def everything(self) -> tuple[Z3, ...]:
        """All hypotheses: axioms, invariant, guard, facts."""
        named = (*self.model.axioms, *self._held(), *self.obligation.known)
        return self._terms(one.formula for one in named) + self._terms(iter(self._guard()))

    def hypotheses(self) -> tuple[Named, ...]:
        """What may be taken as given, apart from the guard, which always is."""
        return (*self.model.axioms, *self._held(), *self.obligation.lemmas, *self.obligation.known)

    def chosen(self, names: set[str]) -> tuple[Z3, ...]:
        """The guard and the hypotheses of these names."""
        wanted = (one.formula for one in self.hypotheses() if one.name in names)
        return self._terms(wanted) + self._terms(iter(self._guard()))

    def portions(self) -> Iterator[_Portion]:
        """The attempts in their order."""
        goal, known = self.obligation.goal, self.obligation.known
        wanted = {goal.name, *goal.uses}
        pool = (*self.model.axioms, *self._held(), *self.obligation.lemmas)
        base = [one for one in self.model.axioms if not alternates(one.formula)]
        used = [one for one in pool if one.name in wanted]
        flat = [one for one in self._held() if one.name in wanted or not alternates(one.formula)]
        guard = self._guard()
        plain = [one for one in guard if not quantified(one)] if not self.obligation.initial else guard
        hinted = known if goal.uses else ()
        few = self._terms(one.formula for one in (*base, *used, *hinted)) + self._terms(iter(plain))
        some = self._terms(one.formula for one in (*base, *used, *known)) + self._terms(iter(guard))
        many = self._terms(one.formula for one in (*base, *flat, *known)) + self._terms(iter(guard))
        whole = self.everything()
        itself = self._terms(one.formula for one in self._held() if one.name == goal.name)
        if itself:
            yield _Portion("itself", itself, mbqi=True, limit_s=0.7)
        yield _Portion("few", few, mbqi=False, limit_s=0.5)
        yield _Portion("universal", many, mbqi=False, limit_s=1.5)
        yield _Portion("few, by models", few, mbqi=True, limit_s=2.5)
        yield _Portion("all", whole, mbqi=False, limit_s=1.5)
        yield _Portion("some, by models", some, mbqi=True, limit_s=5.0)
        yield _Portion("universal, by models", many, mbqi=True, limit_s=5.0)
        yield _Portion("all, by models", whole, mbqi=True, limit_s=10.0)

    def solver(self, hypotheses: tuple[Z3, ...], *, mbqi: bool, limit_s: float) -> Z3:
        """A solver that asks for a state in which the hypotheses hold and the goal does not."""
        solver = z3.Solver()
        solver.set("timeout", max(1, int(limit_s * 1000)))
        solver.set("random_seed", 7)
        if not mbqi:
            solver.set("smt.mbqi", False)
            solver.set("smt.auto_config", False)
        for one in hypotheses:
            solver.add(one)
        solver.add(z3.Not(self.goal))
        return solver

    def smt2(self) -> str:
        """The whole obligation as SMT-LIB2: `unsat` is what was to be shown."""
        text = self.solver(self.everything(), mbqi=True, limit_s=1).to_smt2()
        return f"; {self.obligation.name}\n; {self.obligation.goal.why}\n{text}"


def smt2(model: Model, obligation: Obligation) -> str:
    """The SMT-LIB2 text of an obligation with all its hypotheses."""
    return Prepared(model, obligation).smt2()


def key_of(text: str) -> str:
    """The name of an obligation in the cache: the hash of its SMT-LIB2 text, its solver's version with it."""
    return hashlib.sha256(f"{z3.get_version_string()}\n{text}".encode()).hexdigest()


def prove(model: Model, obligation: Obligation, timeout_s: float) -> Result:
    """Try to show one obligation.  What `timeout_s` seconds do not tell is unknown."""
    start = time.monotonic()
    prepared = Prepared(model, obligation)
    for portion in prepared.portions():
        left = timeout_s - (time.monotonic() - start)
        if left <= 0:
            break
        solver = prepared.solver(portion.hypotheses, mbqi=portion.mbqi, limit_s=min(left, portion.limit_s))
        if solver.check() == z3.unsat:
            return Result(Answer.PROVED, time.monotonic() - start, portion.name)
    left = timeout_s - (time.monotonic() - start)
    small = refute(model, obligation, min(left, _SMALL_S)) if left > 0 else None
    if small is not None:
        return evolve(small, seconds=time.monotonic() - start)
    return _on_demand(prepared, start, timeout_s)


def refute(model: Model, obligation: Obligation, limit_s: float) -> Result | None:
    """A counterexample of few things, which is easy to read; None when none was found in `limit_s` seconds.

    Few are as many as the model's `small` says.  The answer is unknown when the Python interpretation finds
    that Z3's counterexample is none.
    """
    if not model.small:
        return None
    start = time.monotonic()
    prepared = Prepared(model, obligation, model.small)
    solver = prepared.solver(prepared.everything(), mbqi=True, limit_s=limit_s)
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
    pool = {one.name: one for one in prepared.hypotheses()}
    used = {one.name for one in prepared.model.axioms if not alternates(one.formula)}
    used |= {prepared.obligation.goal.name} & set(pool)
    reason = "no time was left"
    while (left := timeout_s - (time.monotonic() - start)) > 0:
        solver = prepared.solver(prepared.chosen(used), mbqi=True, limit_s=left)
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
