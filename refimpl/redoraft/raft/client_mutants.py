"""Nodes that tell clients what they may not, one rule of ClientRules taken out each.

Most of it leaves no mark in a trace: what clients saw is the judge (redoraft_check.linearizability).
"""
# A rule that is off looks at less than the rule does.
# ruff: noqa: ARG002

from __future__ import annotations

from redoraft.mutant import Mutant, by_name
from redoraft.raft.client_rules import ClientRules
from redoraft.raft.outcome import Outcome
from redoraft.raft.rules import Rules
from redoraft.types import Lsn


class _NeedsAll(ClientRules):
    def wins(self, votes: int, nodes: int) -> bool:
        return votes == nodes


class _HandsOverAtOnce(ClientRules):
    def may_inherit(self, acked: Lsn, end: Lsn) -> bool:
        return True


class _CallsItFailed(ClientRules):
    def without_answer(self) -> Outcome:
        return Outcome.FAILED


class _ShowsAtOnce(ClientRules):
    def may_show(self, read_lsn: Lsn, known: Lsn) -> bool:
        return True


class _AsksNobody(ClientRules):
    def still_leads(self, confirmed: bool, leased: bool) -> bool:
        return True


class _TrustsClocks(ClientRules):
    def lease_margin_ms(self, skew_ms: int) -> int:
        return 0


class _VotesAtStart(ClientRules):
    def heard_at_start_ms(self, now_ms: int) -> int | None:
        return None


class _ShowsItsPages(ClientRules):
    def reads_unaligned(self) -> bool:
        return True


class _ForgetsTheSession(ClientRules):
    def in_session(self, applied: Lsn, seen: Lsn) -> bool:
        return True


def _without(mutated: type[ClientRules]) -> type[Rules]:
    return type(mutated.__name__, (Rules,), {"clients": mutated()})


_TABLE: tuple[Mutant[Rules], ...] = (
    Mutant("needs-all-votes", "CL-3", "an election needs the votes of all nodes", _without(_NeedsAll)),
    Mutant(
        "hands-over-at-once",
        "H27",
        "a log node hands over to a node that lacks the tail",
        _without(_HandsOverAtOnce),
    ),
    Mutant(
        "calls-it-failed",
        "H17",
        "a commit that nobody answered is reported as failed",
        _without(_CallsItFailed),
    ),
    Mutant("shows-at-once", "H18", "a read shows what is not on a majority", _without(_ShowsAtOnce)),
    Mutant(
        "asks-nobody", "H19", "a leader answers reads without asking whether it leads", _without(_AsksNobody)
    ),
    Mutant(
        "trusts-clocks",
        "H19-skew",
        "a lease makes no allowance for clocks that drift",
        _without(_TrustsClocks),
    ),
    Mutant("votes-at-start", "H19-restart", "a voter that restarts votes at once", _without(_VotesAtStart)),
    Mutant("shows-its-pages", "H28", "a node that does not serve answers reads", _without(_ShowsItsPages)),
    Mutant(
        "forgets-the-session",
        "H28-session",
        "a follower answers with less than its client has seen",
        _without(_ForgetsTheSession),
    ),
)

CLIENT_MUTANTS: dict[str, Mutant[Rules]] = by_name(_TABLE)
"""By name."""
