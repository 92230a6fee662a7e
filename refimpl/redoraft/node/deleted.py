"""The deleted part of a log is committed and nobody's question: what inputs, steps and a leader's count of
its followers say of it is taken out (LOG-8, H24)."""

from __future__ import annotations

from attrs import evolve

from redoraft.raft.inputs import Input
from redoraft.raft.messages import AppendEntries, AppendReply
from redoraft.raft.outputs import Output, Send, Transition
from redoraft.raft.state import Progress, RaftState
from redoraft.redo.log import RedoLog
from redoraft.redo.lsn import sn_of
from redoraft.types import NO_TERM, Lsn


def within_log(event: Input, log: RedoLog) -> Input:
    """The event without what it says of the deleted part: an answer from there names the start of the log, a
    piece begins behind it or is empty."""
    start, first = log.start_lsn, log.first_lsn
    if isinstance(event, AppendReply) and event.acked_lsn < first:
        return evolve(event, acked_lsn=start)
    if not isinstance(event, AppendEntries) or event.from_lsn >= first:
        return event
    if event.upto_lsn <= first:
        return evolve(event, from_lsn=start, from_term=NO_TERM, upto_lsn=start, records=b"")
    kept = event.records[sn_of(first) - sn_of(event.from_lsn) :]
    from_term = log.term_at(first)
    assert from_term is not None, "an entry ends where the log begins"
    return evolve(event, from_lsn=first, from_term=from_term, records=kept)


def without_vain(transition: Transition, first: Lsn) -> Transition:
    """What follows an answer, without the pieces for a follower that has to be seeded: it would answer each
    at once, for ever.  With heartbeats it still gets them."""

    def is_vain(output: Output) -> bool:
        message = output.message if isinstance(output, Send) else None
        return isinstance(message, AppendEntries) and message.from_lsn < first

    return evolve(transition, outputs=tuple(one for one in transition.outputs if not is_vain(one)))


def deleted_forgotten(raft: RaftState, log: RedoLog) -> RaftState:
    """What lies in the deleted part of the log counts as its start: below the checkpoint nobody counts it.

    A refusal may still take `next_lsn` back to `acked`, wherever it is now.
    """

    def kept(lsn: Lsn) -> Lsn:
        return lsn if lsn >= log.first_lsn else log.start_lsn

    return evolve(
        raft,
        progress={
            node: Progress(kept(progress.acked), kept(progress.next_lsn), progress.answered)
            for node, progress in raft.progress.items()
        },
    )
