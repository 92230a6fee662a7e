-------------------------- MODULE MutantDdlFileOps --------------------------
(* Plausible errors in the design of DDL that are no rule of the             *)
(* requirements: each replaces one definition, in a .cfg.                    *)
EXTENDS MCDdlFileOps

-----------------------------------------------------------------------------
(* What is waited for. *)

(* The local fsync that stock has, where the majority is meant. *)
LocalFsync == TRUE

(* An LSN is the end of what it counts: one short, the last record is not in. *)
OneShort == majority + 1 >= End

(* The answer goes out with the commit record, and the operations count as   *)
(* applied with it.                                                          *)
AnswersAtOnce(n) ==
    /\ leader = n
    /\ job.pc = "cleaned" \/ (job.pc = "committed" /\ Row.kind # "drop")
    /\ job' = Idle
    /\ applied' = [applied EXCEPT ![n] = End]
    /\ UNCHANGED <<log, logVars, files, phase, late, cache>>

(* DROP's gate looks at the DDL-log row instead of at the commit. *)
GatesOnRow(n) ==
    /\ Busy(n, "committed")
    /\ Row.kind = "drop"
    /\ majority >= job.row
    /\ Step("replay")
    /\ UNCHANGED <<log, logVars, nodeVars>>

(* The rename waits for its DDL-log row instead of for its own redo. *)
RenameWaitsForRow(n) ==
    /\ Busy(n, "filed")
    /\ Row.kind = "rename"
    /\ majority >= job.row
    /\ Step("stopped")
    /\ UNCHANGED <<log, logVars, nodeVars>>

-----------------------------------------------------------------------------
(* The DDL log. *)

(* CREATE forgets to delete-mark its row. *)
CreateRowNotMarked(p, l) ==
    /\ ~Said("clean", p, l)
    /\ CASE log[p].kind = "drop"   -> RowCommitted(p, l)
         [] log[p].kind = "rename" -> ~RowCommitted(p, l)
         [] OTHER                  -> TRUE

(* RENAME forgets to delete-mark its row. *)
RenameRowNotMarked(p, l) ==
    /\ ~Said("clean", p, l)
    /\ CASE log[p].kind = "drop"   -> RowCommitted(p, l)
         [] log[p].kind = "create" -> ~RowCommitted(p, l)
         [] OTHER                  -> TRUE

(* DROP's rows are removed by its own commit, as CREATE's are. *)
DropRowHidden(p, l) == ~Said("clean", p, l) /\ log[p].kind # "drop" /\ ~RowCommitted(p, l)

(* RENAME_SPACE is written without swapping the paths. *)
PathsNotSwapped ==
    CASE Row.kind = "rename"                -> FileRename(Row.space, Row.name, Row.to)
      [] Row.kind = "create" /\ ~Undoing    -> FileCreate(Row.space, Row.name)
      [] OTHER                              -> FileDelete(Row.space, Row.name)

(* The rows are removed before the redo of what they ask for is written. *)
CleansFirst(n) ==
    /\ Busy(n, "replay")
    /\ \/ /\ ~Said("clean", job.row, End)
          /\ Write(CleanRecord(job.row))
          /\ UNCHANGED job
       \/ /\ Said("clean", job.row, End)
          /\ Write(TheCall)
          /\ Step("refiled")
    /\ UNCHANGED <<logVars, nodeVars>>

(* A RENAME that rolls back without a crash leaves its row for the next      *)
(* leader.                                                                   *)
RollbackForgetsRename(n) ==
    /\ MayRollBack
    /\ leader = n
    /\ job.pc \in {"logged", "made", "filed", "done"}
    /\ Write(RollbackRecord(job.row))
    /\ Step(IF Row.kind = "create" THEN "replay" ELSE "cleaned")
    /\ UNCHANGED <<logVars, nodeVars>>

(* The smallest id that no table has is handed out again. *)
ReusesDroppedIds(l) == Min({s \in 1..9 : s \notin Spaces(Tables(l))})

(* The new name of a RENAME is looked up nowhere. *)
RenamesOntoTaken(n, f, u) ==
    /\ MayBegin(n, "rename")
    /\ f \in Tables(End) /\ f \in files[n]
    /\ u # f.name
    /\ Begin(RowRecord("rename", f.space, f.name, u))

-----------------------------------------------------------------------------
(* Files and their redo. *)

(* Stock's RENAME is parsed and not executed. *)
RenameIsParsed(fs, r) ==
    IF r.op \in {"create", "delete"} THEN Performed(fs, r) ELSE fs

(* Stock's DELETE forgets the space and leaves the file. *)
DeleteForgets(fs, r) ==
    CASE r.op = "delete" -> fs
      [] r.op = "create" -> Performed(fs, r)
      [] r.op = "rename" /\ OfSpace(fs, r.space) # {} ->
            (fs \ OfSpace(fs, r.space)) \cup {File(r.to, r.space)}
      [] OTHER -> fs

(* Stock's CREATE makes no file. *)
CreateMakesNone(fs, r) ==
    CASE r.op = "create" -> fs
      [] r.op = "delete" -> Performed(fs, r)
      [] r.op = "rename" /\ OfSpace(fs, r.space) # {} ->
            (fs \ OfSpace(fs, r.space)) \cup {File(r.to, r.space)}
      [] OTHER -> fs

(* The replay works on the leader's own files, and no redo tells of it. *)
UndoIsLocal(n) ==
    /\ Busy(n, "replay")
    /\ Step("refiled")
    /\ UNCHANGED <<log, logVars, nodeVars>>

(* Noted first, executed afterwards: a crash between loses the operation. *)
NotesBeforeExecuting(n, p) ==
    /\ MayCrash(n)
    /\ MayApply(n)
    /\ ToApply(n) # {}
    /\ p = Min(ToApply(n))
    /\ log[p].op \in FileOps
    /\ Leave(n, files[n], p)

(* The restart begins at a checkpoint that asked for no file operation. *)
CheckpointPastFiles(n, l) ==
    /\ MayCrash(n)
    /\ phase[n] # "aborted"
    /\ l = applied[n]
    /\ Leave(n, files[n], majority)

(* LIM-3 for file operations: executed before they are on a majority. *)
AppliesTail(n) == End

(* A deposed leader follows without restarting. *)
NoRestart(n) ==
    /\ phase[n] \in {"starting", "up", "deposed"}
    /\ n = leader => stage \in {"elected", "established"} /\ job = Idle

-----------------------------------------------------------------------------
(* Promotion, validation, caches. *)

(* A new leader recovers the DDL log before it has applied all there is. *)
RecoversBeforeApplied(n) ==
    leader = n /\ phase[n] = "up" /\ OnFirmGround /\ job = Idle

(* Validation does not know that a RENAME may be under way. *)
ValidatesStrictly(fs, l) == \A t \in Tables(l) : File(t.name, t.space) \in fs

(* A cache is evicted when the file goes, not when the commit is applied. *)
EvictsWithTheFile(open, p) ==
    IF log[p].op = "delete" THEN {t \in open : t.space # log[p].space} ELSE open

(* Only a table that is gone is evicted: a renamed one stays under its name. *)
EvictsTheDropped(open, p) == {t \in open : t.space \in Spaces(Tables(p))}
==============================================================================
