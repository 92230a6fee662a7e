"""The rule that makes a lost event visible: each node numbers its steps 1, 2, 3, ... without gaps."""

from collections.abc import Iterable

from redoraft_traces.errors import SeqGapError, SeqOrderError, StrPath, TraceError
from redoraft_traces.events import Event

_SHOWN_NODES = 10


class NodeSequences:
    """The next seq of every node of one trace. The last events of a node may still be missing: no number
    can tell a node that stopped from one whose end was cut off."""

    def __init__(self, nodes: Iterable[str], *, check_seq: bool = True) -> None:
        self._next = dict.fromkeys(nodes, 1)
        self._check_seq = check_seq

    def accept(self, path: StrPath, line: int, event: Event) -> None:
        """Take the event as its node's next one. Raises TraceError for a node that the header does not name,
        SeqGapError for a seq too far on, SeqOrderError for one already passed; then nothing has changed."""
        expected = self._next.get(event.node)
        if expected is None:
            known = ", ".join(list(self._next)[:_SHOWN_NODES]) or "none"
            raise TraceError(
                path, line, f"unknown node {event.node!r}", f"name it in the header's nodes (there: {known})"
            )
        if self._check_seq and event.seq != expected:
            kind = SeqGapError if event.seq > expected else SeqOrderError
            raise kind(path, line, event.node, expected, event.seq)
        self._next[event.node] = event.seq + 1
