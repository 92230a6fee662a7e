----------------------------- MODULE DdlFileOps -----------------------------
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

DdlRules == {"DDL-3", "DDL-4", "DDL-5", "DDL-6", "DDL-7", "DDL-8", "DDL-9", "DDL-10",
             "H1", "H1a", "H1b", "H1-io", "H2", "H2a", "H2b", "H3", "H3a", "H3b",
             "H4", "H5", "H6", "H14-ddl", "H30", "H31"}

-----------------------------------------------------------------------------
(* What the environment is allowed to do; models narrow these definitions.  *)

MayElect(n, l) == TRUE
MayCommit(l) == TRUE
MayStart(kind) == TRUE
MayRollBack == TRUE
MayWriteRow(s) == TRUE
MayCrash(n) == TRUE
MayOpen(n, t) == TRUE

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

Init ==
    /\ log = <<>>
    /\ term = 1
    /\ leader = CHOOSE n \in DataNodes : TRUE
    /\ stage = "serving"
    /\ majority = 0
    /\ job = Idle
    /\ files = [n \in DataNodes |-> InitialTables]
    /\ applied = [n \in DataNodes |-> 0]
    /\ phase = [n \in DataNodes |-> "up"]
    /\ late = [n \in DataNodes |-> {}]
    /\ cache = [n \in DataNodes |-> {}]

