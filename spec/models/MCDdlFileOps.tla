----------------------------- MODULE MCDdlFileOps -----------------------------
(* The bounds of the DDL models. *)
EXTENDS DdlFileOps, TLC

CONSTANTS
    MaxTerm,        \* no election beyond this term
    MaxDdl,         \* DDLs in the log at once
    Kinds,          \* of these kinds
    RollsBack,      \* whether a DDL may roll back without a crash
    CrashNodes,     \* the nodes that may crash; a deposed leader always may
    MaxRows,        \* page records
    Readers         \* whether followers' readers open tables

ASSUME Off \subseteq DdlRules

MCMayElect(n, l) == term < MaxTerm
MCMayStepDown(n) == term < MaxTerm
(* Every (log, majority LSN) is reached by advancing before the next record. *)
MCMayCommit(l) == l = End
MCMayStart(kind) == kind \in Kinds /\ Cardinality(RowsUpTo(End)) < MaxDdl
MCMayRollBack == RollsBack
MCMayWriteRow(s) == Cardinality({p \in 1..End : log[p].op = "page"}) < MaxRows
(* A crash that changes nothing is left out. *)
MCMayCrash(n) == n \in CrashNodes \/ phase[n] = "deposed"
MCMayOpen(n, t) == Readers

OneTable == {[name |-> "a", space |-> 1]}

-----------------------------------------------------------------------------
Registers == 1..7
MCInit == Init /\ \A k \in Registers : TLCSet(k, FALSE)

(* The liveness models: leaders crash until the last term, followers do not.  *)
MCFairSpec == FairSpec
MCLostQuorumSpec == LostQuorumSpec
MCLeaderCrashes(n) == phase[n] = "deposed" \/ (n = leader /\ term < MaxTerm)

Seen(k, name, reached) ==
    IF reached /\ ~TLCGet(k)
    THEN TLCSet(k, TRUE) /\ PrintT(<<"WITNESS", name>>) ELSE TRUE

SeesReplayWithoutFile ==   \* a new leader undoes what it has never seen
    Seen(1, "ReplayWithoutFile",
         leader # None /\ job.pc = "replay" /\ Row.space \notin Spaces(files[leader]))
SeesQuietAfterFailover ==
    Seen(2, "QuietAfterFailover", Quiet /\ term = 2 /\ End > 0)
SeesLastTermServes ==
    Seen(3, "LastTermServes", Quiet /\ term > 2 /\ End > 0)
SeesLateCall ==
    Seen(4, "LateCall", \E n \in DataNodes : late[n] # {})
SeesLateRecover ==         \* who is deposed now will yet recover a row
    Seen(7, "LateRecover", leader # None /\ term < MaxTerm /\ StillToRecover # {})
SeesIosStopped ==
    Seen(6, "IosStopped", job.pc = "stopped")
SeesTwoDdls ==
    Seen(5, "TwoDdls", Quiet /\ Cardinality(RowsUpTo(End)) > 1)
===============================================================================
