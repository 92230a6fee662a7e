"""What the writer writes can be read, has the same bytes for the same events, and keeps its mode's word."""

import errno
import math
import os
import resource
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from redoraft_traces import (
    Event,
    Header,
    SeqGapError,
    SeqOrderError,
    TornLine,
    TraceError,
    TraceWriter,
    read_trace,
)
from redoraft_traces.stream import LineSink

HEADER = Header(
    modules=["RaftRedo"], constants={"log_nodes": ["n3"], "data_nodes": ["n1", "n2"]}, nodes=["n1", "n2"]
)
FIRST = Event(node="n1", seq=1, action="Timeout", vars={"term": 1})
SECOND = Event(node="n1", seq=2, sent=["m1"])

names = st.text(min_size=1, max_size=5)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(st.text(max_size=5), values, max_size=3)


@st.composite
def runs(draw: st.DrawFn) -> tuple[Header, list[Event]]:
    """A header and events that number themselves as the format demands."""
    nodes = draw(st.lists(names, min_size=1, max_size=3, unique=True))
    header = Header(
        modules=draw(st.lists(names, max_size=2)),
        constants=draw(objects),
        nodes=nodes,
        hidden=draw(st.lists(names, max_size=2)),
        source=draw(st.text()),
    )
    seen: Counter[str] = Counter()
    events = []
    for node in draw(st.lists(st.sampled_from(nodes), max_size=6)):
        seen[node] += 1
        events.append(
            Event(
                node=node,
                seq=seen[node],
                action=draw(st.none() | names),
                args=draw(objects),
                vars=draw(objects),
                sent=draw(st.lists(names, max_size=2)),
                received=draw(st.none() | names),
            )
        )
    return header, events


def write(
    path: Path, header: Header, events: list[Event], *, atomic: bool = True, check_seq: bool = True
) -> bytes:
    with TraceWriter(path, header, atomic=atomic, check_seq=check_seq) as writer:
        for event in events:
            writer.write(event)
    return path.read_bytes()


def names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@pytest.mark.parametrize("name", ["run.ndjson", "run.ndjson.zst"])
@given(run=runs(), atomic=st.booleans())
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, name: str, run: tuple[Header, list[Event]], atomic: bool
) -> None:
    header, events = run
    path = tmp_path_factory.mktemp("round") / name
    content = write(path, header, events, atomic=atomic)
    trace = read_trace(path)
    assert trace.header == header
    assert [event for _, event in trace.events] == events
    assert [line for line, _ in trace.events] == list(range(2, len(events) + 2))
    assert trace.torn is None
    again = write(
        path.with_name("again." + name), trace.header, [event for _, event in trace.events], atomic=atomic
    )
    assert again == content


def test_bytes_are_fixed_and_empty_fields_left_out(tmp_path: Path) -> None:
    full = Event(
        node="n2",
        seq=1,
        action="A",
        args={"b": 1, "a": {"d": 1, "c": 2}},
        vars={"x": 0},
        sent=["m2"],
        received="m1",
    )
    assert write(tmp_path / "run.ndjson", HEADER, [FIRST, SECOND, full]) == (
        b'{"redoraft_trace":1,"modules":["RaftRedo"],'
        b'"constants":{"data_nodes":["n1","n2"],"log_nodes":["n3"]},"nodes":["n1","n2"]}\n'
        b'{"node":"n1","seq":1,"action":"Timeout","vars":{"term":1}}\n'
        b'{"node":"n1","seq":2,"sent":["m1"]}\n'
        b'{"node":"n2","seq":1,"action":"A","args":{"a":{"c":2,"d":1},"b":1},"vars":{"x":0},'
        b'"sent":["m2"],"received":"m1"}\n'
    )


def test_a_zst_name_is_compressed_and_any_zstd_can_read_it(tmp_path: Path) -> None:
    plain = write(tmp_path / "run.ndjson", HEADER, [FIRST, SECOND])
    packed = write(tmp_path / "run.ndjson.zst", HEADER, [FIRST, SECOND])
    assert zstandard.ZstdDecompressor().decompressobj().decompress(packed) == plain


