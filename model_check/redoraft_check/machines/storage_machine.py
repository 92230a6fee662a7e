"""A storage engine that takes operations, in lockstep with spec/StorageLimits.tla.

Before the engine changes its disk, every crash is tried that may come then (`checked_disk`): what it leaves
must be whole, keep the invariants, and be no older than what there was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from redoraft.disk.memory import MemoryDisk
from redoraft.errors import RedoError
from redoraft.mutants import ALL_PARTS, NodeRules
from redoraft_check.machines.checked_disk import CheckedDisk
from redoraft_check.machines.coverage import Coverage
from redoraft_check.machines.judged import Judged
from redoraft_check.machines.scenario import StorageStep
from redoraft_check.machines.storage_lockstep import Lockstep, limits, mapped
from redoraft_check.machines.storage_parts import position_of
from redoraft_check.machines.storage_world import KINDS, PAGES, TERMS, World
from redoraft_check.machines.trouble import Broken, require


def _crash(world: World, step: StorageStep) -> bool:
    def losing(disk: CheckedDisk) -> None:
        disk.crash_by(step.keep)

    return world.crash(step.survives, losing)


OPERATIONS: Final[Mapping[str, Callable[[World, StorageStep], bool]]] = {
    "committed grows": lambda world, step: world.committed_grows(step.term, step.kinds),
    "receive": lambda world, step: world.receive(step.term, step.kinds),
    "receive committed": lambda world, _: world.receive_committed(),
    "commit own": lambda world, _: world.commit_own(),
    "fsync": lambda world, step: world.fsync(step.upto),
    "learn": lambda world, _: world.learn(),
    "truncate": lambda world, step: world.truncate(step.count),
    "start serving": lambda world, _: world.start_serving(),
    "write mtr": lambda world, step: world.write_mtr(step.kinds[0]),
    "close entry": lambda world, _: world.close_entry(),
    "deposed": lambda world, _: world.deposed(),
    "apply": lambda world, step: world.apply(step.count),
    "flush list": lambda world, _: world.flush_list(),
    "flush lru": lambda world, _: world.flush_lru(),
    "flush page": lambda world, step: world.flush_page(step.page),
    "checkpoint": lambda world, _: world.checkpoint(),
    "delete redo": lambda world, _: world.delete_redo(),
    "crash": _crash,
}
"""Every operation, by its name; one that the promises of the log do not allow now does nothing."""

ON_DISK: Final = ("apply", "flush list", "flush lru", "flush page", "checkpoint")
"""Operations in the middle of which power can fail (`after`)."""


def wrong_storage_step(step: StorageStep) -> str | None:
    """Why nobody can take such a step, in one line; None if somebody can."""
    kinds = [kind for kind in step.kinds if kind not in KINDS]
    wrong = (
        (
            step.do not in OPERATIONS,
            f"no operation on storage is called {step.do!r}: {', '.join(OPERATIONS)}",
        ),
        (step.term not in TERMS, f"term {step.term} is none of {', '.join(map(str, TERMS))}"),
        (bool(kinds), f"no mtr is of kind {kinds[0]!r}: {', '.join(KINDS)}" if kinds else ""),
        (step.page not in PAGES, f"no page is called {step.page!r}: {', '.join(PAGES)}"),
        (step.do == "write mtr" and len(step.kinds) != 1, "kinds of write mtr names one kind"),
        (
            step.after is not None and step.do not in ON_DISK,
            f"{step.do} does not write: after is for {', '.join(ON_DISK)}",
        ),
    )
    return next((what for is_wrong, what in wrong if is_wrong), None)


class StorageMachine(Judged[StorageStep]):
    """The world, the specification beside it, and who tries the crashes."""

    kind = "storage"
    operations = tuple(OPERATIONS)

    def __init__(self, rules: NodeRules = ALL_PARTS, spec: str | None = None) -> None:
        """An empty engine.  Raises `CliError` (65) when the specification cannot be read."""
        super().__init__()
        self._spec: Final = limits(spec)
        self.world: Final = World(rules.storage, rules.raft)
        self.lockstep: Final = Lockstep(self.world, self._spec)
        self._floor = self._reached(self.world)
        self.world.checked.recovers = self._recovers

    @property
    def seen(self) -> Coverage:
        """What of StorageLimits was reached."""
        return self.lockstep.seen

    def _take(self, step: StorageStep) -> bool:
        world = self.world
        world.checked.forget()
        self._floor = self._reached(world)
        changes = world.checked.changes
        if step.after is None:
            done = OPERATIONS[step.do](world, step)
        else:
            done = world.power_fails_in(
                lambda: OPERATIONS[step.do](world, step), step.after, lambda: _crash(world, step)
            )
        if done or world.trail or world.checked.changes > changes:
            world.check()
            self.lockstep.follow()
        if world.checked.changes > changes:
            # What was told to be durable is, from now on.
            world.checked.forget()
            self._floor = self._reached(world)
            world.checked.look()
        return done

    def _recovers(self, crashed: MemoryDisk) -> None:
        """A crash leaves this disk, and of the log what is durable."""
        try:
            found = self.world.after_crash(crashed)
            found.check()
            for name, lsn in self._reached(found).items():
                least = self._floor[name]
                require(lsn >= least, name, f"went back from position {least} to {lsn}")
            self.lockstep.require_invariants(mapped(found, self._spec))
        except RedoError as error:
            raise Broken("crash", f"the node cannot start: {error}") from error
        except Broken as broken:
            raise Broken("crash", str(broken)) from broken

    @staticmethod
    def _reached(world: World) -> dict[str, int]:
        """How far checkpoint and pages on disk have come, in positions."""
        return {"the checkpoint": position_of(world.storage.checkpoint_lsn)} | {
            name: world.on_disk(name)[0] for name in PAGES
        }
