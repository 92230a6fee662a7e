----------------------------- MODULE TraceTables -----------------------------
(***************************************************************************)
(* What it describes.  Whether recorded runs are behaviours of Startup and *)
(* of DdlFileOps at once: one log, two modules.  The log, the majority LSN *)
(* and who leads are Startup's, and DdlFileOps gets them by substitution;  *)
(* what DdlFileOps alone knows of a node (files, the LSN of file           *)
(* operations applied, the DDL under way, what readers have open) is kept  *)
(* here and changed by its own actions.                                    *)
(*                                                                         *)
(* Reading it.  DdlFileOps has one log and one majority of a whole         *)
(* cluster.  Here it judges one node at a time, with the log that this     *)
(* node has and the majority LSN that it knows: DataNodes is the node, and *)
(* Rest, which stands for the leader that it hears.  A mtr says which      *)
(* record of DdlFileOps it is, if any; all others are no part of its log.  *)
(* A step of DDL that writes is two events: WriteMtr with the record, and  *)
(* the step, which takes the record into the log that DdlFileOps sees.     *)
(* Nothing else of that node comes between, but a Restart.                 *)
(*                                                                         *)
(* A crash comes in two parts before a Restart: what DdlFileOps says that  *)
(* it leaves (DdlCrash), perhaps after one step of which nobody was left   *)
(* to tell (UnsaidStep), and what Startup says of the log (SaidCrash).     *)
(*                                                                         *)
(* What it simplifies.  Page records of tables (WritesRow, H6) are left    *)
(* out of the log of DdlFileOps.  A leader that follows a newer term       *)
(* before it serves is asked here (StepsDown), and not of DdlFileOps: one  *)
(* that was never established that module does not count, and after its    *)
(* StepDown nobody leads, where here Rest does.                            *)
(* Where a node ends for good ("aborted") it tells no more.                *)
(* An event of DDL has to show the files and what else it may change.      *)
(*                                                                         *)
(* How to break it.  Give DdlFileOps a log or a majority LSN of its own,   *)
(* or let LogMatches forget a step: the traces of                          *)
(* tests/validate/test_tables_trace.py that must be refused are accepted.  *)
(***************************************************************************)
EXTENDS TraceStartup

VARIABLES
    recordOf,       \* recordOf[lsn, term]  what a mtr says of dictionary and files
    ddl             \* ddl[n], see Fresh

tablesVars == <<recordOf, ddl>>

Rest == "the rest"
Nobody == "nobody"

Idle == [row |-> 0, pc |-> "idle"]

(* A data node before its first event.                                       *)
Fresh == [
    log |-> <<>>,           \* the records of DdlFileOps in its log
    ends |-> <<>>,          \* where each of them ends in Startup's log
    slots |-> <<>>,         \* of a row of the DDL log its slot, else -1
    due |-> <<>>,           \* the record that is written, and whose step is still to be told
    found |-> 0,            \* what the log had when the node started, as far as it has it
    gone |-> FALSE,         \* it is between a crash and the Restart
    serving |-> FALSE,
    job |-> Idle,
    files |-> {},
    applied |-> 0,
    phase |-> "starting",
    cache |-> {}]

-----------------------------------------------------------------------------
(* What the modules share, in the terms of DdlFileOps. *)

Leads(n) == role[n] = "leader"

(* Of a majority LSN counts what a leader of this term has said, once it is  *)
(* no less than what this node had (H16).  Before the first term there is    *)
(* nothing, and that is known.                                               *)
Firm(n) ==
    /\ TermAt(log[n], known[n]) = term[n]
    /\ known[n] >= ddl[n].found

(* How many of these ends are no further than LSN l; they ascend.            *)
Upto(ends, l) == Cardinality({k \in 1..Len(ends) : ends[k] <= l})

(* The LSN of file operations applied, in Startup's log.                     *)
AppliedLsn(d) == IF d.applied = 0 THEN 0 ELSE d.ends[d.applied]

Stage(n) ==
    IF ddl[n].gone /\ Leads(n) THEN "none"
    ELSE IF ddl[n].serving THEN "serving"
    ELSE IF Firm(n) THEN "established"
    ELSE "elected"

Judge(n, names) == INSTANCE DdlFileOps WITH
    DataNodes <- {n, Rest},
    TableNames <- names,
    None <- Nobody,
    log <- ddl[n].log,
    term <- IF Leads(n) THEN 2 ELSE 1,
    leader <- IF ~Leads(n) THEN Rest ELSE IF ddl[n].gone THEN Nobody ELSE n,
    stage <- Stage(n),
    majority <- Upto(ddl[n].ends, known[n]),
    job <- ddl[n].job,
    files <- [m \in {n, Rest} |-> IF m = n THEN ddl[n].files ELSE {}],
    applied <- [m \in {n, Rest} |-> IF m = n THEN ddl[n].applied ELSE 0],
    phase <- [m \in {n, Rest} |->
                 IF m = n THEN ddl[n].phase ELSE IF Leads(n) THEN "deposed" ELSE "up"],
    late <- [m \in {n, Rest} |-> {}],
    cache <- [m \in {n, Rest} |-> IF m = n THEN ddl[n].cache ELSE {}]

-----------------------------------------------------------------------------
(* The log of DdlFileOps: what the mtrs of a log say of dictionary and files.*)

NoRecord == [record |-> [op |-> "none"], slot |-> -1]
Said(s, l) == IF <<l, s[l].term>> \in DOMAIN recordOf THEN recordOf[<<l, s[l].term>>] ELSE NoRecord
IsDdl(one) == one.said.record.op # "none"

(* The log, with where its records end and the slots of its rows.            *)
WithLog(d, s) ==
    LET found == SelectSeq([l \in 1..Len(s) |-> [at |-> l, said |-> Said(s, l)]], IsDdl)
    IN  [d EXCEPT !.log = [k \in 1..Len(found) |-> found[k].said.record],
                  !.ends = [k \in 1..Len(found) |-> found[k].at],
                  !.slots = [k \in 1..Len(found) |-> found[k].said.slot]]

(* The newest row in a slot: the bytes that end a DDL say no more of it.     *)
RowIn(slots, slot) ==
    LET rows == {k \in 1..Len(slots) : slots[k] = slot}
    IN  IF rows = {} THEN 0 ELSE Max(rows)

(* A record as a trace has it: <<op, kind, space id, name, to, slot>>.       *)
RecordSaid(r, slots) ==
    IF r[1] = "row"
    THEN [op |-> "row", kind |-> r[2], space |-> r[3], name |-> r[4], to |-> r[5]]
    ELSE IF r[1] \in {"commit", "rollback", "clean"}
    THEN [op |-> r[1], row |-> RowIn(slots, r[6])]
    ELSE [op |-> r[1], space |-> r[3], name |-> r[4], to |-> r[5]]

-----------------------------------------------------------------------------
(* The events of DdlFileOps: mapping-tables.toml has the same rows.          *)

AbsentFiles == << <<AbsentName, Absent>> >>
FilesIn(pairs) == {[name |-> pairs[i][1], space |-> pairs[i][2]] : i \in 1..Len(pairs)}

FilesShown(d, v) == IF v[14] = AbsentFiles THEN d.files ELSE FilesIn(v[14])
AppliedShown(d, v) == IF v[13] = Absent THEN d.applied ELSE Upto(d.ends, v[13])

(* The log with the record that was due.                                     *)
Taken(d) ==
    IF d.due = <<>> THEN d
    ELSE [d EXCEPT !.log = Append(@, d.due[1].record),
                   !.ends = Append(@, d.due[1].at),
                   !.slots = Append(@, d.due[1].slot),
                   !.due = <<>>]

(* The row that a DDL or a replay begins with: a new one, or a visible one.  *)
RowsOf(action, d) ==
    IF action = "Recovers" THEN 1..Len(d.log)
    ELSE IF d.job = Idle THEN {Len(d.log)}
    ELSE {d.job.row}

JobsShown(action, d, v) ==
    IF v[17] = AbsentName THEN {d.job}
    ELSE IF v[17] = "idle" THEN {Idle}
    ELSE {[row |-> p, pc |-> v[17]] : p \in RowsOf(action, d)}

(* The node as it shows itself after a step: whether it is one, DdlFileOps   *)
(* has to say.                                                               *)
After(action, n, v) ==
    LET d == Taken(ddl[n])
    IN  {[d EXCEPT !.job = j,
                   !.files = FilesShown(d, v),
                   !.applied = AppliedShown(d, v),
                   !.phase = IF v[12] = AbsentName THEN @ ELSE v[12],
                   !.cache = IF v[15] = AbsentFiles THEN @ ELSE FilesIn(v[15]),
                   !.serving = @ \/ action = "Serve"] : j \in JobsShown(action, d, v)}

(* The names that a statement may use: those of its row.                     *)
NamesDue(n) == IF ddl[n].due = <<>> THEN {}
               ELSE IF ddl[n].due[1].record.op # "row" THEN {}
               ELSE {ddl[n].due[1].record.name, ddl[n].due[1].record.to}

TablesActions ==
   {"Applies", "Validate", "RollsBackUnfinished", "Recovers", "Serve", "StartsCreate",
    "StartsRename", "StartsDrop", "WriteFileRedo", "StopIos", "CallsOs", "Commit", "PostDdl",
    "RollBack", "WriteUndoRedo", "Clean", "EndDdl", "OpensTable"}

(* Each has a name here, for whoever wants to know why it is refused.         *)
DdlApplies(n) == Judge(n, {})!Applies(n)
DdlValidate(n) == Judge(n, {})!Validate(n)
DdlRollsBackUnfinished(n) == Judge(n, {})!RollsBackUnfinished(n)
DdlRecovers(n) == Judge(n, {})!Recovers(n)
DdlServe(n) == Judge(n, {})!Serve(n)
DdlStartsCreate(n) == \E names \in {NamesDue(n)} : Judge(n, names)!StartsCreate(n)
DdlStartsRename(n) == \E names \in {NamesDue(n)} : Judge(n, names)!StartsRename(n)
DdlStartsDrop(n) == Judge(n, {})!StartsDrop(n)
DdlWriteFileRedo(n) == Judge(n, {})!WriteFileRedo(n)
DdlStopIos(n) == Judge(n, {})!StopIos(n)
DdlCallsOs(n) == Judge(n, {})!CallsOs(n)
DdlCommit(n) == Judge(n, {})!Commit(n)
DdlPostDdl(n) == Judge(n, {})!PostDdl(n)
DdlRollBack(n) == Judge(n, {})!RollBack(n)
DdlWriteUndoRedo(n) == Judge(n, {})!WriteUndoRedo(n)
DdlClean(n) == Judge(n, {})!Clean(n)
DdlEndDdl(n) == Judge(n, {})!EndDdl(n)
DdlOpensTable(n) == Judge(n, {})!OpensTable(n)

Steps(action, n, a) ==
    \/ /\ action = "Applies"
       /\ Same(a[1], AppliedLsn(ddl'[n]))
       /\ DdlApplies(n)
    \/ action = "Validate" /\ DdlValidate(n)
    \/ action = "RollsBackUnfinished" /\ DdlRollsBackUnfinished(n)
    \/ action = "Recovers" /\ DdlRecovers(n)
    \/ action = "Serve" /\ DdlServe(n)
    \/ action = "StartsCreate" /\ DdlStartsCreate(n)
    \/ action = "StartsRename" /\ DdlStartsRename(n)
    \/ action = "StartsDrop" /\ DdlStartsDrop(n)
    \/ action = "WriteFileRedo" /\ DdlWriteFileRedo(n)
    \/ action = "StopIos" /\ DdlStopIos(n)
    \/ action = "CallsOs" /\ DdlCallsOs(n)
    \/ action = "Commit" /\ DdlCommit(n)
    \/ action = "PostDdl" /\ DdlPostDdl(n)
    \/ action = "RollBack" /\ DdlRollBack(n)
    \/ action = "WriteUndoRedo" /\ DdlWriteUndoRedo(n)
    \/ action = "Clean" /\ DdlClean(n)
    \/ action = "EndDdl" /\ DdlEndDdl(n)
    \/ /\ action = "OpensTable"
       /\ \A t \in ddl'[n].cache \ ddl[n].cache : SameName(a[1], t.name)
       /\ DdlOpensTable(n)

TablesMatches(action, n, a, v) ==
    /\ n \in DataNodes
    /\ role[n] # "down"
    /\ ~ddl[n].gone
    /\ UNCHANGED <<allVars, recordOf>>
    /\ \E d \in After(action, n, v) : ddl' = [ddl EXCEPT ![n] = d]
    /\ Steps(action, n, a)

-----------------------------------------------------------------------------
(* What the node showed of its tables.                                       *)

SameFiles(value, actual) == value = AbsentFiles \/ FilesIn(value) = actual

TablesShows(n, v) ==
    IF n \in DataNodes
    THEN /\ SameName(v[12], ddl'[n].phase)
         /\ Same(v[13], AppliedLsn(ddl'[n]))
         /\ SameFiles(v[14], ddl'[n].files)
         /\ SameFiles(v[15], ddl'[n].cache)
         /\ IF Leads(n)' THEN SameName(v[16], Stage(n)') /\ SameName(v[17], ddl'[n].job.pc)
                         ELSE v[16] = AbsentName /\ v[17] = AbsentName
    ELSE /\ v[12] = AbsentName /\ v[13] = Absent
         /\ v[14] = AbsentFiles /\ v[15] = AbsentFiles
         /\ v[16] = AbsentName /\ v[17] = AbsentName

-----------------------------------------------------------------------------
(* The shared steps: what each of them is in DdlFileOps.                     *)

Elected(n) ==
    /\ UNCHANGED recordOf
    /\ ddl' = [ddl EXCEPT ![n].cache = {}, ![n].job = Idle, ![n].serving = FALSE]
    /\ Judge(n, {})!Elects(n)

(* A mtr that is a record of DdlFileOps: the step that wrote it comes next.  *)
Writes(n, r) ==
    IF r = <<>> THEN UNCHANGED tablesVars
    ELSE \E one \in {[record |-> RecordSaid(r, ddl[n].slots),
                      slot |-> IF r[1] = "row" THEN r[6] ELSE -1]} :
            /\ recordOf' = (<<Len(log'[n]), term[n]>> :> one) @@ recordOf
            /\ ddl' = [ddl EXCEPT ![n].due =
                          <<[record |-> one.record, slot |-> one.slot, at |-> Len(log'[n])]>>]

(* R5: with its own term's marker a leader has everything on a majority.     *)
MajorityGrows(n) ==
    /\ UNCHANGED tablesVars
    /\ IF Stage(n)' # Stage(n) THEN Judge(n, {})!Establish(n)
       ELSE Upto(ddl[n].ends, known'[n]) # Upto(ddl[n].ends, known[n]) =>
               Judge(n, {})!AdvancesMajority

(* A log that became another one: what was taken, cut, or is found at a      *)
(* start.  What file operations are applied of stays (R1, H33).              *)
Stays(d, e) ==
    /\ d.applied <= Len(e.log)
    /\ Prefix(e.log, d.applied) = Prefix(d.log, d.applied)
    /\ Prefix(e.ends, d.applied) = Prefix(d.ends, d.applied)

Follows(n) ==
    /\ UNCHANGED recordOf
    /\ IF log'[n] = log[n] THEN UNCHANGED ddl
       ELSE \E d \in {WithLog([ddl[n] EXCEPT !.found = Min2(@, Len(log'[n]))], log'[n])} :
               Stays(ddl[n], d) /\ ddl' = [ddl EXCEPT ![n] = d]

StepsDown(n) ==
    /\ Leads(n) => ddl[n].job = Idle /\ ~ddl[n].serving
    /\ Follows(n)

(* The DDL under way goes with the process; the rest is the Restart's.       *)
Stops(n) ==
    /\ UNCHANGED recordOf
    /\ ddl' = [ddl EXCEPT ![n].job = Idle, ![n].serving = FALSE]

Starts(n) ==
    /\ ddl[n].gone
    /\ UNCHANGED recordOf
    /\ \E d \in {WithLog([ddl[n] EXCEPT !.found = Len(log'[n]), !.gone = FALSE], log'[n])} :
          Stays(ddl[n], d) /\ ddl' = [ddl EXCEPT ![n] = d]

LogMatches(action, n, a) ==
    /\ action # AbsentName
    /\ n \in DataNodes => ddl[n].due = <<>> \/ action = "Restart"
    /\ Matches(action, n, a)
    /\ IF n \notin DataNodes THEN UNCHANGED tablesVars
       ELSE IF action = "BecomeLeader" THEN Elected(n)
       ELSE IF action = "WriteMtr" THEN Writes(n, a[2])
       ELSE IF action = "AdvanceMajority" THEN MajorityGrows(n)
       ELSE IF action = "UpdateTerm" THEN StepsDown(n)
       ELSE IF action \in {"AppendEntries", "Truncate"} THEN Follows(n)
       ELSE IF action = "Shutdown" THEN Stops(n)
       ELSE IF action = "Restart" THEN Starts(n)
       ELSE UNCHANGED tablesVars

-----------------------------------------------------------------------------
TablesInit ==
    /\ TraceInit
    /\ recordOf = << >>
    /\ ddl = [n \in DataNodes |-> Fresh]

JointPass ==
    /\ cursor <= Len(Events)
    /\ LET event == Events[cursor]
       IN  \* A bound n: event[2] under a prime would be the next event's.
           \E n \in {event[2]} :
                /\ IF event[1] \in TablesActions
                   THEN TablesMatches(event[1], n, event[3], event[4])
                   ELSE LogMatches(event[1], n, event[3])
                /\ Shows(n, event[4])
                /\ TablesShows(n, event[4])
                /\ Tell(n)
    /\ cursor' = cursor + 1
    /\ UNCHANGED run

(* A step that was not told: power failed in it, or right behind it.  What   *)
(* the Restart shows says what was done; what is lost with the process may   *)
(* be anything that DdlFileOps allows.                                       *)
Unsaid(n, v) ==
    {[ddl[n] EXCEPT !.job = j, !.files = FilesShown(ddl[n], v), !.applied = l, !.cache = c] :
        j \in {ddl[n].job, Idle} \cup
              {[row |-> ddl[n].job.row, pc |-> pc] : pc \in {"made", "done", "remade"}},
        l \in {ddl[n].applied, AppliedShown(ddl[n], v)},
        c \in {ddl[n].cache, Judge(n, {})!Kept(ddl[n].cache, AppliedShown(ddl[n], v))}}

BeforeRestart(n) ==
    /\ cursor <= Len(Events)
    /\ Events[cursor][1] = "Restart"
    /\ Events[cursor][2] = n
    /\ n \in DataNodes
    /\ ~ddl[n].gone
    /\ UNCHANGED <<allVars, recordOf, run, cursor>>

UnsaidStep(n) ==
    /\ BeforeRestart(n)
    /\ role[n] # "down"
    /\ \E v \in {Events[cursor][4]} :
          /\ FilesShown(ddl[n], v) # ddl[n].files \/ AppliedShown(ddl[n], v) # ddl[n].applied
          /\ \E d \in Unsaid(n, v) : ddl' = [ddl EXCEPT ![n] = d]
    /\ DdlCallsOs(n) \/ DdlEndDdl(n) \/ DdlApplies(n)

DdlCrash(n) ==
    /\ BeforeRestart(n)
    /\ \E v \in {Events[cursor][4]} :
          ddl' = [ddl EXCEPT ![n] = [@ EXCEPT
                     !.files = FilesShown(ddl[n], v),
                     !.applied = AppliedShown(ddl[n], v),
                     !.phase = IF v[12] = AbsentName THEN "starting" ELSE v[12],
                     !.cache = {}, !.job = Idle, !.serving = FALSE, !.due = <<>>, !.gone = TRUE]]
    /\ Judge(n, {})!Crashes(n) \/ Judge(n, {})!CrashesInApply(n)

SaidCrash ==
    /\ ImpliedCrash
    /\ Events[cursor][2] \in DataNodes => ddl[Events[cursor][2]].gone
    /\ UNCHANGED tablesVars

JointCrash ==
    \/ \E n \in DataNodes : UnsaidStep(n)
    \/ \E n \in DataNodes : DdlCrash(n)
    \/ SaidCrash

JointHidden == HiddenStep /\ UNCHANGED tablesVars
JointFinish == Finish /\ UNCHANGED tablesVars

JointNext ==
    \/ JointPass
    \/ JointCrash
    \/ JointHidden
    \/ JointFinish
==============================================================================