@pytest.mark.parametrize(
    ("event", "complaint"),
    [
        (Event(node="n9", seq=1), "unknown node 'n9'; name it in the header's nodes (there: n1, n2)"),
        (
            Event(node="n1", seq=0),
            "not an event: expected `int` >= 1 - at `$.seq`; an event is one JSON object",
        ),
        (Event(node="n1", seq=2, action=""), "not an event: expected `str` of length >= 1 - at `$.action`;"),
        (
            Event(node="n1", seq=2, args={"a": object()}),
            "it cannot be written as JSON: Encoding objects of type",
        ),
        (
            Event(node="n1", seq=2, args={"a": "\ud800"}),
            "it cannot be written as JSON: 'utf-8' codec can't encode",
        ),
        (
            Event(node="n1", seq=2, vars={"a": {1: 2}}),
            "it cannot be written as JSON: Only dicts with str keys",
        ),
    ],
)
def test_an_event_the_reader_would_refuse_is_not_written(
    tmp_path: Path, event: Event, complaint: str
) -> None:
    path = tmp_path / "run.ndjson"
    with TraceWriter(path, HEADER) as writer:
        writer.write(FIRST)
        with pytest.raises(TraceError) as caught:
            writer.write(event)
        writer.write(SECOND)
    assert str(caught.value).startswith(f"{path}:3: {complaint}")
    assert [event for _, event in read_trace(path).events] == [FIRST, SECOND]


def test_a_wrong_seq_is_not_written_unless_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "run.ndjson"
    with TraceWriter(path, HEADER) as writer:
        with pytest.raises(
            SeqGapError, match=r"run\.ndjson:2: seq gap at node 'n1': expected seq 1, found 2;"
        ):
            writer.write(SECOND)
        writer.write(FIRST)
        with pytest.raises(SeqOrderError, match=r"run\.ndjson:3: seq repeated at node 'n1'"):
            writer.write(FIRST)
    write(path, HEADER, [SECOND, FIRST], check_seq=False)
    with pytest.raises(SeqGapError, match=r"run\.ndjson:2: seq gap"):
        read_trace(path)


@pytest.mark.parametrize(
    ("header", "complaint"),
    [
        (Header(modules=[], constants={}, nodes=["n1", "n1"]), "the header names node 'n1' twice;"),
        (Header(modules=[""], constants={}, nodes=[]), "not a header: expected `str` of length >= 1"),
        (
            Header(redoraft_trace=2, modules=[], constants={}, nodes=[]),
            "the trace has format version 2, this",
        ),
        (Header(modules=[], constants={"f": math.sin}, nodes=[]), "it cannot be written as JSON: Encoding"),
    ],
)
def test_a_header_the_reader_would_refuse_is_not_written(
    tmp_path: Path, header: Header, complaint: str
) -> None:
    path = tmp_path / "run.ndjson"
    with pytest.raises(TraceError) as caught, TraceWriter(path, header):
        pass
    assert str(caught.value).startswith(f"{path}:1: {complaint}")
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("name", ["run.ndjson", "run.ndjson.zst"])
def test_atomic_shows_all_or_nothing(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"old")
    with TraceWriter(path, HEADER) as writer:
        writer.write(FIRST)
        assert path.read_bytes() == b"old"
    assert names_in(tmp_path) == [name]
    assert [event for _, event in read_trace(path).events] == [FIRST]


@pytest.mark.parametrize("name", ["run.ndjson", "run.ndjson.zst"])
@pytest.mark.parametrize("error", [ValueError("mine"), KeyboardInterrupt()])
def test_an_exception_keeps_the_partial_trace(tmp_path: Path, name: str, error: BaseException) -> None:
    path = tmp_path / name
    path.write_bytes(b"old")
    with pytest.raises(type(error)) as caught, TraceWriter(path, HEADER) as writer:
        writer.write(FIRST)
        raise error
    assert caught.value is error
    assert names_in(tmp_path) == [name, f"{name}.partial"]
    assert path.read_bytes() == b"old"
    trace = read_trace(tmp_path / f"{name}.partial")
    assert [event for _, event in trace.events] == [FIRST]
    assert trace.torn is None


