"""One line of a trace, judged alone: bytes become a Header or an Event, or a TraceError with the line."""

from collections import Counter
from typing import Any

import msgspec

from redoraft_traces.errors import StrPath, TraceError
from redoraft_traces.events import FORMAT_VERSION, Event, Header, decode_event, decode_header

_EVENT_REMEDY = "an event is one JSON object with the keys " + ", ".join(Event.__struct_fields__)
_HEADER_REMEDY = "a header is one JSON object with the keys " + ", ".join(Header.__struct_fields__)
_FIRST_LINE_REMEDY = f'write a header first: {{"redoraft_trace": {FORMAT_VERSION}, "modules": [...], ...}}'


class _Version(msgspec.Struct):
    """Only the version: a newer header may hold anything else."""

    redoraft_trace: Any = None


_VERSION_DECODER = msgspec.json.Decoder(_Version)
_SYNTAX_DECODER = msgspec.json.Decoder(msgspec.Raw)


def is_complete_json(raw: bytes) -> bool:
    """Whether these bytes are one whole JSON value. No proper beginning of a JSON object is one, so this
    tells a line that was cut short from a line that is wrong."""
    try:
        _SYNTAX_DECODER.decode(raw)
    except msgspec.DecodeError:
        return False
    except RecursionError:
        # Too deep to tell; the parser that follows refuses it with its own reason.
        return True
    return True


def parse_header(path: StrPath, raw: bytes) -> Header:
    """The header of a trace, from its first line. Raises TraceError at line 1 for a line that is no header,
    for a version that is not ours and for a node named twice."""
    try:
        _check_version(path, _VERSION_DECODER.decode(raw).redoraft_trace)
        header = decode_header(raw)
    except (ValueError, RecursionError) as error:
        reason = f"not a header: {_why(error, raw)}"
        raise TraceError(path, 1, reason, _remedy(error, _HEADER_REMEDY)) from None
    for node, times in Counter(header.nodes).items():
        if times > 1:
            raise TraceError(path, 1, f"the header names node {node!r} twice", "name each node once in nodes")
    return header


def parse_event(path: StrPath, line: int, raw: bytes) -> Event:
    """The event on this line (1-based). Raises TraceError for a line that is no event."""
    try:
        return decode_event(raw)
    except (ValueError, RecursionError) as error:
        reason = f"not an event: {_why(error, raw)}"
        raise TraceError(path, line, reason, _remedy(error, _EVENT_REMEDY)) from None


def _check_version(path: StrPath, version: object) -> None:
    if version is None:
        raise TraceError(path, 1, "not a header: it has no redoraft_trace", _FIRST_LINE_REMEDY)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        reason = f"not a header: redoraft_trace is {version!r}, not a format version"
        raise TraceError(path, 1, reason, f"this program writes and reads version {FORMAT_VERSION}")
    if version > FORMAT_VERSION:
        reason = f"the trace has format version {version}, this program reads up to version {FORMAT_VERSION}"
        raise TraceError(path, 1, reason, "use a newer redoraft, or write the trace in the older version")


def _why(error: Exception, raw: bytes) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return f"it is not UTF-8 (byte {_first_bad_byte(raw)} of the line)"
    # Everything else is msgspec's own sentence, which names the key or the byte.
    text = str(error)
    return text if text.startswith("JSON") else text[:1].lower() + text[1:]


def _first_bad_byte(raw: bytes) -> int:
    # msgspec counts from the beginning of the string it was reading, which the user cannot see.
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return error.start
    return len(raw)


def _remedy(error: Exception, shape: str) -> str:
    if isinstance(error, msgspec.ValidationError):
        return shape
    return "write one whole JSON object in UTF-8 per line"
