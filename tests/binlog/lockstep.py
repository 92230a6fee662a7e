"""A binlog beside spec/BinlogReads.tla: the cluster's state and its steps are the specification's."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from redoraft.binlog import Carrier
from redoraft_check.oracle.spec import Spec, load
from redoraft_check.oracle.values import Value, make_function, make_sequence

from .world import NODES, Record, World

SPEC = Path(__file__).resolve().parents[2] / "spec"
INVARIANTS = (
    "ReadersTypeOK",
    "BinlogIsRedo",
    "DownstreamIsCommitted",
    "SeenStays",
    "ViewIsCommitted",
    "DownstreamIsShown",
)
READER = "Read"
"""The action that is of readers alone; the others are those of Binlog beside them."""
CUT_SHORT = ("Elect", "WriteBinlog", "WriteRedo", "TakeBinlog")
"""What may have been done, or not, when the power goes in the middle of it."""
State = tuple[Value, ...]


@cache
def binlog_spec(carrier: Carrier, off: str = "") -> Spec:
    """BinlogReads with all rules on, or all but one; visibility is held back."""
    off = off and f'"{off}"'
    nodes = ", ".join(f'"{name}"' for name in NODES)
    constants = f' DataNodes = {{{nodes}}}\n Carrier = "{carrier}"\n Visibility = "hold"\n Off = {{{off}}}\n'
    with TemporaryDirectory() as folder:
        config = Path(folder) / "BinlogReads.cfg"
        config.write_text(f"INIT ReadersInit\nNEXT ReadersNext\nCONSTANTS\n{constants}", encoding="utf-8")
        return load(SPEC / "BinlogReads.tla", config, (SPEC,))


def mapped(world: World) -> State:
    """The cluster's state in the specification's variables; every node runs."""
    nodes = world.nodes
    return binlog_spec(world.carrier).state(
        {
            "committed": _log(world.committed),
            "newest": world.newest,
            "redo": make_function({name: _log(world.records(name)) for name in nodes}),
            "known": make_function(
                {name: len(world.records(name, one.known)) for name, one in nodes.items()}
            ),
            "leads": make_function({name: world.leading(name) for name in nodes}),
            "binlog": make_function(
                {name: make_sequence(world.op(xid) for xid in one.binlog.xids) for name, one in nodes.items()}
            ),
            "downstream": make_sequence(world.op(event.xid) for event in world.downstream),
            "count": len(world.numbers),
            "asked": make_function(dict.fromkeys(nodes, 0)),
            "view": make_sequence(world.op(xid) for xid in world.view),
        }
    )


def _log(records: Sequence[Record]) -> Value:
    return make_sequence(make_function({"term": term, "op": op}) for term, op in records)


def broken(world: World) -> list[str]:
    """The invariants of the specification that the cluster's state breaks."""
    if world.failures:
        return ["NoNodeStops"]
    state = mapped(world)
    return [name for name in INVARIANTS if not binlog_spec(world.carrier).check(name, state)]


class Lockstep:
    """Follows a world with the specification."""

    def __init__(self, world: World, off: str = "") -> None:
        """From the specification's initial state on; `off` is a rule that is off in it."""
        self.world = world
        self.off = off
        self.state: State = next(iter(binlog_spec(world.carrier).initial_states()))
        assert self.state == mapped(world)

    def follow(self) -> None:
        """Take the world's new steps; AssertionError if the specification does not allow one, if it leads
        elsewhere, or if an invariant does not hold there."""
        trail, self.world.trail = self.world.trail, []
        assert not self.world.failures, f"NoNodeStops: {self.world.failures}"
        states = {self.state}
        for name, args in trail:
            states = self._after(states, name, args)
            assert states, f"NotAllowed: {name}{args} in {trail}"
        target = mapped(self.world)
        assert target in states, (
            f"NotThere: {trail}: {binlog_spec(self.world.carrier).difference(next(iter(states)), target)}"
        )
        self.state = target
        found = broken(self.world)
        assert not found, f"{found} after {trail}"

    def _after(self, states: set[State], name: str, args: tuple[str, ...]) -> set[State]:
        if name != "PowerLost":
            action = name if name == READER else f"Node{name}"
            return {
                after
                for state in states
                for _, after in binlog_spec(self.world.carrier, self.off).successors(state, action, args)
            }
        (node,) = args
        others = [other for other in NODES if other != node]
        found = set(states)
        for action in CUT_SHORT:
            for other in others if action == "TakeBinlog" else [""]:
                done = self._after(states, action, (node, other) if other else (node,))
                found |= self._after(done, "Restarts", (node,)) if action == "Elect" else done
        return found
