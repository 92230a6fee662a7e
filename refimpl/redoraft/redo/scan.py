"""The parse-only scan (ST-2): what the log files hold, without applying any of it.

Blocks are read up to the first that cannot continue the log; in them mtrs, in them entries.  The log ends
behind the last whole entry: an mtr that is not whole (LOG-1) and an entry without its meta record are dropped
(spec: Scan).  Whatever stands behind the first fault is not looked at: it may be of another branch (H12).
A fault in a file that is not the last one is no end but damage: such a file was durable (see files.py).

When older files were deleted, reading starts at the first group in the oldest one left, and the first meta
record found there says which entry the log follows: it knows its term, its index and its place.
"""

from __future__ import annotations

from enum import Enum

import attrs

from redoraft.errors import CorruptRedo
from redoraft.redo.block import Block, BlockFault, parse_block
from redoraft.redo.entry import EMPTY_LOG, Entry, why_not_next
from redoraft.redo.files import RedoFiles
from redoraft.redo.header import RESTORE
from redoraft.redo.lsn import (
    BLOCK_DATA,
    BLOCK_HEADER,
    BLOCK_SIZE,
    FIRST_BLOCK,
    START_SN,
    block_of,
    is_lsn,
    lsn_of,
    sn_of,
)
from redoraft.redo.mtr import MtrEnd, MtrParser
from redoraft.redo.record import META_SIZE, Meta
from redoraft.types import NO_TERM, Lsn


class EndReason(Enum):
    """Why the scan stopped where it did."""

    LAST_BLOCK = "the last block is not full"
    BLOCK_FAULT = "the next block does not continue the log"
    FIRST_GROUP = "the block says another first record group than it has"
    BAD_RECORD = "a record cannot be parsed"
    BAD_META = "a meta record does not close the entry it stands behind"


@attrs.frozen
class ScanResult:
    """What the files hold behind `base`, the last entry of which the beginning may be deleted.

    `bytes_dropped` counts bytes of data that were read behind `end_lsn`; whole mtrs among them end at
    `dropped_ends`.  `stopped_at` is the byte of the file `stopped_in` where the reading stopped; `detail`
    says
    more about the reason.
    """

    entries: tuple[Entry, ...]
    mtr_ends: tuple[Lsn, ...]
    end_lsn: Lsn
    reason: EndReason
    detail: str
    stopped_in: str
    stopped_at: int
    bytes_dropped: int
    dropped_ends: tuple[Lsn, ...] = ()
    base: Entry = EMPTY_LOG


@attrs.frozen
class _Stop:
    """Why and where (the block, and the byte in it) the scan is over."""

    reason: EndReason
    detail: str
    block: int
    at: int = 0


@attrs.define
class _Found:
    """What the scan has so far; `whole` counts the mtr ends up to the last whole entry, `read` is an SN.

    `parser` is None before the first group, `base` before the first meta record."""

    parser: MtrParser | None
    base: Entry | None
    entries: list[Entry] = attrs.field(factory=list)
    mtr_ends: list[Lsn] = attrs.field(factory=list)
    whole: int = 0
    read: int = START_SN

    @property
    def last(self) -> Entry | None:
        return self.entries[-1] if self.entries else self.base


def scan(files: RedoFiles) -> ScanResult:
    """Read the whole log, in time linear in its size (InnoDB: recv_scan_log_recs, without the apply).

    Raises CorruptRedo (file, offset) if a file cannot be read from its beginning, or, but for the last one,
    to
    its end; DiskError.
    """
    whole = files.first_block == FIRST_BLOCK
    found = _Found(MtrParser(START_SN), EMPTY_LOG) if whole else _Found(None, None)
    starts = {segment.first_block for segment in files.segments}
    for block, raw in files.blocks(files.first_block):
        parsed = parse_block(raw, block)
        if isinstance(parsed, BlockFault) and block in starts:
            file, offset = files.place(block)
            what = f"the first block of the file cannot be read: {parsed.value}"
            raise CorruptRedo(what, offset=offset, remedy=RESTORE, file=file)
        stop = _take_block(found, block, parsed)
        if stop is not None:
            return _result(files, found, stop)
    raise AssertionError("the block behind the last one ends the scan")