-----------------------------------------------------------------------------
(* What a job's file operation is, and when it may be done. *)

Undoing == job.pc \in {"replay", "refiled", "remade"}

TheCall ==
    CASE Row.kind = "rename" /\ ~Undoing -> FileRename(Row.space, Row.name, Row.to)
      [] Row.kind = "rename" /\ Undoing  -> FileRename(Row.space, Row.to, Row.name)
      [] Row.kind = "create" /\ ~Undoing -> FileCreate(Row.space, Row.name)
      [] OTHER                           -> FileDelete(Row.space, Row.name)

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

(* What a leader that is deposed now may still do, not knowing that it is:   *)
(* the call for which it waits for nobody, whatever it writes into its own   *)
(* log before that.                                                          *)
StillDue ==
    LET kind == Row.kind IN
    \/ CallDue
    \/ kind = "rename" /\ job.pc = "logged" /\ ~WaitsForRenameRedo
                       /\ (ReversesAlways => OnMajority)
    \/ kind = "rename" /\ job.pc = "filed" /\ (WaitsForRenameRedo => OnMajority)
    \/ kind = "rename" /\ job.pc = "replay" /\ ~WaitsForRenameRedo
    \/ kind = "create" /\ job.pc = "replay" /\ ~RedoFirst
    \/ kind = "drop" /\ job.pc = "committed" /\ (DropWaits => OnMajority)
    \/ kind = "drop" /\ job.pc = "replay"
                     /\ (DropWaits => RowCommitted(job.row, majority))

StillToCall == IF job # Idle /\ StillDue THEN {TheCall} ELSE {}

-----------------------------------------------------------------------------
(* The log: what ReplicatedLog's promises leave open.                        *)

(* R1: what is committed stays, of the rest any part may be lost.  A leader  *)
(* that is deposed does not notice at once.                                  *)
Elect(n, l) ==
    /\ MayElect(n, l)
    /\ n # leader
    /\ phase[n] \in {"starting", "up"}
    /\ l \in majority..End
    /\ log' = Prefix(log, l)
    /\ term' = term + 1
    /\ leader' = n
    /\ stage' = "elected"
    /\ job' = Idle
    /\ phase' = IF leader = None THEN phase ELSE [phase EXCEPT ![leader] = "deposed"]
    /\ late' = IF leader = None THEN late ELSE [late EXCEPT ![leader] = StillToCall]
    /\ cache' = [cache EXCEPT ![n] = {}]
    /\ UNCHANGED <<majority, files, applied>>

(* R5: its own term's marker is on a majority, and so is all before it.      *)
Establish(n) ==
    /\ leader = n
    /\ stage = "elected"
    /\ stage' = "established"
    /\ majority' = End
    /\ UNCHANGED <<log, term, leader, job, nodeVars>>

AdvanceMajority(l) ==
    /\ MayCommit(l)
    /\ stage \in {"established", "serving"}
    /\ l \in (majority + 1)..End
    /\ majority' = l
    /\ UNCHANGED <<log, term, leader, stage, job, nodeVars>>

(* A crash, and the restart with its scan of the files.                      *)
Leave(n, fs, l) ==
    /\ files' = [files EXCEPT ![n] = fs]
    /\ applied' = [applied EXCEPT ![n] = l]
    /\ phase' = [phase EXCEPT ![n] = IF OneIdOnce(fs) THEN "starting" ELSE "aborted"]
    /\ late' = [late EXCEPT ![n] = {}]
    /\ cache' = [cache EXCEPT ![n] = {}]
    /\ IF n = leader
       THEN leader' = None /\ stage' = "none" /\ job' = Idle
       ELSE UNCHANGED <<leader, stage, job>>
    /\ UNCHANGED <<log, term, majority>>

(* At any moment; a deposed leader restarts too (H13).  H5: the LSN of file  *)
(* operations applied is durable; without it all since any older checkpoint  *)
(* is executed again.                                                        *)
Crash(n, l) ==
    /\ MayCrash(n)
    /\ phase[n] # "aborted"
    /\ l \in (IF On("H5") THEN {applied[n]} ELSE 0..applied[n])
    /\ Leave(n, files[n], l)

(* A deposed leader's last call to the operating system. *)
LateCall(n, r) ==
    /\ r \in late[n]
    /\ files' = [files EXCEPT ![n] = Performed(@, r)]
    /\ late' = [late EXCEPT ![n] = {}]
    /\ UNCHANGED <<log, logVars, job, applied, phase, cache>>

-----------------------------------------------------------------------------
(* Apply, validation, promotion. *)

(* H14: only on ground of its own term does a new leader act. *)
OnFirmGround ==
    stage \in {"established", "serving"} \/ (stage = "elected" /\ ~On("H14-ddl"))

(* LIM-3 *)
ApplyLimit(n) == IF n = leader /\ ~On("H14-ddl") THEN End ELSE majority

ToApply(n) ==
    {p \in (applied[n] + 1)..ApplyLimit(n) : log[p].op \in FileOps \cup {"commit"}}

MayApply(n) ==
    /\ phase[n] \in {"starting", "up"}
    /\ n = leader => stage \in {"elected", "established"} /\ job = Idle

(* H31: applying a commit evicts what it changes from the reader's caches. *)
Apply(n, p) ==
    /\ MayApply(n)
    /\ ToApply(n) # {}
    /\ p = Min(ToApply(n))
    /\ IF Conflicts(files[n], log[p])
       THEN phase' = [phase EXCEPT ![n] = "aborted"] /\ UNCHANGED <<files, applied, cache>>
       ELSE /\ files' = [files EXCEPT ![n] = Executed(files[n], log[p])]
            /\ applied' = [applied EXCEPT ![n] = p]
            /\ cache' = [cache EXCEPT ![n] = IF On("H31") THEN @ \cap Tables(p) ELSE @]
            /\ UNCHANGED phase
    /\ UNCHANGED <<log, logVars, job, late>>

(* The operation executed, and not yet noted: it is executed again.          *)
CrashInApply(n, p) ==
    /\ MayCrash(n)
    /\ MayApply(n)
    /\ ToApply(n) # {}
    /\ p = Min(ToApply(n))
    /\ log[p].op \in FileOps
    /\ ~Conflicts(files[n], log[p])
    /\ Leave(n, Executed(files[n], log[p]), applied[n])

(* DDL-4 off: every node replays the DDL log that it finds, on its own. *)
ReplayedAlone(fs, l) ==
    LET p == Max(VisibleRows(l))
    IN  IF On("DDL-4") \/ VisibleRows(l) = {} THEN fs
        ELSE Performed(fs, IF log[p].kind = "rename"
                           THEN FileRename(log[p].space, log[p].to, log[p].name)
                           ELSE FileDelete(log[p].space, log[p].name))

(* DDL-9: the tablespaces table is compared with the files once the node has *)
(* applied all that a leader of firm ground calls committed.                 *)
Validate(n) ==
    LET l == IF On("DDL-9") THEN ApplyLimit(n) ELSE applied[n]
        passes == /\ Validates(files[n], l)
                  /\ On("H6") \/ PendingMissing(files[n], l) = {}
    IN  /\ phase[n] = "starting"
        /\ On("DDL-9") => OnFirmGround /\ ToApply(n) = {}
        /\ phase' = [phase EXCEPT ![n] = IF passes THEN "up" ELSE "aborted"]
        /\ files' = [files EXCEPT ![n] = IF n = leader THEN @ ELSE ReplayedAlone(@, l)]
        /\ UNCHANGED <<log, logVars, job, applied, late, cache>>

Promoted(n) ==
    /\ leader = n
    /\ phase[n] = "up"
    /\ OnFirmGround
    /\ job = Idle
    /\ stage # "serving" => ToApply(n) = {}

(* H30: unfinished transactions, then the DDL log, then writers. *)
RollBackUnfinished(n, p) ==
    /\ Promoted(n)
    /\ p \in Unfinished(End)
    /\ Write(RollbackRecord(p))
    /\ UNCHANGED <<logVars, job, nodeVars>>

Recover(n, p) ==
    /\ Promoted(n)
    /\ stage = "serving" => ~On("H30")
    /\ Unfinished(End) = {}
    /\ VisibleRows(End) # {}
    /\ p = Max(VisibleRows(End))
    /\ job' = [row |-> p, pc |-> "replay"]
    /\ UNCHANGED <<log, logVars, nodeVars>>

Serve(n) ==
    /\ Promoted(n)
    /\ stage # "serving"
    /\ On("H30") => Unfinished(End) = {} /\ VisibleRows(End) = {}
    /\ stage' = "serving"
    /\ UNCHANGED <<log, term, leader, majority, job, nodeVars>>

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
(* A DDL: the file operation and its redo, in the order of the source.       *)
(*                                                                           *)
(*   CREATE  logged -call-> made -redo-> done                                *)
(*   H2b     logged -redo-> filed -call-> done                               *)
(*   RENAME  logged -redo-> filed -stop_ios-> stopped -call-> done           *)
(*   undo    replay -redo-> refiled -call-> remade -clean-> cleaned          *)

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
WriteUndoRedo(n) ==
    LET found == IF Row.kind = "rename"
                 THEN File(Row.to, Row.space) \in files[n]
                 ELSE Row.space \in Spaces(files[n])
    IN  /\ Busy(n, "replay")
        /\ GatesPostDdl /\ RowCommitted(job.row, End) => RowCommitted(job.row, majority)
        /\ log' = IF found \/ Unconditional(Row.kind) THEN Append(log, TheCall) ELSE log
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

(* A reader on a follower. *)
OpenTable(n, t) ==
    /\ MayOpen(n, t)
    /\ n # leader
    /\ phase[n] = "up"
    /\ t \in Tables(applied[n]) \ cache[n]
    /\ cache' = [cache EXCEPT ![n] = @ \cup {t}]
    /\ UNCHANGED <<log, logVars, job, files, applied, phase, late>>

-----------------------------------------------------------------------------
(* Arguments drawn from the state; named, so that TLC labels the edges. *)

Elects(n) == \E l \in majority..End : Elect(n, l)
AdvancesMajority == \E l \in (majority + 1)..End : AdvanceMajority(l)
Crashes(n) == \E l \in 0..applied[n] : Crash(n, l)
LateCalls(n) == \E r \in late[n] : LateCall(n, r)
CrashesInApply(n) == \E p \in ToApply(n) : CrashInApply(n, p)
Applies(n) == \E p \in ToApply(n) : Apply(n, p)
RollsBackUnfinished(n) == \E p \in Unfinished(End) : RollBackUnfinished(n, p)
Recovers(n) == \E p \in VisibleRows(End) : Recover(n, p)
StartsCreate(n) == \E t \in TableNames : StartCreate(n, t)
StartsRename(n) == \E f \in Tables(End), u \in TableNames : StartRename(n, f, u)
StartsDrop(n) == \E f \in Tables(End) : StartDrop(n, f)
WritesRow(n) == \E s \in Spaces(Tables(End)) : WriteRow(n, s)
OpensTable(n) == \E t \in Tables(applied[n]) : OpenTable(n, t)

StepOf(n) ==
    \/ Elects(n)
    \/ Establish(n)
    \/ Crashes(n)
    \/ CrashesInApply(n)
    \/ LateCalls(n)
    \/ Applies(n)
    \/ Validate(n)
    \/ RollsBackUnfinished(n)
    \/ Recovers(n)
    \/ Serve(n)
    \/ StartsCreate(n)
    \/ StartsRename(n)
    \/ StartsDrop(n)
    \/ WritesRow(n)
    \/ WriteFileRedo(n)
    \/ StopIos(n)
    \/ CallsOs(n)
    \/ Commit(n)
    \/ PostDdl(n)
    \/ RollBack(n)
    \/ WriteUndoRedo(n)
    \/ Clean(n)
    \/ EndDdl(n)
    \/ OpensTable(n)

Next == AdvancesMajority \/ \E n \in DataNodes : StepOf(n)

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
Quiet ==
    /\ stage = "serving"
    /\ job = Idle
    /\ OnMajority
    /\ \A n \in DataNodes : phase[n] = "up" /\ late[n] = {}
    /\ \A n \in DataNodes : n # leader => ToApply(n) = {}

(* At quiescence the files of every node are the tables of the dictionary.   *)
FilesAgree == Quiet => \A n \in DataNodes : files[n] = Tables(End)

(* Two files with one space id abort the next startup. *)
OneFilePerSpace == \A n \in DataNodes : OneIdOnce(files[n])

(* No startup aborts, and no apply. *)
NoNodeStops == \A n \in DataNodes : phase[n] # "aborted"

(* The last file of a committed table is never removed. *)
CommittedFilesStay ==
    [][\A n \in DataNodes :
          (Spaces(files[n]) \ Spaces(files'[n])) \cap Spaces(Tables(majority)) = {}]_vars

(* R1 *)
CommittedOnlyGrows ==
    [][IsPrefix(Prefix(log, majority), Prefix(log', majority'))]_vars

(* H31: a reader never has a table open that is not there under that name.   *)
CachesAreFresh ==
    \A n \in DataNodes : n # leader =>
        /\ cache[n] \subseteq Tables(applied[n])
        /\ Spaces(cache[n]) \subseteq Spaces(files[n])

(* H6: at quiescence nothing is missing that no delete explains. *)
NothingPending == Quiet => \A n \in DataNodes : PendingMissing(files[n], End) = {}
=============================================================================
