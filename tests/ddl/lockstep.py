"""DDL beside spec/DdlFileOps.tla: the nodes' state as the specification's, their steps as actions of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from redoraft.storage.port import LoggedMtr
from redoraft_check.fuzz.ddl_lockstep import file_ops as load_file_ops
from redoraft_check.fuzz.ddl_reading import entries_of, files_of, files_on, record_of, table_of
from redoraft_check.machines.storage_parts import position_of
from redoraft_check.oracle.spec import Spec
from redoraft_check.oracle.values import Value, make_function, make_sequence, make_set

from .world import NAMES, NODES, Member, Step, World

SPEC = Path(__file__).resolve().parents[2] / "spec"
INVARIANTS = ("FilesAgree", "OneFilePerSpace", "NoNodeStops", "CachesAreFresh", "NothingPending")
State = tuple[Value, ...]


@cache
def file_ops() -> Spec:
    """DdlFileOps with all rules on."""
    return load_file_ops(SPEC, NODES, NAMES)


def mapped(world: World, spec: Spec) -> State:
    """The cluster's state in the specification's variables."""
    members = world.members
    return spec.state(
        {
            "log": make_sequence(record_of(entry) for entry in world.entries),
            "term": world.term,
            "leader": world.leader or "none",
            "stage": world.stage,
            "majority": world.majority,
            "job": _job(world),
            "files": _by_node(world, lambda one: files_of(files_on(one.disk))),
            "applied": make_function({name: _applied(one) for name, one in members.items()}),
            "phase": make_function({name: one.phase for name, one in members.items()}),
            "late": make_function({name: make_set(_late(one)) for name, one in members.items()}),
            "cache": make_function({name: _cache(one) for name, one in members.items()}),
        }
    )


def _by_node(world: World, value: Callable[[Member], Value]) -> Value:
    return make_function({name: value(one) for name, one in world.members.items()})


def _job(world: World) -> Value:
    leader = None if world.leader is None else world.members[world.leader].leader
    if leader is None or leader.job is None:
        return make_function({"row": 0, "pc": "idle"})
    # Rows are numbered in the order of the log.
    rows = [at for at, entry in enumerate(world.entries, 1) if entry.op == "row"]
    return make_function({"row": rows[leader.job.row.row_id - 1], "pc": leader.job.at})


def _applied(member: Member) -> int:
    return 0 if member.node is None else position_of(member.node.executed_lsn)


def _late(member: Member) -> list[Value]:
    leader = member.leader
    if not member.late or leader is None or leader.job is None:
        return []
    at = LoggedMtr(leader.node.log.last_lsn, leader.node.log.last_lsn, (leader.job.call,))
    return [record_of(entry) for entry in entries_of([at])]


def _cache(member: Member) -> Value:
    return files_of([] if member.node is None else [table_of(one) for one in member.node.cache])


INTERRUPTED = ("CallsOs", "EndDdl", "Applies", "LateCalls")
"""What may have been done, or not, when the power is gone in the middle of it."""


class Lockstep:
    """Follows a world with the specification."""

    def __init__(self, world: World, spec: Spec, state: State | None = None) -> None:
        """From the specification's initial state on, or from one that is known to be the world's."""
        self.world, self.spec = world, spec
        self.state = next(iter(spec.initial_states())) if state is None else state
        assert self.state == mapped(world, spec), spec.difference(self.state, mapped(world, spec))
        self.actions = 0

    def follow(self) -> None:
        """Take the world's new steps; AssertionError if the specification does not allow one."""
        trail, self.world.trail = self.world.trail, []
        self.actions += len(trail)
        self.state = arrived(self.world, self.spec, self.state, trail)


def arrived(world: World, spec: Spec, state: State, trail: Sequence[Step]) -> State:
    """Where these steps lead: to what the world shows, with all invariants, or AssertionError."""
    target = mapped(world, spec)
    states = {state}
    for name, args in trail:
        before, states = states, _after(spec, states, name, args)
        assert states, f"NotAllowed: {name}{args} in {_shown(spec, next(iter(before)))}"
    assert target in states, f"NotThere: {trail}: {spec.difference(next(iter(states)), target)}"
    for invariant in INVARIANTS:
        assert spec.check(invariant, target), invariant
    return target


def _after(spec: Spec, states: set[State], name: str, args: tuple[str, ...]) -> set[State]:
    if name == "PowerLost":
        return states.union(*(_after(spec, states, one, args) for one in INTERRUPTED))
    names = (name, "CrashesInApply") if name == "Crashes" else (name,)
    return {after for one in names for state in states for _, after in spec.successors(state, one, args)}


def _shown(spec: Spec, state: State) -> str:
    return ", ".join(f"{name} = {value}" for name, value in spec.as_dict(state).items())
