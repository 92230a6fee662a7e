"""Seeded random walks of a `World` that prefer steps which are possible."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from .world import NAMES, NODES, Kinds, World, losing_any

Weights = dict[str, float]
WEIGHTS: Weights = {
    "step": 8,
    "advance": 5,
    "apply": 4,
    "validate": 3,
    "establish": 3,
    "statement": 2,
    "crash": 0.08,
    "power": 0.12,
    "elect": 0.12,
    "late": 3,
    "row": 0.4,
    "open": 0.4,
    "flush": 0.4,
    "rollback": 0.1,
}


def random_step(world: World, rng: Random, weights: Weights = WEIGHTS) -> str:
    """One step of a random walk, by name."""
    node, other = rng.choice(NODES), rng.choice(NODES)
    name, to = rng.sample(NAMES, 2)
    kind: Kinds = rng.choice(("create", "rename", "drop"))
    inner: dict[str, Callable[[], bool]] = {
        "apply": lambda: world.apply(node),
        "flush": lambda: world.flush(node),
    }
    if node == world.leader:
        inner["step"] = world.step
    steps: dict[str, Callable[[], bool]] = {
        **inner,
        "step": world.step,
        "advance": lambda: world.advance(rng.randint(world.majority, world.end)),
        "validate": lambda: world.validate(node),
        "establish": world.establish,
        "statement": lambda: world.statement(kind, name, to),
        "crash": lambda: world.crash(node, losing_any(rng)),
        "power": lambda: world.power_fails_in(
            node, rng.choice(list(inner.values())), rng.randint(0, 8), losing_any(rng)
        ),
        "elect": lambda: world.elect(other, rng.randint(world.majority, world.end)),
        "late": lambda: world.late_call(node),
        "row": lambda: world.write_row(name),
        "open": lambda: world.open_table(node, name),
        "rollback": world.roll_back,
    }
    left = dict(weights)
    while left:
        chosen = rng.choices(list(left), list(left.values()))[0]
        if steps[chosen]():
            return chosen
        del left[chosen]
    raise AssertionError("no step is possible")
