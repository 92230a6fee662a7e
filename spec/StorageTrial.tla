---------------------------- MODULE StorageTrial ----------------------------
(***************************************************************************)
(* What it describes.  The first user of ReplicatedLog's promises: one     *)
(* page of one data node over a log to which the environment may do all    *)
(* that R1 to R3 leave open.  It was written to try the interface before   *)
(* anything was built on it (docs/adr/0001), and stays as the smallest     *)
(* model of H11, H13, H33, LIM-1's neighbour LIM-2, and LSN reuse.         *)
(*                                                                         *)
(* What it simplifies.  One page, which every mtr changes; a version of it *)
(* is known by the (term, LSN) of its newest change.  An entry is one mtr, *)
(* so its end needs no meta record.  Which other nodes hold what is left   *)
(* out: R4 and R5 are not needed here.                                     *)
(*                                                                         *)
(* How to break it.  LIM-2, H13 or H33 off.  H11 off alone refutes         *)
(* nothing.  StorageLimits has taken over these rules and their models.    *)
(***************************************************************************)
EXTENDS Naturals, Sequences

CONSTANTS MaxTerm, MaxLsn, Off

On(rule) == rule \notin Off
TrialRules == {"LIM-2", "H11", "H13", "H33"}
ASSUME Off \subseteq TrialRules

VARIABLES
    committed,   \* the committed log: the term of each mtr
    log,         \* the node's log
    durable,     \* LSN up to which it is on disk
    known,       \* majority LSN as far as the node knows
    settled,     \* what it has known and had durable at once (ghost)
    leading,     \* the node writes
    buffer,      \* the page in the buffer pool: [lsn, term] of its newest change
    disk         \* the page on disk

vars == <<committed, log, durable, known, settled, leading, buffer, disk>>

Min2(a, b) == IF a <= b THEN a ELSE b
Max2(a, b) == IF a >= b THEN a ELSE b
Prefix(s, l) == SubSeq(s, 1, l)
IsPrefix(s, t) == Len(s) <= Len(t) /\ Prefix(t, Len(s)) = s
LastTerm(s) == IF s = <<>> THEN 0 ELSE s[Len(s)]

(* R2 between this log and the committed one. *)
Matching(s, t) ==
    \A l \in 1..Min2(Len(s), Len(t)) : s[l] = t[l] => Prefix(s, l) = Prefix(t, l)

Nothing == [lsn |-> 0, term |-> 0]

Init ==
    /\ committed = <<>> /\ log = <<>>
    /\ durable = 0 /\ known = 0 /\ settled = 0
    /\ leading = FALSE
    /\ buffer = Nothing /\ disk = Nothing

-----------------------------------------------------------------------------
(* The environment: all that the promises leave open. *)

CommittedGrows(t) ==
    /\ Len(committed) < MaxLsn
    /\ t >= LastTerm(committed)
    /\ committed' = Append(committed, t)
    /\ Matching(log, committed')
    /\ UNCHANGED <<log, durable, known, settled, leading, buffer, disk>>

(* A follower's log grows by what it receives; a leader writes, and has      *)
(* applied what it wrote.                                                    *)
LogGrows(t) ==
    /\ Len(log) < MaxLsn
    /\ t >= LastTerm(log)
    /\ log' = Append(log, t)
    /\ Matching(log', committed)
    /\ leading => buffer.lsn = Len(log)
    /\ buffer' = IF leading THEN [lsn |-> Len(log'), term |-> t] ELSE buffer
    /\ UNCHANGED <<committed, durable, known, settled, leading, disk>>

Settle == settled' = Max2(settled, Min2(known', durable'))

Fsync ==
    /\ durable < Len(log)
    /\ durable' = Len(log)
    /\ UNCHANGED <<committed, log, known, leading, buffer, disk>>
    /\ Settle

Learn(l) ==
    /\ l \in (known + 1)..Len(log)
    /\ IsPrefix(Prefix(log, l), committed)
    /\ known' = l
    /\ UNCHANGED <<committed, log, durable, leading, buffer, disk>>
    /\ Settle

BecomeLeader ==
    /\ ~leading
    /\ buffer.lsn = Len(log)
    /\ leading' = TRUE
    /\ UNCHANGED <<committed, log, durable, known, settled, buffer, disk>>

(* H11: a truncation below a page on disk is refused, loudly. *)
Truncate(l) ==
    /\ ~leading
    /\ l \in Max2(settled, known)..(Len(log) - 1)
    /\ On("H11") => disk.lsn <= l
    /\ log' = Prefix(log, l)
    /\ durable' = Min2(durable, l)
    /\ UNCHANGED <<committed, known, settled, leading, buffer, disk>>

Crash(l) ==
    /\ l \in durable..Len(log)
    /\ log' = Prefix(log, l)
    /\ durable' = l
    /\ known' = 0
    /\ leading' = FALSE
    /\ buffer' = disk
    /\ UNCHANGED <<committed, settled, disk>>

(* H13: a deposed leader restarts; without it, its pages go on. *)
Deposed ==
    /\ ~On("H13")
    /\ leading
    /\ leading' = FALSE
    /\ UNCHANGED <<committed, log, durable, known, settled, buffer, disk>>

-----------------------------------------------------------------------------
(* Storage. *)

(* Apply iff the record is newer than the page (recv_recover_page), up to    *)
(* the majority LSN (LIM-3).                                                 *)
Apply ==
    /\ ~leading
    /\ buffer.lsn < Min2(known, Len(log))
    /\ buffer' = [lsn |-> buffer.lsn + 1, term |-> log[buffer.lsn + 1]]
    /\ UNCHANGED <<committed, log, durable, known, settled, leading, disk>>

FlushLimit ==
    Min2(IF On("LIM-2") THEN known ELSE Len(log), IF On("H33") THEN durable ELSE Len(log))

Flush ==
    /\ buffer # disk
    /\ buffer.lsn <= FlushLimit
    /\ disk' = buffer
    /\ UNCHANGED <<committed, log, durable, known, settled, leading, buffer>>

Next ==
    \/ \E t \in 1..MaxTerm : CommittedGrows(t)
    \/ \E t \in 1..MaxTerm : LogGrows(t)
    \/ Fsync
    \/ \E l \in 1..MaxLsn : Learn(l)
    \/ BecomeLeader
    \/ \E l \in 0..MaxLsn : Truncate(l)
    \/ \E l \in 0..MaxLsn : Crash(l)
    \/ Deposed
    \/ Apply
    \/ Flush

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
(* No page on disk holds what the committed log does not. *)
DiskIsCommitted ==
    disk.lsn > 0 => disk.lsn <= Len(committed) /\ committed[disk.lsn] = disk.term

(* A page is a version of this log: no record between was skipped (H11), no  *)
(* truncated one is in it (H13).                                             *)
BufferIsOfThisLog ==
    buffer.lsn > 0 => buffer.lsn <= Len(log) /\ log[buffer.lsn] = buffer.term

(* From the page on disk and the log the committed state can be rebuilt.     *)
DiskIsInTheLog == disk.lsn <= Len(log)
==============================================================================
