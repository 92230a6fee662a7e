"""The mutants of all parts, by name: what `--mutant NAME` may say."""

from __future__ import annotations

from attrs import frozen

from redoraft.binlog.mutants import BINLOG_MUTANTS
from redoraft.binlog.rules import ALL_BINLOG_RULES, BinlogRules
from redoraft.ddl.mutants import ALL_DDL_MUTANTS
from redoraft.ddl.rules import ALL_DDL_RULES, DdlRules
from redoraft.mutant import Mutant
from redoraft.raft.client_mutants import CLIENT_MUTANTS
from redoraft.raft.mutants import MUTANTS as RAFT_MUTANTS
from redoraft.raft.rules import ALL_RULES, Rules
from redoraft.redo.mutants import LOG_MUTANTS
from redoraft.redo.rules import ALL_LOG_RULES, LogRules
from redoraft.storage.mutants import MUTANTS as STORAGE_MUTANTS
from redoraft.storage.rules import ALL_STORAGE_RULES, StorageRules

AnyMutant = Mutant[Rules] | Mutant[LogRules] | Mutant[StorageRules] | Mutant[DdlRules] | Mutant[BinlogRules]

ALL_MUTANTS: dict[str, AnyMutant] = {
    **RAFT_MUTANTS,
    **CLIENT_MUTANTS,
    **LOG_MUTANTS,
    **STORAGE_MUTANTS,
    **ALL_DDL_MUTANTS,
    **BINLOG_MUTANTS,
}
"""No two of them have the same name."""


@frozen
class NodeRules:
    """The rules of every part of a node."""

    raft: Rules = ALL_RULES
    log: LogRules = ALL_LOG_RULES
    storage: StorageRules = ALL_STORAGE_RULES
    ddl: DdlRules = ALL_DDL_RULES
    binlog: BinlogRules = ALL_BINLOG_RULES


ALL_PARTS = NodeRules()
"""What a node runs with."""


def find_mutant(name: str) -> AnyMutant | None:
    """The mutant of that name, or the first that takes out the rule of that id; None if there is none."""
    return next((one for one in ALL_MUTANTS.values() if name in {one.name, one.rule}), None)


def rules_of(mutant: AnyMutant | None) -> NodeRules:
    """The rules of a node with that mutant, all on if there is none."""
    if mutant is None:
        return ALL_PARTS
    found = mutant.rules()
    if isinstance(found, StorageRules):
        return NodeRules(storage=found)
    if isinstance(found, DdlRules):
        return NodeRules(ddl=found)
    if isinstance(found, BinlogRules):
        return NodeRules(binlog=found)
    return NodeRules(log=found) if isinstance(found, LogRules) else NodeRules(raft=found)
