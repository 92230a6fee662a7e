"""`--explain`: what it names is what was broken, and it comes from the specification."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.command import run_redoraft

from redoraft_check.oracle.errors import Place
from redoraft_check.paths import spec_dir
from redoraft_check.validate.explanation import Explanation
from redoraft_check.validate.oracle_engine import OracleEngine
from redoraft_check.validate.refusals import explained
from redoraft_check.validate.verdict import Status, Verdict

from .kit import ACCEPTED, REJECTED, ROOT, Expectation, Lines, expectations

H8 = REJECTED / "mutant-commits-old-terms.ndjson"


def explain(paths: list[Path], spec: Path | None = None) -> list[Verdict]:
    """The oracle's verdicts with their explanations."""
    folder = spec_dir(spec)
    return explained(OracleEngine(folder).validate(paths), folder)


def one_explained(path: Path, spec: Path | None = None) -> Explanation:
    [verdict] = explain([path], spec)
    assert verdict.explanation is not None
    return verdict.explanation


def test_every_rejected_trace_of_the_corpus_is_explained_by_what_was_broken() -> None:
    expected = [one for one in expectations() if one.status is Status.REFUSED]
    verdicts = explain([one.path for one in expected])
    wrong = [
        f"{one.path.name}: {said}"
        for one, verdict in zip(expected, verdicts, strict=True)
        for said in _differences(one, verdict.explanation)
    ]
    assert wrong == []
    assert len(expected) >= 60
    assert all(one.fields or one.conjunct or one.rules for one in expected)
    # Every mutant of the implementation breaks a rule, and the rule is named.
    assert all(one.rule in one.rules for one in expected if one.path.stem.startswith("mutant-"))


def _differences(expected: Expectation, found: Explanation | None) -> list[str]:
    if found is None or found.note:
        return [f"no explanation: {found}"]
    out = []
    fields = sorted(one.name for one in found.fields)
    if fields != sorted(expected.fields):
        out.append(f"fields {fields}, expected {expected.fields}")
    if sorted(found.rules) != sorted(expected.rules):
        out.append(f"rules {found.rules}, expected {expected.rules}")
    conjunct = found.conjunct.text if found.conjunct is not None else None
    if expected.conjunct not in (None, conjunct):
        out.append(f"conjunct {conjunct}, expected {expected.conjunct}")
    return out


def test_the_line_of_a_conjunct_moves_with_the_guard(spec_copy: Path) -> None:
    before = one_explained(H8, spec_copy).conjunct
    path = spec_copy / "RaftRedo.tla"
    text = path.read_text(encoding="utf-8")
    guard = '    /\\ On("H8") => TermAt(log[n], l) = term[n]\n'
    first = "    /\\ l > known[n]\n"
    assert guard in text and first in text
    # Lines of comment further down, and the guard a few conjuncts further up.
    moved = text.replace(guard, "").replace(first, "    \\* comment\n" * 40 + guard + first)
    path.write_text(moved, encoding="utf-8")
    after = one_explained(H8, spec_copy).conjunct
    assert before is not None and after is not None
    lines = moved.splitlines()
    assert lines[after.line - 1] == guard.rstrip("\n")
    assert after.line > before.line + 30
    assert after.text == before.text
    assert after.place == str(Place("RaftRedo.tla", after.line))


def test_another_guard_is_named_when_the_specification_has_another(spec_copy: Path) -> None:
    path = spec_copy / "RaftRedo.tla"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("    /\\ l > known[n]\n", "    /\\ l > known[n] + 100\n"), encoding="utf-8")
    found = one_explained(H8, spec_copy)
    assert found.conjunct is not None
    assert found.conjunct.text == "l > known[n] + 100"
    assert dict(found.conjunct.values)["known[n] + 100"] == "100"


def test_the_sides_the_frontier_and_the_events_before() -> None:
    found = one_explained(H8)
    assert found.accepted == 86
    assert (found.action, found.rules, found.exact) == ("AdvanceMajority", ("H8",), True)
    assert found.conjunct is not None
    assert found.conjunct.values == (("TermAt(log[n], l)", "2"), ("term[n]", "3"))
    assert dict(found.conjunct.bound) == {"n": '"n1"', "l": "8 (lsn 8492)"}
    assert [line for line, _ in found.led_here] == [83, 84, 85, 86, 87]
    assert found.states == 1
    frontier = dict(found.frontier)
    assert frontier["n1"]["majority_lsn"] == (8365,)
    assert set(frontier) == {"n1", "n2", "n3"}


def test_an_event_without_an_action_has_its_nearest_one_named(tmp_path: Path) -> None:
    base = Lines.read(ACCEPTED / "faults-seed-1.ndjson")
    at = base.first(lambda event: event.action == "Fsync")
    shown = {**base.events[at].vars, "majority_lsn": 8237}
    path = base.replaced(at, action=None, args={}, vars=shown).cut(at + 1).write(tmp_path / "t.ndjson")
    found = one_explained(path)
    assert found.action == "Fsync"
    assert [one.name for one in found.fields] == ["vars.majority_lsn"]


def test_a_frontier_of_several_states_is_told_value_by_value(tmp_path: Path) -> None:
    base = Lines.read(ACCEPTED / "hidden-actions.ndjson")
    at = base.first(lambda event: event.action == "AckCommit")
    path = base.replaced(at, args={"lsn": 8204}).cut(at + 1).write(tmp_path / "t.ndjson")
    found = one_explained(path)
    assert found.states > 1
    assert any(len(values) > 1 for _, shown in found.frontier for values in shown.values())


def test_the_command_explains_in_text_and_json() -> None:
    words = ("validate", "--engine", "oracle", "--explain", "-q", H8)
    said = run_redoraft(*words, cwd=ROOT)
    assert said.returncode == 21
    assert "RaftRedo.tla:" in said.stdout and 'On("H8") => TermAt(log[n], l) = term[n]' in said.stdout
    assert "H8: without it the event would be allowed (redoraft why H8)" in said.stdout
    said = run_redoraft(*words, "--format", "json", cwd=ROOT)
    [verdict] = json.loads(said.stdout)
    assert verdict["explanation"]["rules"] == ["H8"]
    assert verdict["explanation"]["conjunct"]["text"] == 'On("H8") => TermAt(log[n], l) = term[n]'


@pytest.mark.tlc
def test_the_oracle_explains_a_refusal_of_tlcs() -> None:
    said = run_redoraft("validate", "--engine", "tlc", "--explain", "-q", H8, cwd=ROOT)
    assert said.returncode == 21
    assert "H8: without it the event would be allowed" in said.stdout
