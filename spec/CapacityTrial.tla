---------------------------- MODULE CapacityTrial ----------------------------
(***************************************************************************)
(* What it describes.  The capacity deadlock (H25) at its smallest: redo   *)
(* space is freed by the checkpoint, the checkpoint waits for the majority *)
(* LSN, the majority for an entry that was sent, and an entry is sent only *)
(* when its meta record closed it - which needs space too.                 *)
(*                                                                         *)
(* What it simplifies.  Only amounts, in mtrs: no nodes, no pages.  A      *)
(* closed entry always reaches the majority and the checkpoint always      *)
(* follows; StorageSpace composes it with the rest.                        *)
(*                                                                         *)
(* How to break it.  H25 off: mtrs fill the log, and no room is left to    *)
(* close their entry: a deadlock.                                          *)
(***************************************************************************)
EXTENDS Naturals

CONSTANTS Capacity, Off

On(rule) == rule \notin Off
CapacityRules == {"H25"}
ASSUME Off \subseteq CapacityRules

VARIABLES
    open,     \* mtrs in the open entry
    sent,     \* mtrs and meta records of closed entries not yet on a majority
    kept      \* what is on a majority and not yet below the checkpoint

vars == <<open, sent, kept>>

Free == Capacity - (open + sent + kept)

Init == open = 0 /\ sent = 0 /\ kept = 0

(* H25: the room for the meta record is reserved before an mtr is written.   *)
WriteMtr ==
    /\ Free >= IF On("H25") THEN 2 ELSE 1
    /\ open' = open + 1
    /\ UNCHANGED <<sent, kept>>

CloseEntry ==
    /\ open > 0
    /\ Free >= 1
    /\ open' = 0
    /\ sent' = sent + open + 1
    /\ UNCHANGED kept

ReachMajority ==
    /\ sent > 0
    /\ kept' = kept + sent
    /\ sent' = 0
    /\ UNCHANGED open

Checkpoint ==
    /\ kept > 0
    /\ kept' = 0
    /\ UNCHANGED <<open, sent>>

Next == WriteMtr \/ CloseEntry \/ ReachMajority \/ Checkpoint

Spec == Init /\ [][Next]_vars /\ WF_vars(CloseEntry) /\ WF_vars(ReachMajority) /\ WF_vars(Checkpoint)

FitsInTheLog == open + sent + kept <= Capacity

(* Fairness: the closing of entries, the network and the page cleaner go on  *)
(* for ever when they can; the writer need not.                              *)
WritersGoOn == []<>(Free >= 2)
==============================================================================
