"""The mutants of the implementation by the kind of examples that they are tried on, and who looks at these.

The oracle judges by Startup, and by StorageLimits where a run tells of pages, by Binlog where it has a
binlog, by DdlFileOps where it has tables.  The invariants are those of RaftRedo and Startup, and asked where
the rule that is out is a switch of them: to other mutants they say nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import frozen

from redoraft.binlog.mutants import BINLOG_MUTANTS
from redoraft.cluster.faults import DISK_FAULTS, Fault
from redoraft.ddl.mutants import MUTANTS as DDL_MUTANTS
from redoraft.mutants import AnyMutant
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
    page: str | None = None
    """The page of docs/ in which each of these mutants stands beside a test that catches it; None if each has
    to be caught here."""


_PAGES: Final = Shares(pages=1, reads=READS)

FAMILIES: Final = (
    Family("Raft", RAFT_MUTANTS, Shares(reads=READS), catchers=("refusal", "invariant", "ending", "history")),
    # A leader has to be cut off, be replaced, and then be asked.
    Family("clients", CLIENT_MUTANTS, Shares(reads=1), longer=3, page="clients.md"),
    Family("log", LOG_MUTANTS, _PAGES, disk_faults=DISK_FAULTS, page="redo-format.md"),
    Family("storage", STORAGE_MUTANTS, _PAGES, disk_faults=DISK_FAULTS, page="storage.md"),
    Family("binlog", BINLOG_MUTANTS, Shares(binlog=1, reads=READS), page="clients.md"),
)
"""In the order of a record's rows."""

DDL: Final = Family("DDL", DDL_MUTANTS, Shares(ddl=1), catchers=("refusal", "ending"))
"""Has a record of its own."""


def family_named(name: str) -> Family:
    """The family of that name.  Raises StopIteration for none."""
    return next(one for one in (*FAMILIES, DDL) if one.name == name)


def family_of(mutant: str) -> Family:
    """The family that a mutant is of; also of those of DDL that no matrix has."""
    return next((one for one in FAMILIES if mutant in one.mutants), DDL)


WHY: Final[dict[str, str]] = {}
"""Why the examples of a matrix do not show a mutant, or seldom do, by its name."""
