"""One node of Raft as a pure function: what it is, and what happens to it, give what it is next and what is
to be done.

`step` takes at most one action of the specification (RaftRedo.tla).  Where an input causes several, `again`
holds what is to be submitted next: the same input (a newer term is followed before its message is looked at;
a conflict is cut before the piece is appended), or an input that follows from the step.  So a crash fits
between any two of them.

The log is asked through its port and never changed here: changes are outputs, and a step sees them when it is
the next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from redoraft.observe import Action
from redoraft.raft import inputs, messages
from redoraft.raft.committing import ack_commit, advance_majority
from redoraft.raft.election import (
    become_leader,
    hand_over,
    on_election_timeout,
    on_request_vote,
    on_timeout_now,
    on_vote,
    update_term,
)
from redoraft.raft.following import acknowledge, on_answer, on_append_entries
from redoraft.raft.inputs import Input
from redoraft.raft.messages import AppendReply
from redoraft.raft.outputs import Transition
from redoraft.raft.port import LogReader
from redoraft.raft.reading import (
    answer_read,
    is_bound,
    on_read_asked,
    on_read_echo,
    on_read_probe,
    with_probes,
)
from redoraft.raft.replicating import note_reply, replicate, send_if_behind
from redoraft.raft.rules import Rules
from redoraft.raft.state import RaftState, Role
from redoraft.raft.writing import on_client_mtr, on_close_due, on_commit_written


def step(state: RaftState, event: Input, log: LogReader, rules: Rules) -> Transition:
    """The one step that `event` causes in `state`.  Pure: the same arguments give the same transition.

    Raises CorruptRedo for a piece of log that is not whole entries: nothing was changed then.
    """
    if isinstance(event, messages.RequestVote) and is_bound(state):
        return Transition(state)
    term = getattr(event, "term", state.term)
    if term > state.term:
        return update_term(state, term, log, rules, again=event)
    return _HANDLERS[type(event)](state, event, log, rules)


def _proceed(state: RaftState, log: LogReader, rules: Rules) -> Transition | None:
    """The first step that is possible without any further input, None if there is none."""
    return (
        become_leader(state, log, rules)
        or advance_majority(state, log, rules)
        or ack_commit(state, rules)
        or answer_read(state, rules)
        or hand_over(state, log, rules)
        or acknowledge(state, log, rules)
    )


def _on_fsync_done(state: RaftState, done: inputs.FsyncDone) -> Transition:
    return Transition(state, action=Action("Fsync", {"lsn": done.lsn}), again=inputs.Proceed())


def _on_append_reply(state: RaftState, reply: AppendReply, log: LogReader, rules: Rules) -> Transition:
    if reply.term != state.term or state.role is not Role.LEADER:
        return Transition(state)
    noted = note_reply(state, reply, log)
    return _proceed(noted, log, rules) or send_if_behind(noted, reply.follower, log)


_Handler = Callable[[RaftState, Any, LogReader, Rules], Transition]

_HANDLERS: dict[type, _Handler] = {
    messages.RequestVote: on_request_vote,
    messages.Vote: on_vote,
    messages.AppendEntries: on_append_entries,
    messages.AppendReply: _on_append_reply,
    messages.TimeoutNow: lambda state, event, log, _: on_timeout_now(state, event, log),
    inputs.ElectionTimeout: lambda state, _event, log, _: on_election_timeout(state, log),
    messages.ReadProbe: lambda state, event, _log, _: on_read_probe(state, event),
    messages.ReadEcho: lambda state, event, _log, _: on_read_echo(state, event),
    inputs.ReadAsked: lambda state, event, _log, _: on_read_asked(state, event),
    inputs.HeartbeatDue: lambda state, _event, log, _: with_probes(replicate(state, log)),
    inputs.Replicate: lambda state, _event, log, _: replicate(state, log),
    inputs.ClientMtr: lambda state, event, _log, rules: on_client_mtr(state, event, rules),
    inputs.CommitWritten: lambda state, event, log, _: on_commit_written(state, event, log),
    inputs.CloseDue: lambda state, _event, log, rules: on_close_due(state, log, rules),
    inputs.FsyncDone: lambda state, event, _log, _: _on_fsync_done(state, event),
    inputs.Answer: lambda state, event, log, rules: on_answer(state, event.leader, log, rules),
    inputs.Proceed: lambda state, _event, log, rules: _proceed(state, log, rules) or Transition(state),
}
