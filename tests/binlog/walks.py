"""Walks: every step that the environment allows, by dice."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from redoraft.binlog import Carrier
from redoraft.binlog.rules import ALL_BINLOG_RULES, BinlogRules
from redoraft.types import NO_TERM

from .lockstep import Lockstep, broken
from .world import NODES, World


def take_step(world: World, rng: Random) -> object:
    """Try one thing that may happen, the likely ones more often."""
    name = rng.choice(NODES)
    node = world.nodes.get(name)
    deposed = node is not None and node.leads != NO_TERM and name != world.leader
    likely: list[tuple[int, Callable[[], object]]] = [
        (1 if world.leader else 20, lambda: world.elect(name)),
        (20 if deposed else 1, lambda: world.restart(name, lambda disk: disk.crash(rng))),
        (6, world.commit),
        (6, lambda: world.learn(name)),
        (16, lambda: world.write_redo(name) or world.write_binlog(name) or world.prepare(name)),
        (4, lambda: world.take_binlog(name)),
        (4, lambda: world.take_redo(name)),
        (4, lambda: world.dump(name)),
    ]
    (move,) = rng.choices([move for _, move in likely], [weight for weight, _ in likely])
    return move()


def walk(
    seed: int,
    steps: int,
    rules: BinlogRules = ALL_BINLOG_RULES,
    carrier: Carrier = Carrier.OWN,
    off: str = "",
) -> World:
    """A walk in lockstep with the specification; AssertionError where it leaves it."""
    rng = Random(seed)
    world = World(rules, carrier)
    lockstep = Lockstep(world, off)
    for _ in range(steps):
        take_step(world, rng)
        lockstep.follow()
        for name in NODES:
            world.read(name)
        lockstep.follow()
    world.settle()
    lockstep.follow()
    world.check_at_rest()
    return world


def breaks(seed: int, steps: int, rules: BinlogRules) -> list[str]:
    """The first invariants that a walk breaks, without a specification beside it."""
    rng = Random(seed)
    world = World(rules)
    for _ in range(steps):
        take_step(world, rng)
        for name in NODES:
            world.read(name)
        if found := broken(world):
            return found
    return []
