"""With a rule off, an execution of the proof's own model breaks what is proved with it on.

The schedule and its values are the shortest behaviour of the gate model with the rule off, as it is recorded
in `spec/findings`, or else as the oracle finds it; init, every step and the violation are judged in the model
that `redoraft prove` speaks of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from attrs import frozen

from redoraft_check.counterexample.behaviour import Behaviour, members_of, write_trace
from redoraft_check.counterexample.clustered import write_clustered
from redoraft_check.counterexample.file_ops import write_file_ops
from redoraft_check.counterexample.recorded import read_recorded, record_path
from redoraft_check.exits import CliError, Exit
from redoraft_check.oracle.explore import explore
from redoraft_check.oracle.spec import load
from redoraft_check.oracle.values import from_tlc, pairs_of, to_tlc
from redoraft_check.paths import library_dirs
from redoraft_check.smt.commit_state import Raft
from redoraft_check.smt.concrete import Interpreter, Value
from redoraft_check.smt.ddl_mapping import ddl_reader
from redoraft_check.smt.formula import Action, Var
from redoraft_check.smt.mapping import Reader
from redoraft_check.smt.model import Model
from redoraft_check.smt.models import commit_rule, ddl, startup, storage_limits
from redoraft_check.smt.sequences import Mapped, Reads, Variables
from redoraft_check.smt.startup_mapping import StartupReader
from redoraft_check.smt.startup_rule import Start
from redoraft_check.smt.storage_mapping import StorageReader
from redoraft_check.tlc.manifest import Manifest
from redoraft_check.tlc.manifest import Model as GateModel

_DDL: Final[Mapping[str, str]] = {
    "DDL-3_off": "FilesAgree",
    "DDL-4_off": "FilesAgree",
    "DDL-5_off": "FilesAgree",
    "DDL-6_off": "NoNodeStops",
    "DDL-7_off": "CommittedFilesStay",
    "DDL-8_off": "FilesAgree",
    "DDL-9_off": "NoNodeStops",
    "DDL-10_off": "FilesAgree",
    "H1_off": "NoNodeStops",
    "DdlRename_a_rollback": "FilesAgree",
    "H2_off": "OneFilePerSpace",
    "H3_off": "CommittedFilesStay",
    "H4_off": "FilesAgree",
    "H5_off": "NoNodeStops",
    "H6_off": "NoNodeStops",
    "H14-ddl_off": "FilesAgree",
    "H30_off": "NoNodeStops",
    "H31_off": "CachesAreFresh",
}

REFUTED: Final[Mapping[str, str]] = {
    "CL-1_off": "LogMatching",
    "CL-2_off": "LogNodesNeverServe",
    "LOG-1_off": "CommittedIsWhole",
    "LOG-5-term_off": "CommittedOnQuorum",
    "LOG-5_off": "CommittedOnQuorum",
    "LOG-6_off": "KnownIsCommitted",
    "LOG-12_off": "CommittedOnQuorum",
    "LIM-4_off": "AcknowledgedStays",
    "H8_off": "KnownIsCommitted",
    "H9_off": "CommittedOnQuorum",
    "H9-vote_off": "ElectionSafety",
    "H15_off": "KnownIsCommitted",
    "H16_off": "KnownIsCommitted",
    "H34_off": "KnownIsCommitted",
    "ST-1_off": "AppliedIsCommitted",
    "ST-2_off": "AppliedIsCommitted",
    "LIM-3_off": "AppliedIsCommitted",
    "H13_off": "AppliedIsCommitted",
    "H14_off": "VisibleIsCommitted",
    "LOG-8_off": "NothingNeededIsDeleted",
    "LIM-1_off": "CheckpointIsShared",
    "LIM-2_off": "DiskIsCommitted",
    "LIM-3_readers_off": "ReadersSeeCommitted",
    "H13_pages_off": "ReadersSeeCommitted",
    "H21_off": "DiskIsCommitted",
    "H22_off": "NotesReconstructible",
    "H23_off": "ReadersSeeCommitted",
    "H33_off": "CheckpointIsShared",
    **_DDL,
}
"""By gate model, the property of the proof that its behaviour breaks in the end."""

REDUNDANT: Final = frozenset({"H11"})
"""Rules without which all is still proved (tests/smt/test_prove.py)."""

REPAIRS: Final[Mapping[str, str]] = {
    "H1a": "DdlRename_b",
    "H2a": "DdlCreate_b_d2",
    "H2b": "DdlCreate_a",
    "H3a": "DdlDrop_b",
    "H3b": "DdlDrop_a",
}
"""By rule that only a hole's other repair makes needless: the gate model that has the other and holds.

