"""A leader writes its clients' mtrs and closes entries (LOG-1, LOG-2, LOG-11, CL-1, CL-2; spec: WriteMtr,
CloseEntry)."""

from __future__ import annotations

from attrs import evolve

from redoraft.observe import Action
from redoraft.raft.inputs import ClientMtr, CommitWritten, Proceed, Replicate
from redoraft.raft.outputs import AppendMtr, CloseEntry, Outcome, Reply, Transition
from redoraft.raft.port import LogReader
from redoraft.raft.rules import Rules
from redoraft.raft.state import RaftState, Role, Waiter


def on_client_mtr(state: RaftState, mtr: ClientMtr, rules: Rules) -> Transition:
    """Write a client's mtr into the open entry (LOG-11; spec: WriteMtr); failed if this node may not
    write."""
    if not (rules.accepts_writes(state.role) and rules.may_serve(state.is_data_node)):
        return Transition(state, (Reply(mtr.request, Outcome.FAILED),))
    again = CommitWritten(mtr.request) if mtr.commits else None
    return Transition(state, (AppendMtr(mtr.records),), Action("WriteMtr"), again)


def on_commit_written(state: RaftState, commit: CommitWritten, log: LogReader) -> Transition:
    """Remember who waits for the mtr that the log now ends with."""
    waiter = Waiter(commit.request, log.last_lsn)
    return Transition(evolve(state, waiting=(*state.waiting, waiter)), again=Proceed())


def on_close_due(state: RaftState, log: LogReader, rules: Rules) -> Transition:
    """Close the open entry, if there is one, and send it (LOG-2; spec: CloseEntry).

    Nobody needs to wait for it: redo of open transactions is sent as it is made (LOG-11), and before it is
    in the own files (LOG-4).
    """
    if state.role is not Role.LEADER or not rules.may_serve(state.is_data_node):
        return Transition(state)
    if log.last_lsn == log.closed_lsn:
        return Transition(state)
    return Transition(state, (CloseEntry(state.term),), Action("CloseEntry"), Replicate())
