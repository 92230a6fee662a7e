------------------------------ MODULE TraceRaft ------------------------------
(***************************************************************************)
(* What it describes.  Whether recorded runs are behaviours of RaftRedo    *)
(* alone: election, log, majority LSN, crash and restart, of a system that *)
(* says nothing of recovery and apply, or whose writes are not held        *)
(* against them.  In Startup only a leader that has recovered writes, with *)
(* whatever rule off; here it is CL-1 that says who writes.  Runs come     *)
(* from TraceData, as for TraceStartup:                                    *)
(*   << action, node, args, vars >>                                        *)
(* with args in the order of mapping-raft.toml.                            *)
(*                                                                         *)
(* A run is accepted when its cursor has passed its last event, and only   *)
(* the line printed there says so.                                         *)
(*                                                                         *)
(* What it simplifies.  A crash writes no event: a Restart of a node that  *)
(* is up implies one.  A clean stop is a crash that loses nothing.         *)
(*                                                                         *)
(* How to break it.  Take a conjunct out of Shows, or let Finish be        *)
(* enabled earlier: the corpus of rejected traces turns red.               *)
(***************************************************************************)
EXTENDS RaftRedo, TraceData

CONSTANTS
    Hidden,     \* actions that may happen between any two events
    Telling     \* TRUE: print each event that is passed, with the state after it

VARIABLES
    run,        \* which of Runs
    cursor      \* the next event

Absent == -1
AbsentName == "?"

Choices(value, all) == IF value = Absent THEN all ELSE {value}
NameChoices(value, all) == IF value = AbsentName THEN all ELSE {value}
Same(value, actual) == value = Absent \/ value = actual
SameName(value, actual) == value = AbsentName \/ value = actual

-----------------------------------------------------------------------------
(* The events: mapping-raft.toml has the same rows, with the names of the    *)
(* args.                                                                     *)

AcknowledgeAgain(n, l) ==
    /\ role[n] = "follower"
    /\ term[n] \in DOMAIN acked
    /\ l <= acked[term[n]][n]
    /\ UNCHANGED vars

StepOf(n) ==
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
    \/ Restart(n)

Matches(action, n, a) ==
    \/ /\ action = "UpdateTerm"
       /\ \E t \in Choices(a[1], TermsHeard) : UpdateTerm(n, t)
    \/ /\ action = "StartElection"
       /\ StartElection(n)
    \/ /\ action = "GrantVote"
       /\ \E c \in candidacies :
            SameName(a[1], c.node) /\ Same(a[2], c.term) /\ GrantVote(n, c)
    \/ /\ action = "BecomeLeader"
       /\ BecomeLeader(n)
       /\ Same(a[1], Len(log'[n]))
    \/ /\ action = "HandOver"
       /\ \E m \in NameChoices(a[1], DataNodes) : HandOver(n, m)
    \/ /\ action = "WriteMtr"
       /\ WriteMtr(n)
       /\ Same(a[1], Len(log'[n]))
    \/ /\ action = "CloseEntry"
       /\ CloseEntry(n)
       /\ Same(a[1], Len(log'[n]))
    \/ /\ action = "Fsync"
       /\ \E l \in Choices(a[1], (durable[n] + 1)..Len(log[n])) : Fsync(n, l)
    \/ /\ action = "Truncate"
       /\ \E t \in Choices(a[1], SenderTerms(n)) : t \in SenderTerms(n) /\
            \E upto \in Choices(a[3], EntryEnds(leaderLog[t])) :
            \E from \in Choices(a[2], {Parting(n, t, upto)}) :
                Truncate(n, t, from, upto)
       /\ Same(a[4], Len(log'[n]))
    \/ /\ action = "AppendEntries"
       /\ \E t \in Choices(a[1], SenderTerms(n)) : t \in SenderTerms(n) /\
            \E upto \in Choices(a[3], EntryEnds(leaderLog[t])) :
            \E from \in Choices(a[2], {Parting(n, t, upto)}) :
            \E majority \in Choices(a[4], MajoritiesSent(t)) :
                AppendEntries(n, t, from, upto, majority)
    \/ /\ action = "Acknowledge"
       /\ Same(a[1], Acknowledgeable(n))
       /\ Acknowledge(n) \/ AcknowledgeAgain(n, Acknowledgeable(n))
    \/ /\ action = "AdvanceMajority"
       /\ \E l \in Choices(a[1], EntryEnds(log[n])) : AdvanceMajority(n, l)
    \/ /\ action = "AckCommit"
       /\ \E l \in Choices(a[1], 1..Len(log[n])) : AckCommit(n, l)
    \/ /\ action = "Restart"
       /\ Restart(n)
    \/ /\ action = AbsentName
       /\ StepOf(n) \/ (role[n] # "down" /\ UNCHANGED vars)

(* What the node showed after the step. *)
Shows(n, v) ==
    /\ Same(v[1], term'[n])
    /\ SameName(v[2], votedFor'[n])
    /\ SameName(v[3], role'[n])
    /\ Same(v[4], Len(log'[n]))
    /\ Same(v[5], durable'[n])
    /\ Same(v[6], known'[n])
    /\ Same(v[7], agreed'[n])
    /\ Same(v[8], LastTerm(log'[n]))
    /\ Same(v[9], LastIndex(log'[n]))

-----------------------------------------------------------------------------
TraceInit ==
    /\ Init
    /\ run \in 1..Len(Runs)
    /\ cursor = 1

Events == Runs[run].events

Tell(n) ==
    Telling => PrintT(<<"PASSED", run, cursor,
        [term |-> term', votedFor |-> votedFor', role |-> role',
         last |-> [m \in Node |-> Len(log'[m])], durable |-> durable', known |-> known',
         agreed |-> agreed']>>)

Pass ==
    /\ cursor <= Len(Events)
    /\ LET event == Events[cursor]
       IN  /\ Matches(event[1], event[2], event[3])
           /\ Shows(event[2], event[4])
           /\ Tell(event[2])
    /\ cursor' = cursor + 1
    /\ UNCHANGED run

ImpliedCrash ==
    /\ cursor <= Len(Events)
    /\ Events[cursor][1] \in {"Restart", AbsentName}
    /\ Crashes(Events[cursor][2])
    /\ UNCHANGED <<run, cursor>>

HiddenStep ==
    /\ cursor <= Len(Events)
    /\ \E n \in Node :
        \/ "Fsync" \in Hidden /\ Fsyncs(n)
        \/ "Acknowledge" \in Hidden /\ Acknowledge(n)
        \/ "AdvanceMajority" \in Hidden /\ Advances(n)
        \/ "AckCommit" \in Hidden /\ Answers(n)
    /\ UNCHANGED <<run, cursor>>

Finish ==
    /\ cursor = Len(Events) + 1
    /\ PrintT(<<"ACCEPTED", Runs[run].id, Len(Events), Runs[run].hash>>)
    /\ cursor' = cursor + 1
    /\ UNCHANGED <<vars, run>>

TraceNext == Pass \/ ImpliedCrash \/ HiddenStep \/ Finish
=============================================================================
