"""Redo onto one page, record by record (InnoDB: recv_recover_page, recv_parse_or_apply_log_rec_body)."""

from __future__ import annotations

from collections.abc import Iterable

from redoraft.errors import UnwritableBytes
from redoraft.redo.record import PAGE_SIZE, PageInit, PageWrite, Record
from redoraft.storage.page import PageId, may_write
from redoraft.storage.pool import Frame
from redoraft.storage.port import LoggedMtr
from redoraft.storage.rules import StorageRules

PageRecord = PageInit | PageWrite


def by_page(records: Iterable[Record]) -> dict[PageId, list[PageRecord]]:
    """The records that change pages, in order, by page.

    Raises UnwritableBytes for a write to the bytes that the engine keeps itself.
    """
    found: dict[PageId, list[PageRecord]] = {}
    for record in records:
        if isinstance(record, PageWrite) and not may_write(record.offset, len(record.data)):
            raise UnwritableBytes(
                f"redo may not write {len(record.data)} bytes at byte {record.offset} of a page: address, LSN"
                " and checksum are the engine's own; write to the body, from byte 38 to 16375"
            )
        if isinstance(record, PageInit | PageWrite):
            found.setdefault(PageId(record.space_id, record.page_no), []).append(record)
    return found


def apply_to_frame(frame: Frame, mtr: LoggedMtr, records: Iterable[PageRecord], rules: StorageRules) -> bool:
    """Apply the records of one mtr for one page; whether any of them changed it.

    The page LSN becomes the end of the mtr; records of one mtr are all compared with the LSN before it.
    """
    compared = frame.lsn
    changed = False
    for record in records:
        if isinstance(record, PageInit):
            compared = rules.lsn_at_init(frame.modified_lsn, compared)
        if rules.applies(mtr.start, compared):
            _change(frame.data, record)
            changed = True
    if changed:
        frame.lsn = mtr.end
    return changed


def _change(page: bytearray, record: PageRecord) -> None:
    match record:
        case PageInit():
            page[:] = bytes(PAGE_SIZE)
        case PageWrite(offset=offset, data=data):
            page[offset : offset + len(data)] = data
