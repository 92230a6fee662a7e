"""The parse-only scan (ST-2): what a log file holds, without applying any of it.

Blocks are read up to the first that cannot continue the log; in them mtrs, in them entries.  The log ends
behind the last whole entry: an mtr that is not whole (LOG-1) and an entry without its meta record are dropped
(spec: Scan).  Whatever stands behind the first fault is not looked at: it may be of another branch (H12).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Final

import attrs

from redoraft.errors import CorruptRedo
from redoraft.files import File
from redoraft.redo.block import Block, BlockFault, parse_block
from redoraft.redo.entry import EMPTY_LOG, Entry, why_not_next
from redoraft.redo.header import HEADER_SIZE, check_header, file_offset
from redoraft.redo.lsn import BLOCK_DATA, BLOCK_HEADER, BLOCK_SIZE, FIRST_BLOCK, START_SN, lsn_of, sn_of
from redoraft.redo.mtr import MtrEnd, MtrParser
from redoraft.redo.record import META_SIZE
from redoraft.types import Lsn

_BLOCKS_PER_READ: Final = 512


class EndReason(Enum):
    """Why the scan stopped where it did."""

    LAST_BLOCK = "the last block is not full"
    BLOCK_FAULT = "the next block does not continue the log"
    FIRST_GROUP = "the block says another first record group than it has"
    BAD_RECORD = "a record cannot be parsed"
    BAD_META = "a meta record does not close the entry it stands behind"


@attrs.frozen
class ScanResult:
    """What a file holds.  `bytes_dropped` counts bytes of data that were read behind `end_lsn`; whole mtrs
    among them end at `dropped_ends`.

    `stopped_at` is the byte of the file where the reading stopped; `detail` says more about the reason.
    """

    entries: tuple[Entry, ...]
    mtr_ends: tuple[Lsn, ...]
    end_lsn: Lsn
    reason: EndReason
    detail: str
    stopped_at: int
    bytes_dropped: int
    dropped_ends: tuple[Lsn, ...] = ()


@attrs.frozen
class _Stop:
    """Why and where (byte of the file) the scan is over."""

    reason: EndReason
    detail: str
    stopped_at: int


@attrs.define
class _Found:
    """What the scan has so far; `whole` counts the mtr ends up to the last whole entry, `read` is an SN."""

    parser: MtrParser = attrs.field(factory=lambda: MtrParser(START_SN))
    entries: list[Entry] = attrs.field(factory=list)
    mtr_ends: list[Lsn] = attrs.field(factory=list)
    whole: int = 0
    read: int = START_SN

    @property
    def last(self) -> Entry:
        return self.entries[-1] if self.entries else EMPTY_LOG


def scan(file: File) -> ScanResult:
    """Read the whole log, in time linear in its size (InnoDB: recv_scan_log_recs, without the apply).

    Raises CorruptRedo if the header or the first block is unreadable: then there is no log to end.
    """
    check_header(file)
    found = _Found()
    for block, raw in _blocks(file):
        stop = _take_block(found, block, parse_block(raw, block))
        if stop is not None:
            return _result(found, stop)
    raise AssertionError("the block behind the last one ends the scan")


def _result(found: _Found, stop: _Stop) -> ScanResult:
    end = found.last.end
    return ScanResult(
        entries=tuple(found.entries),
        mtr_ends=tuple(found.mtr_ends[: found.whole]),
        end_lsn=end,
        reason=stop.reason,
        detail=stop.detail,
        stopped_at=stop.stopped_at,
        bytes_dropped=found.read - sn_of(end),
        dropped_ends=tuple(found.mtr_ends[found.whole :]),
    )


def _blocks(file: File) -> Iterator[tuple[int, bytes]]:
    """Every block of the file with its ordinal, and an empty one behind the last."""
    block = FIRST_BLOCK
    while raw := file.read(file_offset(block), _BLOCKS_PER_READ * BLOCK_SIZE):
        for at in range(0, len(raw), BLOCK_SIZE):
            yield block, raw[at : at + BLOCK_SIZE]
            block += 1
    yield block, b""


def _take_block(found: _Found, block: int, parsed: Block | BlockFault) -> _Stop | None:
    if isinstance(parsed, BlockFault):
        if block == FIRST_BLOCK:
            raise CorruptRedo(
                f"the first block of the log cannot be read: {parsed.value}",
                offset=HEADER_SIZE,
                remedy="restore the file, or remove it and seed the node anew (its log is lost)",
            )
        return _Stop(EndReason.BLOCK_FAULT, parsed.value, file_offset(block))
    first_sn = block * BLOCK_DATA
    opens_group = found.parser.unfinished == 0 and bool(parsed.data)
    found.read = first_sn + len(parsed.data)
    mtrs, wrong = _parse(found.parser, parsed.data)
    starts = [first_sn] if opens_group else [mtr.end for mtr in mtrs if mtr.end < found.read]
    first_group = starts[0] - first_sn + BLOCK_HEADER if starts else 0
    # Before anything in the block counts: a block of another branch rarely starts its groups
    # where this branch's mtrs end (H12).
    if parsed.first_group != first_group and (starts or wrong is None):
        detail = f"first_rec_group is {parsed.first_group}, the first group starts at {first_group}"
        return _Stop(EndReason.FIRST_GROUP, detail, file_offset(block))
    for mtr in mtrs:
        stop = _take_mtr(found, mtr)
        if stop is not None:
            return stop
    if wrong is not None:
        return _Stop(EndReason.BAD_RECORD, wrong.what, _offset_of(wrong.offset))
    if not parsed.is_full:
        return _Stop(EndReason.LAST_BLOCK, f"it holds {len(parsed.data)} bytes of data", file_offset(block))
    return None


def _parse(parser: MtrParser, data: bytes) -> tuple[list[MtrEnd], CorruptRedo | None]:
    mtrs: list[MtrEnd] = []
    try:
        mtrs.extend(parser.feed(data))
    except CorruptRedo as wrong:
        return mtrs, wrong
    return mtrs, None


def _take_mtr(found: _Found, mtr: MtrEnd) -> _Stop | None:
    if mtr.meta is not None:
        wrong = why_not_next(mtr.meta, mtr.end, found.last)
        if wrong is not None:
            return _Stop(EndReason.BAD_META, wrong, _offset_of(mtr.end - META_SIZE))
        found.entries.append(Entry(mtr.meta.term, mtr.meta.index, found.last.end, lsn_of(mtr.end)))
        found.whole = len(found.mtr_ends) + 1
    found.mtr_ends.append(lsn_of(mtr.end))
    return None


def _offset_of(sn: int) -> int:
    lsn = lsn_of(sn)
    return file_offset(lsn // BLOCK_SIZE) + lsn % BLOCK_SIZE
