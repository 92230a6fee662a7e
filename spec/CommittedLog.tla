---------------------------- MODULE CommittedLog ----------------------------
(***************************************************************************)
(* What it describes.  The promise of the whole system, and nothing else:  *)
(* there is one log, it only grows, replicas apply prefixes of it, and a   *)
(* transaction that a client was told is committed stays in it.            *)
(*                                                                         *)
(* What it simplifies.  Nothing here can fail to be agreed upon: nodes,    *)
(* terms, messages and disks are the business of the modules that refine   *)
(* this one (ReplicatedLog, and through it RaftRedo and Startup).          *)
(*                                                                         *)
(* How to break it.  Let Grow replace instead of extend, or let Apply go   *)
(* past the end of the committed log: every refinement check turns red.    *)
(***************************************************************************)
EXTENDS Naturals, Sequences

CONSTANTS
    Replica,     \* those who apply
    Mtr          \* what a log is made of: whole mini-transactions (LOG-1)

VARIABLES
    committed,     \* the committed log, a sequence of mtrs
    applied,       \* applied[r]: how many mtrs of it r has applied
    acknowledged   \* the mtrs of transactions answered ok, as [term, lsn]

vars == <<committed, applied, acknowledged>>

Init ==
    /\ committed = <<>>
    /\ applied = [r \in Replica |-> 0]
    /\ acknowledged = {}

IsPrefix(s, t) == Len(s) <= Len(t) /\ SubSeq(t, 1, Len(s)) = s

(***************************************************************************)
(* In the committed log at this LSN stands a record of this term: the      *)
(* identity of a record is (term, LSN), never the LSN alone.               *)
(***************************************************************************)
Stands(a, log) == a.lsn \in 1..Len(log) /\ log[a.lsn].term = a.term

(***************************************************************************)
(* The actions are predicates on steps, so that a refinement may combine   *)
(* them: a step of a finer module may commit and apply at once.            *)
(***************************************************************************)
Grow == IsPrefix(committed, committed')

Apply == \A r \in Replica : applied'[r] \in 0..Len(committed')

Acknowledge ==
    /\ acknowledged \subseteq acknowledged'
    /\ \A a \in acknowledged' \ acknowledged : Stands(a, committed')

Next == Grow /\ Apply /\ Acknowledge

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
AppliedIsCommitted == \A r \in Replica : applied[r] <= Len(committed)

(* For witnesses: a mapping that makes applied a constant never reaches this. *)
SomethingApplied == \E r \in Replica : applied[r] > 0

AcknowledgedStays == \A a \in acknowledged : Stands(a, committed)
=============================================================================
