"""The check at the end of a run: it is silent for the rules, and speaks for what takes one out."""

from __future__ import annotations

from pathlib import Path

import pytest

from redoraft.cluster.ending import end_check
from redoraft.cluster.faults import ALL_FAULTS, DISK_FAULTS
from redoraft.mutants import ALL_MUTANTS, NodeRules, rules_of
from redoraft_check.cli import main

from .kit import run


def found(seed: int, rules: NodeRules) -> list[str]:
    simulator, _ = run(seed, 800, ALL_FAULTS | DISK_FAULTS, rules=rules)
    return end_check(simulator)


@pytest.mark.parametrize("seed", range(10))
def test_all_is_well_also_when_disks_fail(seed: int) -> None:
    simulator, _ = run(seed, 800, ALL_FAULTS | DISK_FAULTS)
    assert end_check(simulator) == []
    assert simulator.counts["pages written"] > 0
    assert simulator.counts["checkpoints"] > 0


CAUGHT_IN_A_CLUSTER = {
    "flushes-ahead": (0, "LIM-2: "),
    "flushes-unsynced": (1, "a node works on what a crash leaves: "),
    "forgets-dirty-pages": (2, "FOL-1: "),
    "checkpoint-falls": (0, "a node works on what a crash leaves: "),
}
"""Mutants of the pages, a seed that was seen to show it, and how the first finding begins."""


@pytest.mark.parametrize("name", CAUGHT_IN_A_CLUSTER)
def test_a_run_without_a_rule_of_the_pages_is_found_out(name: str) -> None:
    """The seed that was seen first, then others: the run may have changed."""
    first, promise = CAUGHT_IN_A_CLUSTER[name]
    rules = rules_of(ALL_MUTANTS[name])
    told = [finding for seed in dict.fromkeys([first, *range(10)]) for finding in found(seed, rules)]
    assert any(finding.startswith(promise) for finding in told)


def test_the_command_fails_by_what_it_finds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "simulate",
        "-q",
        "--seed",
        "1",
        "--mutant",
        "LIM-2",
        "--end-check",
        "--out",
        str(tmp_path / "a.ndjson"),
    ]
    assert main(words) == 12
    assert "\nend check: LIM-2: n2: a page on disk has LSN 8588, beyond" in capsys.readouterr().out
