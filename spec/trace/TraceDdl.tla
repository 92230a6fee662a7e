------------------------------ MODULE TraceDdl ------------------------------
(***************************************************************************)
(* What it describes.  Whether recorded runs are behaviours of DdlFileOps: *)
(* a trace of DDL alone, whose log, majority and elections are those of    *)
(* that module.  Runs come from TraceData, as for TraceStartup:            *)
(*   << action, node, args, vars >>                                        *)
(* with args in the order of mapping-ddl.toml.  An LSN is the number of a  *)
(* record of DdlFileOps.                                                   *)
(*                                                                         *)
(* A run is accepted when its cursor has passed its last event, and only   *)
(* the line printed there says so.                                         *)
(*                                                                         *)
(* What it simplifies.  A crash writes no event: a node that restarts says *)
(* what it has found, and that may be what more steps have done of which   *)
(* nobody was left to tell (UnsaidStep).        What a follower has heard *)
(* of the log and of the majority is Startup's business: only a leader     *)
(* shows them.                                                             *)
(*                                                                         *)
(* How to break it.  Take a conjunct out of Shows, or let Finish be        *)
(* enabled earlier: the corpus of rejected traces turns red.               *)
(***************************************************************************)
EXTENDS DdlFileOps, TraceData, TLC

CONSTANTS
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

(* Tables and files, as <<name, space id>>. *)
AbsentFiles == << <<AbsentName, Absent>> >>
FilesIn(pairs) == {File(pairs[i][1], pairs[i][2]) : i \in 1..Len(pairs)}
SameFiles(value, actual) == value = AbsentFiles \/ FilesIn(value) = actual

(* What a trace's header says of the tables before the first record: the     *)
(* configuration puts it in the place of InitialTables.                      *)
GivenTables == FilesIn(Given)

-----------------------------------------------------------------------------
(* The events: mapping-ddl.toml has the same rows, with the names of the     *)
(* args.                                                                     *)

Named(tables, t) == {f \in tables : f.name = t}
TablesOf(value, tables) == IF value = AbsentName THEN tables ELSE Named(tables, value)

Matches(action, n, a) ==
    \/ /\ action = "Elects"
       /\ \E l \in Choices(a[1], majority..End) : Elect(n, l)
    \/ /\ action = "Establish"
       /\ Establish(n)
    \/ /\ action = "StepDown"
       /\ StepDown(n)
    \/ /\ action = "AdvancesMajority"
       /\ n = leader
       /\ \E l \in Choices(a[1], (majority + 1)..End) : AdvanceMajority(l)
    \/ /\ action = "Restart"
       /\ \/ \E l \in 0..applied[n] : Crash(n, l)
          \/ CrashesInApply(n)
    \/ /\ action = "LateCalls"
       /\ LateCalls(n)
    \/ /\ action = "Applies"
       /\ \E p \in Choices(a[1], ToApply(n)) : Apply(n, p)
    \/ /\ action = "Validate"
       /\ Validate(n)
    \/ /\ action = "RollsBackUnfinished"
       /\ RollsBackUnfinished(n)
       /\ Same(a[1], Len(log'))
    \/ /\ action = "Recovers"
       /\ Recovers(n)
    \/ /\ action = "Serve"
       /\ Serve(n)
    \/ /\ action = "StartsCreate"
       /\ \E t \in NameChoices(a[1], TableNames) : StartCreate(n, t)
       /\ Same(a[2], Len(log'))
    \/ /\ action = "StartsRename"
       /\ \E f \in TablesOf(a[1], Tables(End)) :
          \E u \in NameChoices(a[2], TableNames) : StartRename(n, f, u)
       /\ Same(a[3], Len(log'))
    \/ /\ action = "StartsDrop"
       /\ \E f \in TablesOf(a[1], Tables(End)) : StartDrop(n, f)
       /\ Same(a[2], Len(log'))
    \/ /\ action = "WritesRow"
       /\ \E s \in Choices(a[1], Spaces(Tables(End))) : WriteRow(n, s)
       /\ Same(a[2], Len(log'))
    \/ /\ action = "WriteFileRedo"
       /\ WriteFileRedo(n)
       /\ Same(a[1], Len(log'))
    \/ /\ action = "StopIos"
       /\ StopIos(n)
    \/ /\ action = "CallsOs"
       /\ CallsOs(n)
    \/ /\ action = "Commit"
       /\ Commit(n)
       /\ Same(a[1], Len(log'))
    \/ /\ action = "PostDdl"
       /\ PostDdl(n)
    \/ /\ action = "RollBack"
       /\ RollBack(n)
       /\ Same(a[1], Len(log'))
    \/ /\ action = "WriteUndoRedo"
       /\ WriteUndoRedo(n)
       /\ Same(a[1], Len(log'))
    \/ /\ action = "Clean"
       /\ Clean(n)
       /\ Same(a[1], Len(log'))
    \/ /\ action = "EndDdl"
       /\ EndDdl(n)
    \/ /\ action = "OpensTable"
       /\ \E t \in TablesOf(a[1], Tables(applied[n])) : OpenTable(n, t)
    \/ /\ action = AbsentName
       /\ StepOf(n) \/ (n = leader /\ AdvancesMajority) \/ UNCHANGED vars

(* What the node showed after the step; the last four are a leader's.        *)
RoleOf(n) == IF leader' = n THEN "leader" ELSE "follower"
LeaderShows(v) ==
    /\ SameName(v[6], stage')
    /\ SameName(v[7], job'.pc)
    /\ Same(v[8], Len(log'))
    /\ Same(v[9], majority')

Shows(n, v) ==
    /\ SameName(v[1], RoleOf(n))
    /\ SameName(v[2], phase'[n])
    /\ Same(v[3], applied'[n])
    /\ SameFiles(v[4], files'[n])
    /\ SameFiles(v[5], cache'[n])
    /\ IF leader' = n THEN LeaderShows(v)
       ELSE v[6] = AbsentName /\ v[7] = AbsentName /\ v[8] = Absent /\ v[9] = Absent

-----------------------------------------------------------------------------
(* DdlFileOps!Init, but for who leads at first: the events say that.         *)
TraceInit ==
    /\ log = <<>>
    /\ term = 1
    /\ leader \in DataNodes
    /\ stage = "serving"
    /\ majority = 0
    /\ job = Idle
    /\ files = [n \in DataNodes |-> InitialTables]
    /\ applied = [n \in DataNodes |-> 0]
    /\ phase = [n \in DataNodes |-> "up"]
    /\ late = [n \in DataNodes |-> {}]
    /\ cache = [n \in DataNodes |-> {}]
    /\ run \in 1..Len(Runs)
    /\ cursor = 1

Events == Runs[run].events

Tell(n) ==
    Telling => PrintT(<<"PASSED", run, cursor,
        [phase |-> phase', applied |-> applied', files |-> files', cache |-> cache']>>)

Pass ==
    /\ cursor <= Len(Events)
    /\ LET event == Events[cursor]
       IN  /\ Matches(event[1], event[2], event[3])
           /\ Shows(event[2], event[4])
           /\ Tell(event[2])
    /\ cursor' = cursor + 1
    /\ UNCHANGED run

(* A crash in the middle of a step that writes no redo of its own: it may be *)
(* done, and nobody was left to say so.                                      *)
UnsaidStep ==
    /\ cursor <= Len(Events)
    /\ Events[cursor][1] \in {"Restart", AbsentName}
    /\ LET n == Events[cursor][2]
       IN  CallsOs(n) \/ EndDdl(n) \/ LateCalls(n) \/ Applies(n)
    /\ UNCHANGED <<run, cursor>>

ImpliedCrash == UnsaidStep

Finish ==
    /\ cursor = Len(Events) + 1
    /\ PrintT(<<"ACCEPTED", Runs[run].id, Len(Events), Runs[run].hash>>)
    /\ cursor' = cursor + 1
    /\ UNCHANGED <<vars, run>>

TraceNext == Pass \/ ImpliedCrash \/ Finish
=============================================================================
