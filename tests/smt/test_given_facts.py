"""What StorageLog takes as given of a step is proved of that step in the model below."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from attrs import evolve

from redoraft_check.smt.formula import FALSE, Action, Named
from redoraft_check.smt.model import Model
from redoraft_check.smt.models import commit_rule, startup, storage_log
from redoraft_check.smt.obligations import Obligation, obligations
from redoraft_check.smt.refinement import after, parts


@pytest.fixture(scope="module")
def proved() -> tuple[Obligation, ...]:
    """Of the commit rule and of Startup: that a claim follows, of a step or of every state."""
    return tuple(one for model in (commit_rule(), startup()) for one in obligations(model) if not one.after)


@pytest.fixture(scope="module")
def model() -> Model:
    return storage_log()


def is_proved(fact: Named, step: Action, proved: tuple[Obligation, ...]) -> bool:
    """Whether the fact is claimed of the step, or is a property of the state after it, word for word."""
    return any(_of_the_step(one, fact, step) or _of_every_state(one, fact, step) for one in proved)


def _of_the_step(one: Obligation, fact: Named, step: Action) -> bool:
    """The claim is of a step of that name, whose guard this step has whole."""
    if one.action is None or one.goal != fact:
        return False
    same_name = one.action.name.removeprefix("Node") == step.name.removeprefix("Node")
    return same_name and set(parts(one.action.guard)) <= set(parts(step.guard))


def _of_every_state(one: Obligation, fact: Named, step: Action) -> bool:
    if one.action is not None or one.initial or fact.name != f"{one.goal.name}Later":
        return False
    return fact.formula == after(step, one.goal.formula)


def given(model: Model) -> Iterator[tuple[Action, Named]]:
    """By step, what is given of it and is not a part of its guard."""
    for step in model.actions:
        guard = set(parts(step.guard))
        yield from ((step, one) for one in step.given if not guard >= set(parts(one.formula)))


def test_what_is_given_of_a_step_is_proved_of_it(model: Model, proved: tuple[Obligation, ...]) -> None:
    facts = list(given(model))
    names = {fact.name for _, fact in facts}
    assert {"SharedIsSame", "KeepsSettled", "NobodyElected", "CommittedEndsWholeLater"} <= names
    assert [
        (step.name, step.case, fact.name) for step, fact in facts if not is_proved(fact, step, proved)
    ] == []


def test_what_is_not_proved_of_the_step_is_found(model: Model, proved: tuple[Obligation, ...]) -> None:
    """A fact that is false, one of another step, one of a step with more in its guard, one of no state."""
    facts = {fact.name: (step, fact) for step, fact in given(model)}
    step, fact = facts["KeepsSettled"]
    assert is_proved(fact, step, proved)
    assert not is_proved(evolve(fact, formula=FALSE), step, proved)
    assert not is_proved(fact, evolve(step, name="NodeAppendEntries"), proved)
    assert not is_proved(fact, evolve(step, guard=parts(step.guard)[0]), proved)
    step, fact = facts["CommittedEndsWholeLater"]
    assert is_proved(fact, step, proved)
    assert not is_proved(evolve(fact, formula=FALSE), step, proved)
    assert not is_proved(fact, evolve(step, updates=()), proved)
