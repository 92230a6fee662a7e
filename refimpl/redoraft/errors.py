"""The failure families: whatever goes wrong below is one of these, and says what, where and what to do.

RedoError
  CorruptRedo      the bytes of the redo log cannot be what a crash leaves
  CorruptVote      the file of term and vote cannot be what a crash leaves
  LogMisuse        the caller asks what the contract forbids; nothing was changed
  DiskError        the disk failed, or a handle may no longer be used
    StaleHandle    a handle that was opened before a crash, or is closed
"""

from __future__ import annotations


class RedoError(Exception):
    """The base of every failure that this package raises on purpose."""


class CorruptRedo(RedoError):
    """Bytes that are no redo log.

    `offset` is in bytes: from the start of the file, or of the stream for a run of records.
    """

    def __init__(self, what: str, *, offset: int, remedy: str) -> None:
        super().__init__(f"{what}, at byte {offset}: {remedy}")
        self.what = what
        self.offset = offset
        self.remedy = remedy


class CorruptVote(RedoError):
    """Neither copy of term and vote can be read (H9: without them the node may vote twice in a term)."""

    def __init__(self, what: str, *, offset: int, remedy: str) -> None:
        super().__init__(f"{what}, at byte {offset}: {remedy}")
        self.what = what
        self.offset = offset
        self.remedy = remedy


class LogMisuse(RedoError):
    """A call that the contract of the log (or of the vote store) forbids: refused, nothing changed."""


class DiskError(RedoError):
    """The disk refused or failed; after a failed fsync nobody knows what is durable: nothing is retried."""


class StaleHandle(DiskError):
    """A handle opened before the crash, or already closed: open the file again."""