Nothing is proved without it.
"""

_PAGES = ("p", "q", "dict")
"""The pages of the gate models of StorageLimits."""


@frozen
class Refutation:
    """With the rules `off`, so many steps lead to a state in which `broken` is false for the first time."""

    gate_model: str
    module: str
    off: tuple[str, ...]
    broken: str
    behaviour: Behaviour

    @property
    def steps(self) -> int:
        """How many."""
        return len(self.behaviour.states) - 1


def refutation(manifest: Manifest, name: str) -> Refutation:
    """The execution that one of `REFUTED` tells of.

    Raises CliError (1) if a step of it is none of the proof's model, or if it does not break the property in
    its last state and there only.
    """
    found, broken = manifest.model(name), REFUTED[name]
    behaviour = behaviour_of(manifest, found)
    labels = [label.partition(" ")[0] for label in behaviour.labels[1:]]
    told = [{key: from_tlc(value) for key, value in state.items()} for state in behaviour.states]
    model, reader = _spoken_of(found, told[0])
    states = _mapped(reader, told)
    interpreter = Interpreter()
    if not interpreter.holds(model.init, reader.world(states[0])):
        raise _disagrees(name, f"does not begin in an initial state of {model.name}")
    in_states = [one.formula for one in model.safety if one.name == broken]
    held = [all(interpreter.holds(one, reader.world(states[0])) for one in in_states)]
    for at, (label, (before, after)) in enumerate(zip(labels, pairwise(states), strict=True), start=1):
        taken = _taken(model, reader, label, before, after)
        if not taken:
            raise _disagrees(name, f"step {at} ({label}) is none of {model.name}")
        state, step = reader.world(after), reader.world(before, after)
        by_step = [
            (one.formula, given) for action, given in taken for one in action.facts if one.name == broken
        ]
        held.append(
            all(interpreter.holds(one, state) for one in in_states)
            and all(interpreter.holds(one, step, given) for one, given in by_step)
        )
    if held != [True] * (len(states) - 1) + [False]:
        raise _disagrees(name, f"does not break {broken} in its last state and there only")
    return Refutation(name, found.module, found.off, broken, behaviour)


def behaviour_of(manifest: Manifest, model: GateModel) -> Behaviour:
    """A gate model's shortest counterexample: the recorded one, or else the oracle's."""
    spec = manifest.folder.parent
    kept = record_path(spec, model.name)
    if kept.exists():
        return read_recorded(kept).behaviour
    module, config = manifest.folder / f"{model.module}.tla", manifest.config_path(model)
    loaded = load(module, config, library_dirs(spec))
    graph = explore(loaded)
    if graph.violation is None:
        raise CliError(Exit.DISAGREES, f"{model.name}: the oracle finds no counterexample")
    at = graph.states[graph.violation.state]
    path = graph.path((*graph.origins[at], graph.violation.state))
    return Behaviour(
        tuple({key: to_tlc(value) for key, value in loaded.as_dict(state).items()} for _, state in path),
        tuple(str(label or "") for label, _ in path),
        members=members_of(loaded.config.constants),
    )


def _spoken_of(found: GateModel, first: Variables) -> tuple[Model, Reads]:
    """The proof's model of a specification, and what reads its states."""
    off = frozenset(found.off)
    if found.module == "MCStorageLimits":
        return storage_limits(off), StorageReader(_PAGES)
    if found.module == "MCDdlFileOps":
        return ddl(off), ddl_reader(first)
    raft = Raft.over(0)
    nodes = [name for name, _ in pairs_of(first["term"])]
    data, log = tuple(nodes[:-1]), tuple(nodes[-1:])
    if found.module.startswith("MCRaftRedo"):
        return commit_rule(off), Reader(raft, data, log)
    return startup(off), StartupReader(Start(raft), data, log)


