"""The JSON Schema of a trace's lines, made from the Structs that read them, so that the two cannot disagree.

What a schema of single lines cannot say (the header comes first, each node's seq has no gaps, nodes are those
of the header, a node is named once) is in docs/traces.md and checked by the reader.
"""

import json
from pathlib import Path
from typing import Any

import msgspec

from redoraft_traces.events import FORMAT_VERSION, Event, Header

SCHEMA_PATH = Path(__file__).with_name("trace.schema.json")


def schema() -> dict[str, Any]:
    """The schema (JSON Schema 2020-12) that every single line of a trace satisfies, torn ones aside."""
    (header, event), parts = msgspec.json.schema_components([Header, Event], ref_template="#/$defs/{name}")
    # In Python the version has a default; in a file it must stand, because it marks the header.
    version = parts["Header"]["properties"]["redoraft_trace"]
    del version["default"]
    version["const"] = FORMAT_VERSION
    parts["Header"]["required"].insert(0, "redoraft_trace")
    parts["Header"]["properties"]["nodes"]["uniqueItems"] = True
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of a RedoRaft trace",
        "description": "The first line of a trace is a Header, every other line is an Event.",
        "oneOf": [header, event],
        "$defs": parts,
    }


def schema_json() -> str:
    """The text of the published file trace.schema.json. After a change to the format, write it again:
    `python -c "import redoraft_traces as t; t.SCHEMA_PATH.write_text(t.schema_json())"`."""
    return json.dumps(schema(), indent=2) + "\n"
