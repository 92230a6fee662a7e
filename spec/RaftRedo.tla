------------------------------- MODULE RaftRedo -------------------------------
(***************************************************************************)
(* What it describes.  InnoDB's redo log replicated by Raft: election,     *)
(* entries that are runs of mini-transactions (mtr) closed by a meta       *)
(* record, durable LSN, acknowledgement, majority LSN, truncation, crash,  *)
(* restart by a scan, log nodes and the hand-over of leadership.           *)
(*                                                                         *)
(* Reading it.  An LSN is a position in the sequence of mtrs: LSN = L      *)
(* means that everything up to and with the L-th mtr is meant; 0 is the    *)
(* empty log.  An entry (LOG-2) is a run of mtrs whose last one is its     *)
(* meta record (kind "meta": term, index, start LSN, size).  An entry of a *)
(* meta record alone is a term marker.  Mtrs behind the last meta record   *)
(* are an open entry: only the leader that writes has one.  Raft's index   *)
(* is the number of meta records up to an LSN.                             *)
(*                                                                         *)
(* What it simplifies.                                                     *)
(*  - The network is its history.  Every message that somebody could have  *)
(*    sent so far may arrive now, later, twice or never: loss, delay,      *)
(*    reordering and duplication need no further action.  A leader's       *)
(*    messages are pieces of leaderLog[t], the log of the leader of term   *)
(*    t, which only grows; an acknowledgement counts with its largest LSN  *)
(*    (acked); requests for votes and votes are kept as sets.  No delivery *)
(*    order is assumed, so partitions are covered too.                     *)
(*  - A node may learn of any term that somebody was a candidate in.       *)
(*  - Term and vote are durable at once (H9); the redo log is durable up   *)
(*    to durable[n], and a crash keeps any longer part of it.              *)
(*  - A crash that tears an mtr leaves one mtr of kind "half"; sectors and *)
(*    blocks are the business of LogBlocks.                                *)
(*  - No membership change.                                                *)
(*                                                                         *)
(* How to break it.  Off is the set of rules that are switched off; every  *)
(* rule has a model in models/ that shows what goes wrong without it       *)
(* (redoraft why RULE).                                                    *)
(***************************************************************************)
EXTENDS Naturals, FiniteSets, Sequences, TLC

CONSTANTS
    DataNodes,   \* nodes with data pages (CL-1)
    LogNodes,    \* nodes that store log and vote, and have no pages (CL-1, CL-2)
    Off          \* the rules that are switched off

Node == DataNodes \cup LogNodes

RaftRules == {"CL-1", "CL-2", "LOG-1", "LOG-5", "LOG-5-term", "LOG-6", "LOG-12",
              "LIM-4", "H8", "H9", "H9-vote", "H15", "H16", "H34"}

ASSUME ThereIsADataNode == DataNodes # {}
ASSUME KindsAreDisjoint == DataNodes \cap LogNodes = {}

On(rule) == rule \notin Off

NoOne == "none"

VARIABLES
    term,          \* term[n]      current term; durable beside the redo log
    votedFor,      \* votedFor[n]  the vote of that term; durable beside the redo log
    role,          \* role[n]      "down", "follower", "candidate", "leader"
    log,           \* log[n]       the redo log: a sequence of mtrs
    durable,       \* durable[n]   LSN up to which it is on disk (flushed LSN)
    known,         \* known[n]     majority LSN as far as n knows; volatile (H16)
    agreed,        \* agreed[n]    LSN up to which n's log is known to be that of
                   \*              the leader of n's term; volatile
    candidacies,   \* requests for votes made so far
    votes,         \* votes given so far
    leaderLog,     \* leaderLog[t]   what the leader of term t has had as its log
    leaderKnown,   \* leaderKnown[t] the largest majority LSN it has sent
    acked,         \* acked[t][n]    the largest LSN that n acknowledged to it
    acknowledged,  \* transactions answered ok, as [term, lsn] of their commit mtr
    settled        \* ghost: settled[n], what n has known and had durable at once

nodeVars    == <<term, votedFor, role, log, durable, known, agreed>>
networkVars == <<candidacies, votes, leaderLog, leaderKnown, acked>>
ghostVars   == <<acknowledged, settled>>
vars        == <<nodeVars, networkVars, ghostVars>>

-----------------------------------------------------------------------------
(* Logs. *)

Max(S) == CHOOSE x \in S : \A y \in S : y <= x
Min2(a, b) == IF a <= b THEN a ELSE b
Max2(a, b) == IF a >= b THEN a ELSE b

Data(t) == [term |-> t, kind |-> "data"]
Meta(t) == [term |-> t, kind |-> "meta"]
Half(t) == [term |-> t, kind |-> "half"]

Prefix(s, l) == SubSeq(s, 1, l)
IsPrefix(s, t) == Len(s) <= Len(t) /\ Prefix(t, Len(s)) = s

TermAt(s, l) == IF l = 0 THEN 0 ELSE s[l].term

(* An entry ends at its meta record, and none at the start of the log.       *)
IsEnd(s, l) == IF l = 0 THEN TRUE ELSE l <= Len(s) /\ s[l].kind = "meta"
EntryEnds(s) == {l \in 0..Len(s) : IsEnd(s, l)}

(* The end of the last whole entry at or below l. *)
RECURSIVE EndBelow(_, _)
EndBelow(s, l) == IF IsEnd(s, l) THEN l ELSE EndBelow(s, l - 1)

(* The end of the last whole entry: what the parse-only scan finds (ST-2). *)
Closed(s) == EndBelow(s, Len(s))

(* Raft's index of the last whole entry. *)
LastIndex(s) == Cardinality(EntryEnds(s)) - 1
LastTerm(s) == TermAt(s, Closed(s))

(* Two logs that hold the same entry hold the same prefix up to it (R2), so  *)
(* the end of what they share is found by term and LSN at entry ends.        *)
IsSharedEnd(s, t, l) == IsEnd(s, l) /\ IsEnd(t, l) /\ TermAt(s, l) = TermAt(t, l)

RECURSIVE SharedBelow(_, _, _)
SharedBelow(s, t, l) == IF IsSharedEnd(s, t, l) THEN l ELSE SharedBelow(s, t, l - 1)

IsQuorum(S) == 2 * Cardinality(S) > Cardinality(Node)

-----------------------------------------------------------------------------
(* What the environment is allowed to do.  Models narrow these definitions   *)
(* (in their .cfg); the specification itself has no bounds.                  *)

MayStartElection(n) == TRUE
MayWrite(n) == TRUE
MayCrash(n) == TRUE
MayFsync(n, l) == TRUE
MaySend(t, from, upto) == TRUE

-----------------------------------------------------------------------------
Init ==
    /\ term = [n \in Node |-> 0]
    /\ votedFor = [n \in Node |-> NoOne]
    /\ role = [n \in Node |-> "follower"]
    /\ log = [n \in Node |-> <<>>]
    /\ durable = [n \in Node |-> 0]
    /\ known = [n \in Node |-> 0]
    /\ agreed = [n \in Node |-> 0]
    /\ candidacies = {}
    /\ votes = {}
    /\ leaderLog = <<>>
    /\ leaderKnown = <<>>
    /\ acked = <<>>
    /\ acknowledged = {}
    /\ settled = [n \in Node |-> 0]

(* What n knows and has durable at once stays, also after a crash that makes *)
(* it forget (R3).  Only whole entries count (H33): where a crash takes the  *)
(* meta record that closes an entry, the scan drops its durable part too.    *)
(* The last conjunct of an action: it reads known' and durable'.             *)
Settle(n) ==
    settled' = [settled EXCEPT ![n] = Max2(@, EndBelow(log'[n], Min2(known'[n], durable'[n])))]

-----------------------------------------------------------------------------
(* Election (CL-1, H9). *)

(* Every message carries a term, and every term begins with a candidacy; a   *)
(* message may arrive when nobody is in its term any more.                   *)
TermsHeard == {c.term : c \in candidacies}

(* A node that learns of a newer term follows it.  A leader drops its open   *)
(* entry: it was never sent.                                                 *)
UpdateTerm(n, t) ==
    /\ role[n] # "down"
    /\ t > term[n]
    /\ t \in TermsHeard
    /\ term' = [term EXCEPT ![n] = t]
    /\ votedFor' = [votedFor EXCEPT ![n] = NoOne]
    /\ role' = [role EXCEPT ![n] = "follower"]
    /\ log' = [log EXCEPT ![n] = Prefix(@, Closed(@))]
    /\ durable' = [durable EXCEPT ![n] = Min2(@, Closed(log[n]))]
    /\ agreed' = [agreed EXCEPT ![n] = 0]
    /\ UNCHANGED <<known, networkVars, ghostVars>>

StartElection(n) ==
    /\ MayStartElection(n)
    /\ role[n] \in {"follower", "candidate"}
    /\ term' = [term EXCEPT ![n] = @ + 1]
    /\ votedFor' = [votedFor EXCEPT ![n] = n]
    /\ role' = [role EXCEPT ![n] = "candidate"]
    /\ agreed' = [agreed EXCEPT ![n] = 0]
    /\ candidacies' = candidacies \cup
         {[term |-> term[n] + 1, node |-> n, lastTerm |-> LastTerm(log[n]),
           lastIndex |-> LastIndex(log[n]), lastLsn |-> Closed(log[n])]}
    /\ votes' = votes \cup {[term |-> term[n] + 1, from |-> n, to |-> n]}
    /\ UNCHANGED <<log, durable, known, leaderLog, leaderKnown, acked, ghostVars>>

(* H9: by (last term, index), never by LSN. *)
UpToDate(c, s) ==
    IF On("H9")
    THEN \/ c.lastTerm > LastTerm(s)
         \/ c.lastTerm = LastTerm(s) /\ c.lastIndex >= LastIndex(s)
    ELSE c.lastLsn >= Closed(s)

GrantVote(n, c) ==
    /\ role[n] # "down"
    /\ c.node # n
    /\ c.term = term[n]
    /\ votedFor[n] \in {NoOne, c.node}
    /\ UpToDate(c, log[n])
    /\ votedFor' = [votedFor EXCEPT ![n] = c.node]
    /\ votes' = votes \cup {[term |-> c.term, from |-> n, to |-> c.node]}
    /\ UNCHANGED <<term, role, log, durable, known, agreed,
                   candidacies, leaderLog, leaderKnown, acked, ghostVars>>

VotersFor(n) == {v.from : v \in {w \in votes : w.term = term[n] /\ w.to = n}}

(* A data node opens its term with a marker: an entry of its own to commit   *)
(* (H8, H14).  A log node writes nothing (CL-2).                             *)
BecomeLeader(n) ==
    LET t == term[n]
        marked == IF n \in DataNodes \/ ~On("CL-2")
                  THEN Append(log[n], Meta(t)) ELSE log[n]
    IN  /\ role[n] = "candidate"
        /\ IsQuorum(VotersFor(n))
        /\ role' = [role EXCEPT ![n] = "leader"]
        /\ log' = [log EXCEPT ![n] = marked]
        /\ leaderLog' = (t :> marked) @@ leaderLog
        /\ leaderKnown' = (t :> 0) @@ leaderKnown
        /\ acked' = (t :> [m \in Node |-> IF m = n THEN EndBelow(log[n], durable[n]) ELSE 0])
                    @@ acked
        /\ UNCHANGED <<term, votedFor, durable, known, agreed, candidacies, votes, ghostVars>>

(* CL-2: a log node leads only to hand over, to a data node that has all it  *)
(* has.  The data node's StartElection follows.                              *)
HandOver(n, m) ==
    /\ role[n] = "leader"
    /\ n \in LogNodes
    /\ m \in DataNodes
    /\ acked[term[n]][m] >= Closed(log[n])
    /\ role' = [role EXCEPT ![n] = "follower"]
    /\ UNCHANGED <<term, votedFor, log, durable, known, agreed, networkVars, ghostVars>>

-----------------------------------------------------------------------------
(* The leader writes (LOG-1, LOG-2, CL-1, CL-2). *)

MayServe(n) ==
    /\ role[n] = "leader" \/ (~On("CL-1") /\ role[n] = "follower")
    /\ n \in DataNodes \/ ~On("CL-2")

Extend(n, mtr) ==
    /\ log' = [log EXCEPT ![n] = Append(@, mtr)]
    /\ leaderLog' = IF role[n] = "leader"
                    THEN [leaderLog EXCEPT ![term[n]] = log'[n]] ELSE leaderLog
    /\ UNCHANGED <<term, votedFor, role, durable, known, agreed,
                   candidacies, votes, leaderKnown, acked, ghostVars>>

WriteMtr(n) ==
    /\ MayWrite(n)
    /\ MayServe(n)
    /\ Extend(n, Data(term[n]))

CloseEntry(n) ==
    /\ MayServe(n)
    /\ Len(log[n]) > Closed(log[n])
    /\ Extend(n, Meta(term[n]))

(* The log writer's fsync.  The leader's own durable entries count as        *)
(* acknowledged by itself (H15: only up to its durable LSN).                 *)
Fsync(n, l) ==
    /\ MayFsync(n, l)
    /\ role[n] # "down"
    /\ l \in (durable[n] + 1)..Len(log[n])
    /\ durable' = [durable EXCEPT ![n] = l]
    /\ acked' = IF role[n] = "leader"
                THEN [acked EXCEPT ![term[n]][n] = Max2(@, EndBelow(log[n], l))]
                ELSE acked
    /\ UNCHANGED <<term, votedFor, role, log, known, agreed,
                   candidacies, votes, leaderLog, leaderKnown, acknowledged>>
    /\ Settle(n)

-----------------------------------------------------------------------------
(* A follower takes log from the leader of its term (LOG-5), truncates what  *)
(* disagrees, and acknowledges what is durable.                              *)

(* Those whose messages n takes. *)
SenderTerms(n) ==
    IF role[n] \in {"follower", "candidate"}
    THEN {t \in DOMAIN leaderLog : IF On("LOG-5-term") THEN t = term[n] ELSE t <= term[n]}
    ELSE {}

(* The piece (from, upto] of the log of the leader of term t fits behind     *)
(* what n has: n has the entry that ends at from.                            *)
Fits(n, t, from, upto) ==
    /\ t \in SenderTerms(n)
    /\ MaySend(t, from, upto)
    /\ IsEnd(leaderLog[t], upto)
    /\ from <= upto
    /\ IsSharedEnd(log[n], leaderLog[t], from)

(* Where n's log and the leader's piece part ways, or upto if they do not. *)
Parting(n, t, upto) == SharedBelow(log[n], leaderLog[t], Min2(upto, Len(log[n])))

Conflicts(n, t, upto) == Parting(n, t, upto) < Min2(upto, Len(log[n]))

Truncate(n, t, from, upto) ==
    LET cut == Parting(n, t, upto)
    IN  /\ Fits(n, t, from, upto)
        /\ Conflicts(n, t, upto)
        /\ role' = [role EXCEPT ![n] = "follower"]
        /\ log' = [log EXCEPT ![n] = Prefix(@, cut)]
        /\ durable' = [durable EXCEPT ![n] = Min2(@, cut)]
        /\ UNCHANGED <<term, votedFor, known, agreed, networkVars, ghostVars>>

(* H34: a follower learns the majority LSN only from a leader of its own     *)
(* term, and only up to where its log agrees with that leader's.             *)
Learned(n, t, agreedNow, majority) ==
    IF On("H34") THEN Max2(known[n], Min2(majority, agreedNow))
                 ELSE Max2(known[n], Min2(majority, Len(log'[n])))

AppendEntries(n, t, from, upto, majority) ==
    LET now == Max2(agreed[n], upto)
    IN  /\ Fits(n, t, from, upto)
        /\ ~Conflicts(n, t, upto)
        /\ majority \in 0..leaderKnown[t]
        /\ role' = [role EXCEPT ![n] = "follower"]
        /\ log' = [log EXCEPT ![n] = IF Len(@) >= upto THEN @ ELSE Prefix(leaderLog[t], upto)]
        /\ agreed' = [agreed EXCEPT ![n] = now]
        /\ known' = [known EXCEPT ![n] = Learned(n, t, now, majority)]
        /\ UNCHANGED <<term, votedFor, durable, networkVars, acknowledged>>
        /\ Settle(n)

(* LOG-5: only what is durable.  LOG-12: what is durable in the redo log; a  *)
(* second log of Raft's own would answer for records that redo has not.      *)
Acknowledgeable(n) ==
    IF On("LOG-5") /\ On("LOG-12")
    THEN EndBelow(log[n], Min2(agreed[n], durable[n]))
    ELSE agreed[n]

Acknowledge(n) ==
    /\ role[n] = "follower"
    /\ term[n] \in DOMAIN acked
    /\ Acknowledgeable(n) > acked[term[n]][n]
    /\ acked' = [acked EXCEPT ![term[n]][n] = Acknowledgeable(n)]
    /\ UNCHANGED <<nodeVars, candidacies, votes, leaderLog, leaderKnown, ghostVars>>

-----------------------------------------------------------------------------
(* The majority LSN and the commit (LOG-6, LIM-4, H8, H15). *)

Holders(n, l) ==
    {m \in Node : \/ acked[term[n]][m] >= l
                  \/ m = n /\ ~On("H15") /\ Len(log[n]) >= l}

AdvanceMajority(n, l) ==
    /\ role[n] = "leader"
    /\ l > known[n]
    /\ IsEnd(log[n], l)
    /\ IsQuorum(Holders(n, l)) \/ (~On("LOG-6") /\ Holders(n, l) # {})
    /\ On("H8") => TermAt(log[n], l) = term[n]
    /\ known' = [known EXCEPT ![n] = l]
    /\ leaderKnown' = [leaderKnown EXCEPT ![term[n]] = l]
    /\ UNCHANGED <<term, votedFor, role, log, durable, agreed,
                   candidacies, votes, leaderLog, acked, acknowledged>>
    /\ Settle(n)

AckCommit(n, l) ==
    LET commit == [term |-> term[n], lsn |-> l]
    IN  /\ role[n] = "leader"
        /\ l \in 1..Len(log[n])
        /\ log[n][l] = Data(term[n])
        /\ On("LIM-4") => l <= known[n]
        /\ commit \notin acknowledged
        /\ acknowledged' = acknowledged \cup {commit}
        /\ UNCHANGED <<nodeVars, networkVars, settled>>

-----------------------------------------------------------------------------
(* Crash and restart (LOG-1, ST-2's scan, H9, H16). *)

(* What survives: all that is durable and any part of what is not; the mtr   *)
(* that was being written may be left torn.                                  *)
Survivors(n) ==
    LET whole == {Prefix(log[n], l) : l \in durable[n]..Len(log[n])}
        torn  == {Append(Prefix(log[n], l), Half(log[n][l + 1].term)) :
                     l \in durable[n]..(Len(log[n]) - 1)}
    IN  whole \cup torn

Crash(n, left) ==
    /\ MayCrash(n)
    /\ role[n] # "down"
    /\ left \in Survivors(n)
    /\ role' = [role EXCEPT ![n] = "down"]
    /\ log' = [log EXCEPT ![n] = left]
    /\ durable' = [durable EXCEPT ![n] = Len(left)]
    /\ known' = [known EXCEPT ![n] = 0]
    /\ agreed' = [agreed EXCEPT ![n] = 0]
    /\ UNCHANGED <<term, votedFor, networkVars, ghostVars>>

(* The parse-only scan ends at the last whole entry: a torn mtr and an open  *)
(* entry are dropped (LOG-1).                                                *)
Scan(s) == IF On("LOG-1") THEN Prefix(s, Closed(s)) ELSE s

Restart(n) ==
    LET found == Scan(log[n])
    IN  /\ role[n] = "down"
        /\ role' = [role EXCEPT ![n] = "follower"]
        /\ votedFor' = IF On("H9-vote") THEN votedFor ELSE [votedFor EXCEPT ![n] = NoOne]
        /\ log' = [log EXCEPT ![n] = found]
        /\ durable' = [durable EXCEPT ![n] = Len(found)]
        /\ known' = [known EXCEPT ![n] = IF On("H16") THEN 0 ELSE Len(found)]
        /\ UNCHANGED <<term, agreed, networkVars, ghostVars>>

-----------------------------------------------------------------------------
(* Arguments drawn from the state; named, so that TLC labels the edges.      *)
(* Messages that would change nothing are left out (Spec allows stuttering). *)

LearnsTerm(n) == \E t \in TermsHeard : UpdateTerm(n, t)
NewCandidacies(n) == {c \in candidacies : c.term = term[n] /\ votedFor[n] # c.node}
Votes(n) == \E c \in NewCandidacies(n) : GrantVote(n, c)
HandsOver(n) == \E m \in DataNodes : HandOver(n, m)
Fsyncs(n) == \E l \in (durable[n] + 1)..Len(log[n]) : Fsync(n, l)
(* The effect of a piece does not depend on where it starts, as long as it   *)
(* fits, and the longest shared prefix always fits.                          *)
MajoritiesSent(t) == {l \in EntryEnds(leaderLog[t]) : l <= leaderKnown[t]}
Teaches(n, upto, majority) ==
    upto > agreed[n] \/ majority > known[n] \/ role[n] = "candidate"
Truncates(n) ==
    \E t \in SenderTerms(n) : \E upto \in EntryEnds(leaderLog[t]) :
        Truncate(n, t, Parting(n, t, upto), upto)
Appends(n) ==
    \E t \in SenderTerms(n) : \E upto \in EntryEnds(leaderLog[t]) :
        \E majority \in MajoritiesSent(t) :
            /\ Teaches(n, upto, majority)
            /\ AppendEntries(n, t, Parting(n, t, upto), upto, majority)
Advances(n) == \E l \in EntryEnds(log[n]) : AdvanceMajority(n, l)
Answers(n) == \E l \in 1..Len(log[n]) : AckCommit(n, l)
Crashes(n) == \E left \in Survivors(n) : Crash(n, left)

Next == \E n \in Node :
    \/ LearnsTerm(n)
    \/ StartElection(n)
    \/ Votes(n)
    \/ BecomeLeader(n)
    \/ HandsOver(n)
    \/ WriteMtr(n)
    \/ CloseEntry(n)
    \/ Fsyncs(n)
    \/ Truncates(n)
    \/ Appends(n)
    \/ Acknowledge(n)
    \/ Advances(n)
    \/ Answers(n)
    \/ Crashes(n)
    \/ Restart(n)

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
(* The committed log: it grows at the last acknowledgement of a quorum to    *)
(* the leader of a term, for an entry of that term - not when that leader    *)
(* learns of it.  It is read from the history, so a crash changes nothing.   *)

CommittedBy(t) ==
    Max({0} \cup {l \in EntryEnds(leaderLog[t]) :
                    /\ TermAt(leaderLog[t], l) = t
                    /\ IsQuorum({m \in Node : acked[t][m] >= l})})

Committed ==
    LET ends == {<<CommittedBy(t), t>> : t \in DOMAIN leaderLog}
        best == CHOOSE e \in ends : \A f \in ends : f[1] <= e[1]
    IN  IF ends = {} THEN <<>> ELSE Prefix(leaderLog[best[2]], best[1])

-----------------------------------------------------------------------------
(* Invariants. *)

Mtrs == [term : Nat \ {0}, kind : {"data", "meta", "half"}]

TypeOK ==
    /\ term \in [Node -> Nat]
    /\ votedFor \in [Node -> Node \cup {NoOne}]
    /\ role \in [Node -> {"down", "follower", "candidate", "leader"}]
    /\ \A n \in Node : \A l \in 1..Len(log[n]) : log[n][l] \in Mtrs
    /\ \A n \in Node : durable[n] \in 0..Len(log[n])
    /\ \A n \in Node : known[n] \in 0..Len(log[n])
    /\ \A n \in Node : agreed[n] \in 0..Len(log[n])
    /\ DOMAIN leaderLog = DOMAIN acked
    /\ DOMAIN leaderLog = DOMAIN leaderKnown

ElectionSafety ==
    \A n, m \in Node :
        role[n] = "leader" /\ role[m] = "leader" /\ term[n] = term[m] => n = m

LeaderAppendOnly ==
    \A n \in Node : role[n] = "leader" => log[n] = leaderLog[term[n]]

(* R2.  Down nodes are left out: what a torn log holds is not read yet. *)
LogMatching ==
    \A n, m \in {k \in Node : role[k] # "down"} :
        \A l \in EntryEnds(log[n]) \cap EntryEnds(log[m]) :
            TermAt(log[n], l) = TermAt(log[m], l) => Prefix(log[n], l) = Prefix(log[m], l)

(* R3. *)
KnownIsCommitted ==
    LET c == Committed
    IN  \A n \in Node : IsPrefix(Prefix(log[n], known[n]), c)
SettledStays ==
    LET c == Committed
    IN  \A n \in Node : /\ settled[n] <= durable[n]
                        /\ IsPrefix(Prefix(log[n], settled[n]), c)

(* R4. *)
CommittedOnQuorum ==
    LET c == Committed
    IN  IsQuorum({n \in Node : IsPrefix(c, Prefix(log[n], durable[n]))})

(* R5.  Not of a leader whose successor has committed already: it does not  *)
(* know that it is deposed, its log has stopped, and it can commit no more.  *)
Leading(n) ==
    /\ role[n] = "leader"
    /\ CommittedBy(term[n]) > 0
    /\ \A t \in DOMAIN leaderLog : t > term[n] => CommittedBy(t) = 0

LeaderCompleteness == \A n \in Node : Leading(n) => IsPrefix(Committed, log[n])

(* The one promise. *)
AcknowledgedStays ==
    LET c == Committed
    IN  \A a \in acknowledged : a.lsn <= Len(c) /\ c[a.lsn] = Data(a.term)

(* LOG-1 *)
CommittedIsWhole ==
    LET c == Committed IN \A l \in 1..Len(c) : c[l].kind # "half"

(* CL-2 *)
LogNodesNeverServe ==
    \A n \in LogNodes : role[n] = "leader" =>
        \A l \in 1..Len(log[n]) : log[n][l].term # term[n]

(* CL-1: only the leader has an open entry. *)
OnlyTheLeaderWrites ==
    \A n \in Node : role[n] \in {"follower", "candidate"} => Len(log[n]) = Closed(log[n])

-----------------------------------------------------------------------------
(* Refinement: the promises that storage relies on. *)

Interface == INSTANCE ReplicatedLog WITH
    committed <- Committed,
    leading <- [n \in Node |-> Leading(n)]

RefinesReplicatedLog == Interface!Spec
InterfaceRefinesCommittedLog == Interface!RefinesCommittedLog
===============================================================================
