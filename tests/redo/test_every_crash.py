"""Log write, file creation, truncation, checkpoint, deletion: a crash at every operation of the disk (H12).

Each scenario prints its counts, and compares them with counts made another way.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from redoraft.redo.files import Layout
from redoraft.redo.log import RedoLog
from redoraft.redo.mutants import LOG_MUTANTS
from redoraft.types import LogIndex, Lsn, Term

from .every_crash import EveryCrash, Violation, branch_of, choices, count_of_choices, prefix
from .kit import Branch, mtr_of_size

PAGE = Path(__file__).parents[2] / "docs" / "redo-format.md"
EMPTY = Branch(b"", (Lsn(8204),), Lsn(8204))
ONE_FILE = Layout(file_size=2048 + 8 * 512)


def entry(run: EveryCrash, log: RedoLog, size: int, term: int) -> None:
    """Append an entry of one mtr and make it durable; every prefix beyond what is durable may be found."""
    log.append_mtr(mtr_of_size(size))
    end = log.close_entry(Term(term))
    run.allow(branch_of(log, log.durable_lsn))
    log.fsync(end)
    run.allow(branch_of(log, end))
    run.look()


def creation(run: EveryCrash) -> None:
    run.allow(EMPTY)
    run.open()
    run.look()


def write(run: EveryCrash) -> None:
    """Over the borders of files, and a block that is written again."""
    run.allow(EMPTY)
    log = run.open()
    for size in (40, 900, 700, 20):
        entry(run, log, size, 1)


def cut(run: EveryCrash, log: RedoLog, to: Lsn) -> None:
    before = branch_of(log, log.durable_lsn)
    after = prefix(before, log, to)
    after = attrs.evolve(after, ends=tuple(end for end in before.ends if end <= to))
    run.allow(before, after)
    log.truncate(to)
    run.allow(after)
    run.look()


def grown(run: EveryCrash, sizes: tuple[int, ...]) -> RedoLog:
    """A log of durable entries of term 1; no crashes here."""
    log = RedoLog.open(run.disk, layout=run.layout, rules=run.rules)
    for size in sizes:
        log.append_mtr(mtr_of_size(size))
        log.fsync(log.close_entry(Term(1)))
    run.allow(branch_of(log, log.durable_lsn))
    log.close()
    return run.open()


def truncation(run: EveryCrash) -> None:
    """Beyond two files; then another branch over the same LSNs."""
    log = grown(run, (300, 300, 1300, 700))
    cut(run, log, log.entry(LogIndex(1)).end)
    entry(run, log, 1000, 2)


def truncation_at_a_border(run: EveryCrash) -> None:
    log = grown(run, (959, 500))
    border = log.entry(LogIndex(1)).end
    assert border % 512 == 12
    cut(run, log, border)
    entry(run, log, 600, 2)


def truncation_in_a_block(run: EveryCrash) -> None:
    log = grown(run, (40, 50, 60))
    cut(run, log, log.entry(LogIndex(1)).end)
    entry(run, log, 30, 2)


def truncation_in_a_file(run: EveryCrash) -> None:
    """The new branch has the shape of the old one: its blocks would fit behind each other (H12)."""
    run.layout = ONE_FILE
    log = grown(run, (300, 1400))
    cut(run, log, log.entry(LogIndex(1)).end)
    twin = bytearray(mtr_of_size(1400))
    twin[-1] ^= 1
    log.append_mtr(bytes(twin))
    end = log.close_entry(Term(2))
    run.allow(branch_of(log, log.durable_lsn))
    log.fsync(end)
    run.allow(branch_of(log, end))
    run.look()


def checkpoints(run: EveryCrash) -> None:
    """In the slots of a file, and on to the next file."""
    log = grown(run, (40, 300, 900, 30))
    branch = branch_of(log, log.durable_lsn)
    for index in range(1, 5):
        lsn = log.entry(LogIndex(index)).end
        run.allow(branch, checkpoints=(log.checkpoint_lsn, lsn))
        log.checkpoint(lsn)
        run.allow(branch, checkpoints=(lsn,))
        run.look()


def deletion(run: EveryCrash) -> None:
    """Three files go; what a follower still needs stays."""
    log = grown(run, (900, 900, 900, 300, 100))
    branch = branch_of(log, log.durable_lsn)
    follower, checkpoint = log.entry(LogIndex(3)).end, log.entry(LogIndex(4)).end
    log = _checkpointed(run, log, checkpoint)
    run.allow(attrs.evolve(branch, deleted=follower), checkpoints=(checkpoint,))
    assert log.delete([follower]) == 2
    run.look()
    entry_after = attrs.evolve(branch, deleted=checkpoint)
    run.allow(entry_after)
    log.delete([log.last_lsn])
    run.look()


def deletion_to_the_end(run: EveryCrash) -> None:
    """The block in which the log begins then is its last one, and is written again."""
    log = grown(run, ())
    entry(run, log, 992, 1)
    branch = branch_of(log, log.durable_lsn)
    log = _checkpointed(run, log, log.last_lsn)
    run.allow(attrs.evolve(branch, deleted=log.last_lsn), checkpoints=(log.last_lsn,))
    assert log.delete([log.last_lsn]) == 1
    assert log.first_lsn == log.last_lsn
    run.allow(branch_of(log, log.last_lsn))
    entry(run, log, 60, 2)


def _checkpointed(run: EveryCrash, log: RedoLog, lsn: Lsn) -> RedoLog:
    run.allow(*run.branches, checkpoints=(log.checkpoint_lsn, lsn))
    log.checkpoint(lsn)
    return log


Scenario = Callable[[EveryCrash], None]
SCENARIOS: tuple[Scenario, ...] = (
    creation,
    write,
    truncation,
    truncation_at_a_border,
    truncation_in_a_block,
    truncation_in_a_file,
    checkpoints,
    deletion,
    deletion_to_the_end,
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.__name__)
def test_a_crash_at_every_operation(scenario: Scenario, capsys: pytest.CaptureFixture[str]) -> None:
    run = EveryCrash()
    scenario(run)
    by_formula = sum(map(count_of_choices, run.pending))
    line = (
        f"{scenario.__name__}: {len(run.pending)} moments, {run.crashes} crashes, "
        f"{len(run.judged)} disks that differ, {len(run.ends)} ends"
    )
    with capsys.disabled():
        print(f"\n{line}")  # noqa: T201
    assert run.crashes == by_formula
    assert line in PAGE.read_text(encoding="utf-8").splitlines(), "docs/redo-format.md shows another count"


@pytest.mark.parametrize("pending", range(12))
def test_the_choices_are_as_many_as_the_formula_says_and_differ(pending: int) -> None:
    made = list(choices(pending))
    assert len(made) == count_of_choices(pending) == len(set(made))


CAUGHT_BY: dict[str, Scenario] = {
    "marks-nothing": truncation,
    "keeps-files": truncation,
    "keeps-tail": truncation_in_a_file,
    "keeps-cut-block": truncation_in_a_block,
    "unmarks-at-once": truncation,
}


@pytest.mark.parametrize("name", CAUGHT_BY)
def test_without_a_rule_some_crash_leaves_what_may_not_be(name: str) -> None:
    """After as many as docs/redo-format.md says."""
    world = EveryCrash(rules=LOG_MUTANTS[name].rules())
    with pytest.raises(Violation):
        CAUGHT_BY[name](world)
    told = re.search(rf"`{name}` .* \| (\d+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert told is not None
    assert int(told[1]) == world.crashes
