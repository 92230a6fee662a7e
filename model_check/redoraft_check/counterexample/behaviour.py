"""A behaviour of the specification, whoever found it, and the files that can be made of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from redoraft_check.counterexample.export import (
    Members,
    scenario_steps,
    trace_events,
    trace_header,
)
from redoraft_check.counterexample.steps import SpecStep, cluster_of, steps_of
from redoraft_check.exits import CliError, Exit
from redoraft_check.tlc.manifest import Rule
from redoraft_check.tlc.result import Counterexample
from redoraft_check.tlc.values import TlaSet, Value, ValueSyntaxError, parse
from redoraft_traces import TraceWriter
from redoraft_traces.scenario import Scenario, write_scenario


@frozen
class Behaviour:
    """States that follow each other; `labels` are TLC's names of the steps that led to them, "" if unknown.

    `loop` is the index, from 0, of the state that follows the last one; None where it ends.
    """

    states: tuple[Mapping[str, Value], ...]
    labels: tuple[str, ...] = ()
    loop: int | None = None
    members: Members | None = None

    @property
    def steps(self) -> list[SpecStep]:
        """Its steps.  Raises CliError (65) unless it is one of RaftRedo or Startup."""
        return steps_of(self.states)

    @property
    def cluster(self) -> Members:
        """Who is in it: as the model's constants said, else every node with pages."""
        return self.members or Members(tuple(cluster_of(self.states[0]).nodes))


def from_tlc(trace: Counterexample, constants: Mapping[str, str]) -> Behaviour:
    """A counterexample of TLC's; `constants` are the model's, as its `.cfg` has them."""
    last = len(trace.states) - 1
    loop = trace.loop_to - 1 if trace.loop_to is not None else None
    return Behaviour(
        states=tuple(state.values() for state in trace.states),
        labels=tuple(f"{state.action} {state.location}" if state.action else "" for state in trace.states),
        loop=last if trace.stutters else loop,
        members=members_of(constants),
    )


def members_of(constants: Mapping[str, str]) -> Members | None:
    """The nodes that a model's constants name, None where they are not RaftRedo's."""
    data, log = (_names(constants.get(name, "{}")) for name in ("DataNodes", "LogNodes"))
    return Members(data, log) if data else None


def _names(text: str) -> tuple[str, ...]:
    try:
        value = parse(text)
    except ValueSyntaxError:
        return ()
    names = [name for name in value if isinstance(name, str)] if isinstance(value, TlaSet) else []
    return tuple(sorted(names))


def write_trace(path: Path, behaviour: Behaviour, source: str, module: str = "Startup") -> int:
    """Write the behaviour as a trace, for Startup or for RaftRedo alone to judge; how many events it has.

    Raises CliError (65) where it cannot be one, TraceError for a file that cannot be written.
    """
    steps, members = behaviour.steps, behaviour.cluster
    events = list(trace_events(members, steps))
    if not events:
        raise CliError(Exit.BAD_INPUT, f"{path}: not written: nothing happens in this behaviour")
    with TraceWriter(path, trace_header(members, steps, source, module)) as trace:
        for event in events:
            trace.write(event)
    return len(events)


def write_rule_scenario(
    path: Path, behaviour: Behaviour, rule: Rule, *, model: str, violates: str, source: str
) -> int:
    """Write the behaviour as the scenario of a rule; how many steps it has.  Raises as `write_trace`."""
    members, steps = behaviour.cluster, scenario_steps(behaviour.steps)
    scenario = Scenario(
        rule=rule.id,
        title=rule.title,
        model=model,
        violates=violates,
        source=source,
        data_nodes=list(members.data_nodes),
        log_nodes=list(members.log_nodes),
        steps=steps,
    )
    write_scenario(path, scenario)
    return len(steps)
