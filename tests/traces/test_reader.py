"""What the reader accepts, what it keeps of a torn file, and the exact line of every refusal."""

import itertools
import pickle
import tracemalloc
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from redoraft_traces import (
    Event,
    Header,
    LocatedEvent,
    SeqGapError,
    SeqOrderError,
    TornLine,
    TraceError,
    TraceReader,
    TraceWriter,
    encode_event,
    iter_events,
    read_trace,
)
from redoraft_traces import reader as reader_module

HEADER = b'{"redoraft_trace":1,"modules":["RaftRedo"],"constants":{},"nodes":["n1","n2"]}\n'
FIRST = b'{"node":"n1","seq":1,"action":"Timeout"}\n'
SECOND = b'{"node":"n1","seq":2,"vars":{"term":2}}\n'
THIRD = b'{"node":"n1","seq":3}\n'

EVENT_KEYS = "an event is one JSON object with the keys node, seq, action, args, vars, sent, received"
HEADER_KEYS = (
    "a header is one JSON object with the keys redoraft_trace, modules, constants, nodes, hidden, source"
)
ONE_OBJECT = "write one whole JSON object in UTF-8 per line"
NO_BLANKS = "remove it: every line is one JSON object"
NO_HEADER = 'write a header first: {"redoraft_trace": 1, "modules": [...], ...}'
REMOVED = "an event was removed, lost or moved here; restore it or record the run again"
MOVED = "an event was duplicated or moved here; restore the order or record the run again"

BROKEN_FILES = [
    pytest.param(b"", 1, "the file is empty: it has no header; record the run again", id="empty file"),
    pytest.param(HEADER[:40], 1, "the header is incomplete; record the run again", id="torn header"),
    pytest.param(FIRST, 1, f"not a header: it has no redoraft_trace; {NO_HEADER}", id="no header"),
    pytest.param(
        b'{"redoraft_trace":2,"new":0}\n' + FIRST,
        1,
        "the trace has format version 2, this program reads up to version 1; "
        "use a newer redoraft, or write the trace in the older version",
        id="newer version",
    ),
    pytest.param(
        b'{"redoraft_trace":"1"}\n',
        1,
        "not a header: redoraft_trace is '1', not a format version; this program writes and reads version 1",
        id="version is text",
    ),
    pytest.param(
        b'{"redoraft_trace":true}\n',
        1,
        "not a header: redoraft_trace is True, not a format version; this program writes and reads version 1",
        id="version is true",
    ),
    pytest.param(
        b'{"redoraft_trace":0}\n',
        1,
        "not a header: redoraft_trace is 0, not a format version; this program writes and reads version 1",
        id="version is zero",
    ),
    pytest.param(
        HEADER.replace(b"nodes", b"node"),
        1,
        f"not a header: object contains unknown field `node`; {HEADER_KEYS}",
        id="unknown key in the header",
    ),
    pytest.param(
        b'{"redoraft_trace":1,"modules":[],"nodes":[]}\n',
        1,
        f"not a header: object missing required field `constants`; {HEADER_KEYS}",
        id="missing key in the header",
    ),
    pytest.param(
        HEADER.replace(b"n2", b"n1"),
        1,
        "the header names node 'n1' twice; name each node once in nodes",
        id="node named twice",
    ),
    pytest.param(b"\n" + HEADER, 1, f"blank line; {NO_BLANKS}", id="blank before the header"),
    pytest.param(HEADER + FIRST + b"\n" + SECOND, 3, f"blank line; {NO_BLANKS}", id="blank inside"),
    pytest.param(HEADER + FIRST + b"\n", 3, f"blank line; {NO_BLANKS}", id="blank at the end"),
    pytest.param(HEADER + b" \r\n", 2, f"blank line; {NO_BLANKS}", id="only spaces"),
    pytest.param(
        HEADER + FIRST + SECOND[:20] + b"\n" + THIRD,
        3,
        f"not an event: input data was truncated; {ONE_OBJECT}",
        id="broken inside",
    ),
    pytest.param(
        HEADER + FIRST + SECOND[:20] + b"\n",
        3,
        f"not an event: input data was truncated; {ONE_OBJECT}",
        id="broken last line that has its newline",
    ),
    pytest.param(
        HEADER + FIRST.replace(b"action", b"acton"),
        2,
        f"not an event: object contains unknown field `acton`; {EVENT_KEYS}",
        id="unknown key in an event",
    ),
    pytest.param(
        HEADER + b'{"node":"n1","seq":1,"bad":0}',
        2,
        f"not an event: object contains unknown field `bad`; {EVENT_KEYS}",
        id="wrong but whole last line without newline",
    ),
    pytest.param(
        HEADER + b'{"node":"n1"}\n',
        2,
        f"not an event: object missing required field `seq`; {EVENT_KEYS}",
        id="no seq",
    ),
    pytest.param(
        HEADER + b'{"node":"n1","seq":0}\n',
        2,
        f"not an event: expected `int` >= 1 - at `$.seq`; {EVENT_KEYS}",
        id="seq zero",
    ),
    pytest.param(
        HEADER + b'{"node":"n1","seq":1,"sent":"m1"}\n',
        2,
        f"not an event: expected `array`, got `str` - at `$.sent`; {EVENT_KEYS}",
        id="sent is no list",
    ),
    pytest.param(
        HEADER + b'[{"node":"n1","seq":1}]\n',
        2,
        f"not an event: expected `object`, got `array`; {EVENT_KEYS}",
        id="an array",
    ),
    pytest.param(
        HEADER + FIRST + b'{"node":"n1","seq":2,"action":"\xff"}\n' + THIRD,
        3,
        f"not an event: it is not UTF-8 (byte 31 of the line); {ONE_OBJECT}",
        id="not UTF-8",
    ),
    pytest.param(
        HEADER + b'{"node":"n1","seq":1,"args":{"a":' + b"[" * 100_000 + b"\n",
        2,
        f"not an event: it is nested too deeply; {ONE_OBJECT}",
        id="nested too deeply",
    ),
    pytest.param(
        HEADER + FIRST + b'{"node":"n9","seq":1}\n',
        3,
        "unknown node 'n9'; name it in the header's nodes (there: n1, n2)",
        id="unknown node",
    ),
]

