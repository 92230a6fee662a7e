-------------------------------- MODULE Rooms --------------------------------
(***************************************************************************)
(* What it describes.  Progress, of which the promises R1 to R5 say        *)
(* nothing: any one room may be lost for ever and commits go on (CL-3); a  *)
(* log node that alone holds the committed tail replicates it before it    *)
(* hands over (H27), and leadership does not go to and fro; a node that    *)
(* restarts becomes ready.                                                 *)
(*                                                                         *)
(* What it simplifies.  One branch: has[n] is how much of it a node has    *)
(* durable, so terms are not counted, and behaviours need no end (which    *)
(* open tails are cut is RaftRedo's business).  A vote compares has.       *)
(* Clients ask for MaxLog commits, one after the other.                    *)
(*                                                                         *)
(* Fairness.  Weak for all that a live node does by itself and that stays  *)
(* possible.  Strong for a data node's election: timeouts are random, and  *)
(* a log node that hands over makes its heir stand at once, so an heir     *)
(* that can win again and again does win in the end.  None for crashes,    *)
(* and none for an election of a log node.                                 *)
(*                                                                         *)
(* How to break it.  CL-3 off: elections and commits need all nodes.  H27  *)
(* off: leadership is handed over before the heir has the tail.            *)
(***************************************************************************)
EXTENDS Naturals, FiniteSets

CONSTANTS
    DataNodes, LogNodes,
    MaxLog,      \* the commits that clients ask for
    MaxCrashes,  \* crashes that are repaired; one room more is lost for ever
    Off

RoomRules == {"CL-3", "H27"}
On(rule) == rule \notin Off
Node == DataNodes \cup LogNodes
NoOne == "none"

VARIABLES
    state,      \* state[n]  "down", "aligning", "ready" (a log node: "ready" at once), "lost"
    has,        \* has[n]    LSN up to which n has the log, durably
    leader,     \* who leads, or NoOne
    committed,
    crashes

vars == <<state, has, leader, committed, crashes>>

Up == {n \in Node : state[n] \in {"aligning", "ready"}}
IsQuorum(S) == IF On("CL-3") THEN 2 * Cardinality(S) > Cardinality(Node) ELSE S = Node

Init ==
    /\ state = [n \in Node |-> "ready"]
    /\ has = [n \in Node |-> 0]
    /\ leader = NoOne
    /\ committed = 0
    /\ crashes = 0

Voters(n) == {m \in Up : has[m] <= has[n]}

Elect(n) ==
    /\ leader = NoOne
    /\ n \in Up
    /\ IsQuorum(Voters(n))
    /\ leader' = n
    /\ UNCHANGED <<state, has, committed, crashes>>

(* H14: a leader serves when it has recovered. *)
Write(n) ==
    /\ leader = n /\ n \in DataNodes
    /\ state[n] = "ready"
    /\ has[n] = committed /\ has[n] < MaxLog
    /\ has' = [has EXCEPT ![n] = @ + 1]
    /\ UNCHANGED <<state, leader, committed, crashes>>

Replicate(n, m) ==
    /\ leader = n
    /\ m \in Up
    /\ has[m] # has[n]
    /\ has' = [has EXCEPT ![m] = has[n]]
    /\ UNCHANGED <<state, leader, committed, crashes>>

(* A log node commits nothing of its own: it has no marker (CL-2, H8).      *)
Commit(n) ==
    /\ leader = n /\ n \in DataNodes
    /\ has[n] > committed
    /\ IsQuorum({m \in Node : has[m] >= has[n]})
    /\ committed' = has[n]
    /\ UNCHANGED <<state, has, leader, crashes>>

(* CL-2, H27.  The heir stands for election at once: DataElected. *)
HandOver(n, m) ==
    /\ leader = n /\ n \in LogNodes
    /\ m \in DataNodes \cap Up
    /\ On("H27") => has[m] >= has[n]
    /\ leader' = NoOne
    /\ UNCHANGED <<state, has, committed, crashes>>

(* ST-2: there is a leader, and the log is aligned with its. *)
Recover(n) ==
    /\ state[n] = "aligning"
    /\ leader # NoOne
    /\ has[n] = has[leader]
    /\ state' = [state EXCEPT ![n] = "ready"]
    /\ UNCHANGED <<has, leader, committed, crashes>>

Leave(n, as) ==
    /\ n \in Up
    /\ state' = [state EXCEPT ![n] = as]
    /\ leader' = IF leader = n THEN NoOne ELSE leader
    /\ UNCHANGED <<has, committed>>

Crash(n) ==
    /\ crashes < MaxCrashes
    /\ crashes' = crashes + 1
    /\ Leave(n, "down")

Restart(n) ==
    /\ state[n] = "down"
    /\ state' = [state EXCEPT ![n] = IF n \in DataNodes THEN "aligning" ELSE "ready"]
    /\ UNCHANGED <<has, leader, committed, crashes>>

(* One room, and for ever. *)
Lose(n) ==
    /\ \A m \in Node : state[m] # "lost"
    /\ Leave(n, "lost")
    /\ UNCHANGED crashes

(* A leader that has no quorum left steps down: nobody hears of it. *)
StepDown ==
    /\ leader # NoOne
    /\ ~IsQuorum(Up)
    /\ leader' = NoOne
    /\ UNCHANGED <<state, has, committed, crashes>>

Elected(S) == \E n \in S : Elect(n)
DataElected == Elected(DataNodes)
LogElected == Elected(LogNodes)
Writes == \E n \in DataNodes : Write(n)
ReplicatesTo(m) == \E n \in Node : Replicate(n, m)
Commits == \E n \in DataNodes : Commit(n)
HandsOver == \E n \in LogNodes, m \in DataNodes : HandOver(n, m)

Next ==
    \/ DataElected
    \/ LogElected
    \/ Writes
    \/ \E m \in Node : ReplicatesTo(m)
    \/ Commits
    \/ HandsOver
    \/ \E n \in Node : Recover(n)
    \/ \E n \in Node : Crash(n)
    \/ \E n \in Node : Restart(n)
    \/ \E n \in Node : Lose(n)
    \/ StepDown

(* The log node may be the only one that can be elected: then it is.        *)
Fairness ==
    /\ SF_vars(DataElected)
    /\ WF_vars(Elected(Node))
    /\ WF_vars(Writes)
    /\ WF_vars(Commits)
    /\ WF_vars(HandsOver)
    /\ \A n \in Node : WF_vars(ReplicatesTo(n)) /\ WF_vars(Recover(n)) /\ WF_vars(Restart(n))

Spec == Init /\ [][Next]_vars /\ Fairness

-----------------------------------------------------------------------------
TypeOK ==
    /\ leader \in Node \cup {NoOne}
    /\ leader # NoOne => leader \in Up
    /\ has \in [Node -> 0..MaxLog]

(* CL-3: no room takes an acknowledged commit with it. *)
CommittedSurvivesARoom ==
    committed > 0 => \A lost \in Node : \E m \in Node \ {lost} : has[m] >= committed

LeaderHasCommitted == leader # NoOne => has[leader] >= committed

(* A healthy majority commits: all that clients ask for, also when one room *)
(* is lost.  In each run crashes end.                                       *)
HealthyMajorityCommits == <>(committed = MaxLog)

RestartedBecomesReady ==
    \A n \in DataNodes : state[n] = "aligning" ~> state[n] # "aligning"

(* H27: leadership does not stay with, or come back to, a log node.         *)
LogNodeHandsOver == <>[](leader \notin LogNodes)
==============================================================================
