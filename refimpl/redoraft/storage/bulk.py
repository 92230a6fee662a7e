"""Pages made in bulk, as a sorted index build makes them (H21; InnoDB: BtrBulk).

Stock writes pages of a sorted index build to the data file and never to the log.  A follower would not have
them, so they are logged like any other page: an init and the body, one mtr a page.  For the same reason redo
is never disabled.
"""

from __future__ import annotations

from collections.abc import Mapping

from redoraft.errors import StorageMisuse
from redoraft.redo.record import PageInit, PageWrite, Record
from redoraft.storage.engine import Storage
from redoraft.storage.page import BODY, BODY_END, PageId
from redoraft.storage.port import Append


def load(storage: Storage, bodies: Mapping[PageId, bytes], append: Append) -> None:
    """Make these pages, whose bodies have at most 16338 bytes; raises as `Storage.write`."""
    for page_id, body in bodies.items():
        if len(body) > BODY_END - BODY:
            raise StorageMisuse(f"a body of {len(body)} bytes: a page has room for {BODY_END - BODY}")
        records: list[Record] = [
            PageInit(page_id.space_id, page_id.page_no),
            PageWrite(page_id.space_id, page_id.page_no, BODY, body),
        ]
        if storage.rules.logs_bulk(len(bodies)):
            storage.write(records, append)
        else:
            storage.write_unlogged(records)


def disable_redo(storage: Storage) -> None:
    """ALTER INSTANCE DISABLE INNODB REDO_LOG: refused with StorageMisuse, for followers live on redo."""
    if not storage.rules.may_disable_redo(asked=True):
        raise StorageMisuse("redo cannot be disabled: followers have nothing else; load with redo enabled")
    storage.redo_disabled = True
