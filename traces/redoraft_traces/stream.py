"""Bytes of a trace file, plain or zstd by its suffix, with memory that does not grow with the file.

A process that is killed leaves a zstd stream without its end. The stock readers either refuse such a stream
or hide that it was cut; here everything that can be decompressed is delivered, and `cut` tells the rest.
"""

import io
import os
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import zstandard

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PARTIAL_SUFFIX = ".partial"
# Small, because one compressed chunk may expand many times and is held at once.
_CHUNK = 16 * 1024


def is_compressed(path: Path) -> bool:
    """Whether the file's name says zstd; `run.ndjson.zst.partial` is what was left of a compressed trace."""
    return path.name.removesuffix(PARTIAL_SUFFIX).endswith(".zst")


class ZstdSource(io.RawIOBase):
    """Decompressed bytes of one or more zstd frames. `cut` is true once the input has ended inside a frame.

    Raises zstandard.ZstdError while reading, for bytes that are not zstd or were damaged.
    """

    def __init__(self, compressed: BinaryIO) -> None:
        self._compressed = compressed
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._inside_frame = False
        self._input = b""
        self._output = memoryview(b"")
        self.cut = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        target = memoryview(buffer).cast("B")
        while not self._output:
            if not self._decompress_more():
                return 0
        size = min(len(target), len(self._output))
        target[:size] = self._output[:size]
        self._output = self._output[size:]
        return size

    def _decompress_more(self) -> bool:
        chunk = self._input or self._compressed.read(_CHUNK)
        if not chunk:
            self.cut = self._inside_frame
            return False
        self._inside_frame = True
        self._output = memoryview(self._frame.decompress(chunk))
        self._input = b""
        if self._frame.eof:
            self._input = self._frame.unused_data
            self._frame = zstandard.ZstdDecompressor().decompressobj()
            self._inside_frame = False
        return True

    def close(self) -> None:
        self._compressed.close()
        super().close()


class LineSource:
    """Lines of a trace file. Raises OSError when opened or read, zstandard.ZstdError when read."""

    def __init__(self, path: Path) -> None:
        opened = path.open("rb")
        self._zstd = ZstdSource(opened) if is_compressed(path) else None
        self._buffer = opened if self._zstd is None else io.BufferedReader(self._zstd)

    def readline(self, limit: int) -> bytes:
        """The next line with its newline, at most `limit` bytes of it; empty at the end."""
        return self._buffer.readline(limit)

    @property
    def cut(self) -> bool:
        """Whether the compressed stream stopped before its end; known once `readline` returns nothing."""
        return self._zstd is not None and self._zstd.cut

    def close(self) -> None:
        self._buffer.close()


class GrowingSource(LineSource):
    """Lines of a plain file that somebody is still writing: a line is given when its newline is there.

    At the end of the file `wait` is called, again and again, until there is more; when it says False, the
    file ends there, and a line without its newline is left out.  Raises OSError, also for a file that became
    shorter.
    """

    def __init__(self, path: Path, wait: Callable[[], bool]) -> None:
        self._file = path.open("rb", buffering=0)
        self._wait = wait
        self._lines: deque[bytes] = deque()
        self._rest = b""

    def readline(self, limit: int) -> bytes:
        """The next line with its newline; a longer one than `limit` as far as it is there."""
        while not self._lines:
            read = self._file.read(_CHUNK)
            if read:
                *whole, self._rest = _cut(self._rest + read)
                self._lines.extend(whole)
            elif os.fstat(self._file.fileno()).st_size < self._file.tell():
                raise OSError(None, "it became shorter while it was followed")
            elif not self._wait():
                return b""
            if len(self._rest) >= limit:
                return self._rest
        return self._lines.popleft()

    @property
    def cut(self) -> bool:
        """Never: a compressed file is not followed."""
        return False

    def close(self) -> None:
        self._file.close()


def _cut(data: bytes) -> list[bytes]:
    """Lines with their newlines, and what is behind the last one."""
    *whole, rest = data.split(b"\n")
    return [*(line + b"\n" for line in whole), rest]


class LineSink:
    """Bytes into a trace file that must not exist yet. Raises OSError."""

    def __init__(self, path: Path, *, compressed: bool, flush_each: bool) -> None:
        self._file = path.open("xb")
        compressor = zstandard.ZstdCompressor(write_checksum=True) if compressed else None
        self._frame = None if compressor is None else compressor.compressobj()
        self._flush_each = flush_each

    def write(self, line: bytes) -> None:
        data = line + b"\n"
        if self._frame is not None:
            data = self._frame.compress(data)
            if self._flush_each:
                data += self._frame.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        self._file.write(data)
        if self._flush_each:
            self._file.flush()

    def finish(self, *, sync: bool) -> None:
        """End the compressed stream and close the file, which is closed also when this raises. With `sync`
        the bytes are on the disk before this returns. Does nothing the second time."""
        if self._file.closed:
            return
        with self._file:
            if self._frame is not None:
                self._file.write(self._frame.flush(zstandard.COMPRESSOBJ_FLUSH_FINISH))
            if sync:
                self._file.flush()
                os.fsync(self._file.fileno())
