"""DdlLog is no rubber stamp, and leaves out nothing of what Ddl asks of its log."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest
from attrs import evolve

from redoraft_check.smt.answers import Answer
from redoraft_check.smt.ddl_file_ops import FileOps
from redoraft_check.smt.ddl_log import FOLLOWS, NAME, SPACE
from redoraft_check.smt.ddl_refinement import LOG_RELATIONS, projected
from redoraft_check.smt.ddl_state import S, becomes
from redoraft_check.smt.formula import Formula
from redoraft_check.smt.logs import LOG, NUMBER, TERM
from redoraft_check.smt.model import Model
from redoraft_check.smt.models import ddl_log_over, ddl_terms, model
from redoraft_check.smt.obligations import Obligation, obligations, relations_of, title
from redoraft_check.smt.prover import prove, refute
from redoraft_check.smt.refinement import parts, text

SHOWN = (
    *("Elect", "Elect (deposing)", "Establish", "AdvanceMajority", "Crash", "Crash (leading)"),
    *("StepDown", "StartCreate", "RollBackUnfinished", "Apply (create)", "Serve"),
)
"""The actions of Ddl whose conjuncts on the log are obligations of DdlLog."""

OF_DDL = {
    "phase(n, starting)": "a validation comes after a restart",
    "phase(n, up)": "a validation has passed",
    "(stage(serving) or quiet(a, x))": "a new leader has applied all that is committed",
    "majority(l)": "DDL waits until its log is on a majority",
    "((pc(refiled) and majority(l)) or (pc(filed) and majority(l)))": "the same, before a call",
    "((pc(refiled) and majority(l)) or (pc(stopped)))": "the same, before a call",
    "phase(k, up)": "who is deposed has validated its files",
    "(((opOf(q) = rowDrop) and some m_: (majority(m_) and RowCommitted(m_, q))))": "a DROP's commit (H3)",
}
"""What else Ddl's guards say of the log: for this its own code looks and waits.

That a leader sees what is on its majority is `LeaderKnowsMajority` of DdlTerms."""


def obligation(whole: Model, step: str, goal: str) -> Obligation:
    [found] = [one for one in obligations(whole) if one.step == step and one.goal.name.startswith(goal)]
    return found


def small(whole: Model, kept: set[str]) -> Model:
    """The model with some of its lemmas, and without what is proved of single steps elsewhere."""
    lemmas = tuple(one for one in whole.lemmas if one.name.endswith("is a function") or one.name in kept)
    actions = tuple(evolve(one, given=()) for one in whole.actions)
    sizes = {sort: 2 for sort in whole.sorts if sort.name in {"Node", "Quorum"}}
    bounds = {**sizes, TERM: 3, LOG: 5, NUMBER: 5, SPACE: 1, NAME: 1}
    return evolve(whole, lemmas=lemmas, actions=actions, small=bounds)


ENOUGH = {
    *("LeaderHasItsLog", "DataIsCounted", "CountedUpToNewest", "NewestIsCounted", "LeaderLogTerms"),
    *("LeaderLogHasPrefixes", "LeaderLogIsOneLog"),
}
"""What suffices where H8 is on."""
Make: TypeAlias = Callable[[frozenset[str]], Model]


@pytest.mark.parametrize(
    ("make", "step", "goal", "kept"),
    [
        (ddl_terms, "NodeAdvanceMajority", "CountedIsKnown", {"LeaderHasItsLog"}),
        (ddl_log_over, "NodeAdvanceMajority (first)", "majority becomes it", ENOUGH),
    ],
)
def test_without_h8_it_is_refuted(make: Make, step: str, goal: str, kept: set[str]) -> None:
    """A leader that counts an older entry has not counted its log: no Establish."""
    off = small(make(frozenset({"H8"})), kept)
    result = refute(off, obligation(off, step, goal), 60)
    assert result is not None
    assert result.answer is Answer.REFUTED
    assert "newest = " in result.picture
    on = small(make(frozenset()), kept)
    assert prove(on, obligation(on, step, goal), 60).answer is Answer.PROVED


@pytest.mark.parametrize(
    ("make", "step", "goal", "kept"),
    [
        (ddl_terms, "NodeWriteMtr", "WriterHasCounted", {"LeaderHasItsLog"}),
        (ddl_log_over, "NodeAdvanceMajority (first)", "IsNotDeposed", set()),
        (ddl_log_over, "NodeAdvanceMajority (first)", "CutIsOfTheLastLog", {"LeaderHasItsLog"}),
        (ddl_log_over, "NodeRecover", "NewestHasKnown", {"KnownWasTold"}),
    ],
)
def test_without_a_lemma_it_is_refuted(make: Make, step: str, goal: str, kept: set[str]) -> None:
    whole = small(make(frozenset()), kept)
    result = refute(whole, obligation(whole, step, goal), 60)
    assert result is not None
    assert result.answer is Answer.REFUTED


def is_other_case(part: Formula) -> bool:
    """That who is deposed has no row to recover: what it asks is asked of the case in which it has one."""
    return text(part).startswith("all a x q: not (phase(k, up)")


def test_nothing_that_ddl_asks_of_the_log_is_left_out() -> None:
    """Each conjunct is an obligation, or a condition for which DDL itself waits."""
    every = {title(one): one for one in FileOps().all()}
    shown = {text(part) for name in SHOWN for part in parts(projected(every[name]).guard)}
    asked = {
        text(part)
        for one in every.values()
        for part in parts(one.guard)
        if relations_of(part) & {*LOG_RELATIONS, FOLLOWS} and not is_other_case(part)
    }
    assert asked - shown == set(OF_DDL)
    claimed = {one.goal.name.split(":")[0].split(" ")[0] for one in obligations(model("DdlLog"))}
    assert {name.split(" ")[0] for name in SHOWN} <= claimed


def test_every_write_of_ddl_is_one_that_is_shown() -> None:
    """Any action that grows the log asks for no more of it than those two do, but for what is DDL's own."""
    every = {title(one): one for one in FileOps().all()}
    writers = [one for one in every.values() if one.update(S.log) is not None and one.name != "Elect"]
    shown = {text(part) for name in SHOWN for part in parts(projected(every[name]).guard)} | set(OF_DDL)
    assert len(writers) == 14
    for one in writers:
        assert {text(part) for part in parts(one.guard) if relations_of(part) & set(LOG_RELATIONS)} <= shown
        [update] = [update for update in one.updates if update.relation == S.log]
        assert update == becomes(S.log, S.var("q"))


@pytest.mark.parametrize("above", ["DdlTerms", "DdlLog"])
def test_what_is_given_of_a_step_was_proved_of_it(above: str) -> None:
    proved = {
        (one.action.name.removeprefix("Node"), one.goal.formula)
        for name in ("CommitRule", "Startup", "DdlTerms")
        for one in obligations(model(name))
        if one.action is not None and not one.after
    }
    given = [(action.name, one) for action in model(above).actions for one in action.given]
    assert len(given) > 20
    assert [one.name for name, one in given if (name.removeprefix("Node"), one.formula) not in proved] == []


def test_the_lemmas_are_proved_conjuncts() -> None:
    proved = {
        one.formula
        for name in ("CommitRule", "Startup", "DdlTerms")
        for one in (*model(name).invariant, *model(name).safety)
    }
    assert {one.formula for one in (*model("DdlLog").lemmas, *model("DdlTerms").lemmas)} <= proved
