"""Why the examples of a matrix do not show a mutant, or seldom do; each reason with what is to be seen of it.

`tests/fuzz/test_why.py` looks: at examples of the mutant's family, and, where a reason says what would show
the mutant, at a run that has it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from attrs import frozen


class Seen(StrEnum):
    """What is to be seen in examples of the mutant's family, in which nobody catches it."""

    NEVER = "nobody asks the rule"
    AGREES = "the rule is asked, and the mutant gives the same answer"
    SAME = "the mutant gives another answer, and the run is the same to the byte"
    CALM = "the mutant gives another answer, and without crashes and disks that fail the run is the same"
    OTHER = "the mutant gives another answer, and the run breaks no promise"


@frozen
class Why:
    """A reason; `examples` are numbers of examples that show it (matrix.py: seed 1, 500 steps)."""

    text: str
    seen: Seen
    examples: tuple[int, ...] = (1, 2)


_CUT: Final = Why(
    "harms only in a cut over what a crash has left, or in a crash inside a cut: there are few cuts",
    Seen.CALM,
)
_BELOW: Final = Why(
    "within LIM-1, LIM-2 and H33 nothing that must stay is beyond a cut", Seen.AGREES, (7, 17)
)
_NOT_HERE: Final = Why("these nodes make no page anew and load nothing in bulk", Seen.NEVER)
_RARE_CRASH: Final = Why("one crash at the right operation shows it, and that is rare at random", Seen.CALM)

WHY: Final[dict[str, Why]] = {
    "needs-all-votes": Why(
        "a healed cluster has all its nodes, and all vote; with one dead for good nobody is elected",
        Seen.OTHER,
    ),
    "calls-it-failed": Why(
        "a leader that has served ends when it is deposed (H13), and answers nobody", Seen.NEVER
    ),
    "shows-at-once": Why(
        "what a read showed too early has to be lost next, and be missed by another", Seen.SAME, (5, 8)
    ),
    "asks-nobody": Why(
        "a leader has to be cut off, not written to, replaced, and then read: rare, even in runs made for it"
        " (`simulate --seed 38`)",
        Seen.OTHER,
    ),
    "trusts-clocks": Why(
        "clocks have to part within the 20 ms of the margin just when a leader is replaced", Seen.SAME, (5, 8)
    ),
    "votes-at-start": Why(
        "a voter has to restart within a lease, and the others to elect in the rest of it",
        Seen.OTHER,
        (5, 8),
    ),
    "cuts-anywhere": Why("no leader asks for a cut but at the end of an entry", Seen.AGREES, (7, 17)),
    "cuts-below": _BELOW,
    "marks-nothing": _CUT,
    "keeps-files": _CUT,
    "keeps-tail": Why(
        "files of a run that tells of pages have one block: none is behind that of the cut", Seen.NEVER
    ),
    "keeps-cut-block": _CUT,
    "unmarks-at-once": _CUT,
    "keeps-behind-hole": _CUT,
    "any-checkpoint": Why("no checkpoint is outside its file", Seen.AGREES),
    "one-slot": Why("the write of the checkpoint itself has to be torn", Seen.CALM),
    "waits-for-the-dead": Why(
        "nobody is dead for good: redo is kept longer, and no log is bounded closely", Seen.OTHER
    ),
    "fills-the-log": Why("the log is never full", Seen.SAME),
    "closes-each-mtr": Why("the same is committed, in more entries: the scene counts them", Seen.OTHER),
    "ships-at-commit": Why(
        "an old entry is closed by the clock here, long or not: the scene has no clock", Seen.OTHER
    ),
    "scans-from-the-start": Why("nobody looks up an index that is in no cache", Seen.NEVER),
    "remembers-what-went": Why(
        "what the cache says of redo that is gone is asked for by nobody in these runs", Seen.SAME
    ),
    "caches-nothing": Why("the same is sent, with more work: the scene counts reads", Seen.SAME),
    "reads-each-piece": Why(
        "no batch from the files had more than was asked for: nothing was left over to keep", Seen.AGREES
    ),
    "tries-sync-again": Why(
        "an fsync of the log has to fail, and power to fail soon after", Seen.CALM, (1, 4)
    ),
    "skips-hot-pages": Why(
        "no page is hot for ever: it is written when the majority has it", Seen.OTHER, (1, 10)
    ),
    "waits-for-majority": Why("the majority comes, and what waited is written then", Seen.OTHER),
    "waits-for-clean-page": Why("what finds no frame comes again, or is seldom missed", Seen.OTHER, (4, 12)),
    "writes-in-place": _RARE_CRASH,
    "trusts-torn-pages": Why("a page has to be torn where no copy repairs it: none was", Seen.AGREES),
    "tries-fsync-again": Why(
        "an fsync of pages has to fail, and power to fail soon after", Seen.CALM, (4, 5)
    ),
    "checkpoint-falls": Why(
        "a start has to have forgotten a majority LSN that a checkpoint needed: it did not", Seen.AGREES
    ),
    "truncates-pages": _BELOW,
    "keeps-stale-pool": Why(
        "a leader that has served ends when it is deposed (H13), and others apply within LIM-3: no pool has"
        " what is cut",
        Seen.AGREES,
        (7, 17),
    ),
    "init-is-a-write": _NOT_HERE,
    "loads-unlogged": _NOT_HERE,
    "disables-redo": Why("nobody asks these nodes to disable redo", Seen.NEVER),
    "passes-dictionary": Why("these nodes keep no metadata outside of pages", Seen.AGREES),
    "seeds-from-the-end": Why(
        "a node has to be seeded, and its source to go on meanwhile", Seen.AGREES, (12,)
    ),
    "keeps-its-binlog": Why("a new leader has to have binlog that its redo has not", Seen.AGREES),
    "shows-what-is-written": Why(
        "a rule of readers of the binlog's transactions: clients here read pages, also beside a binlog",
        Seen.NEVER,
    ),
    "syncs-no-binlog": _RARE_CRASH,
    "cuts-lazily": Why("power has to fail right behind a promotion that has cut", Seen.CALM),
    "forgets-the-cut": Why(
        "a simulated node's cut is durable before its marker: there is nothing to finish", Seen.NEVER
    ),
    "overwrites-its-binlog": _RARE_CRASH,
}
"""By the name of the mutant."""
