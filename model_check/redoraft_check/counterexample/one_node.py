"""A behaviour of StorageLimits as a trace of one node's storage (spec: TraceLimits).

Every step is an event of the node, which shows all that TraceLimits compares.  A crash is the Restart behind
it: in StorageLimits they are one step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from redoraft_check.counterexample.behaviour import Behaviour
from redoraft_check.counterexample.export import in_bytes
from redoraft_check.exits import CliError, Exit
from redoraft_check.oracle.values import from_tlc
from redoraft_check.validate.mapping import ALONE, LIMITS, EventRow, load_mapping
from redoraft_traces import Event, Header, TraceWriter

NODE: Final = "n1"
"""What the node is called where nobody else names it."""

State = Mapping[str, Any]

_CALLED: Final = {
    "PeerGainsSome": "PeerGains",
    "Fsyncs": "Fsync",
    "Learns": "Learn",
    "Truncates": "Truncate",
    "Crashes": "Restart",
    "Crash": "Restart",
    "Applies": "Apply",
    "FlushList": "FlushPage",
    "FlushLru": "FlushPage",
    "FlushSingle": "FlushPage",
    "Checkpoints": "Checkpoint",
    "Deletes": "DeleteRedo",
    "Seeds": "Seed",
}
"""Steps of StorageLimits!Next that a trace calls otherwise."""

_REACHES: Final = {
    "PeerGains": "peer",
    "Fsync": "durable",
    "Learn": "known",
    "Apply": "applied",
    "Checkpoint": "checkpoint",
    "DeleteRedo": "oldest",
}
"""The variable that says how far a step came."""

_SHOWN: Final = {
    "flushed_lsn": "durable",
    "majority_lsn": "known",
    "applied_lsn": "applied",
    "checkpoint_lsn": "checkpoint",
    "deleted_lsn": "oldest",
}
_PAGES: Final = {"page_lsns": "disk", "buffered_lsns": "buffer", "copied_lsns": "copy"}


def write_one_node(path: Path, behaviour: Behaviour, spec: Path, source: str) -> int:
    """Write a behaviour of StorageLimits as a trace; how many events it has.

    Raises CliError (65) for a step that TraceLimits has no event for.
    """
    states = [{name: from_tlc(value) for name, value in state.items()} for state in behaviour.states]
    labels = [label.partition(" ")[0] for label in behaviour.labels[1:]]
    words = Words(load_mapping(spec).alone[LIMITS])
    with TraceWriter(path, header_of(states[0], source)) as trace:
        for seq, (label, step) in enumerate(zip(labels, pairwise(states), strict=True), start=1):
            trace.write(words.event(label, seq, *step))
    return len(labels)


def header_of(state: State, source: str, start_lsn: int = in_bytes(0)) -> Header:
    """The header of a trace whose states have these pages; LSNs begin at `start_lsn`, in bytes."""
    constants = {"data_nodes": [NODE], "start_lsn": start_lsn, "pages": sorted(state["disk"])}
    return Header(modules=[ALONE[LIMITS].module], constants=constants, nodes=[NODE], source=source)


@frozen
class Words:
    """States of StorageLimits in the words of a trace: `lsn` gives where a record ends, in bytes."""

    rows: Mapping[str, EventRow]
    lsn: Callable[[int], int] = in_bytes

    def event(self, label: str, seq: int, before: State, after: State) -> Event:
        """Step `seq` of the node from one state to another, by the specification's name for it.

        Raises CliError (65) for one that TraceLimits has no event for.
        """
        action = _CALLED.get(label, label)
        if action not in self.rows:
            raise CliError(Exit.BAD_INPUT, f"TraceLimits has no event for {label}")
        args = {name: self._arg(action, name, before, after) for name, _ in self.rows[action].args}
        return Event(node=NODE, seq=seq, action=action, args=args, vars=dict(self._shown(after)))

    def _arg(self, action: str, name: str, before: State, after: State) -> Any:
        if name == "lsn" and action in _REACHES:
            return self.lsn(after[_REACHES[action]])
        if name == "page_lsn":
            return self.lsn(_newest(after["disk"][_page(before, after)]))
        grown = "committed" if action == "CommittedGrows" else "log"
        log = tuple(after[grown])
        if name == "entry":
            start = len(before[grown])
            return [[record["kind"], self.lsn(at)] for at, record in enumerate(log[start:], start=start + 1)]
        values: dict[str, Callable[[], Any]] = {
            "term": lambda: log[-1]["term"],
            "kind": lambda: log[-1]["kind"],
            "page": lambda: _page(before, after),
            "page_lsns": lambda: self._lsns(after["disk"]),
            "checkpoint_lsn": lambda: self.lsn(after["checkpoint"]),
        }
        return values.get(name, lambda: self.lsn(len(after["log"])))()

    def _lsns(self, versions: Mapping[str, Any]) -> dict[str, int]:
        return {page: self.lsn(_newest(version)) for page, version in sorted(versions.items()) if version}

    def _shown(self, state: State) -> Iterator[tuple[str, object]]:
        end = len(state["log"])
        yield "serving_term", state["serving"]
        yield "last_lsn", self.lsn(end)
        # What is beyond a log that was cut (H13 off) is shown by no LSN of the log.
        yield from ((name, self.lsn(state[of])) for name, of in _SHOWN.items() if state[of] <= end)
        for name, of in _PAGES.items():
            if all(_newest(version) <= end for version in state[of].values()):
                yield name, self._lsns(state[of])
        yield "committed_lsn", self.lsn(len(state["committed"]))
        yield "peer_lsn", self.lsn(state["peer"])


def _newest(version: Sequence[Mapping[str, int]]) -> int:
    """The LSN of a page (spec: PageLsn)."""
    return max((change["lsn"] for change in version), default=0)


def _page(before: State, after: State) -> str:
    """The page that a step is about: the one that changed, on disk or else in memory."""
    for of in ("disk", "copy", "buffer"):
        changed = [page for page, version in after[of].items() if version != before[of][page]]
        if changed:
            return str(changed[0])
    raise ValueError("no page has changed")