BROKEN_ORDERS = [
    (FIRST + THIRD, 3, (SeqGapError, 2, 3), f"seq gap at node 'n1': expected seq 2, found 3; {REMOVED}"),
    (SECOND + THIRD, 2, (SeqGapError, 1, 2), f"seq gap at node 'n1': expected seq 1, found 2; {REMOVED}"),
    (
        FIRST + THIRD + SECOND,
        3,
        (SeqGapError, 2, 3),
        f"seq gap at node 'n1': expected seq 2, found 3; {REMOVED}",
    ),
    (
        FIRST + SECOND * 2,
        4,
        (SeqOrderError, 3, 2),
        f"seq repeated at node 'n1': expected seq 3, found 2; {MOVED}",
    ),
    (
        FIRST + SECOND + THIRD + FIRST,
        5,
        (SeqOrderError, 4, 1),
        f"seq out of order at node 'n1': expected seq 4, found 1; {MOVED}",
    ),
]


def save(path: Path, content: bytes) -> Path:
    """Write the bytes as they are, compressed if the name says so."""
    path.write_bytes(zstandard.ZstdCompressor().compress(content) if path.suffix == ".zst" else content)
    return path


def seqs(events: list[LocatedEvent]) -> list[int]:
    return [event.seq for _, event in events]


