--------------------------- MODULE MCStorageTrial ---------------------------
(* The bounds stand in the .cfg files. *)
EXTENDS StorageTrial
=============================================================================
