-------------------------- MODULE MCStorageLimits --------------------------
(* The bounds of the StorageLimits models, and what they must reach.        *)
EXTENDS StorageLimits, TLC

CONSTANTS
    MaxLsn,       \* no log grows beyond
    FsyncAnywhere \* FALSE: the log writer stops at the end of what is written

ASSUME Off \subseteq StorageRules

MCMayGrow(s) == Len(s) <= MaxLsn
MCMayFsync(l) == FsyncAnywhere \/ l = Len(log)
Never == FALSE

(* Entries of others: a marker; a change; changes of several pages. *)
Markers == {<<>>}
Changes == {<<>>} \cup {<<k>> : k \in Kinds}
Pairs == {<<>>} \cup {<<j, k>> : j, k \in Kinds}
OnlyChanges == {<<k>> : k \in Kinds}
-----------------------------------------------------------------------------
Registers == 1..8
MCInit == Init /\ \A k \in Registers : TLCSet(k, FALSE)

Seen(k, name, reached) ==
    IF reached /\ ~TLCGet(k)
    THEN TLCSet(k, TRUE) /\ PrintT(<<"WITNESS", name>>) ELSE TRUE

SeesReuse ==               \* an LSN of the disk's past stands for another record
    Seen(1, "LsnReused", \E l \in 1..Min2(Len(log), Len(committed)) : log[l].term < committed[l].term)
SeesAhead ==               \* recovery with a page ahead of what is applied
    Seen(2, "PageAhead", \E p \in Pages : PageLsn(disk[p]) > applied)
SeesKnownBeyondDurable ==  \* H33
    Seen(3, "KnownBeyondDurable", known > durable)
SeesFlushedByLeader ==
    Seen(4, "LeaderFlushed", serving > 0 /\ \E p \in Pages : disk[p] # {})
SeesDeleted ==             \* redo is deleted and the node is not at its end
    Seen(5, "RedoDeleted", oldest > 0 /\ Len(log) > oldest)
SeesServesLater ==         \* leads with pages from another term
    Seen(6, "ServesLater", serving > 0 /\ \E p \in Pages : \E c \in buffer[p] : c.term < serving)
SeesSeeded ==
    Seen(7, "Seeded", oldest > 0 /\ \E p, q \in Pages : PageLsn(disk[p]) # PageLsn(disk[q]))
SeesCopy ==                \* a copy is written while its page is further
    Seen(8, "CopyBehind", \E p \in Pages : disk[p] # {} /\ PageLsn(disk[p]) < PageLsn(buffer[p]) /\ PageLsn(buffer[p]) > FlushLimit)
=============================================================================
