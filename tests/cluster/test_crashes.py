"""Every crash of a small run: all is well after each, the counts are right, and a missing rule is noticed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from redoraft.cluster.crashes import Bounds, Tally, enumerate_crashes
from redoraft.cluster.trio import MEMBERS, N1, run_until_crash
from redoraft.disk.memory import MemoryDisk
from redoraft.disk.subsets import count_of_subsets
from redoraft.mutants import ALL_MUTANTS, ALL_PARTS, rules_of
from redoraft.types import NodeId
from redoraft_check.cli import main
from redoraft_check.evidence.runs import CRASHES
from redoraft_check.evidence.sources import implementation_revision
from redoraft_check.paths import spec_dir

SMALL = Bounds(every=2, odd=0, stride=9)
CONTENT = 1 << 30


def last(bounds: Bounds, mutant: str | None = None) -> Tally:
    """The tally at the end, or when something was found."""
    tally = Tally()
    for tally in enumerate_crashes(bounds, rules_of(ALL_MUTANTS[mutant] if mutant else None)):
        if tally.findings:
            break
    return tally


def after(disk: MemoryDisk, keep: list[bool]) -> dict[str, bytes]:
    crashed = disk.copy()
    crashed.crash_keeping(keep)
    return {name: crashed.open(name).read(0, CONTENT) for name in crashed.names}


def counted_by_trying(disk: MemoryDisk) -> int:
    """Changes that show when they alone survive, or when they alone are lost."""
    none, all_ = [False] * disk.pending, [True] * disk.pending
    return sum(
        after(disk, [at == one for at in range(disk.pending)]) != after(disk, none)
        or after(disk, [at != one for at in range(disk.pending)]) != after(disk, all_)
        for one in range(disk.pending)
    )


def points(victim: NodeId) -> range:
    return range(0, run_until_crash(victim, None, ALL_PARTS)[1].count + 1, SMALL.stride)


def test_nothing_is_lost_and_the_counts_are_those_of_another_count() -> None:
    tally = last(SMALL)
    assert tally.findings == []
    pending = [
        sum(map(counted_by_trying, (host.disk, host.data_disk)))
        for victim in MEMBERS.nodes
        for at in points(victim)
        for host in [run_until_crash(victim, at, ALL_PARTS)[0].hosts[victim]]
    ]
    assert tally.pending == pending
    outcomes = sum(count_of_subsets(one, SMALL.every, SMALL.odd) for one in pending)
    assert (tally.outcomes, tally.runs) == (outcomes, 3 * outcomes)
    assert max(pending) > 10


def test_the_run_without_a_crash_has_everything_in_it() -> None:
    trio, _ = run_until_crash(N1, None, ALL_PARTS)
    assert trio.acknowledged == {"both-heard", "n2-heard", "n2-leads"}
    assert trio.rests()
    assert all(node.log.checkpoint_lsn == node.log.last_lsn for _, node in trio.running)


@pytest.mark.parametrize("name", ["one-is-a-quorum", "answers-at-once", "recovers-at-once"])
def test_a_missing_rule_is_noticed(name: str) -> None:
    assert last(Bounds(every=2, odd=0, stride=5), name).findings


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = tmp_path / "record.json"
    words = ["crashes", "-q", "--every", "1", "--stride", "60", "--mutant", "LOG-6", "--record", str(record)]
    assert main(words) == 12
    assert "without a crash: the log may not be cut" in capsys.readouterr().out
    told = json.loads(record.read_text())
    assert told["wrong"] == 1
    assert told["sources"] == CRASHES.revision(spec_dir())
    assert told["implementation"] == implementation_revision()
    assert main(["crashes", "--every", "2", "--odd", "1"]) == 2
