"""Finding hints: which hypotheses suffice for an obligation, from the core of a proof, made smaller."""

from __future__ import annotations

import time
from collections.abc import Collection

import z3

from redoraft_check.smt.model import Model
from redoraft_check.smt.obligations import Obligation, quantified
from redoraft_check.smt.portions import GUARD, Given, Portion, itself, only
from redoraft_check.smt.prover import ATTEMPTS, Attempt, Prepared, Terms, tries


def learn(model: Model, obligation: Obligation, timeout_s: float, terms: Terms) -> tuple[str, ...] | None:
    """Names of hypotheses that suffice, none of which can go; None where none were found.

    There are none where the conjunct itself suffices, which needs no hint.
    """
    prepared = Prepared(terms, obligation)
    if _suffices(prepared, itself(model, obligation)):
        return ()
    core = _first_core(prepared, time.monotonic() + timeout_s)
    if core is None:
        return None
    return _smaller(prepared, _names(core))


def _first_core(prepared: Prepared, end: float) -> tuple[Given, ...] | None:
    """What the first attempt that proves it has needed; None where none does before `end`."""
    own, by_models, *others = ATTEMPTS
    for attempt, portion, left in tries(prepared, (own, by_models, *_AS_ELSEWHERE, *others), end):
        core = prepared.core(portion, mbqi=attempt.mbqi, limit_s=left, effort=attempt.effort)
        if core is not None:
            return core
    return None


def _as_elsewhere(model: Model, obligation: Obligation) -> Portion:
    """What suffices for the same conjunct after other actions."""
    return only(model, obligation, _hinted(model, of=(f"/{obligation.goal.name}",)))


def _as_around(model: Model, obligation: Obligation) -> Portion:
    """And for other conjuncts after this action, with all facts about it."""
    around = _hinted(model, of=(f"/{obligation.goal.name}", f"{obligation.step}/"))
    return only(model, obligation, around | {one.name for one in obligation.known})


def _hinted(model: Model, of: tuple[str, ...]) -> set[str]:
    """All names in the hints of these conjuncts (`/A`) and steps (`A/`)."""
    return {
        name
        for claim, names in model.hints.items()
        if any(claim.endswith(one) or claim.startswith(one) for one in of)
        for name in names
    }


_AS_ELSEWHERE = (
    Attempt("as elsewhere", _as_elsewhere, mbqi=True, effort=1_500_000),
    Attempt("as around", _as_around, mbqi=True, effort=5_000_000),
)


def _names(core: Collection[Given]) -> list[str]:
    """The names; the guard has one only where it has a quantifier, since else it is given anyway."""
    needed = (one for one in core if one.name != GUARD or quantified(one.formula))
    return list(dict.fromkeys(one.name for one in needed))


def _smaller(prepared: Prepared, names: list[str]) -> tuple[str, ...] | None:
    """Without each that is not needed; None where little effort does not show it from these."""
    model, obligation = prepared.model, prepared.obligation
    if not _suffices(prepared, only(model, obligation, names)):
        return None
    kept = list(names)
    for name in names:
        fewer = [one for one in kept if one != name]
        if _suffices(prepared, only(model, obligation, fewer)):
            kept = fewer
    return tuple(kept) or (GUARD,)


def _suffices(prepared: Prepared, portion: Portion) -> bool:
    """Whether a little effort shows it from these."""
    if not portion.given:
        return False
    solver = prepared.solver(portion, mbqi=True, limit_s=_LITTLE_S, effort=_LITTLE)
    return bool(solver.check() == z3.unsat)


_LITTLE = 400_000
"""In Z3's resource units: what a hint is for is that little is enough."""
_LITTLE_S = 10.0
