------------------------------ MODULE MCClients ------------------------------
(* The bounds of the Clients models, and what they must reach.              *)
EXTENDS Clients, TLC

CONSTANTS
    First,     \* who leads the first term (the nodes are alike)
    MaxTerm,
    MaxOps,    \* operations of all clients
    Writer,    \* the client that writes
    Crashes,   \* who may crash
    Kinds      \* the kinds of operations there are

ASSUME Off \subseteq ClientRules

MCMayElect(n, t) == t <= MaxTerm /\ (t = 1 => n = First)
MCMayCrash(n) == n \in Crashes
MCMayFlush(n) == n \in Crashes /\ "local" \in Kinds
MCMayGiveUp(o) == "refused" \in Kinds
MCMayBeat(n) == n = First
MCMayInvoke(c, kind) ==
    /\ Len(history) < MaxOps
    /\ kind \in Kinds
    /\ kind \in {"write", "refused"} => c = Writer
    /\ kind = "read" => c # Writer
    /\ Reading = "lease" =>
           /\ kind = "write" => newest > 1
           /\ \A o \in 1..Len(history) : history[o].kind # kind
    /\ kind = "refused" => \A o \in 1..Len(history) : history[o].status # "failed"

-----------------------------------------------------------------------------
Registers == 1..9
Unseen == \A k \in Registers : TLCSet(k, FALSE)
MCInit == Init /\ Unseen

(* The first leader serves, and all have its marker and know it. *)
Marker == <<[term |-> 1, op |-> 0]>>
Settled ==
    /\ committed = Marker /\ newest = 1
    /\ log = [n \in DataNodes |-> Marker]
    /\ known = [n \in DataNodes |-> 1]
    /\ role = [n \in DataNodes |-> IF n = First THEN "leader" ELSE "follower"]
    /\ term = [n \in DataNodes |-> IF n = First THEN 1 ELSE 0]
    /\ disk = [n \in DataNodes |-> <<0, 0>>]
    /\ history = <<>>
    /\ age = [n \in DataNodes |-> Lease]
    /\ probe = [n \in DataNodes |-> Lease]
    /\ heard = [n \in DataNodes |-> FALSE]
    /\ rest = Lease
    /\ drift = Skew
    /\ Unseen

Witnessed(k, name, reached) ==
    IF reached /\ ~TLCGet(k)
    THEN TLCSet(k, TRUE) /\ PrintT(<<"WITNESS", name>>) ELSE TRUE

Writes == {o \in 1..Len(history) : history[o].kind = "write"}
Reads == {o \in 1..Len(history) : history[o].kind = "read" /\ history[o].status = "ok"}
InSomeLog(o) == \E n \in DataNodes : IsIn(log[n], o)

SeesUnknownCommitted ==
    Witnessed(1, "UnknownCommitted", \E o \in Writes : history[o].status = "unknown" /\ IsIn(committed, o))
SeesUnknownLost ==
    Witnessed(2, "UnknownLost", \E o \in Writes : history[o].status = "unknown" /\ ~InSomeLog(o))
SeesFailed ==
    Witnessed(3, "Failed", \E o \in Writes : history[o].status = "failed")
SeesDeposedRead ==     \* a leader that does not know that it is deposed is asked
    Witnessed(4, "DeposedRead", \E o \in 1..Len(history) : LET m == history[o].leader IN
        history[o].kind = "read" /\ history[o].status = "open" /\ role[m] = "leader" /\ term[m] < newest
        /\ \E p \in history[o].before : history[p].leader # m)
SeesValueRead ==       \* a later leader shows what an earlier one has acknowledged
    Witnessed(5, "ValueRead", \E o \in Reads : \E p \in history[o].before :
        history[p].kind = "write" /\ history[o].value = p /\ history[o].leader # history[p].leader)
SeesThrough ==
    Witnessed(6, "ReadThrough", \E o \in Reads : history[o].node # history[o].leader /\ history[o].value > 0)
SeesOldLocal ==
    Witnessed(7, "OldLocalRead", \E o \in Local : \E p \in history[o].before : history[p].at > history[o].at)
SeesHeld ==            \* a read is asked while a write is visible to the leader alone
    Witnessed(8, "HeldBack", \E o \in 1..Len(history) : history[o].kind = "read" /\ history[o].status = "open"
        /\ known[history[o].leader] < Len(log[history[o].leader]))
SeesLeaseLost ==       \* a leader is deposed, and its lease is over
    Witnessed(9, "LeaseOver", \E n \in DataNodes :
        role[n] = "leader" /\ term[n] < newest /\ ~HasLease(n) /\ \E o \in Reads : history[o].leader = n)
=============================================================================
