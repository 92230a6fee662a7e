"""One node: its redo log, term and vote, the Raft core, and the way from start to serving.

startup  when redo may be applied, and when a leader serves (Startup.tla)
pages    what applied redo has made of the data
driver   Node: takes the core's steps, does their outputs, tells the observer
"""

from redoraft.node.driver import VOTE_FILE, Effect, Node, Posted, RestartProcess, Stepped, Stopped

__all__ = ["VOTE_FILE", "Effect", "Node", "Posted", "RestartProcess", "Stepped", "Stopped"]
