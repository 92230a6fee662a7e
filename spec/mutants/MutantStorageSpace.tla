------------------------- MODULE MutantStorageSpace -------------------------
(* Plausible errors in keeping space: each replaces one definition of        *)
(* StorageSpace, in a .cfg.                                                  *)
EXTENDS MCStorageSpace

NoSnapshot == FALSE /\ UNCHANGED vars

(* An entry that is open has its room; the mtr that opens one asks for none. *)
RoomOnceOpen == Capacity - end >= IF end > closed THEN 2 ELSE 1
=============================================================================
