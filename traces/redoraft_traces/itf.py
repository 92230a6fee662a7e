"""A trace as states in Informal Trace Format (Apalache's ADR 15, also Quint's), and back without loss.

State 0 is before the first event; state k is after event k.  Every variable that some event shows is a map
from the nodes to what each showed last, in the trace's own terms (LSNs in bytes); `event` is the event that
led to the state.  The header stands in the document's `#meta`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from redoraft_traces.errors import TraceError
from redoraft_traces.events import Event, Header, encode_header
from redoraft_traces.lines import parse_event, parse_header

FORMAT_DESCRIPTION = "https://apalache-mc.org/docs/adr/015adr-trace.html"
EVENT = "event"
_HEADER = "redoraft_trace"


def trace_to_itf(header: Header, events: Iterable[Event], where: str = "the trace") -> dict[str, Any]:
    """The trace as a JSON document.  Raises TraceError for a number that is not whole: ITF has none."""
    listed = list(events)
    names = sorted({name for event in listed for name in event.vars})
    shown: dict[str, dict[str, Any]] = {name: {} for name in names}
    states: list[dict[str, Any]] = [_state(0, {}, shown)]
    for index, event in enumerate(listed, start=1):
        try:
            for name, value in event.vars.items():
                shown[name][event.node] = to_itf(value)
            states.append(_state(index, to_itf(msgspec.to_builtins(event)), shown))
        except ValueError as error:
            raise TraceError(where, index + 1, str(error), "ITF cannot hold it") from None
    meta = {"format": "ITF", "format-description": FORMAT_DESCRIPTION}
    whole = {_HEADER: msgspec.json.decode(encode_header(header))}
    return {"#meta": meta | whole, "params": [], "vars": [EVENT, *names], "states": states}


def is_trace_itf(document: Mapping[str, Any]) -> bool:
    """Whether an ITF document was a trace."""
    meta = document.get("#meta")
    return isinstance(meta, dict) and _HEADER in meta


def trace_from_itf(document: Mapping[str, Any], where: str = "the document") -> tuple[Header, list[Event]]:
    """The trace in a document that `trace_to_itf` made.  Raises TraceError for any other."""
    if not is_trace_itf(document) or not isinstance(document.get("states"), list):
        raise TraceError(where, None, "no trace in ITF: it has no header in #meta", "give one that we wrote")
    header = parse_header(where, msgspec.json.encode(document["#meta"][_HEADER]))
    events: list[Event] = []
    for index, state in enumerate(document["states"]):
        if not isinstance(state, dict) or not isinstance(state.get(EVENT), dict):
            raise TraceError(where, None, f"state {index} has no event", "give an ITF document that we wrote")
        if state[EVENT]:
            try:
                line = msgspec.json.encode(from_itf(state[EVENT]))
            except ValueError as error:
                raise TraceError(where, None, f"state {index}: {error}", "give whole numbers") from None
            events.append(parse_event(where, index + 1, line))
    return header, events


def to_itf(value: Any) -> Any:
    """A JSON value as ITF has it.  Raises ValueError for what ITF cannot hold."""
    match value:
        case bool() | str():
            return value
        case int():
            return {"#bigint": str(value)}
        case list() | tuple():
            return [to_itf(one) for one in value]
        case dict() if any(key.startswith("#") for key in value):
            return {"#map": [[key, to_itf(one)] for key, one in value.items()]}
        case dict():
            return {key: to_itf(one) for key, one in value.items()}
        case None:
            return {"#unserializable": "null"}
    raise ValueError(f"{value!r} is no whole number")


def from_itf(value: Any) -> Any:
    """The JSON value that `to_itf` was given.  Raises ValueError for other ITF."""
    match value:
        case {"#bigint": number, **rest} if not rest:
            return int(number)
        case {"#map": [*pairs], **rest} if not rest:
            return {str(key): from_itf(one) for key, one in pairs}
        case {"#unserializable": "null", **rest} if not rest:
            return None
        case dict():
            if any(key.startswith("#") for key in value):
                raise ValueError(f"{', '.join(value)} has no place in a trace")
            return {key: from_itf(one) for key, one in value.items()}
        case list():
            return [from_itf(one) for one in value]
        case _:
            return value


def _state(index: int, event: Any, shown: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    maps = {name: {"#map": [[node, one] for node, one in row.items()]} for name, row in shown.items()}
    return {"#meta": {"index": index}, EVENT: event, **maps}
