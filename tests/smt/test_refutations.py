"""With a rule off, an execution of the proof's own model breaks what is proved with it on.

The schedule and its values are the shortest behaviour of the gate model with the rule off; init, every step
and the violation are those of the model that `redoraft prove` speaks of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from tests.smt.tie import SPEC, Reads

from redoraft_check.oracle.explore import explore
from redoraft_check.oracle.spec import load
from redoraft_check.smt.commit_rule import Raft
from redoraft_check.smt.concrete import Interpreter
from redoraft_check.smt.mapping import Reader
from redoraft_check.smt.model import Model
from redoraft_check.smt.models import commit_rule, startup, storage_limits
from redoraft_check.smt.sequences import Mapped
from redoraft_check.smt.startup_mapping import StartupReader
from redoraft_check.smt.startup_rule import Start
from redoraft_check.smt.storage_mapping import StorageReader
from redoraft_check.tlc.manifest import load_manifest

REFUTED = {
    "CL-1_off": ("LogMatching", 7),
    "CL-2_off": ("LogNodesNeverServe", 4),
    "LOG-5_off": ("CommittedOnQuorum", 7),
    "LOG-6_off": ("KnownIsCommitted", 6),
    "LOG-12_off": ("CommittedOnQuorum", 7),
    "LIM-4_off": ("AcknowledgedStays", 6),
    "H8_off": ("KnownIsCommitted", 14),
    "H15_off": ("KnownIsCommitted", 8),
    "H16_off": ("KnownIsCommitted", 6),
    "ST-1_off": ("AppliedIsCommitted", 7),
    "ST-2_off": ("AppliedIsCommitted", 6),
    "LIM-3_off": ("AppliedIsCommitted", 6),
    "H14_off": ("VisibleIsCommitted", 10),
    "LOG-8_off": ("NothingNeededIsDeleted", 7),
    "LIM-1_off": ("CheckpointIsShared", 9),
    "LIM-2_off": ("DiskIsCommitted", 9),
    "LIM-3_readers_off": ("ReadersSeeCommitted", 2),
    "H22_off": ("NotesReconstructible", 6),
    "H23_off": ("ReadersSeeCommitted", 1),
    "H33_off": ("RecoveredIsCommitted", 5),
}
"""The property of the proof that breaks, and after how many steps."""

MODELS = {model.name: model for model in load_manifest(SPEC / "models").models}
NODES = ("n1", "n2"), ("n3",)


def spoken_of(module: str, off: frozenset[str]) -> tuple[Model, Reads]:
    """The proof's model of a specification, and what reads its states."""
    raft = Raft.over(0)
    if module == "MCRaftRedo":
        return commit_rule(off), Reader(raft, *NODES)
    if module == "MCStartup":
        return startup(off), StartupReader(Start(raft), *NODES)
    return storage_limits(off), StorageReader(("p", "q", "dict"))


def behaviour(reader: Reads, states: Iterable[Mapping[str, Any]]) -> list[Mapped]:
    """States one after the other, each with what only the ones before it tell."""
    found: list[Mapped] = []
    for variables in states:
        found.append(reader.state(variables, found[-1] if found else None))
    return found


@pytest.mark.tlc
@pytest.mark.parametrize("name", REFUTED)
def test_a_rule_taken_out_is_refuted_by_an_execution(name: str) -> None:
    broken, depth = REFUTED[name]
    found = MODELS[name]
    folder = SPEC / "models"
    spec = load(folder / f"{found.module}.tla", folder / found.config, (SPEC, folder))
    graph = explore(spec)
    assert graph.violation is not None
    model, reader = spoken_of(found.module, frozenset(found.off))
    at = graph.states[graph.violation.state]
    path = graph.path((*graph.origins[at], graph.violation.state))
    states = behaviour(reader, [spec.as_dict(state) for _, state in path])
    interpreter = Interpreter()
    assert interpreter.holds(model.init, reader.world(states[0]))
    for (label, _), before, after in zip(path[1:], states, states[1:], strict=False):
        world = reader.world(before, after)
        steps = [one for one in model.actions if one.name == reader.actions.get(str(label), label)]
        ends = (end for one in steps for end in interpreter.steps(one, world))
        assert any(reader.alike(end, reader.within(after, world)) for end in ends), label
    last = reader.world(states[-1])
    assert broken in {one.name for one in model.safety if not interpreter.holds(one.formula, last)}
    before_last = reader.world(states[-2])
    assert all(interpreter.holds(one.formula, before_last) for one in model.safety if one.name == broken)
    assert len(states) - 1 == depth
