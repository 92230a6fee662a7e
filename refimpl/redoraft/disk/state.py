"""Term and vote: the only state beside the log (LOG-12), durable before anyone hears of it (H9).

Two slots of one sector each, written in turn, so that the other copy is whole at every moment:

    byte  bytes  what
    0     4      "RRV1"
    4     8      sequence number, from 1; the larger one is the newer
    12    8      term
    20    2      length of the vote
    22    up to 480  the vote: a node's name in UTF-8
    508   4      CRC-32C of the bytes 0 to 507

Creation writes the first slot; the second stays blank until the second write.
"""

from __future__ import annotations

from struct import Struct
from typing import Final, Self

import attrs
from crc32c import crc32c

from redoraft.errors import CorruptVote, DiskError, LogMisuse
from redoraft.files import File
from redoraft.types import NO_ONE, NO_TERM, NodeId, Term

SLOT: Final = 512
_MAGIC: Final = b"RRV1"
_HEAD: Final = Struct(">4sQQH")
_CRC: Final = Struct(">I")
_CHECKED: Final = SLOT - _CRC.size
_NAME_MAX: Final = 480


@attrs.frozen
class Vote:
    """A term and the vote in it; `NO_ONE` if there is none yet."""

    term: Term = NO_TERM
    voted_for: NodeId = NO_ONE


@attrs.frozen
class _Slot:
    sequence: int
    vote: Vote


class VoteStore:
    """Term and vote of one node in one file.  It keeps what it is told; the rules of voting are Raft's."""

    def __init__(self, file: File, newest: _Slot) -> None:
        """For `open`."""
        self._file: Final = file
        self._newest = newest
        self._failed = False

    @classmethod
    def open(cls, file: File) -> Self:
        """Read the newest valid copy; in an empty file, write term 0 and no vote, durably.

        Raises CorruptVote if no copy is valid and the file is not blank, DiskError.
        """
        raw = file.read(0, 2 * SLOT)
        slots = [slot for at in (0, SLOT) if (slot := _parse(raw[at : at + SLOT])) is not None]
        if slots:
            # It was read, perhaps from a cache only: a vote must not be acted on before it is durable.
            file.fsync()
            return cls(file, max(slots, key=lambda slot: slot.sequence))
        if any(raw):
            raise CorruptVote(
                "both copies of term and vote are unreadable",
                offset=0,
                remedy="do not remove the file, or the node may vote twice: seed the node anew",
            )
        store = cls(file, _Slot(0, Vote()))
        store.store(NO_TERM, NO_ONE)
        return store

    @staticmethod
    def is_blank(file: File) -> bool:
        """Whether nothing was ever stored there; DiskError."""
        return not any(file.read(0, 2 * SLOT))

    @property
    def vote(self) -> Vote:
        """What was stored last, durably."""
        return self._newest.vote

    def store(self, term: Term, voted_for: NodeId) -> None:
        """Make term and vote durable, both or neither (H9); the older copy stays until then.

        LogMisuse if they do not fit (64 bits; 480 bytes of UTF-8).  After a DiskError the store refuses all
        further writes: open it again to learn which of the two holds.
        """
        if self._failed:
            raise DiskError("the disk failed under this store: open it again, from a new file handle")
        slot = _Slot(self._newest.sequence + 1, Vote(term, voted_for))
        raw = _encode(slot)
        try:
            self._file.write((slot.sequence - 1) % 2 * SLOT, raw)
            self._file.fsync()
        except DiskError:
            self._failed = True
            raise
        self._newest = slot


def _encode(slot: _Slot) -> bytes:
    try:
        name = slot.vote.voted_for.encode()
    except UnicodeEncodeError as wrong:
        raise LogMisuse(f"{slot.vote.voted_for!r} is no text: a name must have a form in UTF-8") from wrong
    if not 0 <= slot.vote.term < 1 << 64 or len(name) > _NAME_MAX:
        raise LogMisuse(f"{slot.vote} does not fit: a term has 64 bits, a name {_NAME_MAX} bytes of UTF-8")
    head = _HEAD.pack(_MAGIC, slot.sequence, slot.vote.term, len(name)) + name
    body = head.ljust(_CHECKED, b"\0")
    return body + _CRC.pack(crc32c(body))


def _parse(raw: bytes) -> _Slot | None:
    if len(raw) < SLOT or _CRC.unpack_from(raw, _CHECKED)[0] != crc32c(raw[:_CHECKED]):
        return None
    magic, sequence, term, length = _HEAD.unpack_from(raw)
    if magic != _MAGIC or length > _NAME_MAX:
        return None
    try:
        name = raw[_HEAD.size : _HEAD.size + length].decode()
    except UnicodeDecodeError:
        return None
    return _Slot(sequence, Vote(Term(term), NodeId(name)))
