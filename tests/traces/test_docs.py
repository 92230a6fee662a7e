"""docs/traces.md shows real files and real errors: its examples are run."""

import re
from pathlib import Path

import pytest

from redoraft_traces import Event, Header, SeqGapError, TraceError, read_trace

PAGE = Path(__file__).parents[2] / "docs" / "traces.md"


def block(language: str) -> str:
    """The content of the page's only fenced block in this language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    return str(found)


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def refusal(content: str) -> TraceError:
    Path("run.ndjson").write_text(content, encoding="utf-8")
    with pytest.raises(TraceError) as caught:
        read_trace("run.ndjson")
    return caught.value


def test_the_example_is_a_trace() -> None:
    Path("run.ndjson").write_text(block("json"), encoding="utf-8")
    assert [(line, event.action) for line, event in read_trace("run.ndjson").events] == [
        (2, "StartElection"),
        (3, "GrantVote"),
        (4, "BecomeLeader"),
    ]


def test_the_errors_are_the_ones_shown() -> None:
    header, first, second, third = block("json").splitlines(keepends=True)
    removed = refusal(header + second + third)
    repeated = refusal(header + first + second + third + third)
    broken = refusal(header + first + second[:20] + "\n" + third)
    misspelt = refusal(header + first.replace("vars", "var"))
    unknown = refusal(header + first.replace("n1", "n4"))
    newer = refusal(header.replace('"redoraft_trace":1', '"redoraft_trace":2') + first)
    headless = refusal(first + second + third)
    errors = [removed, repeated, broken, misspelt, unknown, newer, headless]
    assert "".join(f"{error}\n" for error in errors) == block("text")
    assert [isinstance(error, SeqGapError) for error in errors] == [True, True] + [False] * 5


def test_the_tables_name_every_field() -> None:
    named = set(re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.M))
    assert named == {*Header.__struct_fields__, *Event.__struct_fields__}


def test_the_python_example_runs() -> None:
    exec(compile(block("python"), str(PAGE), "exec"), {})
    assert len(read_trace("python.ndjson.zst").events) == 1
