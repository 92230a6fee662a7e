------------------------------- MODULE MCRooms -------------------------------
(* The bounds of the Rooms models, and what they must reach.                *)
EXTENDS Rooms, TLC

ASSUME Off \subseteq RoomRules

Registers == 1..2
MCInit == Init /\ \A k \in Registers : TLCSet(k, FALSE)
MCSpec == MCInit /\ [][Next]_vars /\ Fairness

Witnessed(k, name, reached) ==
    IF reached /\ ~TLCGet(k)
    THEN TLCSet(k, TRUE) /\ PrintT(<<"WITNESS", name>>) ELSE TRUE

SeesTailAlone ==   \* of those who are up, a log node alone has the committed tail, and leads
    Witnessed(1, "TailAlone", leader \in LogNodes /\ committed > 0 /\ \A m \in Up \ {leader} : has[m] < committed)
SeesRoomLost ==    \* a room is lost, and later something is committed
    Witnessed(2, "CommitAfterLoss", committed = MaxLog /\ \E m \in Node : state[m] = "lost" /\ has[m] < MaxLog)
=============================================================================
