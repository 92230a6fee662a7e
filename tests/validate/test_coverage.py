"""`--require-actions`: a corpus that never does something has not shown that it can."""

from __future__ import annotations

import pytest
from tests.command import run_redoraft

from redoraft_check.cli import main
from redoraft_check.exits import CliError
from redoraft_check.paths import spec_dir
from redoraft_check.validate.coverage import actions_taken, missing_actions
from redoraft_check.validate.mapping import load_mapping
from redoraft_check.validate.verdict import Status, Verdict

from .kit import ACCEPTED, ROOT

CALM = ACCEPTED / "calm-seed-3.ndjson"


def test_only_accepted_traces_count() -> None:
    mapping = load_mapping(spec_dir())
    accepted = actions_taken([Verdict(CALM, Status.ACCEPTED)], mapping)
    assert accepted["Fsync"] > 0 and accepted["Restart"] == 0
    assert tuple(accepted) == mapping.actions
    assert {"Fsync", "FlushPage", "WriteBinlog"} <= set(mapping.actions)
    assert set(actions_taken([Verdict(CALM, Status.REFUSED)], mapping).values()) == {0}
    assert missing_actions("Fsync, Restart", accepted) == ["Restart"]


@pytest.mark.parametrize("names", ["Fsnyc", " , ", ""])
def test_a_misspelt_action_is_no_requirement(names: str) -> None:
    with pytest.raises(CliError, match="there are UpdateTerm"):
        missing_actions(names, {"UpdateTerm": 1})


def test_the_command_refuses_a_corpus_that_never_does_it() -> None:
    words = ("validate", "-q", "--engine", "oracle", CALM, "--require-actions")
    assert run_redoraft(*words, "Fsync,AckCommit", cwd=ROOT).returncode == 0
    said = run_redoraft(*words, "Fsync,Restart", cwd=ROOT)
    assert said.returncode == 22
    assert "no accepted trace takes Restart" in said.stderr


def test_actions_on_pages_may_be_required_and_unknown_ones_are_told_before_the_work(
    capsys: pytest.CaptureFixture[str],
) -> None:
    pages = str(ACCEPTED / "pages-seed-196.ndjson")
    words = ["validate", "-q", "--engine", "oracle", pages, "--require-actions"]
    assert main([*words, "Checkpoint,FlushPage"]) == 0
    capsys.readouterr()
    assert main([*words, "Checkpoint,Chekpoint"]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and "no action 'Chekpoint'" in printed.err
