---------------------------- MODULE MCLogEntries ----------------------------
(* The bounds of the LogEntries models, and what they must reach.           *)
EXTENDS LogEntries, TLC

ASSUME Off \subseteq EntryRules

Sizes == [a |-> 1, b |-> 2, c |-> 2, d |-> 1]
-----------------------------------------------------------------------------
MCInit == Init /\ TLCSet(1, FALSE) /\ TLCSet(2, FALSE)
MCSpec == MCInit /\ [][Next]_vars /\ Fair

Sees(k, name, reached) ==
    IF reached /\ ~TLCGet(k)
    THEN TLCSet(k, TRUE) /\ PrintT(<<"WITNESS", name>>) ELSE TRUE

SeesOutOfOrder ==    \* finished behind a place that is not
    Sees(1, "OutOfOrder", \E l \in 1..Len(buffer) : buffer[l].of \in finished /\ \E k \in 1..l : ~IsFilled(k))
SeesSeveralMtrs ==   \* an entry of several mtrs, written in two steps
    Sees(2, "SeveralMtrs", answered # {} /\ \E l \in Metas : buffer[l].counts > 2 /\ written > l)
=============================================================================