def _mapped(reader: Reads, states: Iterable[Variables]) -> list[Mapped]:
    """States one after the other, each with what only the ones before it tell."""
    found: list[Mapped] = []
    for variables in states:
        found.append(reader.state(variables, found[-1] if found else None))
    return found


_Step = tuple[Action, Mapping[Var, Value]]
"""An action and its arguments."""


def _taken(model: Model, reader: Reads, label: str, before: Mapped, after: Mapped) -> list[_Step]:
    """The actions of this name that lead from one state to the other, each with its arguments."""
    world = reader.world(before, after)
    end = reader.within(after, world)
    name = reader.actions.get(label, label)
    interpreter = Interpreter()
    return [
        (step, given)
        for step in model.actions
        if step.name == name
        for given in interpreter.choices(step, world)
        if reader.alike(interpreter.after(step, world, given), end)
    ]


def _disagrees(name: str, said: str) -> CliError:
    return CliError(Exit.DISAGREES, f"{name}: its counterexample {said}")


def chosen(manifest: Manifest, rules: Sequence[str]) -> list[str]:
    """The entries of `REFUTED` of these rules, of all of them for "all".

    Raises CliError (2) for a rule that there is not, or that no proof has; (1) for a redundant one, also
    where it is so within bounds only.
    """
    if "all" in rules:
        return list(REFUTED)
    found: list[str] = []
    for rule in dict.fromkeys(manifest.rule(name).id for name in rules):
        own = [name for name in REFUTED if manifest.model(name).off[0] == rule]
        if rule in REDUNDANT:
            raise CliError(Exit.DISAGREES, f"{rule} is redundant: all that is proved holds without it")
        if rule in REPAIRS:
            other = manifest.model(REPAIRS[rule])
            raise CliError(
                Exit.DISAGREES,
                f"{rule} is redundant within bounds: {other.name} ({other.summary}) holds without it by TLC; "
                f"without bounds that is not proved; without both repairs: --refute {rule[:-1]}",
            )
        if not own:
            raise CliError(Exit.USAGE, f"no proof has the rule {rule}; see redoraft prove --list")
        found += own
    return found


UNTRACED: Final[Mapping[str, str]] = {
    "CL-1_off": "Startup refuses a follower's write a second time, by Serving, which has no switch",
    "LIM-3_readers_off": "TraceStorage takes what is applied from Startup: LIM-3_off is its trace",
    "H13_pages_off": "TraceStorage has no pages that hold what the log has lost: H13_off is the log's trace",
    "H21_off": "TraceStorage derives the buffer pool from the log: a change without redo is not in it",
    "H22_off": "TraceStorage has no records of metadata: a mtr changes pages and nothing else",
    "H23_off": "TraceStorage has Startup's log, in which a follower writes nothing, whatever rule is off",
}
"""Why a refutation is no trace that the trace specification accepts without the rule."""


def write_refutation(path: Path, manifest: Manifest, found: Refutation, source: str) -> int:
    """Write it as a trace; how many events it has.  Raises as `write_trace`.

    It is a rule's `scenario` where its refutation in RaftRedo is no run of Startup.
    """
    if found.module == "MCDdlFileOps":
        return write_file_ops(path, found.behaviour, manifest.folder.parent, source)
    if found.module == "MCStorageLimits":
        return write_clustered(path, found.behaviour, source)
    rule = manifest.rule(found.off[0])
    other = rule.model == found.gate_model and rule.drivable != found.gate_model
    drivable = behaviour_of(manifest, manifest.model(rule.drivable)) if other else found.behaviour
    return write_trace(path, drivable, source)
