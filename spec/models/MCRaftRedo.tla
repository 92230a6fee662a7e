----------------------------- MODULE MCRaftRedo -----------------------------
(* The bounds of the RaftRedo models, and what they must be able to reach.  *)
EXTENDS RaftRedo

CONSTANTS
    MaxTerm,        \* no election beyond this term
    MaxData,        \* data mtrs written in all terms together
    CrashNodes,     \* the nodes that crash, one at a time
    LastCrashTerm,  \* none after this term
    FsyncAnywhere   \* FALSE: the log writer stops at the end of what is written

ASSUME Off \subseteq RaftRules

(* Who starts the election of a term.  Data nodes are alike, so that the    *)
(* first candidate of all may be fixed.                                      *)
AnyDataNode(t) == IF t = 1 THEN {"n1"} ELSE DataNodes
InTurn(t) == IF t % 2 = 1 THEN {"n1"} ELSE {"n2"}
LogNodeFirst(t) == IF t = 1 THEN LogNodes ELSE {"n1"}
Again(t) == {"n1"}
AnyNode(t) == Node
Candidates(t) == AnyNode(t)

MCMayStartElection(n) ==
    /\ term[n] < MaxTerm
    /\ n \in Candidates(term[n] + 1)

Written == {<<t, l>> \in {<<u, k>> : u \in DOMAIN leaderLog, k \in 1..20} :
               l <= Len(leaderLog[t]) /\ leaderLog[t][l] = Data(t)}

MCMayWrite(n) == Cardinality(Written) < MaxData

(* One node at a time, and only one that has something to lose. *)
MCMayCrash(n) ==
    /\ n \in CrashNodes
    /\ term[n] <= LastCrashTerm
    /\ \A m \in Node : role[m] # "down"
    /\ durable[n] < Len(log[n]) \/ known[n] > 0 \/ role[n] = "leader"

MCMayFsync(n, l) == FsyncAnywhere \/ l = Len(log[n])

(* A leader sends one entry at a time, or a heartbeat. *)
MCMaySend(t, from, upto) ==
    \A l \in EntryEnds(leaderLog[t]) : l <= from \/ l >= upto
(* R2 record by record, which StorageLimits takes for granted: a term has    *)
(* one writer.                                                               *)
RecordMatching ==
    \A n, m \in {k \in Node : role[k] # "down"} :
        \A l \in 1..Min2(Len(log[n]), Len(log[m])) :
            log[n][l].term = log[m][l].term => Prefix(log[n], l) = Prefix(log[m], l)
-----------------------------------------------------------------------------
(* What these models must reach: a model that cannot is not the one meant.   *)
(* Each is printed when it is first seen, once per worker.                   *)
Registers == 1..6
MCInit == Init /\ \A k \in Registers : TLCSet(k, FALSE)

Seen(k, name, reached) ==
    IF reached /\ ~TLCGet(k)
    THEN TLCSet(k, TRUE) /\ PrintT(<<"WITNESS", name>>) ELSE TRUE

SeesKnownBeyondDurable ==      \* H33: the quorum was made by the others
    Seen(1, "KnownBeyondDurable", \E n \in Node : known[n] > durable[n])
SeesTwoLeaders ==              \* a deposed leader that does not know it yet
    Seen(2, "TwoLeaders", Cardinality({n \in Node : role[n] = "leader"}) > 1)
SeesLaterTermCommits ==        \* a change of leader that leads somewhere
    Seen(3, "LaterTermCommits", \E t \in DOMAIN leaderLog : t > 1 /\ CommittedBy(t) > 0)
SeesTransactionAcknowledged ==
    Seen(4, "TransactionAcknowledged", acknowledged # {})
SeesInterfaceMove ==           \* the refinement mapping is no constant
    Seen(5, "InterfaceMoves", Interface!SomethingKnown)
=============================================================================
