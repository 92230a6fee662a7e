------------------------------ MODULE MCDdlDeep ------------------------------
(* For the DDL models of millions of states: the actions and properties of    *)
(* DdlFileOps with their cheap guards first.  Each is equal to what it stands *)
(* for; the dictionary is then evaluated only where it can matter, and a      *)
(* state costs a third.                                                       *)
EXTENDS MCDdlFileOps

Rests(n) == leader = n /\ job = Idle

DeepRollsBackUnfinished(n) ==
    Rests(n) /\ \E p \in Unfinished(End) : RollBackUnfinished(n, p)
DeepRecovers(n) == Rests(n) /\ \E p \in VisibleRows(End) : Recover(n, p)
DeepStartsCreate(n) == Rests(n) /\ \E t \in TableNames : StartCreate(n, t)
DeepStartsRename(n) ==
    Rests(n) /\ \E f \in Tables(End), u \in TableNames : StartRename(n, f, u)
DeepStartsDrop(n) == Rests(n) /\ \E f \in Tables(End) : StartDrop(n, f)
DeepWritesRow(n) ==
    MaxRows > 0 /\ Rests(n) /\ \E s \in Spaces(Tables(End)) : WriteRow(n, s)
DeepOpensTable(n) == Readers /\ \E t \in Tables(applied[n]) : OpenTable(n, t)

(* CommittedFilesStay *)
DeepFilesStay ==
    [][\A n \in DataNodes :
          LET gone == Spaces(files[n]) \ Spaces(files'[n])
          IN  gone = {} \/ gone \cap Spaces(Tables(majority)) = {}]_vars
==============================================================================
