--------------------------- MODULE MCStorageSpace ---------------------------
(* The bounds of the StorageSpace models, and what they must reach.         *)
EXTENDS StorageSpace, TLC

ASSUME Off \subseteq SpaceRules

Never == FALSE
-----------------------------------------------------------------------------
Registers == 1..3
MCInit == Init /\ \A k \in Registers : TLCSet(k, FALSE)
MCSpec == MCInit /\ [][Next]_vars /\ Fair

Sees(k, name, reached) ==
    IF reached /\ ~TLCGet(k)
    THEN TLCSet(k, TRUE) /\ PrintT(<<"WITNESS", name>>) ELSE TRUE

SeesLost == Sees(1, "FollowerLost", lost)
SeesFull == Sees(2, "Full", ~Room)
SeesCopyBehind == Sees(3, "CopyBehind", copy # None /\ copyNext # None /\ copy <= majority)
=============================================================================
