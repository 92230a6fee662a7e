"""The data of a node, as far as it goes here: what the applied redo has put where.

There is no buffer pool and no checkpoint: a start applies the log from its beginning (Startup.tla: a crash
sets applied to 0).
"""

from __future__ import annotations

from attrs import define, field

from redoraft.redo.mtr import MtrParser, decode_mtr
from redoraft.redo.record import Meta, PageWrite

Place = tuple[int, int, int]
"""Space id, page number, offset in the page (bytes)."""


@define
class Pages:
    """Bytes by the place where a record has put them."""

    written: dict[Place, bytes] = field(factory=dict)

    def apply(self, mtr: bytes) -> None:
        """Apply one whole mtr; a meta record changes nothing.  Raises CorruptRedo if the bytes are not one
        mtr."""
        records = decode_mtr(mtr)
        if isinstance(records, Meta):
            return
        for record in records:
            if isinstance(record, PageWrite):
                self.written[record.space_id, record.page_no, record.offset] = record.data


def whole_mtrs(records: bytes) -> list[bytes]:
    """A run of records, cut at its mtr ends.  Raises CorruptRedo where no record can stand."""
    ends = [mtr.end for mtr in MtrParser().feed(records)]
    return [records[start:end] for start, end in zip([0, *ends], ends, strict=False)]
