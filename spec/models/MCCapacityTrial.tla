-------------------------- MODULE MCCapacityTrial ---------------------------
(* The bounds stand in the .cfg files. *)
EXTENDS CapacityTrial
=============================================================================
