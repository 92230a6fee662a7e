"""Writing a trace so that what is written can be read: every line is parsed again before it reaches the file.

Two modes. Atomic, for a run that this process makes from beginning to end: a reader sees the whole trace or
none. Streaming, for a process that may be killed: every line is with the operating system before `write`
returns, so that kill -9 loses no event that was recorded (a power failure may).
"""

import contextlib
import secrets
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from redoraft_traces.errors import StrPath, TraceError
from redoraft_traces.events import Event, Header, encode_event, encode_header
from redoraft_traces.lines import parse_event, parse_header
from redoraft_traces.sequence import NodeSequences
from redoraft_traces.stream import PARTIAL_SUFFIX, LineSink, is_compressed


class TraceWriter:
    """A context manager that writes `header` on entry and then an event a line; `.zst` names are compressed.

    `atomic=True` writes to a temporary file beside `path` and renames it over `path` on a clean exit; on an
    exception (KeyboardInterrupt too) what was written is kept as `<name>.partial`. `atomic=False` writes to
    `path` itself, which must not exist: the trace that a killed process left there is evidence.
    With `check_seq=False` events with gaps in seq may be written, to build traces that must be refused.

    Raises TraceError, with the line it would have written, for a header or event that the reader would refuse
    (SeqGapError for a wrong seq; nothing is written then, and the writer stays usable), and for a file that
    cannot be written: then it writes nothing more, raises the same again and renames nothing over `path`.
    Not for use from several threads at once.
    """

    def __init__(self, path: StrPath, header: Header, *, atomic: bool = True, check_seq: bool = True) -> None:
        self.path = Path(path)
        self.header = header
        self._atomic = atomic
        self._line = 0
        self._check_seq = check_seq
        self._sink: LineSink | None = None
        self._failed: TraceError | None = None
        beside = self.path.parent / f"{self.path.name}.{secrets.token_hex(4)}.tmp"
        self._written = beside if atomic else self.path

    def __enter__(self) -> Self:
        line = _encode(self.path, 1, lambda: encode_header(self.header))
        nodes = parse_header(self.path, line).nodes
        self._sequence = NodeSequences(nodes, check_seq=self._check_seq)
        if self.path.exists() and not self.path.is_file():
            # A device or a pipe would be replaced by what is written, for everybody.
            what = "a folder" if self.path.is_dir() else "no plain file"
            raise TraceError(self.path, None, f"cannot be written: it is {what}", "give the name of a file")
        try:
            self._sink = LineSink(
                self._written, compressed=is_compressed(self.path), flush_each=not self._atomic
            )
        except FileExistsError:
            reason = "the file exists already"
            raise TraceError(self.path, None, reason, "choose another name, or remove it first") from None
        except OSError as error:
            raise self._unwritable(error) from None
        try:
            self._put(self._sink, line)
        except BaseException:
            self._save_remains(self._sink)
            raise
        return self

    def write(self, event: Event) -> None:
        """Write one event. Raises as the class says; RuntimeError outside the `with` block."""
        if self._sink is None:
            raise RuntimeError("TraceWriter.write is for use inside its with block")
        if self._failed is not None:
            # Half a line may stand in the file; another one behind it would make that a broken line inside.
            raise self._failed
        line = _encode(self.path, self._line + 1, lambda: encode_event(event))
        parse_event(self.path, self._line + 1, line)
        self._sequence.accept(self.path, self._line + 1, event)
        self._put(self._sink, line)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sink, self._sink = self._sink, None
        assert sink is not None
        if error is not None or self._failed is not None:
            self._save_remains(sink)
            if error is None and self._failed is not None:
                raise self._failed
            return
        try:
            sink.finish(sync=self._atomic)
            self._move_to(self.path)
        except BaseException as trouble:
            self._save_remains(sink)
            if isinstance(trouble, OSError):
                raise self._unwritable(trouble) from None
            raise

    def _put(self, sink: LineSink, line: bytes) -> None:
        try:
            sink.write(line)
        except OSError as error:
            self._failed = self._unwritable(error)
            raise self._failed from None
        self._line += 1

    def _save_remains(self, sink: LineSink) -> None:
        # An exception is under way and is the news; trouble in saving the remains must not hide it.
        with contextlib.suppress(OSError):
            sink.finish(sync=False)
        with contextlib.suppress(OSError):
            self._move_to(self.path.with_name(self.path.name + PARTIAL_SUFFIX))

    def _move_to(self, target: Path) -> None:
        if self._atomic:
            self._written.replace(target)

    def _unwritable(self, error: OSError) -> TraceError:
        reason = f"cannot be written: {error.strerror or error}"
        return TraceError(self.path, None, reason, "check the folder, its permissions and the free space")


def _encode(path: Path, line: int, encode: Callable[[], bytes]) -> bytes:
    try:
        return encode()
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        reason = f"it cannot be written as JSON: {error}"
        raise TraceError(path, line, reason, "use only what JSON has, with text as keys") from None
