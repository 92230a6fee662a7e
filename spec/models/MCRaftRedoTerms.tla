--------------------------- MODULE MCRaftRedoTerms ---------------------------
(* RaftRedo over more terms, or with a transaction in them, than the bounds  *)
(* of MCRaftRedo can hold.                                                   *)
EXTENDS MCRaftRedo, MCInOrder

MCMayStartInOrder(n) == MCMayStartElection(n) /\ LedBefore(n)

(* No term behind one whose leader has not written its transaction yet. *)
MCMayStartAfterData(n) ==
    /\ MCMayStartInOrder(n)
    /\ term[n] > 0 => Cardinality(Written) = MaxData

(* A leader writes when its marker is on a majority, as Startup demands. *)
MCMayWriteServing(n) == MCMayWrite(n) /\ known[n] > 0

(* Nobody hears the first leader: its log stays its own. *)
MCMaySendLater(t, from, upto) == t > 1 /\ MCMaySend(t, from, upto)

SeesOutlived == Seen(6, "Outlived", Outlived)
==============================================================================
