------------------------ MODULE MutantStorageLimits -------------------------
(* Plausible errors in pages, checkpoint, deletion and snapshots: each       *)
(* replaces one definition (SharpCheckpoint several), in a .cfg.             *)
EXTENDS MCStorageLimits

(* One way to flush forgets what the others keep. *)
WriteDown(p, limit) ==
    /\ p \in Dirty
    /\ PageLsn(buffer[p]) <= limit
    /\ disk' = [disk EXCEPT ![p] = buffer[p]]
    /\ copy' = [copy EXCEPT ![p] = {}]
    /\ UNCHANGED <<logVars, serving, applied, buffer, oldest, checkpoint>>
LruByWalRule(p) == WriteDown(p, durable)
SingleByMajority(p) == WriteDown(p, known)

FlushLimitInMtrs == Min2(known, durable)

(* The flush list is not asked. *)
NoneForTheCheckpoint == {}
AnyChanged(p) == buffer[p] # disk[p] /\ FlushPage(p)
ListOfAll(p) == AnyChanged(p)

AnyCheckpoint ==
    \E c \in 0..CheckpointLimit :
        /\ c # checkpoint
        /\ checkpoint' = c
        /\ UNCHANGED <<logVars, poolVars, oldest, disk>>

FlushAndKeepCopy(p) ==
    /\ PageLsn(buffer[p]) <= FlushLimit
    /\ disk' = [disk EXCEPT ![p] = buffer[p]]
    /\ UNCHANGED <<logVars, serving, applied, buffer, copy, oldest, checkpoint>>

LimitWithNotesInMemory ==
    Min(UNION {{applied, known, EndBelow(log, durable)},
               {OldestChange(p) - 1 : p \in Dirty},
               {k - 1 : k \in Unpersisted(log, applied, applied)}})

ReachesThePromise(e, v) == e >= settled
ReachesThePages(e, v) == \A p \in Pages : v[p] <= e
Nothing(e) == 0

DeletionByApplied == Min2(applied, peer)

LearnByLsn(l) ==
    /\ l > known
    /\ l <= Len(committed)
    /\ known' = l
    /\ UNCHANGED <<committed, log, durable, peer, poolVars, diskVars>>
    /\ Settle
=============================================================================
