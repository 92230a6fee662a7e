------------------------------ MODULE BinlogReads ------------------------------
(***************************************************************************)
(* What it describes.  What readers see where there is a binlog (H18 with  *)
(* H20), on top of Binlog.  Group commit writes the binlog, then redo, and *)
(* then a transaction is visible at the leader; stock asks no majority for *)
(* that, with a binlog or without.  Here too there are the two ways of     *)
(* Clients: "hold", others see a transaction when its redo is on a         *)
(* majority; "reply", they see it at once, and their answer waits.  In     *)
(* both ways a binlog that another node has says nothing: on promotion it  *)
(* is cut to redo.                                                         *)
(*                                                                         *)
(* Reading it.  A read is answered with the transactions that it saw, in   *)
(* their order (view).  Downstream is a reader too, of the binlog: a       *)
(* leader shows no less than was sent downstream.                          *)
(*                                                                         *)
(* What it simplifies.  Readers ask the newest leader (H19 is with         *)
(* Clients), and one of them at a time.                                    *)
(*                                                                         *)
(* How to break it.  Off names the rules that are switched off: those of   *)
(* Binlog, and H18-binlog (what redo has and no majority is shown to       *)
(* readers).                                                               *)
(***************************************************************************)
EXTENDS Binlog

CONSTANT Visibility   \* H18: "hold" or "reply"

ReaderRules == {"H18-binlog"}

ASSUME Visibility \in {"hold", "reply"}

VARIABLES
    asked,      \* asked[n]  the end of n's redo when a read began that waits, 0 if none
    view        \* the transactions that the last answer has shown

readerVars == <<asked, view>>
allVars == <<vars, readerVars>>

ReadersInit ==
    /\ Init
    /\ asked = [n \in DataNodes |-> 0]
    /\ view = <<>>

-----------------------------------------------------------------------------
(* What the pages show to others at once: what is on a majority, or all.     *)
Shown(n) ==
    IF On("H18-binlog") /\ Visibility = "hold" THEN Ops(Prefix(redo[n], known[n])) ELSE Ops(redo[n])

Readable(n) == IsNewest(n) /\ Serving(n)

(* An answer that waits for nothing. *)
AnswersAtOnce == ~On("H18-binlog") \/ Visibility = "hold"

Read(n) ==
    /\ Readable(n)
    /\ AnswersAtOnce
    /\ view' = Shown(n)
    /\ UNCHANGED <<vars, asked>>

Ask(n) ==
    /\ Readable(n)
    /\ ~AnswersAtOnce
    /\ asked[n] = 0
    /\ asked' = [asked EXCEPT ![n] = Len(redo[n])]
    /\ UNCHANGED <<vars, view>>

(* The answer waits for redo, not for a binlog. *)
Covers(n, l) == known[n] >= l

Answer(n) ==
    /\ asked[n] > 0
    /\ Covers(n, asked[n])
    /\ view' = Ops(Prefix(redo[n], asked[n]))
    /\ asked' = [asked EXCEPT ![n] = 0]
    /\ UNCHANGED vars

-----------------------------------------------------------------------------
(* The steps of Binlog.  Who was asked and restarts answers nothing.         *)

NodeElect(n) == Elect(n) /\ UNCHANGED readerVars
NodeCommit(n) == Commit(n) /\ UNCHANGED readerVars
NodeLearn(n) == Learn(n) /\ UNCHANGED readerVars
NodeRestarts(n) == Restarts(n) /\ asked' = [asked EXCEPT ![n] = 0] /\ UNCHANGED view
NodeWriteBinlog(n) == WriteBinlog(n) /\ UNCHANGED readerVars
NodeWriteRedo(n) == WriteRedo(n) /\ UNCHANGED readerVars
NodeTakeBinlog(n, m) == TakeBinlog(n, m) /\ UNCHANGED readerVars
NodeTakeRedo(n, m) == TakeRedo(n, m) /\ UNCHANGED readerVars
NodeDump(n) == Dump(n) /\ UNCHANGED readerVars

ReadersNext ==
    \/ \E n \in DataNodes : NodeElect(n)
    \/ \E n \in DataNodes : NodeCommit(n)
    \/ \E n \in DataNodes : NodeLearn(n)
    \/ \E n \in DataNodes : NodeRestarts(n)
    \/ \E n \in DataNodes : NodeWriteBinlog(n)
    \/ \E n \in DataNodes : NodeWriteRedo(n)
    \/ \E n, m \in DataNodes : NodeTakeBinlog(n, m)
    \/ \E n, m \in DataNodes : NodeTakeRedo(n, m)
    \/ \E n \in DataNodes : NodeDump(n)
    \/ \E n \in DataNodes : Read(n)
    \/ \E n \in DataNodes : Ask(n)
    \/ \E n \in DataNodes : Answer(n)

ReadersSpec == ReadersInit /\ [][ReadersNext]_allVars

-----------------------------------------------------------------------------
ReadersTypeOK == TypeOK /\ \A n \in DataNodes : asked[n] \in 0..Len(redo[n])

(* Nothing is seen as committed that is not. *)
ViewIsCommitted == IsPrefix(view, Ops(committed))

(* What somebody has seen, every later leader has. *)
SeenStays == \A n \in DataNodes : Readable(n) => IsPrefix(view, Ops(redo[n]))

(* Who has seen a transaction downstream finds it at the leader. *)
DownstreamIsShown == \A n \in DataNodes : Readable(n) => Len(downstream) <= Len(Shown(n))

RefinesBinlog == Spec
==============================================================================
