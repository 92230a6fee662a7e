"""The oracle in TLC's place: the same outcome, the same property, a counterexample of the same length."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from attrs import frozen

from redoraft_check.exits import Exit
from redoraft_check.oracle.check import run_oracle
from redoraft_check.oracle.errors import EvaluationError, OutsideSubset
from redoraft_check.oracle.explore import explore
from redoraft_check.oracle.properties import Property
from redoraft_check.tlc.result import Outcome, TlcResult
from redoraft_check.tlc.runner import TlcJob, run_tlc
from redoraft_check.tlc.tools import find_tools

from .conftest import LoadText

CLOCK = r"""
VARIABLES h, m
vars == <<h, m>>
Init == h = 0 /\ m \in {0, 1}
Tick == h < 5 /\ h' = h + 1 /\ UNCHANGED m
Turn == h = 5 /\ m = 0 /\ m' = 1 /\ UNCHANGED h
Back == h = 5 /\ m = 1 /\ h' = 0 /\ UNCHANGED m
Next == Tick \/ Turn \/ Back
Spec == Init /\ [][Next]_vars /\ WF_vars(Next)
Early == h < 3
OneWay == [][m' >= m]_m
Grows == [][h' > h]_vars
Zero == m = 0
InitZero == Zero
Whole == Zero /\ [][Tick]_h /\ WF_h(Tick)
Always == [](h < 4)
Reaches == <>(m = 1)
Broken == h < 4 \/ <<1>>[h] = 2
Odd == Assert(h # 2, "two")
Bounded == h < 4
Short == h' < 3
View == h
"""


@frozen
class Case:
    """A configuration of CLOCK and what both must say of it."""

    cfg: str
    outcome: Outcome
    name: str | None = None
    length: int = 0


CASES = {
    "holds": Case("INVARIANT Bounded2\nPROPERTY OneWay", Outcome.HOLDS),
    "invariant": Case("INVARIANT Early", Outcome.SAFETY, "Early", 4),
    "invariant as a property": Case("PROPERTY Always", Outcome.SAFETY, "Always", 5),
    "step": Case("PROPERTY Grows", Outcome.SAFETY, "Grows", 7),
    "step of a refinement": Case("INVARIANT Bounded2\nPROPERTY Grows", Outcome.SAFETY, "Grows", 7),
    "initial predicate": Case("PROPERTY InitZero", Outcome.SAFETY, "InitZero", 1),
    "an invariant that cannot be evaluated": Case("INVARIANT Broken", Outcome.ERROR, None, 5),
    "an assertion": Case("INVARIANT Odd", Outcome.ERROR, None, 3),
    "constraint": Case("INVARIANT Bounded2\nCONSTRAINT Bounded", Outcome.HOLDS),
    "action constraint": Case("INVARIANT Bounded2\nACTION_CONSTRAINT Short", Outcome.HOLDS),
    "view": Case("INVARIANT Bounded2\nVIEW View", Outcome.HOLDS),
}


def both(load_text: LoadText, folder: Path, body: str, cfg: str, *, deadlock: bool) -> list[TlcResult]:
    load_text(body, cfg)
    job = TlcJob(
        folder / "M.tla",
        folder / "M.cfg",
        (folder,),
        workers=1,
        check_deadlock=deadlock,
        coverage=False,
    )
    return [run_oracle(job), run_tlc(job, find_tools())]


@pytest.mark.tlc
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_outcome_is_tlcs(load_text: LoadText, tmp_path: Path, case: Case) -> None:
    body = f"{CLOCK}\nBounded2 == h < 6"
    ours, tlc = both(load_text, tmp_path, body, f"SPECIFICATION Spec\n{case.cfg}\n", deadlock=True)
    for result in (ours, tlc):
        assert (result.outcome, result.property_name) == (case.outcome, case.name)
        states = result.counterexample.states if result.counterexample else ()
        assert len(states) == case.length
    assert ours.property_kind == tlc.property_kind
    if case.outcome is Outcome.HOLDS:
        assert ours.counts.distinct == tlc.counts.distinct
        assert ours.counts.generated == tlc.counts.generated
        assert ours.counts.depth == tlc.counts.depth
    elif ours.counterexample and tlc.counterexample:
        if case.outcome is Outcome.SAFETY and tlc.counts.depth is not None:
            assert ours.counts.depth == tlc.counts.depth
        ends = [one.counterexample.states[-1].values() for one in (ours, tlc) if one.counterexample]
        assert ends[0] == ends[1]


@pytest.mark.tlc
def test_a_deadlock_is_told_unless_it_is_none(load_text: LoadText, tmp_path: Path) -> None:
    body = "VARIABLE x\nInit == x = 0\nNext == x < 2 /\\ x' = x + 1"
    cfg = "INIT Init\nNEXT Next\n"
    ours, tlc = both(load_text, tmp_path, body, cfg, deadlock=True)
    assert ours.outcome is tlc.outcome is Outcome.DEADLOCK
    assert ours.counterexample is not None
    assert [state.values()["x"] for state in ours.counterexample.states] == [0, 1, 2]
    job = TlcJob(tmp_path / "M.tla", tmp_path / "M.cfg", (tmp_path,), check_deadlock=True)
    assert run_oracle(job).outcome is Outcome.DEADLOCK
    (tmp_path / "M.cfg").write_text(f"{cfg}CHECK_DEADLOCK FALSE\n", encoding="utf-8")
    assert run_oracle(job).outcome is Outcome.HOLDS


SYMMETRIC = r"""
CONSTANT Node
VARIABLES votes, log
Init == votes = [n \in Node |-> {}] /\ log = <<>>
Vote(n) == \E m \in Node : votes' = [votes EXCEPT ![n] = @ \cup {m}] /\ UNCHANGED log
Write(n) == Len(log) < 2 /\ log' = Append(log, n) /\ UNCHANGED votes
Next == \E n \in Node : Vote(n) \/ Write(n)
Perms == Permutations(Node)
"""


@pytest.mark.tlc
def test_symmetry_leaves_one_state_of_each_kind(load_text: LoadText, tmp_path: Path) -> None:
    cfg = "INIT Init\nNEXT Next\nCONSTANT Node = {a, b}\n"
    whole = len(explore(load_text(SYMMETRIC, cfg)).states)
    ours, tlc = both(load_text, tmp_path, SYMMETRIC, f"{cfg}SYMMETRY Perms\n", deadlock=False)
    assert ours.counts.distinct == tlc.counts.distinct
    assert ours.counts.distinct is not None
    assert ours.counts.distinct < whole


@pytest.mark.tlc
def test_what_is_not_checked_is_unknown(load_text: LoadText, tmp_path: Path) -> None:
    job = TlcJob(tmp_path / "M.tla", tmp_path / "M.cfg", (tmp_path,))
    load_text(CLOCK, "SPECIFICATION Spec\nPROPERTY Reaches\n")
    result = run_oracle(job)
    assert result.outcome is Outcome.UNKNOWN
    assert "the temporal property Reaches" in str(result.note)
    assert result.counts.distinct == 12
    body = "VARIABLE x\nInit == x = RandomElement({1, 2})\nNext == x' = x"
    with pytest.raises(OutsideSubset, match="RandomElement"):
        load_text(body, "INIT Init\nNEXT Next\n")
    assert run_oracle(job).outcome is Outcome.UNKNOWN


@pytest.mark.tlc
def test_a_refinement_with_fairness_is_half_checked(load_text: LoadText) -> None:
    spec = load_text(CLOCK, "SPECIFICATION Spec\nPROPERTY Whole\n")
    [found] = spec.properties()
    assert isinstance(found, Property)
    assert (len(found.initial), len(found.always), len(found.steps), found.whole) == (1, 0, 1, True)
    start = spec.state({"h": 0, "m": 0})
    assert found.steps[0][1](start, spec.state({"h": 1, "m": 0}))
    assert not found.steps[0][1](start, spec.state({"h": 2, "m": 0}))
    assert not found.initial[0][1](spec.state({"h": 0, "m": 1}))


@pytest.mark.tlc
def test_a_false_assumption_is_an_error(load_text: LoadText, tmp_path: Path) -> None:
    body = "ASSUME 1 + 1 = 2\nASSUME Len(<<1>>) = 2\nVARIABLE x\nInit == x = 0\nNext == x' = x"
    ours, tlc = both(load_text, tmp_path, body, "INIT Init\nNEXT Next\n", deadlock=True)
    assert ours.outcome is tlc.outcome is Outcome.ERROR
    assert "M:4" in str(ours.note)


@pytest.mark.tlc
def test_time_over_is_unknown(load_text: LoadText, tmp_path: Path) -> None:
    load_text("VARIABLE x\nInit == x = 0\nNext == x' = x + 1", "INIT Init\nNEXT Next\n")
    job = TlcJob(tmp_path / "M.tla", tmp_path / "M.cfg", (tmp_path,), timeout_s=0.2)
    result = run_oracle(job)
    assert result.outcome is Outcome.UNKNOWN
    assert "time-out" in str(result.note)


@pytest.mark.tlc
@pytest.mark.parametrize(
    ("cfg", "code", "said"),
    [
        ("INVARIANT Early", Exit.SAFETY, "The invariant Early is violated in state 4."),
        ("INVARIANT Broken", Exit.BAD_INPUT, "the oracle says:"),
        ("PROPERTY Reaches", Exit.UNKNOWN, "the temporal property Reaches"),
        ("CONSTRAINT Bounded", Exit.HELD, "holds"),
    ],
)
def test_the_command_says_what_the_gate_would(
    load_text: LoadText, tmp_path: Path, cfg: str, code: Exit, said: str
) -> None:
    load_text(CLOCK, f"SPECIFICATION Spec\n{cfg}\n")
    words = ["check", "--backend", "oracle", tmp_path / "M.tla", "--out", tmp_path / "out"]
    argv = [sys.executable, "-m", "redoraft_check.cli", *map(str, words)]
    ran = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == code, ran.stdout + ran.stderr
    assert said in ran.stdout
    record = json.loads((tmp_path / "out" / "M.json").read_text(encoding="utf-8"))
    assert record["exit_code"] == code
    assert "--backend oracle" in record["command"]


@pytest.mark.tlc
def test_an_error_says_where_the_search_was(load_text: LoadText) -> None:
    spec = load_text(CLOCK, "SPECIFICATION Spec\nINVARIANT Broken\n")
    with pytest.raises(EvaluationError, match="not in its domain") as found:
        explore(spec)
    assert found.value.stack == ("Broken (M:20)",)
