"""Reading a trace: the header, the events with their line numbers, and what a killed process left torn.

A torn last line (no newline, and not a whole JSON value) is what remains of a write that the process did not
survive: it is reported and the rest is kept. A line that is broken anywhere else is an error, because nothing
that happens to a healthy writer explains it.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import attrs
import zstandard

from redoraft_traces.errors import StrPath, TraceError
from redoraft_traces.events import Event, Header
from redoraft_traces.lines import is_complete_json, parse_event, parse_header
from redoraft_traces.sequence import NodeSequences
from redoraft_traces.stream import LineSource

MAX_LINE_BYTES = 64 * 1024 * 1024


class LocatedEvent(NamedTuple):
    """An event and its line in the file (1-based; the header is line 1)."""

    line: int
    event: Event


@attrs.frozen
class TornLine:
    """The incomplete end of a trace: its line (1-based) and how many bytes of it there are. The length is 0
    when a compressed stream ends before its end mark, right after a whole line."""

    line: int
    length: int


@attrs.frozen
class Trace:
    """A whole trace in memory. `torn` is None unless the file ends in an incomplete line."""

    path: Path
    header: Header
    events: list[LocatedEvent]
    torn: TornLine | None = None


class TraceReader:
    """A trace read line by line, in memory that does not grow with the file:

        with TraceReader(path) as reader:
            for line, event in reader: ...
            if reader.torn: ...

    `header` is there once the file is open, `torn` once iteration has ended. With `check_seq=False` a gap or
    a wrong order of seq passes; everything else is still checked. Opening and iterating raise TraceError for
    input that cannot be read and SeqGapError (SeqOrderError) for a run with missing (moved) events.
    `source` opens the file in another way (a file that still grows).
    """

    header: Header

    def __init__(
        self, path: StrPath, *, check_seq: bool = True, source: Callable[[Path], LineSource] = LineSource
    ) -> None:
        self.path = Path(path)
        self._open = source
        self.torn: TornLine | None = None
        self._check_seq = check_seq
        self._line = 0

    def __enter__(self) -> Self:
        try:
            self._source = self._open(self.path)
        except OSError as error:
            raise self._unreadable(error) from None
        try:
            self.header = self._read_header()
        except BaseException:
            self._source.close()
            raise
        self._sequence = NodeSequences(self.header.nodes, check_seq=self._check_seq)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._source.close()

    def __iter__(self) -> Iterator[LocatedEvent]:
        while (raw := self._next_line()) is not None:
            event = parse_event(self.path, self._line, raw)
            self._sequence.accept(self.path, self._line, event)
            yield LocatedEvent(self._line, event)

    def _read_header(self) -> Header:
        raw = self._next_line()
        if raw is not None:
            return parse_header(self.path, raw)
        empty = self.torn is None
        reason = "the file is empty: it has no header" if empty else "the header is incomplete"
        raise TraceError(self.path, 1, reason, "record the run again")

    def _next_line(self) -> bytes | None:
        """The next line, or None at the end of the file or at a torn line."""
        raw = self._read_bytes()
        if not raw:
            if self._source.cut and self.torn is None:
                self.torn = TornLine(self._line + 1, 0)
            return None
        self._line += 1
        if len(raw) > MAX_LINE_BYTES:
            reason = f"the line is longer than {MAX_LINE_BYTES} bytes"
            raise TraceError(self.path, self._line, reason, "write one event per line")
        if not raw.endswith(b"\n") and not is_complete_json(raw):
            self.torn = TornLine(self._line, len(raw))
            return None
        if not raw.strip():
            raise TraceError(self.path, self._line, "blank line", "remove it: every line is one JSON object")
        return raw

    def _read_bytes(self) -> bytes:
        try:
            return self._source.readline(MAX_LINE_BYTES + 1)
        except OSError as error:
            raise self._unreadable(error) from None
        except zstandard.ZstdError as error:
            reason = f"the compressed data is damaged or not zstd ({error})"
            remedy = "copy the file again, or drop .zst from the name of a plain file"
            raise TraceError(self.path, self._line + 1, reason, remedy) from None

    def _unreadable(self, error: OSError) -> TraceError:
        reason = f"cannot be read: {error.strerror or error}"
        return TraceError(self.path, None, reason, "check the path and its permissions")


def read_trace(path: StrPath, *, check_seq: bool = True) -> Trace:
    """The whole trace at `path`. Raises as TraceReader does."""
    with TraceReader(path, check_seq=check_seq) as reader:
        events = list(reader)
        return Trace(reader.path, reader.header, events, reader.torn)


def iter_events(
    path: StrPath, *, check_seq: bool = True, on_torn: Callable[[TornLine], None] | None = None
) -> Iterator[LocatedEvent]:
    """The events at `path`, one at a time. A torn last line ends them, after `on_torn` has been told of it.
    Raises as TraceReader does, at the event where the trouble is."""
    with TraceReader(path, check_seq=check_seq) as reader:
        yield from reader
        if reader.torn is not None and on_torn is not None:
            on_torn(reader.torn)
