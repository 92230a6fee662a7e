"""The redo log as the pages of the same node see it (storage.port), and its checkpoints.

LSNs are in bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from redoraft.redo.log import RedoLog
from redoraft.redo.mtr import MtrParser, decode_mtr
from redoraft.redo.record import Meta
from redoraft.storage.port import LoggedMtr
from redoraft.types import Lsn


class RedoView:
    """`storage.port.LogView` on a node's log; `majority` says the majority LSN as far as the node knows.

    `apply_limit` is what the node allows, which says so before it lets redo be applied (LIM-3, H14).
    """

    def __init__(self, log: RedoLog, majority: Callable[[], Lsn]) -> None:
        self._log: Final = log
        self._majority: Final = majority
        self.apply_limit: Lsn = log.start_lsn
        self.reserved: Callable[[], Lsn] | None = None
        """The end of what has its place in the log buffer, where there is one."""

    @property
    def start_lsn(self) -> Lsn:
        """Where the log that is still there begins (LOG-8)."""
        return self._log.first_lsn

    @property
    def last_lsn(self) -> Lsn:
        """The end of everything that mtrs have written, or have their places for in the log buffer (InnoDB:
        log_get_lsn)."""
        return self._log.last_lsn if self.reserved is None else max(self._log.last_lsn, self.reserved())

    @property
    def durable_lsn(self) -> Lsn:
        """The end of the last whole entry that is durable: a restart drops the others (H33, LOG-1)."""
        return self._log.entry_end_at_or_below(self._log.durable_lsn)

    @property
    def majority_lsn(self) -> Lsn:
        """The majority LSN as far as the node knows."""
        return self._majority()

    def mtrs(self, from_lsn: Lsn, upto_lsn: Lsn) -> Iterator[LoggedMtr]:
        """The mtrs of whole entries in (from_lsn, upto_lsn], in order; both are mtr ends.

        Raises LogDeleted, CorruptRedo, DiskError.
        """
        log = self._log
        start = log.entry_end_at_or_below(from_lsn)
        end = log.entry_end_at_or_below(upto_lsn)
        if end < upto_lsn:
            end = log.entry_end_after(upto_lsn) or end
        begins = start
        cut = zip(log.mtr_ends(start, end), whole_mtrs(log.read(start, end)), strict=True)
        for mtr_end, mtr in cut:
            if from_lsn < mtr_end <= upto_lsn:
                records = decode_mtr(mtr)
                yield LoggedMtr(begins, mtr_end, () if isinstance(records, Meta) else records)
            begins = mtr_end


def whole_mtrs(records: bytes) -> list[bytes]:
    """A run of records, cut at its mtr ends.  Raises CorruptRedo where no record can stand."""
    ends = [mtr.end for mtr in MtrParser().feed(records)]
    return [records[start:end] for start, end in zip([0, *ends], ends, strict=False)]


class RedoCheckpoints:
    """`storage.port.Checkpoints`: the slots in the headers of the redo files."""

    def __init__(self, log: RedoLog) -> None:
        self._log: Final = log

    @property
    def lsn(self) -> Lsn:
        """The checkpoint LSN; the start of the log before there is one."""
        return self._log.checkpoint_lsn

    def write(self, lsn: Lsn) -> None:
        """Make it durable.  Raises LogMisuse if it is no checkpoint of this log or a lower one, DiskError."""
        self._log.checkpoint(lsn)
