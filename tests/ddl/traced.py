"""The nodes of `World` write a trace of what they do: DDL alone, judged by DdlFileOps (docs/traces.md)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

from redoraft.ddl.mutants import MUTANTS
from redoraft.ddl.rules import ALL_DDL_RULES, DdlRules
from redoraft.storage.tablespaces import FIRST_SPACE
from redoraft_check.counterexample.file_ops import Words, event_name
from redoraft_check.validate.mapping import DDL, load_mapping
from redoraft_traces import Event, Header, TraceWriter

from .lockstep import SPEC, file_ops, mapped
from .stage import Stage
from .walks import random_step
from .world import NAMES, NODES, World

ROWS = load_mapping(SPEC).alone[DDL]


class Traced(World):
    """Every action as an event, with what the nodes' logs and disks show before and after it."""

    def __init__(self, rules: DdlRules = ALL_DDL_RULES) -> None:
        self.events: list[Event] = []
        self._counts: Counter[str] = Counter()
        super().__init__(rules)
        self._before = file_ops().as_dict(mapped(self, file_ops()))

    def _did(self, action: str, *args: str) -> bool:
        after = file_ops().as_dict(mapped(self, file_ops()))
        # A process that loses power writes nothing; what was done then is what its Restart finds.
        if action != "PowerLost":
            node = args[0] if args else str(after["leader"])
            self._counts[node] += 1
            at = node, self._counts[node]
            self.events.append(self._words().event(ROWS[event_name(action)], at, self._before, after))
        self._before = after
        return super()._did(action, *args)

    def _words(self) -> Words:
        ends = [self.members[NODES[0]].view.start_lsn, *(mtr.end for mtr in self.log)]
        return Words(lsn=ends.__getitem__, first_space=FIRST_SPACE)

    def header(self, source: str) -> Header:
        """Of the trace of this world."""
        start = int(self.members[NODES[0]].view.start_lsn)
        constants = {"data_nodes": list(NODES), "table_names": sorted(NAMES)}
        numbers = {"start_lsn": start, "first_space_id": FIRST_SPACE}
        return Header(modules=[DDL], constants=constants | numbers, nodes=list(NODES), source=source)


class TracedStage(Traced, Stage):
    """The same for the schedules of `test_rules`."""


def write(path: Path, world: Traced, source: str) -> Path:
    """Put its trace into a file."""
    with TraceWriter(path, world.header(source)) as trace:
        for event in world.events:
            trace.write(event)
    return path


def walk(path: Path, seed: int, steps: int, mutant: str = "") -> Path:
    """The trace of a seeded random walk, of nodes without the rule of a mutant."""
    rng, world = Random(seed), Traced(MUTANTS[mutant].rules() if mutant else ALL_DDL_RULES)
    for _ in range(steps):
        random_step(world, rng)
    without = f", mutant {mutant}" if mutant else ""
    return write(path, world, f"a walk of tests/ddl, seed {seed}, {steps} steps{without}")
