"""The files `#ib_redoN` of a log, as one run of blocks (InnoDB 8.0.30: not circular, a new file at the end).

Each file but the last is full and durable before the next one exists, and a file appears by a rename, whole
headers and all: so what a crash may leave is only in the last file.  A gap between files, or a block that
cannot be read in any other file than the last, is damage, and is told as such.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final, Self

import attrs

from redoraft.errors import CorruptRedo, LogMisuse
from redoraft.files import Disk, File
from redoraft.redo.block import encode_block
from redoraft.redo.header import (
    HEADER_SIZE,
    RESTORE,
    Header,
    Note,
    header_block,
    note_block,
    parse_header,
    parse_note,
)
from redoraft.redo.lsn import BLOCK_SIZE, FIRST_BLOCK, block_of
from redoraft.types import Lsn

_NAME: Final = re.compile(r"#ib_redo(0|[1-9][0-9]*)")
_BLOCKS_PER_READ: Final = 512
_UNFINISHED: Final = re.compile(r"#ib_redo[0-9]+_tmp")


def has_log(disk: Disk) -> bool:
    """Whether the disk has any redo file."""
    return any(_NAME.fullmatch(name) for name in disk.names)


def require_log(disk: Disk, because: str) -> None:
    """CorruptRedo if the disk has no redo file at all; `because` says how one knows that it had some."""
    if not has_log(disk):
        raise CorruptRedo(f"the log is gone: {because}", offset=0, remedy=RESTORE, file="#ib_redo0")


def remove_log(disk: Disk) -> None:
    """Take all redo files away, durably: another log comes in their place.  DiskError."""
    for name in disk.names:
        if _NAME.fullmatch(name) or _UNFINISHED.fullmatch(name):
            disk.remove(name)
    disk.sync()


@attrs.frozen
class Layout:
    """How a log lies in files: bytes of each new file, header included; the log's number (32 bits), the
    same on all files; the bytes that all may have together (None: no bound)."""

    file_size: int = 4 * 1024 * 1024
    log_uuid: int = 0
    capacity: int | None = None

    def __attrs_post_init__(self) -> None:
        if self.file_size < HEADER_SIZE + BLOCK_SIZE or self.file_size % BLOCK_SIZE:
            raise LogMisuse(f"{self.file_size} bytes make no log file: give a multiple of 512 from 2560 on")
        if not 0 <= self.log_uuid < 1 << 32:
            raise LogMisuse(f"{self.log_uuid} is no number of a log: give 32 bits")

    @property
    def blocks(self) -> int:
        """Log blocks in a file."""
        return (self.file_size - HEADER_SIZE) // BLOCK_SIZE


@attrs.define
class Segment:
    """One file: `end_block` is the block behind its last one; None for the last file."""

    number: int
    first_block: int
    file: File
    end_block: int | None = None
    dirty: bool = False

    @property
    def name(self) -> str:
        """The file's name."""
        return f"#ib_redo{self.number}"

    def offset(self, block: int) -> int:
        """Where the block with ordinal `block` (LSN / 512) stands in the file, in bytes."""
        return HEADER_SIZE + (block - self.first_block) * BLOCK_SIZE

    def read_note(self, note: Note) -> Lsn | None:
        """The LSN in a block of the header; ValueError if the block cannot be read."""
        return parse_note(note, self.file.read(note, BLOCK_SIZE))

    def write_note(self, note: Note, lsn: Lsn | None) -> None:
        """Write such a block, durably; DiskError."""
        self.file.write(note, note_block(note, lsn))
        self.file.fsync()