@pytest.fixture(params=["run.ndjson", "run.ndjson.zst"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / str(request.param)


def test_events_come_with_their_lines(path: Path) -> None:
    trace = read_trace(save(path, HEADER + FIRST + SECOND))
    assert trace.header == Header(modules=["RaftRedo"], constants={}, nodes=["n1", "n2"])
    assert trace.events == [
        (2, Event(node="n1", seq=1, action="Timeout")),
        (3, Event(node="n1", seq=2, vars={"term": 2})),
    ]
    assert trace.torn is None
    assert trace.path == path


def test_a_header_alone_is_a_trace(path: Path) -> None:
    trace = read_trace(save(path, HEADER))
    assert trace.events == []
    assert trace.torn is None


def test_the_last_newline_may_be_missing_and_lines_may_end_in_crlf(path: Path) -> None:
    content = (HEADER + FIRST + SECOND).replace(b"\n", b"\r\n")
    assert seqs(read_trace(save(path, content.rstrip())).events) == [1, 2]


def test_null_means_absent(path: Path) -> None:
    line = b'{"node":"n1","seq":1,"action":null,"received":null}\n'
    assert read_trace(save(path, HEADER + line)).events == [(2, Event(node="n1", seq=1))]


@pytest.mark.parametrize(("content", "line", "complaint"), BROKEN_FILES)
def test_broken_input_is_refused_with_one_exact_line(
    path: Path, content: bytes, line: int, complaint: str
) -> None:
    with pytest.raises(TraceError) as caught:
        read_trace(save(path, content))
    assert str(caught.value) == f"{path}:{line}: {complaint}"
    assert caught.value.line == line
    assert not isinstance(caught.value, SeqGapError)


@pytest.mark.parametrize(("events", "line", "wanted", "complaint"), BROKEN_ORDERS)
def test_a_broken_sequence_is_its_own_error(
    path: Path, events: bytes, line: int, wanted: tuple[type[SeqGapError], int, int], complaint: str
) -> None:
    with pytest.raises(SeqGapError) as caught:
        read_trace(save(path, HEADER + events))
    error = caught.value
    assert (type(error), error.expected, error.actual) == wanted
    assert error.node == "n1"
    assert error.line == line
    assert str(error) == f"{path}:{line}: {complaint}"
    assert len(read_trace(path, check_seq=False).events) == events.count(b"\n")


def test_every_node_counts_for_itself(path: Path) -> None:
    other = b'{"node":"n2","seq":1}\n'
    assert seqs(read_trace(save(path, HEADER + FIRST + other + SECOND)).events) == [1, 1, 2]
    with pytest.raises(SeqGapError, match=r":4: seq gap at node 'n2': expected seq 1, found 2;"):
        read_trace(save(path, HEADER + FIRST + SECOND + other.replace(b"1}", b"2}")))


def test_without_the_seq_check_unknown_nodes_are_still_refused(path: Path) -> None:
    save(path, HEADER + b'{"node":"n9","seq":7}\n')
    with pytest.raises(TraceError, match=r":2: unknown node 'n9';"):
        read_trace(path, check_seq=False)


def test_a_file_that_is_not_there_and_a_folder(tmp_path: Path) -> None:
    missing = tmp_path / "none.ndjson"
    remedy = "check the path and its permissions"
    for path, why in [(missing, "No such file or directory"), (tmp_path, "Is a directory")]:
        with pytest.raises(TraceError) as caught:
            read_trace(path)
        assert str(caught.value) == f"{path}: cannot be read: {why}; {remedy}"
        assert caught.value.line is None


def test_a_plain_last_line_torn_anywhere_is_reported_and_the_rest_kept(tmp_path: Path) -> None:
    last = encode_event(
        Event(node="n1", seq=2, action="é€𝄞", args={"x": [1.5e300, None, "\n"]}, received="m1")
    )
    whole = HEADER + FIRST
    for size in range(1, len(last)):
        trace = read_trace(save(tmp_path / "run.ndjson", whole + last[:size]))
        assert seqs(trace.events) == [1]
        assert trace.torn == TornLine(3, size)
    for rest in (last, last + b"\n"):
        trace = read_trace(save(tmp_path / "run.ndjson", whole + rest))
        assert seqs(trace.events) == [1, 2]
        assert trace.torn is None


def test_zero_bytes_after_the_last_line_are_torn(path: Path) -> None:
    trace = read_trace(save(path, HEADER + FIRST + bytes(512)))
    assert seqs(trace.events) == [1]
    assert trace.torn == TornLine(3, 512)


def test_a_zst_stream_cut_anywhere_gives_its_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "run.ndjson.zst"
    header = Header(modules=["RaftRedo"], constants={}, nodes=["n1"])
    with TraceWriter(path, header, atomic=False) as writer:
        sizes = [path.stat().st_size]
        for seq in range(1, 6):
            writer.write(Event(node="n1", seq=seq, vars={"note": f"{seq * 7919:x}" * seq}))
            sizes.append(path.stat().st_size)
    content = path.read_bytes()
    for size in range(1, len(content)):
        path.write_bytes(content[:size])
        flushed = sum(size >= at for at in sizes) - 1
        if flushed < 0:
            with pytest.raises(TraceError, match=r"ndjson\.zst:1: the header is incomplete;"):
                read_trace(path)
            continue
        trace = read_trace(path)
        # One more event than flushed when only the newline after it is missing.
        extra = size not in sizes and len(trace.events) == flushed + 1
        assert seqs(trace.events) == list(range(1, flushed + extra + 1))
        assert trace.torn is not None
        assert trace.torn.line == flushed + extra + 2


def test_a_zst_stream_cut_inside_a_line_reports_that_line(tmp_path: Path) -> None:
    compressor = zstandard.ZstdCompressor().compressobj()
    content = compressor.compress(HEADER + FIRST + SECOND[:9]) + compressor.flush(
        zstandard.COMPRESSOBJ_FLUSH_BLOCK
    )
    path = tmp_path / "run.ndjson.zst"
    path.write_bytes(content)
    trace = read_trace(path)
    assert seqs(trace.events) == [1]
    assert trace.torn == TornLine(3, 9)


def test_a_whole_line_before_the_cut_of_a_zst_stream_is_kept(tmp_path: Path) -> None:
    compressor = zstandard.ZstdCompressor().compressobj()
    content = compressor.compress(HEADER + FIRST.rstrip()) + compressor.flush(
        zstandard.COMPRESSOBJ_FLUSH_BLOCK
    )
    path = tmp_path / "run.ndjson.zst"
    path.write_bytes(content)
    trace = read_trace(path)
    assert seqs(trace.events) == [1]
    assert trace.torn == TornLine(3, 0)


def test_a_zst_file_of_several_frames_is_one_trace(tmp_path: Path) -> None:
    compress = zstandard.ZstdCompressor().compress
    path = tmp_path / "run.ndjson.zst"
    path.write_bytes(compress(HEADER + FIRST[:9]) + compress(FIRST[9:] + SECOND))
    assert seqs(read_trace(path).events) == [1, 2]
    assert read_trace(path).torn is None


def test_what_is_not_zst_or_damaged_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.ndjson.zst"
    path.write_bytes(HEADER + FIRST)
    with pytest.raises(TraceError, match=r"ndjson\.zst:1: the compressed data is damaged or not zstd \("):
        read_trace(path)
    content = bytearray(zstandard.ZstdCompressor(write_checksum=True).compress(HEADER + FIRST))
    content[-1] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(TraceError, match=r"ndjson\.zst:[123]: the compressed data is damaged or not zstd \("):
        read_trace(path)


def test_a_line_without_end_is_refused_before_it_fills_the_memory(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "MAX_LINE_BYTES", 200)
    save(path, HEADER + FIRST + b" " * 201)
    with pytest.raises(TraceError) as caught:
        read_trace(path)
    assert str(caught.value) == f"{path}:3: the line is longer than 200 bytes; write one event per line"


def test_iter_events_gives_what_comes_before_the_trouble(path: Path) -> None:
    save(path, HEADER + FIRST + SECOND + b"?\n")
    events = iter_events(path)
    assert seqs(list(itertools.islice(events, 2))) == [1, 2]
    with pytest.raises(TraceError, match=":4: not an event: JSON is malformed"):
        next(events)


def test_iter_events_tells_of_a_torn_line(path: Path) -> None:
    save(path, HEADER + FIRST + SECOND[:9])
    told: list[TornLine] = []
    assert seqs(list(iter_events(path, on_torn=told.append))) == [1]
    assert told == [TornLine(3, 9)]
    told.clear()
    save(path, HEADER + FIRST)
    assert seqs(list(iter_events(path, on_torn=told.append))) == [1]
    assert told == []


def test_the_streaming_reader_knows_header_and_torn(path: Path) -> None:
    save(path, HEADER + FIRST + SECOND[:9])
    with TraceReader(path) as reader:
        assert reader.header.nodes == ["n1", "n2"]
        assert [line for line, _ in reader] == [2]
        assert reader.torn == TornLine(3, 9)


def peak_of_reading(path: Path) -> int:
    """Bytes at the highest point of reading the file event by event."""
    tracemalloc.start()
    try:
        for _ in iter_events(path):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_the_memory_of_iter_events_does_not_grow_with_the_file(path: Path) -> None:
    header = Header(modules=[], constants={}, nodes=["n1"])
    peaks = []
    for count in (3_000, 30_000):
        with TraceWriter(path, header) as writer:
            for seq in range(1, count + 1):
                writer.write(Event(node="n1", seq=seq, vars={"flushed_lsn": seq * 7919 % 100_003}))
        peaks.append(peak_of_reading(path))
    assert peaks[1] < peaks[0] + 1_000_000
    # The same measure sees the difference when the events are kept.
    tracemalloc.start()
    trace = read_trace(path)
    kept = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(trace.events) == 30_000
    assert kept > peaks[1] + 5_000_000


@given(
    position=st.integers(0, 500),
    removed=st.integers(0, 3),
    inserted=st.binary(max_size=4),
    compressed=st.booleans(),
)
def test_a_damaged_file_gives_events_or_one_clear_line(
    tmp_path_factory: pytest.TempPathFactory, position: int, removed: int, inserted: bytes, compressed: bool
) -> None:
    content = HEADER + FIRST + SECOND + THIRD
    if compressed:
        content = zstandard.ZstdCompressor(write_checksum=True).compress(content)
    position %= len(content) + 1
    path = tmp_path_factory.mktemp("damaged") / ("run.ndjson.zst" if compressed else "run.ndjson")
    path.write_bytes(content[:position] + inserted + content[position + removed :])
    try:
        trace = read_trace(path)
    except TraceError as error:
        assert str(error).startswith(f"{path}:")
        assert str(error).isprintable()
        assert "; " in str(error)
    else:
        assert len(trace.events) + (trace.torn is not None) <= 3 + inserted.count(b"\n") + 1


def test_an_error_shows_hostile_bytes_harmlessly(tmp_path: Path) -> None:
    path = save(
        tmp_path / "run.ndjson", HEADER + b'{"node":"n1","seq":1,"\\u001b[31m\\n' + b"k" * 10_000 + b'":0}\n'
    )
    with pytest.raises(TraceError) as caught:
        read_trace(path)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1_000
    assert r"unknown field `\x1b[31m\nkkk" in str(caught.value)


def test_errors_survive_the_way_from_another_process() -> None:
    general = TraceError("a.ndjson", 3, "reason", "remedy")
    gap = SeqGapError("a.ndjson", 3, "n1", 2, 4)
    order = SeqOrderError("a.ndjson", 3, "n1", 4, 2)
    for error in (general, gap, order):
        copy = pickle.loads(pickle.dumps(error))
        assert type(copy) is type(error)
        assert str(copy) == str(error)
        assert vars(copy) == vars(error)
