"""The published schema is current, and says of a line what the reader says of it."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from redoraft_traces import (
    SCHEMA_PATH,
    Event,
    Header,
    TraceError,
    TraceWriter,
    read_trace,
    schema,
    schema_json,
)

HEADER = Header(
    modules=["RaftRedo"], constants={"data_nodes": ["n1"]}, nodes=["n1"], hidden=["Fsync"], source="test"
)
EVENTS = [
    Event(node="n1", seq=1),
    Event(node="n1", seq=2, action="Append", args={"n": 1}, vars={"lsn": 8204}, sent=["m1"], received="m0"),
]
GOOD_HEADER: dict[str, Any] = {"redoraft_trace": 1, "modules": [], "constants": {}, "nodes": ["n1"]}
GOOD_EVENT: dict[str, Any] = {"node": "n1", "seq": 1}


def validator() -> Any:
    return jsonschema.Draft202012Validator(schema())


def test_the_published_file_is_current() -> None:
    assert SCHEMA_PATH.read_text(encoding="utf-8") == schema_json()


def test_it_is_a_schema_of_2020_12() -> None:
    assert schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema())


def test_every_field_is_described() -> None:
    for kind in (Header, Event):
        properties = schema()["$defs"][kind.__name__]["properties"]
        assert list(properties) == list(kind.__struct_fields__)
        assert all(len(field["description"]) > 10 for field in properties.values())


def test_every_written_line_satisfies_it(tmp_path: Path) -> None:
    path = tmp_path / "run.ndjson"
    with TraceWriter(path, HEADER) as writer:
        for event in EVENTS:
            writer.write(event)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 3
    for line in lines:
        validator().validate(json.loads(line))


BAD_LINES = [
    {**GOOD_HEADER, "extra": 0},
    {**GOOD_HEADER, "redoraft_trace": 2},
    {**GOOD_HEADER, "redoraft_trace": "1"},
    {**GOOD_HEADER, "nodes": ["n1", "n1"]},
    {**GOOD_HEADER, "nodes": [""]},
    {**GOOD_HEADER, "constants": []},
    {k: v for k, v in GOOD_HEADER.items() if k != "redoraft_trace"},
    {k: v for k, v in GOOD_HEADER.items() if k != "modules"},
    {**GOOD_EVENT, "extra": 0},
    {**GOOD_EVENT, "seq": 0},
    {**GOOD_EVENT, "seq": "1"},
    {**GOOD_EVENT, "action": ""},
    {**GOOD_EVENT, "vars": []},
    {**GOOD_EVENT, "vars": None},
    {**GOOD_EVENT, "sent": "m1"},
    {**GOOD_EVENT, "received": 3},
    {"node": "n1"},
    [],
]


@pytest.mark.parametrize("line", [GOOD_HEADER, GOOD_EVENT, {**GOOD_EVENT, "action": None}])
def test_schema_and_reader_agree_on_good_lines(tmp_path: Path, line: dict[str, Any]) -> None:
    validator().validate(line)
    read_as_line(tmp_path / "run.ndjson", line)


@pytest.mark.parametrize("line", BAD_LINES, ids=json.dumps)
def test_schema_and_reader_agree_on_bad_lines(tmp_path: Path, line: Any) -> None:
    assert not validator().is_valid(line)
    with pytest.raises(TraceError):
        read_as_line(tmp_path / "run.ndjson", line)


def read_as_line(path: Path, line: Any) -> None:
    """Read a file in which this line stands where its kind belongs."""
    before = [] if "modules" in line or "constants" in line else [GOOD_HEADER]
    path.write_text("".join(json.dumps(each) + "\n" for each in [*before, line]), encoding="utf-8")
    read_trace(path)
