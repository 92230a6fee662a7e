----------------------------- MODULE DdlFileOps -----------------------------
(***************************************************************************)
(* What it describes.  File operations of DDL on a replicated redo log:    *)
(* names and space ids of the files of each data node, over the promises   *)
(* of ReplicatedLog.  The leader runs DDL (DdlSteps), followers execute    *)
(* the committed MLOG_FILE_* records (DDL-3), a new leader applies,        *)
(* validates, rolls back, recovers the DDL log and then serves (H30),      *)
(* every start scans and validates the files (DDL-9).                      *)
(*                                                                         *)
(* The log is that of the newest leader: a committed part (majority) and a *)
(* tail of which the next leader has any part, as R1 to R5 leave it open.  *)
(* A leader acts only once a marker of its own term is committed (H14);    *)
(* one that never gets there leaves no trace but what is cut, so its term  *)
(* is not counted: it is part of the next Elect.  The quorum may be made   *)
(* by the log node: a data node may be any distance behind.                *)
(*                                                                         *)
(* What it simplifies.                                                     *)
(*  - Crash and restart are one step; a node that is down is one that      *)
(*    takes no step.  The marker itself is not a record of the log.        *)
(*  - The dictionary is a function of the log (DdlDictionary); pages,      *)
(*    checkpoints and the tablespaces' contents are StorageLimits'         *)
(*    business.  A page record (WriteRow) is here for H6 alone.            *)
(*  - H7, H32, MLOG_FILE_EXTEND: see DdlFiles.  DDL-1: see DdlSteps.       *)
(*                                                                         *)
(* How to break it.  Any rule off: redoraft why H1, H2, H4, H5.            *)
(* What was open and how it fell, within the bounds of the models:         *)
(*  - H6 is a hole: a leader that has unlinked a dropped file, crashed and *)
(*    lost the delete's redo finds page records without a file; stock ends *)
(*    recovery with an error.  Kept as missing until the delete comes, it  *)
(*    is safe, and nothing is missing at quiescence.                       *)
(*  - H30 is a hole: a leader that serves before it has recovered the DDL  *)
(*    log hands out a name whose path another node still has taken.        *)
(*  - H31 is a hole without eviction at the commit's apply, and safe with. *)
(***************************************************************************)
EXTENDS DdlSteps

DdlRules == DictionaryRules \cup FileRules \cup StepRules \cup
            {"DDL-4", "DDL-9", "H5", "H6", "H14-ddl", "H30", "H31"}

-----------------------------------------------------------------------------
(* What the environment is allowed to do; models narrow these definitions.  *)

MayElect(n, l) == TRUE
MayStepDown(n) == TRUE
MayCommit(l) == TRUE
MayCrash(n) == TRUE
MayOpen(n, t) == TRUE

-----------------------------------------------------------------------------
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
(* What a leader may do. *)

(* H14: only on ground of its own term does a new leader act. *)
OnFirmGround ==
    stage \in {"established", "serving"} \/ (stage = "elected" /\ ~On("H14-ddl"))

(* LIM-3 *)
ApplyLimit(n) == IF n = leader /\ ~On("H14-ddl") THEN End ELSE majority

ToApply(n) ==
    {p \in (applied[n] + 1)..ApplyLimit(n) : log[p].op \in FileOps \cup {"commit"}}

Promoted(n) ==
    /\ leader = n
    /\ phase[n] = "up"
    /\ OnFirmGround
    /\ job = Idle
    /\ stage # "serving" => ToApply(n) = {}

(* H30: the DDL log is recovered before writers come. *)
AtRecovery(n) == Promoted(n) /\ (stage = "serving" => ~On("H30"))

(* What such a leader replays next although it is deposed now: that it       *)
(* applies, validates and rolls back before that, waits for nobody either.   *)
StillToRecover ==
    LET rows == IF AtRecovery(leader) THEN VisibleRows(End) ELSE {}
    IN  {UndoOf(p) : p \in {q \in rows : q = Max(rows) /\ ReplayWaitsForNobody(q)}}

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
    /\ late' = IF leader = None THEN late
               ELSE [late EXCEPT ![leader] = StillToCall \cup StillToRecover]
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

(* A leader that hears of a newer term before it serves has written nothing, *)
(* so it goes on as a follower, with the files and the log that it has       *)
(* applied.  More than H13 allows: after a rollback or a replay it restarts. *)
StepDown(n) ==
    /\ MayStepDown(n)
    /\ leader = n
    /\ stage = "established"
    /\ job = Idle
    /\ leader' = None
    /\ stage' = "none"
    /\ UNCHANGED <<log, term, majority, job, nodeVars>>

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

MayApply(n) ==
    /\ phase[n] \in {"starting", "up"}
    /\ n = leader => stage \in {"elected", "established"} /\ job = Idle

(* H31: applying a commit evicts what it changes from the readers' caches.   *)
Kept(open, p) == open \cap Tables(p)

Apply(n, p) ==
    /\ MayApply(n)
    /\ ToApply(n) # {}
    /\ p = Min(ToApply(n))
    /\ IF Conflicts(files[n], log[p])
       THEN phase' = [phase EXCEPT ![n] = "aborted"] /\ UNCHANGED <<files, applied, cache>>
       ELSE /\ files' = [files EXCEPT ![n] = Executed(files[n], log[p])]
            /\ applied' = [applied EXCEPT ![n] = p]
            /\ cache' = [cache EXCEPT ![n] = IF On("H31") THEN Kept(@, p) ELSE @]
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
        ELSE Performed(fs, UndoOf(p))

(* DDL-9: the tablespaces table is compared with the files once the node has *)
(* applied all that a leader of firm ground calls committed.                 *)
ValidatedUpTo(n) == IF On("DDL-9") THEN ApplyLimit(n) ELSE applied[n]
Passes(n, l) ==
    /\ Validates(files[n], l)
    /\ On("H6") \/ PendingMissing(files[n], l) = {}

Validate(n) ==
    /\ phase[n] = "starting"
    /\ On("DDL-9") => OnFirmGround /\ ToApply(n) = {}
    /\ phase' = [phase EXCEPT ![n] = IF Passes(n, ValidatedUpTo(n)) THEN "up" ELSE "aborted"]
    /\ files' = [files EXCEPT ![n] =
           IF n = leader THEN @ ELSE ReplayedAlone(@, ValidatedUpTo(n))]
    /\ UNCHANGED <<log, logVars, job, applied, late, cache>>

(* H30: unfinished transactions, then the DDL log, then writers. *)
RollBackUnfinished(n, p) ==
    /\ Promoted(n)
    /\ p \in Unfinished(End)
    /\ Write(RollbackRecord(p))
    /\ UNCHANGED <<logVars, job, nodeVars>>

RecoverDue(n) ==
    /\ AtRecovery(n)
    /\ Unfinished(End) = {}
    /\ VisibleRows(End) # {}

Recover(n, p) ==
    /\ RecoverDue(n)
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
    \/ StepDown(n)
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

(* Liveness.  A node's own steps need only its own processor and disk: they  *)
(* happen as long as the node is up, whatever the quorum does.               *)
OwnSteps(n) ==
    \/ WriteFileRedo(n) \/ StopIos(n) \/ CallsOs(n) \/ Commit(n) \/ PostDdl(n)
    \/ WriteUndoRedo(n) \/ Clean(n) \/ EndDdl(n)
    \/ LateCalls(n) \/ Applies(n) \/ Validate(n)
    \/ RollsBackUnfinished(n) \/ Recovers(n) \/ Serve(n)

(* With no more than that, a quorum may be lost for ever.                    *)
LostQuorumSpec == Spec /\ \A n \in DataNodes : WF_vars(OwnSteps(n))

(* A majority that stays up elects a leader when there is none, commits what *)
(* it writes, and tells a deposed one, which restarts.                       *)
FairSpec ==
    /\ LostQuorumSpec
    /\ WF_vars(AdvancesMajority)
    /\ \A n \in DataNodes :
          /\ WF_vars(Establish(n))
          /\ WF_vars(leader = None /\ Elects(n))
          /\ WF_vars(phase[n] = "deposed" /\ Crashes(n))

-----------------------------------------------------------------------------
Quiet ==
    /\ stage = "serving"
    /\ job = Idle
    /\ OnMajority
    /\ Unfinished(End) = {} /\ ~RecoverDue(leader)
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

(* A DDL ends, committed or rolled back, on every node (with FilesAgree).    *)
DdlEnds == job # Idle ~> Quiet

(* A lost quorum does not stop the flushing of the renamed space.            *)
FlushingGoesOn == job.pc = "stopped" ~> job.pc # "stopped"
=============================================================================
