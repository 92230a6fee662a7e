"""Why the storage limits suffice: the inductive invariant of StorageLimits, and what follows from it.

Four sentences.  What a node has known and had durable at once has settled, is committed and is never taken
from its disk.  Pages and checkpoint on disk stay within that (LIM-1, LIM-2, H33), so no truncation and no
crash goes below them.  The buffer pool holds a version of the node's own log, on a follower one within what
it knows (LIM-3, H13).  And a checkpoint passes nothing that is not on disk (H22 for metadata).
"""

from __future__ import annotations

from redoraft_check.smt.formula import (
    Formula,
    Named,
    Relation,
    both,
    differ,
    forall,
    iff,
    implies,
    same,
)
from redoraft_check.smt.logs import PREFIX, TERM_LE, TERM_OF, WHOLE, ZERO, reaches
from redoraft_check.smt.model import has_value, one_value
from redoraft_check.smt.storage_limits import persisted
from redoraft_check.smt.storage_state import CHANGES, NOTE, Storage

S = Storage()


def _law(  # noqa: PLR0917
    name: str, names: str, condition: Formula, conclusion: Formula, why: str, uses: str = ""
) -> Named:
    return Named(name, forall(S.vars(names), implies(condition, conclusion)), why, tuple(uses.split()))


def invariant() -> tuple[Named, ...]:
    """Every conjunct, in the order in which they are best read."""
    return (
        *(one_value(relation) for relation in (*S.lsns, S.serving)),
        *(has_value(relation) for relation in (*S.lsns, S.serving)),
        *_log(),
        *_limits(),
        *_pages(),
    )


def _log() -> tuple[Named, ...]:
    c, end, d, k, z, e, u, h = S.vars("c l d k z e u h")
    return (
        _law("DurableInLog", "d l", S.durable(d) & S.log(end), PREFIX(d, end), "Fsync follows write."),
        _law("KnownInLog", "k l", S.known(k) & S.log(end), PREFIX(k, end), "It is learned within the log."),
        _law("KnownIsWhole", "k", S.known(k), WHOLE(k), "A majority LSN is the end of an entry."),
        _law("KnownIsCommitted", "k c", S.known(k) & S.committed(c), PREFIX(k, c), "R3"),
        _law("SettledIsWhole", "z", S.settled(z), WHOLE(z), "Only whole entries settle (H33)."),
        _law(
            "SettledIsDurable", "z d", S.settled(z) & S.durable(d), PREFIX(z, d), "R3: it is never truncated."
        ),
        _law("SettledIsCommitted", "z c", S.settled(z) & S.committed(c), PREFIX(z, c), "R3: it was known."),
        _law(
            "KnownAndDurableSettles",
            "k d z h",
            both(S.known(k), S.durable(d), S.settled(z), WHOLE(h), PREFIX(h, k), PREFIX(h, d)),
            PREFIX(h, z),
            "R3: whole entries that are known and durable at once have settled.",
        ),
        _law("PeerHasCommitted", "e c", S.peer(e) & S.committed(c), PREFIX(e, c), "Peers have no more."),
        _law(
            "ServingHasCommitted",
            "u c l",
            both(S.serving(u), differ(u, ZERO), S.committed(c), S.log(end)),
            TERM_LE(u, TERM_OF(c)) & implies(same(u, TERM_OF(c)), PREFIX(c, end)),
            "R5: it had all of it when it began, and is its term's only writer.",
        ),
    )


def _limits() -> tuple[Named, ...]:
    end, k, z, e, o, a, s, u, b = S.vars("l k z e o a s u b")
    return (
        _law(
            "CheckpointHasSettled",
            "s z",
            S.checkpoint(s) & S.settled(z),
            PREFIX(s, z),
            "A checkpoint stays within the majority LSN and whole durable entries (LIM-1, H33).",
        ),
        _law("OldestIsBelow", "o s", S.oldest(o) & S.checkpoint(s), PREFIX(o, s), "Redo above is needed."),
        _law(
            "DeletedIsElsewhere",
            "o e b",
            both(S.oldest(o), S.peer(e), S.seeded_at(b)),
            reaches(o, e) | reaches(o, b),
            "Redo is deleted below what every other node has (LOG-8), or never was here (H24).",
        ),
        _law("AppliedInLog", "a l", S.applied(a) & S.log(end), PREFIX(a, end), "A truncation takes both."),
        _law(
            "CheckpointIsApplied",
            "s a",
            S.checkpoint(s) & S.applied(a),
            PREFIX(s, a),
            "Recovery starts at the checkpoint, and no truncation goes below it (H11).",
        ),
        _law(
            "FollowerAppliesKnown",
            "a k z",
            both(S.serving(ZERO), S.applied(a), S.known(k), S.settled(z)),
            PREFIX(a, k) | PREFIX(a, z),
            "LIM-3; after a crash it begins at the checkpoint; a deposed leader restarts (H13).",
            "CheckpointHasSettled KnownInLog SettledIsDurable DurableInLog AppliedInLog "
            "KnownAndDurableSettles",
        ),
        _law(
            "LeaderHasApplied",
            "u a l",
            both(S.serving(u), differ(u, ZERO), S.applied(a), S.log(end)),
            same(a, end),
            "A leader's pages have what it writes at once.",
        ),
        _law(
            "NotesPersist",
            "h s z",
            both(NOTE(S.var("h")), S.checkpoint(s), PREFIX(S.var("h"), s), S.settled(z)),
            persisted(S.var("h"), PREFIX(S.var("g_"), z)),
            "The checkpoint waits until a change that stays persists the metadata (H22).",
            "SettledIsDurable DurableInLog KnownInLog KnownAndDurableSettles AppliedInLog",
        ),
    )


