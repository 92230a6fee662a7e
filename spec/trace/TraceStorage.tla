---------------------------- MODULE TraceStorage -----------------------------
(***************************************************************************)
(* What it describes.  Whether recorded runs are behaviours of Startup and *)
(* of StorageLimits at once: one log, two modules.  What both speak of     *)
(* (the log, flushed LSN, majority LSN, what is settled and applied, the   *)
(* committed log) is Startup's, and StorageLimits gets it by substitution: *)
(* a storage step that is allowed only with another log is refused.  What  *)
(* StorageLimits alone knows (pages on disk, checkpoint, deleted redo) is  *)
(* kept here, per node, and changed by its own actions.                    *)
(*                                                                         *)
(* What it simplifies.  A page in the buffer pool holds what is applied of *)
(* its log (StorageLimits!BufferIsOfThisLog), so it is no variable.  A     *)
(* flush says which page, not from which list.  Private copies (H26) and   *)
(* snapshots (H24) are not recorded.  Startup counts what is applied from  *)
(* the start of the log after a crash, StorageLimits from the checkpoint:  *)
(* the larger of the two is meant.                                         *)
(*                                                                         *)
(* How to break it.  Give StorageLimits a log, a majority LSN or a flushed *)
(* LSN of its own: the traces of tests/validate/test_storage_trace.py that *)
(* must be refused are accepted.                                           *)
(***************************************************************************)
EXTENDS TraceStartup

CONSTANT Pages      \* the names of pages

VARIABLES
    pageOf,         \* pageOf[lsn, term]  the page that a mtr changes
    disk,           \* disk[n][p]     the version of page p on disk
    checkpoint,     \* checkpoint[n]  the checkpoint LSN on disk
    oldest          \* oldest[n]      redo up to this LSN is deleted

storageVars == <<pageOf, disk, checkpoint, oldest>>

NoPage == "none"    \* of a mtr that changes no page

-----------------------------------------------------------------------------
(* What the modules share, in the terms of StorageLimits. *)

Kind(l, mtr) == IF mtr.kind = "data" THEN pageOf[l, mtr.term] ELSE mtr.kind
Records(s) == [l \in 1..Len(s) |-> [term |-> s[l].term, kind |-> Kind(l, s[l])]]

Applied(n) == Max2(applied[n], checkpoint[n])

(* How far every other node has the committed log on disk. *)
Reached(m) == Max({0} \cup {l \in 1..Min2(durable[m], Len(Committed)) :
                                Prefix(log[m], l) = Prefix(Committed, l)})
Peers(n) == {Reached(m) : m \in Node \ {n}}
Peer(n) == IF Peers(n) = {} THEN Len(Committed)
           ELSE CHOOSE l \in Peers(n) : \A k \in Peers(n) : l <= k

Changes(n, p, l) ==
    {[lsn |-> k, term |-> log[n][k].term] :
        k \in {j \in 1..Min2(l, Len(log[n])) : Kind(j, log[n][j]) = p}}
LsnOf(version) == Max({0} \cup {c.lsn : c \in version})
Buffer(n) == [p \in Pages |-> Changes(n, p, Max2(Applied(n), LsnOf(disk[n][p])))]

Storage(n) == INSTANCE StorageLimits WITH
    OtherKinds <- {NoPage},
    Terms <- {},
    Entries <- {},
    committed <- Records(Committed),
    log <- Records(log[n]),
    durable <- durable[n],
    known <- known[n],
    settled <- settled[n],
    peer <- Peer(n),
    oldest <- oldest[n],
    serving <- IF Serving(n) THEN term[n] ELSE 0,
    applied <- Applied(n),
    buffer <- Buffer(n),
    copy <- [p \in Pages |-> {}],
    disk <- disk[n],
    checkpoint <- checkpoint[n]

-----------------------------------------------------------------------------
(* The events of StorageLimits: mapping-storage.toml has the same rows.      *)

Flushes(n, p) ==
    /\ disk' = [disk EXCEPT ![n][p] = Buffer(n)[p]]
    /\ UNCHANGED <<pageOf, checkpoint, oldest>>
    /\ Storage(n)!FlushLru(p)

TakesCheckpoint(n, l) ==
    /\ checkpoint' = [checkpoint EXCEPT ![n] = l]
    /\ UNCHANGED <<pageOf, disk, oldest>>
    /\ Storage(n)!Checkpoint(l)

Deletes(n, l) ==
    /\ oldest' = [oldest EXCEPT ![n] = l]
    /\ UNCHANGED <<pageOf, disk, checkpoint>>
    /\ Storage(n)!DeleteRedo(l)

StorageActions == {"FlushPage", "Checkpoint", "DeleteRedo"}

StorageMatches(action, n, a) ==
    /\ n \in DataNodes
    /\ role[n] # "down"
    /\ UNCHANGED allVars
    /\ \/ /\ action = "FlushPage"
          /\ \E p \in NameChoices(a[1], Pages) :
                /\ p \in Pages
                /\ Same(a[2], LsnOf(Buffer(n)[p]))
                /\ Flushes(n, p)
       \/ /\ action = "Checkpoint"
          /\ \E l \in Choices(a[1], 1..Len(log[n])) : TakesCheckpoint(n, l)
       \/ /\ action = "DeleteRedo"
          /\ \E l \in Choices(a[1], 1..Len(log[n])) : Deletes(n, l)

(* The shared steps.  A mtr says which page it changes; no step of the log   *)
(* takes away what pages or checkpoint hold (H11).                           *)
Writes(n, a) ==
    \E p \in NameChoices(a[2], Pages \cup {NoPage}) :
        /\ p \in Pages \cup {NoPage}
        /\ pageOf' = (<<Len(log'[n]), term[n]>> :> p) @@ pageOf

LogKeeps(n) ==
    On("H11") =>
    /\ checkpoint[n] <= Len(log'[n])
    /\ \A p \in Pages : LsnOf(disk[n][p]) <= Len(log'[n])

-----------------------------------------------------------------------------
StorageInit ==
    /\ TraceInit
    /\ pageOf = << >>
    /\ disk = [n \in DataNodes |-> [p \in Pages |-> {}]]
    /\ checkpoint = [n \in DataNodes |-> 0]
    /\ oldest = [n \in DataNodes |-> 0]

LogPass ==
    /\ Pass
    /\ LET event == Events[cursor]
       IN  /\ IF event[1] = "WriteMtr" THEN Writes(event[2], event[3]) ELSE UNCHANGED pageOf
           /\ event[2] \in DataNodes => LogKeeps(event[2])
    /\ UNCHANGED <<disk, checkpoint, oldest>>

StoragePass ==
    /\ cursor <= Len(Events)
    /\ LET event == Events[cursor]
       IN  \* A bound n: event[2] under a prime would be the next event's.
           \E n \in {event[2]} :
                /\ StorageMatches(event[1], n, event[3])
                /\ Shows(n, event[4])
    /\ cursor' = cursor + 1
    /\ UNCHANGED run

JointPass == IF Events[cursor][1] \in StorageActions THEN StoragePass ELSE LogPass

JointCrash ==
    /\ ImpliedCrash
    /\ Events[cursor][2] \in DataNodes => LogKeeps(Events[cursor][2])
    /\ UNCHANGED storageVars

JointHidden == HiddenStep /\ UNCHANGED storageVars
JointFinish == Finish /\ UNCHANGED storageVars

JointNext ==
    \/ (cursor <= Len(Events) /\ JointPass)
    \/ JointCrash
    \/ JointHidden
    \/ JointFinish
==============================================================================
