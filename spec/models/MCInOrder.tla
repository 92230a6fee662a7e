------------------------------ MODULE MCInOrder ------------------------------
(* What narrows the models of several terms, of RaftRedo and of Startup      *)
(* alike: elections one after the other, which the log node decides.  What   *)
(* else may happen between them is left open.                                *)
EXTENDS RaftRedo

(* A term begins when the term before has had its leader. *)
LedBefore(n) == term[n] > 0 => term[n] \in DOMAIN leaderLog

(* CONSTRAINT: a candidate's quorum is itself and the log node. *)
LogNodesDecide == \A v \in votes : v.from = v.to \/ v.from \in LogNodes

(* CONSTRAINT: of all messages, a log node gets requests for votes alone. *)
LogNodesOnlyVote == \A n \in LogNodes : log[n] = <<>>

(* A transaction was answered, and a later term has committed. *)
Outlived == \E a \in acknowledged : \E t \in DOMAIN leaderLog : t > a.term /\ CommittedBy(t) > 0
==============================================================================