def _pages() -> tuple[Named, ...]:
    p, h, g, a, z, s = S.vars("p h g a z s")
    below = both(PREFIX(h, g), CHANGES(h, p))
    return (
        _law("BufferHasChanges", "p h", S.buffer(p, h), CHANGES(h, p), "Every change has redo (H21)."),
        _law(
            "BufferIsInTheLog",
            "p h a z",
            both(S.buffer(p, h), S.applied(a), S.settled(z)),
            PREFIX(h, a) | PREFIX(h, z),
            "A page has what is applied, or what its version on disk had before the crash.",
        ),
        _law(
            "BufferHasApplied",
            "p h a",
            both(S.applied(a), PREFIX(h, a), CHANGES(h, p)),
            S.buffer(p, h),
            "What is applied is in the page: nothing is skipped.",
            "BufferHasNoGap BufferIsInTheLog AppliedInLog SettledIsDurable DurableInLog DiskHasCheckpoint",
        ),
        _law(
            "BufferHasNoGap",
            "p h g",
            S.buffer(p, g) & below,
            S.buffer(p, h),
            "A page is a version of one log.",
            "BufferHasApplied AppliedInLog DiskHasNoGap",
        ),
        _law(
            "CopyHasNoGap", "p h g", S.copy(p, g) & below, S.copy(p, h), "So is its copy.", "BufferHasNoGap"
        ),
        _law(
            "DiskHasNoGap",
            "p h g",
            S.disk(p, g) & below,
            S.disk(p, h),
            "And what is on disk.",
            "BufferHasNoGap CopyHasNoGap",
        ),
        _law("CopyInBuffer", "p h", S.copy(p, h), S.buffer(p, h), "A page goes on from its copy."),
        _law("DiskInBuffer", "p h", S.disk(p, h), S.buffer(p, h), "And from disk.", "CopyInBuffer"),
        _law(
            "DiskInCopy",
            "p g h",
            S.copy(p, g) & S.disk(p, h),
            S.copy(p, h),
            "A copy is newer than the disk: whoever writes the page drops it.",
            "DiskInBuffer",
        ),
        _law(
            "DiskHasSettled",
            "p h z",
            S.disk(p, h) & S.settled(z),
            PREFIX(h, z),
            "Only what is known and durable in whole entries is written (LIM-2, H33).",
            "BufferIsInTheLog CopyInBuffer KnownInLog DurableInLog SettledIsDurable AppliedInLog "
            "KnownAndDurableSettles KnownIsWhole",
        ),
        _law(
            "DiskHasCheckpoint",
            "p h s",
            both(S.checkpoint(s), PREFIX(h, s), CHANGES(h, p)),
            S.disk(p, h),
            "A checkpoint is below every change that is not on disk.",
            "BufferHasApplied CheckpointIsApplied DiskInBuffer CopyInBuffer DiskInCopy",
        ),
    )


