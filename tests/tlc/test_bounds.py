"""How the bounds of two models compare: a repaired model may allow more than the refuted one, never less."""

from __future__ import annotations

from pathlib import Path

import pytest

from redoraft_check.oracle.spec import Spec, load
from redoraft_check.tlc.bounds import WIDER, narrower
from redoraft_check.tlc.config import parse_config

SPEC = Path(__file__).resolve().parents[2] / "spec"

REFUTED = """
INIT MCInit
NEXT Next
CONSTANTS
    Off = {"R1"}
    MaxTerm = 2
    Nodes = {"n1", "n2"}
    CrashNodes = {"n1"}
    RollsBack = FALSE
    Candidates <- InTurn
    MaySend <- MCMaySend
CONSTRAINTS
    Few
"""


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ('Off = {"R1"}', "Off = {}"),
        ("MaxTerm = 2", "MaxTerm = 3"),
        ('CrashNodes = {"n1"}', 'CrashNodes = {"n2", "n1"}'),
        ("RollsBack = FALSE", "RollsBack = TRUE"),
        ("Candidates <- InTurn", "Candidates <- AnyNode"),
        ("MaySend <- MCMaySend", ""),
        ("CONSTRAINTS\n    Few", ""),
    ],
)
def test_what_is_as_wide_or_wider(was: str, becomes: str) -> None:
    assert was in REFUTED
    assert narrower(parse_config(REFUTED.replace(was, becomes)), parse_config(REFUTED)) == ()


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ("MaxTerm = 2", "MaxTerm = 1", "MaxTerm is 1, not 2"),
        ("MaxTerm = 2", "", "MaxTerm is absent, not 2"),
        ('CrashNodes = {"n1"}', 'CrashNodes = {"n2"}', 'CrashNodes is {"n2"}, not {"n1"}'),
        (
            'Nodes = {"n1", "n2"}',
            'Nodes = {"n1", "n2", "n3"}',
            'Nodes is {"n1", "n2", "n3"}, not {"n1", "n2"}',
        ),
        ("InTurn", "Again", "Candidates is Again, not InTurn"),
        ("MCMaySend", "MCMaySendLater", "MaySend is MCMaySendLater, not MCMaySend"),
        ("NEXT Next", "NEXT LockStep", "NEXT is LockStep, not Next"),
        ("    Few", "    Few Fewer", "CONSTRAINTS has Fewer too"),
    ],
)
def test_what_is_narrower_is_told(was: str, becomes: str, told: str) -> None:
    assert was in REFUTED
    assert told in narrower(parse_config(REFUTED.replace(was, becomes)), parse_config(REFUTED))
    widened = REFUTED.replace("    MaySend <- MCMaySend\n", "")
    assert "MaySend is MCMaySend, not as specified" in narrower(parse_config(REFUTED), parse_config(widened))


@pytest.fixture(scope="module")
def raft() -> Spec:
    models = SPEC / "models"
    return load(models / "MCRaftRedo.tla", models / "RaftRedo_t2.cfg", (SPEC, models))


@pytest.mark.parametrize(("constant", "wide", "narrow"), sorted(WIDER))
def test_an_operator_said_to_be_wider_is(raft: Spec, constant: str, wide: str, narrow: str) -> None:
    assert constant == "Candidates"
    for term in range(1, 5):
        assert set(raft.value(narrow, None, term)) <= set(raft.value(wide, None, term))
