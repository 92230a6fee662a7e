"""Nodes with one rule taken out, for showing that tests and trace checking notice.

Each class overrides exactly one method of `Rules`; none of them changes what is observed, only what is done.
"""
# A rule that is off looks at less than the rule does.
# ruff: noqa: ARG002

from __future__ import annotations

from redoraft.mutant import Mutant, by_name
from redoraft.raft.rules import Rules
from redoraft.raft.state import Role
from redoraft.types import NO_ONE, LogIndex, Lsn, NodeId, Term


class _AnybodyWrites(Rules):
    def accepts_writes(self, role: Role) -> bool:
        return role is not Role.DOWN


class _LogNodeLeads(Rules):
    def may_serve(self, is_data_node: bool) -> bool:
        return True


class _KeepsOpenEntry(Rules):
    def scan_end(self, closed_lsn: Lsn, last_lsn: Lsn) -> Lsn:
        return last_lsn


class _AcknowledgesUnsynced(Rules):
    def acknowledgeable(self, agreed: Lsn, durable: Lsn) -> Lsn:
        return agreed


class _TakesFromOldLeaders(Rules):
    def accepts_from(self, message_term: Term, term: Term) -> bool:
        return message_term <= term


class _OneIsAQuorum(Rules):
    def commit_quorum(self, holders: int, nodes: int) -> bool:
        return holders >= 1


class _SecondLogAnswers(Rules):
    def durable_part(self, agreed: Lsn, redo_durable: Lsn) -> Lsn:
        return max(agreed, redo_durable)


class _FollowerAppliesAll(Rules):
    def follower_applies(self, known: Lsn, last_lsn: Lsn) -> Lsn:
        return last_lsn


class _AnswersAtOnce(Rules):
    def may_answer(self, commit_lsn: Lsn, known: Lsn) -> bool:
        return True


class _TrustsShutdown(Rules):
    def trusts_shutdown(self, was_clean: bool) -> bool:
        return was_clean


class _RecoversAtOnce(Rules):
    def recovers_upto(self, aligned: bool, limit: Lsn | None, last_lsn: Lsn) -> Lsn | None:
        return last_lsn


class _CommitsOldTerms(Rules):
    def may_commit(self, entry_term: Term, term: Term) -> bool:
        return True


class _ComparesLsn(Rules):
    def up_to_date(
        self,
        candidate: tuple[Term, LogIndex],
        candidate_lsn: Lsn,
        own: tuple[Term, LogIndex],
        own_lsn: Lsn,
    ) -> bool:
        return candidate_lsn >= own_lsn


class _ForgetsVote(Rules):
    def vote_after_restart(self, voted_for: NodeId) -> NodeId:
        return NO_ONE


class _StepsDownInPlace(Rules):
    def restarts_when_deposed(self, serving: bool) -> bool:
        return False


class _LeaderAppliesTail(Rules):
    def leader_applies(self, known: Lsn, last_lsn: Lsn, own_term_committed: bool) -> Lsn | None:
        return last_lsn


class _CountsUnsynced(Rules):
    def counts_for_itself(self, durable_end: Lsn, closed_end: Lsn) -> Lsn:
        return closed_end


class _TrustsOldMajority(Rules):
    def known_after_restart(self, start_lsn: Lsn, found_lsn: Lsn) -> Lsn:
        return found_lsn


class _LearnsBeyondAgreement(Rules):
    def learned_majority(self, known: Lsn, majority: Lsn, agreed: Lsn, last_lsn: Lsn) -> Lsn:
        return max(known, min(majority, last_lsn))


_TABLE: tuple[Mutant[Rules], ...] = (
    Mutant("anybody-writes", "CL-1", "a follower takes client writes into its log", _AnybodyWrites),
    Mutant("log-node-leads", "CL-2", "a log node opens its term and keeps leading", _LogNodeLeads),
    Mutant("keeps-open-entry", "LOG-1", "the scan keeps an entry without its meta record", _KeepsOpenEntry),
    Mutant(
        "acks-before-fsync", "LOG-5", "a follower acknowledges what is not durable", _AcknowledgesUnsynced
    ),
    Mutant(
        "old-leader-heard",
        "LOG-5-term",
        "a follower takes log from a leader of a past term",
        _TakesFromOldLeaders,
    ),
    Mutant("one-is-a-quorum", "LOG-6", "one holder is enough to commit", _OneIsAQuorum),
    Mutant(
        "second-log",
        "LOG-12",
        "a log of Raft's own answers for what redo has not made durable",
        _SecondLogAnswers,
    ),
    Mutant("applies-all", "LIM-3", "a follower applies beyond the majority LSN", _FollowerAppliesAll),
    Mutant("answers-at-once", "LIM-4", "a commit is answered before it is on a majority", _AnswersAtOnce),
    Mutant(
        "trusts-shutdown", "ST-1", "after a clean shutdown a node opens without recovery", _TrustsShutdown
    ),
    Mutant(
        "recovers-at-once",
        "ST-2",
        "all redo is applied before the log is aligned",
        _RecoversAtOnce,
    ),
    Mutant("commits-old-terms", "H8", "entries of older terms are committed by counting", _CommitsOldTerms),
    Mutant("compares-lsn", "H9", "elections compare LSNs", _ComparesLsn),
    Mutant("forgets-vote", "H9-vote", "a restart forgets the vote", _ForgetsVote),
    Mutant("steps-down", "H13", "a deposed leader goes on as a follower with its pages", _StepsDownInPlace),
    Mutant("leader-applies-tail", "H14", "a new leader applies its uncommitted tail", _LeaderAppliesTail),
    Mutant(
        "counts-unsynced", "H15", "the leader counts itself for what it has not made durable", _CountsUnsynced
    ),
    Mutant(
        "trusts-old-majority",
        "H16",
        "after a restart all that is found counts as committed",
        _TrustsOldMajority,
    ),
    Mutant(
        "learns-too-much",
        "H34",
        "a follower believes a majority LSN beyond what is agreed",
        _LearnsBeyondAgreement,
    ),
)

MUTANTS: dict[str, Mutant[Rules]] = by_name(_TABLE)
"""By name."""
