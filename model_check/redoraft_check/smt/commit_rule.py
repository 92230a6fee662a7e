"""The commit rule: spec/RaftRedo.tla action for action."""

from __future__ import annotations

from redoraft_check.smt.commit_election import Elections
from redoraft_check.smt.commit_log import OwnLog
from redoraft_check.smt.commit_replication import Replication
from redoraft_check.smt.commit_state import Raft
from redoraft_check.smt.formula import Action

RULES = frozenset(
    {"CL-1", "CL-2", "LOG-1", "LOG-5", "LOG-5-term", "LOG-6", "LOG-12"}
    | {"LIM-4", "H8", "H9", "H9-vote", "H15", "H16", "H34"}
)
"""RaftRules of spec/RaftRedo.tla."""


def actions(raft: Raft, off: frozenset[str] = frozenset()) -> tuple[Action, ...]:
    """RaftRedo's actions with some rules switched off, in the order of the specification's Next."""
    elections, log, replication = Elections(raft, off), OwnLog(raft, off), Replication(raft, off)
    return (
        elections.update_term(),
        elections.start_election(),
        elections.grant_vote(),
        elections.become_leader(),
        elections.hand_over(),
        log.write_mtr(),
        log.close_entry(),
        *log.fsync(),
        replication.truncate(),
        replication.append_entries(),
        replication.acknowledge(),
        replication.advance_majority(),
        replication.ack_commit(),
        log.crash(),
        log.restart(),
    )
