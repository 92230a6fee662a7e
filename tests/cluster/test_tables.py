"""Tables in the cluster: clean as it is, and found out with a rule taken out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings
from tests.machines import Wrong

from redoraft.cluster.ending import end_check
from redoraft.cluster.faults import ALL_FAULTS, DISK_FAULTS
from redoraft.cluster.filewatch import NOBODY, files_on
from redoraft.cluster.simulator import Settings, Simulator, members_of
from redoraft.ddl.mutants import MUTANTS
from redoraft.mutants import ALL_MUTANTS, rules_of
from redoraft.raft.outputs import Outcome
from redoraft_check.cli import main
from redoraft_check.fuzz.ddl_lockstep import DdlLockstep, local_file_ops
from redoraft_check.fuzz.example import Subject
from redoraft_check.fuzz.walks import JudgedWalk

from .machine import run_machine, save
from .tables import TablesMachine

STEPS = 700
SETTINGS = settings(deadline=None, max_examples=20, stateful_step_count=25, report_multiple_bugs=False)


def begin(mutant: str | None = None) -> JudgedWalk:
    return JudgedWalk(Subject(mutant), ddl=True)


def simulated(seed: int, mutant: str | None = None, *, judged: bool = True) -> tuple[Simulator, DdlLockstep]:
    """A run under all faults, to its end or to the first refusal; not yet healed."""
    lockstep = DdlLockstep(local_file_ops(None))
    rules = rules_of(None if mutant is None else ALL_MUTANTS[mutant])
    wanted = Settings(seed, members_of(3, 1), ALL_FAULTS | DISK_FAULTS, rules, ddl=True)
    simulator = Simulator(wanted, lambda _: None, None, lockstep.watching if judged else NOBODY)
    for _ in range(STEPS // 10):
        simulator.run(10)
        if lockstep.refused is not None:
            break
    return simulator, lockstep


@pytest.fixture(scope="module", autouse=True)
def specification() -> None:
    """Compiled before Hypothesis runs: the oracle raises the recursion limit, which Hypothesis minds."""
    begin()


def test_ddl_and_rows_with_anything_between_two_steps() -> None:
    run_machine(begin, SETTINGS, TablesMachine)


def test_runs_end_with_the_files_that_the_dictionary_names() -> None:
    """All that DdlFileOps does is seen in some of them, and answers of every kind."""
    actions: set[str] = set()
    answers: set[tuple[bool, Outcome | None]] = set()
    tables = 0
    for seed in range(6):
        simulator, lockstep = simulated(seed)
        assert end_check(simulator) == []
        assert lockstep.refused is None
        actions |= lockstep.counts.keys()
        answers |= {(one.statement is None, one.outcome) for one in simulator.sessions.asked.values()}
        want = {(one.name.path, one.space_id) for one in simulator.ledger.dictionary.tables().values()}
        tables += len(want)
        for name in simulator.settings.members.data_nodes:
            assert files_on(simulator.hosts[name].data_disk) == want
    assert tables > 0
    assert answers >= {(True, Outcome.OK), (True, Outcome.UNKNOWN), *((False, one) for one in Outcome)}
    assert actions == {
        *("StartsCreate", "StartsRename", "StartsDrop", "WriteFileRedo", "StopIos", "CallsOs", "Commit"),
        *("PostDdl", "RollBack", "WriteUndoRedo", "Clean", "EndDdl", "Applies", "Validate", "OpensTable"),
        *("RollsBackUnfinished", "Recovers", "Serve", "Crashes"),
    }


REFUSED = {
    "parses-files-only": (0, "Applies"),
    "recovers-everywhere": (0, "Validate"),
    "deletes-what-it-sees": (0, "CallsOs"),
    "rolls-rows-back": (0, "Serve"),
    "validates-first": (4, "Validate"),
    "leaves-rolled-back": (1, "RollBack"),
    "renames-at-once": (0, "WriteFileRedo"),
    "renames-before-redo": (0, "WriteFileRedo"),
    "reverses-what-it-sees": (0, "WriteFileRedo"),
    "waits-with-io-stopped": (0, "WriteFileRedo"),
    "creates-at-once": (0, "CallsOs"),
    "creates-before-row": (0, "CallsOs"),
    "creates-before-redo": (0, "CallsOs"),
    "drops-at-once": (0, "PostDdl"),
    "drops-in-commit": (0, "PostDdl"),
    "drops-ungated": (0, "PostDdl"),
    "executes-from-checkpoint": (0, "Crashes"),
    "serves-unrecovered": (0, "Serve"),
    "keeps-caches": (0, "Applies"),
}
"""Mutants of which DdlFileOps refuses an action, a seed that was seen to show it, and the action."""

ENDS = {
    "refuses-existing": (0, "a node works on what a crash leaves: "),
    "shows-drop-at-once": (45, "CommittedFilesStay: "),
    "drops-at-once": (0, "CommittedFilesStay: "),
    "rolls-rows-back": (0, "FilesAgree: "),
    "waits-with-io-stopped": (2, "FlushingGoesOn: "),
    "keeps-caches": (0, "CachesAreFresh: "),
}
"""Mutants that break a promise with nobody judging, a seed that was seen to show it, and which promise."""

MOST_SEEDS = 20


@pytest.mark.parametrize("name", REFUSED)
def test_the_specification_refuses_a_run_without_a_rule(name: str) -> None:
    """The seed that was seen first, then others: the run may have changed."""
    first, action = REFUSED[name]
    told = []
    for seed in dict.fromkeys([first, *range(MOST_SEEDS)]):
        told.append(simulated(seed, name)[1].refused)
        if told[-1] is not None and told[-1].what == action:
            return
    raise AssertionError(f"{action} is not refused: {told}")


@pytest.mark.parametrize("name", ENDS)
def test_the_end_of_a_run_without_a_rule_is_found_out(name: str) -> None:
    first, promise = ENDS[name]
    told: list[str] = []
    for seed in dict.fromkeys([first, *range(MOST_SEEDS)]):
        told += end_check(simulated(seed, name, judged=False)[0])
        if any(finding.startswith(promise) for finding in told):
            return
    raise AssertionError(f"not {promise}: {told}")


# --- what needs a schedule of its own ---


def loses_a_delete(machine: TablesMachine, *, row: bool) -> None:
    """n1 drops a table, unlinks its file, loses the redo of that, and leads again."""
    machine.start(leader="n1", tables=1)
    if row:
        machine.move("row", node="n1")
        heard(machine)
    machine.move("drop table", node="n1")
    machine.move("ddl", node="n1")
    heard(machine)
    for _ in ("PostDdl", "WriteUndoRedo", "CallsOs"):
        machine.move("ddl", node="n1")
    machine.move("crash", node="n1", log=0, pages=-1)
    machine.move("restart", node="n1")
    machine.lead("n1", works=True)
    machine.rounds("n1")
    machine.settle()


def heard(machine: TablesMachine) -> None:
    """What n1 has written gets on a majority, and no page is written meanwhile."""
    machine.move("close", node="n1")
    machine.move("fsync", node="n1")
    machine.quiet()
    machine.move("fsync", node="n3")
    machine.quiet()


Schedule = Callable[[TablesMachine], None]
SCHEDULES: dict[str, tuple[Schedule, tuple[str, ...]]] = {
    "drops-what-it-sees": (
        lambda machine: loses_a_delete(machine, row=False),
        ("refused", "DdlFileOps WriteUndoRedo"),
    ),
    "needs-every-file": (
        lambda machine: loses_a_delete(machine, row=True),
        ("exception", "TablespaceMissing", "node.py:_give_up"),
    ),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_finds_what_dice_rarely_do(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schedule, cause = SCHEDULES[name]
    schedule(TablesMachine(begin(), []))
    found: list[JudgedWalk] = []
    with pytest.raises(Wrong):
        schedule(TablesMachine(begin(name), found))
    assert found[0].trouble is not None
    assert found[0].trouble.cause == cause
    saved = save(found[0], tmp_path)
    words = ["fuzz", "--replay", str(saved.path), "--out", str(tmp_path)]
    assert main(words) == 21
    assert "the same: " in capsys.readouterr().out
    saved.path.write_text(json.dumps(json.loads(saved.path.read_text()) | {"mutant": None}))
    assert main(words) == 0


def test_every_mutant_of_ddl_is_shown_but_one() -> None:
    """H14-ddl: a simulated leader takes no step of DDL before it serves, whatever the rule says."""
    assert MUTANTS.keys() - REFUSED.keys() - ENDS.keys() - SCHEDULES.keys() == {"acts-on-the-tail"}


# --- as it is typed ---


def test_simulate_with_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = str(tmp_path / "a.ndjson")
    words = ["simulate", "-q", "--ddl", "--end-check", "--seed", "3", "--out", target]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "are allowed by DdlFileOps\nend check: all is as it has to be\n" in out
    assert main([*words, "--format", "json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["tables"]["refused"] is None
    assert report["tables"]["actions"]["CallsOs"] > 0
    assert main(["validate", "-q", "--engine", "oracle", target]) == 0
    assert main([*words, "--mutant", "H1"]) == 21
    assert (
        "tables: refused: n1: WriteFileRedo: the specification does not allow it now"
        in capsys.readouterr().out
    )


def test_a_mutant_of_ddl_needs_tables(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--mutant", "H1"]) == 2
    assert "renames-at-once takes out H1 of DDL: add --ddl" in capsys.readouterr().err


def test_runs_without_tables_are_as_they_were() -> None:
    """Tables have dice of their own, and nothing of them is there unless it is asked for."""
    simulator = Simulator(Settings(1, members_of(3, 1)), lambda _: None)
    simulator.run(300)
    assert not simulator.sessions.asked
    assert all(host.node is None or host.node.tables is None for host in simulator.hosts.values())
