--------------------------- MODULE MutantRaftRedo ---------------------------
(* Plausible errors of design and of the world, which are no rule of the     *)
(* requirements: each replaces one definition of RaftRedo, in a .cfg.        *)
EXTENDS MCRaftRedo

(* For mutants that need two terms: nobody stands before the last term has   *)
(* had a leader.                                                             *)
InOrder(n) == MCMayStartElection(n) /\ (term[n] = 0 \/ term[n] \in DOMAIN leaderLog)

(* For those in which the first leader need not be heard: nothing that it    *)
(* sends arrives.                                                            *)
SecondIsHeard(t, from, upto) == t > 1 /\ MCMaySend(t, from, upto)

(* Anybody's vote or acknowledgement will do. *)
LaxQuorum(S) == S # {}

(* A disk that says it has synced what it has not: a crash takes anything.   *)
(* The model needs what it assumes of fsync.                                 *)
SurvivorsOfALyingDisk(n) == {Prefix(log[n], l) : l \in 0..Len(log[n])}

(* A truncation that throws everything away, to fetch it again.              *)
PartingAtTheStart(n, t, upto) == 0

-----------------------------------------------------------------------------
(* Elections. *)

(* A voter looks at the candidate's current term instead of its last         *)
(* entry's: every candidate of a new term is good enough.                    *)
UpToDateByCurrentTerm(c, s) == c.term > LastTerm(s)

(* A voter answers each candidate for itself, and remembers the last one.    *)
GrantEachItsVote(n, c) ==
    /\ role[n] = "follower"
    /\ c.node # n
    /\ c.term = term[n]
    /\ UpToDate(c, log[n])
    /\ votedFor' = [votedFor EXCEPT ![n] = c.node]
    /\ votes' = votes \cup {[term |-> c.term, from |-> n, to |-> c.node]}
    /\ UNCHANGED <<term, role, log, durable, known, agreed,
                   candidacies, leaderLog, leaderKnown, acked, ghostVars>>

(* A candidate that stands again counts the votes it had.                    *)
VotersOfAnyTerm(n) == {v.from : v \in {w \in votes : w.to = n}}

(* A room that does not answer cannot object: it counts as a vote.           *)
VotersAndTheDown(n) ==
    {v.from : v \in {w \in votes : w.term = term[n] /\ w.to = n}}
        \cup {m \in Node : role[m] = "down"}

(* The redo log has a term in every meta record, so none is kept beside it.  *)
RestartInTermOfLog(n) ==
    LET found == Scan(log[n])
    IN  /\ role[n] = "down"
        /\ role' = [role EXCEPT ![n] = "follower"]
        /\ term' = [term EXCEPT ![n] = LastTerm(found)]
        /\ votedFor' = [votedFor EXCEPT ![n] = NoOne]
        /\ log' = [log EXCEPT ![n] = found]
        /\ durable' = [durable EXCEPT ![n] = Len(found)]
        /\ UNCHANGED <<known, agreed, networkVars, ghostVars>>

(* Its vote is its own and durable, so a node that led goes on leading.      *)
RestartLeading(n) ==
    LET found == Scan(log[n])
    IN  /\ role[n] = "down"
        /\ role' = [role EXCEPT ![n] =
               IF votedFor[n] = n /\ term[n] \in DOMAIN leaderLog THEN "leader" ELSE "follower"]
        /\ log' = [log EXCEPT ![n] = found]
        /\ durable' = [durable EXCEPT ![n] = Len(found)]
        /\ UNCHANGED <<term, votedFor, known, agreed, networkVars, ghostVars>>

-----------------------------------------------------------------------------
(* Majorities. *)

(* The middle one of the acknowledged LSNs, as they stand: nobody sorts.     *)
HoldersUnsorted(n, l) == IF acked[term[n]]["n2"] >= l THEN Node ELSE {}

(* The leader stands in its list of peers, and is added to those who answer. *)
HoldersAndMyself(n, l) ==
    LET answered == {m \in Node : acked[term[n]][m] >= l}
    IN  IF n \in answered THEN answered \cup {"leader"} ELSE answered

(* A follower answers for all that it has on disk, whoever's it is.          *)
AcknowledgeAllDurable(n) == EndBelow(log[n], durable[n])

(* A commit waits for the LSN at which its record starts.                    *)
AckCommitByStart(n, l) ==
    LET commit == [term |-> term[n], lsn |-> l]
    IN  /\ role[n] = "leader"
        /\ l \in 1..Len(log[n])
        /\ log[n][l] = Data(term[n])
        /\ l - 1 <= known[n]
        /\ commit \notin acknowledged
        /\ acknowledged' = acknowledged \cup {commit}
        /\ UNCHANGED <<nodeVars, networkVars, settled>>

-----------------------------------------------------------------------------
(* Logs. *)

(* Two logs that both have an entry that ends here agree up to here.         *)
IsSharedEndByLsn(s, t, l) == IsEnd(s, l) /\ IsEnd(t, l)

(* A truncation takes the last entry that is shared too.                     *)
PartingOneEntryLow(n, t, upto) ==
    LET shared == SharedBelow(log[n], leaderLog[t], Min2(upto, Len(log[n])))
    IN  IF shared = 0 THEN 0 ELSE EndBelow(log[n], shared - 1)

(* A truncation cuts the log and leaves the flushed LSN where it was.        *)
TruncateKeepingFlushed(n, t, from, upto) ==
    /\ Fits(n, t, from, upto)
    /\ Conflicts(n, t, upto)
    /\ role' = [role EXCEPT ![n] = "follower"]
    /\ log' = [log EXCEPT ![n] = Prefix(@, Parting(n, t, upto))]
    /\ UNCHANGED <<term, votedFor, durable, known, agreed, networkVars, ghostVars>>

(* A leader that steps down keeps its open entry, to close it one day.       *)
UpdateTermKeepingTail(n, t) ==
    /\ role[n] # "down"
    /\ t > term[n]
    /\ t \in TermsHeard
    /\ term' = [term EXCEPT ![n] = t]
    /\ votedFor' = [votedFor EXCEPT ![n] = NoOne]
    /\ role' = [role EXCEPT ![n] = "follower"]
    /\ agreed' = [agreed EXCEPT ![n] = 0]
    /\ UNCHANGED <<log, durable, known, networkVars, ghostVars>>

(* The majority LSN is what the last message says, and messages overtake     *)
(* one another.                                                              *)
AppendsOvertaken(n) ==
    \E t \in SenderTerms(n) : \E upto \in EntryEnds(leaderLog[t]) :
        \E majority \in MajoritiesSent(t) :
            LET from == Parting(n, t, upto)
                now == Max2(agreed[n], upto)
            IN  /\ Fits(n, t, from, upto)
                /\ ~Conflicts(n, t, upto)
                /\ role' = [role EXCEPT ![n] = "follower"]
                /\ log' = [log EXCEPT ![n] =
                       IF Len(@) >= upto THEN @ ELSE Prefix(leaderLog[t], upto)]
                /\ agreed' = [agreed EXCEPT ![n] = now]
                /\ known' = [known EXCEPT ![n] = Min2(majority, now)]
                /\ UNCHANGED <<term, votedFor, durable, networkVars, acknowledged>>
                /\ Settle(n)
==============================================================================
