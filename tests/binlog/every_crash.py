"""Every crash of one scenario: power fails before every operation of a disk, with every subset that survives.

The start that follows is cut short in the same way, losing or keeping everything, and the node starts again.
Then each node that may be the next leader is it, all comes to rest, and everything is the same everywhere; in
lockstep with the specification all the way.  A crash inside TakeRedo is not among them: to the specification
that is one step, and what a crash leaves of a truncation or of an append is tests/redo's matter.

    python -m tests.binlog.every_crash     the counts, and what finds each mutant
"""

from __future__ import annotations

import copy
import sys
from collections import Counter
from collections.abc import Callable

import attrs

from redoraft.binlog import Carrier
from redoraft.binlog.mutants import BINLOG_MUTANTS
from redoraft.binlog.rules import ALL_BINLOG_RULES, BinlogRules
from redoraft.disk.memory import MemoryDisk
from redoraft.disk.subsets import subsets
from redoraft.types import NodeId

from .lockstep import Lockstep
from .world import NODES, World, keep_all, lose_all

BOUND, ODD = 8, 2

SCENARIO = """
elect n1, take_redo n2, commit, learn n1
prepare n1, write_binlog n1, take_binlog n2, write_redo n1, take_redo n2, commit, learn n1, dump n1
prepare n1, write_binlog n1, restart n1, elect n1, commit, learn n1, resolve n1
prepare n1, take_redo n2, write_binlog n1, take_binlog n2, write_redo n1
elect n2, restart n1, commit, learn n2, resolve n2
prepare n2, write_binlog n2, write_redo n2, prepare n2, write_binlog n2, write_redo n2
take_redo n1, take_binlog n1, take_redo n1, commit, learn n2, dump n2
"""
"""A commit; a leader that dies with its binlog ahead and is elected again; one that is deposed with a commit
that nobody else has, and takes two others for it."""


def steps_of(scenario: str) -> list[tuple[str, NodeId | None]]:
    """The steps, each with its node."""
    found = (step.strip().partition(" ") for line in scenario.split("\n") for step in line.split(",") if step)
    return [(name, NodeId(node) if node else None) for name, _, node in found if name]


def act(world: World, name: str, node: NodeId | None) -> Callable[[], object]:
    """The step of a world."""
    if node is None:
        return world.commit
    if name == "restart":
        return lambda: world.restart(node, keep_all)
    step: Callable[[NodeId], object] = getattr(world, name)
    return lambda: step(node)


@attrs.define
class Tally:
    """What was tried."""

    points: Counter[str] = attrs.field(factory=Counter)
    """Operations of a disk before which power failed, by the step."""
    crashes: int = 0
    worlds: int = 0
    """Crashes that left different disks."""
    second: int = 0
    """Crashes in the start after a crash."""
    ends: int = 0


def every_crash(
    rules: BinlogRules = ALL_BINLOG_RULES, scenario: str = SCENARIO, carrier: Carrier = Carrier.OWN
) -> Tally:
    """Try all of them; AssertionError at the first that goes wrong."""
    tally = Tally()
    world = World(rules, carrier)
    lockstep = Lockstep(world)
    for name, node in steps_of(scenario):
        if node is not None and name not in {"take_redo", "dump", "learn", "restart"}:
            _crash_in(lockstep, name, node, tally)
        act(world, name, node)()
        lockstep.follow()
        if node is not None:
            _after_crash(lockstep, node, keep_all, tally)
    world.settle()
    lockstep.follow()
    world.check_at_rest()
    return tally


def _crash_in(lockstep: Lockstep, name: str, node: NodeId, tally: Tally) -> None:
    for after in range(100):
        here = copy.deepcopy(lockstep)
        if not here.world.losing_power(node, act(here.world, name, node), after):
            return
        tally.points[name] += 1
        disk = here.world.disks[node]
        seen: set[tuple[tuple[str, bytes], ...]] = set()
        for keep in subsets(disk.pending, BOUND, ODD):
            tally.crashes += 1
            crashed = disk.copy()
            crashed.crash_keeping(keep)
            picture = tuple((one, crashed.open(one).read(0, 1 << 20)) for one in sorted(crashed.names))
            if picture not in seen:
                seen.add(picture)
                _crash_in_start(here, node, _keeping(keep), tally)
                _after_crash(here, node, _keeping(keep), tally)


def _keeping(keep: tuple[bool, ...]) -> Callable[[MemoryDisk], None]:
    return lambda disk: disk.crash_keeping(keep)


def _after_crash(
    lockstep: Lockstep, node: NodeId, survives: Callable[[MemoryDisk], None], tally: Tally
) -> None:
    """The node starts again; each that can be elected is, or the leader that there is goes on."""
    tally.worlds += 1
    crashed = copy.deepcopy(lockstep)
    crashed.world.restart(node, survives)
    crashed.world.survived(node)
    crashed.follow()
    for leader in (None, *NODES):
        end = copy.deepcopy(crashed)
        if leader is not None and not end.world.elect(leader):
            continue
        tally.ends += 1
        end.follow()
        end.world.settle()
        end.follow()
        end.world.check_at_rest()


def _crash_in_start(
    lockstep: Lockstep, node: NodeId, survives: Callable[[MemoryDisk], None], tally: Tally
) -> None:
    for after in range(100):
        for then in (keep_all, lose_all):
            here = copy.deepcopy(lockstep)
            if not here.world.losing_power_in_start(node, survives, after):
                return
            if then is lose_all and here.world.disks[node].pending == 0:
                continue
            tally.second += 1
            here.world.restart(node, then)
            here.world.survived(node)
            here.follow()


if __name__ == "__main__":
    sys.stdout.write(f"{every_crash()}\n")
    for mutant in BINLOG_MUTANTS.values():
        try:
            every_crash(mutant.rules())
            sys.stdout.write(f"{mutant.name}: nothing\n")
        except AssertionError as wrong:
            sys.stdout.write(f"{mutant.name}: {wrong}\n")
