"""The rules of a binlog beside redo, one method each, so that one can be taken out (mutants.py).

Every method opens with its requirement and names the operator of Binlog.tla that says the same, if one does.
Transactions are XIDs in their order.
"""

from __future__ import annotations

from collections.abc import Sequence


def is_prefix(some: Sequence[int], whole: Sequence[int]) -> bool:
    """Whether `whole` begins with `some` (spec: IsPrefix)."""
    return tuple(whole[: len(some)]) == tuple(some)


def agreeing(some: Sequence[int], others: Sequence[int]) -> int:
    """With how many transactions both begin (spec: CutTo)."""
    pairs = enumerate(zip(some, others, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(some), len(others)))


class BinlogRules:
    """All rules on."""

    # --- the specification's ---

    def keeps(self, binlog: Sequence[int], redo: Sequence[int]) -> int:
        """H20 (OnPromotion): a new leader keeps the transactions with which its binlog agrees with redo."""
        return agreeing(binlog, redo)

    def may_stand(self, redo: Sequence[int], binlog: Sequence[int]) -> bool:
        """H20-order (TakeBinlog, Covered): a node has no redo of a commit without its binlog."""
        return is_prefix(redo, binlog)

    def sendable(self, committed: int, written: int) -> int:
        """H20-dump (Sendable): downstream gets no more than the `committed` transactions; `written` there
        are."""
        del written
        return committed

    def visible(self, committed: int, written: int) -> int:
        """H18-binlog (Shown): readers see no more than the `committed` transactions, whoever has the binlog
        of the others; `written` there are in redo."""
        del written
        return committed

    def cut_with_redo(self) -> bool:
        """H20-redo (TakeRedo): a binlog that redo carries loses what redo loses."""
        return True

    # --- below it: prepared transactions, and what is durable when ---

    def carries_event(self) -> bool:
        """H20-carry: where redo carries the binlog, the mtr of a commit has the transaction's event."""
        return True

    def commits_prepared(self, in_binlog: bool) -> bool:
        """BIN-3: what is prepared is committed if it is in the binlog, and rolled back if it is not."""
        return in_binlog

    def flushes_binlog(self) -> bool:
        """BIN-3-sync: a transaction is durable in the binlog before redo commits it (sync_binlog = 1)."""
        return True

    def flushes_cut(self) -> bool:
        """H20-sync: the cut of a promotion is durable before anything is prepared."""
        return True

    def finishes_cut(self, has_marker: bool) -> bool:
        """H20-start: whoever starts in a promotion whose marker is in redo finishes the cut."""
        return has_marker

    def replaces(self) -> bool:
        """H20-take: a follower's binlog becomes the leader's in one step (TakeBinlog)."""
        return True


ALL_BINLOG_RULES = BinlogRules()
"""What a node runs with."""

SIMULATED: frozenset[str] = frozenset(
    {"H20", "H20-order", "H20-dump", "BIN-3", "BIN-3-sync", "H20-sync", "H20-take"}
)
"""The rules that a node of a cluster goes by (redoraft.node.twophase): its cut is durable before its term's
marker is written, so there is no promotion to finish (H20-start)."""

CARRIED: frozenset[str] = SIMULATED - {"H20-order", "H20-take"} | {"H20-carry", "H20-redo"}
"""Those of a node whose redo carries the binlog: it takes nothing else, in no other order."""
