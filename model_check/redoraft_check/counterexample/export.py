"""Steps of the specification as a scenario (docs/scenarios.md) and as a trace (docs/traces.md).

A trace counts in bytes: here every mtr takes `MTR_BYTES`, whatever it holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from attrs import frozen

from redoraft_check.counterexample.messages import Messages
from redoraft_check.counterexample.steps import ClusterState, NodeState, SpecStep
from redoraft_traces import Event, Header
from redoraft_traces.scenario import Step, Word

START_LSN: Final = 8204
"""The LSN of the empty log, in bytes (docs/validate.md)."""

MTR_BYTES: Final = 32
"""The length of every mtr in a trace that no implementation has written, in bytes."""

SERVING_STEPS: Final = ["Recover", "Apply"]
"""What RaftRedo leaves out, and Startup needs before a leader writes: hidden where states have no phase."""

_LSN_ARGUMENTS: Final = {"lsn": "lsn", "upto": "upto_lsn", "majority": "majority_lsn", "cut": "cut_lsn"}
_WRITES: Final = frozenset({"BecomeLeader", "WriteMtr", "CloseEntry"})


@frozen
class Members:
    """Who is in the cluster (spec: DataNodes, LogNodes)."""

    data_nodes: tuple[str, ...]
    log_nodes: tuple[str, ...] = ()


def scenario_steps(steps: Iterable[SpecStep]) -> list[Step]:
    """The steps as a scenario has them: what each did to its node, and no other node's state."""
    return [_scenario_step(step) for step in steps]


def trace_header(members: Members, steps: Sequence[SpecStep], source: str, module: str = "Startup") -> Header:
    """The header of a trace of these steps, which this module is to judge: Startup, or RaftRedo alone."""
    whole = any(state.phase is not None for step in steps[:1] for state in step.after.nodes.values())
    return Header(
        modules=[module],
        constants={"data_nodes": list(members.data_nodes), "log_nodes": list(members.log_nodes)},
        nodes=[*members.data_nodes, *members.log_nodes],
        hidden=[] if whole or module != "Startup" else SERVING_STEPS,
        source=source,
    )


def trace_events(members: Members, steps: Sequence[SpecStep]) -> Iterator[Event]:
    """The steps as events of a trace, each with all that its node could show.

    A crash writes no event: the Restart that follows implies it.
    """
    counts: Counter[str] = Counter()
    messages = Messages(steps)
    for at, step in enumerate(steps):
        if step.action == "Crash":
            continue
        counts[step.node] += 1
        node = step.after.nodes[step.node]
        yield Event(
            node=step.node,
            seq=counts[step.node],
            action=step.action,
            args=_trace_args(step, node),
            vars=_vars(node, step.node in members.data_nodes),
            sent=messages.sent.get(at, []),
            received=messages.received.get(at),
        )


def _scenario_step(step: SpecStep) -> Step:
    before, after = (_shown(state, step.node) for state in (step.before, step.after))
    then = {name: value for name, value in after.items() if before[name] != value}
    return Step(node=step.node, do=step.action, args=dict(step.args), then=then)


def _shown(state: ClusterState, name: str) -> Mapping[str, Word]:
    """A node under the names of TraceStartup!Tell."""
    node = state.nodes[name]
    startup: dict[str, Word] = {}
    if node.phase is not None and node.applied is not None:
        startup = {"phase": node.phase, "applied": node.applied}
    return {
        "term": node.term,
        "votedFor": node.voted_for,
        "role": node.role,
        "last": len(node.log),
        "durable": node.durable,
        "known": node.known,
        "agreed": node.agreed,
        **startup,
    }


def _trace_args(step: SpecStep, node: NodeState) -> dict[str, Word]:
    args: dict[str, Word] = {}
    for name, value in step.args.items():
        if name in _LSN_ARGUMENTS:
            args[_LSN_ARGUMENTS[name]] = in_bytes(int(value))
        else:
            args[name] = value
    if step.action in _WRITES:
        args["end_lsn"] = in_bytes(len(node.log))
    return args


def _vars(node: NodeState, has_pages: bool) -> dict[str, Word]:
    shown: dict[str, Word] = {
        "term": node.term,
        "voted_for": node.voted_for,
        "role": node.role,
        "last_lsn": in_bytes(len(node.log)),
        "flushed_lsn": in_bytes(node.durable),
        "majority_lsn": in_bytes(node.known),
        "agreed_lsn": in_bytes(node.agreed),
        "last_term": node.log[node.closed - 1][0] if node.closed else 0,
        "last_index": sum(kind == "meta" for _, kind in node.log),
    }
    if node.phase is not None:
        shown["phase"] = node.phase
    # Pages may be ahead of a log that was cut (H13 off): no LSN of the log says how far.
    if has_pages and node.applied is not None and node.applied <= len(node.log):
        shown["applied_lsn"] = in_bytes(node.applied)
    return shown


def in_bytes(position: int) -> int:
    """The LSN of a position, in bytes."""
    return START_LSN + position * MTR_BYTES
