---------------------------- MODULE TraceStartup ----------------------------
(***************************************************************************)
(* What it describes.  Whether recorded runs are behaviours of Startup.    *)
(* Traces come from the module TraceData, which redoraft validate writes:  *)
(* many runs at once, each a sequence of events                            *)
(*   << action, node, args, vars >>                                        *)
(* with args a sequence of up to four values in the order of mapping.toml  *)
(* and vars what the node showed after the step.  Absent says that a value *)
(* was not recorded: any value that can occur is tried.                    *)
(*                                                                         *)
(* A run is accepted when its cursor has passed its last event, and only   *)
(* the line printed there says so.  A run without that line was refused.   *)
(*                                                                         *)
(* What it simplifies.  A crash writes no event: a Restart of a node that  *)
(* is up implies one, and every part of the log that may have survived is  *)
(* tried.  Torn mtrs are left out there: the scan drops them, so they      *)
(* cannot be told from a cut at the mtr before.                            *)
(*                                                                         *)
(* How to break it.  Take a conjunct out of Shows, or let Finish be        *)
(* enabled earlier: the corpus of rejected traces turns red.               *)
(***************************************************************************)
EXTENDS Startup, TraceData

CONSTANTS
    Hidden,     \* actions that may happen between any two events
    Telling     \* TRUE: print each event that is passed, with the state after it

VARIABLES
    run,        \* which of Runs
    cursor      \* the next event

traceVars == <<allVars, run, cursor>>

Absent == -1
AbsentName == "?"

Choices(value, all) == IF value = Absent THEN all ELSE {value}
NameChoices(value, all) == IF value = AbsentName THEN all ELSE {value}
Same(value, actual) == value = Absent \/ value = actual
SameName(value, actual) == value = AbsentName \/ value = actual

-----------------------------------------------------------------------------
(* The events: mapping.toml has the same rows, with the names of the args.   *)

AcknowledgeAgain(n, l) ==
    /\ role[n] = "follower"
    /\ term[n] \in DOMAIN acked
    /\ l <= acked[term[n]][n]
    /\ UNCHANGED allVars

Matches(action, n, a) ==
    \/ /\ action = "UpdateTerm"
       /\ \E t \in Choices(a[1], TermsHeard) : NodeUpdateTerm(n, t)
    \/ /\ action = "StartElection"
       /\ NodeStartElection(n)
    \/ /\ action = "GrantVote"
       /\ \E c \in candidacies :
            SameName(a[1], c.node) /\ Same(a[2], c.term) /\ NodeGrantVote(n, c)
    \/ /\ action = "BecomeLeader"
       /\ NodeBecomeLeader(n)
       /\ Same(a[1], Len(log'[n]))
    \/ /\ action = "HandOver"
       /\ \E m \in NameChoices(a[1], DataNodes) : NodeHandOver(n, m)
    \/ /\ action = "WriteMtr"
       /\ NodeWriteMtr(n)
       /\ Same(a[1], Len(log'[n]))
    \/ /\ action = "CloseEntry"
       /\ NodeCloseEntry(n)
       /\ Same(a[1], Len(log'[n]))
    \/ /\ action = "Fsync"
       /\ \E l \in Choices(a[1], (durable[n] + 1)..Len(log[n])) : NodeFsync(n, l)
    \/ /\ action = "Truncate"
       /\ \E t \in Choices(a[1], SenderTerms(n)) : t \in SenderTerms(n) /\
            \E upto \in Choices(a[3], EntryEnds(leaderLog[t])) :
            \E from \in Choices(a[2], {Parting(n, t, upto)}) :
                NodeTruncate(n, t, from, upto)
       /\ Same(a[4], Len(log'[n]))
    \/ /\ action = "AppendEntries"
       /\ \E t \in Choices(a[1], SenderTerms(n)) : t \in SenderTerms(n) /\
            \E upto \in Choices(a[3], EntryEnds(leaderLog[t])) :
            \E from \in Choices(a[2], {Parting(n, t, upto)}) :
            \E majority \in Choices(a[4], MajoritiesSent(t)) :
                NodeAppendEntries(n, t, from, upto, majority)
    \/ /\ action = "Acknowledge"
       /\ Same(a[1], Acknowledgeable(n))
       /\ NodeAcknowledge(n) \/ AcknowledgeAgain(n, Acknowledgeable(n))
    \/ /\ action = "AdvanceMajority"
       /\ \E l \in Choices(a[1], EntryEnds(log[n])) : NodeAdvanceMajority(n, l)
    \/ /\ action = "AckCommit"
       /\ \E l \in Choices(a[1], 1..Len(log[n])) : NodeAckCommit(n, l)
    \/ /\ action = "Recover"
       /\ NodeRecover(n)
    \/ /\ action = "Apply"
       /\ \E l \in Choices(a[1], 1..Len(log[n])) : NodeApply(n, l)
    \/ /\ action = "Shutdown"
       /\ NodeShutdown(n)
    \/ /\ action = "Restart"
       /\ NodeRestart(n)
    \/ /\ action = AbsentName
       /\ StepOf(n) \/ (role[n] # "down" /\ UNCHANGED allVars)

(* What the node showed after the step. *)
Shows(n, v) ==
    /\ Same(v[1], term'[n])
    /\ SameName(v[2], votedFor'[n])
    /\ SameName(v[3], role'[n])
    /\ SameName(v[4], phase'[n])
    /\ Same(v[5], Len(log'[n]))
    /\ Same(v[6], durable'[n])
    /\ Same(v[7], known'[n])
    /\ Same(v[8], agreed'[n])
    /\ Same(v[9], applied'[n])
    /\ Same(v[10], LastTerm(log'[n]))
    /\ Same(v[11], LastIndex(log'[n]))

-----------------------------------------------------------------------------
TraceInit ==
    /\ StartupInit
    /\ run \in 1..Len(Runs)
    /\ cursor = 1

Events == Runs[run].events

Tell(n) ==
    Telling => PrintT(<<"PASSED", run, cursor,
        [term |-> term', votedFor |-> votedFor', role |-> role', phase |-> phase',
         last |-> [m \in Node |-> Len(log'[m])], durable |-> durable', known |-> known',
         agreed |-> agreed', applied |-> applied']>>)

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
    /\ LET n == Events[cursor][2]
       IN  /\ role[n] # "down"
           /\ \E l \in durable[n]..Len(log[n]) : NodeCrash(n, Prefix(log[n], l))
    /\ UNCHANGED <<run, cursor>>

HiddenStep ==
    /\ cursor <= Len(Events)
    /\ \E n \in Node :
        \/ "Fsync" \in Hidden /\ NodeFsyncs(n)
        \/ "Acknowledge" \in Hidden /\ NodeAcknowledge(n)
        \/ "AdvanceMajority" \in Hidden /\ NodeAdvances(n)
        \/ "AckCommit" \in Hidden /\ NodeAnswers(n)
        \/ "Recover" \in Hidden /\ NodeRecover(n)
        \/ "Apply" \in Hidden /\ NodeApplies(n)
    /\ UNCHANGED <<run, cursor>>

Finish ==
    /\ cursor = Len(Events) + 1
    /\ PrintT(<<"ACCEPTED", Runs[run].id, Len(Events), Runs[run].hash>>)
    /\ cursor' = cursor + 1
    /\ UNCHANGED <<allVars, run>>

TraceNext == Pass \/ ImpliedCrash \/ HiddenStep \/ Finish
==============================================================================
