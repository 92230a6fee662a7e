"""With a rule off, an execution of the proof's own model breaks what is proved with it on.

The schedule and its values are the shortest behaviour of the gate model with the rule off, as it is recorded
in `spec/findings`; init, every step and the violation are those of the model that `redoraft prove` speaks of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

import pytest
from tests.smt.tie import SPEC, Reads, ddl_reader

from redoraft_check.counterexample.recorded import read_recorded, record_path
from redoraft_check.oracle.explore import explore
from redoraft_check.oracle.spec import load
from redoraft_check.oracle.values import from_tlc
from redoraft_check.smt.commit_state import Raft
from redoraft_check.smt.concrete import Interpreter
from redoraft_check.smt.mapping import Reader
from redoraft_check.smt.model import Model
from redoraft_check.smt.models import commit_rule, ddl, startup, storage_limits
from redoraft_check.smt.sequences import Mapped
from redoraft_check.smt.startup_mapping import StartupReader
from redoraft_check.smt.startup_rule import Start
from redoraft_check.smt.storage_mapping import StorageReader
from redoraft_check.tlc.manifest import Model as GateModel
from redoraft_check.tlc.manifest import load_manifest

REFUTED = {
    "CL-1_off": ("LogMatching", 7),
    "CL-2_off": ("LogNodesNeverServe", 4),
    "LOG-1_off": ("CommittedIsWhole", 14),
    "LOG-5-term_off": ("CommittedOnQuorum", 12),
    "LOG-5_off": ("CommittedOnQuorum", 7),
    "LOG-6_off": ("KnownIsCommitted", 6),
    "LOG-12_off": ("CommittedOnQuorum", 7),
    "LIM-4_off": ("AcknowledgedStays", 6),
    "H8_off": ("KnownIsCommitted", 14),
    "H9_off": ("CommittedOnQuorum", 18),
    "H9-vote_off": ("ElectionSafety", 10),
    "H15_off": ("KnownIsCommitted", 8),
    "H16_off": ("KnownIsCommitted", 6),
    "H34_off": ("KnownIsCommitted", 15),
    "ST-1_off": ("AppliedIsCommitted", 7),
    "ST-2_off": ("AppliedIsCommitted", 6),
    "LIM-3_off": ("AppliedIsCommitted", 6),
    "H13_off": ("AppliedIsCommitted", 13),
    "H14_off": ("VisibleIsCommitted", 10),
    "LOG-8_off": ("NothingNeededIsDeleted", 7),
    "LIM-1_off": ("CheckpointIsShared", 9),
    "LIM-2_off": ("DiskIsCommitted", 9),
    "LIM-3_readers_off": ("ReadersSeeCommitted", 2),
    "H13_pages_off": ("ReadersSeeCommitted", 7),
    "H21_off": ("DiskIsCommitted", 8),
    "H22_off": ("NotesReconstructible", 6),
    "H23_off": ("ReadersSeeCommitted", 1),
    "H33_off": ("CheckpointIsShared", 5),
    "DDL-3_off": ("FilesAgree", 9),
    "DDL-4_off": ("FilesAgree", 11),
    "DDL-5_off": ("FilesAgree", 15),
    "DDL-6_off": ("NoNodeStops", 5),
    "DDL-7_off": ("CommittedFilesStay", 7),
    "DDL-8_off": ("FilesAgree", 11),
    "DDL-9_off": ("NoNodeStops", 6),
    "DDL-10_off": ("FilesAgree", 6),
    "H1_off": ("NoNodeStops", 6),
    "H2_off": ("OneFilePerSpace", 9),
    "H3_off": ("CommittedFilesStay", 4),
    "H4_off": ("FilesAgree", 19),
    "H5_off": ("NoNodeStops", 20),
    "H6_off": ("NoNodeStops", 10),
    "H14-ddl_off": ("FilesAgree", 8),
    "H30_off": ("NoNodeStops", 17),
    "H31_off": ("CachesAreFresh", 5),
}
"""The property of the proof that breaks, in a state or by the last step, and after how many steps."""

MODELS = {model.name: model for model in load_manifest(SPEC / "models").models}
NODES = ("n1", "n2"), ("n3",)


def spoken_of(module: str, off: frozenset[str], first: Mapping[str, Any]) -> tuple[Model, Reads]:
    """The proof's model of a specification, and what reads its states, of which one is the first."""
    raft = Raft.over(0)
    if module == "MCRaftRedo":
        return commit_rule(off), Reader(raft, *NODES)
    if module == "MCStartup":
        return startup(off), StartupReader(Start(raft), *NODES)
    if module == "MCDdlFileOps":
        return ddl(off), ddl_reader(first)
    return storage_limits(off), StorageReader(("p", "q", "dict"))


def schedule(model: GateModel) -> tuple[list[str], list[Mapping[str, Any]]]:
    """The steps and states of a model's counterexample: the recorded one, or else the oracle's."""
    kept = record_path(SPEC, model.name)
    if kept.exists():
        found = read_recorded(kept)
        return list(found.actions), [
            {name: from_tlc(value) for name, value in state.items()} for state in found.behaviour.states
        ]
    folder = SPEC / "models"
    spec = load(folder / f"{model.module}.tla", folder / model.config, (SPEC, folder))
    graph = explore(spec)
    assert graph.violation is not None
    at = graph.states[graph.violation.state]
    path = graph.path((*graph.origins[at], graph.violation.state))
    return [str(label) for (label, _) in path[1:]], [spec.as_dict(state) for _, state in path]


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
    labels, told = schedule(found)
    model, reader = spoken_of(found.module, frozenset(found.off), told[0])
    states = behaviour(reader, told)
    interpreter = Interpreter()
    assert interpreter.holds(model.init, reader.world(states[0]))
    for label, (before, after) in zip(labels, pairwise(states), strict=True):
        world = reader.world(before, after)
        end = reader.within(after, world)
        steps = [one for one in model.actions if one.name == reader.actions.get(label, label)]
        taken = [
            (step, given)
            for step in steps
            for given in interpreter.choices(step, world)
            if reader.alike(interpreter.after(step, world, given), end)
        ]
        assert taken, label
        by_step = [
            interpreter.holds(one.formula, world, given)
            for step, given in taken
            for one in step.facts
            if one.name == broken
        ]
    last, before_last = reader.world(states[-1]), reader.world(states[-2])
    in_state = [one.formula for one in model.safety if one.name == broken]
    assert not all(by_step) or not all(interpreter.holds(one, last) for one in in_state)
    assert all(interpreter.holds(one, before_last) for one in in_state)
    assert in_state or by_step
    assert len(labels) == depth
