----------------------------- MODULE TraceLimits -----------------------------
(***************************************************************************)
(* What it describes.  Whether recorded runs are behaviours of             *)
(* StorageLimits alone: the storage of one data node, in the environment   *)
(* of that module.  Its pages in the buffer pool are a variable here, so a *)
(* page that holds what its log does not is seen (H13, H21, LIM-3), and    *)
(* so are records of metadata (H22) and what a follower writes by itself   *)
(* (H23): TraceStorage derives the pool from the log that it shares with   *)
(* Startup.  Runs come from TraceData, as for TraceStartup:                *)
(*   << action, node, args, vars >>                                        *)
(* with args in the order of mapping-limits.toml.  An LSN is the number of *)
(* a record of the node's log, or of the committed log.                    *)
(*                                                                         *)
(* A run is accepted when its cursor has passed its last event, and only   *)
(* the line printed there says so.                                         *)
(*                                                                         *)
(* What it simplifies.  What goes on around the node are events of the     *)
(* node: there is nobody else.  A crash writes no event: a node that       *)
(* restarts says what it has found, and that may be what more steps have   *)
(* done of which nobody was left to tell (UnsaidStep).  A flush says which *)
(* page, not from which list.  Of a version its LSN is shown.              *)
(*                                                                         *)
(* How to break it.  Take a conjunct out of Shows, or let Finish be        *)
(* enabled earlier: the corpus of rejected traces turns red.               *)
(***************************************************************************)
EXTENDS StorageLimits, TraceData, TLC

CONSTANTS
    DataNodes,  \* the node, by itself
    Telling     \* TRUE: print each event that is passed, with the state after it

VARIABLES
    run,        \* which of Runs
    cursor      \* the next event

Absent == -1
AbsentName == "?"

Choices(value, all) == IF value = Absent THEN all ELSE {value}
NameChoices(value, all) == IF value = AbsentName THEN all ELSE {value}
Same(value, actual) == value = Absent \/ value = actual

(* Pages and their LSNs, as <<page, LSN>>; a page that is not there is at 0. *)
AbsentLsns == << <<AbsentName, Absent>> >>
PagesIn(lsns) == {lsns[i][1] : i \in 1..Len(lsns)}
LsnIn(lsns, p) == Max({0} \cup {lsns[i][2] : i \in {j \in 1..Len(lsns) : lsns[j][1] = p}})
SameLsns(value, versions) ==
    \/ value = AbsentLsns
    \/ PagesIn(value) \subseteq Pages /\ \A p \in Pages : LsnIn(value, p) = PageLsn(versions[p])

(* An entry, as <<kind, LSN>> of each of its records: the last is the meta   *)
(* record.                                                                   *)
KindsIn(entry) == [i \in 1..(Len(entry) - 1) |-> entry[i][1]]
LastIn(entry) == entry[Len(entry)]
IsEntry(entry) ==
    /\ entry # AbsentLsns
    /\ LastIn(entry)[1] = "meta"
    /\ \A i \in 1..(Len(entry) - 1) : entry[i][1] \in Kinds

-----------------------------------------------------------------------------
(* The events: mapping-limits.toml has the same rows, with the names of the  *)
(* args.                                                                     *)

(* Steps that write no record. *)
Unwritten ==
    \/ PeerGainsSome \/ Fsyncs \/ Learns \/ Truncates \/ StartServing \/ Crashes \/ StepDown
    \/ Applies \/ Checkpoints \/ Deletes
    \/ \E p \in Pages : UnloggedChange(p) \/ FlushLru(p) \/ TakeCopy(p) \/ FlushCopy(p)

Matches(action, n, a) ==
    \/ /\ action = "CommittedGrows"
       /\ IsEntry(a[2])
       /\ CommittedGrows(a[1], KindsIn(a[2]))
       /\ LastIn(a[2])[2] = Len(committed')
    \/ /\ action = "Receive"
       /\ IsEntry(a[2])
       /\ Receive(a[1], KindsIn(a[2]))
       /\ LastIn(a[2])[2] = Len(log')
    \/ /\ action = "PeerGains"
       /\ \E l \in Choices(a[1], Ends(committed)) : PeerGains(l)
    \/ /\ action = "Fsync"
       /\ \E l \in Choices(a[1], (durable + 1)..Len(log)) : Fsync(l)
    \/ /\ action = "Learn"
       /\ \E l \in Choices(a[1], Ends(log)) : Learn(l)
    \/ /\ action = "Truncate"
       /\ \E l \in Choices(a[1], Ends(log)) : Truncate(l)
    \/ /\ action = "StartServing"
       /\ StartServing
    \/ /\ action = "WriteMtr"
       /\ \E k \in NameChoices(a[1], Kinds) : WriteMtr(k)
       /\ Same(a[2], Len(log'))
    \/ /\ action = "CloseEntry"
       /\ CloseEntry
       /\ Same(a[1], Len(log'))
    \/ /\ action = "BackgroundWork"
       /\ \E p \in NameChoices(a[1], Pages) : BackgroundWork(p)
       /\ Same(a[2], Len(log'))
    \/ /\ action = "UnloggedChange"
       /\ \E p \in NameChoices(a[1], Pages) : p \in Pages /\ UnloggedChange(p)
    \/ /\ action = "Restart"
       /\ \E l \in durable..Len(log) : Crash(l)
    \/ /\ action = "StepDown"
       /\ StepDown
    \/ /\ action = "Apply"
       /\ \E l \in Choices(a[1], {applied + 1}) : Apply(l)
    \/ /\ action = "FlushPage"
       /\ \E p \in NameChoices(a[1], Pages) :
            p \in Pages /\ Same(a[2], PageLsn(buffer[p])) /\ FlushLru(p)
    \/ /\ action = "TakeCopy"
       /\ \E p \in NameChoices(a[1], Pages) : p \in Pages /\ TakeCopy(p)
    \/ /\ action = "FlushCopy"
       /\ \E p \in NameChoices(a[1], Pages) :
            p \in Pages /\ Same(a[2], PageLsn(copy[p])) /\ FlushCopy(p)
    \/ /\ action = "Checkpoint"
       /\ \E c \in Choices(a[1], (checkpoint + 1)..CheckpointLimit) : Checkpoint(c)
    \/ /\ action = "DeleteRedo"
       /\ \E l \in Choices(a[1], (oldest + 1)..DeletionLimit) : DeleteRedo(l)
    \/ /\ action = "Seed"
       /\ a[3] # AbsentLsns
       /\ Seed(a[1], a[2], [p \in Pages |-> Max2(a[1], LsnIn(a[3], p))])
       /\ SameLsns(a[3], disk')
    \/ /\ action = AbsentName
       /\ Unwritten \/ UNCHANGED vars

(* What the node showed after the step; the last two are of what is around   *)
(* it.                                                                       *)
Shows(n, v) ==
    /\ Same(v[1], serving')
    /\ Same(v[2], Len(log'))
    /\ Same(v[3], durable')
    /\ Same(v[4], known')
    /\ Same(v[5], applied')
    /\ Same(v[6], checkpoint')
    /\ Same(v[7], oldest')
    /\ SameLsns(v[8], disk')
    /\ SameLsns(v[9], buffer')
    /\ SameLsns(v[10], copy')
    /\ Same(v[11], Len(committed'))
    /\ Same(v[12], peer')

-----------------------------------------------------------------------------
TraceInit ==
    /\ Init
    /\ run \in 1..Len(Runs)
    /\ cursor = 1

Events == Runs[run].events

(* By node, as in the other trace specifications. *)
Of(value) == [m \in DataNodes |-> value]

Tell(n) ==
    Telling => PrintT(<<"PASSED", run, cursor,
        [serving |-> Of(serving'), last |-> Of(Len(log')), durable |-> Of(durable'),
         known |-> Of(known'), applied |-> Of(applied'), checkpoint |-> Of(checkpoint'),
         oldest |-> Of(oldest'), disk |-> Of(disk'), buffer |-> Of(buffer'), copy |-> Of(copy')]>>)

Pass ==
    /\ cursor <= Len(Events)
    /\ LET event == Events[cursor]
       IN  /\ Matches(event[1], event[2], event[3])
           /\ Shows(event[2], event[4])
           /\ Tell(event[2])
    /\ cursor' = cursor + 1
    /\ UNCHANGED run

(* A crash in the middle of writes: pages and a checkpoint may have become   *)
(* durable and redo may be deleted, and nobody was left to say so.  What the *)
(* Restart shows on disk says which; where it does not, any may.             *)
Found(lsns, p, version) == lsns = AbsentLsns \/ LsnIn(lsns, p) = PageLsn(version)
FoundBeyond(v, l) ==
    \/ v[8] = AbsentLsns \/ v[6] = Absent
    \/ v[6] > l
    \/ \E p \in Pages : LsnIn(v[8], p) > l

UnsaidStep ==
    /\ cursor <= Len(Events)
    /\ Events[cursor][1] \in {"Restart", AbsentName}
    /\ \E v \in {Events[cursor][4]} :
       \/ \E p \in Pages : \/ Found(v[8], p, buffer[p]) /\ FlushLru(p)
                           \/ Found(v[8], p, copy[p]) /\ FlushCopy(p)
       \/ \E c \in Choices(v[6], (checkpoint + 1)..CheckpointLimit) : Checkpoint(c)
       \/ \E l \in Choices(v[7], (oldest + 1)..DeletionLimit) : DeleteRedo(l)
       \/ FoundBeyond(v, applied) /\ Applies
    /\ UNCHANGED <<run, cursor>>

ImpliedCrash == UnsaidStep

Finish ==
    /\ cursor = Len(Events) + 1
    /\ PrintT(<<"ACCEPTED", Runs[run].id, Len(Events), Runs[run].hash>>)
    /\ cursor' = cursor + 1
    /\ UNCHANGED <<vars, run>>

TraceNext == Pass \/ ImpliedCrash \/ Finish
=============================================================================
