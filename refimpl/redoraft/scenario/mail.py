"""Every message that nodes have sent: any of them may still arrive, once, twice or never.

The specification's network is its history, and a piece of a leader's log may end at any entry end there.  A
real leader sends as much as fits; so a piece may be delivered cut short at an entry end, which is what a
leader with smaller batches would have sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from attrs import define, evolve, field, frozen

from redoraft.raft.messages import AppendEntries, AppendReply, Message, RequestVote, Vote
from redoraft.raft.port import LogReader
from redoraft.types import Lsn, NodeId, Term


@frozen
class Letter:
    """A message on its way; `recorded` says that its id stands on an event."""

    message_id: str
    to: NodeId
    message: Message
    recorded: bool

    @property
    def received(self) -> str | None:
        """The id that the event of its arrival may show."""
        return self.message_id if self.recorded else None


@define
class Mail:
    """All letters so far, oldest first."""

    letters: list[Letter] = field(factory=list)

    def to(self, node: NodeId, wanted: Callable[[Message], bool]) -> Iterator[Letter]:
        """Those to a node of which `wanted` holds, newest first; a list of this moment."""
        return iter([one for one in reversed(self.letters) if one.to == node and wanted(one.message)])

    def request_for_vote(self, node: NodeId, term: Term, candidate: NodeId | None = None) -> Iterator[Letter]:
        """Requests of that term, by one candidate or by any."""
        return self.to(
            node,
            lambda m: isinstance(m, RequestVote) and m.term == term and candidate in {None, m.candidate},
        )

    def votes(self, node: NodeId, term: Term) -> Iterator[Letter]:
        """Votes that were granted in that term."""
        return self.to(node, lambda m: isinstance(m, Vote) and m.term == term and m.granted)

    def replies(self, node: NodeId, term: Term) -> Iterator[Letter]:
        """What followers answered to the leader of that term."""
        return self.to(node, lambda m: isinstance(m, AppendReply) and m.term == term)

    def of_term(self, node: NodeId, term: Term) -> Iterator[Letter]:
        """Any message of that term, those first that can do nothing but tell the term."""
        found = list(self.to(node, lambda m: m.term == term))
        harmless = [one for one in found if isinstance(one.message, Vote | AppendReply)]
        return iter([*harmless, *(one for one in found if one not in harmless)])

    def pieces(
        self, node: NodeId, term: Term, upto: Lsn, majority: Lsn, sender: LogReader | None
    ) -> Iterator[Letter]:
        """Pieces of the log of the leader of that term that end at `upto`, the nearest majority LSN first."""
        found = []
        for letter in self.to(node, lambda m: isinstance(m, AppendEntries) and m.term == term):
            piece = letter.message
            assert isinstance(piece, AppendEntries)
            shortened = _shortened(piece, upto, sender)
            if shortened is not None and shortened.majority_lsn >= majority:
                found.append(evolve(letter, message=shortened))
        return iter(sorted(found, key=_majority))


def _majority(letter: Letter) -> Lsn:
    assert isinstance(letter.message, AppendEntries)
    return letter.message.majority_lsn


def _shortened(piece: AppendEntries, upto: Lsn, sender: LogReader | None) -> AppendEntries | None:
    """The piece up to an earlier entry end, None if it has none at `upto`."""
    if piece.upto_lsn == upto:
        return piece
    if piece.from_lsn == upto:
        return evolve(piece, upto_lsn=upto, records=b"")
    if sender is None:
        return None
    for end in sender.entry_ends_of(piece.from_lsn, piece.records):
        if end.lsn == upto:
            return evolve(piece, upto_lsn=upto, records=piece.records[: end.size])
    return None
