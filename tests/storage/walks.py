"""Seeded walks of the world around an engine."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from redoraft_check.machines.storage_world import KINDS, PAGES, TERMS, World


def random_step(world: World, rng: Random) -> str:
    """One step of a random walk, by name."""

    def crash() -> bool:
        survives = rng.randint(world.log.durable, len(world.log.items))
        return world.crash(survives, lambda disk: disk.crash(rng, rng.choice(("subset", "prefix"))))

    term = rng.choice(TERMS)
    kinds = [rng.choice(KINDS) for _ in range(rng.randint(0, 3))]
    inner: dict[str, Callable[[], bool]] = {
        "Flush": world.flush_list,
        "FlushLru": world.flush_lru,
        "FlushSingle": lambda: world.flush_page(rng.choice(list(PAGES))),
        "Checkpoint": world.checkpoint,
        "Apply": lambda: world.apply(rng.randint(1, 4)),
    }
    steps: dict[str, Callable[[], bool]] = {
        **inner,
        "CommittedGrows": lambda: world.committed_grows(term, kinds),
        "CommitOwn": world.commit_own,
        "Receive": lambda: world.receive(term, kinds),
        "ReceiveCommitted": world.receive_committed,
        "Fsync": lambda: world.fsync(rng.randint(0, len(world.log.items))),
        "Learn": world.learn,
        "Truncate": lambda: world.truncate(rng.randint(1, 3)),
        "StartServing": world.start_serving,
        "WriteMtr": lambda: world.write_mtr(rng.choice(KINDS)),
        "CloseEntry": world.close_entry,
        "Deposed": world.deposed,
        "DeleteRedo": world.delete_redo,
        "Crash": crash,
        "PowerFailsIn": lambda: world.power_fails_in(
            rng.choice(list(inner.values())), rng.randint(0, 6), crash
        ),
    }
    weights = [
        {"Crash": 0.1, "PowerFailsIn": 0.15, "Deposed": 0.2, "WriteMtr": 3.0}.get(one, 1.0) for one in steps
    ]
    while True:
        name = rng.choices(list(steps), weights)[0]
        if steps[name]():
            return name
