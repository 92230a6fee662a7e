"""The failure families: whatever goes wrong below is one of these, and says what, where and what to do.

RedoError
  CorruptRedo      the bytes of the redo log cannot be what a crash leaves
  CorruptVote      the file of term and vote cannot be what a crash leaves
  CorruptPage      the bytes of a page cannot be what a crash leaves
  CorruptStorage   the files of the pages do not belong together
    TwoFilesOneSpace   two tablespace files have one space id
    TablespaceMissing  a table's file is not there, or its pages have lost theirs
    FileConflict   a file operation that a leader executed cannot be executed here
  CorruptBinlog    a file is no binlog, or lacks what redo has committed
  LogMisuse        the caller asks what the contract forbids; nothing was changed
    LogDeleted     what is asked for was deleted from the log (LOG-8, H24)
    UnsafeCut      a truncation below what must stay (H11)
  LogFull          the log has no room for it; nothing was written (H25)
  StorageMisuse    the same, of pages
    UnwritableBytes  what a client's redo can do: it writes what is the engine's own
  PoolFull         no page of the buffer pool may be written or evicted now
  TruncationRefused  the log was to be cut below a page on disk or the checkpoint (H11)
  StorageStopped   the storage engine may not be used any more: open it again
  DdlRefused       a statement that cannot be done; nothing was changed on any node
    BadName        no name of a table
    TableExists    there is a table of that name
    NoSuchTable    there is none
    ForeignEngine  a table of another engine than InnoDB (DDL-1)
    FileInTheWay   a file that no table owns stands where the new one belongs
    NotServing     the node is no leader that serves, or another DDL is under way
    DictionaryFull the dictionary has no room for it
  DiskError        the disk failed, or a handle may no longer be used
    DiskFull       there is no room on the disk (ENOSPC, EDQUOT)
    DiskBroken     the device failed (EIO)
    SyncFailed     an fsync failed: what was not durable counts as lost, the node stops
    StaleHandle    a handle that was opened before a crash, or is closed
"""

from __future__ import annotations


class RedoError(Exception):
    """The base of every failure that this package raises on purpose."""


class CorruptRedo(RedoError):
    """Bytes that are no redo log.

    `offset` is in bytes: from the start of the file named `file`, or of the stream for a run of records.
    """

    def __init__(self, what: str, *, offset: int, remedy: str, file: str = "") -> None:
        where = f"{file}, byte {offset}" if file else f"byte {offset}"
        super().__init__(f"{what}, at {where}: {remedy}")
        self.what = what
        self.offset = offset
        self.remedy = remedy
        self.file = file


class CorruptVote(RedoError):
    """Term and vote are gone, or unreadable (H9: without them the node may vote twice in a term)."""

    def __init__(self, what: str, *, offset: int, remedy: str, file: str = "") -> None:
        where = f"in {file} at byte {offset}" if file else f"at byte {offset}"
        super().__init__(f"{what}, {where}: {remedy}")
        self.what = what
        self.offset = offset
        self.remedy = remedy


class CorruptPage(RedoError):
    """Bytes that are no page; `offset` is in bytes from the start of the file `file`."""

    def __init__(self, what: str, *, file: str, offset: int, remedy: str) -> None:
        super().__init__(f"{what}, in {file} at byte {offset}: {remedy}")
        self.what = what
        self.file = file
        self.offset = offset
        self.remedy = remedy


class CorruptStorage(RedoError):
    """Files of pages that cannot be opened together: a copy that was not completed, a missing log."""


class TwoFilesOneSpace(CorruptStorage):
    """Two tablespace files say the same space id: neither is opened, the node does not start."""


class TablespaceMissing(CorruptStorage):
    """The tablespaces table names a file that is not there (DDL-9), or page records have lost theirs (H6)."""


class FileConflict(CorruptStorage):
    """File redo that cannot be executed: its path belongs to another tablespace.  The node stops."""


class CorruptBinlog(RedoError):
    """A file that is no binlog, or that lacks transactions which redo has: the node does not start."""


class LogMisuse(RedoError):
    """A call that the contract of the log (or of the vote store) forbids: refused, nothing changed."""


class LogDeleted(LogMisuse):
    """The log no longer reaches back to what is asked for: seed the follower from a snapshot (H24)."""


class UnsafeCut(LogMisuse):
    """A truncation below the checkpoint, a page on disk or the local commit (H11): refused, loudly."""


class LogFull(RedoError):
    """There is no room in the log: nothing was written; make a checkpoint and delete redo, then try again."""


class StorageMisuse(RedoError):
    """A call that the contract of the storage engine forbids: refused, nothing changed."""


class UnwritableBytes(StorageMisuse):
    """Redo for the bytes of a page that the engine keeps itself: its writer is told, nothing changed."""


class DdlRefused(RedoError):
    """A CREATE, RENAME or DROP that cannot be done: refused, nothing was changed on any node."""


class BadName(DdlRefused):
    """Not a name of a table: empty, too long, or with a character that no file name may have."""


class TableExists(DdlRefused):
    """The dictionary has a table of that name already."""


class NoSuchTable(DdlRefused):
    """The dictionary has no table of that name."""


class ForeignEngine(DdlRefused):
    """Tables of other engines than InnoDB are not in its redo log: they are not replicated (DDL-1)."""


class FileInTheWay(DdlRefused):
    """A file stands where a new one belongs, and no table of the dictionary owns it."""


class NotServing(DdlRefused):
    """Only a leader that serves takes DDL, one at a time: ask the leader, or wait."""


class DictionaryFull(DdlRefused):
    """The dictionary's pages have no room for another table or DDL-log row."""


class PoolFull(RedoError):
    """Every page in the buffer pool is in use or beyond the flush limit: try again when that has moved."""


class TruncationRefused(RedoError):
    """The log may not be cut below a page on disk or the checkpoint: its LSNs would be used again (H11)."""


class StorageStopped(RedoError):
    """The disk failed under the engine, or its pages hold what was truncated: open it again on the disk."""


class DiskError(RedoError):
    """The disk refused or failed; after a failed fsync nobody knows what is durable: nothing is retried."""


class DiskFull(DiskError):
    """There is no room on the disk; any part of what was to be written may be there."""


class DiskBroken(DiskError):
    """The device failed to read or write."""


class SyncFailed(DiskError):
    """An fsync failed: what was written since the last one counts as lost, whatever reads show.

    Never try it again: the kernel may have dropped the pages and would then report success.
    """


class StaleHandle(DiskError):
    """A handle opened before the crash, or already closed: open the file again."""
