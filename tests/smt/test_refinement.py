"""StorageLog is no rubber stamp: without a lemma, or a rule, a guard of storage is refuted."""

from __future__ import annotations

import re

import pytest
from attrs import evolve

from redoraft_check.smt.answers import Answer
from redoraft_check.smt.formula import Function, Relation, Sort, Update, Var, exists, forall, same
from redoraft_check.smt.logs import LOG, NUMBER, TERM
from redoraft_check.smt.model import Model
from redoraft_check.smt.models import storage_log
from redoraft_check.smt.obligations import Obligation, obligations
from redoraft_check.smt.prover import refute
from redoraft_check.smt.refinement import substituted
from redoraft_check.smt.storage_state import PAGE


def obligation(model: Model, step: str, goal: str) -> Obligation:
    [found] = [one for one in obligations(model) if one.step == step and one.goal.name.startswith(goal)]
    return found


def without(names: set[str], off: frozenset[str] = frozenset()) -> Model:
    """The model without all lemmas but some, and without what is proved of single steps elsewhere."""
    whole = storage_log(off)
    kept = tuple(one for one in whole.lemmas if one.name.endswith("is a function") or one.name in names)
    actions = tuple(evolve(one, given=()) for one in whole.actions)
    sizes = {sort: 2 for sort in whole.sorts if sort.name in {"Node", "Quorum"}}
    return evolve(whole, lemmas=kept, actions=actions, small={**sizes, TERM: 3, LOG: 4, NUMBER: 4, PAGE: 1})


def prefixes(picture: str) -> dict[str, set[str]]:
    """Each log of a picture by its name, and the logs that it begins with."""
    listed = re.findall(r"^    (\w+) = <<(.*)>>$", picture, re.MULTILINE)
    return {"<<>>": {"<<>>"}} | {name: {"<<>>", *re.findall(r"(\w+): ", mtrs)} for name, mtrs in listed}


@pytest.mark.parametrize(
    ("step", "goal", "kept", "off", "guard"),
    [
        ("NodeAdvanceMajority (own)", "Learn 7", {"LeaderHasItsLog"}, frozenset({"H8"}), ("l", "had")),
        (
            *("NodeRecover (own, serves)", "StartServing 7", {"KnownInLog", "MarkerIsLast"}),
            *(frozenset(), ("had", "p")),
        ),
    ],
)
def test_without_what_was_proved_a_guard_is_refuted(
    step: str, goal: str, kept: set[str], off: frozenset[str], guard: tuple[str, str]
) -> None:
    """H8 off: what a quorum has is not committed; without LeadersHaveCommitted a leader may lack some.

    Which counterexample Z3 takes varies; in each the node's log is shown, and the first log of `guard` is no
    prefix of the second, as the guard asks.
    """
    model = without(kept, off)
    result = refute(model, obligation(model, step, goal), 60)
    assert result is not None
    assert result.answer is Answer.REFUTED
    before, taken = result.picture.split(f"  {step}: ")
    given = dict(re.findall(r"(\w+) = ([^,\n]+)", taken))
    short, long = (given[name] for name in guard)
    assert short not in prefixes(before)[long]
    assert f"log[{given['n']}] = {given['p']}" in before
    assert f"({given['own']}, {given['had']})" in before or given["had"] == "<<>>"


def test_what_is_bound_captures_nothing() -> None:
    thing = Sort("Thing")
    x, y = Var("x", thing), Var("y", thing)
    likes = Relation("likes", (thing, thing))
    put = substituted(exists([y], likes(x, y)), {x: y}, {})
    assert put == exists([Var("y_", thing)], likes(y, Var("y_", thing)))
    meaning = {likes: Update(likes, (x, y), same(x, Function("me", (), thing)()))}
    assert substituted(forall([x], likes(x, x)), {}, meaning) == forall(
        [x], same(x, Function("me", (), thing)())
    )
