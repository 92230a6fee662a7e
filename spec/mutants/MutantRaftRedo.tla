--------------------------- MODULE MutantRaftRedo ---------------------------
(* Plausible errors of design and of the world, which are no rule of the     *)
(* requirements: each replaces one definition of RaftRedo, in a .cfg.        *)
EXTENDS MCRaftRedo

(* Anybody's vote or acknowledgement will do. *)
LaxQuorum(S) == S # {}

(* A disk that says it has synced what it has not: a crash takes anything.   *)
(* The model needs what it assumes of fsync.                                 *)
SurvivorsOfALyingDisk(n) == {Prefix(log[n], l) : l \in 0..Len(log[n])}

(* A truncation that throws everything away, to fetch it again.              *)
PartingAtTheStart(n, t, upto) == 0
==============================================================================