class RedoFiles:
    """All files of one log, oldest first.  Not thread-safe."""

    def __init__(
        self, disk: Disk, layout: Layout, segments: list[Segment], cut: tuple[Segment, Lsn] | None
    ) -> None:
        """For `open`; `cut` is a truncation that a crash has interrupted: its file, and where it is to
        end."""
        self._disk: Final = disk
        self.layout: Final = layout
        self.segments: Final = segments
        self.interrupted: Final = cut

    @classmethod
    def open(cls, disk: Disk, layout: Layout) -> Self:
        """Look at the headers of all files; nothing is changed.  No file: no segments.

        Raises CorruptRedo (file, offset) for a file that is no file of this log, or is missing in the middle.
        """
        numbers = sorted(int(found[1]) for name in disk.names if (found := _NAME.fullmatch(name)))
        segments: list[Segment] = []
        try:
            for number in numbers:
                file = disk.open(f"#ib_redo{number}")
                segments.append(Segment(number, FIRST_BLOCK, file))
                header = parse_header(file.read(0, BLOCK_SIZE), segments[-1].name)
                segments[-1].first_block = header.first_block
                _require_same_log(header, layout, segments[-1].name)
            cut = _interrupted_cut(segments)
            _link(segments if cut is None else segments[: segments.index(cut[0]) + 1])
        except BaseException:
            for segment in segments:
                segment.file.close()
            raise
        return cls(disk, layout, segments, cut)

    # What there is.

    @property
    def first_block(self) -> int:
        """The oldest block that is kept (LSN / 512)."""
        return self.segments[0].first_block

    @property
    def end_block(self) -> int:
        """The block behind the last one that the last file has."""
        last = self.segments[-1]
        return last.first_block + max(0, last.file.size - HEADER_SIZE + BLOCK_SIZE - 1) // BLOCK_SIZE

    def at(self, block: int) -> Segment:
        """The file in which a block stands, or will stand if it is written."""
        return next(segment for segment in reversed(self.segments) if segment.first_block <= block)

    def read(self, first: int, count: int) -> bytes:
        """The bytes of `count` blocks from `first` on; fewer only where the last file ends.  DiskError."""
        parts = []
        for segment in self.segments:
            low = max(first, segment.first_block)
            high = first + count if segment.end_block is None else min(first + count, segment.end_block)
            if low < high:
                parts.append(segment.file.read(segment.offset(low), (high - low) * BLOCK_SIZE))
        return b"".join(parts)

    def blocks(self, first: int) -> Iterator[tuple[int, bytes]]:
        """Every block from `first` on, with its ordinal, and an empty one behind the last; DiskError."""
        block = first
        while raw := self.read(block, _BLOCKS_PER_READ):
            for at in range(0, len(raw), BLOCK_SIZE):
                yield block, raw[at : at + BLOCK_SIZE]
                block += 1
        yield block, b""

    def place(self, block: int) -> tuple[str, int]:
        """The file in which a block stands or would stand, and its byte there."""
        segment = self.at(block)
        return segment.name, segment.offset(block)

    # What is changed.

    def create(self, first_block: int = FIRST_BLOCK) -> None:
        """Make the first file of an empty log, or of one that begins in `first_block`, durably; a crash
        leaves no file, or this one."""
        self.clear_unfinished()
        self._add(0, first_block)

    def clear_unfinished(self) -> None:
        """Take away what a crash left of a file that was being made."""
        unfinished = [name for name in self._disk.names if _UNFINISHED.fullmatch(name)]
        for name in unfinished:
            self._disk.remove(name)
        if unfinished:
            self._disk.sync()

    def write(self, first: int, raw: bytes) -> None:
        """Write whole blocks from `first` on, making the files that they need; not yet durable.

        Before a new file is made, the one before it is durable.  DiskError.
        """
        at, end = first, first + len(raw) // BLOCK_SIZE
        while at < end:
            segment = self.at(at)
            border = self._border(segment)
            if at >= border:
                self.fsync()
                segment.end_block = at
                self._add(segment.number + 1, at)
                continue
            high = min(end, border)
            piece = raw[(at - first) * BLOCK_SIZE : (high - first) * BLOCK_SIZE]
            segment.file.write(segment.offset(at), piece)
            segment.dirty = True
            at = high

    def _border(self, segment: Segment) -> int:
        """The block behind the last one that may stand in this file: a longer file than is made now stays."""
        if segment.end_block is not None:
            return segment.end_block
        return max(segment.first_block + self.layout.blocks, self.end_block)

    def fsync(self) -> None:
        """Make everything written durable; SyncFailed."""
        for segment in self.segments:
            if segment.dirty:
                segment.file.fsync()
                segment.dirty = False

    def drop_behind(self, segment: Segment) -> None:
        """Take away all files behind this one, durably, the newest first; DiskError."""
        for dropped in reversed(self.segments[self.segments.index(segment) + 1 :]):
            self._take_away(dropped)
        segment.end_block = None
        self._disk.sync()

    def drop_oldest(self) -> None:
        """Take away the oldest file, durably: one at a time, so that no crash leaves a gap.  DiskError."""
        self._take_away(self.segments[0])
        self._disk.sync()

    def _take_away(self, segment: Segment) -> None:
        segment.file.close()
        self._disk.remove(segment.name)
        self.segments.remove(segment)

    def _add(self, number: int, first_block: int) -> None:
        """A new last file, with an empty first block, durably; by a rename, so that it is whole or not
        there."""
        name = f"#ib_redo{number}"
        header = header_block(Header(self.layout.log_uuid, first_block))
        blank = bytes(HEADER_SIZE - BLOCK_SIZE)
        file = self._disk.create(f"{name}_tmp")
        try:
            file.write(0, header + blank + encode_block(first_block, b"", 0))
            file.fsync()
        finally:
            file.close()
        self._disk.rename(f"{name}_tmp", name)
        self._disk.sync()
        self.segments.append(Segment(number, first_block, self._disk.open(name)))

    def close(self) -> None:
        """Give all files back, without fsync."""
        for segment in self.segments:
            segment.file.close()


