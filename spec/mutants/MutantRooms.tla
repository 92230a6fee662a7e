---------------------------- MODULE MutantRooms ----------------------------
(* Plausible errors in hand-over and progress.                              *)
EXTENDS MCRooms

(* A log node drops what it has when it hands over: it has no use for it. *)
DropsAndHandsOver(n, m) ==
    /\ leader = n /\ n \in LogNodes
    /\ m \in DataNodes \cap Up
    /\ leader' = NoOne
    /\ has' = [has EXCEPT ![n] = has[m]]
    /\ UNCHANGED <<state, committed, crashes>>

(* A log node is no voter: its acknowledgement does not count in elections. *)
DataVoters(n) == {m \in Up \cap DataNodes : has[m] <= has[n]}

(* A log node never stands for election. *)
OnlyData(S) == \E n \in S \ LogNodes : Elect(n)

(* A restarted node waits until somebody writes. *)
RecoverAfterWrite(n) ==
    /\ state[n] = "aligning"
    /\ leader # NoOne
    /\ has[n] = has[leader] /\ has[n] > committed
    /\ state' = [state EXCEPT ![n] = "ready"]
    /\ UNCHANGED <<has, leader, committed, crashes>>
============================================================================