def test_streaming_refuses_to_overwrite_a_trace(tmp_path: Path) -> None:
    path = tmp_path / "run.ndjson"
    content = write(path, HEADER, [FIRST], atomic=False)
    with pytest.raises(TraceError) as caught, TraceWriter(path, HEADER, atomic=False):
        pass
    assert str(caught.value) == f"{path}: the file exists already; choose another name, or remove it first"
    assert path.read_bytes() == content


KILLED = """
import os, signal, sys
from redoraft_traces import Event, Header, TraceWriter
header = Header(modules=[], constants={}, nodes=["n1"])
with TraceWriter(sys.argv[1], header, atomic=False) as writer:
    for seq in range(1, 101):
        writer.write(Event(node="n1", seq=seq))
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(("name", "torn"), [("run.ndjson", None), ("run.ndjson.zst", TornLine(102, 0))])
def test_streaming_loses_nothing_to_a_kill(tmp_path: Path, name: str, torn: TornLine | None) -> None:
    path = tmp_path / name
    ended = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    trace = read_trace(path)
    assert [event.seq for _, event in trace.events] == list(range(1, 101))
    assert trace.torn == torn


def test_a_place_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    missing = tmp_path / "none" / "run.ndjson"
    with pytest.raises(TraceError) as caught, TraceWriter(missing, HEADER):
        pass
    assert str(caught.value) == (
        f"{missing}: cannot be written: No such file or directory; "
        "check the folder, its permissions and the free space"
    )
    with pytest.raises(TraceError) as caught, TraceWriter(tmp_path, HEADER):
        pass
    assert str(caught.value) == f"{tmp_path}: cannot be written: it is a folder; give the name of a file"
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with (
        pytest.raises(TraceError, match="pipe: cannot be written: it is no plain file"),
        TraceWriter(pipe, HEADER),
    ):
        pass
    assert pipe.is_fifo()
    pipe.unlink()
    assert names_in(tmp_path) == []


def full_disk(*_: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_disk_that_is_full_at_the_end_leaves_the_old_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.ndjson"
    path.write_bytes(b"old")
    with pytest.raises(TraceError) as caught, TraceWriter(path, HEADER) as writer:
        writer.write(FIRST)
        monkeypatch.setattr("os.fsync", full_disk)
    assert str(caught.value) == (
        f"{path}: cannot be written: No space left on device; "
        "check the folder, its permissions and the free space"
    )
    assert path.read_bytes() == b"old"
    assert names_in(tmp_path) == ["run.ndjson", "run.ndjson.partial"]


@pytest.mark.parametrize("name", ["run.ndjson", "run.ndjson.zst"])
def test_a_disk_that_is_full_on_the_way_is_one_clear_line(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    writer = TraceWriter(path, HEADER, atomic=False)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, limits[1]))
    try:
        with pytest.raises(TraceError) as caught, writer:
            for seq in range(1, 10_000):
                writer.write(Event(node="n1", seq=seq, vars={"lsn": seq**5}))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert str(caught.value) == (
        f"{path}: cannot be written: File too large; check the folder, its permissions and the free space"
    )
    kept = read_trace(path)
    assert len(kept.events) > 10
    assert kept.torn is not None


@pytest.mark.parametrize("atomic", [True, False])
def test_after_a_failed_write_nothing_is_added_and_nothing_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, atomic: bool
) -> None:
    path = tmp_path / "run.ndjson"
    with (
        pytest.raises(TraceError, match="No space left") as caught,
        TraceWriter(path, HEADER, atomic=atomic) as writer,
    ):
        writer.write(FIRST)
        with monkeypatch.context() as patch:
            patch.setattr(LineSink, "write", full_disk)
            with pytest.raises(TraceError, match="No space left"):
                writer.write(SECOND)
        with pytest.raises(TraceError, match="No space left"):
            writer.write(Event(node="n1", seq=3))
    assert caught.value.line is None
    kept = path.with_name("run.ndjson.partial") if atomic else path
    assert names_in(tmp_path) == [kept.name]
    assert [event for _, event in read_trace(kept).events] == [FIRST]


def test_writing_outside_the_block_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    writer = TraceWriter(tmp_path / "run.ndjson", HEADER)
    with pytest.raises(RuntimeError, match="inside its with block"):
        writer.write(FIRST)
    with writer:
        pass
    with pytest.raises(RuntimeError, match="inside its with block"):
        writer.write(FIRST)
