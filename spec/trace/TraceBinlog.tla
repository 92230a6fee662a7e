----------------------------- MODULE TraceBinlog -----------------------------
(***************************************************************************)
(* What it describes.  Whether recorded runs are behaviours of Startup and *)
(* of Binlog at once: one log, two modules.  The log, the majority LSN,    *)
(* who leads and the committed log are Startup's, and Binlog gets them by  *)
(* substitution; what Binlog alone knows (the binlog of each data node,    *)
(* downstream) is kept here and changed by its own actions.                *)
(*                                                                         *)
(* Reading it.  Binlog judges one node at a time: DataNodes is the node,   *)
(* and Rest, which stands for the leader that it hears.  A follower takes  *)
(* the log piece by piece, Binlog's TakeRedo takes all that the leader     *)
(* has: so Rest is a leader that has just what was taken.  A mtr says      *)
(* which transaction it commits, if any; redo is these mtrs and the first  *)
(* of each term, its marker.                                               *)
(*                                                                         *)
(* What it simplifies.  Commit and Learn are Startup's.  Log nodes have no *)
(* binlog.  Transactions are numbered in the order of the trace.  A crash  *)
(* may lose redo that was not durable, which Binlog's crash does not: it   *)
(* is what is left of a redo that is taken.                                *)
(*                                                                         *)
(* How to break it.  Give Binlog a log or a majority LSN of its own, or    *)
(* let LogMatches forget one of the steps: the traces of                   *)
(* tests/validate/test_binlog_trace.py that must be refused are accepted.  *)
(***************************************************************************)
EXTENDS TraceStartup

CONSTANT Carrier    \* how followers get the binlog, as in Binlog

VARIABLES
    opOf,           \* opOf[lsn, term]  the transaction that a mtr commits
    binlog,         \* binlog[n]
    sent,           \* sent[t]          the binlog of the leader of term t, as it last was,
                    \*                  and how long it was at first
    downstream,     \* what was sent downstream
    begun           \* the transactions that were written to a binlog

binlogVars == <<opOf, binlog, sent, downstream, begun>>

Rest == "the rest"

-----------------------------------------------------------------------------
(* What the modules share, in the terms of Binlog.  Terms are one more than  *)
(* Startup's, so that a follower of term 0 is in a term.                     *)

Op(s, l) == IF <<l, s[l].term>> \in DOMAIN opOf THEN opOf[<<l, s[l].term>>] ELSE 0
IsMarker(s, l) == l = 1 \/ s[l].term # s[l - 1].term
IsRedo(record) == record.redo

IsCommit(record) == record.op > 0

RedoOf(s) ==
    LET found == SelectSeq(
            [l \in 1..Len(s) |->
                [redo |-> Op(s, l) > 0 \/ IsMarker(s, l), term |-> s[l].term + 1, op |-> Op(s, l)]],
            IsRedo)
    IN  [k \in 1..Len(found) |-> [term |-> found[k].term, op |-> found[k].op]]

(* A term is led by the node itself, or by the rest, which has the redo and  *)
(* the binlog that the step takes; and what the step asks of the committed   *)
(* log.  restarted: the node has crashed, so it leads nothing any more.      *)
Nobody == [leads |-> 0, redo |-> <<>>, binlog |-> <<>>, committed |-> <<>>, restarted |-> FALSE]

Leads(n) == role[n] = "leader"

(* What a leader knows of its own term (Learn); of before, nobody asks.      *)
OwnKnown(n) ==
    IF Leads(n) /\ known[n] > 0 /\ log[n][known[n]].term = term[n]
    THEN Len(RedoOf(Prefix(log[n], known[n])))
    ELSE 0

Judge(n, rest) == INSTANCE Binlog WITH
    DataNodes <- {n, Rest},
    committed <- rest.committed,
    newest <- IF Leads(n) /\ ~rest.restarted THEN term[n] + 1 ELSE term[n],
    redo <- [m \in {n, Rest} |-> IF m = n THEN RedoOf(log[n]) ELSE rest.redo],
    known <- [m \in {n, Rest} |-> IF m = n /\ ~rest.restarted THEN OwnKnown(n) ELSE 0],
    leads <- [m \in {n, Rest} |->
                 IF m = n THEN IF Leads(n) /\ ~rest.restarted THEN term[n] + 1 ELSE 0
                          ELSE rest.leads],
    binlog <- [m \in {n, Rest} |-> IF m = n THEN binlog[n] ELSE rest.binlog],
    count <- begun

-----------------------------------------------------------------------------
(* The events of Binlog: mapping-binlog.toml has the same rows.              *)

(* A follower may get it late: as it was at any moment of the term.          *)
BinlogOfTerm(n) == IF term[n] \in DOMAIN sent THEN sent[term[n]].events ELSE <<>>
Lengths(n) == IF term[n] \in DOMAIN sent THEN sent[term[n]].first..Len(sent[term[n]].events) ELSE {}

WritesBinlog(n) ==
    /\ Leads(n)
    /\ begun' = begun + 1
    /\ binlog' = [binlog EXCEPT ![n] = Append(@, begun + 1)]
    /\ sent' = [sent EXCEPT ![term[n]].events = binlog'[n]]
    /\ UNCHANGED <<opOf, downstream>>
    /\ Judge(n, Nobody)!WriteBinlog(n)

TakesBinlog(n, k) ==
    /\ k \in Lengths(n)
    /\ binlog' = [binlog EXCEPT ![n] = Prefix(BinlogOfTerm(n), k)]
    /\ UNCHANGED <<opOf, sent, downstream, begun>>
    /\ \E rest \in {[Nobody EXCEPT !.leads = term[n], !.binlog = Prefix(BinlogOfTerm(n), k)]} :
          Judge(n, rest)!TakeBinlog(n, Rest)

Dumps(n) ==
    /\ Len(binlog[n]) > Len(downstream)
    /\ downstream' = Append(downstream, binlog[n][Len(downstream) + 1])
    /\ UNCHANGED <<opOf, binlog, sent, begun>>
    /\ Judge(n, Nobody)!Dump(n)

BinlogActions == {"WriteBinlog", "TakeBinlog", "Dump"}

BinlogMatches(action, n, a) ==
    /\ n \in DataNodes
    /\ role[n] # "down"
    /\ UNCHANGED allVars
    /\ \/ /\ action = "WriteBinlog"
          /\ Same(a[1], begun + 1)
          /\ WritesBinlog(n)
       \/ /\ action = "TakeBinlog"
          /\ \E k \in Choices(a[1], Lengths(n)) : TakesBinlog(n, k)
       \/ /\ action = "Dump"
          /\ Dumps(n)
          /\ Same(a[1], downstream'[Len(downstream')])

-----------------------------------------------------------------------------
(* What the node showed of its binlog: how many transactions, and the last.  *)

LastOf(events) == IF events = <<>> THEN 0 ELSE events[Len(events)]

BinlogShows(n, v) ==
    IF n \in DataNodes
    THEN /\ Same(v[12], Len(binlog'[n]))
         /\ Same(v[13], LastOf(binlog'[n]))
    ELSE v[12] = Absent /\ v[13] = Absent

-----------------------------------------------------------------------------
(* The shared steps: what each of them is in Binlog.                         *)

Elected(n) ==
    /\ binlog' = [binlog EXCEPT ![n] = Judge(n, Nobody)!OnPromotion(n)]
    /\ sent' = (term[n] :> [first |-> Len(binlog'[n]), events |-> binlog'[n]]) @@ sent
    /\ UNCHANGED <<opOf, downstream, begun>>
    /\ \E rest \in {[Nobody EXCEPT !.committed = RedoOf(Committed)]} : Judge(n, rest)!Elect(n)

Commits(n, a) ==
    /\ opOf' = (<<Len(log'[n]), term[n]>> :> a[2]) @@ opOf
    /\ UNCHANGED <<binlog, sent, downstream, begun>>
    /\ Judge(n, Nobody)!WriteRedo(n)

(* A log that became another one: what was taken, or is left.  Where its     *)
(* transactions are the same, this is no step of Binlog.                     *)
OpsOf(theirs) == [k \in 1..Len(SelectSeq(theirs, IsCommit)) |-> SelectSeq(theirs, IsCommit)[k].op]

Takes(n, theirs, restarted) ==
    /\ binlog' = IF Carrier = "redo" THEN [binlog EXCEPT ![n] = OpsOf(theirs)] ELSE binlog
    /\ UNCHANGED <<opOf, sent, downstream, begun>>
    /\ \E rest \in {[Nobody EXCEPT !.leads = term[n], !.redo = theirs, !.restarted = restarted]} :
          Judge(n, rest)!TakeRedo(n, Rest)

Follows(n) ==
    \E theirs \in {RedoOf(log'[n])} :
        IF theirs = RedoOf(log[n]) THEN UNCHANGED binlogVars ELSE Takes(n, theirs, FALSE)

ChangesLog == {"AppendEntries", "Truncate", AbsentName}

LogMatches(action, n, a) ==
    /\ Matches(action, n, a)
    /\ IF n \notin DataNodes THEN UNCHANGED binlogVars
       ELSE IF action = "BecomeLeader" THEN Elected(n)
       ELSE IF action = "WriteMtr" /\ a[2] > 0 THEN Commits(n, a)
       ELSE IF action \in ChangesLog THEN Follows(n)
       ELSE UNCHANGED binlogVars

-----------------------------------------------------------------------------
BinlogInit ==
    /\ TraceInit
    /\ opOf = << >>
    /\ binlog = [n \in DataNodes |-> <<>>]
    /\ sent = << >>
    /\ downstream = <<>>
    /\ begun = 0

JointPass ==
    /\ cursor <= Len(Events)
    /\ LET event == Events[cursor]
       IN  \* A bound n: event[2] under a prime would be the next event's.
           \E n \in {event[2]} :
                /\ IF event[1] \in BinlogActions THEN BinlogMatches(event[1], n, event[3])
                                                 ELSE LogMatches(event[1], n, event[3])
                /\ Shows(n, event[4])
                /\ BinlogShows(n, event[4])
                /\ Tell(n)
    /\ cursor' = cursor + 1
    /\ UNCHANGED run

(* A crash in the middle of a write: the binlog may have become durable, and *)
(* nobody was left to say so.  What the Restart shows says whether; where it *)
(* does not, either may be.  Each is a step of Binlog.                       *)
Found(n, v) == Same(v[12], Len(binlog[n])) /\ Same(v[13], LastOf(binlog[n]))
FoundNext(n, v) == Same(v[12], Len(binlog'[n])) /\ Same(v[13], LastOf(binlog'[n]))

(* A follower that has more binlog than redo drops it before it takes other    *)
(* redo, which the crash has taken again: two steps of Binlog, TakeRedo and    *)
(* TakeRedo.                                                                   *)
Drops(n) ==
    /\ Carrier = "redo"
    /\ ~Leads(n)
    /\ SenderTerms(n) # {}
    /\ binlog[n] # OpsOf(RedoOf(log[n]))
    /\ binlog' = [binlog EXCEPT ![n] = OpsOf(RedoOf(log[n]))]
    /\ UNCHANGED <<opOf, sent, downstream, begun>>

UnsaidStep ==
    /\ cursor <= Len(Events)
    /\ Events[cursor][1] \in {"Restart", AbsentName}
    /\ \E n \in {Events[cursor][2]} : \E v \in {Events[cursor][4]} :
          /\ n \in DataNodes
          /\ role[n] # "down"
          /\ ~Found(n, v) \/ v[12] = Absent
          /\ \/ UNCHANGED allVars /\ WritesBinlog(n)
             \/ UNCHANGED allVars /\ Drops(n)
             \/ UNCHANGED allVars /\ \E k \in Choices(v[12], Lengths(n)) : TakesBinlog(n, k)
             \/ NodeBecomeLeader(n) /\ Elected(n)
          /\ FoundNext(n, v)
    /\ UNCHANGED <<run, cursor>>

(* What a crash leaves.  A binlog of its own is durable.  One that redo       *)
(* carries is that of the redo that is left, as if it were taken; but a       *)
(* leader wrote its binlog first, so that may have what redo has lost.        *)
Left(n) ==
    IF Carrier = "own" THEN UNCHANGED binlogVars
    ELSE \E left \in {RedoOf(log'[n])} :
            \/ (left = RedoOf(log[n]) \/ Leads(n)) /\ UNCHANGED binlogVars
            \/ left # RedoOf(log[n]) /\ Takes(n, left, TRUE)

SaidCrash ==
    /\ ImpliedCrash
    /\ \E n \in {Events[cursor][2]} : \E v \in {Events[cursor][4]} :
          IF n \in DataNodes THEN Left(n) /\ FoundNext(n, v) ELSE UNCHANGED binlogVars

JointCrash == UnsaidStep \/ SaidCrash

JointHidden == HiddenStep /\ UNCHANGED binlogVars
JointFinish == Finish /\ UNCHANGED binlogVars

JointNext ==
    \/ JointPass
    \/ JointCrash
    \/ JointHidden
    \/ JointFinish
==============================================================================
