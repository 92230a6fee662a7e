---------------------------- MODULE MutantBinlog ----------------------------
(* Plausible errors with a binlog beside redo; each .cfg puts one of these  *)
(* in the place of a definition of Binlog.                                  *)
EXTENDS MCBinlog

(* In mutants whose binlog may fall short of redo, downstream gets what there *)
(* is: so their steps have a meaning behind the violation too.               *)
SendableIfThere(n) ==
    Prefix(binlog[n], Min2(Len(binlog[n]), Len(Ops(Prefix(redo[n], known[n])))))

(* A follower takes the new leader's binlog before it has cut its redo. *)
TakeBinlogAtOnce(n, m) ==
    /\ leads[n] = 0 /\ IsNewest(m)
    /\ binlog[n] # binlog[m]
    /\ binlog' = [binlog EXCEPT ![n] = binlog[m]]
    /\ UNCHANGED <<committed, newest, redo, known, leads, downstream, count>>

(* Redo does not wait for the binlog. *)
AllOfIt(log, n) == log

(* A new leader cuts its binlog to the majority LSN that it knows. *)
CutToKnown(n) == Prefix(binlog[n], Min2(Len(binlog[n]), Len(Ops(Prefix(redo[n], known[n])))))

(* A leader that serves sends all that its redo has. *)
OfAnyLeader(n) == Prefix(binlog[n], Len(Ops(redo[n])))
=============================================================================
