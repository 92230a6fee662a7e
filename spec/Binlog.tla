-------------------------------- MODULE Binlog --------------------------------
(***************************************************************************)
(* What it describes.  A binlog beside the replicated redo log (H20), and  *)
(* somebody downstream who reads it.  Commit writes a transaction to the   *)
(* binlog first and to redo then; failover cuts redo, and who cuts the     *)
(* binlog?  Both choices of S1 are here: Carrier = "redo", the binlog is   *)
(* part of what redo carries, so it is in the same order and cut with it;  *)
(* Carrier = "own", it is sent on a way of its own, and cut on promotion.  *)
(* Without a binlog there is nothing to say.                               *)
(*                                                                         *)
(* Reading it.  A redo record is [term, op], op 0 is a term's marker; the  *)
(* binlog is a sequence of op.  All of both is durable.                    *)
(*                                                                         *)
(* What it simplifies.  Around the data nodes stand the promises R1 to R5  *)
(* of ReplicatedLog, as in Clients.  A transaction is one record.          *)
(*                                                                         *)
(* How to break it.  Off names the rules that are switched off: H20 (a new *)
(* leader cuts its binlog to its redo), H20-order (a node has no redo of a *)
(* commit without its binlog), H20-dump (downstream gets only what is on a *)
(* majority).                                                              *)
(***************************************************************************)
EXTENDS Naturals, FiniteSets, Sequences

CONSTANTS DataNodes, Carrier, Off

BinlogRules == {"H20", "H20-order", "H20-dump"}
On(rule) == rule \notin Off

ASSUME Carrier \in {"redo", "own"}

VARIABLES
    committed,  \* the committed redo log
    newest,     \* the newest term that has had a leader
    redo,       \* redo[n]
    known,      \* known[n]    majority LSN as far as n knows
    leads,      \* leads[n]    the term that n leads, 0 if none
    binlog,     \* binlog[n]
    downstream, \* what was sent downstream
    count       \* the transactions that were begun

vars == <<committed, newest, redo, known, leads, binlog, downstream, count>>

-----------------------------------------------------------------------------
Prefix(s, l) == SubSeq(s, 1, l)
IsPrefix(s, t) == Len(s) <= Len(t) /\ Prefix(t, Len(s)) = s
Max(S) == CHOOSE x \in S : \A y \in S : y <= x
Min2(a, b) == IF a <= b THEN a ELSE b

IsWrite(record) == record.op > 0
Ops(log) == LET writes == SelectSeq(log, IsWrite)
            IN  [k \in 1..Len(writes) |-> writes[k].op]

(* Bounds of the models narrow these. *)
MayElect(n, t) == TRUE
MayBegin == TRUE
MayCrash == TRUE

Init ==
    /\ committed = <<>> /\ newest = 0
    /\ redo = [n \in DataNodes |-> <<>>]
    /\ known = [n \in DataNodes |-> 0]
    /\ leads = [n \in DataNodes |-> 0]
    /\ binlog = [n \in DataNodes |-> <<>>]
    /\ downstream = <<>>
    /\ count = 0

-----------------------------------------------------------------------------
(* A cut takes away, it brings nothing back.                                *)
CutTo(s, t) ==
    Prefix(s, Max({k \in 0..Len(s) : k <= Len(t) /\ Prefix(s, k) = Prefix(t, k)}))

(* What a leader's binlog begins with: nothing that its redo does not have. *)
OnPromotion(n) == IF On("H20") THEN CutTo(binlog[n], Ops(redo[n])) ELSE binlog[n]

Elect(n) ==
    /\ MayElect(n, newest + 1)
    /\ leads[n] = 0
    /\ IsPrefix(committed, redo[n])
    /\ newest' = newest + 1
    /\ leads' = [leads EXCEPT ![n] = newest + 1]
    /\ binlog' = [binlog EXCEPT ![n] = OnPromotion(n)]
    /\ redo' = [redo EXCEPT ![n] = Append(@, [term |-> newest + 1, op |-> 0])]
    /\ UNCHANGED <<committed, known, downstream, count>>

IsNewest(n) == leads[n] > 0 /\ leads[n] = newest

Commit(n) ==
    /\ IsNewest(n)
    /\ Len(redo[n]) > Len(committed)
    /\ committed' = redo[n]
    /\ UNCHANGED <<newest, redo, known, leads, binlog, downstream, count>>

Learn(n) ==
    LET l == Min2(Len(redo[n]), Len(committed))
    IN  /\ leads[n] > 0
        /\ l > known[n]
        /\ Prefix(redo[n], l) = Prefix(committed, l)
        /\ known' = [known EXCEPT ![n] = l]
        /\ UNCHANGED <<committed, newest, redo, leads, binlog, downstream, count>>

(* A node that crashes, or is deposed, restarts (H13). *)
Restarts(n) ==
    /\ MayCrash \/ newest > leads[n]
    /\ leads[n] > 0
    /\ leads' = [leads EXCEPT ![n] = 0]
    /\ known' = [known EXCEPT ![n] = 0]
    /\ UNCHANGED <<committed, newest, redo, binlog, downstream, count>>

-----------------------------------------------------------------------------
(* The leader commits a transaction: binlog, then redo. *)

Serving(n) == leads[n] > 0 /\ \E l \in 1..known[n] : redo[n][l].term = leads[n]

WriteBinlog(n) ==
    /\ MayBegin
    /\ Serving(n)
    /\ Len(binlog[n]) = Len(Ops(redo[n]))
    /\ count' = count + 1
    /\ binlog' = [binlog EXCEPT ![n] = Append(@, count + 1)]
    /\ UNCHANGED <<committed, newest, redo, known, leads, downstream>>

WriteRedo(n) ==
    LET written == Len(Ops(redo[n]))
    IN  /\ Serving(n)
        /\ Len(binlog[n]) > written
        /\ redo' = [redo EXCEPT ![n] =
               Append(@, [term |-> leads[n], op |-> binlog[n][Len(binlog[n])]])]
        /\ UNCHANGED <<committed, newest, known, leads, binlog, downstream, count>>

(* A follower takes the leader's binlog, on a way of its own; what its redo *)
(* has and the leader's binlog has not, redo loses first.                   *)
TakeBinlog(n, m) ==
    /\ Carrier = "own"
    /\ leads[n] = 0 /\ IsNewest(m)
    /\ binlog[n] # binlog[m]
    /\ On("H20-order") => IsPrefix(Ops(redo[n]), binlog[m])
    /\ binlog' = [binlog EXCEPT ![n] = binlog[m]]
    /\ UNCHANGED <<committed, newest, redo, known, leads, downstream, count>>

(* The leader's redo, as far as the binlog at hand goes. *)
Covered(log, n) ==
    IF Carrier = "own" /\ On("H20-order")
    THEN Prefix(log, Max({l \in 0..Len(log) : IsPrefix(Ops(Prefix(log, l)), binlog[n])}))
    ELSE log

TakeRedo(n, m) ==
    LET taken == Covered(redo[m], n)
    IN  /\ leads[n] = 0 /\ IsNewest(m)
        /\ redo[n] # taken
        /\ redo' = [redo EXCEPT ![n] = taken]
        /\ binlog' = IF Carrier = "redo" THEN [binlog EXCEPT ![n] = Ops(taken)] ELSE binlog
        /\ UNCHANGED <<committed, newest, known, leads, downstream, count>>

-----------------------------------------------------------------------------
(* Downstream goes on where it is, at whoever serves. *)
Sendable(n) ==
    IF On("H20-dump") THEN Prefix(binlog[n], Len(Ops(Prefix(redo[n], known[n])))) ELSE binlog[n]

Dump(n) ==
    /\ Serving(n)
    /\ Len(Sendable(n)) > Len(downstream)
    /\ downstream' = Append(downstream, Sendable(n)[Len(downstream) + 1])
    /\ UNCHANGED <<committed, newest, redo, known, leads, binlog, count>>

Next ==
    \/ \E n \in DataNodes : Elect(n)
    \/ \E n \in DataNodes : Commit(n)
    \/ \E n \in DataNodes : Learn(n)
    \/ \E n \in DataNodes : Restarts(n)
    \/ \E n \in DataNodes : WriteBinlog(n)
    \/ \E n \in DataNodes : WriteRedo(n)
    \/ \E n, m \in DataNodes : TakeBinlog(n, m)
    \/ \E n, m \in DataNodes : TakeRedo(n, m)
    \/ \E n \in DataNodes : Dump(n)

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
TypeOK == \A n \in DataNodes : known[n] \in 0..Len(redo[n]) /\ leads[n] \in 0..newest

(* The binlog of a leader is its redo's transactions in their order, and   *)
(* at most the one that is being committed.                                *)
BinlogIsRedo ==
    \A n \in DataNodes : leads[n] > 0 =>
        /\ IsPrefix(Ops(redo[n]), binlog[n])
        /\ Len(binlog[n]) <= Len(Ops(redo[n])) + 1

DownstreamIsCommitted == IsPrefix(downstream, Ops(committed))
==============================================================================
