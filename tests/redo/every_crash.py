"""Crash at every operation of the disk, with every choice of what survives, up to a bound that is counted.

`BOUND` pending changes or fewer: every subset.  More: every subset that loses, or that keeps, at most two.
Each crash is recovered from; and once for each disk that differs, the recovery is crashed too, at every one
of
its operations, with nothing and with everything of what was pending kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs

from redoraft.disk.memory import MemoryDisk
from redoraft.disk.subsets import count_of_subsets, subsets
from redoraft.errors import CorruptRedo, DiskError
from redoraft.redo.files import Layout
from redoraft.redo.log import RedoLog
from redoraft.redo.rules import ALL_LOG_RULES, LogRules
from redoraft.types import Lsn

from .kit import Branch, WatchedDisk, contents

BOUND, ODD = 8, 2
SMALL = Layout(file_size=2048 + 2 * 512)
"""Two blocks a file."""


class Violation(AssertionError):
    """What was found after a crash is nothing that may be found."""


def choices(pending: int) -> Iterator[tuple[bool, ...]]:
    """Which changes survive."""
    return subsets(pending, BOUND, ODD)


def count_of_choices(pending: int) -> int:
    """How many those are, by formula."""
    return count_of_subsets(pending, BOUND, ODD)


Picture = tuple[tuple[str, bytes], ...]


def picture(disk: MemoryDisk) -> Picture:
    """All names and bytes as they are seen."""
    names = sorted(disk.names)
    return tuple((name, disk.open(name).read(0, 1 << 30)) for name in names)


@attrs.define
class EveryCrash:
    """A scenario sets `branches`, `checkpoints` and `firsts` (what may be found) and works on `watched`."""

    layout: Layout = SMALL
    rules: LogRules = ALL_LOG_RULES
    disk: MemoryDisk = attrs.field(factory=MemoryDisk)
    branches: list[Branch] = attrs.field(factory=list)
    checkpoints: set[Lsn] = attrs.field(factory=lambda: {Lsn(8204)})
    crashes: int = 0
    pending: list[int] = attrs.field(factory=list)
    judged: set[tuple[Picture, int]] = attrs.field(factory=set)
    ends: set[Lsn] = attrs.field(factory=set)
    state: int = 0

    @property
    def watched(self) -> WatchedDisk:
        return WatchedDisk(self.disk, self.look)

    def open(self) -> RedoLog:
        return RedoLog.open(self.watched, layout=self.layout, rules=self.rules)

    def allow(self, *branches: Branch, checkpoints: tuple[Lsn, ...] = ()) -> None:
        self.branches = list(branches)
        self.checkpoints = set(checkpoints) or self.checkpoints
        self.state += 1

    def look(self) -> None:
        self.pending.append(self.disk.pending)
        for keep in choices(self.disk.pending):
            self.crashes += 1
            crashed = self.disk.copy()
            crashed.crash_keeping(keep)
            key = (picture(crashed), self.state)
            if key not in self.judged:
                self.judged.add(key)
                self._recover_with_crashes(crashed)
                self._judge(crashed)

    def _recover_with_crashes(self, crashed: MemoryDisk) -> None:
        counting = WatchedDisk(crashed.copy())
        self._opened(lambda: counting)
        for stop in range(len(counting.calls)):
            for survives in (False, True):
                again = crashed.copy()
                try:
                    RedoLog.open(WatchedDisk(again, fail_at=stop), layout=self.layout, rules=self.rules)
                except DiskError:
                    again.crash_keeping([survives] * again.pending)
                self._judge(again)

    def _judge(self, crashed: MemoryDisk) -> None:
        found = self._opened(lambda: crashed)
        self.ends.add(found.last_lsn)
        if not any(branch.allows(found) for branch in self.branches):
            raise Violation(f"entries up to {found.last_lsn}, of none of the branches that may be there")
        if found.checkpoint_lsn not in self.checkpoints:
            raise Violation(f"the checkpoint {found.checkpoint_lsn}, not one of {self.checkpoints}")

    def _opened(self, disk: Callable[[], MemoryDisk | WatchedDisk]) -> RedoLog:
        try:
            return RedoLog.open(disk(), layout=self.layout, rules=self.rules)
        except CorruptRedo as wrong:
            raise Violation(f"the node cannot start: {wrong}") from wrong


def branch_of(log: RedoLog, least: Lsn) -> Branch:
    """What may be found of this log now, when entries up to `least` are durable."""
    return Branch.of(log, log.entry_end_at_or_below(least))


def prefix(branch: Branch, log: RedoLog, to: Lsn) -> Branch:
    """The branch cut at `to`, and nothing less."""
    return attrs.evolve(branch, entries=contents_to(log, to), ends=(to,), least=to)


def contents_to(log: RedoLog, to: Lsn) -> bytes:
    """The records of whole entries up to `to`."""
    return contents(log) if to == log.closed_lsn else log.read(log.first_lsn, to)
