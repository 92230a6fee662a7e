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


_BUFFER: Final = (
    "leaves-unfinished",
    "skips-holes",
    "closes-by-size",
    "closes-each-mtr",
    "ships-at-commit",
    "commits-when-written",
)
"""Mutants of rules that are asked only where transactions share a log buffer, or are left unfinished."""


def _without(mutants: Mapping[str, AnyMutant], others: Collection[str]) -> dict[str, AnyMutant]:
    return {name: one for name, one in mutants.items() if name not in others}


_PAGES: Final = Shares(pages=1, reads=READS)

FAMILIES: Final = (
    Family("Raft", RAFT_MUTANTS, Shares(reads=READS), catchers=("refusal", "invariant", "ending", "history")),
    # A leader has to be cut off, be replaced, and then be asked.
    Family("clients", CLIENT_MUTANTS, Shares(reads=1), longer=3),
    Family("log", _without(LOG_MUTANTS, _BUFFER), _PAGES, disk_faults=DISK_FAULTS),
    Family("storage", _without(STORAGE_MUTANTS, _BUFFER), _PAGES, disk_faults=DISK_FAULTS),
    Family(
        "transactions",
        {name: ALL_MUTANTS[name] for name in _BUFFER},
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


_CUT: Final = "harms only in a cut over what a crash has left, or in a crash inside a cut: there are few cuts"
_BELOW: Final = "within LIM-1, LIM-2, LIM-3 and H33 nothing that must stay is beyond a cut"
_LIVENESS: Final = "what does not happen is no wrong step: liveness"
_NOT_HERE: Final = "these nodes make no page anew, load nothing in bulk and purge nothing"
_EFFORT: Final = "the same is sent, with more work: the scene counts reads"
_RARE_CRASH: Final = "one crash at the right operation shows it, and that is rare at random"

WHY: Final[dict[str, str]] = {
    "needs-all-votes": _LIVENESS,
    "calls-it-failed": "writers are at leisure where clients read: none waits when its leader is deposed",
    "shows-at-once": "what a read showed too early has to be lost next, and be missed by another",
    "asks-nobody": "a leader has to be cut off, not written to, replaced, and then read: rare, even in runs"
    " made for it (`simulate --seed 38`)",
    "trusts-clocks": "clocks have to part within the 20 ms of the margin just when a leader is replaced",
    "votes-at-start": "a voter has to restart within a lease, and the others to elect in the rest of it",
    "cuts-anywhere": "no leader asks for a cut but at the end of an entry",
    "cuts-below": _BELOW,
    "marks-nothing": _CUT,
    "keeps-files": _CUT,
    "keeps-tail": "files of a run that tells of pages have one block: none is behind that of the cut",
    "keeps-cut-block": _CUT,
    "unmarks-at-once": _CUT,
    "keeps-behind-hole": _CUT,
    "any-checkpoint": "no checkpoint is outside its file",
    "one-slot": "the write of the checkpoint itself has to be torn",
    "waits-for-the-dead": _LIVENESS,
    "fills-the-log": "the log is never full",
    "closes-each-mtr": "the same is committed, in more entries: the scene counts them",
    "ships-at-commit": "an old entry is closed by the clock here, long or not: the scene has no clock",
    "scans-from-the-start": "nobody looks up an index that is in no cache",
    "remembers-what-went": "what the cache says of redo that is gone is asked for by nobody in these runs",
    "caches-nothing": _EFFORT,
    "reads-each-piece": _EFFORT,
    "tries-sync-again": "an fsync of the log has to fail, and power to fail soon after",
    "skips-hot-pages": _LIVENESS,
    "waits-for-majority": _LIVENESS,
    "waits-for-clean-page": _LIVENESS,
    "writes-in-place": _RARE_CRASH,
    "trusts-torn-pages": "a page has to be torn where no copy repairs it: none was",
    "tries-fsync-again": "an fsync of pages has to fail, and power to fail soon after",
    "checkpoint-falls": "a start has to have forgotten a majority LSN that a checkpoint needed: it did not",
    "truncates-pages": _BELOW,
    "keeps-stale-pool": _BELOW,
    "init-is-a-write": _NOT_HERE,
    "loads-unlogged": _NOT_HERE,
    "disables-redo": "nobody asks these nodes to disable redo",
    "purges-on-followers": _NOT_HERE,
    "passes-dictionary": "these nodes keep no metadata outside of pages",
    "applies-twice": "the bytes of a page are the same twice: `validate.md` has the runs that tell of it",
    "seeds-from-the-end": "a node has to be seeded, and its source to go on meanwhile",
    "keeps-its-binlog": "a new leader has to have binlog that its redo has not",
    "shows-what-is-written": "clients here read pages, and not beside a binlog",
    "syncs-no-binlog": _RARE_CRASH,
    "cuts-lazily": "power has to fail right behind a promotion that has cut",
    "forgets-the-cut": "a simulated node's cut is durable before its marker: there is nothing to finish",
    "overwrites-its-binlog": _RARE_CRASH,
}
"""Why the examples of a matrix do not show a mutant, or seldom do, by its name."""
