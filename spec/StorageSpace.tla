----------------------------- MODULE StorageSpace -----------------------------
(***************************************************************************)
(* What it describes.  Whether a leader's storage goes on for ever.  Its   *)
(* redo has a capacity; what frees space waits for the checkpoint and for  *)
(* every other node, the checkpoint for the page, the page for the         *)
(* majority LSN, the majority for entries that are closed, and closing one *)
(* needs space.  Three repairs, in one model:                              *)
(*   H24  a dead node is waited for up to a bound; then redo it needs is   *)
(*        deleted, and it gets a snapshot when it comes back;              *)
(*   H25  with every mtr goes the room for the meta record of its entry;   *)
(*   H26  of a hot page, which every mtr changes, a private copy is made   *)
(*        and written when the majority LSN has reached it.                *)
(* H26 as written has two readings.  Skip: a page beyond the majority LSN  *)
(* is passed over (H26 off).  Wait: the cleaner holds the page until the   *)
(* majority LSN reaches it, nobody changes it and no other page is written *)
(* meanwhile (H26-wait off).                                               *)
(*                                                                         *)
(* Reading it.  All LSNs are counted from the oldest redo that is kept, so *)
(* that a deletion moves all of them down; 0 of `held` is the node that    *)
(* has just what is kept, and a node that is `lost` has less.              *)
(*                                                                         *)
(* What it simplifies.                                                     *)
(*  - Three nodes: the leader, one that is up or down (`up`), one that is  *)
(*    slow or dead (`alive`).  The safety of what is done here is shown in *)
(*    StorageLimits (limits, Seed), of what is refused in RaftRedo.        *)
(*  - The leader's own log is durable when it is closed (H15, H33).        *)
(*  - One hot page, and one cold page (`cold`: dirty, within the limit).   *)
(*                                                                         *)
(* How to break it.  H24: the writers stop for ever when one of three is   *)
(* dead.  H25: they stop for ever when an open entry fills the log.        *)
(* H26-wait: no page is written as long as the quorum is lost.  H26 refutes*)
(* no liveness: when the log is full the writers stop, the majority LSN    *)
(* catches up and the page is written at last.  What it costs is that stop:*)
(* in lockstep (MCStorageSpace), with a majority one round behind, a copy  *)
(* keeps the log from filling and skipping does not.                       *)
(***************************************************************************)
EXTENDS Naturals

CONSTANTS
    Capacity,    \* records of redo that are kept at most
    Retention,   \* H24: redo that is kept for a node that does not move
    Off          \* the rules that are switched off

On(rule) == rule \notin Off
SpaceRules == {"H24", "H25", "H26", "H26-wait"}

None == Capacity + 1     \* of LSNs: there is none

VARIABLES
    end,         \* the end of the log
    closed,      \* the end of the last closed entry
    majority,    \* the majority LSN
    checkpoint,  \* the checkpoint LSN
    oldChange,   \* the first change of the hot page that is not on disk, or None
    newChange,   \* its last change
    copy,        \* the LSN of its private copy, or None
    copyNext,    \* the first change after that copy, or None
    holding,     \* H26-wait off: the cleaner holds the hot page and waits
    cold,        \* the cold page is dirty
    held,        \* LSN up to which the slow node has the log
    lost,        \* redo that it needs is deleted: it needs a snapshot
    alive,       \* the slow node is up
    up           \* the other node is up

logVars  == <<end, closed, majority>>
pageVars == <<oldChange, newChange, copy, copyNext, holding, cold>>
nodeVars == <<held, lost, alive, up>>
vars     == <<logVars, checkpoint, pageVars, nodeVars>>

Min2(a, b) == IF a <= b THEN a ELSE b
Max2(a, b) == IF a >= b THEN a ELSE b

(* What the environment is allowed to do; models narrow these definitions.   *)
MayFail == TRUE
MayLoseQuorum == TRUE

Init ==
    /\ end = 0 /\ closed = 0 /\ majority = 0
    /\ checkpoint = 0
    /\ oldChange = None /\ newChange = 0
    /\ copy = None /\ copyNext = None
    /\ holding = FALSE /\ cold = FALSE
    /\ held = 0 /\ lost = FALSE
    /\ alive = TRUE /\ up = TRUE

-----------------------------------------------------------------------------
(* The writers. *)

Room == Capacity - end >= IF On("H25") THEN 2 ELSE 1

WriteMtr ==
    /\ Room
    /\ ~holding
    /\ end' = end + 1
    /\ newChange' = end + 1
    /\ oldChange' = IF oldChange = None THEN end + 1 ELSE oldChange
    /\ copyNext' = IF copy # None /\ copyNext = None THEN end + 1 ELSE copyNext
    /\ UNCHANGED <<closed, majority, checkpoint, copy, holding, cold, nodeVars>>

CloseEntry ==
    /\ end > closed
    /\ end < Capacity
    /\ end' = end + 1
    /\ closed' = end + 1
    /\ UNCHANGED <<majority, checkpoint, pageVars, nodeVars>>

(* Two of three have it: the leader and one that is up to date. *)
AdvanceMajority ==
    /\ up \/ held = closed
    /\ majority < closed
    /\ majority' = closed
    /\ UNCHANGED <<end, closed, checkpoint, pageVars, nodeVars>>

-----------------------------------------------------------------------------
(* The page cleaner. *)

Written(upto, next) ==
    /\ oldChange' = next
    /\ copy' = None
    /\ copyNext' = None
    /\ holding' = FALSE
    /\ UNCHANGED <<logVars, checkpoint, newChange, cold, nodeVars>>

FlushPage ==
    /\ oldChange # None
    /\ newChange <= majority
    /\ Written(newChange, None)

(* H26 *)
TakeCopy ==
    /\ On("H26") /\ On("H26-wait")
    /\ oldChange # None
    /\ newChange > majority
    /\ copy = None
    /\ copy' = newChange
    /\ UNCHANGED <<logVars, checkpoint, oldChange, newChange, copyNext, holding, cold, nodeVars>>

FlushCopy ==
    /\ copy # None
    /\ copy <= majority
    /\ Written(copy, copyNext)

(* The cleaner waits for the majority with the page in its hands. *)
HoldPage ==
    /\ ~On("H26-wait")
    /\ oldChange # None
    /\ newChange > majority
    /\ ~holding
    /\ holding' = TRUE
    /\ UNCHANGED <<logVars, checkpoint, oldChange, newChange, copy, copyNext, cold, nodeVars>>

ChangeCold ==
    /\ ~cold
    /\ cold' = TRUE
    /\ UNCHANGED <<logVars, checkpoint, oldChange, newChange, copy, copyNext, holding, nodeVars>>

FlushCold ==
    /\ cold
    /\ ~holding
    /\ cold' = FALSE
    /\ UNCHANGED <<logVars, checkpoint, oldChange, newChange, copy, copyNext, holding, nodeVars>>

CheckpointLimit == Min2(majority, IF oldChange = None THEN end ELSE oldChange - 1)

Checkpoint ==
    /\ checkpoint < CheckpointLimit
    /\ checkpoint' = CheckpointLimit
    /\ UNCHANGED <<logVars, pageVars, nodeVars>>

-----------------------------------------------------------------------------
(* Redo deletion (LOG-8) and the node that is behind. *)

(* H24: a node that is behind by more than the retention is not waited for. *)
Waits == ~lost /\ (On("H24") => end - held <= Retention)
DeletionLimit == IF Waits THEN Min2(checkpoint, held) ELSE checkpoint

Down(l, by) == IF l = None THEN None ELSE IF l >= by THEN l - by ELSE 0

DeleteRedo ==
    LET by == DeletionLimit
    IN  /\ by > 0
        /\ end' = end - by
        /\ closed' = closed - by
        /\ majority' = majority - by
        /\ checkpoint' = checkpoint - by
        /\ oldChange' = Down(oldChange, by)
        /\ newChange' = Down(newChange, by)
        /\ copy' = Down(copy, by)
        /\ copyNext' = Down(copyNext, by)
        /\ held' = Down(held, by)
        /\ lost' = (lost \/ held < by)
        /\ UNCHANGED <<holding, cold, alive, up>>

FollowerGains ==
    /\ alive
    /\ ~lost
    /\ held < closed
    /\ held' = closed
    /\ UNCHANGED <<logVars, checkpoint, pageVars, lost, alive, up>>

(* Pages as of the checkpoint or later, and all redo from there. *)
SeedFollower ==
    /\ alive
    /\ lost
    /\ lost' = FALSE
    /\ held' = majority
    /\ UNCHANGED <<logVars, checkpoint, pageVars, alive, up>>

FollowerFails ==
    /\ MayFail
    /\ alive
    /\ alive' = FALSE
    /\ UNCHANGED <<logVars, checkpoint, pageVars, held, lost, up>>

FollowerReturns ==
    /\ ~alive
    /\ alive' = TRUE
    /\ UNCHANGED <<logVars, checkpoint, pageVars, held, lost, up>>

LoseQuorum ==
    /\ MayLoseQuorum
    /\ up
    /\ up' = FALSE
    /\ UNCHANGED <<logVars, checkpoint, pageVars, held, lost, alive>>

RegainQuorum ==
    /\ ~up
    /\ up' = TRUE
    /\ UNCHANGED <<logVars, checkpoint, pageVars, held, lost, alive>>

-----------------------------------------------------------------------------
Next ==
    \/ WriteMtr
    \/ CloseEntry
    \/ AdvanceMajority
    \/ FlushPage
    \/ TakeCopy
    \/ FlushCopy
    \/ HoldPage
    \/ ChangeCold
    \/ FlushCold
    \/ Checkpoint
    \/ DeleteRedo
    \/ FollowerGains
    \/ SeedFollower
    \/ FollowerFails
    \/ FollowerReturns
    \/ LoseQuorum
    \/ RegainQuorum

(* Fairness.  The threads of a leader that is up go on when they can: the    *)
(* closer of entries, the page cleaner (which takes a copy before it looks   *)
(* at the next page, and writes one that is ready), the checkpointer, the    *)
(* purger of redo.  What is sent arrives if it is sent again, so a node that *)
(* stays up catches up, and one that stays lost and up is seeded.  Nobody    *)
(* needs to write, fail, or come back: no fairness for WriteMtr, ChangeCold, *)
(* HoldPage, failures and returns.  All are weak: what is enabled and stays  *)
(* so is done.  FlushPage is not enabled for long while writers are busy,    *)
(* and nothing promises that the cleaner hits a moment in which it is.       *)
Fair ==
    /\ WF_vars(CloseEntry)
    /\ WF_vars(AdvanceMajority)
    /\ WF_vars(FlushPage)
    /\ WF_vars(TakeCopy)
    /\ WF_vars(FlushCopy)
    /\ WF_vars(FlushCold)
    /\ WF_vars(Checkpoint)
    /\ WF_vars(DeleteRedo)
    /\ WF_vars(FollowerGains)
    /\ WF_vars(SeedFollower)

Spec == Init /\ [][Next]_vars /\ Fair

-----------------------------------------------------------------------------
TypeOK ==
    /\ end \in 0..Capacity
    /\ closed \in 0..end
    /\ majority \in 0..closed
    /\ checkpoint \in 0..majority
    /\ oldChange \in (1..end) \cup {None}
    /\ oldChange # None => oldChange <= newChange /\ newChange <= end
    /\ copy # None => oldChange <= copy /\ copy <= newChange
    /\ copyNext # None => copy < copyNext /\ copyNext <= newChange
    /\ held <= closed

(* H25: whatever is open can be closed. *)
RoomToClose == end > closed => end < Capacity

(* The page is written or its first change is in the redo that is kept. *)
DirtyIsKept == oldChange # None => oldChange > checkpoint

(* In lockstep: the writers need not stop. *)
NeverFull == Room

(* A majority is there, for good. *)
HealthyQuorum == <>[]up

(* H24, H25: as long as a majority is there, writers are let in again. *)
WritersGoOn == HealthyQuorum => []<>Room

(* H26-wait: a page within the limit is written, quorum or not. *)
ColdIsWritten == cold ~> ~cold

(* H24: a node that stays up gets all there is. *)
FollowerCatchesUp == <>[]alive => []<>(~lost)
==============================================================================