def _require_same_log(header: Header, layout: Layout, file: str) -> None:
    if header.log_uuid != layout.log_uuid:
        what = f"the file is of log {header.log_uuid:#010x}, not of {layout.log_uuid:#010x}"
        raise CorruptRedo(what, offset=4, remedy=RESTORE, file=file)


def _interrupted_cut(segments: list[Segment]) -> tuple[Segment, Lsn] | None:
    """The mark of a truncation that did not end (H12); CorruptRedo if it cannot be read or be true."""
    cuts: list[tuple[Segment, Lsn]] = []
    for segment in segments:
        try:
            cut = segment.read_note(Note.CUT)
        except ValueError:
            what = "the mark of a truncation cannot be read"
            raise CorruptRedo(what, offset=Note.CUT, remedy=RESTORE, file=segment.name) from None
        if cut is not None:
            cuts.append((segment, cut))
            block = block_of(cut)
            inside = segment.first_block <= block and segment.offset(block) <= segment.file.size
            if not inside or len(cuts) > 1:
                what = f"a truncation to LSN {cut} cannot have been under way in this file"
                raise CorruptRedo(what, offset=Note.CUT, remedy=RESTORE, file=segment.name)
    return cuts[0] if cuts else None


def _link(segments: list[Segment]) -> None:
    """Let each file end where the next one starts; CorruptRedo if one is missing or too short."""
    for one, other in pairwise(segments):
        if other.number != one.number + 1:
            what = f"#ib_redo{one.number + 1} is missing between {one.name} and {other.name}"
            raise CorruptRedo(what, offset=0, remedy=RESTORE, file=f"#ib_redo{one.number + 1}")
        one.end_block = other.first_block
        if other.first_block <= one.first_block or one.file.size < one.offset(other.first_block):
            start = other.first_block * BLOCK_SIZE
            what = f"{one.name} does not reach to LSN {start}, where {other.name} starts"
            raise CorruptRedo(what, offset=one.file.size, remedy=RESTORE, file=one.name)
