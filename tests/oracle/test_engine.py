"""`redoraft validate --engine oracle`: the verdicts are TLC's, to the event and the state before it."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from redoraft_check.tlc.tools import find_tools
from redoraft_check.validate.engine import Engine
from redoraft_check.validate.oracle_engine import OracleEngine, agreed
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
    assert [one for one, other in zip(ours, theirs, strict=True) if one != other] == []
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
