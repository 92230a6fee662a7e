------------------------------- MODULE MCBinlog -------------------------------
(* The bounds of the Binlog models, and what they must reach.               *)
EXTENDS Binlog, TLC

CONSTANTS MaxTerm, MaxWrites, First

ASSUME Off \subseteq BinlogRules

MCMayElect(n, t) == t <= MaxTerm /\ (t = 1 => n = First)
MCMayBegin == count < MaxWrites

Registers == 1..3
MCInit == Init /\ \A k \in Registers : TLCSet(k, FALSE)

Witnessed(k, name, reached) ==
    IF reached /\ ~TLCGet(k)
    THEN TLCSet(k, TRUE) /\ PrintT(<<"WITNESS", name>>) ELSE TRUE

SeesAhead ==     \* a node that may be elected has binlog that redo has lost, or never had
    Witnessed(1, "BinlogAhead", \E n \in DataNodes :
        leads[n] = 0 /\ newest > 1 /\ ~IsPrefix(binlog[n], Ops(committed)))
SeesSent ==      \* downstream goes on at a second leader
    Witnessed(2, "SentByTwo", \E n \in DataNodes : leads[n] = newest /\ newest > 1 /\ Serving(n)
        /\ Len(downstream) > 1)
SeesDiverged ==  \* redo of two nodes disagrees, each with its binlog
    Witnessed(3, "Diverged", \E n, m \in DataNodes :
        ~IsPrefix(Ops(redo[n]), Ops(redo[m])) /\ ~IsPrefix(Ops(redo[m]), Ops(redo[n])))
=============================================================================