def properties() -> tuple[Named, ...]:
    """StorageLimits' invariants, by their names there; Reconstructible in its three parts."""
    p, h, g, c, end, d, a, s, o, e, u, b, sh = S.vars("p h g c l d a s o e u b sh")
    committed = both(PREFIX(h, c), CHANGES(h, p))
    shared = both(S.durable(d), S.committed(c), S.is_shared(sh, d, c))
    redone = both(
        PREFIX(h, sh),
        CHANGES(h, p),
        ~reaches(h, s),
        forall([g], implies(S.disk(p, g), ~reaches(h, g))),
    )
    return (
        _law("DiskIsCommitted", "p h c", S.disk(p, h) & S.committed(c), committed, "LIM-2, H21"),
        _law(
            "ReadersSeeCommitted",
            "p h c",
            both(S.serving(ZERO), S.buffer(p, h), S.committed(c)),
            committed,
            "LIM-3, H13, H23",
            "BufferIsInTheLog BufferHasChanges FollowerAppliesKnown KnownIsCommitted SettledIsCommitted "
            "appliedIsGiven knownIsGiven settledIsGiven",
        ),
        _law(
            "BufferIsOfThisLog",
            "p h g l a",
            both(S.log(end), S.applied(a)),
            both(
                implies(S.buffer(p, h), PREFIX(h, end) & CHANGES(h, p)),
                implies(
                    both(
                        CHANGES(h, p),
                        PREFIX(h, end),
                        PREFIX(h, a) | (S.buffer(p, g) & reaches(h, g)),
                    ),
                    S.buffer(p, h),
                ),
            ),
            "nothing left over, nothing skipped",
            "BufferHasNoGap BufferIsInTheLog BufferHasApplied BufferHasChanges AppliedInLog DurableInLog "
            "SettledIsDurable",
        ),
        _law("DiskIsInTheLog", "p h l", S.disk(p, h) & S.log(end), reaches(h, end), "H11"),
        _law("RedoIsThere", "o s", S.oldest(o) & S.checkpoint(s), reaches(o, s), "Reconstructible"),
        _law(
            "CheckpointIsShared",
            "s d c sh",
            S.checkpoint(s) & shared,
            reaches(s, sh),
            "Reconstructible: LIM-1",
        ),
        _law(
            "RecoveredIsCommitted",
            "p h s d c sh",
            S.checkpoint(s) & shared,
            iff(S.disk(p, h) | redone, both(PREFIX(h, sh), CHANGES(h, p))),
            "Reconstructible: from its disk alone, H33",
        ),
        _law(
            "NotesReconstructible",
            "h s d c sh",
            both(NOTE(h), PREFIX(h, s), S.checkpoint(s), shared),
            persisted(h, PREFIX(S.var("g_"), sh)),
            "H22",
        ),
        _law(
            "NothingNeededIsDeleted",
            "o e b",
            both(S.oldest(o), S.peer(e), S.seeded_at(b)),
            reaches(o, e) | reaches(o, b),
            "LOG-8",
        ),
        _law(
            "LeaderHasCommitted",
            "u c l",
            both(S.serving(u), differ(u, ZERO), S.committed(c), TERM_LE(TERM_OF(c), u), S.log(end)),
            PREFIX(c, end) & forall([p, h], implies(both(PREFIX(h, c), CHANGES(h, p)), S.buffer(p, h))),
            "R5",
        ),
        _law(
            "SettledStays",
            "z d c",
            both(S.settled(S.var("z")), S.durable(d), S.committed(c)),
            both(PREFIX(S.var("z"), d), PREFIX(S.var("z"), c)),
            "R3",
        ),
    )


# --- what the invariant says of single steps ---------------------------------------------------------


def facts() -> dict[str, tuple[Named, ...]]:
    """By action, in terms of its parameters: what follows from the invariant and the guard."""
    p, h, z, a, k, w, m = S.vars("p h z a k w m")
    limit = Named(
        "LimitHasSettled",
        forall([z], implies(S.settled(z), PREFIX(k, z) | PREFIX(w, z))),
        "The majority LSN, or the last whole durable entry: whatever is less has settled (H33).",
        ("KnownInLog", "DurableInLog", "KnownIsWhole", "KnownAndDurableSettles", "logIsGiven"),
    )
    uses = ("KnownInLog", "DurableInLog", "AppliedInLog", "SettledIsDurable", "logIsGiven")

    def written(version: Relation) -> tuple[Named, ...]:
        return (
            limit,
            Named(
                "WritesSettled",
                forall([h, z], implies(S.settled(z) & version(p, h), PREFIX(h, z))),
                "What is within both limits has settled (LIM-2).",
                (*uses, "appliedIsGiven", "BufferIsInTheLog", "CopyInBuffer"),
            ),
        )

    within = both(S.settled(z), PREFIX(h, a), reaches(h, k), reaches(h, w))
    return {
        **dict.fromkeys(("FlushList", "FlushLru", "FlushSingle"), written(S.buffer)),
        "FlushCopy": written(S.copy),
        "Checkpoint": (
            limit,
            Named(
                "WithinHasSettled",
                forall([h, z], implies(within, PREFIX(h, z))),
                "What is within both limits has settled (LIM-1).",
                uses,
            ),
        ),
        "Seed": (Named("KeepsSettled", PREFIX(z, m), "A snapshot reaches beyond what has settled (H24)."),),
    }
