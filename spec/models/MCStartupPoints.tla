--------------------------- MODULE MCStartupPoints ---------------------------
(* Every point of a start at which a node may crash, or be stopped cleanly:  *)
(* behind the scan, the election, the truncation, the alignment, recovery,   *)
(* apply, and while it serves.  Startup lets it crash everywhere; the bounds *)
(* of its other models let it crash only where it has something to lose.     *)
(* A ghost says what the start has come to; the witnesses say that a crash   *)
(* and a clean shutdown are enabled, so that TLC takes them, at each point.  *)
EXTENDS MCStartup

VARIABLE point  \* the last step of the start of the node that crashes; "first"
                \* before it has ever crashed, "down" while it is away

pointVars == <<allVars, point>>

(* It crashes or stops first as a leader, with a log; then anywhere. *)
MCMayCrashInStart(n) ==
    /\ n \in CrashNodes
    /\ term[n] <= LastCrashTerm
    /\ point = "first" => role[n] = "leader"

(* Or a follower does, as soon as it has a log. *)
MCMayCrashAsFollower(n) ==
    /\ n \in CrashNodes
    /\ point = "first" => log[n] # <<>>

(* Or, when it has come to serve again, there. *)
MCMayCrashServing(n) ==
    /\ n \in CrashNodes
    /\ IF point = "first" THEN role[n] = "leader" ELSE Serving(n)

(* Nobody hears the first leader: what it has written is cut when it starts. *)
MCMaySendLater(t, from, upto) == t > 1 /\ MCMaySend(t, from, upto)

Comes(n, to) == point' = IF n \in CrashNodes /\ point # "first" THEN to ELSE point
Falls(n) == point' = IF n \in CrashNodes THEN "down" ELSE point
Stays == UNCHANGED point

PointLearnsTerm(n) == NodeLearnsTerm(n) /\ Comes(n, "elect")
PointStartElection(n) == NodeStartElection(n) /\ Comes(n, "elect")
PointVotes(n) == NodeVotes(n) /\ Comes(n, "elect")
PointBecomeLeader(n) == NodeBecomeLeader(n) /\ Comes(n, "elect")
PointHandsOver(n) == NodeHandsOver(n) /\ Stays
PointWriteMtr(n) == NodeWriteMtr(n) /\ Stays
PointCloseEntry(n) == NodeCloseEntry(n) /\ Stays
PointFsyncs(n) == NodeFsyncs(n) /\ Stays
PointTruncates(n) == NodeTruncates(n) /\ Comes(n, "truncate")
PointAppends(n) == NodeAppends(n) /\ Comes(n, IF phase[n] = "ready" THEN point ELSE "align")
PointAcknowledge(n) == NodeAcknowledge(n) /\ Stays
PointAdvances(n) == NodeAdvances(n) /\ Stays
PointAnswers(n) == NodeAnswers(n) /\ Stays
PointRecover(n) == NodeRecover(n) /\ Comes(n, "recover")
PointApplies(n) == NodeApplies(n) /\ Comes(n, "apply")
PointCrashes(n) == NodeCrashes(n) /\ Falls(n)
PointShutdown(n) == NodeShutdown(n) /\ Falls(n)
PointRestart(n) == NodeRestart(n) /\ Comes(n, "scan")

PointStep(n) ==
    \/ PointLearnsTerm(n)
    \/ PointStartElection(n)
    \/ PointVotes(n)
    \/ PointBecomeLeader(n)
    \/ PointHandsOver(n)
    \/ PointWriteMtr(n)
    \/ PointCloseEntry(n)
    \/ PointFsyncs(n)
    \/ PointTruncates(n)
    \/ PointAppends(n)
    \/ PointAcknowledge(n)
    \/ PointAdvances(n)
    \/ PointAnswers(n)
    \/ PointRecover(n)
    \/ PointApplies(n)
    \/ PointCrashes(n)
    \/ PointShutdown(n)
    \/ PointRestart(n)

PointNext == \E n \in Node : PointStep(n)

PointRegisters == 1..15
PointInit == StartupInit /\ point = "first" /\ \A k \in PointRegisters : TLCSet(k, FALSE)

-----------------------------------------------------------------------------
Points == <<"scan", "elect", "truncate", "align", "recover", "apply">>

CrashWitness == <<"CrashAfterScan", "CrashInElection", "CrashAfterTruncate", "CrashAligning",
                  "CrashAfterRecover", "CrashAfterApply">>
StopWitness == <<"StopAfterScan", "StopInElection", "StopAfterTruncate", "StopAligning",
                 "StopAfterRecover", "StopAfterApply">>

MayFall(n) == role[n] # "down" /\ MayCrash(n)
MayStop(n) == MayFall(n) /\ durable[n] = Len(log[n])

SeesCrashPoints ==
    \A n \in CrashNodes :
        /\ \A i \in 1..Len(Points) :
              /\ Seen(i, CrashWitness[i], point = Points[i] /\ MayFall(n))
              /\ Seen(6 + i, StopWitness[i], point = Points[i] /\ MayStop(n))
        /\ Seen(13, "CrashServing", point \notin {"first", "down"} /\ MayFall(n) /\ Serving(n))
        /\ Seen(14, "StopServing", point \notin {"first", "down"} /\ MayStop(n) /\ Serving(n))

(* A clean shutdown leaves the whole log, with a tail that others overrule.  *)
SeesStoppedTail ==
    \A n \in CrashNodes :
        Seen(15, "StoppedTail", phase[n] = "stopped" /\ ~IsPrefix(log[n], Committed))
==============================================================================
