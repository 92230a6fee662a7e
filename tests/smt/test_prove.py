"""The prover is no rubber stamp: a weakened invariant is caught, and nothing undecided passes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from attrs import evolve

from redoraft_check.cli import main
from redoraft_check.exits import Exit
from redoraft_check.smt.answers import Answer, Result
from redoraft_check.smt.ddl_log import NAME, SPACE
from redoraft_check.smt.ddl_state import NODE
from redoraft_check.smt.ddl_state import S as DDL
from redoraft_check.smt.logs import LOG
from redoraft_check.smt.model import Model
from redoraft_check.smt.models import commit_rule, ddl, startup, storage_limits
from redoraft_check.smt.obligations import obligations
from redoraft_check.smt.prover import prove, refute
from redoraft_check.smt.smtlib import smt2

WEAK = {"OneVote", "VotesPast", "LeftIsPast", "PastIsLeft", "CandidaciesPast", "OneCandidacy"}
"""Without VoteIsRemembered, nothing connects the vote on disk with the votes given."""


def test_a_weakened_invariant_is_caught_with_its_counterexample() -> None:
    whole = commit_rule()
    kept = {one.name for one in whole.invariant if one.name.endswith("is a function")} | WEAK
    model = evolve(whole, invariant=tuple(one for one in whole.invariant if one.name in kept))
    [found] = [one for one in obligations(model) if (one.step, one.goal.name) == ("GrantVote", "OneVote")]
    result = prove(model, found, 60)
    assert result.answer is Answer.REFUTED
    assert "before:" in result.picture
    assert "GrantVote: n = " in result.picture
    assert "votes: " in result.picture


def test_a_weakened_invariant_of_storage_is_caught_with_its_counterexample() -> None:
    """That a page goes on from its copy is not among the hypotheses."""
    whole = storage_limits()
    kept = [
        one for one in whole.invariant if one.name.endswith("is a function") or one.name == "DiskInBuffer"
    ]
    model = evolve(
        whole,
        invariant=tuple(kept),
        actions=tuple(evolve(one, facts=()) for one in whole.actions),
    )
    [found] = [
        one for one in obligations(model) if (one.step, one.goal.name) == ("FlushCopy", "DiskInBuffer")
    ]
    result = prove(model, found, 60)
    assert result.answer is Answer.REFUTED
    assert "FlushCopy: p = " in result.picture
    assert "copy: (p" in result.picture


def test_a_weakened_invariant_of_ddl_is_caught_with_its_counterexample() -> None:
    """That a deposed leader deletes only what is gone (H3) is not among the hypotheses."""
    whole = ddl()
    kept = tuple(one for one in whole.invariant if one.name != "LateDelete")
    model = evolve(
        whole,
        invariant=kept,
        actions=tuple(evolve(one, facts=()) for one in whole.actions),
        small={NODE: 1, NAME: 1, SPACE: 1, LOG: 2},
    )
    result = refuted(model, "LateCall (delete)", "FilesAreThere")
    assert result.answer is Answer.REFUTED
    assert "late: (n1, fileDelete, s1, t1, t1)" in result.picture
    assert "files: none" in result.picture


def test_no_time_is_unknown() -> None:
    model = commit_rule()
    found = next(one for one in obligations(model) if one.goal.name == "LacksAreLost")
    assert prove(model, found, 0.0001).answer is Answer.UNKNOWN


def test_an_obligation_is_smt_lib() -> None:
    model = commit_rule()
    text = smt2(model, next(obligations(model)))
    assert text.startswith("; CommitRule/Init/")
    assert "(check-sat)" in text


def test_every_action_and_conjunct_is_an_obligation_or_untouched() -> None:
    model = commit_rule()
    names = {one.name for one in obligations(model)}
    assert len(names) == len(list(obligations(model)))
    assert {one.action.name for one in obligations(model) if one.action} == {
        one.name for one in model.actions
    }


def test_counted_majorities_meet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    words = ["prove", "Majorities_*", "--no-cache", "--out", str(out), "--dump", str(tmp_path / "smt2")]
    assert main(words) == Exit.HELD
    assert "2 of 2 obligations proved" in capsys.readouterr().out
    assert json.loads((out / "run.json").read_text(encoding="utf-8"))["verdict"] == "held"
    assert len(list((tmp_path / "smt2").glob("*.smt2"))) == 2


def test_an_unknown_model_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "Nothing"]) == Exit.USAGE
    assert "no model Nothing" in capsys.readouterr().err


def refuted(model: Model, step: str, goal: str) -> Result:
    """A counterexample to one obligation: of the fewest things first, which is quick, then of a few more."""
    [found] = [one for one in obligations(model) if (one.step, one.goal.name) == (step, goal)]
    fewest = evolve(
        model, small={sort: min(size, SIZES.get(sort.name, size)) for sort, size in model.small.items()}
    )
    result = refute(fewest, found, 60) or refute(model, found, 60)
    assert result is not None, "no counterexample was found"
    return result


SIZES = {"Node": 2, "Quorum": 1, "Term": 3, "Log": 4, "Number": 4}
"""Two nodes that are the one quorum; three terms; four logs."""


RULES = {
    "CL-2": ("BecomeLeader", "LogNodeWritesNothing"),
    "LOG-1": ("Restart", "TornIsDown"),
    "LOG-5": ("Acknowledge", "AckedIsDurable"),
    "LOG-5-term": ("AppendEntries", "AgreedIsLeaders"),
    "LOG-6": ("AdvanceMajority", "QuorumCommits"),
    "LIM-4": ("AckCommit", "AnswersCommitted"),
    "H8": ("AdvanceMajority", "QuorumCommits"),
    "H9": ("GrantVote", "SeesAcked"),
    "H9-vote": ("Restart", "VoteIsRemembered"),
    "H15": ("AdvanceMajority", "QuorumCommits"),
    "H16": ("Restart", "KnownByTerm"),
    "H34": ("AppendEntries", "LearnsCommitted"),
}
"""With the rule off, the step and claim that have a counterexample."""


@pytest.mark.parametrize("rule", RULES)
def test_the_proof_is_refuted_without_a_rule(rule: str) -> None:
    result = refuted(commit_rule(frozenset({rule})), *RULES[rule])
    assert result.answer is Answer.REFUTED
    assert "before:" in result.picture


STORAGE_RULES = {
    "LOG-8": ("DeleteRedo", "DeletedIsElsewhere"),
    "LIM-1": ("Checkpoint", "CheckpointHasSettled"),
    "LIM-2": ("FlushLru", "WritesSettled"),
    "LIM-3": ("Apply", "FollowerAppliesKnown"),
    "H13": ("StepDown", "FollowerAppliesKnown"),
    "H21": ("UnloggedChange", "BufferHasChanges"),
    "H22": ("Checkpoint", "NotesPersist"),
    "H23": ("BackgroundWork", "FollowerAppliesKnown"),
    "H33": ("FlushLru", "WritesSettled"),
}
"""With the rule off, the step and claim that have a counterexample; H11 has none, it is the second line."""


@pytest.mark.parametrize("rule", STORAGE_RULES)
def test_the_proof_of_storage_is_refuted_without_a_rule(rule: str) -> None:
    result = refuted(storage_limits(frozenset({rule})), *STORAGE_RULES[rule])
    assert result.answer is Answer.REFUTED
    assert "before:" in result.picture


STARTUP_RULES = {
    "ST-1": ("NodeRestart (trusting)", "AppliedIsKnown"),
    "ST-2": ("NodeRecover", "AppliedIsKnown"),
    "LIM-3": ("NodeApply (not leading)", "AppliedIsKnown"),
    "H13": ("NodeUpdateTerm", "AppliedInLog"),
    "H14": ("NodeRecover", "AppliedIsKnown"),
}
"""With the rule off, the step and claim that have a counterexample."""


@pytest.mark.parametrize("rule", STARTUP_RULES)
def test_the_proof_of_startup_is_refuted_without_a_rule(rule: str) -> None:
    result = refuted(startup(frozenset({rule})), *STARTUP_RULES[rule])
    assert result.answer is Answer.REFUTED
    assert "before:" in result.picture


def test_the_proof_of_ddl_is_refuted_without_a_rule() -> None:
    """A commit that evicts nothing: of the fewest things, since this search is long."""
    found = evolve(ddl(frozenset({"H31"})), small={NODE: 2, NAME: 2, SPACE: 2, LOG: 4})
    result = refuted(found, "Apply (commit)", "CachesAreTables")
    assert result.answer is Answer.REFUTED
    assert "cache: (n" in result.picture
    assert "B: " in result.picture


REDUNDANT = {
    "H11 behind LIM-1, LIM-2 and H33": (storage_limits, {"H11"}, "Truncate"),
    "ST-2 where recovery stops at the majority LSN": (startup, {"ST-2", "early-bounded"}, "NodeRecover"),
}
"""Without these the proof holds; the one action that the switch changes."""


@pytest.mark.parametrize("rule", REDUNDANT)
def test_a_rule_that_the_proof_does_not_need(rule: str) -> None:
    build, off, step = REDUNDANT[rule]
    model = build(frozenset(off))
    todo = [one for one in obligations(model) if one.step == step]
    assert len(todo) > 3
    assert {one.goal.name for one in todo if prove(model, one, 60).answer is not Answer.PROVED} == set()


def test_what_is_said_of_steps_is_said_of_each_that_could_break_it() -> None:
    model = ddl()
    could = {"CommittedFilesStay": DDL.files, "CommittedOnlyGrows": DDL.majority}
    assert set(could) == set(model.step_safety)
    for name, relation in could.items():
        steps = [one for one in model.actions if one.update(relation) is not None]
        assert len(steps) > 1
        assert all(name in {fact.name for fact in one.facts} for one in steps)
