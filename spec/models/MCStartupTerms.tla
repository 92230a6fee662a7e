--------------------------- MODULE MCStartupTerms ---------------------------
(* Startup over two terms with a transaction, and with rules off and on      *)
(* within the same bounds.                                                   *)
EXTENDS MCStartup, MCInOrder

(* No second term before a leader has written a transaction. *)
MCMayStartAfterData(n) ==
    /\ MCMayStartElection(n)
    /\ LedBefore(n)
    /\ term[n] > 0 => Written # {}

(* A recovery that has nothing to apply is left out, whatever rule says how  *)
(* far it goes.                                                              *)
MCMayRecoverSome(n) == RecoverLimit(n) > 0

SeesOutlived == Seen(5, "Outlived", Outlived)
==============================================================================
