"""The disk of a log as spec/LogBlocks.tla has it: what each block holds, and the mark of a cut.

Every entry here has `ENTRY` bytes, so that a block holds two of them, as in the specification a record is an
entry by itself; its bytes follow from its index and its term (R2).

    specification     here
    media, Seen       the blocks of all files; one that cannot be read, or is not there, holds nothing
    mark              the note of a cut in a file's header
    a block below     holds what the log had there: redo is deleted below a checkpoint only, which no
    the first file    truncation goes below (LOG-8, H11)
    a file behind     is dropped: several names may be given up by one sync, in any order, and nothing
    a missing one     reads past a gap under a mark
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from attrs import frozen

from redoraft.disk.memory import MemoryDisk
from redoraft.redo.block import BlockFault, parse_block
from redoraft.redo.files import Layout
from redoraft.redo.header import HEADER_SIZE, Note, parse_header, parse_note
from redoraft.redo.lsn import BLOCK_DATA, BLOCK_SIZE, FIRST_BLOCK, START_SN, lsn_of, sn_of
from redoraft.redo.mtr import encode_mtr
from redoraft.redo.record import META_SIZE, Meta, PageWrite, decode_meta, encode_meta
from redoraft.types import LogIndex, Lsn, Term
from redoraft_check.machines.trouble import Broken

BLOCK_SIZE_OF_SPEC: Final = 2
FILE_BLOCKS: Final = 2
BLOCKS: Final = 5
ENTRY: Final = BLOCK_DATA // BLOCK_SIZE_OF_SPEC
"""Bytes of data of every entry, its meta record included."""
LAYOUT: Final = Layout(file_size=HEADER_SIZE + FILE_BLOCKS * BLOCK_SIZE)

_NAME: Final = re.compile(r"#ib_redo([0-9]+)")
_MTR: Final = ENTRY - META_SIZE
_PAGE_WRITE: Final = 7
"""Bytes of a page write but for its data."""

Content = tuple[int, ...]
"""The terms of the records in a block."""


@frozen
class Image:
    """A disk in the specification's words; `mark` is the position of a cut, None if none is under way."""

    media: tuple[Content, ...]
    mark: int | None

    def __str__(self) -> str:
        mark = "" if self.mark is None else f", a cut to {self.mark} marked"
        return f"{media_text(self.media)}{mark}"


def media_text(media: Iterable[Content]) -> str:
    """Blocks for a reader: the terms in each, - for none."""
    return "blocks " + " | ".join(" ".join(map(str, content)) or "-" for content in media)


def lsn_at(position: int) -> Lsn:
    """Where so many entries end (bytes)."""
    return lsn_of(START_SN + ENTRY * position)


def position_at(lsn: Lsn) -> int:
    """How many entries end at an LSN.  Raises Broken if none ends there."""
    position, rest = divmod(sn_of(lsn) - START_SN, ENTRY)
    if rest:
        raise Broken("mapped state", f"LSN {lsn} is in the middle of an entry")
    return position


def mtr_of(index: int, term: int) -> bytes:
    """The mtr of an entry."""
    data = f"{term}:{index};".encode().ljust(_MTR - _PAGE_WRITE, b".")
    return encode_mtr([PageWrite(1, 2, 3, data)])


def entry_of(index: int, term: int) -> bytes:
    """All bytes of data of an entry."""
    meta = Meta(Term(term), LogIndex(index), lsn_at(index - 1), _MTR)
    return mtr_of(index, term) + encode_meta(meta)


def content_of(log: Sequence[int], block: int) -> Content:
    """What a block holds of a log (spec: Content)."""
    return tuple(log[(block - 1) * BLOCK_SIZE_OF_SPEC : block * BLOCK_SIZE_OF_SPEC])


def image_of(disk: MemoryDisk, log: Sequence[int]) -> Image:
    """What a disk shows; `log` says what was in files that are deleted.

    Raises Broken for a block of which the specification has no like, CorruptRedo for a damaged header.
    """
    numbers = sorted(int(found[1]) for name in disk.names if (found := _NAME.fullmatch(name)))
    media: list[Content] = [()] * BLOCKS
    mark = None
    for number in _up_to_a_gap(numbers):
        raw = disk.peek(f"#ib_redo{number}", 1 << 40)
        first = parse_header(raw[:BLOCK_SIZE], f"#ib_redo{number}").first_block - FIRST_BLOCK + 1
        if number == numbers[0]:
            media[: first - 1] = [content_of(log, block) for block in range(1, first)]
        cut = parse_note(Note.CUT, raw[Note.CUT : Note.CUT + BLOCK_SIZE])
        mark = position_at(cut) if cut is not None else mark
        for nth in range((len(raw) - HEADER_SIZE + BLOCK_SIZE - 1) // BLOCK_SIZE):
            at = HEADER_SIZE + nth * BLOCK_SIZE
            media[first + nth - 1] = _content(raw[at : at + BLOCK_SIZE], first + nth)
    return Image(tuple(media), mark)


def _up_to_a_gap(numbers: Sequence[int]) -> list[int]:
    return [number for at, number in enumerate(numbers) if number == numbers[0] + at]


def _content(raw: bytes, block: int) -> Content:
    parsed = parse_block(raw, block + FIRST_BLOCK - 1)
    if isinstance(parsed, BlockFault):
        return ()
    pieces = [parsed.data[at : at + ENTRY] for at in range(0, len(parsed.data), ENTRY)]
    terms = []
    for index, piece in enumerate(pieces, (block - 1) * BLOCK_SIZE_OF_SPEC + 1):
        term = decode_meta(piece, _MTR).term if len(piece) == ENTRY else 0
        if piece != entry_of(index, term):
            raise Broken("mapped state", f"block {block} does not hold a whole entry {index}")
        terms.append(int(term))
    return tuple(terms)
