"""Hints say where to look, and prove nothing: a wrong one refutes nothing and lets nothing pass."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve
from tests.smt.pool import Here

from redoraft_check.cli import main
from redoraft_check.exits import Exit
from redoraft_check.smt import hints, session
from redoraft_check.smt.answers import Answer
from redoraft_check.smt.formula import FALSE, Named
from redoraft_check.smt.hints import hints_of, keep
from redoraft_check.smt.learning import learn
from redoraft_check.smt.model import Model
from redoraft_check.smt.models import ddl
from redoraft_check.smt.obligations import Obligation, obligations
from redoraft_check.smt.portions import GUARD, hinted, hypotheses
from redoraft_check.smt.prover import Terms, prove

CLAIM = "Commit/JobTouches"
"""Without a hint Z3 does not tell this one in a minute."""
BY_HINT = {"hinted", "hinted, by models"}


@pytest.fixture(scope="module")
def model() -> Model:
    return ddl()


@pytest.fixture(scope="module")
def listed(model: Model) -> dict[str, Obligation]:
    return {one.claim: one for one in obligations(model)}


def test_hints_name_what_there_is(model: Model, listed: dict[str, Obligation]) -> None:
    assert set(model.hints) <= set(listed)
    for claim, names in model.hints.items():
        known = {GUARD, *(one.name for one in hypotheses(model, listed[claim]))}
        assert set(names) <= known, claim


def test_a_hint_is_enough(model: Model, listed: dict[str, Obligation]) -> None:
    assert prove(model, listed[CLAIM], 60).portion in BY_HINT


def test_where_there_are_hints_the_conjunct_itself_needs_none(
    model: Model, listed: dict[str, Obligation]
) -> None:
    claim = "Crash (leading)/LateRename"
    assert claim not in model.hints
    assert [one.name for one in hinted(model, listed[claim]).given] == ["LateRename"]
    assert hinted(evolve(model, hints={}), listed[claim]).given == ()


def test_a_wrong_hint_proves_nothing(model: Model, listed: dict[str, Obligation]) -> None:
    """Not even with all that is known of the step: the claim is false."""
    wrong = Named("JobTouches", FALSE, "It is not.")
    found = evolve(listed[CLAIM], goal=wrong)
    assert prove(model, found, 3).answer is not Answer.PROVED


def test_an_old_hint_is_passed_over(model: Model, listed: dict[str, Obligation]) -> None:
    claim = "Crash (leading)/LateRename"
    old = evolve(model, hints={claim: ("OneRowIsOpen", "what was once a conjunct")})
    result = prove(old, listed[claim], 60)
    assert (result.answer, result.portion) == (Answer.PROVED, "itself")


def test_learning_keeps_only_what_is_needed(model: Model, listed: dict[str, Obligation]) -> None:
    names = (*model.hints[CLAIM], "OneNamePerSpace", "prefixes", "OpenDrop")
    more = evolve(model, hints={CLAIM: names})
    found = learn(more, listed[CLAIM], 60, Terms(more))
    assert found is not None
    assert set(found) <= set(model.hints[CLAIM])
    assert prove(evolve(model, hints={CLAIM: found}), listed[CLAIM], 60).portion in BY_HINT


def test_nothing_is_learned_where_there_is_no_need_and_none_where_there_is_no_proof(
    model: Model, listed: dict[str, Obligation]
) -> None:
    terms = Terms(model)
    assert learn(model, listed["Crash (leading)/LateRename"], 60, terms) == ()
    assert learn(model, listed[CLAIM], 0.0, terms) is None
    by_guard = learn(model, listed["AdvanceMajority/CommittedOnlyGrows"], 60, terms)
    assert by_guard == (GUARD,)


def test_what_is_kept_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hints, "_FOLDER", tmp_path / "hints")
    assert hints_of("Ddl") == {}
    found = {"Step/B": ("one is a function", "two"), "Step/A": (GUARD,)}
    assert keep("Ddl", found).read_text(encoding="utf-8").splitlines()[1] == '  "Step/A": ["guard"],'
    assert hints_of("Ddl") == found


def test_the_command_learns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(hints, "_FOLDER", tmp_path / "hints")
    monkeypatch.setattr(session, "ProcessPoolExecutor", Here)
    words = ["prove", "Majorities_n3", "--learn", "--no-cache", "--out", str(tmp_path)]
    assert main(words) == Exit.HELD
    assert set(hints_of("Majorities_n3")) == {"always/TwoQuorumsMeet"}
    assert "1 hints" in capsys.readouterr().err
    assert main([*words, "--solver", "both"]) == Exit.USAGE


def test_where_nothing_was_learned_the_old_hint_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hints, "_FOLDER", tmp_path / "hints")
    monkeypatch.setattr(session, "ProcessPoolExecutor", Here)
    words = ["prove", "Majorities_n3", "--learn", "--no-cache", "--out", str(tmp_path)]
    old = {"always/TwoQuorumsMeet": ("majorities",)}
    for said, kept in ((None, old), ((), {}), (("guard",), {"always/TwoQuorumsMeet": ("guard",)})):
        keep("Majorities_n3", {**old, "always/NoMore": ("majorities",)})
        monkeypatch.setattr(session, "learn", lambda *_, said=said: said)
        main(words)
        assert hints_of("Majorities_n3") == kept
