------------------------------- MODULE Clients -------------------------------
(***************************************************************************)
(* What it describes.  What a client may believe: the outcomes of a        *)
(* commit (H17), what a read may show before the majority has it (H18),    *)
(* reads at a leader that may be deposed (H19: read index, or lease under  *)
(* clock skew), reads at followers and before a leader is known (H28).     *)
(* Two or more clients write and read one register; the history is what    *)
(* they saw, and Linearizable judges it by its values and its real-time    *)
(* order alone, without a look at any log.                                 *)
(*                                                                         *)
(* Reading it.  An LSN is a position in a log, a write puts one record     *)
(* [term, op] there, op is the write's number in the history, and also     *)
(* the value it writes; a term marker has op 0.  The register's value at   *)
(* an LSN is the newest write up to there, 0 if there is none.             *)
(*                                                                         *)
(* What it simplifies.                                                     *)
(*  - Around the data nodes stand the promises R1 to R5 of ReplicatedLog:  *)
(*    Elect, Commit, Learn and Follow are all that they leave to a leader  *)
(*    and those who follow.  A quorum that has elected a leader takes      *)
(*    nothing from an earlier one; so only the newest leader commits, but  *)
(*    an earlier one may learn late what it had committed.                 *)
(*  - A request is invoked when the node takes it, and answered when the   *)
(*    node answers: longer delays only allow more orders.                  *)
(*  - All that is in a log is durable; an entry is one write.              *)
(*  - For leases the voters have one clock, the one that is furthest; its  *)
(*    drift against a leader's stays within Skew over the length of a      *)
(*    lease.                                                               *)
(*                                                                         *)
(* How to break it.  Off names the rules that are switched off: LIM-4,     *)
(* H14, H17, H18, H19, H19-skew, H19-restart, H28, H28-session.            *)
(***************************************************************************)
EXTENDS Naturals, FiniteSets, Sequences

CONSTANTS
    DataNodes,
    Clients,
    Visibility,   \* H18: "hold": others see a write when it is on a majority;
                  \*      "reply": they see it at once, and the answer waits
    Reading,      \* H19: "index" or "lease"
    Lease, Skew,  \* in ticks of a clock; for "lease"
    Off

ClientRules == {"LIM-4", "H14", "H17", "H18", "H19", "H19-skew", "H19-restart",
                "H28", "H28-session"}

On(rule) == rule \notin Off

ASSUME Visibility \in {"hold", "reply"} /\ Reading \in {"index", "lease"}
ASSUME Skew < Lease

VARIABLES
    committed,   \* the committed log
    newest,      \* the newest term that has had a leader
    log,         \* log[n]
    known,       \* known[n]   majority LSN as far as n knows
    role,        \* role[n]    "starting" (heard of no leader yet), "follower", "leader"
    term,        \* term[n]    the term in which n leads or led
    disk,        \* disk[n]    the LSNs as of which two pages of the register are on disk
    history,     \* the operations, in the order of their invocations
    age,         \* age[n]     ticks of n's clock since it sent what voters have answered last
    probe,       \* probe[n]   ticks of n's clock since it sent what is under way
    heard,       \* heard[n]   voters have had what is under way
    rest,        \* ticks of the voters' clock since they heard of a leader
    drift        \* ticks of the voters' clock minus the leader's since then, plus Skew

logVars   == <<committed, newest, log, known, role, term, disk>>
clockVars == <<age, probe, heard, rest, drift>>
vars      == <<logVars, history, clockVars>>

-----------------------------------------------------------------------------
Max(S) == CHOOSE x \in S : \A y \in S : y <= x
Min2(a, b) == IF a <= b THEN a ELSE b
Prefix(s, l) == SubSeq(s, 1, l)
IsPrefix(s, t) == Len(s) <= Len(t) /\ Prefix(t, Len(s)) = s

(* The register as of an LSN. *)
Value(s, l) == LET writes == {k \in 1..l : s[k].op > 0}
               IN  IF writes = {} THEN 0 ELSE s[Max(writes)].op

(* Bounds of the models narrow these. *)
MayElect(n, t) == TRUE
MayInvoke(c, kind) == TRUE
MayCrash(n) == TRUE
MayFlush(n) == TRUE
MayGiveUp(o) == TRUE
MayBeat(n) == TRUE

-----------------------------------------------------------------------------
Init ==
    /\ committed = <<>> /\ newest = 0
    /\ log = [n \in DataNodes |-> <<>>]
    /\ known = [n \in DataNodes |-> 0]
    /\ role = [n \in DataNodes |-> "starting"]
    /\ term = [n \in DataNodes |-> 0]
    /\ disk = [n \in DataNodes |-> <<0, 0>>]
    /\ history = <<>>
    /\ age = [n \in DataNodes |-> Lease]
    /\ probe = [n \in DataNodes |-> Lease]
    /\ heard = [n \in DataNodes |-> FALSE]
    /\ rest = Lease
    /\ drift = Skew

-----------------------------------------------------------------------------
(* The history.  `before` is what had been answered ok when it was invoked: *)
(* the real-time order, as a client can know it.                            *)

Open(c, kind) == \E o \in 1..Len(history) :
    history[o].client = c /\ history[o].status = "open"
AnsweredOk == {o \in 1..Len(history) : history[o].status = "ok"}

Invocation(c, kind, n, leader, at, status) ==
    [client |-> c, kind |-> kind, node |-> n, leader |-> leader, at |-> at,
     status |-> status, value |-> 0, torn |-> FALSE, confirmed |-> FALSE,
     before |-> AnsweredOk]

MayBegin(c, kind) == MayInvoke(c, kind) /\ ~Open(c, kind)

Invokes(op) == history' = Append(history, op)
Answers(o, status, at, value) ==
    history' = [history EXCEPT ![o].status = status, ![o].at = at, ![o].value = value]

(* Nobody is left to answer what was under way at n.  H17: a write that is  *)
(* in the log may still be committed.                                       *)
WithoutAnswer == IF On("H17") THEN "unknown" ELSE "failed"
Abandoned(n) ==
    [o \in 1..Len(history) |->
        IF history[o].status = "open" /\ history[o].node = n
        THEN [history[o] EXCEPT !.status =
                 IF history[o].kind = "write" THEN WithoutAnswer ELSE "failed"]
        ELSE history[o]]

-----------------------------------------------------------------------------
(* The cluster, as far as the promises R1 to R5 tell of it. *)

(* The voters of a newer term have left the older one; with leases they    *)
(* have first heard nothing of its leader for that long.                    *)
Elect(n) ==
    /\ MayElect(n, newest + 1)
    /\ role[n] # "leader"
    /\ IsPrefix(committed, log[n])
    /\ Reading = "lease" => rest >= Lease
    /\ newest' = newest + 1
    /\ role' = [role EXCEPT ![n] = "leader"]
    /\ term' = [term EXCEPT ![n] = newest + 1]
    /\ log' = [log EXCEPT ![n] = Append(@, [term |-> newest + 1, op |-> 0])]
    /\ age' = [age EXCEPT ![n] = Lease]
    /\ probe' = [probe EXCEPT ![n] = Lease]
    /\ heard' = [heard EXCEPT ![n] = FALSE]
    /\ UNCHANGED <<committed, known, disk, history, rest, drift>>

IsNewest(n) == role[n] = "leader" /\ term[n] = newest

Commit(n) ==
    /\ IsNewest(n)
    /\ Len(log[n]) > Len(committed)
    /\ committed' = log[n]
    /\ UNCHANGED <<newest, log, known, role, term, disk, history, clockVars>>

Learn(n) ==
    LET l == Min2(Len(log[n]), Len(committed))
    IN  /\ role[n] = "leader"
        /\ l > known[n]
        /\ Prefix(log[n], l) = Prefix(committed, l)
        /\ known' = [known EXCEPT ![n] = l]
        /\ UNCHANGED <<committed, newest, log, role, term, disk, history, clockVars>>

(* n takes the log of the newest leader, and a majority LSN it was told. *)
Follow(n, m) ==
    /\ role[n] # "leader"
    /\ IsNewest(m)
    /\ log' = [log EXCEPT ![n] = log[m]]
    /\ \E l \in known[n]..known[m] : known' = [known EXCEPT ![n] = l]
    /\ role' = [role EXCEPT ![n] = "follower"]
    /\ <<log', known', role'>> # <<log, known, role>>
    /\ UNCHANGED <<committed, newest, term, disk, history, clockVars>>

(* H13: a deposed leader restarts; so does one that crashes.                *)
Restarts(n) ==
    /\ role' = [role EXCEPT ![n] = "starting"]
    /\ known' = [known EXCEPT ![n] = 0]
    /\ history' = Abandoned(n)
    /\ UNCHANGED <<committed, newest, log, term, disk, clockVars>>

Depose(n) == role[n] = "leader" /\ newest > term[n] /\ Restarts(n)
Crash(n) == MayCrash(n) /\ role[n] # "starting" /\ Restarts(n)

(* A page goes to disk within LIM-2. *)
FlushPage(n, p) ==
    /\ MayFlush(n)
    /\ disk[n][p] < known[n]
    /\ disk' = [disk EXCEPT ![n][p] = known[n]]
    /\ UNCHANGED <<committed, newest, log, known, role, term, history, clockVars>>

-----------------------------------------------------------------------------
(* Leases.  A leader measures from when it sent, the voters from when they  *)
(* heard.                                                                   *)

Beat(n) ==
    /\ MayBeat(n)
    /\ Reading = "lease"
    /\ IsNewest(n)
    /\ probe' = [probe EXCEPT ![n] = 0]
    /\ heard' = [heard EXCEPT ![n] = FALSE]
    /\ UNCHANGED <<logVars, history, age, rest, drift>>

HeardOf(n) ==
    /\ Reading = "lease"
    /\ IsNewest(n)
    /\ probe[n] < Lease
    /\ ~heard[n]
    /\ heard' = [heard EXCEPT ![n] = TRUE]
    /\ rest' = 0
    /\ drift' = Skew
    /\ UNCHANGED <<logVars, history, age, probe>>

SinceSent(n) == probe[n]

Renewed(n) ==
    /\ heard[n]
    /\ SinceSent(n) < age[n]
    /\ age' = [age EXCEPT ![n] = SinceSent(n)]
    /\ probe' = [probe EXCEPT ![n] = Lease]
    /\ heard' = [heard EXCEPT ![n] = FALSE]
    /\ UNCHANGED <<logVars, history, rest, drift>>

Older(t) == Min2(t + 1, Lease)

LeaderTick ==
    /\ Reading = "lease"
    /\ drift > 0
    /\ drift' = drift - 1
    /\ age' = [n \in DataNodes |-> Older(age[n])]
    /\ probe' = [n \in DataNodes |-> Older(probe[n])]
    /\ UNCHANGED <<logVars, history, heard, rest>>

VoterTick ==
    /\ Reading = "lease"
    /\ rest < Lease
    /\ drift < 2 * Skew
    /\ drift' = drift + 1
    /\ rest' = rest + 1
    /\ UNCHANGED <<logVars, history, age, probe, heard>>

(* A voter that restarts does not know of whom it heard, nor when: it waits *)
(* as if it had heard just now.                                             *)
VoterRestarts ==
    /\ Reading = "lease"
    /\ rest' = IF On("H19-restart") THEN 0 ELSE Lease
    /\ drift' = Skew
    /\ rest' # rest
    /\ UNCHANGED <<logVars, history, age, probe, heard>>

HasLease(n) == age[n] + (IF On("H19-skew") THEN Skew ELSE 0) < Lease

-----------------------------------------------------------------------------
(* Writes. *)

(* H14: its own term's marker is committed, and it knows. *)
Serving(n) ==
    /\ role[n] = "leader"
    /\ On("H14") => \E l \in 1..known[n] : log[n][l].term = term[n]

Write(c, n) ==
    /\ MayBegin(c, "write")
    /\ Serving(n)
    /\ log' = [log EXCEPT ![n] = Append(@, [term |-> term[n], op |-> Len(history) + 1])]
    /\ Invokes(Invocation(c, "write", n, n, Len(log[n]) + 1, "open"))
    /\ UNCHANGED <<committed, newest, known, role, term, disk, clockVars>>

Refuse(c, n) ==
    /\ MayBegin(c, "refused")
    /\ ~Serving(n)
    /\ Invokes(Invocation(c, "write", n, n, 0, "failed"))
    /\ UNCHANGED <<logVars, clockVars>>

AnswerWrite(o) ==
    /\ history[o].kind = "write" /\ history[o].status = "open"
    /\ On("LIM-4") => known[history[o].node] >= history[o].at
    /\ Answers(o, "ok", history[o].at, 0)
    /\ UNCHANGED <<logVars, clockVars>>

(* The client has waited long enough.  It can say no more than the node. *)
GiveUp(o) ==
    /\ MayGiveUp(o)
    /\ history[o].kind = "write" /\ history[o].status = "open"
    /\ Answers(o, WithoutAnswer, history[o].at, 0)
    /\ UNCHANGED <<logVars, clockVars>>

-----------------------------------------------------------------------------
(* Reads that are to be linearizable. *)

(* What a read on the leader is to see at least, or as it is now. *)
ReadLsn(n) == IF Visibility = "hold" /\ On("H18") THEN known[n] ELSE Len(log[n])

Read(c, n) ==
    /\ MayBegin(c, "read")
    /\ Serving(n)
    /\ Invokes(Invocation(c, "read", n, n, ReadLsn(n), "open"))
    /\ UNCHANGED <<logVars, clockVars>>

(* H28: at a follower, with the leader's index. *)
ReadThrough(c, n, m) ==
    /\ MayBegin(c, "through")
    /\ Reading = "index"
    /\ role[n] = "follower"
    /\ Serving(m)
    /\ Invokes(Invocation(c, "read", n, m, known[m], "open"))
    /\ UNCHANGED <<logVars, clockVars>>

(* A quorum answers the leader, after the read began, that it still follows *)
(* its term.                                                                *)
Confirm(o) ==
    /\ Reading = "index" /\ On("H19")
    /\ history[o].kind = "read" /\ history[o].status = "open"
    /\ ~history[o].confirmed
    /\ IsNewest(history[o].leader)
    /\ history' = [history EXCEPT ![o].confirmed = TRUE]
    /\ UNCHANGED <<logVars, clockVars>>

StillLeads(o) ==
    \/ ~On("H19")
    \/ IF Reading = "index" THEN history[o].confirmed ELSE HasLease(history[o].leader)

(* Held visibility shows what is on a majority by now; held replies show    *)
(* what was there when the read began, as soon as that is.                  *)
ShownLsn(o) ==
    LET n == history[o].node
    IN  IF Visibility = "hold" \/ n # history[o].leader THEN known[n] ELSE history[o].at

AnswerRead(o) ==
    LET n == history[o].node
        shown == IF On("H18") \/ n # history[o].leader THEN ShownLsn(o) ELSE history[o].at
    IN  /\ history[o].kind = "read" /\ history[o].status = "open"
        /\ StillLeads(o)
        /\ On("H18") \/ n # history[o].leader => known[n] >= history[o].at
        /\ Answers(o, "ok", shown, Value(log[n], shown))
        /\ UNCHANGED <<logVars, clockVars>>

-----------------------------------------------------------------------------
(* Reads at a follower that may be old.  H28: nothing is read before a      *)
(* leader is known; H28-session: nothing older than what the client has     *)
(* seen.                                                                    *)

Seen(c) == Max({0} \cup {history[o].at : o \in {p \in AnsweredOk : history[p].client = c}})

ReadHere(c, n) ==
    LET op == Invocation(c, "local", n, n, known[n], "ok")
    IN  /\ MayBegin(c, "local")
        /\ role[n] = "follower"
        /\ On("H28-session") => known[n] >= Seen(c)
        /\ Invokes([op EXCEPT !.value = Value(log[n], known[n])])
        /\ UNCHANGED <<logVars, clockVars>>

(* Before recovery there is only what lies on disk: pages, each as of an    *)
(* LSN of its own.                                                          *)
ReadEarly(c, n) ==
    LET op == Invocation(c, "local", n, n, disk[n][1], "ok")
    IN  /\ ~On("H28")
        /\ MayBegin(c, "local")
        /\ role[n] = "starting"
        /\ Invokes([op EXCEPT !.value = Value(log[n], disk[n][1]),
                              !.torn = Value(log[n], disk[n][1]) # Value(log[n], disk[n][2])])
        /\ UNCHANGED <<logVars, clockVars>>

-----------------------------------------------------------------------------
(* Arguments drawn from the state; named, so that TLC labels the edges. *)
AnswersWrites == \E o \in 1..Len(history) : AnswerWrite(o)
GivesUp == \E o \in 1..Len(history) : GiveUp(o)
Confirms == \E o \in 1..Len(history) : Confirm(o)
AnswersReads == \E o \in 1..Len(history) : AnswerRead(o)

Next ==
    \/ \E n \in DataNodes : Elect(n)
    \/ \E n \in DataNodes : Commit(n)
    \/ \E n \in DataNodes : Learn(n)
    \/ \E n, m \in DataNodes : Follow(n, m)
    \/ \E n \in DataNodes : Depose(n)
    \/ \E n \in DataNodes : Crash(n)
    \/ \E n \in DataNodes, p \in 1..2 : FlushPage(n, p)
    \/ \E n \in DataNodes : Beat(n)
    \/ \E n \in DataNodes : HeardOf(n)
    \/ \E n \in DataNodes : Renewed(n)
    \/ LeaderTick
    \/ VoterTick
    \/ VoterRestarts
    \/ \E c \in Clients, n \in DataNodes : Write(c, n)
    \/ \E c \in Clients, n \in DataNodes : Refuse(c, n)
    \/ AnswersWrites
    \/ GivesUp
    \/ \E c \in Clients, n \in DataNodes : Read(c, n)
    \/ \E c \in Clients, n, m \in DataNodes : ReadThrough(c, n, m)
    \/ Confirms
    \/ AnswersReads
    \/ \E c \in Clients, n \in DataNodes : ReadHere(c, n)
    \/ \E c \in Clients, n \in DataNodes : ReadEarly(c, n)

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
(* Invariants. *)

TypeOK ==
    /\ \A n \in DataNodes : known[n] \in 0..Len(log[n])
    /\ role \in [DataNodes -> {"starting", "follower", "leader"}]
    /\ \A o \in 1..Len(history) :
           /\ history[o].status \in {"open", "ok", "failed", "unknown"}
           /\ history[o].before \subseteq 1..(o - 1)

(* What the environment has promised: R3, and R5. *)
KnownIsCommitted == \A n \in DataNodes : IsPrefix(Prefix(log[n], known[n]), committed)
LeaderHasCommitted == \A n \in DataNodes : IsNewest(n) => IsPrefix(committed, log[n])

IsIn(s, o) == \E l \in 1..Len(s) : s[l].op = o

(* The one promise, and what failed means (H17). *)
AcknowledgedIsCommitted ==
    \A o \in 1..Len(history) :
        history[o].kind = "write" /\ history[o].status = "ok" => IsIn(committed, o)
FailedNeverHappens ==
    \A o \in 1..Len(history) :
        history[o].kind = "write" /\ history[o].status = "failed" => ~IsIn(committed, o)

(* The history is that of one register: some order of what was answered     *)
(* ok, and of any writes of which nobody was told, keeps the real-time      *)
(* order and explains each value read.                                      *)
Explained(all) ==
    LET Explains[must \in SUBSET all, may \in SUBSET all, value \in 0..Len(history)] ==
            \/ must = {}
            \/ \E o \in must \cup may :
                   /\ history[o].before \cap must = {}
                   /\ history[o].kind = "read" => history[o].value = value
                   /\ Explains[must \ {o}, may \ {o}, IF history[o].kind = "write" THEN o ELSE value]
    IN  Explains[{o \in all : history[o].status = "ok"},
                 {o \in all : history[o].kind = "write" /\ history[o].status \in {"open", "unknown"}},
                 0]

Strong == {o \in 1..Len(history) : history[o].kind \in {"write", "read"}}
(* Writes alone can always be put in the order of their invocations.        *)
Linearizable ==
    (\E o \in Strong : history[o].kind = "read" /\ history[o].status = "ok") => Explained(Strong)

(* Reads that may be old. *)
Local == {o \in 1..Len(history) : history[o].kind = "local"}
LocalReadsAreCommitted ==
    \A o \in Local : history[o].value = 0 \/ IsIn(committed, history[o].value)
LocalReadsAreOfOneMoment == \A o \in Local : ~history[o].torn
LocalReadsAreInSession ==
    \A o \in Local : \A p \in history[o].before :
        history[p].client = history[o].client => history[p].at <= history[o].at

(* Not promised: TLC refutes it, so a local read may be of any age.         *)
LocalReadsAreFresh ==
    \A o \in Local : \A p \in history[o].before : history[p].at <= history[o].at
==============================================================================
