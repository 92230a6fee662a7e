"""A behaviour of DdlFileOps as a trace of DDL alone (spec: TraceDdl).

Every step is an event of the node that takes it, which shows all that TraceDdl compares.  A crash is the
Restart behind it: in DdlFileOps they are one step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from redoraft_check.counterexample.behaviour import Behaviour
from redoraft_check.counterexample.export import in_bytes
from redoraft_check.exits import CliError, Exit
from redoraft_check.oracle.values import from_tlc
from redoraft_check.validate.mapping import DDL, EventRow, load_mapping
from redoraft_traces import Event, Header, TraceWriter

State = Mapping[str, Any]

_OWN: Final = ("files", "applied", "phase", "late", "cache")
"""The variables that have a value for each node."""

_CALLED: Final = {"Crashes": "Restart", "CrashesInApply": "Restart", "StartCreate": "StartsCreate"}
"""Steps that a trace calls otherwise.  Where an argument is of a constant set, as CREATE's, TLC names the
action that is inside."""


def write_file_ops(path: Path, behaviour: Behaviour, spec: Path, source: str) -> int:
    """Write a behaviour of DdlFileOps as a trace; how many events it has.

    Raises CliError (65) for a step that TraceDdl has no event for.
    """
    states = [{name: from_tlc(value) for name, value in state.items()} for state in behaviour.states]
    labels = [label.partition(" ")[0] for label in behaviour.labels[1:]]
    nodes = sorted(states[0]["files"])
    first = states[0]["files"][nodes[0]]
    header = Header(
        modules=[DDL],
        constants={
            "data_nodes": nodes,
            "table_names": sorted(_names(states)),
            "tables": Words().tables(first),
        },
        nodes=nodes,
        source=source,
    )
    rows, counts, words = load_mapping(spec).alone[DDL], Counter[str](), Words()
    with TraceWriter(path, header) as trace:
        for label, (before, after) in zip(labels, pairwise(states), strict=True):
            action = event_name(label)
            if action not in rows:
                raise CliError(Exit.BAD_INPUT, f"TraceDdl has no event for {label}")
            node = _who(before, after)
            counts[node] += 1
            trace.write(words.event(rows[action], (node, counts[node]), before, after))
    return len(labels)


def event_name(label: str) -> str:
    """What a trace calls a step of DdlFileOps!Next."""
    return _CALLED.get(label, label)


@frozen
class Words:
    """States of DdlFileOps in the words of a trace: `lsn` gives where a record ends, in bytes, and
    `first_space` what a trace calls space 1."""

    lsn: Callable[[int], int] = in_bytes
    first_space: int = 1

    def event(self, row: EventRow, at: tuple[str, int], before: State, after: State) -> Event:
        """The step of a node from one state to another; `at` is the node and the number of its step."""
        node, seq = at
        args, shown = dict(self._args(row, node, before, after)), dict(self._shown(node, after))
        return Event(node=node, seq=seq, action=row.action, args=args, vars=shown)

    def tables(self, found: Iterable[Any]) -> dict[str, int]:
        """Files or tables, by name."""
        return dict(sorted((one["name"], self._space(one["space"])) for one in found))

    def _space(self, space: int) -> int:
        return space + self.first_space - 1

    def _args(self, row: EventRow, node: str, before: State, after: State) -> Iterator[tuple[str, int | str]]:
        written = after["log"][-1] if len(after["log"]) > len(before["log"]) else {}
        for name, kind in row.args:
            if name == "end_lsn":
                yield name, self.lsn(len(after["log"]))
            elif row.action == "AdvancesMajority":
                yield name, self.lsn(after["majority"])
            elif row.action == "OpensTable":
                [table] = after["cache"][node] - before["cache"][node]
                yield name, table["name"]
            elif kind == "table":
                yield name, written["to" if name == "to" else "name"]
            elif kind == "space":
                yield name, self._space(written["space"])
            elif after["applied"][node] > before["applied"][node]:
                # An operation that cannot be executed is noted nowhere.
                yield name, self.lsn(after["applied"][node])

    def _shown(self, node: str, state: State) -> Iterator[tuple[str, object]]:
        leads = state["leader"] == node
        yield "role", "leader" if leads else "follower"
        yield "phase", state["phase"][node]
        # What was executed of a log that was cut (H14-ddl off): no LSN of the log says how far.
        if state["applied"][node] <= len(state["log"]):
            yield "applied_lsn", self.lsn(state["applied"][node])
        yield "files", self.tables(state["files"][node])
        yield "open_tables", self.tables(state["cache"][node])
        if leads:
            yield "stage", state["stage"]
            yield "step", state["job"]["pc"]
            yield "last_lsn", self.lsn(len(state["log"]))
            yield "majority_lsn", self.lsn(state["majority"])


def _who(before: State, after: State) -> str:
    """Who has taken a step: the new leader, the node of which something has changed, else the leader."""
    if after["leader"] not in (before["leader"], "none"):
        return str(after["leader"])
    changed = [
        node for node in before["files"] if any(before[name][node] != after[name][node] for name in _OWN)
    ]
    return str(changed[0] if changed else before["leader"])


def _names(states: Iterable[State]) -> set[str]:
    """Every name of a table or file."""
    records = [record for state in states for record in state["log"]]
    files = [file for state in states for found in state["files"].values() for file in found]
    return {one[key] for one in (*records, *files) for key in ("name", "to") if key in one}
