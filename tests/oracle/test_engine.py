"""`redoraft validate --engine oracle`: the verdicts are TLC's, to the event and the state before it."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from redoraft_check.report.traces import verdicts_json, verdicts_text
from redoraft_check.tlc.tools import find_tools
from redoraft_check.validate.engine import Engine
from redoraft_check.validate.merging import validate_merged
from redoraft_check.validate.oracle_engine import OracleEngine, agree, agreed
from redoraft_check.validate.verdict import Status, Verdict

from .conftest import REPO, SPEC

CORPUS = REPO / "traces" / "corpus"


def traces(*kinds: str) -> list[Path]:
    """The traces of the corpus in these folders; at least one each."""
    found = [sorted((CORPUS / kind).glob("*.ndjson")) for kind in kinds]
    assert all(found)
    return [path for group in found for path in group]


@pytest.mark.tlc
def test_the_verdicts_on_the_corpus_are_tlcs() -> None:
    paths = traces("accepted", "rejected")
    ours = OracleEngine(SPEC).validate(paths)
    theirs = Engine(SPEC, find_tools()).validate(paths)
    assert [one for one, other in zip(ours, theirs, strict=True) if not agree(one, other)] == []
    assert {one.status for one in ours} >= {Status.ACCEPTED, Status.REFUSED}


@pytest.mark.tlc
def test_a_full_frontier_is_unknown() -> None:
    [path] = traces("accepted")[:1]
    [verdict] = OracleEngine(SPEC, max_frontier=0).validate([path])
    assert verdict.status is Status.UNKNOWN
    assert "bound hit" in verdict.reason


def test_engines_that_differ_leave_the_answer_unknown() -> None:
    accepted = Verdict(Path("t"), Status.ACCEPTED, events=3)
    refused = evolve(accepted, status=Status.REFUSED, line=2, reason="event 1")
    assert agreed([accepted], [accepted]) == [accepted]
    [differing] = agreed([accepted], [refused])
    assert differing.status is Status.UNKNOWN
    assert "the oracle says accepted" in differing.reason
    assert "TLC says refused: event 1" in differing.reason


def test_engines_may_name_different_states_only_where_several_were_possible() -> None:
    ours = Verdict(Path("t"), Status.REFUSED, line=2, last_good=(("n1", {"term": 1}),), largest_frontier=2)
    theirs = evolve(ours, last_good=(("n1", {"term": 2}),), largest_frontier=None)
    assert agree(ours, theirs)
    assert not agree(evolve(ours, largest_frontier=1), theirs)
    assert not agree(ours, evolve(theirs, line=3))


def test_the_largest_frontier_is_told() -> None:
    """One state is possible at a time where all is shown, more where steps are hidden."""
    shown, hidden = CORPUS / "accepted" / "calm-seed-3.ndjson", CORPUS / "accepted" / "hidden-actions.ndjson"
    known, open_ = OracleEngine(SPEC).validate([shown, hidden])
    assert known.largest_frontier == 1
    assert open_.largest_frontier is not None and open_.largest_frontier > 100
    bound = open_.largest_frontier
    [above] = OracleEngine(SPEC, max_frontier=bound - 1).validate([hidden])
    assert above.status is Status.UNKNOWN
    assert above.largest_frontier is not None and above.largest_frontier <= bound - 1

    one, other, stopped = verdicts_json([known, open_, above])
    assert [one["largest_frontier"], other["largest_frontier"]] == [1, bound]
    assert stopped["largest_frontier"] == above.largest_frontier
    lines = verdicts_text([known, open_, above]).splitlines()
    assert lines[0].endswith(f"accepted: {known.events} events")
    assert lines[1].endswith(f"accepted: {open_.events} events, at most {bound:,} states possible at once")
    assert lines[-1] == f"    frontier   at most {above.largest_frontier:,} states possible at once"


def test_the_largest_frontier_of_a_merged_run_is_told() -> None:
    path = CORPUS / "accepted" / "no-args.ndjson"
    verdict = validate_merged([path], OracleEngine(SPEC)).verdict
    [alone] = OracleEngine(SPEC).validate([path])
    assert verdict.largest_frontier == alone.largest_frontier == 6


def test_tlc_has_no_frontier_and_the_engines_still_agree() -> None:
    ours = Verdict(Path("t"), Status.ACCEPTED, events=3, largest_frontier=7)
    [verdict] = agreed([ours], [evolve(ours, largest_frontier=None)])
    assert (verdict.status, verdict.largest_frontier) == (Status.ACCEPTED, 7)
    assert "largest_frontier" not in verdicts_json([Verdict(Path("t"), Status.ACCEPTED, events=3)])[0]
