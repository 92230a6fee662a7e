"""The failure families: whatever goes wrong below is one of these, and says what, where and what to do.

RedoError
  CorruptRedo      the bytes of the redo log cannot be what a crash leaves
  CorruptVote      the file of term and vote cannot be what a crash leaves
  LogMisuse        the caller asks what the contract forbids; nothing was changed
    LogDeleted     what is asked for was deleted from the log (LOG-8, H24)
    UnsafeCut      a truncation below what must stay (H11)
  LogFull          the log has no room for it; nothing was written (H25)
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
    """Neither copy of term and vote can be read (H9: without them the node may vote twice in a term)."""

    def __init__(self, what: str, *, offset: int, remedy: str) -> None:
        super().__init__(f"{what}, at byte {offset}: {remedy}")
        self.what = what
        self.offset = offset
        self.remedy = remedy


class LogMisuse(RedoError):
    """A call that the contract of the log (or of the vote store) forbids: refused, nothing changed."""


class LogDeleted(LogMisuse):
    """The log no longer reaches back to what is asked for: seed the follower from a snapshot (H24)."""


class UnsafeCut(LogMisuse):
    """A truncation below the checkpoint, a page on disk or the local commit (H11): refused, loudly."""


class LogFull(RedoError):
    """There is no room in the log: nothing was written; make a checkpoint and delete redo, then try again."""


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
