"""Reads at a leader (H18, H19; spec: Clients): a read index, and a lease where there is one.

A read notes as of which LSN it was made.  It is answered when the majority LSN covers that, and
when a quorum has echoed a probe sent after the read began, or a lease runs.  Whoever echoes is in the
leader's term: no newer leader had its vote, so none had committed anything when the read began.  None of this
is an action of RaftRedo: logs, votes and terms are not touched.
"""

from __future__ import annotations

from attrs import evolve

from redoraft.raft.inputs import Proceed, ReadAsked
from redoraft.raft.messages import ReadEcho, ReadProbe
from redoraft.raft.outcome import Outcome
from redoraft.raft.outputs import Reply, ResetElectionTimer, Send, Transition
from redoraft.raft.rules import Rules
from redoraft.raft.state import PendingRead, RaftState, Role


def on_read_asked(state: RaftState, asked: ReadAsked) -> Transition:
    """Note the read, and ask the others whether this node still leads (spec: Read)."""
    if state.role is not Role.LEADER:
        return Transition(state, (Reply(asked.request, Outcome.FAILED),))
    probed = probe(state)
    reading = probed.state.reading
    read = PendingRead(asked.request, asked.lsn, reading.round)
    noted = evolve(probed.state, reading=evolve(reading, pending=(*reading.pending, read)))
    return Transition(noted, probed.outputs, again=Proceed())


def probe(state: RaftState) -> Transition:
    """Send the next round of probes (spec: Beat)."""
    reading = state.reading
    number = reading.round + 1
    sent_ms = {**reading.sent_ms, number: state.now_ms}
    message = ReadProbe(state.term, state.me, number)
    return Transition(
        evolve(state, reading=evolve(reading, round=number, sent_ms=sent_ms)),
        tuple(Send(other, message) for other in state.others),
    )


def with_probes(transition: Transition) -> Transition:
    """A heartbeat, with a round of probes where somebody waits for one or a lease is to go on."""
    state = transition.state
    if state.role is not Role.LEADER or not (state.lease or state.reading.pending):
        return transition
    probed = probe(state)
    return evolve(transition, state=probed.state, outputs=(*transition.outputs, *probed.outputs))


def on_read_probe(state: RaftState, message: ReadProbe) -> Transition:
    """Say that this term is followed, and remember when that was said (spec: HeardOf)."""
    if message.term != state.term or state.role is Role.LEADER:
        return Transition(state)
    heard = evolve(state, heard_ms=state.now_ms)
    echo = ReadEcho(state.term, state.me, message.round)
    return Transition(heard, (ResetElectionTimer(), Send(message.leader, echo)))


def on_read_echo(state: RaftState, echo: ReadEcho) -> Transition:
    """Count the echo; what it confirms is answered next (spec: Renewed)."""
    if echo.term != state.term or state.role is not Role.LEADER:
        return Transition(state)
    reading = state.reading
    last = max(echo.round, reading.echoed.get(echo.follower, 0))
    reading = evolve(reading, echoed={**reading.echoed, echo.follower: last})
    confirmed = _confirmed_round(evolve(state, reading=reading))
    heard = [sent for number, sent in reading.sent_ms.items() if number <= confirmed]
    if heard:
        later = {number: sent for number, sent in reading.sent_ms.items() if number > confirmed}
        reading = evolve(reading, heard_from_ms=max(heard), sent_ms=later)
    return Transition(evolve(state, reading=reading), again=Proceed())


def _confirmed_round(state: RaftState) -> int:
    """The last round that a quorum has, this node among it."""
    rounds = [state.reading.echoed.get(other, 0) for other in state.others]
    rounds.append(state.reading.round)
    rounds.sort(reverse=True)
    return rounds[len(rounds) // 2]


def answer_read(state: RaftState, rules: Rules) -> Transition | None:
    """Answer one read that may be answered, if there is one (spec: AnswerRead)."""
    if state.role is not Role.LEADER:
        return None
    confirmed, leased = _confirmed_round(state), _has_lease(state, rules)
    for read in state.reading.pending:
        leads = rules.clients.still_leads(read.round <= confirmed, leased)
        if leads and rules.clients.may_show(read.lsn, state.known):
            rest = tuple(other for other in state.reading.pending if other is not read)
            answered = evolve(state, reading=evolve(state.reading, pending=rest))
            return Transition(answered, (Reply(read.request, Outcome.OK, lsn=read.lsn),), again=Proceed())
    return None


def _has_lease(state: RaftState, rules: Rules) -> bool:
    """Whether every quorum still has a voter that votes for nobody (spec: HasLease)."""
    since = state.reading.heard_from_ms
    if state.lease is None or since is None:
        return False
    margin = rules.clients.lease_margin_ms(state.lease.skew_ms)
    return state.now_ms - since + margin < state.lease.length_ms


def is_bound(state: RaftState) -> bool:
    """Whether this node has heard of a leader too recently to vote for anybody (spec: Elect, `rest`)."""
    if state.lease is None or state.heard_ms is None:
        return False
    return state.now_ms - state.heard_ms < state.lease.length_ms
