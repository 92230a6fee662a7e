--------------------------- MODULE MCRaftRedoTerms ---------------------------
(* RaftRedo over more terms, or with a transaction in them, than the bounds  *)
(* of MCRaftRedo can hold.                                                   *)
EXTENDS MCRaftRedo, MCInOrder

MCMayStartInOrder(n) == MCMayStartElection(n) /\ LedBefore(n)

(* No second term before a leader has written a transaction. *)
MCMayStartAfterData(n) ==
    /\ MCMayStartInOrder(n)
    /\ term[n] > 0 => Written # {}

(* A leader writes when its marker is on a majority, as Startup demands. *)
MCMayWriteServing(n) == MCMayWrite(n) /\ known[n] > 0

(* Nobody hears the first leader: its log stays its own. *)
MCMaySendLater(t, from, upto) == t > 1 /\ MCMaySend(t, from, upto)

SeesOutlived == Seen(6, "Outlived", Outlived)
==============================================================================
