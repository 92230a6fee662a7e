"""The files of a log that take operations, in lockstep with spec/LogBlocks.tla.

Before the log changes its disk, every crash is tried that may come then (`checked_disk`): it must leave what
the specification's crash may leave, and a start must find the log that the specification's start finds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from attrs import frozen

from redoraft.disk.memory import MemoryDisk
from redoraft.errors import RedoError
from redoraft.mutants import ALL_PARTS, NodeRules
from redoraft.redo.log import RedoLog
from redoraft_check.machines.checked_disk import PowerLost
from redoraft_check.machines.coverage import Coverage
from redoraft_check.machines.judged import Judged
from redoraft_check.machines.log_blocks import LAYOUT, image_of, position_at
from redoraft_check.machines.log_lockstep import (
    FSYNC,
    START,
    Call,
    Lockstep,
    Shown,
    blocks,
    cut_at,
    writes_of,
)
from redoraft_check.machines.log_world import BRANCHES, LogWorld, terms_of
from redoraft_check.machines.scenario import LogStep
from redoraft_check.machines.trouble import Broken, require


@frozen
class Operation:
    """What is done, and the steps of the specification that it may take."""

    do: Callable[[LogWorld, LogStep], bool]
    steps: Callable[[LogWorld, LogStep], tuple[Call, ...]]


OPERATIONS: Final[Mapping[str, Operation]] = {
    "append": Operation(lambda world, step: world.append(step.branch, step.count), lambda _w, _s: ()),
    "write": Operation(
        lambda world, step: world.write(step.count), lambda world, _: writes_of(world.records)
    ),
    "fsync": Operation(
        lambda world, step: world.fsync(step.count), lambda world, _: writes_of(world.records)
    ),
    "cut": Operation(lambda world, step: world.cut(step.branch), lambda _, step: cut_at(step.branch)),
    "checkpoint": Operation(lambda world, step: world.checkpoint(step.count), lambda _w, _s: (FSYNC,)),
    "delete": Operation(lambda world, step: world.delete(step.count), lambda _w, _s: ()),
    "crash": Operation(lambda world, step: world.crash(step.keep), lambda _w, _s: ()),
    "restart": Operation(lambda world, _: world.restart(), lambda _w, _s: START),
}
"""Every operation, by its name; one that is not possible now does nothing."""


def wrong_log_step(step: LogStep) -> str | None:
    """Why nobody can take such a step, in one line; None if somebody can."""
    if step.do not in OPERATIONS:
        return f"no operation is called {step.do!r}: {', '.join(OPERATIONS)}"
    if not 1 <= step.branch <= len(BRANCHES):
        return f"branch {step.branch} is none of 1 to {len(BRANCHES)}"
    return "power has failed already in a crash: after is for the others" if _is_double(step) else None


def _is_double(step: LogStep) -> bool:
    return step.do == "crash" and step.after is not None


class LogMachine(Judged[LogStep]):
    """The log, the specification beside it, and who tries the crashes."""

    kind = "log"
    operations = tuple(OPERATIONS)

    def __init__(self, rules: NodeRules = ALL_PARTS, spec: str | None = None) -> None:
        """An empty log.  Raises `CliError` (65) when the specification cannot be read."""
        super().__init__()
        self.lockstep: Final = Lockstep(blocks(spec))
        self.world: Final = LogWorld(rules.log)
        self._before: list[int] = []
        self.world.disk.recovers = self._recovers

    @property
    def seen(self) -> Coverage:
        """What of LogBlocks was reached."""
        return self.lockstep.seen

    def _take(self, step: LogStep) -> bool:
        world, operation = self.world, OPERATIONS[step.do]
        if world.log is None and step.do != "restart":
            return False
        self._before = list(world.records)
        world.disk.forget()
        self.lockstep.begin(operation.steps(world, step), len(world.records))
        world.disk.left = step.after
        try:
            done = operation.do(world, step)
            if step.do != "crash":
                self._follow()
        except PowerLost:
            done = True
        world.disk.left = None
        if step.do == "crash":
            self.lockstep.crash(image_of(world.disk, self._before))
        elif step.after is not None:
            world.crash(step.keep)
            self.lockstep.crash(image_of(world.disk, self._before))
        return done

    def _follow(self) -> None:
        """An operation is done: what the log shows, and what a crash would leave of it."""
        world = self.world
        if world.log is None:
            return
        durable = world.disk.copy()
        durable.crash_keeping([False] * durable.pending)
        shown = Shown(
            tuple(world.records[: world.written]),
            world.durable,
            image_of(durable, world.records),
            image_of(world.disk, world.records),
        )
        self.lockstep.end(shown)
        self._look(world.log)
        world.disk.forget()
        world.disk.look()

    def _look(self, log: RedoLog) -> None:
        """What the log says of itself."""
        world = self.world
        ends = {"last": log.last_lsn, "closed": log.closed_lsn}
        for name, lsn in ends.items():
            require(position_at(lsn) == len(world.records), "positions", f"{name} LSN is {lsn}")
        first = position_at(log.first_lsn)
        require(log.last_index == len(world.records), "positions", f"the last index is {log.last_index}")
        require(first <= world.durable <= world.written, "positions", "first, durable and written LSN")
        require(terms_of(log, world.records) == world.records, "positions", "an entry has another term")

    def _recovers(self, crashed: MemoryDisk) -> None:
        try:
            image = image_of(crashed, self._before)
            found = RedoLog.open(crashed, layout=LAYOUT, rules=self.world.rules)
        except RedoError as error:
            raise Broken("crash", f"the node cannot start: {error}") from error
        self.lockstep.require_restart(image, terms_of(found, self._before))
        checkpoint = position_at(found.checkpoint_lsn)
        allowed = self.world.checkpointed
        require(checkpoint in allowed, "crash", f"the checkpoint is {checkpoint}, {allowed} were written")
