---------------------------- MODULE MCBinlogReads ----------------------------
(* The bounds of the BinlogReads models, and what they must reach.          *)
EXTENDS BinlogReads, TLC

CONSTANTS MaxTerm, MaxWrites, First

ASSUME Off \subseteq (BinlogRules \cup ReaderRules)

MCMayElect(n, t) == t <= MaxTerm /\ (t = 1 => n = First)
MCMayBegin == count < MaxWrites

Registers == 1..3
MCInit == ReadersInit /\ \A k \in Registers : TLCSet(k, FALSE)

Witnessed(k, name, reached) ==
    IF reached /\ ~TLCGet(k)
    THEN TLCSet(k, TRUE) /\ PrintT(<<"WITNESS", name>>) ELSE TRUE

SeesHeldBack ==     \* redo has a transaction that readers may not have seen
    Witnessed(1, "HeldBack", \E n \in DataNodes : Readable(n) /\
        (IF Visibility = "hold" THEN Len(Shown(n)) < Len(Ops(redo[n])) ELSE asked[n] > known[n]))
SeesSecondLeader == \* what the first leader has shown, the second one goes on from
    Witnessed(2, "ShownByTwo", \E n \in DataNodes : Readable(n) /\ newest > 1 /\ Len(view) > 1)
SeesSentAlone ==    \* a leader's binlog is with a follower, its redo is not
    Witnessed(3, "SentAlone", \E n, m \in DataNodes : Readable(n) /\ n # m /\
        Len(Ops(redo[n])) > Len(Ops(redo[m])) /\ binlog[m] = binlog[n])
=============================================================================
