"""Several files of one run: what their headers must have in common, and the header of the whole."""

from collections.abc import Sequence

import msgspec

from redoraft_traces.errors import TraceError
from redoraft_traces.events import Header
from redoraft_traces.reader import Trace

_SHARED = ("redoraft_trace", "modules", "constants", "hidden")


def merged_header(traces: Sequence[Trace]) -> Header:
    """The header of the run whose files these are.

    Raises TraceError where two headers differ in modules, constants or hidden actions, and where a node has
    events in two files: nothing would say in which order they come.
    """
    first = traces[0]
    writers: dict[str, Trace] = {}
    for trace in traces:
        for name in _SHARED:
            if getattr(trace.header, name) != getattr(first.header, name):
                reason = f"the header's {name} is not that of {first.path}"
                raise TraceError(trace.path, 1, reason, "merge files of one run, with the same header")
        for line, event in trace.events:
            other = writers.setdefault(event.node, trace)
            if other is not trace:
                reason = f"node {event.node!r} has events in {other.path} too"
                raise TraceError(trace.path, line, reason, "write all events of a node into one file")
    nodes = list(dict.fromkeys(node for trace in traces for node in trace.header.nodes))
    sources = "; ".join(dict.fromkeys(trace.header.source for trace in traces if trace.header.source))
    return msgspec.structs.replace(first.header, nodes=nodes, source=sources)
