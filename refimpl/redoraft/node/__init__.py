"""One node: its redo log, term and vote, the Raft core, and the way from start to serving.

startup  when redo may be applied, and when a leader serves (Startup.tla)
logview  the log as the pages of the same node see it
sending  the log as the core reads it to send
driver   Node: takes the core's steps, does their outputs, tells the observer
process  a node as a process of its own, on real files
"""

from redoraft.node.driver import (
    NO_LEASE,
    VOTE_FILE,
    Effect,
    Node,
    Posted,
    RestartProcess,
    Sizes,
    Stepped,
    Stopped,
    Timing,
)

__all__ = [
    "NO_LEASE",
    "VOTE_FILE",
    "Effect",
    "Node",
    "Posted",
    "RestartProcess",
    "Sizes",
    "Stepped",
    "Stopped",
    "Timing",
]
