"""Which input of a node leads to which action of the specification.

A table of generators.  Each puts one possibility after the other before the node and yields; whoever asks
looks after each whether the step was taken, and stops asking when it was.  The first possibility is always
that the node goes on with what it began.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from attrs import frozen

from redoraft.raft.inputs import ClientMtr, CloseDue, ElectionTimeout, HeartbeatDue
from redoraft.raft.messages import AppendReply
from redoraft.raft.state import Role
from redoraft.redo.mtr import encode_mtr
from redoraft.redo.record import PageWrite
from redoraft.scenario.mail import Letter
from redoraft.scenario.stage import Actor, Stage
from redoraft.storage.page import BODY
from redoraft.types import Lsn, NodeId, Term
from redoraft_traces.scenario import Step

_ROUNDS: Final = 8
"""How often a leader is asked for an earlier piece of its log before the step counts as not taken."""


@frozen
class Cue:
    """A step to be taken: by whom, where, and what comes after it."""

    stage: Stage
    actor: Actor
    step: Step
    later: Sequence[Step]
    leader_ends: Mapping[int, tuple[Lsn, ...]]
    """Where the mtrs of the log of each term's leader end, as far as it has led."""

    def number(self, name: str) -> int:
        """An argument that is a number; 0 where there is none."""
        value = self.step.args.get(name, 0)
        return value if isinstance(value, int) else 0

    @property
    def term(self) -> Term:
        """The term that the step is about."""
        return Term(self.number("term"))

    @property
    def own_term(self) -> Term:
        """The node's term."""
        return self.actor.node.term if self.actor.node is not None else Term(0)

    def deliver(self, letters: Iterable[Letter]) -> Iterator[None]:
        """One letter after the other."""
        for letter in letters:
            if self.actor.node is None:
                return
            self.stage.deliver(self.actor, letter)
            yield


Inputs = Callable[[Cue], Iterator[None]]


def _update_term(cue: Cue) -> Iterator[None]:
    """By the message that the node's next step needs as well, or else by any of that term."""
    yield
    mail, node = cue.stage.mail, NodeId(cue.step.node)
    following = next((step for step in cue.later if step.node == node), None)
    if following is not None and following.do == "GrantVote":
        candidate = NodeId(str(following.args.get("candidate")))
        yield from cue.deliver(mail.request_for_vote(node, cue.term, candidate))
    yield from cue.deliver(mail.of_term(node, cue.term))


def _start_election(cue: Cue) -> Iterator[None]:
    yield
    cue.stage.submit(cue.actor, ElectionTimeout())
    yield


def _grant_vote(cue: Cue) -> Iterator[None]:
    yield
    node, candidate = NodeId(cue.step.node), NodeId(str(cue.step.args.get("candidate")))
    yield from cue.deliver(cue.stage.mail.request_for_vote(node, cue.term, candidate))


def _become_leader(cue: Cue) -> Iterator[None]:
    yield
    yield from cue.deliver(cue.stage.mail.votes(NodeId(cue.step.node), cue.own_term))


def _by_replies(cue: Cue) -> Iterator[None]:
    """HandOver, AdvanceMajority: what followers have acknowledged arrives, oldest first."""
    yield
    yield from cue.deliver(reversed(list(cue.stage.mail.replies(NodeId(cue.step.node), cue.own_term))))


def _write_mtr(cue: Cue) -> Iterator[None]:
    """A client's mtr; it commits a transaction if the counterexample answers for it later."""
    yield
    last = cue.step.then.get("last")
    commits = any(s.do == "AckCommit" and s.args.get("lsn") == last for s in cue.later)
    request = f"t{last}"
    records = encode_mtr([PageWrite(1, 1, BODY, request.encode().ljust(16, b"."))])
    cue.stage.submit(cue.actor, ClientMtr(request, records, commits))
    yield


def _close_entry(cue: Cue) -> Iterator[None]:
    yield
    cue.stage.submit(cue.actor, CloseDue())
    yield


def _fsync(cue: Cue) -> Iterator[None]:
    yield
    lsn = cue.actor.lsn(cue.number("lsn"))
    if lsn is not None and cue.actor.node is not None:
        cue.actor.rest = cue.actor.node.fsync(lsn)
        yield


def _pieces(cue: Cue) -> Iterator[None]:
    """Truncate, AppendEntries, Acknowledge: pieces of the leader's log, earlier ones as long as none fits."""
    yield
    term = cue.term or cue.own_term
    ends = cue.leader_ends.get(term, ())
    upto = cue.number("upto")
    if not 0 <= upto < len(ends):
        return
    majority = cue.number("majority")
    node = NodeId(cue.step.node)
    tried: set[str] = set()
    for _ in range(_ROUNDS):
        if cue.actor.node is None:
            return
        known = ends[max(0, min(majority, len(ends) - 1))]
        fresh = [
            letter
            for letter in cue.stage.mail.pieces(node, term, ends[upto], known, cue.actor.node.log)
            if letter.message_id not in tried
        ]
        tried.update(letter.message_id for letter in fresh)
        yield from cue.deliver(fresh)
        _ask_leader(cue, term)


def _ask_leader(cue: Cue, term: Term) -> None:
    """Let the leader of that term hear what the node refused, and send again."""
    for leader in cue.stage.actors.values():
        node = leader.node
        if node is None or node.raft.role is not Role.LEADER or node.term != term:
            continue
        answers = cue.stage.mail.to(
            node.raft.me,
            lambda m: isinstance(m, AppendReply) and m.term == term and m.follower == cue.step.node,
        )
        for letter in list(answers)[:1]:
            cue.stage.settle(leader, letter)
        cue.stage.submit(leader, HeartbeatDue())
        while cue.stage.next_step(leader) is not None:
            pass


def _go_on(_: Cue) -> Iterator[None]:
    """AckCommit: follows from the step before."""
    yield


def _crash(cue: Cue) -> Iterator[None]:
    kept = None if cue.step.args.get("torn") else cue.actor.lsn(cue.number("left"))
    if kept is not None:
        cue.stage.crash(cue.actor, kept)
        yield


def _restart(cue: Cue) -> Iterator[None]:
    cue.stage.restart(cue.actor)
    yield


def _shutdown(cue: Cue) -> Iterator[None]:
    cue.stage.shut_down(cue.actor)
    yield


def _recover(cue: Cue) -> Iterator[None]:
    yield
    if cue.actor.node is not None and cue.actor.node.may_recover:
        cue.actor.rest = cue.actor.node.recover()
        yield


def _apply(cue: Cue) -> Iterator[None]:
    yield
    lsn = cue.actor.lsn(cue.number("lsn"))
    if cue.actor.node is not None and lsn in cue.actor.node.applicable:
        cue.actor.rest = cue.actor.node.apply(lsn)
        yield


INPUTS: Final[Mapping[str, Inputs]] = {
    "UpdateTerm": _update_term,
    "StartElection": _start_election,
    "GrantVote": _grant_vote,
    "BecomeLeader": _become_leader,
    "HandOver": _by_replies,
    "WriteMtr": _write_mtr,
    "CloseEntry": _close_entry,
    "Fsync": _fsync,
    "Truncate": _pieces,
    "AppendEntries": _pieces,
    "Acknowledge": _pieces,
    "AdvanceMajority": _by_replies,
    "AckCommit": _go_on,
    "Recover": _recover,
    "Apply": _apply,
    "Crash": _crash,
    "Restart": _restart,
    "Shutdown": _shutdown,
}
"""Every action that a scenario may name."""
