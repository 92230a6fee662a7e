------------------------------- MODULE DdlFiles -------------------------------
(***************************************************************************)
(* What it describes.  The tablespace files of one node, as a scan of the  *)
(* directory finds them: a set of (name, space id), the id read from page  *)
(* 0 of each file.  What a file operation does to them: when the leader    *)
(* calls the operating system, and when a follower applies MLOG_FILE_*     *)
(* (DDL-3, DDL-6).  What a start demands of them: no id twice (the scan),  *)
(* and the tablespaces table found again (validation, DDL-9).              *)
(*                                                                         *)
(* What it simplifies.                                                     *)
(*  - A file operation is atomic and durable at once; its redo is not part *)
(*    of it.                                                               *)
(*  - H7, directories: a file operation makes the schema directory that it *)
(*    misses, in the same step, on every node; nothing else depends on a   *)
(*    directory, and an empty one that CREATE or DROP DATABASE leaves      *)
(*    behind is no divergence.  So directories are not part of the state.  *)
(*  - H32, undo tablespaces: their truncation keeps files of its own       *)
(*    outside redo and DDL log; it is refused, and so not here.            *)
(*  - MLOG_FILE_EXTEND changes neither names nor ids: not here.            *)
(*                                                                         *)
(* How to break it.  DDL-3 or DDL-6 off.                                   *)
(***************************************************************************)
EXTENDS DdlDictionary

FileRules == {"DDL-3", "DDL-6"}

File(t, s) == [name |-> t, space |-> s]
Names(fs) == {f.name : f \in fs}
Spaces(fs) == {f.space : f \in fs}
OfSpace(fs, s) == {f \in fs : f.space = s}

OneIdOnce(fs) == \A f, g \in fs : f.space = g.space => f = g

(* The operating system's part, called by a leader: by space id; a path that *)
(* is taken is left alone.                                                   *)
Performed(fs, r) ==
    CASE r.op = "create" -> IF r.name \in Names(fs) THEN fs ELSE fs \cup {File(r.name, r.space)}
      [] r.op = "delete" -> fs \ OfSpace(fs, r.space)
      [] r.op = "rename" ->
            IF File(r.name, r.space) \in fs /\ r.to \notin Names(fs)
            THEN (fs \ {File(r.name, r.space)}) \cup {File(r.to, r.space)}
            ELSE fs

(* Stock replay of DELETE_SPACE for a space that is not loaded: whatever     *)
(* sits at that path goes, its space id is not compared.                     *)
AtPathGone(fs, r) ==
    IF r.space \in Spaces(fs) THEN Performed(fs, r) ELSE {f \in fs : f.name # r.name}

(* A follower cannot go on: the path belongs to another tablespace. *)
Conflicts(fs, r) ==
    CASE r.op = "create" ->
            IF File(r.name, r.space) \in fs THEN ~On("DDL-6") ELSE r.name \in Names(fs)
      [] r.op = "rename" ->
            /\ OfSpace(fs, r.space) # {}
            /\ File(r.to, r.space) \notin fs
            /\ r.to \in Names(fs)
      [] OTHER -> FALSE

(* MLOG_FILE_* applied.  A rename finds its file by space id.  Stock         *)
(* recovery executes none of them (DDL-3).                                   *)
Executed(fs, r) ==
    CASE ~On("DDL-3") -> fs
      [] r.op = "rename" /\ OfSpace(fs, r.space) # {} ->
            (fs \ OfSpace(fs, r.space)) \cup {File(r.to, r.space)}
      [] r.op \in FileOps -> Performed(fs, r)
      [] OTHER -> fs

(* The tablespaces table after l records against the files.  A table with a  *)
(* DDL-log row is excused its name: recover will see to it.                  *)
Validates(fs, l) ==
    \A t \in Tables(l) :
        \/ File(t.name, t.space) \in fs
        \/ /\ t.space \in Spaces(fs)
           /\ \E p \in VisibleRows(l) : log[p].space = t.space

(* H6: page records whose file is not there, and no delete says why. *)
PendingMissing(fs, l) ==
    {log[p].space : p \in {q \in 1..l :
        /\ log[q].op = "page"
        /\ log[q].space \notin Spaces(fs)
        /\ \A d \in q..l : log[d].op = "delete" => log[d].space # log[q].space}}
==============================================================================
