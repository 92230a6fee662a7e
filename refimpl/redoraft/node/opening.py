"""Log and vote of a node, opened together: neither is there without the other.

A node that has lost its log would vote for whoever lacks what it had; one that has lost its vote might vote
twice in a term (H9).  So a first start stores the vote before it makes the log: a crash in between leaves a
vote for nobody in term 0, and that alone may stand without a log.
"""

from __future__ import annotations

from typing import Final

from redoraft.disk.state import VoteStore
from redoraft.errors import CorruptVote
from redoraft.files import Disk
from redoraft.redo.files import Layout, has_log, require_log
from redoraft.redo.log import RedoLog, ScanEnd
from redoraft.redo.rules import LogRules
from redoraft.types import NO_TERM

VOTE_FILE: Final = "vote"


def open_log_and_vote(
    disk: Disk, scan_end: ScanEnd, layout: Layout, rules: LogRules
) -> tuple[RedoLog, VoteStore]:
    """Both, made if this is the first start; one of them without the other is refused, and nothing changed.

    Raises CorruptRedo, CorruptVote, DiskError.
    """
    if has_log(disk):
        _require_vote(disk)
    votes = VoteStore.open(disk.open(VOTE_FILE))
    if votes.vote.term > NO_TERM:
        require_log(disk, f"this node has voted (the file {VOTE_FILE} is here)")
    return RedoLog.open(disk, scan_end, layout=layout, rules=rules), votes


def _require_vote(disk: Disk) -> None:
    if VOTE_FILE in disk.names:
        file = disk.open(VOTE_FILE)
        try:
            if not VoteStore.is_blank(file):
                return
        finally:
            file.close()
    raise CorruptVote(
        "the vote is gone: there is a log",
        file=VOTE_FILE,
        offset=0,
        remedy="restore the file as it was last, or seed the node anew: a new one could vote twice in a term",
    )
