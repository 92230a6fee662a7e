"""A clean stop of a node (spec: StorageShutdown; InnoDB: logs_empty_and_mark_files_at_shutdown).

What a stock server does last, this node may not do: the tail of its log may be overruled while it is away.
So no page beyond the majority LSN is written (LIM-2), the checkpoint does not go to the end of the log
(LIM-1), and nothing on disk says that the stop was clean (ST-1).  Nor does a stop wait for a majority: what
pages lack, redo has.  It is a crash that loses nothing, with less redo to apply behind it.
"""

from __future__ import annotations

from collections.abc import Iterator

from redoraft.node.driver import Node
from redoraft.node.effects import Effect, RestartProcess
from redoraft.raft.inputs import CloseDue


def stop(node: Node) -> Iterator[Effect]:
    """Close the open entry, make the log durable, write pages and raise the checkpoint within the limits.

    The caller gives the node nothing else to do meanwhile, and may let it crash between two effects.  When
    this is through the node has ended (its phase is STOPPED), unless the last effect was RestartProcess: then
    it has to be started again.  Raises CorruptPage, DiskError, StorageStopped: then it has crashed.
    """
    for effect in _finishes_log(node):
        yield effect
        if isinstance(effect, RestartProcess):
            return
    node.flush_pages()
    node.checkpoint()
    node.shutdown()


def _finishes_log(node: Node) -> Iterator[Effect]:
    leading = None if node.transactions is None else node.transactions.leading
    if leading is not None:
        yield from leading.close()
    elif node.serving and node.log.last_lsn > node.log.closed_lsn:
        yield from node.handle(CloseDue())
    yield from node.fsync(node.log.last_lsn)
