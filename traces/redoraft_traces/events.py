"""The two kinds of lines in a trace, and their JSON.

The first line is a `Header`, every other line an `Event`: one step of one node, named after an action of the
specification. The format is open to other systems, so it is strict: a key that is not listed here is refused,
because a misspelt `vars` that is silently dropped would let a wrong run pass. Source: docs/traces.md.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

FORMAT_VERSION = 1

Name = Annotated[str, Meta(min_length=1)]


class Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The first line of a trace: what the run is, and which specification modules judge it."""

    redoraft_trace: Annotated[int, Meta(description="Version of this format.")] = FORMAT_VERSION
    modules: Annotated[
        list[Name], Meta(description="TLA+ modules that judge this run, each through its own projection.")
    ]
    constants: Annotated[
        dict[str, Any],
        Meta(
            description="Values of the modules' constants, "
            'e.g. {"data_nodes": ["n1", "n2"], "log_nodes": ["n3"]}.'
        ),
    ]
    nodes: Annotated[
        list[Name], Meta(description="Every node that may have an event in this file, each named once.")
    ]
    hidden: Annotated[
        list[Name],
        Meta(description="Actions that this system does not record; they may happen between any two events."),
    ] = []
    source: Annotated[
        str, Meta(description="Who wrote this trace: program, revision, seed, in free words.")
    ] = ""


class Event(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One step of one node. What is absent is left open, and the checkers explore it."""

    node: Annotated[Name, Meta(description="The node that took the step; one of the header's nodes.")]
    seq: Annotated[
        int, Meta(ge=1, description="The number of this step at its node: 1, 2, 3, ... without gaps.")
    ]
    action: Annotated[
        Name | None,
        Meta(description="Name of the specification action; absent means that any action may explain it."),
    ] = None
    args: Annotated[
        dict[str, Any],
        Meta(description="Arguments of the action by name; an absent one ranges over what can occur."),
    ] = {}
    vars: Annotated[
        dict[str, Any],
        Meta(
            description=(
                "What the node sees of its own state after the step, read from that state; may be partial. "
                "LSNs are in bytes: the position of the first byte after what they count."
            )
        ),
    ] = {}
    sent: Annotated[list[Name], Meta(description="Ids of the messages sent in this step.")] = []
    received: Annotated[Name | None, Meta(description="Id of the message received in this step.")] = None


# "deterministic" sorts the keys of args, vars and constants and keeps the order of fields, so that the same
# run gives the same bytes whoever built its dictionaries.
_ENCODER = msgspec.json.Encoder(order="deterministic")
_HEADER_DECODER = msgspec.json.Decoder(Header)
_EVENT_DECODER = msgspec.json.Decoder(Event)


def encode_header(header: Header) -> bytes:
    """The header as one line of JSON, without its newline. Raises TypeError, ValueError, OverflowError or
    RecursionError for constants that JSON cannot hold."""
    # The version tells a header from any other line, so the rule that omits defaults must not drop it.
    body = _ENCODER.encode(header)
    if header.redoraft_trace == FORMAT_VERSION:
        return b'{"redoraft_trace":%d,' % FORMAT_VERSION + body[1:]
    return body


def encode_event(event: Event) -> bytes:
    """The event as one line of JSON, without its newline. Raises TypeError, ValueError, OverflowError or
    RecursionError for values that JSON cannot hold."""
    return _ENCODER.encode(event)


def decode_header(line: bytes) -> Header:
    """The header on this line. Raises msgspec.DecodeError, UnicodeDecodeError or RecursionError."""
    return _HEADER_DECODER.decode(line)


def decode_event(line: bytes) -> Event:
    """The event on this line. Raises msgspec.DecodeError, UnicodeDecodeError or RecursionError."""
    return _EVENT_DECODER.decode(line)
