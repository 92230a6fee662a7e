"""One node: its redo log, term and vote, the Raft core, and the way from start to serving.

opening  log and vote, neither without the other
startup  when redo may be applied, and when a leader serves (Startup.tla)
reads    what who reads pages is answered
logview  the log as the pages of the same node see it
sending  the log as the core reads it to send
room     pages to disk, checkpoint, deletion of redo
deleted  what is said of the part of the log that is deleted
effects  what a node is started with, and what comes of its steps
driver   Node: takes the core's steps, does their outputs, tells the observer
transactions
         rows with undo, through the log buffer, and group commit
stopping a clean stop (StorageShutdown.tla)
copying  a node's disks as a copy of another node's (H24)
process  a node as a process of its own, on real files
"""

from redoraft.node.driver import Node
from redoraft.node.effects import (
    NO_LEASE,
    Dropped,
    Effect,
    Posted,
    RestartProcess,
    Sizes,
    Stepped,
    Stopped,
    Timing,
)
from redoraft.node.opening import VOTE_FILE
from redoraft.node.stopping import stop

__all__ = [
    "NO_LEASE",
    "VOTE_FILE",
    "Dropped",
    "Effect",
    "Node",
    "Posted",
    "RestartProcess",
    "Sizes",
    "Stepped",
    "Stopped",
    "Timing",
    "stop",
]
