------------------------------ MODULE MCFigure8 ------------------------------
(* Figure 8 of the Raft paper (H8), to its end.  Four terms, by turns of two *)
(* nodes; the third one votes in all of them:                                *)
(*                                                                           *)
(*    1  n1 leads, writes a transaction, and nobody hears of it              *)
(*    2  n2 leads, writes its marker, and nobody hears of it                 *)
(*    3  n1 leads, and n3 gets the transaction of term 1: it is on a         *)
(*       majority now, and not committed                                     *)
(*    4  n2 leads by n3's vote, and overwrites it                            *)
(*                                                                           *)
(* What narrows it: who leads, that the leaders of terms 1 and 2 are not     *)
(* heard, that nobody crashes, that the one transaction is of term 1, and    *)
(* that a term begins when the leader of the term before has its log on      *)
(* disk.  What the leaders of terms 3 and 4 do, and in which order, and      *)
(* whether the leader of term 3 commits before the fourth begins, is open.   *)
EXTENDS MCRaftRedo, MCInOrder

(* The leader of the term before is there, and its log is on its disk. *)
LedBeforeOnDisk(n) ==
    term[n] > 0 =>
        /\ term[n] \in DOMAIN leaderLog
        /\ \E m \in Node : acked[term[n]][m] = Len(leaderLog[term[n]])

MCMayStartFigure8(n) ==
    /\ MCMayStartElection(n)
    /\ LedBeforeOnDisk(n)
    /\ term[n] > 0 => Written # {}

MCMayWriteFirst(n) == term[n] = 1 /\ MCMayWrite(n)

MCMaySendFigure8(t, from, upto) == t > 2 /\ MCMaySend(t, from, upto)

(* CONSTRAINT: before the last term the two hear nothing of each other's logs. *)
LeadersApart ==
    \A n \in DataNodes :
        term[n] < MaxTerm =>
            /\ agreed[n] = 0
            /\ \A t \in DOMAIN leaderLog : n \in Candidates(t) => IsPrefix(leaderLog[t], log[n])

(* A client may still wait that wrote in an earlier term of this leader, and *)
(* is answered as soon as the majority LSN covers its commit.  In AckCommit  *)
(* it is not: its session ended with that term (H17).  Nor does this leader  *)
(* wait for its own marker (H14), which would hold the answer back.  So this *)
(* allows all that AckCommit does, and more.                                 *)
AckCommitOfAnyTerm(n, l) ==
    LET commit == [term |-> log[n][l].term, lsn |-> l]
    IN  /\ role[n] = "leader"
        /\ l \in 1..Len(log[n])
        /\ log[n][l].kind = "data"
        /\ On("LIM-4") => l <= known[n]
        /\ commit \notin acknowledged
        /\ acknowledged' = acknowledged \cup {commit}
        /\ UNCHANGED <<nodeVars, networkVars, settled>>

-----------------------------------------------------------------------------
(* The loss itself: something else has been committed in its place.  What    *)
(* AcknowledgedStays asks is more: that it was committed when acknowledged.  *)
AcknowledgedIsNotOverwritten ==
    LET c == Committed
    IN  \A a \in acknowledged : a.lsn <= Len(c) => c[a.lsn] = Data(a.term)

-----------------------------------------------------------------------------
(* What must be reached: the panels of the figure. *)
FigureRegisters == 7..9
Figure8Init == MCInit /\ \A k \in FigureRegisters : TLCSet(k, FALSE)

(* Ends of entries of older terms that a majority has, as a leader counts. *)
OldOnMajority(t) ==
    {l \in EntryEnds(leaderLog[t]) :
        /\ l > 0 /\ TermAt(leaderLog[t], l) < t
        /\ IsQuorum({m \in Node : acked[t][m] >= l})}

SeesOldOnMajority ==       \* (c)
    Seen(7, "OldOnMajority",
         \E t \in DOMAIN leaderLog : OldOnMajority(t) # {} /\ CommittedBy(t) = 0)
SeesOldOverwritten ==      \* (d)
    LET c == Committed
    IN  Seen(8, "OldOverwritten",
             \E t \in DOMAIN leaderLog : \E l \in OldOnMajority(t) :
                 ~IsPrefix(Prefix(leaderLog[t], l), c) /\ l <= Len(c))
SeesOldCommitted ==        \* (e)
    Seen(9, "OldCommitted", Outlived)
==============================================================================
