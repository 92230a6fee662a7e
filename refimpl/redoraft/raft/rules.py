"""The rules that keep the promise, one method each, so that one can be taken out alone (mutants.py).

Every method opens with its requirement and the operator of the specification that says the same.  LSNs are in
bytes.  Decisions are pure: what they need is in their arguments.
"""

from __future__ import annotations

from typing import ClassVar

from redoraft.raft.client_rules import ALL_CLIENT_RULES, ClientRules
from redoraft.raft.state import Role
from redoraft.types import LogIndex, Lsn, NodeId, Term


class Rules:
    """All rules on.  A node asks the rule wherever the specification asks On(rule)."""

    clients: ClassVar[ClientRules] = ALL_CLIENT_RULES
    """What clients are told (Clients.tla, Rooms.tla)."""

    # --- elections ---

    def up_to_date(
        self,
        candidate: tuple[Term, LogIndex],
        candidate_lsn: Lsn,
        own: tuple[Term, LogIndex],
        own_lsn: Lsn,
    ) -> bool:
        """H9 (UpToDate): logs are compared by last term, then index; never by LSN."""
        del candidate_lsn, own_lsn
        return candidate >= own

    def vote_after_restart(self, voted_for: NodeId) -> NodeId:
        """H9-vote (Restart): the vote outlives a crash."""
        return voted_for

    # --- who writes ---

    def accepts_writes(self, role: Role) -> bool:
        """CL-1 (MayServe): only the leader does."""
        return role is Role.LEADER

    def may_serve(self, is_data_node: bool) -> bool:
        """CL-2 (MayServe, BecomeLeader): a log node writes nothing, and hands leadership over (HandOver)."""
        return is_data_node

    # --- followers ---

    def accepts_from(self, message_term: Term, term: Term) -> bool:
        """LOG-5-term (Fits): log comes only from the leader of one's own term."""
        return message_term == term

    def durable_part(self, agreed: Lsn, redo_durable: Lsn) -> Lsn:
        """LOG-12 (Acknowledgeable): durable is what is durable in the redo log; no other log answers."""
        del agreed
        return redo_durable

    def acknowledgeable(self, agreed: Lsn, durable: Lsn) -> Lsn:
        """LOG-5 (Acknowledgeable): what is the leader's log *and* durable; the caller cuts it to whole
        entries."""
        return min(agreed, durable)

    def learned_majority(self, known: Lsn, majority: Lsn, agreed: Lsn, last_lsn: Lsn) -> Lsn:
        """H34 (Learned): only up to where one's log agrees with the leader's."""
        del last_lsn
        return max(known, min(majority, agreed))

    # --- the leader commits ---

    def commit_quorum(self, holders: int, nodes: int) -> bool:
        """LOG-6 (AdvanceMajority, IsQuorum): more than half of all nodes hold it."""
        return 2 * holders > nodes

    def counts_for_itself(self, durable_end: Lsn, closed_end: Lsn) -> Lsn:
        """H15 (Holders): the leader counts itself only up to its durable entries."""
        del closed_end
        return durable_end

    def may_commit(self, entry_term: Term, term: Term) -> bool:
        """H8 (AdvanceMajority): only entries of one's own term are committed by counting."""
        return entry_term == term

    def may_answer(self, commit_lsn: Lsn, known: Lsn) -> bool:
        """LIM-4 (AckCommit): ok is said only of what is on a majority."""
        return commit_lsn <= known

    # --- starting ---

    def scan_end(self, closed_lsn: Lsn, last_lsn: Lsn) -> Lsn:
        """LOG-1 (Scan): the scan ends at the last whole entry; a torn mtr and an open entry are dropped."""
        del last_lsn
        return closed_lsn

    def known_after_restart(self, start_lsn: Lsn, found_lsn: Lsn) -> Lsn:
        """H16 (Restart): the majority LSN is volatile; after a start nothing is known to be committed."""
        del found_lsn
        return start_lsn

    def trusts_shutdown(self, was_clean: bool) -> bool:
        """ST-1 (NodeRestart): clean or not, a start goes through recovery; no shutdown is trusted."""
        del was_clean
        return False

    def recovers_upto(self, aligned: bool, limit: Lsn | None, last_lsn: Lsn) -> Lsn | None:
        """ST-2 (NodeRecover, RecoverLimit): redo is applied only after the log is aligned, and then within
        `limit`; None is not yet."""
        del last_lsn
        return limit if aligned else None

    # --- applying ---

    def follower_applies(self, known: Lsn, last_lsn: Lsn) -> Lsn:
        """LIM-3 (ApplyLimit): a node that does not lead applies no further than the majority LSN."""
        del last_lsn
        return known

    def leader_applies(self, known: Lsn, last_lsn: Lsn, own_term_committed: bool) -> Lsn | None:
        """H14 (Aligned, ApplyLimit): a leader applies up to the majority LSN, and nothing (None) before an
        entry of its own term is committed."""
        del last_lsn
        return known if own_term_committed else None

    def restarts_when_deposed(self, serving: bool) -> bool:
        """H13 (NodeUpdateTerm): a leader that served restarts its process instead of stepping down."""
        return serving


ALL_RULES = Rules()
"""What a node runs with."""
