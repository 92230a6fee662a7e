"""The rules of what clients are told, one method each, so that one can be taken out alone.

Every method opens with its requirement and the operator of Clients.tla or Rooms.tla that says the same.
LSNs are in bytes, times in ms.
"""

from __future__ import annotations

from redoraft.raft.outcome import Outcome
from redoraft.types import Lsn


class ClientRules:
    """All rules on."""

    def wins(self, votes: int, nodes: int) -> bool:
        """CL-3 (Rooms: IsQuorum): more than half of all nodes elect a leader, so any one room may be lost."""
        return 2 * votes > nodes

    def may_inherit(self, acked: Lsn, end: Lsn) -> bool:
        """H27 (Rooms: HandOver): a log node hands over to one that has all it has."""
        return acked >= end

    def without_answer(self) -> Outcome:
        """H17 (WithoutAnswer): a commit mtr that is written may stay, so nobody can say that it failed."""
        return Outcome.UNKNOWN

    def may_show(self, read_lsn: Lsn, known: Lsn) -> bool:
        """H18 (AnswerRead): the reply waits until what was read is on a majority."""
        return read_lsn <= known

    def still_leads(self, confirmed: bool, leased: bool) -> bool:
        """H19 (StillLeads): a quorum has said so since the read began, or a lease runs."""
        return confirmed or leased

    def lease_margin_ms(self, skew_ms: int) -> int:
        """H19-skew (HasLease): a lease ends earlier by what clocks may drift apart."""
        return skew_ms

    def heard_at_start_ms(self, now_ms: int) -> int | None:
        """H19-restart (VoterRestarts): whoever starts waits as if it had heard of a leader just now."""
        return now_ms

    def reads_unaligned(self) -> bool:
        """H28 (ReadEarly): a node that knows no leader yet shows nothing of its pages."""
        return False

    def in_session(self, applied: Lsn, seen: Lsn) -> bool:
        """H28-session (ReadHere): a follower shows a client nothing older than what that client has seen."""
        return applied >= seen


ALL_CLIENT_RULES = ClientRules()
"""What a node runs with."""
