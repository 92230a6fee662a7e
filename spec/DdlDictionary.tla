---------------------------- MODULE DdlDictionary ----------------------------
(***************************************************************************)
(* What it describes.  The replicated dictionary as a function of the log: *)
(* which tables there are after the first l records, which DDL-log rows    *)
(* are visible, which DDL is unfinished.  The DDL log is rows of that      *)
(* dictionary, with InnoDB's two disciplines:                              *)
(*   undo-type  (CREATE's DELETE_SPACE, RENAME_SPACE) a background         *)
(*              transaction inserts the row and commits at once, the DDL   *)
(*              delete-marks it: visible unless the DDL has committed;     *)
(*   redo-type  (DROP's DELETE_SPACE) the DDL itself inserts the row:      *)
(*              visible once the DDL has committed.                        *)
(* Replayed rows are removed by one transaction afterwards (clean).        *)
(*                                                                         *)
(* What it simplifies.                                                     *)
(*  - One record is one mtr.  Allocating a space id and inserting the      *)
(*    DDL-log row are one record: losing the row loses the allocation, as  *)
(*    in the worst case of H2.                                             *)
(*  - One row for each DDL: DROP's and RENAME_TABLE's other rows change    *)
(*    caches, not files.  All dictionary rows of a DDL come with its       *)
(*    commit; a recovery that sees them earlier is judged by Validates,    *)
(*    which excuses a table whose DDL-log row is still there.              *)
(*                                                                         *)
(* How to break it.  DDL-7 off: DROP's row is visible at once.  DDL-8 off: *)
(* an undo-type row is rolled back with its DDL.                           *)
(***************************************************************************)
EXTENDS Naturals, FiniteSets, Sequences

CONSTANTS
    Off             \* the rules that are switched off

VARIABLE
    log             \* the log of the newest leader, a sequence of records

On(rule) == rule \notin Off

DictionaryRules == {"DDL-7", "DDL-8"}

(* Tables that are there before the first record; models may override it.    *)
InitialTables == {}

-----------------------------------------------------------------------------
(* Records.  A row of the DDL log is known by its position, its id.          *)

RowRecord(k, s, t, u) ==
    [op |-> "row", kind |-> k, space |-> s, name |-> t, to |-> u]
FileCreate(s, t) == [op |-> "create", space |-> s, name |-> t, to |-> t]
FileDelete(s, t) == [op |-> "delete", space |-> s, name |-> t, to |-> t]
FileRename(s, t, u) == [op |-> "rename", space |-> s, name |-> t, to |-> u]
PageRecord(s) == [op |-> "page", space |-> s]
CommitRecord(p) == [op |-> "commit", row |-> p]
RollbackRecord(p) == [op |-> "rollback", row |-> p]
CleanRecord(p) == [op |-> "clean", row |-> p]

FileOps == {"create", "delete", "rename"}

Max(S) == CHOOSE x \in S : \A y \in S : y <= x
Min(S) == CHOOSE x \in S : \A y \in S : x <= y
Prefix(s, l) == SubSeq(s, 1, l)
IsPrefix(s, t) == Len(s) <= Len(t) /\ Prefix(t, Len(s)) = s
End == Len(log)

-----------------------------------------------------------------------------
(* The dictionary after the first l records. *)

From(p, l) == p..(IF l <= End THEN l ELSE End)
RowsUpTo(l) == {p \in From(1, l) : log[p].op = "row"}
Said(op, p, l) == \E q \in From(p, l) : log[q].op = op /\ log[q].row = p
RowCommitted(p, l) == Said("commit", p, l)
RowRolledBack(p, l) == Said("rollback", p, l)
Unfinished(l) ==
    {p \in RowsUpTo(l) : ~RowCommitted(p, l) /\ ~RowRolledBack(p, l)}

Done(kind, l) ==
    {p \in RowsUpTo(l) : log[p].kind = kind /\ RowCommitted(p, l)}

NameAfter(s, t, l) ==
    LET renames == {p \in Done("rename", l) : log[p].space = s}
    IN  IF renames = {} THEN t ELSE log[Max(renames)].to

(* The tables of the dictionary, each a name and a space id. *)
Tables(l) ==
    LET made == {[name |-> log[p].name, space |-> log[p].space] : p \in Done("create", l)}
        gone == {log[p].space : p \in Done("drop", l)}
    IN  {[name |-> NameAfter(t.space, t.name, l), space |-> t.space] :
            t \in {m \in InitialTables \cup made : m.space \notin gone}}

(* Space ids are handed out in order, from the dictionary's header page. *)
NextSpace(l) ==
    1 + Max({0} \cup {t.space : t \in InitialTables} \cup {log[p].space : p \in RowsUpTo(l)})

(* The DDL-log rows that a replay sees.                                      *)
(* DDL-7: DROP's row is redo-type.  DDL-8: the others are undo-type.         *)
Visible(p, l) ==
    /\ ~Said("clean", p, l)
    /\ IF log[p].kind = "drop"
       THEN On("DDL-7") => RowCommitted(p, l)
       ELSE ~RowCommitted(p, l) /\ (RowRolledBack(p, l) => On("DDL-8"))

VisibleRows(l) == {p \in RowsUpTo(l) : Visible(p, l)}
==============================================================================