def _result(files: RedoFiles, found: _Found, stop: _Stop) -> ScanResult:
    file, offset = files.place(stop.block)
    if files.at(stop.block).end_block is not None:
        what = f"the log cannot be read through, and there are files behind: {stop.detail}"
        raise CorruptRedo(what, offset=offset + stop.at, remedy=RESTORE, file=file)
    if found.last is None or found.base is None:
        what = "no whole entry stands in what is left of the log"
        raise CorruptRedo(what, offset=offset + stop.at, remedy=RESTORE, file=file)
    end = found.last.end
    return ScanResult(
        entries=tuple(found.entries),
        mtr_ends=tuple(found.mtr_ends[: found.whole]),
        end_lsn=end,
        reason=stop.reason,
        detail=stop.detail,
        stopped_in=file,
        stopped_at=offset + stop.at,
        bytes_dropped=found.read - sn_of(end),
        dropped_ends=tuple(found.mtr_ends[found.whole :]),
        base=found.base,
    )


def _take_block(found: _Found, block: int, parsed: Block | BlockFault) -> _Stop | None:
    if isinstance(parsed, BlockFault):
        return _Stop(EndReason.BLOCK_FAULT, parsed.value, block)
    first_sn = block * BLOCK_DATA
    found.read = first_sn + len(parsed.data)
    skipped = 0
    if found.parser is None:
        skipped = parsed.first_group - BLOCK_HEADER if parsed.first_group else len(parsed.data)
        found.parser = MtrParser(first_sn + skipped) if parsed.first_group else None
    if found.parser is not None:
        stop = _take_data(found, found.parser, block, parsed, skipped)
        if stop is not None:
            return stop
    if not parsed.is_full:
        return _Stop(EndReason.LAST_BLOCK, f"it holds {len(parsed.data)} bytes of data", block)
    return None


def _take_data(found: _Found, parser: MtrParser, block: int, parsed: Block, skipped: int) -> _Stop | None:
    """Take the mtrs in a block, of which the first `skipped` bytes of data are not looked at."""
    first_sn = block * BLOCK_DATA
    opens_group = parser.unfinished == 0 and len(parsed.data) > skipped
    mtrs, wrong = _parse(parser, parsed.data[skipped:])
    starts = [first_sn + skipped] if opens_group else [mtr.end for mtr in mtrs if mtr.end < found.read]
    first_group = starts[0] - first_sn + BLOCK_HEADER if starts else 0
    # Before anything in the block counts: a block of another branch rarely starts its groups
    # where this branch's mtrs end (H12).
    if parsed.first_group != first_group and (starts or wrong is None):
        detail = f"first_rec_group is {parsed.first_group}, the first group starts at {first_group}"
        return _Stop(EndReason.FIRST_GROUP, detail, block)
    for mtr in mtrs:
        stop = _take_mtr(found, mtr)
        if stop is not None:
            return stop
    return None if wrong is None else _stop_at(EndReason.BAD_RECORD, wrong.what, wrong.offset)


def _parse(parser: MtrParser, data: bytes) -> tuple[list[MtrEnd], CorruptRedo | None]:
    mtrs: list[MtrEnd] = []
    try:
        mtrs.extend(parser.feed(data))
    except CorruptRedo as wrong:
        return mtrs, wrong
    return mtrs, None


def _take_mtr(found: _Found, mtr: MtrEnd) -> _Stop | None:
    if found.last is None:
        return _take_base(found, mtr)
    if mtr.meta is not None:
        wrong = why_not_next(mtr.meta, mtr.end, found.last)
        if wrong is not None:
            return _stop_at(EndReason.BAD_META, wrong, mtr.end - META_SIZE)
        found.entries.append(Entry(mtr.meta.term, mtr.meta.index, found.last.end, lsn_of(mtr.end)))
        found.whole = len(found.mtr_ends) + 1
    found.mtr_ends.append(lsn_of(mtr.end))
    return None


def _take_base(found: _Found, mtr: MtrEnd) -> _Stop | None:
    """What ends before the first meta record is of an entry whose beginning is deleted."""
    if mtr.meta is None:
        return None
    base = entry_of(mtr.meta, mtr.end)
    if base is None:
        return _stop_at(EndReason.BAD_META, "it is not behind the data it counts", mtr.end - META_SIZE)
    found.base = base
    return None


def entry_of(meta: Meta, meta_end: int) -> Entry | None:
    """The entry that a meta record closes which ends at SN `meta_end`; None if it cannot stand there."""
    fits = is_lsn(meta.start_lsn) and meta_end - META_SIZE - meta.data_size == sn_of(meta.start_lsn)
    if not fits or NO_TERM in (meta.term, meta.index):
        return None
    return Entry(meta.term, meta.index, meta.start_lsn, lsn_of(meta_end))


def _stop_at(reason: EndReason, detail: str, sn: int) -> _Stop:
    lsn = lsn_of(sn)
    return _Stop(reason, detail, block_of(lsn), lsn % BLOCK_SIZE)
