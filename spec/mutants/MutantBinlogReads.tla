-------------------------- MODULE MutantBinlogReads --------------------------
(* Plausible errors in what readers see beside a binlog; each .cfg puts one  *)
(* of these in the place of a definition of BinlogReads.                     *)
EXTENDS MCBinlogReads

(* How much of n's binlog another node has. *)
Sent(n) == Max({Len(CutTo(binlog[m], binlog[n])) : m \in DataNodes \ {n}})

(* A semi-synchronous binlog: another node has it, so it will stay.          *)
ShownWhenSent(n) ==
    LET all == Ops(redo[n]) IN Prefix(all, Min2(Len(all), Sent(n)))

(* An answer waits until another node has the binlog of what it shows.       *)
CoversWhenSent(n, l) == Sent(n) >= Len(Ops(Prefix(redo[n], l)))

(* A read is answered when the majority LSN moves, whatever it has seen.     *)
CoversSomething(n, l) == known[n] > 0

(* What was read when it was asked for is read again for the answer.         *)
AnswerAnew(n) ==
    /\ asked[n] > 0
    /\ Covers(n, asked[n])
    /\ view' = Ops(redo[n])
    /\ asked' = [asked EXCEPT ![n] = 0]
    /\ UNCHANGED vars
==============================================================================
