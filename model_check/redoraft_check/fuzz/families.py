"""The mutants of the implementation by the kind of examples that they are tried on, and who looks at these.

The oracle judges by Startup, and by StorageLimits where a run tells of pages, by Binlog where it has a
binlog, by DdlFileOps where it has tables.  The invariants are those of RaftRedo and Startup, and asked where
the rule that is out is a switch of them: to other mutants they say nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from attrs import frozen

from redoraft.binlog.mutants import BINLOG_MUTANTS
from redoraft.cluster.faults import DISK_FAULTS, Fault
from redoraft.ddl.mutants import MUTANTS as DDL_MUTANTS
from redoraft.mutants import ALL_MUTANTS, AnyMutant
from redoraft.raft.client_mutants import CLIENT_MUTANTS
from redoraft.raft.mutants import MUTANTS as RAFT_MUTANTS
from redoraft.redo.mutants import LOG_MUTANTS
from redoraft.storage.mutants import MUTANTS as STORAGE_MUTANTS
from redoraft_check.fuzz.plan import Shares

READS: Final = 0.5
"""How many examples of a family have readers, where it is not about them."""


@frozen
class Family:
    """Mutants that are tried on the same examples; `catchers` are names of `catchers.CATCHERS`."""

    name: str
    mutants: Mapping[str, AnyMutant]
    shares: Shares
    catchers: tuple[str, ...] = ("refusal", "ending", "history")
    disk_faults: frozenset[Fault] = frozenset()
    """Faults of disks, beside those that are asked for."""
    longer: int = 1
    """How many times as long as those of other families its examples are."""


_OF_TRANSACTIONS: Final = (
    "leaves-unfinished",
    "skips-holes",
    "closes-by-size",
    "closes-each-mtr",
    "ships-at-commit",
    "commits-when-written",
    "purges-on-followers",
)
"""Mutants of rules that are asked only where transactions share a log buffer, are left unfinished, or leave
undo to purge."""


def _without(mutants: Mapping[str, AnyMutant], others: Collection[str]) -> dict[str, AnyMutant]:
    return {name: one for name, one in mutants.items() if name not in others}


_PAGES: Final = Shares(pages=1, reads=READS)

FAMILIES: Final = (
    Family("Raft", RAFT_MUTANTS, Shares(reads=READS), catchers=("refusal", "invariant", "ending", "history")),
    # A leader has to be cut off, be replaced, and then be asked.
    Family("clients", CLIENT_MUTANTS, Shares(reads=1), longer=3),
    Family("log", _without(LOG_MUTANTS, _OF_TRANSACTIONS), _PAGES, disk_faults=DISK_FAULTS),
    Family("storage", _without(STORAGE_MUTANTS, _OF_TRANSACTIONS), _PAGES, disk_faults=DISK_FAULTS),
    Family(
        "transactions",
        {name: ALL_MUTANTS[name] for name in _OF_TRANSACTIONS},
        Shares(pages=0.3, reads=0.3, undo=1, small_files=1),
    ),
    Family("binlog", BINLOG_MUTANTS, Shares(binlog=1, reads=READS)),
)
"""In the order of a record's rows."""

DDL: Final = Family("DDL", DDL_MUTANTS, Shares(ddl=1), catchers=("refusal", "ending"))
"""Has a record of its own."""

_PAGE_OF: Final = (
    ("clients.md", CLIENT_MUTANTS),
    ("redo-format.md", LOG_MUTANTS),
    ("storage.md", STORAGE_MUTANTS),
    ("clients.md", BINLOG_MUTANTS),
)


def page_of(mutant: str) -> str | None:
    """The page of docs/ in which the mutant stands beside a test that catches it; None if it has to be caught
    by a matrix."""
    return next((page for page, mutants in _PAGE_OF if mutant in mutants), None)


def family_named(name: str) -> Family:
    """The family of that name.  Raises StopIteration for none."""
    return next(one for one in (*FAMILIES, DDL) if one.name == name)


def family_of(mutant: str) -> Family:
    """The family that a mutant is of; also of those of DDL that no matrix has."""
    return next((one for one in FAMILIES if mutant in one.mutants), DDL)
