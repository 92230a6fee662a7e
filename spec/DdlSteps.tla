------------------------------- MODULE DdlSteps -------------------------------
(***************************************************************************)
(* What it describes.  CREATE, RENAME and DROP of a table, step by step on *)
(* the leader, in the order of the source (DDL-2), and the replay of a     *)
(* DDL-log row, which post_ddl (DDL-10) and recover (DDL-4) share:         *)
(*                                                                         *)
(*   CREATE  logged -call-> made -redo-> done -commit-> committed          *)
(*     H2b   logged -redo-> filed -call-> done -commit-> committed         *)
(*   RENAME  logged -redo-> filed -stop_ios-> stopped -call-> done         *)
(*                                            done -commit-> committed     *)
(*   DROP    done -commit-> committed -post_ddl-> replay                   *)
(*   replay  replay -redo-> refiled -call-> remade -clean-> cleaned        *)
(*                                                                         *)
(* Each arrow is a step of its own: a crash or a change of leader may fall *)
(* between any two.  What a repair waits for stands at the arrow.          *)
(*                                                                         *)
(* What it simplifies.                                                     *)
(*  - One DDL at a time.  A DDL holds locks until it ends, and what two of *)
(*    them share is the DDL log and the space ids, which two in a row      *)
(*    share as well.                                                       *)
(*  - DDL-1: ordinary InnoDB tables.  Temporary tables are local, another  *)
(*    engine is refused before the first step: neither is here.            *)
(*  - IO is stopped around the rename of a DDL; the replay's rename, which *)
(*    has the same order, is one step.                                     *)
(*  - A deposed leader goes on for one call to the operating system, the   *)
(*    one that it waits for nobody to make, of the DDL that it is at or of *)
(*    the row that it recovers next; then it restarts (H13).  What it      *)
(*    writes to its own log meanwhile nobody sees.                         *)
(*                                                                         *)
(* How to break it.  H1 (both repairs), H1-io, H2 (both), H3 (both), H4,   *)
(* DDL-5 or DDL-10 off.                                                    *)
(***************************************************************************)
EXTENDS DdlFiles

CONSTANTS
    DataNodes,
    TableNames,
    None

VARIABLES
    term,       \* the newest term that has a leader
    leader,     \* the leader of that term, or None
    stage,      \* how far it is: "none", "elected", "established", "serving"
    majority,   \* LSN up to which log is committed
    job,        \* the DDL or replay that the leader is at, or None
    files,      \* files[n]    the tablespace files of n
    applied,    \* applied[n]  the durable LSN of file operations applied
    phase,      \* phase[n]    "starting", "up", "deposed", "aborted"
    late,       \* late[n]     the call that a deposed leader has still to make, if any
    cache       \* cache[n]    tables that readers of a follower have open

vars == <<log, term, leader, stage, majority, job, files, applied, phase, late, cache>>
logVars == <<term, leader, stage, majority>>
nodeVars == <<files, applied, phase, late, cache>>

(* Of H1, H2 and H3 there are two repairs each, a and b: either is enough.   *)
StepRules == {"DDL-5", "DDL-10", "H1", "H1a", "H1b", "H1-io", "H2", "H2a", "H2b",
              "H3", "H3a", "H3b", "H4"}

-----------------------------------------------------------------------------
(* What the environment is allowed to do; models narrow these definitions.  *)

MayStart(kind) == TRUE
MayRollBack == TRUE
MayWriteRow(s) == TRUE

-----------------------------------------------------------------------------
(* The repairs: a hole that is switched off has none of them. *)

WaitsForRenameRedo == On("H1") /\ On("H1a")
ReversesAlways == On("H1") /\ On("H1b")
WaitsForCreateRow == On("H2") /\ On("H2a")
RedoFirst == On("H2") /\ On("H2b")
WaitsInCommit == On("H3") /\ On("H3a")
GatesPostDdl == On("H3") /\ On("H3b")
DropWaits == WaitsInCommit \/ GatesPostDdl

OnMajority == majority = End

Idle == [row |-> 0, pc |-> "idle"]
Busy(n, pc) == leader = n /\ job.pc = pc
Row == log[job.row]
Step(pc) == job' = [job EXCEPT !.pc = pc]
Write(r) == log' = Append(log, r)

-----------------------------------------------------------------------------
(* What a job's file operation is, and when it may be done. *)

Undoing == job.pc \in {"replay", "refiled", "remade"}

UndoOf(p) ==
    LET row == log[p]
    IN  IF row.kind = "rename" THEN FileRename(row.space, row.to, row.name)
                               ELSE FileDelete(row.space, row.name)

TheCall ==
    CASE Undoing \/ Row.kind = "drop"    -> UndoOf(job.row)
      [] Row.kind = "rename" /\ ~Undoing -> FileRename(Row.space, Row.name, Row.to)
      [] Row.kind = "create" /\ ~Undoing -> FileCreate(Row.space, Row.name)

(* Where each operation stands when it is next to be done. *)
CallDue ==
    CASE job.pc = "idle" -> FALSE
      [] job.pc = "refiled" ->
            \/ Row.kind = "create" /\ (RedoFirst => OnMajority)
            \/ Row.kind = "rename" /\ (WaitsForRenameRedo => OnMajority)
            \/ Row.kind = "drop"
      [] job.pc = "logged" ->
            /\ Row.kind = "create"
            /\ ~RedoFirst
            /\ WaitsForCreateRow => OnMajority
      [] job.pc = "filed" -> Row.kind = "create" /\ OnMajority
      [] job.pc = "stopped" ->
            \* H1-io off: the wait stands inside
            On("H1-io") \/ (WaitsForRenameRedo => OnMajority)
      [] OTHER -> FALSE

(* Whether a replay of row p comes to its call alone: its own redo it writes *)
(* whether anybody takes that or not.                                        *)
ReplayWaitsForNobody(p) ==
    CASE log[p].kind = "rename" -> ~WaitsForRenameRedo
      [] log[p].kind = "create" -> ~RedoFirst
      [] log[p].kind = "drop"   -> DropWaits => RowCommitted(p, majority)

(* What a leader that is deposed now may still do, not knowing that it is:   *)
(* the call for which it waits for nobody, whatever it writes into its own   *)
(* log before that.                                                          *)
StillDue ==
    LET kind == Row.kind IN
    \/ CallDue
    \/ kind = "rename" /\ job.pc = "logged" /\ ~WaitsForRenameRedo
                       /\ (ReversesAlways => OnMajority)
    \/ kind = "rename" /\ job.pc = "filed" /\ (WaitsForRenameRedo => OnMajority)
    \/ kind = "drop" /\ job.pc = "committed" /\ (DropWaits => OnMajority)
    \/ job.pc = "replay" /\ ReplayWaitsForNobody(job.row)

StillToCall == IF job # Idle /\ StillDue THEN {TheCall} ELSE {}

-----------------------------------------------------------------------------
(* A DDL: its start, up to the DDL-log row. *)

MayBegin(n, kind) ==
    MayStart(kind) /\ leader = n /\ stage = "serving" /\ job = Idle

Begin(row) ==
    /\ Write(row)
    /\ job' = [row |-> End + 1, pc |-> IF row.kind = "drop" THEN "done" ELSE "logged"]
    /\ UNCHANGED <<logVars, nodeVars>>

(* The name is free in the dictionary, and so is the path. *)
StartCreate(n, t) ==
    /\ MayBegin(n, "create")
    /\ t \notin Names(Tables(End)) \cup Names(files[n])
    /\ Begin(RowRecord("create", NextSpace(End), t, t))

StartRename(n, f, u) ==
    /\ MayBegin(n, "rename")
    /\ f \in Tables(End)
    /\ f \in files[n]
    /\ u \notin Names(Tables(End)) \cup Names(files[n])
    /\ Begin(RowRecord("rename", f.space, f.name, u))

StartDrop(n, f) ==
    /\ MayBegin(n, "drop")
    /\ f \in Tables(End)
    /\ Begin(RowRecord("drop", f.space, f.name, f.name))

(* Rows of a table: a page record (H6). *)
WriteRow(n, s) ==
    /\ MayWriteRow(s)
    /\ leader = n /\ stage = "serving" /\ job = Idle
    /\ s \in Spaces(Tables(End))
    /\ Write(PageRecord(s))
    /\ UNCHANGED <<logVars, job, nodeVars>>

-----------------------------------------------------------------------------
(* A DDL: the file operation and its redo.                                   *)

WriteFileRedo(n) ==
    /\ leader = n
    /\ \/ job.pc = "made" /\ Step("done")
       \/ job.pc = "logged" /\ Row.kind = "create" /\ RedoFirst /\ Step("filed")
       \/ /\ job.pc = "logged"
          /\ Row.kind = "rename"
          /\ ReversesAlways => OnMajority
          /\ Step(IF On("H1-io") THEN "filed" ELSE "stopped")
    /\ Write(TheCall)
    /\ UNCHANGED <<logVars, nodeVars>>

(* H1-io: the wait stands before the IO of the space is stopped. *)
StopIos(n) ==
    /\ Busy(n, "filed")
    /\ Row.kind = "rename"
    /\ WaitsForRenameRedo => OnMajority
    /\ Step("stopped")
    /\ UNCHANGED <<log, logVars, nodeVars>>

Unconditional(kind) ==
    CASE kind = "create" -> On("DDL-5")
      [] kind = "rename" -> ReversesAlways
      [] kind = "drop"   -> On("H4")

AfterCall ==
    CASE Undoing -> "remade"
      [] Row.kind = "create" /\ ~RedoFirst -> "made"
      [] OTHER -> "done"

CallsOs(n) ==
    /\ leader = n
    /\ CallDue
    /\ Step(AfterCall)
    /\ files' = [files EXCEPT ![n] =
           IF Undoing /\ Row.kind # "rename" /\ ~Unconditional(Row.kind)
           THEN AtPathGone(@, TheCall) ELSE Performed(@, TheCall)]
    /\ UNCHANGED <<log, logVars, applied, phase, late, cache>>

Commit(n) ==
    /\ Busy(n, "done")
    /\ Write(CommitRecord(job.row))
    /\ Step("committed")
    /\ UNCHANGED <<logVars, nodeVars>>

(* H3a: the wait inside DROP's commit. *)
PostDdl(n) ==
    /\ Busy(n, "committed")
    /\ Row.kind = "drop"
    /\ WaitsInCommit => OnMajority
    /\ Step("replay")
    /\ UNCHANGED <<log, logVars, nodeVars>>

(* DDL-10: a DDL that rolls back without a crash replays its DDL log. *)
RollBack(n) ==
    /\ MayRollBack
    /\ leader = n
    /\ job.pc \in {"logged", "made", "filed", "done"}
    /\ Write(RollbackRecord(job.row))
    /\ Step(IF Row.kind = "drop" \/ ~On("DDL-10") THEN "cleaned" ELSE "replay")
    /\ UNCHANGED <<logVars, nodeVars>>

(* The opposite operation's redo.  Stock writes it only for a file that it   *)
(* finds.  H3b: not before a DROP's commit is on a majority.                 *)
FoundToUndo(n) ==
    IF Row.kind = "rename" THEN File(Row.to, Row.space) \in files[n]
    ELSE Row.space \in Spaces(files[n])

WriteUndoRedo(n) ==
    /\ Busy(n, "replay")
    /\ GatesPostDdl /\ RowCommitted(job.row, End) => RowCommitted(job.row, majority)
    /\ log' = IF FoundToUndo(n) \/ Unconditional(Row.kind) THEN Append(log, TheCall) ELSE log
    /\ Step("refiled")
    /\ UNCHANGED <<logVars, nodeVars>>

Clean(n) ==
    /\ Busy(n, "remade")
    /\ Write(CleanRecord(job.row))
    /\ Step("cleaned")
    /\ UNCHANGED <<logVars, nodeVars>>

(* LIM-4: the answer, when all is on a majority; what the leader executed is *)
(* noted as applied then, and no earlier (H5).                               *)
EndDdl(n) ==
    /\ leader = n
    /\ job.pc = "cleaned" \/ (job.pc = "committed" /\ Row.kind # "drop")
    /\ OnMajority
    /\ job' = Idle
    /\ applied' = [applied EXCEPT ![n] = End]
    /\ UNCHANGED <<log, logVars, files, phase, late, cache>>
===============================================================================
