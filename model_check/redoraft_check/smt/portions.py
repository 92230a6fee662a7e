"""From which hypotheses an obligation is tried, few first.

Hypotheses come in portions: what a conjunct `uses`, then all that make nothing new, then all.  Fewer
hypotheses can only make an obligation harder to show, so a proof from any portion is a proof.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from attrs import frozen

from redoraft_check.smt.formula import And, Formula, Named
from redoraft_check.smt.model import Model
from redoraft_check.smt.obligations import Obligation, alternates, quantified

GUARD = "guard"
"""The name of a conjunct of the guard, which has none of its own."""


@frozen
class Given:
    """A hypothesis by its name; `shared` if every obligation of the model may have it."""

    name: str
    formula: Formula
    shared: bool


@frozen
class Portion:
    """Some of the hypotheses."""

    name: str
    given: tuple[Given, ...]


def guard(model: Model, obligation: Obligation) -> tuple[Formula, ...]:
    """The conjuncts of the guard, or the initial predicate."""
    action = obligation.action
    if action is None:
        return (model.init,) if obligation.initial else ()
    return action.guard.parts if isinstance(action.guard, And) else (action.guard,)


def held(model: Model, obligation: Obligation) -> tuple[Named, ...]:
    """What held before: nothing is known of the state before the initial one."""
    return () if obligation.initial else (*model.invariant, *model.lemmas)


def hypotheses(model: Model, obligation: Obligation) -> tuple[Named, ...]:
    """What may be taken as given, apart from the guard, which always is."""
    return (*model.axioms, *held(model, obligation), *obligation.lemmas, *obligation.known)


def chosen(model: Model, obligation: Obligation, names: set[str]) -> Portion:
    """The guard and the hypotheses of these names."""
    wanted = tuple(one for one in hypotheses(model, obligation) if one.name in names)
    return _portion("on demand", obligation, wanted, guard(model, obligation))


def hinted(model: Model, obligation: Obligation) -> Portion:
    """What has sufficed before: where there are hints and none for this one, the conjunct itself."""
    names = model.hints.get(obligation.claim)
    if names is not None:
        return only(model, obligation, names)
    return itself(model, obligation) if model.hints else Portion("hinted", ())


def only(model: Model, obligation: Obligation, names: Collection[str]) -> Portion:
    """The hypotheses of these names; what has a quantifier in the guard only if `GUARD` is among them."""
    wanted = tuple(one for one in hypotheses(model, obligation) if one.name in names)
    parts = tuple(one for one in guard(model, obligation) if GUARD in names or not quantified(one))
    return _portion("hinted", obligation, wanted, parts)


def whole(model: Model, obligation: Obligation) -> Portion:
    """All hypotheses: axioms, invariant, guard, facts."""
    named = (*model.axioms, *held(model, obligation), *obligation.known)
    return _portion("all", obligation, named, guard(model, obligation))


def itself(model: Model, obligation: Obligation) -> Portion:
    """Only that the conjunct held before; nothing where it is no conjunct of the invariant."""
    own = tuple(one for one in held(model, obligation) if one.name == obligation.goal.name)
    return _portion("itself", obligation, own, ())


def few(model: Model, obligation: Obligation) -> Portion:
    """What the conjunct uses, with the part of the guard that has no quantifier."""
    parts = guard(model, obligation)
    plain = parts if obligation.initial else tuple(one for one in parts if not quantified(one))
    hinted = obligation.known if obligation.goal.uses else ()
    return _portion("few", obligation, (*_base(model), *_used(model, obligation), *hinted), plain)


def named(model: Model, obligation: Obligation) -> Portion:
    """What the conjunct uses and nothing else: of the facts too, with the guard that has no quantifier."""
    if not obligation.goal.uses or obligation.initial:
        return Portion("named", ())
    plain = tuple(one for one in guard(model, obligation) if not quantified(one))
    facts = (one for one in obligation.known if one.name in obligation.goal.uses)
    return _portion("named", obligation, (*_base(model), *_used(model, obligation), *facts), plain)


def some(model: Model, obligation: Obligation) -> Portion:
    """What the conjunct uses, with the guard and the facts."""
    named = (*_base(model), *_used(model, obligation), *obligation.known)
    return _portion("some", obligation, named, guard(model, obligation))


def universal(model: Model, obligation: Obligation) -> Portion:
    """All that make nothing new, and what the conjunct uses."""
    wanted = _wanted(obligation)
    flat = [one for one in held(model, obligation) if one.name in wanted or not alternates(one.formula)]
    return _portion(
        "universal", obligation, (*_base(model), *flat, *obligation.known), guard(model, obligation)
    )


def base_names(model: Model) -> set[str]:
    """The axioms that make nothing new."""
    return {one.name for one in _base(model)}


def _wanted(obligation: Obligation) -> set[str]:
    return {obligation.goal.name, *obligation.goal.uses}


def _base(model: Model) -> tuple[Named, ...]:
    return tuple(one for one in model.axioms if not alternates(one.formula))


def _used(model: Model, obligation: Obligation) -> Iterator[Named]:
    pool = (*model.axioms, *held(model, obligation), *obligation.lemmas)
    return (one for one in pool if one.name in _wanted(obligation))


def _portion(name: str, obligation: Obligation, named: Iterable[Named], parts: Iterable[Formula]) -> Portion:
    own = {id(one) for one in obligation.known}
    told = tuple(Given(one.name, one.formula, shared=id(one) not in own) for one in named)
    return Portion(name, told + tuple(Given(GUARD, part, shared=False) for part in parts))
