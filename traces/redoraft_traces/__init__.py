"""The trace format: one JSON object a line, for our own runs and for those of other systems.

`TraceWriter` writes, `read_trace` and `TraceReader` read, `Header` and `Event` are the lines, `TraceError` is
what bad input raises. The format is described in docs/traces.md and, for other languages, in
trace.schema.json.
"""

from redoraft_traces.errors import SeqGapError, SeqOrderError, TraceError
from redoraft_traces.events import (
    FORMAT_VERSION,
    Event,
    Header,
    decode_event,
    decode_header,
    encode_event,
    encode_header,
)
from redoraft_traces.merge import merged_header
from redoraft_traces.reader import LocatedEvent, TornLine, Trace, TraceReader, iter_events, read_trace
from redoraft_traces.schema import SCHEMA_PATH, schema, schema_json
from redoraft_traces.writer import TraceWriter

__all__ = [
    "FORMAT_VERSION",
    "SCHEMA_PATH",
    "Event",
    "Header",
    "LocatedEvent",
    "SeqGapError",
    "SeqOrderError",
    "TornLine",
    "Trace",
    "TraceError",
    "TraceReader",
    "TraceWriter",
    "decode_event",
    "decode_header",
    "encode_event",
    "encode_header",
    "iter_events",
    "merged_header",
    "read_trace",
    "schema",
    "schema_json",
]
