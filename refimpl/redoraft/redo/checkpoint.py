"""Checkpoints in the headers of the log files: the highest LSN that lies inside its file wins.

Each file has two slots, written in turn, so that the older checkpoint is whole while the newer one is written
(InnoDB: log_files_write_checkpoint_low, recv_find_max_checkpoint).
"""

from __future__ import annotations

import attrs

from redoraft.errors import CorruptRedo
from redoraft.redo.files import RedoFiles, Segment
from redoraft.redo.header import CHECKPOINTS, RESTORE, Note
from redoraft.redo.lsn import FIRST_BLOCK, START_LSN, block_of
from redoraft.redo.rules import LogRules
from redoraft.types import Lsn


@attrs.frozen
class Checkpoints:
    """What the slots say: the checkpoint, and a line for each slot that cannot be believed."""

    lsn: Lsn
    notices: tuple[str, ...]


def read_checkpoint(files: RedoFiles, rules: LogRules) -> Checkpoints:
    """The newest checkpoint; the start of the log if it reaches back to it and there is none.

    Raises CorruptRedo (file, offset) if there has to be one and none can be read, DiskError.
    """
    best: Lsn | None = None
    notices = []
    worst = (files.segments[0].name, int(CHECKPOINTS[0]))
    for segment in files.segments:
        for note in CHECKPOINTS:
            try:
                lsn = segment.read_note(note)
            except ValueError:
                worst = (segment.name, int(note))
                notices.append(f"{segment.name}, byte {int(note)}: a torn checkpoint; the other ones hold")
                continue
            if lsn is None:
                continue
            if rules.believes_checkpoint(_is_inside(files, segment, lsn)):
                best = max(lsn, best or lsn)
            else:
                worst = (segment.name, int(note))
                notices.append(f"{segment.name}, byte {int(note)}: the checkpoint {lsn} is not in the file")
    if best is None and files.first_block > FIRST_BLOCK:
        what = "the log does not begin at its start, and no checkpoint can be read"
        raise CorruptRedo(what, offset=worst[1], remedy=RESTORE, file=worst[0])
    return Checkpoints(START_LSN if best is None else best, tuple(notices))


def _is_inside(files: RedoFiles, segment: Segment, lsn: Lsn) -> bool:
    end = files.end_block if segment.end_block is None else segment.end_block
    return segment.first_block <= block_of(lsn) <= end


def write_checkpoint(files: RedoFiles, lsn: Lsn, rules: LogRules) -> None:
    """Write the slot of its file that is not the newest, durably; DiskError."""
    segment = files.at(block_of(lsn))
    segment.write_note(CHECKPOINTS[rules.slot_to_write(_newest_slot(segment))], lsn)


def _newest_slot(segment: Segment) -> int:
    """0 or 1: the slot with the larger LSN; 1 if there is none."""

    def lsn_in(note: Note) -> int:
        try:
            return segment.read_note(note) or 0
        except ValueError:
            return 0

    first, second = (lsn_in(note) for note in CHECKPOINTS)
    return 0 if first > second else 1
