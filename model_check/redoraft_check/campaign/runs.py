"""Runs of the simulator, in memory."""

from __future__ import annotations

from redoraft.cluster.faults import parse_faults
from redoraft.cluster.simulator import Settings, Simulator, members_of
from redoraft.cluster.trace import trace_header
from redoraft.mutants import ALL_PARTS
from redoraft_traces import Event, Header


def run_of(seed: int, steps: int) -> tuple[Header, list[Event]]:
    """A run of the simulator with all faults, on three nodes."""
    members = members_of(3, 1)
    events: list[Event] = []
    Simulator(Settings(seed, members, parse_faults("all"), ALL_PARTS), events.append).run(steps)
    return trace_header(members, f"redoraft simulate --seed {seed} --steps {steps} --faults all"), events
