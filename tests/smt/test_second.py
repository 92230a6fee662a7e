"""cvc5 beside Z3: both see what is wrong, a contradiction is seen, and what cvc5 does not tell is no pass."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import z3
from attrs import evolve
from tests.smt.pool import Here

from redoraft_check.cli import main
from redoraft_check.exits import CliError, Exit, worst
from redoraft_check.smt import second, session
from redoraft_check.smt.agreement import agreed, as_result
from redoraft_check.smt.answers import Answer, Result
from redoraft_check.smt.formula import FALSE, TRUE, Named
from redoraft_check.smt.model import Model
from redoraft_check.smt.models import commit_rule, majorities_of
from redoraft_check.smt.obligations import Obligation, obligations
from redoraft_check.smt.prover import prove
from redoraft_check.smt.second import Opinion, Verdict, decide, judge
from redoraft_check.smt.smtlib import smt2

UNSAT, SAT, UNKNOWN = (Opinion(verdict, 1.0) for verdict in Verdict)


def wrong() -> tuple[Model, Obligation]:
    """That whoever has voted has not voted for another, of which nothing is known but that."""
    whole = commit_rule()
    kept = [one for one in whole.invariant if one.name.endswith("is a function") or one.name == "OneVote"]
    model = evolve(whole, invariant=tuple(kept), small={})
    [found] = [one for one in obligations(model) if (one.step, one.goal.name) == ("GrantVote", "OneVote")]
    return model, found


def test_a_kept_proof_is_found_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(session, "ProcessPoolExecutor", Here)
    words = ["prove", "Majorities_*", "--solver", "both", "--out", str(tmp_path), "-q"]
    for cached in (False, True):
        assert main(words) == Exit.HELD
        record = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
        assert {one["cached"] for one in record["obligations"]} == {cached}
        assert {one["cvc5"]["cached"] for one in record["obligations"]} == {cached}


def z3_says(text: str) -> str:
    """What Z3 reads in a text: in a context of its own, where no earlier test has left names behind, and in
    several short tries, since what it does with quantifiers hangs on luck."""
    said = z3.unknown
    for seed in range(6):
        solver = z3.Solver(ctx=z3.Context())
        solver.set("timeout", 10_000)
        solver.set("random_seed", seed)
        solver.from_string(text)
        said = solver.check()
        if said != z3.unknown:
            break
    return str(said)


def test_both_say_sat_of_a_wrong_obligation() -> None:
    model, found = wrong()
    assert judge(model, found, 60).verdict is Verdict.SAT
    assert z3_says(smt2(model, found)) == "sat"
    result = prove(model, found, 60)
    assert agreed(result, judge(model, found, 60), 60).answer is result.answer is Answer.REFUTED


def test_both_prove_what_holds() -> None:
    model = commit_rule()
    for found in [one for one in obligations(model) if one.step == "Restart"][:12]:
        assert judge(model, found, 60).verdict is Verdict.UNSAT
        assert z3_says(smt2(model, found)) == "unsat"


@pytest.mark.parametrize(
    ("answer", "opinion", "together"),
    [
        (Answer.PROVED, UNSAT, Answer.PROVED),
        (Answer.PROVED, SAT, Answer.CONTRADICTED),
        (Answer.PROVED, UNKNOWN, Answer.UNKNOWN),
        (Answer.REFUTED, UNSAT, Answer.CONTRADICTED),
        (Answer.REFUTED, SAT, Answer.REFUTED),
        (Answer.REFUTED, UNKNOWN, Answer.REFUTED),
        (Answer.UNKNOWN, UNSAT, Answer.UNKNOWN),
        (Answer.UNKNOWN, SAT, Answer.UNKNOWN),
        (Answer.UNKNOWN, UNKNOWN, Answer.UNKNOWN),
    ],
)
def test_what_two_solvers_say_together(answer: Answer, opinion: Opinion, together: Answer) -> None:
    assert agreed(Result(answer, 1.0), opinion, 60).answer is together


def test_a_faked_contradiction_has_its_own_exit_code(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert faked(Verdict.SAT, monkeypatch, tmp_path) == Exit.CONTRADICTED
    said = capsys.readouterr().out
    assert "CONTRADICTED: Majorities_n3/always/TwoQuorumsMeet" in said
    assert "Z3: proved, cvc5: sat" in said
    assert worst((Exit.SAFETY, Exit.CONTRADICTED, Exit.HELD)) is Exit.CONTRADICTED


def test_what_cvc5_does_not_tell_is_unknown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert faked(Verdict.UNKNOWN, monkeypatch, tmp_path) == Exit.UNKNOWN
    assert "Z3 proves it; cvc5 does not tell in 60 s" in capsys.readouterr().out
    record = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert record["verdict"] == "unknown"
    assert {one["cvc5"]["verdict"] for one in record["obligations"]} == {"unknown"}


def faked(verdict: Verdict, monkeypatch: pytest.MonkeyPatch, out: Path) -> int:
    """The exit code when cvc5 says this of everything.  The work is done here, where it can be faked."""
    monkeypatch.setattr(second, "judge", lambda *_: Opinion(verdict, 1.0))
    monkeypatch.setattr(session, "ProcessPoolExecutor", Here)
    return main(["prove", "Majorities_n3", "--solver", "both", "--no-cache", "--out", str(out), "-q"])


def test_cvc5_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["prove", "Majorities_*", "--no-cache", "--solver", "cvc5", "--out", str(tmp_path)]
    assert main(words) == Exit.HELD
    assert "2 of 2 obligations proved" in capsys.readouterr().out
    model, found = wrong()
    assert as_result(judge(model, found, 60), 60).answer is Answer.REFUTED
    assert as_result(UNKNOWN, 60).answer is Answer.UNKNOWN


def test_no_time_is_unknown() -> None:
    model = commit_rule()
    found = next(one for one in obligations(model) if one.goal.name == "LacksAreLost")
    assert judge(model, found, 0.0).verdict is Verdict.UNKNOWN


def test_without_cvc5_nothing_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(second, "find_spec", lambda _: None)
    assert main(["prove", "Majorities_n3", "--solver", "both", "-q"]) == Exit.UNKNOWN
    assert "pip install 'redoraft[cvc5]'" in capsys.readouterr().err


@pytest.mark.parametrize(("body", "said"), [("true", Verdict.SAT), ("false", Verdict.UNSAT)])
def test_a_text_is_decided(body: str, said: Verdict) -> None:
    assert decide(f"(set-logic ALL)(assert {body})(check-sat)", 5) is said


def test_a_text_that_is_none_is_an_error() -> None:
    with pytest.raises(CliError, match="cvc5 does not read an obligation") as caught:
        decide("(assert (or))", 5)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.exit_code, again.message) == (Exit.INTERNAL, caught.value.message)


def test_nothing_at_all_is_true_and_one_of_nothing_is_false() -> None:
    """`(and)` and `(or)` are no SMT-LIB."""
    empty = evolve(majorities_of(3), axioms=())
    for formula, said in ((TRUE, Verdict.UNSAT), (FALSE, Verdict.SAT)):
        text = smt2(empty, Obligation("Empty", Named("Nothing", formula, "It is empty.")))
        assert "(or)" not in text
        assert "(and)" not in text
        assert decide(text, 5) is said


def test_an_obligation_has_one_text() -> None:
    """Whatever was translated before it: the text is the name of a kept proof."""
    model = commit_rule()
    first, last = list(obligations(model))[200:202]
    text = smt2(model, first)
    prove(model, last, 30)
    assert smt2(model, first) == text
