-------------------------- MODULE MCStorageShutdown --------------------------
(* The bounds of the StorageShutdown models, and what they must reach.      *)
EXTENDS StorageShutdown, TLC

CONSTANT MaxLsn  \* no log grows beyond

ASSUME Off \subseteq StorageRules

MCMayGrow(s) == Len(s) <= MaxLsn
MCMayFsync(l) == l = Len(log)
Never == FALSE

(* Entries of others: a marker; a change. *)
Changes == {<<>>} \cup {<<k>> : k \in Kinds}
-----------------------------------------------------------------------------
Registers == 1..4
MCInit == ShutdownInit /\ \A k \in Registers : TLCSet(k, FALSE)
MCSpec == MCInit /\ [][ShutdownNext]_shutdownVars /\ ShutdownFair

Sees(k, name, reached) ==
    IF reached /\ ~TLCGet(k)
    THEN TLCSet(k, TRUE) /\ PrintT(<<"WITNESS", name>>) ELSE TRUE

SeesAllWritten ==    \* what a stock server would leave
    Sees(1, "AllWritten", stage = "stopped" /\ checkpoint = Len(log) /\ \E p \in Pages : disk[p] # {})
SeesTailLeft ==      \* what others may overrule, durable in the log only
    Sees(2, "TailLeft", stage = "stopped" /\ ~IsPrefix(log, committed))
SeesOverruled ==     \* and have, when it starts
    Sees(3, "Overruled",
         stage = "stopped" /\ \E l \in 1..Min2(Len(log), Len(committed)) : log[l].term # committed[l].term)
SeesLeaderStops ==   \* with pages that may not be written
    Sees(4, "LeaderStops", stage = "stopping" /\ serving > 0 /\ \E p \in Dirty : PageLsn(buffer[p]) > FlushLimit)
==============================================================================
